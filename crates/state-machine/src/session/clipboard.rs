//! Items of the clipboards, in both directions: one act of a person for each.

use alloc::string::String;

use alongside_wire::{limits, session};

use crate::error::{Fault, Misuse};

/// An item that waits for the person at this end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Offered {
    grant: u32,
    item: u32,
    text: String,
}

impl core::fmt::Debug for Offered {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Offered")
            .field("grant", &self.grant)
            .field("item", &self.item)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Clipboard {
    sent: u32,
    answered: u32,
    received: u32,
    offered: Option<Offered>,
}

impl Clipboard {
    pub(crate) fn send(&mut self, grant: u32, text: &str) -> Result<session::Clipboard, Misuse> {
        if text.len() > limits::CLIPBOARD {
            return Err(Misuse::TooLong);
        }
        //= spec/19-tools.md#clipboard [TOOL-11] 8fba9d5d
        self.sent += 1;
        Ok(session::Clipboard {
            grant,
            item: self.sent,
            text: text.into(),
        })
    }

    //= spec/19-tools.md#clipboard [TOOL-12] bffc7dce
    /// The number of an item that came, whatever becomes of it.
    pub(crate) fn count(&mut self, item: u32) -> Result<(), Fault> {
        if Some(item) != self.received.checked_add(1) {
            return Err(Fault::ItemNotNext);
        }
        self.received = item;
        Ok(())
    }

    /// Holds an item for the person; what waited before is refused by that, and named.
    pub(crate) fn offer(&mut self, message: &session::Clipboard) -> Option<u32> {
        let before = self.offered.replace(Offered {
            grant: message.grant,
            item: message.item,
            text: message.text.clone(),
        });
        before.map(|offered| offered.item)
    }

    /// The person takes, or refuses, what waits: its number and text.
    pub(crate) fn answer(&mut self) -> Option<(u32, String)> {
        self.offered
            .take()
            .map(|offered| (offered.item, offered.text))
    }

    //= spec/19-tools.md#clipboard [TOOL-14] eb88133c
    /// What waits under another grant than the live one is refused by that.
    pub(crate) fn lapse(&mut self, live: Option<u32>) -> Option<u32> {
        self.offered
            .take_if(|offered| Some(offered.grant) != live)
            .map(|offered| offered.item)
    }

    /// Whether an item waits for the person at this end.
    pub(crate) fn is_offered(&self) -> bool {
        self.offered.is_some()
    }

    /// Whether an item waits for the other end's answer.
    pub(crate) fn is_sent(&self) -> bool {
        self.answered < self.sent
    }

    /// Whether an answer names an item that waits for one. Answers come in order.
    pub(crate) fn answered(&mut self, item: u32) -> bool {
        let waits = self.answered < item && item <= self.sent;
        if waits {
            self.answered = item;
        }
        waits
    }
}
