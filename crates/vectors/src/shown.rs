//! The fields of a message as a vector has them, for tools that show messages.

use alongside_wire::{envelope::Envelope, rendezvous, session};
use serde_json::Value;

use crate::fields::Message as _;

/// Of a message of the rendezvous plane.
pub fn rendezvous(message: &rendezvous::Message) -> Value {
    message.fields()
}

/// Of an envelope.
pub fn envelope(envelope: &Envelope) -> Value {
    envelope.fields()
}

/// Of a sealed message.
pub fn session(message: &session::Message) -> Value {
    message.fields()
}
