//! What happened in the session, as the person is told of it.

use alongside_client::{
    By, Ended,
    sharer::{Command, Event, SessionEvent},
};

use super::{REPORT_AFTER, Sharer};
use crate::cli::{
    countdown::BACK,
    prompt::Prompt,
    receipts,
    report::became_of,
    status::choices,
    who,
    words::{excerpt, phrase, plain, signed_in_as_sharer},
};

impl Sharer {
    pub(super) fn happened(&mut self, event: Event) {
        match event {
            Event::Connected => self.terminal.status("waiting for the helper ..."),
            Event::SignedIn(signed_in) => self.terminal.line(&signed_in_as_sharer(&signed_in)),
            //= spec/05-session.md#friction [FRICTION-7] 09126b66
            Event::HeldBack { most } => self.terminal.line(&format!(
                "No answer yet. After wrong codes from this address the relay waits longer and longer \
                 before it answers, up to {most} seconds."
            )),
            Event::Waiting => self.terminal.status("this device waits to be called ..."),
            Event::Phrase(places) => {
                self.talk.met = true;
                self.terminal.line(&format!(
                    "The helper should see the same three words: {}",
                    phrase(places)
                ));
            }
            Event::Picture(fetched) => self.terminal.line(&self.face.tell(&fetched)),
            Event::Number(number) => {
                self.talk.number = Some(number);
                let how = if self.raw {
                    format!("To allow it, type {number:06}.")
                } else {
                    format!("To allow it, type: yes {number:06}")
                };
                self.terminal.alert(&how);
                self.show_status();
            }
            Event::Scopes(scopes) => {
                self.talk.scopes = scopes;
                self.show_status();
            }
            //= spec/05-session.md#friction [FRICTION-5] fec42a09
            Event::NoControlFor { seconds } => self.terminal.line(&format!(
                "The helper cannot ask for control in the next {seconds} seconds."
            )),
            Event::Receipt(receipt, cards) => {
                receipts::keep(&mut self.book, &receipt, cards, &mut self.terminal);
            }
            Event::Quality(quality) => {
                self.talk.quality = Some(quality);
                self.terminal.aside(&quality.to_string());
            }
            // It is told with how well it goes.
            Event::Way(_) => {}
            Event::Reported(reporting) => self.terminal.alert(became_of(reporting)),
            Event::NotNow(misuse) => {
                self.terminal.line(&format!("Not now: {misuse}."));
                self.want_word();
            }
            Event::Trouble(why) => self.terminal.line(&plain(&why)),
            Event::Frozen { seconds } => {
                self.talk.lost.begin(seconds);
                self.terminal
                    .line("The connection is lost: nothing is shown and nothing done.");
                self.show_status();
            }
            Event::Clipboard(_) => {
                self.talk.offered = false;
                self.terminal.line(
                    "It is in your clipboard now, until the helper's control ends or you copy \
                     something.",
                );
                self.show_status();
            }
            Event::ClipboardSent(text) => self.terminal.line(&format!(
                "Your clipboard is offered to the helper, {} bytes: {}",
                text.len(),
                excerpt(&text)
            )),
            Event::Session(event) => self.session_event(event),
        }
    }

    fn session_event(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::ConsentAsked { name, who, .. } => {
                self.terminal.line("Who asks:");
                for line in who::lines(&name, &who) {
                    self.terminal.line(&line);
                }
                if who
                    .card
                    .as_ref()
                    .is_some_and(|card| !card.picture.is_empty())
                {
                    self.order_now(Command::FetchPicture);
                }
                if self.config.identity.card.is_some() {
                    let key = if self.raw { "i" } else { "card" };
                    let line = format!(
                        "Your own card is shown to an issuer's people; {key} shows it anyway."
                    );
                    self.terminal.line(&line);
                }
                self.ask(Prompt::Contact(who::briefly(&name, &who)));
            }
            SessionEvent::Viewing => {
                self.talk.prompt = None;
                self.terminal.line("Your screen is shown from now on.");
                self.show_status();
            }
            SessionEvent::ControlAsked {
                scopes, renewal, ..
            } => self.ask(Prompt::Control { scopes, renewal }),
            SessionEvent::ControlPromptClosed => {
                self.talk.prompt = None;
                self.terminal
                    .line("The question is closed; control was not granted.");
                self.show_status();
            }
            SessionEvent::ControlGranted { scopes, .. } => {
                self.talk.prompt = None;
                let line = format!("The helper has control; {}.", choices(scopes, self.raw));
                self.terminal.alert(&line);
            }
            SessionEvent::ControlRenewed { .. } => {
                self.talk.prompt = None;
                self.terminal
                    .line("The helper keeps control for 15 minutes more.");
                self.show_status();
            }
            SessionEvent::ClipboardOffered { text, .. } => {
                let (start, bytes) = (excerpt(&text), text.len());
                let (take, refuse) = match self.raw {
                    true => ("v", "x"),
                    false => ("take", "refuse"),
                };
                self.talk.offered = true;
                self.terminal.line(&format!(
                    "The helper offers its clipboard ({take} takes it, {refuse} refuses it), \
                     {bytes} bytes: {start}"
                ));
                self.show_status();
            }
            SessionEvent::ClipboardLapsed { .. } => {
                self.talk.offered = false;
                self.show_status();
                self.terminal
                    .line("(the helper's clipboard is not offered any more)");
            }
            SessionEvent::ClipboardAnswered { taken, .. } => {
                let done = if taken { "took" } else { "did not take" };
                self.terminal
                    .line(&format!("The helper {done} your clipboard."));
            }
            SessionEvent::ControlEnded { code, .. } => {
                self.terminal
                    .line(&format!("The helper has no control any more: {code}."));
            }
            SessionEvent::Paused { local, peer } => {
                self.talk.paused = local;
                self.terminal.line(match (local, peer) {
                    (false, false) => "The session goes on: the helper sees your screen again.",
                    (true, false) => "You paused: nothing is shown.",
                    (false, true) => "The helper paused: nothing is shown.",
                    (true, true) => "Both of you paused: nothing is shown.",
                });
                self.show_status();
            }
            SessionEvent::Ended(ended) => self.over(&ended),
            SessionEvent::Chat(text) => self.terminal.line(&format!("helper: {}", plain(&text))),
            SessionEvent::ChatDelivered(_) => self.terminal.line("(delivered)"),
            SessionEvent::Back => {
                self.talk.lost.stop();
                self.terminal.line(BACK);
                self.show_status();
            }
            // The warning stands in the question that follows the answer.
            SessionEvent::Frozen { .. }
            | SessionEvent::ScamWarning
            | SessionEvent::JoinHeldBack
            | SessionEvent::ControlNotBefore(_)
            | SessionEvent::MediaReady
            | SessionEvent::MediaStopped
            | SessionEvent::CompleteFrameWanted
            | SessionEvent::Inject(_)
            | SessionEvent::ReleaseAll
            | SessionEvent::Stroke(_)
            | SessionEvent::Laser { .. }
            | SessionEvent::LaserGone
            | SessionEvent::DrawingCleared
            | SessionEvent::Path(_)
            | SessionEvent::Delay(_) => {}
        }
    }

    /// The helper ended it, perhaps because they have what they wanted.
    fn over(&mut self, ended: &Ended) {
        self.talk.prompt = None;
        if self.raw && ended.by == By::Peer && ended.fault.is_none() {
            self.talk.over = true;
            let seconds = REPORT_AFTER.as_secs();
            self.terminal.alert(&format!(
                "The helper ended the session. Press ! within {seconds} seconds to report them to \
                 whoever runs the relay; any other key closes."
            ));
        }
    }
}
