//! Bodies that stand inside others: clear parts of envelopes.

use alongside_wire::{
    DecodeError, Scopes,
    envelope::{AnswerClear, ReconnectClear},
};

use serde_json::{Value, json};

use super::{Whole, run};
use crate::{fields, vector::File};

pub(crate) fn file() -> File {
    let mut whole = Whole {
        file: File::new("clear"),
    };
    answers(&mut whole);
    reconnects(&mut whole);
    whole.file
}

fn answers(whole: &mut Whole) {
    let what = "answer";
    let clear = AnswerClear {
        version: 1,
        suite: 1,
        ceiling: Scopes::CONTROL,
        element: run(0x80),
    };
    for (id, about, clear) in [
        ("first-suite", "version 1, suite 1", clear.clone()),
        (
            "unknown",
            "a version and a suite that are not registered: they are judged later",
            AnswerClear {
                version: 65_535,
                suite: 255,
                ..clear.clone()
            },
        ),
    ] {
        let bytes = clear.to_bytes();
        assert_eq!(AnswerClear::read(&bytes), Ok(clear.clone()));
        assert_eq!(fields::read::<AnswerClear>(&fields::of(&clear)), clear);
        whole.taken(id, about, what, &bytes, fields::of(&clear));
    }
    let bytes = clear.to_bytes();
    let element = run::<32>(0x80);
    for (id, about, bytes, clause) in [
        ("empty", "nothing", vec![], "WIRE-3"),
        (
            "cut",
            "the last byte is missing",
            bytes[..bytes.len() - 1].to_vec(),
            "WIRE-3",
        ),
        (
            "more",
            "a byte follows",
            [&bytes[..], &[0]].concat(),
            "WIRE-4",
        ),
        (
            "overlong",
            "a version with a superfluous byte",
            [&[0x81, 0x00, 1, 6][..], &element].concat(),
            "WIRE-6",
        ),
        (
            "large",
            "a version beyond 16 bits",
            [&[0x80, 0x80, 0x04, 1, 6][..], &element].concat(),
            "WIRE-1",
        ),
        (
            "scopes",
            "a scope that is not registered",
            [&[1, 1, 0x80, 0x02][..], &element].concat(),
            "WIRE-7",
        ),
    ] {
        let said = AnswerClear::read(&bytes).err();
        whole.refused(id, about, what, &bytes, clause, said);
    }
}

fn reconnects(whole: &mut Whole) {
    let what = "reconnect-1";
    let clear = ReconnectClear {
        version: 1,
        suite: 2,
        session_id: run(0),
        master_hash: run(0x20),
        generation: 0,
        attempt: 1,
    };
    for (id, about, clear) in [
        ("first", "attempt 1 of generation 0", clear.clone()),
        (
            "most",
            "the highest numbers",
            ReconnectClear {
                generation: u32::MAX,
                attempt: u32::MAX,
                ..clear.clone()
            },
        ),
    ] {
        let bytes = clear.to_bytes();
        assert_eq!(ReconnectClear::read(&bytes), Ok(clear.clone()));
        assert_eq!(fields::read::<ReconnectClear>(&fields::of(&clear)), clear);
        whole.taken(id, about, what, &bytes, fields::of(&clear));
    }
    let bytes = clear.to_bytes();
    let ids = [&run::<16>(0)[..], &run::<32>(0x20)].concat();
    for (id, about, bytes, clause) in [
        (
            "cut",
            "the last byte is missing",
            bytes[..bytes.len() - 1].to_vec(),
            "WIRE-3",
        ),
        (
            "more",
            "a byte follows",
            [&bytes[..], &[0]].concat(),
            "WIRE-4",
        ),
        (
            "overlong",
            "an attempt with a superfluous byte",
            [&[1, 2][..], &ids, &[0, 0x81, 0x00]].concat(),
            "WIRE-6",
        ),
        (
            "large",
            "a generation beyond 32 bits",
            [&[1, 2][..], &ids, &[0x80, 0x80, 0x80, 0x80, 0x10, 1]].concat(),
            "WIRE-1",
        ),
    ] {
        let said = ReconnectClear::read(&bytes).err();
        whole.refused(id, about, what, &bytes, clause, said);
    }
}

pub(super) fn compute(what: &Value, bytes: &[u8]) -> Result<Value, DecodeError> {
    let fields = if what == "answer" {
        fields::of(&AnswerClear::read(bytes)?)
    } else {
        fields::of(&ReconnectClear::read(bytes)?)
    };
    Ok(json!({ "fields": fields }))
}
