//! What left the sharer, opened with the session's keys and counted by channel.

use alongside_state_machine::channel::{keys::Keys, media, session};
use alongside_wire::{
    Direction,
    envelope::Envelope,
    framing::Deframer,
    limits::CONTROL_MESSAGE,
    record::{MEDIA, MediaHeader},
    rendezvous,
    session::Message,
};

use crate::network::{Packet, Way};

/// What an end sent under seal.
#[derive(Debug, Default)]
pub struct Opened {
    /// Session messages, in order.
    pub messages: Vec<Message>,
    /// Plaintexts of media records, in order.
    pub media: Vec<Vec<u8>>,
    /// Sealed envelopes and records that did not open. None should be there.
    pub closed: usize,
    /// Bytes of frame streams.
    pub stream_bytes: usize,
}

/// How many envelopes went one way that are sealed under these keys.
pub(crate) fn sealed(sent: &[(Way, Packet)], way: Way, keys: &Keys) -> usize {
    let mut opener = session::Opener::new(keys, direction(way));
    envelopes(sent, way)
        .iter()
        .filter(|envelope| match envelope {
            Envelope::Sealed(sealed) => opener.open(keys, sealed).is_ok(),
            _ => false,
        })
        .count()
}

fn direction(way: Way) -> Direction {
    match way {
        Way::SharerUp | Way::HelperDown => Direction::ToHelper,
        Way::HelperUp | Way::SharerDown => Direction::ToSharer,
    }
}

/// The envelopes that went one way.
///
/// # Panics
/// If a client's own bytes cannot be read.
pub fn envelopes(sent: &[(Way, Packet)], way: Way) -> Vec<Envelope> {
    let mut deframer = Deframer::new(CONTROL_MESSAGE, "a recording");
    let mut envelopes = Vec::new();
    for (_, packet) in sent.iter().filter(|(sent, _)| *sent == way) {
        let Packet::Control(bytes) = packet else {
            continue;
        };
        deframer.push(bytes);
        while let Some(message) =
            rendezvous::Message::pull(&mut deframer).unwrap_or_else(|error| panic!("{error}"))
        {
            if let rendezvous::Message::Deliver(deliver) = message {
                envelopes.extend(Envelope::read(&deliver.envelope).ok().flatten());
            }
        }
    }
    envelopes
}

/// Opens what went one way on the session plane under these keys, those of a later generation.
///
/// # Panics
/// If a client's own bytes cannot be read.
pub fn open_from(sent: &[(Way, Packet)], way: Way, keys: &Keys) -> Opened {
    let mut opened = Opened::default();
    let mut opener = session::Opener::new(keys, direction(way));
    for envelope in envelopes(sent, way) {
        if let Envelope::Sealed(sealed) = envelope
            && let Ok(plain) = opener.open(keys, &sealed)
        {
            let messages = Message::read_all(&plain).unwrap_or_else(|error| panic!("{error}"));
            opened.messages.extend(messages);
        }
    }
    opened
}

/// Opens all that went one way.
///
/// # Panics
/// If a client's own bytes cannot be read.
pub fn open(sent: &[(Way, Packet)], way: Way, keys: &Keys) -> Opened {
    let mut opened = Opened::default();
    let mut opener = session::Opener::new(keys, direction(way));
    for envelope in envelopes(sent, way) {
        let Envelope::Sealed(sealed) = envelope else {
            continue;
        };
        match opener.open(keys, &sealed) {
            Ok(plain) => opened
                .messages
                .extend(Message::read_all(&plain).unwrap_or_else(|error| panic!("{error}"))),
            Err(_) => opened.closed += 1,
        }
    }
    let mut media = media::Opener::new(0);
    for (_, packet) in sent.iter().filter(|(sent, _)| *sent == way) {
        if let Packet::Stream { bytes, .. } = packet {
            opened.stream_bytes += bytes.len();
            if bytes.first() == Some(&MEDIA) {
                open_media(bytes, keys, &mut media, &mut opened);
            }
        }
    }
    opened
}

/// The records that one packet holds whole, which is how the endpoint sends them.
fn open_media(bytes: &[u8], keys: &Keys, media: &mut media::Opener, opened: &mut Opened) {
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_first_chunk::<{ MediaHeader::LEN }>() {
        let header = MediaHeader::read(header).unwrap_or_else(|error| panic!("{error}"));
        let (body, after) = after.split_at(header.length as usize);
        if media.epoch() != header.epoch {
            *media = media::Opener::new(header.epoch);
        }
        match media.open(keys, &header, body) {
            Ok(plain) => opened.media.push(plain),
            Err(_) => opened.closed += 1,
        }
        rest = after;
    }
}
