//! What fuzzers begin with, and all that was kept of earlier runs, finds nothing; and each target has its program.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use alongside_fuzzers::{TARGETS, seeds};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// Inputs of a target, with what they are called.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let seeds = seeds::of(target).into_iter().enumerate();
    let mut all: Vec<_> = seeds
        .map(|(number, seed)| (format!("seed {number}"), seed))
        .collect();
    // A target may have nothing but seeds.
    let kept = fs::read_dir(fuzz().join("corpus").join(target));
    for file in kept.into_iter().flatten() {
        let file = file.expect("a file of the corpus").path();
        let bytes = fs::read(&file).expect("a file of the corpus");
        all.push((file.display().to_string(), bytes));
    }
    all
}

#[test]
fn nothing_that_was_kept_finds_anything() {
    for target in TARGETS {
        let all = corpus(target.name);
        assert!(!all.is_empty(), "{} has no corpus", target.name);
        for (name, bytes) in all {
            // Told if it panics.
            println!("{}: {name}", target.name);
            (target.run)(&bytes);
        }
    }
}

#[test]
fn every_target_has_a_program() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let names = |text: &str| -> BTreeSet<String> {
        let lines = text.split("[[bin]]").skip(1);
        let names = lines.filter_map(|bin| bin.split('"').nth(1));
        names.map(str::to_owned).collect()
    };
    let targets: BTreeSet<_> = TARGETS.iter().map(|one| one.name.to_owned()).collect();
    assert_eq!(names(&manifest), targets);
    for target in TARGETS {
        let program = fuzz().join(format!("targets/{}.rs", target.name));
        let text = fs::read_to_string(&program).unwrap_or_default();
        assert!(
            text.contains(&format!("\"{}\"", target.name)),
            "{program:?}"
        );
    }
}
