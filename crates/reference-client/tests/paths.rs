//! Paths on the real stack: a relay, two clients, and a proxy for each on the way.
//!
//! Real time passes here, because it is the real transport that is tested. What was measured is printed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/waits.rs"]
mod waits;

use std::time::{Duration, Instant};

use alongside_client::{
    By, Relay, Way,
    helper::{self, Command as Help, Event as Helped},
    sharer::{self, Command as Share, Event as Shared},
};
use alongside_relay::tls::Identity;
use alongside_wire::{ErrorCode, Scopes, input::InputEvent, limits::timers::PATH_SILENCE};
use cast::{HelperEnd, Recorder, Seen, SharerEnd, helper_with, relay_with, sharer_with};
use proxy::Proxy;
use waits::{GUARD, SETTLE};

const DOWN: InputEvent = InputEvent::Key {
    usage: 4,
    down: true,
};
/// How long a path takes that comes about at all.
const SOON: Duration = Duration::from_secs(4);

/// The pattern's frames have more bytes than this.
const LEAST: u64 = 400;

/// What is not as usual.
#[derive(Default)]
struct Set {
    relay_has_none: bool,
    helper_wants_none: bool,
    sharer_wants_none: bool,
    hole: bool,
}

/// Both ends behind a proxy each, while the screen is seen.
struct Scene {
    _relay: alongside_relay::Relay,
    helper: HelperEnd,
    sharer: SharerEnd,
    helpers_way: Proxy,
    sharers_way: Proxy,
    seen: Seen,
    injected: Recorder,
}

impl Scene {
    async fn viewing(set: Set) -> Self {
        let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let (relay, found) = relay_with(identity, |options| {
            if set.relay_has_none {
                options.config.paths = 0;
            }
        });
        let address = relay.local_addr().unwrap();
        let helpers_way = Proxy::start(address).await;
        let sharers_way = Proxy::start(address).await;
        for way in [&helpers_way, &sharers_way] {
            way.path_hole(set.hole);
        }
        let through = |proxy: &Proxy| Relay {
            address: proxy.address.to_string(),
            ..found.clone()
        };
        let seen = Seen::default();
        let views: Vec<Box<dyn alongside_client::view::View>> = vec![Box::new(seen.clone())];
        let mut helper = helper_with(through(&helpers_way), views, |options| {
            options.paths = !set.helper_wants_none;
        });
        let code = helper.hear("a code", |event| match event {
            Helped::Code { code, .. } => Some(*code),
            _ => None,
        });
        let (code, injected) = (code.await, Recorder::default());
        let mut sharer = sharer_with(through(&sharers_way), code, &injected, |options| {
            options.paths = !set.sharer_wants_none;
        });
        let asked = |event: &Shared| match event {
            Shared::Session(sharer::SessionEvent::ConsentAsked { .. }) => Some(()),
            _ => None,
        };
        sharer.hear("the question for consent", asked).await;
        // Nothing shows where anybody is before the person agrees.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(
            [&helpers_way, &sharers_way].map(|way| way.sent()[0]),
            [0; 2]
        );
        sharer.order(Share::Contact(sharer::Contact::Person)).await;
        sharer.order(Share::Consent(sharer::Consent::Given)).await;
        seen.more_than(0).await;
        Self {
            _relay: relay,
            helper,
            sharer,
            helpers_way,
            sharers_way,
            seen,
            injected,
        }
    }

    /// The same, once pictures go on a path.
    async fn with_path() -> Self {
        let mut scene = Self::viewing(Set::default()).await;
        scene.both_say(Way::Path, SOON).await;
        scene
    }

    async fn both_say(&mut self, way: Way, within: Duration) {
        let helper = |event: &Helped| (*event == Helped::Way(way)).then_some(());
        let sharer = |event: &Shared| (*event == Shared::Way(way)).then_some(());
        self.helper.hear_within(within, "the way", helper).await;
        self.sharer.hear_within(within, "the way", sharer).await;
    }

    /// Bytes that the sharer sends while so many frames come: on a path, and to the relay.
    async fn sent_for(&self, frames: u32) -> [u64; 2] {
        let before = self.sharers_way.sent();
        self.seen.more_than(self.seen.count() + frames).await;
        let after = self.sharers_way.sent();
        [after[0] - before[0], after[1] - before[1]]
    }

    async fn chat(&mut self) {
        self.helper.order(Help::Chat("there?".into())).await;
        let line = |event: &Shared| match event {
            Shared::Session(sharer::SessionEvent::Chat(text)) => Some(text.clone()),
            _ => None,
        };
        assert_eq!(self.sharer.hear("a line", line).await, "there?");
    }

    /// Nobody was told that pictures go this way, or that the connection is lost.
    fn never(&self, way: Way) {
        let (sharer, helper) = (&self.sharer.log, &self.helper.log);
        assert!(!sharer.contains(&Shared::Way(way)), "{sharer:?}");
        assert!(!helper.contains(&Helped::Way(way)), "{helper:?}");
        self.never_frozen();
    }

    fn never_frozen(&self) {
        let (sharer, helper) = (&self.sharer.log, &self.helper.log);
        let frozen = |event: &Shared| matches!(event, Shared::Frozen { .. });
        assert!(!sharer.iter().any(frozen), "{sharer:?}");
        let frozen = |event: &Helped| matches!(event, Helped::Frozen { .. });
        assert!(!helper.iter().any(frozen), "{helper:?}");
    }

    /// The sharer ends it, and the helper learns that in order.
    async fn end(&mut self) {
        self.sharer.order(Share::End).await;
        let ended = self.helper.ended().await;
        assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::Done));
        self.sharer.ended().await;
    }
}

//= test spec/20-forwarded-packets.md#clients [PATH-20] df8ba147
//= test spec/20-forwarded-packets.md#clients [PATH-26] cf905e6a
//= test spec/20-forwarded-packets.md#clients [PATH-28] 3c2bda24
//= test spec/20-forwarded-packets.md#clients [PATH-29] 49b5bdfb
#[tokio::test(flavor = "multi_thread")]
async fn pictures_go_on_a_path_and_all_else_as_ever() {
    let mut scene = Scene::with_path().await;
    scene.sent_for(5).await;
    let [path, relay] = scene.sent_for(30).await;
    println!("{path} bytes on the path, {relay} to the relay");
    assert!(path > 30 * LEAST && relay < path / 5, "{path} {relay}");
    tokio::time::sleep(SETTLE).await;
    let scopes = Scopes::CONTROL;
    scene.helper.order(Help::RequestControl(scopes)).await;
    let asked = |event: &Shared| match event {
        Shared::Session(sharer::SessionEvent::ControlAsked { .. }) => Some(()),
        _ => None,
    };
    scene.sharer.hear("the question for control", asked).await;
    tokio::time::sleep(GUARD).await;
    scene.sharer.order(Share::AllowControl(scopes, None)).await;
    let granted = |event: &Helped| match event {
        Helped::Session(helper::SessionEvent::ControlGranted { .. }) => Some(()),
        _ => None,
    };
    scene.helper.hear("control", granted).await;
    scene.helper.order(Help::Input(vec![DOWN])).await;
    scene.injected.last(DOWN).await;
    scene.chat().await;
    scene.never(Way::Spliced);
    scene.end().await;
}

//= test spec/20-forwarded-packets.md#clients [PATH-30] 5a1466d7
//= test spec/20-forwarded-packets.md#clients [PATH-32] 1184a3ef
#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_dies_costs_a_moment_of_picture() {
    let mut scene = Scene::with_path().await;
    scene.sent_for(5).await;
    for way in [&scene.helpers_way, &scene.sharers_way] {
        way.path_hole(true);
    }
    let (died, before) = (Instant::now(), scene.seen.count());
    let silence = Duration::from_millis(PATH_SILENCE);
    scene
        .both_say(Way::Spliced, silence + Duration::from_secs(2))
        .await;
    // What was under way may still have come.
    scene.seen.more_than(before + 5).await;
    println!("pictures again {:?} after the path died", died.elapsed());
    assert!(died.elapsed() < silence + Duration::from_secs(3));
    let [path, relay] = scene.sent_for(30).await;
    assert!(relay > 30 * LEAST && path < relay / 5, "{path} {relay}");
    scene.chat().await;
    scene.end().await;
    scene.never_frozen();
}

//= test spec/20-forwarded-packets.md#clients [PATH-30] 5a1466d7
#[tokio::test(flavor = "multi_thread")]
async fn what_never_comes_about_is_hardly_noticed() {
    let set = Set {
        hole: true,
        ..Set::default()
    };
    let mut scene = Scene::viewing(set).await;
    // Longer than an attempt: all the time pictures come.
    for _ in 0..14 {
        let [_, relay] = scene.sent_for(15).await;
        assert!(relay > 15 * LEAST, "{relay}");
    }
    assert!(scene.helpers_way.sent()[0] > 0, "nobody has tried");
    scene.chat().await;
    scene.end().await;
    scene.never(Way::Path);
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-1] 67f638e4
#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_path_that_somebody_does_not_want_or_offer() {
    let sets = [
        Set {
            relay_has_none: true,
            ..Set::default()
        },
        Set {
            helper_wants_none: true,
            ..Set::default()
        },
        Set {
            sharer_wants_none: true,
            ..Set::default()
        },
    ];
    for set in sets {
        let mut scene = Scene::viewing(set).await;
        let began = Instant::now();
        while began.elapsed() < SOON {
            scene.sent_for(10).await;
        }
        for way in [&scene.helpers_way, &scene.sharers_way] {
            assert_eq!(way.sent()[0], 0);
        }
        scene.chat().await;
        scene.end().await;
        scene.never(Way::Path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_outlives_a_new_address() {
    let mut scene = Scene::with_path().await;
    for round in 0..2 {
        let way = [&scene.sharers_way, &scene.helpers_way][round];
        way.change_addresses();
        let changed = Instant::now();
        loop {
            let [path, relay] = scene.sent_for(10).await;
            if path > 10 * LEAST && relay < path / 5 {
                break;
            }
        }
        println!("on the path {:?} after a new address", changed.elapsed());
        scene.chat().await;
    }
    scene.never(Way::Spliced);
    scene.end().await;
}

/// The timer between two offers has to pass, which takes half a minute.
//= test spec/20-forwarded-packets.md#agreeing [PATH-2] 4efd8e85
//= test spec/20-forwarded-packets.md#clients [PATH-31] cdb8d62d
#[tokio::test(flavor = "multi_thread")]
async fn after_a_reconnect_there_is_another_path() {
    let mut scene = Scene::with_path().await;
    scene.helper.order(Help::ChangePath).await;
    scene.both_say(Way::Spliced, SOON).await;
    let back = |event: &Helped| match event {
        Helped::Session(helper::SessionEvent::Back) => Some(()),
        _ => None,
    };
    scene.helper.hear("that it is back", back).await;
    scene.sent_for(10).await;
    scene.both_say(Way::Path, Duration::from_secs(40)).await;
    let [path, relay] = scene.sent_for(30).await;
    assert!(path > 30 * LEAST && relay < path / 5, "{path} {relay}");
    scene.end().await;
}
