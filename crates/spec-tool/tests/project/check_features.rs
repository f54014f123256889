//! Errors in the table of features.

use std::fs;

use crate::fixture::{CODE, FEATURES, Fixture};

const TESTS: &str = "crates/a/tests/a.rs";

const ABOVE: &str = "\
# Features

- F1 to F2: facts.
- X1 to X1: failures.
- later: F2, which needs a browser.
- real: `crates/a/tests/`.

| id | what | requirements | implemented in | shown by | state |
|---|---|---|---|---|---|
";

const F1: &str = "| F1 | one | CONSENT-1, CONSENT-2 | `crates/a/src/lib.rs::a` | `crates/a/tests/a.rs::one` | shown |";
const F2: &str = "| F2 | two | - | - | - | later |";
const X1: &str = "| X1 | three | CONSENT-3 | - | - | open |";

/// A project whose table has these rows.
fn with(rows: [&str; 3]) -> Fixture {
    let fixture = Fixture::sound();
    fixture.put(TESTS, "#[test]\nfn one() {}\n");
    put(&fixture, rows);
    fixture
}

fn put(fixture: &Fixture, rows: [&str; 3]) {
    fixture.put(FEATURES, &format!("{ABOVE}{}\n", rows.join("\n")));
}

#[test]
fn it_counts_what_is_shown_and_what_is_open() {
    let run = with([F1, F2, X1]).run(&["check"]);
    run.succeeds();
    let counts =
        "features: 3 in all, 1 shown, 1 on the real stack, 1 open, 1 later\nspec check: 0 errors\n";
    assert!(run.out.ends_with(counts), "{}", run.out);
}

#[test]
fn the_table_is_there() {
    let fixture = Fixture::sound();
    fs::remove_file(fixture.path(FEATURES)).expect("a file");
    fixture.has_error("spec/features.md:1", &["is not there"]);
    fixture.put(FEATURES, "# Features\n");
    fixture.has_error("spec/features.md:1", &["no list of what rows there are"]);
}

#[test]
fn a_row_that_is_shown_names_all_three() {
    for (cell, says) in [
        ("CONSENT-1, CONSENT-2", "F1 does not name a requirement"),
        ("`crates/a/src/lib.rs::a`", "F1 does not name the code"),
        ("`crates/a/tests/a.rs::one`", "F1 does not name a test"),
    ] {
        let row = F1.replace(cell, "-");
        let fixture = with([&row, F2, X1]);
        fixture.has_error("spec/features.md:10", &[says]);
        // One that is open may.
        put(&fixture, [&row.replace("shown", "open"), F2, X1]);
        fixture.is_sound();
    }
}

#[test]
fn what_a_row_names_exists_even_if_it_is_open() {
    for (from, to, says) in [
        ("CONSENT-2", "CONSENT-7", "no requirement [CONSENT-7]"),
        ("CONSENT-2", "CODE-9", "retired"),
        ("CONSENT-2", "consent", "no id of a requirement"),
        (
            "src/lib.rs::a",
            "src/b.rs::a",
            "no file `crates/a/src/b.rs`",
        ),
        ("src/lib.rs::a", "src/lib.rs::b", "declares no `b`"),
        (
            "crates/a/src",
            "crates/../a/src",
            "no path inside the project",
        ),
        (
            "tests/a.rs::one",
            "tests/b.rs::one",
            "no file `crates/a/tests/b.rs`",
        ),
        ("tests/a.rs::one", "tests/a.rs::two", "has no `fn two`"),
        ("tests/a.rs::one", "tests/a.rs", "write `path::function`"),
    ] {
        for state in ["shown", "open"] {
            let row = F1.replace(from, to).replace("shown", state);
            with([&row, F2, X1]).has_error("spec/features.md:10", &["F1 ", says]);
        }
    }
}

#[test]
fn a_test_is_a_function_that_runs_as_one() {
    let fixture = with([F1, F2, X1]);
    for sound in [
        "#[test]\nfn one() {}\n",
        "fn two() {}\n\n    /// Why.\n    #[test]\n    fn one() {}\n",
        "#[tokio::test(flavor = \"multi_thread\")]\nasync fn one() {}\n",
        "#[tokio::test(\n    start_paused = true\n)]\nasync fn one() {}\n",
        "proptest! {\n    /// One;\n    #[test]\n    fn one(seed in 0..9) {}\n}\n",
    ] {
        fixture.put(TESTS, sound);
        fixture.is_sound();
    }
    for (broken, says) in [
        ("fn one() {}\n", "is no test"),
        ("#[test]\nfn two() {}\nfn one() {}\n", "is no test"),
        ("#[test]\n#[ignore = \"slow\"]\nfn one() {}\n", "is ignored"),
        ("#[test]\n// fn one() {}\n", "has no `fn one`"),
        ("#[test]\nfn one_more() {}\n", "has no `fn one`"),
    ] {
        fixture.put(TESTS, broken);
        fixture.has_error("spec/features.md:10", &[says]);
    }
}

#[test]
fn an_item_is_one_that_is_declared() {
    let fixture = with([F1, F2, X1]);
    let good = fixture.get(CODE);
    for (line, sound) in [
        ("pub(crate) struct a {", true),
        ("const a: u8 = 0;", true),
        ("let a = 0;", false),
        ("// fn a() {}", false),
        ("fn ab() {}", false),
    ] {
        fixture.put(CODE, &good.replace("fn a() {}", line));
        assert_eq!(fixture.run(&["check"]).code == Some(0), sound, "{line}");
    }
}

#[test]
fn every_row_is_there_and_no_other() {
    let fixture = with([F1, F2, ""]);
    fixture.has_error("spec/features.md:4", &["there is no row X1"]);
    put(&fixture, [F1, X1, ""]);
    fixture.has_error("spec/features.md:3", &["there is no row F2"]);
    let both = format!("{X1}\n{X1}");
    put(&fixture, [F1, F2, &both]);
    fixture.has_error("spec/features.md:13", &["X1 stands on line 12 already"]);
    for other in ["F3", "X2", "N1"] {
        let both = format!("{X1}\n{}", X1.replace("X1", other));
        put(&fixture, [F1, F2, &both]);
        fixture.has_error("spec/features.md:13", &[other, "none of the rows"]);
    }
}

#[test]
fn only_what_may_come_later_does() {
    let late = X1.replace("open", "later");
    with([F1, F2, &late]).has_error("spec/features.md:12", &["X1 is not in the list"]);
}

#[test]
fn rows_are_well_formed() {
    for (row, says) in [
        ("| X1 | three | CONSENT-3 | - | open |", "a row has 6 cells"),
        ("| X01 | three | - | - | - | open |", "`X01` is no id"),
        ("| X1 |  | - | - | - | open |", "does not say what it is"),
        ("| X1 | three | - | - | - | done |", "not `done`"),
    ] {
        let fixture = with([F1, F2, row]);
        let run = fixture.run(&["check"]);
        let errors = run.errors();
        // The row that could not be read is missing as well.
        assert_eq!(errors.len(), 2, "{}", run.out);
        assert!(errors[0].contains("there is no row X1"), "{}", run.out);
        assert!(
            errors[1].starts_with("spec/features.md:12: "),
            "{}",
            run.out
        );
        assert!(errors[1].contains(says), "{}", run.out);
    }
}

#[test]
fn the_list_of_chapters_has_each_once() {
    const LIST: &str = "spec/README.md";
    let fixture = with([F1, F2, X1]);
    let rows = "# All\n\n| chapter |\n|---|\n| [One](session.md) |\n| [Two](features.md) |\n";
    fixture.put(LIST, rows);
    fixture.is_sound();
    fixture.put(LIST, &rows.replace("(features.md)", "(other.md)"));
    fixture.has_error("spec/README.md:1", &["does not list features.md"]);
    fixture.put(LIST, &format!("{rows}| [One](session.md) |\n"));
    fixture.has_error("spec/README.md:7", &["lists session.md again"]);
}
