//! Lost and changed paths on the real stack: a relay, two clients, and a proxy for each on the way.
//!
//! Real time passes here, because it is the outage that is tested. What was measured is printed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/office.rs"]
mod office;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/waits.rs"]
mod waits;

use std::time::{Duration, Instant};

use alongside_client::{
    By, Config, Misuse, Relay,
    helper::{self, Command as Help, Event as Helped},
    sharer::{self, Command as Share, Event as Shared},
    view::View,
};
use alongside_relay::tls::Identity;
use alongside_state_machine::identity::trust::{Standing, Who};
use alongside_wire::{ErrorCode, Scopes, input::InputEvent};
use cast::{HelperEnd, Recorder, Seen, SharerEnd, helper_with, relay, sharer_with};
use office::{FULL, Office};
use proxy::Proxy;
use waits::GUARD;

const DOWN: InputEvent = InputEvent::Key {
    usage: 4,
    down: true,
};

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
    async fn viewing() -> Self {
        Self::viewing_as(Config::default(), Config::default()).await
    }

    async fn viewing_as(helping: Config, sharing: Config) -> Self {
        let (relay, found) = relay();
        let address = relay.local_addr().unwrap();
        let helpers_way = Proxy::start(address).await;
        let sharers_way = Proxy::start(address).await;
        let through = |proxy: &Proxy| Relay {
            address: proxy.address.to_string(),
            ..found.clone()
        };
        let seen = Seen::default();
        let views: Vec<Box<dyn View>> = vec![Box::new(seen.clone())];
        let mut helper = helper_with(through(&helpers_way), views, |options| {
            options.config = helping;
        });
        let code = helper
            .hear("a code", |event| match event {
                Helped::Code { code, .. } => Some(*code),
                _ => None,
            })
            .await;
        let injected = Recorder::default();
        let mut sharer = sharer_with(through(&sharers_way), code, &injected, |options| {
            options.config = sharing;
        });
        sharer
            .hear("the question for consent", |event| match event {
                Shared::Session(sharer::SessionEvent::ConsentAsked { .. }) => Some(()),
                _ => None,
            })
            .await;
        sharer.order(Share::Contact(sharer::Contact::Person)).await;
        sharer.order(Share::Consent(sharer::Consent::Given)).await;
        let device = helper.hear("word of the device", |event| match event {
            Helped::Device { to_acknowledge, .. } => Some(*to_acknowledge),
            _ => None,
        });
        if device.await {
            helper.order(Help::Acknowledge).await;
        }
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

    /// Asks for control until it may be asked for, and the person allows it.
    async fn control(&mut self) {
        loop {
            let scopes = Scopes::CONTROL;
            self.helper.order(Help::RequestControl(scopes)).await;
            let asked = self
                .sharer
                .hear("the question for control", |event| match event {
                    Shared::Session(sharer::SessionEvent::ControlAsked { .. }) => Some(()),
                    _ => None,
                });
            if tokio::time::timeout(Duration::from_secs(1), asked)
                .await
                .is_ok()
            {
                break;
            }
        }
        tokio::time::sleep(GUARD).await;
        let number = self.sharer.log.iter().rev().find_map(|event| match event {
            Shared::Number(number) => Some(*number),
            _ => None,
        });
        // The number, if there is one, follows the question.
        let number = match number {
            Some(number) => Some(number),
            None => {
                let late = self.sharer.hear("a number", |event| match event {
                    Shared::Number(number) => Some(*number),
                    _ => None,
                });
                tokio::time::timeout(Duration::from_millis(100), late)
                    .await
                    .ok()
            }
        };
        self.sharer
            .order(Share::AllowControl(Scopes::CONTROL, number))
            .await;
        self.helper
            .hear("control", |event| match event {
                Helped::Session(helper::SessionEvent::ControlGranted { .. }) => Some(()),
                _ => None,
            })
            .await;
    }

    async fn frozen(&mut self) {
        self.helper
            .hear("the freeze", |event| match event {
                Helped::Frozen { .. } => Some(()),
                _ => None,
            })
            .await;
        self.sharer
            .hear("the freeze", |event| match event {
                Shared::Frozen { .. } => Some(()),
                _ => None,
            })
            .await;
    }

    async fn back(&mut self) {
        self.helper
            .hear("that it is back", |event| match event {
                Helped::Session(helper::SessionEvent::Back) => Some(()),
                _ => None,
            })
            .await;
        self.sharer
            .hear("that it is back", |event| match event {
                Shared::Session(sharer::SessionEvent::Back) => Some(()),
                _ => None,
            })
            .await;
    }

    async fn line_to_helper(&mut self, expected: &str) {
        let line = self.helper.hear("a line", |event| match event {
            Helped::Session(helper::SessionEvent::Chat(text)) => Some(text.clone()),
            _ => None,
        });
        assert_eq!(line.await, expected);
    }

    async fn line_to_sharer(&mut self, expected: &str) {
        let line = self.sharer.hear("a line", |event| match event {
            Shared::Session(sharer::SessionEvent::Chat(text)) => Some(text.clone()),
            _ => None,
        });
        assert_eq!(line.await, expected);
    }
}

//= test spec/12-reconnect.md#link [RECON-1] 3ea14ceb
//= test spec/12-reconnect.md#way [RECON-10] 6b7c9e6c
//= test spec/12-reconnect.md#state [RECON-27] 004a6204
//= test spec/12-reconnect.md#chat [RECON-32] dbaec176
#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_of_twenty_seconds_there_is_sight_and_all_of_the_chat() {
    let mut scene = Scene::viewing().await;
    scene.control().await;
    scene.helper.order(Help::Input(vec![DOWN])).await;
    scene.injected.last(DOWN).await;
    scene.helpers_way.black_hole(true);
    let began = Instant::now();
    scene.helper.order(Help::Chat("one".into())).await;
    scene.sharer.order(Share::Chat("one".into())).await;
    scene.frozen().await;
    let froze = began.elapsed();
    println!("both frozen after {froze:?}");
    assert!(froze < Duration::from_millis(6_500), "{froze:?}");
    // What was held is let go at once.
    scene.injected.last(InputEvent::ReleaseAll).await;
    scene.helper.order(Help::Chat("two".into())).await;
    scene.sharer.order(Share::Chat("two".into())).await;
    tokio::time::sleep(Duration::from_secs(20).saturating_sub(began.elapsed())).await;
    let before = scene.seen.count();
    scene.helpers_way.black_hole(false);
    let over = Instant::now();
    scene.back().await;
    println!("back {:?} after the outage", over.elapsed());
    scene.seen.more_than(before).await;
    for line in ["one", "two"] {
        scene.line_to_helper(line).await;
        scene.line_to_sharer(line).await;
    }
    // Control did not come back by itself.
    let injected = scene.injected.done().len();
    scene.helper.order(Help::Input(vec![DOWN])).await;
    scene
        .helper
        .hear("that there is no control", |event| match event {
            Helped::NotNow(_) => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(scene.injected.done().len(), injected);
    scene.control().await;
    scene.helper.order(Help::Input(vec![DOWN])).await;
    scene.injected.last(DOWN).await;
    // An end is told at once, as ever.
    scene.sharer.order(Share::End).await;
    let began = Instant::now();
    let ended = scene.helper.ended().await;
    println!(
        "an end was told after {:?}, closing and all",
        began.elapsed()
    );
    assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_address_is_hardly_noticed() {
    let mut scene = Scene::viewing().await;
    for round in 0..2 {
        let before = scene.seen.count();
        let way = [&scene.sharers_way, &scene.helpers_way][round];
        way.change_addresses();
        let changed = Instant::now();
        scene.seen.more_than(before + 5).await;
        println!(
            "five more frames {:?} after a new address",
            changed.elapsed()
        );
        scene.helper.order(Help::Chat("still there?".into())).await;
        scene.line_to_sharer("still there?").await;
    }
    scene.helper.order(Help::End).await;
    let ended = scene.sharer.ended().await;
    assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::Done));
}

/// Who each end was told that the other is, every time: the helper, the sharer.
fn told(scene: &Scene) -> [Vec<Who>; 2] {
    let helper = scene.helper.log.iter().filter_map(|event| match event {
        Helped::Sharer(who) => Some(Who::clone(who)),
        _ => None,
    });
    let sharer = scene.sharer.log.iter().filter_map(|event| match event {
        Shared::Session(sharer::SessionEvent::ConsentAsked { who, .. }) => Some(Who::clone(who)),
        _ => None,
    });
    [helper.collect(), sharer.collect()]
}

/// What was verified stays so, and is not asked for or told anew.
#[tokio::test(flavor = "multi_thread")]
async fn cards_outlive_a_changed_address_and_an_outage() {
    let office = Office::open();
    let config = |who: &str| {
        let mut config = office.trusting();
        config.identity.card = Some(office.card(who, FULL));
        config
    };
    let mut scene = Scene::viewing_as(config("Ada"), config("Bea")).await;
    let before = told(&scene);
    for (who, name) in before.iter().zip(["Bea Lovelace", "Ada Lovelace"]) {
        let issuer = "Engines".to_owned();
        assert_eq!(who.len(), 1);
        assert_eq!(who[0].standing, Standing::Verified { issuer });
        assert_eq!(who[0].card.as_ref().unwrap().name(), name);
    }
    let count = scene.seen.count();
    scene.sharers_way.change_addresses();
    scene.seen.more_than(count + 2).await;
    scene.sharers_way.black_hole(true);
    scene.frozen().await;
    scene.sharer.order(Share::FetchPicture).await;
    let frozen = |event: &Shared| (*event == Shared::NotNow(Misuse::Frozen)).then_some(());
    scene.sharer.hear("to wait", frozen).await;
    scene.sharers_way.black_hole(false);
    scene.back().await;
    scene.seen.more_than(scene.seen.count()).await;
    // It was shown, and there is nothing to show again.
    scene.sharer.order(Share::ShowCard).await;
    let shown = |event: &Shared| (*event == Shared::NotNow(Misuse::Nothing)).then_some(());
    scene.sharer.hear("that it was shown", shown).await;
    scene.helper.order(Help::End).await;
    scene.sharer.ended().await;
    scene.helper.ended().await;
    assert_eq!(told(&scene), before);
}

//= test spec/12-reconnect.md#link [RECON-5] dc497654
//= test spec/12-reconnect.md#link [RECON-9] 6b2fb207
//= test spec/05-session.md#end [END-1] 76b70464
#[tokio::test(flavor = "multi_thread")]
async fn with_the_network_gone_a_person_ends_at_once_and_the_other_end_in_time() {
    let mut scene = Scene::viewing().await;
    scene.sharers_way.black_hole(true);
    let began = Instant::now();
    scene.sharer.order(Share::End).await;
    scene
        .sharer
        .hear("the end", |event| match event {
            Shared::Session(sharer::SessionEvent::Ended(_)) => Some(()),
            _ => None,
        })
        .await;
    let told = began.elapsed();
    println!("the person was told after {told:?}");
    assert!(told < Duration::from_millis(500), "{told:?}");
    scene
        .helper
        .hear("the freeze", |event| match event {
            Helped::Frozen { .. } => Some(()),
            _ => None,
        })
        .await;
    let froze = began.elapsed();
    let ended = scene.helper.ended().await;
    let over = began.elapsed();
    println!("the other end froze after {froze:?} and ended after {over:?}");
    assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::Lost));
    assert!(froze < Duration::from_millis(6_500), "{froze:?}");
    assert!(over < Duration::from_secs(38), "{over:?}");
}

//= test spec/12-reconnect.md#relays [RECON-33] 2f63d216
/// One relay refuses connections, one refuses codes: the third gives one, and signs nobody off.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_busy_is_passed_over_before_there_is_a_code() {
    let identity = || Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
    let (_full, full) = cast::relay_with(identity(), |options| options.config.connections = 0);
    let (_out, out) = cast::relay_with(identity(), |options| options.config.codes = 0);
    let (_relay, found) = relay();
    let mut helper = helper_with(full.clone(), Vec::new(), |options| {
        options.others = vec![out.clone(), found.clone()];
    });
    let given = |event: &Helped| match event {
        Helped::Code { relay, .. } => Some(relay.clone()),
        _ => None,
    };
    assert_eq!(helper.hear("a code", given).await, found.address);
    let passed =
        |event: &&Helped| matches!(event, Helped::Trouble(why) if why.contains("trying another"));
    assert_eq!(helper.log.iter().filter(passed).count(), 2);
    helper.order(Help::End).await;
    helper.ended().await;
    // The last is not passed over: it says why there is no code.
    let mut helper = helper_with(full, Vec::new(), |options| options.others = vec![out]);
    let refused = |event: &Helped| match event {
        Helped::Session(helper::SessionEvent::CodeEnded(code)) => Some(*code),
        _ => None,
    };
    assert_eq!(helper.hear("why", refused).await, ErrorCode::Busy);
}

//= test spec/12-reconnect.md#relays [RECON-33] 2f63d216
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_dead_is_passed_over_before_there_is_a_code() {
    let (relay, found) = relay();
    // Nobody is there, and nothing says so: packets vanish.
    let hole = Proxy::start(relay.local_addr().unwrap()).await;
    hole.black_hole(true);
    let dead = Relay {
        address: hole.address.to_string(),
        ..found.clone()
    };
    let began = Instant::now();
    let others = vec![found.clone()];
    let mut helper = helper_with(dead.clone(), Vec::new(), |options| {
        options.others = others.clone();
    });
    let why = helper
        .hear("what is wrong with the first", |event| match event {
            Helped::Trouble(why) => Some(why.clone()),
            _ => None,
        })
        .await;
    assert!(
        why.contains("does not answer") && why.contains("trying another"),
        "{why}"
    );
    let code = helper
        .hear("a code", |event| match event {
            Helped::Code { code, .. } => Some(*code),
            _ => None,
        })
        .await;
    println!("a code after {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(10));
    let injected = Recorder::default();
    let mut sharer = sharer_with(dead, code, &injected, |options| {
        options.others = vec![found];
    });
    sharer
        .hear("the question for consent", |event| match event {
            Shared::Session(sharer::SessionEvent::ConsentAsked { .. }) => Some(()),
            _ => None,
        })
        .await;
    // With a code alive, the loss of its relay is the end, and no other is tried.
    sharer.order(Share::End).await;
    helper.ended().await;
    let mut helper = helper_with(
        Relay {
            address: relay.local_addr().unwrap().to_string(),
            ..others[0].clone()
        },
        Vec::new(),
        |options| options.others = others.clone(),
    );
    helper
        .hear("a code", |event| match event {
            Helped::Code { .. } => Some(()),
            _ => None,
        })
        .await;
    relay.shutdown().await;
    let ended = helper.ended().await;
    assert_eq!(
        (ended.by, ended.code),
        (By::Relay, ErrorCode::RelayShutdown)
    );
    let codes = helper
        .log
        .iter()
        .filter(|event| matches!(event, Helped::Code { .. }));
    assert_eq!(codes.count(), 1);
}
