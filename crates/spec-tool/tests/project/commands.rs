//! `write`, `list`, the arguments, and this crate's own sources.

use std::fs;
use std::path::Path;

use crate::fixture::{CHAPTER, CODE, Fixture, JSON, SEEN, run_in};

#[test]
fn writes_requirements() {
    let fixture = Fixture::sound();
    fixture.put(
        "spec/a.md",
        "# A {#a}\n\n[AA-1] An encoder SHOULD NOT `lag`.\n",
    );
    fixture.observe();
    fixture.replace(
        SEEN,
        "encoder = \"wire\"",
        "AA-1 = { none = \"it is \\\"slow\\\"\" }",
    );
    fixture.replace(SEEN, "relay = \"wire\"", "CONSENT-2 = \"driver\"");
    fixture.run(&["write"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&fixture.get(JSON)).expect("JSON");
    let expected = serde_json::json!([
        {
            "id": "AA-1", "level": "SHOULD NOT", "role": "encoder", "hash": "d5d614bd",
            "section": "spec/a.md#a", "observability": "none", "reason": "it is \"slow\"",
            "text": "An encoder SHOULD NOT `lag`."
        },
        {
            "id": "CONSENT-1", "level": "MUST", "role": "sharer", "hash": "55f4c40c",
            "section": "spec/session.md#consent", "observability": "wire",
            "text": "The sharer MUST ask before the first frame."
        },
        {
            "id": "CONSENT-2", "level": "MUST NOT", "role": "relay", "hash": "b25e85bc",
            "section": "spec/session.md#consent", "observability": "driver",
            "text": "The relay MUST NOT read what it forwards."
        },
        {
            "id": "CONSENT-3", "level": "MAY", "role": "sharer", "hash": "9154eef8",
            "section": "spec/session.md#consent", "observability": "wire",
            "text": "Each sharer MAY refuse."
        }
    ]);
    assert_eq!(json, expected);
    fixture.is_sound();
}

#[test]
fn writes_nothing_from_a_text_with_errors() {
    let fixture = Fixture::sound();
    let before = fixture.get(JSON);
    fixture.replace(CHAPTER, "MUST ask", "asks");
    let run = fixture.run(&["write"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.starts_with("spec/session.md:5: [CONSENT-1]"),
        "{}",
        run.out
    );
    assert_eq!(fixture.get(JSON), before);
}

#[test]
fn lists_requirements_and_citations() {
    let run = Fixture::sound().run(&["list"]);
    run.succeeds();
    let at = |n| format!("crates/a/src/lib.rs:{n}");
    let expected = [
        format!(
            "CONSENT-1  MUST  {CHAPTER}:5  implemented: {}  tested: {}\n",
            at(1),
            at(4)
        ),
        format!(
            "CONSENT-2  MUST NOT  {CHAPTER}:7  implemented: {}  tested: {}\n",
            at(2),
            at(5)
        ),
        format!("CONSENT-3  MAY  {CHAPTER}:9  implemented: -  tested: -\n"),
    ];
    assert_eq!(run.out, expected.concat());
}

#[test]
fn lists_what_is_not_cited() {
    let fixture = Fixture::sound();
    let run = fixture.run(&["list", "--uncited"]);
    run.succeeds();
    assert_eq!(run.out, "");

    fixture.put(CODE, "//= test CONSENT-1\n//= CONSENT-2\n");
    let run = fixture.run(&["list", "--uncited"]);
    let expected = [
        "CONSENT-1  MUST  spec/session.md:5  missing: implementation\n",
        "CONSENT-2  MUST NOT  spec/session.md:7  missing: test\n",
    ];
    assert_eq!(run.out, expected.concat());

    fixture.put(CODE, "");
    let run = fixture.run(&["list", "--uncited"]);
    assert_eq!(
        run.out.matches("missing: implementation, test\n").count(),
        2
    );
}

#[test]
fn says_that_a_list_is_not_complete() {
    let fixture = Fixture::sound();
    fixture.replace(CHAPTER, "MUST ask", "asks");
    let run = fixture.run(&["list"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("not complete, 1 error in the text"),
        "{}",
        run.out
    );
}

#[test]
fn finds_the_root_or_takes_it() {
    let fixture = Fixture::sound();
    run_in(&fixture.path("crates/a/src"), &["check"]).succeeds();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let root = fixture.path("");
    let root = root.to_str().expect("text");
    run_in(elsewhere.path(), &["check", "--root", root]).succeeds();
    run_in(elsewhere.path(), &["--root", root, "check"]).succeeds();
}

#[test]
fn usage_and_unreadable_files_are_another_status() {
    let fixture = Fixture::sound();
    assert_eq!(fixture.run(&[]).code, Some(2));
    assert_eq!(fixture.run(&["chek"]).code, Some(2));

    let elsewhere = tempfile::tempdir().expect("a folder");
    let run = run_in(elsewhere.path(), &["check"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("give --root DIR"), "{}", run.err);

    for roles in ["[]", "[\"\"]", "[\"Relay\"]", "3"] {
        fixture.put("spec/registry.toml", &format!("roles = {roles}\n"));
        let run = fixture.run(&["check"]);
        assert_eq!(run.code, Some(2), "{roles}");
        assert!(run.err.contains("spec/registry.toml: "), "{}", run.err);
    }
    fs::remove_file(fixture.path("spec/registry.toml")).expect("a file");
    let run = fixture.run(&["check"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("cannot read"), "{}", run.err);
}

#[test]
fn help_teaches() {
    let fixture = Fixture::sound();
    let run = fixture.run(&["--help"]);
    run.succeeds();
    for part in [
        "//= test CONSENT-3",
        "roles",
        "--accept CONSENT-3",
        "Exit status",
    ] {
        assert!(run.out.contains(part), "no {part:?} in {}", run.out);
    }
}

/// The strings of this crate that look like citations are none to it.
#[test]
fn own_sources_are_clean() {
    let fixture = Fixture::sound();
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut copied = 0;
    for folder in ["src", "src/report", "src/tables", "tests/project"] {
        for entry in fs::read_dir(crate_folder.join(folder)).expect("a folder") {
            let file = entry.expect("an entry").path();
            if file.is_dir() {
                continue;
            }
            let name = file.file_name().expect("a name").to_string_lossy();
            let text = fs::read_to_string(&file).expect("a text");
            fixture.put(&format!("crates/own/{folder}/{name}"), &text);
            copied += 1;
        }
    }
    assert!(copied > 10, "{copied} files");
    let run = fixture.run(&["check"]);
    run.succeeds();
    assert!(run.out.contains(" 2 implemented, 2 tested"), "{}", run.out);
}
