//! Cards in a session: what the sharer's person is told, and what ends it.

use alongside_harness::{Way, World, record};
use alongside_state_machine::{
    endpoint::{Config, sharer},
    identity::{
        Identity,
        trust::{Anchor, Doubt, Standing, Who},
    },
    session::{By, helper, sharer::Event},
    time::Calendar,
};
use alongside_wire::{
    Direction, ErrorCode, Scopes,
    card::Card,
    session::{End, Introduce, Message},
};

use super::support::*;

/// What the sharer's person was told of the helper.
fn who(world: &World) -> (String, Who) {
    let asked = world.sharer_events.iter().find_map(|event| match event {
        sharer::Event::Session(Event::ConsentAsked { name, who, .. }) => {
            Some((name.clone(), Who::clone(who)))
        }
        _ => None,
    });
    asked.unwrap()
}

fn asked(helper: Config, sharer: Config) -> (String, Who) {
    let mut world = world(300, helper, sharer);
    world.asked();
    who(&world)
}

fn verified() -> Standing {
    let issuer = "Engines".to_owned();
    Standing::Verified { issuer }
}

//= test spec/15-identity.md#proof [CARD-10] 0fc1623c
//= test spec/15-identity.md#trust [CARD-12] 7dd6a1b2
//= test spec/15-identity.md#trust [CARD-13] 4f46afb7
//= test spec/15-identity.md#trust [CARD-14] 81cea02e
//= test spec/15-identity.md#trust [CARD-15] 8401d423
//= test spec/15-identity.md#trust [CARD-16] f98622db
#[test]
fn the_sharer_is_told_who_asks_and_who_says_so() {
    for card in [full(), brief()] {
        let (name, told) = asked(with_card(card.clone()), trusting());
        assert_eq!(name, "", "beside a card");
        assert_eq!(told.card, Some(card.clone()));
        assert_eq!(told.standing, verified());
        let relay = Config {
            identity: Identity {
                anchors: vec![anchor(true)],
                ..Identity::default()
            },
            ..trusting()
        };
        let (_, told) = asked(with_card(card.clone()), relay);
        let issuer = "Engines".to_owned();
        assert_eq!(told.standing, Standing::VouchedByRelay { issuer });
        // Nobody is asked in vain because of a clock, or of an issuer from elsewhere.
        let clock = Config {
            calendar: calendar(BEGIN - DAY),
            ..trusting()
        };
        let none = Config {
            calendar: Calendar::UNKNOWN,
            ..trusting()
        };
        for (config, doubt) in [
            (Config::default(), Doubt::UnknownIssuer),
            (clock, Doubt::Clock),
            (none, Doubt::Clock),
        ] {
            let (_, told) = asked(with_card(card.clone()), config);
            assert_eq!(told.standing, Standing::Unverified(doubt));
            assert_eq!(told.card, Some(card.clone()));
        }
    }
    let (name, told) = asked(Config::default(), trusting());
    assert_eq!((name.as_str(), told), ("Ada", Who::without_card()));
}

//= test spec/15-identity.md#trust [CARD-17] 095a90f5
#[test]
fn a_sharer_that_needs_a_card_asks_nobody_without_one() {
    let needs = |anchors: Vec<Anchor>, unix| Config {
        identity: Identity {
            needs_card: true,
            anchors,
            ..Identity::default()
        },
        calendar: calendar(unix),
        ..Config::default()
    };
    let known = || vec![anchor(false)];
    for (helper, sharer) in [
        (Config::default(), needs(known(), BEGIN)),
        (with_card(full()), needs(vec![], BEGIN)),
        (with_card(full()), needs(known(), BEGIN + 2 * DAY)),
    ] {
        let mut world = world(301, helper, sharer);
        let code = world.code();
        world.join(code);
        world.run(1_000);
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::CardNeeded));
        let ended = world.helper.machine().ended().unwrap();
        assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::CardNeeded));
        assert!(!world.was_told(|event| matches!(event, Event::ConsentAsked { .. })));
        let opened = record::open(&world.sent, Way::SharerUp, &world.session_keys().unwrap());
        let code = ErrorCode::CardNeeded.to_wire();
        assert_eq!(opened.messages, [End { code }.into()]);
    }
    for anchors in [known(), vec![anchor(true)]] {
        let (_, told) = asked(with_card(full()), needs(anchors, BEGIN));
        assert!(told.is_vouched_for());
    }
}

//= test spec/15-identity.md#trust [CARD-18] 06651a57
//= test spec/15-identity.md#trust [CARD-19] dfc72f1c
#[test]
fn a_card_narrows_the_session_at_both_ends() {
    for (ceiling, chat) in [(Scopes::VIEW, false), (Scopes::CONSENT, true)] {
        let mut world = world(302, with_card(Card { ceiling, ..full() }), trusting());
        world.viewing();
        let viewing = |event: &helper::Event| match event {
            helper::Event::Viewing { scopes } => Some(*scopes),
            _ => None,
        };
        assert!(world.helper_was_told(|event| viewing(event) == Some(ceiling)));
        assert_eq!(world.helper.chat("hello", world.now).is_ok(), chat);
        world.run(10_000);
        // The helper's own machine does not ask, and a helper's that did would be refused.
        assert!(
            world
                .helper
                .request_control(Scopes::CONTROL, world.now)
                .is_err()
        );
        world.frame(true);
        world.run(100);
        let request = alongside_wire::session::ControlRequest {
            request: 1,
            scopes: Scopes::POINTER,
        };
        world.take_over_helper();
        world.forge(Way::HelperUp, &[request.into()]);
        world.run(100);
        assert!(!world.was_told(|event| matches!(event, Event::ControlAsked { .. })));
    }
    use alongside_state_machine::{session::sharer::Sharer, time::Timestamp};
    let now = Timestamp::from_millis(1);
    let anchored = |standing| Who {
        standing,
        card: Some(Card {
            ceiling: Scopes::ALL,
            ..full()
        }),
    };
    let unknown = Standing::Unverified(Doubt::UnknownIssuer);
    for (who, elevation) in [
        (anchored(verified()), true),
        (anchored(unknown), false),
        (Who::without_card(), false),
    ] {
        let mut sharer = Sharer::new(Scopes::ALL);
        sharer.join(now).unwrap();
        sharer.answered(Scopes::ALL, now).unwrap();
        let before = sharer.ceiling();
        sharer.introduced("", who, now).unwrap();
        let kept = if elevation {
            before
        } else {
            before.without(Scopes::ELEVATION)
        };
        assert_eq!(sharer.ceiling(), kept);
    }
}

/// The sharer waits for the introduction, which is held back. What it would have been follows from
/// the seed.
fn securing(seed: u64) -> World {
    let mut world = world(seed, with_card(full()), trusting());
    let code = world.code();
    world.take_over_helper_after_answer();
    world.join(code);
    world.run(1_000);
    world
}

/// What the helper of that world would have said.
fn introduction(seed: u64) -> Introduce {
    let mut world = world(seed, with_card(full()), trusting());
    world.asked();
    let opened = record::open(&world.sent, Way::HelperUp, &world.session_keys().unwrap());
    match opened.messages.into_iter().next() {
        Some(Message::Introduce(introduce)) => introduce,
        other => panic!("{other:?}"),
    }
}

//= test spec/15-identity.md#cards [CARD-7] 5983e227
//= test spec/15-identity.md#proof [CARD-9] 094ef776
//= test spec/15-identity.md#proof [CARD-11] e0ab1f2c
#[test]
fn a_card_that_is_not_the_helpers_ends_the_session_before_anything_is_said() {
    type Change = fn(&mut Introduce, &World);
    let changes: [(Change, ErrorCode); 6] = [
        // What is right, to know that the others are wrong.
        (|_, _| {}, ErrorCode::Done),
        (|introduce, _| introduce.proof[0] ^= 1, ErrorCode::BadProof),
        (
            // What was seen in another session.
            |introduce, _| {
                let proof = own(full()).prove(Direction::ToSharer, &[7; 32]);
                introduce.proof = proof.into();
            },
            ErrorCode::BadProof,
        ),
        (
            // The sharer's own proof, turned around.
            |introduce, world| {
                let hash = world.sharer.transcript().unwrap();
                introduce.proof = own(full()).prove(Direction::ToHelper, &hash).into();
            },
            ErrorCode::BadProof,
        ),
        (
            |introduce, _| *introduce.card.last_mut().unwrap() ^= 1,
            ErrorCode::BadCard,
        ),
        (
            |introduce, _| introduce.card.truncate(100),
            ErrorCode::Malformed,
        ),
    ];
    for (change, code) in changes {
        let mut world = securing(303);
        let sealed = record::open(&world.sent, Way::SharerUp, &world.session_keys().unwrap());
        assert_eq!(sealed.messages, []);
        let mut introduce = introduction(303);
        change(&mut introduce, &world);
        world.forge(Way::HelperUp, &[Message::from(introduce)]);
        world.run(10);
        if code == ErrorCode::Done {
            assert_eq!(who(&world).1.standing, verified());
            continue;
        }
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!((ended.by, ended.code), (By::Peer, code));
        assert!(!world.was_told(|event| matches!(event, Event::ConsentAsked { .. })));
        let phrase = |event: &sharer::Event| matches!(event, sharer::Event::Phrase(_));
        assert!(!world.sharer_events.iter().any(phrase));
        let opened = record::open(&world.sent, Way::SharerUp, &world.session_keys().unwrap());
        assert_eq!(
            opened.messages,
            [End {
                code: code.to_wire()
            }
            .into()]
        );
    }
}
