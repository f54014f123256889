//! A sharer that is a known device.

use alongside_wire::{device::DeviceToken, rendezvous::Wait};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::{Channel, Event, SharerEndpoint};
use crate::{channel::handshake::Offering, device::Device, error::Misuse, mutant, time::Timestamp};

impl SharerEndpoint {
    //= spec/17-known-devices.md#exchange [DEVICE-13] 3344b8d5
    //= spec/17-known-devices.md#exchange [DEVICE-14] 185fcabf
    /// Waits to be called. What follows is as after a join: the person is asked as ever.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if this endpoint has joined or waited, or a sign-in, or the request for its card, is not answered yet.
    pub fn wait(&mut self, device: &Device, now: Timestamp) -> Result<(), Misuse> {
        if self.is_signing_in() {
            return Err(Misuse::Phase("while signing in"));
        }
        self.machine.wait(now)?;
        //= spec/17-known-devices.md#exchange [DEVICE-18] fc458885
        self.config.identity.needs_card |=
            !device.without_card && !mutant::is("DEVICE-18/none-needed");
        if mutant::is("DEVICE-13/same") {
            self.rng = ChaCha20Rng::from_seed([7; 32]);
        }
        let offering = Offering::new(
            &device.key,
            &self.config.suites,
            self.config.ceiling,
            &mut self.rng,
        );
        self.control.send(Wait {
            device: device.key.id,
            token: match mutant::is("DEVICE-2/tells") {
                true => DeviceToken(*device.key.secret()),
                false => device.token,
            },
            offer: offering.offer().into(),
        });
        self.channel = Channel::Offered(offering.into());
        self.asked_to_wait = true;
        Ok(())
    }

    /// The relay says that this device waits; whether that was asked.
    pub(super) fn waits(&mut self) -> bool {
        if self.asked_to_wait {
            self.events.push_back(Event::Waiting);
        }
        if mutant::is("DEVICE-14/unasked") {
            return self.asked_to_wait;
        }
        core::mem::take(&mut self.asked_to_wait)
    }
}
