//! Helper, relay and sharer on virtual time, over a network that a seed decides.
//!
//! [`World`] holds both endpoints and the relay machine. Nothing sleeps: time jumps to the next
//! thing that happens. A [`Tap`] sees every packet and may change, drop, repeat or add some, and
//! everything that left an end is kept, so that [`record`] can open it with the session's keys, and
//! [`audit`](audit()) can say whether it might have left. A [`Monitor`] watches every event.
//!
//! What the network, the ends and the relay do follows from the seed alone. A failing test prints
//! it.

mod audit;
mod broken;
mod drive;
mod forge;
mod monitor;
mod network;
mod numbers;
mod paths;
pub mod record;
mod world;

pub use audit::{audit, sealed_end};
pub use broken::Broken;
pub use monitor::Monitor;
pub use network::{Conditions, Packet, Way};
pub use numbers::numbers;
pub use world::{Issuer, Side, Tap, World, picture};
