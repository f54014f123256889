//! Drivers that lie get exactly the verdict that they deserve.

mod support;

use support::{beside, liar, run, verdicts};

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
    caught("has-nothing", "2", None, "FAIL", "\"open\" is unsupported");
}

/// Its setup passes, and what it lacks is all that is said of it.
#[test]
fn a_driver_may_write_what_is_no_text_to_standard_error() {
    caught("mumbles", "2", None, "FAIL", "\"open\" is unsupported");
}

#[test]
fn a_driver_that_tells_without_end_is_not_heard_for_ever() {
    caught("floods", "0.2", None, "TIMEOUT", "waited in vain for a");
}

#[test]
fn a_capability_that_was_mistyped_fails() {
    let why = "there is no capability \"clocks\"; is \"clock\" meant?";
    caught("mistypes", "2", Some("FAIL"), "BLOCKED", why);
}

#[test]
fn a_driver_that_tells_what_it_may_not_fails() {
    for (lie, why) in [
        ("tells-half", "the event \"phrase\" has no field \"words\""),
        (
            "tells-elsewhere",
            "of a session \"another\", which was not opened",
        ),
        ("tells-early", "tells \"connected\" before it has answered"),
        (
            "tells-of-a-helper",
            "\"code\" is an event of a helper, and this is a sharer",
        ),
    ] {
        caught(lie, "2", None, "FAIL", why);
    }
}

#[test]
fn a_driver_that_answers_twice_fails() {
    let why = "no command 2 waits for an answer: each command has one, with its id";
    caught("answers-twice", "2", None, "FAIL", why);
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
