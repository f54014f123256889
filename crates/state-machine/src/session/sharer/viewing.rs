//! What stands between consent and the end: the epoch, the pause flags, and control.

use alloc::collections::VecDeque;

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    limits::timers,
    session::{Chat, ChatAck, Epoch, Heartbeat, Message, Pause},
};

use super::{Event, Flags, Output, control::Control};
use crate::{
    error::{Fault, Misuse, Plane},
    session::{chat::ChatIds, pulse::Pulse},
    time::Timestamp,
};

type Out = VecDeque<Output>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Viewing {
    pub(super) pulse: Pulse,
    /// What consent gave.
    consented: Scopes,
    paused: Flags,
    /// The latest epoch that was announced, and the latest that the helper knows of.
    epoch: u32,
    epoch_seen: u32,
    /// The latest frame that was sent.
    frame: Option<u32>,
    last_refresh: Option<Timestamp>,
    chat: ChatIds,
    control: Control,
}

impl Viewing {
    pub(super) fn new(
        consented: Scopes,
        pulse: Pulse,
        paused: Flags,
        now: Timestamp,
        out: &mut Out,
    ) -> Self {
        let mut viewing = Self {
            pulse,
            consented,
            paused,
            epoch: 0,
            epoch_seen: 0,
            frame: None,
            last_refresh: None,
            chat: ChatIds::default(),
            control: Control::new(now),
        };
        //= spec/05-session.md#pause [PAUSE-3] f0166bdd
        viewing.raise_epoch(out);
        viewing
    }

    pub(super) fn handle_message(
        &mut self,
        ceiling: Scopes,
        message: &Message,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        match message {
            Message::Pad(_) | Message::Heartbeat(_) => {}
            Message::Shown(shown) => {
                //= spec/06-media-input.md#frames [MEDIA-20] 6aba92cf
                if shown.frame == 0 || self.frame.is_none_or(|sent| shown.frame > sent) {
                    return Err(Fault::FrameNeverSent);
                }
                self.control.shown();
            }
            Message::EpochSeen(seen) => self.epoch_seen(seen.epoch, out)?,
            Message::Refresh(_) => self.refresh(now, out),
            Message::Pause(Pause { paused }) => self.set_peer_pause(*paused, out),
            Message::ControlRequest(request) => {
                let paused = self.paused.either();
                self.control.request(request, ceiling, paused, now, out)?;
            }
            Message::ControlWithdraw(withdraw) => self.control.withdraw(withdraw.request, out),
            Message::ControlEnd(end) => self.control.released(end.grant, out)?,
            Message::Chat(chat) => {
                if !self.consented.contains(Scopes::CHAT) {
                    //= spec/05-session.md#chat [CHAT-4] 66f8f498
                    return Err(Fault::ChatWithoutScope);
                }
                self.chat.receive(chat)?;
                //= spec/05-session.md#chat [CHAT-3] b6897ab3
                out.push_back(Output::Send(ChatAck { id: chat.id }.into()));
                out.push_back(Output::Event(Event::Chat(chat.text.clone())));
            }
            Message::ChatAck(ack) => {
                if self.chat.was_sent(ack.id) {
                    out.push_back(Output::Event(Event::ChatDelivered(ack.id)));
                }
            }
            Message::Introduce(_)
            | Message::Consent(_)
            | Message::Displays(_)
            | Message::ControlGrant(_)
            | Message::ControlDeny(_)
            | Message::Epoch(_)
            | Message::Receipt(_)
            | Message::End(_) => {
                return Err(Fault::Unexpected {
                    plane: Plane::Session,
                    message: message.name(),
                    phase: "while viewing",
                });
            }
        }
        self.pulse.heard(now);
        Ok(())
    }

    pub(super) fn handle_input(
        &mut self,
        grant: u32,
        events: &[InputEvent],
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        self.control.input(grant, events, now, out)
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, out: &mut Out) {
        self.control.handle_timeout(now, out);
        if self.pulse.beat(now) {
            out.push_back(Output::Send(Heartbeat {}.into()));
        }
    }

    pub(super) fn due(&self) -> Timestamp {
        let pulse = self.pulse.due();
        self.control.due().map_or(pulse, |due| due.min(pulse))
    }

    pub(super) fn live_grant(&self) -> Option<u32> {
        self.control.live_grant()
    }

    pub(super) fn scopes(&self) -> Scopes {
        if self.paused.either() {
            return self.consented.intersect(Scopes::CHAT);
        }
        self.consented.union(self.control.scopes())
    }

    //= spec/05-session.md#pause [PAUSE-5] 334d72fe
    pub(super) fn media_epoch(&self) -> Option<u32> {
        let running = !self.paused.either() && self.consented.contains(Scopes::VIEW);
        (running && self.epoch_seen == self.epoch).then_some(self.epoch)
    }

    pub(super) fn frame_sent(&mut self, frame: u32) {
        self.frame = Some(frame);
    }

    pub(super) fn chat(&mut self, text: &str) -> Result<Chat, Misuse> {
        if !self.consented.contains(Scopes::CHAT) {
            return Err(Misuse::Scope);
        }
        self.chat.send(text)
    }

    pub(super) fn allow_control(
        &mut self,
        scopes: Scopes,
        duration_ms: u32,
        secret: [u8; 32],
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Misuse> {
        self.control.allow(scopes, duration_ms, secret, now, out)
    }

    pub(super) fn deny_control(&mut self, now: Timestamp, out: &mut Out) -> Result<(), Misuse> {
        self.control.deny(ErrorCode::Denied, now, out)
    }

    pub(super) fn end_grant(&mut self, code: ErrorCode, tell: bool, out: &mut Out) {
        self.control.end_grant(code, tell, out);
    }

    /// The end of the session: whatever was held is let go, whatever was asked is void.
    pub(super) fn close(&mut self, code: ErrorCode, out: &mut Out) {
        self.control.end_grant(code, false, out);
        self.control.close_prompt(out);
        if self.media_epoch().is_some() {
            out.push_back(Output::Event(Event::MediaStopped));
        }
    }

    pub(super) fn set_local_pause(&mut self, paused: bool, out: &mut Out) {
        if self.paused.local == paused {
            return;
        }
        let flags = Flags {
            local: paused,
            ..self.paused
        };
        //= spec/05-session.md#pause [PAUSE-1] 259f34d2
        out.push_back(Output::Send(Pause { paused }.into()));
        self.set_flags(flags, out);
    }

    fn set_peer_pause(&mut self, paused: bool, out: &mut Out) {
        if self.paused.peer != paused {
            let flags = Flags {
                peer: paused,
                ..self.paused
            };
            self.set_flags(flags, out);
        }
    }

    fn set_flags(&mut self, flags: Flags, out: &mut Out) {
        let (before, media) = (self.paused.either(), self.media_epoch().is_some());
        self.paused = flags;
        if before != flags.either() {
            if flags.either() {
                //= spec/05-session.md#pause [PAUSE-8] 5b4e365d
                self.control.end_grant(ErrorCode::Paused, true, out);
                // Not counted as a denial by the person: there is nothing to hold against anybody.
                //= spec/05-session.md#pause [PAUSE-9] f88ba875
                self.control.refuse_prompt(ErrorCode::TooEarly, out);
                if media {
                    out.push_back(Output::Event(Event::MediaStopped));
                }
            }
            self.raise_epoch(out);
        }
        out.push_back(flags.event());
    }

    //= spec/05-session.md#pause [PAUSE-2] d6beb0da
    fn raise_epoch(&mut self, out: &mut Out) {
        self.epoch += 1;
        let epoch = Epoch {
            epoch: self.epoch,
            paused: self.paused.either(),
        };
        out.push_back(Output::Send(epoch.into()));
    }

    fn epoch_seen(&mut self, epoch: u32, out: &mut Out) -> Result<(), Fault> {
        //= spec/05-session.md#pause [PAUSE-7] 6d8837e8
        if epoch > self.epoch || epoch == 0 {
            return Err(Fault::EpochNeverAnnounced);
        }
        if epoch > self.epoch_seen {
            self.epoch_seen = epoch;
            if self.media_epoch().is_some() {
                out.push_back(Output::Event(Event::MediaReady));
            }
        }
        Ok(())
    }

    //= spec/06-media-input.md#frames [MEDIA-22] ca8d0458
    fn refresh(&mut self, now: Timestamp, out: &mut Out) {
        let interval = timers::REFRESH_INTERVAL * 1_000;
        let rested = self
            .last_refresh
            .is_none_or(|last| now.since(last) >= interval);
        if rested && self.media_epoch().is_some() {
            self.last_refresh = Some(now);
            out.push_back(Output::Event(Event::CompleteFrameWanted));
        }
    }
}
