//! Inputs to begin with: the test vectors, for what reads bytes; for the machines any bytes, always the same, since all
//! are something that can be done.

use alongside_state_machine::identity::text;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};
use serde_json::Value;

use crate::{cast, decode};

/// Of inputs of any bytes: how many, and the longest.
const ANY: (usize, usize) = (24, 700);

/// The inputs of a target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "decode" => vectors(),
        "stream" => streams(),
        "datagram" => of_kind("datagram"),
        // Many short ones where each ends at the first fault, and some long ones where all goes on.
        "claims" => [any(target, (240, 160)), files()].concat(),
        "written" => any(target, (240, 160)),
        "exchange" => any(target, (96, 96)),
        "network" => any(target, (160, 80)),
        "liar-helper" | "liar-sharer" => any(target, (160, 480)),
        "relay" => any(target, (48, 7_200)),
        "machines" => any(target, (96, 6_400)),
        _ => any(target, ANY),
    }
}

/// Files of keys and anchors, with which nothing or something is wrong.
fn files() -> Vec<Vec<u8>> {
    let [key, other] = [cast::issuer(), cast::card_key(0)].map(|key| text::hex(&key.public()));
    let files = [
        format!("# anchors\nissuer {key} Engines\n\nrelay-operator {other} The relay\n"),
        format!("issuer {key} Engines\nissuer {key} Engines\n"),
        format!("issuer {key}\n"),
        format!("issuer {} Engines\n", "ff".repeat(32)),
        format!("anybody {key} Engines\n"),
        "issuer 00ff name\n".to_owned(),
        "secret 01020304\ncard 00\n".to_owned(),
        "issuer 01020304\nissuer 01020304\n".to_owned(),
        "secret 0x\n".to_owned(),
        "nothing\n".to_owned(),
        "none view control elevation anything".to_owned(),
        "unknown unenrolled enrolled compliant".to_owned(),
        "\u{feff}issuer\n".to_owned(),
    ];
    let file = |text: &String| [&[6], text.as_bytes()].concat();
    files.iter().map(file).collect()
}

/// Bytes that follow from the name of the target.
fn any(target: &str, (count, longest): (usize, usize)) -> Vec<Vec<u8>> {
    let mut seed = [0; 32];
    for (place, byte) in seed.iter_mut().zip(target.bytes()) {
        *place = byte;
    }
    let mut rng = ChaCha20Rng::from_seed(seed);
    let mut input = |number: usize| {
        let mut bytes = vec![0; longest * number / count];
        rng.fill_bytes(&mut bytes);
        bytes
    };
    (1..=count).map(&mut input).collect()
}

/// All bytes that some vector is about, before the decoders that read such.
fn vectors() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (kind, input) in inputs() {
        let about = input["what"].as_str().unwrap_or_default();
        for (place, decoder) in decode::DECODERS.iter().enumerate() {
            let [of, what, field] = decoder.vectors;
            if of == kind && what == about {
                let bytes = bytes(&input, field);
                seeds.extend(bytes.map(|bytes| [&[place as u8], &bytes[..]].concat()));
            }
        }
    }
    // There are no vectors of the last one.
    let device = b"000102030405060708090a0b0c0d0e0f";
    seeds.push([&[decode::DECODERS.len() as u8 - 1], &device[..]].concat());
    seeds
}

/// Control streams of one message each, in pieces.
fn streams() -> Vec<Vec<u8>> {
    let of_relays = inputs().filter(|(kind, _)| *kind == "rendezvous");
    let bytes = of_relays.filter_map(|(_, input)| bytes(&input, "bytes"));
    bytes
        .map(|bytes| [&[3, 150], &bytes[..]].concat())
        .collect()
}

fn of_kind(wanted: &str) -> Vec<Vec<u8>> {
    let all = inputs().filter(|(kind, _)| *kind == wanted);
    all.filter_map(|(_, input)| bytes(&input, "bytes"))
        .collect()
}

fn inputs() -> impl Iterator<Item = (&'static str, Value)> {
    alongside_vectors::all().iter().flat_map(|file| {
        let inputs = file.vectors().iter().map(|vector| vector["input"].clone());
        inputs.map(|input| (file.kind, input))
    })
}

/// A field, which is hexadecimal if it can be.
fn bytes(input: &Value, field: &str) -> Option<Vec<u8>> {
    let text = input[field].as_str()?;
    Some(hex::decode(text).unwrap_or_else(|_| text.into()))
}
