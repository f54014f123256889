//! The frames that a sharer sends.

use std::collections::BTreeMap;

use alongside_wire::{
    ErrorCode, limits,
    media::Frame,
    session::{AdvisoryAck, EpochSeen, Pause, Refresh, Shown},
};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item, pixels},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/media/picture",
            "the first frame is complete, one higher than the one before, and shows what is on the screen",
            &["MEDIA-1", "MEDIA-2", "MEDIA-3", "MEDIA-12"],
            picture,
        ),
        Case::sharer(
            "sharer/media/records",
            "a large frame is cut into records of at most 16,384 bytes, in order, the last marked",
            &["MEDIA-1", "MEDIA-2"],
            records,
        ),
        Case::sharer(
            "sharer/media/acknowledged-epoch",
            "media comes when the helper has acknowledged the epoch, and not before",
            &["PAUSE-5"],
            |stage| {
                stage.manners.epoch_seen = false;
                stage.viewing()?;
                shows(stage)?;
                stage.moment(60)?;
                stage.never("PAUSE-5", 0, "media", is_media)?;
                stage.seal_one(EpochSeen { epoch: 1 })?;
                stage.sees("PAUSE-5", "a frame", is_frame).map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/media/acknowledged-advisory",
            "media comes when the helper has acknowledged the advisory, and not before",
            &["ADVISORY-1", "ADVISORY-2"],
            |stage| {
                stage.manners.advisory_ack = false;
                stage.deciding()?;
                stage.agrees()?;
                stage.says("ADVISORY-1", "displays")?;
                stage.says("ADVISORY-1", "advisory")?;
                stage.says("ADVISORY-1", "epoch")?;
                shows(stage)?;
                stage.moment(60)?;
                stage.never("ADVISORY-2", 0, "media", is_media)?;
                stage.seal_one(AdvisoryAck {})?;
                stage.sees("ADVISORY-2", "a frame", is_frame)?;
                stage.seal_one(AdvisoryAck {})?;
                stage.goes_on("ADVISORY-2")?;
                let often = stage.count(0, |item| item.is_sealed("advisory"));
                stage.check("ADVISORY-1", often == 1, "one advisory", format!("{often}"))
            },
        ),
        Case::sharer(
            "sharer/media/epoch-never-announced",
            "an epoch-seen of an epoch that was never announced ends the session",
            &["PAUSE-7"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(EpochSeen { epoch: 2 })?;
                stage.ends("PAUSE-7", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/media/epoch-again"),
        Case::sharer(
            "sharer/media/epoch-0",
            "an epoch-seen of epoch 0, which is none, ends the session",
            &["PAUSE-7"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(EpochSeen { epoch: 0 })?;
                stage.ends("PAUSE-7", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/media/epoch-again"),
        Case::sharer(
            "sharer/media/epoch-again",
            "an epoch-seen of the latest epoch may come again",
            &["PAUSE-7"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(EpochSeen { epoch: 1 })?;
                stage.goes_on("PAUSE-7")
            },
        ),
        Case::sharer(
            "sharer/media/pause",
            "no media while paused; the next frame is of the next epoch, complete, and its records count from 0",
            &["PAUSE-2", "PAUSE-5", "MEDIA-1", "MEDIA-12"],
            pause,
        )
        .needs("pause"),
        Case::sharer(
            "sharer/media/shown",
            "a shown of a frame that was sent is taken",
            &["MEDIA-20"],
            |stage| {
                stage.shown()?;
                stage.goes_on("MEDIA-20")
            },
        ),
        Case::sharer(
            "sharer/media/shown-unsent",
            "a shown of a frame that was not sent ends the session",
            &["MEDIA-20"],
            |stage| {
                stage.shown()?;
                let frame = 1_000_000;
                stage.seal_one(Shown { frame })?;
                stage.ends("MEDIA-20", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/media/shown"),
        Case::sharer(
            "sharer/media/shown-before-any",
            "a shown before any frame was sent ends the session",
            &["MEDIA-20"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(Shown { frame: 1 })?;
                stage.ends("MEDIA-20", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/media/shown"),
        Case::sharer(
            "sharer/media/refresh",
            "the next frame after a refresh is complete",
            &["MEDIA-22"],
            |stage| {
                stage.shown()?;
                let from = stage.fresh()?;
                stage.seal_one(Refresh {})?;
                stage.settle()?;
                stage.does("send-frame", json!({ "width": 64, "height": 48, "seed": 2 }))?;
                let frame = stage.sees("MEDIA-22", "a frame", is_frame)?;
                let seen = stage.since(from);
                stage.check("MEDIA-22", is_complete(&frame), "a complete frame", seen)
            },
        ),
        Case::sharer(
            "sharer/media/refresh-early",
            "a refresh within 500 ms of the last answer is answered when they are over, and several by one frame",
            &["MEDIA-22", "MEDIA-23"],
            refresh_early,
        )
        .needs("clock"),
        Case::sharer(
            "sharer/media/after-the-end",
            "no media comes after the end",
            &["END-6"],
            |stage| {
                stage.shown()?;
                let from = stage.fresh()?;
                stage.act("end")?;
                let _ = stage.ask(
                    "send-frame",
                    json!({ "width": 64, "height": 48, "seed": 2 }),
                )?;
                stage.ends("END-6", ErrorCode::Done)?;
                stage.never("END-6", from, "frame", is_frame)
            },
        ),
    ]
}

/// On a screen on which nothing changes.
fn refresh_early(stage: &mut ClientStage<'_>) -> Done {
    stage.shown()?;
    let from = stage.fresh()?;
    stage.seal_one(Refresh {})?;
    stage.settle()?;
    stage.sees("MEDIA-22", "a complete frame", is_complete)?;
    stage.pass(400)?;
    for _ in 0..3 {
        stage.seal_one(Refresh {})?;
        stage.pass(20)?;
    }
    stage.moment(60)?;
    let early = stage.count(from, is_frame);
    stage.check("MEDIA-23", early == 1, "no answer yet", stage.since(from))?;
    stage.pass(40)?;
    stage.sees("MEDIA-23", "a complete frame", is_complete)?;
    stage.pass(600)?;
    stage.moment(60)?;
    let all = stage.count(from, is_frame);
    stage.check("MEDIA-23", all == 2, "one more answer", stage.since(from))
}

fn shows(stage: &mut ClientStage<'_>) -> Done {
    let frame = json!({ "width": 64, "height": 48, "seed": 1 });
    stage.does("send-frame", frame).map(|_| ())
}

pub(super) fn is_media(item: &Item) -> bool {
    matches!(item, Item::Media(..))
}

pub(super) fn is_frame(item: &Item) -> bool {
    matches!(item, Item::Frame { .. })
}

fn is_complete(item: &Item) -> bool {
    matches!(
        item,
        Item::Frame {
            frame: Ok(Frame { complete: true, .. }),
            ..
        }
    )
}

fn picture(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    let mut last = 0;
    for seed in [3, 4, 5] {
        stage.does(
            "send-frame",
            json!({ "width": 40, "height": 30, "seed": seed }),
        )?;
        let item = stage.sees("MEDIA-2", "a frame", is_frame)?;
        let Item::Frame { id, frame, .. } = &item else {
            continue;
        };
        let seen = format!("{item}");
        if last == 0 {
            stage.check(
                "MEDIA-12",
                is_complete(&item),
                "a complete frame",
                seen.clone(),
            )?;
            let shown = ClientStage::picture(&item);
            let right = shown == Some(pixels(40, 30, seed));
            stage.check("MEDIA-2", right, "the test picture", seen)?;
        } else {
            stage.check("MEDIA-3", *id == last + 1, "an id one higher", seen)?;
        }
        let read = format!("{frame:?}");
        let read = read.chars().take(80).collect::<String>();
        stage.check("MEDIA-2", frame.is_ok(), "a frame that can be read", read)?;
        last = *id;
    }
    numbers(stage)
}

/// The records of each epoch are numbered from 0, without a gap, and all of them open.
fn numbers(stage: &mut ClientStage<'_>) -> Done {
    let mut next: BTreeMap<u32, u64> = BTreeMap::new();
    let records: Vec<_> = stage
        .log
        .iter()
        .filter_map(|item| match item {
            Item::Media(header, opened) => Some((*header, opened.is_some())),
            _ => None,
        })
        .collect();
    for (header, opened) in records {
        let number = next.entry(header.epoch).or_default();
        let right = header.number == *number && opened;
        *number += 1;
        let expected = "records of an epoch numbered from 0, which open";
        stage.check("MEDIA-1", right, expected, format!("{header:?}"))?;
    }
    Ok(())
}

fn records(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.does(
        "send-frame",
        json!({ "width": 256, "height": 256, "seed": 9 }),
    )?;
    let whole = |item: &Item| matches!(item, Item::Frame { frame: Ok(_), .. });
    let frame = stage.sees("MEDIA-2", "a frame", whole)?;
    let Item::Frame { id, .. } = frame else {
        return Ok(());
    };
    let records: Vec<_> = stage
        .log
        .iter()
        .filter_map(|item| match item {
            Item::Media(header, Some(plaintext)) if header.frame == id => {
                Some((*header, plaintext.len()))
            }
            _ => None,
        })
        .collect();
    let count = records.len();
    for (place, (header, len)) in records.into_iter().enumerate() {
        let right = usize::from(header.index) == place
            && header.last == (place + 1 == count)
            && len <= limits::RECORD_PLAINTEXT;
        let expected = "indexes from 0, and the last marked";
        stage.check(
            "MEDIA-2",
            right,
            expected,
            format!("{header:?}, {len} bytes"),
        )?;
    }
    numbers(stage)
}

fn pause(stage: &mut ClientStage<'_>) -> Done {
    stage.shown()?;
    stage.seal_one(Pause { paused: true })?;
    stage.says("PAUSE-2", "epoch")?;
    let from = stage.fresh()?;
    stage.does(
        "send-frame",
        json!({ "width": 64, "height": 48, "seed": 2 }),
    )?;
    stage.moment(60)?;
    stage.never("PAUSE-5", from, "frame while paused", is_frame)?;
    stage.seal_one(Pause { paused: false })?;
    let frame = stage.sees("MEDIA-12", "a frame", is_frame)?;
    let right = is_complete(&frame) && matches!(frame, Item::Frame { epoch: 3, .. });
    stage.check(
        "MEDIA-12",
        right,
        "a complete frame of epoch 3",
        frame.to_string(),
    )?;
    numbers(stage)
}
