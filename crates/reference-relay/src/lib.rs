//! The reference relay of Alongside: QUIC around the machine of
//! [`alongside_state_machine::relay`], as a library for tests and demonstrations, and as the
//! program `alongside-relay`.
//!
//! | file | what it does |
//! |---|---|
//! | `relay` | binds, accepts connections, shuts down |
//! | `hub` | the machine behind a lock, with the clients that it speaks to |
//! | `connection` | one client: reads its control stream, writes it, closes it |
//! | `outbox` | what waits for a client, bounded |
//! | [`books`] | files that are written a line at a time and unlinked whole |
//! | [`sign_in`] | who clients are, and what the operator allows them |
//! | `health`, `notify` | word to a monitor, and to a service manager |
//! | `splice` | carries one frame stream from one client to its peer |
//! | `forward` | moves packets from one client to its peer, under QUIC |
//! | `quic`, [`tls`], `clock` | windows, certificates, time |
//! | [`testing`] | a relay whose time stands still, for a suite that moves it |

pub mod books;
mod clock;
mod connection;
pub mod devices;
mod forward;
mod health;
mod hub;
mod issuer;
#[cfg(target_os = "linux")]
pub mod notify;
mod outbox;
mod quic;
mod relay;
pub mod sign_in;
mod splice;
pub mod testing;
pub mod tls;

pub use alongside_state_machine::relay::RelayConfig;
pub use clock::Clock;
pub use health::Status;
pub use issuer::Issuer;
pub use relay::{BindError, Options, Relay};
