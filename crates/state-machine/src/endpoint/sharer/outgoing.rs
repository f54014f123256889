//! From what the session's logic wants to bytes and events.

use alloc::vec::Vec;

use alongside_wire::{
    limits::CHAT_PAD,
    rendezvous::{Deliver, Leave},
    session::{self, Message},
};

use rand_core::RngCore;

use super::{Channel, Event, PathEvent, SessionEvent, SharerEndpoint};
use crate::{channel::input::GrantKey, mutant, session::Output};

impl SharerEndpoint {
    /// Turns what the machine wants into bytes and events, and lets keys die with their grants.
    pub(super) fn carry_out(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            if let Some(recorder) = &mut self.recorder {
                recorder.observe(&output);
            }
            match output {
                Output::Send(message) => self.seal(&message),
                Output::Leave(code) => {
                    self.control.send(Leave {
                        code: code.to_wire(),
                    });
                }
                Output::Relay(message) => self.control.send(message),
                Output::NewPath => self.path.give_up(),
                Output::Event(SessionEvent::Back) => {
                    self.event(SessionEvent::Back);
                    self.send_late_receipts();
                    self.show_again();
                }
                Output::Event(event) => self.event(event),
            }
        }
        if let Channel::Standing(standing) = &mut self.channel {
            let live = self.machine.live_grant();
            let late = mutant::is("INPUT-8/late");
            standing
                .grant
                .take_if(|key| Some(key.grant()) != live && !late);
        }
    }

    fn event(&mut self, event: SessionEvent) {
        match &event {
            SessionEvent::MediaReady | SessionEvent::CompleteFrameWanted => self.complete = true,
            SessionEvent::MediaStopped => self.drop_stale_frames(),
            SessionEvent::Frozen { .. } => {
                self.drop_stale_frames();
                self.purge_injections();
                self.number = None;
                if let Channel::Standing(standing) = &mut self.channel {
                    standing.fresh = false;
                }
            }
            SessionEvent::Path(PathEvent::Over { .. }) if self.on_path => {
                self.on_path = false;
                self.drop_stale_frames();
            }
            SessionEvent::Ended(_) => {
                self.drop_stale_frames();
                if !mutant::is("END-6/injects") {
                    self.purge_injections();
                }
                //= spec/04-key-exchange.md#schedule [KEY-5] 1cdf3f8f
                self.channel = Channel::None;
            }
            // Nothing that was queued before may be carried out after this. The helper's own
            // release-all is no such thing: what it typed before that was typed.
            SessionEvent::ControlAsked { .. } | SessionEvent::ControlEnded { .. } => {
                self.purge_injections();
            }
            SessionEvent::ControlGranted { .. }
            | SessionEvent::ControlRenewed { .. }
            | SessionEvent::ControlPromptClosed => {
                self.number = None;
            }
            SessionEvent::Inject(_) => self.injected = true,
            _ => {}
        }
        let asked = matches!(event, SessionEvent::ControlAsked { .. });
        self.events.push_back(Event::Session(event));
        //= spec/05-session.md#control [CONTROL-27] ee063684
        if asked && self.injected && !mutant::is("CONTROL-27/none") {
            let number = self.draw_number();
            self.number = Some(number);
            self.events.push_back(Event::Number(number));
        }
    }

    /// A number below a million, each as likely as any other.
    fn draw_number(&mut self) -> u32 {
        const MILLION: u32 = 1_000_000;
        loop {
            let drawn = self.rng.next_u32();
            // The last, broken million would make low numbers likelier.
            if drawn < u32::MAX / MILLION * MILLION {
                return drawn % MILLION;
            }
        }
    }

    fn purge_injections(&mut self) {
        self.events
            .retain(|event| !matches!(event, Event::Session(SessionEvent::Inject(_))));
    }

    pub(super) fn seal(&mut self, message: &Message) {
        mutant::says(mutant::Target::Sharer, message, |message| {
            self.seal_this(message);
        });
    }

    fn seal_this(&mut self, message: &Message) {
        let frozen = self.machine.frozen_until().is_some();
        let Channel::Standing(standing) = &mut self.channel else {
            return;
        };
        //= spec/12-reconnect.md#link [RECON-7] c8aafabd
        let speaks = matches!(message, Message::State(_)) || mutant::is("RECON-7/speaks");
        if frozen && !speaks {
            return;
        }
        let keys = &standing.handshake.channel.keys;
        let mut plaintext = Vec::new();
        message.encode(&mut plaintext);
        match message {
            //= spec/19-tools.md#clipboard [TOOL-13] b792aa1a
            Message::Chat(_) if mutant::is("CHAT-5/bare") => {}
            Message::Clipboard(_) if mutant::is("TOOL-13/bare") => {}
            Message::Chat(_) | Message::Clipboard(_) => session::pad_to(CHAT_PAD, &mut plaintext),
            Message::ControlGrant(grant) => {
                standing.grant = Some(GrantKey::new(keys, grant.grant, &grant.secret));
            }
            _ => {}
        }
        let envelope = standing.sealer.seal(keys, &plaintext);
        self.control.send(Deliver { envelope });
    }
}
