//! What the person types, and what is done about it.

use alongside_client::sharer::Command;
use alongside_wire::{ReportCategory, Scopes};

use super::Sharer;
use crate::cli::{prompt::Prompt, report::report_category};

impl Sharer {
    pub(super) async fn typed(&mut self, word: &str) {
        let category = word.strip_prefix("report ").map(report_category);
        if let Some(Some(category)) = category {
            self.order(Command::EndAndReport(category)).await;
            return;
        }
        if self.talk.over && word != "report" {
            self.order(Command::End).await;
            return;
        }
        if let Some(line) = word.strip_prefix("chat ") {
            self.show_status();
            self.order(Command::Chat(line.to_owned())).await;
            return;
        }
        if self.raw && word == "typing" {
            self.show_status();
            return;
        }
        if let Some(digit) = word.strip_prefix("digit ") {
            self.digit(digit).await;
            return;
        }
        let word = word.strip_prefix("answer ").unwrap_or(word).trim();
        let (word, number) = match word.split_once(' ') {
            Some(("yes", number)) => ("yes", number.trim().parse().ok()),
            _ => (word, None),
        };
        let answer = self.talk.prompt.as_ref();
        let answer = answer.and_then(|prompt| prompt.answer(word, number));
        let command = match (answer, word) {
            (Some(answer), _) => {
                self.answered(&answer);
                answer
            }
            (None, "end" | "q") => Command::End,
            (None, "report" | "!") => Command::EndAndReport(ReportCategory::Other),
            (None, "pause") => Command::Pause(true),
            (None, "unpause") => Command::Pause(false),
            (None, "toggle-pause") => Command::Pause(!self.talk.paused),
            (None, "revoke") => Command::Revoke,
            (None, "card") => Command::ShowCard,
            (None, "copy") => Command::CopyClipboard,
            (None, "take" | "refuse") if !self.talk.offered => {
                self.terminal.line("The helper offers nothing.");
                return;
            }
            (None, "take") => Command::AnswerClipboard(true),
            (None, "refuse") => {
                self.talk.offered = false;
                self.show_status();
                Command::AnswerClipboard(false)
            }
            (None, "quality") => return self.tell_quality(),
            (None, "renew") => Command::Renew,
            (None, "keyboard-back") => {
                let left = self.talk.scopes.intersect(Scopes::GRANTABLE);
                match left.without(Scopes::KEYBOARD) {
                    Scopes::NONE => Command::Revoke,
                    left => Command::Narrow(left),
                }
            }
            (None, word) => return self.not_understood(word),
        };
        self.order(command).await;
    }

    fn tell_quality(&mut self) {
        let quality = self.talk.quality;
        self.terminal.line(&quality.map_or_else(
            || "Nothing is known yet of how well it goes.".to_owned(),
            |quality| format!("It goes at {quality}."),
        ));
    }

    /// An answer is on its way: the next question, if there is one.
    fn answered(&mut self, answer: &Command) {
        let Some(prompt) = &self.talk.prompt else {
            return;
        };
        // The last stays open until the session says so: the answer may come too soon, or while the
        // connection is lost.
        if let Some(next) = prompt.next(answer) {
            self.ask(next);
        }
    }

    fn not_understood(&mut self, word: &str) {
        let line = match &self.talk.prompt {
            Some(prompt) if prompt.wants_word() => "Type no, report, or the whole word: share",
            _ if word.is_empty() => return,
            None if ["yes", "no"].contains(&word) => "Nothing is being asked.",
            _ => {
                "Type yes, no, pause, unpause, revoke, keyboard-back, renew, copy, take, refuse, \
                 quality, chat TEXT, end or report."
            }
        };
        self.terminal.line(line);
        self.want_word();
        self.show_status();
    }

    /// A digit of the number that allows control.
    async fn digit(&mut self, digit: &str) {
        let (Some(Prompt::Control { scopes, .. }), Some(_)) = (&self.talk.prompt, self.talk.number)
        else {
            return;
        };
        let scopes = *scopes;
        self.talk.digits.push_str(digit);
        self.show_status();
        if self.talk.digits.len() == 6 {
            let number = self.talk.digits.parse().ok();
            self.talk.digits.clear();
            self.order(Command::AllowControl(scopes, number)).await;
        }
    }
}
