//! Which way pictures go, and what a client does for a path.

use std::{collections::VecDeque, fmt};

use alongside_state_machine::{
    endpoint::{
        helper::{HelperEndpoint, PathEvent},
        sharer::SharerEndpoint,
    },
    error::Misuse,
    mutant,
    time::Timestamp,
};
use alongside_wire::{ErrorCode, path::PathToken};

use crate::net::{News, Path, PathEnd};

/// Which way pictures go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// On streams that the relay splices.
    #[default]
    Spliced,
    /// On a path: in packets that the relay forwards.
    Path,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spliced => "usual way",
            Self::Path => "fast way",
        })
    }
}

/// An endpoint, as far as it decides about paths.
pub(crate) trait Decides {
    fn path_limit(&self) -> u64;
    fn path_offer_from(&self) -> Option<Timestamp>;
    fn offer_path(&mut self, certificate: [u8; 32], now: Timestamp) -> Result<(), Misuse>;
    fn prove_path(&mut self, token: PathToken, now: Timestamp);
    fn path_stands(&mut self, now: Timestamp);
    fn end_path(&mut self, code: ErrorCode, now: Timestamp);
}

/// What one end does for a path.
pub(crate) struct Ways {
    end: PathEnd,
    /// The person does not mind.
    wanted: bool,
    /// This end is to make the first offer as soon as it may.
    begins: bool,
    /// The other end does not want a path any more, as long as the link is up.
    declined: bool,
    /// What the endpoint has decided, and nobody has done yet.
    decided: VecDeque<PathEvent>,
    way: Way,
}

impl Ways {
    pub(crate) fn new(end: PathEnd, wanted: bool) -> Self {
        Self {
            end,
            wanted,
            begins: false,
            declined: false,
            decided: VecDeque::new(),
            way: Way::Spliced,
        }
    }

    pub(crate) const fn way(&self) -> Way {
        self.way
    }

    /// A path would be of use now, and the other end waits for an offer.
    pub(crate) fn begin(&mut self) {
        self.begins = self.wanted && !self.declined;
    }

    /// The link is lost. What was said on it counts no more, and nothing is offered before a path would be of use again.
    pub(crate) fn rest(&mut self) {
        self.begins = false;
        self.declined = false;
    }

    /// The endpoint has decided this.
    pub(crate) fn decided(&mut self, event: PathEvent) {
        match event {
            PathEvent::Offered => self.declined = false,
            PathEvent::Agreed { .. } => self.begins = false,
            PathEvent::Over { code } => {
                // Who does not want it any more is not asked again.
                self.declined = code == ErrorCode::Done;
                self.begins = self.wanted && self.end == PathEnd::Sharer && !self.declined;
            }
            PathEvent::Routed { .. } | PathEvent::Open { .. } => {}
        }
        self.decided.push_back(event);
    }

    /// When something is to be done here again.
    pub(crate) fn due(&self, end: &impl Decides) -> Option<Timestamp> {
        self.begins
            .then(|| end.path_offer_from().unwrap_or_default())
    }

    /// Does what is to be done. Tells if pictures go another way than before.
    pub(crate) fn carry_out(
        &mut self,
        end: &mut impl Decides,
        path: &mut Path,
        now: Timestamp,
    ) -> Option<Way> {
        let before = self.way;
        while let Some(event) = self.decided.pop_front() {
            path.follow(self.end, event);
            match event {
                PathEvent::Offered if self.wanted => self.offer(end, path, now),
                PathEvent::Over { .. } => self.way = Way::Spliced,
                _ => {}
            }
        }
        if self.due(end).is_some_and(|due| due <= now) {
            self.offer(end, path, now);
        }
        (self.way != before).then_some(self.way)
    }

    /// Something has happened to a path.
    pub(crate) fn heard(
        &mut self,
        news: News,
        end: &mut impl Decides,
        now: Timestamp,
    ) -> Option<Way> {
        match news {
            News::Check(token) => end.prove_path(token, now),
            News::Up => {
                end.path_stands(now);
                self.way = Way::Path;
                return Some(self.way);
            }
            //= spec/20-forwarded-packets.md#clients [PATH-30] 5a1466d7
            News::Gone => end.end_path(ErrorCode::Lost, now),
        }
        None
    }

    //= spec/20-forwarded-packets.md#agreeing [PATH-1] 67f638e4
    fn offer(&mut self, end: &mut impl Decides, path: &mut Path, now: Timestamp) {
        self.begins = mutant::is("PATH-34/again");
        if end.path_limit() == 0 {
            return;
        }
        // Without a key, or when it may not be, there is no offer, and the session goes on as it is.
        path.offer(|certificate| end.offer_path(certificate, now).is_ok());
    }
}

macro_rules! decides {
    ($($endpoint:ty),*) => {$(
        impl Decides for $endpoint {
            fn path_limit(&self) -> u64 {
                self.path_limit()
            }

            fn path_offer_from(&self) -> Option<Timestamp> {
                self.path_offer_from()
            }

            fn offer_path(&mut self, certificate: [u8; 32], now: Timestamp) -> Result<(), Misuse> {
                self.offer_path(certificate, now)
            }

            fn prove_path(&mut self, token: PathToken, now: Timestamp) {
                self.prove_path(token, now);
            }

            fn path_stands(&mut self, now: Timestamp) {
                self.path_stands(now);
            }

            fn end_path(&mut self, code: ErrorCode, now: Timestamp) {
                self.end_path(code, now);
            }
        }
    )*};
}

decides!(HelperEndpoint, SharerEndpoint);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn who_wants_no_path_any_more_is_not_asked_again_on_this_link() {
        let sharer = SharerEndpoint::new(Config::default(), [0; 32]);
        let mut ways = Ways::new(PathEnd::Sharer, true);
        let over = |code| PathEvent::Over { code };
        ways.begin();
        assert!(ways.due(&sharer).is_some());
        ways.decided(over(ErrorCode::Lost));
        assert!(ways.due(&sharer).is_some());
        ways.decided(over(ErrorCode::Done));
        assert!(ways.due(&sharer).is_none());
        // After a pause pictures can go again.
        ways.begin();
        assert!(ways.due(&sharer).is_none());
        // It wants one after all.
        ways.decided(PathEvent::Offered);
        ways.begin();
        assert!(ways.due(&sharer).is_some());
        // On another link it is asked anew.
        ways.decided(over(ErrorCode::Done));
        ways.rest();
        ways.begin();
        assert!(ways.due(&sharer).is_some());
    }

    #[test]
    fn nothing_is_offered_while_the_link_is_lost() {
        let sharer = SharerEndpoint::new(Config::default(), [0; 32]);
        let mut ways = Ways::new(PathEnd::Sharer, true);
        let code = ErrorCode::Lost;
        ways.decided(PathEvent::Over { code });
        ways.rest();
        assert!(ways.due(&sharer).is_none());
    }
}
