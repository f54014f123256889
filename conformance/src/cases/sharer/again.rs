//! The way back, at a sharer.

use alongside_state_machine::channel::reconnect::Attempts;
use alongside_wire::{
    ErrorCode, Scopes,
    envelope::{Envelope, Reconnect1, ReconnectClear},
    limits::{FAILED_PROOFS, timers},
    session::{ControlDeny, Epoch, Message, SecureDesktop, State},
};
use serde_json::json;

use super::media::is_media;
use crate::{
    case::Case,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [freezing(), handshake(), going_on()].concat();
    all.into_iter()
        .map(|case| case.needs("reconnect"))
        .collect()
}

fn freezing() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/again/grant-lost",
            "the live grant ends with lost when the session freezes, and everything is released",
            &["RECON-2", "CONTROL-24"],
            |stage| {
                stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.says_peer_lost();
                let ended = stage.tells("RECON-2", "control-ended")?;
                let right = ended.text("code") == ErrorCode::Lost.name();
                stage.check("RECON-2", right, "lost", format!("{ended:?}"))?;
                super::grants::released(stage, from)
            },
        )
        .needs("control"),
        Case::sharer(
            "sharer/again/prompt-closed",
            "an open prompt for control closes when the session freezes",
            &["RECON-2"],
            |stage| {
                stage.ready_for_control()?;
                stage.prompted(Scopes::CONTROL)?;
                stage.says_peer_lost();
                stage.tells("RECON-2", "prompt-closed").map(|_| ())
            },
        )
        .needs("control"),
        Case::sharer(
            "sharer/again/no-media",
            "no media is sent while the session is frozen",
            &["RECON-2", "RECON-7"],
            |stage| {
                stage.shown()?;
                stage.says_peer_lost();
                stage.told("frozen")?;
                let from = stage.fresh()?;
                stage.does(
                    "send-frame",
                    json!({ "width": 64, "height": 48, "seed": 2 }),
                )?;
                stage.moment(60)?;
                stage.never(["RECON-2", "RECON-7"], from, "media", is_media)
            },
        ),
        Case::sharer(
            "sharer/again/consent-while-frozen",
            "no answer that consents is taken while the session is frozen",
            &["RECON-8"],
            |stage| {
                stage.deciding()?;
                stage.does("contact", json!({ "by": "person" }))?;
                stage.says_peer_lost();
                stage.told("frozen")?;
                stage.may_not("RECON-8", "consent", json!({ "allow": true }))?;
                stage.never("RECON-8", 0, "word of the screen", Item::shows_the_screen)
            },
        )
        .twin("sharer/consent/given"),
        Case::sharer(
            "sharer/again/refused-while-frozen",
            "a refusal is taken while the session is frozen",
            &["CONSENT-3"],
            |stage| {
                stage.deciding()?;
                stage.says_peer_lost();
                stage.told("frozen")?;
                stage.does("consent", json!({ "allow": false }))?;
                let ended = stage.tells("CONSENT-3", "ended")?;
                let right = ended.text("code") == ErrorCode::Declined.name();
                stage.check("CONSENT-3", right, "declined", format!("{ended:?}"))
            },
        ),
        Case::sharer(
            "sharer/again/prompt-runs-out",
            "the time of the prompt for consent runs on while the session is frozen",
            &["CONSENT-4"],
            |stage| {
                stage.deciding()?;
                stage.pass(timers::CONSENT_PROMPT - 5_000)?;
                stage.says_peer_lost();
                stage.told("frozen")?;
                stage.pass(5_000)?;
                let ended = stage.tells("CONSENT-4", "ended")?;
                let right = ended.text("code") == ErrorCode::Declined.name();
                stage.check("CONSENT-4", right, "declined", format!("{ended:?}"))
            },
        ),
    ]
}

fn handshake() -> Vec<Case> {
    type Change = fn(&mut ReconnectClear);
    let unfit: [(&str, &str, Change); 6] = [
        ("version", "another version", |clear| clear.version += 1),
        ("suite", "another suite", |clear| clear.suite ^= 3),
        ("session", "another session id", |clear| {
            clear.session_id[0] ^= 1
        }),
        ("master", "another master", |clear| {
            clear.master_hash[0] ^= 1
        }),
        ("generation", "another generation", |clear| {
            clear.generation += 1
        }),
        ("attempt-0", "the attempt 0", |clear| clear.attempt = 0),
    ];
    let unfit = unfit.into_iter().map(|(name, what, how)| {
        Case::sharer(
            format!("sharer/again/unfit-{name}"),
            format!("a reconnect-1 of {what} is ignored, and freezes nothing"),
            &["RECON-14"],
            move |stage| {
                stage.viewing()?;
                let from = stage.fresh()?;
                let mut first = first_of(stage, &mut Attempts::default())?;
                if let Ok(mut clear) = ReconnectClear::read(&first.clear) {
                    how(&mut clear);
                    first.clear = clear.to_bytes();
                }
                ignored(stage, from, first)
            },
        )
        .twin("sharer/again/while-up")
    });
    let all = vec![
        Case::sharer(
            "sharer/again/while-up",
            "an authentic reconnect-1 freezes the session that was up, and is answered",
            &["RECON-15", "RECON-4"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                stage.handshakes_again()?;
                stage.tells(["RECON-15", "RECON-4"], "frozen").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/again/unfit-clear",
            "a reconnect-1 whose clear part is no encoding is ignored",
            &["RECON-14"],
            |stage| {
                stage.viewing()?;
                let from = stage.fresh()?;
                let first = Reconnect1 {
                    clear: vec![1; 59],
                    noise: vec![0; 48],
                };
                ignored(stage, from, first)
            },
        )
        .twin("sharer/again/while-up"),
        Case::sharer(
            "sharer/again/attempt-again",
            "a reconnect-1 whose attempt is not above every authentic one is ignored",
            &["RECON-14"],
            |stage| {
                stage.viewing()?;
                let first = first_of(stage, &mut Attempts::default())?;
                stage.frozen_from_here();
                stage.deliver(Envelope::from(first.clone()).to_bytes());
                stage.reconnect_2()?;
                let from = stage.fresh()?;
                ignored(stage, from, first)
            },
        )
        .twin("sharer/again/next-attempt"),
        Case::sharer(
            "sharer/again/next-attempt",
            "a reconnect-1 with the next attempt is answered, and takes the place of the one before",
            &["RECON-15"],
            |stage| {
                stage.viewing()?;
                let mut attempts = Attempts::default();
                stage.frozen_from_here();
                for _ in 0..3 {
                    let first = stage.attempt(&mut attempts)?;
                    stage.deliver(first);
                    stage.sees("RECON-15", "reconnect-2", |item| {
                        item.is_envelope("reconnect-2")
                    })?;
                }
                Ok(())
            },
        ),
        Case::sharer(
            "sharer/again/nothing-under-a-candidate",
            "nothing is sealed after reconnect-2 before a record has opened under the next master",
            &["RECON-16", "RECON-7"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.rejoins(true)?;
                let from = stage.fresh()?;
                stage.handshakes_again()?;
                stage.pass(5_000)?;
                let blame = ["RECON-16", "RECON-7"];
                stage.never(blame, from, "sealed record", is_sealed)
            },
        ),
        Case::sharer(
            "sharer/again/state-first",
            "state is the first record under the next master, and says what the sharer knows",
            &["RECON-22"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.rejoins(true)?;
                let from = stage.fresh()?;
                stage.reconnects()?;
                stage.told("back")?;
                stage.settle()?;
                let first = stage.log.iter().skip(from).find_map(Item::sealed).cloned();
                let consented = stage.consented;
                let expected = State {
                    paused: false,
                    scopes: consented,
                    epoch: 1,
                    grant: 0,
                    sent: 0,
                    received: 0,
                };
                let right = first == Some(expected.into());
                stage.check("RECON-22", right, "state first", format!("{first:?}"))
            },
        ),
        Case::sharer(
            "sharer/again/second-master",
            "a helper whose reconnect-2 or state was lost begins under the next master, and is answered",
            &["RECON-17"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.rejoins(true)?;
                stage.handshakes_again()?;
                // The state is lost; the next handshake is under the candidate.
                stage.must("RECON-17", ClientStage::handshakes_again)?;
                let state = stage.state();
                stage.seal_one(state)?;
                stage.tells("RECON-17", "back").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/again/too-many-proofs",
            "after 8 proofs that failed a right one is ignored, until some time has passed",
            &["RECON-20"],
            too_many_proofs,
        ),
        Case::sharer(
            "sharer/again/grant-not-made",
            "a state with a higher grant than was made ends the session",
            &["RECON-25"],
            |stage| lies(stage, |state| state.grant = 1),
        )
        .twin("client/again/back"),
        Case::sharer(
            "sharer/again/epoch-not-made",
            "a state with a higher epoch than was made ends the session",
            &["RECON-25"],
            |stage| lies(stage, |state| state.epoch = 2),
        )
        .twin("client/again/back"),
        Case::sharer(
            "sharer/again/scopes-not-given",
            "a state with scopes that were not consented to ends the session",
            &["RECON-25"],
            |stage| {
                lies(stage, |state| {
                    state.scopes = Scopes::CONSENT.union(Scopes::POINTER)
                })
            },
        )
        .twin("client/again/back"),
    ];
    all.into_iter().chain(unfit).collect()
}

fn is_sealed(item: &Item) -> bool {
    item.sealed().is_some() || *item == Item::Unopened
}

fn first_of(stage: &mut ClientStage<'_>, attempts: &mut Attempts) -> Done<Reconnect1> {
    let first = stage.attempt(attempts)?;
    match Envelope::read(&first) {
        Ok(Some(Envelope::Reconnect1(first))) => Ok(first),
        other => Err(Stop::Harness(format!("{other:?} is no attempt"))),
    }
}

fn ignored(stage: &mut ClientStage<'_>, from: usize, first: Reconnect1) -> Done {
    stage.deliver(Envelope::from(first).to_bytes());
    stage.never("RECON-14", from, "reconnect-2", |item| {
        item.is_envelope("reconnect-2")
    })?;
    stage.never_tells("RECON-14", from, "frozen")?;
    stage.goes_on("RECON-14")
}

fn lies(stage: &mut ClientStage<'_>, how: impl Fn(&mut State)) -> Done {
    stage.viewing()?;
    stage.loses()?;
    stage.rejoins(true)?;
    stage.handshakes_again()?;
    let mut state = stage.state();
    how(&mut state);
    stage.seal_one(state)?;
    stage.ends("RECON-25", ErrorCode::UnexpectedMessage)
}

fn too_many_proofs(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.frozen_from_here();
    let mut attempts = Attempts::default();
    for _ in 0..FAILED_PROOFS {
        let mut first = first_of(stage, &mut attempts)?;
        first.noise.reverse();
        stage.deliver(Envelope::from(first).to_bytes());
    }
    let from = stage.fresh()?;
    let first = stage.attempt(&mut attempts)?;
    stage.deliver(first);
    stage.never("RECON-20", from, "reconnect-2", |item| {
        item.is_envelope("reconnect-2")
    })?;
    stage.frozen_no_more();
    stage.pass(timers::PROOF_WINDOW)?;
    let first = stage.attempt(&mut attempts)?;
    stage.frozen_from_here();
    stage.deliver(first);
    stage
        .sees("RECON-20", "reconnect-2", |item| {
            item.is_envelope("reconnect-2")
        })
        .map(|_| ())
}

fn going_on() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/again/epoch",
            "displays come again, then the next epoch, when the session goes on",
            &["RECON-27"],
            |stage| {
                stage.shown()?;
                stage.comes_back()?;
                stage.says("RECON-27", "displays")?;
                stage.says_this(
                    "RECON-27",
                    Epoch {
                        epoch: 2,
                        paused: false,
                    },
                )
            },
        ),
        Case::sharer(
            "sharer/again/advisory",
            "an advisory that was not acknowledged comes again, between displays and epoch",
            &["RECON-36"],
            |stage| {
                stage.manners.advisory_ack = false;
                stage.viewing()?;
                stage.comes_back()?;
                stage.hears("displays")?;
                stage.says("RECON-36", "advisory")?;
                stage.says("RECON-36", "epoch").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/again/advisory-acknowledged",
            "an advisory that was acknowledged does not come again",
            &["RECON-36", "ADVISORY-1"],
            |stage| {
                stage.viewing()?;
                let from = stage.fresh()?;
                let order = ["displays", "advisory", "epoch"];
                let said: Vec<_> = stage.log.iter().filter_map(Item::sealed).collect();
                let names = said.iter().map(|message| message.name());
                let names: Vec<_> = names.filter(|name| order.contains(name)).collect();
                let (once, seen) = (names == order, format!("{names:?}"));
                stage.check("ADVISORY-1", once, "an advisory between the two", seen)?;
                stage.comes_back()?;
                stage.hears("epoch")?;
                stage.never("RECON-36", from, "advisory", |item| {
                    item.is_sealed("advisory")
                })
            },
        ),
        Case::sharer(
            "sharer/again/secure-desktop",
            "what was said of the system's question is said again, as it is then",
            &["RECON-35"],
            |stage| {
                stage.viewing()?;
                stage.does("secure-desktop", json!({ "active": true }))?;
                stage.hears("secure-desktop")?;
                stage.comes_back()?;
                stage.hears("epoch")?;
                stage.says_this("RECON-35", SecureDesktop { active: true })
            },
        )
        .needs("secure-desktop"),
        Case::sharer(
            "sharer/again/control-not-yet",
            "a request is too early until a frame of the new epoch was shown",
            &["RECON-29"],
            |stage| {
                stage.ready_for_control()?;
                stage.manners.shown = false;
                stage.comes_back()?;
                stage.hears("epoch")?;
                stage.await_("a frame", |item| {
                    matches!(item, Item::Frame { epoch: 2, .. })
                })?;
                stage.pass(11_000)?;
                let from = stage.fresh()?;
                let request = stage.requests(Scopes::CONTROL)?;
                let code = ErrorCode::TooEarly.to_wire();
                stage.says_this("RECON-29", ControlDeny { request, code })?;
                stage.never_tells("RECON-29", from, "control-asked")?;
                let frame = stage.latest_frame();
                stage.seal(&[Message::from(alongside_wire::session::Shown { frame })])?;
                stage.requests(Scopes::CONTROL)?;
                stage.tells("RECON-29", "control-asked").map(|_| ())
            },
        )
        .needs("control"),
        Case::sharer(
            "sharer/again/grants-go-on",
            "numbers of grants go on after a reconnect",
            &["CONTROL-13"],
            |stage| {
                let old = stage.controlled(Scopes::CONTROL)?.grant;
                stage.comes_back()?;
                stage.hears("epoch")?;
                stage.does(
                    "send-frame",
                    json!({ "width": 64, "height": 48, "seed": 3 }),
                )?;
                stage.await_("a frame", |item| {
                    matches!(item, Item::Frame { epoch: 2, .. })
                })?;
                stage.pass(11_000)?;
                let new = stage.controls(Scopes::CONTROL)?.grant;
                stage.check(
                    "CONTROL-13",
                    new > old,
                    "a higher id",
                    format!("{new} after {old}"),
                )
            },
        )
        .needs("control"),
    ]
}
