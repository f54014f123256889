//! Renewal, narrowing, clipboard, drawing, secure desktop, links, quality.

use alongside_harness::{Conditions, Way, World, record};
use alongside_state_machine::{
    endpoint::{
        Config, helper,
        helper::{Line, SessionEvent as Helper},
        sharer,
    },
    error::Misuse,
    session::{By, sharer::Event},
};
use alongside_wire::{
    ErrorCode, Scopes,
    card::Card,
    input::InputEvent,
    session::{
        Clear, Clipboard, ControlGrant, ControlRenew, ControlRequest, Laser, Message, Probe,
        ProbeAnswer, Stroke,
    },
};

use super::identity::{full, trusting, with_card};

const DOWN: InputEvent = InputEvent::Key {
    usage: 4,
    down: true,
};
const BOTH_WAYS: Scopes = Scopes::CLIPBOARD_TO_HELPER.union(Scopes::CLIPBOARD_TO_SHARER);

/// A world in which the helper has these scopes under grant 1.
fn granted(seed: u64, scopes: Scopes) -> World {
    let mut world = World::new(seed);
    world.viewing();
    world.frame(true);
    world.run(6_000);
    ask(&mut world, scopes);
    world.allow(scopes).unwrap();
    world.run(50);
    world
}

fn ask(world: &mut World, scopes: Scopes) {
    world.helper.request_control(scopes, world.now).unwrap();
    world.run(2_000);
}

/// The sharer's events from the `from`th on.
fn told(world: &World, from: usize) -> Vec<Event> {
    let session = world.sharer_events[from..]
        .iter()
        .filter_map(|event| match event {
            sharer::Event::Session(event) => Some(event.clone()),
            _ => None,
        });
    session.collect()
}

fn drawn(world: &World) -> usize {
    let drawn = |event: &Event| matches!(event, Event::Stroke(_) | Event::Laser { .. });
    told(world, 0).iter().filter(|event| drawn(event)).count()
}

fn cleared(world: &World) -> usize {
    let cleared = |event: &&Event| matches!(event, Event::DrawingCleared);
    told(world, 0).iter().filter(cleared).count()
}

fn clause(world: &World) -> Option<(By, &'static str)> {
    let ended = world.sharer.machine().ended()?;
    Some((ended.by, ended.fault?.clause()))
}

fn line(points: usize) -> Line {
    Line {
        id: 1,
        display: 0,
        colour: 2,
        width: 4,
        points: vec![(7, 9); points],
    }
}

fn stroke(grant: u32) -> Message {
    Stroke {
        grant,
        stroke: 1,
        display: 0,
        colour: 0,
        width: 1,
        points: vec![(1, 1)],
    }
    .into()
}

fn item(grant: u32, item: u32) -> Message {
    Clipboard {
        grant,
        item,
        text: "taken along".into(),
    }
    .into()
}

//= test spec/19-tools.md#renewal [TOOL-5] e99298d2
#[test]
fn a_renewal_keeps_the_grant_and_its_key() {
    let mut world = granted(1, Scopes::CONTROL);
    world.run(890_000);
    ask(&mut world, Scopes::CONTROL);
    assert!(world.was_told(|event| matches!(event, Event::ControlAsked { renewal: true, .. })));
    world.allow(Scopes::CONTROL).unwrap();
    world.run(20_000);
    assert_eq!(world.sharer.machine().live_grant(), Some(1));
    assert_eq!(world.helper.machine().live_grant().unwrap().0, 1);
    world.helper.input(DOWN).unwrap();
    world.run(20);
    assert!(world.was_told(|event| matches!(event, Event::Inject(_))));
    assert!(!world.was_told(|event| matches!(event, Event::ControlEnded { .. })));
    // From the renewal on, and no longer.
    world.run(880_100);
    assert_eq!(world.sharer.machine().live_grant(), None);
    assert_eq!(world.helper.machine().live_grant(), None);
}

//= test spec/19-tools.md#renewal [TOOL-6] 657005af
#[test]
fn the_sharers_person_renews_with_every_guard() {
    let mut world = granted(2, Scopes::CONTROL);
    world.helper.input(DOWN).unwrap();
    world.run(20);
    world.sharer.ask_renewal(world.now).unwrap();
    let again = world.sharer.ask_renewal(world.now);
    assert_eq!(again, Err(Misuse::NotReady));
    // Nothing is injected meanwhile, and the answer must wait and repeat a number.
    world.helper.input(DOWN).unwrap();
    world.run(500);
    let early = world.allow(Scopes::CONTROL);
    assert_eq!(early, Err(Misuse::AnswerGuard));
    world.run(1_000);
    let without = world.sharer.allow_control(Scopes::CONTROL, None, world.now);
    assert_eq!(without, Err(Misuse::NumberNeeded));
    // A part of it would be another grant, which nobody asked for.
    assert_eq!(world.allow(Scopes::KEYBOARD), Err(Misuse::Scope));
    world.allow(Scopes::CONTROL).unwrap();
    world.run(100);
    assert!(world.helper_was_told(|event| matches!(event, Helper::ControlRenewed { .. })));
    // Refused, it changes nothing, and the helper hears nothing of it.
    let before = world.helper_events.len();
    world.sharer.ask_renewal(world.now).unwrap();
    world.run(1_000);
    world.sharer.deny_control(world.now).unwrap();
    world.run(1_000);
    assert_eq!(world.sharer.machine().live_grant(), Some(1));
    let about = |event: &helper::Event| !matches!(event, helper::Event::Session(Helper::Delay(_)));
    assert!(!world.helper_events[before..].iter().any(about));
    // A grant that ends takes its renewal along.
    world.sharer.ask_renewal(world.now).unwrap();
    world.sharer.revoke(world.now).unwrap();
    world.run(2_000);
    assert_eq!(world.allow(Scopes::CONTROL), Err(Misuse::Nothing));
    // And there is nothing to renew without one.
    assert_eq!(world.sharer.ask_renewal(world.now), Err(Misuse::Nothing));
}

//= test spec/19-tools.md#renewal [TOOL-7] e5b56d18
//= test spec/19-tools.md#renewal [TOOL-8] 366829d3
#[test]
fn a_helper_takes_only_a_renewal_that_can_be() {
    let forged = |renewal: ControlRenew| {
        let mut world = granted(3, Scopes::CONTROL);
        world.take_over_sharer();
        world.forge(Way::SharerUp, &[renewal.into()]);
        world.run(10);
        world
    };
    let renewal = |request, grant, duration_ms| ControlRenew {
        request,
        grant,
        duration_ms,
    };
    let renewed =
        |world: &World| world.helper_was_told(|e| matches!(e, Helper::ControlRenewed { .. }));
    assert!(renewed(&forged(renewal(0, 1, 900_000))));
    for ignored in [renewal(0, 2, 1_000), renewal(9, 1, 1_000), renewal(1, 1, 1)] {
        let world = forged(ignored);
        assert!(!renewed(&world));
        assert!(world.helper.machine().ended().is_none());
    }
    let world = forged(renewal(0, 1, 900_001));
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!(ended.fault.unwrap().clause(), "TOOL-7");
}

//= test spec/05-session.md#control [CONTROL-29] d11a5b50
#[test]
fn a_grant_is_narrowed_for_the_rest_of_its_time() {
    let mut world = granted(4, Scopes::CONTROL);
    world.run(100_000);
    world.helper.input(DOWN).unwrap();
    world.run(20);
    let wider = world.sharer.narrow(Scopes::CONTROL, world.now);
    assert_eq!(wider, Err(Misuse::Scope));
    let other = world.sharer.narrow(Scopes::ANNOTATE, world.now);
    assert_eq!(other, Err(Misuse::Scope));
    let before = world.sharer_events.len();
    world.sharer.narrow(Scopes::POINTER, world.now).unwrap();
    world.run(20);
    let events = told(&world, before);
    assert_eq!(events[0], Event::ReleaseAll);
    assert!(matches!(
        events[1],
        Event::ControlEnded {
            code: ErrorCode::Replaced,
            ..
        }
    ));
    assert_eq!(world.helper.machine().live_grant().unwrap().0, 2);
    assert_eq!(world.helper.input(DOWN), Err(Misuse::Scope));
    let pointer = InputEvent::Pointer {
        display: 0,
        x: 1,
        y: 1,
    };
    world.helper.input(pointer).unwrap();
    world.run(20);
    assert!(world.was_told(|event| *event == Event::Inject(pointer)));
    world.run(800_000);
    assert_eq!(world.sharer.machine().live_grant(), None);
    assert_eq!(world.helper.machine().live_grant(), None);
}

fn narrowed(grant: u32, scopes: Scopes) -> Message {
    ControlGrant {
        request: 0,
        grant,
        scopes,
        duration_ms: 1_000,
        secret: [1; 32],
    }
    .into()
}

//= test spec/05-session.md#control [CONTROL-30] 9f1f001f
//= test spec/05-session.md#control [CONTROL-31] d00acb60
#[test]
fn a_helper_takes_no_more_than_it_had_and_nothing_that_it_gave_back() {
    let mut world = granted(5, Scopes::KEYBOARD);
    // Both at once: the grant is given back while it is narrowed on the other end.
    world.helper.release_control(world.now).unwrap();
    world.run(10);
    world.take_over_sharer();
    world.forge(Way::SharerUp, &[narrowed(2, Scopes::KEYBOARD)]);
    world.run(10);
    assert_eq!(world.helper.machine().live_grant(), None);
    let all = world.session_keys().unwrap();
    let said = record::open(&world.sent, Way::HelperUp, &all).messages;
    let gave_back =
        |message: &&Message| matches!(message, Message::ControlEnd(end) if end.grant == 2);
    assert_eq!(said.iter().filter(gave_back).count(), 1);
    let replaced = alongside_wire::session::ControlEnd {
        grant: 1,
        code: ErrorCode::Replaced.to_wire(),
    };
    for (grant, clause) in [
        (narrowed(2, Scopes::CONTROL), "CONTROL-30"),
        (narrowed(2, Scopes::NONE), "CONTROL-16"),
        (narrowed(1, Scopes::KEYBOARD), "CONTROL-16"),
    ] {
        let mut world = granted(6, Scopes::KEYBOARD);
        world.take_over_sharer();
        world.forge(Way::SharerUp, &[replaced.clone().into(), grant]);
        world.run(10);
        let ended = world.helper.machine().ended().unwrap();
        assert_eq!(ended.fault.unwrap().clause(), clause);
    }
}

//= test spec/19-tools.md#clipboard [TOOL-9] 14fcf6e3
//= test spec/19-tools.md#clipboard [TOOL-10] f4c91892
//= test spec/19-tools.md#clipboard [TOOL-11] 8fba9d5d
//= test spec/19-tools.md#clipboard [TOOL-14] eb88133c
#[test]
fn a_clipboard_goes_item_by_item_by_acts_of_people() {
    let mut world = granted(7, BOTH_WAYS);
    assert_eq!(world.helper.send_clipboard("to you", world.now), Ok(1));
    world.run(10);
    let offered = Event::ClipboardOffered {
        item: 1,
        text: "to you".into(),
    };
    assert!(world.was_told(|event| *event == offered));
    let taken = world.sharer.answer_clipboard(true, world.now);
    assert_eq!(taken, Ok(Some("to you".into())));
    let again = world.sharer.answer_clipboard(true, world.now);
    assert_eq!(again, Err(Misuse::Nothing));
    world.run(10);
    let answered = |item, taken| Helper::ClipboardAnswered { item, taken };
    assert!(world.helper_was_told(|event| *event == answered(1, true)));
    // The next item takes the place of the one before; a refused one is not handed out.
    world.helper.send_clipboard("second", world.now).unwrap();
    world.helper.send_clipboard("third", world.now).unwrap();
    world.run(10);
    assert!(world.helper_was_told(|event| *event == answered(2, false)));
    assert_eq!(world.sharer.answer_clipboard(false, world.now), Ok(None));
    world.run(10);
    assert!(world.helper_was_told(|event| *event == answered(3, false)));
    // The other way.
    assert_eq!(world.sharer.send_clipboard("to them", world.now), Ok(1));
    world.run(10);
    let text = world.helper.answer_clipboard(true, world.now);
    assert_eq!(text, Ok(Some("to them".into())));
    world.run(10);
    let answered = Event::ClipboardAnswered {
        item: 1,
        taken: true,
    };
    assert!(world.was_told(|event| *event == answered));
    // What waits is gone with its grant, and the sender knows.
    world.helper.send_clipboard("late", world.now).unwrap();
    world.sharer.send_clipboard("late", world.now).unwrap();
    world.run(10);
    world.sharer.revoke(world.now).unwrap();
    world.run(10);
    let nothing = Err(Misuse::Nothing);
    assert_eq!(world.sharer.answer_clipboard(true, world.now), nothing);
    assert_eq!(world.helper.answer_clipboard(true, world.now), nothing);
    assert!(world.was_told(|event| *event == Event::ClipboardLapsed { item: 4 }));
    assert!(world.helper_was_told(|event| *event == Helper::ClipboardLapsed { item: 2 }));
}

//= test spec/19-tools.md#grants [TOOL-4] 073ebf43
#[test]
fn no_tool_works_without_its_scope() {
    let mut world = granted(8, Scopes::CONTROL);
    let now = world.now;
    assert_eq!(world.helper.send_clipboard("x", now), Err(Misuse::Scope));
    assert_eq!(world.sharer.send_clipboard("x", now), Err(Misuse::Scope));
    assert_eq!(world.helper.stroke(line(1), now), Err(Misuse::Scope));
    assert_eq!(world.helper.laser(0, (1, 1), now), Err(Misuse::Scope));
    assert_eq!(world.helper.clear(now), Err(Misuse::Scope));
    world.sharer.revoke(now).unwrap();
    world.run(10);
    let now = world.now;
    assert_eq!(world.helper.stroke(line(1), now), Err(Misuse::Nothing));
    assert_eq!(world.sharer.send_clipboard("x", now), Err(Misuse::Nothing));
    // Each direction is a scope of its own.
    let mut world = granted(9, Scopes::CLIPBOARD_TO_HELPER);
    let now = world.now;
    assert_eq!(world.helper.send_clipboard("x", now), Err(Misuse::Scope));
    let long = "x".repeat(12_289);
    assert_eq!(
        world.sharer.send_clipboard(&long, now),
        Err(Misuse::TooLong)
    );
    assert_eq!(world.sharer.send_clipboard(&long[1..], now), Ok(1));
    world.run(10);
    assert!(world.helper_was_told(|event| matches!(event, Helper::ClipboardOffered { .. })));
}

//= test spec/19-tools.md#grants [TOOL-1] 8fad866f
//= test spec/19-tools.md#grants [TOOL-2] b4aea641
//= test spec/19-tools.md#grants [TOOL-3] 85a1671e
//= test spec/19-tools.md#clipboard [TOOL-12] bffc7dce
#[test]
fn what_a_helper_sends_beyond_its_grant_is_a_violation() {
    let laser: fn(u32) -> Message = |grant| {
        Laser {
            grant,
            display: 0,
            x: 1,
            y: 1,
        }
        .into()
    };
    let tools: [fn(u32) -> Message; 4] = [
        stroke,
        laser,
        |grant| Clear { grant }.into(),
        |grant| item(grant, 1),
    ];
    for tool in tools {
        for (grant, broken) in [(1, "TOOL-3"), (2, "TOOL-2"), (0, "TOOL-2")] {
            let mut world = granted(10, Scopes::CONTROL);
            world.take_over_helper();
            world.forge(Way::HelperUp, &[tool(grant)]);
            world.run(10);
            assert_eq!(clause(&world), Some((By::Peer, broken)), "{grant}");
        }
        let mut world = granted(11, BOTH_WAYS.union(Scopes::ANNOTATE));
        world.sharer.revoke(world.now).unwrap();
        world.take_over_helper();
        world.forge(Way::HelperUp, &[tool(1)]);
        world.run(10);
        assert_eq!(world.sharer.machine().ended(), None);
        assert_eq!(drawn(&world), 0);
        assert!(!world.was_told(|event| matches!(event, Event::ClipboardOffered { .. })));
    }
    // Ids count also for what is ignored.
    for (ids, broken) in [
        ([1, 3], true),
        ([2, 3], true),
        ([1, 1], true),
        ([1, 2], false),
    ] {
        let mut world = granted(12, BOTH_WAYS);
        world.take_over_helper();
        world.forge(Way::HelperUp, &ids.map(|id| item(1, id)));
        world.run(10);
        assert_eq!(clause(&world), broken.then_some((By::Peer, "TOOL-12")));
    }
}

//= test spec/19-tools.md#grants [TOOL-2] b4aea641
//= test spec/19-tools.md#grants [TOOL-3] 85a1671e
#[test]
fn what_a_sharer_copies_beyond_its_grant_is_a_violation() {
    for (scopes, grant, number, broken) in [
        (Scopes::CONTROL, 1, 1, Some("TOOL-3")),
        (BOTH_WAYS, 2, 1, Some("TOOL-2")),
        (BOTH_WAYS, 0, 1, Some("TOOL-2")),
        (BOTH_WAYS, 1, 2, Some("TOOL-12")),
        (BOTH_WAYS, 1, 1, None),
    ] {
        let mut world = granted(13, scopes);
        world.take_over_sharer();
        world.forge(Way::SharerUp, &[item(grant, number)]);
        world.run(10);
        let ended = world.helper.machine().ended();
        assert_eq!(ended.map(|ended| ended.fault.unwrap().clause()), broken);
    }
}

//= test spec/19-tools.md#clipboard [TOOL-13] b792aa1a
#[test]
fn an_item_does_not_show_its_length() {
    let mut sizes = Vec::new();
    for text in ["x", &"x".repeat(200), &"x".repeat(1_000)] {
        let mut world = granted(14, BOTH_WAYS);
        let before = world.sent.len();
        world.sharer.send_clipboard(text, world.now).unwrap();
        let mut all = Vec::new();
        while let Some(alongside_state_machine::endpoint::Transmit::Control(bytes)) =
            world.sharer.poll_transmit()
        {
            all.push(bytes.len());
        }
        assert_eq!((world.sent.len(), all.len()), (before, 1));
        sizes.push(all[0]);
    }
    assert_eq!(sizes[0], sizes[1]);
    assert_eq!(sizes[2] - sizes[0], 768);
}

//= test spec/19-tools.md#drawing [TOOL-15] 21631474
//= test spec/19-tools.md#drawing [TOOL-16] 4646ae75
#[test]
fn drawing_needs_no_control_and_goes_with_its_grant() {
    type Act = fn(&mut World);
    let acts: [Act; 7] = [
        |world| world.sharer.revoke(world.now).unwrap(),
        |world| world.helper.release_control(world.now).unwrap(),
        |world| world.run(900_000),
        |world| world.sharer.set_paused(true, world.now).unwrap(),
        |world| world.helper.set_paused(true, world.now).unwrap(),
        |world| world.sharer.end(),
        |world| world.helper.clear(world.now).unwrap(),
    ];
    for act in acts {
        let mut world = granted(15, Scopes::ANNOTATE);
        assert_eq!(world.helper.input(DOWN), Err(Misuse::Scope));
        world.helper.stroke(line(3), world.now).unwrap();
        world.helper.laser(0, (5, 5), world.now).unwrap();
        world.run(10);
        assert_eq!((drawn(&world), cleared(&world)), (2, 0));
        act(&mut world);
        world.run(10);
        assert_eq!(cleared(&world), 1);
    }
    // Nobody draws beside a question.
    let mut world = granted(16, Scopes::ANNOTATE);
    world.helper.stroke(line(3), world.now).unwrap();
    world.run(10);
    ask(&mut world, Scopes::CONTROL);
    assert_eq!(cleared(&world), 1);
    world.helper.stroke(line(3), world.now).unwrap();
    world.run(10);
    assert_eq!(drawn(&world), 1);
    world.sharer.deny_control(world.now).unwrap();
    world.helper.stroke(line(3), world.now).unwrap();
    world.run(10);
    assert_eq!(drawn(&world), 2);
}

//= test spec/19-tools.md#drawing [TOOL-19] 15db5128
//= test spec/19-tools.md#drawing [TOOL-20] a1084af3
#[test]
fn drawing_has_its_bounds() {
    let mut world = granted(17, Scopes::ANNOTATE);
    for points in [0, 257] {
        let done = world.helper.stroke(line(points), world.now);
        assert_eq!(done, Err(Misuse::TooLong));
    }
    for _ in 0..70 {
        world.helper.stroke(line(256), world.now).unwrap();
    }
    world.run(10);
    assert_eq!(drawn(&world), 64);
    world.helper.clear(world.now).unwrap();
    world.helper.stroke(line(256), world.now).unwrap();
    world.run(10);
    assert_eq!(drawn(&world), 65);
    let gone = |world: &World| world.was_told(|event| matches!(event, Event::LaserGone));
    world.helper.laser(0, (1, 1), world.now).unwrap();
    world.run(1_500);
    world.helper.laser(0, (2, 2), world.now).unwrap();
    world.run(1_990);
    assert!(!gone(&world));
    world.run(20);
    assert!(gone(&world));
    assert_eq!(cleared(&world), 1);
}

//= test spec/19-tools.md#secure-desktop [TOOL-21] 42dd223c
//= test spec/19-tools.md#secure-desktop [TOOL-22] 6a97d77b
//= test spec/19-tools.md#secure-desktop [TOOL-23] b94dc73b
#[test]
fn the_systems_own_question_is_neither_seen_nor_answered() {
    let mut world = granted(18, Scopes::CONTROL);
    world.helper.input(DOWN).unwrap();
    world.run(20);
    let before = world.sharer_events.len();
    world.sharer.set_secure_desktop(true, world.now).unwrap();
    world.run(10);
    assert!(world.helper_was_told(|event| *event == Helper::SecureDesktop(true)));
    let events = told(&world, before);
    assert!(events.contains(&Event::ReleaseAll));
    assert!(events.contains(&Event::MediaStopped));
    assert_eq!(world.frame(true), None);
    world.helper.input(DOWN).unwrap();
    world.run(1_000);
    let injected = |event: &Event| matches!(event, Event::Inject(_));
    assert!(!told(&world, before).iter().any(injected));
    world.sharer.set_secure_desktop(false, world.now).unwrap();
    world.run(10);
    assert!(told(&world, before).contains(&Event::MediaReady));
    assert_eq!(world.frame(false), None);
    assert!(world.frame(true).is_some());
    // What was typed meanwhile is not done later.
    world.run(1_000);
    assert!(!told(&world, before).iter().any(injected));
    world.helper.input(DOWN).unwrap();
    world.run(20);
    assert!(told(&world, before).iter().any(injected));
    assert!(world.helper_was_told(|event| *event == Helper::SecureDesktop(false)));
}

//= test spec/19-tools.md#secure-desktop [TOOL-21] 42dd223c
//= test spec/19-tools.md#secure-desktop [TOOL-24] 4e2ae472
#[test]
fn elevation_is_unsupported_or_granted() {
    // Only somebody with a card that is believed gets as far as that.
    let helper = || {
        with_card(Card {
            ceiling: Scopes::ALL,
            ..full()
        })
    };
    let mut world = World::with(19, Conditions::INSTANT, helper(), trusting());
    world.viewing();
    world.frame(true);
    world.run(6_000);
    ask(&mut world, Scopes::ALL.without(Scopes::CONSENT));
    let denied = Helper::ControlDenied(ErrorCode::Unsupported);
    assert!(world.helper_was_told(|event| *event == denied));
    assert!(!world.was_told(|event| matches!(event, Event::ControlAsked { .. })));

    let able = Config {
        supported: Scopes::ALL,
        ..trusting()
    };
    let mut world = World::with(20, Conditions::INSTANT, helper(), able);
    world.viewing();
    world.frame(true);
    world.run(6_000);
    let elevated = Scopes::CONTROL.union(Scopes::ELEVATION);
    ask(&mut world, elevated);
    world.allow(elevated).unwrap();
    world.run(10);
    world.sharer.set_secure_desktop(true, world.now).unwrap();
    world.run(10);
    assert!(world.frame(false).is_some());
    world.helper.input(DOWN).unwrap();
    world.run(20);
    assert!(world.was_told(|event| matches!(event, Event::Inject(_))));
    // With the grant goes the sight of it.
    world.sharer.revoke(world.now).unwrap();
    assert_eq!(world.frame(true), None);
}

//= test spec/02-codes.md#links [LINK-4] 26dd3785
#[test]
fn who_joins_by_a_link_is_seen_and_no_more() {
    let mut world = World::new(21);
    let code = world.code();
    let now = world.now;
    let joined = world
        .sharer
        .join_by_link(code, "relay", &mut world.spent, now);
    assert_eq!(joined, Ok(()));
    world.run(200);
    world.consent(true).unwrap();
    world.run(200);
    assert_eq!(world.sharer.scopes(), Scopes::VIEW);
    world.frame(true).unwrap();
    world.run(6_000);
    for scopes in [
        Scopes::CONTROL,
        Scopes::ANNOTATE,
        Scopes::CLIPBOARD_TO_HELPER,
    ] {
        // The helper's own machine knows the ceiling, because it is in the transcript.
        let asked = world.helper.request_control(scopes, world.now);
        assert_eq!(asked, Err(Misuse::Scope));
    }
    assert!(world.sharer.chat("hello").is_err());
    // A helper that asks all the same is refused without a prompt.
    world.take_over_helper();
    let scopes = Scopes::CONTROL;
    world.forge(
        Way::HelperUp,
        &[ControlRequest { request: 1, scopes }.into()],
    );
    world.run(10);
    assert!(!world.was_told(|event| matches!(event, Event::ControlAsked { .. })));
    let all = world.session_keys().unwrap();
    let said = record::open(&world.sent, Way::SharerUp, &all).messages;
    let refused = |message: &&Message| {
        matches!(message, Message::ControlDeny(deny)
            if deny.code == ErrorCode::BeyondCeiling.to_wire())
    };
    assert_eq!(said.iter().filter(refused).count(), 1);
}

//= test spec/19-tools.md#quality [TOOL-25] a3083e6b
//= test spec/19-tools.md#quality [TOOL-26] 6155f521
#[test]
fn both_people_see_how_long_an_answer_takes() {
    let far = Conditions {
        delay_ms: 40,
        ..Conditions::INSTANT
    };
    let mut world = World::new(22);
    world.viewing();
    world.conditions(far);
    world.run(10_000);
    // Two hops there and two back.
    assert!(world.was_told(|event| *event == Event::Delay(160)));
    assert!(world.helper_was_told(|event| *event == Helper::Delay(160)));
    let delays = |world: &World| {
        let delay = |event: &&Event| matches!(event, Event::Delay(_));
        told(world, 0).iter().filter(delay).count()
    };
    let before = delays(&world);
    assert!((4..=5).contains(&before), "{before}");
    // Answers to nothing change nothing; each probe has its answer.
    world.take_over_helper();
    world.run(1_500);
    world.forge(
        Way::HelperUp,
        &[
            ProbeAnswer { probe: 77 }.into(),
            ProbeAnswer { probe: 0 }.into(),
            Probe { probe: 77 }.into(),
        ],
    );
    world.run(500);
    assert_eq!(delays(&world), before);
    let all = world.session_keys().unwrap();
    let said = record::open(&world.sent, Way::SharerUp, &all).messages;
    assert!(said.contains(&ProbeAnswer { probe: 77 }.into()));
    assert!(world.sharer.machine().ended().is_none());
}
