//! Cards by themselves.

use alongside_state_machine::{
    error::Fault,
    identity::{
        issue::{self, Refused, Request},
        keys::{self, BadKey},
        own::{NotOwn, OwnCard},
        trust::{Doubt, Standing, authenticate, judge},
    },
};
use alongside_wire::{
    Direction, Fault as Bytes, Profile, Scopes,
    card::{Card, PictureInfo, Signed, is_inert},
};
use proptest::prelude::*;

use super::support::*;

type Change = fn(&mut Card);

//= test spec/15-identity.md#cards [CARD-1] 31de687f
//= test spec/15-identity.md#cards [CARD-8] 1ad1e5db
/// The chapter's vectors, which were made by Python's `cryptography` from its text.
#[test]
fn cards_and_proofs_are_what_another_implementation_makes() {
    assert_eq!(hex::encode(issuer().public()), vector("issuer key", 0));
    assert_eq!(hex::encode(key(0x40).public()), vector("receipt key", 0));
    let cards = [
        (
            "abbreviated card",
            brief(),
            Direction::ToSharer,
            "proof, to-sharer",
        ),
        ("full card", full(), Direction::ToHelper, "proof, to-helper"),
    ];
    for (nth, (name, card, direction, proof_name)) in cards.into_iter().enumerate() {
        let own = own(card.clone());
        assert_eq!(hex::encode(own.bytes()), vector(name, 0));
        assert_eq!(hex::encode(sha256(own.bytes())), vector("its SHA-256", nth));
        let proof = own.prove(direction, &handshake());
        assert_eq!(hex::encode(proof), vector(proof_name, 0));
        let shown = authenticate(own.bytes(), &proof, direction, &handshake());
        assert_eq!(shown, Ok(Some(card)));
    }
}

//= test spec/15-identity.md#cards [CARD-7] 5983e227
//= test spec/15-identity.md#proof [CARD-9] 094ef776
/// No bit of a card or of its proof can be changed, and no proof serves elsewhere.
#[test]
fn nothing_of_a_card_can_be_changed() {
    for card in [brief(), full()] {
        let own = own(card);
        let (bytes, hash) = (own.bytes(), handshake());
        let proof = own.prove(Direction::ToSharer, &hash);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            let fault = authenticate(&changed, &proof, Direction::ToSharer, &hash).unwrap_err();
            assert!(
                matches!(fault, Fault::Decode(_) | Fault::BadCard),
                "{bit}: {fault}"
            );
        }
        for bit in 0..proof.len() * 8 {
            let mut changed = proof;
            changed[bit / 8] ^= 1 << (bit % 8);
            let shown = authenticate(bytes, &changed, Direction::ToSharer, &hash);
            assert_eq!(shown, Err(Fault::BadProof), "{bit}");
        }
        let mut other = hash;
        other[0] ^= 1;
        for (direction, hash) in [(Direction::ToHelper, hash), (Direction::ToSharer, other)] {
            let shown = authenticate(bytes, &proof, direction, &hash);
            assert_eq!(shown, Err(Fault::BadProof));
        }
    }
}

/// Each field by itself, as whoever has no issuer's key would change it.
#[test]
fn every_field_is_signed() {
    let changes: [(&str, Change); 13] = [
        ("profile", |card| card.profile = Profile::Full.to_wire()),
        ("issuer", |card| card.issuer = key(0x70).public()),
        ("serial", |card| card.serial[0] ^= 1),
        ("first name", |card| card.first_name = "Eve".into()),
        ("last name", |card| card.last_name = "M".into()),
        ("title", |card| card.title.push('s')),
        ("organisation", |card| card.organisation = "Evil".into()),
        ("domain", |card| card.domain = "evil.example".into()),
        ("picture", |card| card.picture[0].hash[0] ^= 1),
        ("ceiling", |card| card.ceiling = Scopes::ALL),
        ("card key", |card| card.card_key = key(0x50).public()),
        ("receipt key", |card| {
            card.receipt_key = vec![key(0x50).public()]
        }),
        ("times", |card| {
            card.not_before += 1;
            card.expires += 1;
        }),
    ];
    for (what, change) in changes {
        let signed = Signed::<Card>::read(&issued(full()).unwrap()).unwrap();
        let mut card = signed.body.clone();
        change(&mut card);
        if card == signed.body {
            // The only profile that says as much.
            card.profile = 0;
        }
        let bytes = Signed {
            body: card,
            ..signed
        }
        .to_bytes();
        let shown = authenticate(&bytes, &[0; 64], Direction::ToSharer, &handshake());
        assert!(
            matches!(shown, Err(Fault::BadCard | Fault::Decode(_))),
            "{what}: {shown:?}"
        );
    }
}

//= test spec/15-identity.md#cards [CARD-3] 147e3be6
//= test spec/15-identity.md#cards [CARD-5] fa5e5eff
//= test spec/15-identity.md#cards [CARD-6] ee76f73f
#[test]
fn an_issuer_signs_nothing_that_a_card_may_not_have() {
    let refused = |change: Change| {
        [full(), brief()].map(|mut card| {
            change(&mut card);
            match issued(card) {
                Ok(_) => None,
                Err(Refused::Fields(error)) => Some(error.fault),
                Err(other) => panic!("{other}"),
            }
        })
    };
    let never = Some(Bytes::InvalidValue);
    let both: [Change; 13] = [
        |card| card.version = 2,
        |card| card.profile = 3,
        |card| card.first_name.clear(),
        |card| card.first_name = "A\nB".into(),
        |card| card.first_name = "A\u{202e}B".into(),
        |card| card.last_name = "\u{2067}".into(),
        |card| card.ceiling = Scopes::CONTROL,
        |card| card.expires = card.not_before,
        |card| card.expires = card.not_before - 1,
        |card| card.expires += 1,
        |card| (card.not_before, card.expires) = (0, u64::MAX),
        |card| card.domain = "Engines.example".into(),
        |card| card.domain = "engines..example".into(),
    ];
    for (place, change) in both.into_iter().enumerate() {
        assert_eq!(refused(change), [never, never], "{place}");
    }
    let only_brief: [Change; 5] = [
        |card| card.last_name = "Lo".into(),
        |card| card.title = "x".into(),
        |card| card.organisation = "x".into(),
        |card| card.domain = "example".into(),
        |card| {
            card.picture = vec![PictureInfo {
                hash: [0; 32],
                size: 1,
            }]
        },
    ];
    for (place, change) in only_brief.into_iter().enumerate() {
        assert_eq!(refused(change), [None, never], "{place}");
    }
    let large = |limit| Some(Bytes::TooLarge { limit });
    let too_large: [(Change, usize); 5] = [
        (|card| card.first_name = "x".repeat(65), 64),
        (|card| card.title = "x".repeat(129), 128),
        (|card| card.domain = "x".repeat(254), 253),
        (
            |card| {
                card.picture = vec![PictureInfo {
                    hash: [0; 32],
                    size: 65_537,
                }]
            },
            65_536,
        ),
        (
            |card| {
                card.picture = vec![
                    PictureInfo {
                        hash: [0; 32],
                        size: 1
                    };
                    2
                ]
            },
            1,
        ),
    ];
    for (change, limit) in too_large {
        assert_eq!(refused(change)[0], large(limit));
    }
    assert_eq!(refused(|card| card.last_name.clear()), [None, None]);
    assert_eq!(refused(|card| card.last_name = "Ł".into()), [None, None]);
}

//= test spec/15-identity.md#cards [CARD-2] d96b7e62
#[test]
fn a_card_is_for_who_has_the_keys() {
    let challenge = [1; 32];
    let receipt = key(0x40);
    let ask = |request: &Request, challenge| {
        issue::issue(full(), request, challenge, &issuer()).map(|_| ())
    };
    let request = Request::new(&card_key(), Some(&receipt), &challenge);
    assert_eq!(ask(&request, &challenge), Ok(()));
    assert_eq!(ask(&request, &[2; 32]), Err(Refused::NotProven));
    let others = [
        Request {
            card_key: key(0x50).public(),
            ..request.clone()
        },
        Request {
            receipt_key: vec![key(0x50).public()],
            ..request.clone()
        },
        Request {
            receipt_key: vec![],
            ..request.clone()
        },
        Request {
            proof: request.proof[..64].to_vec(),
            ..request.clone()
        },
        Request {
            proof: request.proof[..127].to_vec(),
            ..request.clone()
        },
        Request {
            proof: vec![],
            ..request
        },
    ];
    for other in others {
        assert_eq!(ask(&other, &challenge), Err(Refused::NotProven));
    }
}

//= test spec/15-identity.md#cards [CARD-4] 13ee6a4a
//= test spec/15-identity.md#cards [CARD-8] 1ad1e5db
/// Under a key of small order one signature is valid for any message.
#[test]
fn keys_that_sign_everything_are_none() {
    // All points of order 1, 2, 4 and 8, then others that are no key.
    let small = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        // y is the prime and one more: another encoding of 0 and 1.
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        // No point has this y.
        "0200000000000000000000000000000000000000000000000000000000000000",
    ];
    let mut forged = [0; 64];
    forged[0] = 1;
    for text in small {
        let bytes: [u8; 32] = hex::decode(text).unwrap().try_into().unwrap();
        assert_eq!(keys::check(&bytes), Err(BadKey), "{text}");
        assert!(!keys::verify(&bytes, b"anything", &forged), "{text}");
        // An issuer that signs for such a key all the same is not believed.
        let changes: [fn(&mut Card, [u8; 32]); 2] = [
            |card, key| card.card_key = key,
            |card, key| card.receipt_key = vec![key],
        ];
        for change in changes {
            let mut card = full();
            change(&mut card, bytes);
            let signature = issuer().sign(&alongside_wire::card::Signable::message(&card));
            let signed = Signed {
                body: card,
                signature,
            }
            .to_bytes();
            let shown = authenticate(&signed, &forged, Direction::ToSharer, &handshake());
            assert_eq!(shown, Err(Fault::BadCard), "{text}");
        }
    }
    // S is below L: the same signature with L added to S is another one, and refused.
    let message = b"message";
    let mut signature = card_key().sign(message);
    assert!(keys::verify(&card_key().public(), message, &signature));
    let order =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0_u16;
    for (byte, more) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert!(!keys::verify(&card_key().public(), message, &signature));
}

#[test]
fn only_ones_own_card_is_shown() {
    let bytes = issued(full()).unwrap();
    let other = OwnCard::new(&bytes, key(0x50)).unwrap_err();
    assert_eq!(other, NotOwn::OtherKey);
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(
        OwnCard::new(&changed, card_key()).unwrap_err(),
        NotOwn::NotSigned
    );
    let cut = OwnCard::new(&bytes[..60], card_key()).unwrap_err();
    assert!(matches!(cut, NotOwn::Decode(_)));
    assert_eq!(format!("{:?}", card_key()), "SecretKey(..)");
}

//= test spec/15-identity.md#trust [CARD-13] 4f46afb7
//= test spec/15-identity.md#trust [CARD-14] 81cea02e
//= test spec/15-identity.md#trust [CARD-15] 8401d423
#[test]
fn a_card_is_worth_what_its_issuer_and_the_clock_say() {
    let card = || Some(full());
    let issuer = || "Engines".to_owned();
    let standing = |anchors: &[_], unix| judge(card(), anchors, unix).standing;
    let now = Some(BEGIN + 3_600);
    let verified = Standing::Verified { issuer: issuer() };
    assert_eq!(standing(&[anchor(false)], now), verified);
    let vouched = Standing::VouchedByRelay { issuer: issuer() };
    assert_eq!(standing(&[anchor(true)], now), vouched);
    let unknown = Standing::Unverified(Doubt::UnknownIssuer);
    assert_eq!(standing(&[], now), unknown);
    let mut other = anchor(false);
    other.key = key(0x70).public();
    assert_eq!(standing(&[other], now), unknown);
    assert_eq!(
        judge(None, &[anchor(false)], now).standing,
        Standing::Unverified(Doubt::NoCard)
    );
    // Five minutes either way, and not a second more.
    let clock = Standing::Unverified(Doubt::Clock);
    for (unix, expected) in [
        (BEGIN - 301, &clock),
        (BEGIN - 300, &verified),
        (BEGIN + DAY + 300, &verified),
        (BEGIN + DAY + 301, &clock),
        (0, &clock),
        (u64::MAX, &clock),
    ] {
        assert_eq!(&standing(&[anchor(false)], Some(unix)), expected, "{unix}");
    }
    assert_eq!(standing(&[anchor(false)], None), clock);
}

proptest! {
    #![proptest_config(super::cases(200))]

    /// Whatever a card says, what is read is what was signed, and nothing in it moves the cursor.
    #[test]
    fn a_card_is_read_as_it_was_signed(
        first in "\\PC{1,8}", last in any::<String>(), title in "\\PC{0,20}", bits in any::<u16>(),
    ) {
        let ceiling = Scopes::from_bits(bits & Scopes::ALL.bits()).unwrap();
        let card = Card { first_name: first, last_name: last, title, ceiling, ..full() };
        match issued(card.clone()) {
            Ok(bytes) => {
                let read = Signed::<Card>::read(&bytes).unwrap().body;
                prop_assert!(is_inert(&read.name()) && is_inert(&read.title));
                prop_assert!(read.ceiling.contains(Scopes::VIEW));
                prop_assert_eq!(read, card);
            }
            Err(refused) => prop_assert!(matches!(refused, Refused::Fields(_))),
        }
    }

    #[test]
    fn any_bytes_are_no_card(bytes in proptest::collection::vec(any::<u8>(), 0..1_100)) {
        let shown = authenticate(&bytes, &[0; 64], Direction::ToSharer, &[0; 32]);
        prop_assert!(bytes.is_empty() || shown.is_err());
    }
}

//= test spec/15-identity.md#issuing [CARD-24] 3ecfa989
#[test]
fn a_profile_that_is_not_registered_has_no_card() {
    let refused = issued(Card {
        profile: 3,
        ..full()
    });
    assert!(matches!(refused, Err(Refused::Fields(_))));
}
