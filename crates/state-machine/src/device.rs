//! Known devices: what an organisation hands out, and when a device that failed tries again.

use alongside_wire::{
    device::{DeviceId, DeviceToken},
    limits::timers,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::mutant;

/// What both ends of a session with a known device have. The secret is wiped when it is dropped.
#[derive(Clone)]
pub struct DeviceKey {
    /// The device.
    pub id: DeviceId,
    secret: Zeroizing<[u8; 32]>,
}

/// What the device itself has.
#[derive(Clone)]
pub struct Device {
    /// The half that helpers have as well.
    pub key: DeviceKey,
    /// What proves to the relay that this is the device.
    pub token: DeviceToken,
    /// Whoever enrolled it said that its helpers need no card.
    pub without_card: bool,
}

impl DeviceKey {
    /// A device and its enrolment secret.
    pub fn new(id: DeviceId, secret: [u8; 32]) -> Self {
        let secret = Zeroizing::new(secret);
        Self { id, secret }
    }

    /// The enrolment secret. It is for the two ends alone, and never for the relay.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }
}

impl Device {
    //= spec/17-known-devices.md#enrolment [DEVICE-1] a14edd8c
    /// A new device, from random bytes that nobody else knows.
    pub fn enrol(random: &[u8; 80]) -> Self {
        let (mut id, mut secret, mut token) = ([0; 16], [0; 32], [0; 32]);
        id.copy_from_slice(&random[..16]);
        secret.copy_from_slice(&random[16..48]);
        token.copy_from_slice(&random[48..]);
        Self {
            key: DeviceKey::new(DeviceId(id), secret),
            token: DeviceToken(token),
            without_card: false,
        }
    }
}

/// What a relay keeps of a registration token.
pub fn token_hash(token: &DeviceToken) -> [u8; 32] {
    Sha256::digest(token.hashed_text()).into()
}

/// How long a device pauses before it waits again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    failures: u32,
}

impl Retry {
    /// A channel has stood: what failed before is forgotten.
    pub fn secured(&mut self) {
        self.failures = 0;
    }

    //= spec/17-known-devices.md#exchange [DEVICE-15] d9e269d2
    /// An exchange or a connection failed; the pause in milliseconds.
    pub fn failed(&mut self) -> u64 {
        let pause = match self.failures > 0 && mutant::is("DEVICE-15/same") {
            true => timers::DEVICE_RETRY_FIRST,
            false => timers::DEVICE_RETRY_FIRST << self.failures.min(16),
        };
        self.failures = self.failures.saturating_add(1);
        pause.min(timers::DEVICE_RETRY_MOST)
    }
}
