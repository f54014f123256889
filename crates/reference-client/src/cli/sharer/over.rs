//! What came of a join, and another code after one that came to nothing.

use alongside_client::{Ended, Relay};

use super::Sharer;
use crate::cli::{
    Exit,
    code::{self, Invitation},
};

/// What came of a join.
pub(super) enum Over {
    Ended(Ended),
    /// The code was used here before.
    Spent,
    /// It did not end in order.
    Stuck,
}

impl Over {
    pub(super) fn blames_the_code(&self) -> bool {
        match self {
            Self::Ended(ended) => code::is_to_blame(ended),
            Self::Spent => true,
            Self::Stuck => false,
        }
    }
}

impl From<Over> for Exit {
    fn from(over: Over) -> Self {
        match over {
            Over::Ended(ended) => ended.into(),
            Over::Spent | Over::Stuck => Self::Failed,
        }
    }
}

impl Sharer {
    /// A code that the person types after a join that came to nothing, if they have one.
    pub(super) async fn another_code(&mut self, relay: &Relay) -> Option<Invitation> {
        self.terminal
            .alert("If the helper reads you another code, type it. Ctrl-C ends.");
        let mut elsewhere = None;
        loop {
            self.typed.want_line();
            self.terminal.status("code> ");
            let typed = loop {
                let word = tokio::select! {
                    word = self.typed.next() => word?,
                    () = self.stop.next() => return None,
                };
                match word.strip_prefix("answer ") {
                    Some(code) => break code.to_owned(),
                    None if word == "end" => return None,
                    None => {
                        let typed = self.typed.line().unwrap_or_default();
                        let status = format!("code> {typed}");
                        self.terminal.status(&status);
                    }
                }
            };
            if let Some(code) = elsewhere.take().filter(|_| typed.trim() == "yes") {
                return Some(Invitation { code, link: true });
            }
            match code::read(&typed, relay) {
                Ok(code::Read::Invitation(invitation)) => return Some(invitation),
                Ok(code::Read::Elsewhere(link)) => {
                    self.terminal.line(&code::elsewhere(&link, relay));
                    elsewhere = Some(link.code);
                }
                Err(error) => self.terminal.line(&error.to_string()),
            }
        }
    }
}
