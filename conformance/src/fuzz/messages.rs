//! Right messages of a relay and of its clients, to be made wrong.

use alongside_wire::{
    ErrorCode, Scopes,
    code::Locator,
    device::DeviceId,
    framing, limits,
    rendezvous::{
        Call, CardChallenge, CardIssued, CardProof, CardRequest, CodeIssued, CodeRequest, Deliver,
        Gone, Hello, Join, Joined, Leave, Message, Path, PathOpen, PathOver, PathProof,
        PathRequest, PeerBack, PeerLost, Place, Refused, Rejoin, Rejoined, RelayHello, Report,
        Reported, SignIn, SignedIn, Token, Waiting,
    },
};

use super::edit::{self, Edit};

/// What a relay says.
pub(super) const OF_RELAY: &[&str] = &[
    "relay-hello",
    "code-issued",
    "joined",
    "deliver",
    "gone",
    "refused",
    "signed-in",
    "reported",
    "place",
    "rejoined",
    "peer-lost",
    "peer-back",
    "waiting",
    "card-challenge",
    "card-issued",
    "path",
    "path-open",
    "path-over",
];

/// What a client says.
pub(super) const OF_CLIENT: &[&str] = &[
    "hello",
    "code-request",
    "join",
    "deliver",
    "leave",
    "sign-in",
    "report",
    "rejoin",
    "call",
    "card-request",
    "card-proof",
    "path-request",
    "path-proof",
];

/// A message of this name; `locator` is one that is known.
pub(super) fn message(name: &str, locator: Locator) -> Message {
    let code = ErrorCode::Busy.to_wire();
    match name {
        "relay-hello" => RelayHello::default().into(),
        "code-issued" => CodeIssued {
            locator,
            lifetime_ms: 600_000,
        }
        .into(),
        "joined" => Joined { offer: vec![1] }.into(),
        "deliver" => Deliver {
            envelope: vec![8, 1, 0],
        }
        .into(),
        "gone" => Gone { code }.into(),
        "refused" => Refused { code }.into(),
        "signed-in" => SignedIn {
            help: Scopes::NONE,
            share: Scopes::NONE,
            name: "Ada".to_owned(),
            organisation: "Analytical".to_owned(),
            lasts_ms: 1,
        }
        .into(),
        "reported" => Reported {}.into(),
        "place" => Place { token: [3; 32] }.into(),
        "rejoined" => Rejoined { peer: true }.into(),
        "peer-lost" => PeerLost {}.into(),
        "peer-back" => PeerBack {}.into(),
        "waiting" => Waiting {}.into(),
        "card-challenge" => CardChallenge { challenge: [1; 32] }.into(),
        "card-issued" => CardIssued { card: vec![1; 9] }.into(),
        "path" => Path { id: [1; 8] }.into(),
        "path-open" => PathOpen { id: [1; 8] }.into(),
        "path-over" => PathOver { code }.into(),
        "hello" => Hello::default().into(),
        "join" => Join {
            locator,
            link: false,
            offer: vec![1; 40],
        }
        .into(),
        "leave" => Leave { code }.into(),
        "sign-in" => SignIn {
            method: 1,
            token: Token::new("nobody's"),
        }
        .into(),
        "report" => Report { category: 1 }.into(),
        "rejoin" => Rejoin { token: [9; 32] }.into(),
        "call" => Call {
            device: DeviceId([7; 16]),
        }
        .into(),
        "card-request" => CardRequest {
            profile: 1,
            card_key: [1; 32],
            receipt_key: Vec::new(),
        }
        .into(),
        "card-proof" => CardProof { proof: vec![1; 64] }.into(),
        "path-request" => PathRequest {}.into(),
        "path-proof" => PathProof { token: [0; 16] }.into(),
        _ => CodeRequest {}.into(),
    }
}

/// The same as it is framed, and changed.
pub(super) fn changed(name: &str, locator: Locator, edits: &[Edit]) -> Vec<u8> {
    let mut right = Vec::new();
    message(name, locator).encode(&mut right);
    edit::framed(&right, edits)
}

/// The clause that it breaks then, if its bytes break one.
pub(super) fn breaks(name: &str, locator: Locator, edits: &[Edit]) -> Option<&'static str> {
    let bytes = changed(name, locator, edits);
    let raw = framing::only(&bytes, limits::CONTROL_MESSAGE, "a message");
    let error = raw.and_then(Message::decode).err()?;
    Some(error.clause())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_message() {
        let locator = Locator::from_random(&[0; 8], 4);
        for name in OF_RELAY.iter().chain(OF_CLIENT) {
            assert_eq!(message(name, locator).name(), *name);
            assert_eq!(breaks(name, locator, &[]), None, "{name}");
        }
    }

    #[test]
    fn changed_bytes_break_a_clause() {
        let locator = Locator::from_random(&[0; 8], 4);
        let longer = |by| breaks("gone", locator, &[Edit::Pad(by)]);
        assert_eq!(longer(0), None);
        assert_eq!(longer(1), Some("WIRE-4"));
        assert_eq!(longer(limits::CONTROL_MESSAGE), Some("WIRE-5"));
    }
}
