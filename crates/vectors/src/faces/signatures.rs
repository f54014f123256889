//! Ed25519 as the chapter has it: with no key of small order, and no second form of a signature.

use alongside_state_machine::identity::keys;
use curve25519_dalek::{Scalar, constants::EIGHT_TORSION, edwards::CompressedEdwardsY};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::chapter::secret;
use crate::{
    fields::{bytes_of, key_of},
    messages::run,
    spelled::{Key, hex},
    vector::{File, Refusal},
};

pub(super) fn file() -> File {
    let mut file = File::new("signature");
    let seed: Key = run(0);
    let public = secret(0).public();
    let message = b"alongside/1 test\0a message".to_vec();
    let signature = secret(0).sign(&message);
    let input = |key: &Key, message: &[u8], signature: &[u8]| json!({ "key": hex(key), "message": hex(message), "signature": hex(signature) });
    file.taken(
        "right",
        "a signature",
        &["CARD-8"],
        input(&public, &message, &signature),
        json!({}),
    );
    file.taken(
        "empty",
        "of an empty message",
        &["CARD-8"],
        input(&public, b"", &secret(0).sign(b"")),
        json!({}),
    );
    let mut refused =
        |id: &str, about: &str, key: &Key, message: &[u8], signature: &[u8; 64], requirement| {
            assert!(!keys::verify(key, message, signature), "{id}");
            assert_eq!(keys::check(key).is_err(), requirement == "CARD-4", "{id}");
            file.refused(
                id,
                about,
                input(key, message, signature),
                Refusal::silent(requirement),
            );
        };
    for (id, about, at) in [
        ("r", "a bit of R was changed", 0),
        ("s", "a bit of S was changed", 32),
    ] {
        let mut other = signature;
        other[at] ^= 1;
        refused(id, about, &public, &message, &other, "CARD-8");
    }
    refused(
        "message",
        "of another message",
        &public,
        b"another",
        &signature,
        "CARD-8",
    );
    refused(
        "key",
        "by another key",
        &secret(1).public(),
        &message,
        &signature,
        "CARD-8",
    );
    let mut beyond = signature;
    beyond[32..].copy_from_slice(&plus_order(&signature[32..]));
    refused(
        "s-beyond",
        "S is not below L: the same number and L",
        &public,
        &message,
        &beyond,
        "CARD-8",
    );

    // What only keeps the equation, made with the secret scalar.
    let hashed: [u8; 64] = Sha512::digest(seed).into();
    let a = Scalar::from_bytes_mod_order(curve25519_dalek::scalar::clamp_integer(
        hashed[..32].try_into().expect("32 bytes"),
    ));
    let k = |r: &Key, key: &Key, message: &[u8]| {
        let hash: [u8; 64] = Sha512::digest([&r[..], key, message].concat()).into();
        Scalar::from_bytes_mod_order_wide(&hash)
    };
    let join = |r: &Key, s: Scalar| -> [u8; 64] {
        [*r, s.to_bytes()].concat().try_into().expect("64 bytes")
    };
    let torsion = EIGHT_TORSION.map(|point| point.compress().to_bytes());
    let small = join(&torsion[0], k(&torsion[0], &public, &message) * a);
    refused(
        "r-small",
        "R is the identity, and the equation holds",
        &public,
        &message,
        &small,
        "CARD-8",
    );
    let r = Scalar::from_bytes_mod_order(run(0x77));
    let big_r = curve25519_dalek::EdwardsPoint::mul_base(&r)
        .compress()
        .to_bytes();
    for (id, about, key) in [
        (
            "key-identity",
            "the key is the identity, and the equation holds",
            torsion[0],
        ),
        ("key-order-4", "the key has order 4", torsion[2]),
    ] {
        refused(id, about, &key, &message, &join(&big_r, r), "CARD-4");
    }
    let mut noncanonical = [0xFF; 32];
    (noncanonical[0], noncanonical[31]) = (0xEE, 0x7F);
    refused(
        "key-beyond",
        "the key is another encoding of the identity, and the equation holds",
        &noncanonical,
        &message,
        &join(&big_r, r),
        "CARD-4",
    );
    let mut none = [0; 32];
    none[0] = 2;
    while CompressedEdwardsY(none).decompress().is_some() {
        none[0] += 1;
    }
    refused(
        "key-none",
        "the key decodes to no point",
        &none,
        &message,
        &signature,
        "CARD-4",
    );
    let point = CompressedEdwardsY(public).decompress().expect("a key") + EIGHT_TORSION[1];
    let mixed = point.compress().to_bytes();
    // With a k that is a multiple of 8 the part of small order falls away.
    let (message, k) = (0_u8..=255)
        .map(|last| [&message[..], &[last]].concat())
        .map(|message| (k(&big_r, &mixed, &message), message))
        .map(|(k, message)| (message, k))
        .find(|(_, k)| k.to_bytes()[0] % 8 == 0)
        .expect("one of eight");
    refused(
        "key-mixed",
        "a key with a part of small order, and the equation holds",
        &mixed,
        &message,
        &join(&big_r, r + k * a),
        "CARD-4",
    );
    file
}

/// A number of 32 bytes, little-endian, and L.
pub(crate) fn plus_order(number: &[u8]) -> Key {
    let mut order = (-Scalar::ONE).to_bytes();
    order[0] += 1;
    let mut carry = 0;
    for (a, b) in number.iter().zip(&mut order) {
        let sum = u16::from(*a) + u16::from(*b) + carry;
        carry = sum >> 8;
        *b = sum as u8;
    }
    order
}

pub(super) fn compute(input: &Value) -> Result<Value, Refusal> {
    let (key, signature) = (key_of(input, "key"), key_of(input, "signature"));
    keys::check(&key).map_err(|_| Refusal::silent("CARD-4"))?;
    let right = keys::verify(&key, &bytes_of(input, "message"), &signature);
    right.then(|| json!({})).ok_or(Refusal::silent("CARD-8"))
}
