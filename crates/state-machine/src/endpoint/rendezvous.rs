//! The control stream as a client speaks it: the hellos, framing, and grease.

use alloc::{collections::VecDeque, vec::Vec};

use alongside_wire::{
    Scopes, framing,
    limits::CONTROL_MESSAGE,
    rendezvous::{Hello, Message, RelayHello, SignIn, SignedIn},
};

use super::Transmit;
use crate::error::{Fault, Plane};

pub(super) struct Control {
    deframer: framing::Deframer,
    relay: Option<RelayHello>,
    /// A sign-in was sent, and is not answered.
    signing_in: bool,
    /// What the relay said to the latest sign-in that succeeded.
    signed_in: Option<SignedIn>,
    pub(super) transmits: VecDeque<Transmit>,
}

impl Control {
    /// A control stream that begins with `hello`, and a message that means nothing.
    pub(super) fn new() -> Self {
        let mut control = Self {
            deframer: framing::Deframer::new(CONTROL_MESSAGE, "the control stream"),
            relay: None,
            signing_in: false,
            signed_in: None,
            transmits: VecDeque::new(),
        };
        //= spec/03-rendezvous.md#hello [RDV-1] a652eddc
        control.send(Hello::default());
        //= spec/07-wire.md#unknown-types [WIRE-10] 44c5a803
        let mut grease = Vec::new();
        framing::encode(framing::GREASE[0], b"", &mut grease);
        control.transmits.push_back(Transmit::Control(grease));
        control
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.deframer.push(bytes);
    }

    /// The next message after the relay's hello, which is kept.
    pub(super) fn pull(&mut self) -> Result<Option<Message>, Fault> {
        while let Some(message) = Message::pull(&mut self.deframer)? {
            match (message, &self.relay) {
                (Message::RelayHello(hello), None) => self.relay = Some(hello),
                //= spec/03-rendezvous.md#hello [RDV-5] 3576d6e6
                (message @ Message::RelayHello(_), Some(_)) | (message, None) => {
                    return Err(Fault::Unexpected {
                        plane: Plane::Rendezvous,
                        message: message.name(),
                        phase: "on this control stream",
                    });
                }
                (message, Some(_)) => return Ok(Some(message)),
            }
        }
        Ok(None)
    }

    pub(super) fn sign_in(&mut self, request: SignIn) {
        self.signing_in = true;
        self.send(request);
    }

    /// Whether a sign-in waits for its answer; if so, the next answer is its.
    pub(super) fn is_signing_in(&self) -> bool {
        self.signing_in
    }

    /// The relay's answer to a sign-in.
    pub(super) fn signed_in(&mut self, answer: SignedIn) -> Result<(), Fault> {
        if !self.signing_in {
            //= spec/03-rendezvous.md#hello [RDV-5] 3576d6e6
            return Err(Fault::Unexpected {
                plane: Plane::Rendezvous,
                message: "signed-in",
                phase: "without a sign-in",
            });
        }
        self.signing_in = false;
        self.signed_in = Some(answer);
        Ok(())
    }

    /// What the relay allows this client as a helper; everything if it did not sign in.
    pub(super) fn help(&self) -> Scopes {
        self.signed_in
            .as_ref()
            .map_or(Scopes::ALL, |answer| answer.help)
    }

    /// What the relay allows this client as a sharer; everything if it did not sign in.
    pub(super) fn share(&self) -> Scopes {
        self.signed_in
            .as_ref()
            .map_or(Scopes::ALL, |answer| answer.share)
    }

    pub(super) fn relay(&self) -> Option<&RelayHello> {
        self.relay.as_ref()
    }

    pub(super) fn send(&mut self, message: impl Into<Message>) {
        let mut bytes = Vec::new();
        message.into().encode(&mut bytes);
        self.transmits.push_back(Transmit::Control(bytes));
    }
}
