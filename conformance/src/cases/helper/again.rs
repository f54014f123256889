//! The way back, at a helper; and a sign-in, at both ends.

use alongside_state_machine::channel::reconnect::Answers;
use alongside_wire::{
    ErrorCode, Scopes,
    envelope::{AnswerClear, Envelope, ReconnectClear},
    limits::{FAILED_PROOFS, timers},
    rendezvous::{Message, Refused, SignedIn},
    session::State,
};
use serde_json::json;

use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let again = again().into_iter().map(|case| case.needs("reconnect"));
    let sign_in = sign_in().into_iter().map(|case| case.needs("sign-in"));
    again.chain(sign_in).collect()
}

fn again() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/again/grant-lost",
            "the grant ends with lost when the session freezes",
            &["RECON-3"],
            |stage| {
                stage.controlled(Scopes::CONTROL)?;
                stage.fresh()?;
                stage.says_peer_lost();
                let ended = stage.tells("RECON-3", "control-ended")?;
                let right = ended.text("code") == ErrorCode::Lost.name();
                stage.check("RECON-3", right, "lost", format!("{ended:?}"))
            },
        )
        .needs("control"),
        Case::helper(
            "helper/again/attempts",
            "an attempt is made when the other end is there, and another each time that it is not answered; they are numbered from 1",
            &["RECON-11", "RECON-13", "RECON-12"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.rejoins(true)?;
                for attempt in 1..=3 {
                    let first = stage.must("RECON-11", ClientStage::reconnect_1)?;
                    let clear = ReconnectClear::read(&first.clear);
                    let right = matches!(&clear, Ok(clear) if clear.attempt == attempt && clear.generation == 0);
                    let seen = format!("{clear:?}");
                    stage.check("RECON-13", right, &format!("attempt {attempt}"), seen)?;
                    stage.must("RECON-12", |stage| {
                        stage.answer_of(&mut Answers::default(), &first)
                    })?;
                    let from = stage.fresh()?;
                    stage.pass(timers::RECONNECT_RETRY - 1)?;
                    stage.never("RECON-11", from, "attempt yet", |item| {
                        item.is_envelope("reconnect-1")
                    })?;
                    stage.pass(1)?;
                }
                Ok(())
            },
        ),
        Case::helper(
            "helper/again/nobody-there",
            "no attempt is made while the other end is not there",
            &["RECON-11"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.rejoins(false)?;
                let from = stage.fresh()?;
                stage.pass(10_000)?;
                stage.never("RECON-11", from, "attempt", |item| {
                    item.is_envelope("reconnect-1")
                })
            },
        ),
        Case::helper(
            "helper/again/state-first",
            "state is the first record under the next master",
            &["RECON-18"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                let from = stage.here();
                stage.rejoins(true)?;
                stage.handshakes_again()?;
                stage.must("RECON-18", ClientStage::told_state)?;
                let first = stage.log.iter().skip(from).find_map(Item::sealed).cloned();
                let right = first.as_ref().is_some_and(|first| first.name() == "state");
                stage.check("RECON-18", right, "state first", format!("{first:?}"))
            },
        ),
        Case::helper(
            "helper/again/old-attempt",
            "an answer to another attempt than the outstanding one is ignored",
            &["RECON-21"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.rejoins(true)?;
                let first = stage.reconnect_1()?;
                let old = stage.answer_of(&mut Answers::default(), &first)?;
                stage.pass(timers::RECONNECT_RETRY)?;
                let second = stage.reconnect_1()?;
                let from = stage.fresh()?;
                stage.deliver(old);
                stage.never("RECON-21", from, "record", |item| {
                    item.sealed().is_some() || *item == Item::Unopened
                })?;
                let mut answers = Answers::default();
                let answer = stage.answer_of(&mut answers, &second)?;
                stage.takes_answer(answer, answers)?;
                stage.must("RECON-21", ClientStage::told_state).map(|_| ())
            },
        ),
        Case::helper(
            "helper/again/too-many-proofs",
            "after 8 answers that prove nothing a right one is ignored, until some time has passed",
            &["RECON-20"],
            too_many_proofs,
        ),
        Case::helper(
            "helper/again/consents",
            "the scopes of a state are taken as those of consent, if there was none",
            &["RECON-26"],
            |stage| {
                stage.deciding()?;
                back(stage)?;
                let state = State {
                    scopes: Scopes::CONSENT,
                    ..stage.state()
                };
                stage.fresh()?;
                stage.seal_one(state)?;
                stage.tells("RECON-26", "viewing").map(|_| ())
            },
        ),
        Case::helper(
            "helper/again/consents-too-much",
            "a state that consents beyond view and chat ends the session",
            &["RECON-25"],
            |stage| {
                stage.deciding()?;
                back(stage)?;
                let scopes = Scopes::VIEW.union(Scopes::POINTER);
                let state = State {
                    scopes,
                    ..stage.state()
                };
                stage.seal_one(state)?;
                stage.ends("RECON-25", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/again/consents"),
        Case::helper(
            "helper/again/lower-epoch",
            "a state with a lower epoch than the helper knows ends the session",
            &["RECON-25"],
            |stage| {
                stage.viewing()?;
                back(stage)?;
                let state = State {
                    epoch: 0,
                    ..stage.state()
                };
                stage.seal_one(state)?;
                stage.ends("RECON-25", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/again/back"),
        Case::helper(
            "helper/again/other-scopes",
            "a state with other scopes than were consented to ends the session",
            &["RECON-25"],
            |stage| {
                stage.viewing()?;
                back(stage)?;
                let state = State {
                    scopes: Scopes::VIEW,
                    ..stage.state()
                };
                stage.seal_one(state)?;
                stage.ends("RECON-25", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/again/back"),
    ]
}

fn too_many_proofs(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.loses()?;
    stage.rejoins(true)?;
    let first = stage.reconnect_1()?;
    let right = stage.answer_of(&mut Answers::default(), &first)?;
    let Ok(Some(Envelope::Reconnect2(mut wrong))) = Envelope::read(&right) else {
        return Err(Stop::Harness("no answer".to_owned()));
    };
    wrong.noise.reverse();
    for _ in 0..FAILED_PROOFS {
        stage.deliver(Envelope::from(wrong.clone()).to_bytes());
    }
    let from = stage.fresh()?;
    stage.deliver(right);
    stage.never("RECON-20", from, "record", |item| {
        item.sealed().is_some() || *item == Item::Unopened
    })?;
    // Of two more attempts the second is made when those have been forgotten.
    stage.pass(timers::RECONNECT_RETRY)?;
    stage.reconnect_1()?;
    stage.pass(timers::RECONNECT_RETRY)?;
    let last = stage.reconnect_1()?;
    let mut answers = Answers::default();
    let answer = stage.answer_of(&mut answers, &last)?;
    stage.takes_answer(answer, answers)?;
    stage.must("RECON-20", ClientStage::told_state).map(|_| ())
}

fn back(stage: &mut ClientStage<'_>) -> Done {
    stage.loses()?;
    stage.rejoins(true)?;
    stage.handshakes_again()?;
    stage.told_state().map(|_| ())
}

fn sign_in() -> Vec<Case> {
    vec![
        Case::client(
            "client/sign-in/refused",
            "a client whose sign-in is refused ends",
            &["AUTH-9"],
            |stage| {
                signs_in(stage)?;
                stage.say(Refused {
                    code: ErrorCode::SignInFailed.to_wire(),
                });
                let ended = stage.tells("AUTH-9", "ended")?;
                let right = ended.text("code") == ErrorCode::SignInFailed.name();
                stage.check("AUTH-9", right, "sign-in-failed", format!("{ended:?}"))
            },
        )
        .twin("client/sign-in/first"),
        Case::client(
            "client/sign-in/first",
            "a client that signs in does so before it asks for anything else, and goes on when it is signed in",
            &["RDV-5"],
            |stage| {
                signs_in(stage)?;
                let asks = |stage: &mut ClientStage<'_>| signed_in(stage, Scopes::ALL, Scopes::ALL);
                stage.must("RDV-5", asks).map(|_| ())
            },
        ),
        Case::client(
            "client/sign-in/ceiling",
            "the ceiling of an offer is within share, and that of an answer within help",
            &["AUTH-19", "AUTH-20"],
            |stage| {
                signs_in(stage)?;
                let within = Scopes::CONSENT.union(Scopes::POINTER);
                let (help, share) = match stage.role {
                    Role::Helper => (within, Scopes::ALL),
                    Role::Sharer => (Scopes::ALL, within),
                };
                let asked = signed_in(stage, help, share)?;
                let ceiling = match asked {
                    Message::Join(join) => match Envelope::read(&join.offer) {
                        Ok(Some(Envelope::Offer(offer))) => offer.ceiling,
                        _ => return Err(Stop::Harness("no offer".to_owned())),
                    },
                    _ => {
                        stage.gets_code()?;
                        match stage.offers()? {
                            Envelope::Answer(answer) => {
                                AnswerClear::read(&answer.clear)
                                    .map_err(|error| Stop::Harness(error.to_string()))?
                                    .ceiling
                            }
                            _ => return Err(Stop::Harness("no answer".to_owned())),
                        }
                    }
                };
                let right = within.contains(ceiling);
                let seen = format!("{ceiling:?}");
                let requirement = match stage.role {
                    Role::Helper => "AUTH-19",
                    Role::Sharer => "AUTH-20",
                };
                stage.check(requirement, right, "a ceiling within it", seen)
            },
        ),
    ]
}

fn signs_in(stage: &mut ClientStage<'_>) -> Done {
    stage.set_up(&json!({ "token": "a-token" }))?;
    stage.connects()?;
    stage.greet();
    stage.await_("sign-in", |item| item.is_to_relay("sign-in"))?;
    Ok(())
}

/// Signed in with these ceilings; what it asks for then.
fn signed_in(stage: &mut ClientStage<'_>, help: Scopes, share: Scopes) -> Done<Message> {
    stage.say(SignedIn {
        help,
        share,
        name: "Ada".to_owned(),
        organisation: String::new(),
        lasts_ms: 3_600_000,
    });
    let asks = |item: &Item| item.is_to_relay("join") || item.is_to_relay("code-request");
    match stage.await_("join or code-request", asks)? {
        Item::ToRelay(message) => Ok(message),
        other => Err(Stop::Harness(format!("{other} is no message"))),
    }
}
