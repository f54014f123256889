//! Both ends and the relay on virtual time: each test is the proof of a sentence.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod channel;
mod code;
mod consent;
mod control;
mod end;
mod garbage;
mod hostile_peer;
mod hostile_relay;
mod media;
mod pause;
mod random;
