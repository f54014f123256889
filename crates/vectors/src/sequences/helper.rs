//! A helper, from the moment that its channel stands.

use alongside_state_machine::{
    session::{
        By, Output,
        helper::{Helper, Line},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    code::Code,
    session::{
        Advisory, AdvisoryAck, Chat, ChatAck, Consent, ControlDeny, ControlEnd, ControlGrant,
        ControlRenew, ControlRequest, ControlWithdraw, DisplayInfo, Displays, End, Epoch,
        EpochSeen, Heartbeat, Message, PathOffer, Pause, Shown,
    },
};
use serde_json::{Value, json};

use super::{Done, End as Ends, Event, Sequence, WITH_TOOLS, broken, refused, text_of};
use crate::{messages::run, vector::File};

impl Ends for Helper {
    fn step(&mut self, now: u64, step: &Value, event: &Event) -> Done {
        let now = Timestamp::from_millis(now);
        let mut done = Done::default();
        self.handle_timeout(now);
        let fault = match event {
            Event::Receive(message) => self.handle_message(message, now).err(),
            Event::Media(epoch) => self.handle_media(*epoch).err(),
            Event::Input(..) => panic!("a helper gets no input"),
            Event::Lost => {
                self.peer_lost(now);
                None
            }
            Event::Master => {
                self.master_taken();
                None
            }
            Event::Time => None,
            Event::Act(act) => {
                done.not_taken = match *act {
                    "request" => {
                        let scopes = step["scopes"]
                            .as_u64()
                            .and_then(|bits| Scopes::from_bits(bits as u16));
                        refused(self.request_control(scopes.expect("scopes"), now))
                    }
                    "acknowledge" => refused(self.acknowledge(now)),
                    "release" => refused(self.release_control(now)),
                    "chat" => refused(self.chat(text_of(step))),
                    "clipboard" => refused(self.send_clipboard(text_of(step), now)),
                    "take" => refused(self.answer_clipboard(true, now)),
                    "refuse" => refused(self.answer_clipboard(false, now)),
                    "draw" => refused(self.stroke(line(step), now)),
                    "shown" => {
                        self.shown(1);
                        false
                    }
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
            if let Output::Send(message) = output
                && !matches!(message, Message::Heartbeat(_) | Message::Probe(_))
            {
                done.sent.push(message);
            }
        }
        done
    }
}

fn line(step: &Value) -> Line {
    let points = step["points"].as_array().into_iter().flatten();
    let at = |point: &Value, place: usize| point[place].as_u64().expect("a number") as u16;
    Line {
        id: 1,
        display: 0,
        colour: 0,
        width: 1,
        points: points.map(|point| (at(point, 0), at(point, 1))).collect(),
    }
}

const CEILING: Scopes = Scopes::CONSENT.union(Scopes::CONTROL);

fn deciding() -> Sequence<Helper> {
    deciding_within(CEILING)
}

fn deciding_within(ceiling: Scopes) -> Sequence<Helper> {
    let mut helper = Helper::default();
    let start = Timestamp::from_millis(0);
    let locator = Code::parse("4060-r0gx").expect("a code").locator;
    helper.request_code(start).expect("a request");
    helper.code_issued(locator, 600_000, start).expect("a code");
    helper.joined(start).expect("a join");
    helper.secured(ceiling, start).expect("a channel");
    while helper.poll_output().is_some() {}
    Sequence::new(helper, ceiling)
}

fn viewing() -> Sequence<Helper> {
    seen(deciding())
}

fn seen(mut sequence: Sequence<Helper>) -> Sequence<Helper> {
    sequence.receive(
        100,
        Consent {
            scopes: Scopes::CONSENT,
        },
        Done::nothing(),
    );
    let displays = vec![DisplayInfo {
        id: 0,
        width: 640,
        height: 480,
    }];
    sequence.receive(100, Displays { displays }, Done::nothing());
    sequence.receive(100, Advisory::default(), Done::nothing());
    sequence.act(
        100,
        "acknowledge",
        json!({}),
        Done::sent([AdvisoryAck {}.into()]),
    );
    sequence.receive(
        100,
        Epoch {
            epoch: 1,
            paused: false,
        },
        Done::sent([EpochSeen { epoch: 1 }.into()]),
    );
    sequence.step(100, Event::Media(1), json!({}), Done::nothing());
    sequence.act(
        100,
        "shown",
        json!({}),
        Done::sent([Shown { frame: 1 }.into()]),
    );
    sequence
}

fn asked(sequence: &mut Sequence<Helper>, request: u32, scopes: Scopes) {
    let expected = ControlRequest { request, scopes };
    sequence.act(
        100,
        "request",
        json!({ "scopes": scopes.bits() }),
        Done::sent([expected.into()]),
    );
}

fn grant(request: u32, grant: u32, scopes: Scopes) -> ControlGrant {
    ControlGrant {
        request,
        grant,
        scopes,
        duration_ms: 900_000,
        secret: run(0xC0),
    }
}

fn granted() -> Sequence<Helper> {
    given(viewing(), Scopes::CONTROL)
}

/// The same, where there are tools.
pub(super) fn with_tools(scopes: Scopes) -> Sequence<Helper> {
    given(seen(deciding_within(WITH_TOOLS)), scopes)
}

fn given(mut sequence: Sequence<Helper>, scopes: Scopes) -> Sequence<Helper> {
    asked(&mut sequence, 1, scopes);
    sequence.receive(100, grant(1, 1, scopes), Done::nothing());
    sequence
}

pub(super) fn add(file: &mut File) {
    let mut add = |id: &str, about: &str, shows: &[&str], sequence: Sequence<Helper>| {
        sequence.finish(file, "helper", id, about, shows);
    };
    right(&mut add);
    lies(&mut add);
}

type Add<'a> = dyn FnMut(&str, &str, &[&str], Sequence<Helper>) + 'a;

fn right(add: &mut Add<'_>) {
    add(
        "consent",
        "consent, an epoch, a frame",
        &["MEDIA-19", "PAUSE-4"],
        viewing(),
    );
    let mut sequence = granted();
    sequence.act(
        100,
        "release",
        json!({}),
        Done::sent([ControlEnd {
            grant: 1,
            code: ErrorCode::Released.to_wire(),
        }
        .into()]),
    );
    asked(&mut sequence, 2, Scopes::POINTER);
    sequence.act(
        100,
        "request",
        json!({ "scopes": Scopes::POINTER.bits() }),
        Done::not_taken(),
    );
    sequence.act(
        100,
        "release",
        json!({}),
        Done::sent([ControlWithdraw { request: 2 }.into()]),
    );
    sequence.receive(
        100,
        ControlDeny {
            request: 2,
            code: ErrorCode::Denied.to_wire(),
        },
        Done::nothing(),
    );
    add(
        "released",
        "a grant is given up, a request is taken back",
        &["CONTROL-1", "CONTROL-12", "CONTROL-17"],
        sequence,
    );
    let mut sequence = viewing();
    asked(&mut sequence, 1, Scopes::CONTROL);
    let expected = [
        ControlWithdraw { request: 1 }.into(),
        Pause { paused: true }.into(),
    ];
    sequence.act(100, "pause", json!({}), Done::sent(expected));
    sequence.receive(
        100,
        Epoch {
            epoch: 2,
            paused: true,
        },
        Done::sent([EpochSeen { epoch: 2 }.into()]),
    );
    sequence.act(
        100,
        "request",
        json!({ "scopes": Scopes::POINTER.bits() }),
        Done::not_taken(),
    );
    sequence.act(
        100,
        "unpause",
        json!({}),
        Done::sent([Pause { paused: false }.into()]),
    );
    sequence.receive(
        100,
        Epoch {
            epoch: 3,
            paused: false,
        },
        Done::sent([EpochSeen { epoch: 3 }.into()]),
    );
    add(
        "paused",
        "a request does not outlive a pause",
        &["CONTROL-12", "PAUSE-1", "PAUSE-4"],
        sequence,
    );
    let mut sequence = granted();
    sequence.receive(
        100,
        ControlEnd {
            grant: 1,
            code: ErrorCode::Replaced.to_wire(),
        },
        Done::nothing(),
    );
    sequence.receive(100, grant(0, 2, Scopes::POINTER), Done::nothing());
    sequence.act(
        100,
        "release",
        json!({}),
        Done::sent([ControlEnd {
            grant: 2,
            code: ErrorCode::Released.to_wire(),
        }
        .into()]),
    );
    add(
        "narrowed",
        "a grant is narrowed to one of fewer scopes",
        &["CONTROL-31"],
        sequence,
    );
    let mut sequence = viewing();
    sequence.receive(
        100,
        Chat {
            id: 1,
            text: "a".into(),
        },
        Done::sent([ChatAck { id: 1 }.into()]),
    );
    sequence.receive(
        100,
        Chat {
            id: 2,
            text: "b".into(),
        },
        Done::sent([ChatAck { id: 2 }.into()]),
    );
    sequence.receive(100, End { code: 0x0301 }, Done::nothing());
    sequence.receive(
        100,
        Epoch {
            epoch: 9,
            paused: false,
        },
        Done::nothing(),
    );
    add(
        "end",
        "chat, and the sharer ends; nothing matters after that",
        &["CHAT-3", "END-4", "SESSION-2"],
        sequence,
    );
}

fn lies(add: &mut Add<'_>) {
    let mut lie = |id: &str,
                   about: &str,
                   mut sequence: Sequence<Helper>,
                   message: Message,
                   requirement: &'static str| {
        sequence.violates(message, "unexpected-message", requirement);
        sequence.receive(100, Heartbeat {}, Done::nothing());
        add(id, about, &[requirement, "SESSION-2"], sequence);
    };
    let epoch = |epoch| {
        Message::from(Epoch {
            epoch,
            paused: false,
        })
    };
    lie(
        "consent-empty",
        "consent to nothing",
        deciding(),
        Consent {
            scopes: Scopes::NONE,
        }
        .into(),
        "CONSENT-7",
    );
    lie(
        "consent-control",
        "consent beyond view and chat",
        deciding(),
        Consent { scopes: CEILING }.into(),
        "CONSENT-7",
    );
    lie(
        "displays-first",
        "displays before consent",
        deciding(),
        Displays { displays: vec![] }.into(),
        "SESSION-1",
    );
    lie(
        "epoch-first",
        "an epoch before consent",
        deciding(),
        epoch(1),
        "SESSION-1",
    );
    lie(
        "path-first",
        "an offer of a path before consent",
        deciding(),
        PathOffer {
            certificate: run(0xD0),
        }
        .into(),
        "PATH-4",
    );
    lie(
        "consent-again",
        "consent once more",
        viewing(),
        Consent {
            scopes: Scopes::CONSENT,
        }
        .into(),
        "SESSION-1",
    );
    lie(
        "request",
        "what only a helper sends",
        viewing(),
        ControlRequest {
            request: 1,
            scopes: Scopes::CONTROL,
        }
        .into(),
        "SESSION-1",
    );
    lie(
        "epoch-again",
        "the same epoch again",
        viewing(),
        epoch(1),
        "PAUSE-6",
    );
    lie(
        "epoch-skipped",
        "an epoch is left out",
        viewing(),
        epoch(3),
        "PAUSE-6",
    );
    lie(
        "chat",
        "the first line is not 1",
        viewing(),
        Chat {
            id: 2,
            text: "a".into(),
        }
        .into(),
        "CHAT-2",
    );
    let open = || {
        let mut sequence = viewing();
        asked(&mut sequence, 1, Scopes::POINTER);
        sequence
    };
    lie(
        "grant-nothing",
        "a grant of no scopes",
        open(),
        grant(1, 1, Scopes::NONE).into(),
        "CONTROL-16",
    );
    lie(
        "grant-more",
        "a grant of more than was asked for",
        open(),
        grant(1, 1, Scopes::CONTROL).into(),
        "CONTROL-16",
    );
    lie(
        "grant-long",
        "a grant of more than 15 minutes",
        open(),
        ControlGrant {
            duration_ms: 900_001,
            ..grant(1, 1, Scopes::POINTER)
        }
        .into(),
        "CONTROL-16",
    );
    lie(
        "grant-zero",
        "a grant with an id that does not rise",
        open(),
        grant(1, 0, Scopes::POINTER).into(),
        "CONTROL-16",
    );
    lie(
        "renew-long",
        "a renewal of more than 15 minutes",
        granted(),
        ControlRenew {
            request: 0,
            grant: 1,
            duration_ms: 900_001,
        }
        .into(),
        "TOOL-7",
    );
    let mut narrowed = granted();
    narrowed.receive(
        100,
        ControlEnd {
            grant: 1,
            code: ErrorCode::Replaced.to_wire(),
        },
        Done::nothing(),
    );
    lie(
        "widened",
        "a narrowed grant with more than the one before",
        narrowed,
        grant(0, 2, Scopes::ALL.without(Scopes::CONSENT)).into(),
        "CONTROL-30",
    );
    let mut paused = viewing();
    paused.receive(
        100,
        Epoch {
            epoch: 2,
            paused: true,
        },
        Done::sent([EpochSeen { epoch: 2 }.into()]),
    );
    paused.step(100, Event::Media(1), json!({}), Done::nothing());
    paused.step(
        100,
        Event::Media(2),
        json!({}),
        super::violation("paused-media", "PAUSE-11"),
    );
    add(
        "paused-media",
        "media that is authentic in a paused epoch",
        &["PAUSE-11"],
        paused,
    );
}
