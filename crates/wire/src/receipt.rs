//! Receipts: what a sharer signs of each answer of its person. Signing and checking is elsewhere.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    Decision, DecodeError, ErrorCode, Fault, Scopes,
    body::{self, Check},
    framing, limits, mutant,
};

/// One receipt, signature included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt {
    /// What it says.
    pub statement: Statement,
    /// R and S of the Ed25519 signature over [`Statement::signed_text`].
    pub signature: [[u8; 32]; 2],
}

/// What a receipt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// What was decided.
    pub decision: Decision,
    /// Why, as a registered error, or 0.
    pub code: u16,
    /// The request that was answered, or 0.
    pub request: u32,
    /// The grant that it is about, or 0.
    pub grant: u32,
    /// What was allowed or refused, or nothing.
    pub scopes: Scopes,
    /// How long a grant lasts from now in milliseconds, or 0.
    pub duration_ms: u32,
    /// Seconds since 1970-01-01 00:00 UTC, as the sharer's clock had it.
    pub time: u64,
    /// 1 in the first receipt of a session.
    pub sequence: u32,
    /// The handshake hash of the session.
    pub transcript: [u8; 32],
    /// SHA-256 of the sharer's card, or zeros.
    pub sharer_card: [u8; 32],
    /// SHA-256 of the helper's card, or zeros.
    pub helper_card: [u8; 32],
    /// The Ed25519 public key that signs.
    pub key: [u8; 32],
}

impl Statement {
    //= spec/16-receipts.md#receipt [RECEIPT-7] c3e578aa
    /// What is signed.
    pub fn signed_text(&self) -> Vec<u8> {
        let mut text = Vec::from(match mutant::is("RECEIPT-7/label") {
            true => b"alongside/1 decided\0",
            false => b"alongside/1 receipt\0",
        });
        text.extend_from_slice(&body::encode(self));
        text
    }

    //= spec/16-receipts.md#receipt [RECEIPT-8] c276cd6f
    /// Whether the fields are those that the decision has.
    fn fits(&self) -> bool {
        let (code, timed) = (self.code, self.duration_ms != 0);
        let [declined, denied] = [ErrorCode::Declined, ErrorCode::Denied].map(ErrorCode::to_wire);
        let scoped = !self.scopes.is_empty();
        let fields = (code, self.request != 0, self.grant != 0, scoped, timed);
        let expected = match self.decision {
            Decision::ConsentAllowed => (0, false, false, true, false),
            Decision::ConsentDeclined => (declined, false, false, false, false),
            // A narrowed grant answers no request.
            Decision::ControlGranted => (0, self.request != 0, true, true, true),
            Decision::ControlDenied => (denied, true, false, true, false),
            Decision::ControlEnded => (code.max(1), false, true, false, false),
            Decision::SessionEnded => (code.max(1), false, false, false, false),
            Decision::ControlRenewed => (0, false, true, false, true),
        };
        let short = u64::from(self.duration_ms) <= limits::timers::GRANT;
        fields == expected && short && self.sequence != 0 || mutant::is("RECEIPT-8/lenient")
    }
}

impl Receipt {
    /// The body of a `receipt`, or of an item of a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        body::encode(self)
    }

    /// Reads a receipt. Its signature is not looked at.
    ///
    /// # Errors
    /// If it is not the canonical encoding, to the last byte, or its fields do not fit its decision.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let receipt: Self = body::decode(bytes, "a receipt")?;
        receipt.check()?;
        Ok(receipt)
    }
}

impl Check for Receipt {
    fn check(&self) -> Result<(), DecodeError> {
        if self.statement.fits() {
            return Ok(());
        }
        Err(DecodeError::new(Fault::InvalidValue, "a receipt"))
    }
}

impl TryFrom<u8> for Decision {
    type Error = &'static str;

    fn try_from(value: u8) -> Result<Self, Self::Error> {
        Self::from_wire(value).ok_or("a decision that is not registered")
    }
}

impl From<Decision> for u8 {
    fn from(decision: Decision) -> Self {
        decision.to_wire()
    }
}

/// How a file of receipts begins.
pub const FILE_START: &[u8] = b"alongside/1 receipts\n";
/// The type of an item that is a receipt.
const RECEIPT: u16 = 0x02;
/// The type of an item that is a card.
const CARD: u16 = 0x04;
/// Bytes of the longest item.
const ITEM: usize = 16_384;

/// Something in a file of receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A receipt, or why this is none.
    Receipt(Result<Receipt, DecodeError>),
    /// A card as it was shown, unread.
    Card(Vec<u8>),
}

/// Appends a receipt to a file.
pub fn append_receipt(receipt: &Receipt, file: &mut Vec<u8>) {
    framing::encode(RECEIPT, &receipt.to_bytes(), file);
}

/// Appends a card to a file.
pub fn append_card(card: &[u8], file: &mut Vec<u8>) {
    framing::encode(CARD, card, file);
}

//= spec/16-receipts.md#file [RECEIPT-11] 09cf17bf
/// Takes a whole file apart.
///
/// # Errors
/// If it does not begin as such a file does, is too large, has another kind of item, or one is cut
/// short.
pub fn read_file(file: &[u8]) -> Result<Vec<Item>, DecodeError> {
    let what = "a file of receipts";
    body::within(file.len(), limits::RECEIPT_FILE, what)?;
    let mut rest = file
        .strip_prefix(FILE_START)
        .ok_or(DecodeError::new(Fault::InvalidValue, what))?;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (raw, used) =
            framing::split(rest, ITEM, what)?.ok_or(DecodeError::new(Fault::Truncated, what))?;
        items.push(match raw.message_type {
            RECEIPT => Item::Receipt(Receipt::read(raw.body)),
            CARD => Item::Card(raw.body.into()),
            message_type => {
                let fault = Fault::UnknownMessage { message_type };
                return Err(DecodeError::new(fault, what));
            }
        });
        rest = rest.get(used..).unwrap_or_default();
    }
    Ok(items)
}
