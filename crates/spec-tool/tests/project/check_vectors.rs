//! Errors in the test vectors.

use crate::fixture::Fixture;

const FILE: &str = "spec/vectors/code.json";

const SOUND: &str = r#"{
  "format": 1,
  "kind": "code",
  "vectors": [
    { "id": "code/a", "about": "a", "shows": ["CONSENT-1"], "input": {}, "output": {} },
    { "id": "code/b", "about": "b", "shows": ["CONSENT-2"], "input": {},
      "error": { "name": "done", "requirement": "CONSENT-2" } }
  ]
}
"#;

fn with(changed: &str, into: &str) -> Fixture {
    assert!(SOUND.contains(changed));
    let fixture = Fixture::sound();
    fixture.put(FILE, &SOUND.replace(changed, into));
    fixture
}

#[test]
fn it_counts_vectors_by_kind() {
    let run = with("code/a", "code/a").run(&["check"]);
    run.succeeds();
    let counts = "counted vectors / valid: 1 code\ncounted vectors / invalid: 1 code\n";
    assert!(run.out.contains(counts), "{}", run.out);
}

#[test]
fn a_requirement_that_is_not_there() {
    with("\"CONSENT-1\"", "\"CONSENT-7\"").has_error(
        "spec/vectors/code.json:5",
        &["code/a", "no requirement [CONSENT-7]"],
    );
    with(
        "\"requirement\": \"CONSENT-2\"",
        "\"requirement\": \"CODE-9\"",
    )
    .has_error(
        "spec/vectors/code.json:6",
        &["code/b", "[CODE-9] is retired"],
    );
}

#[test]
fn an_error_that_is_not_there() {
    with("\"done\"", "\"undone\"").has_error("spec/vectors/code.json:6", &["no error undone"]);
}

#[test]
fn an_id_stands_once() {
    with("code/b", "code/a").has_error("spec/vectors/code.json:5", &["code/a", "already"]);
    let fixture = with("code/a", "code/c");
    fixture.put("spec/vectors/independent/code.json", SOUND);
    fixture.has_error(
        "spec/vectors/independent/code.json:6",
        &["code/b", "spec/vectors/code.json"],
    );
}
