//! What datagrams show to a relay that forwards them, and checks.

use alongside_wire::path::{Check, routing_id};
use serde_json::{Value, json};

use crate::{
    fields::bytes_of,
    vector::{File, Refusal},
};

const ID: [u8; 8] = [0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58];
const TOKEN: [u8; 16] = [
    0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCC, 0xCD, 0xCE, 0xCF,
];
/// The rest of a connection id.
const REST: [u8; 8] = [0xA5; 8];

pub(crate) fn files() -> Vec<File> {
    let mut file = File::new("datagram");
    headers(&mut file);
    checks(&mut file);
    vec![file]
}

/// What the reference makes of a datagram.
pub(crate) fn compute(_kind: &str, input: &Value) -> Result<Value, Refusal> {
    let datagram = bytes_of(input, "bytes");
    let token = Check::decode(&datagram).map(|check| check.token);
    Ok(output(routing_id(&datagram), token))
}

fn output(id: Option<[u8; 8]>, token: Option<[u8; 16]>) -> Value {
    json!({ "routing_id": id.map(hex::encode), "check": token.map(hex::encode) })
}

fn add(
    file: &mut File,
    (id, about): (&str, &str),
    shows: &[&str],
    datagram: &[u8],
    expected: Value,
) {
    let input = json!({ "bytes": hex::encode(datagram) });
    assert_eq!(compute("datagram", &input), Ok(expected.clone()), "{id}");
    file.taken(id, about, shows, input, expected);
}

fn short(first: u8, rest: &[u8]) -> Vec<u8> {
    [&[first][..], &ID, &REST, rest].concat()
}

fn long(first: u8, length: u8, rest: &[u8]) -> Vec<u8> {
    [&[first, 0, 0, 0, 1, length][..], &ID, &REST, rest].concat()
}

fn headers(file: &mut File) {
    let long_16 = long(0xC3, 16, &[]);
    let short_0 = short(0x40, &[]);
    for (id, about, datagram, has) in [
        ("short", "a short header", short(0x5A, &[7; 30]), true),
        (
            "short/least",
            "a short header and nothing after it",
            short_0.clone(),
            true,
        ),
        (
            "short/fixed-bit",
            "the bit that QUIC calls fixed is not set",
            short(0x1A, &[7; 30]),
            true,
        ),
        (
            "short/cut",
            "a connection id of 15 bytes",
            short_0[..16].to_vec(),
            false,
        ),
        (
            "short/id-alone",
            "a routing id and no more",
            short_0[..9].to_vec(),
            false,
        ),
        ("long", "a long header", long(0xC3, 16, &[8; 1_178]), true),
        (
            "long/least",
            "a long header that ends after its first connection id",
            long_16.clone(),
            true,
        ),
        (
            "long/fixed-bit",
            "the bit that QUIC calls fixed is not set",
            long(0x80, 16, &[8; 30]),
            true,
        ),
        (
            "long/cut",
            "a connection id that is not whole",
            long_16[..21].to_vec(),
            false,
        ),
        (
            "long/length-15",
            "a connection id of 15 bytes",
            long(0xC3, 15, &[8; 30]),
            false,
        ),
        (
            "long/length-20",
            "a connection id of 20 bytes",
            long(0xC3, 20, &[8; 30]),
            false,
        ),
        (
            "long/length-0",
            "no connection id",
            long(0xC3, 0, &[8; 30]),
            false,
        ),
        (
            "long/version-alone",
            "no length",
            long_16[..5].to_vec(),
            false,
        ),
        ("empty", "nothing", vec![], false),
        ("byte", "one byte", vec![0x40], false),
    ] {
        let expected = output(has.then_some(ID), None);
        add(
            file,
            (id, about),
            &["PATH-11", "PATH-12"],
            &datagram,
            expected,
        );
        file.one_way();
    }
    let mut unknown = long(0xC3, 16, &[8; 30]);
    unknown[1..5].copy_from_slice(&[0x5A; 4]);
    let about = ("long/version", "a version that nobody knows");
    add(file, about, &["PATH-12"], &unknown, output(Some(ID), None));
    file.one_way();
}

fn checks(file: &mut File) {
    let check = Check { token: TOKEN }.encode();
    let none = Some([0; 8]);
    let about = ("check", "a check");
    add(
        file,
        about,
        &["PATH-8", "PATH-21"],
        &check,
        output(none, Some(TOKEN)),
    );
    let (mut first, mut id) = (check, check);
    (first[0], id[8]) = (0x41, 1);
    for (name, about, datagram, routing_id) in [
        ("cut", "15 bytes of a token", &check[..24], none),
        (
            "more",
            "17 bytes of a token",
            &[&check[..], &[0]].concat(),
            none,
        ),
        ("first", "another first byte", &first, none),
        (
            "id",
            "a routing id that an end may have",
            &id,
            Some([0, 0, 0, 0, 0, 0, 0, 1]),
        ),
    ] {
        let name = format!("no-check/{name}");
        add(
            file,
            (&name, about),
            &["PATH-21"],
            datagram,
            output(routing_id, None),
        );
        file.one_way();
    }
}
