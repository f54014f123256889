//! Drawing and clipboards between two real programs, through a real relay, on real displays.
//!
//! Real time passes here, because real programs are what is tested: every wait has an end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;
#[path = "support/talker.rs"]
mod talker;
#[path = "support/waits.rs"]
mod waits;
#[path = "support/xclip.rs"]
mod xclip;

use std::{
    fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use alongside_client::{
    inject::{Injector as _, X11Injector},
    keymap::us_layout,
    marks::{COLOURS, LASER_COLOUR},
};
use alongside_relay::{Options, Relay, tls::Identity};
use alongside_wire::input::InputEvent;
use support::{Program, Server, point, press, until};
use talker::Talker;
use waits::{GUARD, SETTLE};
use xclip::{Xclip, owner, paste};

/// Two people at two displays, from the first frame on.
struct Session {
    sharer: Talker,
    helper: Talker,
    frames: tempfile::TempDir,
    theirs: Server,
    ours: Server,
    _terminal: Program,
    _relay: (Relay, tokio::runtime::Runtime),
}

impl Session {
    /// `told` is what the sharer's terminal shows.
    fn start(told: &str) -> Self {
        Self::start_with(told, false, |display| format!("x11:{display}"))
    }

    fn start_with(told: &str, window: bool, screen: impl FnOnce(&str) -> String) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let guard = runtime.enter();
        let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let relay = Relay::bind(Options::new(([127, 0, 0, 1], 0).into(), identity)).unwrap();
        drop(guard);
        let (address, fingerprint) = (relay.local_addr().unwrap(), relay.fingerprint());
        let client = |task: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
            let address = address.to_string();
            command.args([task, "--relay", &address, "--fingerprint", fingerprint]);
            command
        };
        let (ours, theirs) = (Server::start(&[]), Server::start(&[]));
        let terminal = ours.xterm("80x30+30+40", told);
        until("xterm paints", || {
            (ours.picture().pixel(40, 50) == Some([255; 3])).then_some(())
        });
        let frames = tempfile::tempdir().unwrap();
        let mut command = client("helper");
        command.args(["--name", "Ada", "--save-frames"]);
        command.arg(frames.path());
        command.env("DISPLAY", theirs.xvfb.display());
        if !window {
            command.arg("--no-window");
        }
        let helper = Talker::start("helper", &mut command);
        let code = helper.hear("Your code: ", 1);
        helper.hear(&format!("/j#{code}"), 1);
        let screen = screen(ours.xvfb.display());
        let mut sharer = Talker::start("sharer", client("sharer").args(["--screen", &screen]));
        sharer.say(&code);
        sharer.agree();
        helper.hear("The other person agreed", 1);
        // Control cannot be asked for at once.
        thread::sleep(SETTLE);
        Self {
            sharer,
            helper,
            frames,
            theirs,
            ours,
            _terminal: terminal,
            _relay: (relay, runtime),
        }
    }

    fn ask(&mut self, scopes: &str, times: usize) {
        self.helper.say(&format!("ask {scopes}"));
        self.sharer
            .hear("Do you allow that the helper may use", times);
        // An answer within a second of the question is not taken.
        thread::sleep(GUARD);
        self.sharer.say("yes");
        self.helper.hear("Control was granted.", times);
    }

    /// The colour of a pixel in every picture that the helper got, the latest last.
    fn seen(&self, x: u32, y: u32) -> Vec<[u8; 3]> {
        let entries = fs::read_dir(self.frames.path()).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "png"));
        paths.sort();
        let read = |path| image::open(path).map(|picture| picture.into_rgb8().get_pixel(x, y).0);
        paths.iter().filter_map(|path| read(path).ok()).collect()
    }

    /// Waits until a pixel of the sharer's screen has a colour, or has it no more.
    fn shows(&self, (x, y): (u16, u16), colour: [u8; 3], wanted: bool) {
        until("the drawing on the sharer's screen", || {
            let shown = self.ours.picture().pixel(x, y) == Some(colour);
            (shown == wanted).then_some(())
        });
    }
}

//= test spec/19-tools.md#drawing [TOOL-27] 809464b5
//= test spec/19-tools.md#drawing [TOOL-15] 21631474
//= test spec/19-tools.md#drawing [TOOL-20] a1084af3
#[test]
fn a_helper_draws_on_the_screen_without_control_of_it() {
    let mut session = Session::start("seq 100; exec sleep 1000");
    let (line, dot) = ((250, 100), (300, 200));
    session.helper.say("draw 100 100 400 100");
    session.helper.hear("not now", 1);
    session.ask("annotate", 1);
    let before = session.ours.picture();

    session.helper.say("draw 100 100 400 100");
    session.shows(line, COLOURS[0], true);
    session.helper.say("laser 300 200");
    session.shows(dot, LASER_COLOUR, true);
    let pointed = Instant::now();
    // Drawing is no control.
    session.helper.say("type x");
    session.helper.hear("not now", 2);
    session.shows(dot, LASER_COLOUR, false);
    let shown = pointed.elapsed();
    assert!(
        (Duration::from_millis(1_500)..Duration::from_millis(3_000)).contains(&shown),
        "{shown:?}"
    );
    session.helper.say("clear");
    session.shows(line, COLOURS[0], false);
    assert_eq!(session.ours.picture(), before);
    // The helper never got a picture of it, and got pictures.
    for (place, colour) in [(line, COLOURS[0]), (dot, LASER_COLOUR)] {
        let seen = session.seen(place.0.into(), place.1.into());
        assert!(!seen.is_empty() && !seen.contains(&colour), "{seen:?}");
    }

    // Whatever ends the grant wipes it out: taking it back, a pause, the end.
    for (times, end) in [(2, "revoke"), (3, "pause"), (4, "end")] {
        session.helper.say("draw 100 100 400 100");
        session.shows(line, COLOURS[0], true);
        session.sharer.say(end);
        session.shows(line, COLOURS[0], false);
        assert_eq!(session.ours.picture(), before, "{end}");
        match end {
            "end" => assert_eq!(session.helper.ended().0, Some(0)),
            "pause" => {
                session.sharer.say("unpause");
                session.helper.hear("The session goes on", 1);
                // No control before the first frame after it was seen.
                thread::sleep(Duration::from_millis(500));
                session.ask("annotate", times);
            }
            _ => session.ask("annotate", times),
        }
    }
}

/// Both at their own mouse and keyboard, from the window to the screen.
#[test]
fn a_drag_in_the_helpers_window_is_seen_on_the_sharers_screen() {
    const F8: u16 = 0x41;
    let mut session = Session::start_with("seq 100; exec sleep 1000", true, |display| {
        format!("x11:{display}")
    });
    let before = session.ours.picture();
    session.ask("annotate", 1);
    let mut hand = X11Injector::open(session.theirs.display(), None).unwrap();
    // The window is 720 x 540 in the corner: nine tenths of the helper's screen.
    point(&mut hand, 100, 100, 800, 600);
    let shown = |session: &Session| session.theirs.picture().pixel(40, 41);
    until("the sharer's terminal in the window", || {
        (shown(&session) == Some([255; 3])).then_some(())
    });
    press(&mut hand, F8);
    let hold = |hand: &mut X11Injector, down| {
        let event = InputEvent::Button { button: 1, down };
        hand.inject(&event).unwrap();
    };
    hold(&mut hand, true);
    for x in 100..300 {
        point(&mut hand, x, 100, 800, 600);
        thread::sleep(Duration::from_millis(2));
    }
    hold(&mut hand, false);
    // A pixel of the window is 10/9 of one of the screen.
    session.shows((222, 111), COLOURS[0], true);
    session.shows((111, 111), COLOURS[0], true);
    session.shows((330, 111), COLOURS[0], true);
    let mine = session.theirs.picture().pixel(200, 100);
    assert_eq!(mine, Some(COLOURS[0]), "in the window");
    press(&mut hand, F8);
    point(&mut hand, 270, 180, 800, 600);
    session.shows((300, 200), LASER_COLOUR, true);
    press(&mut hand, us_layout('c').unwrap().1);
    session.shows((222, 111), COLOURS[0], false);
    point(&mut hand, 271, 180, 800, 600);
    session.shows((301, 200), LASER_COLOUR, true);
    session.sharer.say("revoke");
    session.shows((301, 200), LASER_COLOUR, false);
    assert_eq!(session.ours.picture(), before);
    assert_ne!(session.theirs.picture().pixel(200, 100), mine);
    session.sharer.say("end");
    assert_eq!(session.helper.ended().0, Some(0));
}

//= test spec/19-tools.md#clipboard [TOOL-9] 14fcf6e3
//= test spec/19-tools.md#clipboard [TOOL-10] f4c91892
//= test spec/19-tools.md#clipboard [TOOL-14] eb88133c
#[test]
fn clipboards_go_over_item_by_item() {
    let mut session = Session::start("exec sleep 1000");
    let [here, there] = ["mine: Grüße, 世界", "yours: שלום 👩‍👩‍👧‍👦"];
    let _copied = Xclip::copy(&session.ours, here);
    session.sharer.say("copy");
    session.sharer.hear("Not now", 1);
    session.ask("clipboard-to-helper clipboard-to-sharer", 1);
    session.sharer.say("take");
    session.sharer.hear("offers nothing", 1);
    assert!(!session.helper.said().contains("offers"), "by itself");

    // Out: nothing arrives before somebody sends it, and nothing is put before somebody takes it.
    session.sharer.say("copy");
    session.sharer.hear("Your clipboard is offered", 1);
    assert!(
        session
            .helper
            .hear("The sharer offers", 1)
            .contains("mine: Grüße")
    );
    assert_eq!(owner(&session.theirs), None);
    session.helper.say("take");
    session.helper.hear("in your clipboard now", 1);
    session.sharer.hear("The helper took your clipboard", 1);
    let pasted = paste(&session.theirs, "UTF8_STRING");
    assert_eq!(pasted.as_deref(), Some(here.as_bytes()));

    // In, over what was there; the person refuses once.
    let copied = Xclip::copy(&session.theirs, there);
    until("the helper copied something of theirs", || {
        (paste(&session.theirs, "UTF8_STRING")? == there.as_bytes()).then_some(())
    });
    session.helper.say("copy");
    session.sharer.hear("The helper offers its clipboard", 1);
    session.sharer.say("refuse");
    session.helper.hear("did not take", 1);
    session.helper.say("copy");
    session.sharer.hear("The helper offers its clipboard", 2);
    let pasted = paste(&session.ours, "UTF8_STRING");
    assert_eq!(pasted.as_deref(), Some(here.as_bytes()), "not taken yet");
    session.sharer.say("take");
    session.sharer.hear("in your clipboard now", 1);
    let pasted = paste(&session.ours, "UTF8_STRING");
    assert_eq!(pasted.as_deref(), Some(there.as_bytes()));

    // Too long is said, and not sent in part.
    drop(copied);
    let _long = Xclip::copy(&session.theirs, &"z".repeat(12_289));
    session.helper.say("copy");
    session.helper.hear("longer than 12288 bytes", 1);

    // What came under the grant goes with it.
    session.sharer.say("revoke");
    session.helper.hear("Control is over", 1);
    until("it is out of the clipboard", || {
        owner(&session.ours).is_none().then_some(())
    });
    session.sharer.say("end");
    assert_eq!(session.helper.ended().0, Some(0));
}

//= test spec/19-tools.md#clipboard [TOOL-31] eb6c52c2
/// The program that has the text takes its time, and meanwhile the grant becomes another.
#[test]
fn an_act_for_the_clipboard_is_for_the_grant_that_was_alive() {
    let mut session = Session::start("exec sleep 1000");
    let copied = Xclip::copy(&session.ours, "a secret");
    session.ask("keyboard clipboard-to-helper", 1);
    copied.signal("STOP");
    session.sharer.say("copy");
    session.sharer.say("keyboard-back");
    session.helper.hear("Control was granted.", 2);
    copied.signal("CONT");
    session.sharer.hear("control has changed since", 1);
    session.sharer.say("copy");
    session.sharer.hear("Your clipboard is offered", 1);
    session.helper.hear("The sharer offers", 1);
    session.sharer.say("end");
    assert_eq!(session.helper.ended().0, Some(0));
    assert_eq!(
        session.helper.said().matches("The sharer offers").count(),
        1
    );
}

//= test spec/19-tools.md#secure-desktop [TOOL-24] 4e2ae472
#[test]
fn what_a_screen_cannot_do_is_not_asked_for() {
    let mut session = Session::start_with("exec sleep 1000", false, |_| "pattern".to_owned());
    for (times, scope) in [(1, "annotate"), (2, "clipboard-to-sharer")] {
        session.helper.say(&format!("ask {scope}"));
        let denied = "Control was not granted: unsupported";
        session.helper.hear(denied, times);
    }
    session.helper.say("ask elevation");
    session.helper.hear("Control was not granted", 3);
    assert!(!session.sharer.said().contains("may use"));
}
