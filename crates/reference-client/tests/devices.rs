//! Known devices: a device that waits, helpers who call it, and a relay, as programs.
//!
//! Real time passes here, because real programs are what is tested.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/talker.rs"]
mod talker;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use alongside_relay::{
    Options, Relay, devices,
    sign_in::{self, Access},
    tls::Identity,
};
use talker::Talker;

/// Helpers of two organisations, by the names of their token files.
const ACCOUNTS: &str = r#"
[[account]]
token = "token-of-ada"
name = "Ada"
organisation = "Example"
role = "control"

[[account]]
token = "token-of-eve"
name = "Eve"
organisation = "Elsewhere"
role = "control"

[[account]]
token = "token-of-bob"
name = "Bob"
organisation = "Example"
role = "none"
"#;

struct Stage {
    folder: tempfile::TempDir,
    relay: Relay,
}

fn alongside(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
    command.args(args).env_remove("ALONGSIDE_TOKEN");
    command
}

fn enrol(folder: &Path, name: &str, organisation: &str) -> Output {
    let args = ["device", "enrol", "--organisation", organisation];
    alongside(&args)
        .args(["--without-card", "--name", name])
        .arg("--out")
        .arg(folder)
        .output()
        .unwrap()
}

impl Stage {
    /// A relay that knows one device and some accounts.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let done = enrol(folder.path(), "desk", "Example");
        assert!(done.status.success(), "{done:?}");
        fs::write(file("accounts"), ACCOUNTS).unwrap();
        for who in ["ada", "eve", "bob"] {
            fs::write(file(who), format!("token-of-{who}\n")).unwrap();
        }
        let tokens = Some(file("accounts"));
        let access = sign_in::Options {
            tokens,
            ..sign_in::Options::default()
        };
        let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let relay = Relay::bind(Options {
            access: Access::open(&access).unwrap(),
            devices: devices::read(&file("desk.relay")).unwrap(),
            ..Options::new(([127, 0, 0, 1], 0).into(), identity)
        });
        Self {
            relay: relay.unwrap(),
            folder,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &'static str, args: &[&str], device: &str) -> Talker {
        let mut command = alongside(args);
        command
            .arg("--relay")
            .arg(self.relay.local_addr().unwrap().to_string())
            .args(["--fingerprint", self.relay.fingerprint()])
            .arg("--device")
            .arg(self.file(device));
        Talker::start(name, &mut command)
    }

    fn device(&self) -> Talker {
        let args = ["sharer", "--screen", "pattern"];
        self.program("device", &args, "desk.device")
    }

    /// A helper who is signed in, or not.
    fn calls(&self, who: Option<&str>, device: &str) -> Talker {
        let frames = self.file("frames");
        let mut args = vec!["helper", "--no-window", "--save-frames"];
        args.push(frames.to_str().unwrap());
        let token = who.map(|who| self.file(who));
        if let Some(token) = &token {
            args.extend(["--token-file", token.to_str().unwrap()]);
        }
        self.program("helper", &args, device)
    }

    fn pictures(&self) -> usize {
        fs::read_dir(self.file("frames")).map_or(0, Iterator::count)
    }
}

const WAITS: &str = "this device waits to be called";

//= test spec/17-known-devices.md#waiting [DEVICE-5] 7b8d3f64
//= test spec/17-known-devices.md#waiting [DEVICE-6] 344b8040
//= test spec/17-known-devices.md#exchange [DEVICE-14] 185fcabf
//= test spec/17-known-devices.md#exchange [DEVICE-15] d9e269d2
//= test spec/17-known-devices.md#exchange [DEVICE-17] cfba648f
#[tokio::test(flavor = "multi_thread")]
async fn a_helper_starts_from_a_device_that_waits_and_it_waits_again() {
    let stage = Stage::new();
    let mut device = stage.device();
    device.hear(WAITS, 1);

    // Not signed in, of another organisation, no helper at all: one answer for all of them.
    for who in [None, Some("eve"), Some("bob")] {
        let mut helper = stage.calls(who, "desk.helpers");
        assert_eq!(helper.ended().0, Some(3), "{who:?}: {}", helper.said());
        let said = helper.said();
        assert!(said.contains("did not answer"), "{who:?}: {said}");
    }
    assert!(!device.said().contains("SEE YOUR SCREEN"), "nobody asked");

    let mut helper = stage.calls(Some("ada"), "desk.helpers");
    device.hear("SEE YOUR SCREEN", 1);
    assert_eq!(stage.pictures(), 0, "before consent");
    device.agree();
    helper.hear("The other person agreed", 1);
    while stage.pictures() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(helper.child.try_wait().unwrap().is_none());
    }
    helper.say("end");
    assert_eq!(helper.ended().0, Some(0));
    device.hear(WAITS, 2);

    // It is asked each time, and may say no.
    let mut helper = stage.calls(Some("ada"), "desk.helpers");
    device.hear("Did you ask for this help yourself", 2);
    device.say("no");
    device.hear("This looks like the beginning of a scam", 1);
    device.say("no");
    assert_eq!(helper.ended().0, Some(3), "{}", helper.said());
    device.hear(WAITS, 3);

    // The right device with another secret: both are told, and it waits again after a pause.
    let text = fs::read_to_string(stage.file("desk.helpers")).unwrap();
    let (start, _) = text.split_once("secret ").unwrap();
    let wrong = format!("{start}secret {}\n", "0".repeat(64));
    fs::write(stage.file("wrong"), wrong).unwrap();
    let mut helper = stage.calls(Some("ada"), "wrong");
    assert_eq!(helper.ended().0, Some(3), "{}", helper.said());
    assert!(
        helper.said().contains("the device failed"),
        "{}",
        helper.said()
    );
    device.hear("with another secret", 1);
    device.hear("waiting again in 1 s", 1);
    device.hear(WAITS, 4);

    // What a person at the device says while nobody is there ends the waiting.
    device.say("end");
    assert_eq!(device.ended().0, Some(0), "{}", device.said());
    let mut helper = stage.calls(Some("ada"), "desk.helpers");
    assert_eq!(helper.ended().0, Some(3), "nobody waits");
}

//= test spec/17-known-devices.md#waiting [DEVICE-4] 9018bf39
//= test spec/17-known-devices.md#waiting [DEVICE-8] b3f963c5
//= test spec/17-known-devices.md#waiting [DEVICE-11] 889afba1
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_not_known_or_is_there_twice_says_so() {
    let stage = Stage::new();
    let mut device = stage.device();
    device.hear(WAITS, 1);
    let mut again = stage.device();
    again.hear(WAITS, 1);
    assert_eq!(device.ended().0, Some(3));
    let said = device.said();
    assert!(
        said.contains("Another program waits as this device"),
        "{said}"
    );

    stage.relay.set_devices(devices::Devices::new());
    assert_eq!(again.ended().0, Some(3));
    let said = again.said();
    assert!(said.contains("does not know this device"), "{said}");
    let mut never = stage.device();
    assert_eq!(never.ended().0, Some(3));

    // A device that wants cards must be told whom it believes.
    let file = stage.file("desk.device");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("card not-needed\n", "")).unwrap();
    let mut strict = stage.device();
    assert_eq!(strict.ended().0, Some(1));
    assert!(strict.said().contains("--trust"), "{}", strict.said());

    // The helpers' file is not enough to be the device.
    let args = ["sharer", "--screen", "pattern"];
    let mut helper = stage.program("helper as device", &args, "desk.helpers");
    assert_eq!(helper.ended().0, Some(1));
    assert!(
        helper.said().contains("ends in .device"),
        "{}",
        helper.said()
    );
}

//= test spec/17-known-devices.md#enrolment [DEVICE-1] a14edd8c
//= test spec/17-known-devices.md#enrolment [DEVICE-2] ab7962f2
#[test]
fn the_files_of_a_device_are_for_those_they_are_for() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(enrol(folder.path(), "one", "Example").status.success());
    assert!(enrol(folder.path(), "two", "Example").status.success());
    let line = |text: &str, start: &str| {
        let line = text.lines().find(|line| line.starts_with(start));
        line.map(|line| line[start.len()..].to_owned())
    };
    let (own, helpers, relay) = (read("one.device"), read("one.helpers"), read("one.relay"));
    let secret = line(&own, "secret ").unwrap();
    let token = line(&own, "token ").unwrap();
    assert_eq!(line(&helpers, "secret "), Some(secret.clone()));
    assert_eq!(line(&helpers, "token "), None);
    assert!(!relay.contains(&secret) && !relay.contains(&token));
    assert_ne!(line(&read("two.device"), "secret "), Some(secret));
    for name in ["one.device", "one.helpers"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }
    // Nothing is written over.
    let again = enrol(folder.path(), "one", "Example");
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(read("one.device"), own);
    assert_eq!(enrol(folder.path(), "three", "").status.code(), Some(1));
}

//= test spec/16-receipts.md#when [RECEIPT-3] 57c9b542
/// Sessions of a device follow one another, and each has a file of its own.
#[tokio::test(flavor = "multi_thread")]
async fn each_session_of_a_device_has_receipts_of_its_own() {
    let stage = Stage::new();
    let signed = stage.file("signed");
    let args = ["sharer", "--screen", "pattern", "--receipts"];
    let args = [&args[..], &[signed.to_str().unwrap()]].concat();
    let mut device = stage.program("device", &args, "desk.device");
    device.hear(WAITS, 1);
    let verify = |number: u32| {
        let file = stage.file(&format!("signed.{number}"));
        let output = alongside(&["receipt", "verify"])
            .arg(&file)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    for (session, answer, decision) in [
        (1, "yes", "allowed to see the screen"),
        (2, "no", "did not allow to see the screen"),
    ] {
        let mut helper = stage.calls(Some("ada"), "desk.helpers");
        device.hear("Did you ask for this help yourself", session);
        device.say("yes");
        device.hear("Do you allow", session);
        device.say(answer);
        if answer == "yes" {
            device.hear("Your screen is shown", 1);
            helper.say("end");
        }
        helper.ended();
        device.hear(WAITS, session + 1);
        let (code, said) = verify(u32::try_from(session).unwrap());
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(decision), "{said}");
    }
    device.say("end");
    assert_eq!(device.ended().0, Some(0));
    // Nothing was decided after those, and the name alone was never used.
    assert!(!stage.file("signed.3").exists() && !signed.exists());
}
