//! A capture, said field by field, each message with the requirements that are about it.

use std::collections::BTreeMap;

use alongside_vectors::shown;
use alongside_wire::{
    Direction,
    envelope::Envelope,
    framing::Deframer,
    input, limits,
    media::Frame,
    record::{INPUT, InputHeader, MEDIA, MediaHeader},
    rendezvous::{Joined, Message},
    session,
};
use serde_json::Value;

use super::{Capture, KeyLog, clauses, fields, planes::Planes};
use crate::{
    case::Target,
    driver::Role,
    stage::{Entry, On},
};

/// What a capture says.
#[derive(Debug)]
pub struct Decoded {
    /// All of it, to be read.
    pub text: String,
    /// How many records of the session there are that its keys open, and that they do not.
    pub opened: usize,
    /// See there.
    pub shut: usize,
}

/// Reads a capture with its keys.
pub fn decode(capture: &Capture, keys: &KeyLog) -> Decoded {
    let mut reader = Reader {
        target: capture.target,
        planes: Planes::new(&keys.0),
        control: BTreeMap::new(),
        streams: BTreeMap::new(),
        frames: BTreeMap::new(),
        opened: 0,
        shut: 0,
        out: format!(
            "{} ({}): {}\n\n",
            capture.case, capture.target, capture.title
        ),
    };
    for entry in &capture.entries {
        reader.entry(entry);
    }
    reader.rest();
    Decoded {
        text: reader.out,
        opened: reader.opened,
        shut: reader.shut,
    }
}

/// Whose bytes they are: of which client, and which way.
type Side = (Option<usize>, char);

struct Reader<'a> {
    target: Target,
    planes: Planes<'a>,
    control: BTreeMap<Side, Deframer>,
    streams: BTreeMap<(Side, u64), Vec<u8>>,
    frames: BTreeMap<u32, Vec<u8>>,
    opened: usize,
    shut: usize,
    out: String,
}

impl Reader<'_> {
    fn entry(&mut self, entry: &Entry) {
        let side = (entry.who, entry.way);
        let bytes = hex::decode(&entry.bytes).unwrap_or_default();
        match entry.on {
            None => self.head(entry.at, side, &entry.what, ""),
            Some(On::Control) => self.control(entry.at, side, &bytes),
            Some(On::Stream(id)) => self.stream(entry.at, side, id, &bytes),
        }
        if entry.cut {
            self.line(1, "there were more bytes, which were not kept");
        }
    }

    /// What is left of a stream that breaks off within something.
    fn rest(&mut self) {
        let control = std::mem::take(&mut self.control);
        let control = control
            .iter()
            .map(|(side, rest)| (*side, "control", rest.pending()));
        let streams = std::mem::take(&mut self.streams);
        let streams = streams
            .iter()
            .map(|((side, _), rest)| (*side, "frame", rest.len()));
        for (side, which, left) in control.chain(streams).filter(|(.., left)| *left > 0) {
            let who = self.speaker(side);
            self.out +=
                &format!("{who}: a {which} stream ends with {left} bytes that are nothing whole\n");
        }
    }

    fn head(&mut self, at: u64, side: Side, what: &str, clauses: &str) {
        let line = format!("{at:>7} ms  {:<9} {what}", self.speaker(side));
        let gap = if clauses.is_empty() { "" } else { "   " };
        self.out += &format!("{}{gap}{clauses}\n", line.trim_end());
    }

    fn line(&mut self, depth: usize, what: &str) {
        self.out += &format!("{:21}{:width$}{what}\n", "", "", width = depth * 2);
    }

    fn speaker(&self, (who, way): Side) -> String {
        match (who, way) {
            (Some(who), way) if self.target == Target::Pair => {
                let end = if who == 0 { Role::Helper } else { Role::Sharer };
                format!("{}{end}", if way == '>' { "> " } else { "" })
            }
            (Some(who), '>') => format!("client {who}"),
            (Some(who), _) => format!("relay > {who}"),
            (None, '>') => "suite".to_owned(),
            (None, _) => self.target.to_string(),
        }
    }

    /// Who says what goes to, or comes from, the relay.
    fn sayer(&self, (who, way): Side) -> &'static [Target] {
        match (who, way, self.target) {
            (Some(_), '>', _) => &[Target::Helper, Target::Sharer],
            (Some(_), ..) | (None, '>', _) => &[Target::Relay],
            (None, _, Target::Helper) => &[Target::Helper],
            (None, ..) => &[Target::Sharer],
        }
    }

    /// Who says what is sealed, and to whom it goes.
    const fn end(&self, (_, way): Side) -> (&'static [Target], Direction) {
        match (way, self.target) {
            ('>', Target::Helper) | ('<', Target::Sharer) => {
                (&[Target::Sharer], Direction::ToHelper)
            }
            _ => (&[Target::Helper], Direction::ToSharer),
        }
    }

    fn control(&mut self, at: u64, side: Side, bytes: &[u8]) {
        let new = || Deframer::new(limits::CONTROL_MESSAGE, "a message");
        let mut deframer = self.control.remove(&side).unwrap_or_else(new);
        deframer.push(bytes);
        loop {
            match deframer.pull() {
                Ok(None) => break,
                Ok(Some(raw)) => {
                    let message_type = raw.message_type;
                    match Message::decode(raw) {
                        Ok(Some(message)) => self.message(at, side, &message),
                        Ok(None) => {
                            let what = format!("type 0x{message_type:02X}, which is skipped");
                            self.head(at, side, &what, "");
                        }
                        Err(error) => self.head(at, side, &format!("no message: {error}"), ""),
                    }
                }
                Err(error) => {
                    self.head(at, side, &format!("no message: {error}"), "");
                    deframer = new();
                    break;
                }
            }
        }
        self.control.insert(side, deframer);
    }

    fn message(&mut self, at: u64, side: Side, message: &Message) {
        let clauses = clauses::of(message.name(), self.sayer(side));
        self.head(at, side, message.name(), &clauses);
        match message {
            Message::Deliver(deliver) => self.envelope(side, &deliver.envelope),
            Message::Join(join) => {
                self.fields(1, &shown::rendezvous(message));
                self.envelope(side, &join.offer);
            }
            Message::Joined(Joined { offer }) => self.envelope(side, offer),
            _ => self.fields(1, &shown::rendezvous(message)),
        }
    }

    fn fields(&mut self, depth: usize, value: &Value) {
        for line in fields::lines(value) {
            self.line(depth, &line);
        }
    }

    fn envelope(&mut self, side: Side, bytes: &[u8]) {
        match Envelope::read(bytes) {
            Ok(Some(Envelope::Sealed(sealed))) if self.planes.has_keys() => {
                let (_, direction) = self.end(side);
                match self.planes.record(direction, &sealed) {
                    Some(plaintext) => {
                        self.opened += 1;
                        self.record(side, &plaintext);
                    }
                    None => {
                        self.shut += 1;
                        self.line(1, "sealed, and does not open");
                    }
                }
            }
            Ok(Some(envelope)) => {
                let (end, _) = self.end(side);
                let clauses = clauses::of(envelope.name(), end);
                self.line(1, format!("{}   {clauses}", envelope.name()).trim_end());
                self.fields(2, &shown::envelope(&envelope));
            }
            Ok(None) => self.line(1, "an envelope that is skipped"),
            Err(error) => self.line(1, &format!("no envelope: {error}")),
        }
    }

    fn record(&mut self, side: Side, plaintext: &[u8]) {
        match session::Message::read_all(plaintext) {
            Ok(messages) => {
                for message in messages {
                    self.planes.learn(&message);
                    let clauses = clauses::of(message.name(), self.end(side).0);
                    let head = format!("sealed {}   {clauses}", message.name());
                    self.line(1, head.trim_end());
                    self.fields(2, &shown::session(&message));
                }
            }
            Err(error) => self.line(1, &format!("sealed, and no message: {error}")),
        }
    }

    fn stream(&mut self, at: u64, side: Side, id: u64, bytes: &[u8]) {
        let mut waiting = self.streams.remove(&(side, id)).unwrap_or_default();
        waiting.extend_from_slice(bytes);
        let mut rest = waiting.as_slice();
        while let Some(used) = self.frame_record(at, side, id, rest) {
            rest = rest.get(used..).unwrap_or_default();
        }
        let rest = rest.to_vec();
        self.streams.insert((side, id), rest);
    }

    /// Takes one record off the beginning, if it is whole.
    fn frame_record(&mut self, at: u64, side: Side, id: u64, bytes: &[u8]) -> Option<usize> {
        match *bytes.first()? {
            MEDIA => {
                let header = bytes.first_chunk::<{ MediaHeader::LEN }>()?;
                let header = MediaHeader::read(header).ok()?;
                let end = MediaHeader::LEN + header.length as usize;
                let ciphertext = bytes.get(MediaHeader::LEN..end)?;
                self.media(at, side, id, header, ciphertext);
                Some(end)
            }
            INPUT => {
                let header = bytes.first_chunk::<{ InputHeader::LEN }>()?;
                let header = InputHeader::read(header).ok()?;
                let end = InputHeader::LEN + InputHeader::LENGTH;
                let ciphertext = bytes.get(InputHeader::LEN..end)?;
                self.input(at, side, id, header.grant, ciphertext);
                Some(end)
            }
            _ => None,
        }
    }

    fn media(&mut self, at: u64, side: Side, id: u64, header: MediaHeader, ciphertext: &[u8]) {
        let MediaHeader {
            number,
            epoch,
            frame,
            index,
            last,
            length,
        } = header;
        self.head(at, side, &format!("stream {id}: media record"), "");
        self.line(1, &format!("number = {number}, epoch = {epoch}, frame = {frame}, index = {index}, last = {last}, length = {length}"));
        let Some(plaintext) = self.planes.media(&header, ciphertext) else {
            return self.line(1, "it does not open");
        };
        let encoded = self.frames.entry(frame).or_default();
        encoded.extend_from_slice(&plaintext);
        if last {
            let encoded = self.frames.remove(&frame).unwrap_or_default();
            self.frame(&encoded);
        }
    }

    fn frame(&mut self, encoded: &[u8]) {
        match Frame::read(encoded) {
            Ok(frame) => {
                let Frame {
                    complete,
                    display,
                    width,
                    height,
                    tiles,
                } = frame;
                self.line(1, &format!("frame: complete = {complete}, display = {display}, width = {width}, height = {height}"));
                for tile in tiles {
                    let (codec, bytes) = (tile.codec, tile.data.len());
                    self.line(2, &format!("tile: x = {}, y = {}, width = {}, height = {}, codec = {codec:?}, {bytes} bytes", tile.x, tile.y, tile.width, tile.height));
                }
            }
            Err(error) => self.line(1, &format!("no frame: {error}")),
        }
    }

    fn input(&mut self, at: u64, side: Side, id: u64, grant: u32, ciphertext: &[u8]) {
        self.head(at, side, &format!("stream {id}: input record"), "");
        self.line(1, &format!("grant = {grant}"));
        match self.planes.input(grant, ciphertext) {
            None => self.line(1, "it does not open"),
            Some(plaintext) => match input::read_record(&plaintext) {
                Ok(events) => {
                    for event in events {
                        self.line(1, &format!("{event:?}"));
                    }
                }
                Err(error) => self.line(1, &format!("no input: {error}")),
            },
        }
    }
}
