//! What a case says must be seen, and what it does as the other end.

use std::time::{Duration, Instant};

use alongside_state_machine::channel::{input::GrantKey, media};
use alongside_wire::{
    ErrorCode,
    input::InputEvent,
    media::Frame,
    rendezvous,
    session::{ControlGrant, Message},
};

use serde_json::{Value, json};

use super::{Blame, ClientStage, Done, Item, Stop, frames, item::named, transcript::On};
use crate::{
    driver::Event,
    quic::{Close, Link},
};

/// How long a driver has for a line that it wrote while its client closed.
const LAST_WORDS: Duration = Duration::from_millis(300);

impl ClientStage<'_> {
    /// Waits for something that is only on the way to what the case is about.
    ///
    /// # Errors
    /// If it does not come.
    pub fn await_(&mut self, what: &str, wanted: impl Fn(&Item) -> bool) -> Done<Item> {
        let found = self.find(&wanted)?;
        found.ok_or_else(|| self.in_vain(what))
    }

    /// Waits for what a requirement says must come.
    ///
    /// # Errors
    /// If it does not.
    pub fn sees(
        &mut self,
        blame: impl Into<Blame>,
        what: &str,
        wanted: impl Fn(&Item) -> bool,
    ) -> Done<Item> {
        self.must(blame, |stage| stage.await_(what, wanted))
    }

    /// Finds the next thing that is wanted, and goes past it.
    fn find(&mut self, wanted: &impl Fn(&Item) -> bool) -> Done<Option<Item>> {
        let mut deadline = Instant::now() + self.bench.patience;
        let mut last_words = None;
        let mut next = self.mark;
        loop {
            while let Some(item) = self.log.get(next) {
                next += 1;
                if wanted(item) {
                    let item = item.clone();
                    self.mark = next;
                    return Ok(Some(item));
                }
            }
            if self.is_over() {
                // What its driver said before may come after the end of its connection.
                let most = last_words.get_or_insert_with(|| Instant::now() + LAST_WORDS);
                deadline = deadline.min(*most);
            }
            if !self.hear(deadline)? {
                return Ok(None);
            }
        }
    }

    /// What was heard until now is not waited for any more. Where the log ends, when the client has
    /// handled all that was said to it.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn fresh(&mut self) -> Done<usize> {
        self.settle()?;
        self.mark = self.here();
        self.told_mark = self.here();
        Ok(self.mark)
    }

    /// Waits for something that the person is told, which a requirement says must be.
    ///
    /// # Errors
    /// If it is not told.
    pub fn tells(&mut self, blame: impl Into<Blame>, name: &str) -> Done<Event> {
        self.must(blame, |stage| stage.told(name))
    }

    /// Waits for something that the person is told, on the way to what the case is about.
    ///
    /// # Errors
    /// If it is not told.
    pub fn told(&mut self, name: &str) -> Done<Event> {
        let found = self.find_told(name)?;
        found.ok_or_else(|| Stop::Timeout {
            awaited: format!("the driver to tell of {name:?}"),
            seen: self.since(self.told_mark),
        })
    }

    /// What was told since `from` is waited for once more.
    pub const fn told_since(&mut self, from: usize) {
        self.told_mark = from;
    }

    /// Sees that the driver told of one thing since `from`, and of another only after it.
    ///
    /// # Errors
    /// If it did not.
    pub fn never_earlier(
        &mut self,
        blame: impl Into<Blame>,
        from: usize,
        first: &str,
        then: &str,
    ) -> Done {
        let blame = blame.into();
        self.settle()?;
        let place = |name: &str| {
            let mut log = self.log.iter().skip(from);
            log.position(|item| item.is_told(name))
        };
        let (one, other) = (place(first), place(then));
        let right = matches!((one, other), (Some(one), Some(other)) if one < other);
        let expected = format!("to be told of {first:?}, and then of {then:?}");
        let seen = self.since(from);
        self.check(&blame, right, &expected, seen)
    }

    /// What is told has an order of its own: it comes by another way than what the client sends.
    fn find_told(&mut self, name: &str) -> Done<Option<Event>> {
        let mark = std::mem::replace(&mut self.mark, self.told_mark);
        let found = self.find(&|item: &Item| item.is_told(name));
        self.told_mark = std::mem::replace(&mut self.mark, mark);
        Ok(found?.and_then(|item| match item {
            Item::Told(event) => Some(event),
            _ => None,
        }))
    }

    /// Waits for a sealed message of this name, which a requirement says must come.
    ///
    /// # Errors
    /// If it does not.
    pub fn says(&mut self, blame: impl Into<Blame>, name: &str) -> Done<Message> {
        let blame = blame.into();
        let item = self.sees(&blame, name, |item| item.is_sealed(name))?;
        let none = || Stop::Harness(format!("{item} is no message"));
        item.sealed().cloned().ok_or_else(none)
    }

    /// Waits for a sealed message of this name, on the way to what the case is about.
    ///
    /// # Errors
    /// If it does not come.
    pub fn hears(&mut self, name: &str) -> Done<Message> {
        let item = self.await_(name, |item| item.is_sealed(name))?;
        let none = || Stop::Harness(format!("{item} is no message"));
        item.sealed().cloned().ok_or_else(none)
    }

    /// Waits for exactly this sealed message, which a requirement says must come.
    ///
    /// # Errors
    /// If another of its name comes, or none.
    pub fn says_this(&mut self, blame: impl Into<Blame>, wanted: impl Into<Message>) -> Done {
        let blame = blame.into();
        let wanted = wanted.into();
        let said = self.says(&blame, wanted.name())?;
        let (expected, seen) = (format!("{wanted:?}"), format!("{said:?}"));
        self.check(&blame, said == wanted, &expected, seen)
    }

    /// Sees that the records of the client's session plane open, each in its place.
    ///
    /// # Errors
    /// If one does not, or none comes.
    pub fn opens(&mut self, blame: impl Into<Blame>) -> Done {
        let is_record = |item: &Item| matches!(item, Item::Record { .. } | Item::Unopened);
        if self.until_there_are(1, 0, is_record)? == 0 {
            return Err(self.in_vain("a sealed record"));
        }
        let closed = self.count(0, |item| *item == Item::Unopened);
        let seen = format!("{closed} do not; {}", self.since(0));
        self.check(blame, closed == 0, "records that open", seen)
    }

    /// Does something that has no fields.
    ///
    /// # Errors
    /// As [`ClientStage::does`].
    pub fn act(&mut self, op: &str) -> Done {
        self.does(op, json!({})).map(|_| ())
    }

    /// Sees that the client does not take a command.
    ///
    /// # Errors
    /// If it does.
    pub fn may_not(&mut self, blame: impl Into<Blame>, op: &str, fields: Value) -> Done {
        let blame = blame.into();
        let refused = self.ask(op, fields)?.is_err();
        let expected = format!("{op:?} not to be taken now");
        self.check(&blame, refused, &expected, "it was taken")
    }

    /// Sees that the driver does not tell of something since `from`.
    ///
    /// # Errors
    /// If it does.
    pub fn never_tells(&mut self, blame: impl Into<Blame>, from: usize, name: &str) -> Done {
        let blame = blame.into();
        self.never(&blame, from, name, |item| item.is_told(name))
    }

    /// How many there are of these since `from`.
    pub fn count(&self, from: usize, wanted: impl Fn(&Item) -> bool) -> usize {
        self.log
            .iter()
            .skip(from)
            .filter(|item| wanted(item))
            .count()
    }

    /// Waits until there are so many of these since `from`: what goes by frame streams comes when it
    /// comes. How many there are.
    ///
    /// # Errors
    /// If the client breaks down.
    pub fn until_there_are(
        &mut self,
        count: usize,
        from: usize,
        wanted: impl Fn(&Item) -> bool,
    ) -> Done<usize> {
        let deadline = Instant::now() + self.bench.patience;
        while self.count(from, &wanted) < count && self.hear(deadline)? {}
        Ok(self.count(from, &wanted))
    }

    /// Hears on until that is so, or nothing comes any more.
    ///
    /// # Errors
    /// If the client breaks down.
    pub fn until(&mut self, so: impl Fn(&Self) -> bool) -> Done {
        let deadline = Instant::now() + self.bench.patience;
        while !so(self) && self.hear(deadline)? {}
        Ok(())
    }

    /// Whether there is a connection.
    pub const fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    /// Sees that the client takes its link for lost, and gives up a connection that is to come back:
    /// closed with `lost`, as RECON-6 says.
    ///
    /// # Errors
    /// If it does not, or with another code.
    pub fn gives_up(&mut self, blame: impl Into<Blame>) -> Done {
        let closed = self.sees(blame, "the connection closed", |item| {
            matches!(item, Item::Closed(_))
        })?;
        let lost = Item::Closed(Close::Code(ErrorCode::Lost.to_wire().into()));
        let seen = closed.to_string();
        self.check("RECON-6", closed == lost, "it closed with lost", seen)
    }

    /// Sees that a helper gives up a join with this error: it leaves, and keeps its connection.
    ///
    /// # Errors
    /// If it does not, or with another.
    pub fn gives_up_join(&mut self, blame: impl Into<Blame>, code: ErrorCode) -> Done {
        let blame = blame.into();
        let left = self.sees(&blame, "leave", |item| item.is_to_relay("leave"))?;
        let wanted = rendezvous::Leave {
            code: code.to_wire(),
        };
        let right = left == Item::ToRelay(wanted.into());
        self.check(&blame, right, &format!("leave {code}"), left.to_string())?;
        self.goes_on(&blame)
    }

    /// Whether something has come since `from`, a place in the log. To be asked when it would have.
    pub fn has_come(&self, from: usize, wanted: impl Fn(&Item) -> bool) -> bool {
        self.log.iter().skip(from).any(wanted)
    }

    /// Where the log ends now.
    pub fn here(&self) -> usize {
        self.log.len()
    }

    /// Sees that something did not come since `from`, after the client has handled all that was said.
    ///
    /// # Errors
    /// If it did.
    pub fn never(
        &mut self,
        blame: impl Into<Blame>,
        from: usize,
        what: &str,
        unwanted: impl Fn(&Item) -> bool,
    ) -> Done {
        let blame = blame.into();
        self.settle()?;
        let came = self.log.iter().skip(from).find(|item| unwanted(item));
        let came = came.map(ToString::to_string);
        self.check(
            &blame,
            came.is_none(),
            &format!("no {what}"),
            format!("there came: {}", came.unwrap_or_default()),
        )
    }

    /// Sees that the client ends the session with this error: sealed to the other end if a channel
    /// stands, and by the code of its connection.
    ///
    /// # Errors
    /// If it does not, or with another.
    pub fn ends(&mut self, blame: impl Into<Blame>, code: ErrorCode) -> Done {
        let blame = blame.into();
        self.ends_with(&blame, &blame, code)
    }

    /// The same, where one requirement says that it ends and another with what.
    ///
    /// # Errors
    /// As [`ClientStage::ends`].
    pub fn ends_with(
        &mut self,
        blame: impl Into<Blame>,
        of_code: impl Into<Blame>,
        code: ErrorCode,
    ) -> Done {
        let of_code = of_code.into();
        let expected = format!("an end with {code}");
        let from = self.mark;
        let closed = self.sees(blame, &expected, |item| matches!(item, Item::Closed(_)))?;
        let (sealed, left) = (self.ended_sealed(from), self.left(from));
        let seen = self.since(from);
        let wanted = u64::from(code.to_wire());
        let right = closed == Item::Closed(Close::Code(wanted));
        self.check(&of_code, right, &expected, seen.clone())?;
        for said in [sealed, left].into_iter().flatten() {
            let seen = format!("it says {}; {seen}", named(said.into()));
            self.check(&of_code, u64::from(said) == wanted, &expected, seen)?;
        }
        Ok(())
    }

    /// The code of the sealed `end` that came since then.
    pub fn ended_sealed(&self, from: usize) -> Option<u16> {
        self.log.iter().skip(from).find_map(Item::end)
    }

    /// The code of the `leave` that came since then.
    pub fn left(&self, from: usize) -> Option<u16> {
        self.log.iter().skip(from).find_map(|item| match item {
            Item::ToRelay(alongside_wire::rendezvous::Message::Leave(leave)) => Some(leave.code),
            _ => None,
        })
    }

    /// Sees that the session goes on: it is not at its end when all was handled.
    ///
    /// # Errors
    /// If it is.
    pub fn goes_on(&mut self, blame: impl Into<Blame>) -> Done {
        let blame = blame.into();
        self.settle()?;
        let seen = self.since(self.mark);
        self.check(
            &blame,
            self.link.is_some() && !self.over,
            "the session to go on",
            seen,
        )
    }

    /// Learns the key of a grant, which the suite's end made or has got.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn learn_grant(&mut self, grant: &ControlGrant) -> Done {
        let channel = self.standing()?;
        let key = GrantKey::new(&channel.keys, grant.grant, &grant.secret);
        channel.grants.insert(grant.grant, key);
        Ok(())
    }

    /// As a helper: sends one record of input under a grant, on a stream.
    ///
    /// # Errors
    /// If the suite has no such grant.
    pub fn input(&mut self, stream: u64, grant: u32, events: &[InputEvent]) -> Done {
        let none = || Stop::Harness(format!("there is no grant {grant}"));
        let key = self.standing()?.grants.get_mut(&grant).ok_or_else(none)?;
        let bytes = key.seal(events);
        self.stream_bytes(stream, &bytes);
        Ok(())
    }

    /// As a helper: sends a record of input under a grant whose slots may be none.
    ///
    /// # Errors
    /// If the suite has no such grant.
    pub fn input_slots(&mut self, stream: u64, grant: u32, slots: &[u8; 64]) -> Done {
        let none = || Stop::Harness(format!("there is no grant {grant}"));
        let key = self.standing()?.grants.get_mut(&grant).ok_or_else(none)?;
        let bytes = key.seal_any(slots);
        self.stream_bytes(stream, &bytes);
        Ok(())
    }

    /// The next record of input under a grant, or one that no grant has, as bytes.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn input_record_of(&mut self, grant: u32, events: &[InputEvent]) -> Done<Vec<u8>> {
        let channel = self.standing()?;
        let key = channel.grants.entry(grant);
        let key = key.or_insert_with(|| GrantKey::new(&channel.keys, grant, &[0; 32]));
        Ok(key.seal(events))
    }

    /// Sees that the client does not want more of a stream.
    ///
    /// # Errors
    /// If it goes on to read it.
    pub fn stops(&mut self, blame: impl Into<Blame>, stream: u64) -> Done {
        let blame = blame.into();
        let stopped = self
            .link
            .as_ref()
            .is_some_and(|link| link.is_stopped(stream));
        self.hear_all()?;
        let seen = self.since(self.mark);
        self.check(&blame, stopped, "the stream to be stopped", seen)
    }

    /// As a helper: presses a key, and sees that the client carries it out.
    ///
    /// # Errors
    /// If it does not.
    pub fn presses(
        &mut self,
        blame: impl Into<Blame>,
        stream: u64,
        grant: u32,
        usage: u16,
    ) -> Done {
        let blame = blame.into();
        let press = InputEvent::Key { usage, down: true };
        self.input(stream, grant, &[press])?;
        let wanted = json!({ "key": usage, "down": true });
        loop {
            let event = self.tells(&blame, "injected")?;
            if event.fields.get("input") == Some(&wanted) {
                return Ok(());
            }
        }
    }

    /// Whether this key was pressed at the client since `from`.
    pub fn was_pressed(&self, from: usize, usage: u16) -> bool {
        let wanted = json!({ "key": usage, "down": true });
        self.has_come(from, |item| {
            matches!(item, Item::Told(event)
                if event.name == "injected" && event.fields.get("input") == Some(&wanted))
        })
    }

    /// Opens a frame stream.
    ///
    /// # Errors
    /// If the client does not let it.
    pub fn open_stream(&mut self) -> Done<u64> {
        let opened = self.link.as_ref().and_then(Link::open_stream);
        opened.ok_or_else(|| self.in_vain("leave to open a frame stream"))
    }

    /// Sends bytes on a frame stream.
    pub fn stream_bytes(&mut self, stream: u64, bytes: &[u8]) {
        let (at, on) = ((self.now, '>', None), On::Stream(stream));
        self.transcript.bytes(at, on, "", bytes);
        if let Some(link) = &self.link {
            link.stream(stream, bytes);
        }
    }

    /// As a sharer: the records of a frame of an epoch, sealed.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn film(&mut self, epoch: u32, frame: &[u8]) -> Done<Vec<u8>> {
        self.film += 1;
        let id = self.film;
        self.film_as(epoch, id, frame)
    }

    /// The same with the id of the frame.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn film_as(&mut self, epoch: u32, id: u32, frame: &[u8]) -> Done<Vec<u8>> {
        let channel = self.standing()?;
        let sealer = channel.films.entry(epoch);
        let sealer = sealer.or_insert_with(|| media::Sealer::new(&channel.keys, epoch));
        Ok(sealer.seal(&channel.keys, id, frame))
    }

    /// As a sharer: sends the test picture as a complete frame, on a stream.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn show(&mut self, stream: u64, epoch: u32, seed: u32) -> Done {
        let frame = encoded(&frames::frame(64, 48, seed)?)?;
        let records = self.film(epoch, &frame)?;
        self.stream_bytes(stream, &records);
        Ok(())
    }

    /// Says one message as the other end.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn seal_one(&mut self, message: impl Into<Message>) -> Done {
        self.seal(&[message.into()])
    }
}

/// A frame as the plaintext of its records.
pub(super) fn encoded(frame: &Frame) -> Done<Vec<u8>> {
    frame
        .to_bytes()
        .map_err(|error| Stop::Harness(format!("the frame of the suite: {error}")))
}
