//! Signing in as the two ends see it: what the relay allows is in the handshake.

use alongside_harness::{Conditions, World};
use alongside_state_machine::{
    endpoint::{Config, helper, sharer},
    error::Misuse,
    relay::{
        Verified,
        account::{Account, Role, Standing},
        policy::{Policy, Rules},
    },
    session::{By, Ended},
};
use alongside_wire::{
    ErrorCode, Profile, Scopes, SignInMethod,
    code::Code,
    rendezvous::{SignIn, Token},
};

fn token(token: &str) -> SignIn {
    SignIn {
        method: SignInMethod::Token.to_wire(),
        token: Token::new(token),
    }
}

/// A world whose relay knows an account for each role, and no rules but these.
fn world(most: Role) -> World {
    with_rules(World::new(11), most)
}

fn with_rules(mut world: World, most: Role) -> World {
    for role in Role::ALL {
        let account = Account {
            issuer: "issuer".to_owned(),
            subject: role.name().to_owned(),
            name: "Ada".to_owned(),
            title: String::new(),
            organisation: "Example".to_owned(),
            domain: String::new(),
            role,
            device: Standing::Unknown,
            expires: 0,
        };
        let lasts_ms = 3_600_000;
        let verified = Verified { account, lasts_ms };
        world.tokens.insert(role.name().to_owned(), verified);
    }
    world.relay.set_policy(Policy {
        organisation: Rules {
            most,
            ..Rules::default()
        },
        ..Policy::default()
    });
    world
}

fn helper_signs_in(world: &mut World, role: &str) {
    world.helper.sign_in(token(role)).expect("idle");
    let signed_in = |event: &helper::Event| matches!(event, helper::Event::SignedIn(_));
    world.run_until("to be signed in", |world| {
        world.helper_events.iter().any(signed_in)
    });
}

fn sharer_signs_in(world: &mut World, role: &str) {
    world.sharer.sign_in(token(role)).expect("idle");
    let signed_in = |event: &sharer::Event| matches!(event, sharer::Event::SignedIn(_));
    world.run_until("to be signed in", |world| {
        world.sharer_events.iter().any(signed_in)
    });
}

/// Whether control can be had at all, as each end sees it.
fn may_control(world: &mut World) -> bool {
    world.viewing();
    world.frame(true);
    world.run(12_000);
    match world.helper.request_control(Scopes::CONTROL, world.now) {
        Ok(()) => {
            world.run(100);
            let asked = |event: &sharer::SessionEvent| {
                matches!(event, sharer::SessionEvent::ControlAsked { .. })
            };
            assert!(world.was_told(asked), "the sharer is asked");
            true
        }
        Err(misuse) => {
            assert_eq!(misuse, Misuse::Scope);
            false
        }
    }
}

//= test spec/13-sign-in.md#roles [AUTH-19] 77ef17ca
#[test]
fn the_role_of_a_helper_is_the_ceiling_of_the_session() {
    for (role, control) in [("view", false), ("control", true), ("elevation", true)] {
        let mut world = world(Role::Elevation);
        helper_signs_in(&mut world, role);
        assert_eq!(may_control(&mut world), control, "{role}");
    }
}

//= test spec/13-sign-in.md#roles [AUTH-20] 6be2edec
#[test]
fn what_an_organisation_allows_for_its_sharers_is_the_ceiling_too() {
    // The helper is not held by any rule, and the sharer's organisation allows view alone.
    let mut first = world(Role::View);
    sharer_signs_in(&mut first, "none");
    assert!(!may_control(&mut first));
    let mut first = world(Role::Control);
    sharer_signs_in(&mut first, "none");
    assert!(may_control(&mut first), "whoever is helped needs no role");
}

//= test spec/13-sign-in.md#sign-in [AUTH-9] 3982f182
#[test]
fn a_refused_sign_in_is_the_end() {
    let mut world = world(Role::Elevation);
    world.helper.sign_in(token("wrong")).expect("idle");
    world.sharer.sign_in(token("wrong")).expect("idle");
    world.run(100);
    let ended = Some(Ended {
        by: By::Relay,
        code: ErrorCode::SignInFailed,
        fault: None,
    });
    assert_eq!(world.helper.machine().ended(), ended);
    assert_eq!(world.sharer.machine().ended(), ended);
}

#[test]
fn a_code_that_is_not_to_be_had_is_the_end() {
    let mut world = world(Role::Elevation);
    helper_signs_in(&mut world, "none");
    world.helper.request_code(world.now).expect("idle");
    world.run(100);
    let ended = world.helper.machine().ended().expect("the end");
    let expected = (By::Relay, ErrorCode::RoleNotEnough, None);
    assert_eq!((ended.by, ended.code, ended.fault), expected);
}

#[test]
fn nothing_is_asked_for_while_signing_in() {
    let mut world = world(Role::Elevation);
    let signing_in = Err(Misuse::Phase("while signing in"));
    world.helper.sign_in(token("control")).expect("idle");
    assert_eq!(world.helper.request_code(world.now), signing_in);
    assert!(world.helper.sign_in(token("control")).is_err());
    world.sharer.sign_in(token("control")).expect("idle");
    let code = Code::parse("4060-r0gx").expect("a code");
    let joined = world
        .sharer
        .join(code, "relay", &mut world.spent, world.now);
    assert_eq!(joined, signing_in);
    world.run(100);
    assert_eq!(world.helper.request_code(world.now), Ok(()));
    // It was not marked as spent by the attempt.
    let joined = world
        .sharer
        .join(code, "relay", &mut world.spent, world.now);
    assert_eq!(joined, Ok(()));
    assert!(world.sharer.sign_in(token("control")).is_err());
}

/// What the relay refuses then would be taken for the card.
#[test]
fn nothing_is_asked_for_until_the_card_has_come() {
    let asks = || {
        let mut config = Config::default();
        config.identity.ask_relay = Some(Profile::Full);
        config
    };
    let slow = Conditions {
        delay_ms: 20,
        ..Conditions::INSTANT
    };
    let mut world = with_rules(World::with(11, slow, asks(), asks()), Role::Elevation);
    world.issue_cards(|_| Err(ErrorCode::Denied));
    world.run(100);
    world.helper.sign_in(token("control")).expect("idle");
    world.sharer.sign_in(token("control")).expect("idle");
    let signing_in = Err(Misuse::Phase("while signing in"));
    let code = Code::parse("4060-r0gx").expect("a code");
    let has_come = |world: &World| {
        let helper = |event: &helper::Event| matches!(event, helper::Event::SignedIn(_));
        let sharer = |event: &sharer::Event| matches!(event, sharer::Event::SignedIn(_));
        [
            world.helper_events.iter().any(helper),
            world.sharer_events.iter().any(sharer),
        ]
    };
    while has_come(&world) != [true; 2] {
        let [helper, sharer] = has_come(&world);
        if !helper {
            assert_eq!(world.helper.request_code(world.now), signing_in);
        }
        if !sharer {
            let joined = world
                .sharer
                .join(code, "relay", &mut world.spent, world.now);
            assert_eq!(joined, signing_in);
        }
        world.run(1);
    }
    assert_eq!(world.helper.request_code(world.now), Ok(()));
}
