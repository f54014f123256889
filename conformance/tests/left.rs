//! What a run leaves behind.

mod support;

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use support::{beside, liar, report, run, suite, verdicts};

const CASE: &str = "sharer/consent/given";

/// A failure that comes of saying something else to what is under test.
struct Failure {
    test: &'static str,
    /// The option that starts a part of the reference, and which part.
    program: (&'static str, &'static str),
    target: &'static str,
    case: &'static str,
    verdict: &'static str,
    /// What the suite says, and what is heard.
    instead: (&'static str, &'static str),
}

/// The names and texts of its logs of QUIC.
fn qlogs(failure: &Failure) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name");
    let (falsifier, (says, hears)) = (beside("falsifier.py"), failure.instead);
    let (option, part) = failure.program;
    // The relay of the reference says itself where it listens.
    let place = if option == "--relay-cmd" {
        "env PLACE={listen} "
    } else {
        ""
    };
    let program = format!(
        "{place}python3 {} '{says}' '{hears}' '{}' reference {part}",
        falsifier.display(),
        env!("CARGO_BIN_EXE_alongside-conformance"),
    );
    let common = ["--timeout-scale", "1", "--role", failure.target];
    let one = ["--run", failure.case, "--out", out];
    let said = run(&[&["test", failure.test, option, &program], &common[..], &one].concat());
    let verdict = format!("{}@{} {}", failure.case, failure.target, failure.verdict);
    assert_eq!(verdicts(folder.path()), [verdict], "{}", said.text);
    let name = format!("bundles/{}@{}", failure.case, failure.target);
    let bundle = folder.path().join(name);
    let readme = fs::read_to_string(bundle.join("README.md")).expect("a file");
    assert!(readme.contains("| `*.sqlog` |"), "{readme}");
    // A relay that was told to drain is given up before anybody reads this.
    let stdio = fs::read_to_string(bundle.join("stdio.log")).expect("a file");
    assert!(stdio.contains(says), "{stdio}");
    let files = fs::read_dir(&bundle).expect("a folder");
    let files = files.map(|file| file.expect("a file").path());
    let mut found: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "sqlog"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), fs::read_to_string(&path).expect("text"))
        })
        .collect();
    found.sort();
    found
}

/// Whether packets of a handshake went both ways, by the records of a log.
fn has_handshake(qlog: &str) -> bool {
    let records = qlog.split('\u{1e}').filter(|record| !record.is_empty());
    let records: Vec<Value> = records
        .map(|record| serde_json::from_str(record).expect("JSON"))
        .collect();
    assert_eq!(records[0]["qlog_format"], "JSON-SEQ");
    let went = |name: &str| {
        let mut packets = records.iter().filter(|one| one["name"] == name);
        packets.any(|one| one["data"]["header"]["packet_type"] == "handshake")
    };
    went("transport:packet_sent") && went("transport:packet_received")
}

#[test]
fn a_failure_of_a_client_has_the_log_of_its_relay() {
    let logs = qlogs(&Failure {
        test: "client",
        program: ("--driver", "driver"),
        target: "sharer",
        case: CASE,
        verdict: "TIMEOUT",
        instead: ("\"op\":\"consent\"", "\"op\":\"revoke\""),
    });
    let [(name, qlog)] = &logs[..] else {
        panic!("{logs:?}");
    };
    assert_eq!(name, "relay.sqlog");
    assert!(has_handshake(qlog), "{qlog}");
}

#[test]
fn a_failure_of_a_relay_has_the_log_of_each_of_its_clients() {
    let logs = qlogs(&Failure {
        test: "relay",
        program: ("--relay-cmd", "relay {setup}"),
        target: "relay",
        case: "relay/drain/outside",
        verdict: "FAIL",
        instead: ("\"op\":\"drain\"", "\"op\":\"reload\""),
    });
    let names: Vec<_> = logs.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        names.starts_with(&["client-0.sqlog", "client-1.sqlog"]),
        "{names:?}"
    );
    for (name, qlog) in &logs {
        assert!(has_handshake(qlog), "{name}: {qlog}");
    }
}

#[test]
fn a_bundle_can_be_read_without_the_driver() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name");
    let driver = liar("breaks-down");
    let common = ["--run", CASE, "--seed", "7", "--out", out];
    run(&[&["test", "client", "--driver", &driver][..], &common].concat());
    let bundle = folder.path().join("bundles/sharer/consent/given@sharer");
    let readme = fs::read_to_string(bundle.join("README.md")).expect("a file");
    let again = format!(
        "test client --driver '{driver}' --role sharer --run {} --seed 7",
        CASE
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
fn a_failed_setup_has_the_last_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name");
    let common = ["--role", "sharer", "--run", CASE, "--out", out];
    let said = run(&[&["test", "client", "--driver", &liar("crash")][..], &common].concat());
    let stdio = folder.path().join("bundles/setup@sharer/stdio.log");
    let stdio = fs::read_to_string(stdio).expect(&said.text);
    for wanted in ["> {\"id\":1,\"op\":\"hello\"", "! there is no display"] {
        assert!(stdio.contains(wanted), "{wanted} is not in {stdio}");
    }
}

/// The client of a case that nobody else has broken is not held against the next.
#[test]
fn a_client_that_ends_in_the_fresh_session_is_started_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name");
    let driver = format!(
        "python3 {} open 2 '{}' reference driver",
        beside("leaving.py").display(),
        env!("CARGO_BIN_EXE_alongside-conformance"),
    );
    let (negative, other) = ("client/hello/again", CASE);
    let cases = ["--run", negative, "--run", other, "--role", "sharer"];
    let common = ["--jobs", "1", "--out", out];
    let said = run(&[
        &["test", "client", "--driver", &driver][..],
        &cases,
        &common,
    ]
    .concat());
    let mut found = verdicts(folder.path());
    found.sort();
    let wanted = [
        format!("{negative}@sharer FAIL"),
        format!("{other}@sharer PASS"),
    ];
    assert_eq!(found, wanted, "{}", said.text);
    assert!(said.text.contains("ERROR-2"), "{}", said.text);
    let bundle = folder.path().join(format!("bundles/{negative}@sharer"));
    let read = |name: &str| fs::read_to_string(bundle.join(name)).expect("a file");
    // What was said in the fresh session, which was opened and no more.
    let capture = read("transcript.json");
    assert!(capture.contains("driver: open"), "{capture}");
    assert!(!capture.contains("connected"), "{capture}");
    assert!(read("stdio.log").contains("! that is enough"));
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
        // Nobody tells this process of a line in a file.
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
