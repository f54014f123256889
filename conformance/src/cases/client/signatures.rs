//! Signatures that lax libraries take: each verifies by some equation, and by none of the chapter's.

use alongside_state_machine::identity::keys::SecretKey;
use curve25519_dalek::{EdwardsPoint, Scalar, constants::EIGHT_TORSION, scalar::clamp_integer};
use sha2::{Digest as _, Sha512};

/// Signs a message in such a way, with the key of this seed.
pub(super) type Signing = fn(&[u8; 32], &[u8]) -> [u8; 64];

/// What is odd about each, and the signature.
pub(super) const ODD: [(&str, &str, Signing); 3] = [
    ("s-beyond-l", "whose S is not below L", beyond),
    ("r-small", "whose R is of small order", small),
    (
        "r-with-torsion",
        "whose R is right but for a point of small order",
        torsion,
    ),
];

/// L, read as little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn beyond(seed: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let mut signature = SecretKey::from_seed(seed).sign(message);
    let mut carry = 0_u16;
    for (byte, l) in signature.iter_mut().skip(32).zip(L) {
        carry += u16::from(*byte) + u16::from(l);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    signature
}

fn small(seed: &[u8; 32], message: &[u8]) -> [u8; 64] {
    // S·B - k·A is the identity, which has order 1.
    with(seed, message, Scalar::ZERO, EIGHT_TORSION[0])
}

fn torsion(seed: &[u8; 32], message: &[u8]) -> [u8; 64] {
    with(seed, message, Scalar::from(7_u8), EIGHT_TORSION[1])
}

/// The signature of the number r whose R is off by this point.
fn with(seed: &[u8; 32], message: &[u8], r: Scalar, off: EdwardsPoint) -> [u8; 64] {
    let mut half = [0; 32];
    half.copy_from_slice(&Sha512::digest(seed)[..32]);
    let secret = Scalar::from_bytes_mod_order(clamp_integer(half));
    let point = (EdwardsPoint::mul_base(&r) + off).compress().to_bytes();
    let public = SecretKey::from_seed(seed).public();
    let hashed = Sha512::new()
        .chain_update(point)
        .chain_update(public)
        .chain_update(message);
    let k = Scalar::from_bytes_mod_order_wide(&hashed.finalize().into());
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&point);
    signature[32..].copy_from_slice((r + k * secret).as_bytes());
    signature
}
