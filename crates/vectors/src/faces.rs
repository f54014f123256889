//! Signatures, cards, what is said of devices, and their proofs.

mod cards;
mod chapter;
mod devices;
mod pictures;
mod proofs;
mod requests;
mod signatures;
mod signed;
mod statements;

use alongside_state_machine::{error::Fault, identity::trust::Anchor};
use alongside_wire::Direction;
use serde_json::{Value, json};

use crate::{
    fields::key_of,
    spelled::{Key, hex},
    vector::{File, Refusal},
};

pub(crate) use chapter::{full, sign};
pub(crate) use signatures::plus_order;

pub(crate) fn files() -> Vec<File> {
    vec![
        signatures::file(),
        signed::cards(),
        proofs::file(),
        cards::file(),
        requests::file(),
        signed::statements(),
        statements::file(),
        devices::file(),
        pictures::file(),
    ]
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    match kind {
        "signature" => signatures::compute(input),
        "card-sign" => Ok(signed::card(input)),
        "statement-sign" => Ok(signed::statement(input)),
        "proof" => Ok(proofs::compute(input)),
        "card" => cards::compute(input),
        "possession" => requests::compute(input),
        "statement" => statements::compute(input),
        "picture" => pictures::compute(input),
        _ => Ok(devices::compute(input)),
    }
}

pub(crate) fn anchor(name: &str, key: Key, runs_relay: bool) -> Anchor {
    Anchor {
        name: name.into(),
        key,
        runs_relay,
    }
}

pub(crate) fn anchors_json(anchors: &[Anchor]) -> Value {
    let one = |anchor: &Anchor| json!({ "name": anchor.name, "key": hex(anchor.key), "runs_relay": anchor.runs_relay });
    anchors.iter().map(one).collect()
}

/// The anchors of a vector.
pub(crate) fn anchors_of(input: &Value) -> Vec<Anchor> {
    let all = input["anchors"].as_array().expect("anchors").iter();
    let one = |one: &Value| Anchor {
        name: one["name"].as_str().expect("a name").into(),
        key: key_of(one, "key"),
        runs_relay: one["runs_relay"].as_bool().expect("a bool"),
    };
    all.map(one).collect()
}

fn direction_of(input: &Value) -> Direction {
    if input["direction"] == "to-helper" {
        Direction::ToHelper
    } else {
        Direction::ToSharer
    }
}

fn refused(said: Fault) -> Refusal {
    Refusal::reported(said.code(), said.clause())
}
