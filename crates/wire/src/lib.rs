//! The wire format of Alongside, protocol version 1: messages, records, codes, limits and errors.
//!
//! Everything here turns values into bytes and bytes into values; nothing keeps time, draws random
//! numbers or talks to anybody. Decoders take bytes from strangers: they return a [`DecodeError`]
//! that names the clause of the specification, never panic, and allocate no more than their input.
//!
//! | plane | read it with |
//! |---|---|
//! | rendezvous, client and relay | [`rendezvous::Message`] |
//! | cards, signed by an issuer | [`card::Card`] |
//! | envelopes, what the relay carries unread | [`envelope::Envelope`] |
//! | session, sealed | [`session::Message`] |
//! | frame streams, sealed records | [`record::MediaHeader`], [`record::InputHeader`] |
//! | what media records carry | [`media::Frame`] |
//! | what input records carry | [`input::InputEvent`] |
//! | datagrams that a relay forwards | [`path::routing_id`], [`path::Check`] |
//! | what a relay writes down | [`journal::Record`], [`report::Record`] |
#![no_std]

extern crate alloc;

mod body;
pub mod card;
pub mod code;
pub mod device;
pub mod envelope;
mod error;
mod faces;
pub mod framing;
pub mod input;
pub mod journal;
pub mod limits;
pub mod link;
pub mod media;
#[doc(hidden)]
pub mod mutant;
pub mod path;
pub mod receipt;
pub mod record;
mod registry;
pub mod rendezvous;
pub mod report;
mod scope;
pub mod session;
mod tools;
pub mod varint;

pub use error::{DecodeError, Fault};
pub use registry::{
    Channel, Class, Codec, Decision, DeviceStatus, Direction, ErrorCode, Profile, ReportCategory,
    SignInMethod, Suite,
};
pub use scope::Scopes;

/// The end-to-end protocol version that this crate speaks.
pub const VERSION: u16 = 1;
