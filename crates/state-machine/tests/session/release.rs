//! The end of a grant, whichever it is, is the end of its input.

use alongside_harness::{Conditions, Packet, Way, World, record};
use alongside_state_machine::{
    channel::input::GrantKey, endpoint::sharer, error::Misuse, session::sharer::Event,
};
use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    session::{ControlRequest, Message},
};

const DOWN: InputEvent = InputEvent::Key {
    usage: 4,
    down: true,
};
const UP: InputEvent = InputEvent::Key {
    usage: 4,
    down: false,
};

/// What was done for the helper, in order; letting go twice is letting go.
fn done(world: &World) -> Vec<InputEvent> {
    let done = |event: &sharer::Event| match event {
        sharer::Event::Session(Event::Inject(input)) => Some(*input),
        sharer::Event::Session(Event::ReleaseAll) => Some(InputEvent::ReleaseAll),
        _ => None,
    };
    let mut all: Vec<_> = world.sharer_events.iter().filter_map(done).collect();
    all.dedup_by(|one, next| one == next && *one == InputEvent::ReleaseAll);
    all
}

fn ended(world: &World, with: ErrorCode) -> bool {
    world.was_told(|event| matches!(event, Event::ControlEnded { code, .. } if *code == with))
}

fn denials(world: &World) -> Vec<ErrorCode> {
    let opened = record::open(&world.sent, Way::SharerUp, &world.session_keys().unwrap());
    let denied = |message: &Message| match message {
        Message::ControlDeny(deny) => ErrorCode::from_wire(deny.code),
        _ => None,
    };
    opened.messages.iter().filter_map(denied).collect()
}

/// A way to end a grant, and what the helper is told.
type End = (fn(&mut World), ErrorCode);

const ENDS: [End; 9] = [
    (|w| w.sharer.revoke(w.now).unwrap(), ErrorCode::Revoked),
    (
        |w| w.sharer.set_paused(true, w.now).unwrap(),
        ErrorCode::Paused,
    ),
    (
        |w| w.helper.set_paused(true, w.now).unwrap(),
        ErrorCode::Paused,
    ),
    (
        |w| w.helper.release_control(w.now).unwrap(),
        ErrorCode::Released,
    ),
    (
        |world| world.sharer.narrow(Scopes::KEYBOARD, world.now).unwrap(),
        ErrorCode::Replaced,
    ),
    (|w| w.sharer.end(), ErrorCode::Done),
    (|w| w.helper.end(w.now), ErrorCode::Done),
    (World::disconnect_sharer, ErrorCode::Lost),
    (World::disconnect_helper, ErrorCode::Lost),
];

//= test spec/05-session.md#control [CONTROL-24] 901e49a3
//= test spec/06-media-input.md#input-records [INPUT-3] 782ead1b
#[test]
fn input_in_flight_dies_with_its_grant_however_that_ends() {
    for (index, (end, code)) in ENDS.iter().enumerate() {
        let mut world = World::new(200 + index as u64);
        world.controlled();
        let secret = world.helper.machine().live_grant().unwrap();
        world.helper.input(DOWN).unwrap();
        world.run(20);
        assert_eq!(done(&world), [DOWN]);
        // What is typed from here on arrives when the grant has long ended.
        world.conditions_of(Way::HelperUp, Conditions::delay(4_000));
        for _ in 0..5 {
            world.helper.input(DOWN).unwrap();
            world.run(10);
        }
        world.conditions(Conditions::INSTANT);
        end(&mut world);
        world.run(1);
        assert!(ended(&world, *code), "{index}");
        assert_eq!(done(&world), [DOWN, InputEvent::ReleaseAll], "{index}");
        world.run(6_000);
        assert_eq!(done(&world), [DOWN, InputEvent::ReleaseAll], "{index}");
        // A helper that keeps the key has nothing in it.
        if world.sharer.machine().ended().is_none() {
            let dead = world.sharer.counters().dead_input;
            let mut key = GrantKey::new(&world.session_keys().unwrap(), secret.0, &secret.2);
            let bytes = (0..20).flat_map(|_| key.seal(&[DOWN])).collect();
            world.inject(Way::HelperUp, Packet::Stream { id: 500, bytes });
            world.run(10);
            assert_eq!(world.sharer.counters().dead_input, dead + 20, "{index}");
            assert_eq!(done(&world), [DOWN, InputEvent::ReleaseAll], "{index}");
        }
    }
}

//= test spec/05-session.md#control [CONTROL-18] 4916058c
#[test]
fn input_that_arrives_after_its_grant_expired_is_not_injected() {
    let mut world = World::new(210);
    world.controlled();
    let granted = world.sharer_events.iter().find_map(|event| match event {
        sharer::Event::Session(Event::ControlGranted { until, .. }) => Some(*until),
        _ => None,
    });
    let left = granted.unwrap().since(world.now) / 1_000;
    world.run(left - 50);
    world.helper.input(DOWN).unwrap();
    world.run(20);
    world.conditions_of(Way::HelperUp, Conditions::delay(100));
    world.helper.input(DOWN).unwrap();
    world.run(1_000);
    assert_eq!(done(&world), [DOWN, InputEvent::ReleaseAll]);
    assert!(ended(&world, ErrorCode::Expired));
    assert!(world.sharer.counters().dead_input > 0);
}

//= test spec/05-session.md#control [CONTROL-7] eaca835e
#[test]
fn input_without_an_answer_or_after_a_denial_is_nothing() {
    let mut world = World::new(211);
    world.viewing();
    world.frame(true);
    world.run(6_000);
    let now = world.now;
    world.helper.request_control(Scopes::CONTROL, now).unwrap();
    world.run(10);
    // Under a key that a helper may hope for.
    let mut key = GrantKey::new(&world.session_keys().unwrap(), 1, &[0; 32]);
    let mut type_it = |world: &mut World| {
        let bytes = key.seal(&[DOWN]);
        world.inject(Way::HelperUp, Packet::Stream { id: 500, bytes });
        world.run(10);
    };
    type_it(&mut world);
    world.sharer.deny_control(world.now).unwrap();
    type_it(&mut world);
    assert_eq!(done(&world), []);
    assert_eq!(world.sharer.counters().dead_input, 2);
    assert_eq!(world.helper.input(DOWN), Err(Misuse::Nothing));
}

//= test spec/06-media-input.md#input-records [INPUT-9] b6a6164a
#[test]
fn releasing_all_undoes_nothing_that_was_typed_before() {
    let mut world = World::new(212);
    world.controlled();
    // Typed and left behind within one tick, so that it is in one record.
    for event in [DOWN, UP, InputEvent::ReleaseAll, DOWN] {
        world.helper.input(event).unwrap();
    }
    world.run(20);
    assert_eq!(done(&world), [DOWN, UP, InputEvent::ReleaseAll, DOWN]);
}

//= test spec/05-session.md#control [CONTROL-3] 9260186a
//= test spec/05-session.md#control [CONTROL-4] 574b28ab
#[test]
fn a_request_that_no_honest_helper_makes_is_denied_without_a_question() {
    let ask = |world: &mut World, request, scopes| {
        world.forge(Way::HelperUp, &[ControlRequest { request, scopes }.into()]);
        world.run(10);
    };
    let pointer_only = alongside_state_machine::endpoint::Config {
        ceiling: Scopes::CONSENT.union(Scopes::POINTER),
        ..Default::default()
    };
    let mut world = World::with(213, Conditions::INSTANT, Default::default(), pointer_only);
    world.viewing();
    world.frame(true);
    world.run(6_000);
    world.take_over_helper();
    let beyond = [
        Scopes::NONE,
        Scopes::VIEW,
        Scopes::KEYBOARD,
        Scopes::CONTROL,
        Scopes::POINTER.union(Scopes::CHAT),
        Scopes::ALL,
    ];
    for (request, scopes) in (1..).zip(beyond) {
        ask(&mut world, request, scopes);
    }
    assert_eq!(denials(&world), [ErrorCode::BeyondCeiling; 6]);
    ask(&mut world, 10, Scopes::POINTER);
    // While a prompt is open, and while paused.
    ask(&mut world, 11, Scopes::POINTER);
    world.sharer.set_paused(true, world.now).unwrap();
    ask(&mut world, 12, Scopes::POINTER);
    assert_eq!(denials(&world)[6..], [ErrorCode::TooEarly; 3]);
    let asked = |event: &&sharer::Event| {
        matches!(event, sharer::Event::Session(Event::ControlAsked { .. }))
    };
    assert_eq!(world.sharer_events.iter().filter(asked).count(), 1);
    assert!(world.sharer.machine().ended().is_none());
}
