//! Receipts as a helper gets them.

use alongside_wire::receipt::Receipt;

use super::is_signed;
use crate::{error::Fault, mutant};

/// The latest receipt of a session.
#[derive(Default)]
pub struct Received(Option<Receipt>);

impl Received {
    //= spec/16-receipts.md#helper [RECEIPT-10] 7d24a20f
    /// Takes the next receipt of the session with this handshake hash; `card` is the hash of the
    /// helper's own card, or zeros.
    ///
    /// # Errors
    /// [`Fault::BadReceipt`]; nothing has changed then.
    pub fn take(
        &mut self,
        receipt: &Receipt,
        transcript: &[u8; 32],
        card: &[u8; 32],
    ) -> Result<(), Fault> {
        let next = &receipt.statement;
        let follows = self.0.as_ref().is_none_or(|last| {
            let last = &last.statement;
            let same = (last.key, last.sharer_card) == (next.key, next.sharer_card);
            same && last.sequence < next.sequence
        });
        let ours = (&next.transcript, &next.helper_card) == (transcript, card);
        if !ours || !follows || !(is_signed(receipt) || mutant::is("RECEIPT-9/unsigned")) {
            return Err(Fault::BadReceipt);
        }
        self.0 = Some(receipt.clone());
        Ok(())
    }
}
