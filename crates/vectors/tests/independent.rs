//! The reference code makes of the vectors of another implementation what that one made of them.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::{collections::BTreeMap, fs, path::Path};

use alongside_vectors::{files, independent::File};

/// Files and vectors of a folder, and what the reference code says otherwise; prints how many there are of each
/// kind.
fn check(folder: &Path, known: impl Fn(&str) -> bool) -> (usize, usize, Vec<String>) {
    let (mut count, mut vectors, mut wrong) = (0, 0, Vec::new());
    let mut kinds: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".json") && known(name.trim_end_matches(".json")) {
            let file: File = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            (count, vectors) = (count + 1, vectors + file.vectors.len());
            wrong.extend(file.differences().unwrap());
            let invalid = file.vectors.iter().filter(|vector| vector.is_invalid());
            let invalid = invalid.count();
            let tally = kinds.entry(file.kind).or_default();
            tally[0] += file.vectors.len() - invalid;
            tally[1] += invalid;
        }
    }
    for (which, name) in ["valid", "invalid"].iter().enumerate() {
        let some = kinds.iter().filter(|(_, tally)| tally[which] > 0);
        let some = some.map(|(kind, tally)| format!("{} {kind}", tally[which]));
        let some: Vec<_> = some.collect();
        println!("counted vectors / {name} in Rust: {}", some.join(", "));
    }
    (count, vectors, wrong)
}

#[test]
fn they_are_what_the_reference_makes_too() {
    let folder = files::folder().join("independent");
    let (files, vectors, wrong) = check(&folder, |_| true);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        files >= 20 && vectors > 900,
        "{vectors} vectors in {files} files"
    );
}

/// All but sequences, whose steps are done when they are written.
#[test]
fn own_vectors_come_out_the_same() {
    let (files, vectors, wrong) = check(&files::folder(), |kind| {
        !["schema", "sequence"].contains(&kind)
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        files >= 35 && vectors > 850,
        "{vectors} vectors in {files} files"
    );
}
