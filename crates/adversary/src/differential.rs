//! The corpus of `decode`, read by the reference and by a program that answers as `python -m alongside_independent compute`
//! does: a line of JSON with `kind` and `input` in, one with `output`, `error` or `unreadable` out.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use alongside_wire::{
    limits::INPUT_RECORD,
    record::{InputHeader, MediaHeader},
};
use serde_json::{Value, json};

use crate::decode::DECODERS;

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Compared {
    /// Inputs that both have read.
    pub inputs: usize,
    /// Where one takes what the other refuses, or takes it for something else; in words.
    pub differences: Vec<String>,
    /// How often both refuse an input, but not by the same requirement: theirs and the reference's.
    pub otherwise: BTreeMap<[String; 2], usize>,
}

/// Kinds that a decoder can be asked about by its bytes alone.
const KINDS: [&str; 8] = [
    "rendezvous",
    "envelope",
    "session",
    "clear",
    "record",
    "receipt",
    "code",
    "link",
];

/// The input of a vector that a decoder would have for these bytes.
fn input(data: &[u8]) -> Option<(&'static str, Value)> {
    let (which, bytes) = data.split_first()?;
    let decoder = &DECODERS[usize::from(*which) % DECODERS.len()];
    let [kind, what, field] = decoder.vectors;
    if !KINDS.contains(&kind) {
        return None;
    }
    // What has one size is asked about in no other.
    let size = match what {
        "media-header" => MediaHeader::LEN,
        "input-header" => InputHeader::LEN,
        "input" => INPUT_RECORD,
        _ => bytes.len(),
    };
    if bytes.len() != size {
        return None;
    }
    let mut input = match field {
        "text" => json!({ "text": str::from_utf8(bytes).ok()? }),
        field => json!({ field: hex::encode(bytes) }),
    };
    if !what.is_empty() {
        input["what"] = json!(what);
    }
    Some((kind, input))
}

/// What the reference makes of it, in the form of the other's answers.
fn ours(kind: &str, input: &Value) -> Option<Value> {
    Some(match alongside_vectors::compute(kind, input)? {
        Ok(output) => json!({ "output": output }),
        Err(refusal) => {
            let name = refusal.error.map(|error| error.name());
            json!({ "error": { "name": name, "requirement": refusal.requirement } })
        }
    })
}

/// Holds all files of a folder against a program.
///
/// # Errors
/// If a file cannot be read, or the program cannot be run or talked to.
pub fn compare(folder: &Path, program: &[String]) -> io::Result<Compared> {
    let (name, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let gone = || io::Error::other("the program has no input or no output");
    let mut to = child.stdin.take().ok_or_else(gone)?;
    let mut answers = BufReader::new(child.stdout.take().ok_or_else(gone)?).lines();
    let mut compared = Compared::default();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let Some((kind, input)) = input(&fs::read(&path)?) else {
            continue;
        };
        writeln!(to, "{}", json!({ "kind": kind, "input": input }))?;
        let theirs = answers.next().ok_or_else(gone)??;
        let theirs: Value = serde_json::from_str(&theirs)?;
        let Some(ours) = ours(kind, &input) else {
            continue;
        };
        compared.add(&path, kind, &ours, &theirs);
    }
    drop(to);
    child.wait()?;
    Ok(compared)
}

impl Compared {
    fn add(&mut self, path: &Path, kind: &str, ours: &Value, theirs: &Value) {
        self.inputs += 1;
        if ours == theirs {
            return;
        }
        let by = |answer: &Value| Some(answer["error"]["requirement"].as_str()?.to_owned());
        if let (Some(ours), Some(theirs)) = (by(ours), by(theirs)) {
            *self.otherwise.entry([theirs, ours]).or_default() += 1;
            return;
        }
        let difference = format!("{}: {kind}: {theirs}, and here {ours}", path.display());
        self.differences.push(difference);
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        for ([theirs, ours], count) in &self.otherwise {
            writeln!(f, "refused by {theirs}, and here by {ours}: {count} times")?;
        }
        write!(
            f,
            "{} inputs, {} differences",
            self.inputs,
            self.differences.len()
        )
    }
}
