//! A sharer, from the moment that its channel stands.

use alongside_state_machine::{
    identity::trust::Who,
    session::{
        By, Output,
        friction::{Consent as Answer, Contact},
        sharer::{Event as Said, Sharer},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    session::{
        Advisory, AdvisoryAck, Chat, ChatAck, Consent, ControlDeny, ControlEnd, ControlGrant,
        ControlRequest, ControlWithdraw, DisplayInfo, Displays, End, Epoch, EpochSeen, Heartbeat,
        Message, Pause, Probe, Shown,
    },
};
use serde_json::{Value, json};

use super::{Done, End as Ends, Event, Sequence, WITH_TOOLS, broken, refused, text_of};
use crate::{fields::key_of, messages::run, vector::File};

pub(super) const DISPLAY: DisplayInfo = DisplayInfo {
    id: 0,
    width: 640,
    height: 480,
};

impl Ends for Sharer {
    fn step(&mut self, now: u64, step: &Value, event: &Event) -> Done {
        let now = Timestamp::from_millis(now);
        let mut done = Done::default();
        self.handle_timeout(now);
        let fault = match event {
            Event::Receive(message) => self.handle_message(message, now).err(),
            Event::Input(grant, events) => self.handle_input(*grant, events, now).err(),
            Event::Media(_) => panic!("a sharer gets no media"),
            Event::Lost => self.peer_lost(now).err(),
            Event::Master => {
                self.master_taken();
                None
            }
            Event::Time => None,
            Event::Act(act) => {
                done.not_taken = match *act {
                    "started" => refused(self.contact(Contact::Person, now)),
                    "called" => refused(self.contact(Contact::Other, now)),
                    "consent" => refused(self.consent(Answer::Given, vec![DISPLAY], now)),
                    "consent-after-warning" => {
                        refused(self.consent(Answer::GivenAfterWarning, vec![DISPLAY], now))
                    }
                    "refuse-consent" => refused(self.consent(Answer::Refused, vec![], now)),
                    "frame" if self.media_epoch().is_none() => true,
                    "frame" => {
                        self.frame_sent(1);
                        false
                    }
                    "allow" => {
                        let number = |name: &str| step[name].as_u64().expect("a number");
                        let scopes = Scopes::from_bits(number("scopes") as u16).expect("scopes");
                        refused(self.allow_control(
                            scopes,
                            number("duration_ms") as u32,
                            key_of(step, "secret"),
                            now,
                        ))
                    }
                    "deny" => refused(self.deny_control(now)),
                    "chat" => refused(self.chat(text_of(step))),
                    "clipboard" => refused(self.send_clipboard(text_of(step), now)),
                    "take" => refused(self.answer_clipboard(true, now)),
                    "refuse" => refused(self.answer_clipboard(false, now)),
                    "revoke" => refused(self.revoke(now)),
                    "pause" => refused(self.set_paused(true, now)),
                    "unpause" => refused(self.set_paused(false, now)),
                    "end" => {
                        self.end(ErrorCode::Done);
                        false
                    }
                    other => panic!("no act {other}"),
                };
                None
            }
        };
        if let Some(fault) = fault {
            done.violation = broken(fault);
            self.fail(By::Peer, fault);
        }
        while let Some(output) = self.poll_output() {
            match output {
                Output::Send(Message::Heartbeat(_) | Message::Probe(_)) => {}
                Output::Send(message) => done.sent.push(message),
                Output::Event(Said::Inject(event)) => done.injected.push(event),
                Output::Event(Said::ReleaseAll) => done.released = true,
                Output::Event(Said::Stroke(stroke)) => done.drawn += stroke.points.len(),
                Output::Event(Said::DrawingCleared) => done.cleared = true,
                Output::Event(Said::ControlAsked { .. }) => done.asked = true,
                Output::Event(_) | Output::Relay(_) | Output::Leave(_) | Output::NewPath => {}
            }
        }
        done
    }
}

const CEILING: Scopes = Scopes::CONSENT.union(Scopes::CONTROL);

/// Asked for consent.
fn deciding() -> Sequence<Sharer> {
    deciding_within(CEILING)
}

fn deciding_within(ceiling: Scopes) -> Sequence<Sharer> {
    let mut sharer = Sharer::default();
    let start = Timestamp::from_millis(0);
    sharer.join(start).expect("a join");
    sharer.answered(ceiling, start).expect("an answer");
    sharer
        .introduced("Ada", Who::without_card(), start)
        .expect("an introduction");
    while sharer.poll_output().is_some() {}
    Sequence::new(sharer, ceiling)
}

/// With a frame that the helper has shown.
fn viewing() -> Sequence<Sharer> {
    seen(deciding())
}

fn seen(mut sequence: Sequence<Sharer>) -> Sequence<Sharer> {
    sequence.act(100, "started", json!({}), Done::nothing());
    sequence.act(100, "consent", json!({}), consented());
    sequence.receive(100, EpochSeen { epoch: 1 }, Done::nothing());
    sequence.act(100, "frame", json!({}), Done::not_taken());
    sequence.receive(100, AdvisoryAck {}, Done::nothing());
    sequence.act(100, "frame", json!({}), Done::nothing());
    sequence.receive(100, Shown { frame: 1 }, Done::nothing());
    sequence
}

fn consented() -> Done {
    Done::sent([
        Consent {
            scopes: Scopes::CONSENT,
        }
        .into(),
        Displays {
            displays: vec![DISPLAY],
        }
        .into(),
        Advisory::default().into(),
        Epoch {
            epoch: 1,
            paused: false,
        }
        .into(),
    ])
}

/// Late enough for a request.
fn later() -> Sequence<Sharer> {
    rested(viewing())
}

fn rested(mut sequence: Sequence<Sharer>) -> Sequence<Sharer> {
    sequence.receive(4_000, Heartbeat {}, Done::nothing());
    sequence.receive(2_000, Heartbeat {}, Done::nothing());
    sequence
}

pub(super) fn request(request: u32, scopes: Scopes) -> ControlRequest {
    ControlRequest { request, scopes }
}

pub(super) fn denied(request: u32, code: ErrorCode) -> Done {
    Done::sent([ControlDeny {
        request,
        code: code.to_wire(),
    }
    .into()])
}

pub(super) fn ended(grant: u32, code: ErrorCode) -> Message {
    ControlEnd {
        grant,
        code: code.to_wire(),
    }
    .into()
}

pub(super) fn released(sent: Vec<Message>) -> Done {
    Done {
        sent,
        released: true,
        ..Done::default()
    }
}

/// With a live grant 1 of these scopes.
fn granted(scopes: Scopes, duration_ms: u32) -> Sequence<Sharer> {
    given(later(), scopes, duration_ms)
}

/// The same, where there are tools.
pub(super) fn with_tools(scopes: Scopes) -> Sequence<Sharer> {
    given(rested(seen(deciding_within(WITH_TOOLS))), scopes, 900_000)
}

fn given(mut sequence: Sequence<Sharer>, scopes: Scopes, duration_ms: u32) -> Sequence<Sharer> {
    sequence.receive(100, request(1, scopes), Done::asked());
    let secret: [u8; 32] = run(0xC0);
    let with = json!({ "scopes": scopes.bits(), "duration_ms": duration_ms, "secret": hex::encode(secret) });
    let grant = ControlGrant {
        request: 1,
        grant: 1,
        scopes,
        duration_ms,
        secret,
    };
    sequence.act(1_100, "allow", with, Done::sent([grant.into()]));
    sequence
}

pub(super) fn add(file: &mut File) {
    let mut add = |id: &str, about: &str, shows: &[&str], sequence: Sequence<Sharer>| {
        sequence.finish(file, "sharer", id, about, shows);
    };
    seeing(&mut add);
    asking(&mut add);
    granting(&mut add);
    pausing(&mut add);
    lying(&mut add);
}

type Add<'a> = dyn FnMut(&str, &str, &[&str], Sequence<Sharer>) + 'a;

fn seeing(add: &mut Add<'_>) {
    add(
        "consent",
        "consent, an epoch, a frame",
        &["CONSENT-2", "PAUSE-3", "PAUSE-5"],
        viewing(),
    );
    let mut refusal = deciding();
    refusal.act(
        100,
        "refuse-consent",
        json!({}),
        Done::sent([End {
            code: ErrorCode::Declined.to_wire(),
        }
        .into()]),
    );
    refusal.receive(100, Heartbeat {}, Done::nothing());
    refusal.receive(100, request(1, Scopes::CONTROL), Done::nothing());
    add(
        "refused",
        "consent is refused; what comes after the end is ignored",
        &["CONSENT-3", "SESSION-2"],
        refusal,
    );
    let mut unasked = deciding();
    unasked.act(100, "consent", json!({}), Done::not_taken());
    unasked.act(100, "called", json!({}), Done::nothing());
    unasked.act(100, "started", json!({}), Done::not_taken());
    unasked.act(100, "consent", json!({}), Done::not_taken());
    unasked.act(100, "consent-after-warning", json!({}), consented());
    add(
        "called",
        "who was called is warned, and a plain yes is not enough",
        &["FRICTION-1", "FRICTION-3", "FRICTION-4"],
        unasked,
    );
    let mut silent = deciding();
    for _ in 0..29 {
        silent.receive(4_000, Heartbeat {}, Done::nothing());
    }
    silent.receive(3_999, Heartbeat {}, Done::nothing());
    silent.step(
        1,
        Event::Time,
        json!({}),
        Done::sent([End {
            code: ErrorCode::Declined.to_wire(),
        }
        .into()]),
    );
    add(
        "silence",
        "nobody answers for 120 seconds",
        &["CONSENT-4"],
        silent,
    );
    let mut flag = deciding();
    flag.receive(100, Pause { paused: true }, Done::nothing());
    flag.act(100, "started", json!({}), Done::nothing());
    let mut paused = consented();
    paused.sent[3] = Epoch {
        epoch: 1,
        paused: true,
    }
    .into();
    flag.act(100, "consent", json!({}), paused);
    add(
        "paused-before",
        "a flag that is set before consent: epoch 1 is announced as paused",
        &["PAUSE-3"],
        flag,
    );
}

fn asking(add: &mut Add<'_>) {
    let mut early = viewing();
    early.receive(
        100,
        request(1, Scopes::CONTROL),
        denied(1, ErrorCode::TooEarly),
    );
    early.receive(
        100,
        request(2, Scopes::VIEW),
        denied(2, ErrorCode::BeyondCeiling),
    );
    early.receive(
        100,
        request(3, Scopes::NONE),
        denied(3, ErrorCode::BeyondCeiling),
    );
    early.receive(
        100,
        request(4, Scopes::ANNOTATE),
        denied(4, ErrorCode::BeyondCeiling),
    );
    add(
        "too-early",
        "within 5 seconds of consent; scopes are judged before the time",
        &["CONTROL-3", "CONTROL-5"],
        early,
    );
    let mut unseen = deciding();
    unseen.act(100, "started", json!({}), Done::nothing());
    unseen.act(100, "consent", json!({}), consented());
    unseen.receive(4_000, Heartbeat {}, Done::nothing());
    unseen.receive(
        2_000,
        request(1, Scopes::CONTROL),
        denied(1, ErrorCode::TooEarly),
    );
    add(
        "no-frame",
        "no frame was acknowledged",
        &["CONTROL-4"],
        unseen,
    );
    let mut guard = later();
    guard.receive(100, request(1, Scopes::CONTROL), Done::asked());
    let with = json!({ "scopes": Scopes::CONTROL.bits(), "duration_ms": 1_000, "secret": hex::encode([1; 32]) });
    guard.act(999, "allow", with, Done::not_taken());
    guard.receive(
        1,
        request(2, Scopes::CONTROL),
        denied(2, ErrorCode::TooEarly),
    );
    guard.act(100, "deny", json!({}), denied(1, ErrorCode::Denied));
    guard.receive(
        100,
        request(3, Scopes::CONTROL),
        denied(3, ErrorCode::TooEarly),
    );
    add(
        "denied",
        "an answer within a second is not taken; a prompt is open; after a denial",
        &[
            "CONTROL-4",
            "CONTROL-5",
            "CONTROL-7",
            "CONTROL-8",
            "CONTROL-10",
        ],
        guard,
    );
    let mut wide = later();
    wide.receive(100, request(1, Scopes::POINTER), Done::asked());
    let with = |scopes: Scopes, duration: u32| json!({ "scopes": scopes.bits(), "duration_ms": duration, "secret": hex::encode([1; 32]) });
    wide.act(
        1_100,
        "allow",
        with(Scopes::CONTROL, 1_000),
        Done::not_taken(),
    );
    wide.act(
        100,
        "allow",
        with(Scopes::POINTER, 900_001),
        Done::not_taken(),
    );
    wide.receive(100, ControlWithdraw { request: 1 }, Done::nothing());
    wide.act(
        100,
        "allow",
        with(Scopes::POINTER, 1_000),
        Done::not_taken(),
    );
    add(
        "withdrawn",
        "no more than was asked for, and for no longer than 15 minutes; a request that is withdrawn",
        &["CONTROL-11", "CONTROL-15"],
        wide,
    );
}

fn granting(add: &mut Add<'_>) {
    let key = InputEvent::Key {
        usage: 4,
        down: true,
    };
    let pointer = InputEvent::Pointer {
        display: 0,
        x: 9,
        y: 9,
    };
    let mut sequence = granted(Scopes::CONTROL, 900_000);
    sequence.step(
        100,
        Event::Input(1, vec![key, pointer]),
        json!({}),
        Done {
            injected: vec![key, pointer],
            ..Done::default()
        },
    );
    sequence.step(100, Event::Input(2, vec![key]), json!({}), Done::nothing());
    sequence.act(
        100,
        "revoke",
        json!({}),
        released(vec![ended(1, ErrorCode::Revoked)]),
    );
    sequence.step(100, Event::Input(1, vec![key]), json!({}), Done::nothing());
    sequence.receive(
        100,
        ControlEnd {
            grant: 1,
            code: 0x0301,
        },
        Done::nothing(),
    );
    sequence.violates(
        ControlEnd {
            grant: 2,
            code: 0x0301,
        },
        "unexpected-message",
        "CONTROL-22",
    );
    add(
        "revoked",
        "input, until it is taken back; the end of a grant that was never made",
        &[
            "CONTROL-19",
            "CONTROL-22",
            "CONTROL-23",
            "CONTROL-24",
            "INPUT-4",
        ],
        sequence,
    );
    let mut sequence = granted(Scopes::POINTER, 2_000);
    sequence.step(
        1_999,
        Event::Input(1, vec![pointer]),
        json!({}),
        Done {
            injected: vec![pointer],
            ..Done::default()
        },
    );
    sequence.step(
        1,
        Event::Time,
        json!({}),
        released(vec![ended(1, ErrorCode::Expired)]),
    );
    sequence.step(
        1,
        Event::Input(1, vec![pointer]),
        json!({}),
        Done::nothing(),
    );
    add(
        "expired",
        "a grant of two seconds",
        &["CONTROL-18", "INPUT-8"],
        sequence,
    );
    let mut sequence = granted(Scopes::CONTROL, 900_000);
    sequence.receive(
        100,
        ControlEnd {
            grant: 1,
            code: ErrorCode::Released.to_wire(),
        },
        released(vec![]),
    );
    add(
        "released",
        "the helper gives it up, and is not told",
        &["CONTROL-20", "CONTROL-25"],
        sequence,
    );
    let mut sequence = granted(Scopes::POINTER, 900_000);
    let mut done = super::violation("scope-exceeded", "INPUT-6");
    done.released = true;
    sequence.step(100, Event::Input(1, vec![pointer, key]), json!({}), done);
    add(
        "scope",
        "a key under a grant of the pointer: nothing of the record is injected",
        &["INPUT-6"],
        sequence,
    );
    let mut sequence = granted(Scopes::CONTROL, 900_000);
    sequence.act(
        100,
        "end",
        json!({}),
        released(vec![End { code: 0x0301 }.into()]),
    );
    sequence.step(100, Event::Input(1, vec![key]), json!({}), Done::nothing());
    add(
        "ended",
        "the person ends the session: nothing is injected any more",
        &["END-6"],
        sequence,
    );
}

fn pausing(add: &mut Add<'_>) {
    let epoch = |epoch, paused| Message::from(Epoch { epoch, paused });
    let mut sequence = granted(Scopes::CONTROL, 900_000);
    sequence.receive(
        100,
        Pause { paused: true },
        released(vec![ended(1, ErrorCode::Paused), epoch(2, true)]),
    );
    sequence.receive(100, EpochSeen { epoch: 2 }, Done::nothing());
    sequence.act(
        100,
        "pause",
        json!({}),
        Done::sent([Pause { paused: true }.into()]),
    );
    sequence.receive(100, Pause { paused: false }, Done::nothing());
    sequence.act(
        100,
        "unpause",
        json!({}),
        Done::sent([Pause { paused: false }.into(), epoch(3, false)]),
    );
    sequence.receive(100, request(2, Scopes::CONTROL), Done::asked());
    add(
        "paused",
        "both flags; a grant does not outlive a pause",
        &["PAUSE-1", "PAUSE-2", "PAUSE-8"],
        sequence,
    );
    let mut sequence = later();
    sequence.receive(100, request(1, Scopes::CONTROL), Done::asked());
    let expected = [
        Pause { paused: true }.into(),
        ControlDeny {
            request: 1,
            code: ErrorCode::TooEarly.to_wire(),
        }
        .into(),
        epoch(2, true),
    ];
    sequence.act(100, "pause", json!({}), Done::sent(expected));
    add(
        "paused-prompt",
        "a prompt does not outlive a pause",
        &["PAUSE-9"],
        sequence,
    );
}

fn lying(add: &mut Add<'_>) {
    let mut lie = |id: &str,
                   about: &str,
                   mut sequence: Sequence<Sharer>,
                   message: Message,
                   name,
                   requirement: &'static str| {
        sequence.violates(message, name, requirement);
        sequence.receive(100, Heartbeat {}, Done::nothing());
        add(id, about, &[requirement, "SESSION-2"], sequence);
    };
    let unexpected = "unexpected-message";
    let line = |id| {
        Message::from(Chat {
            id,
            text: "a".into(),
        })
    };
    lie(
        "request-deciding",
        "a request before consent",
        deciding(),
        request(1, Scopes::CONTROL).into(),
        unexpected,
        "SESSION-1",
    );
    lie(
        "chat-deciding",
        "chat before consent",
        deciding(),
        line(1),
        unexpected,
        "SESSION-1",
    );
    lie(
        "path-deciding",
        "an offer of a path before consent",
        deciding(),
        alongside_wire::session::PathOffer {
            certificate: run(0xD0),
        }
        .into(),
        unexpected,
        "PATH-4",
    );
    lie(
        "epoch",
        "what only a sharer sends",
        viewing(),
        Epoch {
            epoch: 1,
            paused: false,
        }
        .into(),
        unexpected,
        "SESSION-1",
    );
    lie(
        "epoch-seen",
        "an epoch that was never announced",
        viewing(),
        EpochSeen { epoch: 2 }.into(),
        unexpected,
        "PAUSE-7",
    );
    lie(
        "shown",
        "a frame that was never sent",
        viewing(),
        Shown { frame: 2 }.into(),
        unexpected,
        "MEDIA-20",
    );
    lie(
        "control-end",
        "a grant that was never made",
        viewing(),
        ControlEnd {
            grant: 1,
            code: 0x0301,
        }
        .into(),
        unexpected,
        "CONTROL-22",
    );
    lie(
        "chat-first",
        "the first line is not 1",
        viewing(),
        line(2),
        unexpected,
        "CHAT-2",
    );
    let mut again = viewing();
    again.receive(100, line(1), Done::sent([ChatAck { id: 1 }.into()]));
    lie(
        "chat-again",
        "a line with a number that was used",
        again,
        line(1),
        unexpected,
        "CHAT-2",
    );
    let mut asked = viewing();
    asked.receive(
        100,
        request(7, Scopes::CONTROL),
        denied(7, ErrorCode::TooEarly),
    );
    lie(
        "request-again",
        "a request that is not higher than all before",
        asked,
        request(7, Scopes::CONTROL).into(),
        unexpected,
        "CONTROL-2",
    );
    let mut probed = viewing();
    let answer = alongside_wire::session::ProbeAnswer { probe: 5 };
    probed.receive(100, Probe { probe: 5 }, Done::sent([answer.into()]));
    let mut over = probed;
    over.receive(100, End { code: 0x0301 }, Done::nothing());
    over.receive(100, Shown { frame: 9 }, Done::nothing());
    add(
        "end",
        "the helper ends; nothing matters after that",
        &["END-4", "SESSION-2", "TOOL-25"],
        over,
    );
}
