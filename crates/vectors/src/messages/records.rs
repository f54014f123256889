//! Records of frame streams: their clear headers, and what is sealed in them.

use alongside_wire::{
    Codec, DecodeError, ErrorCode,
    input::{self, InputEvent},
    media::{Frame, Tile},
    record::{InputHeader, MediaHeader},
};
use serde_json::{Value, json};

use super::Whole;
use crate::vector::{File, Refusal};

pub(crate) fn file() -> File {
    let mut whole = Whole {
        file: File::new("record"),
    };
    media_headers(&mut whole);
    input_headers(&mut whole);
    frames(&mut whole);
    events(&mut whole);
    whole.file
}

fn sized<const N: usize>(bytes: &[u8]) -> &[u8; N] {
    bytes.try_into().expect("a header of its size")
}

fn media_headers(whole: &mut Whole) {
    let what = "media-header";
    let header = MediaHeader {
        last: true,
        index: 3,
        frame: 9,
        epoch: 1,
        number: 77,
        length: 17,
    };
    for (id, about, header) in [
        (
            "last",
            "the last record of a frame, with one byte of it",
            header,
        ),
        (
            "most",
            "the highest of everything",
            MediaHeader {
                last: false,
                index: u16::MAX,
                frame: u32::MAX,
                epoch: u32::MAX,
                number: u64::MAX,
                length: 16_400,
            },
        ),
    ] {
        let bytes = header.to_bytes();
        assert_eq!(MediaHeader::read(&bytes), Ok(header));
        whole.taken(id, about, what, &bytes, media_fields(&header));
    }
    for (id, about, place, value, clause) in [
        ("type", "another type", 0, 0x42, "MEDIA-9"),
        ("flags", "a flag that is not registered", 1, 0x03, "MEDIA-9"),
        (
            "empty",
            "no byte of the frame: a tag alone",
            23,
            16,
            "MEDIA-9",
        ),
        ("long", "longer than a record", 22, 0x41, "MEDIA-9"),
    ] {
        let mut bytes = header.to_bytes();
        bytes[place] = value;
        stopped(
            whole,
            id,
            about,
            what,
            &bytes,
            MediaHeader::read(&bytes).err(),
            clause,
        );
    }
}

fn input_headers(whole: &mut Whole) {
    let what = "input-header";
    for (id, about, grant) in [
        ("first", "grant 1", 1),
        ("most", "the highest grant", u32::MAX),
    ] {
        let bytes = InputHeader { grant }.to_bytes();
        assert_eq!(InputHeader::read(&bytes), Ok(InputHeader { grant }));
        whole.taken(id, about, what, &bytes, json!({ "grant": grant }));
    }
    for (id, about, place, value) in [
        ("type", "another type", 0, 0x40),
        ("second", "a second byte that is not 0", 1, 1),
        ("short", "a length of 79", 3, 79),
        ("long", "a length of 81", 3, 81),
    ] {
        let mut bytes = InputHeader { grant: 1 }.to_bytes();
        bytes[place] = value;
        stopped(
            whole,
            id,
            about,
            what,
            &bytes,
            InputHeader::read(sized(&bytes)).err(),
            "MEDIA-9",
        );
    }
}

/// A header that makes the receiver stop its stream, and nothing else.
fn stopped(
    whole: &mut Whole,
    id: &str,
    about: &str,
    what: &str,
    bytes: &[u8],
    said: Option<DecodeError>,
    clause: &'static str,
) {
    assert!(said.is_some(), "{what}/{id}: taken");
    let input = json!({ "what": what, "bytes": hex::encode(bytes) });
    let refusal = Refusal::reported(ErrorCode::Malformed, clause);
    whole
        .file
        .refused(&format!("{what}/{id}"), about, input, refusal);
}

fn frame_fields(frame: &Frame) -> Value {
    let tiles: Vec<_> = frame
        .tiles
        .iter()
        .map(|tile| {
            json!({
                "x": tile.x, "y": tile.y, "width": tile.width, "height": tile.height,
                "codec": tile.codec.to_wire(), "data": hex::encode(&tile.data),
            })
        })
        .collect();
    json!({
        "complete": frame.complete, "display": frame.display,
        "width": frame.width, "height": frame.height, "tiles": tiles,
    })
}

fn frames(whole: &mut Whole) {
    let what = "frame";
    let tile = |x, y, codec| Tile {
        x,
        y,
        width: 5,
        height: 5,
        codec,
        data: b"picture".to_vec(),
    };
    let two = Frame {
        complete: true,
        display: 7,
        width: 10,
        height: 10,
        tiles: vec![tile(0, 0, Codec::Png), tile(5, 5, Codec::Jpeg)],
    };
    for (id, about, frame) in [
        (
            "black",
            "a complete frame of one pixel without tiles",
            Frame {
                display: 0,
                width: 1,
                height: 1,
                tiles: vec![],
                ..two.clone()
            },
        ),
        (
            "tiles",
            "two tiles, the second at the far corner; pictures are not decoded here",
            two.clone(),
        ),
        (
            "change",
            "a frame that changes another",
            Frame {
                complete: false,
                ..two.clone()
            },
        ),
        (
            "largest",
            "the largest display",
            Frame {
                width: 16_384,
                height: 16_384,
                tiles: vec![],
                ..two
            },
        ),
    ] {
        let bytes = frame.to_bytes().expect(id);
        assert_eq!(Frame::read(&bytes).as_ref(), Ok(&frame));
        whole.taken(id, about, what, &bytes, frame_fields(&frame));
    }
    let header = [1, 0, 0, 10, 0, 10, 0, 1];
    let place = [0, 5, 0, 5, 0, 5, 0, 5, 1, 0, 0, 0, 0];
    let whole_frame = [&header[..], &place].concat();
    let with = |at: usize, value: u8| {
        let mut bytes = whole_frame.clone();
        bytes[at] = value;
        bytes
    };
    for (id, about, bytes, clause) in [
        ("empty", "nothing", vec![], "WIRE-3"),
        (
            "header",
            "a header that is cut",
            header[..7].to_vec(),
            "WIRE-3",
        ),
        (
            "flags",
            "a flag that is not registered",
            with(0, 3),
            "WIRE-7",
        ),
        (
            "no-width",
            "a display without pixels",
            vec![1, 0, 0, 0, 0, 10, 0, 0],
            "WIRE-7",
        ),
        (
            "no-height",
            "the same in the other direction",
            vec![1, 0, 0, 10, 0, 0, 0, 0],
            "WIRE-7",
        ),
        (
            "wide",
            "a display of 16,385 pixels",
            vec![1, 0, 0x40, 0x01, 0, 10, 0, 0],
            "WIRE-5",
        ),
        (
            "high",
            "the same in the other direction",
            vec![1, 0, 0, 10, 0x40, 0x01, 0, 0],
            "WIRE-5",
        ),
        (
            "many",
            "4,097 tiles",
            vec![1, 0, 0, 10, 0, 10, 0x10, 0x01],
            "WIRE-5",
        ),
        (
            "missing-tile",
            "a tile less than counted",
            header.to_vec(),
            "WIRE-3",
        ),
        (
            "cut-tile",
            "a tile that is cut",
            whole_frame[..20].to_vec(),
            "WIRE-3",
        ),
        ("cut-data", "data that is cut", with(20, 1), "WIRE-3"),
        (
            "tile-no-width",
            "a tile without pixels",
            with(13, 0),
            "WIRE-7",
        ),
        (
            "tile-no-height",
            "the same in the other direction",
            with(15, 0),
            "WIRE-7",
        ),
        (
            "outside-right",
            "a tile outside the display",
            with(9, 6),
            "WIRE-7",
        ),
        (
            "outside-below",
            "the same in the other direction",
            with(11, 6),
            "WIRE-7",
        ),
        (
            "codec",
            "a codec that is not registered",
            with(16, 3),
            "WIRE-7",
        ),
        (
            "more",
            "a byte after the tiles",
            [&whole_frame[..], &[0]].concat(),
            "WIRE-4",
        ),
    ] {
        whole.refused(id, about, what, &bytes, clause, Frame::read(&bytes).err());
    }
}

pub(crate) fn event_fields(event: InputEvent) -> Value {
    match event {
        InputEvent::Key { usage, down } => json!({ "event": "key", "usage": usage, "down": down }),
        InputEvent::Pointer { display, x, y } => {
            json!({ "event": "pointer", "display": display, "x": x, "y": y })
        }
        InputEvent::Button { button, down } => {
            json!({ "event": "button", "button": button, "down": down })
        }
        InputEvent::Wheel { dx, dy } => json!({ "event": "wheel", "dx": dx, "dy": dy }),
        InputEvent::ReleaseAll => json!({ "event": "release-all" }),
    }
}

fn events(whole: &mut Whole) {
    let what = "input";
    let key = InputEvent::Key {
        usage: 4,
        down: true,
    };
    let pointer = InputEvent::Pointer {
        display: 7,
        x: 65_535,
        y: 0,
    };
    for (id, about, events) in [
        ("empty", "eight empty slots", vec![]),
        ("key", "a key goes down", vec![key]),
        (
            "pointer",
            "the right edge of display 7, at the top",
            vec![pointer],
        ),
        (
            "button",
            "the left button goes down",
            vec![InputEvent::Button {
                button: 1,
                down: true,
            }],
        ),
        (
            "wheel",
            "a notch left and a notch away",
            vec![InputEvent::Wheel { dx: -120, dy: 120 }],
        ),
        (
            "release-all",
            "everything is let go",
            vec![InputEvent::ReleaseAll],
        ),
        (
            "eight",
            "eight events in their order",
            vec![
                pointer,
                InputEvent::Button {
                    button: 5,
                    down: true,
                },
                InputEvent::Button {
                    button: 5,
                    down: false,
                },
                key,
                InputEvent::Key {
                    usage: u16::MAX,
                    down: false,
                },
                InputEvent::Wheel {
                    dx: 1_200,
                    dy: -1_200,
                },
                InputEvent::Pointer {
                    display: 0,
                    x: 0,
                    y: 65_535,
                },
                InputEvent::ReleaseAll,
            ],
        ),
    ] {
        let bytes = input::encode_record(&events);
        assert_eq!(input::read_record(&bytes).as_ref(), Ok(&events));
        let events: Vec<_> = events.into_iter().map(event_fields).collect();
        whole.taken(id, about, what, &bytes, json!({ "events": events }));
    }
    let mut anywhere = [0; 64];
    anywhere[56] = 5;
    assert_eq!(
        input::read_record(&anywhere),
        Ok(vec![InputEvent::ReleaseAll])
    );
    let release = json!({ "events": [event_fields(InputEvent::ReleaseAll)] });
    whole.taken(
        "gap",
        "an event after empty slots; it is not written again there",
        what,
        &anywhere,
        release,
    );
    whole.file.one_way();
    for (id, about, slot, clause) in [
        ("kind", "a kind that is not registered", &[6][..], "INPUT-7"),
        ("down", "down is neither 0 nor 1", &[1, 2, 0, 4], "INPUT-7"),
        (
            "key-rest",
            "a byte that is not named is not 0",
            &[1, 1, 0, 4, 1],
            "INPUT-7",
        ),
        (
            "pointer-rest",
            "the same of a pointer",
            &[2, 0, 0, 0, 0, 0, 0, 1],
            "INPUT-7",
        ),
        ("no-button", "button 0", &[3, 1, 0], "INPUT-7"),
        ("button", "button 6", &[3, 1, 6], "INPUT-7"),
        (
            "button-rest",
            "a byte that is not named is not 0",
            &[3, 1, 1, 1],
            "INPUT-7",
        ),
        (
            "wheel-rest",
            "a byte that is not named is not 0",
            &[4, 1],
            "INPUT-7",
        ),
        (
            "wheel-right",
            "a wheel that turns too far",
            &[4, 0, 0x04, 0xB1],
            "WIRE-5",
        ),
        (
            "wheel-away",
            "the same in the other direction",
            &[4, 0, 0, 0, 0xFB, 0x4F],
            "WIRE-5",
        ),
        (
            "release-rest",
            "a byte that is not named is not 0",
            &[5, 1],
            "INPUT-7",
        ),
        (
            "empty-rest",
            "an empty slot that is not empty",
            &[0, 0, 1],
            "INPUT-7",
        ),
    ] {
        let mut bytes = [0; 64];
        bytes[56..56 + slot.len()].copy_from_slice(slot);
        whole.refused(
            id,
            about,
            what,
            &bytes,
            clause,
            input::read_record(&bytes).err(),
        );
    }
}

fn media_fields(header: &MediaHeader) -> Value {
    let MediaHeader {
        last,
        index,
        frame,
        epoch,
        number,
        length,
    } = header;
    json!({ "last": last, "index": index, "frame": frame, "epoch": epoch, "number": number, "length": length })
}

pub(super) fn compute(what: &Value, bytes: &[u8]) -> Result<Value, Refusal> {
    let header = |_: DecodeError| Refusal::reported(ErrorCode::Malformed, "MEDIA-9");
    let slot = |error: DecodeError| match error.code() {
        ErrorCode::TooLarge => super::said(error),
        code => Refusal::reported(code, "INPUT-7"),
    };
    let fields = match what.as_str().expect("text") {
        "media-header" => media_fields(&MediaHeader::read(sized(bytes)).map_err(header)?),
        "input-header" => {
            let InputHeader { grant } = InputHeader::read(sized(bytes)).map_err(header)?;
            json!({ "grant": grant })
        }
        "frame" => frame_fields(&Frame::read(bytes).map_err(super::said)?),
        _ => {
            let events = input::read_record(sized(bytes)).map_err(slot)?;
            json!({ "events": events.into_iter().map(event_fields).collect::<Vec<_>>() })
        }
    };
    Ok(json!({ "fields": fields }))
}
