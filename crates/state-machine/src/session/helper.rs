//! The helper: has a code, waits to be let in, sees what it may, asks for control.

mod acts;
mod event;
mod link;
mod path;
mod regions;
mod viewing;

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use alongside_wire::{
    Class, ErrorCode, Scopes,
    code::Locator,
    limits::{SPENT_CODES, timers},
    session::{Card, End, Heartbeat, Message, PathOffer},
};

use super::{
    By, Ended, known,
    link::{Link, hush},
    once::Once,
    pulse::Pulse,
    sharer::Flags,
};
use crate::{
    error::{Fault, Misuse, Plane},
    mutant,
    time::Timestamp,
};
pub use acts::Line;
pub use event::Event;
use viewing::Viewing;

/// What the machine wants done.
pub type Output = super::Output<Event>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Requesting,
    Calling,
    Waiting,
    Securing { until: Timestamp },
    Deciding { pulse: Pulse, paused: Flags },
    Viewing(Box<Viewing>),
    Ended(Ended),
}

/// A helper's side of one session, from the request for a code to the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Helper {
    phase: Phase,
    ceiling: Scopes,
    link: Link,
    /// When codes were spent without a session, oldest first; at most [`SPENT_CODES`].
    spent: Vec<Timestamp>,
    /// No code is asked for before this.
    quiet_until: Timestamp,
    /// The sharer's card.
    card: Once<Card>,
    out: VecDeque<Output>,
}

impl Default for Helper {
    fn default() -> Self {
        Self::new()
    }
}

impl Helper {
    /// A helper without a code.
    pub const fn new() -> Self {
        Self {
            phase: Phase::Idle,
            ceiling: Scopes::NONE,
            link: Link::Up,
            spent: Vec::new(),
            quiet_until: Timestamp::from_micros(0),
            card: Once::new(),
            out: VecDeque::new(),
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Helper::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if let Some(until) = self.link.until() {
            return Some(until);
        }
        match &self.phase {
            Phase::Idle | Phase::Requesting | Phase::Calling | Phase::Waiting | Phase::Ended(_) => {
                None
            }
            Phase::Securing { until } => Some(*until),
            Phase::Deciding { pulse, .. } => Some(pulse.due()),
            Phase::Viewing(viewing) => Some(viewing.due()),
        }
    }

    /// Why it is over, if it is.
    pub fn ended(&self) -> Option<Ended> {
        match self.phase {
            Phase::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    /// Whether there is nothing: no code, no session, and no end.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    /// Whether a handshake is under way.
    pub fn is_securing(&self) -> bool {
        matches!(self.phase, Phase::Securing { .. })
    }

    /// The name of the phase, for errors and people.
    pub fn phase(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "without a code",
            Phase::Requesting => "while asking for a code",
            Phase::Calling => "while calling a device",
            Phase::Waiting => "while the code waits",
            Phase::Securing { .. } => "while securing",
            Phase::Deciding { .. } => "before consent",
            Phase::Viewing(_) => "while viewing",
            Phase::Ended(_) => "after the end",
        }
    }

    /// A code is being asked for.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if there is a code or a session, or [`Misuse::NotReady`] if too many
    /// codes were spent just now.
    pub fn request_code(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.ask(Phase::Requesting, now)
    }

    /// A known device is being called.
    ///
    /// # Errors
    /// As [`Helper::request_code`].
    pub fn call(&mut self, now: Timestamp) -> Result<(), Misuse> {
        if !self.spent.is_empty() && mutant::is("DEVICE-16/forgets") {
            self.spent.clear();
        }
        self.ask(Phase::Calling, now)
    }

    fn ask(&mut self, phase: Phase, now: Timestamp) -> Result<(), Misuse> {
        match self.phase {
            Phase::Idle if now < self.quiet_until => Err(Misuse::NotReady),
            Phase::Idle => {
                self.phase = phase;
                Ok(())
            }
            _ => Err(Misuse::Phase(self.phase())),
        }
    }

    /// The relay gave out a code.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] if none was asked for.
    pub fn code_issued(
        &mut self,
        locator: Locator,
        lifetime_ms: u32,
        now: Timestamp,
    ) -> Result<(), Fault> {
        match self.phase {
            Phase::Requesting => {
                self.phase = Phase::Waiting;
                let until = now.plus_ms(lifetime_ms.into());
                self.event(Event::CodeIssued { locator, until });
                Ok(())
            }
            Phase::Ended(_) => Ok(()),
            _ => Err(self.unexpected(Plane::Rendezvous, "code-issued")),
        }
    }

    /// The relay refused a code, or a call. It is over if asking again cannot help.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] if nothing was asked for.
    pub fn refused(&mut self, code: ErrorCode) -> Result<(), Fault> {
        match self.phase {
            Phase::Requesting | Phase::Calling
                if code.class() == (Class::Refusal { retry: false }) =>
            {
                self.relay_ended(code);
                Ok(())
            }
            Phase::Requesting | Phase::Calling => {
                self.code_ended(code);
                Ok(())
            }
            Phase::Ended(_) => Ok(()),
            _ => Err(self.unexpected(Plane::Rendezvous, "refused")),
        }
    }

    /// The relay says that the code, the sharer or itself is gone.
    pub fn gone(&mut self, code: ErrorCode, now: Timestamp) {
        let whole_connection = matches!(code, ErrorCode::RelayShutdown | ErrorCode::Idle);
        match self.phase {
            _ if whole_connection => self.relay_ended(code),
            Phase::Calling | Phase::Waiting => self.code_ended(code),
            Phase::Securing { .. } => self.spent(Fault::HandshakeFailed, code, now),
            Phase::Deciding { .. } | Phase::Viewing(_) => self.relay_ended(code),
            // It crossed a `leave`.
            Phase::Idle | Phase::Requesting | Phase::Ended(_) => {}
        }
    }

    /// Somebody joined by the code, or the device that was called is there. The code is spent
    /// before anything else is done about it.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] if there is no live code and no call: a relay may not try a second
    /// join.
    pub fn joined(&mut self, now: Timestamp) -> Result<(), Fault> {
        match self.phase {
            //= spec/02-codes.md#spent [CODE-9] bbe4abe0
            Phase::Waiting | Phase::Calling => {
                let until = now.plus_ms(mutant::longer("KEX-17/waits", timers::HANDSHAKE));
                self.phase = Phase::Securing { until };
                self.event(Event::Joined);
                Ok(())
            }
            Phase::Ended(_) => Ok(()),
            _ => Err(self.unexpected(Plane::Rendezvous, "joined")),
        }
    }

    fn code_ended(&mut self, code: ErrorCode) {
        self.phase = Phase::Idle;
        self.event(Event::CodeEnded(code));
    }

    //= spec/17-known-devices.md#exchange [DEVICE-16] 1808e048
    /// The handshake failed, or took too long: the code is gone, the helper may ask for another.
    pub fn spent(&mut self, fault: Fault, code: ErrorCode, now: Timestamp) {
        let Phase::Securing { .. } = self.phase else {
            return;
        };
        let window = timers::SPENT_WINDOW * 1_000;
        self.spent.retain(|moment| now.since(*moment) < window);
        if self.spent.len() == SPENT_CODES {
            self.spent.remove(0);
        }
        self.spent.push(now);
        //= spec/05-session.md#friction [FRICTION-6] a4023c49
        let spent = self.spent.len();
        let warn = spent == SPENT_CODES;
        if warn && !mutant::is("CODE-13/hasty") {
            self.quiet_until = now.plus_ms(timers::SPENT_DELAY);
        }
        self.phase = Phase::Idle;
        self.out.push_back(Output::Leave(code));
        self.event(Event::CodeSpent {
            fault,
            spent: if mutant::is("FRICTION-6/one") {
                1
            } else {
                spent
            },
            warn: warn && !mutant::is("CODE-12/silent"),
            again_at: self.quiet_until.max(now),
        });
    }

    /// The sharer proved that it knows the code. `ceiling` is what both ends allow at most.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] if no handshake is under way.
    pub fn secured(&mut self, ceiling: Scopes, now: Timestamp) -> Result<(), Fault> {
        let Phase::Securing { .. } = self.phase else {
            return Err(self.unexpected(Plane::Envelope, "confirm"));
        };
        self.ceiling = ceiling;
        self.spent.clear();
        self.phase = Phase::Deciding {
            pulse: Pulse::new(now),
            paused: Flags::default(),
        };
        self.event(Event::Secured);
        if mutant::is("PATH-1/early") {
            let certificate = [7; 32];
            self.send(PathOffer { certificate });
        }
        self.handle_timeout(now);
        Ok(())
    }

    /// Takes a message that was opened with the session's keys.
    ///
    /// # Errors
    /// A [`Fault`] if the sharer broke the protocol; nothing has changed then.
    pub fn handle_message(&mut self, message: &Message, now: Timestamp) -> Result<(), Fault> {
        // What came too late does not undo what time has ended.
        self.handle_timeout(now);
        if self.link.is_lost() {
            return self.handle_while_frozen(message, now);
        }
        match &mut self.phase {
            Phase::Ended(_) if mutant::is("SESSION-2/hears") => {
                if let Message::Chat(chat) = message {
                    self.event(Event::Chat(chat.text.clone()));
                }
                return Ok(());
            }
            Phase::Idle | Phase::Requesting | Phase::Calling | Phase::Waiting | Phase::Ended(_) => {
                return Ok(());
            }
            //= spec/20-forwarded-packets.md#agreeing [PATH-4] 513888be
            Phase::Securing { .. } | Phase::Deciding { .. }
                if matches!(message, Message::PathOffer(_)) =>
            {
                return Err(Fault::PathBeforeConsent);
            }
            Phase::Securing { .. } => return Err(self.unexpected(Plane::Session, message.name())),
            Phase::Deciding { pulse, paused } => {
                match message {
                    // What is in these is looked into by whoever has the keys.
                    Message::Heartbeat(_)
                    | Message::Pad(_)
                    | Message::PictureRequest(_)
                    | Message::Picture(_) => {}
                    Message::Card(card) => self.card.take(card)?,
                    //= spec/05-session.md#pause [PAUSE-12] e8d22452
                    Message::Pause(pause) => {
                        if paused.peer != pause.paused || mutant::is("PAUSE-12/tells") {
                            paused.peer = pause.paused;
                            let Flags { local, peer } = *paused;
                            let event = Event::Paused { local, peer };
                            self.out.push_back(Output::Event(event));
                        }
                    }
                    Message::End(End { code }) => {
                        self.peer_ended(*code);
                        return Ok(());
                    }
                    Message::Consent(consent) => {
                        //= spec/05-session.md#consent [CONSENT-7] 6bf7ea32
                        let most = self.ceiling.intersect(Scopes::CONSENT);
                        let scopes = consent.scopes;
                        if scopes.is_empty() || !most.contains(scopes) {
                            return Err(Fault::ConsentBeyondCeiling);
                        }
                        pulse.heard(now);
                        let viewing =
                            Viewing::new(scopes, self.ceiling, pulse.clone(), *paused, now);
                        self.viewing_begins(viewing, now);
                        return Ok(());
                    }
                    other => return Err(self.unexpected(Plane::Session, other.name())),
                }
                pulse.heard(now);
            }
            Phase::Viewing(viewing) => {
                if let Message::End(End { code }) = message {
                    self.peer_ended(*code);
                    return Ok(());
                }
                if let Message::Card(card) = message {
                    self.card.take(card)?;
                }
                viewing.handle_message(message, now, &mut self.out)?;
            }
        }
        Ok(())
    }

    /// The sharer has consented, as far as this end knows since now.
    fn viewing_begins(&mut self, viewing: Viewing, now: Timestamp) {
        let scopes = viewing.consented;
        self.phase = Phase::Viewing(viewing.into());
        self.event(Event::Viewing { scopes });
        //= spec/05-session.md#friction [FRICTION-5] fec42a09
        if !self.ceiling.intersect(Scopes::GRANTABLE).is_empty() {
            let from = now.plus_ms(timers::CONTROL_AFTER_CONSENT);
            self.event(Event::ControlNotBefore(from));
        }
    }

    /// Whether this is a card or an advisory that came before: nobody has to be told of it.
    pub fn knows(&self, message: &Message) -> bool {
        match (message, &self.phase) {
            (Message::Card(card), _) => self.card.is(card),
            (Message::Advisory(advisory), Phase::Viewing(viewing)) => viewing.knows(advisory),
            _ => false,
        }
    }

    /// A record was opened that holds nothing but what is ignored; it is a sign of life.
    pub fn heard(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        match &mut self.phase {
            _ if self.link.is_lost() => {}
            Phase::Deciding { pulse, .. } => pulse.heard(now),
            Phase::Viewing(viewing) => viewing.pulse.heard(now),
            _ => {}
        }
    }

    /// An authentic media record came in this epoch.
    ///
    /// # Errors
    /// [`Fault::PausedMedia`] if the sharer announced that epoch as paused.
    pub fn handle_media(&mut self, epoch: u32) -> Result<(), Fault> {
        match &self.phase {
            Phase::Viewing(viewing) => viewing.check_media(epoch),
            _ => Ok(()),
        }
    }

    /// The epoch whose records are opened, if any.
    pub fn media_epoch(&self) -> Option<u32> {
        match &self.phase {
            Phase::Viewing(viewing) if !self.link.is_lost() => viewing.epoch(),
            _ => None,
        }
    }

    /// The grant that input may be sealed under: id, scopes, secret.
    pub fn live_grant(&self) -> Option<(u32, Scopes, [u8; 32])> {
        match &self.phase {
            Phase::Viewing(viewing) => viewing.live_grant(),
            _ => None,
        }
    }

    /// What the helper may do by a grant at this moment.
    pub fn scopes(&self) -> Scopes {
        match &self.phase {
            Phase::Viewing(viewing) => viewing.scopes(),
            _ => Scopes::NONE,
        }
    }

    /// The sharer, or the relay and the way to it, broke the protocol.
    pub fn fail(&mut self, by: By, fault: Fault) {
        if mutant::is_lenient(mutant::Target::Helper, fault.clause()) {
            return;
        }
        if matches!(fault, Fault::ChatNotNext) && mutant::is("ERROR-2/half") {
            self.phase = Phase::Idle;
            return;
        }
        self.finish(by, fault.code(), Some(fault));
    }

    /// The relay says that it is over, or is lost itself.
    pub fn relay_ended(&mut self, code: ErrorCode) {
        self.finish(By::Relay, code, None);
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if let Some(until) = self.link.until() {
            if now >= until {
                self.finish(By::Relay, ErrorCode::Lost, None);
            }
            return;
        }
        match &mut self.phase {
            Phase::Idle | Phase::Requesting | Phase::Calling | Phase::Waiting | Phase::Ended(_) => {
            }
            Phase::Securing { until } => {
                if now >= *until {
                    //= spec/04-key-exchange.md#noise [KEX-17] 840cd3d6
                    self.spent(Fault::HandshakeFailed, ErrorCode::HandshakeTimeout, now);
                }
            }
            Phase::Deciding { pulse, .. } => {
                if pulse.is_silent(now) {
                    self.leave_path(now);
                } else if pulse.beat(now) {
                    self.send(Heartbeat {});
                }
            }
            Phase::Viewing(viewing) => {
                if viewing.pulse.is_silent(now) {
                    self.leave_path(now);
                } else {
                    viewing.handle_timeout(now, &mut self.out);
                }
            }
        }
    }

    //= spec/05-session.md#end [END-4] 37789fd0
    fn peer_ended(&mut self, code: u16) {
        let code = match mutant::is("END-4/blames") {
            true => ErrorCode::UnexpectedMessage,
            false => known(code),
        };
        self.finish(By::Peer, code, None);
    }

    fn finish(&mut self, by: By, code: ErrorCode, fault: Option<Fault>) {
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        let sealed = matches!(self.phase, Phase::Deciding { .. } | Phase::Viewing(_));
        // Whoever ended it in order knows; and a lost link carries nothing.
        let tell = (by == By::Local || fault.is_some()) && !self.link.is_lost();
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.end(code, &mut self.out);
        }
        if sealed && tell {
            self.send(End {
                code: code.to_wire(),
            });
        }
        if !matches!(self.phase, Phase::Idle) {
            self.out.push_back(Output::Leave(code));
        }
        let ended = Ended { by, code, fault };
        self.phase = Phase::Ended(ended);
        self.link = Link::Up;
        self.event(Event::Ended(ended));
    }

    /// While the link is lost nothing is said; what is to be known later is in `state`.
    fn keep_quiet(&mut self) {
        if self.link.is_lost() {
            hush(&mut self.out);
        }
    }

    fn viewing(&mut self) -> Result<&mut Viewing, Misuse> {
        let phase = self.phase();
        match &mut self.phase {
            Phase::Viewing(viewing) => Ok(viewing),
            _ => Err(Misuse::Phase(phase)),
        }
    }

    fn unexpected(&self, plane: Plane, message: &'static str) -> Fault {
        Fault::Unexpected {
            plane,
            message,
            phase: self.phase(),
        }
    }

    fn send(&mut self, message: impl Into<Message>) {
        self.out.push_back(Output::Send(message.into()));
    }

    fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }
}
