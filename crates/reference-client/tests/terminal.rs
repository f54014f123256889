//! The sharer's program on a terminal: single keys, a warning that takes a whole word, and the terminal
//! as it was when it is over.
//!
//! `script` lends the terminal. Real time passes here, but little.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/terminal.rs"]
mod terminal;
#[path = "support/waits.rs"]
mod waits;

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use alongside_client::{
    By, Misuse, Relay,
    helper::{Command as Help, Event as Helped, SessionEvent},
};
use alongside_relay::tls::Identity;
use alongside_wire::{ErrorCode, ReportCategory, Scopes, code::Code, report::Record};
use cast::HelperEnd;
use proxy::Proxy;
use terminal::{PATIENCE, Terminal};
use waits::{GUARD, SETTLE};

const CONTACT: &str = "Did you ask for this help yourself";
const CONSENT: &str = "Do you allow \"Ada\" (unverified) to SEE YOUR SCREEN";

async fn code(helper: &mut HelperEnd) -> Code {
    let code = |event: &Helped| match event {
        Helped::Code { code, .. } => Some(*code),
        _ => None,
    };
    helper.hear("a code", code).await
}

/// A relay, a helper, and a sharer who has typed the code and is asked.
async fn asked() -> (alongside_relay::Relay, HelperEnd, Terminal) {
    asked_at(None).await
}

/// The same, at a relay that keeps reports in a folder, if one is given.
async fn asked_at(reports: Option<&Path>) -> (alongside_relay::Relay, HelperEnd, Terminal) {
    let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
    let (relay, found) = cast::relay_with(identity, |options| {
        options.reports = reports.map(Path::to_owned);
    });
    let mut helper = cast::helper(found.clone(), Vec::new());
    let code = code(&mut helper).await;
    let mut terminal = Terminal::start(&found);
    terminal.shows("Type the code", 1);
    terminal.press(&format!("{code}\n"));
    terminal.shows(CONTACT, 1);
    (relay, helper, terminal)
}

/// The same, and the helper sees the screen.
async fn viewing() -> (alongside_relay::Relay, HelperEnd, Terminal) {
    let (relay, mut helper, mut terminal) = asked().await;
    terminal.press("y");
    terminal.shows(CONSENT, 1);
    terminal.press("y");
    seen(&mut helper).await;
    (relay, helper, terminal)
}

async fn seen(helper: &mut HelperEnd) {
    let viewing = |event: &Helped| {
        matches!(event, Helped::Session(SessionEvent::Viewing { .. })).then_some(())
    };
    helper.hear("that it may see", viewing).await;
}

fn saw_nothing(helper: &HelperEnd) -> bool {
    let seeing = |event: &Helped| matches!(event, Helped::Session(SessionEvent::Viewing { .. }));
    !helper.log.iter().any(seeing)
}

async fn peer_ended(helper: &mut HelperEnd) -> ErrorCode {
    let ended = helper.ended().await;
    assert_eq!((ended.by, ended.fault), (By::Peer, None));
    ended.code
}

//= test spec/05-session.md#friction [FRICTION-1] 8e522144
//= test spec/05-session.md#consent [CONSENT-8] f836b0cb
#[tokio::test(flavor = "multi_thread")]
async fn single_keys_answer_pause_chat_and_end() {
    let (_relay, mut helper, mut terminal) = viewing().await;
    terminal.shows("helper may SEE, chat", 1);
    terminal.shows("cannot ask for control in the next 5 seconds", 1);
    terminal.press("p");
    terminal.shows("You paused", 1);
    terminal.press("p");
    terminal.shows("The session goes on", 1);
    // Keys of a line are no commands, and Escape leaves it.
    terminal.press("tq\u{fc}p");
    terminal.shows("Enter sends> q\u{fc}p", 1);
    terminal.press("\x1b");
    // Escape is a key of its own only if nothing follows at once.
    thread::sleep(Duration::from_millis(200));
    terminal.press("tGr\u{fc}\u{df}e, \u{4f60}\u{597d}\r");
    let line = |event: &Helped| match event {
        Helped::Session(SessionEvent::Chat(text)) => Some(text.clone()),
        _ => None,
    };
    let said = helper.hear("a line of chat", line).await;
    assert_eq!(said, "Gr\u{fc}\u{df}e, \u{4f60}\u{597d}");
    terminal.shows("(delivered)", 1);
    // What the helper says moves no cursor.
    helper.order(Help::Chat("a\x1b[2Jb".to_owned())).await;
    terminal.shows("helper: a [2Jb", 1);
    terminal.press("q");
    assert_eq!(peer_ended(&mut helper).await, ErrorCode::Done);
    assert_eq!(terminal.ended(), 0);
    terminal.shows("you ended the session", 1);
}

//= test spec/05-session.md#friction [FRICTION-2] 0b82ffc5
//= test spec/05-session.md#friction [FRICTION-3] aaeb1cc3
#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_called_is_warned_and_types_a_whole_word() {
    let (_relay, mut helper, mut terminal) = asked().await;
    terminal.press("n");
    for sign in [
        "beginning of a scam",
        "they called",
        "hurry you",
        "gift cards",
        "share",
    ] {
        terminal.shows(sign, 1);
    }
    // None of these is the word.
    for keys in ["y\r", "yes\r", "SHARE\r", "shar\r", "\r"] {
        terminal.press(keys);
        // Each is taken before the next comes.
        thread::sleep(Duration::from_millis(200));
    }
    terminal.shows("or the whole word: share", 5);
    terminal.press("shx\x7fare\r");
    seen(&mut helper).await;
    terminal.shows("Your screen is shown", 1);
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}

//= test spec/05-session.md#friction [FRICTION-3] aaeb1cc3
//= test spec/05-session.md#consent [CONSENT-3] 0769fd4b
#[tokio::test(flavor = "multi_thread")]
async fn after_the_warning_no_is_no() {
    let (_relay, mut helper, mut terminal) = asked().await;
    terminal.press("n");
    terminal.shows("beginning of a scam", 1);
    terminal.press("no\r");
    assert_eq!(peer_ended(&mut helper).await, ErrorCode::Declined);
    assert!(saw_nothing(&helper));
    assert_eq!(terminal.ended(), 3);
}

//= test spec/05-session.md#friction [FRICTION-8] 45a7388e
//= test spec/14-operation.md#reports [REPORT-2] 18a23bbc
#[tokio::test(flavor = "multi_thread")]
async fn after_the_warning_one_word_ends_and_reports() {
    let reports = tempfile::tempdir().unwrap();
    let (_relay, mut helper, mut terminal) = asked_at(Some(reports.path())).await;
    terminal.press("n");
    terminal.shows("To end it and report it", 1);
    terminal.press("report\r");
    assert_eq!(peer_ended(&mut helper).await, ErrorCode::Done);
    assert!(saw_nothing(&helper));
    terminal.shows("Reported to whoever runs the relay", 1);
    assert_eq!(terminal.ended(), 0);
    let deadline = Instant::now() + PATIENCE;
    let kept = || {
        let files = fs::read_dir(reports.path()).unwrap();
        let all = files.map(|entry| fs::read(entry.unwrap().path()).unwrap());
        Record::read_all(&all.flatten().collect::<Vec<u8>>()).0
    };
    // The relay writes it soon after its answer.
    while kept().is_empty() {
        assert!(Instant::now() < deadline, "no report was kept");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(kept()[0].category, ReportCategory::Scam);
}

//= test spec/02-codes.md#links [LINK-2] 385612f7
//= test spec/02-codes.md#links [LINK-4] 26dd3785
#[tokio::test(flavor = "multi_thread")]
async fn a_link_sets_nothing_and_shows_no_more_than_the_screen() {
    let (_relay, found) = cast::relay();
    let mut helper = cast::helper(found.clone(), Vec::new());
    let code = code(&mut helper).await;
    let mut terminal = Terminal::start(&found);
    terminal.shows("or paste the link", 1);
    // Another relay is not gone to, whatever the link says, and not even this one without a yes.
    terminal.press(&format!("https://other.example/j#{code}\n"));
    terminal.shows("The link names the relay other.example", 1);
    terminal.press("no\n");
    terminal.shows("or paste the link", 2);
    terminal.press(&format!(
        "https://{}/j?relay=other.example#{code}\n",
        found.address
    ));
    terminal.shows("a link is https://HOST/j#CODE and nothing more", 1);
    terminal.press(&format!("https://{}/j#{code}\n", found.address));
    terminal.shows(CONTACT, 1);
    terminal.press("y");
    terminal.shows(CONSENT, 1);
    terminal.press("y");
    seen(&mut helper).await;
    let no_control = |event: &Helped| (*event == Helped::NotNow(Misuse::Scope)).then_some(());
    helper.order(Help::RequestControl(Scopes::CONTROL)).await;
    helper.hear("that it cannot ask", no_control).await;
    assert!(!terminal.said().contains("ask for control"));
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_question_one_key_ends() {
    for (before, end) in [("", "q"), ("y", "q"), ("n", "\x03"), ("", "\x03")] {
        let (_relay, mut helper, mut terminal) = asked().await;
        terminal.press(before);
        match before {
            "y" => terminal.shows(CONSENT, 1),
            "n" => terminal.shows("beginning of a scam", 1),
            _ => {}
        }
        terminal.press(end);
        assert_eq!(peer_ended(&mut helper).await, ErrorCode::Done);
        assert!(saw_nothing(&helper));
        assert_eq!(terminal.ended(), 0, "{before:?} {end:?}");
    }
}

//= test spec/02-codes.md#spent [CODE-10] a161176f
//= test spec/02-codes.md#spent [CODE-11] 2173fa4b
#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_fails_is_followed_by_another_code_in_the_same_run() {
    let (_relay, found) = cast::relay();
    let mut helper = cast::helper(found.clone(), Vec::new());
    let right = code(&mut helper).await;
    let mut terminal = Terminal::start(&found);
    terminal.shows("Type the code", 1);
    // A slip: the locator is right, the secret is not.
    let secret = if right.to_string().ends_with('0') {
        "1"
    } else {
        "0"
    };
    let wrong = right.to_string();
    let wrong = format!("{}{secret}", &wrong[..wrong.len() - 1]);
    terminal.press(&format!("{wrong}\n"));
    terminal.shows("another code", 1);
    // The code is spent, also for whoever knows its other half now, and nothing is sent.
    terminal.press(&format!("{right}\r"));
    terminal.shows("this code has been used here", 1);
    let counted = |event: &Helped| match event {
        Helped::Session(SessionEvent::CodeSpent { spent, .. }) => Some(*spent),
        _ => None,
    };
    assert_eq!(helper.hear("that it is spent", counted).await, 1);
    helper.order(Help::NewCode).await;
    let next = code(&mut helper).await;
    terminal.shows("another code", 2);
    terminal.press(&format!("{next}\r"));
    terminal.shows(CONTACT, 1);
    terminal.press("y");
    terminal.shows(CONSENT, 1);
    terminal.press("y");
    seen(&mut helper).await;
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_and_a_relay_that_shuts_down_leave_the_terminal_as_it_was() {
    let (_relay, mut helper, mut terminal) = viewing().await;
    let pid = terminal.file("pid");
    let killed = Command::new("kill").args(["-TERM", pid.trim()]).status();
    assert!(killed.unwrap().success());
    assert_eq!(peer_ended(&mut helper).await, ErrorCode::Done);
    assert_eq!(terminal.ended(), 0);

    let (relay, _helper, mut terminal) = viewing().await;
    relay.shutdown().await;
    assert_eq!(terminal.ended(), 4);
    terminal.shows("relay is shutting down", 1);
}

/// Waits until so many lines more were delivered.
async fn delivered(helper: &mut HelperEnd, mut lines: u32) {
    let delivered = |event: &Helped| {
        lines -= u32::from(matches!(
            event,
            Helped::Session(SessionEvent::ChatDelivered(_))
        ));
        (lines == 0).then_some(())
    };
    helper.hear("that lines were delivered", delivered).await;
}

//= test spec/05-session.md#end [END-1] 76b70464
//= test spec/05-session.md#pause [PAUSE-1] 259f34d2
/// However much a helper says, and however slow the terminal is, each key of the person's is heard.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_does_not_silence_the_person() {
    let (_relay, mut helper, mut terminal) = viewing().await;
    let commands = helper.commands.clone();
    terminal.slow.store(20, Ordering::SeqCst);
    let flood = tokio::spawn(async move {
        let line = || Help::Chat("x".to_owned());
        while commands.send(line()).await.is_ok() {
            // Far more than the terminal shows, and no more than may wait to be acknowledged.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    delivered(&mut helper, 1_500).await;
    terminal.press("p");
    let paused = |event: &Helped| {
        matches!(event, Helped::Session(SessionEvent::Paused { .. })).then_some(())
    };
    helper.hear("the pause", paused).await;
    delivered(&mut helper, 100).await;
    terminal.press("q");
    assert_eq!(peer_ended(&mut helper).await, ErrorCode::Done);
    terminal.slow.store(0, Ordering::SeqCst);
    assert_eq!(terminal.ended(), 0);
    flood.await.unwrap();
}

//= test spec/12-reconnect.md#link [RECON-8] eee71293
/// What is answered while the connection is lost can be answered again when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_to_a_lost_connection_is_asked_for_again() {
    let (relay, found) = cast::relay();
    let way = Proxy::start(relay.local_addr().unwrap()).await;
    let mut helper = cast::helper(found.clone(), Vec::new());
    let code = code(&mut helper).await;
    let mut terminal = Terminal::start(&Relay {
        address: way.address.to_string(),
        ..found
    });
    terminal.shows("Type the code", 1);
    terminal.press(&format!("{code}\n"));
    terminal.shows(CONTACT, 1);
    terminal.press("n");
    terminal.shows("type the whole word: share", 1);
    way.black_hole(true);
    terminal.shows("The connection is lost", 1);
    terminal.press("share\r");
    terminal.shows("Not now", 1);
    way.black_hole(false);
    terminal.shows("The connection is back", 1);
    assert!(saw_nothing(&helper));
    terminal.press("share\r");
    seen(&mut helper).await;
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}

//= test spec/05-session.md#control [CONTROL-19] 94ba6129
#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_can_be_taken_back_though_it_is_all() {
    let (_relay, mut helper, mut terminal) = viewing().await;
    // Control may be asked for five seconds after consent.
    tokio::time::sleep(SETTLE).await;
    helper.order(Help::RequestControl(Scopes::KEYBOARD)).await;
    terminal.shows("Do you allow that the helper may use", 1);
    tokio::time::sleep(GUARD).await;
    terminal.press("y");
    terminal.shows("The helper has control", 1);
    terminal.press("k");
    let ended = |event: &Helped| {
        matches!(event, Helped::Session(SessionEvent::ControlEnded { .. })).then_some(())
    };
    helper.hear("that it is over", ended).await;
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}
