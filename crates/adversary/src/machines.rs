//! The machines of both ends, each alone, without keys and without another end: any call, any message, any time, in any
//! order. What a machine refuses changes nothing in it, and what it wants done was allowed.

mod helper;
mod sharer;

use std::fmt::Debug;

use alongside_state_machine::{
    error::{Fault, Misuse},
    session::{By, Ended, Output},
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    rendezvous::{self, Path, PathOpen, PathOver},
    session::{self, State},
};

use crate::{messages, source::Source, words};

/// Bytes of an act, and acts of the longest run.
const ACT: usize = 32;
/// The secret of each grant, as nobody is shown it.
const SECRET: [u8; 32] = *b"the secret of every grant, 32 by";
const LONGEST: usize = 200;

/// Looks for calls by which a machine does what nobody allowed, or what it refuses.
///
/// # Panics
/// If there are some.
pub fn fuzz(data: &[u8]) {
    let Some((which, acts)) = data.split_first() else {
        return;
    };
    let acts: Vec<_> = acts.chunks(ACT).take(LONGEST).collect();
    match which % 2 {
        0 => sharer::Alone::default().play(&acts),
        _ => helper::Alone::default().play(&acts),
    }
}

/// What both ends allow at most, where a session is to come about.
const CEILINGS: [Scopes; 4] = [
    Scopes::ALL,
    Scopes::ALL.without(Scopes::VIEW),
    Scopes::ALL.without(Scopes::CHAT),
    Scopes::CONTROL.union(Scopes::CONSENT),
];

/// What a machine says to a call that does not fit.
enum Refused {
    /// To its program.
    Program(Misuse),
    /// To somebody else, who is blamed.
    Other(By, Fault),
}

impl From<Misuse> for Refused {
    fn from(misuse: Misuse) -> Self {
        Self::Program(misuse)
    }
}

/// Blames the other end.
fn peer(done: Result<(), Fault>) -> Result<(), Refused> {
    done.map_err(|fault| Refused::Other(By::Peer, fault))
}

/// Blames the relay.
fn relay(done: Result<(), Fault>) -> Result<(), Refused> {
    done.map_err(|fault| Refused::Other(By::Relay, fault))
}

/// A machine, and whoever calls it.
trait Lonely {
    type Machine: Clone + PartialEq + Debug;
    type Event: Debug;

    fn machine(&mut self) -> &mut Self::Machine;

    fn poll(&mut self) -> Option<Output<Self::Event>>;

    fn due(&self) -> Option<Timestamp>;

    fn time_out(&mut self, now: Timestamp);

    fn ended(&self) -> Option<Ended>;

    fn fail(&mut self, by: By, fault: Fault);

    fn heard(&mut self, now: Timestamp);

    /// Something that the machine wants done, in a state that its program has.
    fn wants(&mut self, output: &Output<Self::Event>);

    /// What is so at any time.
    fn check(&self, now: Timestamp);

    /// A call, if it can be made.
    fn call(&mut self, source: &mut Source<'_>, now: Timestamp) -> Result<(), Refused>;

    fn play(&mut self, acts: &[&[u8]]) {
        let mut now = Timestamp::from_millis(1_000_000);
        for act in acts {
            let mut source = Source::new(act);
            let later = match source.byte() {
                0..128 => 0,
                128..192 => source.below(300) as u64,
                192..228 => source.below(3_000) as u64,
                228..250 => {
                    // With signs of life.
                    for _ in 0..source.below(40) {
                        now = now.plus_ms(2_000);
                        self.pass(now);
                        self.heard(now);
                    }
                    0
                }
                _ => source.below(130_000) as u64,
            };
            now = now.plus_ms(later);
            self.pass(now);
            let before = self.machine().clone();
            match self.call(&mut source, now) {
                Ok(()) => {}
                Err(refused) => {
                    assert_eq!(*self.machine(), before, "it refuses, and is another");
                    self.hear(refused);
                }
            }
            self.drain();
            self.check(now);
        }
        let shown = format!("{:?}", self.machine());
        assert!(!shown.contains("115, 101, 99, 114, 101, 116"), "a secret");
        // Nobody says anything any more.
        for _ in 0..40 {
            now = now.plus_ms(5_000);
            self.pass(now);
        }
    }

    fn hear(&mut self, refused: Refused) {
        let over = self.ended().is_some();
        match refused {
            Refused::Program(misuse) => words::refused(misuse),
            Refused::Other(by, fault) => {
                words::blamed(&fault);
                self.fail(by, fault);
                self.drain();
                let ended = self.ended().map(|ended| (ended.code, ended.fault));
                let rightly = ended == Some((fault.code(), Some(fault)));
                assert!(over || rightly, "{ended:?} after {fault}");
            }
        }
    }

    /// Time goes on, with a stop at each deadline.
    fn pass(&mut self, now: Timestamp) {
        while let Some(due) = self.due().filter(|due| *due < now) {
            self.time_out(due);
            self.drain();
            assert!(self.due().is_none_or(|next| next > due), "it stays due");
        }
        self.time_out(now);
        self.drain();
        self.check(now);
    }

    fn drain(&mut self) {
        while let Some(output) = self.poll() {
            self.wants(&output);
        }
    }
}

/// What an end may say before anybody consented.
fn is_silent(message: &session::Message) -> bool {
    matches!(
        message,
        session::Message::Pause(_)
            | session::Message::Heartbeat(_)
            | session::Message::End(_)
            | session::Message::State(_)
    )
}

/// The state that the other end has, if nothing was lost but the link.
fn mirrored(state: &State, source: &mut Source<'_>) -> State {
    let lost = state.scopes.is_empty() && source.one_in(3);
    State {
        paused: source.one_in(4),
        // Consent may have been lost as well, or is beyond what may be.
        scopes: match lost {
            true => *source.pick(&[Scopes::CONSENT, Scopes::CONSENT, Scopes::ALL]),
            false => state.scopes,
        },
        sent: state.received,
        received: state.sent,
        ..state.clone()
    }
}

fn code(source: &mut Source<'_>) -> ErrorCode {
    *source.pick(ErrorCode::ALL)
}

/// What a relay says of a path.
fn of_a_path(source: &mut Source<'_>) -> rendezvous::Message {
    let id = [source.byte(); 8];
    match source.below(4) {
        0 => Path { id }.into(),
        1 => PathOpen { id }.into(),
        2 => {
            let code = source.number() as u16;
            PathOver { code }.into()
        }
        _ => messages::any(source).unwrap_or_else(|| PathOver { code: 0 }.into()),
    }
}
