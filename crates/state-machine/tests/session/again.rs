//! What is shown once, what is asked for once, what is said once: also when the link was lost.

use alongside_harness::{Conditions, Packet, Side, Way, World};
use alongside_state_machine::{
    endpoint::{Config, helper, sharer},
    error::Fault,
    session::{
        Output,
        helper::{Event as Told, Helper},
        sharer::Event,
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    code::Locator,
    envelope::{Envelope, Reconnect1},
    framing,
    rendezvous::{Deliver, Message as Rendezvous},
    session::{
        Advisory, Card, Consent, ControlEnd, ControlGrant, Heartbeat, Message, Pause, Probe, State,
    },
};

/// A helper's machine that views, at `now`.
fn viewing(now: Timestamp) -> Helper {
    let mut helper = Helper::new();
    helper.request_code(now).unwrap();
    let locator = Locator::try_from("abcd".to_owned()).unwrap();
    helper.code_issued(locator, 600_000, now).unwrap();
    helper.joined(now).unwrap();
    helper.secured(Scopes::ALL, now).unwrap();
    let scopes = Scopes::CONSENT;
    helper
        .handle_message(&Consent { scopes }.into(), now)
        .unwrap();
    said(&mut helper);
    helper
}

/// What it says.
fn said(helper: &mut Helper) -> Vec<Message> {
    let outputs = std::iter::from_fn(|| helper.poll_output());
    let messages = outputs.filter_map(|output| match output {
        Output::Send(message) => Some(message),
        _ => None,
    });
    messages.collect()
}

/// The link is lost, and back.
fn reconnect(helper: &mut Helper, now: Timestamp) {
    helper.link_lost(now);
    helper.master_taken();
    let state = State {
        paused: false,
        scopes: Scopes::CONSENT,
        epoch: 0,
        grant: 0,
        sent: 0,
        received: 0,
    };
    helper.handle_message(&state.into(), now).unwrap();
    said(helper);
}

fn acknowledged(helper: &mut Helper) -> bool {
    said(helper)
        .iter()
        .any(|message| message.name() == "advisory-ack")
}

//= test spec/15-identity.md#sharer [CARD-21] 9ad44039
//= test spec/12-reconnect.md#state [RECON-36] 4915b6d9
#[test]
fn what_comes_again_after_a_reconnect_is_the_same_and_comes_once() {
    let now = Timestamp::from_millis(1_000);
    let advisory = |byte| {
        Message::from(Advisory {
            statement: vec![byte; 9],
            proof: vec![byte; 64],
        })
    };
    let card = |byte| {
        Message::from(Card {
            card: vec![byte],
            proof: vec![byte; 64],
        })
    };
    for make in [&advisory as &dyn Fn(u8) -> Message, &card] {
        let (first, other) = (make(1), make(2));
        let mut helper = viewing(now);
        assert!(!helper.knows(&first));
        helper.handle_message(&first, now).unwrap();
        let _ = helper.acknowledge(now);
        said(&mut helper);
        for _ in 0..2 {
            reconnect(&mut helper, now);
            assert!(helper.knows(&first) && !helper.knows(&other));
            let shown = helper.clone().handle_message(&other, now);
            assert_eq!(shown, Err(Fault::ShownAgain));
            helper.handle_message(&first, now).unwrap();
            assert_eq!(acknowledged(&mut helper), first.name() == "advisory");
            assert_eq!(helper.handle_message(&first, now), Err(Fault::ShownAgain));
        }
    }
    // One that was not read is not acknowledged because it comes again.
    let mut helper = viewing(now);
    helper.handle_message(&advisory(1), now).unwrap();
    reconnect(&mut helper, now);
    helper.handle_message(&advisory(1), now).unwrap();
    assert!(!acknowledged(&mut helper));
    helper.acknowledge(now).unwrap();
    assert!(acknowledged(&mut helper));
}

//= test spec/05-session.md#control [CONTROL-31] d00acb60
//= test spec/05-session.md#control [CONTROL-30] 9f1f001f
#[test]
fn what_was_given_up_does_not_come_back_narrowed() {
    let now = Timestamp::from_millis(1_000);
    let grant = |request, grant, scopes| {
        Message::from(ControlGrant {
            request,
            grant,
            scopes,
            duration_ms: 60_000,
            secret: [0; 32],
        })
    };
    let replaced = |grant| {
        let code = ErrorCode::Replaced.to_wire();
        Message::from(ControlEnd { grant, code })
    };
    for narrowed in [Scopes::KEYBOARD, Scopes::POINTER] {
        let mut helper = viewing(now);
        helper.request_control(Scopes::POINTER, now).unwrap();
        helper
            .handle_message(&grant(1, 1, Scopes::POINTER), now)
            .unwrap();
        helper.request_control(Scopes::CONTROL, now).unwrap();
        // Its answer is under way when the helper's person takes the request back.
        helper.handle_message(&replaced(1), now).unwrap();
        helper.release_control(now).unwrap();
        helper
            .handle_message(&grant(2, 2, Scopes::CONTROL), now)
            .unwrap();
        helper.handle_message(&replaced(2), now).unwrap();
        said(&mut helper);
        helper.handle_message(&grant(0, 3, narrowed), now).unwrap();
        assert_eq!(helper.live_grant(), None);
        let code = ErrorCode::Released.to_wire();
        assert_eq!(said(&mut helper), [ControlEnd { grant: 3, code }.into()]);
    }
}

fn paused_events(world: &World) -> usize {
    let paused =
        |event: &&sharer::Event| matches!(event, sharer::Event::Session(Event::Paused { .. }));
    world.sharer_events.iter().filter(paused).count()
}

//= test spec/05-session.md#pause [PAUSE-12] e8d22452
#[test]
fn a_pause_that_changes_nothing_is_not_told() {
    for deciding in [true, false] {
        let mut world = World::new(430);
        if deciding {
            world.asked();
        } else {
            world.viewing();
        }
        world.helper.set_paused(true, world.now).unwrap();
        world.helper.set_paused(true, world.now).unwrap();
        world.run(10);
        assert_eq!(paused_events(&world), 1);
        world.take_over_helper();
        let pause: Message = Pause { paused: true }.into();
        world.forge(Way::HelperUp, &vec![pause; 1_000]);
        world.run(10);
        assert_eq!(paused_events(&world), 1);
        assert_eq!(world.ended(Side::Sharer), None);
        // Nor does an end say what it has said.
        let mut world = World::new(431);
        world.asked();
        world.sharer.set_paused(true, world.now).unwrap();
        world.run(10);
        let sent = world.sent.len();
        world.sharer.set_paused(true, world.now).unwrap();
        world.run(10);
        assert_eq!((paused_events(&world), world.sent.len()), (1, sent));
    }
}

fn asked(world: &World) -> usize {
    let asked = |event: &&sharer::Event| {
        matches!(event, sharer::Event::Session(Event::ControlAsked { .. }))
    };
    world.sharer_events.iter().filter(asked).count()
}

//= test spec/05-session.md#control [CONTROL-33] c9e9e011
//= test spec/05-session.md#friction [FRICTION-5] fec42a09
#[test]
fn who_withdraws_a_question_does_not_ask_the_next_at_once() {
    let mut world = World::new(432);
    world.viewing();
    world.frame(true);
    world.run(6_000);
    for _ in 0..40 {
        world
            .helper
            .request_control(Scopes::CONTROL, world.now)
            .unwrap();
        world.run(100);
        // It may be denied already.
        let _ = world.helper.release_control(world.now);
        world.run(100);
    }
    assert_eq!(asked(&world), 1);
    let told = |event: &Told| matches!(event, Told::ControlNotBefore(_));
    let warned = |world: &World| {
        let told = |event: &&helper::Event| matches!(event, helper::Event::Session(it) if told(it));
        world.helper_events.iter().filter(told).count()
    };
    assert!(
        warned(&world) >= 2,
        "after consent, and after the withdrawal"
    );
    world.run(2_500);
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    world.run(10);
    assert_eq!(asked(&world), 2);
}

//= test spec/19-tools.md#quality [TOOL-30] 3ffb6e38
//= test spec/19-tools.md#quality [TOOL-25] a3083e6b
#[test]
fn probes_that_come_too_often_have_no_answer() {
    let answers = |world: &World, way| {
        let keys = world.session_keys().unwrap();
        let opened = alongside_harness::record::open(&world.sent, way, &keys);
        let answer = |message: &&Message| message.name() == "probe-answer";
        opened.messages.iter().filter(answer).count()
    };
    for (from, back) in [
        (Way::HelperUp, Way::SharerUp),
        (Way::SharerUp, Way::HelperUp),
    ] {
        let mut world = World::new(433);
        world.viewing();
        if from == Way::HelperUp {
            world.take_over_helper();
        } else {
            world.take_over_sharer();
        }
        let before = answers(&world, back);
        for round in 1..=3 {
            world.run(1_000);
            let many: Vec<Message> = (0..3_000).map(|probe| Probe { probe }.into()).collect();
            world.forge(from, &many);
            world.run(10);
            assert_eq!(answers(&world, back) - before, round);
        }
    }
}

//= test spec/05-session.md#life [SESSION-5] 217b2065
#[test]
fn a_record_of_what_is_ignored_is_a_sign_of_life() {
    for from in [Way::HelperUp, Way::SharerUp] {
        for deciding in [true, false] {
            let mut world = World::new(434);
            if deciding {
                world.asked();
            } else {
                world.viewing();
            }
            if from == Way::HelperUp {
                world.take_over_helper();
            } else {
                world.take_over_sharer();
            }
            // Odd types that are not known may be ignored.
            let mut plaintext = Vec::new();
            framing::encode(0x7f, b"news", &mut plaintext);
            for _ in 0..10 {
                world.forge_plaintext(from, &plaintext);
                world.run(2_000);
            }
            let silent = if from == Way::HelperUp {
                Side::Sharer
            } else {
                Side::Helper
            };
            assert!(!world.froze(silent), "{from:?}");
            world.run(6_000);
            assert!(world.froze(silent), "{from:?}");
        }
    }
}

//= test spec/05-session.md#friction [FRICTION-5] fec42a09
#[test]
fn a_helper_who_hears_of_consent_late_or_may_only_draw_is_told_when_to_ask() {
    let told = |world: &World| world.helper_was_told(|it| matches!(it, Told::ControlNotBefore(_)));
    let mut world = World::new(435);
    world.asked();
    world.conditions_of(Way::SharerUp, Conditions::delay(50));
    world.consent(true).unwrap();
    world.run(10);
    world.disconnect(Side::Sharer);
    world.conditions(Conditions::INSTANT);
    assert!(!told(&world));
    world.run_until("both to be back", World::is_up);
    assert!(told(&world));
    for (scope, expected) in [(Scopes::ANNOTATE, true), (Scopes::NONE, false)] {
        let config = Config {
            ceiling: Scopes::CONSENT.union(scope),
            ..Config::default()
        };
        let mut world = World::with(436, Conditions::INSTANT, config, Config::default());
        world.viewing();
        assert_eq!(told(&world), expected);
    }
}

//= test spec/05-session.md#control [CONTROL-32] 7f518459
#[test]
fn a_grant_that_nothing_is_left_of_is_revoked() {
    let mut world = World::new(437);
    world.controlled();
    world.sharer.narrow(Scopes::KEYBOARD, world.now).unwrap();
    world.run(10);
    world.sharer.narrow(Scopes::NONE, world.now).unwrap();
    world.run(10);
    assert_eq!(world.sharer.machine().live_grant(), None);
    let revoked = ErrorCode::Revoked;
    assert!(
        world.was_told(|it| matches!(it, Event::ControlEnded { code, .. } if *code == revoked))
    );
    assert!(
        world.helper_was_told(
            |it| matches!(it, Told::ControlEnded { code, .. } if *code == revoked)
        )
    );
}

//= test spec/12-reconnect.md#state [RECON-37] c4b05256
#[test]
fn a_flag_that_changes_after_it_was_told_is_told_again() {
    for deciding in [true, false] {
        for paused in [true, false] {
            let mut world = World::new(438);
            if deciding {
                world.asked();
            } else {
                world.viewing();
            }
            world.helper.set_paused(!paused, world.now).unwrap();
            world.run(10);
            world.conditions(Conditions::delay(50));
            world.disconnect(Side::Helper);
            world.run_until("the next master", |world| {
                let keys = world.helper.keys();
                keys.is_some_and(|keys| keys.generation() == 1)
            });
            assert!(world.helper.machine().frozen_until().is_some());
            world.helper.set_paused(paused, world.now).unwrap();
            world.run_until("both to be back", World::is_up);
            world.run(500);
            let last = world
                .sharer_events
                .iter()
                .rev()
                .find_map(|event| match event {
                    sharer::Event::Session(Event::Paused { peer, .. }) => Some(*peer),
                    _ => None,
                });
            assert_eq!(last, Some(paused), "{deciding}");
            assert_eq!(world.sharer.may_send_frame(), !deciding && !paused);
        }
    }
}

//= test spec/12-reconnect.md#state [RECON-29] e0b4d6ec
//= test spec/06-media-input.md#frames [MEDIA-19] 743c9156
#[test]
fn a_frame_of_before_the_reconnect_is_not_acknowledged_after_it() {
    let mut world = World::new(439);
    world.viewing();
    let before = world.frame(true).unwrap();
    world.run(10);
    world.disconnect(Side::Helper);
    world.run_until("leave to send frames", |world| {
        world.is_up() && world.sharer.may_send_frame()
    });
    world.run(10);
    let shown = |world: &World| {
        let keys = &world.all_keys()[1];
        let opened = alongside_harness::record::open_from(&world.sent, Way::HelperUp, keys);
        let shown = opened
            .messages
            .into_iter()
            .filter_map(|message| match message {
                Message::Shown(shown) => Some(shown.frame),
                _ => None,
            });
        shown.collect::<Vec<_>>()
    };
    world.helper.shown(before, world.now);
    world.run(10);
    assert_eq!(shown(&world), []);
    let first = world.frame(true).unwrap();
    world.run(10);
    // It is shown, and that is said a step later.
    world.run(10);
    assert_eq!(shown(&world), [first]);
}

//= test spec/12-reconnect.md#handshake [RECON-14] dac77c30
#[test]
fn a_reconnect_that_cannot_be_read_is_ignored() {
    let mut world = World::new(440);
    world.viewing();
    for clear in [vec![], vec![1, 2, 3], vec![0xff; 64]] {
        let noise = vec![7; 48];
        let envelope = Envelope::from(Reconnect1 { clear, noise }).to_bytes();
        let mut bytes = Vec::new();
        Rendezvous::from(Deliver { envelope }).encode(&mut bytes);
        world.inject(Way::SharerDown, Packet::Control(bytes));
    }
    world.run(100);
    assert!(world.is_up() && !world.froze(Side::Sharer));
}

/// A record of before arrives after the sharer has learned of the reconnect: it means nothing.
#[test]
fn what_was_sealed_before_is_ignored_while_frozen() {
    for late in [
        Message::from(Heartbeat {}),
        alongside_wire::session::End { code: 0x301 }.into(),
    ] {
        let mut world = World::new(441);
        world.viewing();
        let messages = [late];
        let is_first = |packet: &Packet| match packet {
            Packet::Control(bytes) => framing::split(bytes, 65_536, "test")
                .ok()
                .flatten()
                .and_then(|(raw, _)| Rendezvous::decode(raw).ok().flatten())
                .is_some_and(|message| match message {
                    Rendezvous::Deliver(Deliver { envelope }) => {
                        matches!(Envelope::read(&envelope), Ok(Some(Envelope::Reconnect1(_))))
                    }
                    _ => false,
                }),
            _ => false,
        };
        let seen = std::rc::Rc::new(std::cell::Cell::new(false));
        let now = seen.clone();
        world.tap(move |way, packet| {
            // The sharer's answer is kept back for a while.
            if way == Way::SharerDown && is_first(&packet) {
                now.set(true);
            }
            if now.get() && way == Way::SharerUp {
                return Vec::new();
            }
            vec![(way, packet)]
        });
        world.disconnect(Side::Helper);
        world.run_until("the reconnect to reach the sharer", |_| seen.get());
        world.run(10);
        assert!(world.froze(Side::Sharer));
        world.forge(Way::HelperUp, &messages);
        world.run(10);
        assert_eq!(world.ended(Side::Sharer), None);
        world.untap();
        world.run_until("both to be back", World::is_up);
    }
}
