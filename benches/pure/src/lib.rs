//! What is measured of all that runs in one thread. `benches/pure.rs` takes the time of each
//! workload, and `cargo instructions` counts its instructions.

// The client's own file, without the rest of the client: CI builds this for release, and it is to be small.
#[path = "../../../crates/reference-client/src/aead.rs"]
pub mod client_aead;
mod codec;
mod handshake;
mod machines;
mod records;

use std::hint::black_box;

pub use handshake::met;

/// Any error, with its text.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Does a thing so many times; whether it came out right each time.
pub type Turns = Box<dyn FnMut(u64) -> bool>;

/// One thing to measure.
pub struct Workload {
    /// What it is called, from the general to the special, with slashes between.
    pub name: String,
    /// Bytes of payload that one turn takes, if that says something.
    pub bytes: Option<u64>,
    begin: Box<dyn Fn() -> Result<Turns, Failure>>,
}

impl Workload {
    fn new(name: impl Into<String>, begin: impl Fn() -> Result<Turns, Failure> + 'static) -> Self {
        Self {
            name: name.into(),
            bytes: None,
            begin: Box::new(begin),
        }
    }

    fn of_bytes(self, bytes: usize) -> Self {
        Self {
            bytes: Some(bytes as u64),
            ..self
        }
    }

    /// Brings about what a turn needs.
    ///
    /// # Errors
    /// If that fails, which is a fault of the code that is measured.
    pub fn begin(&self) -> Result<Turns, Failure> {
        (self.begin)()
    }
}

/// All workloads, always in the same order.
pub fn workloads() -> Vec<Workload> {
    [
        codec::workloads(),
        records::workloads(),
        handshake::workloads(),
        machines::workloads(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Turns of `once`, whose `None` is a failure. The loop is in here, so that it costs no call.
fn turns<R>(mut once: impl FnMut() -> Option<R> + 'static) -> Turns {
    Box::new(move |count| (0..count).all(|_| black_box(once()).is_some()))
}
