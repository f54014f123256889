//! Bytes to values and back.

use std::hint::black_box;

use alongside_wire::{
    Codec, framing, input,
    input::InputEvent,
    limits,
    media::{Frame, Tile},
    record::MediaHeader,
    rendezvous::{Deliver, Message as Rendezvous},
    session::{Chat, Heartbeat, Message as Session},
};

use crate::{Workload, turns};

/// Bytes of the payload of a frame, as most are.
pub(crate) const FRAME: usize = 20_000;

pub(crate) fn workloads() -> Vec<Workload> {
    let chat = Chat {
        id: 1,
        text: "Please open the settings, and then the network".to_owned(),
    };
    let deliver = Deliver {
        envelope: vec![7; 200],
    };
    let stated = alongside_state_machine::relay::RelayConfig::default().stated();
    let mut all = vec![
        Workload::new("codec/media-header/encode", || {
            let header = media_header();
            Ok(turns(move || Some(black_box(&header).to_bytes())))
        }),
        Workload::new("codec/media-header/decode", || {
            let bytes = media_header().to_bytes();
            Ok(turns(move || MediaHeader::read(black_box(&bytes)).ok()))
        }),
        Workload::new("codec/frame-20k/encode", || {
            let frame = frame();
            Ok(turns(move || black_box(&frame).to_bytes().ok()))
        })
        .of_bytes(FRAME),
        Workload::new("codec/frame-20k/decode", || {
            let bytes = frame().to_bytes()?;
            Ok(turns(move || Frame::read(black_box(&bytes)).ok()))
        })
        .of_bytes(FRAME),
        Workload::new("codec/input/encode", || {
            let events = events();
            Ok(turns(move || {
                Some(input::encode_record(black_box(&events)))
            }))
        }),
        Workload::new("codec/input/decode", || {
            let bytes = input::encode_record(&events());
            Ok(turns(move || input::read_record(black_box(&bytes)).ok()))
        }),
    ];
    all.extend(rendezvous("relay-hello", stated.into()));
    all.extend(rendezvous("deliver-200", deliver.into()));
    all.extend(session("heartbeat", Heartbeat {}.into()));
    all.extend(session("chat", chat.into()));
    all
}

/// A frame of one tile.
pub(crate) fn frame() -> Frame {
    let tile = Tile {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
        codec: Codec::Png,
        data: vec![7; FRAME],
    };
    Frame {
        complete: true,
        display: 0,
        width: 8,
        height: 8,
        tiles: vec![tile],
    }
}

fn media_header() -> MediaHeader {
    MediaHeader {
        last: true,
        index: 1,
        frame: 70_000,
        epoch: 3,
        number: 5_000_000_000,
        length: 16_400,
    }
}

fn events() -> [InputEvent; 4] {
    let key = |down| InputEvent::Key { usage: 4, down };
    let pointer = InputEvent::Pointer {
        display: 0,
        x: 32_000,
        y: 9_000,
    };
    [pointer, key(true), key(false), pointer]
}

/// A message of the rendezvous plane, read as from a stream.
fn rendezvous(name: &str, message: Rendezvous) -> [Workload; 2] {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    let decode = Workload::new(format!("codec/{name}/decode"), move || {
        let bytes = bytes.clone();
        let mut deframer = framing::Deframer::new(limits::CONTROL_MESSAGE, "a benchmark");
        Ok(turns(move || {
            deframer.push(black_box(&bytes));
            Rendezvous::pull(&mut deframer).ok().flatten()
        }))
    });
    [encode(name, message, Rendezvous::encode), decode]
}

/// A message of the session plane, read as the plaintext of a record.
fn session(name: &str, message: Session) -> [Workload; 2] {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    let decode = Workload::new(format!("codec/{name}/decode"), move || {
        let bytes = bytes.clone();
        Ok(turns(move || Session::read_all(black_box(&bytes)).ok()))
    });
    [encode(name, message, Session::encode), decode]
}

fn encode<M: Clone + 'static>(name: &str, message: M, encode: fn(&M, &mut Vec<u8>)) -> Workload {
    Workload::new(format!("codec/{name}/encode"), move || {
        let message = message.clone();
        Ok(turns(move || {
            let mut out = Vec::new();
            encode(black_box(&message), &mut out);
            Some(out)
        }))
    })
}
