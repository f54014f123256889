//! Every decoder, with any bytes, and every encoder, with all that it may be given.

use std::fmt::Display;

use alongside_wire::{
    Codec, DecodeError,
    card::{Card, Signed, Statement},
    code::Code,
    device::DeviceId,
    envelope::{AnswerClear, Envelope, ReconnectClear},
    framing::{self, Deframer},
    input,
    journal::{self, Features},
    limits::{CHAT_PAD, CONTROL_MESSAGE, DISPLAY_SIDE, FRAME, INPUT_RECORD, TILES},
    link::Link,
    media::{Frame, Tile},
    path::{CONNECTION_ID, Check, routing_id},
    receipt,
    record::{InputHeader, MediaHeader},
    rendezvous, report, session, varint,
};

use crate::{
    messages::{self, Plane},
    source::Source,
    words,
};

/// Something that reads some bytes.
pub(crate) struct Decoder {
    /// The vectors that have such bytes: their kind, what they are about, and the field.
    pub(crate) vectors: [&'static str; 3],
    /// What it read, written again, if it took it. There is one encoding of everything, so it has to be the same.
    read: fn(&[u8]) -> Again,
}

/// What was read, written again; nothing, where that may be other bytes.
type Again = Result<Option<Vec<u8>>, DecodeError>;

/// All of them.
pub(crate) const DECODERS: &[Decoder] = &[
    Decoder {
        vectors: ["", "", ""],
        read: |bytes| {
            let (value, used) = varint::decode(bytes, "a number")?;
            let mut out = Vec::new();
            varint::encode(value, &mut out);
            Ok((used == bytes.len()).then_some(out))
        },
    },
    Decoder {
        vectors: ["rendezvous", "", "bytes"],
        read: |bytes| rendezvous::Message::decode(framed(bytes)?).map(again),
    },
    Decoder {
        vectors: ["envelope", "", "bytes"],
        read: |bytes| Envelope::decode(framed(bytes)?).map(again),
    },
    Decoder {
        vectors: ["session", "", "bytes"],
        read: |bytes| match session::Message::decode(framed(bytes)?)? {
            // What is in a pad means nothing, and is not kept.
            Some(session::Message::Pad(_)) => Ok(None),
            message => Ok(again(message)),
        },
    },
    Decoder {
        vectors: ["clear", "answer", "bytes"],
        read: |bytes| Ok(Some(AnswerClear::read(bytes)?.to_bytes())),
    },
    Decoder {
        vectors: ["clear", "reconnect-1", "bytes"],
        read: |bytes| Ok(Some(ReconnectClear::read(bytes)?.to_bytes())),
    },
    Decoder {
        vectors: ["record", "media-header", "bytes"],
        read: |bytes| match bytes.try_into() {
            Ok(header) => Ok(Some(MediaHeader::read(header)?.to_bytes().into())),
            Err(_) => Ok(None),
        },
    },
    Decoder {
        vectors: ["record", "input-header", "bytes"],
        read: |bytes| match bytes.try_into() {
            Ok(header) => Ok(Some(InputHeader::read(header)?.to_bytes().into())),
            Err(_) => Ok(None),
        },
    },
    Decoder {
        vectors: ["record", "frame", "bytes"],
        read: |bytes| Frame::read(bytes)?.to_bytes().map(Some),
    },
    Decoder {
        vectors: ["record", "input", "bytes"],
        read: |bytes| {
            let Some(record) = bytes.first_chunk::<INPUT_RECORD>() else {
                return Ok(None);
            };
            let events = input::read_record(record)?;
            let written = input::encode_record(&events);
            assert_eq!(input::read_record(&written), Ok(events), "an input record");
            // Empty slots may be anywhere, and are written at the end.
            Ok(None)
        },
    },
    Decoder {
        vectors: ["card", "", "card"],
        read: |bytes| Ok(Some(Signed::<Card>::read(bytes)?.to_bytes())),
    },
    Decoder {
        vectors: ["statement", "", "statement"],
        read: |bytes| Ok(Some(Signed::<Statement>::read(bytes)?.to_bytes())),
    },
    Decoder {
        vectors: ["receipt", "", "bytes"],
        read: |bytes| Ok(Some(receipt::Receipt::read(bytes)?.to_bytes())),
    },
    Decoder {
        vectors: ["receipt-file", "", "file"],
        // The items are another decoder's; here it is asked that nothing breaks.
        read: |bytes| receipt::read_file(bytes).map(|_| None),
    },
    Decoder {
        vectors: ["journal", "", "file"],
        read: |bytes| {
            let (records, _) = journal::Record::read_all(bytes);
            for record in records {
                assert_eq!(
                    journal::Record::read(record.line().trim_end()),
                    Some(record)
                );
                words::named(record.error);
                let names: Vec<_> = record.features.names().collect();
                let all = Features::REGISTERED.iter();
                let named = all.filter(|(_, name)| names.contains(name));
                let again = named.fold(Features::NONE, |all, (one, _)| all.union(*one));
                assert_eq!(again, record.features, "by their names");
            }
            Ok(None)
        },
    },
    Decoder {
        vectors: ["report", "", "file"],
        read: |bytes| {
            let (records, _) = report::Record::read_all(bytes);
            for record in records {
                assert_eq!(report::Record::read(record.line().trim_end()), Some(record));
            }
            Ok(None)
        },
    },
    Decoder {
        vectors: ["code", "", "text"],
        read: |bytes| {
            if let Some(code) = typed(bytes, Code::parse) {
                assert_eq!(format!("{:?}", code.secret), "Secret(…)", "a secret");
                let shown = Code::parse(&code.to_string());
                assert_eq!(shown, Ok(code), "a code as it is shown");
            }
            Ok(None)
        },
    },
    Decoder {
        vectors: ["link", "", "text"],
        read: |bytes| {
            if let Some(link) = typed(bytes, Link::parse) {
                assert_eq!(Link::parse(&link.text()), Ok(link), "a link as it is shown");
            }
            Ok(None)
        },
    },
    Decoder {
        vectors: ["", "", ""],
        read: |bytes| {
            let device = typed(bytes, str::parse::<DeviceId>);
            Ok(device.map(|device| device.to_string().into()))
        },
    },
];

/// What a relay and a client read of a datagram.
///
/// # Panics
/// If that is not so.
pub fn datagram(data: &[u8]) {
    let check = Check::decode(data);
    if let Some(check) = check {
        assert_eq!(check.encode(), data, "another check");
        assert_eq!(routing_id(data), Some([0; 8]), "a check of somebody");
    }
    let Some(id) = routing_id(data) else {
        return;
    };
    assert!(data.len() > CONNECTION_ID, "an id of no connection");
    // It is where all versions of QUIC have it, and no other byte counts.
    let (place, long) = (if data[0] & 0x80 == 0 { 1 } else { 6 }, data[0] & 0x80 != 0);
    assert_eq!(data.get(place..place + 8), Some(&id[..]));
    assert!(
        !long || usize::from(data[5]) == CONNECTION_ID,
        "an id of another length"
    );
    let mut other = vec![!data[0] & 0x7F | data[0] & 0x80; data.len()];
    if long {
        other[5] = data[5];
    }
    other[place..place + 8].copy_from_slice(&id);
    assert_eq!(routing_id(&other), Some(id), "by another byte");
}

fn framed(bytes: &[u8]) -> Result<framing::Raw<'_>, DecodeError> {
    framing::only(bytes, CONTROL_MESSAGE, "a message")
}

/// A message written again, if it is one that is known.
fn again<M: Plane>(message: Option<M>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    message?.write(&mut out);
    Some(out)
}

/// What a person typed, if it can be read; they are told what is wrong with it.
fn typed<T, E: Display>(bytes: &[u8], read: impl Fn(&str) -> Result<T, E>) -> Option<T> {
    let read = read(str::from_utf8(bytes).ok()?);
    read.map_err(|error| words::told(&error)).ok()
}

/// The first byte says which decoder, and the others are what it reads.
///
/// # Panics
/// If that is not so.
pub fn any_bytes(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let which = usize::from(*which) % DECODERS.len();
    match (DECODERS[which].read)(bytes) {
        Ok(written) => assert!(
            written.is_none_or(|written| written == bytes),
            "decoder {which} takes another encoding"
        ),
        Err(error) => words::blamed(&error),
    }
}

/// A control stream in pieces: however it comes, the same messages are in it, or the same is wrong with it.
///
/// # Panics
/// If that is not so.
pub fn stream(data: &[u8]) {
    let mut source = Source::new(data);
    let piece = 1 + source.below(40);
    let limit = 1 + source.below(200);
    let bytes = source.rest();
    let read = |pieces: usize| {
        let mut deframer = Deframer::new(limit, "a stream");
        let (mut messages, mut fault) = (Vec::new(), None);
        for bytes in bytes.chunks(pieces) {
            deframer.push(bytes);
            while fault.is_none() {
                match rendezvous::Message::pull(&mut deframer) {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(error) => {
                        words::blamed(&error);
                        fault = Some(error);
                    }
                }
            }
            if fault.is_some() {
                break;
            }
            let most = limit + 2 * varint::MAX_LEN;
            assert!(
                deframer.pending() <= most,
                "{} bytes wait",
                deframer.pending()
            );
        }
        (messages, fault)
    };
    assert_eq!(
        read(piece),
        read(bytes.len().max(1)),
        "in pieces of {piece}"
    );
}

/// Messages that are made up: one that a decoder takes is the one that was written.
///
/// # Panics
/// If that is not so.
pub fn written(data: &[u8]) {
    let mut source = Source::new(data);
    data.chunks(2).take(4).for_each(padded);
    match source.below(4) {
        0 => write_and_read(&mut source, rendezvous::Message::decode, |message| {
            Some(match message {
                rendezvous::Message::SignIn(said) => format!("{:?}", said.token.reveal()),
                rendezvous::Message::Place(said) => format!("{:?}", said.token),
                rendezvous::Message::Rejoin(said) => format!("{:?}", said.token),
                rendezvous::Message::Wait(said) => format!("{:?}", said.token.0),
                _ => return None,
            })
        }),
        1 => write_and_read(&mut source, Envelope::decode, |_| None),
        2 => frame(&mut source),
        _ => write_and_read(&mut source, session::Message::decode, |message| {
            Some(match message {
                session::Message::ControlGrant(said) => format!("{:?}", said.secret),
                session::Message::Clipboard(said) => format!("{:?}", said.text),
                _ => return None,
            })
        }),
    }
}

/// Writes a message and reads it again. What is secret in it is not shown where it is told.
fn write_and_read<M: Plane>(
    source: &mut Source<'_>,
    decode: impl Fn(framing::Raw<'_>) -> Result<Option<M>, DecodeError>,
    secret: impl Fn(&M) -> Option<String>,
) {
    assert!(M::make(0, source).is_none(), "a message of no type");
    let Some(message) = messages::any::<M>(source) else {
        return;
    };
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    let raw = framing::only(&bytes, usize::MAX, "a message").expect("what was written is framed");
    match decode(raw) {
        Ok(None) => {}
        Ok(Some(read)) => assert_eq!(read, message),
        Err(error) => words::blamed(&error),
    }
    // A short one may be in any other text.
    if let Some(secret) = secret(&message).filter(|secret| secret.len() > 16) {
        assert!(!format!("{message:?}").contains(&secret), "a secret");
    }
}

/// What is padded is read as it was, with pads behind it.
fn padded(len: &[u8]) {
    let len = len.iter().fold(0, |len, byte| 2 * len + usize::from(*byte));
    let mut plaintext = Vec::new();
    session::Message::from(session::Pad { len }).encode(&mut plaintext);
    session::pad_to(CHAT_PAD, &mut plaintext);
    assert!(plaintext.len().is_multiple_of(CHAT_PAD), "{len}");
    let read = session::Message::read_all(&plaintext).expect("what was padded");
    assert_eq!(read.first(), Some(&session::Pad { len }.into()));
    let pads = |message: &session::Message| matches!(message, session::Message::Pad(_));
    assert!(read.iter().all(pads), "what nobody said");
}

/// A frame is written if it keeps the limits, and is read as it was if its rectangles are within the display.
fn frame(source: &mut Source<'_>) {
    let mut frame = Frame {
        complete: source.bool(),
        display: source.byte(),
        width: source.number() as u16,
        height: source.number() as u16,
        tiles: Vec::new(),
    };
    for _ in 0..source.below(4) {
        frame.tiles.push(Tile {
            x: source.number() as u16,
            y: source.number() as u16,
            width: source.number() as u16,
            height: source.number() as u16,
            codec: *source.pick(Codec::ALL),
            data: source.bytes(20).to_vec(),
        });
    }
    // As large as may be, or a byte or a tile more.
    if let Some(tile) = frame.tiles.first().cloned() {
        match source.below(64) {
            1 => frame.tiles.resize(TILES + source.below(2), tile),
            2 => {
                let more = FRAME + source.below(2) - frame.encoded_len();
                frame.tiles[0].data.resize(tile.data.len() + more, 7);
            }
            _ => {}
        }
    }
    let fits = frame.encoded_len() <= FRAME && frame.tiles.len() <= TILES;
    let bytes = match frame.to_bytes() {
        Ok(bytes) => bytes,
        Err(error) => {
            assert!(!fits, "{error}");
            assert_eq!(error.clause(), "WIRE-5");
            return words::blamed(&error);
        }
    };
    assert!(fits && bytes.len() == frame.encoded_len(), "another size");
    let display = [frame.width, frame.height].map(u32::from);
    let is_side = |side: &u32| (1..=DISPLAY_SIDE as u32).contains(side);
    let mut drawn = display.iter().all(is_side);
    for tile in &frame.tiles {
        let from = [tile.x, tile.y].map(u32::from);
        let sides = [tile.width, tile.height].map(u32::from);
        drawn &= (0..2).all(|axis| sides[axis] > 0 && from[axis] + sides[axis] <= display[axis]);
    }
    let longer = Frame::read(&[&bytes[..], &[0]].concat());
    assert!(longer.is_err(), "a byte after a frame");
    match Frame::read(&bytes) {
        Ok(read) => assert!(drawn && read == frame, "another frame"),
        Err(error) => {
            assert!(!drawn, "{error}");
            words::blamed(&error);
        }
    }
}
