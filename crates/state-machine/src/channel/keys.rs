//! The key schedule: one master for a session, and from it a key for each use.

use alongside_wire::{Channel, Direction, Suite, limits};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::aead::{Aead, Cipher, Portable};

//= spec/04-key-exchange.md#schedule [KEY-6] a4e84289
/// The keys of one session. They live in memory only, and die with this.
pub struct Keys {
    suite: Suite,
    /// How often the master was made anew.
    generation: u32,
    master: Zeroizing<[u8; 32]>,
    /// What seals and opens under keys of this.
    aead: &'static dyn Aead,
}

impl Keys {
    /// From the handshake hash and both halves of Noise's split, in its order.
    pub(super) fn new(
        suite: Suite,
        generation: u32,
        hash: &[u8; 32],
        split: &Zeroizing<[u8; 64]>,
    ) -> Self {
        let (master, _) = Hkdf::<Sha256>::extract(Some(hash), split.as_ref());
        Self {
            suite,
            generation,
            master: Zeroizing::new(master.into()),
            aead: &Portable,
        }
    }

    /// Those of the next generation, from its handshake.
    pub(super) fn next(&self, hash: &[u8; 32], split: &Zeroizing<[u8; 64]>) -> Self {
        Self::new(self.suite, self.generation + 1, hash, split).with(self.aead)
    }

    /// From a master that was logged, to open what was recorded.
    #[cfg(feature = "key-log")]
    pub fn from_master(suite: Suite, master: [u8; 32]) -> Self {
        Self::of_generation(suite, 0, master)
    }

    /// The same of a master that a reconnect made.
    #[cfg(feature = "key-log")]
    pub fn of_generation(suite: Suite, generation: u32, master: [u8; 32]) -> Self {
        Self {
            suite,
            generation,
            master: Zeroizing::new(master),
            aead: &Portable,
        }
    }

    /// The master, for tests and tools.
    #[cfg(feature = "key-log")]
    pub fn master(&self) -> [u8; 32] {
        *self.master
    }

    /// The same keys, for an implementation of the AEADs that is not the portable one. What was made of
    /// these keys before keeps the one it has.
    #[must_use]
    pub fn with(self, aead: &'static dyn Aead) -> Self {
        Self { aead, ..self }
    }

    /// The suite that was negotiated.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// How often the master was made anew by a reconnect.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    //= spec/12-reconnect.md#handshake [RECON-12] 05307331
    /// The pre-shared key of the handshake that makes the next master.
    pub(super) fn reconnect_psk(&self) -> Zeroizing<[u8; 32]> {
        self.expand(&[b"alongside/1 reconnect", &self.generation.to_be_bytes()])
    }

    /// Tells this master from others, and nothing else about it.
    pub(super) fn master_hash(&self) -> [u8; 32] {
        *self.expand(&[b"alongside/1 master hash"])
    }

    //= spec/04-key-exchange.md#schedule [KEY-1] ce64014a
    /// The cipher of a channel and direction for the block that `number` is in.
    pub(super) fn cipher(
        &self,
        channel: Channel,
        direction: Direction,
        epoch: u32,
        number: u64,
    ) -> Cipher {
        let key = self.expand(&[
            b"alongside/1 key",
            &[channel.to_wire()],
            &[direction.to_wire()],
            &self.generation.to_be_bytes(),
            &epoch.to_be_bytes(),
            &block(number).to_be_bytes(),
        ]);
        Cipher::new(self.aead, self.suite, &key)
    }

    /// The cipher of one grant.
    pub(super) fn input(&self, grant: u32, secret: &[u8; 32]) -> Cipher {
        let key = self.expand(&[
            b"alongside/1 input",
            &self.generation.to_be_bytes(),
            &grant.to_be_bytes(),
            secret,
        ]);
        Cipher::new(self.aead, self.suite, &key)
    }

    fn expand(&self, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        // Fails only for keys of 0 or over 8,160 bytes, or a short master.
        if let Ok(hkdf) = Hkdf::<Sha256>::from_prk(self.master.as_ref()) {
            let _ = hkdf.expand_multi_info(info, key.as_mut());
        }
        key
    }
}

/// Which key a record's number falls under.
pub(super) const fn block(number: u64) -> u64 {
    number / limits::BLOCK as u64
}
