//! The handshake of a reconnect, and what is ignored.

use alongside_state_machine::{
    channel::{
        keys::Keys,
        reconnect::{Answers, Attempts},
        session,
    },
    time::Timestamp,
};
use alongside_wire::{
    Direction, Suite,
    envelope::{Envelope, Reconnect1, Reconnect2, ReconnectClear},
};
use serde_json::{Value, json};

use crate::{
    fields::{bytes_of, key_of},
    given::Given,
    handshakes::Exchange,
    messages::run,
    spelled::{self, Finished, Key, Noise, hex},
    vector::{File, Refusal},
};

pub(crate) fn files() -> Vec<File> {
    vec![reconnects(), answers(), finishes()]
}

const NOW: Timestamp = Timestamp::from_millis(1);

/// Where a session stands, and what both ends draw.
#[derive(Clone)]
struct Session {
    suite: Suite,
    generation: u32,
    master: Key,
    session_id: [u8; 16],
    attempt: u32,
    e_helper: Key,
    e_sharer: Key,
    /// The plaintext of the helper's first record after it.
    state: Vec<u8>,
}

/// The values of a handshake.
struct Made {
    psk: Key,
    master_hash: Key,
    clear: Vec<u8>,
    prologue: Vec<u8>,
    first: Reconnect1,
    second: Reconnect2,
    finished: Finished,
    next: Key,
}

impl Session {
    /// The one that the key exchange of its chapter ends in.
    fn of_chapter(suite: Suite) -> Self {
        let made = Exchange::of_chapter(&[suite]).make();
        Self {
            suite,
            generation: 0,
            master: made.master,
            session_id: spelled::session_id(&made.finished.h),
            attempt: 1,
            e_helper: run(0x40),
            e_sharer: run(0x60),
            state: vec![0x24, 0x06, 0, 0x41, 1, 0, 2, 1],
        }
    }

    fn keys(&self) -> Keys {
        Keys::of_generation(self.suite, self.generation, self.master)
    }

    /// The handshake spelled out.
    fn spell(&self) -> Made {
        self.spell_with(&[&[], &[]])
    }

    fn spell_with(&self, payloads: &[&[u8]; 2]) -> Made {
        let psk = spelled::expand(&self.master, &spelled::reconnect_info(self.generation));
        let master_hash = spelled::expand(&self.master, spelled::MASTER_HASH);
        let clear = ReconnectClear {
            version: 1,
            suite: self.suite.to_wire(),
            session_id: self.session_id,
            master_hash,
            generation: self.generation,
            attempt: self.attempt,
        }
        .to_bytes();
        let prologue = spelled::prologue(&[b"alongside/1 reconnect", &clear]);
        let finished = Noise {
            suite: self.suite,
            prologue: &prologue,
            psk: &psk,
            e1: &self.e_helper,
            e2: &self.e_sharer,
            payloads: *payloads,
        }
        .run();
        let next = spelled::master(&finished);
        let first = Reconnect1 {
            clear: clear.clone(),
            noise: finished.message_1.clone(),
        };
        let second = Reconnect2 {
            generation: self.generation,
            attempt: self.attempt,
            noise: finished.message_2.clone(),
        };
        Made {
            psk,
            master_hash,
            clear,
            prologue,
            first,
            second,
            finished,
            next,
        }
    }

    /// A helper whose attempt of this number is outstanding, and its message.
    fn attempts(&self) -> (Attempts, Vec<u8>) {
        let (mut attempts, mut sent) = (Attempts::default(), None);
        let keys = self.keys();
        for attempt in 1..=self.attempt {
            let key = if attempt == self.attempt {
                self.e_helper
            } else {
                [attempt as u8; 32]
            };
            sent = attempts.begin(&keys, &self.session_id, &mut Given::new(&[&key]));
        }
        (attempts, sent.expect("an attempt"))
    }

    /// What a sharer answers that knows this session.
    fn answer(
        &self,
        first: &Reconnect1,
        answers: &mut Answers,
        keys: &mut Keys,
    ) -> Option<Vec<u8>> {
        answers.answer(
            keys,
            &self.session_id,
            first,
            &mut Given::new(&[&self.e_sharer]),
            NOW,
        )
    }

    /// Every value of a reconnect.
    fn output(&self, made: Made) -> Value {
        let after = Keys::of_generation(self.suite, self.generation + 1, made.next);
        let sealed = session::Sealer::new(&after, Direction::ToSharer).seal(&after, &self.state);
        let Finished {
            h, k1, k2, steps, ..
        } = &made.finished;
        json!({
            "psk": hex(made.psk), "master_hash": hex(made.master_hash), "clear": hex(made.clear),
            "prologue": hex(&made.prologue), "prologue_sha256": hex(spelled::sha256(&[&made.prologue])),
            "noise": steps,
            "reconnect_1": hex(Envelope::from(made.first).to_bytes()),
            "reconnect_2": hex(Envelope::from(made.second).to_bytes()),
            "h": hex(h), "k1": hex(k1), "k2": hex(k2), "next_master": hex(made.next),
            "next_psk": hex(spelled::expand(&made.next, &spelled::reconnect_info(self.generation + 1))),
            "sealed_state": hex(sealed),
        })
    }

    fn json(&self) -> Value {
        json!({
            "suite": self.suite.to_wire(), "generation": self.generation, "master": hex(self.master),
            "session_id": hex(self.session_id),
        })
    }
}

/// Runs it in the reference code, and holds it against what was spelled out.
fn run_through(session: &Session) -> Made {
    let made = session.spell();
    let (mut attempts, sent) = session.attempts();
    assert_eq!(sent, Envelope::from(made.first.clone()).to_bytes());
    let (mut answers, mut keys) = (Answers::default(), session.keys());
    let answer = session
        .answer(&made.first, &mut answers, &mut keys)
        .expect("an answer");
    assert_eq!(answer, Envelope::from(made.second.clone()).to_bytes());
    let at_helper = attempts
        .answered(&session.keys(), &made.second, NOW)
        .expect("new keys");
    let at_sharer = answers.take_candidate().expect("a candidate");
    for keys in [at_helper, at_sharer] {
        assert_eq!(
            (keys.master(), keys.generation()),
            (made.next, session.generation + 1)
        );
    }
    made
}

fn reconnects() -> File {
    let mut file = File::new("reconnect");
    for suite in [Suite::ChaChaPoly, Suite::AesGcm] {
        let first = Session::of_chapter(suite);
        let again = Session {
            attempt: 2,
            e_helper: run(0x11),
            ..first.clone()
        };
        let next = run_through(&first).next;
        let second = Session {
            generation: 1,
            master: next,
            e_helper: run(0x22),
            e_sharer: run(0x33),
            ..first.clone()
        };
        for (id, about, session) in [
            ("first", "the reconnect of the chapter", first),
            (
                "again",
                "the second attempt, because the first was lost",
                again,
            ),
            (
                "second",
                "the reconnect after the one of the chapter",
                second,
            ),
        ] {
            let made = run_through(&session);
            let mut input = session.json();
            input["attempt"] = json!(session.attempt);
            input["e_helper"] = hex(session.e_helper);
            input["e_sharer"] = hex(session.e_sharer);
            input["state"] = hex(&session.state);
            let output = session.output(made);
            file.taken(
                &format!("suite-{}/{id}", suite.to_wire()),
                about,
                &["RECON-12", "RECON-13"],
                input,
                output,
            );
        }
    }
    file
}

fn answers() -> File {
    let mut file = File::new("reconnect-answer");
    let session = Session::of_chapter(Suite::ChaChaPoly);
    let made = session.spell();
    let input = |highest: u32, first: &Reconnect1| {
        let mut input = session.json();
        input["highest"] = json!(highest);
        input["e_sharer"] = hex(session.e_sharer);
        input["reconnect_1"] = hex(Envelope::from(first.clone()).to_bytes());
        input
    };
    // The sharer as it is after an authentic attempt of that number, if there was one.
    let answered = |highest: u32, first: &Reconnect1| {
        let (mut answers, mut keys) = (Answers::default(), session.keys());
        if highest > 0 {
            let before = Session {
                attempt: highest,
                e_helper: run(0x11),
                ..session.clone()
            };
            assert!(
                before
                    .answer(&before.spell().first, &mut answers, &mut keys)
                    .is_some()
            );
        }
        session.answer(first, &mut answers, &mut keys)
    };
    let seventh = Session {
        attempt: 7,
        ..session.clone()
    }
    .spell();
    for (id, about, highest, made) in [
        ("first", "the first attempt", 0, &made),
        ("later", "attempts may be left out", 3, &seventh),
    ] {
        let answer = answered(highest, &made.first);
        assert_eq!(answer, Some(Envelope::from(made.second.clone()).to_bytes()));
        let output =
            json!({ "reconnect_2": hex(answer.unwrap_or_default()), "candidate": hex(made.next) });
        file.taken(
            id,
            about,
            &["RECON-15"],
            input(highest, &made.first),
            output,
        );
    }
    let mut ignored = |id: &str, about: &str, highest: u32, first: &Reconnect1, requirement| {
        assert_eq!(answered(highest, first), None, "{id}");
        file.refused(
            id,
            about,
            input(highest, first),
            Refusal::silent(requirement),
        );
    };
    ignored(
        "same-attempt",
        "an attempt that was answered",
        1,
        &made.first,
        "RECON-14",
    );
    ignored(
        "lower-attempt",
        "an attempt below one that was answered",
        8,
        &seventh.first,
        "RECON-14",
    );
    let clear = ReconnectClear::read(&made.clear).expect("a clear part");
    for (id, about, clear) in [
        (
            "version",
            "another version",
            ReconnectClear {
                version: 2,
                ..clear.clone()
            },
        ),
        (
            "suite",
            "another suite",
            ReconnectClear {
                suite: 2,
                ..clear.clone()
            },
        ),
        (
            "session",
            "another session",
            ReconnectClear {
                session_id: run(0),
                ..clear.clone()
            },
        ),
        (
            "hash",
            "another master",
            ReconnectClear {
                master_hash: run(0),
                ..clear.clone()
            },
        ),
        (
            "generation",
            "another generation",
            ReconnectClear {
                generation: 1,
                ..clear.clone()
            },
        ),
        (
            "attempt-0",
            "attempt 0",
            ReconnectClear {
                attempt: 0,
                ..clear.clone()
            },
        ),
    ] {
        let first = Reconnect1 {
            clear: clear.to_bytes(),
            ..made.first.clone()
        };
        ignored(id, about, 0, &first, "RECON-14");
    }
    let changed = |at: usize| {
        let mut first = made.first.clone();
        first.noise[at] ^= 1;
        first
    };
    ignored(
        "ephemeral",
        "a bit of the ephemeral key was changed",
        0,
        &changed(0),
        "RECON-19",
    );
    ignored(
        "tag",
        "a bit of the tag was changed",
        0,
        &changed(47),
        "RECON-19",
    );
    let first = Reconnect1 {
        clear: ReconnectClear {
            attempt: 2,
            ..clear
        }
        .to_bytes(),
        ..made.first.clone()
    };
    ignored(
        "attempt",
        "somebody changed the attempt on the way",
        0,
        &first,
        "RECON-19",
    );
    let stranger = Session {
        master: [9; 32],
        ..session.clone()
    }
    .spell();
    let first = Reconnect1 {
        noise: stranger.first.noise,
        ..made.first.clone()
    };
    ignored(
        "stranger",
        "somebody without the master",
        0,
        &first,
        "RECON-19",
    );
    let payload = session.spell_with(&[b"more", &[]]);
    ignored("payload", "a payload", 0, &payload.first, "RECON-19");
    file
}

fn finishes() -> File {
    let mut file = File::new("reconnect-finish");
    let session = Session {
        attempt: 2,
        ..Session::of_chapter(Suite::AesGcm)
    };
    let made = session.spell();
    let input = |second: &Reconnect2| {
        let mut input = session.json();
        input["attempt"] = json!(session.attempt);
        input["e_helper"] = hex(session.e_helper);
        input["reconnect_2"] = hex(Envelope::from(second.clone()).to_bytes());
        input
    };
    let finished = |second: &Reconnect2| {
        let (mut attempts, _) = session.attempts();
        attempts
            .answered(&session.keys(), second, NOW)
            .map(|keys| keys.master())
    };
    assert_eq!(finished(&made.second), Some(made.next));
    file.taken(
        "right",
        "the answer to the outstanding attempt",
        &["RECON-18"],
        input(&made.second),
        json!({ "next_master": hex(made.next) }),
    );
    let mut ignored = |id: &str, about: &str, second: Reconnect2, requirement| {
        assert_eq!(finished(&second), None, "{id}");
        file.refused(id, about, input(&second), Refusal::silent(requirement));
    };
    ignored(
        "generation",
        "an answer of another generation",
        Reconnect2 {
            generation: 1,
            ..made.second.clone()
        },
        "RECON-21",
    );
    ignored(
        "attempt",
        "an answer to the attempt before",
        Reconnect2 {
            attempt: 1,
            ..made.second.clone()
        },
        "RECON-21",
    );
    for (id, about, at) in [
        ("ephemeral", "a bit of the ephemeral key was changed", 0),
        ("tag", "a bit of the tag was changed", 47),
    ] {
        let mut second = made.second.clone();
        second.noise[at] ^= 1;
        ignored(id, about, second, "RECON-19");
    }
    let payload = session.spell_with(&[&[], b"more"]);
    ignored("payload", "a payload", payload.second, "RECON-19");
    let cut = Reconnect2 {
        noise: made.second.noise[..47].into(),
        ..made.second.clone()
    };
    ignored(
        "cut",
        "a Noise message without its last byte",
        cut,
        "RECON-19",
    );
    file
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    let small = |name: &str| {
        input[name]
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
    };
    let suite = small("suite")
        .and_then(|suite| Suite::from_wire(suite as u8))
        .expect("a suite");
    let key = |name: &str| input.get(name).map_or(run(0x60), |_| key_of(input, name));
    let session = Session {
        suite,
        generation: small("generation").expect("a generation"),
        master: key_of(input, "master"),
        session_id: key_of(input, "session_id"),
        attempt: small("attempt").unwrap_or(1),
        e_helper: key("e_helper"),
        e_sharer: key("e_sharer"),
        state: input
            .get("state")
            .map_or_else(Vec::new, |_| bytes_of(input, "state")),
    };
    match kind {
        "reconnect" => Ok(session.output(run_through(&session))),
        "reconnect-answer" => {
            let Ok(Some(Envelope::Reconnect1(first))) =
                Envelope::read(&bytes_of(input, "reconnect_1"))
            else {
                panic!("no reconnect-1")
            };
            let highest = small("highest").unwrap_or_default();
            let (mut answers, mut keys) = (Answers::default(), session.keys());
            if highest > 0 {
                let before = Session {
                    attempt: highest,
                    e_helper: run(0x11),
                    ..session.clone()
                };
                session
                    .answer(&before.spell().first, &mut answers, &mut keys)
                    .expect("an answer");
            }
            let said = session.answer(&first, &mut answers, &mut keys);
            let clear = ReconnectClear::read(&first.clear).ok();
            // If it names what this end would name, the proof was wrong.
            let fits = clear.is_some_and(|clear| {
                let ours = Session {
                    attempt: clear.attempt,
                    ..session.clone()
                }
                .spell()
                .clear;
                clear.attempt > highest && clear.to_bytes() == ours
            });
            let requirement = if fits { "RECON-19" } else { "RECON-14" };
            let answer = said.ok_or(Refusal::silent(requirement))?;
            let next = answers.take_candidate().expect("a candidate").master();
            Ok(json!({ "reconnect_2": hex(answer), "candidate": hex(next) }))
        }
        _ => {
            let Ok(Some(Envelope::Reconnect2(second))) =
                Envelope::read(&bytes_of(input, "reconnect_2"))
            else {
                panic!("no reconnect-2")
            };
            let (mut attempts, _) = session.attempts();
            let next = attempts.answered(&session.keys(), &second, NOW);
            let fits = (second.generation, second.attempt) == (session.generation, session.attempt);
            let requirement = if fits { "RECON-19" } else { "RECON-21" };
            let next = next.ok_or(Refusal::silent(requirement))?.master();
            Ok(json!({ "next_master": hex(next) }))
        }
    }
}
