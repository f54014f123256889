//! From what the session's logic wants to bytes and events.

use alloc::vec::Vec;

use alongside_wire::{
    limits::CHAT_PAD,
    rendezvous::{Deliver, Leave},
    session::{self, Message},
};

use super::{Channel, Event, HelperEndpoint, PathEvent, SessionEvent, typing::Typing};
use crate::{endpoint::frames::Streams, mutant, session::Output, time::Timestamp};

impl HelperEndpoint {
    /// Turns what the machine wants into bytes and events, and lets keys die with their grants.
    pub(super) fn carry_out(&mut self, now: Timestamp) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Send(message) => self.seal(&message),
                Output::Leave(code) => self.control.send(Leave {
                    code: code.to_wire(),
                }),
                Output::Relay(message) => self.control.send(message),
                Output::NewPath => self.path.give_up(),
                Output::Event(SessionEvent::Back) => {
                    self.event(SessionEvent::Back, now);
                    let again = self.faces.back();
                    again.iter().for_each(|message| self.seal(message));
                }
                Output::Event(event) => self.event(event, now),
            }
        }
    }

    fn event(&mut self, event: SessionEvent, now: Timestamp) {
        match (&event, &mut self.channel) {
            (SessionEvent::CodeIssued { until, .. }, Channel::Code(code)) => {
                let (code, until) = (*code, *until);
                self.events.push_back(Event::Code { code, until });
                return;
            }
            (SessionEvent::ControlGranted { .. }, Channel::Standing(standing)) => {
                if let Some((grant, _, secret)) = self.machine.live_grant() {
                    //= spec/06-media-input.md#input-records [INPUT-1] 5a79fa2b
                    self.next_stream += 1;
                    let keys = &standing.handshake.channel.keys;
                    let typing = Typing::new(keys, grant, &secret, self.next_stream, now);
                    self.typing = Some(typing);
                }
            }
            //= spec/05-session.md#control [CONTROL-26] 2f3256b6
            (SessionEvent::ControlEnded { .. }, _) if !mutant::is("CONTROL-26/goes-on") => {
                if let Some(typing) = self.typing.take() {
                    self.control.transmits.push_back(typing.stop());
                }
            }
            (SessionEvent::Frozen { .. }, Channel::Standing(standing)) => {
                standing.fresh = false;
                self.assembly.clear();
                self.whole = false;
                self.first_frame = None;
            }
            (SessionEvent::Path(PathEvent::Over { .. }), _) => {
                self.streams.forget_path();
                self.assembly.forget_path();
            }
            (SessionEvent::Ended(_), channel) => {
                *channel = Channel::None;
                self.assembly.clear();
                self.streams = Streams::default();
            }
            (SessionEvent::CodeEnded(_) | SessionEvent::CodeSpent { .. }, channel) => {
                *channel = Channel::None;
            }
            _ => {}
        }
        self.events.push_back(Event::Session(event));
    }

    pub(super) fn seal(&mut self, message: &Message) {
        mutant::says(mutant::Target::Helper, message, |message| {
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
        let padded = match message {
            Message::Chat(_) => !mutant::is("CHAT-5/bare"),
            Message::Clipboard(_) => !mutant::is("TOOL-13/bare"),
            _ => false,
        };
        if padded {
            //= spec/05-session.md#chat [CHAT-5] 2d996685
            session::pad_to(CHAT_PAD, &mut plaintext);
        }
        let envelope = standing.sealer.seal(keys, &plaintext);
        self.control.send(Deliver { envelope });
    }
}
