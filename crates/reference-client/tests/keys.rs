//! Every key and every command that the help of the programs names, typed at a terminal, and what it does
//! at the other end. A key that the help names and nothing here tries fails the test.
//!
//! `script` lends the terminal, and Xvfb the clipboard. Real time passes here: five seconds of it before
//! control may be asked for.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/office.rs"]
mod office;
mod support;
#[path = "support/terminal.rs"]
mod terminal;
#[path = "support/waits.rs"]
mod waits;
#[path = "support/xclip.rs"]
mod xclip;

use std::{collections::BTreeSet, fs, path::Path, process::Command, time::Duration};

use alongside_client::{
    Config, Relay,
    helper::{Command as Help, Event as Helped, SessionEvent as H},
    sharer::{Command as Share, Consent, Contact, Event as Shared, SessionEvent as S},
};
use alongside_relay::tls::Identity;
use alongside_wire::{
    ErrorCode, ReportCategory, Scopes, code::Code, input::InputEvent, report::Record,
};
use cast::{HelperEnd, Recorder, SharerEnd};
use office::{FULL, Office, photo, photo_in};
use support::{Server, until};
use terminal::Terminal;
use waits::{GUARD, SETTLE};
use xclip::{Xclip, paste};

const TOOLS: Scopes = Scopes::GRANTABLE.without(Scopes::ELEVATION);

/// What the help of a program names, in the lines after this one.
fn named(program: &str, after: &str, name: fn(&str) -> Option<String>) -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
    let output = command.args([program, "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let mut lines = help.lines().skip_while(|line| !line.starts_with(after));
    assert!(lines.next().is_some(), "{help}");
    let lines = lines.take_while(|line| !line.is_empty());
    lines.filter_map(name).collect()
}

/// A terminal, and what was tried at it.
struct Person {
    terminal: Terminal,
    tried: BTreeSet<String>,
}

impl Person {
    fn at(terminal: Terminal) -> Self {
        Self {
            terminal,
            tried: BTreeSet::new(),
        }
    }

    /// Presses a key. What comes of it is for the caller to look for.
    fn key(&mut self, key: &str) {
        self.terminal.press(key);
        self.tried.insert(key.to_owned());
    }

    /// Types a command.
    fn line(&mut self, line: &str) {
        self.terminal.press(&format!("{line}\n"));
        let name = line.split(' ').next().unwrap();
        self.tried.insert(name.to_owned());
    }
}

/// A relay that keeps reports in a folder.
fn relay(reports: &Path) -> (alongside_relay::Relay, Relay) {
    let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
    cast::relay_with(identity, |options| options.reports = Some(reports.into()))
}

async fn code(helper: &mut HelperEnd) -> Code {
    let code = |event: &Helped| match event {
        Helped::Code { code, .. } => Some(*code),
        _ => None,
    };
    helper.hear("a code", code).await
}

async fn helped(helper: &mut HelperEnd, what: &str, wanted: impl Fn(&H) -> bool) {
    let wanted = |event: &Helped| match event {
        Helped::Session(event) => wanted(event).then_some(()),
        _ => None,
    };
    helper.hear(what, wanted).await;
}

async fn shared(sharer: &mut SharerEnd, what: &str, wanted: impl Fn(&S) -> bool) {
    let wanted = |event: &Shared| match event {
        Shared::Session(event) => wanted(event).then_some(()),
        _ => None,
    };
    sharer.hear(what, wanted).await;
}

/// A sharer's program that has typed the code, and is asked who began.
async fn asked(found: &Relay, arguments: &str, display: Option<&str>) -> (HelperEnd, Person) {
    let mut helper = cast::helper(found.clone(), Vec::new());
    let code = code(&mut helper).await;
    let mut terminal = Terminal::run(found, &format!("sharer {arguments}"), display);
    terminal.shows("Type the code", 1);
    terminal.press(&format!("{code}\n"));
    terminal.shows("Did you ask for this help yourself", 1);
    (helper, Person::at(terminal))
}

//= test spec/15-identity.md#sharer [CARD-20] 6f96c7b0
#[tokio::test(flavor = "multi_thread")]
async fn every_key_of_a_sharer_does_what_the_help_says() {
    let reports = tempfile::tempdir().unwrap();
    let (_relay, found) = relay(reports.path());
    let mut tried = BTreeSet::new();

    let (mut helper, mut person) = asked(&found, "--screen pattern", None).await;
    person.key("n");
    person.terminal.shows("beginning of a scam", 1);
    person.terminal.press("\x03");
    assert_eq!(helper.ended().await.code, ErrorCode::Done);
    tried.append(&mut person.tried);

    let (mut helper, mut person) = asked(&found, "--screen pattern", None).await;
    person.key("!");
    assert_eq!(helper.ended().await.code, ErrorCode::Done);
    person
        .terminal
        .shows("Reported to whoever runs the relay", 1);
    tried.append(&mut person.tried);

    let office = Office::open();
    office.card("Bea", FULL);
    let own = format!(
        "--screen x11 --card {} --card-key {}",
        office.path("Bea.card").display(),
        office.path("Bea.secret").display()
    );
    let server = Server::start(&[]);
    let (mut helper, mut person) = asked(&found, &own, server.display()).await;
    // The card is shown to nobody whom nobody vouches for, but by this key.
    person.terminal.shows("i shows it anyway", 1);
    assert!(
        !helper
            .log
            .iter()
            .any(|event| matches!(event, Helped::Sharer(_)))
    );
    person.key("i");
    let who = |event: &Helped| match event {
        Helped::Sharer(who) => who.card.as_ref().map(|card| card.name()),
        _ => None,
    };
    assert_eq!(helper.hear("a card", who).await, "Bea Lovelace");
    // It is shown once.
    person.key("i");
    person.terminal.shows("Not now", 1);
    person.key("y");
    person.terminal.shows("to SEE YOUR SCREEN?", 1);
    person.key("y");
    helped(&mut helper, "consent", |event| {
        matches!(event, H::Viewing { .. })
    })
    .await;

    person.key("p");
    helped(&mut helper, "a pause", |event| {
        matches!(event, H::Paused { peer: true, .. })
    })
    .await;
    person.key("p");
    helped(&mut helper, "its end", |event| {
        matches!(event, H::Paused { peer: false, .. })
    })
    .await;
    person.key("t");
    person.terminal.press("hello\r");
    helped(&mut helper, "a line", |event| {
        *event == H::Chat("hello".into())
    })
    .await;

    tokio::time::sleep(SETTLE).await;
    helper
        .order(Help::RequestControl(TOOLS.without(Scopes::ANNOTATE)))
        .await;
    person
        .terminal
        .shows("Do you allow that the helper may use", 1);
    tokio::time::sleep(GUARD).await;
    person.key("y");
    helped(&mut helper, "control", |event| {
        matches!(event, H::ControlGranted { .. })
    })
    .await;
    person.key("k");
    helped(&mut helper, "that there are no keys", |event| {
        matches!(event, H::ControlGranted { scopes, .. }
            if !scopes.contains(Scopes::KEYBOARD) && scopes.contains(Scopes::POINTER))
    })
    .await;
    person.key("e");
    person
        .terminal
        .shows("Do you allow that the helper goes on to use", 1);
    tokio::time::sleep(GUARD).await;
    person.key("y");
    helped(&mut helper, "a renewal", |event| {
        matches!(event, H::ControlRenewed { .. })
    })
    .await;

    let copied = Xclip::copy(&server, "from the sharer");
    person.key("c");
    helped(
        &mut helper,
        "an item",
        |event| matches!(event, H::ClipboardOffered { text, .. } if text == "from the sharer"),
    )
    .await;
    drop(copied);
    for (key, text, takes) in [("x", "one", false), ("v", "two", true)] {
        helper.order(Help::SendClipboard(text.to_owned())).await;
        person.terminal.shows(&format!("3 bytes: {text}"), 1);
        person.key(key);
        helped(
            &mut helper,
            "an answer",
            |event| matches!(event, H::ClipboardAnswered { taken, .. } if *taken == takes),
        )
        .await;
    }
    until("the clipboard has it", || {
        paste(&server, "UTF8_STRING").filter(|text| text == b"two")
    });
    person.key("r");
    helped(&mut helper, "the end of it", |event| {
        matches!(event, H::ControlEnded { .. })
    })
    .await;
    person.key("q");
    assert_eq!(helper.ended().await.code, ErrorCode::Done);
    assert_eq!(person.terminal.ended(), 0);
    tried.append(&mut person.tried);

    let key = |line: &'_ str| line.get(2..3).filter(|key| *key != " ").map(str::to_owned);
    assert_eq!(tried, named("sharer", "Keys, on a terminal", key));
}

/// A helper's program, and a sharer in this process who joined by its code and is asked.
async fn called(
    found: &Relay,
    arguments: &str,
    display: Option<&str>,
    config: Config,
) -> (Person, SharerEnd, Recorder) {
    let terminal = Terminal::run(found, &format!("helper --no-window {arguments}"), display);
    terminal.shows("Read it to the person you help", 1);
    let said = terminal.said();
    let (_, code) = said.split_once("Your code: ").unwrap();
    let code = Code::parse(&code[..9]).unwrap();
    let injected = Recorder::default();
    let mut sharer = cast::sharer_with(found.clone(), code, &injected, |options| {
        options.config = config;
    });
    shared(&mut sharer, "a question", |event| {
        matches!(event, S::ConsentAsked { .. })
    })
    .await;
    (Person::at(terminal), sharer, injected)
}

async fn agree(sharer: &SharerEnd) {
    sharer.order(Share::Contact(Contact::Person)).await;
    sharer.order(Share::Consent(Consent::Given)).await;
}

//= test spec/15-identity.md#advisories [ADVISORY-8] 47045629
#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_a_helper_does_what_the_help_says() {
    let reports = tempfile::tempdir().unwrap();
    let (_relay, found) = relay(reports.path());
    let office = Office::open();
    let server = Server::start(&[]);
    let seen = office.path("seen");
    let arguments = format!(
        "--trust {} --save-frames {}",
        office.path("trust").display(),
        seen.display()
    );
    let (mut person, mut sharer, injected) =
        called(&found, &arguments, server.display(), Config::default()).await;
    agree(&sharer).await;

    // Nothing is seen before the person has read what is said of the device, which is nothing.
    let question = "Type a (and Enter) when you have read that";
    person.terminal.shows(question, 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let frames = || fs::read_dir(&seen).unwrap().count();
    assert_eq!(frames(), 0);
    person.line("a");
    until("a frame", || (frames() > 0).then_some(()));
    person.terminal.shows("kB/s", 1);
    person.line("quality");
    person.terminal.shows("it goes at", 1);
    person.line("chat hello");
    shared(&mut sharer, "a line", |event| {
        *event == S::Chat("hello".into())
    })
    .await;

    tokio::time::sleep(SETTLE).await;
    person.line("control");
    shared(
        &mut sharer,
        "a request",
        |event| matches!(event, S::ControlAsked { scopes, .. } if *scopes == Scopes::CONTROL),
    )
    .await;
    person.line("release");
    shared(&mut sharer, "that it is taken back", |event| {
        *event == S::ControlPromptClosed
    })
    .await;
    person.line("ask pointer keyboard annotate clipboard-to-helper clipboard-to-sharer");
    shared(
        &mut sharer,
        "a request",
        |event| matches!(event, S::ControlAsked { scopes, .. } if *scopes == TOOLS),
    )
    .await;
    tokio::time::sleep(GUARD).await;
    sharer.order(Share::AllowControl(TOOLS, None)).await;
    person.terminal.shows("Control was granted", 1);

    let copied = Xclip::copy(&server, "from the helper");
    person.line("copy");
    shared(
        &mut sharer,
        "an item",
        |event| matches!(event, S::ClipboardOffered { text, .. } if text == "from the helper"),
    )
    .await;
    drop(copied);
    for (line, text, takes) in [("refuse", "one", false), ("take", "two", true)] {
        sharer.order(Share::SendClipboard(text.to_owned())).await;
        person.terminal.shows(&format!("bytes: {text}"), 1);
        person.line(line);
        shared(
            &mut sharer,
            "an answer",
            |event| matches!(event, S::ClipboardAnswered { taken, .. } if *taken == takes),
        )
        .await;
    }
    until("the clipboard has it", || {
        paste(&server, "UTF8_STRING").filter(|text| text == b"two")
    });

    person.line("draw 1 1 50 50");
    shared(
        &mut sharer,
        "a stroke",
        |event| matches!(event, S::Stroke(stroke) if stroke.points.len() == 2),
    )
    .await;
    person.line("laser 5 5");
    shared(&mut sharer, "the laser", |event| {
        matches!(event, S::Laser { .. })
    })
    .await;
    person.line("clear");
    shared(&mut sharer, "a clean screen", |event| {
        *event == S::DrawingCleared
    })
    .await;

    let released = |usage| InputEvent::Key { usage, down: false };
    person.line("type ab");
    injected.last(released(5)).await;
    person.line("enter");
    injected.last(released(0x28)).await;
    person.line("key F5");
    injected.last(released(0x3E)).await;
    person.line("move 0 0");
    let corner = InputEvent::Pointer {
        display: 0,
        x: 0,
        y: 0,
    };
    injected.last(corner).await;
    person.line("click 0 0");
    let up = InputEvent::Button {
        button: 1,
        down: false,
    };
    injected.last(up).await;

    person.line("pause");
    shared(&mut sharer, "a pause", |event| {
        matches!(event, S::Paused { peer: true, .. })
    })
    .await;
    person.line("unpause");
    shared(&mut sharer, "its end", |event| {
        matches!(event, S::Paused { peer: false, .. })
    })
    .await;
    person.line("end");
    assert_eq!(sharer.ended().await.code, ErrorCode::Done);
    assert_eq!(person.terminal.ended(), 0);
    let mut tried = person.tried;

    let (mut person, mut sharer, _) = called(&found, "", None, Config::default()).await;
    person.line("report unasked");
    assert_eq!(sharer.ended().await.code, ErrorCode::Done);
    person
        .terminal
        .shows("Reported to whoever runs the relay", 1);
    let kept = until("the relay keeps it", || {
        let files = fs::read_dir(reports.path()).unwrap();
        let all = files.map(|entry| fs::read(entry.unwrap().path()).unwrap());
        let mut kept = Record::read_all(&all.flatten().collect::<Vec<u8>>()).0;
        kept.pop()
    });
    assert_eq!(kept.category, ReportCategory::Unasked);
    tried.append(&mut person.tried);

    let command = |line: &'_ str| line.split_whitespace().next().map(str::to_owned);
    assert_eq!(tried, named("helper", "Commands, a line each", command));
}

//= test spec/15-identity.md#pictures [PICTURE-4] bf9a4194
/// Both people look at the picture on the other's card, and keep it where they said, if nothing is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_saved_where_the_person_said_and_nowhere_else() {
    let office = Office::open();
    let pictures = [("Ada", photo()), ("Bea", photo_in([200, 100, 0]))];
    for (who, picture) in &pictures {
        let file = format!("{who}.png");
        fs::write(office.path(&file), picture).unwrap();
        office.card(who, &[FULL, &["--picture", &file]].concat());
    }
    let arguments = |who: &str, save: bool| {
        let [card, secret, picture, trust, saved] = [".card", ".secret", ".png", "trust", ".saved"]
            .map(|end| match end {
                "trust" => office.path(end).display().to_string(),
                end => office.path(&format!("{who}{end}")).display().to_string(),
            });
        let save = match save {
            true => format!("--save-picture {saved}"),
            false => String::new(),
        };
        format!("--card {card} --card-key {secret} --picture {picture} --trust {trust} {save}")
    };
    // Without the option nothing is written; with it a file is, once.
    for (save, says) in [
        (false, "--save-picture FILE keeps it"),
        (true, "saved as"),
        (true, "File exists"),
    ] {
        let (_relay, found) = cast::relay();
        let helper = format!("helper --no-window {}", arguments("Ada", save));
        let helper = Terminal::run(&found, &helper, None);
        helper.shows("Read it to the person you help", 1);
        let said = helper.said();
        let (_, code) = said.split_once("Your code: ").unwrap();
        let code = code[..9].to_owned();
        let sharer = format!("sharer --screen pattern {}", arguments("Bea", save));
        let mut sharer = Terminal::run(&found, &sharer, None);
        sharer.shows("Type the code", 1);
        sharer.press(&format!("{code}\n"));
        for person in [&helper, &sharer] {
            person.shows("it is the card's: 1x1, png", 1);
            person.shows(says, 1);
        }
        sharer.press("q");
        assert_eq!(sharer.ended(), 0);
        helper.shows("the sharer ended the session", 1);
        for (who, (_, others)) in [("Ada", &pictures[1]), ("Bea", &pictures[0])] {
            let kept = fs::read(office.path(&format!("{who}.saved"))).ok();
            assert_eq!(kept.as_ref(), save.then_some(others), "{who}: {says}");
        }
    }
}

/// A relay that is about to go gives no code, and is not asked again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_drains_is_asked_once() {
    let (relay, found) = cast::relay();
    relay.drain().await;
    let mut helper = Terminal::run(&found, "helper --no-window", None);
    helper.shows("the relay is about to shut down", 1);
    assert_eq!(helper.ended(), 3);
    assert_eq!(helper.said().matches("about to shut down").count(), 1);
}
