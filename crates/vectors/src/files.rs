//! The folder of the committed vectors.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use crate::{all, vector::File};

/// `spec/vectors`.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors"))
}

fn name(file: &File) -> String {
    format!("{}.json", file.kind)
}

/// Files that are not vectors of this generator.
const OTHERS: &[&str] = &["schema.json"];

/// What is in the folder and would not be if it were written now, in words.
///
/// # Errors
/// If the folder cannot be read.
pub fn drift() -> io::Result<Vec<String>> {
    let made: BTreeMap<_, _> = all().iter().map(|file| (name(file), file.text())).collect();
    let mut wrong = Vec::new();
    for (name, text) in &made {
        match fs::read_to_string(folder().join(name)) {
            Ok(held) if held == *text => {}
            Ok(held) => {
                let same = held.lines().zip(text.lines()).take_while(|(a, b)| a == b);
                wrong.push(format!(
                    "{name}:{}: differs from what the code makes",
                    same.count() + 1
                ));
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    for entry in fs::read_dir(folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let known = made.contains_key(&name) || OTHERS.contains(&name.as_str());
        if name.ends_with(".json") && !known {
            wrong.push(format!("{name}: nothing makes this file"));
        }
    }
    Ok(wrong)
}

/// Writes all files.
///
/// # Errors
/// If one cannot be written.
pub fn write() -> io::Result<()> {
    all()
        .iter()
        .try_for_each(|file| fs::write(folder().join(name(file)), file.text()))
}
