//! Helper, relay and sharer on virtual time, over a network that a seed decides.
//!
//! [`World`] holds both endpoints and the relay machine. Nothing sleeps: time jumps to the next
//! thing that happens. A [`Tap`] sees every packet and may change, drop, repeat or add some, and
//! everything that left an end is kept, so that [`record`] can open it with the session's keys.

mod forge;
mod network;
pub mod record;
mod world;

pub use network::{Conditions, Packet, Way};
pub use world::{Tap, World};
