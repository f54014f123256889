//! The session as each end sees it, without cryptography: what may come when, what a person
//! allowed, what ends what. Machines here can be cloned, compared, hashed and searched.
//!
//! Every method either changes the machine as the specification says, or leaves it as it was and
//! says why. What came in bytes and breaks the protocol is a [`Fault`]; the caller then ends the
//! machine with [`sharer::Sharer::fail`] or [`helper::Helper::fail`].

mod chat;
mod clipboard;
pub mod friction;
pub mod helper;
mod link;
mod once;
pub mod path;
mod probe;
mod pulse;
pub mod sharer;

use alongside_wire::{ErrorCode, rendezvous, session::Message};

use crate::error::Fault;

/// Why a session is over, and by whose act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ended {
    /// Who ended it.
    pub by: By,
    /// Why, as it was told, or is to be told, to the other end.
    pub code: ErrorCode,
    /// What broke the protocol, if that is why.
    pub fault: Option<Fault>,
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// The person, or the program, at this end.
    Local,
    /// The other end.
    Peer,
    /// The relay, or the way to it.
    Relay,
}

/// What a machine wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output<E> {
    /// Seal this and send it.
    Send(Message),
    /// Send this to the relay: it is about a path.
    Relay(rendezvous::Message),
    /// Leave the session at the relay.
    Leave(ErrorCode),
    /// Close the connection to the relay as lost; the session is to go on over another.
    NewPath,
    /// Tell the user's program.
    Event(E),
}

/// An error as a registered code; one that this version does not know counts as *done*.
pub(crate) fn known(code: u16) -> ErrorCode {
    ErrorCode::from_wire(code).unwrap_or(ErrorCode::Done)
}
