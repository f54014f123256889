//! Devices and their tokens, without cards.

use alongside_state_machine::device::token_hash;
use alongside_wire::device::{DeviceId, DeviceToken};
use serde_json::{Value, json};

use crate::{
    fields::key_of,
    messages::run,
    spelled::{hex, sha256},
    vector::File,
};

pub(super) fn file() -> File {
    let mut file = File::new("device");
    for (id, about, device, token) in [
        ("chapter", "the numbers of the chapter", run(0), run(0xC0)),
        ("other", "another device", [0xFF; 16], [0; 32]),
    ] {
        let (device, token) = (DeviceId(device), DeviceToken(token));
        let hash = sha256(&[b"alongside/1 device token\0", &token.0]);
        assert_eq!(token_hash(&token), hash);
        let input = json!({ "id": hex(device.0), "token": hex(token.0) });
        let output = compute(&input);
        file.taken(id, about, &["DEVICE-4", "DEVICE-12"], input, output);
    }
    file
}

pub(super) fn compute(input: &Value) -> Value {
    let device = DeviceId(key_of(input, "id"));
    let hash = token_hash(&DeviceToken(key_of(input, "token")));
    json!({ "text": device.to_string(), "place": device.place(), "token_hash": hex(hash) })
}
