//! What cargo-mutants would change.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    process::Command,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::said;

/// Which mutant of a file this is, whatever stands above it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    /// The line that is changed, or the first of them.
    pub(super) line: String,
    /// What cargo-mutants says of it.
    pub(super) change: String,
    /// Which of several for which the two are the same; the first is 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub(super) again: usize,
}

fn is_first(again: &usize) -> bool {
    *again == 0
}

/// A mutant.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    /// As cargo-mutants knows it: file, line, column, and change.
    pub(super) name: String,
    pub(super) file: String,
    /// The first line that is changed, and the last.
    pub(super) lines: [usize; 2],
    pub(super) key: Key,
}

/// Mutants by their files, and how many are left to `kill`.
pub(super) struct Listed {
    pub(super) files: BTreeMap<String, Vec<Mutant>>,
    pub(super) named: usize,
}

/// Lists all mutants, but for those of conditions that are there for named bugs.
pub(super) fn list(root: &Path) -> io::Result<Listed> {
    let mut list = Command::new("cargo");
    let listed = said(list.args(["mutants", "--list", "--json"]).current_dir(root))?;
    let all: Vec<Value> = serde_json::from_str(&listed)?;
    let mut texts = BTreeMap::new();
    let (mut files, mut named) = (BTreeMap::<_, Vec<Mutant>>::new(), 0);
    for value in &all {
        let file = value["file"].as_str().unwrap_or_default();
        if !texts.contains_key(file) {
            texts.insert(file.to_owned(), fs::read_to_string(root.join(file))?);
        }
        let before = files.entry(file.to_owned()).or_default();
        match read(value, &texts[file], before) {
            Some(Some(mutant)) => before.push(mutant),
            Some(None) => named += 1,
            None => return Err(io::Error::other(format!("not understood: {value}"))),
        }
    }
    files.retain(|_, mutants| !mutants.is_empty());
    Ok(Listed { files, named })
}

/// Reads a mutant of a file with this text, after those before it. None inside, if it is of a named bug.
fn read(value: &Value, text: &str, before: &[Mutant]) -> Option<Option<Mutant>> {
    let number = |place: &Value| Some(usize::try_from(place.as_u64()?).ok()?.max(1));
    let span = &value["span"];
    let (start, end) = (&span["start"], &span["end"]);
    let lines = [number(&start["line"])?, number(&end["line"])?];
    let name = value["name"].as_str()?;
    let change = name.split_once(": ")?.1;
    let from = offset(text, lines[0], number(&start["column"])?)?;
    let to = offset(text, lines[1], number(&end["column"])?)?;
    if is_named(
        value["genre"].as_str()?,
        &text[..from],
        &text[from..to],
        &text[to..],
    ) {
        return Some(None);
    }
    let line = text.lines().nth(lines[0] - 1)?.trim().to_owned();
    let same = |one: &&Mutant| one.key.line == line && one.key.change == change;
    let again = before.iter().filter(same).count();
    Some(Some(Mutant {
        name: name.to_owned(),
        file: value["file"].as_str()?.to_owned(),
        lines,
        key: Key {
            line,
            change: change.to_owned(),
            again,
        },
    }))
}

/// Where a line and a column are, both from 1; columns are characters.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let begins = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let mut characters = text.get(begins..)?.char_indices();
    let at = characters.nth(column - 1).map(|(at, _)| at);
    Some(begins + at.unwrap_or(text.len() - begins))
}

/// Whether the change is of an operator on a named bug, `mutant::is("…")`, of a condition for one, or of a guard that is nothing
/// else: it would be that bug, which `kill` has, or nothing.
fn is_named(genre: &str, before: &str, changed: &str, after: &str) -> bool {
    let asks = |text: &str| {
        let text = text.trim_start().trim_start_matches('!');
        let text = text.strip_prefix("alongside_wire::").unwrap_or(text);
        text.starts_with("mutant::") || text.starts_with("u16::from(mutant::")
    };
    // Its name is the only thing in the call.
    let asked = |text: &str| {
        let call = text.trim_end().strip_suffix("\")");
        let call = call.and_then(|call| call.rsplit_once("(\""));
        call.is_some_and(|(of, name)| of.ends_with("mutant::is") && !name.contains('"'))
    };
    // Whatever it is: a bug that nobody chose is false, and so is both together.
    let with = after.split_once("&&").is_some_and(|(rest, bug)| {
        let is_simple = |one: char| one.is_alphanumeric() || " _.:()".contains(one);
        rest.chars().all(is_simple) && bug.trim_start().starts_with("mutant::")
    });
    let is_logical = changed == "&&" || changed == "||";
    match genre {
        "BinaryOperator" => asks(after) || asked(before) || with && !is_logical,
        "UnaryOperator" => asks(after) || with,
        "MatchArmGuard" => {
            asks(changed) && asked(changed) && !changed.contains("&&") && !changed.contains("||")
        }
        _ => false,
    }
}

/// What these mutants are known by.
pub(super) fn keys(mutants: &[Mutant]) -> BTreeSet<&Key> {
    mutants.iter().map(|mutant| &mutant.key).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mutant(text: &str, genre: &str, name: &str, place: [[usize; 2]; 2]) -> Value {
        let at = |[line, column]: [usize; 2]| json!({ "line": line, "column": column });
        assert!(text.lines().count() >= place[1][0]);
        json!({
            "name": name, "file": "f.rs", "genre": genre,
            "span": { "start": at(place[0]), "end": at(place[1]) },
        })
    }

    #[test]
    fn a_mutant_is_known_by_its_line_and_not_by_its_number() {
        let text = "fn f() {\n    if ä < b && c {\n";
        let value = mutant(
            text,
            "BinaryOperator",
            "f.rs:2:10: replace < with <= in f",
            [[2, 10], [2, 11]],
        );
        let first = read(&value, text, &[]).unwrap().unwrap();
        assert_eq!(first.key.line, "if ä < b && c {");
        assert_eq!(first.key.change, "replace < with <= in f");
        let second = read(&value, text, &[first]).unwrap().unwrap();
        assert_eq!(second.key.again, 1);
    }

    #[test]
    fn operators_on_a_named_bug_are_not_counted() {
        let named = |before, changed, after| is_named("BinaryOperator", before, changed, after);
        assert!(named("if a ", "&&", " !mutant::is(\"KEX-1/a\") {"));
        assert!(named(
            "if a ",
            "||",
            "\n  alongside_wire::mutant::is(\"fuzz/a\") {"
        ));
        assert!(named("if mutant::is(\"KEX-1/a\") ", "&&", " b {"));
        assert!(named(
            "VERSION ",
            "+",
            " u16::from(mutant::is(\"KEX-1/a\"))"
        ));
        assert!(!named("if a ", "&&", " b || mutant::is(\"KEX-1/a\") {"));
        assert!(named("if a ", "<", " b.len() && mutant::is(\"KEX-1/a\") {"));
        assert!(!named("if a ", "<", " b && !mutant::is(\"KEX-1/a\") {"));
        assert!(!named("if a ", "&&", " b && mutant::is(\"KEX-1/a\") {"));
        assert!(!named(
            "if mutant::is(\"KEX-1/a\") && f(\"b\") ",
            "&&",
            " b {"
        ));
        assert!(is_named(
            "UnaryOperator",
            "",
            "!",
            "mutant::is(\"KEX-1/a\")"
        ));
        let guard = |guard| is_named("MatchArmGuard", "", guard, "");
        assert!(guard("!mutant::is(\"KEX-1/a\")"));
        assert!(!guard("a && !mutant::is(\"KEX-1/a\")"));
        assert!(!guard("mutant::is(\"KEX-1/a\") && b"));
    }
}
