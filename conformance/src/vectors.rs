//! The test vectors: a folder of files held against the reference code, and a client that computes them.

use std::{fs, path::Path, sync::LazyLock, time::Duration};

use alongside_vectors::{all, independent::File};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::driver::{Answer, Broken, Driver};

/// The vectors of one kind, as they are committed.
#[derive(Debug, Deserialize)]
pub struct Kind {
    /// What they are vectors of.
    pub kind: String,
    /// The vectors.
    pub vectors: Vec<Value>,
}

/// The vectors of every kind that is computed: a sequence is no computation, and what it shows the cases show.
pub fn computed() -> &'static [Kind] {
    static ALL: LazyLock<Vec<Kind>> = LazyLock::new(|| {
        let read = |text: &&str| match serde_json::from_str(text) {
            Ok(kind) => kind,
            Err(error) => unreachable!("`cargo vectors` wrote it: {error}"),
        };
        alongside_text::COMPUTED.iter().map(read).collect()
    });
    &ALL
}

/// How many vectors were looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct Checked {
    /// Those that are right.
    pub right: usize,
    /// Those of kinds that the client does not compute.
    pub unsupported: usize,
    /// What is otherwise, in words.
    pub wrong: Vec<String>,
}

/// Holds the files of a folder against what the reference code makes of their inputs.
///
/// # Errors
/// If the folder cannot be read, or a file is none of vectors; in words.
pub fn folder(path: &Path) -> Result<Checked, String> {
    let wrong = |path: &Path, why: String| format!("{}: {why}", path.display());
    let entries = fs::read_dir(path).map_err(|error| wrong(path, error.to_string()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files.retain(|file| !file.ends_with("schema.json"));
    files.sort();
    let mut checked = Checked::default();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| wrong(&file, error.to_string()))?;
        checked.file(&text).map_err(|why| wrong(&file, why))?;
    }
    Ok(checked)
}

impl Checked {
    fn file(&mut self, text: &str) -> Result<(), String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let file: File =
            serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        // No part of a sequence is computed alone: the file is the one that is made, or it is not.
        let whole = match file.kind.as_str() {
            "sequence" => all().iter().find(|made| made.kind == file.kind),
            _ => None,
        };
        let differences = match whole {
            Some(made) => {
                file.is_known()?;
                let vectors = value["vectors"].as_array().into_iter().flatten();
                let other = vectors.filter(|vector| !made.vectors().contains(vector));
                let other = other.map(|vector| format!("{}: it is otherwise", vector["id"]));
                other.collect()
            }
            None => file.differences()?,
        };
        let number = file.vectors.len();
        self.right += number - differences.len();
        self.wrong.extend(differences);
        Ok(())
    }
}

/// Lets a client compute every vector that this suite was built with.
///
/// # Errors
/// If its driver cannot be worked with.
pub fn driver(driver: &mut Driver, patience: Duration) -> Result<Checked, Broken> {
    let mut checked = Checked::default();
    for file in computed() {
        for vector in &file.vectors {
            let fields = json!({ "kind": file.kind, "input": vector["input"] });
            match driver.ask("vector", fields, patience)? {
                Answer::Unsupported => checked.unsupported += 1,
                answer => match otherwise(vector, &answer) {
                    None => checked.right += 1,
                    Some(said) => {
                        let (id, wanted) = (&vector["id"], wanted(vector));
                        checked
                            .wrong
                            .push(format!("{id}: expected {wanted}, and it answers {said}"));
                    }
                },
            }
        }
    }
    Ok(checked)
}

/// What the vector wants in an answer: a refusal that nobody is told has no name.
pub(crate) fn wanted(vector: &Value) -> Value {
    match vector.get("error") {
        Some(error) => json!({ "error": error["name"].as_str().unwrap_or_default() }),
        None => json!({ "output": vector["output"] }),
    }
}

/// What the answer of a client is, in words, if it is not what the vector wants.
pub(crate) fn otherwise(vector: &Value, answer: &Answer) -> Option<String> {
    match answer {
        Answer::Ok(fields) => {
            let said = Value::from(fields.clone());
            (said != wanted(vector)).then(|| said.to_string())
        }
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value, json};

    use super::{Answer, Checked, all, computed, otherwise};

    fn answer(value: &Value) -> Answer {
        let fields: Map<_, _> = value.as_object().unwrap().clone();
        Answer::Ok(fields)
    }

    #[test]
    fn every_kind_that_is_computed_is_asked_for() {
        let made = all().iter().filter(|file| file.kind != "sequence");
        let made: BTreeMap<_, _> = made.map(|file| (file.kind, file.vectors())).collect();
        let asked = computed().iter();
        let asked: BTreeMap<_, _> = asked
            .map(|file| (file.kind.as_str(), &file.vectors[..]))
            .collect();
        assert_eq!(asked, made);
    }

    #[test]
    fn an_answer_is_held_against_its_vector() {
        let code = all().iter().find(|file| file.kind == "code").unwrap();
        let taken = &code.vectors()[0];
        let right = json!({ "output": taken["output"] });
        assert_eq!(otherwise(taken, &answer(&right)), None);
        assert!(otherwise(taken, &answer(&json!({ "error": "" }))).is_some());
        let refused = code
            .vectors()
            .iter()
            .find(|one| one.get("error").is_some())
            .unwrap();
        assert_eq!(otherwise(refused, &answer(&json!({ "error": "" }))), None);
        assert!(otherwise(refused, &answer(&right)).is_some());
        let said = otherwise(taken, &Answer::Unsupported);
        assert_eq!(said.as_deref(), Some("unsupported"));
    }

    #[test]
    fn a_file_that_was_changed_is_wrong() {
        for kind in ["code", "sequence"] {
            let file = all().iter().find(|file| file.kind == kind).unwrap();
            let mut value: Value = serde_json::from_str(&file.text()).unwrap();
            let mut checked = Checked::default();
            checked.file(&value.to_string()).unwrap();
            assert_eq!(checked.wrong.len(), 0, "{kind}");
            assert_eq!(checked.right, file.vectors().len(), "{kind}");
            let output = value["vectors"][0]["output"].as_object_mut().unwrap();
            output.insert("more".to_owned(), json!(1));
            checked.file(&value.to_string()).unwrap();
            assert_eq!(checked.wrong.len(), 1, "{kind}");
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused_and_a_strange_input_is_wrong() {
        for kind in ["code", "sequence"] {
            let file = all().iter().find(|file| file.kind == kind).unwrap();
            let mut value: Value = serde_json::from_str(&file.text()).unwrap();
            value["format"] = json!(2);
            let why = Checked::default().file(&value.to_string());
            assert!(why.is_err_and(|why| why.contains("of form 2")), "{kind}");
        }
        let file = all().iter().find(|file| file.kind == "code").unwrap();
        let mut value: Value = serde_json::from_str(&file.text()).unwrap();
        value["vectors"][0]["input"] = json!(3);
        let mut checked = Checked::default();
        checked.file(&value.to_string()).unwrap();
        assert_eq!(checked.wrong.len(), 1, "{:?}", checked.wrong);
    }
}
