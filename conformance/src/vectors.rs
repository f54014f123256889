//! The test vectors: a folder of files held against the reference code, and a client that computes them.

use std::{fs, path::Path, time::Duration};

use alongside_vectors::{all, independent::File};
use serde_json::{Value, json};

use crate::driver::{Answer, Broken, Driver};

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
        // No part of a sequence is computed alone: the file is the one that is made, or it is not.
        let whole = all()
            .iter()
            .find(|made| made.kind == "sequence" && value["kind"] == made.kind);
        let (number, differences) = match whole {
            Some(made) => {
                let vectors = value["vectors"].as_array().cloned().unwrap_or_default();
                let other = vectors
                    .iter()
                    .filter(|vector| !made.vectors().contains(vector));
                let other = other.map(|vector| format!("{}: it is otherwise", vector["id"]));
                (vectors.len(), other.collect())
            }
            None => {
                let file: File =
                    serde_json::from_value(value).map_err(|error| error.to_string())?;
                (file.vectors.len(), file.differences())
            }
        };
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
    for file in all() {
        for vector in file.vectors() {
            let fields = json!({ "kind": file.kind, "input": vector["input"] });
            match driver.ask("vector", fields, patience)? {
                Answer::Unsupported => checked.unsupported += 1,
                answer => match difference(vector, &answer) {
                    None => checked.right += 1,
                    Some(why) => checked.wrong.push(format!("{}: {why}", vector["id"])),
                },
            }
        }
    }
    Ok(checked)
}

fn difference(vector: &Value, answer: &Answer) -> Option<String> {
    let said = match answer {
        Answer::Ok(fields) => Value::from(fields.clone()),
        other => return Some(format!("it answers {other:?}")),
    };
    // A refusal that nobody is told has no name.
    let wanted = match vector.get("error") {
        Some(error) => json!({ "error": error["name"].as_str().unwrap_or_default() }),
        None => json!({ "output": vector["output"] }),
    };
    (said != wanted).then(|| format!("expected {wanted}, and it says {said}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Answer, Checked, all, difference};

    fn answer(value: &Value) -> Answer {
        let fields: Map<_, _> = value.as_object().unwrap().clone();
        Answer::Ok(fields)
    }

    #[test]
    fn an_answer_is_held_against_its_vector() {
        let code = all().iter().find(|file| file.kind == "code").unwrap();
        let taken = &code.vectors()[0];
        let right = json!({ "output": taken["output"] });
        assert_eq!(difference(taken, &answer(&right)), None);
        assert!(difference(taken, &answer(&json!({ "error": "" }))).is_some());
        let refused = code
            .vectors()
            .iter()
            .find(|one| one.get("error").is_some())
            .unwrap();
        assert_eq!(difference(refused, &answer(&json!({ "error": "" }))), None);
        assert!(difference(refused, &answer(&right)).is_some());
        assert!(difference(taken, &Answer::Unsupported).is_some());
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
}
