//! The pause flags, and the epochs that follow them, at a sharer.

use alongside_wire::{
    ErrorCode,
    session::{Epoch, EpochSeen, Message, Pause},
};

use crate::{
    case::Case,
    stage::{ClientStage, Done},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::sharer(
            "sharer/pause/own",
            "the person pauses and goes on: pause is sent, and the epoch rises by 1 each time",
            &["PAUSE-1", "PAUSE-2"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                stage.act("pause")?;
                stage.says_this("PAUSE-1", Pause { paused: true })?;
                stage.says_this(
                    "PAUSE-2",
                    Epoch {
                        epoch: 2,
                        paused: true,
                    },
                )?;
                stage.act("unpause")?;
                stage.says_this("PAUSE-1", Pause { paused: false })?;
                stage.says_this(
                    "PAUSE-2",
                    Epoch {
                        epoch: 3,
                        paused: false,
                    },
                )
            },
        ),
        Case::sharer(
            "sharer/pause/other",
            "the helper pauses and goes on: the epoch rises by 1 each time",
            &["PAUSE-2"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                stage.seal_one(Pause { paused: true })?;
                stage.says_this(
                    "PAUSE-2",
                    Epoch {
                        epoch: 2,
                        paused: true,
                    },
                )?;
                stage.seal_one(Pause { paused: false })?;
                stage.says_this(
                    "PAUSE-2",
                    Epoch {
                        epoch: 3,
                        paused: false,
                    },
                )
            },
        ),
        Case::sharer(
            "sharer/pause/both",
            "the session is paused while either flag is set: the second changes no epoch, and the last that is unset does",
            &["PAUSE-2"],
            both,
        ),
        Case::sharer(
            "sharer/pause/before-consent",
            "a flag that is set before consent makes epoch 1 one that is paused",
            &["PAUSE-2", "PAUSE-3"],
            |stage| {
                stage.deciding()?;
                stage.seal_one(Pause { paused: true })?;
                stage.settle()?;
                stage.agrees()?;
                stage.says_this(
                    "PAUSE-3",
                    Epoch {
                        epoch: 1,
                        paused: true,
                    },
                )?;
                stage.seal_one(Pause { paused: false })?;
                stage.says_this(
                    "PAUSE-2",
                    Epoch {
                        epoch: 2,
                        paused: false,
                    },
                )
            },
        ),
        Case::sharer(
            "sharer/pause/unset-by-the-other",
            "the helper cannot unset the person's flag",
            &["PAUSE-2", "PAUSE-12"],
            |stage| {
                stage.viewing()?;
                stage.act("pause")?;
                let from = stage.fresh()?;
                stage.seal_one(Pause { paused: false })?;
                stage.never("PAUSE-2", from, "epoch", |item| item.is_sealed("epoch"))?;
                stage.never_tells("PAUSE-12", from, "paused")
            },
        ),
        Case::sharer(
            "sharer/pause/earlier-epoch",
            "an epoch-seen of an earlier epoch is no error",
            &["PAUSE-7"],
            |stage| {
                stage.viewing()?;
                stage.act("pause")?;
                stage.act("unpause")?;
                stage.seal_one(EpochSeen { epoch: 1 })?;
                stage.goes_on("PAUSE-7")
            },
        ),
        Case::sharer(
            "sharer/pause/later-epoch",
            "an epoch-seen of an epoch after the latest is an error",
            &["PAUSE-7"],
            |stage| {
                stage.viewing()?;
                stage.act("pause")?;
                stage.act("unpause")?;
                stage.seal_one(EpochSeen { epoch: 4 })?;
                stage.ends("PAUSE-7", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/pause/earlier-epoch"),
    ];
    all.into_iter().map(|case| case.needs("pause")).collect()
}

fn both(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.fresh()?;
    stage.act("pause")?;
    stage.says_this(
        "PAUSE-2",
        Epoch {
            epoch: 2,
            paused: true,
        },
    )?;
    let from = stage.fresh()?;
    stage.seal_one(Pause { paused: true })?;
    stage.settle()?;
    stage.act("unpause")?;
    stage.never("PAUSE-2", from, "epoch", |item| item.is_sealed("epoch"))?;
    stage.seal_one(Pause { paused: false })?;
    let epoch = stage.says("PAUSE-2", "epoch")?;
    let right = matches!(
        epoch,
        Message::Epoch(Epoch {
            epoch: 3,
            paused: false
        })
    );
    stage.check("PAUSE-2", right, "epoch 3, running", format!("{epoch:?}"))
}
