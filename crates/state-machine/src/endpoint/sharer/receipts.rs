//! Receipts, as the sharer's endpoint makes them.

use alloc::vec::Vec;

use alongside_wire::{receipt::Receipt, session};

use super::{Channel, SharerEndpoint};
use crate::{error::Misuse, receipt::recorder::Recorder};

impl SharerEndpoint {
    //= spec/16-receipts.md#when [RECEIPT-1] 0d10dcf5
    /// The person wants receipts of this session. Without this call there are none.
    ///
    /// # Errors
    /// [`Misuse::Phase`] once a join was sent: what was decided before would be missing.
    pub fn keep_receipts(&mut self, recorder: Recorder) -> Result<(), Misuse> {
        if !matches!(self.channel, Channel::None) || self.machine.ended().is_some() {
            return Err(Misuse::Phase(self.machine.phase()));
        }
        self.recorder = Some(recorder);
        Ok(())
    }

    /// The next receipt to keep. `time` is seconds since 1970-01-01 00:00 UTC. To be asked after
    /// everything that changes anything, and after the end.
    pub fn poll_receipt(&mut self, time: u64) -> Option<Receipt> {
        let recorder = self.recorder.as_mut()?;
        let receipt = recorder.next(time)?;
        //= spec/16-receipts.md#when [RECEIPT-2] 4277bcbe
        if recorder.is_shared() && self.machine.ended().is_none() {
            let message = session::Receipt {
                receipt: receipt.clone().into(),
            };
            if self.machine.frozen_until().is_some() {
                self.unsent.push(message.into());
            } else {
                self.seal(&message.into());
            }
        }
        Some(receipt)
    }

    /// The cards that a receipt names, as far as they are here.
    pub fn cards_of(&self, receipt: &Receipt) -> Vec<Vec<u8>> {
        self.faces
            .named_by(receipt, self.config.identity.card.as_ref())
    }

    /// What was decided while the link was lost is told when it is up.
    pub(super) fn send_late_receipts(&mut self) {
        for message in core::mem::take(&mut self.unsent) {
            self.seal(&message);
        }
    }

    /// The helper is known: what is decided from now on has receipts.
    pub(super) fn begin_receipts(&mut self, transcript: [u8; 32], helper_card: &[u8]) {
        if let Some(recorder) = &mut self.recorder {
            recorder.secured(transcript, helper_card);
        }
    }
}
