//! What must never happen, whoever lies: held against everything that the sharer says and does.

use alongside_state_machine::{session::sharer::Event, time::Timestamp};
use alongside_wire::{ErrorCode, Scopes, limits::timers::ANSWER_GUARD};

use crate::Broken;

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
    /// What the last grant had, if it ended because another takes its place.
    replaced: Option<(Scopes, Timestamp)>,
    /// Something of the helper's is drawn on the screen.
    drawn: bool,
    /// It points somewhere.
    pointed: bool,
    /// The link is lost.
    frozen: bool,
    ended: bool,
}

impl Monitor {
    /// Takes the next event.
    ///
    /// # Errors
    /// The property that is broken.
    pub fn see(&mut self, event: &Event, now: Timestamp) -> Result<(), Broken> {
        let broken = |property, why: String| Err(Broken { property, why });
        if self.ended {
            return broken(5, format!("after the end: {event:?}"));
        }
        let acts = matches!(
            event,
            Event::Viewing
                | Event::MediaReady
                | Event::ControlAsked { .. }
                | Event::ControlGranted { .. }
                | Event::Inject(_)
        );
        if self.frozen && acts {
            return broken(8, format!("while the link is lost: {event:?}"));
        }
        match event {
            Event::Frozen { .. } => {
                if self.frozen || self.grant.is_some() || self.held || self.prompt.is_some() {
                    return broken(8, format!("frozen with control: {self:?}"));
                }
                self.frozen = true;
            }
            Event::Back if !self.frozen => {
                return broken(Broken::OTHER, "back from nowhere".to_owned());
            }
            Event::Back => self.frozen = false,
            Event::Viewing => self.viewing = true,
            Event::MediaReady if !self.viewing => {
                return broken(1, "media is ready before consent".to_owned());
            }
            Event::MediaReady if self.paused => {
                return broken(4, "media is ready in a pause".to_owned());
            }
            Event::ControlAsked { .. } if self.prompt.is_some() || !self.viewing || self.held => {
                return broken(2, format!("asked out of turn: {self:?}"));
            }
            Event::ControlAsked { .. } => self.prompt = Some(now),
            Event::ControlPromptClosed => self.prompt = None,
            Event::ControlGranted {
                grant,
                scopes,
                until,
            } => {
                let narrowed = self.replaced.take().is_some_and(|(before, most)| {
                    before.contains(*scopes) && before != *scopes && *until <= most
                });
                let fits = self.grant.is_none() && *grant > self.last_grant;
                let asked = narrowed || self.guarded(now);
                if !Scopes::GRANTABLE.contains(*scopes) {
                    return broken(6, format!("{event:?}"));
                }
                if !fits || !asked || self.paused {
                    return broken(8, format!("{event:?}: {self:?}"));
                }
                if !narrowed {
                    self.prompt = None;
                }
                self.last_grant = *grant;
                self.grant = Some((*grant, *scopes, *until));
            }
            Event::ControlRenewed { grant, until } => {
                let same = self.grant.filter(|(live, _, _)| live == grant);
                let Some((id, scopes, _)) = same.filter(|_| self.guarded(now)) else {
                    return broken(2, format!("{event:?}: {self:?}"));
                };
                self.prompt = None;
                self.grant = Some((id, scopes, *until));
            }
            Event::Stroke(_) | Event::Laser { .. } => {
                let live = self.grant.filter(|(_, scopes, until)| {
                    scopes.contains(Scopes::ANNOTATE) && now < *until && self.viewing
                });
                if live.is_none() || self.prompt.is_some() || self.paused {
                    return broken(2, format!("drawn at {now:?}: {self:?}"));
                }
                match event {
                    Event::Stroke(stroke) => self.drawn |= !stroke.points.is_empty(),
                    _ => self.pointed = true,
                }
            }
            Event::DrawingCleared => (self.drawn, self.pointed) = (false, false),
            Event::LaserGone => self.pointed = false,
            Event::ClipboardOffered { .. } => {
                let allows = |scopes: Scopes| scopes.contains(Scopes::CLIPBOARD_TO_SHARER);
                if !self.grant.is_some_and(|(_, scopes, _)| allows(scopes)) {
                    return broken(2, format!("{event:?}: {self:?}"));
                }
            }
            Event::ClipboardLapsed { .. }
            | Event::ClipboardAnswered { .. }
            | Event::Path(_)
            | Event::Delay(_) => {}
            Event::ControlEnded { grant, code } => {
                let live = self.grant.take().filter(|live| live.0 == *grant);
                let Some((_, scopes, until)) = live.filter(|_| !self.held) else {
                    return broken(2, format!("{event:?}: {self:?}"));
                };
                self.replaced = (*code == ErrorCode::Replaced).then_some((scopes, until));
            }
            Event::Inject(input) => {
                let live = self.grant.filter(|(_, scopes, until)| {
                    scopes.contains(input.scope()) && now < *until && self.viewing
                });
                if live.is_none() || self.prompt.is_some() || self.paused {
                    return broken(2, format!("injected at {now:?}: {self:?}"));
                }
                (self.held, self.last_injected) = (true, Some(now));
            }
            Event::ReleaseAll => self.held = false,
            Event::Paused { local, peer } => {
                self.paused = *local || *peer;
                if self.paused && (self.grant.is_some() || self.prompt.is_some()) {
                    return broken(8, format!("paused with control: {self:?}"));
                }
            }
            Event::Ended(_) => {
                self.ended = true;
                if self.grant.is_some() || self.held || self.drawn || self.pointed {
                    return broken(5, format!("ended with control: {self:?}"));
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
