//! Receipts: signed evidence of what a sharer's person allowed and refused.
//!
//! | who | with |
//! |---|---|
//! | the sharer makes them | [`recorder::Recorder`], inside its endpoint |
//! | the helper checks what it is sent | inside its endpoint |
//! | anybody checks a file of them, later | [`verify::verify`] |

pub(crate) mod received;
pub mod recorder;
pub mod verify;

use alongside_wire::receipt::{Receipt, Statement};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// The private key that receipts are signed with. It is wiped when it is dropped.
pub struct ReceiptKey(SigningKey);

impl ReceiptKey {
    /// A key from 32 random bytes that nobody else knows.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(bytes))
    }

    /// The public key that verifies.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    //= spec/16-receipts.md#receipt [RECEIPT-7] c3e578aa
    /// Signs a statement, which must name this key.
    pub fn sign(&self, statement: Statement) -> Receipt {
        let signature = self.0.sign(&statement.signed_text());
        Receipt {
            statement,
            signature: [*signature.r_bytes(), *signature.s_bytes()],
        }
    }
}

//= spec/16-receipts.md#receipt [RECEIPT-9] 5b57a1de
/// Whether the signature of a receipt is that of the key that it names, strictly.
pub fn is_signed(receipt: &Receipt) -> bool {
    let bytes = &receipt.statement.key;
    let Ok(key) = VerifyingKey::from_bytes(bytes) else {
        return false;
    };
    // The crate takes encodings of a point that are not its shortest.
    let canonical = key.to_edwards().compress().as_bytes() == bytes;
    let [r, s] = receipt.signature;
    let signature = Signature::from_components(r, s);
    let text = receipt.statement.signed_text();
    canonical && key.verify_strict(&text, &signature).is_ok()
}
