//! Two real programs, a real relay and a real terminal on a real display.
//!
//! Real time passes here, because real programs are what is tested: every wait has an end, and
//! says what both programs printed if it comes to that.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;
#[path = "support/talker.rs"]
mod talker;
#[path = "support/waits.rs"]
mod waits;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use alongside_client::{inject::X11Injector, keymap::us_layout};
use alongside_relay::{Options, Relay, tls::Identity};
use support::{Server, press, until};
use talker::Talker;
use waits::{GUARD, SETTLE};

/// A relay in a process of its own: this very test program, told to be one.
fn relay() -> (Talker, String, String) {
    let this = std::env::current_exe().unwrap();
    let relay = Talker::start(
        "relay",
        Command::new(this).args(["--ignored", "--exact", "be_a_relay", "--nocapture"]),
    );
    let address = relay.hear("ADDRESS ", 1);
    let fingerprint = relay.hear("FINGERPRINT ", 1);
    (relay, address, fingerprint)
}

#[test]
#[ignore = "run by other tests as a process of its own"]
fn be_a_relay() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
    let relay = Relay::bind(Options::new(([127, 0, 0, 1], 0).into(), identity)).unwrap();
    println!("ADDRESS {}", relay.local_addr().unwrap());
    println!("FINGERPRINT {}", relay.fingerprint());
    // Until the test that started it ends, and its pipe with it.
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn client(task: &str, address: &str, fingerprint: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
    command.args([task, "--relay", address, "--fingerprint", fingerprint]);
    command
}

/// A sharer that joins by a code.
fn sharer(address: &str, fingerprint: &str, screen: &str, code: &str) -> Talker {
    let mut sharer = Talker::start(
        "sharer",
        client("sharer", address, fingerprint).args(["--screen", screen]),
    );
    sharer.say(code);
    sharer
}

/// Relay, helper and sharer, up to the first frame.
struct Session {
    relay: Talker,
    helper: Talker,
    sharer: Talker,
    frames: tempfile::TempDir,
}

impl Session {
    fn start(screen: &str) -> Self {
        let (relay, address, fingerprint) = relay();
        let frames = tempfile::tempdir().unwrap();
        let helper = Talker::start(
            "helper",
            client("helper", &address, &fingerprint)
                .args(["--name", "Ada", "--no-window", "--save-frames"])
                .arg(frames.path()),
        );
        let code = helper.hear("Your code: ", 1);
        let mut sharer = sharer(&address, &fingerprint, screen, &code);
        sharer.hear("\"Ada\" (unverified) wants to SEE YOUR SCREEN", 1);
        assert_eq!(pictures(frames.path()).len(), 0, "before consent");
        sharer.agree();
        helper.hear("The other person agreed", 1);
        until("a frame", || pictures(frames.path()).pop());
        Self {
            relay,
            helper,
            sharer,
            frames,
        }
    }

    /// The helper asks, the sharer's person thinks for a moment and agrees.
    fn control(&mut self, times: usize) {
        self.helper.say("control");
        self.sharer
            .hear("Do you allow that the helper may use", times);
        // An answer within a second of the question is not taken.
        thread::sleep(GUARD);
        // Once something was typed, the answer repeats a number.
        let answer = if times > 1 {
            self.sharer.hear("To allow it, type: ", times - 1)
        } else {
            "yes".to_owned()
        };
        self.sharer.say(&answer);
        self.helper.hear("Control was granted.", times);
    }

    fn latest(&self) -> image::RgbImage {
        until("a picture that can be read", || {
            let path = pictures(self.frames.path()).pop()?;
            Some(image::open(path).ok()?.into_rgb8())
        })
    }

    /// Waits until the latest picture differs from another by a line of text, and not just by a
    /// cursor that blinks.
    fn changed(&self, before: &image::RgbImage) {
        until("a change on the helper's side", || {
            let after = self.latest();
            let pairs = before.pixels().zip(after.pixels());
            let differing = pairs.filter(|(before, after)| before != after).count();
            (differing > 100).then_some(())
        });
    }
}

fn pictures(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "png"));
    paths.sort();
    paths
}

fn terminal(server: &Server) -> support::Program {
    let program = server.xterm("130x45+0+0", "exec sh");
    until("the prompt", || {
        let picture = server.picture();
        let dark = picture.pixels().chunks(3).filter(|pixel| pixel[0] < 64);
        // White paper, black ink, and the rest of the screen, which is black too.
        (dark.count() < 200_000).then_some(())
    });
    thread::sleep(Duration::from_millis(500));
    program
}

//= test spec/05-session.md#consent [CONSENT-1] c66b7952
//= test spec/06-media-input.md#frames [MEDIA-18] 66e47f0f
//= test spec/06-media-input.md#input-records [INPUT-3] 782ead1b
#[test]
fn one_person_helps_another() {
    let server = Server::start(&[]);
    let _terminal = terminal(&server);
    let mut session = Session::start(&format!("x11:{}", server.xvfb.display()));
    let folder = tempfile::tempdir().unwrap();
    thread::sleep(SETTLE);
    for (round, word) in [(1, "first"), (2, "second")] {
        session.control(round);
        let file = folder.path().join(word);
        let before = session.latest();
        session
            .helper
            .say(&format!("type echo {word} > {}", file.display()));
        session.helper.say("enter");
        until("the file that the typed command writes", || {
            fs::read_to_string(&file)
                .ok()
                .filter(|text| text.trim() == word)
        });
        session.changed(&before);
        session.sharer.say("pause");
        session.helper.hear("Control is over: paused", round);
        session.helper.hear("The other person paused", round);
        session.sharer.say("unpause");
        session
            .helper
            .hear("The session goes on; you see the screen", round);
        // Sight comes back, control does not.
        session.helper.say("type rm -rf nothing");
        session
            .helper
            .hear("not now: there is nothing to answer or to end", round);
    }
    session.helper.say("chat All done.");
    session.sharer.hear("helper: All done.", 1);
    session.sharer.say("end");
    assert_eq!(session.sharer.ended().0, Some(0));
    let (code, took) = session.helper.ended();
    let (helper, sharer) = (session.helper.said(), session.sharer.said());
    assert_eq!(code, Some(0), "{helper}\n{sharer}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    session.helper.hear("the sharer ended the session", 1);
}

//= test spec/05-session.md#phases [SESSION-3] f0929944
//= test spec/05-session.md#text [TEXT-2] e5c114ed
#[test]
fn chat_is_read_and_does_nothing_else() {
    let mut session = Session::start("pattern");
    let lines = [
        ("你好 👩‍👩‍👧‍👦 Zoë", "你好 👩‍👩‍👧‍👦 Zoë"),
        ("مرحبا 123", "\u{2068}مرحبا 123\u{2069}"),
        ("\u{202E}dlrow\u{2069}", "dlrow"),
        ("\u{2067}open", "\u{2068}\u{2067}open\u{2069}\u{2069}"),
        ("a\x1b[2J\x07b", "a [2J b"),
    ];
    for (before, (written, shown)) in lines.into_iter().enumerate() {
        session.helper.say(&format!("chat {written}"));
        assert_eq!(session.sharer.hear("helper: ", before + 1), shown);
        session.sharer.say(&format!("chat {written}"));
        assert_eq!(session.helper.hear("sharer: ", before + 1), shown);
    }
    session.sharer.say("end");
    assert_eq!(session.helper.ended().0, Some(0));
}

//= test spec/05-session.md#life [SESSION-7] 0b3773f4
//= test spec/08-transport.md#quic [TRANSPORT-11] b346107a
#[test]
fn a_killed_program_is_noticed_within_six_seconds() {
    for helper_dies in [true, false] {
        let mut session = Session::start("pattern");
        let (dying, other) = if helper_dies {
            (&mut session.helper, &mut session.sharer)
        } else {
            (&mut session.sharer, &mut session.helper)
        };
        // SIGKILL: it cannot say goodbye.
        dying.child.kill().unwrap();
        let killed = Instant::now();
        other.hear("connection is lost", 1);
        let took = killed.elapsed();
        assert!(took < Duration::from_secs(6), "{took:?}");
        assert_eq!(other.ended().0, Some(4), "{}", other.said());
        other.hear("was lost", 1);
        let took = killed.elapsed();
        assert!(took < Duration::from_secs(36), "{took:?}");
    }
}

//= test spec/05-session.md#end [END-5] f9e6172e
#[test]
fn a_killed_relay_ends_both_with_a_clear_message() {
    let mut session = Session::start("pattern");
    session.relay.child.kill().unwrap();
    let killed = Instant::now();
    for end in [&mut session.helper, &mut session.sharer] {
        end.hear("or to the relay, was lost", 1);
        assert_eq!(end.ended().0, Some(4));
    }
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(37), "{took:?}");
}

//= test spec/05-session.md#consent [CONSENT-3] 0769fd4b
#[test]
fn a_refusal_shows_nothing_and_exits_with_three() {
    let (_relay, address, fingerprint) = relay();
    let frames = tempfile::tempdir().unwrap();
    let mut helper = Talker::start(
        "helper",
        client("helper", &address, &fingerprint)
            .args(["--no-window", "--save-frames"])
            .arg(frames.path()),
    );
    let code = helper.hear("Your code: ", 1);
    let mut sharer = sharer(&address, &fingerprint, "pattern", &code);
    sharer.hear("Did you ask for this help yourself", 1);
    sharer.say("yes");
    sharer.hear(
        "Do you allow \"a helper\" (unverified) to SEE YOUR SCREEN",
        1,
    );
    sharer.say("no");
    assert_eq!(sharer.ended().0, Some(3));
    assert_eq!(helper.ended().0, Some(3), "{}", helper.said());
    helper.hear("did not consent", 1);
    assert_eq!(pictures(frames.path()).len(), 0);
    // Whoever comes late gets the same answer as for a code that never was.
    for code in [code.as_str(), "zzzz-zzzz"] {
        let mut late = self::sharer(&address, &fingerprint, "pattern", code);
        assert_eq!(late.ended().0, Some(3));
        late.hear("there is no such code", 1);
    }
}

//= test spec/02-codes.md#spent [CODE-11] 2173fa4b
//= test spec/02-codes.md#spent [CODE-14] 29511607
#[test]
fn codes_are_remembered_across_runs_only_in_a_file_that_was_named() {
    let (_relay, address, fingerprint) = relay();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spent");
    let join = || {
        let mut client = client("sharer", &address, &fingerprint);
        client
            .args(["--screen", "pattern", "--remember"])
            .arg(&file);
        let mut sharer = Talker::start("sharer", &mut client);
        sharer.say("zzzz-zzzz");
        let code = sharer.ended().0;
        (code, sharer.said())
    };
    let (code, said) = join();
    assert_eq!(code, Some(3), "{said}");
    let (code, said) = join();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("this code has been used here"), "{said}");
}

//= test spec/08-transport.md#quic [TRANSPORT-4] 61e69bcc
#[test]
fn a_relay_with_another_certificate_is_not_believed() {
    let (_relay, address, _) = relay();
    let mut helper = Talker::start(
        "helper",
        client("helper", &address, &"0".repeat(64)).args(["--no-window"]),
    );
    assert_eq!(helper.ended().0, Some(1));
    helper.hear("another fingerprint", 1);
    assert!(!helper.said().contains("Your code"));
}

//= test spec/05-session.md#control [CONTROL-8] fb30e089
//= test spec/05-session.md#control [CONTROL-9] 8a1acfc5
//= test spec/05-session.md#control [CONTROL-27] ee063684
#[test]
fn a_helper_in_the_sharers_own_terminal_widens_nothing() {
    const Y: u16 = 0x1C;
    const N: u16 = 0x11;
    const ENTER: u16 = 0x28;
    let server = Server::start(&[]);
    let (_relay, address, fingerprint) = relay();
    let frames = tempfile::tempdir().unwrap();
    let mut helper = Talker::start(
        "helper",
        client("helper", &address, &fingerprint)
            .args(["--no-window", "--save-frames"])
            .arg(frames.path()),
    );
    let code = helper.hear("Your code: ", 1);
    let display = server.xvfb.display().to_owned();
    // The sharer's program runs in a terminal on the very screen that it shares.
    let program = env!("CARGO_BIN_EXE_alongside");
    let _sharer = server.xterm(
        "130x45+0+0",
        &format!(
            "exec {program} sharer --relay {address} --fingerprint {fingerprint} --screen x11:{display}"
        ),
    );
    let mut person = X11Injector::open(server.display(), None).unwrap();
    // Keys wait in the terminal until the program asks for the code, once the terminal is there.
    until("the terminal", || {
        (server.picture().pixel(400, 300) == Some([255; 3])).then_some(())
    });
    thread::sleep(Duration::from_secs(1));
    for letter in code.chars() {
        let (_, usage) = us_layout(letter).unwrap();
        press(&mut person, usage);
    }
    press(&mut person, ENTER);
    helper.hear("making the connection secure", 1);
    for _ in ["who started the contact", "consent"] {
        thread::sleep(Duration::from_secs(1));
        press(&mut person, Y);
    }
    helper.hear("The other person agreed", 1);
    thread::sleep(SETTLE);
    helper.say("control");
    // The question is on the terminal, where the test does not read it.
    thread::sleep(GUARD + Duration::from_millis(500));
    press(&mut person, Y);
    helper.hear("Control was granted", 1);
    // The helper has the sharer's terminal in focus, and types the answer before, while and after
    // it asks for another grant.
    helper.say(&format!("type {}", "y".repeat(40)));
    thread::sleep(Duration::from_millis(500));
    helper.say("control");
    for _ in 0..5 {
        helper.say(&format!("type {}", "y".repeat(8)));
        thread::sleep(Duration::from_millis(300));
    }
    // As if the terminal had lagged until now, and the helper's keys came out of it at last.
    for _ in 0..5 {
        press(&mut person, Y);
        thread::sleep(Duration::from_millis(300));
    }
    let granted = helper.said().matches("Control was granted").count();
    assert_eq!(granted, 1, "{}", helper.said());
    // The person at the keyboard decides.
    press(&mut person, N);
    helper.hear("Control was not granted: denied", 1);
    press(&mut person, 0x14); // q
    assert_eq!(helper.ended().0, Some(0), "{}", helper.said());
}
