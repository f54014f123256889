//! What both ends need of the key exchange.

use alongside_state_machine::channel::phrase::Phrase;
use bip39::Language;
use serde_json::{Value, json};

use crate::stage::{ClientStage, Done, Item, Stop};

/// An encoding that is no element.
pub(in crate::cases) type Point = fn() -> [u8; 32];

/// Elements that are refused, and why.
pub(in crate::cases) const POINTS: [(&str, &str, Point); 8] = [
    ("no-point", "is no point", || [2, 0].into_point()),
    ("identity", "is the identity", || [1, 0].into_point()),
    (
        "identity-with-sign",
        "encodes the identity in another way, by its sign",
        || [1, 0x80].into_point(),
    ),
    (
        "identity-beyond",
        "encodes the identity in another way, beyond the field",
        || {
            let mut point = [0xFF; 32];
            point[0] = 0xEE;
            point[31] = 0x7F;
            point
        },
    ),
    ("order-2", "has order 2", || {
        let mut point = [0xFF; 32];
        point[0] = 0xEC;
        point[31] = 0x7F;
        point
    }),
    ("order-4", "has order 4", || [0, 0x80].into_point()),
    ("order-8", "has order 8", || ORDER_8),
    (
        "outside-the-subgroup",
        "is outside of the subgroup of order L",
        || MIXED,
    ),
];

trait Ends {
    fn into_point(self) -> [u8; 32];
}

impl Ends for [u8; 2] {
    /// The first and the last byte, and nothing between.
    fn into_point(self) -> [u8; 32] {
        let mut point = [0; 32];
        [point[0], point[31]] = self;
        point
    }
}

const ORDER_8: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
    0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

/// The base point and a point of order 8 together.
const MIXED: [u8; 32] = [
    0x98, 0x51, 0x9e, 0xad, 0xf3, 0x5b, 0x99, 0x52, 0x33, 0xb5, 0x1b, 0x5c, 0xd2, 0x3e, 0x9c, 0xc5,
    0xa2, 0x8b, 0x63, 0x9b, 0x5a, 0x4a, 0xf0, 0xec, 0x90, 0x3c, 0xb9, 0x60, 0xd8, 0x1b, 0x78, 0x19,
];

/// A phrase as the driver protocol has it.
pub(in crate::cases) fn words(phrase: Phrase) -> Value {
    let list = Language::English.word_list();
    let word = |place: u16| list.get(usize::from(place)).copied().unwrap_or_default();
    json!(phrase.map(word))
}

/// All that the client has said so far and that the relay can read.
pub(super) fn said_in_clear(stage: &ClientStage<'_>) -> Vec<u8> {
    let mut said = Vec::new();
    for item in &stage.log {
        match item {
            Item::ToRelay(message) => message.encode(&mut said),
            Item::Envelope(envelope) => envelope.encode(&mut said),
            _ => {}
        }
    }
    said
}

/// The secret of the code is in nothing that is said until pictures are seen.
pub(in crate::cases) fn secret_stays(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    let none = || Stop::Harness("no code was drawn".to_owned());
    let code = stage.code.ok_or_else(none)?;
    let secret = code.secret.as_str().as_bytes().to_vec();
    let said = said_in_clear(stage);
    let told = said.windows(secret.len()).any(|bytes| bytes == secret);
    stage.check("CODE-6", !told, "no secret in it", "it is in what was said")
}
