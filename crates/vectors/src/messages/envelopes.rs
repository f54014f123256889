//! Envelopes: what the ends send each other through the relay.

use alongside_wire::{
    DecodeError, Scopes,
    envelope::{Answer, Confirm, Envelope, Offer, Reconnect1, Reconnect2, Sealed},
};

use super::{Plane, refusal, run};
use crate::vector::File;

pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Envelope>, usize), DecodeError> {
    Ok((Envelope::read(bytes)?.into_iter().collect(), 0))
}

pub(crate) fn file() -> File {
    let mut plane = Plane::new("envelope", read);
    let offer = Offer {
        versions: vec![1],
        suites: vec![1, 2],
        ceiling: Scopes::CONSENT.union(Scopes::CONTROL),
        element: run(0x80),
    };
    plane.message(
        "two-suites",
        "version 1, both suites; the element is read later",
        offer.clone(),
    );
    plane.valid(
        "unknown",
        "versions and suites that are not registered",
        Offer {
            versions: vec![65_535, 1],
            suites: vec![255, 0, 1],
            ..offer.clone()
        },
    );
    plane.valid(
        "none",
        "no versions and no suites",
        Offer {
            versions: vec![],
            suites: vec![],
            ceiling: Scopes::NONE,
            ..offer.clone()
        },
    );
    plane.valid(
        "most",
        "16 of each",
        Offer {
            versions: vec![1; 16],
            suites: vec![1; 16],
            ..offer.clone()
        },
    );
    plane.wrong(
        "versions",
        "17 versions",
        Offer {
            versions: vec![1; 17],
            ..offer.clone()
        },
        "WIRE-5",
    );
    plane.wrong(
        "suites",
        "17 suites",
        Offer {
            suites: vec![1; 17],
            ..offer.clone()
        },
        "WIRE-5",
    );
    let scopes = [&[1, 1, 1, 1, 0x80, 0x02][..], &run::<32>(0x80)].concat();
    plane.body(
        "offer/scopes",
        "a scope that is not registered",
        0x02,
        &scopes,
        "WIRE-7",
    );
    let overlong = [&[1, 0x81, 0x00, 1, 1, 1][..], &run::<32>(0x80)].concat();
    plane.body(
        "offer/overlong",
        "a version with a superfluous byte",
        0x02,
        &overlong,
        "WIRE-6",
    );

    let answer = Answer {
        clear: run::<37>(0).into(),
        noise: run::<80>(0).into(),
    };
    plane.message(
        "sizes",
        "fields of the sizes of suite 1; they are read later",
        answer.clone(),
    );
    plane.valid(
        "empty",
        "empty fields",
        Answer {
            clear: vec![],
            noise: vec![],
        },
    );
    plane.wrong(
        "clear",
        "a clear part of 1,025 bytes",
        Answer {
            clear: vec![0; 1_025],
            ..answer.clone()
        },
        "WIRE-5",
    );
    plane.wrong(
        "noise",
        "a Noise message of 1,025 bytes",
        Answer {
            noise: vec![0; 1_025],
            ..answer
        },
        "WIRE-5",
    );
    plane.valid(
        "size",
        "80 bytes",
        Confirm {
            noise: run::<80>(0).into(),
        },
    );
    plane.valid(
        "empty",
        "nothing: it is read later",
        Confirm { noise: vec![] },
    );
    plane.wrong(
        "long",
        "1,025 bytes",
        Confirm {
            noise: vec![0; 1_025],
        },
        "WIRE-5",
    );
    plane.valid(
        "least",
        "a tag alone",
        Sealed {
            ciphertext: run::<16>(0).into(),
        },
    );
    plane.valid(
        "longest",
        "the longest record",
        Sealed {
            ciphertext: vec![1; 16_400],
        },
    );
    plane.wrong(
        "short",
        "15 bytes",
        Sealed {
            ciphertext: run::<15>(0).into(),
        },
        "WIRE-3",
    );
    plane.wrong(
        "long",
        "16,401 bytes",
        Sealed {
            ciphertext: vec![1; 16_401],
        },
        "WIRE-5",
    );
    let first = Reconnect1 {
        clear: run::<54>(0).into(),
        noise: run::<48>(0).into(),
    };
    plane.message(
        "sizes",
        "fields of their sizes; they are read later",
        first.clone(),
    );
    plane.wrong(
        "clear",
        "a clear part of 1,025 bytes",
        Reconnect1 {
            clear: vec![0; 1_025],
            ..first.clone()
        },
        "WIRE-5",
    );
    plane.wrong(
        "noise",
        "a Noise message of 1,025 bytes",
        Reconnect1 {
            noise: vec![0; 1_025],
            ..first
        },
        "WIRE-5",
    );
    let second = Reconnect2 {
        generation: 0,
        attempt: 1,
        noise: run::<48>(0).into(),
    };
    plane.message("first", "generation 0, attempt 1", second.clone());
    plane.valid(
        "most",
        "the highest numbers",
        Reconnect2 {
            generation: u32::MAX,
            attempt: u32::MAX,
            ..second.clone()
        },
    );
    plane.wrong(
        "noise",
        "a Noise message of 1,025 bytes",
        Reconnect2 {
            noise: vec![0; 1_025],
            ..second
        },
        "WIRE-5",
    );
    plane.body(
        "reconnect-2/large",
        "a generation beyond 32 bits",
        0x0C,
        &[0x80, 0x80, 0x80, 0x80, 0x10, 1, 0],
        "WIRE-1",
    );

    plane.bytes(
        "framing/ignorable",
        "an odd type that is not known is skipped",
        &["WIRE-9"],
        &[0x3B, 0x00],
        &[],
    );
    plane.body(
        "framing/critical",
        "an even type that is not known",
        0x0E,
        &[],
        "WIRE-8",
    );
    for (id, about, bytes, clause) in [
        ("empty", "nothing", &[][..], "WIRE-3"),
        (
            "cut",
            "a body that ends too early",
            &[0x08, 0x12, 0x00],
            "WIRE-3",
        ),
        (
            "more",
            "a byte after the envelope",
            &[0x3B, 0x00, 0x00],
            "WIRE-4",
        ),
    ] {
        plane.refused(&format!("framing/{id}"), about, bytes, refusal(clause));
    }
    plane.headers("framing", &[0x3B, 0x00]);
    plane.refused(
        "framing/large-length",
        "a length beyond the limit",
        &[0x3B, 0x81, 0x80, 0x04],
        refusal("WIRE-5"),
    );
    plane.file
}
