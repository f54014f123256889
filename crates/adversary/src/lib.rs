//! What adversaries do: the inputs that fuzzers make of their bytes, and what is looked for with them.
//!
//! Each module has functions of bytes that panic when they find something. Nothing here needs a fuzzer: tests with
//! proptest make their inputs by the same [`source`], so a finding of one is a case of the other. All that is run as a
//! fuzzer is listed in `crates/fuzzers`.

mod cast;
pub mod claims;
pub mod decode;
pub mod differential;
pub mod exchange;
mod fake;
pub mod joins;
pub mod liars;
pub mod machines;
pub mod messages;
pub mod network;
pub mod people;
mod person;
mod policies;
pub mod properties;
pub mod records;
pub mod relay;
pub mod seeds;
pub mod simulate;
pub mod source;
mod walk;
mod watch;
pub mod willing;
mod words;
pub mod world;

pub use fake::Fake;
pub use walk::LooksFor;
