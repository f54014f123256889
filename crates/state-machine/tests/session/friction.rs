//! A person who was called by somebody has more between them and consent.

use alongside_harness::{Conditions, Way, World};
use alongside_state_machine::{
    endpoint::{Config, helper, helper::SessionEvent as Helper, sharer},
    error::Misuse,
    session::{
        By,
        friction::{Consent, Contact},
        sharer::Event,
    },
    time::Timestamp,
};
use alongside_wire::{ErrorCode, Scopes};
use proptest::prelude::*;

fn warned(world: &World) -> usize {
    let warning = sharer::Event::Session(Event::ScamWarning);
    let told = world.sharer_events.iter();
    told.filter(|event| **event == warning).count()
}

fn asked(seed: u64) -> World {
    let mut world = World::new(seed);
    world.asked();
    world
}

fn contact(world: &mut World, contact: Contact) -> Result<(), Misuse> {
    let said = world.sharer.contact(contact, world.now);
    world.run(10);
    said
}

//= test spec/05-session.md#friction [FRICTION-1] 8e522144
#[test]
fn no_consent_is_taken_before_it_is_said_who_started_the_contact() {
    let mut world = asked(700);
    for answer in [Consent::Given, Consent::GivenAfterWarning] {
        assert_eq!(world.answer(answer), Err(Misuse::ContactUnknown));
    }
    world.run(1_000);
    assert_eq!(world.sharer.scopes(), Scopes::NONE);
    assert_eq!(world.frame(true), None);
    assert_eq!(contact(&mut world, Contact::Person), Ok(()));
    assert_eq!(world.answer(Consent::Given), Ok(()));
    assert_eq!(world.sharer.scopes(), Scopes::CONSENT);
    assert_eq!(warned(&world), 0);
}

//= test spec/05-session.md#friction [FRICTION-2] 0b82ffc5
//= test spec/05-session.md#friction [FRICTION-3] aaeb1cc3
#[test]
fn whoever_was_called_is_warned_and_a_plain_yes_is_not_enough() {
    let mut world = asked(701);
    assert_eq!(contact(&mut world, Contact::Other), Ok(()));
    assert_eq!(warned(&world), 1);
    assert_eq!(world.answer(Consent::Given), Err(Misuse::WarningUnanswered));
    world.run(1_000);
    assert_eq!(world.sharer.scopes(), Scopes::NONE);
    assert_eq!(world.frame(true), None);
    assert_eq!(world.answer(Consent::GivenAfterWarning), Ok(()));
    assert_eq!(world.sharer.scopes(), Scopes::CONSENT);
}

//= test spec/05-session.md#friction [FRICTION-4] d6b3fc9c
#[test]
fn nobody_talks_a_person_out_of_the_warning() {
    let mut world = asked(702);
    assert_eq!(contact(&mut world, Contact::Other), Ok(()));
    assert_eq!(
        contact(&mut world, Contact::Person),
        Err(Misuse::Nothing),
        "the first answer holds"
    );
    assert_eq!(world.answer(Consent::Given), Err(Misuse::WarningUnanswered));
}

//= test spec/05-session.md#friction [FRICTION-1] 8e522144
#[test]
fn a_refusal_and_silence_need_no_answer() {
    for said in [None, Some(Contact::Person), Some(Contact::Other)] {
        let mut world = asked(703);
        if let Some(said) = said {
            contact(&mut world, said).unwrap();
        }
        assert_eq!(world.answer(Consent::Refused), Ok(()));
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::Declined));

        let mut world = asked(704);
        if let Some(said) = said {
            contact(&mut world, said).unwrap();
        }
        world.run(120_000);
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::Declined));
    }
}

#[test]
fn who_started_the_contact_is_asked_in_one_phase_only() {
    let mut world = World::new(705);
    let early = contact(&mut world, Contact::Person);
    assert_eq!(early, Err(Misuse::Phase("before a join")));
    world.viewing();
    let late = contact(&mut world, Contact::Other);
    assert_eq!(late, Err(Misuse::Phase("while viewing")));
}

/// When each end was told that control cannot be asked for, in milliseconds from now.
fn no_control(world: &World) -> [Vec<u64>; 2] {
    let left = |until: &Timestamp| until.since(world.now) / 1_000;
    let sharer = world.sharer_events.iter().filter_map(|event| match event {
        sharer::Event::Session(Event::ControlNotBefore(until)) => Some(left(until)),
        _ => None,
    });
    let helper = world.helper_events.iter().filter_map(|event| match event {
        helper::Event::Session(Helper::ControlNotBefore(until)) => Some(left(until)),
        _ => None,
    });
    [sharer.collect(), helper.collect()]
}

//= test spec/05-session.md#friction [FRICTION-5] fec42a09
#[test]
fn both_are_told_how_long_control_cannot_be_asked_for() {
    let mut world = asked(707);
    world.consent(true).unwrap();
    world.run(0);
    assert_eq!(no_control(&world), [[5_000], [5_000]]);
    world.frame(true);
    world.run(6_000);
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    world.run(2_000);
    world.sharer.deny_control(world.now).unwrap();
    world.run(0);
    assert_eq!(no_control(&world), [[0, 10_000], [0, 10_000]]);
    // Where it can never be asked for there is nothing to wait for.
    let view_only = Config {
        ceiling: Scopes::VIEW,
        ..Config::default()
    };
    let mut world = World::with(708, Conditions::INSTANT, view_only, Config::default());
    world.viewing();
    assert_eq!(no_control(&world), [[], []]);
}

//= test spec/05-session.md#friction [FRICTION-7] 09126b66
#[test]
fn a_join_that_is_held_back_is_explained() {
    let told = |world: &World| {
        let notice = sharer::Event::Session(Event::JoinHeldBack);
        let notices = world.sharer_events.iter();
        notices.filter(|event| **event == notice).count()
    };
    let mut world = World::new(709);
    let code = world.code();
    world.conditions_of(
        Way::SharerDown,
        Conditions {
            delay_ms: 5_000,
            ..Conditions::INSTANT
        },
    );
    world.join(code);
    world.run(1_999);
    assert_eq!(told(&world), 0);
    world.run(1);
    assert_eq!(told(&world), 1);
    world.run(60_000);
    assert_eq!(told(&world), 1, "once is enough");
    assert_eq!(world.sharer.join_delay_most(), 60_000);
    // One that is answered at once needs no explanation.
    let mut world = asked(710);
    world.run(3_000);
    assert_eq!(told(&world), 0);
}

#[derive(Clone, Copy, Debug)]
enum Said {
    Contact(Contact),
    Answer(Consent),
}

fn said() -> impl Strategy<Value = Said> {
    let contact = prop::sample::select(vec![Contact::Person, Contact::Other]);
    let answer = prop::sample::select(vec![Consent::Given, Consent::GivenAfterWarning]);
    prop_oneof![
        contact.prop_map(Said::Contact),
        answer.prop_map(Said::Answer)
    ]
}

proptest! {
    #![proptest_config(crate::cases(64))]

    //= test spec/05-session.md#friction [FRICTION-1] 8e522144
    //= test spec/05-session.md#friction [FRICTION-3] aaeb1cc3
    /// Whatever a program says in whatever order: who was called first saw the warning.
    #[test]
    fn nothing_is_seen_but_by_the_way_that_the_text_gives(
        all in prop::collection::vec(said(), 0..6),
    ) {
        let mut world = asked(706);
        let (mut first, mut seen) = (None, false);
        for said in all {
            match said {
                Said::Contact(by) => {
                    if contact(&mut world, by).is_ok() {
                        first = Some(by);
                    }
                }
                Said::Answer(answer) => {
                    let fits = match first {
                        None => false,
                        Some(Contact::Person) => true,
                        Some(Contact::Other) => answer == Consent::GivenAfterWarning,
                    };
                    prop_assert_eq!(world.answer(answer).is_ok(), fits && !seen);
                    seen |= fits;
                }
            }
            world.run(10);
            prop_assert_eq!(world.sharer.scopes().is_empty(), !seen);
            prop_assert_eq!(warned(&world), usize::from(first == Some(Contact::Other)));
        }
    }
}
