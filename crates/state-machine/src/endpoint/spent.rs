//! What a sharer's program remembers of codes, so that one guess is all that anybody gets.

use alloc::{string::String, vec::Vec};

use alongside_wire::{code::Locator, limits::timers};

use crate::{error::Misuse, mutant, time::Timestamp};

/// The locators that were joined lately, at each relay. Keep one for the life of the program and
/// lend it to each join.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpentLocators(Vec<(String, Locator, Timestamp)>);

impl SpentLocators {
    /// Whether a locator was joined at this relay within 45 minutes.
    pub fn is_spent(&self, relay: &str, locator: Locator, now: Timestamp) -> bool {
        let same = |(at, known, until): &(String, Locator, Timestamp)| {
            at == relay && *known == locator && now < *until
        };
        self.0.iter().any(same) && !mutant::is("CODE-11/forgets")
    }

    //= spec/02-codes.md#spent [CODE-11] 2173fa4b
    /// Marks a locator before it is sent, whatever secret was typed.
    ///
    /// # Errors
    /// [`Misuse::SpentCode`] if it was joined at this relay within 45 minutes.
    pub fn spend(&mut self, relay: &str, locator: Locator, now: Timestamp) -> Result<(), Misuse> {
        self.0.retain(|(_, _, until)| now < *until);
        if self.is_spent(relay, locator, now) {
            return Err(Misuse::SpentCode);
        }
        let until = now.plus_ms(timers::SHARER_SPENT);
        self.0.push((relay.into(), locator, until));
        Ok(())
    }
}
