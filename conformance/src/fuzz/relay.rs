//! Draws sessions with a relay, and plays them: the suite is all of its clients.

use alongside_wire::rendezvous::Deliver;

use super::{
    chance::Chance,
    edit::{self, Edit},
    messages,
    played::Played,
    step::{Plane, Step, Wrong},
    trace::Trace,
};
use crate::{
    cases::{
        Next,
        relay_walk::{Map, Walker},
    },
    stage::{Done, RelayStage, Stop},
};

/// The most events before something wrong, and after it.
const MOST: usize = 9;
const AFTER: usize = 3;
/// How often it is waited for what comes last.
const LAST: usize = 4;

/// A session with a relay.
pub(super) fn draw(chance: &mut Chance) -> Vec<Step> {
    let map = Map::new();
    let mut at = map.start();
    let paths = chance.percent(15);
    let mut steps = Vec::new();
    for _ in 0..1 + chance.below(MOST) {
        let mut next = map.next(&at, paths);
        next.retain(|next| next.taken && map.state(&next.to) != "closed");
        // Each timer takes a while, and most of what can be ends something.
        let (rare, idle) = (chance.percent(90), map.state(&at) == "idle");
        next.retain(|next| !(rare && next.from == "time"));
        let on = [
            "code-request",
            "join: by a live code",
            "somebody joins by its code",
        ];
        let on: Vec<_> = next
            .iter()
            .filter(|next| on.contains(&next.event))
            .collect();
        let drawn = match (chance.percent(if idle { 70 } else { 40 }), on.is_empty()) {
            (true, false) => chance.pick(&on).copied(),
            _ => chance.pick(&next),
        };
        let Some(Next { event, to, .. }) = drawn else {
            break;
        };
        steps.push(Step::event(*event));
        at.clone_from(to);
    }
    let next = map.next(&at, paths);
    if chance.percent(35) {
        steps.extend(chance.pick(&next).map(|next| Step::event(next.event)));
        return steps;
    }
    let (plane, all) = match chance.below(100) {
        0..70 => (Plane::Relay, messages::OF_CLIENT),
        70..80 => (Plane::Relay, messages::OF_RELAY),
        80..90 => (Plane::Envelope, &["deliver"][..]),
        _ => (Plane::Stream, &["media"][..]),
    };
    let message = chance.pick(all).copied().unwrap_or("deliver");
    steps.push(Step::Wrong(chance.wrong(plane, message)));
    let said = |next: &&Next<'_>| next.from == "client" || next.event.starts_with("its peer ");
    let next: Vec<_> = next.iter().filter(said).collect();
    for _ in 0..chance.below(AFTER) {
        steps.extend(chance.pick(&next).map(|next| Step::event(next.event)));
    }
    steps.push(Step::event("deliver"));
    steps
}

/// Plays a session to its end, or as far as the relay does what it should.
pub(super) fn play(stage: &mut RelayStage<'_>, steps: &[Step]) -> Played {
    let map = Map::new();
    let events = steps.iter().filter_map(|step| match step {
        Step::Event { event } => Some(event.clone()),
        Step::Wrong(_) => None,
    });
    let way: Vec<_> = events.collect();
    let mut played = Played::default();
    let walker = match Walker::begin(stage, &map, &way) {
        Ok(walker) => walker,
        Err(stop) => {
            played.stop = Some(stop);
            return played;
        }
    };
    let mut session = Session {
        walker,
        wrong_from: None,
        blamed: None,
    };
    for (number, step) in steps.iter().enumerate() {
        played.step = number;
        if let Err(stop) = session.takes(step) {
            played.stop = Some(stop);
            break;
        }
    }
    // A connection closes when it closes.
    for _ in 0..LAST {
        let _ = session.walker.stage().settle();
    }
    played.blamed = session.blamed;
    played.trace = session.trace();
    played
}

struct Session<'s, 'a, 't> {
    walker: Walker<'s, 'a, 't>,
    /// How much each client had heard when the suite was wrong for the first time.
    wrong_from: Option<[usize; 2]>,
    blamed: Option<&'static str>,
}

impl Session<'_, '_, '_> {
    fn takes(&mut self, step: &Step) -> Done {
        match step {
            Step::Event { event } if self.wrong_from.is_none() => self.walker.goes(event),
            Step::Event { event } => {
                self.blamed = self.walker.blamed(event);
                // What cannot be done any more shows by what was heard.
                match self.walker.does(event) {
                    Err(Stop::Timeout { .. } | Stop::Untestable(_)) | Ok(()) => {}
                    Err(other) => return Err(other),
                }
                self.walker.settles()
            }
            Step::Wrong(wrong) => {
                if self.wrong_from.is_none() {
                    // What came of the event before has come.
                    self.walker.settles()?;
                    self.wrong_from = Some(self.heard());
                }
                self.blamed = match self.clause(wrong) {
                    Some(clause) => Some(clause),
                    None => self.walker.blamed(&wrong.message),
                };
                self.says(wrong)?;
                self.walker.settles()
            }
        }
    }

    /// How much each client has heard.
    fn heard(&mut self) -> [usize; 2] {
        let clients = self.walker.clients();
        clients.map(|who| who.map_or(0, |who| self.walker.stage().client_of(who).heard.len()))
    }

    fn says(&mut self, wrong: &Wrong) -> Done {
        let Wrong {
            plane,
            message,
            edits,
        } = wrong;
        let [Some(client), _] = self.walker.clients() else {
            return Ok(());
        };
        let locator = self.walker.locator();
        let stage = self.walker.stage();
        match plane {
            Plane::Stream | Plane::Frame => {
                let Ok(stream) = stage.open_stream(client) else {
                    return Ok(());
                };
                let mut bytes = vec![1; 100];
                edit::change(&mut bytes, edits);
                let Ok(link) = stage.link(client) else {
                    return Ok(());
                };
                link.stream(stream, &bytes);
                // What was not carried yet goes with a reset, or not.
                if edits.contains(&Edit::Resets) {
                    stage.settle()?;
                }
                if let Ok(link) = stage.link(client) {
                    edit::leave(link, stream, edits);
                }
            }
            Plane::Envelope => {
                let mut envelope = vec![8, 3, 1, 2, 3];
                edit::change(&mut envelope, edits);
                stage.say(client, Deliver { envelope });
            }
            Plane::Relay | Plane::Session => {
                let mut bytes = messages::changed(message, locator, edits);
                if edits.contains(&Edit::Halves) {
                    let rest = bytes.split_off(bytes.len() / 2);
                    stage.say_bytes(client, message, bytes);
                    stage.settle()?;
                    bytes = rest;
                }
                stage.say_bytes(client, message, bytes);
                if let (Ok(link), true) = (stage.link(client), edits.contains(&Edit::Ends)) {
                    link.end_control();
                }
            }
        }
        Ok(())
    }

    /// The clause that the changed bytes of a message break.
    fn clause(&self, wrong: &Wrong) -> Option<&'static str> {
        if wrong.plane != Plane::Relay {
            return None;
        }
        messages::breaks(&wrong.message, self.walker.locator(), &wrong.edits)
    }

    fn trace(&mut self) -> Option<Trace> {
        let from = self.wrong_from?;
        let mut trace = Trace::default();
        let clients = self.walker.clients().into_iter().zip(from);
        for ((who, from), name) in clients.zip(["it", "the other"]) {
            let Some(who) = who else { continue };
            let heard = &self.walker.stage().client_of(who).heard;
            for heard in heard.iter().skip(from) {
                trace.hear_of_relay(name, heard);
            }
        }
        Some(trace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_follow_from_chance_and_have_one_thing_wrong_at_most() {
        let mut wrong = 0;
        for number in 0..200 {
            let steps = draw(&mut Chance::new(1, number));
            assert_eq!(steps, draw(&mut Chance::new(1, number)));
            assert!(!steps.is_empty());
            let is_wrong = |step: &&Step| matches!(step, Step::Wrong(_));
            let here = steps.iter().filter(is_wrong).count();
            assert!(here <= 1, "{steps:?}");
            wrong += here;
        }
        assert!((100..160).contains(&wrong), "{wrong}");
    }
}
