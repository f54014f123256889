//! The captured sessions that are shipped, and what `decode` makes of files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

const NO_KEYS: &str = "/dev/null";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

fn name(path: &Path) -> &str {
    path.to_str().expect("a name")
}

/// What `decode` says of a file, or why it does not.
fn decode(file: &Path, more: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside-conformance"));
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .args(["decode", name(file)])
        .args(more)
        .output()
        .expect("it starts");
    let [said, why] = [stdout, stderr].map(|text| String::from_utf8(text).expect("text"));
    match status.code() {
        Some(0) => Ok(said),
        Some(2) => Err(why),
        other => panic!("{other:?}: {said}{why}"),
    }
}

fn captures() -> Vec<PathBuf> {
    let files = fs::read_dir(folder()).expect("captures");
    let files = files.map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    files
}

/// A file of the folder, changed.
fn changed(change: impl Fn(&str) -> String) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("changed.json");
    let text = fs::read_to_string(folder().join("client-end-own@sharer.json"));
    fs::write(&path, change(&text.expect("text"))).expect("a file");
    (place, path)
}

/// After a change of the words or the clauses: `INSTA_UPDATE=always cargo test --test captures`, and a look
/// at what is different.
#[test]
fn each_is_read_as_it_was() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in captures() {
            let of = path.file_stem().expect("a name").to_string_lossy();
            let said = decode(&path, &[]).expect("it is read");
            insta::assert_snapshot!(of.replace('@', "-of-"), said);
        }
    });
}

#[test]
fn each_is_read_to_its_end() {
    for path in captures() {
        let said = decode(&path, &[]).expect("it is read");
        // What the clients of a relay under test say to each other is no envelope.
        let made_up = path.ends_with("relay-join-live@relay.json");
        for wrong in [
            "does not open",
            "no message",
            "no envelope",
            "no frame",
            "no input",
            "not kept",
            "nothing whole",
        ] {
            let allowed = made_up && wrong == "no envelope";
            assert!(
                allowed || !said.contains(wrong),
                "{}: {wrong}: {said}",
                path.display()
            );
        }
        // Without its keys it keeps its secrets.
        let shut = decode(&path, &["--keys", NO_KEYS]).expect("it is read");
        assert!(!shut.contains("sealed consent"), "{shut}");
    }
}

#[test]
fn together_they_show_a_session_with_all_its_parts() {
    let files = captures();
    let said = files.iter().map(|path| decode(path, &[]));
    let said: String = said.map(|said| said.expect("it is read")).collect();
    for part in [
        "relay-hello",
        "sealed consent ",
        "frame: complete = true",
        "sealed shown ",
        "sealed control-request",
        "sealed control-grant",
        "input record",
        "Key {",
        "sealed pause ",
        "sealed epoch-seen ",
        "rejoin ",
        "reconnect-2 ",
        "sealed state ",
        "sign-in ",
        "signed-in ",
        "sealed chat\n",
        "sealed chat-ack ",
        "sealed clipboard ",
        "sealed end ",
    ] {
        assert!(said.contains(part), "nothing shows {part}");
    }
}

/// The guide names the command by which they were made, with the cases of all that are there.
#[test]
fn each_is_made_by_the_command_that_is_named() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports.md");
    let guide = fs::read_to_string(guide).expect("a guide");
    let command = guide
        .split("\n\n")
        .find(|part| part.contains(" --captures "));
    let words: Vec<_> = command.expect("a command").split_whitespace().collect();
    let cases = words.windows(2).filter(|pair| pair[0] == "--run");
    let mut cases: Vec<_> = cases.map(|pair| pair[1].replace('/', "-")).collect();
    cases.sort();
    let files = captures();
    let mut made: Vec<_> = files
        .iter()
        .map(|path| path.file_stem().expect("a name").to_string_lossy())
        .map(|of| of.split('@').next().unwrap_or_default().to_owned())
        .collect();
    made.sort();
    made.dedup();
    assert_eq!(made, cases);
}

#[test]
fn a_part_of_one_is_refused_with_what_to_do() {
    let (_place, path) = changed(|text| text[..text.len() / 2].to_owned());
    let why = decode(&path, &[]).expect_err("it is a part");
    for word in [
        "changed.json: it is no capture, or a part",
        "--captures FOLDER",
    ] {
        assert!(why.contains(word), "{why}");
    }
}

#[test]
fn one_of_another_form_is_refused() {
    let (_place, path) = changed(|text| text.replacen("\"format\":1", "\"format\":2", 1));
    let why = decode(&path, &[]).expect_err("it is of another form");
    assert!(why.contains("it is a capture of form 2"), "{why}");
}

#[test]
fn garbage_is_refused_with_what_to_do() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("changed.json");
    fs::write(&path, [0xff, 0xfe, 0, 7]).expect("a file");
    let why = decode(&path, &[]).expect_err("it is garbage");
    assert!(why.contains("it is no capture"), "{why}");
    assert!(why.contains("transcript.json of a bundle"), "{why}");
    let (_place, path) = changed(|text| text.replacen("\"bytes\":\"", "\"bytes\":\"coffee?", 1));
    let why = decode(&path, &[]).expect_err("it is spoilt");
    assert!(why.contains(" are no hex"), "{why}");
}

/// The last bytes that came are gone: what is left of their message is said to be there.
#[test]
fn a_stream_that_breaks_off_is_told() {
    let (_place, path) = changed(|text| {
        let last = text.rfind("\"bytes\":\"").expect("bytes") + 9;
        let end = last + text[last..].find('"').expect("their end");
        format!("{}{}", &text[..end - 2], &text[end..])
    });
    let said = decode(&path, &["--keys", NO_KEYS]).expect("it is read");
    assert!(said.contains("bytes that are nothing whole"), "{said}");
}

#[test]
fn keys_of_another_session_are_named_as_such() {
    let file = folder().join("client-end-own@sharer.json");
    let keys = folder().join("client-end-own@helper.keys");
    let why = decode(&file, &["--keys", name(&keys)]).expect_err("they open nothing");
    for word in [
        name(&file),
        name(&keys),
        "keys of another session",
        "--keys",
    ] {
        assert!(why.contains(word), "{why}");
    }
    let why = decode(&file, &["--keys", name(&file)]).expect_err("it is no key log");
    assert!(why.contains("line 1 is no line of a key log"), "{why}");
    let why = decode(&file, &["--keys", "no-such-file"]).expect_err("it is not there");
    assert!(why.contains("no-such-file: No such file"), "{why}");
}
