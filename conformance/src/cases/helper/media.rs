//! The frames that a helper takes, shows and drops.

use alongside_wire::{
    Codec, ErrorCode, limits,
    media::{Frame, Tile},
    record::MediaHeader,
    session::{Epoch, Message, Pause, Shown},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item, Stop, grey, grey_jpeg, pixels, png},
};

pub(super) fn cases() -> Vec<Case> {
    [shown(), dropped(), epochs(), encodings()].concat()
}

fn shown() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/media/shown",
            "a complete frame is shown as it is, and shown is said of each",
            &["MEDIA-13", "MEDIA-19"],
            |stage| {
                let stream = watching(stage)?;
                let id = shows(stage, stream, &picture(7)?)?;
                stage.says_this("MEDIA-19", Shown { frame: id })?;
                sees(stage, "MEDIA-13", 7)?;
                let id = shows(stage, stream, &picture(8)?)?;
                stage.says_this("MEDIA-19", Shown { frame: id })?;
                sees(stage, "MEDIA-13", 8)
            },
        ),
        Case::helper(
            "helper/media/png",
            "a picture as PNG is shown",
            &["MEDIA-18"],
            |stage| {
                let stream = watching(stage)?;
                shows(stage, stream, &picture(7)?)?;
                sees(stage, "MEDIA-18", 7)
            },
        ),
        Case::helper(
            "helper/media/jpeg",
            "a picture as JPEG is shown",
            &["MEDIA-18"],
            |stage| {
                let stream = watching(stage)?;
                let mut frame = picture(7)?;
                for tile in &mut frame.tiles {
                    tile.codec = Codec::Jpeg;
                    tile.data = grey_jpeg(64, 48)?;
                }
                shows(stage, stream, &frame)?;
                let told = stage.tells("MEDIA-18", "frame")?;
                let right = told.text("sha256") == hex::encode(Sha256::digest(grey(64, 48)));
                stage.check("MEDIA-18", right, "a grey picture", format!("{told:?}"))
            },
        ),
        Case::helper(
            "helper/media/builds-on",
            "a frame that is not complete changes the picture of the frame before",
            &["MEDIA-14"],
            |stage| {
                let stream = watching(stage)?;
                shows(stage, stream, &picture(7)?)?;
                sees(stage, "MEDIA-14", 7)?;
                shows(
                    stage,
                    stream,
                    &Frame {
                        complete: false,
                        ..picture(9)?
                    },
                )?;
                sees(stage, "MEDIA-14", 9)
            },
        ),
        Case::helper(
            "helper/media/two-streams",
            "frames may come on more than one stream",
            &["MEDIA-8"],
            |stage| {
                let first = watching(stage)?;
                shows(stage, first, &picture(7)?)?;
                sees(stage, "MEDIA-8", 7)?;
                let second = stage.open_stream()?;
                shows(stage, second, &picture(8)?)?;
                sees(stage, "MEDIA-8", 8)
            },
        ),
        Case::helper(
            "helper/media/in-pieces",
            "a record that comes in pieces is one record",
            &["MEDIA-13"],
            |stage| {
                let stream = watching(stage)?;
                let records = sealed(stage, &picture(7)?)?;
                for piece in records.chunks(13) {
                    stage.stream_bytes(stream, piece);
                }
                sees(stage, "MEDIA-13", 7)
            },
        ),
        Case::helper(
            "helper/media/while-paused",
            "frame streams are read while the session is paused",
            &["MEDIA-8", "MEDIA-4"],
            |stage| {
                let stream = watching(stage)?;
                shows(stage, stream, &picture(7)?)?;
                sees(stage, "MEDIA-8", 7)?;
                let old = sealed(stage, &picture(8)?)?;
                next_epoch(stage, true)?;
                // More than what waits unread for long.
                for _ in 0..40 {
                    stage.stream_bytes(stream, &old);
                }
                next_epoch(stage, false)?;
                shows(stage, stream, &picture(9)?)?;
                sees(stage, "MEDIA-8", 9)?;
                let dropped = !stage.has_come(0, |item| is_picture(item, 8));
                stage.check(
                    "MEDIA-4",
                    dropped,
                    "nothing of the old epoch",
                    stage.since(0),
                )
            },
        ),
    ]
}

fn dropped() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/media/forged",
            "a record that does not open is dropped, and nobody is blamed",
            &["MEDIA-7", "MEDIA-13"],
            |stage| {
                drops(stage, "MEDIA-7", |stage, stream| {
                    let mut records = sealed(stage, &picture(8)?)?;
                    if let Some(last) = records.last_mut() {
                        *last ^= 1;
                    }
                    let from = stage.fresh()?;
                    stage.stream_bytes(stream, &records);
                    stage.moment(60)?;
                    stage.never_tells("MEDIA-13", from, "frame")
                })
            },
        )
        .twin("helper/media/shown"),
        Case::helper(
            "helper/media/repeated",
            "a record whose number was authentic before is dropped, in the middle of its frame too",
            &["MEDIA-6"],
            |stage| {
                let stream = watching(stage)?;
                let records = sealed(stage, &picture(7)?)?;
                stage.stream_bytes(stream, &records);
                sees(stage, "MEDIA-6", 7)?;
                let from = stage.fresh()?;
                stage.stream_bytes(stream, &records);
                // A frame that comes once more is discarded by its id as well; a part of one is not.
                let (first, rest) = parts(&sealed(stage, &several_records(9)?)?)?;
                let (second, rest) = parts(&rest)?;
                for bytes in [&first, &second, &second, &rest] {
                    stage.stream_bytes(stream, bytes);
                }
                sees(stage, "MEDIA-6", 9)?;
                let often = stage.count(from, |item| item.is_told("frame"));
                stage.check("MEDIA-6", often == 1, "one frame more", often.to_string())
            },
        )
        .twin("helper/media/several-records"),
        Case::helper(
            "helper/media/several-records",
            "a frame of several records is shown when the last one has come",
            &["MEDIA-13"],
            |stage| {
                let stream = watching(stage)?;
                let (first, rest) = parts(&sealed(stage, &several_records(9)?)?)?;
                for bytes in [&first, &rest] {
                    stage.stream_bytes(stream, bytes);
                }
                sees(stage, "MEDIA-13", 9)
            },
        ),
        Case::helper(
            "helper/media/other-epoch",
            "a record of an epoch that was not announced is dropped",
            &["MEDIA-4"],
            |stage| {
                drops(stage, "MEDIA-4", |stage, stream| {
                    let frame = encoded(&picture(8)?)?;
                    let records = stage.film(2, &frame)?;
                    stage.stream_bytes(stream, &records);
                    Ok(())
                })
            },
        )
        .twin("helper/media/shown"),
        Case::helper(
            "helper/media/behind-the-window",
            "a record whose number is more than 4,096 below the highest is dropped, and one that is 4,096 below is not",
            &["MEDIA-5"],
            window,
        ),
        Case::helper(
            "helper/media/lower-id",
            "a complete frame whose id is not higher than that of the last one is discarded",
            &["MEDIA-15"],
            |stage| {
                let stream = watching(stage)?;
                let frame = encoded(&picture(7)?)?;
                let records = stage.film_as(1, 10, &frame)?;
                stage.stream_bytes(stream, &records);
                sees(stage, "MEDIA-15", 7)?;
                for id in [10, 9] {
                    let frame = encoded(&picture(8)?)?;
                    let records = stage.film_as(1, id, &frame)?;
                    stage.stream_bytes(stream, &records);
                }
                let frame = encoded(&picture(9)?)?;
                let records = stage.film_as(1, 11, &frame)?;
                stage.stream_bytes(stream, &records);
                sees(stage, "MEDIA-15", 9)?;
                let shown = stage.has_come(0, |item| is_picture(item, 8));
                stage.check("MEDIA-15", !shown, "no older frame", stage.since(0))
            },
        )
        .twin("helper/media/shown"),
        Case::helper(
            "helper/media/gap",
            "a frame that is not complete is discarded when the frame before it was not shown, and refresh is said",
            &["MEDIA-14", "MEDIA-21"],
            |stage| {
                let stream = watching(stage)?;
                let frame = encoded(&picture(7)?)?;
                let records = stage.film_as(1, 10, &frame)?;
                stage.stream_bytes(stream, &records);
                sees(stage, "MEDIA-14", 7)?;
                stage.fresh()?;
                let frame = encoded(&Frame { complete: false, ..picture(8)? })?;
                let records = stage.film_as(1, 12, &frame)?;
                stage.stream_bytes(stream, &records);
                stage.says("MEDIA-21", "refresh")?;
                let frame = encoded(&picture(9)?)?;
                let records = stage.film_as(1, 13, &frame)?;
                stage.stream_bytes(stream, &records);
                sees(stage, "MEDIA-14", 9)?;
                let shown = stage.has_come(0, |item| is_picture(item, 8));
                stage.check("MEDIA-14", !shown, "nothing of it", stage.since(0))
            },
        )
        .twin("helper/media/builds-on"),
        Case::helper(
            "helper/media/refresh-rest",
            "refresh is said at most once in 500 ms",
            &["MEDIA-21"],
            |stage| {
                let stream = watching(stage)?;
                let mut id = 10;
                let mut lose = |stage: &mut ClientStage<'_>| {
                    let frame = encoded(&Frame { complete: false, ..picture(8)? })?;
                    id += 2;
                    let records = stage.film_as(1, id, &frame)?;
                    stage.stream_bytes(stream, &records);
                    stage.moment(20)?;
                    stage.settle()
                };
                lose(stage)?;
                stage.says("MEDIA-21", "refresh")?;
                let from = stage.fresh()?;
                lose(stage)?;
                lose(stage)?;
                stage.pass(499)?;
                stage.never("MEDIA-21", from, "refresh", |item| item.is_sealed("refresh"))?;
                stage.pass(1)?;
                lose(stage)?;
                stage.says("MEDIA-21", "refresh").map(|_| ())
            },
        ),
        Case::helper(
            "helper/media/header",
            "a stream with a header that is none of media is stopped, and the session goes on",
            &["MEDIA-9"],
            |stage| {
                watching(stage)?;
                for (place, byte) in [(0, 0x42), (1, 2), (20, 1), (23, 16)] {
                    let stream = stage.open_stream()?;
                    let mut header = MediaHeader {
                        last: true,
                        index: 0,
                        frame: 1,
                        epoch: 1,
                        number: 0,
                        length: 0x11,
                    }
                    .to_bytes()
                    .to_vec();
                    if let Some(wrong) = header.get_mut(place) {
                        *wrong = byte;
                    }
                    stage.stream_bytes(stream, &header);
                    stage.stops("MEDIA-9", stream)?;
                }
                let stream = stage.open_stream()?;
                shows(stage, stream, &picture(7)?)?;
                sees(stage, "MEDIA-9", 7)
            },
        )
        .twin("helper/media/shown"),
        Case::helper(
            "helper/media/bad-picture",
            "a picture that cannot be decoded is not shown, and refresh is said",
            &["MEDIA-21", "MEDIA-13"],
            |stage| {
                drops(stage, "MEDIA-13", |stage, stream| {
                    let mut frame = picture(8)?;
                    for tile in &mut frame.tiles {
                        tile.data = vec![7; 30];
                    }
                    stage.fresh()?;
                    shows(stage, stream, &frame)?;
                    stage.says("MEDIA-21", "refresh").map(|_| ())
                })
            },
        )
        .twin("helper/media/shown"),
        Case::helper(
            "helper/media/other-size",
            "a picture of another size than its tile is not shown, and refresh is said",
            &["MEDIA-17", "MEDIA-21"],
            |stage| {
                drops(stage, "MEDIA-17", |stage, stream| {
                    let mut frame = picture(8)?;
                    for tile in &mut frame.tiles {
                        tile.data = png(63, 48, 8)?;
                    }
                    let from = stage.fresh()?;
                    shows(stage, stream, &frame)?;
                    stage.moment(60)?;
                    stage.never_tells("MEDIA-17", from, "frame")?;
                    stage.says("MEDIA-21", "refresh").map(|_| ())
                })
            },
        )
        .twin("helper/media/shown"),
        Case::helper(
            "helper/media/too-large",
            "the records of a frame that come to more than 16,777,216 bytes end the session",
            &["MEDIA-11"],
            |stage| {
                let stream = watching(stage)?;
                let frame = vec![0; limits::FRAME + 1];
                let records = stage.film(1, &frame)?;
                stage.stream_bytes(stream, &records);
                stage.ends("MEDIA-11", ErrorCode::TooLarge)
            },
        )
        .twin("helper/media/shown"),
        Case::helper(
            "helper/media/three-at-once",
            "the beginnings of two frames are kept, and not of a third",
            &["MEDIA-10"],
            three_at_once,
        ),
    ]
}

fn epochs() -> Vec<Case> {
    let announced = |name: &str, what: &str, epoch: u32, paused: bool| {
        Case::helper(
            format!("helper/epoch/{name}"),
            format!("an epoch that is {what} ends the session"),
            &["PAUSE-6"],
            move |stage| {
                stage.viewing()?;
                stage.seal_one(Epoch { epoch, paused })?;
                stage.ends("PAUSE-6", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/epoch/next")
    };
    vec![
        Case::helper(
            "helper/epoch/next",
            "the epoch after the last is taken, and answered",
            &["PAUSE-6", "PAUSE-4"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                next_epoch(stage, true)?;
                next_epoch(stage, false)?;
                stage.goes_on("PAUSE-6")
            },
        ),
        announced("again", "the last one once more", 1, false),
        announced("gap", "two after the last", 3, true),
        announced("0", "0", 0, true),
        Case::helper(
            "helper/epoch/paused-media",
            "an authentic record in an epoch that was announced as paused ends the session",
            &["PAUSE-11"],
            |stage| {
                let stream = watching(stage)?;
                next_epoch(stage, true)?;
                shows(stage, stream, &picture(7)?)?;
                stage.ends("PAUSE-11", ErrorCode::PausedMedia)
            },
        )
        .twin("helper/media/while-paused"),
        Case::helper(
            "helper/epoch/shown-again",
            "shown is said of the first frame of a later epoch too",
            &["MEDIA-19"],
            |stage| {
                let stream = watching(stage)?;
                let first = shows(stage, stream, &picture(7)?)?;
                stage.says_this("MEDIA-19", Shown { frame: first })?;
                next_epoch(stage, false)?;
                let second = shows(stage, stream, &picture(8)?)?;
                stage.says_this("MEDIA-19", Shown { frame: second })
            },
        ),
        Case::helper(
            "helper/pause/told",
            "the person is told of a pause that changes the other end's flag, and of none that does not",
            &["PAUSE-12"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                stage.seal_one(Pause { paused: true })?;
                let told = stage.tells("PAUSE-12", "paused")?;
                let right = told.fields.get("other") == Some(&json!(true));
                stage.check(
                    "PAUSE-12",
                    right,
                    "the other end's flag",
                    format!("{told:?}"),
                )?;
                let from = stage.fresh()?;
                stage.seal_one(Pause { paused: true })?;
                stage.never_tells("PAUSE-12", from, "paused")
            },
        ),
        Case::helper(
            "helper/pause/own",
            "the person pauses and goes on, and the sharer is told",
            &["PAUSE-1"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                stage.act("pause")?;
                stage.says_this("PAUSE-1", Pause { paused: true })?;
                stage.act("unpause")?;
                stage.says_this("PAUSE-1", Pause { paused: false })
            },
        )
        .needs("pause"),
    ]
}

fn encodings() -> Vec<Case> {
    type Damage = fn(&mut Vec<u8>);
    let wrong: [(&str, &str, ErrorCode, Damage); 12] = [
        (
            "flag",
            "a flag that is not registered",
            ErrorCode::Malformed,
            |bytes| put(bytes, 0, &[3]),
        ),
        (
            "no-width",
            "a display without width",
            ErrorCode::Malformed,
            |bytes| put(bytes, 2, &[0, 0]),
        ),
        (
            "no-height",
            "a display without height",
            ErrorCode::Malformed,
            |bytes| put(bytes, 4, &[0, 0]),
        ),
        (
            "wide",
            "a display of more than 16,384 pixels",
            ErrorCode::TooLarge,
            |bytes| {
                put(bytes, 2, &[0x40, 1]);
            },
        ),
        (
            "tiles",
            "more than 4,096 tiles",
            ErrorCode::TooLarge,
            |bytes| put(bytes, 6, &[0x10, 1]),
        ),
        (
            "missing-tile",
            "a tile too few",
            ErrorCode::Malformed,
            |bytes| put(bytes, 6, &[0, 2]),
        ),
        (
            "outside",
            "a tile that is not inside its display",
            ErrorCode::Malformed,
            |bytes| {
                put(bytes, 8, &[0, 1]);
            },
        ),
        (
            "no-tile-width",
            "a tile without width",
            ErrorCode::Malformed,
            |bytes| put(bytes, 12, &[0, 0]),
        ),
        (
            "codec",
            "a codec that is not registered",
            ErrorCode::Malformed,
            |bytes| put(bytes, 16, &[9]),
        ),
        (
            "length",
            "a tile that is longer than the frame",
            ErrorCode::Malformed,
            |bytes| {
                put(bytes, 17, &[0, 1, 0, 0]);
            },
        ),
        (
            "trailing",
            "a byte after its end",
            ErrorCode::Malformed,
            |bytes| bytes.push(0),
        ),
        (
            "short",
            "a header that is cut short",
            ErrorCode::Malformed,
            |bytes| bytes.truncate(7),
        ),
    ];
    wrong
        .into_iter()
        .map(|(name, what, code, how)| {
            Case::helper(
                format!("helper/frame/{name}"),
                format!("an authentic frame with {what} ends the session"),
                &["MEDIA-16"],
                move |stage| {
                    let stream = watching(stage)?;
                    let mut frame = encoded(&picture(7)?)?;
                    how(&mut frame);
                    let records = stage.film(1, &frame)?;
                    stage.stream_bytes(stream, &records);
                    stage.ends("MEDIA-16", code)
                },
            )
            .twin("helper/media/shown")
        })
        .collect()
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    if let Some(old) = bytes.get_mut(at..at + new.len()) {
        old.copy_from_slice(new);
    }
}

/// A helper that may see, and a stream to show it something.
fn watching(stage: &mut ClientStage<'_>) -> Done<u64> {
    stage.viewing()?;
    stage.fresh()?;
    stage.open_stream()
}

fn picture(seed: u32) -> Done<Frame> {
    Ok(Frame {
        complete: true,
        display: 0,
        width: 64,
        height: 48,
        tiles: vec![Tile {
            x: 0,
            y: 0,
            width: 64,
            height: 48,
            codec: Codec::Png,
            data: png(64, 48, seed)?,
        }],
    })
}

fn encoded(frame: &Frame) -> Done<Vec<u8>> {
    frame
        .to_bytes()
        .map_err(|error| Stop::Harness(format!("the frame of the suite: {error}")))
}

fn sealed(stage: &mut ClientStage<'_>, frame: &Frame) -> Done<Vec<u8>> {
    let frame = encoded(frame)?;
    let epoch = stage.epoch;
    stage.film(epoch, &frame)
}

/// Sends a frame; its id.
fn shows(stage: &mut ClientStage<'_>, stream: u64, frame: &Frame) -> Done<u32> {
    let records = sealed(stage, frame)?;
    stage.stream_bytes(stream, &records);
    let header = records.first_chunk().map(MediaHeader::read);
    match header {
        Some(Ok(header)) => Ok(header.frame),
        _ => Err(Stop::Harness("a record without a header".to_owned())),
    }
}

fn hash(seed: u32) -> String {
    hex::encode(Sha256::digest(pixels(64, 48, seed)))
}

fn is_picture(item: &Item, seed: u32) -> bool {
    matches!(item, Item::Told(event) if event.name == "frame" && event.text("sha256") == hash(seed))
}

/// The next frame that is shown is this one.
fn sees(stage: &mut ClientStage<'_>, requirement: &'static str, seed: u32) -> Done {
    let told = stage.tells(requirement, "frame")?;
    let right = told.text("sha256") == hash(seed);
    let expected = format!("the test picture of seed {seed}");
    stage.check(requirement, right, &expected, format!("{told:?}"))
}

/// Something that is sent is not shown, and what is sent after it on the same stream is.
fn drops(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    what: impl Fn(&mut ClientStage<'_>, u64) -> Done,
) -> Done {
    let stream = watching(stage)?;
    shows(stage, stream, &picture(7)?)?;
    sees(stage, requirement, 7)?;
    what(stage, stream)?;
    shows(stage, stream, &picture(9)?)?;
    sees(stage, requirement, 9)?;
    stage.goes_on(requirement)
}

fn next_epoch(stage: &mut ClientStage<'_>, paused: bool) -> Done {
    stage.epoch += 1;
    let epoch = stage.epoch;
    stage.seal_one(Epoch { epoch, paused })?;
    let seen = stage.says("PAUSE-4", "epoch-seen")?;
    let right = matches!(&seen, Message::EpochSeen(seen) if seen.epoch == epoch);
    stage.check("PAUSE-4", right, "that epoch", format!("{seen:?}"))
}

fn window(stage: &mut ClientStage<'_>) -> Done {
    let stream = watching(stage)?;
    shows(stage, stream, &picture(7)?)?;
    sees(stage, "MEDIA-5", 7)?;
    // The numbers 1 and 2, kept back.
    let frames = [encoded(&picture(8)?)?, encoded(&picture(9)?)?];
    let behind = stage.film_as(1, 1_000_000, &frames[0])?;
    let within = stage.film_as(1, 1_000_001, &frames[1])?;
    let mut last = Vec::new();
    // Up to the number 4,098, which is sent alone.
    while number_of(&last) < 4_098 {
        last = stage.film_as(1, 2, &frames[0])?;
    }
    stage.stream_bytes(stream, &last);
    stage.told("frame")?;
    stage.stream_bytes(stream, &behind);
    stage.stream_bytes(stream, &within);
    sees(stage, "MEDIA-5", 9)
}

fn number_of(records: &[u8]) -> u64 {
    match records.first_chunk().map(MediaHeader::read) {
        Some(Ok(header)) => header.number,
        _ => 0,
    }
}

/// One that takes more than two records: a PNG does not get smaller.
fn several_records(seed: u32) -> Done<Frame> {
    let mut frame = picture(seed)?;
    if let Some(tile) = frame.tiles.first().cloned() {
        frame.tiles = vec![tile; 40];
    }
    Ok(frame)
}

/// The first record, and those after it.
fn parts(records: &[u8]) -> Done<(Vec<u8>, Vec<u8>)> {
    let first = MediaHeader::LEN + limits::RECORD_PLAINTEXT + 16;
    let parts = records.split_at_checked(first);
    let (first, rest) = parts.ok_or_else(|| Stop::Harness("a frame of one record".to_owned()))?;
    Ok((first.to_vec(), rest.to_vec()))
}

fn three_at_once(stage: &mut ClientStage<'_>) -> Done {
    watching(stage)?;
    let mut frames = Vec::new();
    for seed in [7, 8, 9] {
        let (first, rest) = parts(&sealed(stage, &several_records(seed)?)?)?;
        let stream = stage.open_stream()?;
        frames.push((stream, first, rest));
    }
    for (stream, first, _) in &frames {
        stage.stream_bytes(*stream, first);
        stage.moment(20)?;
    }
    let from = stage.fresh()?;
    for (stream, _, rest) in &frames {
        stage.stream_bytes(*stream, rest);
        stage.moment(20)?;
    }
    stage.settle()?;
    let told = |item: &Item| item.is_told("frame");
    // Pictures are shown when they are decoded, which takes a client its own time.
    for _ in 0..20 {
        if stage.count(from, told) < 3 {
            stage.moment(20)?;
        }
    }
    let shown = stage.count(from, told);
    stage.check(
        "MEDIA-10",
        shown < 3,
        "two frames at the most",
        shown.to_string(),
    )
}
