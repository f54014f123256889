//! What must never happen, whoever lies: held against everything that the sharer says and does.

use alongside_state_machine::{session::sharer::Event, time::Timestamp};
use alongside_wire::{Scopes, limits::timers::ANSWER_GUARD};

/// Watches the events of a sharer. Every [`World`](crate::World) has one, so that every test is a
/// test of this too.
#[derive(Debug, Default)]
pub struct Monitor {
    viewing: bool,
    paused: bool,
    /// When the open prompt opened.
    prompt: Option<Timestamp>,
    grant: Option<(u32, Scopes, Timestamp)>,
    last_grant: u32,
    /// Something was injected since the last release.
    held: bool,
    last_injected: Option<Timestamp>,
    ended: bool,
}

impl Monitor {
    /// Takes the next event.
    ///
    /// # Errors
    /// What must never happen, in words.
    pub fn see(&mut self, event: &Event, now: Timestamp) -> Result<(), String> {
        if self.ended {
            return Err(format!("after the end: {event:?}"));
        }
        match event {
            Event::Viewing => self.viewing = true,
            Event::MediaReady if !self.viewing || self.paused => {
                return Err("media is ready, and must not be seen".to_owned());
            }
            Event::ControlAsked { .. } if self.prompt.is_some() || !self.viewing || self.held => {
                return Err(format!("asked out of turn: {self:?}"));
            }
            Event::ControlAsked { .. } => self.prompt = Some(now),
            Event::ControlPromptClosed => self.prompt = None,
            Event::ControlGranted {
                grant,
                scopes,
                until,
            } => {
                let fits = self.grant.is_none() && *grant > self.last_grant;
                if !fits || !self.guarded(now) || self.paused || !Scopes::CONTROL.contains(*scopes)
                {
                    return Err(format!("{event:?}: {self:?}"));
                }
                (self.prompt, self.last_grant) = (None, *grant);
                self.grant = Some((*grant, *scopes, *until));
            }
            Event::ControlEnded { grant, .. } => {
                if self.held || self.grant.take().is_none_or(|live| live.0 != *grant) {
                    return Err(format!("{event:?}: {self:?}"));
                }
            }
            Event::Inject(input) => {
                let live = self.grant.filter(|(_, scopes, until)| {
                    scopes.contains(input.scope()) && now < *until && self.viewing
                });
                if live.is_none() || self.prompt.is_some() || self.paused {
                    return Err(format!("injected at {now:?}: {self:?}"));
                }
                (self.held, self.last_injected) = (true, Some(now));
            }
            Event::ReleaseAll => self.held = false,
            Event::Paused { local, peer } => {
                self.paused = *local || *peer;
                if self.paused && (self.grant.is_some() || self.prompt.is_some()) {
                    return Err(format!("paused with control: {self:?}"));
                }
            }
            Event::Ended(_) => {
                self.ended = true;
                if self.grant.is_some() || self.held {
                    return Err(format!("ended with control: {self:?}"));
                }
            }
            Event::ConsentAsked { .. }
            | Event::JoinHeldBack
            | Event::ScamWarning
            | Event::ControlNotBefore(_)
            | Event::MediaReady
            | Event::MediaStopped
            | Event::CompleteFrameWanted
            | Event::Chat(_)
            | Event::ChatDelivered(_) => {}
        }
        Ok(())
    }

    /// Whether a prompt is open for long enough, and the last input long enough ago.
    fn guarded(&self, now: Timestamp) -> bool {
        let rested = |moment: Timestamp| now.since(moment) >= ANSWER_GUARD * 1_000;
        self.prompt.is_some_and(rested) && self.last_injected.is_none_or(rested)
    }
}
