//! A lost link: both ends freeze, and come back to sight alone, over another connection.

use std::{cell::Cell, rc::Rc};

use alongside_harness::{Conditions, Packet, Side, Way, World, record};
use alongside_state_machine::{
    channel::session::Sealer,
    endpoint::{helper, sharer},
    error::Misuse,
    session::{By, helper::Event as Helper, sharer::Event},
};
use alongside_wire::{
    Direction, ErrorCode, Scopes,
    envelope::Envelope,
    framing::Deframer,
    input::InputEvent,
    limits,
    rendezvous::{Deliver, Message as Rendezvous},
    session::{ControlRequest, Heartbeat, Message, Shown, State},
};
use proptest::prelude::*;

const DOWN: InputEvent = InputEvent::Key {
    usage: 4,
    down: true,
};
const SIDES: [Side; 2] = [Side::Helper, Side::Sharer];

/// What the lines of chat are that came to each end: helper, sharer.
fn chat(world: &World) -> [Vec<String>; 2] {
    let helper = world.helper_events.iter().filter_map(|event| match event {
        helper::Event::Session(Helper::Chat(text)) => Some(text.clone()),
        _ => None,
    });
    let sharer = world.sharer_events.iter().filter_map(|event| match event {
        sharer::Event::Session(Event::Chat(text)) => Some(text.clone()),
        _ => None,
    });
    [helper.collect(), sharer.collect()]
}

/// How often each end was told that the link is back.
fn backs(world: &World) -> [usize; 2] {
    let helper = |event: &&helper::Event| **event == helper::Event::Session(Helper::Back);
    let sharer = |event: &&sharer::Event| **event == sharer::Event::Session(Event::Back);
    [
        world.helper_events.iter().filter(helper).count(),
        world.sharer_events.iter().filter(sharer).count(),
    ]
}

fn back(world: &mut World, times: usize) {
    world.run_until("both to be back", |world| backs(world) == [times; 2]);
    world.run_until("leave to send frames", |world| {
        world.sharer.may_send_frame()
    });
}

fn whole(world: &World) {
    assert_eq!(world.audit(), Ok(()));
    assert!(alongside_harness::numbers(&world.sent, &world.all_keys()).is_ok_and(|n| n > 10));
}

//= test spec/12-reconnect.md#link [RECON-1] 3ea14ceb
//= test spec/12-reconnect.md#link [RECON-2] 824c9d49
//= test spec/12-reconnect.md#link [RECON-3] b549067d
//= test spec/12-reconnect.md#link [RECON-4] c7afe182
//= test spec/12-reconnect.md#way [RECON-10] 6b7c9e6c
//= test spec/12-reconnect.md#handshake [RECON-12] 05307331
//= test spec/12-reconnect.md#way [RECON-11] 7577ce67
//= test spec/12-reconnect.md#state [RECON-23] 84d10c1b
//= test spec/12-reconnect.md#state [RECON-27] 004a6204
//= test spec/12-reconnect.md#state [RECON-29] e0b4d6ec
//= test spec/04-key-exchange.md#schedule [KEY-4] 2ebb143e
#[test]
fn sight_alone_comes_back_whoever_is_lost() {
    for lost in [&SIDES[..1], &SIDES[1..], &SIDES] {
        for outage_ms in [4_000, 20_000] {
            let mut world = World::new(400);
            world.controlled();
            world.helper.input(DOWN).unwrap();
            world.run(20);
            for side in lost {
                world.outage(*side, outage_ms);
            }
            world.helper.chat("are you there?", world.now).unwrap();
            world.sharer.chat("where are you?").unwrap();
            world.run_until("the freeze", |world| {
                world.froze(Side::Helper) && world.froze(Side::Sharer)
            });
            assert_eq!(world.helper.machine().live_grant(), None);
            assert_eq!(world.sharer.machine().live_grant(), None);
            assert_eq!(world.sharer.scopes(), Scopes::NONE);
            assert_eq!(world.frame(true), None);
            assert_eq!(world.helper.input(DOWN), Err(Misuse::Nothing));
            let asked = world.helper.request_control(Scopes::CONTROL, world.now);
            assert_eq!(asked, Err(Misuse::Frozen));
            let last = world
                .sharer_events
                .iter()
                .rposition(|event| *event == sharer::Event::Session(Event::ReleaseAll));
            assert!(last.is_some(), "what was held is let go");
            world.helper.chat("I am here", world.now).unwrap();
            back(&mut world, 1);
            // Sight, and nothing else; and nothing before a complete frame was seen.
            assert_eq!(world.sharer.machine().live_grant(), None);
            world
                .helper
                .request_control(Scopes::CONTROL, world.now)
                .unwrap();
            world.run(100);
            assert!(world.helper_was_told(
                |event| matches!(event, Helper::ControlDenied(code) if *code == ErrorCode::TooEarly)
            ));
            assert!(world.sharer.wants_complete());
            assert_eq!(world.frame(false), None);
            let frames = world.frames();
            world.frame(true).unwrap();
            world.run(100);
            assert_eq!(world.frames(), frames + 1);
            world.regain_control();
            world.helper.input(DOWN).unwrap();
            world.run(100);
            let [to_helper, to_sharer] = chat(&world);
            assert_eq!(to_helper, ["where are you?"]);
            assert_eq!(to_sharer, ["are you there?", "I am here"]);
            assert_eq!(world.masters.len(), 2);
            whole(&world);
        }
    }
}

//= test spec/12-reconnect.md#link [RECON-5] dc497654
//= test spec/05-session.md#life [SESSION-5] 217b2065
//= test spec/05-session.md#life [SESSION-7] 0b3773f4
#[test]
fn a_frozen_session_ends_after_thirty_seconds_exactly() {
    for lost in SIDES {
        let mut world = World::new(401);
        world.viewing();
        world.run(1_500);
        let last_sign = world.now;
        world.outage(lost, 100_000);
        for side in SIDES {
            world.run_until("the freeze", |world| world.froze(side));
        }
        assert!(world.now.since(last_sign) <= 6_000_000);
        let until = [
            world.helper.machine().frozen_until().unwrap(),
            world.sharer.machine().frozen_until().unwrap(),
        ];
        let [first, last] = [until.iter().min().unwrap(), until.iter().max().unwrap()];
        assert!(last.since(last_sign) <= 36_000_000);
        world.run(first.since(world.now) / 1_000 - 1);
        assert_eq!(SIDES.map(|side| world.ended(side)), [None, None]);
        world.run(last.since(world.now) / 1_000 + 1);
        for side in SIDES {
            let ended = world.ended(side).unwrap();
            assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::Lost));
        }
        // Nothing is left of it.
        world.run(100_000);
        assert_eq!(world.masters.len(), 1);
        assert_eq!(
            world.relay.poll_timeout().map(|due| due > world.now),
            Some(true)
        );
    }
}

//= test spec/12-reconnect.md#link [RECON-6] 2c213753
#[test]
fn who_hears_nothing_gives_its_connection_up_and_comes_back() {
    let mut world = World::new(402);
    world.viewing();
    let hold = Rc::new(Cell::new(true));
    let held = hold.clone();
    // The relay says that all is well, and carries nothing to the helper.
    world.tap(move |way, packet| match (way, &packet) {
        (Way::HelperDown, Packet::Control(_)) if held.get() => Vec::new(),
        _ => vec![(way, packet)],
    });
    let began = world.now;
    world.run_until("the freeze", |world| world.froze(Side::Helper));
    assert!(world.now.since(began) <= 6_000_000);
    hold.set(false);
    world.run_until("the freeze", |world| world.froze(Side::Sharer));
    back(&mut world, 1);
    whole(&world);
}

//= test spec/12-reconnect.md#link [RECON-9] 6b2fb207
//= test spec/05-session.md#end [END-1] 76b70464
#[test]
fn an_end_is_an_end() {
    for ends in SIDES {
        let mut world = World::new(403);
        world.controlled();
        world.outage(ends, 10_000);
        world.run(2_000);
        // The network is gone; that does not keep anybody from ending.
        if ends == Side::Helper {
            world.helper.end(world.now);
        } else {
            world.sharer.end();
        }
        let ended = world.ended(ends).unwrap();
        assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::Done));
        world.run(1_000);
        assert!(!world.helper.wants_connection() || ends == Side::Sharer);
        assert!(!world.sharer.wants_connection() || ends == Side::Helper);
        world.run(36_000);
        let other = SIDES.into_iter().find(|side| *side != ends).unwrap();
        assert_eq!(world.ended(other).unwrap().code, ErrorCode::Lost);
        assert_eq!(world.masters.len(), 1);
    }
}

#[test]
fn the_relay_that_comes_anew_knows_nobody() {
    let mut world = World::new(404);
    world.controlled();
    world.kill_relay();
    world.run(100);
    for side in SIDES {
        let ended = world.ended(side).unwrap();
        assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::Lost));
    }
}

//= test spec/12-reconnect.md#link [RECON-8] eee71293
//= test spec/12-reconnect.md#state [RECON-26] d23319b1
#[test]
fn consent_waits_for_the_link_and_is_not_asked_for_again() {
    for consent_is_lost in [false, true] {
        let mut world = World::new(405);
        world.asked();
        world.helper.set_paused(true, world.now).unwrap();
        world.run(10);
        if consent_is_lost {
            world.conditions(Conditions::delay(50));
            world.consent(true).unwrap();
            world.run(10);
        }
        world.disconnect(Side::Sharer);
        world.conditions(Conditions::INSTANT);
        if !consent_is_lost {
            assert_eq!(world.consent(true), Err(Misuse::Frozen));
        }
        world.run_until("both to be back", |world| backs(world) == [1; 2]);
        if !consent_is_lost {
            assert!(!world.helper_was_told(|event| matches!(event, Helper::Viewing { .. })));
            world.consent(true).unwrap();
            world.run(10);
        }
        assert!(world.helper_was_told(|event| matches!(event, Helper::Viewing { .. })));
        assert!(world.helper_was_told(|event| matches!(event, Helper::Displays(_))));
        let asked = |event: &&sharer::Event| {
            matches!(event, sharer::Event::Session(Event::ConsentAsked { .. }))
        };
        assert_eq!(world.sharer_events.iter().filter(asked).count(), 1);
        assert!(!world.sharer.may_send_frame(), "the helper has paused");
        world.helper.set_paused(false, world.now).unwrap();
        world.run(10);
        assert!(world.frame(true).is_some());
        world.run(10);
        assert_eq!(world.frames(), 1);
        whole(&world);
    }
}

//= test spec/05-session.md#consent [CONSENT-3] 0769fd4b
//= test spec/05-session.md#consent [CONSENT-4] 3ea54290
#[test]
fn while_frozen_a_person_may_still_refuse_or_be_silent() {
    for silent in [false, true] {
        let mut world = World::new(406);
        world.asked();
        world.run(100_000);
        world.outage(Side::Sharer, 25_000);
        world.run(5_000);
        assert!(world.froze(Side::Sharer));
        if silent {
            world.run(16_000);
        } else {
            world.consent(false).unwrap();
        }
        let ended = world.ended(Side::Sharer).unwrap();
        assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::Declined));
    }
}

//= test spec/12-reconnect.md#state [RECON-28] 9067c6e1
#[test]
fn pause_flags_survive_and_can_be_set_meanwhile() {
    for (before, meanwhile) in [(true, true), (true, false), (false, true)] {
        let mut world = World::new(407);
        world.viewing();
        world.sharer.set_paused(before, world.now).unwrap();
        world.run(10);
        world.outage(Side::Helper, 6_000);
        world.run(4_500);
        world.helper.set_paused(true, world.now).unwrap();
        world.sharer.set_paused(meanwhile, world.now).unwrap();
        world.run_until("both to be back", |world| backs(world) == [1; 2]);
        world.run(100);
        assert!(!world.sharer.may_send_frame());
        let last = world
            .helper_events
            .iter()
            .rev()
            .find_map(|event| match event {
                helper::Event::Session(Helper::Paused { local, peer }) => Some((*local, *peer)),
                _ => None,
            });
        assert_eq!(last, Some((true, meanwhile)));
        world.helper.set_paused(false, world.now).unwrap();
        world.sharer.set_paused(false, world.now).unwrap();
        world.run(10);
        assert!(world.sharer.may_send_frame());
        whole(&world);
    }
}

//= test spec/12-reconnect.md#chat [RECON-30] d7a2b2f6
//= test spec/12-reconnect.md#chat [RECON-31] 80c0cff1
//= test spec/12-reconnect.md#chat [RECON-32] dbaec176
#[test]
fn chat_is_whole_and_nothing_comes_twice() {
    let mut world = World::new(408);
    world.viewing();
    let mut said = [Vec::new(), Vec::new()];
    for round in 0..4 {
        // Some lines arrive without their acknowledgement, some do not arrive.
        world.conditions(Conditions::delay(40));
        for (at, gap) in [0, 30, 30, 30].into_iter().enumerate() {
            world.run(gap);
            let line = format!("{round}.{at}");
            world.helper.chat(&line, world.now).unwrap();
            world.sharer.chat(&line).unwrap();
            said.iter_mut().for_each(|said| said.push(line.clone()));
        }
        world.disconnect(SIDES[round % 2]);
        world.helper.chat("meanwhile", world.now).unwrap();
        said[1].push("meanwhile".to_owned());
        back(&mut world, round + 1);
    }
    world.run(1_000);
    assert_eq!(chat(&world), said);
    let delivered = world.helper_events.iter().filter_map(|event| match event {
        helper::Event::Session(Helper::ChatDelivered(id)) => Some(*id),
        _ => None,
    });
    assert_eq!(delivered.collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    assert_eq!(world.masters.len(), 5);
    whole(&world);
    // There is an end to what is kept.
    world.outage(Side::Sharer, 10_000);
    for _ in 0..limits::CHAT_KEPT {
        world.helper.chat("x", world.now).unwrap();
    }
    assert_eq!(world.helper.chat("y", world.now), Err(Misuse::ChatFull));
    back(&mut world, 5);
    world.run(1_000);
    assert_eq!(chat(&world)[1].len(), 20 + limits::CHAT_KEPT);
    world.helper.chat("y", world.now).unwrap();
}

/// The envelopes in these bytes.
fn envelopes(bytes: &[u8]) -> Vec<Envelope> {
    let mut deframer = Deframer::new(limits::CONTROL_MESSAGE, "a packet");
    deframer.push(bytes);
    let mut all = Vec::new();
    while let Ok(Some(message)) = Rendezvous::pull(&mut deframer) {
        if let Rendezvous::Deliver(deliver) = message {
            all.extend(Envelope::read(&deliver.envelope).ok().flatten());
        }
    }
    all
}

fn has(packet: &Packet, what: fn(&Envelope) -> bool) -> bool {
    matches!(packet, Packet::Control(bytes) if envelopes(bytes).iter().any(what))
}

//= test spec/12-reconnect.md#handshake [RECON-13] d7032fee
//= test spec/12-reconnect.md#handshake [RECON-16] 8552f024
//= test spec/12-reconnect.md#handshake [RECON-17] 62ad21d8
//= test spec/12-reconnect.md#handshake [RECON-21] 50d83273
//= test spec/12-reconnect.md#state [RECON-22] d5bcaabd
#[test]
fn whatever_message_of_the_way_back_is_lost_they_meet_again() {
    let first = |envelope: &Envelope| matches!(envelope, Envelope::Reconnect1(_));
    let second = |envelope: &Envelope| matches!(envelope, Envelope::Reconnect2(_));
    let sealed = |envelope: &Envelope| matches!(envelope, Envelope::Sealed(_));
    type Is = fn(&Envelope) -> bool;
    // The generation that they meet in.
    type Met = fn(u32) -> u32;
    let all: [(Way, Is, Met); 4] = [
        (Way::HelperUp, first, |_| 1),
        (Way::SharerUp, second, |_| 1),
        // The helper has the next master, and needs one more to show it, each time.
        (Way::HelperUp, sealed, |times| 1 + times),
        // What follows the sharer's state is lost with it.
        (Way::SharerUp, sealed, |_| 2),
    ];
    for (at, what, generation) in all {
        for times in 1..=3 {
            let mut world = World::new(409);
            world.controlled();
            let frozen = Rc::new(Cell::new(false));
            let seen = frozen.clone();
            let mut left = times;
            world.tap(move |way, packet| {
                if seen.get() && way == at && left > 0 && has(&packet, what) {
                    left -= 1;
                    return Vec::new();
                }
                vec![(way, packet)]
            });
            frozen.set(true);
            world.disconnect(Side::Helper);
            world.run_until("both to be back", |world| {
                world.is_up() && world.sharer.may_send_frame()
            });
            world.run(100);
            let helper = world.helper.keys().unwrap();
            let sharer = world.sharer.keys().unwrap();
            assert_eq!(helper.master(), sharer.master());
            assert_eq!(helper.generation(), generation(times), "{at:?} {times}");
            whole(&world);
        }
    }
}

//= test spec/12-reconnect.md#handshake [RECON-14] dac77c30
//= test spec/12-reconnect.md#handshake [RECON-19] 185433e2
//= test spec/12-reconnect.md#handshake [RECON-20] 9557a61b
#[test]
fn forged_and_repeated_proofs_change_nothing() {
    for trick in 0..4 {
        let mut world = World::new(410);
        world.viewing();
        let mut old = Vec::new();
        world.tap(move |way, packet| {
            let Packet::Control(bytes) = &packet else {
                return vec![(way, packet)];
            };
            let forged = |bytes: &[u8], at: usize| {
                let mut forged = bytes.to_vec();
                let last = forged.len() - 1;
                forged[last - at] ^= 1;
                Packet::Control(forged)
            };
            let first = has(&packet, |envelope| {
                matches!(envelope, Envelope::Reconnect1(_))
            });
            let second = has(&packet, |envelope| {
                matches!(envelope, Envelope::Reconnect2(_))
            });
            if (way == Way::SharerDown && first) || (way == Way::HelperDown && second) {
                let mut all: Vec<_> = match trick {
                    // In the tag, in the ephemeral, and in the clear fields.
                    0 => [0, 40, 50].map(|at| (way, forged(bytes, at))).into(),
                    1 => (0..7).map(|at| (way, forged(bytes, at))).collect(),
                    // What was right once.
                    2 => old.clone(),
                    _ => Vec::new(),
                };
                all.push((way, packet.clone()));
                if trick == 3 {
                    all.push((way, packet.clone()));
                }
                old.push((way, packet));
                return all;
            }
            vec![(way, packet)]
        });
        for round in 1..4 {
            world.disconnect(SIDES[round % 2]);
            back(&mut world, round);
            // The failed ones of a minute are counted together.
            world.run(60_000);
        }
        assert_eq!(world.masters.len(), 4, "{trick}");
        assert!(world.is_up());
        whole(&world);
    }
}

//= test spec/12-reconnect.md#handshake [RECON-20] 9557a61b
#[test]
fn more_than_eight_failed_proofs_cost_the_pair_five_seconds_and_no_more() {
    let mut world = World::new(411);
    world.viewing();
    let forged = Rc::new(Cell::new(0));
    let count = forged.clone();
    world.tap(move |way, packet| {
        let first = has(&packet, |envelope| {
            matches!(envelope, Envelope::Reconnect1(_))
        });
        let Packet::Control(bytes) = &packet else {
            return vec![(way, packet)];
        };
        if way != Way::SharerDown || !first || count.get() >= 8 {
            return vec![(way, packet)];
        }
        // Eight wrong ones at once, each of which would authenticate but for a bit.
        let wrong = (0..8).map(|at| {
            count.set(count.get() + 1);
            let mut wrong = bytes.clone();
            let last = wrong.len() - 1;
            wrong[last - at] ^= 0x80;
            (way, Packet::Control(wrong))
        });
        wrong.chain([(way, packet.clone())]).collect()
    });
    world.disconnect(Side::Helper);
    world.run(4_500);
    assert_eq!(forged.get(), 8);
    // The right one came right after, and again: neither was looked at.
    assert!(!world.is_up());
    assert!(world.sharer.counters().failed_proofs > 9);
    assert_eq!(world.masters.len(), 1);
    world.run(4_000);
    assert!(world.is_up());
    whole(&world);
}

/// A relay that gives each end the other's messages of another session.
#[test]
fn a_relay_that_swaps_ends_brings_nobody_together() {
    let mut other = World::new(413);
    other.viewing();
    other.disconnect(Side::Helper);
    back(&mut other, 1);
    let is = |packet: &Packet| {
        has(packet, |envelope| {
            matches!(envelope, Envelope::Reconnect1(_) | Envelope::Reconnect2(_))
        })
    };
    let others: Vec<_> = other
        .sent
        .iter()
        .filter(|(_, packet)| is(packet))
        .cloned()
        .collect();
    assert_eq!(others.len(), 2);
    let mut world = World::new(412);
    world.viewing();
    let swap = Rc::new(Cell::new(true));
    let swapped = swap.clone();
    world.tap(move |way, packet| {
        if !swapped.get() || !is(&packet) {
            return vec![(way, packet)];
        }
        let at = usize::from(matches!(way, Way::SharerUp | Way::HelperDown));
        vec![(way, others[at].1.clone())]
    });
    world.disconnect(Side::Sharer);
    world.run(10_000);
    assert!(world.froze(Side::Helper) && !world.is_up());
    assert_eq!(world.masters.len(), 1);
    swap.set(false);
    back(&mut world, 1);
    whole(&world);
}

//= test spec/12-reconnect.md#handshake [RECON-15] f18c3776
//= test spec/12-reconnect.md#link [RECON-7] c8aafabd
#[test]
fn a_reconnect_freezes_whoever_did_not_know() {
    let mut world = World::new(414);
    world.controlled();
    world.helper.input(DOWN).unwrap();
    world.run(20);
    // A relay that keeps it from the sharer that the helper was lost.
    world.tap(|way, packet| match &packet {
        Packet::Control(bytes)
            if way == Way::SharerDown && (bytes[0] == 0x1C || bytes[0] == 0x1E) =>
        {
            Vec::new()
        }
        _ => vec![(way, packet)],
    });
    world.disconnect(Side::Helper);
    back(&mut world, 1);
    assert_eq!(world.sharer.machine().live_grant(), None);
    whole(&world);
}

//= test spec/12-reconnect.md#handshake [RECON-18] 55fc22d6
//= test spec/12-reconnect.md#state [RECON-22] d5bcaabd
//= test spec/12-reconnect.md#state [RECON-24] 36f1fa98
#[test]
fn state_is_the_first_word_under_a_new_master_and_never_comes_else() {
    let mut world = World::new(415);
    world.viewing();
    world.disconnect(Side::Helper);
    back(&mut world, 1);
    for (way, name) in [(Way::HelperUp, "helper"), (Way::SharerUp, "sharer")] {
        let keys = &world.all_keys()[1];
        let opened = record::open_from(&world.sent, way, keys);
        assert_eq!(opened.messages[0].name(), "state", "{name}");
        let states = opened
            .messages
            .iter()
            .filter(|message| message.name() == "state");
        assert_eq!(states.count(), 1, "{name}");
    }
    for liar in SIDES {
        for first in [Heartbeat {}.into(), Message::from(undecided())] {
            let contradicts = first.name() == "state";
            let mut world = World::new(416);
            world.viewing();
            world.frame(true);
            world.helper.chat("one", world.now).unwrap();
            world.sharer.chat("one").unwrap();
            world.run(10);
            let [up, _] = ways(liar);
            // What the liar seals first under the next master is kept from the other.
            let mut kept = false;
            let lost = Rc::new(Cell::new(false));
            let now = lost.clone();
            world.tap(move |way, packet| {
                let sealed = has(&packet, |envelope| matches!(envelope, Envelope::Sealed(_)));
                if now.get() && way == up && sealed && !kept {
                    kept = true;
                    return Vec::new();
                }
                vec![(way, packet)]
            });
            lost.set(true);
            world.disconnect(Side::Helper);
            world.run_until("the next master", |world| {
                let keys = if liar == Side::Helper {
                    world.helper.keys()
                } else {
                    world.sharer.keys()
                };
                keys.is_some_and(|keys| keys.generation() == 1)
            });
            world.run(1);
            forge_first(&mut world, liar, &[first]);
            world.run(10);
            let victim = SIDES.into_iter().find(|side| *side != liar).unwrap();
            let ended = world.ended(victim).unwrap();
            assert_eq!(ended.by, By::Peer);
            assert_eq!(ended.code, ErrorCode::UnexpectedMessage);
            let clause = if contradicts { "RECON-25" } else { "RECON-24" };
            assert_eq!(ended.fault.unwrap().clause(), clause, "{liar:?}");
        }
    }
}

fn ways(side: Side) -> [Way; 2] {
    match side {
        Side::Helper => [Way::HelperUp, Way::HelperDown],
        Side::Sharer => [Way::SharerUp, Way::SharerDown],
    }
}

fn undecided() -> State {
    State {
        paused: false,
        scopes: Scopes::CONSENT,
        epoch: 0,
        grant: 0,
        sent: 0,
        received: 0,
    }
}

/// Seals a message as the first under the newest master.
fn forge_first(world: &mut World, liar: Side, messages: &[Message]) {
    let keys = world.all_keys().pop().unwrap();
    let (direction, way) = match liar {
        Side::Helper => (Direction::ToSharer, Way::SharerDown),
        Side::Sharer => (Direction::ToHelper, Way::HelperDown),
    };
    let mut plaintext = Vec::new();
    messages
        .iter()
        .for_each(|message| message.encode(&mut plaintext));
    let envelope = Sealer::new(&keys, direction).seal(&keys, &plaintext);
    let mut bytes = Vec::new();
    Rendezvous::from(Deliver { envelope }).encode(&mut bytes);
    world.inject(way, Packet::Control(bytes));
}

//= test spec/12-reconnect.md#state [RECON-25] 7417c5c2
#[test]
fn a_state_that_cannot_be_so_ends_the_session() {
    let right = State {
        paused: false,
        scopes: Scopes::CONSENT,
        epoch: 1,
        grant: 0,
        sent: 1,
        received: 1,
    };
    let more = |mut state: State, change: fn(&mut State)| {
        change(&mut state);
        state
    };
    let of_helper = [
        more(right.clone(), |state| state.epoch = 2),
        more(right.clone(), |state| state.grant = 1),
        more(right.clone(), |state| state.scopes = Scopes::ALL),
        more(right.clone(), |state| state.received = 2),
        more(right.clone(), |state| state.sent = 0),
    ];
    let of_sharer = [
        more(right.clone(), |state| state.epoch = 0),
        more(right.clone(), |state| state.scopes = Scopes::VIEW),
        more(right.clone(), |state| state.scopes = Scopes::NONE),
        more(right.clone(), |state| state.received = 2),
        more(right, |state| state.sent = 0),
    ];
    for (liar, states) in SIDES.into_iter().zip([of_helper, of_sharer]) {
        for state in states {
            let mut world = World::new(417);
            world.viewing();
            world.helper.chat("one", world.now).unwrap();
            world.sharer.chat("one").unwrap();
            world.run(10);
            let [up, _] = ways(liar);
            world.tap(move |way, packet| {
                let sealed = has(&packet, |envelope| matches!(envelope, Envelope::Sealed(_)));
                if way == up && sealed {
                    return Vec::new();
                }
                vec![(way, packet)]
            });
            world.disconnect(Side::Helper);
            world.run_until("the next master", |world| world.masters.len() == 2);
            world.run(1);
            forge_first(&mut world, liar, &[state.clone().into()]);
            world.run(10);
            let victim = SIDES.into_iter().find(|side| *side != liar).unwrap();
            let fault = world.ended(victim).and_then(|ended| ended.fault);
            assert_eq!(fault.unwrap().clause(), "RECON-25", "{state:?}");
        }
    }
}

//= test spec/12-reconnect.md#state [RECON-34] 78a893a5
//= test spec/12-reconnect.md#state [RECON-35] 7b338465
#[test]
fn the_clipboard_counts_anew_and_the_secure_desktop_is_told_again() {
    let mut world = World::new(418);
    let both = Scopes::CLIPBOARD_TO_HELPER.union(Scopes::CLIPBOARD_TO_SHARER);
    let grant = |world: &mut World| {
        world.frame(true);
        world.run(6_000);
        world.helper.request_control(both, world.now).unwrap();
        world.run(2_000);
        world.allow(both).unwrap();
        world.run(10);
    };
    world.viewing();
    grant(&mut world);
    let offer = |world: &mut World, text: &str| {
        world.helper.send_clipboard(text, world.now).unwrap();
        world.sharer.send_clipboard(text, world.now).unwrap();
    };
    offer(&mut world, "one");
    world.run(10);
    // What is offered last is lost on the way, and so is what follows it.
    world.conditions(Conditions::delay(50));
    offer(&mut world, "two");
    world.sharer.set_secure_desktop(true, world.now).unwrap();
    world.run(10);
    world.disconnect(Side::Sharer);
    world.conditions(Conditions::INSTANT);
    let lapsed = |event: &Event| matches!(event, Event::ClipboardLapsed { item: 1 });
    assert!(world.was_told(lapsed));
    world.sharer.set_secure_desktop(false, world.now).unwrap();
    world.run_until("both to be back", |world| backs(world) == [1; 2]);
    world.run(100);
    let last = world
        .helper_events
        .iter()
        .rev()
        .find_map(|event| match event {
            helper::Event::Session(Helper::SecureDesktop(active)) => Some(*active),
            _ => None,
        });
    assert_eq!(last, Some(false));
    grant(&mut world);
    offer(&mut world, "three");
    world.run(100);
    assert!(
        world.is_up(),
        "{:?} {:?}",
        world.ended(Side::Helper),
        world.ended(Side::Sharer)
    );
    let third = |event: &Event| matches!(event, Event::ClipboardOffered { item: 1, text } if text == "three");
    assert!(world.was_told(third));
}

//= test spec/12-reconnect.md#state [RECON-36] 4915b6d9
#[test]
fn an_advisory_that_was_lost_comes_again_and_holds_nothing_up() {
    let unread = |world: &World| {
        let device = |event: &&helper::Event| matches!(event, helper::Event::Device { .. });
        world.helper_events.iter().filter(device).count()
    };
    for lose_acknowledgement in [false, true] {
        let mut world = World::new(419);
        world.asked();
        let lost = if lose_acknowledgement {
            Way::HelperUp
        } else {
            Way::SharerUp
        };
        world.conditions_of(lost, Conditions::delay(50));
        world.consent(true).unwrap();
        world.run(10);
        world.disconnect(Side::Sharer);
        world.conditions(Conditions::INSTANT);
        back(&mut world, 1);
        // Its program is told once.
        assert_eq!(unread(&world), 1, "{lose_acknowledgement}");
        whole(&world);
    }
}

/// What may happen in a session whose paths come and go.
#[derive(Clone, Debug)]
enum Act {
    Outage(Side, u64),
    Disconnect(Side),
    HelperChats,
    SharerChats,
    Pause(Side, bool),
    AskControl,
    AllowControl,
    Type,
    Frame,
    Pass(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let side = || prop_oneof![Just(Side::Helper), Just(Side::Sharer)];
    let act = prop_oneof![
        2 => (side(), 4_000..25_000_u64).prop_map(|(side, ms)| Act::Outage(side, ms)),
        2 => side().prop_map(Act::Disconnect),
        3 => Just(Act::HelperChats),
        3 => Just(Act::SharerChats),
        1 => (side(), any::<bool>()).prop_map(|(side, paused)| Act::Pause(side, paused)),
        2 => Just(Act::AskControl),
        2 => Just(Act::AllowControl),
        2 => Just(Act::Type),
        3 => Just(Act::Frame),
        9 => prop_oneof![3 => 0..300_u64, 1 => 0..8_000_u64].prop_map(Act::Pass),
    ];
    proptest::collection::vec(act, 1..60)
}

proptest! {
    #![proptest_config(crate::cases(60))]

    //= test spec/12-reconnect.md#chat [RECON-32] dbaec176
    //= test spec/04-key-exchange.md#schedule [KEY-4] 2ebb143e
    /// However the paths come and go: nothing is seen or done that was not allowed, no key meets a
    /// number twice, and of the chat nothing is missing, repeated or out of order.
    #[test]
    fn whatever_is_lost_and_when(acts in acts(), poor in any::<bool>(), seed in 0..1_000_u64) {
        let conditions = if poor { Conditions::POOR } else { Conditions::delay(20) };
        let config = alongside_state_machine::endpoint::Config::default;
        let mut world = World::with(seed, conditions, config(), config());
        world.viewing();
        let mut said = [0, 0];
        for act in acts {
            let now = world.now;
            match act {
                Act::Outage(side, ms) => world.outage(side, ms),
                Act::Disconnect(side) => world.disconnect(side),
                Act::HelperChats => {
                    if world.helper.chat(&said[1].to_string(), now).is_ok() {
                        said[1] += 1;
                    }
                }
                Act::SharerChats => {
                    if world.sharer.chat(&said[0].to_string()).is_ok() {
                        said[0] += 1;
                    }
                }
                Act::Pause(Side::Helper, paused) => {
                    let _ = world.helper.set_paused(paused, now);
                }
                Act::Pause(Side::Sharer, paused) => {
                    let _ = world.sharer.set_paused(paused, now);
                }
                Act::AskControl => {
                    let _ = world.helper.request_control(Scopes::CONTROL, now);
                }
                Act::AllowControl => {
                    let _ = world.allow(Scopes::CONTROL);
                }
                Act::Type => {
                    let _ = world.helper.input(DOWN);
                }
                Act::Frame => {
                    world.frame(world.sharer.wants_complete());
                }
                Act::Pass(ms) => world.run(ms),
            }
            world.run(0);
        }
        world.run(70_000);
        prop_assert_eq!(world.audit(), Ok(()));
        let used = alongside_harness::numbers(&world.sent, &world.all_keys());
        prop_assert!(used.is_ok(), "{:?}", used);
        let ended = SIDES.map(|side| world.ended(side));
        for ended in ended.into_iter().flatten() {
            prop_assert_eq!((ended.by, ended.code, ended.fault), (By::Relay, ErrorCode::Lost, None));
        }
        prop_assert_eq!(ended[0].is_some(), ended[1].is_some());
        let heard = chat(&world);
        for (heard, said) in heard.iter().zip(said) {
            let right: Vec<_> = (0..said).map(|number| number.to_string()).collect();
            prop_assert!(right.starts_with(heard), "{:?}", heard);
            prop_assert!(ended[0].is_some() || right == *heard, "{:?} of {}", heard, said);
        }
    }
}

//= test spec/12-reconnect.md#state [RECON-29] e0b4d6ec
#[test]
fn a_frame_of_before_the_reconnect_opens_no_way_to_a_prompt() {
    let mut world = World::new(442);
    world.viewing();
    let frame = world.frame(true).unwrap();
    world.run(10_000);
    world.tap(|way, packet| {
        let sealed = has(&packet, |envelope| matches!(envelope, Envelope::Sealed(_)));
        if way == Way::HelperUp && sealed {
            return Vec::new();
        }
        vec![(way, packet)]
    });
    world.disconnect(Side::Helper);
    world.run_until("the next master", |world| world.masters.len() == 2);
    world.run(1);
    let state = State {
        epoch: 1,
        ..undecided()
    };
    let request = ControlRequest {
        request: 1,
        scopes: Scopes::CONTROL,
    };
    let messages = [state.into(), Shown { frame }.into(), request.into()];
    forge_first(&mut world, Side::Helper, &messages);
    world.run(10);
    assert!(world.sharer.machine().frozen_until().is_none());
    assert!(!world.was_told(|event| matches!(event, Event::ControlAsked { .. })));
}
