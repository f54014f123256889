//! Cards that a relay issues.

use alongside_state_machine::{
    identity::{
        issue::Request,
        keys::{SecretKey, verify},
    },
    relay::account::Role,
};
use alongside_wire::{
    ErrorCode, Profile,
    card::{Card, SIGNATURE, Signable as _, Signed},
    limits::timers,
    rendezvous::{CardProof, CardRequest, Message},
};

use super::{
    people::{ADA, CARDS, DOMAIN, EVE, LAST_NAME, Person, TITLE, VIEW, client_of, staffed},
    words::refused,
};
use crate::{
    case::Case,
    stage::{Done, Heard, RelayStage, SetUp, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    let staff = &staffed();
    let none = &staffed().without("cards");
    let case = |set_up: &SetUp,
                id,
                title,
                checks: &[&'static str],
                run: fn(&mut RelayStage<'_>) -> Done| {
        Case::relay(id, title, checks, run)
            .set_up(set_up)
            .needs("cards")
            .needs("sign-in")
    };
    vec![
        case(
            staff,
            "relay/card/issued",
            "a card has the keys that were asked for, and of the account what it says and may, and no more",
            &["CARD-1", "CARD-23", "CARD-25"],
            issued,
        ),
        case(
            staff,
            "relay/card/ceiling",
            "a card allows no more than the rules do",
            &["CARD-25"],
            ceiling,
        )
        .needs("policy"),
        case(
            staff,
            "relay/card/nobody",
            "an account that may see nothing gets no card",
            &["CARD-22"],
            nobody,
        )
        .twin("relay/card/issued"),
        case(
            none,
            "relay/card/not-offered",
            "a relay that issues no cards says that it does not",
            &["CARD-22"],
            not_offered,
        )
        .twin("relay/card/issued"),
        case(
            staff,
            "relay/card/one-proof",
            "each request has a challenge of its own, and a second proof for it is a violation",
            &["CARD-23"],
            one_proof,
        )
        .twin("relay/card/issued"),
        case(
            staff,
            "relay/card/denied",
            "there is no card for a wrong proof, or for a key that is none",
            &["CARD-24"],
            denied,
        )
        .twin("relay/card/issued"),
        case(
            staff,
            "relay/card/not-proven",
            "nobody gets a card for a key without a proof that it is theirs",
            &["CARD-2"],
            not_proven,
        )
        .twin("relay/card/issued"),
    ]
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

fn receipts() -> SecretKey {
    SecretKey::from_seed(&[2; 32])
}

/// The challenge to a request for a card.
fn challenged(stage: &mut RelayStage<'_>, who: Who, request: CardRequest) -> Done<[u8; 32]> {
    stage.say(who, request);
    match stage.await_(who, "card-challenge", |heard| heard.is("card-challenge"))? {
        Heard::Said(Message::CardChallenge(card)) => Ok(card.challenge),
        other => Err(Stop::Harness(format!("{other} is no challenge"))),
    }
}

fn request(profile: u8) -> CardRequest {
    CardRequest {
        profile,
        card_key: key().public(),
        receipt_key: vec![receipts().public()],
    }
}

fn proof(challenge: &[u8; 32]) -> CardProof {
    let proof = Request::new(&key(), Some(&receipts()), challenge).proof;
    CardProof { proof }
}

/// A card that somebody gets.
fn card_of(stage: &mut RelayStage<'_>, person: Person, profile: Profile) -> Done<Signed<Card>> {
    let who = client_of(stage, person)?;
    let challenge = challenged(stage, who, request(profile.to_wire()))?;
    stage.say(who, proof(&challenge));
    let heard = stage.sees("CARD-23", who, "card-issued", |_| true)?;
    let Heard::Said(Message::CardIssued(issued)) = heard else {
        let seen = heard.to_string();
        stage.check("CARD-23", false, "card-issued", seen)?;
        return Err(Stop::Harness("it was none".to_owned()));
    };
    Signed::<Card>::read(&issued.card).map_err(|error| Stop::Fails {
        blame: "CARD-25".into(),
        expected: "a card".to_owned(),
        seen: error.to_string(),
    })
}

fn issued(stage: &mut RelayStage<'_>) -> Done {
    let issuer = SecretKey::from_seed(&CARDS).public();
    let date = stage.date();
    for profile in [Profile::Full, Profile::Abbreviated] {
        let Signed { body, signature } = card_of(stage, ADA, profile)?;
        let signed = verify(&issuer, &body.message(), &signature);
        let expected = "the issuer's signature of the label and all fields";
        stage.check("CARD-1", signed, expected, "it is not valid")?;
        let card = body;
        let full = profile == Profile::Full;
        let of_full = |text: &str| if full { text } else { "" }.to_owned();
        let last = if full { LAST_NAME } else { &LAST_NAME[..1] };
        let wanted = [
            ADA.subject.to_owned(),
            last.to_owned(),
            of_full(TITLE),
            of_full(ADA.organisation),
            of_full(DOMAIN),
        ];
        let found = [
            card.first_name,
            card.last_name,
            card.title,
            card.organisation,
            card.domain,
        ];
        let seen = format!("{found:?}");
        stage.check("CARD-25", found == wanted, &format!("{wanted:?}"), seen)?;
        let right = Role::Control.ceiling().contains(card.ceiling);
        let seen = format!("{:?}", card.ceiling);
        stage.check("CARD-25", right, "no more than the role may", seen)?;
        let keys = (card.issuer, card.card_key, card.receipt_key);
        let right = keys == (issuer, key().public(), vec![receipts().public()]);
        let expected = "the key of the issuer and those that were asked for";
        stage.check("CARD-25", right, expected, "there are others")?;
        let most = date + 60 + timers::SIGN_IN / 1_000;
        let seen = format!("it expires {} s after that", card.expires - date);
        let right = card.expires <= most;
        stage.check("CARD-25", right, "no longer than the sign-in", seen)?;
        let right = card.picture.is_empty() && card.not_before <= date + 60;
        let seen = "it has a picture, or begins later";
        stage.check("CARD-25", right, "what the account says, from now on", seen)?;
    }
    Ok(())
}

fn ceiling(stage: &mut RelayStage<'_>) -> Done {
    let card = card_of(stage, VIEW, Profile::Full)?.body;
    let right = Role::View.ceiling().contains(card.ceiling);
    let seen = format!("{:?}", card.ceiling);
    stage.check("CARD-25", right, "no more than the rules allow", seen)
}

fn nobody(stage: &mut RelayStage<'_>) -> Done {
    let who = client_of(stage, EVE)?;
    stage.say(who, request(1));
    stage.next("CARD-22", who, &refused(ErrorCode::RoleNotEnough))
}

fn not_offered(stage: &mut RelayStage<'_>) -> Done {
    let who = client_of(stage, ADA)?;
    stage.say(who, request(1));
    stage.next("CARD-22", who, &refused(ErrorCode::Unsupported))
}

fn one_proof(stage: &mut RelayStage<'_>) -> Done {
    let who = client_of(stage, ADA)?;
    let first = challenged(stage, who, request(1))?;
    let second = challenged(stage, who, request(1))?;
    let seen = "it is the same again";
    stage.check("CARD-23", first != second, "another challenge", seen)?;
    stage.say(who, proof(&second));
    stage.sees("CARD-23", who, "card-issued", |heard| {
        heard.is("card-issued")
    })?;
    stage.say(who, proof(&second));
    stage.closes("CARD-23", who, ErrorCode::UnexpectedMessage)
}

fn denied(stage: &mut RelayStage<'_>) -> Done {
    let who = client_of(stage, ADA)?;
    let denied = refused(ErrorCode::Denied);
    // It answers the challenge before.
    let old = challenged(stage, who, request(1))?;
    challenged(stage, who, request(1))?;
    stage.say(who, proof(&old));
    stage.next("CARD-24", who, &denied)?;
    // Of two keys one has not signed, or another has.
    let challenge = challenged(stage, who, request(1))?;
    let mut half = proof(&challenge);
    half.proof.truncate(SIGNATURE);
    stage.say(who, half);
    stage.next("CARD-24", who, &denied)?;
    let challenge = challenged(stage, who, request(1))?;
    let mut twice = proof(&challenge);
    let first: Vec<_> = twice.proof.iter().take(SIGNATURE).copied().collect();
    twice.proof.truncate(SIGNATURE);
    twice.proof.extend(first);
    stage.say(who, twice);
    stage.next("CARD-24", who, &denied)?;
    // The identity, under which some signatures are valid for everything.
    let mut identity = [0; 32];
    identity[0] = 1;
    let card_key = identity;
    let request = CardRequest {
        profile: 1,
        card_key,
        receipt_key: Vec::new(),
    };
    challenged(stage, who, request)?;
    let signature = [identity, [0; 32]].concat();
    stage.say(who, CardProof { proof: signature });
    stage.next("CARD-24", who, &denied)
}

fn not_proven(stage: &mut RelayStage<'_>) -> Done {
    let who = client_of(stage, ADA)?;
    // The receipt key has signed what it has to, and the card key has signed nothing; or nobody has.
    let others: fn(&[u8]) -> Vec<u8> = |of_receipts| of_receipts.repeat(2);
    for wrong in [others, |_| Vec::new()] {
        let challenge = challenged(stage, who, request(1))?;
        let mut right = proof(&challenge).proof;
        let of_receipts = right.split_off(SIGNATURE);
        let proof = wrong(&of_receipts);
        stage.say(who, CardProof { proof });
        stage.settle()?;
        let heard = stage.since(who);
        let issued = heard.iter().any(|heard| heard.is("card-issued"));
        stage.check("CARD-2", !issued, "no card", "card-issued came")?;
    }
    Ok(())
}
