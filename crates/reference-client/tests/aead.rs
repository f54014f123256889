//! ring seals and opens as the core's own implementation does, and forgets its keys.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use alongside_client::aead::Ring;
use alongside_state_machine::channel::{
    aead::{Aead, Portable},
    input::GrantKey,
    keys::Keys,
    media,
    session::{Opener, Sealer},
};
use alongside_wire::{
    Direction, Suite,
    envelope::{Envelope, TAG},
    record::{InputHeader, MediaHeader},
};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::Value;

const SEALED: &str = include_str!("../../../spec/vectors/sealed.json");
const OPENED: &str = include_str!("../../../spec/vectors/opened.json");
const WINDOW: &str = include_str!("../../../spec/vectors/window.json");

fn vectors(file: &str) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(file).unwrap();
    serde_json::from_value(file["vectors"].take()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn number<T: TryFrom<u64, Error: std::fmt::Debug>>(value: &Value) -> T {
    value.as_u64().unwrap().try_into().unwrap()
}

fn suite(input: &Value) -> Suite {
    Suite::from_wire(number(&input["suite"])).unwrap()
}

fn keys(input: &Value) -> Keys {
    let master = bytes(&input["master"]).try_into().unwrap();
    Keys::of_generation(suite(input), number(&input["generation"]), master)
}

//= test spec/04-key-exchange.md#schedule [KEY-2] 0ac14b51
//= test spec/04-key-exchange.md#schedule [KEY-3] 0659d238
#[test]
fn ring_seals_the_vectors() {
    for vector in vectors(SEALED) {
        let (input, output) = (&vector["input"], &vector["output"]);
        let key = bytes(&output["key"]).try_into().unwrap();
        let nonce = bytes(&output["nonce"]).try_into().unwrap();
        let mut text = bytes(&input["plaintext"]);
        let keyed = Ring.keyed(suite(input), &key);
        let tag = keyed.seal(&nonce, &bytes(&output["header"]), &mut text);
        text.extend(tag.unwrap());
        assert_eq!(text, bytes(&output["ciphertext"]), "{}", vector["id"]);
    }
}

/// What opens under ring, of a record that an end expects in this place.
fn open(input: &Value, record: &[u8]) -> Option<Vec<u8>> {
    let (plain, keys) = (keys(input), keys(input).with(&Ring));
    let before = 0..number::<u64>(&input["number"]);
    match input["plane"].as_str().unwrap() {
        "session" => {
            let direction = match input["direction"].as_str().unwrap() {
                "to-helper" => Direction::ToHelper,
                _ => Direction::ToSharer,
            };
            let mut sealer = Sealer::new(&plain, direction);
            let mut opener = Opener::new(&keys, direction);
            let mut open = |record: &[u8]| match Envelope::read(record) {
                Ok(Some(Envelope::Sealed(sealed))) => opener.open(&keys, &sealed).ok(),
                other => panic!("{other:?}"),
            };
            before.for_each(|_| assert!(open(&sealer.seal(&plain, &[])).is_some()));
            open(record)
        }
        "media" => {
            let mut opener = media::Opener::new(number(&input["epoch"]));
            let (header, body) = split(record);
            opener.open(&keys, &header, body).ok()
        }
        _ => {
            let secret = bytes(&input["secret"]).try_into().unwrap();
            let [mut sealer, mut opener] =
                [&plain, &keys].map(|keys| GrantKey::new(keys, number(&input["grant"]), &secret));
            let mut open = |record: &[u8]| opener.open(&record[InputHeader::LEN..]).ok();
            before.for_each(|_| assert!(open(&sealer.seal(&[])).is_some()));
            open(record).map(Vec::from)
        }
    }
}

fn split(record: &[u8]) -> (MediaHeader, &[u8]) {
    let (header, body) = record.split_first_chunk().unwrap();
    (MediaHeader::read(header).unwrap(), body)
}

//= test spec/04-key-exchange.md#schedule [KEY-1] ce64014a
#[test]
fn ring_opens_the_vectors_and_refuses_what_is_wrong() {
    for vector in vectors(OPENED) {
        let opened = open(&vector["input"], &bytes(&vector["input"]["record"]));
        let expected = vector.get("output").map(|output| &output["plaintext"]);
        assert_eq!(opened, expected.map(bytes), "{}", vector["id"]);
    }
    for vector in vectors(WINDOW) {
        let input = &vector["input"];
        let keys = keys(input).with(&Ring);
        let mut opener = media::Opener::new(number(&input["epoch"]));
        let records = input["records"].as_array().unwrap();
        let results = vector["output"]["results"].as_array().unwrap();
        for (record, result) in records.iter().zip(results) {
            let record = bytes(record);
            let (header, body) = split(&record);
            let opened = opener.open(&keys, &header, body);
            let expected = result.get("plaintext").map(bytes);
            assert_eq!(opened.ok(), expected, "{}", vector["id"]);
        }
    }
}

const SUITES: [Suite; 2] = [Suite::ChaChaPoly, Suite::AesGcm];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, rng_seed: RngSeed::Fixed(2_031), ..ProptestConfig::default() })]

    /// What one seals, the other seals alike and opens; with a bit changed anywhere, neither opens it.
    #[test]
    fn both_are_one(
        suite in prop::sample::select(SUITES.to_vec()),
        key: [u8; 32],
        nonce: [u8; 12],
        aad in prop::collection::vec(any::<u8>(), 0..40),
        text in prop::collection::vec(any::<u8>(), 0..2_000),
        bit: prop::sample::Index,
    ) {
        let both = [Portable.keyed(suite, &key), Ring.keyed(suite, &key)];
        let [one, other] = [&both[0], &both[1]].map(|keyed| {
            let mut sealed = text.clone();
            let tag = keyed.seal(&nonce, &aad, &mut sealed).unwrap();
            (sealed, tag)
        });
        prop_assert_eq!(&one, &other);
        let whole = [&nonce[..], &aad, &one.0, &one.1].concat();
        let open = |whole: &[u8]| {
            let (nonce, rest) = whole.split_first_chunk().unwrap();
            let (rest, tag) = rest.split_last_chunk::<TAG>().unwrap();
            let (aad, sealed) = rest.split_at(aad.len());
            both.each_ref().map(|keyed| {
                let mut opened = sealed.to_vec();
                keyed.open(nonce, aad, &mut opened, tag).then_some(opened)
            })
        };
        prop_assert_eq!(open(&whole), [Some(text.clone()), Some(text.clone())]);
        let mut changed = whole;
        let bit = bit.index(changed.len() * 8);
        changed[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(open(&changed), [None, None]);
    }
}

/// Looks behind the scenes: at the bytes of this process where a key was, after it was dropped.
//= test spec/04-key-exchange.md#schedule [KEY-5] 1cdf3f8f
#[cfg(target_os = "linux")]
#[test]
fn what_was_keyed_is_forgotten() {
    use std::{fs::File, os::unix::fs::FileExt};

    let memory = File::open("/proc/self/mem").unwrap();
    let at = |place: u64, bytes: &mut [u8]| memory.read_exact_at(bytes, place).unwrap();
    for suite in SUITES {
        for aead in [&Portable as &dyn Aead, &Ring] {
            let [one, other] = [0xA7, 0x3C].map(|byte| aead.keyed(suite, &[byte; 32]));
            let [mut kept, mut others, mut left] = [(); 3].map(|()| vec![0; size_of_val(&*one)]);
            let place = (&raw const *one).addr() as u64;
            at(place, &mut kept);
            at((&raw const *other).addr() as u64, &mut others);
            drop(one);
            at(place, &mut left);
            // What comes of the key is what another key has otherwise. Eight bytes alike are no chance.
            let parts = kept.chunks(8).zip(others.chunks(8)).zip(left.chunks(8));
            let secret = parts.filter(|((kept, other), _)| kept != other);
            let (all, same) = secret.fold((0, 0), |(all, same), ((kept, _), left)| {
                (all + 1, same + usize::from(kept == left))
            });
            assert!(all >= 4, "{aead:?} has {all} parts of a key of {suite:?}");
            assert_eq!(
                same, 0,
                "of {all} parts of a key of {suite:?}, {aead:?} keeps"
            );
        }
    }
}
