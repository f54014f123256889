//! Codes, and the key exchange at a helper, with offers that are wrong in one way each.

use alongside_state_machine::channel::handshake::Offering;
use alongside_wire::{
    ErrorCode, Scopes, Suite,
    code::{Code, Secret},
    envelope::{Answer, AnswerClear, Confirm, Envelope, Offer, Sealed},
    limits::timers,
    rendezvous::{Gone, Joined, Leave, Refused},
    session::{Introduce, Message},
};
use serde_json::json;

use crate::{
    case::Case,
    cases::client::exchange::{POINTS, secret_stays, words},
    stage::{ClientStage, Done, Item, NAME, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let mut all = [codes(), offers(), confirms()].concat();
    for (name, what, point) in POINTS {
        let case = Case::helper(
            format!("helper/exchange/{name}"),
            format!("a join whose element {what} is given up with bad-point"),
            &["KEX-8"],
            move |stage| {
                offered(stage, "KEX-8", ErrorCode::BadPoint, |offer| {
                    offer.element = point()
                })
            },
        );
        all.push(case.twin("helper/exchange/right"));
    }
    all
}

fn codes() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/code/shown",
            "the code that is shown has the relay's locator and a secret of 4 characters",
            &["CODE-2"],
            |stage| {
                let code = stage.has_code()?;
                let secret = code.secret.as_str().len() == 4;
                stage.check("CODE-2", secret, "a secret of 4", code.to_string())
            },
        ),
        Case::helper(
            "helper/code/secret-stays",
            "nothing that the helper says to the relay holds the secret",
            &["CODE-6"],
            secret_stays,
        ),
        Case::helper(
            "helper/code/one-join",
            "a code is spent by its first join: another one is answered with nothing but an end",
            &["CODE-9"],
            |stage| {
                stage.securing()?;
                let from = stage.fresh()?;
                let offer = Envelope::from(offer_of(stage)?).to_bytes();
                stage.say(Joined { offer });
                stage.await_("the connection closed", |item| {
                    matches!(item, Item::Closed(_))
                })?;
                let again = stage.count(from, |item| item.is_envelope("answer"));
                stage.check("CODE-9", again == 0, "no second answer", again.to_string())
            },
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/code/spent-in-vain",
            "a code whose join came to nothing is spent: the next one has another secret",
            &["CODE-8"],
            |stage| {
                let first = stage.has_code()?;
                broken_join(stage)?;
                stage.told("code-ended")?;
                stage.act("create-code")?;
                stage.await_("code-request", |item| item.is_to_relay("code-request"))?;
                let second = stage.gets_code()?;
                let other = first.secret != second.secret;
                stage.check("CODE-8", other, "another secret", second.to_string())
            },
        ),
        Case::helper(
            "helper/code/warning",
            "when 3 codes were spent without a session within an hour, the next one is asked for 60 seconds later",
            &["CODE-13"],
            warned,
        ),
        Case::helper(
            "helper/code/expired",
            "a code that has died is told, and another one can be asked for",
            &["END-7"],
            |stage| {
                stage.has_code()?;
                stage.say(Gone {
                    code: ErrorCode::CodeExpired.to_wire(),
                });
                let ended = stage.tells("END-7", "code-ended")?;
                let right = ended.text("code") == "code-expired";
                stage.check("END-7", right, "code-expired", format!("{ended:?}"))?;
                stage.act("create-code")?;
                stage.await_("code-request", |item| item.is_to_relay("code-request"))?;
                Ok(())
            },
        ),
        Case::helper(
            "helper/code/busy",
            "a helper that is refused a code for now is told, and may ask again",
            &["END-7"],
            |stage| {
                stage.asking()?;
                stage.say(Refused {
                    code: ErrorCode::Busy.to_wire(),
                });
                let ended = stage.tells("END-7", "code-ended")?;
                let right = ended.text("code") == "busy";
                stage.check("END-7", right, "busy", format!("{ended:?}"))?;
                stage.act("create-code")?;
                stage.await_("code-request", |item| item.is_to_relay("code-request"))?;
                Ok(())
            },
        ),
        Case::helper(
            "helper/code/idle",
            "a helper ends when the relay says gone with idle",
            &["END-5"],
            |stage| {
                stage.has_code()?;
                stage.say(Gone {
                    code: ErrorCode::Idle.to_wire(),
                });
                stage.tells("END-5", "ended").map(|_| ())
            },
        ),
    ]
}

/// Somebody joins with an offer that cannot be answered.
pub(super) fn broken_join(stage: &mut ClientStage<'_>) -> Done {
    joins_with(stage, |offer| offer.versions = vec![2])
}

fn warned(stage: &mut ClientStage<'_>) -> Done {
    stage.has_code()?;
    for spent in 1..=3 {
        broken_join(stage)?;
        stage.told("code-ended")?;
        let from = stage.fresh()?;
        let asked = |item: &Item| item.is_to_relay("code-request");
        if spent < 3 {
            stage.act("create-code")?;
            stage.await_("code-request", asked)?;
            stage.gets_code()?;
            continue;
        }
        // It may be refused, or be kept until then.
        let _ = stage.ask("create-code", json!({}))?;
        stage.pass(timers::SPENT_DELAY - 1_000)?;
        stage.never("CODE-13", from, "code-request", asked)?;
        stage.pass(1_000)?;
        stage.settle()?;
        if !stage.has_come(from, asked) {
            stage.act("create-code")?;
        }
        stage.sees("CODE-13", "code-request", asked)?;
    }
    Ok(())
}

fn offers() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/exchange/right",
            "a right offer is answered: version 1, a suite that was offered, and after the confirmation introduce with the opening",
            &["KEX-2", "KEX-7", "KEX-10", "KEX-11", "KEX-14", "KEY-1", "KEY-2", "KEY-3"],
            right,
        ),
        Case::helper(
            "helper/exchange/suite-1-alone",
            "an offer of suite 1 alone is answered",
            &["KEX-6", "KEX-2"],
            |stage| {
                stage.suites = vec![Suite::ChaChaPoly];
                stage.has_code()?;
                let answer = stage.must("KEX-6", ClientStage::offers)?;
                chooses(stage, &answer, 1).map(|_| ())
            },
        ),
        Case::helper(
            "helper/exchange/phrase",
            "the phrase that is shown is that of both ends",
            &["KEX-19"],
            phrase,
        ),
        Case::helper(
            "helper/exchange/unknown-suite-first",
            "suites that nobody knows are passed over",
            &["KEX-2"],
            |stage| {
                stage.has_code()?;
                joins_with(stage, |offer| offer.suites = vec![9, 1])?;
                let clear = answer_of(stage)?;
                stage.check("KEX-2", clear.suite == 1, "suite 1", format!("{clear:?}"))
            },
        ),
        Case::helper(
            "helper/exchange/unknown-version-first",
            "versions that nobody knows are passed over",
            &["KEX-2"],
            |stage| {
                stage.has_code()?;
                joins_with(stage, |offer| offer.versions = vec![7, 1])?;
                let clear = answer_of(stage)?;
                stage.check("KEX-2", clear.version == 1, "version 1", format!("{clear:?}"))
            },
        ),
        Case::helper(
            "helper/exchange/version",
            "a join whose offer has no version that is spoken is given up with no-common-version",
            &["KEX-3"],
            |stage| {
                offered(stage, "KEX-3", ErrorCode::NoCommonVersion, |offer| {
                    offer.versions = vec![2, 0];
                })
            },
        )
        .twin("helper/exchange/unknown-version-first"),
        Case::helper(
            "helper/exchange/no-version",
            "a join whose offer has no version at all is given up with no-common-version",
            &["KEX-3"],
            |stage| {
                offered(stage, "KEX-3", ErrorCode::NoCommonVersion, |offer| {
                    offer.versions = Vec::new();
                })
            },
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/exchange/suite",
            "a join whose offer has no suite that is spoken is given up with no-common-suite",
            &["KEX-4"],
            |stage| {
                offered(stage, "KEX-4", ErrorCode::NoCommonSuite, |offer| offer.suites = vec![9])
            },
        )
        .twin("helper/exchange/unknown-suite-first"),
        Case::helper(
            "helper/exchange/timeout",
            "a join that has not become a channel within 10 seconds is given up with handshake-timeout",
            &["KEX-17"],
            |stage| {
                stage.securing()?;
                let from = stage.fresh()?;
                stage.pass(timers::HANDSHAKE - 1)?;
                stage.never("KEX-17", from, "leave", |item| item.is_to_relay("leave"))?;
                stage.pass(1)?;
                stage.gives_up_join("KEX-17", ErrorCode::HandshakeTimeout)
            },
        )
        .twin("helper/exchange/right"),
    ]
}

fn confirms() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/exchange/wrong-secret",
            "a join of somebody who does not know the secret is given up with handshake-failed",
            &["KEX-13"],
            |stage| {
                stage.has_code()?;
                let other = |code: Code| Code {
                    secret: Secret::from_random(&[9; 4]),
                    ..code
                };
                stage.code = stage.code.map(other);
                stage.offers()?;
                // Without the secret there is no right confirm, only one of the right size.
                stage.deliver(Envelope::from(Confirm { noise: vec![7; 80] }).to_bytes());
                stage.gives_up_join("KEX-13", ErrorCode::HandshakeFailed)
            },
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/exchange/noise-changed",
            "a confirm whose Noise message was changed is given up with handshake-failed",
            &["KEX-13"],
            |stage| {
                confirmed(stage, "KEX-13", |noise| {
                    if let Some(last) = noise.last_mut() {
                        *last ^= 1;
                    }
                })
            },
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/exchange/noise-short",
            "a confirm that is a byte short is given up with handshake-failed",
            &["KEX-13"],
            |stage| {
                confirmed(stage, "KEX-13", |noise| {
                    noise.pop();
                })
            },
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/exchange/offer-changed",
            "a join whose offer was changed on the way fails, because the handshake binds it",
            &["KEX-10", "KEX-13"],
            offer_changed,
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/exchange/sealed-first",
            "a sealed record does not belong to a step at which there are no keys",
            &["KEX-21"],
            |stage| {
                stage.securing()?;
                let ciphertext = vec![0; 40];
                stage.deliver(Envelope::from(Sealed { ciphertext }).to_bytes());
                ends_or_gives_up(stage, "KEX-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/exchange/answer",
            "an answer does not belong to the exchange at a helper",
            &["KEX-21"],
            |stage| {
                stage.securing()?;
                let (clear, noise) = (vec![0; 37], vec![0; 80]);
                stage.deliver(Envelope::from(Answer { clear, noise }).to_bytes());
                ends_or_gives_up(stage, "KEX-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/exchange/confirm-again",
            "a second confirm does not belong to the session",
            &["KEX-21"],
            |stage| {
                stage.deciding()?;
                stage.deliver(Envelope::from(Confirm { noise: vec![7; 80] }).to_bytes());
                stage.ends("KEX-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/exchange/right"),
        Case::helper(
            "helper/exchange/late-envelope",
            "an envelope that comes when its join was given up is ignored",
            &["KEX-21"],
            |stage| {
                stage.has_code()?;
                broken_join(stage)?;
                stage.told("code-ended")?;
                stage.deliver(Envelope::from(Confirm { noise: vec![7; 80] }).to_bytes());
                stage.goes_on("KEX-21")
            },
        ),
    ]
}

/// Before the channel stands a client has nobody to tell but the relay; whether it stays connected is
/// not for this clause to say.
fn ends_or_gives_up(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    code: ErrorCode,
) -> Done {
    let left = stage.sees(requirement, "leave", |item| item.is_to_relay("leave"))?;
    let leave = Leave {
        code: code.to_wire(),
    };
    let right = left == Item::ToRelay(leave.into());
    stage.check(
        requirement,
        right,
        &format!("leave {code}"),
        left.to_string(),
    )
}

/// The answer, if it chooses version 1 and this suite.
fn chooses(stage: &mut ClientStage<'_>, answer: &Envelope, suite: u8) -> Done<Answer> {
    let Envelope::Answer(answer) = answer else {
        return Err(Stop::Harness("no answer".to_owned()));
    };
    let clear = AnswerClear::read(&answer.clear);
    let chosen = matches!(&clear, Ok(clear) if clear.version == 1 && clear.suite == suite);
    let seen = format!("{clear:?}");
    stage.check("KEX-2", chosen, "version 1, and a suite of the offer", seen)?;
    Ok(answer.clone())
}

fn right(stage: &mut ClientStage<'_>) -> Done {
    stage.suites = vec![Suite::ChaChaPoly];
    let envelope = stage.securing()?;
    let answer = chooses(stage, &envelope, 1)?;
    stage.must(["KEX-7", "KEX-10"], |stage| stage.keys_follow(&answer))?;
    stage.opens(["KEY-1", "KEY-2", "KEY-3"])?;
    stage.hears("introduce")?;
    let first = stage.log.iter().find_map(Item::sealed).cloned();
    let named = matches!(
        &first,
        Some(Message::Introduce(Introduce { name, .. })) if name == NAME
    );
    stage.check(
        "KEX-14",
        named,
        "introduce first, with its name",
        format!("{first:?}"),
    )?;
    stage.opens_commitment("KEX-11")?;
    stage.pass(2_000)?;
    stage.hears("heartbeat")?;
    stage.opens(["KEY-1", "KEY-2", "KEY-3"])
}

fn phrase(stage: &mut ClientStage<'_>) -> Done {
    stage.deciding()?;
    let told = stage.tells("KEX-19", "phrase")?;
    let phrase = stage.opens_commitment("KEX-19")?;
    let right = told.fields.get("words") == Some(&words(phrase));
    stage.check(
        "KEX-19",
        right,
        "the phrase of the other end",
        format!("{told:?}"),
    )
}

fn offer_of(stage: &mut ClientStage<'_>) -> Done<Offer> {
    let none = || Stop::Harness("there is no code".to_owned());
    let code = stage.code.ok_or_else(none)?;
    let (suites, ceiling) = (stage.suites.clone(), stage.ceiling);
    let offering = Offering::new(code, &suites, ceiling, stage.rng());
    match Envelope::read(offering.offer()) {
        Ok(Some(Envelope::Offer(offer))) => Ok(offer),
        other => Err(Stop::Harness(format!("{other:?} is no offer"))),
    }
}

/// Somebody joins with an offer that was changed.
fn joins_with(stage: &mut ClientStage<'_>, how: impl Fn(&mut Offer)) -> Done {
    let mut offer = offer_of(stage)?;
    how(&mut offer);
    let offer = Envelope::from(offer).to_bytes();
    stage.say(Joined { offer });
    stage.place();
    Ok(())
}

fn answer_of(stage: &mut ClientStage<'_>) -> Done<AnswerClear> {
    match stage.await_("answer", |item| item.is_envelope("answer"))? {
        Item::Envelope(Envelope::Answer(Answer { clear, .. })) => AnswerClear::read(&clear)
            .map_err(|error| Stop::Timeout {
                awaited: "a clear part that can be read".to_owned(),
                seen: error.to_string(),
            }),
        other => Err(Stop::Harness(format!("{other} is no answer"))),
    }
}

fn offered(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    code: ErrorCode,
    how: impl Fn(&mut Offer),
) -> Done {
    stage.has_code()?;
    joins_with(stage, how)?;
    stage.gives_up_join(requirement, code)?;
    stage.never(requirement, 0, "answer", |item| item.is_envelope("answer"))
}

fn confirmed(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    how: impl Fn(&mut Vec<u8>),
) -> Done {
    let Envelope::Answer(answer) = stage.securing()? else {
        return Err(Stop::Harness("no answer".to_owned()));
    };
    let Ok(Some(Envelope::Confirm(mut confirm))) = Envelope::read(&stage.confirm_of(&answer)?)
    else {
        return Err(Stop::Harness("no confirm".to_owned()));
    };
    how(&mut confirm.noise);
    stage.deliver(Envelope::from(confirm).to_bytes());
    stage.gives_up_join(requirement, ErrorCode::HandshakeFailed)?;
    stage.never(requirement, 0, "phrase", |item| item.is_told("phrase"))
}

fn offer_changed(stage: &mut ClientStage<'_>) -> Done {
    stage.has_code()?;
    let none = || Stop::Harness("there is no code".to_owned());
    let code = stage.code.ok_or_else(none)?;
    let (suites, ceiling) = (stage.suites.clone(), stage.ceiling);
    let offering = Offering::new(code, &suites, ceiling, stage.rng());
    let Ok(Some(Envelope::Offer(mut offer))) = Envelope::read(offering.offer()) else {
        return Err(Stop::Harness("no offer".to_owned()));
    };
    offer.ceiling = Scopes::VIEW;
    stage.say(Joined {
        offer: Envelope::from(offer).to_bytes(),
    });
    stage.place();
    let item = stage.await_("answer", |item| item.is_envelope("answer"))?;
    let Item::Envelope(Envelope::Answer(answer)) = item else {
        return Err(Stop::Harness("no answer".to_owned()));
    };
    // The suite's end finds that the two have not said the same.
    let same = offering.answered(&answer, &suites, stage.rng()).is_ok();
    stage.check("KEX-10", !same, "a handshake that fails", "it works")?;
    stage.deliver(Envelope::from(Confirm { noise: vec![7; 80] }).to_bytes());
    stage.gives_up_join("KEX-13", ErrorCode::HandshakeFailed)
}
