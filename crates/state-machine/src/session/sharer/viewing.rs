//! What stands between consent and the end: the epoch, the pause flags, and control.

use alloc::{collections::VecDeque, string::String};

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    session::{
        Chat, ChatAck, Clipboard, ClipboardTaken, Epoch, Heartbeat, Message, Pause, SecureDesktop,
    },
};

use super::{Event, Flags, Limits, Output, control::Control, drawing::Drawing, refresh::Refresh};
use crate::{
    error::{Fault, Misuse, Plane},
    mutant,
    session::{chat::ChatIds, clipboard, path::Path, probe::Prober, pulse::Pulse},
    time::Timestamp,
};

type Out = VecDeque<Output>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Viewing {
    pub(super) pulse: Pulse,
    /// What consent gave.
    pub(super) consented: Scopes,
    pub(super) paused: Flags,
    /// The latest epoch that was announced, and the latest that the helper knows of.
    pub(super) epoch: u32,
    pub(super) epoch_seen: u32,
    /// The latest frame that was sent, and the latest before the last reconnect.
    pub(super) frame: Option<u32>,
    pub(super) old_frame: Option<u32>,
    /// The latest frame that the helper has shown.
    pub(super) seen_frame: Option<u32>,
    pub(super) refresh: Refresh,
    pub(super) chat: ChatIds,
    pub(super) control: Control,
    pub(super) clipboard: clipboard::Clipboard,
    pub(super) drawing: Drawing,
    pub(super) prober: Prober,
    pub(super) path: Path,
    /// The helper knows what is said of this device.
    pub(super) advised: bool,
    /// The program was told that it may send frames.
    pub(super) media: bool,
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
            old_frame: None,
            seen_frame: None,
            refresh: Refresh::default(),
            chat: ChatIds::default(),
            control: Control::new(now),
            clipboard: clipboard::Clipboard::default(),
            drawing: Drawing::default(),
            prober: Prober::new(now),
            path: Path::default(),
            advised: false,
            media: false,
        };
        //= spec/05-session.md#pause [PAUSE-3] f0166bdd
        viewing.raise_epoch(out);
        viewing
    }

    pub(super) fn handle_message(
        &mut self,
        limits: &Limits,
        message: &Message,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        match message {
            // What is in a picture is looked into by whoever has the keys.
            Message::Pad(_)
            | Message::Heartbeat(_)
            | Message::PictureRequest(_)
            | Message::Picture(_) => {}
            Message::AdvisoryAck(_) => self.advised = true,
            Message::Shown(shown) => {
                //= spec/06-media-input.md#frames [MEDIA-20] 6aba92cf
                if shown.frame == 0 || self.frame.is_none_or(|sent| shown.frame > sent) {
                    return Err(Fault::FrameNeverSent);
                }
                //= spec/12-reconnect.md#state [RECON-29] e0b4d6ec
                if self.old_frame.is_none_or(|old| shown.frame > old) {
                    self.control.shown();
                    self.seen_frame = self.seen_frame.max(Some(shown.frame));
                }
            }
            Message::EpochSeen(seen) => self.epoch_seen(seen.epoch)?,
            Message::Refresh(_) => {
                if self.media {
                    self.refresh.asked(now, out);
                }
            }
            Message::Pause(Pause { paused }) => self.set_peer_pause(*paused, out),
            Message::ControlRequest(request) => {
                let paused = self.paused.either();
                self.control.request(request, limits, paused, now, out)?;
            }
            Message::ControlWithdraw(withdraw) => {
                self.control.withdraw(withdraw.request, now, out);
            }
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
                let acknowledged = self.chat.acknowledged(ack.id);
                if acknowledged.is_empty() && mutant::is("CHAT-6/blames") {
                    return Err(Fault::ChatNotNext);
                }
                for id in acknowledged {
                    out.push_back(Output::Event(Event::ChatDelivered(id)));
                }
            }
            Message::Clipboard(item) => self.clipboard_item(item, out)?,
            Message::ClipboardTaken(answer) => {
                if self.clipboard.answered(answer.item) {
                    let ClipboardTaken { item, taken } = *answer;
                    out.push_back(Output::Event(Event::ClipboardAnswered { item, taken }));
                }
            }
            Message::Stroke(stroke) => {
                if self.may_draw(stroke.grant)? {
                    self.drawing.stroke(stroke, out);
                }
            }
            Message::Laser(laser) => {
                if self.may_draw(laser.grant)? {
                    self.drawing.laser(laser, now, out);
                }
            }
            Message::Clear(clear) => {
                if self.may_draw(clear.grant)? {
                    self.drawing.clear(out);
                }
            }
            Message::Probe(probe) => {
                let answer = self.prober.answer(probe, now);
                out.extend(answer.map(|answer| Output::Send(answer.into())));
            }
            Message::ProbeAnswer(answer) => {
                if let Some(delay_ms) = self.prober.answered(answer.probe, now) {
                    out.push_back(Output::Event(Event::Delay(delay_ms)));
                } else if mutant::is("TOOL-26/blames") {
                    return Err(Fault::ItemNotNext);
                }
            }
            Message::PathOffer(offer) => self.path.offered(offer.certificate, now, out),
            Message::ControlRenew(_)
            | Message::SecureDesktop(_)
            | Message::Introduce(_)
            | Message::Consent(_)
            | Message::Displays(_)
            | Message::ControlGrant(_)
            | Message::ControlDeny(_)
            | Message::Epoch(_)
            | Message::Receipt(_)
            | Message::Card(_)
            | Message::Advisory(_)
            | Message::State(_)
            | Message::End(_) => {
                return Err(Fault::Unexpected {
                    plane: Plane::Session,
                    message: message.name(),
                    phase: "while viewing",
                });
            }
        }
        self.settle(out);
        self.pulse.heard(now);
        Ok(())
    }

    fn clipboard_item(&mut self, item: &Clipboard, out: &mut Out) -> Result<(), Fault> {
        let allowed = self
            .control
            .allows(item.grant, Scopes::CLIPBOARD_TO_SHARER)?;
        self.clipboard.count(item.item)?;
        if allowed {
            if let Some(before) = self.clipboard.offer(item) {
                refuse_item(before, out);
            }
            out.push_back(Output::Event(Event::ClipboardOffered {
                item: item.item,
                text: item.text.clone(),
            }));
        }
        Ok(())
    }

    /// Whether a drawing is to be carried out now; it is not while a question is open.
    fn may_draw(&self, grant: u32) -> Result<bool, Fault> {
        let allowed = self.control.allows(grant, Scopes::ANNOTATE)?;
        Ok(allowed && !self.control.is_asked())
    }

    /// What follows from a change of the grant, of a prompt, of what may be seen.
    pub(super) fn settle(&mut self, out: &mut Out) {
        let live = self.control.live_grant();
        let asked = self.control.is_asked() && !mutant::is("TOOL-16/stays");
        self.drawing.settle(live, asked, out);
        if let Some(item) = self.clipboard.lapse(live) {
            refuse_item(item, out);
        }
        self.set_media(self.media_epoch().is_some(), out);
    }

    fn set_media(&mut self, media: bool, out: &mut Out) {
        if media == self.media {
            return;
        }
        self.media = media;
        out.push_back(Output::Event(if media {
            Event::MediaReady
        } else {
            self.refresh.stop();
            Event::MediaStopped
        }));
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
        self.drawing.handle_timeout(now, out);
        self.refresh.handle_timeout(now, out);
        self.path.handle_timeout(now, out);
        self.settle(out);
        if let Some(probe) = self.prober.ask(now) {
            out.push_back(Output::Send(probe.into()));
        }
        if self.pulse.beat(now) {
            out.push_back(Output::Send(Heartbeat {}.into()));
        }
    }

    pub(super) fn due(&self) -> Timestamp {
        let others = [
            self.control.due(),
            self.drawing.due(),
            self.refresh.due(),
            self.path.due(),
        ];
        let always = self.pulse.due().min(self.prober.due());
        others.into_iter().flatten().fold(always, Timestamp::min)
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
        let seen = !self.control.secure_blocks() && self.consented.contains(Scopes::VIEW);
        let running = !self.paused.either() && seen;
        //= spec/15-identity.md#advisories [ADVISORY-2] 601c13f5
        let advised = self.advised || mutant::is("ADVISORY-2/unread");
        let known = self.epoch_seen == self.epoch || mutant::is("PAUSE-5/unseen");
        let ready = advised && known;
        (running && ready).then_some(self.epoch)
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
        self.control.allow(scopes, duration_ms, secret, now, out)?;
        self.settle(out);
        Ok(())
    }

    pub(super) fn narrow(
        &mut self,
        scopes: Scopes,
        secret: [u8; 32],
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Misuse> {
        self.control.narrow(scopes, secret, now, out)?;
        self.settle(out);
        Ok(())
    }

    pub(super) fn ask_renewal(&mut self, now: Timestamp, out: &mut Out) -> Result<(), Misuse> {
        self.control.ask_renewal(now, out)?;
        self.settle(out);
        Ok(())
    }

    pub(super) fn deny_control(&mut self, now: Timestamp, out: &mut Out) -> Result<(), Misuse> {
        self.control.deny(ErrorCode::Denied, now, out)
    }

    pub(super) fn end_grant(&mut self, code: ErrorCode, tell: bool, out: &mut Out) {
        self.control.end_grant(code, tell, out);
        self.settle(out);
    }

    //= spec/19-tools.md#clipboard [TOOL-9] 14fcf6e3
    //= spec/19-tools.md#grants [TOOL-4] 073ebf43
    pub(super) fn send_clipboard(&mut self, text: &str, out: &mut Out) -> Result<u32, Misuse> {
        let grant = self.control.live_grant().ok_or(Misuse::Nothing)?;
        if !self.control.scopes().contains(Scopes::CLIPBOARD_TO_HELPER)
            && !mutant::is("TOOL-4/beyond")
        {
            return Err(Misuse::Scope);
        }
        let item = self.clipboard.send(grant, text)?;
        let id = item.item;
        out.push_back(Output::Send(item.into()));
        Ok(id)
    }

    //= spec/19-tools.md#clipboard [TOOL-10] f4c91892
    /// The person takes what the helper offered, or refuses it.
    pub(super) fn answer_clipboard(
        &mut self,
        taken: bool,
        out: &mut Out,
    ) -> Result<Option<String>, Misuse> {
        let answered = self.clipboard.answer();
        if answered.is_none() && mutant::is("TOOL-10/any") {
            return Ok(Some(String::new()));
        }
        let (item, text) = answered.ok_or(Misuse::Nothing)?;
        out.push_back(Output::Send(ClipboardTaken { item, taken }.into()));
        Ok(taken.then_some(text))
    }

    //= spec/19-tools.md#secure-desktop [TOOL-22] 6a97d77b
    //= spec/19-tools.md#secure-desktop [TOOL-23] b94dc73b
    pub(super) fn set_secure_desktop(&mut self, active: bool, out: &mut Out) {
        if self.control.set_secure(active, out) {
            out.push_back(Output::Send(SecureDesktop { active }.into()));
            self.settle(out);
        }
    }

    /// The end of the session: whatever was held is let go, whatever was asked is void.
    pub(super) fn close(&mut self, code: ErrorCode, out: &mut Out) {
        self.control.end_grant(code, false, out);
        self.control.close_prompt(out);
        self.drawing.clear(out);
        self.set_media(false, out);
        self.path.close(code, out);
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
        if self.paused.peer != paused || mutant::is("PAUSE-12/tells") {
            let flags = Flags {
                peer: paused,
                ..self.paused
            };
            self.set_flags(flags, out);
        }
    }

    fn set_flags(&mut self, flags: Flags, out: &mut Out) {
        let before = self.paused.either();
        self.paused = flags;
        if before != flags.either() {
            if flags.either() {
                //= spec/05-session.md#pause [PAUSE-8] 5b4e365d
                self.control.end_grant(ErrorCode::Paused, true, out);
                // Not counted as a denial by the person: there is nothing to hold against anybody.
                //= spec/05-session.md#pause [PAUSE-9] f88ba875
                if !mutant::is("PAUSE-9/open") {
                    self.control.refuse_prompt(ErrorCode::TooEarly, out);
                }
            }
            self.raise_epoch(out);
        }
        self.settle(out);
        out.push_back(flags.event());
    }

    //= spec/05-session.md#pause [PAUSE-2] d6beb0da
    pub(super) fn raise_epoch(&mut self, out: &mut Out) {
        self.epoch += 1;
        let epoch = Epoch {
            epoch: self.epoch,
            paused: self.paused.either(),
        };
        out.push_back(Output::Send(epoch.into()));
    }

    fn epoch_seen(&mut self, epoch: u32) -> Result<(), Fault> {
        //= spec/05-session.md#pause [PAUSE-7] 6d8837e8
        if epoch > self.epoch || epoch == 0 {
            return Err(Fault::EpochNeverAnnounced);
        }
        if epoch > self.epoch_seen {
            self.epoch_seen = epoch;
        }
        Ok(())
    }
}

fn refuse_item(item: u32, out: &mut Out) {
    let taken = false;
    out.push_back(Output::Send(ClipboardTaken { item, taken }.into()));
    out.push_back(Output::Event(Event::ClipboardLapsed { item }));
}
