//! The control stream as a client speaks it: the hellos, framing, and grease.

use alloc::{collections::VecDeque, vec::Vec};

use alongside_wire::{
    ReportCategory, Scopes, framing,
    limits::CONTROL_MESSAGE,
    rendezvous::{Hello, Message, Refused, RelayHello, Report, SignIn, SignedIn},
};

use super::{Reporting, Transmit};
use crate::{
    error::{Fault, Misuse, Plane},
    mutant,
    session::known,
};

pub(super) struct Control {
    deframer: framing::Deframer,
    relay: Option<RelayHello>,
    /// A sign-in was sent, and is not answered.
    signing_in: bool,
    /// What the relay said to the latest sign-in that succeeded.
    signed_in: Option<SignedIn>,
    report: Reporting,
    /// The connection is gone.
    lost: bool,
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
            report: Reporting::None,
            lost: false,
            transmits: VecDeque::new(),
        };
        //= spec/03-rendezvous.md#hello [RDV-1] a652eddc
        control.send(Hello::default());
        //= spec/07-wire.md#unknown-types [WIRE-10] 44c5a803
        if !mutant::is("WIRE-10/plain") {
            let mut grease = Vec::new();
            framing::encode(framing::GREASE[0], b"", &mut grease);
            control.transmits.push_back(Transmit::Control(grease));
        }
        control
    }

    /// The control stream of the next connection. What a sign-in allowed is still so.
    pub(super) fn again(&mut self) -> Self {
        Self {
            signed_in: self.signed_in.take(),
            ..Self::new()
        }
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
                (message, _) if mutant::is_deaf(mutant::Target::Client, message.name()) => {}
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

    //= spec/14-operation.md#reports [REPORT-3] 13052625
    /// Reports the session that this end has left.
    pub(super) fn report(&mut self, category: ReportCategory) -> Result<(), Misuse> {
        if self.report != Reporting::None {
            return Err(Misuse::Nothing);
        }
        if self.lost {
            self.report = Reporting::Lost;
            return Ok(());
        }
        self.report = Reporting::Waiting;
        let category = category.to_wire();
        self.send(Report { category });
        Ok(())
    }

    /// Takes bytes that come after the end, when nothing but the answer to a report matters.
    pub(super) fn hear_of_report(&mut self, bytes: &[u8]) {
        if self.report != Reporting::Waiting {
            return;
        }
        self.push(bytes);
        while self.report == Reporting::Waiting {
            match Message::pull(&mut self.deframer) {
                Ok(Some(Message::Reported(_))) => self.report = Reporting::Taken,
                Ok(Some(Message::Refused(Refused { code }))) => {
                    self.report = Reporting::Refused(known(code));
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => self.report = Reporting::Lost,
            }
        }
    }

    /// The connection is gone.
    pub(super) fn lost(&mut self) {
        self.lost = true;
        if self.report == Reporting::Waiting {
            self.report = Reporting::Lost;
        }
    }

    pub(super) fn reporting(&self) -> Reporting {
        self.report
    }

    pub(super) fn relay(&self) -> Option<&RelayHello> {
        self.relay.as_ref()
    }

    pub(super) fn send(&mut self, message: impl Into<Message>) {
        let message = message.into();
        mutant::says_to_relay(mutant::Target::Client, &message, |message| {
            self.send_this(message);
        });
    }

    fn send_this(&mut self, message: &Message) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.transmits.push_back(Transmit::Control(bytes));
    }
}
