//! The journal on a real disk: of a relay in this process, of one that is killed, and by hand.

mod support;

use std::{fs, path::Path, process::Command, time::SystemTime};

use alongside_relay::books::Folder;
use alongside_state_machine::books::Shelf;
use alongside_wire::{
    ErrorCode,
    journal::{Features, Record},
    rendezvous::Leave,
};
use support::{
    pair,
    process::{LOCAL, Running, command},
    soon, start_with, until,
};

fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

fn records(folder: &Path) -> (Vec<Record>, usize) {
    let files = Folder::open(folder, Shelf::JOURNAL).read(unix_now());
    let files = files.expect("readable").concat();
    Record::read_all(&files)
}

/// Waits for the thread that writes.
async fn wait_for(folder: &Path, many: usize) -> Vec<Record> {
    let written = async || {
        let (records, dropped) = records(folder);
        assert_eq!(dropped, 0);
        (records.len() >= many).then_some(records)
    };
    until("the records", written).await
}

//= test spec/14-operation.md#journal [JOURNAL-2] f700e39e
//= test spec/14-operation.md#journal [JOURNAL-1] ef67a166
#[tokio::test]
async fn a_session_is_one_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep").join("journal");
    let relay = start_with(|options| options.journal = Some(path.clone()));
    let before = unix_now();
    let (mut helper, mut sharer) = support::session(&relay).await;
    for (from, to) in [(&sharer, &helper), (&helper, &sharer)] {
        let mut send = soon(from.connection.open_uni()).await.expect("a stream");
        soon(send.write_all(b"frame")).await.expect("written");
        soon(to.connection.accept_uni()).await.expect("a stream");
    }
    sharer
        .say(Leave {
            code: ErrorCode::Done.to_wire(),
        })
        .await;
    helper.hear().await;
    // The same two again, of whom one makes up a code.
    let (helper, mut sharer) = pair(helper, sharer).await;
    sharer.say(Leave { code: 0xCAFE }).await;
    let records = wait_for(&path, 2).await;
    assert_eq!(records.len(), 2);
    assert_eq!((records[0].number, records[1].number), (1, 2));
    assert_eq!(records[0].features, Features::FRAMES.union(Features::INPUT));
    assert_eq!(records[1].features, Features::NONE);
    for record in &records {
        assert_eq!(record.error, ErrorCode::Done);
        assert!(before <= record.start && record.start <= record.end);
        assert!(record.end <= unix_now());
    }
    drop(helper);
}

/// Writes at the end of an hour would begin a second file; that changes nothing here.
#[tokio::test]
async fn a_relay_that_is_killed_leaves_whole_records_and_goes_on_after_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, log) = (folder.path().join("journal"), folder.path().join("log"));
    let dir = path.to_str().expect("a path");
    let run = || {
        let mut command = command(&LOCAL);
        command.args(["--journal", dir]);
        Running::start(command, &log)
    };
    let mut relay = run();
    let (_helper, mut sharer) = pair(relay.client().await, relay.client().await).await;
    sharer
        .say(Leave {
            code: ErrorCode::Done.to_wire(),
        })
        .await;
    wait_for(&path, 1).await;
    // One session lives when it is killed, and has no record.
    let _ends = pair(relay.client().await, relay.client().await).await;
    relay.signal("-KILL");
    relay.wait();
    let (whole, dropped) = records(&path);
    assert_eq!((whole.len(), dropped), (1, 0));

    // What a write that was cut off by a loss of power leaves.
    let file = path.join(Shelf::JOURNAL.file(unix_now()));
    let before = fs::read(&file).unwrap_or_default();
    fs::write(&file, [before.as_slice(), b"9 1795248013 17952"].concat()).expect("written");
    let (whole, dropped) = records(&path);
    assert_eq!((whole.len(), dropped), (1, 1));

    let mut relay = run();
    let (mut helper, mut sharer) = pair(relay.client().await, relay.client().await).await;
    sharer
        .say(Leave {
            code: ErrorCode::Declined.to_wire(),
        })
        .await;
    helper.hear().await;
    // A shutdown in order writes what waits, and the record of a session that it ends.
    let _ends = pair(relay.client().await, relay.client().await).await;
    relay.signal("-TERM");
    assert_eq!(relay.wait(), Some(0));
    let (whole, _) = records(&path);
    let errors: Vec<_> = whole.iter().map(|record| record.error).collect();
    assert_eq!(
        errors,
        [
            ErrorCode::Done,
            ErrorCode::Declined,
            ErrorCode::RelayShutdown
        ]
    );

    let print = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alongside-relay"));
        let output = command.arg("journal").arg(&path).args(args).output();
        let output = output.expect("it runs");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    let text = print(&[]);
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains("declined"), "{text}");
    for line in print(&["--json"]).lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(object.as_object().expect("an object").len(), 5);
    }
}

//= test spec/14-operation.md#journal [JOURNAL-6] bec150f9
#[test]
fn a_torn_line_is_cut_off_before_the_next_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Folder::create(folder.path(), Shelf::JOURNAL).expect("a folder");
    let file = folder.path().join(Shelf::JOURNAL.file(7_200));
    for (torn, left) in [
        ("", ""),
        ("1 2 3 0301 0000\n", "1 2 3 0301 0000\n"),
        ("1 2 3 0301 0000\n2 3", "1 2 3 0301 0000\n"),
        ("1 2", ""),
    ] {
        fs::write(&file, torn).expect("written");
        journal.write("3 4 5 0301 0001\n", 7_300).expect("written");
        let text = fs::read_to_string(&file).expect("read");
        assert_eq!(text, format!("{left}3 4 5 0301 0001\n"));
    }
}

//= test spec/14-operation.md#journal [JOURNAL-4] 1a23776e
//= test spec/14-operation.md#journal [JOURNAL-5] 4038f15a
#[tokio::test]
async fn a_relay_unlinks_what_is_due_when_it_starts_and_leaves_other_files_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, now) = (folder.path(), unix_now());
    let hour = |hours: u64| Shelf::JOURNAL.file(now - hours * 3_600);
    let other = ["notes.txt", "1.journal", "9999999999.journal~"];
    let ours = [hour(1_000), hour(73), hour(72), hour(70), hour(1)];
    let ahead = Shelf::JOURNAL.file(now + 90 * 3_600);
    for name in ours
        .iter()
        .map(String::as_str)
        .chain(other)
        .chain([ahead.as_str()])
    {
        fs::write(path.join(name), "1 2 3 0301 0000\n").expect("written");
    }
    let relay = start_with(|options| options.journal = Some(path.to_owned()));
    let left = |name: &&String| path.join(name).exists();
    assert_eq!(
        ours.iter().filter(left).collect::<Vec<_>>(),
        [&ours[3], &ours[4]]
    );
    assert!(!path.join(ahead).exists(), "of an hour to come");
    assert!(other.iter().all(|name| path.join(name).exists()));
    relay.shutdown().await;
}

#[test]
fn nothing_that_is_due_is_read_although_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Folder::create(folder.path(), Shelf::JOURNAL).expect("a folder");
    journal.write("1 2 3 0301 0000\n", 3_600).expect("written");
    journal.write("2 2 3 0301 0000\n", 7_200).expect("written");
    assert_eq!(journal.read(7_200).expect("read").len(), 2);
    assert_eq!(journal.read(3_600 * 73).expect("read").len(), 1);
    assert_eq!(journal.next_due().expect("read"), Some(3_600 * 73));
    journal.unlink_due(3_600 * 73).expect("unlinked");
    assert_eq!(journal.next_due().expect("read"), Some(3_600 * 74));
}

//= test spec/14-operation.md#journal [JOURNAL-8] 50a52e15
#[tokio::test]
async fn without_being_asked_a_relay_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (home, log) = (folder.path().join("home"), folder.path().join("log"));
    fs::create_dir(&home).expect("made");
    let mut command = command(&LOCAL);
    for name in ["HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "TMPDIR"] {
        command.env(name, &home);
    }
    command.current_dir(&home);
    let mut relay = Running::start(command, &log);
    let (_helper, mut sharer) = pair(relay.client().await, relay.client().await).await;
    sharer
        .say(Leave {
            code: ErrorCode::Done.to_wire(),
        })
        .await;
    relay.signal("-TERM");
    assert_eq!(relay.wait(), Some(0));
    assert_eq!(fs::read_dir(&home).expect("read").count(), 0);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_said_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let path = file.to_str().expect("a path");
    let output = command(&LOCAL).args(["--journal", path]).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(path), "{error}");
}
