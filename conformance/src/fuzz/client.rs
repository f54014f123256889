//! Plays a session against a client.

use alongside_wire::{
    code::Locator,
    envelope::{Confirm, Envelope},
    input::{InputEvent, encode_record},
    limits,
    session::{Heartbeat, Message},
};

use super::{
    edit::{self, Edit},
    messages,
    played::Played,
    step::{Plane, Step, Wrong},
    trace::Trace,
};
use crate::{
    cases::walk::{Map, Walker},
    driver::Role,
    stage::{ClientStage, Done, Item, Stop, test_frame},
};

/// How long, of the computer's clock, something may take that goes by a stream of its own.
const MOMENT: u64 = 30;
/// How often that is waited for when a connection is about to close.
const MOMENTS: usize = 30;

/// Plays it to its end, or as far as the client does what it should.
pub(super) fn play(stage: &mut ClientStage<'_>, map: &Map, steps: &[Step]) -> Played {
    let events = steps.iter().filter_map(|step| match step {
        Step::Event { event } => Some(event.clone()),
        Step::Wrong(_) => None,
    });
    let way: Vec<_> = events.collect();
    let mut session = Session {
        map,
        walker: map.walker(stage, &way),
        consented_at: None,
        wrong_from: None,
        blamed: None,
        worn: false,
        trace: Trace::default(),
    };
    let mut played = Played::default();
    for (number, step) in steps.iter().enumerate() {
        played.step = number;
        let done = session.takes(step).and_then(|()| session.is_safe());
        if let Err(stop) = done {
            played.stop = Some(stop);
            break;
        }
        if session.is_over() {
            break;
        }
    }
    session.end(played)
}

struct Session<'s, 'a, 't> {
    map: &'t Map,
    walker: Walker<'s, 'a, 't>,
    /// Where in the log the person agreed.
    consented_at: Option<usize>,
    /// Where in the log the suite was wrong for the first time: the table says nothing of what follows.
    wrong_from: Option<usize>,
    blamed: Option<&'static str>,
    /// The driver still waits for something.
    worn: bool,
    trace: Trace,
}

impl<'a> Session<'_, 'a, '_> {
    fn stage(&mut self) -> &mut ClientStage<'a> {
        self.walker.stage()
    }

    fn takes(&mut self, step: &Step) -> Done {
        match step {
            Step::Event { event } => {
                if event.starts_with("give consent") {
                    let here = self.stage().here();
                    self.consented_at.get_or_insert(here);
                }
                match self.wrong_from {
                    None => self.walker.goes(event),
                    Some(_) => self.follows(event),
                }
            }
            Step::Wrong(wrong) => {
                let here = self.stage().here();
                self.wrong_from.get_or_insert(here);
                self.blamed = match self.clause(wrong) {
                    Some(clause) => Some(clause),
                    None => self.walker.blamed(&wrong.message),
                };
                if self.stage().is_connected() {
                    self.says(wrong)?;
                }
                self.settles()
            }
        }
    }

    /// Something right after something wrong. Who is not there hears nothing.
    fn follows(&mut self, event: &str) -> Done {
        if !self.stage().is_connected() && !self.map.is_of_person(event) {
            return Ok(());
        }
        self.blamed = self.walker.blamed(event);
        if let Some(taken) = self.walker.does(event)? {
            self.trace.act(event, taken);
        }
        self.settles()
    }

    /// Waits until all has shown.
    fn settles(&mut self) -> Done {
        let stage = self.stage();
        // Who gives up the connection at the first of two things never reads the second.
        stage.moment(MOMENT)?;
        match stage.settle() {
            Err(Stop::Timeout { .. }) if !stage.is_connected() => self.worn = true,
            done => done?,
        }
        let stage = self.stage();
        for _ in 0..MOMENTS {
            let ended = stage.log.iter().any(|item| item.is_told("ended"));
            if !ended || !stage.is_connected() {
                break;
            }
            stage.moment(MOMENT)?;
        }
        Ok(())
    }

    /// It has ended, and nothing more can come of it.
    fn is_over(&mut self) -> bool {
        if self.wrong_from.is_none() {
            return false;
        }
        let stage = self.stage();
        !stage.is_connected() && stage.log.iter().any(|item| item.is_told("ended"))
    }

    fn says(&mut self, wrong: &Wrong) -> Done {
        let Wrong {
            plane,
            message,
            edits,
        } = wrong;
        match plane {
            Plane::Relay => {
                let stage = self.stage();
                let locator = stage.draw_code().locator;
                let mut bytes = messages::changed(message, locator, edits);
                if edits.contains(&Edit::Halves) {
                    let rest = bytes.split_off(bytes.len() / 2);
                    stage.say_bytes(message, bytes);
                    stage.moment(MOMENT)?;
                    bytes = rest;
                }
                stage.say_bytes(message, bytes);
                if let (Some(link), true) = (&stage.link, edits.contains(&Edit::Ends)) {
                    link.end_control();
                }
            }
            Plane::Session if self.stage().channel.is_some() => {
                let right = self.walker.message(message);
                let mut framed = Vec::new();
                right.encode(&mut framed);
                let mut plaintext = edit::framed(&framed, edits);
                // More cannot be sealed in one record.
                plaintext.truncate(limits::RECORD_PLAINTEXT);
                self.stage().seal_bytes(&plaintext)?;
            }
            Plane::Envelope => self.envelope(message, edits)?,
            Plane::Stream | Plane::Frame => self.stream(*plane, edits)?,
            Plane::Session => {}
        }
        Ok(())
    }

    /// The clause that the changed bytes of a message break.
    fn clause(&mut self, wrong: &Wrong) -> Option<&'static str> {
        match wrong.plane {
            Plane::Session => {
                let mut framed = Vec::new();
                self.walker.message(&wrong.message).encode(&mut framed);
                let read = Message::read_all(&edit::framed(&framed, &wrong.edits));
                read.err().map(|error| error.clause())
            }
            Plane::Relay => {
                let none = Locator::from_random(&[0; 8], 4);
                messages::breaks(&wrong.message, none, &wrong.edits)
            }
            Plane::Envelope | Plane::Stream | Plane::Frame => None,
        }
    }

    fn envelope(&mut self, message: &str, edits: &[Edit]) -> Done {
        let stage = self.stage();
        let mut bytes = match stage.channel.as_mut() {
            Some(channel) if message == "sealed" => channel.seal(&[Heartbeat {}.into()]),
            _ => Envelope::from(Confirm { noise: vec![7; 80] }).to_bytes(),
        };
        edit::change(&mut bytes, edits);
        if !edits.contains(&Edit::Lost) {
            for _ in 0..1 + usize::from(edits.contains(&Edit::Twice)) {
                stage.deliver(bytes.clone());
            }
        }
        // What is missing shows by what follows.
        match stage.channel.is_some() {
            true => stage.seal_one(Heartbeat {}),
            false => Ok(()),
        }
    }

    /// Records of the frame stream that the other end has.
    fn stream(&mut self, plane: Plane, edits: &[Edit]) -> Done {
        let grant = self.walker.grant();
        let stage = self.stage();
        if stage.channel.is_none() || !stage.is_connected() {
            return Ok(());
        }
        let sealed = plane == Plane::Frame;
        let mut bytes = match stage.role {
            Role::Sharer => {
                let key = InputEvent::Key {
                    usage: 4,
                    down: true,
                };
                if sealed && grant == 0 {
                    return Ok(());
                }
                if sealed {
                    let mut slots = encode_record(&[key]).to_vec();
                    edit::change(&mut slots, edits);
                    slots.resize(encode_record(&[]).len(), 0);
                    let stream = stage.open_stream()?;
                    let slots = slots.try_into().unwrap_or_else(|_| encode_record(&[]));
                    // The suite has lost its key together with the link.
                    return match stage.input_slots(stream, grant, &slots) {
                        Err(Stop::Harness(_)) => Ok(()),
                        done => done,
                    };
                }
                stage.input_record_of(grant, &[key])?
            }
            Role::Helper => {
                let mut frame = picture()?;
                if sealed {
                    edit::change(&mut frame, edits);
                }
                let epoch = stage.epoch;
                stage.film(epoch, &frame)?
            }
        };
        if !sealed {
            edit::change(&mut bytes, edits);
        }
        let stream = stage.open_stream()?;
        stage.stream_bytes(stream, &bytes);
        // What was not read yet goes with a reset, or not.
        if edits.contains(&Edit::Resets) {
            stage.moment(MOMENT)?;
        }
        if let Some(link) = &stage.link {
            edit::leave(link, stream, edits);
        }
        Ok(())
    }

    /// What holds whatever was said.
    fn is_safe(&mut self) -> Done {
        let before = self.consented_at;
        let stage = self.stage();
        if stage.role != Role::Sharer {
            return Ok(());
        }
        let log = stage.log.iter().take(before.unwrap_or(usize::MAX));
        if let Some(item) = log.clone().find(|item| item.shows_the_screen()) {
            return Err(fails(
                "CONSENT-2",
                "nothing of the screen before consent",
                item,
            ));
        }
        let (mut granted, mut ended) = (false, false);
        for item in &stage.log {
            granted |= item.is_told("granted");
            granted &= !item.is_told("control-ended");
            ended |= item.is_told("ended");
            if item.is_told("injected") && ended {
                return Err(fails("END-6", "nothing to be injected after the end", item));
            }
            if item.is_told("injected") && !granted {
                return Err(fails(
                    "INPUT-8",
                    "nothing to be injected without a grant",
                    item,
                ));
            }
        }
        Ok(())
    }

    fn end(mut self, mut played: Played) -> Played {
        let Some(from) = self.wrong_from else {
            return played;
        };
        let map = self.map;
        let mut trace = std::mem::take(&mut self.trace);
        let stage = self.stage();
        for item in stage.log.iter().skip(from) {
            trace.hear(item, |name| map.speaks_of(name));
        }
        for item in stage.log.iter().take(from) {
            trace.heard_before(item);
        }
        let told = stage.log.iter().rev().find_map(|item| match item {
            Item::Told(event) if event.name == "ended" => Some(event.text("clause").to_owned()),
            _ => None,
        });
        played.clause = told.filter(|clause| !clause.is_empty());
        played.blamed = self.blamed;
        played.worn = self.worn;
        played.trace = Some(trace);
        played
    }
}

fn fails(requirement: &'static str, expected: &str, seen: &Item) -> Stop {
    Stop::Fails {
        blame: requirement.into(),
        expected: expected.to_owned(),
        seen: format!("there came {seen}"),
    }
}

/// A picture, as the plaintext of its records.
fn picture() -> Done<Vec<u8>> {
    test_frame(16, 16, 1)?
        .to_bytes()
        .map_err(|error| Stop::Harness(error.to_string()))
}
