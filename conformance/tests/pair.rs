//! `test pair`, as somebody runs it.

mod support;

use std::{fs, path::Path};

use support::{Said, beside, liar, report, run, verdicts};
use tempfile::TempDir;

const CASE: &str = "pair/frames/same";

fn pair(out: &TempDir, more: &[&str]) -> Said {
    let out = out.path().to_str().expect("a name");
    let arguments = ["test", "pair", "--run", CASE, "--out", out];
    run(&[&arguments[..], more].concat())
}

fn reference() -> String {
    format!(
        "'{}' reference driver",
        env!("CARGO_BIN_EXE_alongside-conformance")
    )
}

fn bundle(out: &Path, name: &str) -> String {
    fs::read_to_string(out.join("bundles").join(name)).expect("a file of the bundle")
}

#[test]
fn the_reference_gets_on_with_itself() {
    let out = tempfile::tempdir().expect("a folder");
    let said = pair(&out, &[]);
    assert_eq!(said.code, 0, "{}", said.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@pair PASS")]);
    let target = &report(out.path())["run"]["targets"]["pair"];
    let name = target["name"].as_str().unwrap_or_default();
    assert_eq!(name.matches("alongside-client").count(), 2, "{name}");
}

/// The screen has another picture than the one that the sharer was told to show.
#[test]
fn a_picture_that_differs_is_seen() {
    let out = tempfile::tempdir().expect("a folder");
    let falsifier = beside("falsifier.py").display().to_string();
    let sharer = format!(
        "python3 {falsifier} '\"seed\":3' '\"seed\":4' {}",
        reference()
    );
    let said = pair(&out, &["--sharer", &sharer]);
    assert_eq!(said.code, 1, "{}", said.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@pair FAIL")]);
    assert!(
        said.text
            .contains("MEDIA-13 or MEDIA-2: expected the helper"),
        "{}",
        said.text
    );
    // What each of the three said is in the bundle, and what both were told can be read again.
    let place = format!("{CASE}@pair");
    let stdio = bundle(out.path(), &format!("{place}/stdio.log"));
    for line in [
        "helper > {",
        "helper < {",
        "sharer > {",
        "sharer < {",
        "relay < {",
    ] {
        assert!(stdio.contains(line), "{line} is not in {stdio}");
    }
    let readme = bundle(out.path(), &format!("{place}/README.md"));
    let again = format!("test pair --sharer 'python3 {falsifier}");
    assert!(readme.contains(&again), "{again} is not in {readme}");
    let folder = out.path().join("bundles").join(&place);
    let replayed = run(&["replay", folder.to_str().expect("a name")]);
    assert!(
        replayed.text.contains("> sharer  driver: send-frame"),
        "{}",
        replayed.text
    );
}

/// A relay takes few reports from one place, so each run has one of its own.
#[test]
fn a_report_is_taken_each_time() {
    let out = tempfile::tempdir().expect("a folder");
    let folder = out.path().to_str().expect("a name");
    let case = "pair/report/sharer";
    let arguments = ["test", "pair", "--run", case, "--out", folder];
    let said = run(&[&arguments[..], &["--repeat", "5"]].concat());
    assert_eq!(said.code, 0, "{}", said.text);
    assert_eq!(verdicts(out.path()), [format!("{case}@pair PASS")]);
}

#[test]
fn each_helper_is_run_with_each_sharer() {
    let out = tempfile::tempdir().expect("a folder");
    let (reference, idle) = (reference(), liar("does-nothing"));
    let sharers = ["--sharer", &idle, "--sharer", &reference];
    let more = [&sharers[..], &["--timeout-scale", "1"]].concat();
    let said = pair(&out, &more);
    assert_eq!(said.code, 1, "{}", said.text);
    let wanted = [format!("{CASE}@pair TIMEOUT"), format!("{CASE}@pair PASS")];
    assert_eq!(verdicts(out.path()), wanted);
    let readme = bundle(out.path(), &format!("{CASE}@pair.1-1/README.md"));
    let again = format!("test pair --sharer '{idle}' --role pair --run {CASE}");
    assert!(readme.contains(&again), "{again} is not in {readme}");
    // What is known of one pair is expected of it alone.
    let file = out.path().join("known.toml").display().to_string();
    let expected = pair(
        &out,
        &[&more[..], &["--write-expectations", &file]].concat(),
    );
    assert_eq!(expected.code, 1, "{}", expected.text);
    let expected = pair(&out, &[&more[..], &["--expect", &file]].concat());
    assert_eq!(expected.code, 0, "{}", expected.text);
    let wanted = [format!("{CASE}@pair XFAIL"), format!("{CASE}@pair PASS")];
    assert_eq!(verdicts(out.path()), wanted);
}

#[test]
fn a_driver_of_the_other_role_is_no_end_of_a_pair() {
    let out = tempfile::tempdir().expect("a folder");
    let said = pair(&out, &["--helper", &liar("does-nothing")]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(
        said.text.contains("says that it is no helper"),
        "{}",
        said.text
    );
}

#[test]
fn a_driver_that_breaks_down_blocks_its_pair() {
    let out = tempfile::tempdir().expect("a folder");
    let said = pair(&out, &["--helper", &liar("crash")]);
    assert_eq!(said.code, 1, "{}", said.text);
    let wanted = [
        format!("{CASE}@pair BLOCKED"),
        "setup@pair CRASH".to_owned(),
    ];
    assert_eq!(verdicts(out.path()), wanted);
}
