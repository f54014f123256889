//! Receipts: signed evidence of what a sharer's person allowed and refused.
//!
//! | who | with |
//! |---|---|
//! | the sharer makes them | [`recorder::Recorder`], inside its endpoint |
//! | the helper checks what it is sent | [`received::Received`], inside its endpoint |
//! | anybody checks a file of them, later | [`verify::verify`] |
//! | and whose they are | [`attribution::attribute`] |

pub mod attribution;
pub mod received;
pub mod recorder;
pub mod verify;

use alongside_wire::receipt::{Receipt, Statement};

use crate::identity::keys::{self, SecretKey};

//= spec/16-receipts.md#receipt [RECEIPT-7] c3e578aa
/// Signs a statement, which must name this key.
pub fn sign(key: &SecretKey, statement: Statement) -> Receipt {
    let bytes = key.sign(&statement.signed_text());
    let mut signature = [[0; 32]; 2];
    let (r, s) = bytes.split_at(32);
    signature[0].copy_from_slice(r);
    signature[1].copy_from_slice(s);
    Receipt {
        statement,
        signature,
    }
}

//= spec/16-receipts.md#receipt [RECEIPT-9] 5b57a1de
/// Whether the signature of a receipt is that of the key that it names, strictly.
pub fn is_signed(receipt: &Receipt) -> bool {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&receipt.signature[0]);
    signature[32..].copy_from_slice(&receipt.signature[1]);
    let said = &receipt.statement;
    keys::verify(&said.key, &said.signed_text(), &signature)
}
