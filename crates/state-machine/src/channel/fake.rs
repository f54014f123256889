//! A key exchange that costs next to nothing and protects nobody, so that a simulation can play a million sessions. Both ends
//! of a session have to have it.
//!
//! It has the form of the real one: as many messages of the same length, which fail if the secret, or anything that was said,
//! is another. Whoever looks for a collision finds one. It is compiled with the feature `fake-exchange` and debug assertions
//! alone, so that no release has it, and there it is asleep until [`use_from_now_on`].

use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use rand_core::RngCore;
use zeroize::Zeroizing;

use super::{
    noise::{Failed, Finished},
    password::Password,
    spake::{BadPoint, Psk, Side},
};

static AWAKE: AtomicBool = AtomicBool::new(false);

/// Bytes of an ephemeral, and of a tag.
const EPHEMERAL: usize = 32;
const TAG: usize = 16;

/// All exchanges that this process begins from now on protect nobody.
pub fn use_from_now_on() {
    AWAKE.store(true, Ordering::Relaxed);
}

/// Whether exchanges that begin now protect nobody.
pub fn is_used() -> bool {
    AWAKE.load(Ordering::Relaxed)
}

/// In place of SPAKE2.
pub(super) struct Exchange {
    side: Side,
    secret: Zeroizing<Vec<u8>>,
    element: [u8; 32],
}

impl Exchange {
    pub(super) fn start(
        side: Side,
        password: &Password,
        mut rng: impl RngCore,
    ) -> (Self, [u8; 32]) {
        let mut element = [0; 32];
        rng.fill_bytes(&mut element);
        let mut secret = password.secret.clone();
        secret.extend_from_slice(password.place.as_bytes());
        let exchange = Self {
            side,
            secret,
            element,
        };
        (exchange, element)
    }

    pub(super) fn finish(self, element: &[u8; 32]) -> Result<Psk, BadPoint> {
        if *element == [0; 32] {
            return Err(BadPoint);
        }
        let [sharers, helpers] = match self.side {
            Side::Sharer => [&self.element, element],
            Side::Helper => [element, &self.element],
        };
        let start = mixed(&[0; 32], &self.secret);
        Ok(Zeroizing::new(mixed(&mixed(&start, sharers), helpers)))
    }
}

/// In place of `NNpsk0`.
pub(super) struct Noise {
    /// All that was said so far, and the key, as one number.
    state: [u8; 32],
    ephemeral: [u8; EPHEMERAL],
    said: u8,
}

impl Noise {
    pub(super) fn new(prologue: &[u8], psk: &Psk, rng: &mut impl RngCore) -> Self {
        let mut ephemeral = [0; EPHEMERAL];
        rng.fill_bytes(&mut ephemeral);
        Self {
            state: mixed(psk, prologue),
            ephemeral,
            said: 0,
        }
    }

    pub(super) fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut message = [&self.ephemeral, payload].concat();
        self.state = mixed(&self.state, &message);
        self.said += 1;
        message.extend_from_slice(&self.state[..TAG]);
        message
    }

    pub(super) fn read(&mut self, message: &[u8]) -> Result<Vec<u8>, Failed> {
        let (said, tag) = message.split_last_chunk::<TAG>().ok_or(Failed)?;
        let state = mixed(&self.state, said);
        if state[..TAG] != *tag {
            return Err(Failed);
        }
        let (_, payload) = said.split_first_chunk::<EPHEMERAL>().ok_or(Failed)?;
        self.state = state;
        self.said += 1;
        Ok(payload.to_vec())
    }

    pub(super) fn finish(self) -> Result<Finished, Failed> {
        if self.said != 2 {
            return Err(Failed);
        }
        let mut split = Zeroizing::new([0; 64]);
        split[..32].copy_from_slice(&mixed(&self.state, b"1"));
        split[32..].copy_from_slice(&mixed(&self.state, b"2"));
        Ok(Finished {
            hash: mixed(&self.state, b"hash"),
            split,
        })
    }
}

/// Bytes mixed into a number of 32 bytes, eight at a time.
fn mixed(start: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut lanes = [0_u64; 4];
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        for (place, byte) in word.iter_mut().zip(bytes) {
            *place = *byte;
        }
        u64::from_be_bytes(word)
    };
    for ((lane, number), half) in (1_u64..).zip(&mut lanes).zip(start.chunks_exact(8)) {
        let mut sum = word(half) ^ (bytes.len() as u64).rotate_left(32) ^ lane;
        for chunk in bytes.chunks(8).chain([&lane.to_be_bytes()[..]]) {
            sum = (sum ^ word(chunk)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            sum ^= sum >> 29;
        }
        *number = sum;
    }
    // Each part of the result has something of each part of what was there before.
    let all = lanes.iter().fold(0, |all: u64, lane| {
        (all.rotate_left(17) ^ lane).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    });
    let mut sum = [0; 32];
    for (place, lane) in sum.chunks_exact_mut(8).zip(lanes) {
        place.copy_from_slice(&(lane ^ (all ^ (all >> 31))).to_be_bytes());
    }
    sum
}

#[cfg(test)]
mod tests {
    use alongside_wire::code::Code;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn rng(seed: u8) -> ChaCha20Rng {
        ChaCha20Rng::from_seed([seed; 32])
    }

    fn keys(sharers: &str, helpers: &str) -> [Psk; 2] {
        let start = |side, code: &str, seed| {
            let code = Code::parse(code).expect("a code");
            Exchange::start(side, &Password::from(&code), rng(seed))
        };
        let (sharer, x) = start(Side::Sharer, sharers, 1);
        let (helper, y) = start(Side::Helper, helpers, 2);
        assert_ne!(x, y);
        [sharer.finish(&y), helper.finish(&x)].map(|psk| psk.expect("sound elements"))
    }

    #[test]
    fn the_same_code_is_the_same_key_and_another_is_another() {
        let [sharers, helpers] = keys("4060-r0gx", "4060-r0gx");
        assert_eq!(sharers, helpers);
        for other in ["4060-r0gy", "4061-r0gx"] {
            let [sharers, helpers] = keys("4060-r0gx", other);
            assert_ne!(sharers, helpers);
        }
    }

    #[test]
    fn a_handshake_fails_if_anything_is_another() {
        let ends = |psk: u8, prologue: &[u8]| {
            let psk = Zeroizing::new([psk; 32]);
            let helper = Noise::new(b"prologue", &Zeroizing::new([1; 32]), &mut rng(1));
            (helper, Noise::new(prologue, &psk, &mut rng(2)))
        };
        let (mut helper, mut sharer) = ends(1, b"prologue");
        let first = helper.write(b"first");
        let mut changed = first.clone();
        changed[40] ^= 1;
        for wrong in [&changed[..], &first[1..], &[]] {
            assert_eq!(sharer.read(wrong), Err(Failed));
        }
        assert_eq!(sharer.read(&first), Ok(b"first".to_vec()));
        let second = sharer.write(b"second");
        assert_eq!(helper.read(&second), Ok(b"second".to_vec()));
        let [one, other] = [helper, sharer].map(|end| end.finish().expect("finished"));
        assert!(one.hash == other.hash && one.split == other.split);

        for (psk, prologue) in [(2, &b"prologue"[..]), (1, b"another")] {
            let (mut helper, mut sharer) = ends(psk, prologue);
            assert_eq!(sharer.read(&helper.write(b"first")), Err(Failed));
            assert!(sharer.finish().is_err());
        }
    }
}
