//! The vectors of the chapter, which were made by another program from its text.

use sha2::{Digest as _, Sha256};

use super::*;

/// The hexadecimal lines of the chapter under a name.
fn vector(name: &str) -> Vec<u8> {
    let text = include_str!("../../../../spec/16-receipts.md");
    let mut lines = text.lines().skip_while(|line| {
        let label = line.get(..24).unwrap_or_default();
        label.trim_end() != name
    });
    let first = lines.next().unwrap_or_else(|| panic!("no vector {name}"));
    let more = lines.take_while(|line| line.starts_with("                        "));
    let digits: String = std::iter::once(first)
        .chain(more)
        .map(|line| line[24..].trim())
        .collect();
    hex::decode(digits).unwrap()
}

//= test spec/16-receipts.md#receipt [RECEIPT-7] c3e578aa
#[test]
fn receipts_are_the_bytes_of_the_text() {
    let secret: [u8; 32] = std::array::from_fn(|place| place as u8);
    let key = SecretKey::from_seed(&secret);
    assert_eq!(key.public().to_vec(), vector("public key"));
    let h = "494617690bfd5f3b6fa1642a24cc1312117249413a0114725369fbea64279320";
    let consent = Statement {
        transcript: hex::decode(h).unwrap().try_into().unwrap(),
        key: key.public(),
        ..statement()
    };
    let said = |decision, code, after: u32| Statement {
        decision,
        code,
        scopes: Scopes::NONE,
        time: consent.time + u64::from(after),
        sequence: after / 10 + 1,
        ..consent
    };
    let granted = Statement {
        request: 1,
        grant: 1,
        scopes: Scopes::CONTROL,
        duration_ms: 900_000,
        ..said(Decision::ControlGranted, 0, 10)
    };
    let ended = Statement {
        grant: 1,
        ..said(Decision::ControlEnded, 0x309, 20)
    };
    let over = said(Decision::SessionEnded, 0x301, 30);
    let made = [consent, granted, ended, over].map(|said| sign(&key, said));
    for (receipt, number) in made.iter().zip(1..) {
        let bytes = vector(&format!("receipt {number}"));
        assert_eq!(hex::encode(receipt.to_bytes()), hex::encode(&bytes));
        assert_eq!(Receipt::read(&bytes).as_ref(), Ok(receipt));
    }
    let file = file(&made);
    let digest = Sha256::digest(&file).to_vec();
    assert_eq!(digest, vector("SHA-256 of the file"));
    let report = verify(&file).unwrap();
    assert_eq!(report.findings, []);
    assert!(report.complete);
}
