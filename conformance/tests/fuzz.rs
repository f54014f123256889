//! `fuzz`, as somebody runs it.

#[cfg(feature = "mutants")]
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// What it says, and ends with.
struct Said {
    code: i32,
    text: String,
}

fn fuzz(what: &str, out: &TempDir, more: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside-conformance"));
    command.args(["fuzz", what, "--out"]).arg(out.path());
    let output = command.args(more).output().expect("it starts");
    Said {
        code: output.status.code().expect("it ends by itself"),
        text: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    }
}

#[cfg(feature = "mutants")]
fn findings(out: &Path) -> Vec<String> {
    let files = std::fs::read_dir(out).expect("a folder");
    let name = |file: std::fs::DirEntry| file.path().display().to_string();
    files.map(|file| name(file.expect("a file"))).collect()
}

#[test]
fn nothing_is_found_in_the_reference() {
    for what in ["helper", "sharer", "relay"] {
        let out = tempfile::tempdir().expect("a folder");
        let said = fuzz(what, &out, &["--sessions", "60"]);
        assert_eq!(said.code, 0, "{what}: {}", said.text);
        assert!(said.text.contains("60 sessions"), "{}", said.text);
        // It may say of some that it cannot say anything, but not of many.
        let open = said.text.rsplit("of ").next().expect("a last line");
        let open: u32 = open
            .split(' ')
            .next()
            .and_then(|open| open.parse().ok())
            .expect("a number");
        assert!(open < 6, "{what}: {}", said.text);
    }
}

#[test]
fn what_is_no_finding_is_not_played() {
    let out = tempfile::tempdir().expect("a folder");
    let file = out.path().join("none.toml");
    std::fs::write(&file, "target = \"sharer\"").expect("a file");
    let name = file.to_str().expect("a name");
    let said = fuzz("sharer", &out, &["--replay", name]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(
        said.text.contains("none.toml: TOML parse error"),
        "{}",
        said.text
    );
}

/// Bugs of which it is not told, one of each machine: each is found, written down, still there as long as the bug is,
/// and gone without it.
#[cfg(feature = "mutants")]
#[test]
fn planted_bugs_are_found() {
    for (what, mutant) in [
        ("sharer", "CONTROL-9/injects"),
        ("helper", "CONTROL-16/lenient"),
        ("relay", "RDV-4/lenient"),
    ] {
        let out = tempfile::tempdir().expect("a folder");
        let said = fuzz(what, &out, &["--mutant", mutant, "--minutes", "5"]);
        assert_eq!(said.code, 1, "{mutant}: {}", said.text);
        assert!(said.text.contains("FINDING"), "{mutant}: {}", said.text);
        let files = findings(out.path());
        let file = files.first().expect("a finding");
        let still = fuzz(what, &out, &["--mutant", mutant, "--replay", file]);
        assert_eq!(still.code, 1, "{mutant}: {}", still.text);
        let gone = fuzz(what, &out, &["--replay", file]);
        assert_eq!((gone.code, gone.text.as_str()), (0, "gone\n"), "{mutant}");
    }
}
