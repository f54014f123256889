//! Nothing is seen before consent.

use alongside_harness::{Conditions, Way, World, record};
use alongside_state_machine::{
    endpoint::{Config, helper, sharer},
    error::Misuse,
    session::{By, sharer::Event},
};
use alongside_wire::{ErrorCode, Scopes, Suite, session::Message};

/// What left the sharer, by the keys of the session.
fn left_the_sharer(world: &World) -> record::Opened {
    record::open(&world.sent, Way::SharerUp, &world.session_keys().unwrap())
}

/// Not one byte of the screen, of the displays, or of a name.
fn assert_nothing_was_shown(world: &World) {
    let opened = left_the_sharer(world);
    assert_eq!(
        (opened.media.len(), opened.stream_bytes, opened.closed),
        (0, 0, 0)
    );
    for message in &opened.messages {
        let harmless = matches!(
            message,
            Message::Heartbeat(_) | Message::End(_) | Message::Pause(_) | Message::Pad(_)
        );
        assert!(harmless, "{message:?}");
    }
    assert_eq!(world.frames(), 0);
    assert_eq!(world.audit(), Ok(()));
}

//= test spec/05-session.md#consent [CONSENT-1] c66b7952
//= test spec/05-session.md#consent [CONSENT-2] bd3752a6
//= test spec/05-session.md#consent [CONSENT-3] 0769fd4b
#[test]
fn a_denial_shows_nothing() {
    let mut world = World::new(1);
    world.asked();
    assert_eq!(world.frame(true), None);
    world.run(1_000);
    assert_eq!(world.frame(true), None);
    // The program may try what it likes.
    assert!(world.sharer.displays(Vec::new()).is_err());
    assert!(world.sharer.chat("my host is called x").is_err());
    world.sharer.set_paused(true, world.now).unwrap();
    world.sharer.set_paused(false, world.now).unwrap();
    assert_eq!(world.frame(true), None);
    world.consent(false).unwrap();
    world.run(1_000);
    assert_nothing_was_shown(&world);
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::Declined));
}

//= test spec/05-session.md#consent [CONSENT-4] 3ea54290
#[test]
fn silence_is_a_denial() {
    let mut world = World::new(2);
    world.asked();
    let asked = world.now;
    world.run(119_000);
    assert!(world.sharer.machine().ended().is_none());
    assert_eq!(world.frame(true), None);
    world.run(1_100);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::Declined));
    assert!(world.now.since(asked) < 121_000_000);
    assert_nothing_was_shown(&world);
    let late = world.consent(true);
    assert_eq!(late, Err(Misuse::Phase("after the end")));
}

//= test spec/05-session.md#consent [CONSENT-6] 7c5bdfbc
#[test]
fn consent_gives_sight_and_chat_and_no_more() {
    let mut world = World::new(3);
    world.viewing();
    assert_eq!(world.sharer.scopes(), Scopes::CONSENT);
    assert!(world.helper_was_told(|event| {
        matches!(event, helper::SessionEvent::Viewing { scopes } if *scopes == Scopes::CONSENT)
    }));
    let view_only = Config {
        ceiling: Scopes::VIEW,
        ..Config::default()
    };
    let mut world = World::with(3, Conditions::INSTANT, view_only, Config::default());
    world.viewing();
    assert_eq!(world.sharer.scopes(), Scopes::VIEW);
    assert_eq!(world.sharer.chat("hello"), Err(Misuse::Scope));
}

//= test spec/05-session.md#consent [CONSENT-10] c1b57dac
#[test]
fn who_consents_to_a_chat_has_no_display_measured() {
    for (ceiling, shown) in [(Scopes::CHAT, false), (Scopes::CONSENT, true)] {
        let sharer = Config {
            ceiling,
            ..Config::default()
        };
        let mut world = World::with(3, Conditions::INSTANT, Config::default(), sharer);
        world.asked();
        world.consent(true).unwrap();
        world.run(1_000);
        let told = |world: &World| {
            let names = |event: &helper::SessionEvent| matches!(event, helper::SessionEvent::Displays(all) if !all.is_empty());
            world.helper_was_told(names)
        };
        assert_eq!(told(&world), shown);
    }
}

//= test spec/05-session.md#consent [CONSENT-9] 8cee136a
#[test]
fn nobody_is_asked_when_both_ends_allow_nothing_in_common() {
    let only = |ceiling| Config {
        ceiling,
        ..Config::default()
    };
    let apart = [
        (Scopes::VIEW, Scopes::CHAT),
        (Scopes::ALL, Scopes::CONTROL),
        (Scopes::NONE, Scopes::ALL),
    ];
    for (helper, sharer) in apart {
        let mut world = World::with(3, Conditions::INSTANT, only(helper), only(sharer));
        let code = world.code();
        world.join(code);
        world.run(1_000);
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!(
            (ended.by, ended.code),
            (By::Local, ErrorCode::NothingAllowed)
        );
        let ended = world.helper.machine().ended().unwrap();
        assert_eq!(
            (ended.by, ended.code),
            (By::Peer, ErrorCode::NothingAllowed)
        );
        assert_eq!(ended.fault, None);
        let asked = |event: &Event| matches!(event, Event::ConsentAsked { .. });
        assert!(!world.was_told(asked));
        assert_nothing_was_shown(&world);
    }
    let mut world = World::with(
        3,
        Conditions::INSTANT,
        only(Scopes::CHAT),
        Config::default(),
    );
    world.asked();
    world.consent(true).unwrap();
    assert_eq!(world.sharer.scopes(), Scopes::CHAT);
}

//= test spec/05-session.md#consent [CONSENT-8] f836b0cb
#[test]
fn what_the_helper_may_do_is_known_at_all_times() {
    let mut world = World::new(4);
    assert_eq!(world.sharer.scopes(), Scopes::NONE);
    world.asked();
    assert_eq!(world.sharer.scopes(), Scopes::NONE);
    world.consent(true).unwrap();
    assert_eq!(world.sharer.scopes(), Scopes::CONSENT);
    world.run(100);
    world.frame(true);
    world.run(6_000);
    world.regain_control();
    let both = Scopes::CONSENT.union(Scopes::CONTROL);
    assert_eq!(world.sharer.scopes(), both);
    world.sharer.set_paused(true, world.now).unwrap();
    assert_eq!(world.sharer.scopes(), Scopes::CHAT);
    world.sharer.set_paused(false, world.now).unwrap();
    assert_eq!(world.sharer.scopes(), Scopes::CONSENT);
    world.sharer.end();
    assert_eq!(world.sharer.scopes(), Scopes::NONE);
}

#[test]
fn a_session_goes_through_on_any_network_and_in_both_suites() {
    for (seed, suite) in [(5, Suite::ChaChaPoly), (6, Suite::AesGcm)] {
        for conditions in [Conditions::INSTANT, Conditions::POOR] {
            let config = Config {
                suites: vec![suite],
                ..Config::default()
            };
            let mut world = World::with(seed, conditions, config.clone(), config);
            world.controlled();
            assert_eq!(world.keys.unwrap().0, suite);
            assert_eq!(left_the_sharer(&world).media.len(), 2);
            world.helper.chat("hello", world.now).unwrap();
            world.run_until("chat", |world| {
                world.was_told(|event| matches!(event, Event::Chat(text) if text == "hello"))
            });
            world.sharer.end();
            world.run_until("the end", |world| world.helper.machine().ended().is_some());
        }
    }
}

//= test spec/05-session.md#consent [CONSENT-5] 9b48cef1
#[test]
fn the_name_is_what_the_helper_says_and_is_cut_to_size() {
    let mut world = World::new(7);
    let name = "A\u{7}da ".repeat(40);
    world.helper = helper::HelperEndpoint::new(&name, Config::default(), [9; 32]);
    world.asked();
    let shown = world.sharer_events.iter().find_map(|event| match event {
        sharer::Event::Session(Event::ConsentAsked { name, .. }) => Some(name.clone()),
        _ => None,
    });
    assert_eq!(shown.unwrap(), "Ada ".repeat(16));
}
