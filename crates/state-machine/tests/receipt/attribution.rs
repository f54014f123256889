//! Whose receipts they are.

use alongside_state_machine::{
    identity::{
        own,
        trust::{Anchor, Doubt, Standing},
    },
    receipt::attribution::{Attribution, Why, attribute, helper},
};
use alongside_wire::{
    Profile,
    card::{Card, Signable as _, Signed},
    receipt::append_card,
};

use super::*;

const NOW: u64 = 1_700_000_000;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn anchor(seed: u8) -> Anchor {
    Anchor {
        name: "Engines".to_owned(),
        key: key(seed).public(),
        runs_relay: false,
    }
}

/// A card of this issuer for the key that the receipts here are signed with.
fn card(issuer: u8, receipt_key: Vec<[u8; 32]>) -> Vec<u8> {
    let card = Card {
        version: 1,
        profile: Profile::Full.to_wire(),
        issuer: key(issuer).public(),
        serial: [1; 16],
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        title: String::new(),
        organisation: String::new(),
        domain: String::new(),
        picture: Vec::new(),
        ceiling: Scopes::CONSENT,
        card_key: key(7).public(),
        receipt_key,
        not_before: NOW - 1_000,
        expires: NOW + 1_000,
    };
    let signature = key(issuer).sign(&card.message());
    Signed::join(&card, &signature)
}

fn own_card() -> Vec<u8> {
    card(3, vec![SecretKey::from_seed(&KEY).public()])
}

/// A file of two receipts by a card, which may be another than the one beside them.
fn file_with(named: &[u8], beside: Option<&[u8]>, time: u64) -> Vec<u8> {
    let consent = Statement {
        sharer_card: own::hash(named),
        time: NOW,
        ..statement()
    };
    let over = Statement {
        decision: Decision::SessionEnded,
        code: 0x301,
        scopes: Scopes::NONE,
        time,
        ..consent
    };
    let mut file = file(&signed(&[consent, over]));
    if let Some(card) = beside {
        append_card(card, &mut file);
    }
    file
}

fn whose(file: &[u8], anchors: &[Anchor]) -> Result<String, Why> {
    let report = verify(file).unwrap();
    match attribute(&report, anchors) {
        Attribution::To { card, issuer } => Ok(format!("{} by {issuer}", card.name())),
        Attribution::IntegrityOnly(why) => Err(why),
    }
}

//= test spec/16-receipts.md#proof [RECEIPT-17] 6f1a0a2d
#[test]
fn receipts_are_attributed_only_along_the_whole_chain() {
    let own = own_card();
    let good = file_with(&own, Some(&own), NOW + 60);
    let trusted = [anchor(9), anchor(3)];
    let ada = Ok("Ada Lovelace by Engines".to_owned());
    assert_eq!(whose(&good, &trusted), ada);
    // The tolerance for clocks is five minutes.
    let late = |after| file_with(&own, Some(&own), NOW + 1_000 + after);
    assert_eq!(whose(&late(300), &trusted), ada);
    assert_eq!(whose(&late(301), &trusted), Err(Why::Time));

    assert_eq!(whose(&good, &[]), Err(Why::UnknownIssuer));
    assert_eq!(whose(&good, &[anchor(4)]), Err(Why::UnknownIssuer));
    let alone = file_with(&own, None, NOW);
    assert_eq!(whose(&alone, &trusted), Err(Why::CardMissing));
    assert_eq!(whose(&file(&story()), &trusted), Err(Why::NoCard));
    for keys in [vec![], vec![[9; 32]], vec![key(7).public()]] {
        let other = card(3, keys);
        let stolen = file_with(&other, Some(&other), NOW);
        assert_eq!(whose(&stolen, &trusted), Err(Why::OtherKey));
    }
    let mut forged = own.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = file_with(&forged, Some(&forged), NOW);
    assert_eq!(whose(&forged, &trusted), Err(Why::BadCard));
    let nonsense = file_with(b"a card", Some(b"a card"), NOW);
    assert_eq!(whose(&nonsense, &trusted), Err(Why::BadCard));
}

//= test spec/16-receipts.md#proof [RECEIPT-20] 798f6b34
#[test]
fn a_helper_is_named_as_far_as_the_file_says() {
    let own = own_card();
    let named = |helper_card, beside: Option<&[u8]>, anchors: &[Anchor]| {
        let time = NOW;
        let said = Statement {
            helper_card,
            time,
            ..statement()
        };
        let mut file = file(&signed(&[said]));
        if let Some(card) = beside {
            append_card(card, &mut file);
        }
        helper(&verify(&file).unwrap(), anchors)
    };
    let hash = own::hash(&own);
    assert_eq!(named([0; 32], None, &[]), None);
    let who = |anchors: &[Anchor]| {
        let named = named(hash, Some(&own), anchors).unwrap();
        assert_eq!(named.hash, hash);
        let who = named.who.unwrap();
        (who.card.as_ref().unwrap().name(), who.standing)
    };
    let issuer = "Engines".to_owned();
    let ada = "Ada Lovelace".to_owned();
    assert_eq!(
        who(&[anchor(3)]),
        (ada.clone(), Standing::Verified { issuer })
    );
    let unknown = Standing::Unverified(Doubt::UnknownIssuer);
    assert_eq!(who(&[anchor(4)]), (ada, unknown));
    let why = |hash, beside| named(hash, beside, &[anchor(3)]).unwrap().who.unwrap_err();
    assert_eq!(why(hash, None), Why::CardMissing);
    let mut forged = own.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(why(own::hash(&forged), Some(&forged[..])), Why::BadCard);
}

/// Every byte counts, those of the card as well.
//= test spec/16-receipts.md#file [RECEIPT-16] d3cc7eb2
//= test spec/16-receipts.md#proof [RECEIPT-17] 6f1a0a2d
#[test]
fn no_byte_of_an_attributed_file_can_be_changed() {
    let own = own_card();
    let good = file_with(&own, Some(&own), NOW);
    for place in 0..good.len() {
        let mut changed = good.clone();
        changed[place] ^= 0x20;
        let Ok(report) = verify(&changed) else {
            continue;
        };
        assert!(!report.findings.is_empty(), "byte {place}");
        let whose = attribute(&report, &[anchor(3)]);
        assert_eq!(whose, Attribution::IntegrityOnly(Why::Wrong));
    }
}

//= test spec/16-receipts.md#receipt [RECEIPT-6] 5da58485
//= test spec/16-receipts.md#receipt [RECEIPT-5] 3901a13c
#[test]
fn a_sharer_with_a_card_signs_by_it_and_names_that_of_the_helper() {
    let own = own_card();
    let mut world = World::new(340);
    let recorder = Recorder::with_card(SecretKey::from_seed(&KEY), &own, true);
    world.sharer.keep_receipts(recorder).unwrap();
    world.viewing();
    let made: Vec<_> = std::iter::from_fn(|| world.sharer.poll_receipt(NOW)).collect();
    world.run(10);
    assert!(world.helper.machine().ended().is_none());
    let said = made[0].statement;
    assert_eq!(said.sharer_card, own::hash(&own));
    assert_eq!(said.helper_card, [0; 32], "it showed none");
    let mut bytes = file(&made);
    append_card(&own, &mut bytes);
    let ada = Ok("Ada Lovelace by Engines".to_owned());
    assert_eq!(whose(&bytes, &[anchor(3)]), ada);
}
