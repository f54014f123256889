//! A sharer that is a known device.

use alongside_wire::rendezvous::Wait;

use super::{Channel, Event, SharerEndpoint};
use crate::{channel::handshake::Offering, device::Device, error::Misuse, time::Timestamp};

impl SharerEndpoint {
    //= spec/17-known-devices.md#exchange [DEVICE-13] 3344b8d5
    //= spec/17-known-devices.md#exchange [DEVICE-14] 185fcabf
    /// Waits to be called. What follows is as after a join: the person is asked as ever.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if this endpoint has joined or waited.
    pub fn wait(&mut self, device: &Device, now: Timestamp) -> Result<(), Misuse> {
        self.machine.wait(now)?;
        //= spec/17-known-devices.md#exchange [DEVICE-18] fc458885
        self.config.identity.needs_card |= !device.without_card;
        let offering = Offering::new(
            &device.key,
            &self.config.suites,
            self.config.ceiling,
            &mut self.rng,
        );
        self.control.send(Wait {
            device: device.key.id,
            token: device.token,
            offer: offering.offer().into(),
        });
        self.channel = Channel::Offered(offering);
        self.asked_to_wait = true;
        Ok(())
    }

    /// The relay says that this device waits; whether that was asked.
    pub(super) fn waits(&mut self) -> bool {
        if self.asked_to_wait {
            self.events.push_back(Event::Waiting);
        }
        core::mem::take(&mut self.asked_to_wait)
    }
}
