//! Lines of chat: their numbers in both directions, and those that may have to be sent again.

use alloc::{collections::VecDeque, vec::Vec};

use alongside_wire::{
    limits,
    session::{Chat, State},
};

use crate::{
    error::{Fault, Misuse},
    mutant,
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ChatIds {
    sent: u32,
    received: u32,
    /// What was sent and is not acknowledged, the oldest first.
    kept: VecDeque<Chat>,
}

impl ChatIds {
    pub(crate) fn send(&mut self, text: &str) -> Result<Chat, Misuse> {
        if text.len() > limits::CHAT {
            return Err(Misuse::TooLong);
        }
        //= spec/12-reconnect.md#chat [RECON-31] 80c0cff1
        if self.kept.len() >= limits::CHAT_KEPT && !mutant::is("RECON-31/takes") {
            return Err(Misuse::ChatFull);
        }
        //= spec/05-session.md#chat [CHAT-1] a488a9c3
        self.sent += 1;
        //= spec/05-session.md#text [TEXT-1] 30391568
        let chat = Chat {
            id: self.sent,
            text: text.into(),
        };
        //= spec/12-reconnect.md#chat [RECON-30] d7a2b2f6
        if !mutant::is("RECON-30/forgets") {
            self.kept.push_back(chat.clone());
        }
        Ok(chat)
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
    /// The lines that this acknowledges for the first time. None, if it names one that was never
    /// sent.
    pub(crate) fn acknowledged(&mut self, id: u32) -> Vec<u32> {
        let sent = (1..=self.sent).contains(&id);
        let count = self.kept.iter().take_while(|chat| sent && chat.id <= id);
        let count = count.count();
        self.kept.drain(..count).map(|chat| chat.id).collect()
    }

    /// How many lines were sent and received.
    pub(crate) fn counts(&self) -> (u32, u32) {
        (self.sent, self.received)
    }

    /// Whether the other end can know this of both ends' lines.
    pub(crate) fn agrees(&self, state: &State) -> bool {
        state.received <= self.sent && state.sent >= self.received
    }

    //= spec/12-reconnect.md#chat [RECON-32] dbaec176
    /// The lines that are to be sent again.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Chat> {
        let back = mutant::is("RECON-32/back");
        let count = self.kept.len();
        let place = move |place| if back { count - 1 - place } else { place };
        (0..count).filter_map(move |at| self.kept.get(place(at)).cloned())
    }
}
