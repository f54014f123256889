//! SPAKE2 on the Ed25519 group: both ends of a code get one key, and whoever guessed wrong gets
//! nothing to test further guesses with.

use alloc::{format, vec::Vec};

use curve25519_dalek::{edwards::CompressedEdwardsY, traits::IsIdentity};
use hkdf::Hkdf;
use rand_core::{CryptoRng, RngCore};
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Spake2};
use zeroize::Zeroizing;

use super::password::Password;
use crate::mutant;

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
pub(super) enum Exchange {
    Real(Spake2<Ed25519Group>, Side),
    #[cfg(all(feature = "fake-exchange", debug_assertions))]
    Fake(super::fake::Exchange),
}

/// An element that is not the canonical encoding of a point of the prime-order group, or is its
/// identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPoint;

//= spec/04-key-exchange.md#spake2 [KEX-9] 1f280a0c
/// Starts an exchange; the second value is the element to send.
pub(super) fn start(
    side: Side,
    password: &Password,
    rng: impl RngCore + CryptoRng,
) -> (Exchange, [u8; 32]) {
    #[cfg(all(feature = "fake-exchange", debug_assertions))]
    if super::fake::is_used() {
        let (exchange, element) = super::fake::Exchange::start(side, password, rng);
        return (Exchange::Fake(exchange), element);
    }
    let secret = spake2::Password::new(password.secret.as_slice());
    let [a, b] = ["sharer", "helper"].map(|role| Identity::new(&identity(role, &password.place)));
    let (state, message) = match side {
        Side::Sharer => Spake2::<Ed25519Group>::start_a_with_rng(&secret, &a, &b, rng),
        Side::Helper => Spake2::<Ed25519Group>::start_b_with_rng(&secret, &a, &b, rng),
    };
    // The crate puts one byte before the element that names its side; the protocol has no need of it.
    let mut element = [0; 32];
    element.copy_from_slice(message.get(1..33).unwrap_or(&[0; 32]));
    (Exchange::Real(state, side), element)
}

impl Exchange {
    //= spec/04-key-exchange.md#spake2 [KEX-7] e4b4e75a
    /// Finishes with the other end's element.
    ///
    /// # Errors
    /// [`BadPoint`], before the element meets any secret.
    pub(super) fn finish(self, element: &[u8; 32]) -> Result<Psk, BadPoint> {
        let (state, side) = match self {
            Self::Real(state, side) => (state, side),
            #[cfg(all(feature = "fake-exchange", debug_assertions))]
            Self::Fake(exchange) => return exchange.finish(element),
        };
        check(element)?;
        let other = match side {
            Side::Sharer => b'B',
            Side::Helper => b'A',
        };
        let mut message = [other; 33];
        message[1..].copy_from_slice(element);
        let key = Zeroizing::new(state.finish(&message).map_err(|_| BadPoint)?);
        let mut psk = Psk::default();
        Hkdf::<Sha256>::new(None, &key)
            .expand(
                match mutant::is("KEX-7/other") {
                    true => b"alongside/2 psk",
                    false => b"alongside/1 psk",
                },
                psk.as_mut(),
            )
            .map_err(|_| BadPoint)?;
        Ok(psk)
    }
}

fn identity(role: &str, place: &str) -> Vec<u8> {
    format!("alongside/1 {role}\0{place}").into_bytes()
}

//= spec/04-key-exchange.md#spake2 [KEX-8] e7c858cd
/// The crate accepts the identity, points of small order and other encodings of a point.
fn check(element: &[u8; 32]) -> Result<(), BadPoint> {
    let encoding = CompressedEdwardsY(*element);
    let point = encoding.decompress().ok_or(BadPoint)?;
    let sound = point.compress() == encoding && !point.is_identity() && point.is_torsion_free();
    if sound { Ok(()) } else { Err(BadPoint) }
}

#[cfg(test)]
mod tests {
    use alongside_wire::{code::Code, device::DeviceId};

    use super::*;
    use crate::device::DeviceKey;

    /// Gives these bytes, and nothing else.
    struct Given(Vec<u8>);

    impl RngCore for Given {
        fn next_u32(&mut self) -> u32 {
            unreachable!("only bytes are drawn")
        }

        fn next_u64(&mut self) -> u64 {
            unreachable!("only bytes are drawn")
        }

        fn fill_bytes(&mut self, dest: &mut [u8]) {
            let rest = self.0.split_off(dest.len());
            dest.copy_from_slice(&self.0);
            self.0 = rest;
        }

        fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
            self.fill_bytes(dest);
            Ok(())
        }
    }

    impl CryptoRng for Given {}

    /// A scalar that the text writes as these bytes, the most significant first.
    fn scalar(first: u8) -> Given {
        let mut bytes: Vec<u8> = (first..first + 32).collect();
        bytes[0] = 0;
        bytes.reverse();
        bytes.extend([0; 32]);
        Given(bytes)
    }

    /// X*, Y*, psk in the vectors of a chapter.
    fn vectors(text: &str) -> [&str; 3] {
        ["X*", "Y*", "psk"].map(|name| {
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            let mut named =
                lines.filter(|(label, digits)| *label == name && digits.trim().len() == 64);
            named.next().unwrap_or_default().1.trim()
        })
    }

    fn hex(bytes: &[u8]) -> alloc::string::String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    //= test spec/04-key-exchange.md#spake2 [KEX-7] e4b4e75a
    //= test spec/17-known-devices.md#exchange [DEVICE-12] 111a906b
    /// They were made by Python from the text.
    #[test]
    fn codes_and_devices_make_the_keys_of_the_text() {
        let code = Code::parse("4060-r0gx").expect("a code");
        let id = DeviceId(core::array::from_fn(|place| place as u8));
        let secret = core::array::from_fn(|place| 0xe0 + place as u8);
        let key = DeviceKey::new(id, secret);
        for (password, text) in [
            (
                Password::from(code),
                alongside_text::chapter("04-key-exchange.md"),
            ),
            (
                Password::from(&key),
                alongside_text::chapter("17-known-devices.md"),
            ),
        ] {
            let [x, y, psk] = vectors(text.expect("a chapter"));
            let (sharer, offered) = start(Side::Sharer, &password, scalar(0));
            let (helper, answered) = start(Side::Helper, &password, scalar(0x20));
            assert_eq!([hex(&offered), hex(&answered)], [x, y]);
            for made in [sharer.finish(&answered), helper.finish(&offered)] {
                assert_eq!(hex(made.expect("points").as_slice()), psk);
            }
        }
    }
}
