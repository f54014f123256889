//! Errors in what is said of where requirements are seen, and in what the model names.

use std::fs;

use crate::fixture::{Fixture, SEEN};

/// Says this of the area, in place of what the sound fixture says.
fn with(text: &str) -> Fixture {
    let fixture = Fixture::sound();
    fixture.put(SEEN, &format!("# Where.\n[CONSENT]\n{text}\n"));
    // The generated file is not what is looked at.
    fixture.run(&["write"]);
    fixture
}

/// Holds that this is one error, on this line of the file.
#[track_caller]
fn bad(text: &str, line: usize, says: &str) {
    let fixture = with(text);
    let run = fixture.run(&["check"]);
    let errors = run.errors();
    let errors: Vec<_> = errors
        .iter()
        .filter(|e| !e.contains("requirements.json:"))
        .collect();
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert_eq!(errors.len(), 1, "{}", run.out);
    assert!(
        errors[0].starts_with(&format!("{SEEN}:{line}: ")),
        "{}",
        run.out
    );
    assert!(errors[0].contains(says), "no {says:?} in {}", run.out);
    let run = fixture.run(&["write"]);
    assert_eq!(run.code, Some(1), "{}", run.out);
}

#[test]
fn a_role_speaks_for_its_requirements_and_an_id_for_itself() {
    let fixture = with("sharer = \"wire\"\nrelay = \"driver\"\nCONSENT-3 = { none = \"so\" }");
    fixture.is_sound();
    let run = fixture.run(&["check"]);
    let counts = "\ncounted seen by: 1 wire, 1 driver, 1 none\n";
    assert!(run.out.contains(counts), "{}", run.out);
}

#[test]
fn every_requirement_is_seen_somewhere_or_nowhere() {
    let fixture = with("sharer = \"wire\"");
    let run = fixture.run(&["check"]);
    let says = "spec/session.md:7: [CONSENT-2] has no observability: say in spec/observability.toml under \
        [CONSENT], for relay or for CONSENT-2";
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert!(run.out.contains(says), "{}", run.out);
    assert_eq!(fixture.run(&["write"]).code, Some(1));
    with("sharer = \"wire\"\nCONSENT-2 = \"wire\"").is_sound();

    let fixture = Fixture::sound();
    fs::remove_file(fixture.path(SEEN)).expect("a file");
    let run = fixture.run(&["check"]);
    let says = "spec/observability.toml:1: is not there";
    assert!(run.out.contains(says), "{}", run.out);
}

#[test]
fn nowhere_has_a_reason() {
    let rest = "relay = \"wire\"\nsharer = ";
    let says = "sharer: none needs a reason";
    for none in [
        "\"none\"",
        "{ none = \"\" }",
        "{ none = \" \" }",
        "{ none = 3 }",
        "{}",
    ] {
        bad(&format!("{rest}{none}"), 4, says);
    }
    bad(&format!("{rest}{{ none = \"a\", why = \"b\" }}"), 4, says);
    with(&format!("{rest}{{ none = \"a\" }}")).is_sound();
}

#[test]
fn what_is_said_is_known() {
    let all = "relay = \"wire\"\nsharer = \"wire\"\n";
    bad(
        "relay = \"wire\"\nsharer = \"air\"",
        4,
        "sharer: \"air\" is none of wire, driver",
    );
    bad("relay = \"wire\"\nsharer = 3", 4, "sharer: write a name");
    bad(
        &format!("{all}CONSENT-7 = \"driver\""),
        5,
        "no requirement [CONSENT-7]",
    );
    bad(
        &format!("{all}CODE-9 = \"driver\""),
        5,
        "[CODE-9] is retired",
    );
    bad(
        &format!("{all}[CODE]\nCONSENT-1 = \"driver\""),
        6,
        "[CONSENT-1] is not of this area",
    );
    bad(
        &format!("{all}encoder = \"driver\""),
        5,
        "no requirement of CONSENT takes",
    );
    bad(
        &format!("{all}[CODE]\nrelay = \"driver\""),
        6,
        "no requirement of CODE takes",
    );
    bad(
        &format!("{all}CONSENT-1 = \"wire\""),
        5,
        "CONSENT-1 says what sharer says already",
    );
    bad(
        &format!("{all}CONSENT-2 = \"driver\""),
        3,
        "takes what is said for relay",
    );
    bad(&format!("{all}relay = \"wire\""), 5, "duplicate");
}

/// Nothing can be seen in a vector that is not there.
#[test]
fn what_is_seen_in_vectors_is_in_one() {
    let fixture = with("relay = \"vector\"\nsharer = \"wire\"");
    let says = ["[CONSENT-2] is seen in vectors", "no vector shows it"];
    fixture.has_error("spec/session.md:7", &says);
    let vector = "{ \"id\": \"code/a\", \"shows\": [\"CONSENT-2\"] }";
    let file = format!("{{ \"kind\": \"code\", \"vectors\": [{vector}] }}");
    fixture.put("spec/vectors/code.json", &file);
    fixture.is_sound();
}

#[test]
fn the_model_names_requirements_that_are_there() {
    let fixture = Fixture::sound();
    let module = "---- MODULE M ----\n(* CONSENT-1 by SHA-256 *)\nAsk(x) == x\n====\n";
    fixture.put("spec/model/M.tla", module);
    fixture.is_sound();
    fixture.replace("spec/model/M.tla", "CONSENT-1", "CONSENT-1, CONSENT-7");
    fixture.has_error("spec/model/M.tla:2", &["no requirement [CONSENT-7]"]);
}
