//! What a sharer does on a path, and with whom.

use alongside_wire::{media::Frame, rendezvous, session::Pause};
use serde_json::json;

use crate::{
    case::Case,
    cases::client::path::is_refused,
    quic::{Close, Manner, Met, Seen, connection_id},
    stage::{Blame, ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::sharer(
            "sharer/path/media",
            "a frame on a path comes as records of media on a frame stream, and nothing else comes there",
            &["PATH-26"],
            |stage| {
                stage.viewing_with_a_path()?;
                for seed in [2, 3] {
                    stage.must("PATH-26", ClientStage::films_by_the_path)?;
                    stage.films(seed)?;
                }
                stage.moment(50)?;
                let strange = |item: &Item| match item {
                    Item::Path(seen) => !matches!(seen, Seen::StreamEnded(_) | Seen::StreamReset(_)),
                    Item::MediaOnPath(_, opened) => opened.is_none(),
                    Item::Broken(..) => true,
                    _ => false,
                };
                stage.never("PATH-26", 0, "thing but media on the path", strange)
            },
        ),
        Case::sharer(
            "sharer/path/paused",
            "nothing comes on a path while the session is paused",
            &["PATH-26"],
            paused,
        )
        .needs("pause"),
        Case::sharer(
            "sharer/path/ways",
            "frames come on another stream after each change between a path and spliced streams, the first of them complete",
            &["PATH-28", "MEDIA-12"],
            ways,
        ),
        Case::sharer(
            "sharer/path/second",
            "a second connection does not come about while the first is there, and does it no harm",
            &["PATH-33"],
            |stage| {
                stage.viewing_with_a_path()?;
                stage.films_by_the_path()?;
                let manner = stage.manner()?;
                let [id, _] = stage.routing_ids()?;
                let within = stage.a_while();
                let second = stage.tries(&manner, &connection_id(id), within)?;
                is_ignored(stage, second)?;
                stage.must("PATH-33", ClientStage::films_by_the_path)?;
                Ok(())
            },
        )
        .twin("client/path/stands"),
        Case::sharer(
            "sharer/path/from-elsewhere",
            "a connection from another address than the relay's does not come about, and one from there does after it",
            &["PATH-33"],
            |stage| ignores_first(stage, |stage| stage.tries_from_elsewhere()),
        )
        .twin("client/path/stands"),
        Case::sharer(
            "sharer/path/other-id",
            "a connection without the routing id of the sharer does not come about, and one with it does after it",
            &["PATH-33"],
            |stage| {
                ignores_first(stage, |stage| {
                    let manner = stage.manner()?;
                    let [_, own] = stage.routing_ids()?;
                    let within = stage.a_while();
                    stage.tries(&manner, &connection_id(own), within)
                })
            },
        )
        .twin("client/path/stands"),
        Case::sharer(
            "sharer/path/no-certificate",
            "a helper that shows no certificate is refused",
            &["PATH-24"],
            |stage| {
                stage.paths = Some(1);
                stage.shown()?;
                stage.has_a_path()?;
                let manner = Manner {
                    identity: None,
                    ..stage.manner()?
                };
                is_refused(stage, &manner)
            },
        )
        .twin("client/path/stands"),
    ];
    all.into_iter().map(|case| case.needs("paths")).collect()
}

fn paused(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing_with_a_path()?;
    stage.films_by_the_path()?;
    stage.seal_one(Pause { paused: true })?;
    stage.hears("epoch")?;
    // What was sent before is on its way by the computer's clock.
    stage.moment(60)?;
    let from = stage.fresh()?;
    let picture = json!({ "width": 64, "height": 48, "seed": 2 });
    stage.does("send-frame", picture)?;
    stage.moment(60)?;
    stage.never("PATH-26", from, "media while paused", |item| {
        item.shows_the_screen()
    })?;
    stage.seal_one(Pause { paused: false })?;
    let frame = stage.await_("a frame", |item| matches!(item, Item::Frame { .. }))?;
    let right = matches!(frame, Item::Frame { epoch: 3, .. });
    stage.check("PATH-26", right, "a frame of epoch 3", frame.to_string())
}

/// By spliced streams, by a path, and by spliced streams again.
fn ways(stage: &mut ClientStage<'_>) -> Done {
    stage.paths = Some(1);
    stage.shown()?;
    let spliced = |item: &Item| match item {
        Item::Frame {
            path: false,
            stream,
            ..
        } => Some(*stream),
        _ => None,
    };
    stage.path_stands()?;
    let first = stage.must("PATH-28", ClientStage::films_by_the_path)?;
    complete(stage, &first)?;
    let before = stage.log.iter().filter_map(spliced).max().unwrap_or(0);
    stage.ends_the_path(alongside_wire::ErrorCode::Idle);
    stage.await_("the path closed", |item| {
        matches!(item, Item::Path(Seen::Closed(_)))
    })?;
    let frame = stage.must("PATH-28", |stage| stage.films_spliced(3))?;
    let other = spliced(&frame).is_some_and(|stream| stream > before);
    let seen = format!("{frame}, and before it stream {before}");
    stage.check("PATH-28", other, "a frame on another stream", seen)?;
    complete(stage, &frame)
}

fn complete(stage: &mut ClientStage<'_>, frame: &Item) -> Done {
    let complete = matches!(
        frame,
        Item::Frame {
            frame: Ok(Frame { complete: true, .. }),
            ..
        }
    );
    stage.check("MEDIA-12", complete, "a complete frame", frame.to_string())
}

/// A connection that must not come about, and then one that must.
fn ignores_first(
    stage: &mut ClientStage<'_>,
    tries: impl FnOnce(&mut ClientStage<'_>) -> Done<Result<Met, Close>>,
) -> Done {
    stage.paths = Some(1);
    stage.shown()?;
    stage.has_a_path()?;
    let manner = stage.manner()?;
    stage.opens_the_path(&manner)?;
    let wrong = tries(stage)?;
    is_ignored(stage, wrong)?;
    let met = stage.must("PATH-33", |stage| stage.meets(&manner))?;
    stage.goes_by(met)?;
    stage.must("PATH-33", ClientStage::films_by_the_path)?;
    Ok(())
}

fn is_ignored(stage: &mut ClientStage<'_>, tried: Result<Met, Close>) -> Done {
    let blame = Blame::from("PATH-33");
    let expected = "no connection that comes about";
    stage.check(&blame, tried.is_err(), expected, "it did")?;
    let over = |item: &Item| matches!(item, Item::ToRelay(rendezvous::Message::PathOver(_)));
    stage.never(&blame, 0, "path-over", over)
}
