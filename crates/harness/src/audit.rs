//! What left the sharer, in the order in which it left, held against what had been allowed.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::channel::{keys::Keys, media, session};
use alongside_wire::{
    Direction, ErrorCode, Scopes,
    envelope::{Envelope, Sealed},
    framing::Deframer,
    limits::CONTROL_MESSAGE,
    media::Frame,
    record::{MEDIA, MediaHeader},
    rendezvous,
    session::Message,
};

use crate::{
    Broken,
    network::{Packet, Way},
};

/// Goes through a recording of one session with its keys.
struct Audit<'a> {
    to_sharer: Plane<'a>,
    to_helper: Plane<'a>,
    media: media::Opener,
    consent: bool,
    ended: bool,
    /// The latest epoch that was announced, and whether as paused.
    epoch: (u32, bool),
    seen: u32,
    /// The helper knows what is said of the sharer's device.
    advised: bool,
    chat: u32,
    /// Lines up to this one may come again after a reconnect.
    again: u32,
    /// Generation, epoch and number of each media record.
    numbers: BTreeSet<(u32, u32, u64)>,
    partial: BTreeMap<u32, Vec<u8>>,
    /// Frame streams and epochs that a complete frame has begun.
    begun: BTreeSet<(u64, u32)>,
}

/// Checks all that an honest sharer sent: nothing before consent, no media but in the latest epoch,
/// running and acknowledged, each stream and epoch begun by a complete frame, no number twice, and
/// nothing after its `end`. The helper may be anybody. `keys` are those of each generation, in order.
///
/// # Errors
/// The first property that is broken.
pub fn audit(sent: &[(Way, Packet)], keys: &[Keys]) -> Result<(), Broken> {
    let plane = |direction| {
        Plane::new(keys, direction).ok_or_else(|| Broken::new(Broken::OTHER, "there are no keys"))
    };
    let mut audit = Audit {
        to_sharer: plane(Direction::ToSharer)?,
        to_helper: plane(Direction::ToHelper)?,
        media: media::Opener::new(0),
        consent: false,
        ended: false,
        epoch: (0, true),
        seen: 0,
        advised: false,
        chat: 0,
        again: 0,
        numbers: BTreeSet::new(),
        partial: BTreeMap::new(),
        begun: BTreeSet::new(),
    };
    for (way, packet) in sent {
        match (way, packet) {
            (Way::HelperUp, Packet::Control(bytes)) => audit.read_helper(bytes),
            (Way::SharerUp, Packet::Control(bytes)) => audit.read_sharer(bytes)?,
            (Way::SharerUp, Packet::Stream { id, bytes }) => audit.records(*id, bytes)?,
            _ => {}
        }
    }
    Ok(())
}

impl Audit<'_> {
    fn read_helper(&mut self, bytes: &[u8]) {
        for message in self.to_sharer.read(bytes).0 {
            match message {
                Message::EpochSeen(seen) => self.seen = self.seen.max(seen.epoch),
                Message::AdvisoryAck(_) => self.advised = true,
                _ => {}
            }
        }
    }

    fn read_sharer(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let (messages, closed) = self.to_helper.read(bytes);
        if closed {
            return Err(Broken::new(9, "a record of the sharer does not open"));
        }
        for message in messages {
            self.message(&message)?;
        }
        Ok(())
    }

    fn message(&mut self, message: &Message) -> Result<(), Broken> {
        if self.ended {
            let why = format!("after its end the sharer said {message:?}");
            return Err(Broken::new(5, why));
        }
        match message {
            Message::Consent(consent) if !Scopes::CONSENT.contains(consent.scopes) => {
                return Err(Broken::new(6, format!("{message:?}")));
            }
            Message::Consent(_) => self.consent = true,
            Message::Heartbeat(_)
            | Message::Pause(_)
            | Message::Pad(_)
            | Message::Card(_)
            | Message::PictureRequest(_)
            | Message::Picture(_) => {}
            Message::End(_) => self.ended = true,
            Message::State(state) if state.scopes.is_empty() => {}
            other if !self.consent => {
                let why = format!("before consent the sharer said {other:?}");
                return Err(Broken::new(1, why));
            }
            Message::Epoch(epoch) => {
                if epoch.epoch != self.epoch.0 + 1 {
                    return Err(Broken::new(4, format!("{epoch:?} after {:?}", self.epoch)));
                }
                self.epoch = (epoch.epoch, epoch.paused);
            }
            // What was announced and lost with the link counts; the next one follows it.
            Message::State(state) => {
                (self.epoch, self.seen) = ((state.epoch, true), 0);
                self.again = state.sent;
            }
            Message::Chat(chat) if chat.id <= self.again => {}
            Message::Chat(chat) => {
                self.chat = self.chat.max(self.again) + 1;
                if chat.id != self.chat {
                    let why = format!("chat {} is not {}", chat.id, self.chat);
                    return Err(Broken::new(Broken::OTHER, why));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn records(&mut self, stream: u64, bytes: &[u8]) -> Result<(), Broken> {
        let mut rest = bytes;
        while let Some((header, after)) = rest.split_first_chunk::<{ MediaHeader::LEN }>() {
            if header.first() != Some(&MEDIA) {
                return Err(malformed("the sharer sent what is no media"));
            }
            let header = MediaHeader::read(header).map_err(malformed)?;
            let (body, after) = after.split_at(header.length as usize);
            self.record(stream, &header, body)?;
            rest = after;
        }
        Ok(())
    }

    fn record(&mut self, stream: u64, header: &MediaHeader, body: &[u8]) -> Result<(), Broken> {
        let epoch = header.epoch;
        let running = self.epoch == (epoch, false) && self.seen == epoch && self.advised;
        if !self.consent || self.ended || !running {
            let property = match (self.consent, self.ended) {
                (false, _) => 1,
                (_, true) => 5,
                _ => 4,
            };
            let why = format!(
                "media in epoch {epoch}: consent {}, announced {:?}, seen {}, advised {}, ended {}",
                self.consent, self.epoch, self.seen, self.advised, self.ended
            );
            return Err(Broken::new(property, why));
        }
        let keys = self.to_helper.keys();
        let generation = keys.generation();
        if !self.numbers.insert((generation, epoch, header.number)) {
            return Err(Broken::new(9, format!("number {} twice", header.number)));
        }
        if self.media.epoch() != epoch {
            self.media = media::Opener::new(epoch);
        }
        let plain = self.media.open(keys, header, body);
        let plain = plain.map_err(|dropped| malformed(format!("{dropped:?}: {header:?}")))?;
        let whole = self.partial.entry(header.frame).or_default();
        whole.extend(plain);
        if header.last {
            let frame = Frame::read(whole).map_err(malformed)?;
            if self.begun.insert((stream, epoch)) && !frame.complete {
                let why = format!("frame {} begins and is not complete", header.frame);
                return Err(Broken::new(Broken::OTHER, why));
            }
            self.partial.remove(&header.frame);
        }
        Ok(())
    }
}

/// An honest sharer makes nothing that cannot be read.
fn malformed(why: impl ToString) -> Broken {
    Broken::new(Broken::OTHER, why.to_string())
}

/// One direction of the session plane, with the keys of each generation.
pub(crate) struct Plane<'a> {
    deframer: Deframer,
    direction: Direction,
    opener: session::Opener,
    /// The keys in use, and those of later generations.
    keys: &'a Keys,
    later: &'a [Keys],
}

impl<'a> Plane<'a> {
    /// What one end sends.
    pub(crate) fn of(keys: &'a [Keys], way: Way) -> Option<Self> {
        let direction = match way {
            Way::SharerUp | Way::HelperDown => Direction::ToHelper,
            Way::HelperUp | Way::SharerDown => Direction::ToSharer,
        };
        Self::new(keys, direction)
    }

    fn new(keys: &'a [Keys], direction: Direction) -> Option<Self> {
        let (keys, later) = keys.split_first()?;
        Some(Self {
            deframer: Deframer::new(CONTROL_MESSAGE, "a recording"),
            direction,
            opener: session::Opener::new(keys, direction),
            keys,
            later,
        })
    }

    /// The keys of the latest record.
    pub(crate) fn keys(&self) -> &'a Keys {
        self.keys
    }

    /// The session messages in these bytes, and whether a record did not open.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> (Vec<Message>, bool) {
        let (mut messages, mut closed) = (Vec::new(), false);
        self.deframer.push(bytes);
        while let Ok(Some(message)) = rendezvous::Message::pull(&mut self.deframer) {
            if let rendezvous::Message::Deliver(deliver) = message
                && let Ok(Some(Envelope::Sealed(sealed))) = Envelope::read(&deliver.envelope)
            {
                match self.open(&sealed) {
                    Some(plain) => messages.extend(Message::read_all(&plain).unwrap_or_default()),
                    None => closed = true,
                }
            }
        }
        (messages, closed)
    }

    /// Opens the next record of the generation, or the first of a later one.
    fn open(&mut self, sealed: &Sealed) -> Option<Vec<u8>> {
        if let Ok(plain) = self.opener.open(self.keys, sealed) {
            return Some(plain);
        }
        for (skipped, keys) in self.later.iter().enumerate() {
            let mut opener = session::Opener::new(keys, self.direction);
            if let Ok(plain) = opener.open(keys, sealed) {
                (self.opener, self.keys) = (opener, keys);
                self.later = self.later.get(skipped + 1..).unwrap_or_default();
                return Some(plain);
            }
        }
        None
    }
}

/// The code of the `end` that was sealed one way, if there was one.
pub fn sealed_end(sent: &[(Way, Packet)], way: Way, keys: &Keys) -> Option<ErrorCode> {
    let opened = crate::record::open(sent, way, keys);
    opened.messages.iter().find_map(|message| match message {
        Message::End(end) => ErrorCode::from_wire(end.code),
        _ => None,
    })
}
