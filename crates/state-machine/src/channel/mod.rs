//! The secure channel, from a shared code to sealed records, without I/O and without the session's
//! logic.
//!
//! | step | in |
//! |---|---|
//! | the code becomes a key that nobody else can test guesses against | `spake` |
//! | that key and fresh ephemerals become the handshake's secrets | `noise` |
//! | both, as the envelopes offer, answer, confirm, and the first sealed one | [`handshake`] |
//! | one key for each channel, direction, epoch, block and grant | [`keys`] |
//! | a next master from the one before, after a lost link | [`reconnect`] |
//! | sealing and opening, in the ways of each plane | [`session`], [`media`], [`input`] |
//! | what they seal and open by, which a program may replace by something faster | [`aead`] |
//!
//! Nothing in here is `Clone`: a copy of a sealer would use a number twice.

pub mod aead;
#[cfg(all(feature = "fake-exchange", debug_assertions))]
pub mod fake;
pub mod handshake;
pub mod input;
pub mod keys;
pub mod media;
mod noise;
mod password;
pub mod phrase;
pub mod reconnect;
pub mod session;
mod spake;

pub use password::Password;
