//! Files of receipts, whole and spoilt.

use alongside_wire::{DecodeError, Fault, receipt::append_card};
use proptest::prelude::*;

use super::*;

#[test]
fn a_whole_file_holds() {
    let report = checked(&story());
    assert_eq!(report.findings, []);
    assert!(report.complete);
    assert_eq!(report.receipts, story());
}

//= test spec/16-receipts.md#receipt [RECEIPT-8] c276cd6f
//= test spec/16-receipts.md#receipt [RECEIPT-9] 5b57a1de
//= test spec/16-receipts.md#file [RECEIPT-11] 09cf17bf
#[test]
fn no_byte_can_be_changed_added_or_left_out() {
    let whole = file(&story());
    for place in 0..whole.len() {
        for bit in [1, 0x20, 0x80] {
            let mut changed = whole.clone();
            changed[place] ^= bit;
            let holds = verify(&changed).is_ok_and(|report| report.findings.is_empty());
            assert!(!holds, "bit {bit} of byte {place}");
        }
        let mut longer = whole.clone();
        longer.insert(place, whole[place]);
        let holds = verify(&longer).is_ok_and(|report| report.findings.is_empty());
        assert!(!holds, "byte {place} twice");
        let mut shorter = whole.clone();
        shorter.remove(place);
        let holds = verify(&shorter).is_ok_and(|report| report.findings.is_empty());
        assert!(!holds, "without byte {place}");
        // A file that was cut off between two receipts is whole as far as it goes, and says so.
        if let Ok(report) = verify(&whole[..place]) {
            assert!(!report.complete, "cut off at {place}");
        }
    }
}

//= test spec/16-receipts.md#file [RECEIPT-11] 09cf17bf
#[test]
fn what_is_no_file_of_receipts_is_refused() {
    let mut other = file(&story());
    alongside_wire::framing::encode(0x03, b"", &mut other);
    let large = [FILE_START, &vec![0; 4_194_304]].concat();
    for (bytes, clause) in [
        (&b""[..], "WIRE-7"),
        (b"alongside/2 receipts\n", "WIRE-7"),
        (&other, "WIRE-8"),
        (&large, "WIRE-5"),
        (&file(&story())[..100], "WIRE-3"),
    ] {
        assert_eq!(verify(bytes).unwrap_err().clause(), clause);
    }
    assert_eq!(findings(&[]), [(0, Finding::Empty)]);
}

//= test spec/16-receipts.md#file [RECEIPT-12] e6d1f95b
//= test spec/16-receipts.md#file [RECEIPT-15] 6ee17711
#[test]
fn missing_and_moved_receipts_are_noticed() {
    let whole = story();
    let missing = |from, to| Finding::Missing { from, to };
    let early = |sequence| Finding::OutOfOrder { sequence };
    for gone in 0..whole.len() - 1 {
        let mut left = whole.clone();
        left.remove(gone);
        let number = gone as u32 + 1;
        assert_eq!(findings(&left), [(gone + 1, missing(number, number))]);
    }
    let mut tail = whole.clone();
    tail.pop();
    let report = checked(&tail);
    assert_eq!(report.findings, []);
    assert!(!report.complete);
    assert_eq!(findings(&whole[3..]), [(1, missing(1, 3))]);

    for place in 0..whole.len() - 1 {
        let mut moved = whole.clone();
        moved.swap(place, place + 1);
        let number = place as u32 + 1;
        let expected = [
            (place + 1, missing(number, number)),
            (place + 2, early(number)),
        ];
        let found = findings(&moved);
        assert!(expected.iter().all(|one| found.contains(one)), "{found:?}");
        let mut twice = whole.clone();
        twice.insert(place, whole[place].clone());
        assert_eq!(findings(&twice), [(place + 2, early(number))]);
    }
}

//= test spec/16-receipts.md#file [RECEIPT-15] 6ee17711
#[test]
fn only_the_last_receipt_says_that_none_is_missing_after_it() {
    let whole = story();
    let numbered = |said: Statement, sequence| {
        let key = SecretKey::from_seed(&KEY);
        sign(&key, Statement { sequence, ..said })
    };
    let (consent, granted, over) = (whole[0].statement, whole[2].statement, whole[7].statement);
    let begin = [numbered(consent, 1), numbered(over, 5)];
    let after = |last: Receipt| checked(&[begin.to_vec(), vec![last]].concat()).complete;
    assert!(checked(&begin).complete);
    assert!(!after(numbered(granted, 6)));
    assert!(!after(numbered(over, 4)), "out of order");
    let foreign = Statement {
        transcript: [9; 32],
        ..over
    };
    assert!(!after(numbered(foreign, 6)));
    let mut unsigned = numbered(over, 6);
    unsigned.signature[1][0] ^= 1;
    assert!(!after(unsigned));
    let mut unreadable = file(&whole);
    let last = unreadable.len() - whole[7].to_bytes().len();
    unreadable[last] = 8;
    assert!(verify(&whole_file()).unwrap().complete);
    assert!(!verify(&unreadable).unwrap().complete);
}

fn whole_file() -> Vec<u8> {
    file(&story())
}

//= test spec/16-receipts.md#file [RECEIPT-13] a7857ea8
#[test]
fn receipts_of_another_session_do_not_belong() {
    let other = |change: fn(&mut Statement), key: [u8; 32]| {
        let mut receipts = story();
        let key = SecretKey::from_seed(&key);
        let mut said = receipts[4].statement;
        said.key = key.public();
        change(&mut said);
        receipts[4] = sign(&key, said);
        findings(&receipts)
    };
    let foreign = (5, Finding::Foreign);
    for found in [
        other(|said| said.transcript = [8; 32], KEY),
        other(|said| said.sharer_card = [8; 32], KEY),
        other(|said| said.helper_card = [8; 32], KEY),
        other(|_| {}, [6; 32]),
    ] {
        assert_eq!(found[0], foreign);
    }
    // With the right key and another's name the signature is wrong.
    let mut stolen = story();
    stolen[4].statement.key = SecretKey::from_seed(&[6; 32]).public();
    assert_eq!(findings(&stolen)[0], (5, Finding::Signature));
}

//= test spec/16-receipts.md#file [RECEIPT-14] 8a014146
#[test]
fn a_story_that_cannot_be_is_named() {
    let whole = story();
    let [consent, denied, granted, renewed, ended, _, _, over] = <[Receipt; 8]>::try_from(whole)
        .unwrap()
        .map(|it| it.statement);
    let declined = Statement {
        decision: Decision::ConsentDeclined,
        code: 0x302,
        scopes: Scopes::NONE,
        ..consent
    };
    for (statements, place) in [
        (&[over][..], 1),
        (&[consent, consent], 2),
        (&[declined, consent], 2),
        (&[declined, over], 2),
        (&[consent, renewed], 2),
        (&[consent, ended], 2),
        (&[consent, granted, granted], 3),
        (&[consent, granted, over], 3),
        (&[consent, granted, ended, ended], 4),
        (&[consent, granted, ended, renewed], 4),
        (&[consent, granted, ended, denied], 4),
        (&[consent, denied, denied], 3),
        (&[consent, over, denied], 3),
        (&[consent, over, over], 3),
    ] {
        let found = findings(&signed(statements));
        assert_eq!(found, [(place, Finding::Contradiction)]);
    }
    assert_eq!(findings(&signed(&[declined])), []);
}

//= test spec/16-receipts.md#receipt [RECEIPT-8] c276cd6f
#[test]
fn fields_must_fit_the_decision() {
    let refused = |said: Statement| {
        let read = Receipt::read(&signed(&[said])[0].to_bytes());
        read.map_err(|error: DecodeError| error.fault) == Err(Fault::InvalidValue)
    };
    for receipt in story() {
        let said = receipt.statement;
        let wrong = [
            Statement {
                code: if said.code == 0 { 0x301 } else { 0 },
                ..said
            },
            Statement {
                // A grant without a request is one that was narrowed.
                request: u32::from(said.request == 0),
                code: u16::from(said.decision == Decision::ControlGranted),
                ..said
            },
            Statement {
                grant: u32::from(said.grant == 0),
                ..said
            },
            Statement {
                scopes: if said.scopes.is_empty() {
                    Scopes::VIEW
                } else {
                    Scopes::NONE
                },
                ..said
            },
            Statement {
                duration_ms: u32::from(said.duration_ms == 0),
                ..said
            },
            Statement {
                duration_ms: 900_001,
                ..said
            },
        ];
        for wrong in wrong {
            // A grant may answer no request: another was narrowed to it.
            let narrowed = said.decision == Decision::ControlGranted && wrong.request == 0;
            assert!(narrowed || refused(wrong), "{wrong:?}");
        }
    }
    let unnumbered = sign(
        &SecretKey::from_seed(&KEY),
        Statement {
            sequence: 0,
            ..statement()
        },
    );
    assert!(Receipt::read(&unnumbered.to_bytes()).is_err());
    let mut unknown = signed(&[statement()])[0].to_bytes();
    unknown[0] = 8;
    assert_eq!(Receipt::read(&unknown).unwrap_err().clause(), "WIRE-7");
}

//= test spec/16-receipts.md#receipt [RECEIPT-9] 5b57a1de
#[test]
fn keys_and_signatures_that_are_not_strict_are_refused() {
    let signature = |key: [u8; 32], signature| Receipt {
        statement: Statement { key, ..statement() },
        signature,
    };
    let mut identity = [0; 32];
    identity[0] = 1;
    // For a key of small order, R the identity and S zero sign anything if nobody looks.
    let small = signature(identity, [identity, [0; 32]]);
    assert_eq!(findings(&[small])[0].1, Finding::Signature);
    // The same point, written as y + p.
    let mut long = [0xff; 32];
    long[0] = 0xee;
    long[31] = 0x7f;
    let long = signature(long, [identity, [0; 32]]);
    assert_eq!(findings(&[long])[0].1, Finding::Signature);
    // S + L is another number for the same scalar.
    let mut added = signed(&[statement()]).remove(0);
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let mut carry = 0_u16;
    for (byte, more) in added.signature[1]
        .iter_mut()
        .zip(hex::decode(order).unwrap())
    {
        carry += u16::from(*byte) + u16::from(more);
        *byte = carry as u8;
        carry >>= 8;
    }
    assert_eq!(findings(&[added])[0].1, Finding::Signature);
}

//= test spec/16-receipts.md#file [RECEIPT-16] d3cc7eb2
#[test]
fn a_card_that_nobody_names_is_named() {
    let mut with_card = file(&story());
    append_card(b"a card", &mut with_card);
    let report = verify(&with_card).unwrap();
    assert_eq!(report.findings, [(8, Finding::StrayCard)]);
}

proptest! {
    #![proptest_config(super::made::cases(256))]
    #[test]
    fn any_bytes_are_read_without_harm(bytes: Vec<u8>, keep in any::<bool>()) {
        let bytes = if keep { [FILE_START, &bytes].concat() } else { bytes };
        let _ = verify(&bytes);
        let _ = Receipt::read(&bytes);
    }

    #[test]
    fn nothing_but_the_whole_in_order_holds(order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(), keep in 0..=8_usize) {
        let whole = story();
        let mixed: Vec<_> = order.iter().take(keep).map(|place| whole[*place].clone()).collect();
        let report = checked(&mixed);
        let is_start = order.iter().take(keep).copied().eq(0..keep);
        prop_assert_eq!(report.findings.is_empty(), is_start && keep > 0);
        prop_assert_eq!(report.complete && report.findings.is_empty(), is_start && keep == 8);
    }
}
