//! Every decoder, with any bytes, and every encoder, with all that it may be given.

use alongside_wire::{
    DecodeError,
    card::{Card, Signed, Statement},
    code::Code,
    envelope::{AnswerClear, Envelope, ReconnectClear},
    framing::{self, Deframer},
    input, journal,
    limits::{CONTROL_MESSAGE, INPUT_RECORD},
    link::Link,
    media::Frame,
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
    read: fn(&[u8]) -> Option<Vec<u8>>,
}

/// All of them.
pub(crate) const DECODERS: &[Decoder] = &[
    Decoder {
        vectors: ["", "", ""],
        read: |bytes| {
            let (value, used) = varint::decode(bytes, "a number").ok()?;
            let mut out = Vec::new();
            varint::encode(value, &mut out);
            (used == bytes.len()).then_some(out)
        },
    },
    Decoder {
        vectors: ["rendezvous", "", "bytes"],
        read: |bytes| again(rendezvous::Message::decode(framed(bytes)?).ok()??),
    },
    Decoder {
        vectors: ["envelope", "", "bytes"],
        read: |bytes| again(Envelope::decode(framed(bytes)?).ok()??),
    },
    Decoder {
        vectors: ["session", "", "bytes"],
        read: |bytes| match session::Message::decode(framed(bytes)?).ok()?? {
            // What is in a pad means nothing, and is not kept.
            session::Message::Pad(_) => None,
            message => again(message),
        },
    },
    Decoder {
        vectors: ["clear", "answer", "bytes"],
        read: |bytes| Some(AnswerClear::read(bytes).ok()?.to_bytes()),
    },
    Decoder {
        vectors: ["clear", "reconnect-1", "bytes"],
        read: |bytes| Some(ReconnectClear::read(bytes).ok()?.to_bytes()),
    },
    Decoder {
        vectors: ["record", "media-header", "bytes"],
        read: |bytes| {
            let header = MediaHeader::read(bytes.try_into().ok()?);
            Some(header.ok()?.to_bytes().into())
        },
    },
    Decoder {
        vectors: ["record", "input-header", "bytes"],
        read: |bytes| {
            let header = InputHeader::read(bytes.try_into().ok()?);
            Some(header.ok()?.to_bytes().into())
        },
    },
    Decoder {
        vectors: ["record", "frame", "bytes"],
        read: |bytes| Frame::read(bytes).ok()?.to_bytes().ok(),
    },
    Decoder {
        vectors: ["record", "input", "bytes"],
        read: |bytes| {
            let record: &[u8; INPUT_RECORD] = bytes.first_chunk()?;
            let events = input::read_record(record).ok()?;
            let written = input::encode_record(&events);
            assert_eq!(input::read_record(&written), Ok(events), "an input record");
            // Empty slots may be anywhere, and are written at the end.
            None
        },
    },
    Decoder {
        vectors: ["card", "", "card"],
        read: |bytes| Some(Signed::<Card>::read(bytes).ok()?.to_bytes()),
    },
    Decoder {
        vectors: ["statement", "", "statement"],
        read: |bytes| Some(Signed::<Statement>::read(bytes).ok()?.to_bytes()),
    },
    Decoder {
        vectors: ["receipt", "", "bytes"],
        read: |bytes| Some(receipt::Receipt::read(bytes).ok()?.to_bytes()),
    },
    Decoder {
        vectors: ["receipt-file", "", "file"],
        read: |bytes| {
            // The items are another decoder's; here it is asked that nothing breaks.
            drop(receipt::read_file(bytes));
            None
        },
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
            }
            None
        },
    },
    Decoder {
        vectors: ["report", "", "file"],
        read: |bytes| {
            let (records, _) = report::Record::read_all(bytes);
            for record in records {
                assert_eq!(report::Record::read(record.line().trim_end()), Some(record));
            }
            None
        },
    },
    Decoder {
        vectors: ["code", "", "text"],
        read: |bytes| {
            let code = Code::parse(str::from_utf8(bytes).ok()?);
            let code = code.map_err(|error| words::told(&error)).ok()?;
            assert_eq!(format!("{:?}", code.secret), "Secret(…)", "a secret");
            assert_eq!(
                Code::parse(&code.to_string()),
                Ok(code),
                "a code as it is shown"
            );
            None
        },
    },
    Decoder {
        vectors: ["link", "", "text"],
        read: |bytes| {
            let link = Link::parse(str::from_utf8(bytes).ok()?);
            let link = link.map_err(|error| words::told(&error)).ok()?;
            assert_eq!(Link::parse(&link.text()), Ok(link), "a link as it is shown");
            None
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

fn framed(bytes: &[u8]) -> Option<framing::Raw<'_>> {
    framing::only(bytes, CONTROL_MESSAGE, "a message").ok()
}

fn again<M: Plane>(message: M) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    message.write(&mut out);
    Some(out)
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
    if let Some(written) = (DECODERS[which].read)(bytes) {
        assert_eq!(written, bytes, "decoder {which} takes another encoding");
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
    match source.below(3) {
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
