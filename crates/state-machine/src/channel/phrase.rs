//! The session phrase: three words that both people can compare by voice.
//!
//! The helper commits to its random number before it sees the sharer's, so that nobody in the
//! middle can choose numbers until two phrases agree.

use hkdf::Hkdf;
use sha2::{Digest, Sha256};

use crate::mutant;

/// Places in a list of 2,048 words.
pub type Phrase = [u16; 3];

/// The commitment to the helper's number.
pub(super) fn commit(helper: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"alongside/1 phrase commitment\0")
        .chain_update(helper)
        .finalize()
        .into()
}

//= spec/04-key-exchange.md#phrase [KEX-19] af9bf3ea
/// The phrase of a handshake and both numbers.
pub(super) fn phrase(hash: &[u8; 32], helper: &[u8; 32], sharer: &[u8; 32]) -> Phrase {
    let mut numbers = [0; 64];
    numbers[..32].copy_from_slice(helper);
    numbers[32..].copy_from_slice(sharer);
    let mut bits = [0; 5];
    // Fails only for more than 8,160 bytes.
    let _ = Hkdf::<Sha256>::new(Some(hash), &numbers).expand(b"alongside/1 phrase", &mut bits);
    let all = bits
        .iter()
        .fold(0u64, |all, byte| (all << 8) | u64::from(*byte));
    // The first 33 of 40 bits.
    let places = match mutant::is("KEX-19/shifted") {
        true => [28, 17, 6],
        false => [29, 18, 7],
    };
    places.map(|shift| ((all >> shift) & 0x7FF) as u16)
}

/// What both ends call a session: 16 bytes of no secret.
pub(super) fn session_id(hash: &[u8; 32]) -> [u8; 16] {
    let mut id = [0; 16];
    // Fails only for more than 8,160 bytes.
    let _ = Hkdf::<Sha256>::new(None, hash).expand(b"alongside/1 session id", &mut id);
    id
}
