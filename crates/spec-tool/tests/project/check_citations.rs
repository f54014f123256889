//! Errors in citations, in what is not cited, and in the generated file.

use std::fs;

use crate::fixture::{CHAPTER, CODE, Fixture, JSON, REGISTRY};

#[test]
fn sound() {
    let run = Fixture::sound().run(&["check"]);
    run.succeeds();
    assert_eq!(
        run.out,
        "counted requirements: 3 in all, 1 MUST, 1 MUST NOT, 1 MAY, 2 cited, 2 implemented, 2 tested\n\
        counted seen by: 3 wire\n\
        counted features: 1 in all, 1 open\n\
        spec check: 0 errors\n"
    );
}

#[test]
fn must_without_implementation_or_test() {
    let fixture = Fixture::sound();
    let full = fixture.get(CODE);
    let line = |n: usize| full.lines().nth(n).expect("a line");

    fixture.replace(CODE, line(0), "");
    fixture.has_error(
        "spec/session.md:5",
        &["[CONSENT-1] MUST without implementation"],
    );
    fixture.put(CODE, &full.replace(line(1), ""));
    fixture.has_error(
        "spec/session.md:7",
        &["[CONSENT-2] MUST NOT without implementation"],
    );
    fixture.put(CODE, &full.replace(line(3), ""));
    fixture.has_error("spec/session.md:5", &["[CONSENT-1] MUST without test"]);
    fixture.put(CODE, &full.replace(line(4), ""));
    fixture.has_error("spec/session.md:7", &["[CONSENT-2] MUST NOT without test"]);
    fixture.put(CODE, &full.replace(line(0), "").replace(line(3), ""));
    fixture.has_error("spec/session.md:5", &["implementation and no test"]);
    let run = fixture.run(&["check"]);
    assert!(
        run.out.contains("1 cited, 1 implemented, 1 tested\n"),
        "{}",
        run.out
    );
    assert!(run.out.ends_with(": 1 error\n"), "{}", run.out);

    fixture.put(CODE, &full);
    fixture.is_sound();
}

#[test]
fn unknown_and_retired_ids() {
    let fixture = Fixture::sound();
    let good = fixture.get(CODE);
    for (id, says) in [
        ("CONSENT-4", "no requirement [CONSENT-4]"),
        ("CODE-9", "retired"),
    ] {
        fixture.put(
            CODE,
            &format!("{good}\n//= spec/session.md#consent [{id}] 00000000"),
        );
        fixture.has_error("crates/a/src/lib.rs:6", &[says]);
        fixture.put(CODE, &format!("{good}\n//= test {id}"));
        fixture.has_error("crates/a/src/lib.rs:6", &[says]);
    }
}

#[test]
fn wrong_place() {
    let fixture = Fixture::sound();
    fixture.replace(CODE, "session.md#consent", "session.md#session");
    let says = ["stands in spec/session.md#consent, not in spec/session.md#session"];
    fixture.has_error("crates/a/src/lib.rs:1", &says);

    let fixture = Fixture::sound();
    fixture.replace(CODE, "spec/session.md", "spec/other.md");
    fixture.has_error("crates/a/src/lib.rs:1", &["not in spec/other.md#consent"]);
}

#[test]
fn stale_hash() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "first frame", "second frame");
    fixture.run(&["write"]).succeeds();
    let run = fixture.run(&["check"]);
    let errors = run.errors();
    assert_eq!(errors.len(), 2, "{}", run.out);
    assert!(errors[0].starts_with("crates/a/src/lib.rs:1: stale: [CONSENT-1] was cited from "));
    assert!(errors[0].contains("spec/session.md#consent as "));
    assert!(errors[0].contains("\"The sharer MUST ask before the second frame.\""));
    assert!(errors[1].starts_with("crates/a/src/lib.rs:4: stale: [CONSENT-1]"));
}

#[test]
fn rewrapped_text_is_not_stale() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "MUST ask before", "MUST ask\nbefore");
    fixture.replace(CHAPTER, "NOT read\n  what", "NOT  read what");
    fixture.is_sound();
}

#[test]
fn short_form() {
    let fixture = Fixture::sound();
    let good = fixture.get(CODE);
    fixture.put(CODE, &format!("{good}\n  //= CONSENT-3\n"));
    fixture.has_error("crates/a/src/lib.rs:6", &["short citation of CONSENT-3"]);
    fixture.run(&["cite"]).succeeds();
    fixture.is_sound();
}

#[test]
fn malformed() {
    let fixture = Fixture::sound();
    let good = fixture.get(CODE);
    let bad = [
        "//=",
        "//= test",
        "//=CONSENT-1",
        "//= CONSENT-1, CONSENT-2",
        "//= [CONSENT-1]",
        "//= impl CONSENT-1",
        "//= spec/session.md#consent",
        "//= spec/session.md#consent CONSENT-1 00000000",
        "//= spec/session.md#consent [CONSENT-1]",
        "//= spec/session.md#consent [CONSENT-1] 0000000",
        "//= spec/session.md#consent [CONSENT-1] 0000000G",
        "//= spec/session.md#consent [CONSENT-1] 00000000 so",
        "//= spec/session.md [CONSENT-1] 00000000",
    ];
    for line in bad {
        fixture.put(CODE, &format!("{good}\n{line}"));
        fixture.has_error("crates/a/src/lib.rs:6", &["malformed citation"]);
    }
    let other = [
        "//======",
        "// = CONSENT-9",
        "/// //= CONSENT-9",
        "let a = \"//= CONSENT-9\";",
        "#= CONSENT-9",
    ];
    for line in other {
        fixture.put(CODE, &format!("{good}\n{line}"));
        fixture.is_sound();
    }
}

#[test]
fn looks_in_these_files() {
    let rust = [
        "crates/b/tests/x.rs",
        "conformance/x.rs",
        "fuzz/a/x.rs",
        "benches/x.rs",
    ];
    let hash = [".ci/run", ".ci/a.sh", "tools/x.py", "x.sh"];
    let rust = rust.map(|path| (path, "//= CONSENT-9"));
    let hash = hash.map(|path| (path, "#= CONSENT-9"));
    for (path, line) in rust.into_iter().chain(hash) {
        let fixture = Fixture::sound();
        fixture.put(path, line);
        fixture.has_error(&format!("{path}:1"), &["no requirement [CONSENT-9]"]);
    }
}

#[test]
fn looks_nowhere_else() {
    let fixture = Fixture::sound();
    let elsewhere = [
        "crates/target/x.rs",
        "target/x.sh",
        ".hidden/x.py",
        "crates/.ci/x.sh",
        "elsewhere/x.rs",
        "crates/x.txt",
        "crates/run",
    ];
    for path in elsewhere {
        fixture.put(path, "//= CONSENT-9\n#= CONSENT-9\n");
    }
    fixture.is_sound();
}

#[test]
fn generated_file() {
    let fixture = Fixture::sound();
    let good = fixture.get(JSON);

    fs::remove_file(fixture.path(JSON)).expect("a file");
    fixture.has_error(
        "spec/requirements.json:1",
        &["is not there", "cargo spec write"],
    );
    fixture.put(JSON, &good.replacen("sharer", "relay", 1));
    fixture.has_error("spec/requirements.json:5", &["differs", "cargo spec write"]);
    fixture.put(JSON, &format!("{good}\n"));
    fixture.has_error("spec/requirements.json:30", &["differs"]);

    fixture.put(JSON, &good);
    fixture.is_sound();
}

#[test]
fn a_broken_requirement_is_one_error() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "MUST ask", "asks");
    let run = fixture.run(&["check"]);
    let errors = run.errors();
    assert_eq!(errors.len(), 2, "{}", run.out);
    assert!(errors[0].starts_with("spec/requirements.json:3: differs"));
    assert!(errors[1].starts_with("spec/session.md:5: [CONSENT-1] a requirement needs"));
}

/// The highest id leaves no gap: that it was there is known from the generated file.
#[test]
fn an_id_that_is_gone_is_retired() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "- [CONSENT-3] Each sharer MAY refuse.\n", "");
    let says = ["[CONSENT-3] is gone", "`retired`"];
    fixture.has_error("spec/requirements.json:21", &says);
    let before = fixture.get(JSON);
    let run = fixture.run(&["write"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains("[CONSENT-3] is gone"), "{}", run.out);
    assert_eq!(fixture.get(JSON), before);

    fixture.replace(REGISTRY, "\"CODE-9\"", "\"CODE-9\", \"CONSENT-3\"");
    fixture.run(&["write"]).succeeds();
    fixture.is_sound();

    // Another sentence with the old id.
    let text = fixture.get(CHAPTER);
    fixture.put(
        CHAPTER,
        &format!("{text}\n[CONSENT-3] The relay MAY wait.\n"),
    );
    let run = fixture.run(&["check"]);
    let says = "[CONSENT-3] is retired in spec/registry.toml";
    assert!(run.out.contains(says), "{}", run.out);
    assert_eq!(fixture.run(&["write"]).code, Some(1));
}
