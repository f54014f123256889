//! What a relay states about itself, which cases go by.

use alongside_wire::{
    limits::{LIMITS, timers::TIMERS},
    rendezvous::RelayHello,
};

use super::{Done, RelayStage, Stop};

impl RelayStage<'_> {
    /// How long a timer is that the relay states, in milliseconds.
    ///
    /// # Errors
    /// If it does not state it.
    pub fn timer(&mut self, name: &str) -> Done<u64> {
        let id = TIMERS.iter().find(|(_, known, _)| *known == name);
        self.stated(name, id.map(|(id, ..)| *id), |hello| &hello.timers)
    }

    /// How much a limit is that the relay states.
    ///
    /// # Errors
    /// If it does not state it.
    pub fn limit(&mut self, name: &str) -> Done<u64> {
        let id = LIMITS.iter().find(|(_, known, _)| *known == name);
        self.stated(name, id.map(|(id, ..)| *id), |hello| &hello.limits)
    }

    /// The same, if the suite can come to it.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if it cannot.
    pub fn limit_within(&mut self, name: &str, most: u64) -> Done<usize> {
        let limit = self.limit(name)?;
        if limit > most {
            return Err(Stop::Untestable(format!(
                "the limit {name} is {limit}, and the suite goes up to {most}: let the relay follow \
                 `limits` of the set-up file in driver.md"
            )));
        }
        usize::try_from(limit).map_err(|error| Stop::Harness(error.to_string()))
    }

    /// How much a limit is, if the relay states it.
    ///
    /// # Errors
    /// If the relay does not answer.
    pub fn states(&mut self, name: &str) -> Done<Option<u64>> {
        let id = LIMITS.iter().find(|(_, known, _)| *known == name);
        self.entry(id.map(|(id, ..)| *id), |hello| &hello.limits)
    }

    fn stated(
        &mut self,
        name: &str,
        id: Option<u16>,
        of: impl Fn(&RelayHello) -> &Vec<(u16, u64)>,
    ) -> Done<u64> {
        self.entry(id, of)?.ok_or_else(|| Stop::Fails {
            blame: "RDV-3".into(),
            expected: format!("{name} in relay-hello"),
            seen: "it is not stated".to_owned(),
        })
    }

    fn entry(
        &mut self,
        id: Option<u16>,
        of: impl Fn(&RelayHello) -> &Vec<(u16, u64)>,
    ) -> Done<Option<u64>> {
        if self.hello.is_none() {
            let who = self.client()?;
            self.close(who, 0);
        }
        let stated = self.hello.as_ref().and_then(|hello| {
            let entry = of(hello).iter().find(|(stated, _)| Some(*stated) == id);
            entry.map(|(_, value)| *value)
        });
        Ok(stated)
    }

    /// Whether nobody else is at this relay.
    pub const fn is_ours(&self) -> bool {
        self.relay.is_ours()
    }

    /// Whether the relay's time passes only as the suite says.
    pub fn has_clock(&self) -> bool {
        self.can("clock")
    }

    /// Nothing but the suite's own clock will do.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if the relay has none.
    pub fn needs_clock(&self) -> Done {
        self.needs("clock")
    }

    /// Whether the relay can be told, or given, this.
    pub fn can(&self, capability: &str) -> bool {
        self.relay.can(capability)
    }

    /// The relay has to have this: a capability, or `sign-in` for any way to sign in.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if it does not.
    pub fn needs(&self, capability: &str) -> Done {
        let there = match capability {
            "sign-in" => self.can("accounts") || self.can("issuers"),
            one => self.can(one),
        };
        match there {
            true => Ok(()),
            false => Err(Stop::Untestable(lacks(capability))),
        }
    }

    /// The relay's date, in seconds since 1970.
    pub fn date(&self) -> u64 {
        self.relay.date()
    }
}

/// What a relay lacks, and what to do about it.
fn lacks(capability: &str) -> String {
    let named = match capability {
        "sign-in" => "`accounts` or `issuers`".to_owned(),
        one => format!("`{one}`"),
    };
    format!("the relay has no capability {named}: see \"A relay under test\" in driver.md")
}
