//! The sharer: asks its person, and lets nothing be seen or done beyond the answers.

mod acts;
mod control;
mod drawing;
mod event;
mod link;
mod path;
mod refresh;
mod regions;
mod viewing;

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    limits::timers,
    session::{Advisory, DisplayInfo, End, Heartbeat, Message, PathOffer},
};

use super::{
    By, Ended,
    friction::Contact,
    known,
    link::{Link, hush},
    pulse::Pulse,
};
use crate::{
    error::{Fault, Misuse, Plane},
    identity::trust::Who,
    mutant,
    time::Timestamp,
};
pub use event::Event;
use viewing::Viewing;

/// What no request can go beyond.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Limits {
    /// Both ceilings, known once the answer came.
    ceiling: Scopes,
    /// What this system can carry out.
    supported: Scopes,
}

/// What the machine wants done.
pub type Output = super::Output<Event>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Joining {
        /// When the person is to be told that it takes long, if they were not.
        notice: Option<Timestamp>,
        until: Timestamp,
    },
    Securing {
        until: Timestamp,
    },
    Deciding {
        until: Timestamp,
        pulse: Pulse,
        paused: Flags,
        contact: Option<Contact>,
    },
    Viewing(Box<Viewing>),
    Ended(Ended),
}

/// Pause flags, one for each end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Flags {
    pub(crate) local: bool,
    pub(crate) peer: bool,
}

impl Flags {
    pub(crate) fn either(self) -> bool {
        self.local || self.peer
    }

    /// In the words of the state tables.
    pub(crate) fn region(self) -> &'static str {
        match (self.local, self.peer) {
            (false, false) => "running",
            (true, false) => "own",
            (false, true) => "other",
            (true, true) => "both",
        }
    }

    fn event(self) -> Output {
        let Self { local, peer } = self;
        Output::Event(Event::Paused { local, peer })
    }
}

/// A sharer's side of one session, from the join to the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sharer {
    phase: Phase,
    limits: Limits,
    /// What is said of this device, if anything.
    advisory: Advisory,
    link: Link,
    /// What the helper was told of, to be told again after a lost link.
    displays: Vec<DisplayInfo>,
    out: VecDeque<Output>,
}

impl Default for Sharer {
    fn default() -> Self {
        Self::new(Scopes::ALL.without(Scopes::ELEVATION))
    }
}

impl Sharer {
    /// A sharer that has not joined anybody, on a system that can carry out `supported`.
    pub const fn new(supported: Scopes) -> Self {
        Self {
            phase: Phase::Idle,
            limits: Limits {
                ceiling: Scopes::NONE,
                supported,
            },
            advisory: Advisory {
                statement: Vec::new(),
                proof: Vec::new(),
            },
            link: Link::Up,
            displays: Vec::new(),
            out: VecDeque::new(),
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Sharer::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if let Some(until) = self.link.until() {
            let prompt = match self.phase {
                Phase::Deciding { until, .. } => Some(until),
                _ => None,
            };
            return prompt.into_iter().chain([until]).min();
        }
        match &self.phase {
            Phase::Idle | Phase::Ended(_) => None,
            Phase::Joining { notice, until } => Some(notice.unwrap_or(*until)),
            Phase::Securing { until } => Some(*until),
            Phase::Deciding { until, pulse, .. } => Some((*until).min(pulse.due())),
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

    /// Whether nobody was joined, and nothing has ended.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    /// The most that this session may come to, once the helper is known.
    pub fn ceiling(&self) -> Scopes {
        self.limits.ceiling
    }

    /// What an issuer says of this device, for the helper once the person has agreed.
    pub fn advise(&mut self, advisory: Advisory) {
        self.advisory = advisory;
    }

    /// Whether the helper is known, and nothing has ended.
    pub fn is_introduced(&self) -> bool {
        matches!(self.phase, Phase::Deciding { .. } | Phase::Viewing(_))
    }

    /// Whether the helper's introduction is awaited.
    pub fn is_securing(&self) -> bool {
        matches!(self.phase, Phase::Securing { .. })
    }

    /// The name of the phase, for errors and people.
    pub fn phase(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "before a join",
            Phase::Joining { .. } => "while joining",
            Phase::Securing { .. } => "while securing",
            Phase::Deciding { .. } => "before consent",
            Phase::Viewing(_) => "while viewing",
            Phase::Ended(_) => "after the end",
        }
    }

    /// The join is on its way to the relay.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if this sharer has joined before.
    pub fn join(&mut self, now: Timestamp) -> Result<(), Misuse> {
        match self.phase {
            Phase::Idle => {
                // The relay may make a source wait, and does not say so.
                let until = now.plus_ms(timers::JOIN_DELAY_MOST + timers::HANDSHAKE);
                let notice = Some(now.plus_ms(timers::JOIN_NOTICE));
                self.phase = Phase::Joining { notice, until };
                Ok(())
            }
            _ => Err(Misuse::Phase(self.phase())),
        }
    }

    /// The sharer waits to be called, as a known device.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if this sharer has joined or waited before.
    pub fn wait(&mut self, now: Timestamp) -> Result<(), Misuse> {
        let Phase::Idle = self.phase else {
            return Err(Misuse::Phase(self.phase()));
        };
        // The relay ends it before this, unless it was told to wait for longer than usual.
        let until = now.plus_ms(timers::DEVICE_WAIT + timers::JOIN_DELAY_MOST + timers::HANDSHAKE);
        // Nobody is kept waiting by this, so nobody has to be told.
        let notice = None;
        self.phase = Phase::Joining { notice, until };
        Ok(())
    }

    /// The relay refused the join, or the wait.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] if nothing was asked for.
    pub fn refused(&mut self, code: ErrorCode) -> Result<(), Fault> {
        match self.phase {
            Phase::Joining { .. } => {
                self.relay_ended(code);
                Ok(())
            }
            Phase::Ended(_) => Ok(()),
            _ => Err(self.unexpected(Plane::Rendezvous, "refused")),
        }
    }

    /// The helper's answer made a channel, and the confirmation is on its way. `ceiling` is what
    /// both ends allow at most.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] if nothing was asked, or it was answered already.
    pub fn answered(&mut self, ceiling: Scopes, now: Timestamp) -> Result<(), Fault> {
        match self.phase {
            Phase::Joining { .. } => {
                let until = now.plus_ms(mutant::longer("KEX-18/waits", timers::HANDSHAKE));
                self.limits.ceiling = ceiling;
                self.phase = Phase::Securing { until };
                Ok(())
            }
            _ => Err(self.unexpected(Plane::Envelope, "answer")),
        }
    }

    //= spec/05-session.md#consent [CONSENT-1] c66b7952
    /// The helper opened its commitment, and it was right, and so was its card, if it showed one:
    /// now the person is asked, if there is something to allow.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] if that was done already.
    pub fn introduced(&mut self, name: &str, who: Who, now: Timestamp) -> Result<(), Fault> {
        let Phase::Securing { .. } = self.phase else {
            return Err(self.unexpected(Plane::Session, "introduce"));
        };
        //= spec/15-identity.md#trust [CARD-18] 06651a57
        if let Some(card) = &who.card
            && !mutant::is("CARD-18/beyond")
        {
            self.limits.ceiling = self.limits.ceiling.intersect(card.ceiling);
        }
        //= spec/15-identity.md#trust [CARD-19] dfc72f1c
        if !who.is_vouched_for() && !mutant::is("CARD-19/elevation") {
            self.limits.ceiling = self.limits.ceiling.without(Scopes::ELEVATION);
        }
        //= spec/05-session.md#consent [CONSENT-9] 8cee136a
        let nothing = self.limits.ceiling.intersect(Scopes::CONSENT).is_empty();
        if nothing && !mutant::is("CONSENT-9/asks") {
            self.finish(By::Local, ErrorCode::NothingAllowed, None);
            return Ok(());
        }
        let until = now.plus_ms(mutant::longer("CONSENT-4/waits", timers::CONSENT_PROMPT));
        self.phase = Phase::Deciding {
            until,
            pulse: Pulse::new(now),
            paused: Flags::default(),
            contact: None,
        };
        self.event(Event::ConsentAsked {
            name: name.into(),
            who: Box::new(who),
            until,
        });
        if mutant::is("PATH-1/early") {
            let certificate = [7; 32];
            self.send(PathOffer { certificate });
        }
        self.handle_timeout(now);
        Ok(())
    }

    //= spec/09-limits-errors.md#kinds [ERROR-2] d9a58b0d
    /// Takes a message that was opened with the session's keys.
    ///
    /// # Errors
    /// A [`Fault`] if the helper broke the protocol; nothing has changed then.
    pub fn handle_message(&mut self, message: &Message, now: Timestamp) -> Result<(), Fault> {
        // What came too late does not undo what time has ended.
        self.handle_timeout(now);
        if self.link.is_lost() {
            return self.handle_while_frozen(message, now);
        }
        match &mut self.phase {
            //= spec/05-session.md#phases [SESSION-2] 57968525
            Phase::Ended(_) if mutant::is("SESSION-2/hears") => {
                if let Message::Chat(chat) = message {
                    self.event(Event::Chat(chat.text.clone()));
                }
                return Ok(());
            }
            Phase::Idle | Phase::Joining { .. } | Phase::Ended(_) => return Ok(()),
            //= spec/20-forwarded-packets.md#agreeing [PATH-4] 513888be
            Phase::Securing { .. } | Phase::Deciding { .. }
                if matches!(message, Message::PathOffer(_)) =>
            {
                return Err(Fault::PathBeforeConsent);
            }
            //= spec/04-key-exchange.md#noise [KEX-16] 9d1aa1ba
            //= spec/15-identity.md#proof [CARD-11] e0ab1f2c
            Phase::Securing { .. } => match message {
                Message::End(End { code }) => return self.peer_ended(*code),
                Message::Pad(_) => return Ok(()),
                other => return Err(self.unexpected(Plane::Session, other.name())),
            },
            Phase::Deciding { pulse, paused, .. } => {
                match message {
                    // What is in these is looked into by whoever has the keys.
                    Message::Heartbeat(_)
                    | Message::Pad(_)
                    | Message::PictureRequest(_)
                    | Message::Picture(_) => {}
                    //= spec/05-session.md#pause [PAUSE-12] e8d22452
                    Message::Pause(pause) => {
                        if paused.peer != pause.paused || mutant::is("PAUSE-12/tells") {
                            paused.peer = pause.paused;
                            let event = paused.event();
                            self.out.push_back(event);
                        }
                    }
                    Message::End(End { code }) => return self.peer_ended(*code),
                    other => return Err(self.unexpected(Plane::Session, other.name())),
                }
                pulse.heard(now);
            }
            Phase::Viewing(viewing) => {
                if let Message::End(End { code }) = message {
                    return self.peer_ended(*code);
                }
                viewing.handle_message(&self.limits, message, now, &mut self.out)?;
            }
        }
        self.handle_timeout(now);
        Ok(())
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

    /// Takes the events of an input record that opened under the live key of `grant`.
    ///
    /// # Errors
    /// [`Fault::ScopeExceeded`] if one is beyond the grant; then none is carried out.
    pub fn handle_input(
        &mut self,
        grant: u32,
        events: &[InputEvent],
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.handle_timeout(now);
        match &mut self.phase {
            Phase::Viewing(viewing) => viewing.handle_input(grant, events, now, &mut self.out),
            _ => Ok(()),
        }
    }

    /// An input record came under the live grant and did not open: somebody on the path damaged
    /// it, and what follows cannot be trusted to be all.
    pub fn input_failed(&mut self, now: Timestamp) {
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.end_grant(ErrorCode::RecordFailed, true, &mut self.out);
        }
        self.handle_timeout(now);
    }

    /// The grant whose key is alive.
    pub fn live_grant(&self) -> Option<u32> {
        match &self.phase {
            Phase::Viewing(viewing) => viewing.live_grant(),
            _ => None,
        }
    }

    /// What the helper may do at this moment.
    pub fn scopes(&self) -> Scopes {
        match &self.phase {
            Phase::Viewing(viewing) if !self.link.is_lost() => viewing.scopes(),
            _ => Scopes::NONE,
        }
    }

    /// The epoch that frames may be sealed in, if they may.
    pub fn media_epoch(&self) -> Option<u32> {
        match &self.phase {
            Phase::Viewing(viewing) => viewing.media_epoch(),
            _ => None,
        }
    }

    /// A frame was sealed and is on its way.
    pub fn frame_sent(&mut self, frame: u32) {
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.frame_sent(frame);
        }
    }

    /// The latest frame that the helper has shown, as it said.
    pub fn frame_seen(&self) -> Option<u32> {
        match &self.phase {
            Phase::Viewing(viewing) => viewing.seen_frame,
            _ => None,
        }
    }

    /// The helper, or the relay and the way to it, broke the protocol.
    pub fn fail(&mut self, by: By, fault: Fault) {
        if mutant::is_lenient(mutant::Target::Sharer, fault.clause()) {
            return;
        }
        if matches!(fault, Fault::ChatNotNext) && mutant::is("ERROR-2/half") {
            self.phase = Phase::Idle;
            return;
        }
        self.finish(by, fault.code(), Some(fault));
    }

    //= spec/05-session.md#end [END-5] f9e6172e
    /// The relay says that it is over, refused the join, or is lost itself.
    pub fn relay_ended(&mut self, code: ErrorCode) {
        self.finish(By::Relay, code, None);
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.link.until().is_some_and(|until| now >= until) {
            self.finish(By::Relay, ErrorCode::Lost, None);
        }
        match &mut self.phase {
            Phase::Idle | Phase::Ended(_) => {}
            //= spec/05-session.md#friction [FRICTION-7] 09126b66
            Phase::Joining { notice, until } if notice.is_some() && now < *until => {
                if notice.take_if(|moment| now >= *moment).is_some() {
                    self.event(Event::JoinHeldBack);
                }
            }
            Phase::Joining { until, .. } | Phase::Securing { until } => {
                if now >= *until {
                    //= spec/04-key-exchange.md#noise [KEX-18] f18637f2
                    self.finish(By::Local, ErrorCode::HandshakeTimeout, None);
                }
            }
            Phase::Deciding { until, pulse, .. } => {
                //= spec/05-session.md#consent [CONSENT-4] 3ea54290
                if now >= *until {
                    self.finish(By::Local, ErrorCode::Declined, None);
                } else if !self.link.is_lost() && pulse.is_silent(now) {
                    self.leave_path(now);
                } else if !self.link.is_lost() && pulse.beat(now) {
                    self.send(Heartbeat {});
                }
            }
            Phase::Viewing(_) if self.link.is_lost() => {}
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
    fn peer_ended(&mut self, code: u16) -> Result<(), Fault> {
        self.finish(By::Peer, known(code), None);
        Ok(())
    }

    //= spec/05-session.md#end [END-6] 76ab672b
    /// Everything that a session held dies here.
    fn finish(&mut self, by: By, code: ErrorCode, fault: Option<Fault>) {
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        self.drop_input_and_questions();
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.close(code, &mut self.out);
        }
        let sealed = matches!(
            self.phase,
            Phase::Securing { .. } | Phase::Deciding { .. } | Phase::Viewing(_)
        );
        // Whoever ended it in order knows; and a lost link carries nothing.
        let tell = (by == By::Local || fault.is_some()) && !self.link.is_lost();
        //= spec/05-session.md#end [END-2] f881b744
        if sealed && tell {
            self.send(End {
                code: code.to_wire(),
            });
        }
        if !matches!(self.phase, Phase::Idle) {
            //= spec/05-session.md#end [END-3] 2657f0f0
            self.out.push_back(Output::Leave(code));
        }
        if matches!(self.phase, Phase::Viewing(_)) && mutant::is("END-6/injects") {
            let press = InputEvent::Key {
                usage: 6,
                down: true,
            };
            self.event(Event::Inject(press));
        }
        let ended = Ended { by, code, fault };
        self.phase = Phase::Ended(ended);
        self.link = Link::Up;
        self.event(Event::Ended(ended));
    }

    /// What was queued for the helper was allowed when it was queued; input was not yet done.
    fn drop_input_and_questions(&mut self) {
        self.out.retain(|output| {
            !matches!(
                output,
                Output::Event(Event::Inject(_) | Event::ControlAsked { .. })
            )
        });
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
