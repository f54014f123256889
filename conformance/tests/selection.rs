//! Which cases are chosen, as `list` shows them, and `test` runs them.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// A line for each case and what it is run against, without those words.
fn list(words: &[&str]) -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside-conformance"));
    let output = command.arg("list").args(words).output().expect("it starts");
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.success(), !said.is_empty(), "{words:?}");
    said.lines().map(str::to_owned).collect()
}

fn target(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

fn case(line: &str) -> &str {
    line.split_whitespace().nth(1).unwrap_or_default()
}

fn checks(line: &str) -> Vec<&str> {
    let (_, checks) = line.rsplit_once(" [").expect("checks");
    checks.trim_end_matches(']').split(' ').collect()
}

#[test]
fn a_word_chooses_what_has_it_and_skip_the_rest() {
    let all = list(&[]);
    let run = list(&["--run", "pause"]);
    assert!(!run.is_empty() && run.iter().all(|line| case(line).contains("pause")));
    let rest = list(&["--skip", "pause"]);
    assert!(rest.iter().all(|line| !case(line).contains("pause")));
    assert!((&run | &rest) == all);
    let both = list(&["--run", "pause", "--run", "chat"]);
    assert!(both == &run | &list(&["--run", "chat"]));
    let but = list(&["--run", "pause", "--skip", "chat"]);
    assert!(but == &run - &list(&["--run", "chat"]));
}

#[test]
fn a_whole_id_chooses_that_case_alone() {
    let one = "client/again/picture";
    let more = list(&["--run", "client/again/pictur"]);
    assert!(more.iter().any(|line| case(line) != one), "{more:?}");
    let chosen = list(&["--run", one]);
    let names: Vec<_> = chosen
        .iter()
        .map(|line| (target(line), case(line)))
        .collect();
    assert_eq!(names, [("helper", one), ("sharer", one)]);
}

#[test]
fn a_requirement_or_an_area_chooses_what_checks_it() {
    let one = list(&["--req", "CONSENT-2", "--role", "sharer"]);
    assert!(!one.is_empty());
    assert!(one.iter().all(|line| checks(line).contains(&"CONSENT-2")));
    let area = list(&["--req", "CONSENT", "--role", "sharer"]);
    assert!(area.is_superset(&one) && area.len() > one.len());
    let of_area = |line: &&String| checks(line).iter().any(|id| id.starts_with("CONSENT-"));
    let all = list(&["--role", "sharer"]);
    assert!(area == all.iter().filter(of_area).cloned().collect());
}

#[test]
fn a_role_and_a_level_choose() {
    let all = list(&[]);
    let mut together = BTreeSet::new();
    for role in ["helper", "sharer", "relay", "pair"] {
        let of = list(&["--role", role]);
        assert!(!of.is_empty() && of.iter().all(|line| target(line) == role));
        together.extend(of);
    }
    assert!(together == all);
    let must = list(&["--level", "MUST"]);
    assert!(!must.is_empty() && must.is_subset(&all));
    // There is no other level now.
    let checks_none = |line: &String| checks(line) == [""];
    assert!(all.difference(&must).all(checks_none));
    assert!(list(&["--level", "SHOULD"]).is_empty());
}

#[test]
fn a_set_is_what_its_file_lists() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sets/1.0.txt");
    let file = fs::read_to_string(path).expect("a set");
    let listed: BTreeSet<_> = file.lines().map(str::to_owned).collect();
    assert_eq!(list(&["--set", "1.0", "--ids"]), listed);
    assert_eq!(list(&["--ids"]), listed);
}

#[test]
fn each_case_is_in_one_part() {
    let parts = ["1/3", "2/3", "3/3"].map(|part| list(&["--shard", part]));
    let [first, second, third] = &parts;
    let sum = first.len() + second.len() + third.len();
    let all = list(&[]);
    assert_eq!(sum, all.len());
    assert!((&(first | second) | third) == all);
    let sizes = parts.iter().map(BTreeSet::len);
    assert!(sizes.clone().max() <= sizes.min().map(|least| least + 1));
    for wrong in ["0/3", "4/3", "1", "1/0"] {
        assert_eq!(list(&["--shard", wrong]), BTreeSet::new(), "{wrong}");
    }
}
