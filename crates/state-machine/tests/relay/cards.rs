//! Cards for those who are signed in.

use alongside_state_machine::{
    identity::{issue::Request, keys::SecretKey},
    relay::{ConnId, RelayConfig, account::Role},
};
use alongside_wire::{
    ErrorCode, Profile, Scopes,
    rendezvous::{CardIssued, CardProof, CardRequest, Message, Rejoin},
};

use crate::{
    sign_in::account,
    world::{A, B, C, World, refused},
};

fn key() -> SecretKey {
    SecretKey::from_seed(&[9; 32])
}

fn request() -> CardRequest {
    CardRequest {
        profile: Profile::Full.to_wire(),
        card_key: key().public(),
        receipt_key: vec![],
    }
}

fn world(role: Role) -> World {
    let mut world = World::new(RelayConfig::default());
    world.know(account("somebody", "Example", role));
    world.client(A, "192.0.2.1");
    world
}

fn challenge(world: &mut World, conn: ConnId) -> [u8; 32] {
    world.say(conn, request());
    match world.heard(conn).as_slice() {
        [Message::CardChallenge(challenge)] => challenge.challenge,
        other => panic!("no challenge: {other:?}"),
    }
}

//= test spec/15-identity.md#issuing [CARD-22] 069eb6d8
#[test]
fn a_card_is_for_an_account_that_may_see_something() {
    let mut world = world(Role::View);
    world.signed_in(A, "somebody");
    world.say(A, request());
    assert_eq!(world.heard(A), refused(ErrorCode::Unsupported));
    world.relay.set_issuing(true);
    challenge(&mut world, A);

    for (role, sign_in, code) in [
        (Role::View, false, ErrorCode::SignInRequired),
        (Role::None, true, ErrorCode::RoleNotEnough),
    ] {
        let mut world = self::world(role);
        world.relay.set_issuing(true);
        if sign_in {
            world.signed_in(A, "somebody");
        }
        world.say(A, request());
        assert_eq!(world.heard(A), refused(code));
    }
}

//= test spec/15-identity.md#issuing [CARD-23] 718a21a7
//= test spec/15-identity.md#issuing [CARD-25] e32699bd
#[test]
fn each_request_has_a_challenge_and_each_challenge_one_proof() {
    let mut world = world(Role::View);
    world.relay.set_issuing(true);
    world.signed_in(A, "somebody");
    let first = challenge(&mut world, A);
    let second = challenge(&mut world, A);
    assert_ne!(first, second);
    let proof = Request::new(&key(), None, &second).proof;
    world.say(
        A,
        CardProof {
            proof: proof.clone(),
        },
    );
    let (conn, wanted) = world.wanted.pop().expect("a card is wanted");
    assert_eq!((conn, wanted.challenge), (A, second));
    assert!(wanted.request.is_proven(&second) && !wanted.request.is_proven(&first));
    assert_eq!(wanted.account.name, "somebody the person");
    assert_eq!(wanted.ceiling, Role::View.ceiling());
    assert!(!wanted.ceiling.contains(Scopes::POINTER));
    let card = vec![1, 2, 3];
    world.relay.card_issued(A, Ok(card.clone()));
    world.drain();
    assert_eq!(world.heard(A), [CardIssued { card }.into()]);
    // The challenge is used up.
    world.say(A, CardProof { proof });
    assert_eq!(world.closed.get(&A), Some(&ErrorCode::UnexpectedMessage));
    assert_eq!(world.wanted, []);
}

//= test spec/03-rendezvous.md#hold [HOLD-1] 8d555ccf
#[test]
fn no_challenge_takes_a_place() {
    let mut world = world(Role::View);
    world.relay.set_issuing(true);
    world.signed_in(A, "somebody");
    let challenges: Vec<_> = (0..8).map(|_| challenge(&mut world, A)).collect();
    world.client(B, "192.0.2.2");
    world.client(C, "192.0.2.3");
    world.pair(B, C);
    let mallory = ConnId(9);
    world.client(mallory, "192.0.2.9");
    for token in challenges {
        world.say(mallory, Rejoin { token });
        assert_eq!(world.heard(mallory), refused(ErrorCode::NotFound));
    }
    // Nor does a token say what a challenge will be.
    let next = challenge(&mut world, A);
    assert!(!world.places.values().any(|token| *token == next));
}

//= test spec/03-rendezvous.md#states [RDV-6] 40af5280
#[test]
fn who_has_a_code_asks_for_no_card() {
    let mut world = world(Role::View);
    world.relay.set_issuing(true);
    world.signed_in(A, "somebody");
    world.issue(A);
    world.say(A, request());
    assert_eq!(world.closed.get(&A), Some(&ErrorCode::UnexpectedMessage));
}
