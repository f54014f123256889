//! A lost connection, and the way back, at both ends.

use alongside_state_machine::channel::reconnect::{Answers, Attempts};
use alongside_wire::{
    ErrorCode, Scopes,
    envelope::{Envelope, Reconnect1, Reconnect2},
    rendezvous::{PeerBack, Refused},
    session::{Chat, ChatAck, End, Heartbeat, Message, Pause, State},
};
use serde_json::json;

use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [way(), states(), lines()].concat();
    all.into_iter()
        .map(|case| case.needs("reconnect"))
        .collect()
}

fn way() -> Vec<Case> {
    vec![
        Case::client(
            "client/again/back",
            "a session whose connection is lost comes back: another connection, rejoin, the handshake, state",
            &["RECON-1", "RECON-4", "RECON-10", "RECON-12", "TRANSPORT-10"],
            |stage| {
                stage.viewing()?;
                stage.must(["TRANSPORT-10", "RECON-1"], ClientStage::loses)?;
                stage.must("RECON-10", |stage| stage.rejoins(true))?;
                stage.must("RECON-12", ClientStage::reconnects)?;
                stage.must("RECON-12", ClientStage::told_state)?;
                stage.answers_state()?;
                stage.tells("RECON-4", "back")?;
                stage.goes_on("RECON-1")
            },
        ),
        Case::client(
            "client/again/token",
            "rejoin shows the token of the session's place",
            &["RECON-10"],
            |stage| {
                stage.viewing()?;
                let place = stage.token;
                stage.loses()?;
                let token = stage.asks_again()?;
                stage.check(
                    "RECON-10",
                    token == place,
                    "the token of place",
                    "another one",
                )
            },
        ),
        Case::client(
            "client/again/deciding",
            "a session that is lost in deciding comes back, and is still to be decided",
            &["RECON-1", "RECON-12"],
            |stage| {
                stage.deciding()?;
                stage.must("RECON-1", ClientStage::loses)?;
                let state = stage.returns()?;
                let right = state.scopes == Scopes::NONE && state.epoch == 0;
                stage.check(
                    "RECON-12",
                    right,
                    "a state without consent",
                    format!("{state:?}"),
                )?;
                stage.views()
            },
        ),
        Case::client(
            "client/again/twice",
            "a session comes back again and again",
            &["RECON-12", "RECON-17", "RECON-18"],
            |stage| {
                stage.viewing()?;
                stage.comes_back()?;
                stage.after_the_way_back()?;
                // The next master follows from the one that was taken.
                let taken = match stage.role {
                    Role::Helper => "RECON-18",
                    Role::Sharer => "RECON-17",
                };
                for _ in 0..2 {
                    stage.must(["RECON-12", taken], ClientStage::comes_back)?;
                    stage.after_the_way_back()?;
                }
                Ok(())
            },
        ),
        Case::client(
            "client/again/refused",
            "a session is over when its rejoin is refused",
            &["RECON-9", "END-7"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.asks_again()?;
                stage.say(Refused {
                    code: ErrorCode::NotFound.to_wire(),
                });
                stage.tells("END-7", "ended")?;
                stage.await_("the connection closed", |item| {
                    matches!(item, Item::Closed(_))
                })?;
                stage.stays_away("RECON-9")
            },
        ),
        Case::client(
            "client/again/busy",
            "a relay that closes with busy while the session is frozen is tried again",
            &["END-5", "RECON-10"],
            |stage| {
                stage.viewing()?;
                let from = stage.fresh()?;
                stage.loses()?;
                stage.asks_again()?;
                stage.closes_with(ErrorCode::Busy.to_wire())?;
                stage.never_tells("END-5", from, "ended")?;
                stage.must("RECON-10", ClientStage::asks_again).map(|_| ())
            },
        ),
        Case::client(
            "client/again/silent-while-frozen",
            "nothing is sealed while the session is frozen, whatever the person does",
            &["RECON-7"],
            |stage| {
                stage.viewing()?;
                stage.says_peer_lost();
                stage.told("frozen")?;
                let from = stage.fresh()?;
                if stage.can("chat") {
                    let _ = stage.ask("chat", json!({ "text": "hello" }))?;
                }
                if stage.can("pause") {
                    let _ = stage.ask("pause", json!({}))?;
                }
                stage.pass(6_000)?;
                let sealed = |item: &Item| item.sealed().is_some() || *item == Item::Unopened;
                stage.never("RECON-7", from, "sealed record", sealed)
            },
        ),
        Case::client(
            "client/again/ended-meanwhile",
            "the person ends a frozen session: no other connection is made, and no end is sealed",
            &["END-1", "END-2", "RECON-9"],
            |stage| {
                stage.viewing()?;
                stage.says_peer_lost();
                stage.told("frozen")?;
                let from = stage.fresh()?;
                stage.act("end")?;
                stage.tells("END-1", "ended")?;
                stage.never("END-2", from, "sealed end", |item| item.end().is_some())?;
                stage.stays_away("RECON-9")
            },
        ),
        Case::client(
            "client/again/proofs",
            "a message of a reconnect that does not authenticate changes nothing",
            &["RECON-19"],
            bad_proof,
        ),
        Case::client(
            "client/again/first-something-else",
            "a message before state under a new master ends the session",
            &["RECON-24"],
            |stage| first(stage, Heartbeat {}.into()),
        )
        .twin("client/again/back"),
        Case::client(
            "client/again/first-chat",
            "chat before state under a new master ends the session",
            &["RECON-24"],
            |stage| {
                first(
                    stage,
                    Chat {
                        id: 1,
                        text: "hello".to_owned(),
                    }
                    .into(),
                )
            },
        )
        .twin("client/again/back"),
        Case::client(
            "client/again/first-pause",
            "a pause before state under a new master ends the session",
            &["RECON-24"],
            |stage| first(stage, Pause { paused: true }.into()),
        )
        .twin("client/again/back"),
        Case::client(
            "client/again/first-end",
            "an end may come in the place of state",
            &["RECON-24", "END-4"],
            |stage| {
                frozen(stage)?;
                stage.seal_one(End {
                    code: ErrorCode::Done.to_wire(),
                })?;
                stage.ends_with("END-4", "RECON-24", ErrorCode::Done)
            },
        ),
        Case::client(
            "client/again/first-pad",
            "pad may come before state",
            &["RECON-24"],
            |stage| {
                frozen(stage)?;
                stage.seal_raw(0x01, &[0, 0])?;
                let state = stage.state();
                stage.seal_one(state)?;
                stage.tells("RECON-24", "back").map(|_| ())
            },
        ),
        Case::client(
            "client/again/state-again",
            "a second state ends the session",
            &["RECON-24"],
            |stage| {
                stage.viewing()?;
                stage.comes_back()?;
                let state = stage.state();
                stage.seal_one(state)?;
                stage.ends("RECON-24", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/again/back"),
        Case::client(
            "client/again/peer-not-there",
            "a client that is back alone waits for the other end, and goes on when it comes",
            &["RECON-23"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                let from = stage.fresh()?;
                stage.rejoins(false)?;
                stage.settle()?;
                stage.never_tells("RECON-23", from, "back")?;
                stage.say(PeerBack {});
                stage.handshakes_again()?;
                stage.never_tells("RECON-23", from, "back")?;
                let state = stage.state();
                stage.seal_one(state)?;
                stage.tells("RECON-23", "back").map(|_| ())
            },
        ),
    ]
}

/// Up to the place where the client waits for the first message under the next master.
fn frozen(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.loses()?;
    stage.rejoins(true)?;
    stage.handshakes_again()
}

fn first(stage: &mut ClientStage<'_>, message: Message) -> Done {
    frozen(stage)?;
    stage.seal(&[message])?;
    stage.ends("RECON-24", ErrorCode::UnexpectedMessage)
}

fn bad_proof(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.loses()?;
    stage.rejoins(true)?;
    match stage.role {
        Role::Sharer => {
            let mut attempts = Attempts::default();
            let first = stage.attempt(&mut attempts)?;
            let Ok(Some(Envelope::Reconnect1(right))) = Envelope::read(&first) else {
                return Err(Stop::Harness("no attempt".to_owned()));
            };
            let mut noise = right.noise.clone();
            noise.reverse();
            let wrong = Reconnect1 { noise, ..right };
            stage.deliver(Envelope::from(wrong).to_bytes());
            stage.settle()?;
            stage.never("RECON-19", 0, "answer", |item| {
                item.is_envelope("reconnect-2")
            })?;
            stage.deliver(first);
            stage.must("RECON-19", ClientStage::reconnect_2)?;
        }
        Role::Helper => {
            let first = stage.reconnect_1()?;
            let mut answers = Answers::default();
            let answer = stage.answer_of(&mut answers, &first)?;
            let Ok(Some(Envelope::Reconnect2(right))) = Envelope::read(&answer) else {
                return Err(Stop::Harness("no answer".to_owned()));
            };
            let mut noise = right.noise.clone();
            noise.reverse();
            let wrong = Reconnect2 { noise, ..right };
            stage.deliver(Envelope::from(wrong).to_bytes());
            let sealed = |item: &Item| item.sealed().is_some() || *item == Item::Unopened;
            let from = stage.fresh()?;
            stage.never("RECON-19", from, "sealed record", sealed)?;
            stage.takes_answer(answer, answers)?;
            stage.must("RECON-19", ClientStage::told_state)?;
        }
    }
    Ok(())
}

fn states() -> Vec<Case> {
    type Lie = fn(&mut State);
    let wrong: [(&str, &str, Lie); 2] = [
        (
            "more-lines-received",
            "more lines received than were written",
            |state| {
                state.received += 1;
            },
        ),
        (
            "fewer-lines-sent",
            "fewer lines sent than were received",
            |state| state.sent = 0,
        ),
    ];
    let mut all: Vec<_> = wrong
        .into_iter()
        .map(|(name, what, how)| {
            Case::client(
                format!("client/again/state-{name}"),
                format!("a state with {what} ends the session"),
                &["RECON-25"],
                move |stage| {
                    stage.needs("chat")?;
                    stage.viewing()?;
                    stage.chats("hello")?;
                    stage.told("chat")?;
                    frozen_now(stage)?;
                    let mut state = stage.state();
                    how(&mut state);
                    stage.seal_one(state)?;
                    stage.ends("RECON-25", ErrorCode::UnexpectedMessage)
                },
            )
            .twin("client/again/back")
        })
        .collect();
    all.push(Case::client(
        "client/again/state-paused",
        "the flag in state is the pause flag of the other end",
        &["RECON-28"],
        |stage| {
            stage.viewing()?;
            frozen_now(stage)?;
            let state = State {
                paused: true,
                ..stage.state()
            };
            stage.fresh_told();
            stage.seal_one(state)?;
            let told = stage.tells("RECON-28", "paused")?;
            let right = told.fields.get("other") == Some(&json!(true));
            stage.check(
                "RECON-28",
                right,
                "the other end's flag",
                format!("{told:?}"),
            )
        },
    ));
    all.push(
        // The state of a sharer comes when the session goes on: nothing is between.
        Case::helper(
            "client/again/paused-meanwhile",
            "a flag that is changed after state was sent is sent as pause when the session goes on",
            &["RECON-37"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.rejoins(true)?;
                stage.reconnects()?;
                let state = stage.told_state()?;
                stage.check("RECON-37", !state.paused, "no flag", format!("{state:?}"))?;
                stage.act("pause")?;
                stage.answers_state()?;
                stage.says_this("RECON-37", Pause { paused: true })
            },
        )
        .needs("pause"),
    );
    all.push(
        Case::client(
            "client/again/paused-before",
            "a flag that is set while the session is frozen is in state",
            &["RECON-37"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.act("pause")?;
                stage.rejoins(true)?;
                stage.reconnects()?;
                let state = stage.told_state()?;
                stage.check("RECON-37", state.paused, "its flag", format!("{state:?}"))?;
                let from = stage.fresh()?;
                stage.answers_state()?;
                stage.never("RECON-37", from, "pause", |item| item.is_sealed("pause"))
            },
        )
        .needs("pause"),
    );
    all
}

fn frozen_now(stage: &mut ClientStage<'_>) -> Done {
    stage.loses()?;
    stage.rejoins(true)?;
    stage.handshakes_again()
}

fn lines() -> Vec<Case> {
    let all = [
        Case::client(
            "client/again/lines-kept",
            "lines that are not acknowledged are sent again, in order, but for those that state counts",
            &["RECON-30", "RECON-32"],
            |stage| {
                stage.manners.chat_ack = false;
                stage.viewing()?;
                for text in ["one", "two", "three"] {
                    stage.does("chat", json!({ "text": text }))?;
                    stage.hears("chat")?;
                }
                stage.loses()?;
                stage.rejoins(true)?;
                stage.handshakes_again()?;
                let state = State {
                    received: 1,
                    ..stage.state()
                };
                let from = stage.fresh()?;
                stage.seal_one(state)?;
                stage.frozen_no_more();
                stage.settle()?;
                let again = stage.count(from, |item| item.is_sealed("chat"));
                stage.check("RECON-30", again >= 2, "two lines", again.to_string())?;
                for (id, text) in [(2, "two"), (3, "three")] {
                    let text = text.to_owned();
                    stage.says_this(["RECON-32", "RECON-30"], Chat { id, text })?;
                }
                stage.check("RECON-32", again == 2, "two lines", again.to_string())
            },
        ),
        Case::client(
            "client/again/lines-meanwhile",
            "a line that is written while the session is frozen is sent when it goes on",
            &["RECON-30", "RECON-32"],
            |stage| {
                stage.viewing()?;
                stage.loses()?;
                stage.does("chat", json!({ "text": "meanwhile" }))?;
                stage.rejoins(true)?;
                stage.reconnects()?;
                let state = stage.told_state()?;
                stage.check(
                    "RECON-30",
                    state.sent == 1,
                    "one line",
                    format!("{state:?}"),
                )?;
                stage.answers_state()?;
                let text = "meanwhile".to_owned();
                stage.says_this("RECON-32", Chat { id: 1, text })
            },
        ),
        Case::client(
            "client/again/lines-go-on",
            "numbers of lines go on after a reconnect",
            &["CHAT-1", "CHAT-3"],
            |stage| {
                stage.viewing()?;
                stage.does("chat", json!({ "text": "one" }))?;
                stage.hears("chat")?;
                stage.chats("one")?;
                stage.told("chat")?;
                stage.comes_back()?;
                stage.fresh()?;
                stage.does("chat", json!({ "text": "two" }))?;
                let text = "two".to_owned();
                stage.says_this("CHAT-1", Chat { id: 2, text })?;
                stage.chats("two")?;
                stage.says_this("CHAT-3", ChatAck { id: 2 })
            },
        ),
    ];
    all.into_iter().map(|case| case.needs("chat")).collect()
}
