//! The small forms that a table is written in: events, guards, answers, outputs.

use toml::Value;

use super::{Answer, Branch, Machine};
use crate::spec::Spec;

/// Where events come from, in the order in which they are shown, and in what words.
pub(super) const SOURCES: [(&str, &str); 8] = [
    ("client", "a message of the client"),
    ("relay", "what comes from the relay, or is said of it"),
    ("peer", "a message of the other end"),
    ("others", "what others do"),
    ("channel", "what the secure channel finds"),
    ("person", "an act of the person"),
    ("program", "an act of the program"),
    ("time", "time"),
];

/// What a message is, without what tells one from others of the same kind.
pub(super) fn base(event: &str) -> &str {
    event.split(':').next().unwrap_or(event)
}

/// What the registry says that a table may name.
pub(super) struct Names {
    /// Messages of each plane, and who sends them.
    pub(super) messages: Vec<(&'static str, String)>,
    pub(super) errors: Vec<String>,
}

impl Names {
    pub(super) fn read(registry: &toml::Table) -> Self {
        let names = |list: &str| {
            let entries = registry.get(list).and_then(Value::as_array);
            let entries = entries.into_iter().flatten();
            let name = |entry: &Value| entry.get("name")?.as_str().map(str::to_owned);
            entries.filter_map(name).collect::<Vec<_>>()
        };
        let planes = ["rendezvous", "envelope", "session"];
        let of = |plane: &&'static str| {
            let plane = *plane;
            names(plane).into_iter().map(move |name| (plane, name))
        };
        Self {
            messages: planes.iter().flat_map(of).collect(),
            errors: names("error"),
        }
    }

    pub(super) fn is_message(&self, name: &str) -> bool {
        self.messages.iter().any(|(_, known)| known == name)
    }
}

/// Reads one cell, with what is wrong with it.
pub(super) struct Cells<'a> {
    pub(super) machine: &'a Machine,
    pub(super) names: &'a Names,
    /// The requirements that there are; without them any is taken for one.
    pub(super) spec: Option<&'a Spec>,
    /// The region that the cell is in.
    pub(super) region: usize,
}

impl Cells<'_> {
    /// One answer, or several with guards.
    pub(super) fn branches(&self, value: &Value) -> Result<Vec<Branch>, String> {
        let branches = match value {
            Value::Array(several) => several
                .iter()
                .map(|one| self.branch(one))
                .collect::<Result<Vec<_>, _>>()?,
            one => vec![self.branch(one)?],
        };
        let Some((last, guarded)) = branches.split_last() else {
            return Err("no answer".to_owned());
        };
        if !last.when.is_empty() {
            return Err("the last answer has a guard, so there may be none".to_owned());
        }
        if guarded.iter().any(|branch| branch.when.is_empty()) {
            return Err("an answer without a guard hides those that follow".to_owned());
        }
        Ok(branches)
    }

    fn branch(&self, value: &Value) -> Result<Branch, String> {
        let table = match value {
            Value::String(word) => {
                let answer = self.word(word)?;
                let (when, by) = (Vec::new(), Vec::new());
                return Ok(Branch { when, answer, by });
            }
            Value::Table(table) => table,
            other => return Err(format!("{other} is no answer")),
        };
        for key in table.keys() {
            if !["when", "to", "out", "by", "answer"].contains(&key.as_str()) {
                return Err(format!("an answer has no {key}"));
            }
        }
        let when = match text(table, "when")? {
            Some(guard) => self.guard(guard)?,
            None => Vec::new(),
        };
        let by = list(table, "by")?;
        for id in &by {
            self.requirement(id)?;
        }
        let answer = match text(table, "answer")? {
            Some(_) if table.contains_key("to") || table.contains_key("out") => {
                return Err("an answer in a word has no state and no output".to_owned());
            }
            Some(word) => self.word(word)?,
            None => {
                let to = text(table, "to")?.map(|state| self.state(self.region, state));
                let out = list(table, "out")?;
                for output in &out {
                    self.output(output)?;
                }
                Answer::Step(to.transpose()?, out)
            }
        };
        Ok(Branch { when, answer, by })
    }

    fn word(&self, word: &str) -> Result<Answer, String> {
        Ok(match word {
            "stay" => Answer::Step(None, Vec::new()),
            "ignored" => Answer::Ignored,
            "never" => Answer::Never,
            "misuse" => Answer::Misuse,
            _ => match word.strip_prefix("violation ") {
                Some(id) => {
                    self.requirement(id)?;
                    Answer::Violation(id.to_owned())
                }
                None => {
                    return Err(format!(
                        "unknown answer \"{word}\": stay, ignored, never, misuse, or violation ID"
                    ));
                }
            },
        })
    }

    fn requirement(&self, id: &str) -> Result<(), String> {
        match self.spec {
            Some(spec) if spec.get(id).is_none() => Err(spec.why_not(id)),
            _ => Ok(()),
        }
    }

    /// `link = up / frozen and phase = viewing`.
    fn guard(&self, guard: &str) -> Result<Vec<(usize, Vec<usize>)>, String> {
        let condition = |condition: &str| {
            let (region, states) = condition
                .split_once(" = ")
                .ok_or(format!("\"{condition}\" is no guard: write region = state"))?;
            let mut regions = self.machine.regions.iter();
            let region = regions
                .position(|known| known.name == region)
                .ok_or(format!("unknown region \"{region}\""))?;
            let states = states.split(" / ").map(|state| self.state(region, state));
            Ok((region, states.collect::<Result<_, String>>()?))
        };
        guard.split(" and ").map(condition).collect()
    }

    fn state(&self, region: usize, state: &str) -> Result<usize, String> {
        let region = &self.machine.regions[region];
        let known = region.states.iter().position(|known| known == state);
        known.ok_or(format!("{} has no state \"{state}\"", region.name))
    }

    /// `send MESSAGE …`, `pass MESSAGE …`, `to END MESSAGE …`, `leave ERROR`, `close ERROR`, `tell NAME …`.
    fn output(&self, output: &str) -> Result<(), String> {
        let unknown = || Err(format!("unknown output \"{output}\""));
        let mut words = output.split(' ');
        let (kind, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let code = |code: &str| code == "as told" || self.names.errors.iter().any(|e| e == code);
        match kind {
            "send" if self.names.is_message(name) => {
                if self.machine.order.iter().any(|known| known == name) {
                    return Ok(());
                }
                Err(format!("the order of messages does not have \"{name}\""))
            }
            // The ends of a session, and somebody who is neither.
            "to" if ["helper", "sharer", "joiner"].contains(&name) => {
                let message = words.next().unwrap_or("");
                if self.names.is_message(message) {
                    return Ok(());
                }
                unknown()
            }
            "pass" if self.names.is_message(name) => Ok(()),
            "leave" | "close" if code(output.split_once(' ').map_or("", |(_, code)| code)) => {
                Ok(())
            }
            "tell" => {
                let told = output.strip_prefix("tell ").unwrap_or("");
                let mut tells = self.machine.tells.iter();
                if tells.any(|(name, _)| name == told) {
                    return Ok(());
                }
                unknown()
            }
            _ => unknown(),
        }
    }
}

fn text<'a>(table: &'a toml::Table, key: &str) -> Result<Option<&'a str>, String> {
    let value = table.get(key);
    let wrong = || format!("{key} is no text");
    value.map(|v| v.as_str().ok_or_else(wrong)).transpose()
}

fn list(table: &toml::Table, key: &str) -> Result<Vec<String>, String> {
    let Some(value) = table.get(key) else {
        return Ok(Vec::new());
    };
    let texts = value.as_array().map(|values| {
        let texts = values.iter().map(|v| v.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    });
    texts
        .flatten()
        .ok_or_else(|| format!("{key} is no list of texts"))
}
