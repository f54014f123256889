//! What it costs to use the real relay, over real sockets of this machine.
//!
//! | what | in |
//! |---|---|
//! | throughput and latency of frames, on each way from end to end | [`relayed`] |
//! | how long sessions take to begin and to end, and what idle ones cost the relay | [`life`] |
//! | a relay in a process of its own, and sessions through it | [`RelayProcess`], [`Session`] |
//! | the relay side by side with others | [`peers`] |
//! | results, and pictures of them | [`row`], [`chart`] |

pub mod chart;
mod client;
pub mod life;
mod path;
pub mod peers;
mod relay;
pub mod relayed;
pub mod row;
mod session;
mod still;

pub use relay::{RELAY, RelayProcess, be_a_relay};
pub use session::Session;
pub use still::Still;

/// Any error, with its text.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Whether this program is to be a relay, and not to measure anything.
pub fn is_to_be_a_relay() -> bool {
    std::env::args().any(|argument| argument == RELAY)
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So much that the figures mean something on a quiet machine.
    Whole,
    /// So little that it only shows that it runs.
    Smoke,
}

impl Size {
    /// What the arguments of a benchmark ask for: `--smoke`, or everything.
    pub fn asked() -> Self {
        match std::env::args().any(|argument| argument == "--smoke") {
            true => Self::Smoke,
            false => Self::Whole,
        }
    }

    fn of<T>(self, whole: T, smoke: T) -> T {
        match self {
            Self::Whole => whole,
            Self::Smoke => smoke,
        }
    }
}
