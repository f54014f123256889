//! A helper that calls a known device.

use alongside_wire::{
    envelope::{Answer, Envelope},
    rendezvous::{Call, Deliver, Joined},
};

use super::{Channel, HelperEndpoint};
use crate::{
    channel::{Password, handshake::Answering},
    device::DeviceKey,
    error::{Fault, Misuse},
    mutant,
    time::Timestamp,
};

impl HelperEndpoint {
    /// Calls a known device. What follows is as with a code that was spent: an event of a join, or
    /// of the end of what was asked for.
    ///
    /// # Errors
    /// As [`HelperEndpoint::request_code`].
    pub fn call(&mut self, device: &DeviceKey, now: Timestamp) -> Result<(), Misuse> {
        if self.is_signing_in() {
            return Err(Misuse::Phase("while signing in"));
        }
        self.machine.call(now)?;
        self.control.send(Call { device: device.id });
        self.channel = Channel::Calling(device.clone());
        Ok(())
    }

    /// Somebody joined by the code, or the device that was called is there.
    pub(super) fn handle_joined(&mut self, joined: &Joined, now: Timestamp) -> Result<(), Fault> {
        //= spec/02-codes.md#spent [CODE-8] 1a3aff13
        // Spent before anything else is done: whatever follows, nobody joins by it again.
        if mutant::is("CODE-9/again") && matches!(self.channel, Channel::Answered(_)) {
            let (clear, noise) = Default::default();
            let envelope = Envelope::from(Answer { clear, noise }).to_bytes();
            self.control.send(Deliver { envelope });
        }
        self.machine.joined(now)?;
        self.path.begin();
        let password: Password = match core::mem::replace(&mut self.channel, Channel::None) {
            Channel::Code(code) => code.into(),
            Channel::Calling(device) => (&device).into(),
            Channel::None | Channel::Answered(_) | Channel::Standing(_) => return Ok(()),
        };
        let answer = Answering::new(
            password,
            &joined.offer,
            &self.config.suites,
            self.ceiling(),
            &mut self.rng,
        );
        match answer {
            Ok((answering, envelope)) => {
                self.channel = Channel::Answered(answering.into());
                self.control.send(Deliver { envelope });
            }
            Err(fault) => return self.failed(fault, now),
        }
        Ok(())
    }
}
