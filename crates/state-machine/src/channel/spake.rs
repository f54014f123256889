//! SPAKE2 on the Ed25519 group: both ends of a code get one key, and whoever guessed wrong gets
//! nothing to test further guesses with.

use alloc::{format, vec::Vec};

use alongside_wire::code::{Locator, Secret};
use curve25519_dalek::{edwards::CompressedEdwardsY, traits::IsIdentity};
use hkdf::Hkdf;
use rand_core::{CryptoRng, RngCore};
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::Zeroizing;

/// The pre-shared key that the Noise handshake starts from.
pub(super) type Psk = Zeroizing<[u8; 32]>;

/// Which end of the exchange this is. The sharer speaks first and is A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The sharer, A.
    Sharer,
    /// The helper, B.
    Helper,
}

/// An exchange whose own element has been sent.
pub(super) struct Exchange(Spake2<Ed25519Group>, Side);

/// An element that is not the canonical encoding of a point of the prime-order group, or is its
/// identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPoint;

//= spec/04-key-exchange.md#spake2 [KEX-9] 1f280a0c
/// Starts an exchange; the second value is the element to send.
pub(super) fn start(
    side: Side,
    locator: &Locator,
    secret: &Secret,
    rng: impl RngCore + CryptoRng,
) -> (Exchange, [u8; 32]) {
    let password = Password::new(secret.as_str());
    let [a, b] = ["sharer", "helper"].map(|role| Identity::new(&identity(role, locator)));
    let (state, message) = match side {
        Side::Sharer => Spake2::<Ed25519Group>::start_a_with_rng(&password, &a, &b, rng),
        Side::Helper => Spake2::<Ed25519Group>::start_b_with_rng(&password, &a, &b, rng),
    };
    // The crate puts one byte before the element that names its side; the protocol has no need of it.
    let mut element = [0; 32];
    element.copy_from_slice(message.get(1..33).unwrap_or(&[0; 32]));
    (Exchange(state, side), element)
}

impl Exchange {
    //= spec/04-key-exchange.md#spake2 [KEX-7] e4b4e75a
    /// Finishes with the other end's element.
    ///
    /// # Errors
    /// [`BadPoint`], before the element meets any secret.
    pub(super) fn finish(self, element: &[u8; 32]) -> Result<Psk, BadPoint> {
        check(element)?;
        let other = match self.1 {
            Side::Sharer => b'B',
            Side::Helper => b'A',
        };
        let mut message = [other; 33];
        message[1..].copy_from_slice(element);
        let key = Zeroizing::new(self.0.finish(&message).map_err(|_| BadPoint)?);
        let mut psk = Psk::default();
        Hkdf::<Sha256>::new(None, &key)
            .expand(b"alongside/1 psk", psk.as_mut())
            .map_err(|_| BadPoint)?;
        Ok(psk)
    }
}

fn identity(role: &str, locator: &Locator) -> Vec<u8> {
    format!("alongside/1 {role}\0{locator}").into_bytes()
}

//= spec/04-key-exchange.md#spake2 [KEX-8] e7c858cd
/// The crate accepts the identity, points of small order and other encodings of a point.
fn check(element: &[u8; 32]) -> Result<(), BadPoint> {
    let encoding = CompressedEdwardsY(*element);
    let point = encoding.decompress().ok_or(BadPoint)?;
    let sound = point.compress() == encoding && !point.is_identity() && point.is_torsion_free();
    if sound { Ok(()) } else { Err(BadPoint) }
}
