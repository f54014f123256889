//! Ed25519, strictly: one meaning for each signature, and no key that signs everything.

use core::fmt;

use alongside_wire::card::SIGNATURE;
use curve25519_dalek::{edwards::CompressedEdwardsY, traits::IsIdentity};
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};

use crate::mutant;

/// A public key of which some signatures are valid for many messages, or that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadKey;

/// A secret key. It is wiped when it is dropped, and `Debug` does not show it.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of 32 random bytes that nobody else knows.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs a message, which begins with a label of its kind.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretKey").finish_non_exhaustive()
    }
}

//= spec/15-identity.md#cards [CARD-4] 13ee6a4a
/// Whether a public key is the one encoding of a point of the prime-order group that is not its
/// identity.
///
/// # Errors
/// [`BadKey`] if it is not.
pub fn check(key: &[u8; 32]) -> Result<(), BadKey> {
    let encoding = CompressedEdwardsY(*key);
    let point = encoding.decompress().ok_or(BadKey)?;
    let sound = point.compress() == encoding && !point.is_identity() && point.is_torsion_free();
    if sound || mutant::is("CARD-4/any") {
        Ok(())
    } else {
        Err(BadKey)
    }
}

//= spec/15-identity.md#cards [CARD-8] 1ad1e5db
/// Whether the owner of `key` signed `message`.
pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; SIGNATURE]) -> bool {
    let Ok(key) = check(key).and_then(|()| VerifyingKey::from_bytes(key).map_err(|_| BadKey))
    else {
        return false;
    };
    let signature = Signature::from_bytes(signature);
    key.verify_strict(message, &signature).is_ok()
        || mutant::is("CARD-8/lenient") && key.verify(message, &signature).is_ok()
}
