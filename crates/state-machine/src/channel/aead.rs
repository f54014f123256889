//! Sealing in place, behind a face that a program can put a faster implementation behind.

use alloc::boxed::Box;
use core::fmt::Debug;

use aes_gcm::Aes256Gcm;
use alongside_wire::{Suite, envelope::TAG};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::AeadInPlace,
    consts::{U12, U16},
};

use crate::mutant;

/// Bytes of a nonce, in every suite.
pub const NONCE: usize = 12;

/// The AEADs of all suites, as somebody implements them.
pub trait Aead: Debug + Send + Sync {
    /// The AEAD of a suite under a key. It forgets the key when it is dropped.
    fn keyed(&self, suite: Suite, key: &[u8; 32]) -> Box<dyn Keyed>;
}

/// One AEAD under one key.
pub trait Keyed: Send + Sync {
    /// Encrypts `text` in place; the tag, or `None` if it is longer than the AEAD takes. No nonce is given
    /// twice.
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG]>;

    /// Decrypts `text` in place, if all of it is authentic. If it is not, what `text` holds means
    /// nothing.
    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8], tag: &[u8; TAG]) -> bool;
}

/// The implementation that every machine can run, in plain Rust.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

impl Aead for Portable {
    fn keyed(&self, suite: Suite, key: &[u8; 32]) -> Box<dyn Keyed> {
        match suite {
            Suite::ChaChaPoly => Box::new(Plain(ChaCha20Poly1305::new(key.into()))),
            Suite::AesGcm => Box::new(Plain(Aes256Gcm::new(key.into()))),
        }
    }
}

struct Plain<C: KeyInit>(C);

impl<C> Keyed for Plain<C>
where
    C: AeadInPlace<NonceSize = U12, TagSize = U16> + KeyInit + Send + Sync,
{
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG]> {
        let tag = self.0.encrypt_in_place_detached(nonce.into(), aad, text);
        tag.ok().map(Into::into)
    }

    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8], tag: &[u8; TAG]) -> bool {
        let opened = self
            .0
            .decrypt_in_place_detached(nonce.into(), aad, text, tag.into());
        opened.is_ok()
    }
}

impl<C: KeyInit> Drop for Plain<C> {
    /// Not all of these forget their keys, so another is written over it.
    fn drop(&mut self) {
        self.0 = C::new(&Default::default());
        zeroize::optimization_barrier(self);
    }
}

/// A keyed AEAD that takes the numbers of records. A number must not be sealed twice; who counts sees to that.
pub(super) struct Cipher {
    suite: Suite,
    keyed: Box<dyn Keyed>,
}

impl Cipher {
    pub(super) fn new(aead: &dyn Aead, suite: Suite, key: &[u8; 32]) -> Self {
        Self {
            suite,
            keyed: aead.keyed(suite, key),
        }
    }

    //= spec/04-key-exchange.md#schedule [KEY-3] 0659d238
    /// Seals in place all of `record` but the room for the tag, its last 16 bytes.
    pub(super) fn seal(&self, number: u64, aad: &[u8], record: &mut [u8]) {
        let Some((text, room)) = record.split_last_chunk_mut() else {
            return;
        };
        let nonce = self.nonce(number);
        match self.keyed.seal(&nonce, aad, text) {
            Some(tag) => *room = tag,
            // Far beyond what a record holds. What is not sealed does not leave.
            None => text.fill(0),
        }
    }

    /// Opens in place; the plaintext is what is before the tag.
    pub(super) fn open<'a>(
        &self,
        number: u64,
        aad: &[u8],
        record: &'a mut [u8],
    ) -> Option<&'a mut [u8]> {
        let (text, tag) = record.split_last_chunk_mut()?;
        let authentic = self.keyed.open(&nonce(number), aad, text, tag);
        authentic.then_some(text)
    }

    fn nonce(&self, number: u64) -> [u8; NONCE] {
        let mut nonce = nonce(number);
        if self.suite == Suite::AesGcm && mutant::is("KEY-2/little") {
            nonce[4..].reverse();
        }
        nonce
    }
}

//= spec/04-key-exchange.md#schedule [KEY-2] 0ac14b51
/// 32 zero bits, then the number.
fn nonce(number: u64) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}
