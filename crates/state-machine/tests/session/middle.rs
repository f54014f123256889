//! Somebody in the middle of the handshake: caught, or it gains nothing.

use std::{cell::RefCell, rc::Rc};

use alongside_harness::{Packet, Side, Way, World};
use alongside_state_machine::{
    channel::handshake::Offering,
    endpoint::{helper, helper::SessionEvent as Helper, sharer},
    session::{By, sharer::Event},
};
use alongside_wire::{
    ErrorCode, Scopes, Suite,
    code::Code,
    envelope::{Envelope, Offer},
    framing::Deframer,
    rendezvous::{Deliver, Joined, Message},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Changes envelopes in `deliver` that go this way.
fn change(world: &mut World, at: Way, mut change: impl FnMut(Envelope) -> Vec<Envelope> + 'static) {
    world.tap(move |way, packet| match packet {
        Packet::Control(bytes) if way == at => {
            let mut deframer = Deframer::new(65_536, "tap");
            deframer.push(&bytes);
            let mut out = Vec::new();
            while let Ok(Some(message)) = Message::pull(&mut deframer) {
                let Message::Deliver(deliver) = message else {
                    message.encode(&mut out);
                    continue;
                };
                let Ok(Some(envelope)) = Envelope::read(&deliver.envelope) else {
                    panic!("{deliver:?}")
                };
                for envelope in change(envelope) {
                    let envelope = envelope.to_bytes();
                    Message::from(Deliver { envelope }).encode(&mut out);
                }
            }
            vec![(way, Packet::Control(out))]
        }
        packet => vec![(way, packet)],
    });
}

/// Why a join ended for the sharer, and what the helper's code was spent by.
fn outcome(world: &mut World) -> (Option<ErrorCode>, Option<ErrorCode>) {
    let code = world.code();
    world.join(code);
    world.run(15_000);
    assert!(!world.was_told(|event| matches!(event, Event::ConsentAsked { .. })));
    let spent = world.helper_events.iter().find_map(|event| match event {
        helper::Event::Session(Helper::CodeSpent { fault, .. }) => Some(fault.code()),
        _ => None,
    });
    (
        world.sharer.machine().ended().map(|ended| ended.code),
        spent,
    )
}

type Change = fn(&mut Vec<u8>);

const CHANGES: [Change; 5] = [
    |noise| noise.truncate(79),
    |noise| noise.push(0),
    |noise| noise[0] ^= 1,
    |noise| noise[79] ^= 0x80,
    Vec::clear,
];

//= test spec/04-key-exchange.md#noise [KEX-13] c03c9c38
#[test]
fn noise_messages_are_taken_whole_and_unchanged() {
    let failed = Some(ErrorCode::HandshakeFailed);
    for (index, spoil) in CHANGES.into_iter().enumerate() {
        let mut world = World::new(300 + index as u64);
        change(&mut world, Way::HelperUp, move |mut envelope| {
            if let Envelope::Answer(answer) = &mut envelope {
                spoil(&mut answer.noise);
            }
            vec![envelope]
        });
        assert_eq!(outcome(&mut world), (failed, failed), "answer, {index}");
        let mut world = World::new(310 + index as u64);
        change(&mut world, Way::SharerUp, move |mut envelope| {
            if let Envelope::Confirm(confirm) = &mut envelope {
                spoil(&mut confirm.noise);
            }
            vec![envelope]
        });
        assert_eq!(outcome(&mut world), (failed, failed), "confirm, {index}");
        assert!(world.helper.keys().is_none());
    }
}

//= test spec/04-key-exchange.md#spake2 [KEX-7] e4b4e75a
#[test]
fn an_element_that_comes_back_to_its_maker_is_worth_nothing() {
    let mut world = World::new(320);
    let seen = Rc::new(RefCell::new(None));
    let offered = seen.clone();
    world.tap(move |way, packet| {
        if let (Way::SharerUp, Packet::Control(bytes)) = (way, &packet) {
            let mut deframer = Deframer::new(65_536, "tap");
            deframer.push(bytes);
            if let Ok(Some(Message::Join(join))) = Message::pull(&mut deframer)
                && let Ok(Some(Envelope::Offer(Offer { element, .. }))) =
                    Envelope::read(&join.offer)
            {
                *offered.borrow_mut() = Some(element);
            }
        }
        let (Way::HelperUp, Packet::Control(bytes)) = (way, &packet) else {
            return vec![(way, packet)];
        };
        let mut deframer = Deframer::new(65_536, "tap");
        deframer.push(bytes);
        let Ok(Some(Message::Deliver(deliver))) = Message::pull(&mut deframer) else {
            return vec![(way, packet)];
        };
        let Ok(Some(Envelope::Answer(mut answer))) = Envelope::read(&deliver.envelope) else {
            return vec![(way, packet)];
        };
        let mut clear = alongside_wire::envelope::AnswerClear::read(&answer.clear).unwrap();
        clear.element = offered.borrow().unwrap();
        answer.clear = clear.to_bytes();
        let (mut bytes, envelope) = (Vec::new(), Envelope::from(answer).to_bytes());
        Message::from(Deliver { envelope }).encode(&mut bytes);
        vec![(way, Packet::Control(bytes))]
    });
    let failed = Some(ErrorCode::HandshakeFailed);
    assert_eq!(outcome(&mut world), (failed, failed));
    assert!(seen.borrow().is_some());
}

//= test spec/04-key-exchange.md#envelopes [KEX-21] 45c2a87b
#[test]
fn a_step_that_is_repeated_ends_the_session() {
    for (at, helper_is_lied_to) in [(Way::HelperUp, false), (Way::SharerUp, true)] {
        let mut world = World::new(321);
        change(&mut world, at, |envelope| match envelope {
            Envelope::Answer(_) | Envelope::Confirm(_) => vec![envelope.clone(), envelope],
            other => vec![other],
        });
        let code = world.code();
        world.join(code);
        world.run(100);
        let ended = if helper_is_lied_to {
            world.helper.machine().ended()
        } else {
            world.sharer.machine().ended()
        };
        let ended = ended.unwrap();
        assert_eq!(ended.by, By::Relay);
        assert_eq!(ended.fault.unwrap().clause(), "KEX-21");
    }
}

//= test spec/02-codes.md#spent [CODE-8] 1a3aff13
//= test spec/02-codes.md#spent [CODE-9] bbe4abe0
#[test]
fn a_second_join_is_answered_at_no_time() {
    let code = Code::parse("4060r0gx").unwrap();
    let rng = ChaCha20Rng::from_seed([9; 32]);
    let offering = Offering::new(code, &[Suite::ChaChaPoly], Scopes::ALL, rng);
    let mut again = Vec::new();
    let offer = offering.offer().to_vec();
    Message::from(Joined { offer }).encode(&mut again);
    // While the first is being secured, while the person decides, and while frames come.
    for stage in 0..3 {
        let mut world = World::new(322);
        match stage {
            0 => {
                let code = world.code();
                // The confirmation stays away.
                change(&mut world, Way::SharerUp, |_| Vec::new());
                world.join(code);
                world.run(100);
                assert!(world.helper.machine().is_securing());
            }
            1 => world.asked(),
            _ => world.viewing(),
        }
        let answers = |world: &World| {
            let envelopes = alongside_harness::record::envelopes(&world.sent, Way::HelperUp);
            let answer = |envelope: &&Envelope| matches!(envelope, Envelope::Answer(_));
            envelopes.iter().filter(answer).count()
        };
        assert_eq!(answers(&world), 1);
        world.inject(Way::HelperDown, Packet::Control(again.clone()));
        world.run(100);
        assert_eq!(answers(&world), 1);
        let ended = world.helper.machine().ended().unwrap();
        assert_eq!(
            (ended.by, ended.code),
            (By::Relay, ErrorCode::UnexpectedMessage)
        );
    }
}

//= test spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
#[test]
fn records_that_come_back_to_their_maker_do_not_open() {
    for (from, to) in [
        (Way::HelperUp, Way::HelperDown),
        (Way::SharerUp, Way::SharerDown),
    ] {
        let mut world = World::new(323);
        world.viewing();
        world.tap(move |way, packet| match packet {
            Packet::Control(bytes) if way == from => {
                vec![(to, Packet::Control(bytes))]
            }
            packet => vec![(way, packet)],
        });
        let maker = if from == Way::HelperUp {
            Side::Helper
        } else {
            Side::Sharer
        };
        world.run_until("the freeze", |world| world.froze(maker));
        assert_eq!(world.masters.len(), 1);
    }
}

//= test spec/05-session.md#life [SESSION-6] eb95f952
#[test]
fn input_alone_is_no_sign_of_life() {
    let mut world = World::new(324);
    world.controlled();
    let key = alongside_wire::input::InputEvent::Key {
        usage: 4,
        down: true,
    };
    world.tap(|way, packet| match (way, &packet) {
        (Way::SharerDown, Packet::Control(_)) => Vec::new(),
        _ => vec![(way, packet)],
    });
    let began = world.now;
    while !world.froze(Side::Sharer) {
        world.helper.input(key).unwrap();
        world.run(10);
        assert!(world.now.since(began) < 6_000_000);
    }
    let last = |event: &&sharer::Event| !matches!(event, sharer::Event::Session(Event::Ended(_)));
    let released = sharer::Event::Session(Event::ReleaseAll);
    assert!(
        world
            .sharer_events
            .iter()
            .filter(last)
            .any(|event| *event == released)
    );
}

//= test spec/04-key-exchange.md#noise [KEX-17] 840cd3d6
//= test spec/04-key-exchange.md#noise [KEX-18] f18637f2
/// A program may be late: what the network brings is older than what the clock says.
#[test]
fn what_comes_too_late_for_the_handshake_does_not_undo_its_end() {
    // The confirmation, and then the introduction, is held back beyond ten seconds.
    for held_at in [Way::HelperDown, Way::SharerDown] {
        let mut world = World::new(325);
        let kept = Rc::new(RefCell::new(Vec::new()));
        let keep = kept.clone();
        let mut answered = false;
        let mut passed = 0;
        let code = world.code();
        world.tap(move |way, packet| {
            let held = match held_at {
                Way::HelperDown => way == Way::HelperDown && answered,
                _ => way == Way::SharerDown && answered,
            };
            // The join, on its way to the helper; the token and the answer, on theirs to the sharer.
            passed += usize::from(way == held_at);
            answered = passed == 1 && way == Way::HelperDown || passed >= 2;
            match packet {
                Packet::Control(bytes) if held => {
                    keep.borrow_mut().push(bytes);
                    Vec::new()
                }
                packet => vec![(way, packet)],
            }
        });
        if held_at == Way::SharerDown {
            // The relay's hello comes first.
            world.run(1);
        }
        world.join(code);
        world.run(9_000);
        let late = world.now.plus_ms(5_000);
        let bytes = kept.borrow().concat();
        assert!(!bytes.is_empty());
        if held_at == Way::HelperDown {
            assert!(world.helper.machine().is_securing());
            world.helper.handle_control(&bytes, late);
            assert_eq!(world.helper.machine().phase(), "without a code");
            assert!(world.helper.keys().is_none());
        } else {
            assert!(world.sharer.machine().is_securing());
            world.sharer.handle_control(&bytes, late);
            let ended = world.sharer.machine().ended().unwrap();
            assert_eq!(ended.code, ErrorCode::HandshakeTimeout);
        }
    }
}
