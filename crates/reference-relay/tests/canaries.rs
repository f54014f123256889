//! Evidence that a relay is blind: what it must not have is looked for in its memory, its journal,
//! its reports and its log, during a whole session and after it; and what it must have is found.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::Path,
};

use alongside_state_machine::{
    endpoint::{
        Config, Reporting,
        helper::{Event as Helped, HelperEndpoint, SessionEvent as HelperEvent},
        sharer::{Event as Shared, SessionEvent as SharerEvent, SharerEndpoint},
        spent::SpentLocators,
    },
    session::friction::{Consent, Contact},
};
use alongside_wire::{
    Codec, ReportCategory,
    media::{Frame, Tile},
    session::DisplayInfo,
};
use support::{
    ends::End,
    process::{LOCAL, Running, command},
};

const HELPER: &str = "Canary Ada Lovelace 7f3a9c51";
const TO_SHARER: &str = "canary said by the helper 1d88e0f2";
const TO_HELPER: &str = "canary said by the sharer b06f4e39";
const PICTURE: &[u8] = b"canary in the picture 5ac2d7418e90";
/// In the certificate that the relay makes, and on its command line: it does know this.
const KNOWN: &str = "canary-that-the-relay-knows.example";

/// Something that a relay must not have, by name.
type Canary = (&'static str, Vec<u8>);

/// All memory of a process that can be read, region by region.
fn memory(pid: u32) -> Vec<Vec<u8>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("a process of ours");
    let memory = File::open(format!("/proc/{pid}/mem")).expect("a process that may be read");
    let mut regions = Vec::new();
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, rights) = (
            fields.next().expect("a range"),
            fields.next().expect("rights"),
        );
        let (start, end) = range.split_once('-').expect("two ends");
        let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
        let (start, end) = (number(start), number(end));
        if !rights.starts_with('r') || line.ends_with("[vvar]") {
            continue;
        }
        let mut region = vec![0; usize::try_from(end - start).expect("an address")];
        // A region may go between the two looks; what is not there holds nothing.
        if memory.read_exact_at(&mut region, start).is_ok() {
            regions.push(region);
        }
    }
    assert!(regions.len() > 20, "most of it can be read");
    regions
}

fn holds(places: &[Vec<u8>], canary: &[u8]) -> bool {
    let finder = memchr::memmem::Finder::new(canary);
    places.iter().any(|place| finder.find(place).is_some())
}

/// Everything in a folder.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(fs::read(path).expect("readable"));
        }
    }
    all
}

/// Looks for each canary, as it is and in hexadecimal.
fn search(what: &str, places: &[Vec<u8>], canaries: &[Canary]) {
    for (name, canary) in canaries {
        assert!(!holds(places, canary), "{name} in {what}");
        let hex: String = canary.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(
            !holds(places, hex.as_bytes()),
            "{name} in {what}, in hexadecimal"
        );
    }
}

struct Session {
    helper: End<HelperEndpoint>,
    sharer: End<SharerEndpoint>,
    helped: Vec<Helped>,
    shared: Vec<Shared>,
}

impl Session {
    /// Runs both ends until `done`.
    async fn until<T>(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> Option<T>) -> T {
        for _ in 0..2_000 {
            self.helper.turn().await;
            self.sharer.turn().await;
            while let Some(event) = self.helper.machine.poll_event() {
                self.helped.push(event);
            }
            while let Some(event) = self.sharer.machine.poll_event() {
                self.shared.push(event);
            }
            if let Some(done) = done(self) {
                return done;
            }
        }
        panic!("waited in vain: {what}");
    }

    /// Looks into a process while the session goes on.
    async fn search(&mut self, what: &'static str, pid: u32, canaries: &[Canary]) {
        let canaries = canaries.to_vec();
        let mut looking =
            tokio::task::spawn_blocking(move || search(what, &memory(pid), &canaries));
        while !looking.is_finished() {
            self.helper.turn().await;
            self.sharer.turn().await;
        }
        (&mut looking).await.expect("nothing is found");
    }
}

fn picture() -> Frame {
    let tile = Tile {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
        codec: Codec::Png,
        data: PICTURE.repeat(40),
    };
    Frame {
        complete: true,
        display: 0,
        width: 8,
        height: 8,
        tiles: vec![tile],
    }
}

//= test spec/03-rendezvous.md#forwarding [RDV-33] e2a4a48e
//= test spec/14-operation.md#journal [JOURNAL-1] ef67a166
//= test spec/14-operation.md#reports [REPORT-9] 32bc78ba
#[tokio::test]
async fn a_relay_holds_nothing_that_it_must_not_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let books = folder.path().join("books");
    let mut line = command(&LOCAL);
    line.env("ALONGSIDE_LOG", "trace").args(["--name", KNOWN]);
    for book in ["journal", "reports"] {
        line.arg(format!("--{book}")).arg(books.join(book));
    }
    let mut relay = Running::start(line, &folder.path().join("log"));
    let pid = relay.child.id();

    // Seeds that are the same each time: a secret of four characters is not in a relay by chance.
    let helper = HelperEndpoint::new(HELPER, Config::default(), [0x5A; 32]);
    let sharer = SharerEndpoint::new(Config::default(), [0xA5; 32]);
    let mut session = Session {
        helper: End::connect(helper, relay.address, &relay.fingerprint).await,
        sharer: End::connect(sharer, relay.address, &relay.fingerprint).await,
        helped: Vec::new(),
        shared: Vec::new(),
    };
    let now = session.helper.now();
    session.helper.machine.request_code(now).expect("asked");
    let code = session
        .until("a code", |session| {
            session.helped.iter().find_map(|event| match event {
                Helped::Code { code, .. } => Some(*code),
                _ => None,
            })
        })
        .await;
    let mut canaries: Vec<Canary> = vec![
        ("the secret half of the code", code.secret.as_str().into()),
        ("the code", code.to_string().into()),
        ("the helper's name", HELPER.into()),
        ("chat of the helper", TO_SHARER.into()),
        ("chat of the sharer", TO_HELPER.into()),
        ("the picture", PICTURE.into()),
    ];
    // The scanner finds what is there: what the relay was started with, and a locator that lives.
    let live = memory(pid);
    assert!(holds(&live, KNOWN.as_bytes()), "the scanner is blind");
    assert!(
        holds(&live, code.locator.as_str().as_bytes()),
        "the scanner is blind"
    );
    search("memory, with a code", &live, &canaries);

    let now = session.sharer.now();
    let joined = session
        .sharer
        .machine
        .join(code, "relay", &mut SpentLocators::default(), now);
    joined.expect("joined");
    session
        .until("the question", |session| {
            let asked =
                |event: &Shared| matches!(event, Shared::Session(SharerEvent::ConsentAsked { .. }));
            session.shared.iter().any(asked).then_some(())
        })
        .await;
    let now = session.sharer.now();
    let machine = &mut session.sharer.machine;
    machine.contact(Contact::Person, now).expect("answered");
    let display = DisplayInfo {
        id: 0,
        width: 8,
        height: 8,
    };
    machine
        .consent(Consent::Given, vec![display], now)
        .expect("answered");
    session
        .until("leave to send", |session| {
            session.sharer.machine.may_send_frame().then_some(())
        })
        .await;
    session.sharer.machine.send_frame(&picture()).expect("sent");
    session.sharer.machine.chat(TO_HELPER).expect("sent");
    let now = session.helper.now();
    session.helper.machine.chat(TO_SHARER, now).expect("sent");
    session
        .until("frame and chat", |session| {
            let frame = |event: &Helped| matches!(event, Helped::Frame { .. });
            let chat = |event: &Helped| matches!(event, Helped::Session(HelperEvent::Chat(text)) if text == TO_HELPER);
            let other = |event: &Shared| matches!(event, Shared::Session(SharerEvent::Chat(text)) if text == TO_SHARER);
            let (helped, shared) = (&session.helped, &session.shared);
            let all = helped.iter().any(frame) && helped.iter().any(chat) && shared.iter().any(other);
            all.then_some(())
        })
        .await;
    let master = session.helper.machine.keys().expect("a session").master();
    canaries.push(("the session's master key", master.into()));
    canaries.push(("half of the master key", master[..16].into()));
    session.search("memory, in a session", pid, &canaries).await;

    let reported = session.sharer.machine.end_and_report(ReportCategory::Scam);
    reported.expect("reported");
    session
        .until("an answer", |session| {
            (session.sharer.machine.reporting() == Reporting::Taken
                && session.helper.machine.machine().ended().is_some())
            .then_some(())
        })
        .await;
    session
        .search("memory, after the session", pid, &canaries)
        .await;
    relay.signal("-TERM");
    assert_eq!(relay.wait(), Some(0));

    // The locator is no secret while it lives, and is in no book and no log all the same.
    canaries.push((
        "the locator in a log",
        format!("\"{}\"", code.locator.as_str()).into(),
    ));
    let written = files(folder.path());
    let text = written.concat();
    assert!(holds(&[text], b"a session began"), "the log is on");
    search("what was written", &written, &canaries);
    for book in ["journal", "reports"] {
        let lines = files(&books.join(book)).concat();
        assert_eq!(
            lines.iter().filter(|byte| **byte == b'\n').count(),
            1,
            "{book}"
        );
        search(
            book,
            &[lines],
            &[("the locator", code.locator.as_str().into())],
        );
    }
}
