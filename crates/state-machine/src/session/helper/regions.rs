//! What a helper is in, in the words of `spec/tables/helper.toml`.

use alongside_wire::limits::SPENT_CODES;

use super::{Flags, Helper, Phase, viewing::Viewing};
use crate::time::Timestamp;

impl Helper {
    /// The state of each region, by their names in `spec/tables/helper.toml`: for models, tests and
    /// people.
    pub fn regions(&self, now: Timestamp) -> [(&'static str, &'static str); 15] {
        let flags = match &self.phase {
            Phase::Deciding { paused, .. } => *paused,
            Phase::Viewing(viewing) => viewing.paused,
            _ => Flags::default(),
        };
        let known = matches!(self.phase, Phase::Deciding { .. } | Phase::Viewing(_));
        let viewing = match &self.phase {
            Phase::Viewing(viewing) => viewing.regions(),
            _ => Viewing::NO_REGIONS,
        };
        let [
            epoch,
            shown,
            request,
            grant,
            chat,
            offer,
            item,
            advisory,
            path,
        ] = viewing;
        [
            ("link", if self.link.is_lost() { "frozen" } else { "up" }),
            ("phase", self.region()),
            ("codes", self.spent_codes(now)),
            ("pause", flags.region()),
            (
                "card",
                match (known && self.card.is_seen(), self.card.again()) {
                    (false, _) => "unseen",
                    (true, false) => "seen",
                    (true, true) => "seen again",
                },
            ),
            ("told", self.link.told()),
            epoch,
            shown,
            request,
            grant,
            chat,
            offer,
            item,
            advisory,
            path,
        ]
    }

    fn region(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "idle",
            Phase::Requesting => "asking",
            Phase::Calling => "calling",
            Phase::Waiting => "with a code",
            Phase::Securing { .. } => "securing",
            Phase::Deciding { .. } => "deciding",
            Phase::Viewing(_) => "viewing",
            Phase::Ended(_) => "ended",
        }
    }

    fn spent_codes(&self, now: Timestamp) -> &'static str {
        match (&self.phase, self.spent.len()) {
            (Phase::Deciding { .. } | Phase::Viewing(_) | Phase::Ended(_), _) | (_, 0) => "none",
            (_, 1) => "one",
            (_, spent) if spent < SPENT_CODES => "two",
            _ if now < self.quiet_until => "waits",
            _ => "warned",
        }
    }
}
