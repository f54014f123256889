//! One thing that was heard of a client under test.

use std::fmt;

use alongside_wire::{
    DecodeError, ErrorCode,
    envelope::Envelope,
    input::InputEvent,
    media::Frame,
    record::MediaHeader,
    rendezvous,
    session::{self, Message},
};

use crate::{
    driver::Event,
    quic::{Close, Seen},
};

/// What was heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A message for the relay.
    ToRelay(rendezvous::Message),
    /// A message of a type that may be ignored, to the relay.
    Ignorable(u16),
    /// A message of the key exchange or of a reconnect.
    Envelope(Envelope),
    /// A message that was sealed for the other end. The number is that of its record.
    Sealed(u64, Message),
    /// A whole record: the length of its plaintext, and its number.
    Record {
        /// Bytes of the plaintext.
        len: usize,
        /// Counted from 0 under each master.
        number: u64,
    },
    /// A sealed record that does not open.
    Unopened,
    /// A record of media, with what it holds if it opens.
    Media(MediaHeader, Option<Vec<u8>>),
    /// The same, on a path.
    MediaOnPath(MediaHeader, Option<Vec<u8>>),
    /// Something else of the connection of a path.
    Path(Seen),
    /// All records of a frame.
    Frame {
        /// The id of the frame.
        id: u32,
        /// The epoch.
        epoch: u32,
        /// Whether it came on a path.
        path: bool,
        /// The stream that it came on.
        stream: u64,
        /// The frame, or what is wrong with it.
        frame: Result<Frame, DecodeError>,
    },
    /// A record of input under a grant, with what it holds if it opens.
    Input {
        /// The grant.
        grant: u32,
        /// The stream that it came on.
        stream: u64,
        /// Its events, if it opens and is well formed.
        events: Option<Vec<InputEvent>>,
    },
    /// A frame stream has ended or was reset.
    StreamOver {
        /// Which.
        id: u64,
        /// It was reset.
        reset: bool,
    },
    /// A frame stream of the suite's is not wanted any more.
    StreamStopped(u64),
    /// Bytes that are none of the protocol.
    Broken(&'static str, DecodeError),
    /// The control stream has ended.
    ControlEnded,
    /// The connection is gone.
    Closed(Close),
    /// The driver tells of something.
    Told(Event),
}

impl Item {
    /// A sealed message, if it is one.
    pub const fn sealed(&self) -> Option<&Message> {
        match self {
            Self::Sealed(_, message) => Some(message),
            _ => None,
        }
    }

    /// Whether it is a sealed message of this name.
    pub fn is_sealed(&self, name: &str) -> bool {
        self.sealed().is_some_and(|message| message.name() == name)
    }

    /// Whether it is a message of this name to the relay.
    pub fn is_to_relay(&self, name: &str) -> bool {
        matches!(self, Self::ToRelay(message) if message.name() == name)
    }

    /// Whether it is an envelope of this name.
    pub fn is_envelope(&self, name: &str) -> bool {
        matches!(self, Self::Envelope(envelope) if envelope.name() == name)
    }

    /// Whether it is an event of this name.
    pub fn is_told(&self, name: &str) -> bool {
        matches!(self, Self::Told(event) if event.is(name))
    }

    /// Whether it follows from bytes that are in the transcript.
    pub(super) const fn is_of_bytes(&self) -> bool {
        matches!(
            self,
            Self::ToRelay(_)
                | Self::Ignorable(_)
                | Self::Envelope(_)
                | Self::Sealed(..)
                | Self::Record { .. }
                | Self::Unopened
                | Self::Media(..)
                | Self::MediaOnPath(..)
                | Self::Frame { .. }
                | Self::Input { .. }
        )
    }

    /// The code of a sealed `end`.
    pub fn end(&self) -> Option<u16> {
        match self.sealed()? {
            Message::End(session::End { code }) => Some(*code),
            _ => None,
        }
    }

    /// Whether it shows, names or measures the screen of a sharer.
    pub fn shows_the_screen(&self) -> bool {
        matches!(
            self,
            Self::Media(..) | Self::MediaOnPath(..) | Self::Frame { .. }
        ) || ["consent", "displays", "epoch"]
            .iter()
            .any(|name| self.is_sealed(name))
    }
}

/// An error as a reader knows it.
pub(crate) fn named(code: u64) -> String {
    let known = u16::try_from(code).ok().and_then(ErrorCode::from_wire);
    known.map_or_else(|| format!("0x{code:04X}"), |code| code.name().to_owned())
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToRelay(rendezvous::Message::Leave(leave)) => {
                write!(f, "leave {}", named(leave.code.into()))
            }
            Self::ToRelay(message) => write!(f, "{}", message.name()),
            Self::Ignorable(message_type) => write!(f, "a message of type 0x{message_type:02X}"),
            Self::Envelope(envelope) => write!(f, "{}", envelope.name()),
            Self::Sealed(_, Message::End(end)) => {
                write!(f, "sealed end {}", named(end.code.into()))
            }
            Self::Sealed(_, message) => write!(f, "sealed {}", message.name()),
            Self::Record { len, number } => write!(f, "record {number} of {len} bytes"),
            Self::Unopened => f.write_str("a record that does not open"),
            Self::Media(header, opened) | Self::MediaOnPath(header, opened) => {
                let how = if opened.is_some() {
                    ""
                } else {
                    " that does not open"
                };
                write!(
                    f,
                    "media record {} of epoch {}{how}",
                    header.number, header.epoch
                )
            }
            Self::Path(Seen::Closed(close)) => write!(f, "the path: {close}"),
            Self::Path(Seen::Stream { id, bytes }) => {
                write!(f, "{} bytes of stream {id} of the path", bytes.len())
            }
            Self::Path(seen) => write!(f, "on the path: {seen:?}"),
            Self::Frame {
                id, epoch, path, ..
            } => {
                let how = if *path { ", on the path" } else { "" };
                write!(f, "frame {id} of epoch {epoch}{how}")
            }
            Self::Input { grant, events, .. } => match events {
                Some(events) => write!(f, "input under grant {grant}, {} events", events.len()),
                None => write!(f, "input under grant {grant} that does not open"),
            },
            Self::StreamOver { id, reset: false } => write!(f, "the end of stream {id}"),
            Self::StreamOver { id, reset: true } => write!(f, "a reset of stream {id}"),
            Self::StreamStopped(id) => write!(f, "stream {id} is not wanted"),
            Self::Broken(where_, error) => write!(f, "{where_} that cannot be read ({error})"),
            Self::ControlEnded => f.write_str("the end of the control stream"),
            Self::Closed(Close::Code(code)) => {
                write!(f, "the connection closed with {}", named(*code))
            }
            Self::Closed(Close::Lost(why)) => write!(f, "the connection lost ({why})"),
            Self::Told(event) => {
                write!(f, "told {}", event.name)?;
                match event.text("code") {
                    "" => Ok(()),
                    code => write!(f, " {code}"),
                }
            }
        }
    }
}
