//! Errors in the text. No fixture here has an absolute requirement without need, so that what is
//! not cited stays out of the way.

use crate::fixture::{CHAPTER, Fixture, JSON};

/// Puts the text on line 3, under an anchored heading.
fn chapter(text: &str) -> Fixture {
    let fixture = Fixture::with_chapter(&format!("## Here {{#here}}\n\n{text}\n"));
    // Fails while the text has errors; then `check` is asked for those of the text alone.
    fixture.run(&["write"]);
    fixture
}

/// Holds that this text has exactly one error, on this line of the chapter.
#[track_caller]
fn bad(text: &str, line: usize, says: &str) {
    bad_all(text, &[(line, says)]);
}

#[track_caller]
fn bad_all(text: &str, expected: &[(usize, &str)]) {
    let run = chapter(text).run(&["check"]);
    let errors: Vec<_> = run.errors();
    let errors: Vec<_> = errors.iter().filter(|e| e.starts_with(CHAPTER)).collect();
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert_eq!(errors.len(), expected.len(), "{}", run.out);
    for (error, (line, says)) in errors.iter().zip(expected) {
        assert!(error.starts_with(&format!("{CHAPTER}:{line}: ")), "{error}");
        assert!(error.contains(says), "no {says:?} in {error}");
    }
}

/// Holds that this text has no error and so many requirements.
#[track_caller]
fn good(text: &str, requirements: usize) {
    let run = chapter(text).run(&["check"]);
    run.succeeds();
    let counts = match requirements {
        0 => "counted features".to_owned(),
        some => format!("counted requirements: {some} in all"),
    };
    assert!(run.out.starts_with(&counts), "{}", run.out);
}

#[test]
fn one_sentence() {
    good("[AB-1] The relay MAY wait,\nfor 1.5 s (e.g. on `a. b`).", 1);
    bad(
        "[AB-1] The relay MAY wait. It waits.",
        3,
        "follows \"relay MAY wait.\"",
    );
    bad(
        "[AB-1] The relay MAY wait (so.) It waits.",
        3,
        "another follows",
    );
    bad(
        "[AB-1] The relay MAY wait!\nIt waits.",
        3,
        "another follows",
    );
    bad("[AB-1] The relay MAY wait", 3, "full stop");
    bad("[AB-1] The relay MAY wait:\n\n- long.", 3, "full stop");
    bad("[AB-1]The relay MAY wait.", 3, "followed by a space");
}

#[test]
fn one_keyword() {
    good("[AB-1] The relay SHOULD **NOT** wait for `MUST`.", 1);
    bad("[AB-1] The relay waits.", 3, "needs one of MUST");
    bad(
        "[AB-1] The relay MAY wait and\nSHOULD NOT die.",
        3,
        "not 2 (MAY, SHOULD NOT)",
    );
    bad(
        "[AB-1] The relay MAY wait and MAY die.",
        3,
        "exactly one keyword",
    );
    bad("[AB-1] The relay SHOULD not wait.", 3, "two ways");
    bad("[AB-1] The relay MAY NOT wait.", 3, "two ways");
}

#[test]
fn each_keyword_has_its_level() {
    let text = "- [AB-1] The relay MUST a.\n- [AB-2] The relay MUST\n  NOT b.\n\
        - [AB-3] The relay SHOULD c.\n- [AB-4] The relay SHOULD **NOT** d.\n- [AB-5] The relay MAY e.";
    let run = chapter(text).run(&["check"]);
    let counts = "requirements: 5 in all, 1 MUST, 1 MUST NOT, 1 SHOULD, 1 SHOULD NOT, 1 MAY\n";
    assert!(run.out.contains(counts), "{}", run.out);
}

#[test]
fn no_foreign_keywords() {
    good("It shall, `SHALL`.\n\n```\nREQUIRED\n```", 0);
    bad(
        "It SHALL NOT.",
        3,
        "SHALL is not used in this specification: write MUST",
    );
    bad("This is\nREQUIRED.", 4, "REQUIRED is not used");
    bad("> NOT RECOMMENDED", 3, "RECOMMENDED is not used");
    bad("| OPTIONAL |", 3, "OPTIONAL is not used");
    bad("## OPTIONAL {#there}", 3, "OPTIONAL is not used");
    bad(
        "[AB-1] The relay MAY keep OPTIONAL parts.",
        3,
        "OPTIONAL is not used",
    );
}

#[test]
fn starts_with_a_role() {
    good(
        "[AB-1] A relay, when idle, MAY wait.\n\n[AB-2] An encoder MAY wait.",
        2,
    );
    good(
        "[AB-1] Each relay MAY wait.\n\n[AB-2] Every\nrelay MAY wait.",
        2,
    );
    bad("[AB-1] The helper MAY wait.", 3, "not \"The helper MAY\"");
    bad("[AB-1] Both relays MAY wait.", 3, "starts with \"A\"");
    bad(
        "[AB-1] The relays MAY wait.",
        3,
        "a role of spec/registry.toml",
    );
    bad("[AB-1] The relay's host MAY wait.", 3, "a role");
    bad("[AB-1] A frame MAY wait at the relay.", 3, "a role");
}

#[test]
fn the_longest_role_counts() {
    let fixture = chapter("[AB-1] The relay operator MAY wait.");
    let json = fixture.get(JSON);
    assert!(json.contains("\"role\": \"relay operator\""), "{json}");
}

#[test]
fn no_keyword_outside_a_requirement() {
    good(
        "It may, `MAY`, ``MAY ` MAY``.\n\n~~~\nMAY\n~~~\n\n<!-- MAY\nMAY -->",
        0,
    );
    bad("It MAY.", 3, "MAY outside a requirement");
    bad(
        "It\nis said that it\nMUST NOT.",
        5,
        "MUST NOT outside a requirement",
    );
    bad("- It MUST.", 3, "outside a requirement");
    bad("> It MUST.", 3, "outside a requirement");
    bad("| It MUST |", 3, "outside a requirement");
    bad("### MUST {#there}", 3, "outside a requirement");
    bad("It \\`MAY\\`.", 3, "outside a requirement");
    bad(
        "See [AB-1], it MUST.\n\n[AB-1] The relay MAY a.",
        3,
        "outside a requirement",
    );
}

#[test]
fn one_paragraph_may_explain_the_keywords() {
    let boilerplate = "The words \"MUST\" and \"OPTIONAL\" have the meaning of BCP\n14.";
    good(boilerplate, 0);
    good(&format!("{boilerplate}\n\nBCP 14 is short."), 0);
    bad(
        &format!("{boilerplate}\n\nBy BCP 14 it MUST."),
        6,
        "explained at spec/session.md:3",
    );
    bad("- By BCP 14 it MUST.", 3, "outside a requirement");
}

#[test]
fn ids_stand_in_paragraphs_and_items_only() {
    good(
        "1. [AB-1] The relay MAY a.\n   - [AB-2] The relay MAY b.\n* [AB-3] The relay MAY c.",
        3,
    );
    good("- x\n\n  [AB-1] The relay MAY a.", 1);
    good("| AB-1 | `[AB-1]` |\n\n```\na[LEN-1]\n```", 0);
    bad("| x |\n| [AB-1] |", 4, "[AB-1] stands in a table");
    bad(
        "```\nx\n[AB-1] The relay MUST a.\n```",
        5,
        "[AB-1] stands in a code fence",
    );
    bad("- ```\n  [AB-1]\n  ```", 4, "stands in a code fence");
    bad("## On [AB-1] {#there}", 3, "stands in a heading");
    bad_all(
        "> [AB-1] The relay MAY a.",
        &[
            (3, "MAY outside"),
            (3, "cannot stand in a quote"),
            (3, "mention of [AB-1]"),
        ],
    );
}

#[test]
fn ids_are_well_formed() {
    let twelve = (1..=12).map(|n| format!("[AB-{n}] The relay MAY a.\n\n"));
    good(&twelve.collect::<String>(), 12);
    good(
        "[AB-1x](y.md) is a link, so is [SHA-256](z.md) and [RFC-2119][rfc].",
        0,
    );
    for near in [
        "AB-0", "AB-01", "ab-1", "Ab-1", "AB_1", "AB-1a", "AB-C-1", "A-12",
    ] {
        let text = format!("[{near}] The relay may.");
        bad(&text, 3, &format!("malformed id [{near}]"));
    }
}

#[test]
fn a_requirement_begins_its_paragraph() {
    good("[AB-1] The relay MAY do as in\nthe text of [AB-1] says.", 1);
    bad_all(
        "[AB-1] The relay MAY a.\n[AB-2] The relay MAY b.",
        &[
            (3, "exactly one keyword"),
            (3, "another follows"),
            (4, "[AB-2] starts a line inside another paragraph"),
        ],
    );
    bad("As says\n[AB-1] too.", 4, "[AB-1] starts a line");
}

#[test]
fn ids_are_unique() {
    good("[AB-2] The relay MAY a.\n\n[AB-1] The relay MAY b.", 2);
    bad(
        "[AB-1] The relay MAY a.\n\n[AB-1] The relay MAY b.",
        5,
        "stands at spec/session.md:3",
    );

    let fixture = chapter("[AB-1] The relay MAY a.");
    fixture.put("spec/x.md", "# X {#x}\n\n[AB-1] The relay MAY b.\n");
    let out = fixture.run(&["check"]).out;
    assert!(
        out.contains("spec/x.md:3: [AB-1] stands at spec/session.md:3"),
        "{out}"
    );
}

/// Which one is meant is unknown, so that nothing is asked of either.
#[test]
fn a_duplicate_is_one_error() {
    let text = "[AB-1] The relay MUST a.\n\n[AB-1] The relay MUST b.";
    bad(text, 5, "stands at spec/session.md:3");
}

#[test]
fn retired_ids_stay_retired() {
    good("[CODE-1] The relay MAY a.\n\nIt replaces [CODE-9].", 1);
    let before: String = (1..=8)
        .map(|n| format!("[CODE-{n}] The relay MAY a.\n\n"))
        .collect();
    bad(
        &format!("{before}[CODE-9] The relay MAY a."),
        19,
        "retired in spec/registry.toml",
    );
    good(&format!("{before}[CODE-10] The relay MAY a."), 9);
}

/// An id that is missing was used up, or would be taken for it.
#[test]
fn ids_leave_no_gap() {
    bad("[AB-2] The relay MAY a.", 3, "[AB-2] leaves out AB-1: ");
    let text = "[AB-1] The relay MAY a.\n\n[AB-6] The relay MAY b.\n\n[AB-3] The relay MAY c.";
    let gaps = [
        (5, "[AB-6] leaves out AB-4, AB-5: "),
        (7, "[AB-3] leaves out AB-2: "),
    ];
    bad_all(text, &gaps);
}

#[test]
fn mentions_exist() {
    good("See [AB-1].\n\n[AB-1] The relay MAY a, unlike `[AB-2]`.", 1);
    bad("See\nalso [AB-2].", 4, "mention of [AB-2]");
    bad(
        "[AB-1] The relay MAY a as in [AB-2].",
        3,
        "mention of [AB-2]",
    );
}

#[test]
fn sections_have_anchors() {
    good(
        "### There {#there}\n\n[AB-1] The relay MAY a.\n\n### Elsewhere\n\nText.",
        1,
    );
    bad(
        "### There\n\n[AB-1] The relay MAY a.",
        5,
        "under \"There\", which has no anchor",
    );
    bad("### There {#here}", 3, "{#here} stands on line 1 already");
    bad("### There {#Not good}", 3, "malformed anchor");
    bad("###There {#there}", 3, "not a heading");

    let fixture = Fixture::with_chapter("[AB-1] The relay MAY a.\n");
    let out = fixture.run(&["check"]).out;
    assert!(
        out.contains("\nspec/session.md:1: [AB-1] stands before any heading"),
        "{out}"
    );
}

#[test]
fn anchors_are_unique_in_one_file_only() {
    let fixture = chapter("[AB-1] The relay MAY a.");
    fixture.put("spec/x.md", "# X {#here}\n");
    fixture.is_sound();
}

#[test]
fn markdown_that_could_be_read_in_two_ways() {
    good("- x\n\n      deep in a list\n\n---\n\n> quote\nlazy", 0);
    bad("    indented", 3, "indented code");
    bad("\tindented", 3, "indented code");
    bad("- x\n\ny\n\n    indented", 7, "indented code");
    bad("Title\n---", 4, "underlined heading");
    bad("Title\n===", 4, "underlined heading");
    bad("| a |\ntext", 4, "glued to a table");
    bad("a | b\n--|--\n1 | 2", 4, "table without outer bars");
    bad("```\nx\n``", 3, "never closed: end it with ```");
    bad("<!-- x", 3, "comment is never closed");
    bad("<!-- x --> y", 3, "text after a comment");
    bad("x <!-- y -->", 3, "comment inside text");
}

#[test]
fn a_longer_fence_holds_a_shorter_one() {
    good(
        "````\n```\nMUST\n```\nMUST\n````\n\n[AB-1] The relay MAY a.",
        1,
    );
    good("```\n```x\nMUST\n```", 0);
    bad("````\n```\n````\n\nMUST", 7, "outside a requirement");
}

#[test]
fn only_chapters_are_read() {
    let fixture = chapter("[AB-1] The relay MAY a.");
    fixture.put("spec/vectors/notes.md", "It MUST.\n");
    fixture.put("spec/notes.txt", "It MUST.\n");
    fixture.is_sound();
    fixture.put("spec/notes.md", "It MUST.\n");
    fixture.has_error("spec/notes.md:1", &["MUST outside a requirement"]);
}

#[test]
fn retired_entries_are_ids() {
    let fixture = chapter("Text.");
    fixture.is_sound();
    fixture.replace("spec/registry.toml", "\"CODE-9\"", "\"Code-9\"");
    fixture.has_error("spec/registry.toml:4", &["retired id \"Code-9\""]);
}
