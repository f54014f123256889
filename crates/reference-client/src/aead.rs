//! Records sealed and opened by ring, which is several times as fast as what the core has.

use alongside_state_machine::channel::aead::{Aead, Keyed, NONCE};
use alongside_wire::{Suite, envelope::TAG};
use ring::aead::{AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// The suites, the one that this machine is fastest at first.
pub fn suites() -> Vec<Suite> {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let aes = std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    let aes = std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    let aes = false;
    match aes {
        true => vec![Suite::AesGcm, Suite::ChaChaPoly],
        false => vec![Suite::ChaChaPoly, Suite::AesGcm],
    }
}

/// The AEADs as ring has them.
#[derive(Clone, Copy, Debug)]
pub struct Ring;

impl Aead for Ring {
    fn keyed(&self, suite: Suite, key: &[u8; 32]) -> Box<dyn Keyed> {
        let algorithm = match suite {
            Suite::ChaChaPoly => &CHACHA20_POLY1305,
            Suite::AesGcm => &AES_256_GCM,
        };
        Box::new(RingKey(made(algorithm, key)))
    }
}

/// Nothing, if the algorithm takes keys of another length, which neither does.
struct RingKey(Option<LessSafeKey>);

fn made(algorithm: &'static Algorithm, key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
}

impl Keyed for RingKey {
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG]> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let sealed = self
            .0
            .as_ref()?
            .seal_in_place_separate_tag(nonce, Aad::from(aad), text);
        sealed.ok()?.as_ref().try_into().ok()
    }

    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8], tag: &[u8; TAG]) -> bool {
        let (nonce, aad) = (Nonce::assume_unique_for_key(*nonce), Aad::from(aad));
        let opened = self
            .0
            .as_ref()
            .map(|key| key.open_in_place_separate_tag(nonce, aad, (*tag).into(), text, 0..));
        matches!(opened, Some(Ok(_)))
    }
}

impl Drop for RingKey {
    /// ring forgets no keys, so another is written over it.
    fn drop(&mut self) {
        if let Some(key) = &mut self.0
            && let Some(zeros) = made(key.algorithm(), &[0; 32])
        {
            *key = zeros;
        }
        zeroize::optimization_barrier(self);
    }
}
