//! A relay in the middle that lies: caught, or it gains nothing.

use std::{cell::RefCell, rc::Rc};

use alongside_harness::{Packet, Side, Way, World};
use alongside_state_machine::{
    endpoint::{helper, helper::SessionEvent as Helper},
    session::sharer::Event,
};
use alongside_wire::{
    ErrorCode, Scopes, VERSION,
    envelope::{Answer, AnswerClear, Confirm, Envelope, Offer},
    framing::Deframer,
    rendezvous::{Deliver, Join, Message},
};

/// Changes rendezvous messages that go this way.
fn change(world: &mut World, at: Way, mut change: impl FnMut(Message) -> Message + 'static) {
    world.tap(move |way, packet| match packet {
        Packet::Control(bytes) if way == at => {
            let mut deframer = Deframer::new(65_536, "tap");
            deframer.push(&bytes);
            let mut out = Vec::new();
            while let Ok(Some(message)) = Message::pull(&mut deframer) {
                change(message).encode(&mut out);
            }
            vec![(way, Packet::Control(out))]
        }
        packet => vec![(way, packet)],
    });
}

fn change_offer(world: &mut World, change_it: impl Fn(&mut Offer) + 'static) {
    change(world, Way::SharerUp, move |message| match message {
        Message::Join(Join {
            locator,
            link,
            offer,
        }) => {
            let Ok(Some(Envelope::Offer(mut inner))) = Envelope::read(&offer) else {
                panic!("no offer")
            };
            change_it(&mut inner);
            let offer = Envelope::from(inner).to_bytes();
            Join {
                locator,
                link,
                offer,
            }
            .into()
        }
        other => other,
    });
}

fn change_answer(world: &mut World, change_it: impl Fn(&mut Answer, &mut AnswerClear) + 'static) {
    change(world, Way::HelperUp, move |message| match message {
        Message::Deliver(Deliver { envelope }) => {
            let envelope = match Envelope::read(&envelope) {
                Ok(Some(Envelope::Answer(mut answer))) => {
                    let mut clear = AnswerClear::read(&answer.clear).unwrap();
                    change_it(&mut answer, &mut clear);
                    answer.clear = clear.to_bytes();
                    Envelope::from(answer).to_bytes()
                }
                _ => envelope,
            };
            Deliver { envelope }.into()
        }
        other => other,
    });
}

/// Runs a join, and says how it ended for the sharer and whether the helper's code was spent.
fn outcome(mut world: World) -> (Option<ErrorCode>, Option<ErrorCode>) {
    let code = world.code();
    world.join(code);
    world.run(15_000);
    assert!(
        !world.was_told(|event| matches!(event, Event::ConsentAsked { .. })),
        "the person was asked"
    );
    let spent = world.helper_events.iter().find_map(|event| match event {
        helper::Event::Session(Helper::CodeSpent { fault, .. }) => Some(fault.code()),
        _ => None,
    });
    (
        world.sharer.machine().ended().map(|ended| ended.code),
        spent,
    )
}

/// A valid point that is not what either end made: what somebody in the middle would send.
fn other_element() -> [u8; 32] {
    let mut world = World::new(4_711);
    let code = world.code();
    world.join(code);
    world.run(100);
    let offer = world.sent.iter().find_map(|(way, packet)| {
        let Packet::Control(bytes) = packet else {
            return None;
        };
        let mut deframer = Deframer::new(65_536, "test");
        deframer.push(bytes);
        match (way, Message::pull(&mut deframer)) {
            (Way::SharerUp, Ok(Some(Message::Join(join)))) => Some(join.offer),
            _ => None,
        }
    });
    match Envelope::read(&offer.unwrap()) {
        Ok(Some(Envelope::Offer(offer))) => offer.element,
        other => panic!("{other:?}"),
    }
}

//= test spec/04-key-exchange.md#spake2 [KEX-7] e4b4e75a
//= test spec/04-key-exchange.md#noise [KEX-10] 9070ead5
//= test spec/04-key-exchange.md#noise [KEX-13] c03c9c38
#[test]
fn swapped_keys_and_changed_offers_are_caught() {
    let failed = Some(ErrorCode::HandshakeFailed);
    let element = other_element();
    let mut world = World::new(80);
    change_offer(&mut world, move |offer| offer.element = element);
    assert_eq!(outcome(world), (failed, failed));

    let mut world = World::new(81);
    change_offer(&mut world, |offer| offer.ceiling = Scopes::CONSENT);
    assert_eq!(outcome(world), (failed, failed));

    let mut world = World::new(82);
    change_offer(&mut world, |offer| offer.suites = vec![2]);
    assert_eq!(outcome(world), (failed, failed));

    let mut world = World::new(83);
    change_offer(&mut world, |offer| offer.versions = vec![VERSION, 9]);
    assert_eq!(outcome(world), (failed, failed));

    let mut world = World::new(84);
    change_answer(&mut world, move |_, clear| clear.element = element);
    assert_eq!(outcome(world), (failed, failed));

    let mut world = World::new(85);
    change_answer(&mut world, |_, clear| clear.ceiling = Scopes::CONSENT);
    assert_eq!(outcome(world), (failed, failed));

    let mut world = World::new(86);
    change_answer(&mut world, |answer, _| answer.noise[40] ^= 1);
    assert_eq!(outcome(world), (failed, failed));

    let mut world = World::new(87);
    change_answer(&mut world, |answer, _| answer.noise.push(0));
    assert_eq!(outcome(world), (failed, failed));
}

//= test spec/04-key-exchange.md#envelopes [KEX-2] 984ef0af
//= test spec/04-key-exchange.md#envelopes [KEX-3] 58e87ced
//= test spec/04-key-exchange.md#envelopes [KEX-4] eeb85dfe
//= test spec/04-key-exchange.md#envelopes [KEX-5] bdc8a18f
#[test]
fn there_is_no_downgrade() {
    let (version, suite) = (ErrorCode::NoCommonVersion, ErrorCode::NoCommonSuite);
    let mut world = World::new(88);
    change_offer(&mut world, |offer| offer.versions = vec![0, 7]);
    assert_eq!(outcome(world), (Some(version), Some(version)));
    let mut world = World::new(89);
    change_offer(&mut world, |offer| offer.suites = vec![0, 77]);
    assert_eq!(outcome(world), (Some(suite), Some(suite)));
    let mut world = World::new(90);
    change_answer(&mut world, |_, clear| clear.version = 2);
    assert_eq!(outcome(world).0, Some(version));
    let mut world = World::new(91);
    change_answer(&mut world, |_, clear| clear.suite = 9);
    assert_eq!(outcome(world).0, Some(suite));
}

//= test spec/04-key-exchange.md#spake2 [KEX-8] e7c858cd
#[test]
fn points_that_are_none_are_refused() {
    let identity = {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        bytes
    };
    // y = 1 plus the prime: the identity once more, in another encoding.
    let mut beyond = [0xFF; 32];
    beyond[0] = 0xEE;
    beyond[31] = 0x7F;
    // y = -1: of order two. And y = 0: of order four.
    let mut order_two = [0xFF; 32];
    order_two[0] = 0xEC;
    order_two[31] = 0x7F;
    let order_four = [0; 32];
    // Of order eight, twice: with another point added that is not of small order it would pass a
    // check for small order only.
    let order_eight = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    let no_point = [2; 32];
    for element in [
        identity,
        beyond,
        order_two,
        order_four,
        order_eight,
        no_point,
    ] {
        let bad = Some(ErrorCode::BadPoint);
        let mut world = World::new(92);
        change_offer(&mut world, move |offer| offer.element = element);
        assert_eq!(outcome(world).1, bad, "{element:02x?}");
        let mut world = World::new(93);
        change_answer(&mut world, move |_, clear| clear.element = element);
        assert_eq!(outcome(world).0, bad, "{element:02x?}");
    }
}

//= test spec/04-key-exchange.md#envelopes [KEX-21] 45c2a87b
#[test]
fn envelopes_out_of_step_are_refused() {
    // The helper gets its own kind back, and the sharer a confirmation.
    let mut world = World::new(94);
    change(&mut world, Way::HelperUp, |message| match message {
        Message::Deliver(_) => {
            let noise = vec![0; 80];
            let envelope = Envelope::from(Confirm { noise }).to_bytes();
            Deliver { envelope }.into()
        }
        other => other,
    });
    assert_eq!(outcome(world).0, Some(ErrorCode::UnexpectedMessage));
    let mut world = World::new(95);
    change(&mut world, Way::SharerUp, |message| match message {
        Message::Deliver(_) => {
            let (clear, noise) = (vec![0; 80], vec![0; 80]);
            let envelope = Envelope::from(Answer { clear, noise }).to_bytes();
            Deliver { envelope }.into()
        }
        other => other,
    });
    assert_eq!(outcome(world).1, Some(ErrorCode::UnexpectedMessage));
}

//= test spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
#[test]
fn records_that_are_dropped_repeated_or_changed_end_the_session() {
    for trick in 0..4 {
        for (at, towards_sharer) in [(Way::HelperUp, true), (Way::SharerUp, false)] {
            let mut world = World::new(96);
            world.viewing();
            let held = Rc::new(RefCell::new(None));
            let mut done = false;
            world.tap(move |way, packet| {
                let Packet::Control(mut bytes) = packet.clone() else {
                    return vec![(way, packet)];
                };
                if way != at || done {
                    return vec![(way, packet)];
                }
                if let Some(first) = held.borrow_mut().take() {
                    done = true;
                    return vec![(way, packet), first];
                }
                match trick {
                    0 => {
                        done = true;
                        Vec::new()
                    }
                    1 => {
                        done = true;
                        vec![(way, packet.clone()), (way, packet)]
                    }
                    2 => {
                        done = true;
                        let last = bytes.len() - 1;
                        bytes[last] ^= 0x80;
                        vec![(way, Packet::Control(bytes))]
                    }
                    _ => {
                        *held.borrow_mut() = Some((way, packet));
                        Vec::new()
                    }
                }
            });
            world.run(5_000);
            // Whoever could not open it froze, and both came back over another connection.
            assert!(
                world.froze(Side::Sharer) && world.froze(Side::Helper),
                "{trick}"
            );
            assert!(world.is_up(), "{trick} {towards_sharer}");
            assert_eq!(world.masters.len(), 2, "{trick}");
            assert_eq!(world.audit(), Ok(()), "{trick}");
        }
    }
}

//= test spec/06-media-input.md#media-records [MEDIA-7] c3aeb9d3
#[test]
fn media_of_the_relays_own_making_is_dropped() {
    let mut world = World::new(97);
    world.viewing();
    world.frame(true);
    world.run(10);
    let record = world
        .sent
        .iter()
        .rev()
        .find_map(|(way, packet)| match packet {
            Packet::Stream { bytes, .. } if *way == Way::SharerUp => Some(bytes.clone()),
            _ => None,
        });
    let mut bytes = record.unwrap();
    // Another number, which is a number that was never used.
    bytes[19] = 200;
    world.inject(Way::SharerUp, Packet::Stream { id: 50, bytes });
    world.run(10);
    assert_eq!(world.frames(), 1);
    assert_eq!(world.helper.counters().forged, 1);
    assert!(world.helper.machine().ended().is_none());
}

//= test spec/02-codes.md#spent [CODE-9] bbe4abe0
#[test]
fn a_join_replayed_to_another_helper_gains_nothing() {
    let mut first = World::new(98);
    let code = first.code();
    first.join(code);
    first.run(100);
    let join = first.sent.iter().find_map(|(way, packet)| match packet {
        Packet::Control(bytes) if *way == Way::SharerUp => {
            let mut deframer = Deframer::new(65_536, "test");
            deframer.push(bytes);
            match Message::pull(&mut deframer) {
                Ok(Some(Message::Join(join))) => Some(join),
                _ => None,
            }
        }
        _ => None,
    });
    let offer = join.unwrap().offer;
    let mut second = World::new(99);
    change(&mut second, Way::SharerUp, move |message| match message {
        Message::Join(Join { locator, link, .. }) => Join {
            link,
            locator,
            offer: offer.clone(),
        }
        .into(),
        other => other,
    });
    let failed = Some(ErrorCode::HandshakeFailed);
    assert_eq!(outcome(second), (failed, failed));
}
