//! Receipts: made in whole sessions on virtual time, and checked as a stranger would.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod attribution;
mod file;
mod made;
mod shared;
mod vectors;

use alongside_harness::World;
use alongside_state_machine::{
    identity::keys::SecretKey,
    receipt::{
        recorder::Recorder,
        sign,
        verify::{Finding, Report, verify},
    },
};
use alongside_wire::{
    Decision, Scopes,
    receipt::{FILE_START, Receipt, Statement, append_receipt},
};

const KEY: [u8; 32] = [5; 32];

/// A world whose sharer keeps receipts from the beginning.
fn world(seed: u64, share: bool) -> World {
    let mut world = World::new(seed);
    let recorder = Recorder::new(SecretKey::from_seed(&KEY), share);
    world.sharer.keep_receipts(recorder).unwrap();
    world
}

/// What was decided since this was last asked.
fn receipts(world: &mut World) -> Vec<Receipt> {
    let time = 1_700_000_000 + world.now.as_micros() / 1_000_000;
    std::iter::from_fn(|| world.sharer.poll_receipt(time)).collect()
}

fn file(receipts: &[Receipt]) -> Vec<u8> {
    let mut file = Vec::from(FILE_START);
    for receipt in receipts {
        append_receipt(receipt, &mut file);
    }
    file
}

fn findings(receipts: &[Receipt]) -> Vec<(usize, Finding)> {
    checked(receipts).findings
}

fn checked(receipts: &[Receipt]) -> Report {
    verify(&file(receipts)).unwrap()
}

/// A statement of the first kind, to change.
fn statement() -> Statement {
    Statement {
        decision: Decision::ConsentAllowed,
        code: 0,
        request: 0,
        grant: 0,
        scopes: Scopes::CONSENT,
        duration_ms: 0,
        time: 1_700_000_000,
        sequence: 1,
        transcript: [7; 32],
        sharer_card: [0; 32],
        helper_card: [0; 32],
        key: SecretKey::from_seed(&KEY).public(),
    }
}

/// Statements one after the other, numbered and signed.
fn signed(statements: &[Statement]) -> Vec<Receipt> {
    let key = SecretKey::from_seed(&KEY);
    let numbered = statements.iter().zip(1..);
    numbered
        .map(|(said, sequence)| sign(&key, Statement { sequence, ..*said }))
        .collect()
}

/// A session with everything in it.
fn story() -> Vec<Receipt> {
    let consent = statement();
    let said = |decision, code, request, grant, scopes, duration_ms| Statement {
        decision,
        code,
        request,
        grant,
        scopes,
        duration_ms,
        ..consent
    };
    let none = Scopes::NONE;
    signed(&[
        consent,
        said(Decision::ControlDenied, 0x204, 1, 0, Scopes::CONTROL, 0),
        said(Decision::ControlGranted, 0, 3, 1, Scopes::POINTER, 900_000),
        said(Decision::ControlRenewed, 0, 0, 1, none, 900_000),
        said(Decision::ControlEnded, 0x30D, 0, 1, none, 0),
        said(Decision::ControlGranted, 0, 4, 2, Scopes::CONTROL, 60_000),
        said(Decision::ControlEnded, 0x309, 0, 2, none, 0),
        said(Decision::SessionEnded, 0x301, 0, 0, none, 0),
    ])
}
