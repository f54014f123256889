//! What the suite ends with, and what it leaves, in each situation.

mod support;

use std::{fs, path::Path, process::Command};

use support::{liar, report, run, suite, verdicts};
use tempfile::TempDir;

const CASE: &str = "sharer/consent/scopes";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn name(path: &Path) -> &str {
    path.to_str().expect("a name")
}

/// Tests the reference by one case of a sharer.
fn reference(out: &Path, more: &[&str]) -> support::Said {
    let arguments = ["test", "reference", "--run", CASE, "--out", name(out)];
    run(&[&arguments[..], more].concat())
}

/// Failures, errors and skipped, as a parser that is not ours finds them.
fn junit(out: &Path) -> String {
    let script = "import sys, xml.etree.ElementTree as t; r = t.parse(sys.argv[1]).getroot(); \
        print(r.get('tests'), *(len(list(r.iter(n))) for n in ('failure', 'error', 'skipped')))";
    let path = out.join("junit.xml");
    let found = Command::new("python3")
        .args(["-c", script, name(&path)])
        .output();
    let found = found.expect("python3").stdout;
    String::from_utf8_lossy(&found).trim().to_owned()
}

#[test]
fn zero_if_all_is_as_it_must_be() {
    let out = folder();
    let said = reference(out.path(), &["--repeat", "2"]);
    assert_eq!(said.code, 0, "{}", said.text);
    assert!(
        said.text.trim_end().ends_with("report.html"),
        "{}",
        said.text
    );
    assert!(said.text.contains("\nCONSENT "), "{}", said.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@sharer PASS")]);
    assert_eq!(junit(out.path()), "1 0 0 0");
    let lines = fs::read_to_string(out.path().join("results.jsonl")).expect("results");
    assert_eq!(lines.lines().count(), 2);
    assert!(!out.path().join("bundles").exists());
}

#[test]
fn one_if_something_is_not() {
    let out = folder();
    let driver = liar("has-nothing");
    let arguments = [
        "test",
        "client",
        "--timeout-scale",
        "2",
        "--driver",
        &driver,
        "--run",
        CASE,
        "--out",
        name(out.path()),
    ];
    let said = run(&arguments);
    assert_eq!(said.code, 1, "{}", said.text);
    assert_eq!(junit(out.path()), "1 1 0 0");
}

#[test]
fn an_expectation_counts_as_long_as_it_is_true() {
    let (out, files) = (folder(), folder());
    let file = files.path().join("known.toml");
    let driver = liar("has-nothing");
    let arguments = [
        "test",
        "client",
        "--timeout-scale",
        "2",
        "--driver",
        &driver,
        "--run",
        CASE,
        "--out",
        name(out.path()),
    ];
    let written = run(&[&arguments[..], &["--write-expectations", name(&file)]].concat());
    assert_eq!(written.code, 1, "{}", written.text);
    let expected = run(&[&arguments[..], &["--expect", name(&file)]].concat());
    assert_eq!(expected.code, 0, "{}", expected.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@sharer XFAIL")]);
    assert_eq!(junit(out.path()), "1 0 0 1");
    // The reference passes, which nobody expects.
    let passes = reference(out.path(), &["--expect", name(&file)]);
    assert_eq!(passes.code, 1, "{}", passes.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@sharer XPASS")]);
    assert_eq!(junit(out.path()), "1 1 0 0");
    // Nothing fails, and the file is out of date.
    for (stale, why) in [
        ("case = \"no/such\"", "there is no such case"),
        (
            "case = \"sharer/consent/given\"\nexpires = 2020-01-01",
            "it has expired",
        ),
    ] {
        let text = format!("[[expect]]\n{stale}\nverdict = \"FAIL\"\nreason = \"known\"\n");
        fs::write(&file, text).expect("a file");
        let said = reference(out.path(), &["--expect", name(&file)]);
        assert_eq!(said.code, 1, "{}", said.text);
        assert!(said.text.contains(why), "{}", said.text);
        assert_eq!(report(out.path())["stale"][0]["why"], why);
        assert_eq!(junit(out.path()), "2 1 0 0");
    }
}

#[test]
fn two_if_the_command_is_wrong_or_nothing_was_run() {
    let out = folder();
    let broken = out.path().join("broken.toml");
    fs::write(&broken, "[[expect]]\ncase = 3").expect("a file");
    let (nothing, absent) = (liar("has-nothing"), ["--driver", "no-such-program-here"]);
    for arguments in [
        &["test", "reference", "--run", "no/such/case"][..],
        &["test", "reference", "--no-such-option"],
        &["test", "reference", "--set", "0.9"],
        &["test", "relay"],
        &[&["test", "client"][..], &absent].concat(),
        &["test", "client", "--driver", "python3 'open"],
        &["test", "client", "--driver", &nothing, "--role", "helper"],
        &[
            "test",
            "reference",
            "--run",
            CASE,
            "--expect",
            name(&broken),
        ],
        &["diff", "no-such-file", "no-such-file"],
        &["replay", "no-such-folder"],
        &["decode", name(&broken)],
        &["report", "no-such-folder"],
        &["list", "--req", "NONE-1"],
        &["vectors", "no-such-folder"],
        &[],
    ] {
        let output = suite(arguments)
            .current_dir(out.path())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(!said.is_empty(), "{arguments:?}");
    }
}

#[test]
fn three_if_the_suite_breaks_down() {
    let out = folder();
    let file = out.path().join("file");
    fs::write(&file, "").expect("a file");
    let said = reference(&file, &[]);
    assert_eq!(said.code, 3, "{}", said.text);
    assert!(said.text.contains("file"), "{}", said.text);
}

#[test]
fn what_got_worse_is_one() {
    let (good, bad) = (folder(), folder());
    reference(good.path(), &[]);
    let driver = liar("has-nothing");
    run(&[
        "test",
        "client",
        "--timeout-scale",
        "2",
        "--driver",
        &driver,
        "--run",
        CASE,
        "--out",
        name(bad.path()),
    ]);
    let [good, bad] = [good.path(), bad.path()].map(|path| path.join("report.json"));
    let worse = run(&["diff", name(&good), name(&bad)]);
    assert_eq!(worse.code, 1, "{}", worse.text);
    assert!(worse.text.contains("PASS -> FAIL"), "{}", worse.text);
    assert_eq!(run(&["diff", name(&bad), name(&good)]).code, 0);
    assert_eq!(run(&["diff", name(&good), name(&good)]).text, "");
}

#[test]
fn the_doctor_finds_the_reference_fit() {
    let driver = format!(
        "'{}' reference driver",
        env!("CARGO_BIN_EXE_alongside-conformance")
    );
    let said = run(&["doctor", "--driver", &driver]);
    assert_eq!(said.code, 0, "{}", said.text);
}
