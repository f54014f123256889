//! Drivers that lie get exactly the verdict that they deserve.

mod support;

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use support::{beside, liar, report, run, suite, verdicts};

const CASES: [&str; 2] = ["client/hello/first", "sharer/consent/given"];

/// What becomes of the setup, and of each case.
fn caught(lie: &str, scale: &str, setup: Option<&str>, case: &str, why: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name");
    let driver = liar(lie);
    let mut arguments = vec!["test", "client", "--driver", &driver, "--out", out];
    arguments.extend(["--timeout-scale", scale]);
    for case in CASES {
        arguments.extend(["--run", case]);
    }
    let said = run(&arguments);
    let mut wanted: Vec<_> = CASES
        .iter()
        .map(|id| format!("{id}@sharer {case}"))
        .collect();
    if let Some(verdict) = setup {
        let setups = ["helper", "sharer"].map(|role| format!("setup@{role} {verdict}"));
        wanted = [
            &setups[..],
            &[format!("{}@helper {case}", CASES[0])],
            &wanted,
        ]
        .concat();
    }
    wanted.sort();
    let mut found = verdicts(folder.path());
    found.sort();
    assert_eq!(found, wanted, "{lie}: {}", said.text);
    assert_eq!(said.code, 1, "{lie}: {}", said.text);
    assert!(
        said.text.contains(why),
        "{lie}: {why} is not in {}",
        said.text
    );
}

#[test]
fn a_silent_driver_is_not_waited_for_twice() {
    caught(
        "silent",
        "0.02",
        Some("TIMEOUT"),
        "BLOCKED",
        "waited in vain for an answer to \"hello\"",
    );
}

#[test]
fn a_driver_that_talks_nonsense_fails() {
    caught("garbage", "2", Some("FAIL"), "BLOCKED", "coffee?");
}

#[test]
fn a_driver_that_ends_has_crashed() {
    caught(
        "crash",
        "2",
        Some("CRASH"),
        "BLOCKED",
        "there is no display",
    );
}

#[test]
fn a_driver_that_says_ok_to_everything_fails() {
    caught(
        "always-ok",
        "2",
        Some("FAIL"),
        "BLOCKED",
        "which is no command",
    );
}

#[test]
fn a_driver_that_rejects_everything_fails() {
    caught(
        "always-reject",
        "2",
        Some("FAIL"),
        "BLOCKED",
        "which is no command",
    );
}

#[test]
fn a_client_that_does_nothing_is_waited_for_in_vain() {
    caught(
        "does-nothing",
        "1",
        None,
        "TIMEOUT",
        "waited in vain for a connection",
    );
}

#[test]
fn a_client_that_rejects_what_it_must_do_does_not_pass() {
    caught(
        "rejects",
        "1",
        None,
        "TIMEOUT",
        "it says that it may not: not now",
    );
}

#[test]
fn a_client_that_has_nothing_is_not_excused() {
    caught("has-nothing", "2", None, "FAIL", "it does not have open");
}

#[test]
fn a_client_that_breaks_down_is_started_anew_for_each_case() {
    caught("breaks-down", "2", None, "CRASH", "out of memory");
}

#[test]
fn a_slow_client_is_waited_for_in_vain() {
    caught(
        "slow",
        "1",
        None,
        "TIMEOUT",
        "waited in vain for an answer to \"open\"",
    );
}

#[test]
fn a_driver_that_invents_events_fails() {
    caught("invents", "2", None, "FAIL", "there is no event \"happy\"");
}

/// Asked for what a code says it answers what a link says, of which most codes are none.
#[test]
fn a_client_that_computes_something_else_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name");
    let driver = format!(
        "python3 {} '\"kind\":\"code\"' '\"kind\":\"link\"' '{}' reference driver",
        beside("falsifier.py").display(),
        env!("CARGO_BIN_EXE_alongside-conformance"),
    );
    let common = ["--role", "sharer", "--out", out];
    let cases = ["--run", "client/vector/code", "--run", "client/vector/link"];
    let arguments = ["test", "client", "--driver", &driver];
    let said = run(&[&arguments[..], &cases, &common].concat());
    assert_eq!(said.code, 1, "{}", said.text);
    let [code, link] = [cases[1], cases[3]];
    let mut found = verdicts(folder.path());
    found.sort();
    let wanted = [format!("{code}@sharer FAIL"), format!("{link}@sharer PASS")];
    assert_eq!(found, wanted, "{}", said.text);
    let why = "for the vector \"code/shown\"; it answers {\"error\":";
    assert!(said.text.contains(why), "{}", said.text);
}

#[test]
fn a_bundle_can_be_read_without_the_driver() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name");
    let driver = liar("breaks-down");
    let common = ["--run", CASES[1], "--seed", "7", "--out", out];
    run(&[&["test", "client", "--driver", &driver][..], &common].concat());
    let bundle = folder.path().join("bundles/sharer/consent/given@sharer");
    let readme = fs::read_to_string(bundle.join("README.md")).expect("a file");
    let again = format!(
        "test client --driver '{driver}' --role sharer --run {} --seed 7",
        CASES[1]
    );
    for wanted in [&again, "[CONSENT-2] ", "spec/05-session.md#"] {
        assert!(readme.contains(wanted), "{wanted} is not in {readme}");
    }
    let stdio = fs::read_to_string(bundle.join("stdio.log")).expect("a file");
    assert!(stdio.contains("\"op\":\"open\""), "{stdio}");
    assert!(stdio.contains("! out of memory"), "{stdio}");
    let replayed = run(&["replay", bundle.to_str().expect("a name")]);
    assert_eq!(replayed.code, 0, "{}", replayed.text);
    for wanted in ["driver: open", "CRASH", "out of memory"] {
        assert!(
            replayed.text.contains(wanted),
            "{wanted} is not in {}",
            replayed.text
        );
    }
}

#[test]
fn a_run_that_is_killed_keeps_its_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name");
    let driver = liar("does-nothing");
    let common = ["--run", "sharer/", "--jobs", "1", "--out", out];
    let arguments = [&["test", "client", "--driver", &driver][..], &common].concat();
    let mut running = suite(&arguments).spawn().expect("it starts");
    let results = folder.path().join("results.jsonl");
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::read_to_string(&results)
        .unwrap_or_default()
        .lines()
        .count()
        < 2
    {
        assert!(Instant::now() < deadline, "no case is done");
        thread::sleep(Duration::from_millis(20));
    }
    running.kill().expect("it runs");
    running.wait().expect("it ends");
    assert!(
        !folder.path().join("report.json").exists(),
        "it was over already"
    );
    // As if the end of the last line had not reached the disk.
    let mut text = fs::read_to_string(&results).expect("results");
    text.push_str("{\"case\":\"sharer/cons");
    fs::write(&results, text).expect("results");
    let said = run(&["report", out]);
    assert_eq!(said.code, 1, "{}", said.text);
    let outcomes = report(folder.path())["outcomes"]
        .as_array()
        .map_or(0, Vec::len);
    assert!(outcomes >= 1);
    for file in ["junit.xml", "report.html"] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
}

#[test]
fn the_doctor_names_the_step_and_what_to_do() {
    for (lie, scale, step, next) in [
        (
            "silent",
            "0.02",
            "it starts, and answers hello",
            "be flushed",
        ),
        (
            "always-ok",
            "2",
            "a command that there is not",
            "unsupported",
        ),
        (
            "rejects",
            "1",
            "as a sharer it takes `open`",
            "answer before it connects",
        ),
        (
            "does-nothing",
            "1",
            "after `join` it connects",
            "by its SHA-256 alone",
        ),
    ] {
        let said = run(&["doctor", "--timeout-scale", scale, "--driver", &liar(lie)]);
        assert_eq!(said.code, 1, "{lie}: {}", said.text);
        let failed = said.text.split("FAILED  ").nth(1).unwrap_or_default();
        assert!(failed.starts_with(step), "{lie}: {}", said.text);
        assert!(failed.contains(next), "{lie}: {}", said.text);
    }
}
