//! What a case does with a pair, and what it says must be told.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::PairStage;
use crate::{
    driver::{Event, Role},
    stage::{Blame, Done, Stop},
};

impl PairStage<'_> {
    /// Gives an end a command that it has to carry out.
    ///
    /// # Errors
    /// As [`PairStage::ask`], and if it may not do it now.
    pub fn does(&mut self, end: Role, op: &str, fields: Value) -> Done<Map<String, Value>> {
        self.ask(end, op, fields)?.map_err(|why| Stop::Timeout {
            awaited: format!("the {end} to do {op:?}"),
            seen: format!("it says that it may not: {why}"),
        })
    }

    /// Does something that has no fields.
    ///
    /// # Errors
    /// As [`PairStage::does`].
    pub fn act(&mut self, end: Role, op: &str) -> Done {
        self.does(end, op, json!({})).map(|_| ())
    }

    /// Sees that an end does not take a command.
    ///
    /// # Errors
    /// If it does.
    pub fn may_not(&mut self, blame: impl Into<Blame>, end: Role, op: &str, fields: Value) -> Done {
        let refused = self.ask(end, op, fields)?.is_err();
        let expected = format!("{op:?} not to be taken by the {end} now");
        self.check(blame, refused, &expected, "it was taken")
    }

    /// Waits for something that a person is told, which a requirement says must be.
    ///
    /// # Errors
    /// If it is not told.
    pub fn tells(&mut self, blame: impl Into<Blame>, end: Role, name: &str) -> Done<Event> {
        self.tells_that(blame, end, name, &json!({}))
    }

    /// The same with these fields, whatever others there are. One without them is gone past.
    ///
    /// # Errors
    /// If it is not told.
    pub fn tells_that(
        &mut self,
        blame: impl Into<Blame>,
        end: Role,
        name: &str,
        fields: &Value,
    ) -> Done<Event> {
        self.must(blame, |stage| stage.told_that(end, name, fields))
    }

    /// Waits for something that a person is told, on the way to what the case is about.
    ///
    /// # Errors
    /// If it is not told.
    pub fn told(&mut self, end: Role, name: &str) -> Done<Event> {
        self.told_that(end, name, &json!({}))
    }

    fn told_that(&mut self, end: Role, name: &str, fields: &Value) -> Done<Event> {
        let found = self.find(end, name, fields)?;
        found.ok_or_else(|| Stop::Timeout {
            awaited: format!("the {end} to tell of {name:?} {fields}"),
            seen: self.since(end, self.start),
        })
    }

    /// Waits until both persons are told of this, on the way to what the case is about.
    ///
    /// # Errors
    /// If one is not.
    pub fn both_told(&mut self, name: &str) -> Done<[Event; 2]> {
        let helper = self.told(Role::Helper, name)?;
        Ok([helper, self.told(Role::Sharer, name)?])
    }

    /// Where the log ends now. What was told until now is not waited for any more.
    pub fn fresh(&mut self) -> usize {
        self.marks.clear();
        self.start = self.log.len();
        self.start
    }

    /// Sees that an end does not tell of something since `from`.
    ///
    /// # Errors
    /// If it does.
    pub fn never_tells(
        &mut self,
        blame: impl Into<Blame>,
        end: Role,
        from: usize,
        name: &str,
    ) -> Done {
        self.settle()?;
        let seen = self.since(end, from);
        let came = !self.all(end, from, name).is_empty();
        let expected = format!("the {end} to tell of no {name:?}");
        self.check(blame, !came, &expected, seen)
    }

    /// All that an end told of this name since `from`.
    pub fn all(&self, end: Role, from: usize, name: &str) -> Vec<&Event> {
        let told = self.log.iter().skip(from);
        let told = told.filter(|(who, event)| *who == end && event.is(name));
        told.map(|(_, event)| event).collect()
    }

    /// Waits until something is so, as long as what needs no time may take.
    ///
    /// # Errors
    /// If somebody breaks down.
    pub fn until(&mut self, done: impl Fn(&Self) -> bool) -> Done {
        let deadline = Instant::now() + self.bench.patience;
        while !done(self) && self.hear(deadline)? {}
        Ok(())
    }

    fn find(&mut self, end: Role, name: &str, fields: &Value) -> Done<Option<Event>> {
        let deadline = Instant::now() + self.bench.patience;
        let mark = self.marks.get(&(end, name.to_owned())).copied();
        let mut next = mark.unwrap_or(self.start);
        loop {
            while let Some((who, event)) = self.log.get(next) {
                next += 1;
                if *who == end && event.is(name) && has(event, fields) {
                    let event = event.clone();
                    self.marks.insert((end, name.to_owned()), next);
                    return Ok(Some(event));
                }
            }
            if !self.hear(deadline)? {
                return Ok(None);
            }
        }
    }
}

/// Whether an event has these fields, whatever others it has.
fn has(event: &Event, fields: &Value) -> bool {
    let fields = fields.as_object().into_iter().flatten();
    fields
        .into_iter()
        .all(|(name, value)| event.fields.get(name) == Some(value))
}
