//! Inputs to begin with: the test vectors, for what reads bytes; and for the machines, sequences in which something
//! comes about.

use serde_json::Value;

use crate::decode;

/// The inputs of a target. Those of a target without any here are found by its fuzzer.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "decode" => vectors(),
        "stream" => streams(),
        "datagram" => of_kind("datagram"),
        _ => Vec::new(),
    }
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
