//! What a session leaves behind on both people's machines: nothing that they did not ask for.
//!
//! Both programs run under `strace`, in folders of their own, and every file that they open to write, make,
//! name or remove is looked at. Real time passes here: five seconds of it before control may be asked for.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/talker.rs"]
mod talker;
#[path = "support/waits.rs"]
mod waits;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use alongside_client::{Relay, Trust};
use talker::Talker;
use tempfile::TempDir;
use waits::{GUARD, SETTLE};

/// A machine of one person: everything that a program may call home.
struct Machine {
    home: TempDir,
    trace: TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self {
            home: tempfile::tempdir().unwrap(),
            trace: tempfile::tempdir().unwrap(),
        };
        for folder in ["work", "config", "data", "state", "cache", "run", "tmp"] {
            fs::create_dir(machine.home.path().join(folder)).unwrap();
        }
        machine
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A program of this machine, watched, with these arguments.
    fn start(&self, name: &'static str, relay: &Relay, arguments: &[&str]) -> Talker {
        let Trust::Fingerprint(fingerprint) = &relay.trust else {
            panic!("a fingerprint");
        };
        let mut command = Command::new("strace");
        command
            .args(["-f", "--seccomp-bpf", "-qq", "-s", "4096"])
            .args(["-e", "trace=%file,open_by_handle_at"])
            .arg("-o")
            .arg(self.trace.path().join("trace"))
            // Whatever becomes of this test, the program does not stay.
            .args(["timeout", "--foreground", "--signal=KILL", "120"])
            .arg(env!("CARGO_BIN_EXE_alongside"))
            .args(arguments)
            .args(["--relay", &relay.address])
            .args(["--fingerprint", &fingerprint.to_string()])
            .current_dir(self.file("work"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.file("tmp"));
        for (variable, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(variable, self.file(folder));
        }
        Talker::start(name, &mut command)
    }

    /// Files below the home, in order.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files.sort();
        files
    }

    /// Calls of the system that make, change or remove something on a disk, tried or done.
    fn writes(&self) -> Vec<String> {
        let trace = fs::read_to_string(self.trace.path().join("trace")).unwrap();
        assert!(trace.contains("execve("), "nothing was watched:\n{trace}");
        let writes = trace.lines().filter(|line| writes(line));
        writes.map(str::to_owned).collect()
    }
}

/// Whether a line of a trace is such a call.
fn writes(line: &str) -> bool {
    // The number of the process stands first.
    let call = line
        .split_once(' ')
        .map_or(line, |(_, call)| call)
        .trim_start();
    let (name, arguments) = call.split_once('(').unwrap_or((call, ""));
    let harmless = ["\"/dev/", "\"/proc/"];
    if harmless.iter().any(|place| arguments.contains(place)) {
        return false;
    }
    match name {
        "open" | "openat" | "openat2" => {
            let flags = [
                "O_WRONLY",
                "O_RDWR",
                "O_CREAT",
                "O_TMPFILE",
                "O_TRUNC",
                "O_APPEND",
            ];
            flags.iter().any(|flag| arguments.contains(flag))
        }
        "creat" | "mkdir" | "mkdirat" | "mknod" | "mknodat" | "link" | "linkat" | "symlink"
        | "symlinkat" | "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat" | "rmdir"
        | "truncate" | "chmod" | "fchmodat" | "chown" | "lchown" | "fchownat" | "utime"
        | "utimes" | "utimensat" | "setxattr" | "lsetxattr" | "open_by_handle_at" => true,
        _ => false,
    }
}

#[test]
fn the_watch_sees_what_it_has_to() {
    for line in [
        "7 openat(AT_FDCWD, \"/home/log\", O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC, 0666) = 3",
        "7 mkdir(\"/home/.local\", 0777) = -1 EEXIST (File exists)",
        "7 rename(\"/home/a\", \"/home/b\") = 0",
    ] {
        assert!(writes(line), "{line}");
    }
    for line in [
        "7 openat(AT_FDCWD, \"/etc/hosts\", O_RDONLY|O_CLOEXEC) = 3",
        "7 openat(AT_FDCWD, \"/dev/tty\", O_RDWR|O_CLOEXEC) = 3",
        "7 access(\"/etc/ld.so.preload\", R_OK) = -1 ENOENT (No such file or directory)",
    ] {
        assert!(!writes(line), "{line}");
    }
}

/// The code that a helper's program shows.
fn code(helper: &Talker) -> String {
    helper.hear("Your code:", 1)
}

/// A session with everything in it that people do.
fn session(helper: &mut Talker, sharer: &mut Talker) {
    let code = code(helper);
    sharer.say(&code);
    sharer.agree();
    helper.hear("The other person agreed", 1);
    std::thread::sleep(SETTLE);
    helper.say("control");
    sharer.hear("Do you allow that the helper may use", 1);
    // An answer within a second of the question is not taken.
    std::thread::sleep(GUARD);
    sharer.say("yes");
    helper.hear("Control was granted", 1);
    helper.say("type a secret of the sharer's");
    helper.say("chat what is said here stays here");
    sharer.hear("what is said here stays here", 1);
    sharer.say("chat so it does");
    helper.hear("so it does", 1);
    sharer.say("pause");
    helper.hear("The other person paused", 1);
    sharer.say("unpause");
    helper.hear("The session goes on", 1);
    sharer.say("end");
    assert_eq!(sharer.ended().0, Some(0), "{}", sharer.said());
    assert_eq!(helper.ended().0, Some(0), "{}", helper.said());
}

//= test spec/18-privacy.md#devices [PRIVACY-1] 363472fe
//= test spec/02-codes.md#spent [CODE-14] 29511607
#[tokio::test(flavor = "multi_thread")]
async fn a_session_leaves_nothing_on_either_machine() {
    let (_relay, found) = cast::relay();
    let (helpers, sharers) = (Machine::new(), Machine::new());
    let mut helper = helpers.start("helper", &found, &["helper", "--no-window"]);
    let mut sharer = sharers.start("sharer", &found, &["sharer", "--screen", "pattern"]);
    session(&mut helper, &mut sharer);
    for machine in [&helpers, &sharers] {
        assert_eq!(machine.writes(), Vec::<String>::new());
        assert_eq!(machine.files(), Vec::<PathBuf>::new());
    }
}

//= test spec/18-privacy.md#devices [PRIVACY-1] 363472fe
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_leaves_nothing_either() {
    let (_relay, found) = cast::relay();
    let machine = Machine::new();
    let mut sharer = machine.start("sharer", &found, &["sharer", "--screen", "pattern"]);
    sharer.say("zzzz-zzzz");
    assert_eq!(sharer.ended().0, Some(3), "{}", sharer.said());
    assert_eq!(machine.writes(), Vec::<String>::new());
    let nowhere = Relay {
        address: "127.0.0.1:9".to_owned(),
        ..found
    };
    let mut helper = machine.start("helper", &nowhere, &["helper", "--no-window"]);
    assert_eq!(helper.ended().0, Some(1), "{}", helper.said());
    assert_eq!(machine.writes(), Vec::<String>::new());
    assert_eq!(machine.files(), Vec::<PathBuf>::new());
}

//= test spec/18-privacy.md#devices [PRIVACY-1] 363472fe
#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_asked_for_is_written() {
    let (_relay, found) = cast::relay();
    let (helpers, sharers) = (Machine::new(), Machine::new());
    let (frames, spent, receipts) = (
        helpers.file("frames"),
        sharers.file("spent"),
        sharers.file("receipts"),
    );
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut helper = helpers.start(
        "helper",
        &found,
        &["helper", "--no-window", "--save-frames", &text(&frames)],
    );
    let mut sharer = sharers.start(
        "sharer",
        &found,
        &[
            "sharer",
            "--screen",
            "pattern",
            "--remember",
            &text(&spent),
            "--receipts",
            &text(&receipts),
        ],
    );
    session(&mut helper, &mut sharer);
    assert_eq!(sharers.files(), [receipts, spent]);
    let pictures = helpers.files();
    assert!(!pictures.is_empty());
    assert!(
        pictures.iter().all(|path| path.starts_with(&frames)),
        "{pictures:?}"
    );
    // While they are written they may have another name beside their own.
    for write in helpers.writes() {
        assert!(write.contains(&text(&frames)), "{write}");
    }
    assert!(!sharers.writes().is_empty(), "the watch is blind");
    for write in sharers.writes() {
        assert!(write.contains(&text(sharers.home.path())), "{write}");
    }
}

//= test spec/02-codes.md#halves [CODE-15] 69d51833
#[test]
fn a_code_is_no_argument() {
    let output = Command::new(env!("CARGO_BIN_EXE_alongside"))
        .args(["sharer", "--relay", "127.0.0.1:9", "--fingerprint"])
        .arg("0".repeat(64))
        .arg("4060-r0gx")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let help = Command::new(env!("CARGO_BIN_EXE_alongside"))
        .args(["sharer", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("it is no argument"), "{help}");
}
