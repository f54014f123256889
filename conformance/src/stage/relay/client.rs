//! One client that the suite plays.

use std::{collections::BTreeMap, fmt};

use alongside_wire::{DecodeError, framing::Deframer, limits, rendezvous::Message};

use crate::{
    quic::{Close, Link, Proxy, Seen},
    stage::item::named,
};

/// What a client hears of the relay.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Said(Message),
    /// A message of a type that may be ignored.
    Ignorable(u16),
    /// Bytes that are none of the protocol.
    Broken(DecodeError),
    /// More of a frame stream.
    Stream(u64, Vec<u8>),
    /// A frame stream has ended.
    StreamEnded(u64),
    /// A frame stream was reset.
    StreamReset(u64),
    /// A frame stream of the client's is not wanted any more.
    StreamStopped(u64),
    /// The control stream has ended.
    ControlEnded,
    /// A second bidirectional stream.
    SecondControl,
    /// The connection is gone.
    Closed(Close),
}

impl Heard {
    /// Whether it is a message of this name.
    pub fn is(&self, name: &str) -> bool {
        matches!(self, Self::Said(message) if message.name() == name)
    }

    /// Whether it follows from bytes that are in the transcript.
    pub(super) const fn is_of_bytes(&self) -> bool {
        matches!(self, Self::Said(_) | Self::Ignorable(_) | Self::Stream(..))
    }

    /// The code of `gone`, `refused` or `path-over`.
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::Said(Message::Gone(gone)) => Some(gone.code),
            Self::Said(Message::Refused(refused)) => Some(refused.code),
            Self::Said(Message::PathOver(over)) => Some(over.code),
            _ => None,
        }
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(message) => {
                f.write_str(message.name())?;
                match self.code() {
                    Some(code) => write!(f, " {}", named(code.into())),
                    None => Ok(()),
                }
            }
            Self::Ignorable(message_type) => write!(f, "a message of type 0x{message_type:02X}"),
            Self::Broken(error) => write!(f, "a message that cannot be read ({error})"),
            Self::Stream(id, bytes) => write!(f, "{} bytes of stream {id}", bytes.len()),
            Self::StreamEnded(id) => write!(f, "the end of stream {id}"),
            Self::StreamReset(id) => write!(f, "a reset of stream {id}"),
            Self::StreamStopped(id) => write!(f, "stream {id} is not wanted"),
            Self::ControlEnded => f.write_str("the end of the control stream"),
            Self::SecondControl => f.write_str("a second control stream"),
            Self::Closed(Close::Code(code)) => {
                write!(f, "the connection closed with {}", named(*code))
            }
            Self::Closed(Close::Lost(why)) => write!(f, "the connection lost ({why})"),
        }
    }
}

/// A client.
pub struct Client {
    /// Its connection, while there is one.
    pub link: Option<Link>,
    /// All that it heard; parts of a frame stream that follow each other are one.
    pub heard: Vec<Heard>,
    /// What is before this was waited for already.
    pub(super) mark: usize,
    /// What is before this was passed over.
    pub(super) since: usize,
    /// How many bytes were said.
    pub(super) to_say: usize,
    /// Every byte of the control stream.
    pub said: Vec<u8>,
    /// The way to the relay, if it is one that can be made bad.
    pub way: Option<Proxy>,
    /// Whole frame streams, by number.
    pub streams: BTreeMap<u64, Vec<u8>>,
    /// How many checks had come when it last answered one.
    pub(super) checks: usize,
    deframer: Deframer,
}

impl Client {
    pub(super) fn new(link: Option<Link>, way: Option<Proxy>) -> Self {
        Self {
            link,
            since: 0,
            to_say: 0,
            said: Vec::new(),
            way,
            heard: Vec::new(),
            mark: 0,
            streams: BTreeMap::new(),
            checks: 0,
            deframer: Deframer::new(limits::CONTROL_MESSAGE, "a message"),
        }
    }

    /// Nothing more will be heard.
    pub fn is_over(&self) -> bool {
        matches!(self.heard.last(), Some(Heard::Closed(_)))
    }

    pub(super) fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Control(bytes) => self.control(&bytes),
            Seen::ControlEnded => self.heard.push(Heard::ControlEnded),
            Seen::Stream { id, bytes } => {
                self.streams
                    .entry(id)
                    .or_default()
                    .extend_from_slice(&bytes);
                self.heard.push(Heard::Stream(id, bytes));
            }
            Seen::StreamEnded(id) => self.heard.push(Heard::StreamEnded(id)),
            Seen::StreamReset(id) => self.heard.push(Heard::StreamReset(id)),
            Seen::StreamStopped(id) => self.heard.push(Heard::StreamStopped(id)),
            Seen::SecondControl => self.heard.push(Heard::SecondControl),
            Seen::Closed(close) => {
                self.link = None;
                self.heard.push(Heard::Closed(close));
            }
        }
    }

    fn control(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
        self.deframer.push(bytes);
        loop {
            let heard = match self.deframer.pull() {
                Ok(None) => return,
                Ok(Some(raw)) => {
                    let message_type = raw.message_type;
                    match Message::decode(raw) {
                        Ok(Some(message)) => Heard::Said(message),
                        Ok(None) => Heard::Ignorable(message_type),
                        Err(error) => Heard::Broken(error),
                    }
                }
                Err(error) => {
                    self.heard.push(Heard::Broken(error));
                    return;
                }
            };
            self.heard.push(heard);
        }
    }

    /// What was heard and not waited for, in words.
    pub(super) fn since_mark(&self) -> String {
        let heard: Vec<_> = self
            .heard
            .iter()
            .skip(self.mark)
            .map(ToString::to_string)
            .collect();
        match heard.is_empty() {
            true => "nothing came".to_owned(),
            false => format!("there came: {}", heard.join("; ")),
        }
    }
}
