//! The sharer's card: to whom it goes, and what a helper takes for one.

use alongside_harness::{Conditions, Side, Way, World};
use alongside_state_machine::{
    endpoint::{Config, helper},
    error::Misuse,
    identity::{
        Identity,
        trust::{Standing, Who},
    },
};
use alongside_wire::{Direction, ErrorCode, card::Card, session};

use super::support::*;

/// What the helper's person was told of the sharer, each time.
fn sharers(world: &World) -> Vec<Who> {
    let shown = world.helper_events.iter().filter_map(|event| match event {
        helper::Event::Sharer(who) => Some(Who::clone(who)),
        _ => None,
    });
    shown.collect()
}

/// The sharer's own card, and the issuer that it believes.
pub(crate) fn known_sharer(runs_relay: bool) -> Config {
    let card = Card {
        first_name: "Bea".into(),
        ..full()
    };
    Config {
        identity: Identity {
            card: Some(own(card)),
            anchors: vec![anchor(runs_relay)],
            ..Identity::default()
        },
        ..trusting()
    }
}

pub(crate) fn known_helper() -> Config {
    Config {
        identity: Identity {
            card: Some(own(full())),
            ..trusting().identity
        },
        ..trusting()
    }
}

//= test spec/15-identity.md#sharer [CARD-20] 6f96c7b0
//= test spec/15-identity.md#sharer [CARD-21] 9ad44039
#[test]
fn the_sharers_card_goes_to_whom_an_issuer_verified_or_the_person_shows_it() {
    // Verified: it goes unasked, before anything else is agreed to.
    let mut meeting = world(310, known_helper(), known_sharer(false));
    meeting.asked();
    meeting.run(10);
    let shown = sharers(&meeting);
    assert_eq!(shown.len(), 1);
    let issuer = "Engines".to_owned();
    assert_eq!(shown[0].standing, Standing::Verified { issuer });
    assert_eq!(shown[0].card.as_ref().unwrap().first_name, "Bea");
    assert_eq!(meeting.sharer.show_card(meeting.now), Err(Misuse::Nothing));
    // Vouched for by the relay's operator, or by nobody: only if the person wants it.
    for (helper, sharer) in [
        (known_helper(), known_sharer(true)),
        (Config::default(), known_sharer(false)),
        (Config::default(), known_sharer(true)),
    ] {
        for consent in [false, true] {
            let mut meeting = world(311, helper.clone(), sharer.clone());
            assert!(meeting.sharer.show_card(meeting.now).is_err());
            meeting.asked();
            if consent {
                meeting.consent(true).unwrap();
            }
            meeting.run(1_000);
            assert_eq!(sharers(&meeting), []);
            meeting.sharer.show_card(meeting.now).unwrap();
            assert_eq!(meeting.sharer.show_card(meeting.now), Err(Misuse::Nothing));
            meeting.run(10);
            assert_eq!(sharers(&meeting).len(), 1);
            assert_eq!(meeting.helper.machine().ended(), None);
        }
    }
    let mut meeting = world(312, known_helper(), trusting());
    meeting.asked();
    assert_eq!(meeting.sharer.show_card(meeting.now), Err(Misuse::Nothing));
}

//= test spec/15-identity.md#cards [CARD-7] 5983e227
//= test spec/15-identity.md#proof [CARD-9] 094ef776
//= test spec/15-identity.md#sharer [CARD-21] 9ad44039
#[test]
fn a_helper_takes_one_card_and_only_the_sharers_own() {
    let forged = |seed, change: fn(&mut session::Card)| {
        let mut world = world(seed, trusting(), known_sharer(true));
        world.asked();
        let transcript = world.sharer.transcript().unwrap();
        let own = own(full());
        let proof = own.prove(Direction::ToHelper, &transcript);
        let mut card = session::Card {
            card: own.bytes().into(),
            proof: proof.into(),
        };
        change(&mut card);
        world.take_over_sharer();
        world.forge(Way::SharerUp, &[card.clone().into()]);
        world.run(10);
        let first = world.helper.machine().ended().map(|ended| ended.code);
        world.forge(Way::SharerUp, &[card.into()]);
        world.run(10);
        (
            first,
            world.helper.machine().ended().map(|ended| ended.code),
        )
    };
    let again = Some(ErrorCode::UnexpectedMessage);
    assert_eq!(forged(313, |_| {}), (None, again));
    let bad = Some(ErrorCode::BadProof);
    assert_eq!(forged(314, |card| card.proof[3] ^= 1), (bad, bad));
    let bad = Some(ErrorCode::BadCard);
    let change: fn(&mut session::Card) = |card| *card.card.last_mut().unwrap() ^= 1;
    assert_eq!(forged(315, change), (bad, bad));
}

//= test spec/12-reconnect.md#state [RECON-38] 2754d829
//= test spec/15-identity.md#sharer [CARD-21] 9ad44039
#[test]
fn a_card_that_was_lost_with_the_link_comes_after_it() {
    for lose in [true, false] {
        let mut meeting = world(316, known_helper(), known_sharer(false));
        if lose {
            meeting.conditions_of(Way::SharerUp, Conditions::delay(50));
        }
        meeting.asked();
        meeting.run(10);
        assert_eq!(sharers(&meeting).len(), usize::from(!lose));
        for _ in 0..2 {
            meeting.disconnect(Side::Sharer);
            meeting.conditions(Conditions::INSTANT);
            meeting.run_until("both to be back", World::is_up);
            meeting.run(10);
            // Its program is told once.
            assert_eq!(sharers(&meeting).len(), 1);
        }
        assert_eq!(meeting.helper.machine().ended(), None);
    }
}

//= test spec/12-reconnect.md#state [RECON-40] 7bc06fbd
#[test]
fn nothing_is_shown_or_asked_for_without_a_link() {
    let mut meeting = world(317, with_card(full()), known_sharer(true));
    meeting.asked();
    meeting.disconnect(Side::Sharer);
    assert_eq!(meeting.sharer.show_card(meeting.now), Err(Misuse::Frozen));
    assert_eq!(
        meeting.sharer.fetch_picture(meeting.now),
        Err(Misuse::Frozen)
    );
    meeting.run_until("both to be back", World::is_up);
    meeting.sharer.fetch_picture(meeting.now).unwrap();
    meeting.sharer.show_card(meeting.now).unwrap();
    meeting.run(10);
    assert_eq!(sharers(&meeting).len(), 1);
    meeting.disconnect(Side::Helper);
    assert_eq!(
        meeting.helper.fetch_picture(meeting.now),
        Err(Misuse::Frozen)
    );
    meeting.run_until("both to be back", World::is_up);
    meeting.helper.fetch_picture(meeting.now).unwrap();
}
