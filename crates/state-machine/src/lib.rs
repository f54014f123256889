//! The machines of the Alongside protocol, without I/O, clock or randomness of their own.
//!
//! | layer | what it is |
//! |---|---|
//! | [`session`] | what each end may do when, without cryptography; cloneable, comparable, searchable |
//! | [`channel`] | from a shared code to sealed records |
//! | [`endpoint`] | both, with the messages around them: a whole helper, a whole sharer |
//! | [`identity`] | cards: who somebody is, and who says so |
//! | [`relay`] | codes, joins, pairs |
//! | [`books`] | what a relay writes down, and when it goes |
//! | [`device`] | devices that can be called without a code |
//! | [`receipt`] | signed evidence of what was allowed |
//!
//! Time comes in as [`time::Timestamp`], randomness as a seed, the network as bytes. What is wrong
//! with those bytes is a [`error::Fault`]; what a caller may not do now is a [`error::Misuse`].
#![no_std]

extern crate alloc;

pub mod books;
pub mod channel;
pub mod device;
pub mod endpoint;
pub mod error;
pub mod identity;
#[cfg(feature = "mutants")]
pub mod mutant;
#[cfg(not(feature = "mutants"))]
#[doc(hidden)]
#[path = "mutant/none.rs"]
pub mod mutant;
pub mod receipt;
pub mod relay;
pub mod session;
pub mod time;
