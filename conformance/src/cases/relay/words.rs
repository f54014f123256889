//! What a relay says, for cases to compare with.

use alongside_wire::{
    ErrorCode,
    rendezvous::{Deliver, Gone, Message, Refused, Rejoined},
};

pub(super) const fn gone(code: ErrorCode) -> Message {
    Message::Gone(Gone {
        code: code.to_wire(),
    })
}

pub(super) const fn refused(code: ErrorCode) -> Message {
    Message::Refused(Refused {
        code: code.to_wire(),
    })
}

pub(super) const fn rejoined(peer: bool) -> Message {
    Message::Rejoined(Rejoined { peer })
}

pub(super) fn delivered(envelope: &[u8]) -> Message {
    let envelope = envelope.to_vec();
    Deliver { envelope }.into()
}
