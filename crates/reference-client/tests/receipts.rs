//! Receipts of real sessions: two programs, a relay, and whoever checks the file later.
//!
//! Real time passes here: five seconds of it before control may be asked for.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/talker.rs"]
mod talker;
#[path = "support/waits.rs"]
mod waits;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use alongside_client::{Relay, Trust};
use alongside_wire::framing;
use talker::Talker;
use waits::{GUARD, SETTLE};

struct Stage {
    found: Relay,
    _relay: alongside_relay::Relay,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let (relay, found) = cast::relay();
        Self {
            found,
            _relay: relay,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &'static str, args: &[&str], file: Option<&Path>) -> Talker {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
        let Trust::Fingerprint(fingerprint) = &self.found.trust else {
            panic!("a fingerprint");
        };
        command
            .args(args)
            .args(["--relay", &self.found.address])
            .args(["--fingerprint", &fingerprint.to_string()]);
        if let Some(file) = file {
            command.arg("--receipts").arg(file);
        }
        Talker::start(name, &mut command)
    }

    /// Both programs, up to the question for consent.
    fn asked(&self, sharers: Option<&Path>, share: bool, helpers: Option<&Path>) -> [Talker; 2] {
        let helper = self.program("helper", &["helper", "--no-window"], helpers);
        let code = helper.hear("Your code:", 1);
        let code: String = code
            .chars()
            .skip_while(|character| !character.is_ascii_alphanumeric())
            .take_while(|character| character.is_ascii_alphanumeric() || *character == '-')
            .collect();
        let mut args = vec!["sharer", "--screen", "pattern"];
        if share {
            args.push("--share-receipts");
        }
        let mut sharer = self.program("sharer", &args, sharers);
        sharer.say(&code);
        sharer.hear("SEE YOUR SCREEN", 1);
        [helper, sharer]
    }
}

/// Exit code, and what was printed.
fn verify(file: &Path) -> (Option<i32>, String) {
    verify_with(file, &[])
}

fn verify_with(file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
    command.args(["receipt", "verify"]).arg(file).args(more);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

//= test spec/16-receipts.md#when [RECEIPT-2] 4277bcbe
//= test spec/16-receipts.md#when [RECEIPT-3] 57c9b542
//= test spec/16-receipts.md#receipt [RECEIPT-6] 5da58485
//= test spec/16-receipts.md#file [RECEIPT-15] 6ee17711
//= test spec/16-receipts.md#proof [RECEIPT-17] 6f1a0a2d
//= test spec/16-receipts.md#proof [RECEIPT-18] 17148083
#[tokio::test(flavor = "multi_thread")]
async fn a_real_session_leaves_a_file_that_holds() {
    let stage = Stage::new();
    let (own, given) = (stage.file("own"), stage.file("given"));
    let [mut helper, mut sharer] = stage.asked(Some(&own), true, Some(&given));
    sharer.hear("can prove it to others", 1);
    sharer.agree();
    sharer.hear("Your screen is shown", 1);
    // Control may be asked for five seconds after consent.
    std::thread::sleep(SETTLE);
    helper.say("control");
    sharer.hear("Do you allow that the helper may use", 1);
    // An answer within a second of the question is not taken.
    std::thread::sleep(GUARD);
    sharer.say("yes");
    sharer.hear("The helper has control", 1);
    sharer.say("revoke");
    sharer.hear("no control any more", 1);
    sharer.say("end");
    assert_eq!(sharer.ended().0, Some(0));
    assert_eq!(helper.ended().0, Some(0));

    let (code, said) = verify(&own);
    assert_eq!(code, Some(0), "{said}");
    for text in [
        "1  20",
        "allowed to see the screen: view, chat",
        "allowed control for 900 s: pointer, keyboard (request 1, grant 1)",
        "control ended: revoked (grant 1)",
        "4  20",
        "the session ended: done",
        "Integrity only",
        "Not proven",
    ] {
        assert!(said.contains(text), "{text} in {said}");
    }
    let mode = fs::metadata(&own).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let (code, said) = verify(&given);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("later receipts may be missing"), "{said}");
    let bytes = fs::read(&own).unwrap();
    assert!(bytes.starts_with(&fs::read(&given).unwrap()), "the same");

    // What is missing is told, and the others hold.
    let start = "alongside/1 receipts\n".len();
    let (first, length) = framing::split(&bytes[start..], 16_384, "an item")
        .unwrap()
        .unwrap();
    assert_eq!(first.message_type, 2);
    let second = start + length;
    let (_, length) = framing::split(&bytes[second..], 16_384, "an item")
        .unwrap()
        .unwrap();
    fs::write(
        &given,
        [&bytes[..second], &bytes[second + length..]].concat(),
    )
    .unwrap();
    let (code, said) = verify(&given);
    assert_eq!(code, Some(5), "{said}");
    assert!(
        said.contains("receipt 2 is missing") && said.contains("there were others"),
        "{said}"
    );

    // One bit, and the file is worth nothing.
    let mut changed = bytes;
    changed[30] ^= 1;
    fs::write(&own, changed).unwrap();
    let (code, said) = verify(&own);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("WRONG") && said.contains('['), "{said}");
}

//= test spec/16-receipts.md#when [RECEIPT-1] 0d10dcf5
//= test spec/16-receipts.md#when [RECEIPT-2] 4277bcbe
//= test spec/16-receipts.md#when [RECEIPT-3] 57c9b542
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_or_given_unless_it_was_asked_for() {
    let stage = Stage::new();
    let (own, given) = (stage.file("own"), stage.file("given"));
    // Without --share-receipts the helper's file stays away.
    let [helper, mut sharer] = stage.asked(Some(&own), false, Some(&given));
    sharer.say("no");
    sharer.hear("This looks like the beginning of a scam", 1);
    sharer.say("no");
    assert_eq!(sharer.ended().0, Some(3));
    let mut helper = helper;
    helper.ended();
    assert!(!given.exists());
    let (code, said) = verify(&own);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("did not allow to see the screen"), "{said}");

    // A file that is there already is not touched, and nothing begins.
    let before = fs::read(&own).unwrap();
    let args = ["sharer", "--screen", "pattern"];
    let mut again = stage.program("again", &args, Some(&own));
    assert_eq!(again.ended().0, Some(1));
    assert!(again.said().contains("name a new file"), "{}", again.said());
    assert_eq!(fs::read(&own).unwrap(), before);

    let nothing = stage.asked(None, false, None);
    let [mut helper, mut sharer] = nothing;
    sharer.agree();
    sharer.hear("Your screen is shown", 1);
    sharer.say("end");
    sharer.ended();
    helper.ended();
    let left: Vec<_> = fs::read_dir(stage.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["own"]);
}

#[test]
fn what_is_no_file_of_receipts_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    assert_eq!(verify(&file).0, Some(1), "no file");
    fs::write(&file, "hello").unwrap();
    let (code, said) = verify(&file);
    assert_eq!(code, Some(1));
    assert!(said.contains("a file of receipts"), "{said}");
    assert!(said.contains("[WIRE-7]"), "{said}");
}

/// Cards of the sharer and the helper, from the program that makes cards; the issuer's public key.
fn cards(folder: &Path) -> String {
    let alongside = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
        command.arg("card").args(arguments).current_dir(folder);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let printed = alongside(&["issuer-key", "--out", "issuer.secret"]);
    let line = printed.lines().find(|line| line.starts_with("issuer "));
    let issuer = line.unwrap().split(' ').nth(1).unwrap().to_owned();
    for (file, first) in [("my", "Grace"), ("theirs", "Ada")] {
        let [card, secret, request] =
            ["card", "secret", "request"].map(|end| format!("{file}.{end}"));
        let new = ["new-key", "--receipts", "--issuer", &issuer];
        alongside(&[&new[..], &["--out", &secret, "--request", &request]].concat());
        let issue = ["issue", "--issuer-key", "issuer.secret", "--request"];
        alongside(&[&issue[..], &[&request, "--first", first, "--out", &card]].concat());
    }
    issuer
}

//= test spec/16-receipts.md#receipt [RECEIPT-6] 5da58485
//= test spec/16-receipts.md#proof [RECEIPT-17] 6f1a0a2d
//= test spec/16-receipts.md#file [RECEIPT-19] ccd873ab
//= test spec/16-receipts.md#proof [RECEIPT-20] 798f6b34
#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_somebody_with_a_card_are_attributed_to_it() {
    let stage = Stage::new();
    let (own, given) = (stage.file("own"), stage.file("given"));
    let issuer = cards(stage.folder.path());
    let trust = |name: &str, key: &str| {
        let file = stage.file(name);
        fs::write(&file, format!("issuer {key} Engines\n")).unwrap();
        file.to_str().unwrap().to_owned()
    };
    // A key that is one, and nobody's here.
    let other = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
    let (right, wrong) = (trust("right", &issuer), trust("wrong", other));

    let files =
        ["my.card", "my.secret", "theirs.card", "theirs.secret"].map(|name| stage.file(name));
    let [mine, secret, theirs, theirs_secret] = files.each_ref().map(|file| file.to_str().unwrap());
    let args = [
        "helper",
        "--no-window",
        "--card",
        theirs,
        "--card-key",
        theirs_secret,
    ];
    let mut helper = stage.program("helper", &args, Some(&given));
    let code = helper.hear("Your code:", 1);
    // Somebody whose card is trusted is shown the sharer's, so that both ends have both.
    let args = [
        "sharer",
        "--screen",
        "pattern",
        "--share-receipts",
        "--trust",
        &right,
    ];
    let args = [&args[..], &["--card", mine, "--card-key", secret]].concat();
    let mut sharer = stage.program("sharer", &args, Some(&own));
    sharer.say(&code);
    sharer.agree();
    sharer.hear("Your screen is shown", 1);
    helper.hear("shows their card", 1);
    sharer.say("end");
    assert_eq!(sharer.ended().0, Some(0));
    helper.ended();

    // Whoever has a file, and nothing else, learns who signed and whom they meant.
    for (file, holds) in [(&own, 0), (&given, 5)] {
        let (code, said) = verify_with(file, &["--trust", &right]);
        assert_eq!(code, Some(holds), "{said}");
        for text in [
            "Attributed: Grace () was given that key by Engines",
            "The helper, as the sharer says: \"Ada\" (verified by Engines), with the card ",
        ] {
            assert!(said.contains(text), "{text} in {said}");
        }
        let (code, said) = verify_with(file, &["--trust", &wrong]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("Integrity only"), "{said}");
        assert!(said.contains("\"Ada\" (unverified)"), "{said}");
    }
    // Nobody asked whose they are.
    assert_eq!(verify(&own).0, Some(0));
}
