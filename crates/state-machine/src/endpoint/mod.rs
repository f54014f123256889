//! Whole ends of the protocol, without I/O: the session's logic, the secure channel, and the
//! messages around them, in one contract.
//!
//! The caller opens the control stream and hands in what arrives (`handle_…`, with the time), and
//! carries out what [`poll_transmit`](helper::HelperEndpoint::poll_transmit) gives until it gives
//! nothing; reads `poll_event`, and calls `handle_timeout` at `poll_timeout`. Random numbers come
//! from a seed. After an error a machine is unchanged or ended. When the event of the end has come, the
//! caller sends what is left, and closes the connection with the code of that end.
//!
//! A connection may be lost without the session. While `wants_connection` says so, the caller tries
//! to make another to the same relay, and calls `handle_connected` when it stands.

mod asking;
pub mod faces;
mod forwarded;
pub mod frames;
pub mod helper;
mod path;
mod rendezvous;
pub mod sharer;
pub mod spent;

use alloc::vec::Vec;

use alongside_wire::{ErrorCode, Scopes, Suite};

use crate::{
    channel::{
        aead::{Aead, Portable},
        handshake,
    },
    identity::Identity,
    time::Calendar,
};

/// What the transport is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Send this on the control stream.
    Control(Vec<u8>),
    /// Send this on a frame stream of this end's, which opens with its first use.
    Stream {
        /// This end's name for the stream.
        id: u64,
        /// The bytes.
        bytes: Vec<u8>,
        /// Nothing follows.
        fin: bool,
    },
    /// Reset a frame stream of this end's; what was not sent yet need not be.
    Reset {
        /// This end's name for the stream.
        id: u64,
    },
    /// Ask the other end not to send more on one of its streams, and forget it.
    Stop {
        /// The caller's name for the stream.
        id: u64,
    },
    /// Close the connection with the code `lost`. The end asks for another by `wants_connection`.
    Disconnect,
}

/// What an end is willing to do.
#[derive(Clone, Debug)]
pub struct Config {
    /// Cipher suites, best first.
    pub suites: Vec<Suite>,
    /// The most that this end will ever allow, or ask for.
    pub ceiling: Scopes,
    /// What the sharer's system can carry out; the rest is refused as unsupported.
    pub supported: Scopes,
    /// This end's card, and whose cards it believes.
    pub identity: Identity,
    /// What cards are held against.
    pub calendar: Calendar,
    /// What records are sealed and opened by.
    pub aead: &'static dyn Aead,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            suites: handshake::SUITES.into(),
            ceiling: Scopes::ALL,
            supported: Scopes::ALL.without(Scopes::ELEVATION),
            identity: Identity::default(),
            calendar: Calendar::UNKNOWN,
            aead: &Portable,
        }
    }
}

/// What became of a report of abuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporting {
    /// Nobody wants to report.
    None,
    /// The relay has not answered yet.
    Waiting,
    /// The relay has taken it.
    Taken,
    /// The relay has not taken it, and says why.
    Refused(ErrorCode),
    /// The connection is gone, and nobody knows.
    Lost,
}

/// What was dropped and counted, because nobody can be blamed for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Media records of another epoch.
    pub other_epoch: u64,
    /// Media records outside the window, or seen before.
    pub out_of_window: u64,
    /// Media records that do not authenticate.
    pub forged: u64,
    /// Frames that were not complete, or built on one that was not there.
    pub discarded_frames: u64,
    /// Input records under a grant that is not alive.
    pub dead_input: u64,
    /// Streams that were stopped because no record could be read from them, or there were too many.
    pub stopped_streams: u64,
    /// Records that came when none may.
    pub early: u64,
    /// Messages of a reconnect that did not fit, or did not authenticate.
    pub failed_proofs: u64,
    /// Records that came while the session was frozen, and did not bring it back.
    pub late: u64,
}
