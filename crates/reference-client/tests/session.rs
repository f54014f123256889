//! Whole sessions of the two libraries through a real relay, in one process, on the test pattern.
//!
//! Real time passes here: five seconds of it before control may be asked for.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/waits.rs"]
mod waits;

use std::time::{Duration, Instant};

use alongside_client::{
    By, ConnectError, Ended, Misuse, Relay, Trust,
    helper::{self, Command as Help, Event as Helped},
    sharer::{self, Command as Share, Event as Shared},
};
use alongside_relay::tls::Identity;
use alongside_wire::{ErrorCode, Scopes, input::InputEvent};
use cast::{Cast, HelperEnd, relay, relay_as};
use waits::{GUARD, SETTLE};

const A: u16 = 0x04;
const RIGHT_AWAY: Duration = Duration::from_millis(500);

fn key(down: bool) -> InputEvent {
    InputEvent::Key { usage: A, down }
}

fn because(ended: Ended) -> (By, ErrorCode) {
    assert_eq!(ended.fault, None);
    (ended.by, ended.code)
}

async fn helper_hears(helper: &mut HelperEnd, wanted: impl Fn(&helper::SessionEvent) -> bool) {
    let pick = |event: &Helped| match event {
        Helped::Session(event) => wanted(event).then_some(()),
        _ => None,
    };
    helper.hear("what was waited for", pick).await;
}

/// The helper asks for control, and the person allows it when that may be.
async fn control(cast: &mut Cast) {
    cast.helper
        .order(Help::RequestControl(Scopes::CONTROL))
        .await;
    let asked = |event: &Shared| match event {
        Shared::Session(sharer::SessionEvent::ControlAsked { scopes, .. }) => Some(*scopes),
        _ => None,
    };
    let scopes = cast.sharer.hear("the question for control", asked).await;
    // At once is too soon: it could have been meant for something else.
    cast.sharer.order(Share::AllowControl(scopes, None)).await;
    let refused = |event: &Shared| match event {
        Shared::NotNow(Misuse::AnswerGuard | Misuse::NumberNeeded) => Some(()),
        _ => None,
    };
    cast.sharer.hear("that it is too soon", refused).await;
    tokio::time::sleep(GUARD).await;
    let mut numbers = cast.sharer.log.iter().rev().map_while(|event| match event {
        Shared::Session(sharer::SessionEvent::ControlAsked { .. }) => None,
        Shared::Number(number) => Some(Some(*number)),
        _ => Some(None),
    });
    let number = numbers.find_map(|number| number);
    cast.sharer.order(Share::AllowControl(scopes, number)).await;
    helper_hears(&mut cast.helper, |event| {
        matches!(event, helper::SessionEvent::ControlGranted { .. })
    })
    .await;
}

//= test spec/05-session.md#text [TEXT-1] 30391568
#[tokio::test(flavor = "multi_thread")]
async fn chat_in_any_script_arrives_as_it_was_written() {
    let mut cast = Cast::viewing(Duration::ZERO).await;
    let lines = [
        "مرحبا، كيف حالك؟ 123",
        "שלום (world) \u{200F}!",
        "你好，世界。電腦壞了嗎？",
        "👩‍👩‍👧‍👦 🏳️‍🌈 e\u{301}",
        "a \u{2067}שלום\u{2069} b \u{202E}c",
    ];
    for line in lines {
        cast.helper.order(Help::Chat(line.to_owned())).await;
        let said = |event: &Shared| match event {
            Shared::Session(sharer::SessionEvent::Chat(text)) => Some(text.clone()),
            _ => None,
        };
        assert_eq!(cast.sharer.hear("a line", said).await, line);
        cast.sharer.order(Share::Chat(line.to_owned())).await;
        let said = |event: &Helped| match event {
            Helped::Session(helper::SessionEvent::Chat(text)) => Some(text.clone()),
            _ => None,
        };
        assert_eq!(cast.helper.hear("a line", said).await, line);
    }
    cast.sharer.order(Share::End).await;
    cast.helper.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_from_the_code_to_the_end() {
    let mut cast = Cast::viewing(Duration::ZERO).await;
    cast.helper
        .order(Help::RequestControl(Scopes::CONTROL))
        .await;
    helper_hears(&mut cast.helper, |event| {
        *event == helper::SessionEvent::ControlDenied(ErrorCode::TooEarly)
    })
    .await;
    tokio::time::sleep(SETTLE).await;
    for round in 1..=2_u32 {
        control(&mut cast).await;
        cast.helper.order(Help::Input(vec![key(true)])).await;
        cast.injected.last(key(true)).await;
        // The key is down, and the pause lets it go.
        cast.sharer.order(Share::Pause(true)).await;
        cast.injected.last(InputEvent::ReleaseAll).await;
        let paused = ErrorCode::Paused.to_wire();
        helper_hears(&mut cast.helper, |event| match event {
            helper::SessionEvent::ControlEnded { grant, code } => {
                assert_eq!((*grant, code.to_wire()), (round, paused));
                true
            }
            _ => false,
        })
        .await;
        cast.helper.order(Help::Input(vec![key(true)])).await;
        let nothing = |event: &Helped| (*event == Helped::NotNow(Misuse::Nothing)).then_some(());
        cast.helper.hear("that there is no control", nothing).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let still = cast.seen.count();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(cast.seen.count(), still, "while paused");
        assert_eq!(cast.injected.done().last(), Some(&InputEvent::ReleaseAll));
        cast.sharer.order(Share::Pause(false)).await;
        cast.seen.more_than(still).await;
    }
    let picture = cast.seen.picture().unwrap();
    assert_eq!((picture.width(), picture.height()), (320, 240));
    // The other end is told within a round trip and 100 ms.
    cast.helper.order(Help::End).await;
    let began = Instant::now();
    let told = |event: &Shared| match event {
        Shared::Session(sharer::SessionEvent::Ended(ended)) => Some(*ended),
        _ => None,
    };
    let ended = cast.sharer.hear("the end", told).await;
    let took = began.elapsed();
    assert!(took < RIGHT_AWAY, "{took:?}");
    assert_eq!(because(ended), (By::Peer, ErrorCode::Done));
    assert_eq!(cast.sharer.ended().await, ended);
    let ended = cast.helper.ended().await;
    assert_eq!(because(ended), (By::Local, ErrorCode::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_there_is_nothing_to_see() {
    let mut cast = Cast::asked(Duration::ZERO).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    cast.sharer
        .order(Share::Consent(sharer::Consent::Refused))
        .await;
    let ended = cast.helper.ended().await;
    assert_eq!(because(ended), (By::Peer, ErrorCode::Declined));
    let ended = cast.sharer.ended().await;
    assert_eq!(because(ended), (By::Local, ErrorCode::Declined));
    assert_eq!(cast.seen.count(), 0);
    let shown = cast.helper.log.iter().any(|event| match event {
        Helped::Shown(_) => true,
        Helped::Session(event) => matches!(
            event,
            helper::SessionEvent::Viewing { .. } | helper::SessionEvent::Displays(_)
        ),
        _ => false,
    });
    assert!(!shown, "{:#?}", cast.helper.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_shuts_down_says_so() {
    let mut cast = Cast::viewing(Duration::ZERO).await;
    let began = Instant::now();
    cast.relay.shutdown().await;
    let ended = [cast.helper.ended().await, cast.sharer.ended().await];
    let took = began.elapsed();
    for ended in ended {
        assert_eq!(because(ended), (By::Relay, ErrorCode::RelayShutdown));
    }
    assert!(took < Duration::from_secs(4), "{took:?}");
}

/// A program that gives its session up without a word closes its connection by that, so that
/// nobody waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_dropped_is_gone_at_once() {
    let mut cast = Cast::viewing(Duration::ZERO).await;
    let began = Instant::now();
    cast.helper.session.abort();
    let ended = cast.sharer.ended().await;
    let took = began.elapsed();
    assert_eq!(because(ended), (By::Relay, ErrorCode::Done));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

/// Frames come faster than the view takes them; the session stays alive, and ends when it is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_view_holds_nothing_up() {
    let mut cast = Cast::viewing(Duration::from_millis(400)).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let count = cast.seen.count();
    assert!((5..=20).contains(&count), "{count}");
    cast.sharer.order(Share::End).await;
    let began = Instant::now();
    helper_hears(&mut cast.helper, |event| {
        matches!(event, helper::SessionEvent::Ended(_))
    })
    .await;
    let took = began.elapsed();
    assert!(took < RIGHT_AWAY, "{took:?}");
    let ended = cast.helper.ended().await;
    assert_eq!(because(ended), (By::Peer, ErrorCode::Done));
}

//= test spec/08-transport.md#quic [TRANSPORT-4] 61e69bcc
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_believed_by_its_authority_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(file("own.pem"), made.cert.pem()).unwrap();
    std::fs::write(file("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(file("other.pem"), other.cert.pem()).unwrap();
    std::fs::write(file("empty.pem"), "").unwrap();
    let identity = Identity::from_files(&file("own.pem"), &file("key.pem")).unwrap();
    let (_relay, found) = relay_as(identity);
    let port = found.address.rsplit_once(':').unwrap().1;
    let there = |host: &str, authority: &str| Relay {
        address: format!("{host}:{port}"),
        trust: Trust::Authorities(file(authority)),
    };
    let mut believed = cast::helper(there("localhost", "own.pem"), Vec::new());
    believed
        .hear("a code", |event| {
            matches!(event, Helped::Code { .. }).then_some(())
        })
        .await;
    for (host, authority) in [
        ("localhost", "other.pem"),
        ("127.0.0.1", "own.pem"),
        ("localhost", "empty.pem"),
    ] {
        let doubted = cast::helper(there(host, authority), Vec::new());
        let error = doubted.session.await.unwrap().unwrap_err();
        let known = matches!(error, ConnectError::Refused(_) | ConnectError::Trust(_));
        assert!(known, "{host} {authority}: {error}");
        println!("{host} {authority}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_not_there_is_named() {
    let (gone, found) = relay();
    gone.shutdown().await;
    let address = found.address.clone();
    let error = cast::helper(found, Vec::new()).session.await.unwrap();
    let text = error.unwrap_err().to_string();
    assert!(text.contains(&address), "{text}");
}
