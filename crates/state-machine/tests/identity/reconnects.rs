//! Cards when the link is lost: they belong to the session, and stay as they were.

use alongside_harness::{Side, Way, World};
use alongside_state_machine::{
    endpoint::{helper, sharer},
    error::Misuse,
    identity::trust::{Standing, Who},
    session::{helper::Event as Helper, sharer::Event},
};
use alongside_wire::{
    Direction, ErrorCode,
    session::{Card, Introduce, Message},
};

use super::{
    sharers::{known_helper, known_sharer},
    support::*,
};

/// What each person was told of the other, every time: the helper's, the sharer's.
fn told(world: &World) -> [Vec<Who>; 2] {
    let helper = world.helper_events.iter().filter_map(|event| match event {
        helper::Event::Sharer(who) => Some(Who::clone(who)),
        _ => None,
    });
    let sharer = world.sharer_events.iter().filter_map(|event| match event {
        sharer::Event::Session(Event::ConsentAsked { who, .. }) => Some(Who::clone(who)),
        _ => None,
    });
    [helper.collect(), sharer.collect()]
}

fn are_back(world: &World) -> bool {
    let helper = helper::Event::Session(Helper::Back);
    let sharer = sharer::Event::Session(Event::Back);
    world.helper_events.contains(&helper) && world.sharer_events.contains(&sharer)
}

/// Both have shown their cards; then one of them is away for 20 seconds, before or after consent.
fn come_back(seed: u64, away: Side, consent: bool) -> World {
    let mut world = world(seed, known_helper(), known_sharer(false));
    world.asked();
    world.run(10);
    if consent {
        world.consent(true).unwrap();
        world.run(10);
        world.helper.acknowledge(world.now).unwrap();
        world.run(10);
    }
    let before = told(&world);
    assert_eq!(before.each_ref().map(Vec::len), [1, 1]);
    let issuer = || "Engines".to_owned();
    for who in before.iter().flatten() {
        assert_eq!(who.standing, Standing::Verified { issuer: issuer() });
    }
    world.outage(away, 20_000);
    world.run_until("both to be back", are_back);
    world.run(1_000);
    assert_eq!(
        told(&world),
        before,
        "nobody is told anew, or anything else"
    );
    world
}

//= test spec/15-identity.md#proof [CARD-9] 094ef776
//= test spec/15-identity.md#sharer [CARD-21] 9ad44039
#[test]
fn cards_stay_those_of_the_session() {
    for away in [Side::Helper, Side::Sharer] {
        for consent in [false, true] {
            let mut world = come_back(330, away, consent);
            assert!(world.is_up());
            assert_eq!(world.masters.len(), 2);
            // It was shown, and a picture can still be asked for, once.
            let shown = world.sharer.show_card(world.now);
            assert_eq!(shown, Err(Misuse::Nothing));
            world.sharer.fetch_picture(world.now).unwrap();
            world.helper.fetch_picture(world.now).unwrap();
            world.run(10);
            let fetched = |event: &helper::Event| matches!(event, helper::Event::Picture(_));
            assert!(world.helper_events.iter().any(fetched));
            if !consent {
                // Who asks is still who asked, and the answer is for them.
                world.consent(true).unwrap();
                world.run(10);
                assert!(world.helper_was_told(|event| matches!(event, Helper::Viewing { .. })));
            }
            assert_eq!(world.audit(), Ok(()));
        }
    }
}

/// The same card again, another one, and one that is proven for something else than this session.
#[test]
fn no_card_is_taken_after_the_link_was_lost() {
    for consent in [false, true] {
        for (which, expected) in [
            (0, ErrorCode::UnexpectedMessage),
            (1, ErrorCode::UnexpectedMessage),
        ] {
            let mut world = come_back(331, Side::Sharer, consent);
            let transcript = world.sharer.transcript().unwrap();
            let card = match which {
                0 => known_sharer(false).identity.card.unwrap(),
                _ => own(brief()),
            };
            let proof = card.prove(Direction::ToHelper, &transcript);
            let card = Card {
                card: card.bytes().into(),
                proof: proof.into(),
            };
            world.take_over_sharer();
            world.forge(Way::SharerUp, &[card.into()]);
            world.run(10);
            let ended = world.ended(Side::Helper).map(|ended| ended.code);
            assert_eq!(ended, Some(expected), "{which} {consent}");
            assert_eq!(told(&world)[0].len(), 1);
        }
    }
}

//= test spec/15-identity.md#proof [CARD-9] 094ef776
/// A helper who shows its card only now: the sharer was asked about somebody without one.
#[test]
fn a_helper_introduces_itself_once() {
    let mut world = come_back(332, Side::Helper, false);
    let introduce: Message = Introduce {
        opening: [0; 32],
        name: String::new(),
        card: Vec::new(),
        proof: Vec::new(),
    }
    .into();
    world.forge(Way::HelperUp, &[introduce]);
    world.run(10);
    let ended = world.ended(Side::Sharer).map(|ended| ended.code);
    assert_eq!(ended, Some(ErrorCode::UnexpectedMessage));
}

/// What cannot be sent is not counted as sent.
#[test]
fn a_card_and_a_picture_wait_until_the_link_is_back() {
    let mut world = world(333, known_helper(), known_sharer(true));
    world.asked();
    world.run(10);
    world.outage(Side::Helper, 20_000);
    world.run_until("the freeze", |world| {
        world.froze(Side::Helper) && world.froze(Side::Sharer)
    });
    assert_eq!(world.sharer.show_card(world.now), Err(Misuse::Frozen));
    assert_eq!(world.sharer.fetch_picture(world.now), Err(Misuse::Frozen));
    assert_eq!(world.helper.fetch_picture(world.now), Err(Misuse::Frozen));
    world.run_until("both to be back", are_back);
    assert_eq!(told(&world)[0], []);
    world.sharer.show_card(world.now).unwrap();
    world.sharer.fetch_picture(world.now).unwrap();
    world.run(10);
    assert_eq!(told(&world)[0].len(), 1);
    world.helper.fetch_picture(world.now).unwrap();
    world.run(10);
    let helper = |event: &helper::Event| matches!(event, helper::Event::Picture(_));
    let sharer = |event: &sharer::Event| matches!(event, sharer::Event::Picture(_));
    assert!(world.helper_events.iter().any(helper) && world.sharer_events.iter().any(sharer));
}
