//! The two AEADs behind one face.

use alloc::{boxed::Box, vec::Vec};

use aes_gcm::Aes256Gcm;
use alongside_wire::Suite;
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};

use crate::mutant;

/// A keyed cipher. A number must not be sealed twice under one key; who counts sees to that.
pub(super) enum Cipher {
    ChaChaPoly(Box<ChaCha20Poly1305>),
    AesGcm(Box<Aes256Gcm>),
}

impl Cipher {
    pub(super) fn new(suite: Suite, key: &[u8; 32]) -> Self {
        match suite {
            Suite::ChaChaPoly => Self::ChaChaPoly(Box::new(ChaCha20Poly1305::new(key.into()))),
            Suite::AesGcm => Self::AesGcm(Box::new(Aes256Gcm::new(key.into()))),
        }
    }

    //= spec/04-key-exchange.md#schedule [KEY-3] 0659d238
    pub(super) fn seal(&self, number: u64, aad: &[u8], msg: &[u8]) -> Vec<u8> {
        let (nonce, payload) = (nonce(number).into(), Payload { msg, aad });
        // Fails only beyond what one message may hold, 64 GiB at least.
        match self {
            Self::ChaChaPoly(cipher) => cipher.encrypt(&nonce, payload),
            Self::AesGcm(cipher) if mutant::is("KEY-2/little") => {
                let mut nonce = [0; 12];
                nonce[4..].copy_from_slice(&number.to_le_bytes());
                cipher.encrypt(&nonce.into(), payload)
            }
            Self::AesGcm(cipher) => cipher.encrypt(&nonce, payload),
        }
        .unwrap_or_default()
    }

    pub(super) fn open(&self, number: u64, aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
        let (nonce, payload) = (nonce(number).into(), Payload { msg, aad });
        match self {
            Self::ChaChaPoly(cipher) => cipher.decrypt(&nonce, payload),
            Self::AesGcm(cipher) => cipher.decrypt(&nonce, payload),
        }
        .ok()
    }
}

//= spec/04-key-exchange.md#schedule [KEY-2] 0ac14b51
/// 32 zero bits, then the number.
fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}
