//! `cite`: what it writes, what it leaves, and that it does nothing twice.

use crate::fixture::{CHAPTER, CODE, Fixture};

/// The hashes of the fixture's sentences, from `printf '%s' 'The sharer …' | sha256sum`.
const HASH_1: &str = "55f4c40c";
const HASH_2: &str = "b25e85bc";

fn full(id: &str, hash: &str) -> String {
    format!("spec/session.md#consent [{id}] {hash}")
}

#[test]
fn expands_in_place() {
    let fixture = Fixture::sound();
    let before = [
        "mod a {",
        "    //= CONSENT-1 CONSENT-2",
        "    fn a() {}",
        "\t//=  test   CONSENT-2",
        "}",
        "//= CONSENT-1",
    ];
    fixture.put(CODE, &before.join("\n"));
    let run = fixture.run(&["cite"]);
    run.succeeds();
    let one = full("CONSENT-1", HASH_1);
    let two = full("CONSENT-2", HASH_2);
    let after = [
        "mod a {",
        &format!("    //= {one}"),
        &format!("    //= {two}"),
        "    fn a() {}",
        &format!("\t//= test {two}"),
        "}",
        &format!("//= {one}"),
    ];
    assert_eq!(fixture.get(CODE), after.join("\n"));
    assert!(
        run.out
            .starts_with("crates/a/src/lib.rs:2: [CONSENT-1] expanded\n"),
        "{}",
        run.out
    );
    assert!(
        run.out
            .ends_with("spec cite: 4 citations rewritten in 1 file: 0 errors\n")
    );

    let again = fixture.run(&["cite"]);
    again.succeeds();
    assert_eq!(fixture.get(CODE), after.join("\n"));
    assert_eq!(
        again.out,
        "spec cite: 0 citations rewritten in 0 files: 0 errors\n"
    );
}

#[test]
fn keeps_line_endings() {
    let fixture = Fixture::sound();
    fixture.put(
        "x.py",
        "#= CONSENT-1 CONSENT-2\r\npass\r\n#= CONSENT-1 CONSENT-2",
    );
    fixture.run(&["cite"]).succeeds();
    let one = full("CONSENT-1", HASH_1);
    let two = full("CONSENT-2", HASH_2);
    let after = format!("#= {one}\r\n#= {two}\r\npass\r\n#= {one}\n#= {two}");
    assert_eq!(fixture.get("x.py"), after);
}

#[test]
fn leaves_what_it_cannot_complete() {
    let fixture = Fixture::sound();
    let before = "//= CONSENT-1 CONSENT-4\n//= CONSENT-4\n//= x\n";
    fixture.put(CODE, before);
    let run = fixture.run(&["cite"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(fixture.get(CODE), before);
    let errors = run.errors();
    assert_eq!(errors.len(), 3, "{}", run.out);
    assert!(errors[0].starts_with("crates/a/src/lib.rs:1: no requirement [CONSENT-4]"));
    assert!(errors[1].starts_with("crates/a/src/lib.rs:2: no requirement [CONSENT-4]"));
    assert!(errors[2].starts_with("crates/a/src/lib.rs:3: malformed citation"));
}

#[test]
fn completes_the_rest_beside_an_error() {
    let fixture = Fixture::sound();
    fixture.put(CODE, "//= CONSENT-4\n//= CONSENT-1\n");
    assert_eq!(fixture.run(&["cite"]).code, Some(1));
    let one = full("CONSENT-1", HASH_1);
    assert_eq!(fixture.get(CODE), format!("//= CONSENT-4\n//= {one}\n"));
}

#[test]
fn does_not_cite_a_broken_requirement() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "MUST ask", "asks");
    fixture.put(CODE, "//= CONSENT-1\n");
    let run = fixture.run(&["cite"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("[CONSENT-1] has errors in the text"),
        "{}",
        run.out
    );
    assert_eq!(fixture.get(CODE), "//= CONSENT-1\n");
}

#[test]
fn renews_only_what_is_accepted() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "first frame", "second frame");
    fixture.replace(CHAPTER, "what it forwards", "what it carries");
    fixture.run(&["write"]).succeeds();
    let stale = fixture.get(CODE);

    let run = fixture.run(&["cite"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.errors().len(), 4, "{}", run.out);
    assert_eq!(fixture.get(CODE), stale);

    let run = fixture.run(&["cite", "--accept", "CONSENT-2"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out
            .contains("crates/a/src/lib.rs:2: [CONSENT-2] accepted\n")
    );
    assert!(fixture.get(CODE).contains(HASH_1));
    assert!(!fixture.get(CODE).contains(HASH_2));

    fixture
        .run(&["cite", "--accept", "CONSENT-1", "--accept", "CONSENT-2"])
        .succeeds();
    assert!(!fixture.get(CODE).contains(HASH_1));
    fixture.is_sound();

    fixture.put(CODE, &stale);
    fixture.run(&["cite", "--accept-all"]).succeeds();
    fixture.is_sound();
}

#[test]
fn mends_a_moved_section_by_itself() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "{#consent}", "{#agreement}");
    fixture.run(&["write"]).succeeds();
    assert_eq!(fixture.run(&["check"]).errors().len(), 4);
    let run = fixture.run(&["cite"]);
    run.succeeds();
    assert!(
        run.out
            .contains("[CONSENT-1] moved to spec/session.md#agreement\n"),
        "{}",
        run.out
    );
    fixture.is_sound();
}

#[test]
fn only_in_these_paths() {
    let fixture = Fixture::sound();
    for path in ["crates/b/x.rs", "crates/b/y.rs", "crates/bb/x.rs"] {
        fixture.put(path, "//= CONSENT-3\n");
    }
    let is_short = |path| fixture.get(path) == "//= CONSENT-3\n";
    fixture.run(&["cite", "crates/b/x.rs"]).succeeds();
    assert!(!is_short("crates/b/x.rs") && is_short("crates/b/y.rs"));
    fixture.run(&["cite", "crates/b"]).succeeds();
    assert!(!is_short("crates/b/y.rs") && is_short("crates/bb/x.rs"));

    let run = fixture.run(&["cite", "crates/none.rs"]);
    assert_eq!(run.code, Some(2), "{}", run.err);
    let run = fixture.run(&["cite", "spec"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.err.contains("no file there that can hold citations"),
        "{}",
        run.err
    );
}

#[test]
fn accepts_only_ids_that_are_there() {
    let fixture = Fixture::sound();
    let run = fixture.run(&["cite", "--accept", "CONSENT-4"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.err.contains("--accept CONSENT-4: no requirement"),
        "{}",
        run.err
    );
    let run = fixture.run(&["cite", "--accept", "CONSENT-1", "--accept-all"]);
    assert_eq!(run.code, Some(2));
}
