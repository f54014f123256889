//! What a vector is.

use alongside_wire::ErrorCode;
use serde_json::{Map, Value, json};

/// The vectors of one kind.
pub struct File {
    /// The kind, which is also the name of the file.
    pub kind: &'static str,
    vectors: Vec<Value>,
}

/// What is expected of an input that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The registered error, if one is reported.
    pub error: Option<ErrorCode>,
    /// The requirement that the input breaks, or by which it is left alone.
    pub requirement: &'static str,
}

impl Refusal {
    /// A refusal that is reported.
    pub const fn reported(error: ErrorCode, requirement: &'static str) -> Self {
        let error = Some(error);
        Self { error, requirement }
    }

    /// A refusal that nobody is told.
    pub const fn silent(requirement: &'static str) -> Self {
        let error = None;
        Self { error, requirement }
    }
}

impl File {
    /// No vectors yet.
    pub const fn new(kind: &'static str) -> Self {
        let vectors = Vec::new();
        Self { kind, vectors }
    }

    /// An input that is taken, and what comes of it.
    pub fn taken(&mut self, id: &str, about: &str, shows: &[&str], input: Value, output: Value) {
        self.add(id, about, shows, input, "output", output);
    }

    /// The latest vector is one that is read, and not made again from what was read.
    pub fn one_way(&mut self) {
        if let Some(latest) = self.vectors.last_mut() {
            latest["one_way"] = json!(true);
        }
    }

    /// An input with one failure.
    pub fn refused(&mut self, id: &str, about: &str, input: Value, refusal: Refusal) {
        let mut error = Map::new();
        if let Some(name) = refusal.error {
            error.insert("name".into(), json!(name.name()));
        }
        error.insert("requirement".into(), json!(refusal.requirement));
        let shows = [refusal.requirement];
        let id = &format!("refused/{id}");
        self.add(id, about, &shows, input, "error", error.into());
    }

    fn add(
        &mut self,
        id: &str,
        about: &str,
        shows: &[&str],
        input: Value,
        result: &str,
        value: Value,
    ) {
        let id = format!("{}/{id}", self.kind);
        let taken = self.vectors.iter().any(|vector| vector["id"] == *id);
        assert!(!taken, "two vectors {id}");
        self.vectors.push(json!({
            "id": id,
            "about": about,
            "shows": shows,
            "input": input,
            result: value,
        }));
    }

    /// The vectors.
    pub fn vectors(&self) -> &[Value] {
        &self.vectors
    }

    /// The file as text.
    pub fn text(&self) -> String {
        let all = json!({ "format": 1, "kind": self.kind, "vectors": self.vectors });
        format!("{all:#}\n")
    }
}
