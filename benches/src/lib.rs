//! What it costs to use the real relay, over real sockets of this machine.
//!
//! | what | in |
//! |---|---|
//! | throughput and latency of frames, through the relay, through others, and without one | [`peers`] |
//! | how long sessions take to begin and to end, and what idle ones cost the relay | [`life`] |
//! | what the relay bears, and what it does under faults | [`load`] |
//! | time of what runs in one thread | [`pure`] |
//! | a relay in a process of its own, and sessions through it | [`RelayProcess`], [`Session`], [`Idle`] |
//! | results, what they are held against, and pictures of them | [`row`], [`targets`], [`chart`] |

pub mod chart;
mod client;
mod idle;
pub mod life;
pub mod load;
mod machine;
pub mod peers;
mod process;
pub mod pure;
mod quic;
mod relay;
mod roles;
pub mod row;
mod session;
mod splice;
mod stats;
mod still;
mod table;
pub mod targets;

pub use idle::{Idle, Sockets};
pub use machine::Machine;
pub use relay::RelayProcess;
pub use roles::had_a_role;
pub use session::{Rest, Session};
pub use still::Still;

/// Any error, with its text.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

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
