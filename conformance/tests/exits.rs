//! What the suite ends with, and what it leaves, in each situation.

mod support;

use std::{fs, path::Path, process::Command};

use support::{beside, liar, report, run, suite, verdicts};
use tempfile::TempDir;

const CASE: &str = "sharer/consent/scopes";

/// What the suite says and what is heard, once in the case.
const LOSES_JOIN: &str = "'\"op\":\"join\"' '\"op\":\"lost\"'";

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

/// Cases, failures, errors and skipped, as a program that is not ours finds them in a file of the right form.
fn junit(out: &Path) -> String {
    let script = beside("junit.py");
    let path = out.join("junit.xml");
    let found = Command::new("python3").arg(script).arg(path).output();
    let found = found.expect("python3");
    let why = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{why}");
    String::from_utf8_lossy(&found.stdout).trim().to_owned()
}

/// A part of the reference behind a script of this folder.
fn behind(script: &str, part: &str) -> String {
    let (script, arguments) = script.split_once(' ').expect("arguments");
    format!(
        "python3 {} {arguments} '{}' reference {part}",
        beside(script).display(),
        env!("CARGO_BIN_EXE_alongside-conformance")
    )
}

/// A verdict, and what it means for who runs the suite.
struct Situation {
    verdict: &'static str,
    /// What is tested, and how that is started.
    test: [&'static str; 2],
    program: String,
    case: &'static str,
    more: &'static [&'static str],
    code: i32,
    junit: &'static str,
}

#[test]
fn each_verdict_ends_as_the_guide_says() {
    let counts = folder();
    let second = counts.path().join("count");
    let later = format!("falsifier.py --from {} 2 {LOSES_JOIN}", name(&second));
    let client = ["client", "--driver"];
    let situations = [
        Situation {
            verdict: "UNSUPPORTED",
            test: client,
            program: behind("lacking.py chat", "driver"),
            case: "client/chat/written",
            more: &["--role", "sharer"],
            code: 2,
            junit: "1 0 0 1",
        },
        Situation {
            verdict: "UNTESTABLE",
            test: client,
            program: behind("lacking.py reconnect", "driver"),
            case: "client/again/back",
            more: &["--role", "sharer"],
            code: 1,
            junit: "1 0 1 0",
        },
        Situation {
            verdict: "TIMEOUT",
            test: client,
            program: liar("does-nothing"),
            case: CASE,
            more: &["--timeout-scale", "0.1"],
            code: 1,
            junit: "1 1 0 0",
        },
        Situation {
            verdict: "CRASH",
            test: client,
            program: liar("breaks-down"),
            case: CASE,
            more: &[],
            code: 1,
            junit: "1 0 1 0",
        },
        Situation {
            verdict: "BLOCKED",
            test: client,
            program: liar("crash"),
            case: CASE,
            more: &[],
            code: 1,
            // The setup, which is why, is one as well.
            junit: "2 0 2 0",
        },
        Situation {
            verdict: "FLAKY",
            test: client,
            program: behind(&later, "driver"),
            case: CASE,
            more: &["--repeat", "2"],
            code: 1,
            junit: "1 1 0 0",
        },
        Situation {
            verdict: "HARNESS_ERROR",
            test: ["relay", "--relay-cmd"],
            // The relay of the reference says itself where it listens.
            program: format!(
                "env PLACE={{listen}} {}",
                behind("unwritable.py {setup}", "relay {setup}")
            ),
            case: "relay/connection/waiting/its-device-is-registered-no-more",
            more: &[],
            code: 3,
            junit: "1 0 1 0",
        },
    ];
    for one in situations {
        let out = folder();
        let [test, option] = one.test;
        let common = ["--run", one.case, "--out", name(out.path())];
        let arguments = [&["test", test, option, &one.program], &common[..], one.more];
        let said = run(&arguments.concat());
        let verdict = one.verdict;
        assert_eq!(said.code, one.code, "{verdict}: {}", said.text);
        let found = verdicts(out.path());
        let is_there = found
            .iter()
            .any(|line| line.starts_with(one.case) && line.ends_with(&format!(" {verdict}")));
        assert!(is_there, "{verdict}: {found:?}: {}", said.text);
        assert_eq!(junit(out.path()), one.junit, "{verdict}");
    }
}

/// What is not supported is no failure beside something that passes.
#[test]
fn zero_if_what_is_left_out_may_be() {
    let out = folder();
    let driver = behind("lacking.py chat", "driver");
    let arguments = ["test", "client", "--driver", &driver, "--role", "sharer"];
    let cases = ["--run", CASE, "--run", "client/chat/written"];
    let said = run(&[&arguments[..], &cases, &["--out", name(out.path())]].concat());
    assert_eq!(said.code, 0, "{}", said.text);
    assert_eq!(junit(out.path()), "2 0 0 1");
}

/// The next seed is taken each time, until the driver does not know how to join any more.
#[test]
fn it_repeats_until_something_fails() {
    let (out, counts) = (folder(), folder());
    let counted = counts.path().join("count");
    let third = format!("falsifier.py --from {} 3 {LOSES_JOIN}", name(&counted));
    let driver = behind(&third, "driver");
    let arguments = ["test", "client", "--driver", &driver, "--seed", "40"];
    let case = ["--run", CASE, "--repeat-until-failure"];
    let said = run(&[&arguments[..], &case, &["--out", name(out.path())]].concat());
    assert_eq!(said.code, 1, "{}", said.text);
    assert_eq!(report(out.path())["outcomes"][0]["verdict"], "FAIL");
    assert_eq!(report(out.path())["outcomes"][0]["seed"], 42);
}

/// What is drawn follows from the seed, and how many drivers are started from the jobs.
#[test]
fn seeds_and_jobs_are_followed() {
    let counts = folder();
    let drivers = |jobs: &str, seed: &str| {
        let (out, captures) = (folder(), folder());
        let counted = counts.path().join(format!("{jobs}-{seed}"));
        let hello = "\"op\":\"hello\"";
        let counting = format!(
            "falsifier.py --from {} 1 '{hello}' '{hello}'",
            name(&counted)
        );
        let driver = behind(&counting, "driver");
        let arguments = ["test", "client", "--driver", &driver, "--role", "sharer"];
        let cases = ["--run", "sharer/consent/", "--jobs", jobs, "--seed", seed];
        let kept = [
            "--captures",
            name(captures.path()),
            "--out",
            name(out.path()),
        ];
        let said = run(&[&arguments[..], &cases, &kept].concat());
        assert_eq!(said.code, 0, "{}", said.text);
        let capture = captures.path().join("sharer-consent-scopes@sharer.json");
        let capture = fs::read_to_string(capture).expect("a capture");
        let code = capture.split("driver: join ").nth(1).expect("a join");
        let code = code.split('}').next().unwrap_or_default().to_owned();
        let started = fs::metadata(counted).expect("a count").len();
        (started, code)
    };
    let (alone, code) = drivers("1", "7");
    // One before all cases, and one for all of them.
    assert_eq!(alone, 2);
    let (many, same) = drivers("3", "7");
    assert!((3..=4).contains(&many), "{many} drivers");
    assert_eq!(same, code);
    assert_ne!(drivers("1", "8").1, code);
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
    // It fails in another way than was expected.
    let text = fs::read_to_string(&file).expect("a file");
    let other = files.path().join("other.toml");
    fs::write(&other, text.replace("\"FAIL\"", "\"TIMEOUT\"")).expect("a file");
    let unmatched = run(&[&arguments[..], &["--expect", name(&other)]].concat());
    assert_eq!(unmatched.code, 1, "{}", unmatched.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@sharer FAIL")]);
    let why = report(out.path())["stale"][0]["why"].to_string();
    let begins = why.starts_with("\"no TIMEOUT that matches came of it, but FAIL: ");
    assert!(begins, "{why}");
    assert_eq!(junit(out.path()), "2 2 0 0");
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
            "it has expired on 2020-01-01: take it out, or give it a later day",
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
        &["list", "--run", CASE, "--run", "no/such/case"],
        &["list", "--skip", "no/such/case"],
        &["test", "reference", "--level", "OUGHT"],
        &["test", "reference", "--jobs", "0"],
        &["test", "reference", "--timeout-scale", "0"],
        &["test", "reference", "--run", CASE, "--out", name(&broken)],
        &[
            "test",
            "relay",
            "--relay-url",
            "localhost",
            "--certificate",
            "5d",
        ],
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
    let taken = out.path().join("results.jsonl");
    fs::create_dir(&taken).expect("a folder in the place of a file");
    let said = reference(out.path(), &[]);
    assert_eq!(said.code, 3, "{}", said.text);
    assert!(said.text.contains(name(out.path())), "{}", said.text);
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
