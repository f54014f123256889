//! Messages as JSON, and back. Names and order are those of the structs in `wire`; bytes are
//! hexadecimal.

use alongside_wire::{envelope, envelope::Envelope, receipt, rendezvous, session};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Fields that are bytes.
const BYTES: &[&str] = &[
    "card",
    "card_key",
    "certificate",
    "challenge",
    "clear",
    "data",
    "device",
    "device_key",
    "element",
    "envelope",
    "hash",
    "helper_card",
    "id",
    "issuer",
    "key",
    "master_hash",
    "noise",
    "offer",
    "opening",
    "proof",
    "secret",
    "serial",
    "session_id",
    "sharer_card",
    "statement",
    "token",
    "transcript",
];
/// Fields that are lists of bytes.
const LISTS: &[&str] = &["receipt_key", "signature"];

/// The fields of a struct.
pub(crate) fn of<T: Serialize>(value: &T) -> Value {
    let value = serde_json::to_value(value).expect("plain fields");
    convert(value, &|value| match value {
        Value::Array(numbers) => {
            let bytes: Vec<u8> = numbers.iter().map(byte).collect();
            json!(hex::encode(bytes))
        }
        other => other,
    })
}

/// The struct that has these fields.
pub(crate) fn read<T: DeserializeOwned>(fields: &Value) -> T {
    let value = convert(fields.clone(), &|value| match value {
        // A token of `sign-in` is text, and stays what it is.
        Value::String(text) => match hex::decode(&text) {
            Ok(bytes) => json!(bytes),
            Err(_) => json!(text),
        },
        other => other,
    });
    serde_json::from_value(value).expect("plain fields")
}

fn byte(number: &Value) -> u8 {
    let number = number.as_u64().and_then(|number| number.try_into().ok());
    number.expect("a byte")
}

fn convert(value: Value, bytes: &dyn Fn(Value) -> Value) -> Value {
    let Value::Object(fields) = value else {
        return match value {
            Value::Array(all) => all.into_iter().map(|one| convert(one, bytes)).collect(),
            other => other,
        };
    };
    let field = |(name, value): (String, Value)| {
        let value = match value {
            value if BYTES.contains(&name.as_str()) => bytes(value),
            Value::Array(all) if LISTS.contains(&name.as_str()) => {
                all.into_iter().map(bytes).collect()
            }
            other => convert(other, bytes),
        };
        (name, value)
    };
    Value::Object(fields.into_iter().map(field).collect())
}

/// A message of any plane.
pub(crate) trait Message: Sized + PartialEq + std::fmt::Debug {
    fn message_type(&self) -> u16;
    fn name(&self) -> &'static str;
    fn framed(&self) -> Vec<u8>;
    fn fields(&self) -> Value;
    fn from_fields(name: &str, fields: &Value) -> Self;

    /// The message as a vector has it.
    fn json(&self) -> Value {
        json!({ "type": self.message_type(), "name": self.name(), "fields": self.fields() })
    }
}

macro_rules! message {
    (
        $type:ty, $module:ident,
        { $($variant:ident = $label:literal,)* }
        { $($special:ident = $special_label:literal, $write:expr, $read:expr;)* }
    ) => {
        impl Message for $type {
            fn message_type(&self) -> u16 {
                self.message_type()
            }

            fn name(&self) -> &'static str {
                self.name()
            }

            fn framed(&self) -> Vec<u8> {
                let mut out = Vec::new();
                self.encode(&mut out);
                out
            }

            fn fields(&self) -> Value {
                match self {
                    $( Self::$variant(message) => of(message), )*
                    $( Self::$special(message) => $write(message), )*
                }
            }

            fn from_fields(name: &str, fields: &Value) -> Self {
                match name {
                    $( $label => read::<$module::$variant>(fields).into(), )*
                    $( $special_label => $read(fields).into(), )*
                    other => panic!("no message {other}"),
                }
            }
        }
    };
}

message! {
    rendezvous::Message, rendezvous,
    {
        Hello = "hello",
        RelayHello = "relay-hello",
        CodeRequest = "code-request",
        CodeIssued = "code-issued",
        Join = "join",
        Joined = "joined",
        Leave = "leave",
        Gone = "gone",
        Refused = "refused",
        Place = "place",
        Rejoin = "rejoin",
        Rejoined = "rejoined",
        PeerLost = "peer-lost",
        PeerBack = "peer-back",
        SignIn = "sign-in",
        SignedIn = "signed-in",
        Report = "report",
        Reported = "reported",
        CardRequest = "card-request",
        CardChallenge = "card-challenge",
        CardProof = "card-proof",
        CardIssued = "card-issued",
        Wait = "wait",
        Waiting = "waiting",
        Call = "call",
        PathRequest = "path-request",
        Path = "path",
        PathProof = "path-proof",
        PathOpen = "path-open",
        PathOver = "path-over",
    }
    {
        Deliver = "deliver",
            |message: &rendezvous::Deliver| json!({ "envelope": hex::encode(&message.envelope) }),
            |fields: &Value| rendezvous::Deliver { envelope: bytes_of(fields, "envelope") };
    }
}

message! {
    Envelope, envelope,
    {
        Offer = "offer",
        Answer = "answer",
        Reconnect1 = "reconnect-1",
        Reconnect2 = "reconnect-2",
    }
    {
        Confirm = "confirm",
            |message: &envelope::Confirm| json!({ "noise": hex::encode(&message.noise) }),
            |fields: &Value| envelope::Confirm { noise: bytes_of(fields, "noise") };
        Sealed = "sealed",
            |message: &envelope::Sealed| json!({ "ciphertext": hex::encode(&message.ciphertext) }),
            |fields: &Value| envelope::Sealed { ciphertext: bytes_of(fields, "ciphertext") };
    }
}

message! {
    session::Message, session,
    {
        Introduce = "introduce",
        Consent = "consent",
        Displays = "displays",
        Shown = "shown",
        ControlRequest = "control-request",
        ControlWithdraw = "control-withdraw",
        ControlGrant = "control-grant",
        ControlDeny = "control-deny",
        ControlEnd = "control-end",
        Pause = "pause",
        Epoch = "epoch",
        EpochSeen = "epoch-seen",
        Refresh = "refresh",
        Chat = "chat",
        ChatAck = "chat-ack",
        Heartbeat = "heartbeat",
        End = "end",
        State = "state",
        Card = "card",
        Advisory = "advisory",
        AdvisoryAck = "advisory-ack",
        PictureRequest = "picture-request",
        Picture = "picture",
        ControlRenew = "control-renew",
        Clipboard = "clipboard",
        ClipboardTaken = "clipboard-taken",
        Stroke = "stroke",
        Laser = "laser",
        Clear = "clear",
        SecureDesktop = "secure-desktop",
        Probe = "probe",
        ProbeAnswer = "probe-answer",
        PathOffer = "path-offer",
    }
    {
        Pad = "pad",
            |message: &session::Pad| json!({ "length": message.len }),
            |fields: &Value| session::Pad {
                len: fields["length"].as_u64().and_then(|len| len.try_into().ok()).expect("a length"),
            };
        Receipt = "receipt",
            |message: &session::Receipt| receipt_fields(&message.receipt),
            |fields: &Value| session::Receipt { receipt: Box::new(receipt_of(fields)) };
    }
}

/// A receipt: what it says and its signature, in one.
pub(crate) fn receipt_fields(receipt: &receipt::Receipt) -> Value {
    let mut fields = of(&receipt.statement);
    fields["signature"] = of(receipt)["signature"].clone();
    fields
}

fn receipt_of(fields: &Value) -> receipt::Receipt {
    #[derive(serde::Deserialize)]
    struct Signature {
        signature: [[u8; 32]; 2],
    }
    let Signature { signature } = read(fields);
    receipt::Receipt {
        statement: read(fields),
        signature,
    }
}

/// Bytes in hexadecimal.
pub(crate) fn bytes_of(fields: &Value, name: &str) -> Vec<u8> {
    let text = fields[name].as_str().expect("text");
    hex::decode(text).expect("hexadecimal")
}

/// So many bytes in hexadecimal.
pub(crate) fn key_of<const N: usize>(fields: &Value, name: &str) -> [u8; N] {
    bytes_of(fields, name)
        .try_into()
        .expect("bytes of their number")
}
