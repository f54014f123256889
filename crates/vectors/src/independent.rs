//! Vectors that another implementation made: what the reference code makes of each.

use std::panic::catch_unwind;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    books, codes, datagrams, faces, fields::bytes_of, handshakes, messages, receipts, reconnects,
    records, vector::Refusal,
};

/// The form that is read here.
const FORMAT: u32 = 1;

/// The vectors of one kind, as another wrote them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    format: u32,
    /// What they are vectors of.
    pub kind: String,
    /// The vectors.
    pub vectors: Vec<Vector>,
}

/// One of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    id: String,
    #[serde(rename = "about")]
    _about: String,
    #[serde(rename = "shows")]
    _shows: Vec<String>,
    input: Value,
    output: Option<Value>,
    error: Option<Expected>,
    #[serde(default)]
    one_way: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    name: Option<String>,
    requirement: String,
}

impl File {
    /// Whether it is of the form that is read here.
    ///
    /// # Errors
    /// If it is of another; in words.
    pub fn is_known(&self) -> Result<(), String> {
        match self.format {
            FORMAT => Ok(()),
            other => Err(format!(
                "it is of form {other}, and vectors of form {FORMAT} are read here: take a newer suite"
            )),
        }
    }

    /// What the reference code says otherwise, in words.
    ///
    /// # Errors
    /// If it is of another form; in words.
    pub fn differences(&self) -> Result<Vec<String>, String> {
        self.is_known()?;
        let vectors = self.vectors.iter();
        let wrong = vectors.filter_map(|vector| {
            Some(format!("{}: {}", vector.id, vector.difference(&self.kind)?))
        });
        Ok(wrong.collect())
    }
}

/// What comes of an input, if the kind is one that is computed.
///
/// # Panics
/// If it is no input of this kind.
pub fn compute(kind: &str, input: &Value) -> Option<Result<Value, Refusal>> {
    let compute = match kind {
        "code" | "code-draw" | "link" => codes::compute,
        "rendezvous" | "envelope" | "session" | "clear" | "record" => messages::compute,
        "datagram" => datagrams::compute,
        "exchange" | "answer" | "confirm" | "finish" | "opening" => handshakes::compute,
        "key" | "sealed" | "opened" | "window" => records::compute,
        "reconnect" | "reconnect-answer" | "reconnect-finish" => reconnects::compute,
        "signature" | "card-sign" | "card" | "proof" | "possession" | "statement-sign"
        | "statement" | "picture" | "device" => faces::compute,
        "receipt-sign" | "receipt" | "receipt-shown" | "receipt-file" => receipts::compute,
        "journal" | "report" => books::compute,
        _ => return None,
    };
    Some(compute(kind, input))
}

impl Vector {
    /// Whether its input is refused.
    pub const fn is_invalid(&self) -> bool {
        self.error.is_some()
    }

    fn difference(&self, kind: &str) -> Option<String> {
        // Those that compute know no other inputs than those that are some.
        let compared = catch_unwind(|| self.compared(kind));
        compared.unwrap_or_else(|_| Some(format!("its input is none of the kind {kind}")))
    }

    fn compared(&self, kind: &str) -> Option<String> {
        let Some(said) = compute(kind, &self.input) else {
            return Some(format!("nothing computes the kind {kind}"));
        };
        match (said, &self.output, &self.error) {
            (Ok(said), Some(output), None) if said == *output => {
                let framed = ["rendezvous", "envelope", "session"].contains(&kind) && !self.one_way;
                let same =
                    !framed || messages::written(kind, output) == bytes_of(&self.input, "bytes");
                (!same).then(|| "its fields are written as other bytes".to_owned())
            }
            (Err(said), None, Some(error)) if error.is(said) => None,
            (Ok(said), ..) => Some(format!("it is {said}")),
            (Err(said), ..) => Some(format!("it is refused, {}", words(said))),
        }
    }
}

fn words(refusal: Refusal) -> String {
    let error = refusal.error.map_or("unreported", |error| error.name());
    format!("{error}, by {}", refusal.requirement)
}

impl Expected {
    fn is(&self, said: Refusal) -> bool {
        let name = said.error.map(|error| error.name());
        // What a field may not be is WIRE-7 to a decoder, whichever requirement says so.
        let field = said.requirement == "WIRE-7" && !self.requirement.starts_with("WIRE");
        name == self.name.as_deref() && (field || said.requirement == self.requirement)
    }
}
