//! Numbers of chat lines, in both directions.

use alongside_wire::{limits, session::Chat};

use crate::error::{Fault, Misuse};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ChatIds {
    sent: u32,
    received: u32,
}

impl ChatIds {
    pub(crate) fn send(&mut self, text: &str) -> Result<Chat, Misuse> {
        if text.len() > limits::CHAT {
            return Err(Misuse::TooLong);
        }
        //= spec/05-session.md#chat [CHAT-1] a488a9c3
        self.sent += 1;
        //= spec/05-session.md#text [TEXT-1] 30391568
        Ok(Chat {
            id: self.sent,
            text: text.into(),
        })
    }

    pub(crate) fn receive(&mut self, chat: &Chat) -> Result<(), Fault> {
        //= spec/05-session.md#chat [CHAT-2] f092ff38
        if Some(chat.id) != self.received.checked_add(1) {
            return Err(Fault::ChatNotNext);
        }
        self.received = chat.id;
        Ok(())
    }

    //= spec/05-session.md#chat [CHAT-6] 8c17ebed
    /// Whether a line with this id was sent.
    pub(crate) fn was_sent(&self, id: u32) -> bool {
        (1..=self.sent).contains(&id)
    }
}
