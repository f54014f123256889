//! The key exchange at a sharer, with answers that are wrong in one way each.

use alongside_wire::{
    ErrorCode, Scopes, Suite,
    code::{Code, Secret},
    envelope::{Answer, AnswerClear, Confirm, Envelope, Sealed},
    limits::timers,
    rendezvous::{self, Refused},
    session::{Heartbeat, Introduce},
};

use crate::{
    case::Case,
    cases::client::exchange::{POINTS, words},
    stage::{Blame, ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let mut all = answers();
    all.extend(introductions());
    for (name, what, point) in POINTS {
        let case = Case::sharer(
            format!("sharer/exchange/{name}"),
            format!("an answer whose element {what} ends the exchange with bad-point"),
            &["KEX-8"],
            move |stage| {
                cleared(stage, "KEX-8", ErrorCode::BadPoint, |clear| {
                    clear.element = point()
                })
            },
        );
        all.push(case.twin("sharer/exchange/right"));
    }
    all
}

fn answers() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/exchange/right",
            "a right answer is confirmed, and both ends have the same keys and the same phrase",
            &["KEX-7", "KEX-10", "KEX-12", "KEY-1", "KEY-2", "KEY-3"],
            right,
        ),
        Case::sharer(
            "sharer/exchange/suite-2",
            "an answer that chooses suite 2, where it was offered, is confirmed",
            &["KEX-7", "KEY-2"],
            |stage| {
                let offer = stage.joins()?;
                let offered = Envelope::read(&offer);
                let both = matches!(&offered, Ok(Some(Envelope::Offer(offer))) if offer.suites.contains(&2));
                if !both {
                    return stage.lacks("suite 2");
                }
                stage.suites = vec![Suite::AesGcm];
                let envelope = stage.must("KEX-7", |stage| stage.answers(&offer))?;
                stage.decides(envelope)?;
                stage.pass(2_000)?;
                stage.opens("KEY-2")
            },
        ),
        Case::sharer(
            "sharer/exchange/version",
            "an answer that chooses a version which was not offered ends with no-common-version",
            &["KEX-5"],
            |stage| {
                cleared(stage, "KEX-5", ErrorCode::NoCommonVersion, |clear| {
                    clear.version = 2
                })
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/suite",
            "an answer that chooses a suite which was not offered ends with no-common-suite",
            &["KEX-5"],
            |stage| {
                cleared(stage, "KEX-5", ErrorCode::NoCommonSuite, |clear| {
                    clear.suite = 9
                })
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/ceiling-changed",
            "an answer whose ceiling was changed on the way fails, because the handshake binds it",
            &["KEX-10", "KEX-13"],
            |stage| {
                let either = ["KEX-13", "KEX-10"];
                cleared(stage, either, ErrorCode::HandshakeFailed, |clear| {
                    clear.ceiling = Scopes::VIEW;
                })
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/suite-changed",
            "an answer whose suite was changed on the way to the other one that was offered fails",
            &["KEX-13"],
            |stage| {
                cleared(stage, "KEX-13", ErrorCode::HandshakeFailed, |clear| {
                    clear.suite = if clear.suite == 1 { 2 } else { 1 };
                })
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/noise-changed",
            "an answer whose Noise message was changed fails",
            &["KEX-13"],
            |stage| {
                changed(stage, "KEX-13", ErrorCode::HandshakeFailed, |answer| {
                    if let Some(last) = answer.noise.last_mut() {
                        *last ^= 1;
                    }
                })
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/noise-short",
            "an answer whose Noise message is a byte short fails",
            &["KEX-13"],
            |stage| {
                changed(stage, "KEX-13", ErrorCode::HandshakeFailed, |answer| {
                    answer.noise.pop();
                })
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/noise-empty",
            "an answer without a Noise message fails",
            &["KEX-13"],
            |stage| {
                changed(stage, "KEX-13", ErrorCode::HandshakeFailed, |answer| {
                    answer.noise.clear()
                })
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/wrong-secret",
            "an answer of somebody who does not know the secret fails",
            &["KEX-13"],
            |stage| {
                let offer = stage.joins()?;
                let other = |code: Code| Code {
                    secret: Secret::from_random(&[9; 4]),
                    ..code
                };
                stage.code = stage.code.map(other);
                let (_, answer) = stage.answer_to(&offer)?;
                stage.place();
                stage.deliver(answer);
                stage.ends("KEX-13", ErrorCode::HandshakeFailed)
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/clear-malformed",
            "an answer whose clear part has a byte too many is malformed",
            &["WIRE-4"],
            |stage| {
                changed(stage, "WIRE-4", ErrorCode::Malformed, |answer| {
                    answer.clear.push(0)
                })
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/second-answer",
            "a second answer does not belong to the exchange",
            &["KEX-21"],
            |stage| {
                let offer = stage.joins()?;
                let (answering, answer) = stage.answer_to(&offer)?;
                stage.place();
                stage.deliver(answer.clone());
                stage.confirms(answering)?;
                stage.deliver(answer);
                stage.ends("KEX-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/offer",
            "an offer does not belong to the exchange at a sharer",
            &["KEX-21"],
            |stage| {
                let offer = stage.joins()?;
                stage.place();
                stage.deliver(offer);
                stage.ends("KEX-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/confirm",
            "a confirm does not belong to the exchange at a sharer",
            &["KEX-21"],
            |stage| {
                stage.joins()?;
                stage.place();
                stage.deliver(Envelope::from(Confirm { noise: vec![0; 80] }).to_bytes());
                stage.ends("KEX-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/exchange/sealed-first",
            "a sealed record does not belong to a step at which there are no keys",
            &["KEX-21"],
            |stage| {
                stage.joins()?;
                stage.place();
                let ciphertext = vec![0; 40];
                stage.deliver(Envelope::from(Sealed { ciphertext }).to_bytes());
                stage.ends("KEX-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/exchange/right"),
        Case::sharer(
            "sharer/join/refused",
            "a sharer whose join is refused ends, with the code of the refusal",
            &["END-7"],
            |stage| {
                stage.joins()?;
                stage.say(Refused {
                    code: ErrorCode::NotFound.to_wire(),
                });
                let ended = stage.tells("END-7", "ended")?;
                let right = ended.text("code") == "not-found" && ended.text("by") == "relay";
                stage.check(
                    "END-7",
                    right,
                    "not-found, by the relay",
                    format!("{ended:?}"),
                )
            },
        ),
    ]
}

fn introductions() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/introduce/wrong-opening",
            "an introduction that does not open the commitment ends the session with bad-opening",
            &["KEX-15", "KEX-20"],
            |stage| {
                stage.securing()?;
                if let Some(first) = stage.opening.first_mut() {
                    *first ^= 1;
                }
                stage.introduce(crate::stage::NAME)?;
                stage.ends("KEX-15", ErrorCode::BadOpening)?;
                stage.never("KEX-20", 0, "phrase", |item| item.is_told("phrase"))?;
                stage.never("KEX-15", 0, "prompt", |item| item.is_told("consent-asked"))
            },
        )
        .twin("sharer/introduce/right"),
        Case::sharer(
            "sharer/introduce/right",
            "the phrase is shown when the opening was checked, and is that of both ends",
            &["KEX-15", "KEX-19", "KEX-20"],
            |stage| {
                stage.securing()?;
                stage.never("KEX-20", 0, "phrase", |item| item.is_told("phrase"))?;
                stage.introduce(crate::stage::NAME)?;
                let told = stage.tells("KEX-15", "phrase")?;
                let right = told.fields.get("words") == Some(&words(stage.phrase));
                stage.check(
                    "KEX-19",
                    right,
                    "the phrase of the other end",
                    format!("{told:?}"),
                )
            },
        ),
        Case::sharer(
            "sharer/introduce/silent-before",
            "nothing is sealed before the opening was checked, and heartbeats come after",
            &["KEX-16"],
            |stage| {
                stage.securing()?;
                stage.pass(5_000)?;
                let sealed = |item: &Item| item.sealed().is_some() || *item == Item::Unopened;
                stage.never("KEX-16", 0, "sealed record", sealed)?;
                stage.introduce(crate::stage::NAME)?;
                stage.pass(2_000)?;
                stage.says("KEX-16", "heartbeat").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/introduce/never",
            "an introduction that does not come within 10 seconds ends with handshake-timeout",
            &["KEX-18"],
            |stage| {
                stage.securing()?;
                stage.pass(timers::HANDSHAKE - 1)?;
                stage.goes_on("KEX-18")?;
                stage.pass(1)?;
                stage.ends("KEX-18", ErrorCode::HandshakeTimeout)
            },
        )
        .twin("sharer/introduce/late"),
        Case::sharer(
            "sharer/introduce/late",
            "an introduction that comes just in time is taken",
            &["KEX-18"],
            |stage| {
                stage.securing()?;
                stage.pass(timers::HANDSHAKE - 1)?;
                stage.introduce(crate::stage::NAME)?;
                stage.tells("KEX-18", "consent-asked").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/introduce/something-else",
            "another message before the introduction ends the session",
            &["SESSION-1"],
            |stage| {
                stage.securing()?;
                stage.seal_one(Heartbeat {})?;
                stage.ends("SESSION-1", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/introduce/right"),
        Case::sharer(
            "sharer/introduce/does-not-open",
            "a record that does not open before the introduction ends with record-failed",
            &["KEY-7"],
            |stage| {
                stage.securing()?;
                let ciphertext = vec![0; 40];
                stage.deliver(Envelope::from(Sealed { ciphertext }).to_bytes());
                stage.ends("KEY-7", ErrorCode::RecordFailed)
            },
        )
        .twin("sharer/introduce/right"),
        Case::sharer(
            "sharer/introduce/control-characters",
            "a name with control characters is malformed",
            &["WIRE-7"],
            |stage| {
                stage.securing()?;
                introduce_as(stage, "Ada\u{7}")?;
                stage.ends("WIRE-7", ErrorCode::Malformed)?;
                stage.never_tells("WIRE-7", 0, "consent-asked")
            },
        )
        .twin("sharer/introduce/right"),
        Case::sharer(
            "sharer/introduce/long-name",
            "a name of more than 64 bytes is too large",
            &["WIRE-5"],
            |stage| {
                stage.securing()?;
                introduce_as(stage, &"a".repeat(65))?;
                stage.ends("WIRE-5", ErrorCode::TooLarge)
            },
        )
        .twin("sharer/introduce/right"),
    ]
}

fn introduce_as(stage: &mut ClientStage<'_>, name: &str) -> Done {
    let introduce = Introduce {
        opening: stage.opening,
        name: name.to_owned(),
        card: Vec::new(),
        proof: Vec::new(),
    };
    stage.seal_one(introduce)
}

fn right(stage: &mut ClientStage<'_>) -> Done {
    stage.suites = vec![Suite::ChaChaPoly];
    let offer = stage.joins()?;
    let confirmed = stage.must(["KEX-7", "KEX-10", "KEX-12"], |stage| stage.answers(&offer))?;
    stage.decides(confirmed)?;
    stage.pass(2_000)?;
    stage.opens(["KEY-1", "KEY-2", "KEY-3"])
}

fn changed(
    stage: &mut ClientStage<'_>,
    blame: impl Into<Blame>,
    code: ErrorCode,
    how: impl Fn(&mut Answer),
) -> Done {
    let rendezvous::Message::Join(join) = stage.asking()? else {
        return Err(Stop::Harness("no join".to_owned()));
    };
    let (_, answer) = stage.answer_to(&join.offer)?;
    let Ok(Some(Envelope::Answer(mut answer))) = Envelope::read(&answer) else {
        return Err(Stop::Harness("no answer".to_owned()));
    };
    how(&mut answer);
    stage.place();
    stage.deliver(Envelope::from(answer).to_bytes());
    let blame = blame.into();
    stage.ends(&blame, code)?;
    stage.never(&blame, 0, "confirm", |item| item.is_envelope("confirm"))
}

fn cleared(
    stage: &mut ClientStage<'_>,
    blame: impl Into<Blame>,
    code: ErrorCode,
    how: impl Fn(&mut AnswerClear),
) -> Done {
    changed(stage, blame, code, |answer| {
        if let Ok(mut clear) = AnswerClear::read(&answer.clear) {
            how(&mut clear);
            answer.clear = clear.to_bytes();
        }
    })
}
