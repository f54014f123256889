//! What a helper does on a path.

use alongside_wire::record::MediaHeader;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item, pixels},
};

/// How many streams a helper allows on a path.
const STREAMS: usize = 8;

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::helper(
            "helper/path/first-id",
            "the first packet of a path goes to a connection id of 16 bytes that begins with the routing id of path-open",
            &["PATH-22"],
            |stage| {
                stage.paths = Some(1);
                stage.shown()?;
                stage.must("PATH-22", ClientStage::path_stands)?;
                let [_, own] = stage.routing_ids()?;
                let came = stage.traffic()?.came;
                let first = came.first().and_then(|one| one.long());
                let right = first.is_some_and(|(to, _)| to.len() == 16 && to.starts_with(&own));
                let seen = first.map_or("nothing".to_owned(), |(to, _)| hex::encode(to));
                let expected = format!("16 bytes that begin with {}", hex::encode(own));
                stage.check("PATH-22", right, &expected, seen)
            },
        ),
        Case::helper(
            "helper/path/media",
            "frames are shown whichever way they come, and the same record counts once",
            &["PATH-29"],
            media,
        ),
        Case::helper(
            "helper/path/forged",
            "a record on a path that does not open is dropped, and nobody is blamed",
            &["PATH-29"],
            |stage| {
                stage.viewing_with_a_path()?;
                let stream = stage.open_path_stream()?;
                let mut records = stage.picture_of(stage.epoch, 8)?;
                if let Some(last) = records.last_mut() {
                    *last ^= 1;
                }
                stage.path_bytes(stream, &records)?;
                let other_epoch = stage.picture_of(2, 9)?;
                stage.path_bytes(stream, &other_epoch)?;
                shows(stage, stream, 7)?;
                let wrong = stage.has_come(0, |item| is_picture(item, 8) || is_picture(item, 9));
                let seen = stage.since(0);
                stage.check("PATH-29", !wrong, "nothing of these", seen)?;
                stage.goes_on("PATH-29")
            },
        )
        .twin("helper/path/media"),
        Case::helper(
            "helper/path/garbage",
            "a stream of a path that is none of media is stopped, and the session goes on",
            &["PATH-29"],
            |stage| {
                stage.viewing_with_a_path()?;
                for first in [0x42, 0xFF, 0] {
                    let stream = stage.open_path_stream()?;
                    stage.path_bytes(stream, &[first; 100])?;
                    let stopped = stage.path_link()?.is_stopped(stream);
                    let seen = stage.since(0);
                    stage.check("PATH-29", stopped, "the stream to be stopped", seen)?;
                }
                let stream = stage.open_path_stream()?;
                shows(stage, stream, 7)?;
                stage.goes_on("PATH-29")
            },
        )
        .twin("helper/path/media"),
        Case::helper(
            "helper/path/unfinished",
            "streams of a path on which nothing is finished hold nothing else up",
            &["PATH-29"],
            |stage| {
                stage.viewing_with_a_path()?;
                let records = stage.picture_of(stage.epoch, 8)?;
                for at in 0..STREAMS {
                    let stream = stage.open_path_stream()?;
                    let part = records.get(..at * 5 + 1).unwrap_or_default().to_vec();
                    debug_assert!(part.len() < MediaHeader::LEN + 17, "nothing is whole");
                    stage.path_bytes(stream, &part)?;
                }
                let spliced = stage.open_stream()?;
                let from = stage.fresh()?;
                let epoch = stage.epoch;
                stage.show(spliced, epoch, 9)?;
                stage.tells("PATH-29", "frame")?;
                let right = stage.has_come(from, |item| is_picture(item, 9));
                stage.check("PATH-29", right, "the picture", stage.since(from))
            },
        )
        .twin("helper/path/media"),
    ];
    all.into_iter().map(|case| case.needs("paths")).collect()
}

/// Shows a picture by the path, and sees it.
fn shows(stage: &mut ClientStage<'_>, stream: u64, seed: u32) -> Done {
    let epoch = stage.epoch;
    stage.told_since(stage.here());
    stage.show_on_path(stream, epoch, seed)?;
    sees(stage, seed)
}

fn sees(stage: &mut ClientStage<'_>, seed: u32) -> Done {
    let told = stage.tells("PATH-29", "frame")?;
    let right = is_picture(&Item::Told(told.clone()), seed);
    stage.check("PATH-29", right, "the test picture", format!("{told:?}"))
}

fn is_picture(item: &Item, seed: u32) -> bool {
    let wanted = hex::encode(Sha256::digest(pixels(64, 48, seed)));
    matches!(item, Item::Told(event)
        if event.is("frame") && event.fields.get("sha256") == Some(&json!(wanted)))
}

fn media(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing_with_a_path()?;
    let stream = stage.open_path_stream()?;
    shows(stage, stream, 7)?;
    let records = stage.picture_of(stage.epoch, 8)?;
    stage.told_since(stage.here());
    stage.path_bytes(stream, &records)?;
    sees(stage, 8)?;
    let spliced = stage.open_stream()?;
    stage.stream_bytes(spliced, &records);
    let epoch = stage.epoch;
    stage.told_since(stage.here());
    stage.show(spliced, epoch, 9)?;
    sees(stage, 9)?;
    shows(stage, stream, 10)?;
    let often = stage.count(0, |item| is_picture(item, 8));
    stage.check("PATH-29", often == 1, "it once", often.to_string())
}
