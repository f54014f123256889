//! Receipts on their way to the helper.

use alongside_harness::Way;
use alongside_state_machine::endpoint::helper;
use alongside_wire::{ErrorCode, session};

use super::*;

fn got(world: &World) -> Vec<Receipt> {
    let events = world.helper_events.iter();
    let got = events.filter_map(|event| match event {
        helper::Event::Receipt(receipt) => Some(Receipt::clone(receipt)),
        _ => None,
    });
    got.collect()
}

//= test spec/16-receipts.md#when [RECEIPT-2] 4277bcbe
#[test]
fn the_helper_gets_them_if_the_sharer_agreed_and_else_not() {
    for share in [false, true] {
        let mut world = world(320, share);
        world.controlled();
        let made = receipts(&mut world);
        world.run(100);
        assert_eq!(made.len(), 2);
        assert_eq!(got(&world), if share { made } else { Vec::new() });
        world.sharer.end();
        // What the end brings is signed, and cannot be sent any more.
        assert_eq!(receipts(&mut world).len(), 2);
        world.run(100);
        assert_eq!(got(&world).len(), if share { 2 } else { 0 });
        let report = checked(&got(&world));
        assert!(!report.complete);
    }
}

/// What a helper makes of receipts from somebody with the right keys.
fn sent(change: impl Fn([u8; 32]) -> Vec<Receipt>) -> Option<&'static str> {
    let mut world = world(321, true);
    world.viewing();
    world.frame(true);
    world.run(10);
    let transcript = receipts(&mut world)[0].statement.transcript;
    world.take_over_sharer();
    let messages = change(transcript).into_iter().map(|receipt| {
        let receipt = receipt.into();
        session::Receipt { receipt }.into()
    });
    world.forge(Way::SharerUp, &messages.collect::<Vec<_>>());
    world.run(10);
    let fault = world.helper.machine().ended()?.fault?;
    assert_eq!(fault.code(), ErrorCode::BadReceipt);
    Some(fault.clause())
}

//= test spec/16-receipts.md#helper [RECEIPT-10] 7d24a20f
#[test]
fn a_receipt_that_is_none_ends_the_session() {
    let key = SecretKey::from_seed(&KEY);
    let of = |transcript| Statement {
        transcript,
        ..statement()
    };
    let bad = Some("RECEIPT-10");
    assert_eq!(sent(|session| vec![sign(&key, of(session))]), None);
    assert_eq!(sent(|_| vec![sign(&key, of([7; 32]))]), bad);
    let forged = |session| {
        let mut receipt = sign(&key, of(session));
        receipt.statement.time += 1;
        vec![receipt]
    };
    assert_eq!(sent(forged), bad);
    assert_eq!(sent(|session| vec![sign(&key, of(session)); 2]), bad);
    let other = SecretKey::from_seed(&[6; 32]);
    let two_keys = |session| {
        let second = Statement {
            sequence: 2,
            key: other.public(),
            ..of(session)
        };
        vec![sign(&key, of(session)), sign(&other, second)]
    };
    assert_eq!(sent(two_keys), bad);
    let gap = |session| {
        let third = Statement {
            sequence: 3,
            ..of(session)
        };
        vec![sign(&key, of(session)), sign(&key, third)]
    };
    assert_eq!(sent(gap), None, "some may be lost with a connection");
}
