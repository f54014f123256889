//! What a case says must be seen, and what it does as the other end.

use std::time::Instant;

use alongside_state_machine::channel::{input::GrantKey, media};
use alongside_wire::{
    ErrorCode,
    input::InputEvent,
    media::Frame,
    session::{ControlGrant, Message},
};

use super::{ClientStage, Done, Item, Stop, frames, item::named, transcript::On};
use crate::quic::Close;

impl ClientStage<'_> {
    /// Notes that a requirement was seen to hold.
    pub fn holds(&mut self, requirement: &'static str) {
        if !self.emitted.contains(&requirement) {
            self.emitted.push(requirement);
        }
    }

    /// Notes whether a requirement holds.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(
        &mut self,
        requirement: &'static str,
        held: bool,
        expected: &str,
        seen: impl Into<String>,
    ) -> Done {
        if held {
            self.holds(requirement);
            return Ok(());
        }
        Err(Stop::Fails {
            requirement,
            expected: expected.to_owned(),
            seen: seen.into(),
        })
    }

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
        requirement: &'static str,
        what: &str,
        wanted: impl Fn(&Item) -> bool,
    ) -> Done<Item> {
        match self.find(&wanted)? {
            Some(item) => {
                self.holds(requirement);
                Ok(item)
            }
            None => Err(Stop::Fails {
                requirement,
                expected: what.to_owned(),
                seen: self.since(self.mark),
            }),
        }
    }

    /// Finds the next thing that is wanted, and goes past it.
    fn find(&mut self, wanted: &impl Fn(&Item) -> bool) -> Done<Option<Item>> {
        let deadline = Instant::now() + self.bench.patience;
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
            if self.is_over() || !self.hear(deadline)? {
                return Ok(None);
            }
        }
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
        requirement: &'static str,
        from: usize,
        what: &str,
        unwanted: impl Fn(&Item) -> bool,
    ) -> Done {
        self.settle()?;
        let came = self.log.iter().skip(from).find(|item| unwanted(item));
        let came = came.map(ToString::to_string);
        self.check(
            requirement,
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
    pub fn ends(&mut self, requirement: &'static str, code: ErrorCode) -> Done {
        let expected = format!("an end with {code}");
        let from = self.mark;
        let closed = self.sees(requirement, &expected, |item| {
            matches!(item, Item::Closed(_))
        })?;
        let (sealed, left) = (self.ended_sealed(from), self.left(from));
        let seen = self.since(from);
        let wanted = u64::from(code.to_wire());
        self.check(
            requirement,
            closed == Item::Closed(Close::Code(wanted)),
            &expected,
            seen.clone(),
        )?;
        for said in [sealed, left].into_iter().flatten() {
            let seen = format!("it says {}; {seen}", named(said.into()));
            self.check(requirement, u64::from(said) == wanted, &expected, seen)?;
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
    pub fn goes_on(&mut self, requirement: &'static str) -> Done {
        self.settle()?;
        let seen = self.since(self.mark);
        self.check(
            requirement,
            self.link.is_some(),
            "the session to go on",
            seen,
        )
    }

    /// As a helper: learns the key of a grant.
    pub(super) fn learn_grant(&mut self, grant: &ControlGrant) -> Done {
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

    /// Opens a frame stream.
    ///
    /// # Errors
    /// If the client does not let it.
    pub fn open_stream(&mut self) -> Done<u64> {
        let opened = self.link.as_ref().and_then(crate::quic::Link::open_stream);
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
