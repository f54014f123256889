//! Nothing is injected without a live grant.

use alongside_harness::{Conditions, Packet, Way, World};
use alongside_state_machine::{
    endpoint::{Config, helper::SessionEvent as Helper, sharer},
    error::Misuse,
    session::sharer::Event,
};
use alongside_wire::{ErrorCode, Scopes, input::InputEvent};

const DOWN: InputEvent = InputEvent::Key {
    usage: 4,
    down: true,
};

/// Every injection and release, in order: true for an injection.
fn acts(world: &World) -> Vec<bool> {
    world
        .sharer_events
        .iter()
        .filter_map(|event| match event {
            sharer::Event::Session(Event::Inject(_)) => Some(true),
            sharer::Event::Session(Event::ReleaseAll) => Some(false),
            _ => None,
        })
        .collect()
}

fn injected(world: &World) -> usize {
    acts(world).iter().filter(|act| **act).count()
}

fn denied(world: &World, code: ErrorCode) -> usize {
    let denied = |event: &&alongside_state_machine::endpoint::helper::Event| {
        matches!(event, alongside_state_machine::endpoint::helper::Event::Session(
            Helper::ControlDenied(denied)) if *denied == code)
    };
    world.helper_events.iter().filter(denied).count()
}

fn asked(world: &World) -> usize {
    let asked = |event: &&sharer::Event| {
        matches!(event, sharer::Event::Session(Event::ControlAsked { .. }))
    };
    world.sharer_events.iter().filter(asked).count()
}

fn renewed(world: &World) -> bool {
    world.was_told(|event| matches!(event, Event::ControlRenewed { .. }))
}

fn ended(world: &World, with: ErrorCode) -> bool {
    world.was_told(|event| matches!(event, Event::ControlEnded { code, .. } if *code == with))
}

//= test spec/06-media-input.md#input-records [INPUT-1] 5a79fa2b
//= test spec/06-media-input.md#input-records [INPUT-2] eff6d714
//= test spec/06-media-input.md#input-records [INPUT-3] 782ead1b
#[test]
fn granted_input_is_injected_at_the_next_tick() {
    let mut world = World::new(10);
    world.controlled();
    world.helper.input(DOWN).unwrap();
    assert_eq!(injected(&world), 0);
    world.run(10);
    assert_eq!(injected(&world), 1);
    // One record of the same size each tick, whether or not anything was typed.
    let streams = |world: &World| {
        let input = world.sent.iter().filter_map(|(way, packet)| match packet {
            Packet::Stream { id, bytes } if *way == Way::HelperUp => Some((*id, bytes.len())),
            _ => None,
        });
        input.collect::<Vec<_>>()
    };
    let before = streams(&world).len();
    world.run(1_000);
    let records = streams(&world);
    assert_eq!(records.len() - before, 100);
    assert!(records.iter().all(|record| *record == (1, 88)));
}

//= test spec/05-session.md#control [CONTROL-19] 94ba6129
//= test spec/05-session.md#control [CONTROL-24] 901e49a3
//= test spec/05-session.md#control [CONTROL-25] 56d122c4
//= test spec/06-media-input.md#input-records [INPUT-4] 2b2b7b64
//= test spec/06-media-input.md#input-records [INPUT-8] 917fc2e1
#[test]
fn input_in_flight_dies_with_a_revocation() {
    let slow = Conditions {
        delay_ms: 200,
        ..Conditions::INSTANT
    };
    let mut world = World::new(11);
    world.controlled();
    world.helper.input(DOWN).unwrap();
    world.run(20);
    world.conditions(slow);
    for _ in 0..10 {
        world.helper.input(DOWN).unwrap();
        world.run(10);
    }
    let before = injected(&world);
    world.sharer.revoke(world.now).unwrap();
    world.run(3_000);
    assert_eq!((injected(&world), before), (1, 1));
    assert_eq!(acts(&world).last(), Some(&false));
    assert!(world.sharer.counters().dead_input > 0);
    assert!(ended(&world, ErrorCode::Revoked));
    assert!(world.helper_was_told(
        |event| matches!(event, Helper::ControlEnded { code, .. } if *code == ErrorCode::Revoked)
    ));
    assert_eq!(world.helper.input(DOWN), Err(Misuse::Nothing));
}

//= test spec/05-session.md#control [CONTROL-24] 901e49a3
#[test]
fn what_was_queued_and_not_yet_injected_is_discarded() {
    let mut world = World::new(12);
    world.controlled();
    world.helper.input(DOWN).unwrap();
    // Up to the moment at which the record lies in the sharer's queue of events.
    world.helper.handle_timeout(world.now.plus_ms(10));
    let record = world.helper.poll_transmit().unwrap();
    let alongside_state_machine::endpoint::Transmit::Stream { id, bytes, .. } = record else {
        panic!("{record:?}")
    };
    world.sharer.handle_stream(id, &bytes, false, world.now);
    world.sharer.revoke(world.now).unwrap();
    let mut events = Vec::new();
    while let Some(event) = world.sharer.poll_event() {
        events.push(event);
    }
    let inject = |event: &sharer::Event| matches!(event, sharer::Event::Session(Event::Inject(_)));
    assert!(!events.iter().any(inject), "{events:?}");
    assert!(events.contains(&sharer::Event::Session(Event::ReleaseAll)));
}

//= test spec/05-session.md#control [CONTROL-18] 4916058c
//= test spec/05-session.md#control [CONTROL-26] 2f3256b6
#[test]
fn a_grant_expires() {
    let mut world = World::new(13);
    world.controlled();
    world.run(899_000);
    world.helper.input(DOWN).unwrap();
    world.run(20);
    assert_eq!(injected(&world), 1);
    world.run(1_100);
    assert!(ended(&world, ErrorCode::Expired));
    assert_eq!(acts(&world).last(), Some(&false));
    assert_eq!(world.helper.input(DOWN), Err(Misuse::Nothing));
    assert_eq!(world.sharer.machine().live_grant(), None);
}

//= test spec/05-session.md#control [CONTROL-20] fe02cf60
//= test spec/05-session.md#control [CONTROL-23] e34df918
#[test]
fn a_helper_gives_control_up() {
    let mut world = World::new(14);
    world.controlled();
    // Both at once: what names an ended grant is nothing.
    world.helper.release_control(world.now).unwrap();
    world.sharer.revoke(world.now).unwrap();
    world.run(100);
    assert!(world.sharer.machine().ended().is_none());
    assert_eq!(world.sharer.scopes(), Scopes::CONSENT);
    assert_eq!(acts(&world), [false]);
    world.run(1_000);
    world.regain_control();
    world.helper.release_control(world.now).unwrap();
    world.run(10);
    assert!(ended(&world, ErrorCode::Released));
}

//= test spec/05-session.md#control [CONTROL-9] 8a1acfc5
//= test spec/05-session.md#control [CONTROL-10] 60af4732
//= test spec/05-session.md#control [CONTROL-21] 7ed97914
//= test spec/05-session.md#control [CONTROL-13] b96d833c
#[test]
fn nothing_is_injected_while_a_prompt_is_open() {
    let mut world = World::new(15);
    world.controlled();
    world.helper.input(DOWN).unwrap();
    world.run(20);
    assert_eq!(acts(&world), [true]);
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    world.run(20);
    assert_eq!(acts(&world), [true, false]);
    world.helper.input(DOWN).unwrap();
    world.run(2_000);
    assert_eq!(acts(&world), [true, false]);
    world.allow(Scopes::KEYBOARD).unwrap();
    world.run(20);
    assert!(ended(&world, ErrorCode::Replaced));
    assert_eq!(world.sharer.machine().live_grant(), Some(2));
    let pointer = InputEvent::Pointer {
        display: 0,
        x: 1,
        y: 1,
    };
    assert_eq!(world.helper.input(pointer), Err(Misuse::Scope));
    world.helper.input(DOWN).unwrap();
    world.run(20);
    assert_eq!(acts(&world).last(), Some(&true));
}

//= test spec/05-session.md#control [CONTROL-8] fb30e089
//= test spec/05-session.md#control [CONTROL-6] d5b72aae
#[test]
fn remote_input_cannot_answer_a_prompt() {
    let mut world = World::new(16);
    world.controlled();
    // The helper types "y" into the sharer's own terminal while it asks for more: whatever of it
    // arrives as an answer arrives within a second.
    for _ in 0..5 {
        world.helper.input(DOWN).unwrap();
        world.run(10);
    }
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    for _ in 0..99 {
        world.run(10);
        let answer = world.allow(Scopes::CONTROL);
        assert_eq!(answer, Err(Misuse::AnswerGuard));
    }
    assert!(!renewed(&world));
    world.run(100);
    world.allow(Scopes::CONTROL).unwrap();
    world.run(1);
    assert!(renewed(&world));
}

//= test spec/05-session.md#control [CONTROL-5] 5b4bec53
//= test spec/05-session.md#control [CONTROL-7] eaca835e
#[test]
fn a_person_is_not_pestered() {
    let mut world = World::new(17);
    world.viewing();
    world.frame(true);
    world.run(10);
    let request = |world: &mut World| {
        let asked_before = asked(world);
        let now = world.now;
        world.helper.request_control(Scopes::CONTROL, now).unwrap();
        world.run(10);
        asked(world) > asked_before
    };
    assert!(!request(&mut world), "right after consent");
    world.run(4_900);
    assert!(!request(&mut world), "4.9 s after consent");
    world.run(200);
    assert!(request(&mut world), "5.1 s after consent");
    world.sharer.deny_control(world.now).unwrap();
    world.run(9_900);
    assert!(!request(&mut world), "9.9 s after a denial");
    world.run(200);
    assert!(request(&mut world), "10.1 s after a denial");
    world.run(59_000);
    assert_eq!(denied(&world, ErrorCode::Denied), 1);
    world.run(1_100);
    assert_eq!(denied(&world, ErrorCode::Denied), 2, "silence is a denial");
    assert!(world.was_told(|event| *event == Event::ControlPromptClosed));
    assert!(!request(&mut world), "silence counts as a denial");
    assert_eq!(denied(&world, ErrorCode::TooEarly), 4);
    let late = world.allow(Scopes::CONTROL);
    assert_eq!(late, Err(Misuse::Nothing));
}

//= test spec/05-session.md#control [CONTROL-4] 574b28ab
#[test]
fn control_needs_a_frame_that_was_shown_and_no_pause() {
    let mut world = World::new(18);
    world.viewing();
    world.run(6_000);
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    world.run(10);
    assert_eq!((asked(&world), denied(&world, ErrorCode::TooEarly)), (0, 1));
    world.frame(true);
    world.run(10);
    // The request crosses the sharer's pause.
    world.sharer.set_paused(true, world.now).unwrap();
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    world.run(10);
    assert_eq!(asked(&world), 0);
}

//= test spec/05-session.md#control [CONTROL-3] 9260186a
#[test]
fn what_is_beyond_the_ceiling_is_not_even_asked() {
    let no_keys = Config {
        ceiling: Scopes::CONSENT.union(Scopes::POINTER),
        ..Config::default()
    };
    let mut world = World::with(19, Conditions::INSTANT, Config::default(), no_keys);
    world.viewing();
    world.frame(true);
    world.run(6_000);
    // The helper's own machine knows the ceiling too.
    let asked_for = world.helper.request_control(Scopes::CONTROL, world.now);
    assert_eq!(asked_for, Err(Misuse::Scope));
    world
        .helper
        .request_control(Scopes::POINTER, world.now)
        .unwrap();
    world.run(2_000);
    assert_eq!(asked(&world), 1);
    let more = world.allow(Scopes::CONTROL);
    assert_eq!(more, Err(Misuse::Scope));
    world.allow(Scopes::POINTER).unwrap();
}

//= test spec/05-session.md#control [CONTROL-11] ec52d50f
//= test spec/05-session.md#control [CONTROL-12] 2c07943b
//= test spec/05-session.md#control [CONTROL-17] 4d5f2971
#[test]
fn a_withdrawn_request_leaves_nothing_behind() {
    let mut world = World::new(20);
    world.viewing();
    world.frame(true);
    world.run(6_000);
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    world.run(2_000);
    world.helper.release_control(world.now).unwrap();
    world.run(10);
    assert!(world.was_told(|event| *event == Event::ControlPromptClosed));
    // The same, but the answer crosses the withdrawal.
    world.run(10_000);
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    world.run(2_000);
    world.conditions(Conditions {
        delay_ms: 100,
        ..Conditions::INSTANT
    });
    world.allow(Scopes::CONTROL).unwrap();
    world.helper.set_paused(true, world.now).unwrap();
    world.run(1_000);
    assert_eq!(world.sharer.machine().live_grant(), None);
    assert!(!world.helper_was_told(|event| matches!(event, Helper::ControlGranted { .. })));
    assert!(world.helper.machine().ended().is_none());
}

//= test spec/06-media-input.md#input-records [INPUT-5] 6207da10
#[test]
fn damaged_input_ends_its_grant_and_nothing_else() {
    let mut world = World::new(21);
    world.controlled();
    world.tap(|way, packet| match packet {
        Packet::Stream { id, mut bytes } if way == Way::HelperUp => {
            bytes[40] ^= 1;
            vec![(way, Packet::Stream { id, bytes })]
        }
        packet => vec![(way, packet)],
    });
    world.helper.input(DOWN).unwrap();
    world.run(50);
    assert!(ended(&world, ErrorCode::RecordFailed));
    assert_eq!(injected(&world), 0);
    world.untap();
    world.run(1_000);
    assert!(world.sharer.machine().ended().is_none());
    world.regain_control();
    world.helper.input(DOWN).unwrap();
    world.run(20);
    assert_eq!(injected(&world), 1);
}

//= test spec/06-media-input.md#input-records [INPUT-5] 6207da10
#[test]
fn input_that_is_repeated_or_out_of_order_ends_its_grant() {
    for repeat in [true, false] {
        let mut world = World::new(22);
        world.controlled();
        let mut held: Option<(Way, Packet)> = None;
        world.tap(move |way, packet| match packet {
            Packet::Stream { .. } if way == Way::HelperUp && repeat => {
                vec![(way, packet.clone()), (way, packet)]
            }
            Packet::Stream { .. } if way == Way::HelperUp => match held.take() {
                None => {
                    held = Some((way, packet));
                    Vec::new()
                }
                Some(first) => vec![(way, packet), first],
            },
            packet => vec![(way, packet)],
        });
        world.run(100);
        assert!(ended(&world, ErrorCode::RecordFailed), "repeat: {repeat}");
    }
}

//= test spec/06-media-input.md#input-records [INPUT-9] b6a6164a
#[test]
fn release_all_comes_through() {
    let mut world = World::new(23);
    world.controlled();
    world.helper.input(DOWN).unwrap();
    world.helper.input(InputEvent::ReleaseAll).unwrap();
    world.run(20);
    assert_eq!(acts(&world).last(), Some(&false));
}

//= test spec/05-session.md#control [CONTROL-14] 13feb48b
//= test spec/05-session.md#control [CONTROL-15] d39f008c
#[test]
fn each_grant_has_a_secret_of_its_own() {
    let mut world = World::new(24);
    world.controlled();
    let (first, _, one) = world.helper.machine().live_grant().unwrap();
    world.helper.release_control(world.now).unwrap();
    world.run(10);
    world.regain_control();
    let (second, _, other) = world.helper.machine().live_grant().unwrap();
    assert!(second > first);
    assert_ne!(one, other);
    let granted = world.was_told(|event| {
        matches!(event, Event::ControlGranted { until, .. }
            if until.since(world.now) <= 900_000_000)
    });
    assert!(granted);
}

//= test spec/06-media-input.md#input-records [INPUT-8] 917fc2e1
#[test]
fn the_machine_checks_the_grant_whatever_keys_there_are() {
    use alongside_state_machine::{
        identity::trust::Who,
        session::{
            Output,
            friction::{Consent, Contact},
            sharer::Sharer,
        },
        time::Timestamp,
    };
    use alongside_wire::session::{AdvisoryAck, ControlRequest, EpochSeen, Message, Shown};
    let mut now = Timestamp::from_millis(1);
    let mut sharer = Sharer::default();
    sharer.join(now).unwrap();
    sharer.answered(Scopes::ALL, now).unwrap();
    sharer.introduced("Ada", Who::without_card(), now).unwrap();
    sharer.contact(Contact::Person, now).unwrap();
    sharer.consent(Consent::Given, Vec::new(), now).unwrap();
    sharer.frame_sent(1);
    let hear = |sharer: &mut Sharer, message: Message, now| {
        sharer.handle_message(&message, now).unwrap();
    };
    hear(&mut sharer, AdvisoryAck {}.into(), now);
    hear(&mut sharer, EpochSeen { epoch: 1 }.into(), now);
    hear(&mut sharer, Shown { frame: 1 }.into(), now);
    for _ in 0..3 {
        now = now.plus_ms(2_000);
        hear(
            &mut sharer,
            alongside_wire::session::Heartbeat {}.into(),
            now,
        );
    }
    let scopes = Scopes::CONTROL;
    hear(
        &mut sharer,
        ControlRequest { request: 1, scopes }.into(),
        now,
    );
    let injects = |sharer: &mut Sharer| {
        let mut count = 0;
        while let Some(output) = sharer.poll_output() {
            count += usize::from(matches!(output, Output::Event(Event::Inject(_))));
        }
        count
    };
    sharer.handle_input(1, &[DOWN], now).unwrap();
    assert_eq!(injects(&mut sharer), 0, "asked and not granted");
    now = now.plus_ms(1_500);
    sharer.allow_control(scopes, 10_000, [1; 32], now).unwrap();
    for grant in [0, 2, u32::MAX] {
        sharer.handle_input(grant, &[DOWN], now).unwrap();
        assert_eq!(injects(&mut sharer), 0, "grant {grant}");
    }
    sharer.handle_input(1, &[DOWN], now).unwrap();
    assert_eq!(injects(&mut sharer), 1);
    // The clock alone ends it, whether or not anybody has called the time out.
    for later in [3_000, 6_000, 9_000] {
        let beat = alongside_wire::session::Heartbeat {};
        hear(&mut sharer, beat.into(), now.plus_ms(later));
    }
    sharer
        .handle_input(1, &[DOWN], now.plus_ms(10_000))
        .unwrap();
    assert_eq!(injects(&mut sharer), 0);
}

//= test spec/05-session.md#control [CONTROL-27] ee063684
//= test spec/05-session.md#control [CONTROL-28] 6224c297
#[test]
fn after_injected_input_an_answer_repeats_a_number() {
    let mut world = World::new(25);
    let number = |world: &World| {
        world
            .sharer_events
            .iter()
            .rev()
            .find_map(|event| match event {
                sharer::Event::Number(number) => Some(*number),
                _ => None,
            })
    };
    world.controlled();
    assert_eq!(number(&world), None, "nothing was injected before");
    world.helper.input(DOWN).unwrap();
    world.run(20);
    let ask = |world: &mut World| {
        let now = world.now;
        world.helper.request_control(Scopes::CONTROL, now).unwrap();
        // However long the terminal lags: what was typed before is no answer.
        world.run(30_000);
    };
    ask(&mut world);
    let first = number(&world).unwrap();
    assert!(first < 1_000_000);
    let allow = |world: &mut World, number| {
        let now = world.now;
        world.sharer.allow_control(Scopes::CONTROL, number, now)
    };
    assert_eq!(allow(&mut world, None), Err(Misuse::NumberNeeded));
    let wrong = Some((first + 1) % 1_000_000);
    assert_eq!(allow(&mut world, wrong), Err(Misuse::WrongNumber));
    world.run(10);
    assert_eq!(denied(&world, ErrorCode::Denied), 1);
    assert_eq!(allow(&mut world, Some(first)), Err(Misuse::Nothing));
    assert_eq!(world.sharer.machine().live_grant(), Some(1));
    world.run(10_000);
    ask(&mut world);
    let second = number(&world).unwrap();
    assert_ne!(first, second);
    assert_eq!(allow(&mut world, Some(second)), Ok(()));
    world.run(1);
    assert!(renewed(&world));
}
