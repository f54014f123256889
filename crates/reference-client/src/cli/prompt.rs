//! What a sharer's person is asked, in their words.

use alongside_client::sharer::{Command, Consent, Contact};
use alongside_wire::{ReportCategory, Scopes};

use super::words::uses;

/// A question that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Who started the contact; and who the helper is, with what that is worth.
    Contact(String),
    /// May the screen be seen?
    Consent(String),
    /// The same after the warning, where a plain yes is no answer.
    Warned,
    /// May the screen be controlled?
    Control {
        /// What of it.
        scopes: Scopes,
        /// The helper has just this, and would keep it.
        renewal: bool,
    },
}

//= spec/05-session.md#friction [FRICTION-2] 0b82ffc5
/// What somebody reads who was called by a stranger.
pub(crate) const WARNING: &str = "\
STOP. This looks like the beginning of a scam. Signs of one: they called, wrote
to you, or a window on your screen told you to call; they say that they are
from your bank, the police or a big company; they hurry you, or ask you to
tell nobody; they want money, gift cards, passwords or codes; they tell you
what to answer here. An honest company does not call about your computer.
Hang up, and call it yourself, at a number that you find yourself.";

impl Prompt {
    //= spec/05-session.md#consent [CONSENT-5] 9b48cef1
    pub(crate) fn question(&self) -> String {
        match self {
            Self::Contact(who) => format!(
                "{who} wants to SEE YOUR SCREEN.\nDid you ask for this help yourself, \
                 at a number or address that you\nalready knew?"
            ),
            Self::Consent(who) => format!("Do you allow {who} to SEE YOUR SCREEN?"),
            Self::Warned => format!(
                "{WARNING}\nTo refuse, type: no\nTo end it and report it in one go, type: report\nTo show \
                 your screen all the same, type the whole word: share"
            ),
            Self::Control { scopes, renewal } => {
                let what = if *renewal {
                    "goes on to use"
                } else {
                    "may use"
                };
                format!("Do you allow that the helper {what}: {}?", uses(*scopes))
            }
        }
    }

    /// What can be answered, briefly: as single keys, or as lines.
    pub(crate) fn answers(&self, raw: bool) -> &'static str {
        match (self, raw) {
            (Self::Contact(_), true) => "y or n, q ends",
            (Self::Contact(_), false) => "yes or no, end ends",
            (Self::Warned, _) => "type no, report or share",
            (Self::Consent(_) | Self::Control { .. }, true) => "y allows, n refuses, q ends",
            (Self::Consent(_) | Self::Control { .. }, false) => "yes allows, no refuses, end ends",
        }
    }

    /// Whether the answer is a word that is typed in full.
    pub(crate) fn wants_word(&self) -> bool {
        *self == Self::Warned
    }

    /// What an answer means, if it is one; `number` is what it repeats.
    pub(crate) fn answer(&self, word: &str, number: Option<u32>) -> Option<Command> {
        let command = match (self, word) {
            (Self::Contact(_), "yes") => Command::Contact(Contact::Person),
            (Self::Contact(_), "no") => Command::Contact(Contact::Other),
            (Self::Consent(_), "yes") => Command::Consent(Consent::Given),
            //= spec/05-session.md#friction [FRICTION-3] aaeb1cc3
            (Self::Warned, "share") => Command::Consent(Consent::GivenAfterWarning),
            //= spec/05-session.md#friction [FRICTION-8] 45a7388e
            (Self::Warned, "report") => Command::EndAndReport(ReportCategory::Scam),
            (Self::Consent(_) | Self::Warned, "no") => Command::Consent(Consent::Refused),
            (Self::Control { scopes, .. }, "yes") => Command::AllowControl(*scopes, number),
            (Self::Control { .. }, "no") => Command::DenyControl,
            _ => return None,
        };
        Some(command)
    }

    /// The question that follows an answer.
    pub(crate) fn next(&self, command: &Command) -> Option<Self> {
        match (self, command) {
            (Self::Contact(name), Command::Contact(Contact::Person)) => {
                Some(Self::Consent(name.clone()))
            }
            (Self::Contact(_), Command::Contact(Contact::Other)) => Some(Self::Warned),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: [&str; 5] = ["yes", "no", "share", "y", ""];

    fn asked() -> Prompt {
        Prompt::Contact("Ada".to_owned())
    }

    //= test spec/05-session.md#friction [FRICTION-1] 8e522144
    //= test spec/05-session.md#friction [FRICTION-3] aaeb1cc3
    #[test]
    fn consent_comes_after_the_question_and_after_a_warning_by_a_word() {
        for word in ANSWERS {
            let command = asked().answer(word, None);
            assert!(!matches!(command, Some(Command::Consent(_))), "{word}");
        }
        let own = asked().answer("yes", None).unwrap();
        assert_eq!(own, Command::Contact(Contact::Person));
        let consent = asked().next(&own).unwrap();
        let given = Command::Consent(Consent::Given);
        assert_eq!(consent.answer("yes", None), Some(given));

        let other = asked().answer("no", None).unwrap();
        assert_eq!(other, Command::Contact(Contact::Other));
        let warned = asked().next(&other).unwrap();
        for word in ANSWERS {
            let given = warned.answer(word, None);
            let all_the_same = Some(Command::Consent(Consent::GivenAfterWarning));
            assert_eq!(given == all_the_same, word == "share", "{word}");
            assert_ne!(given, Some(Command::Consent(Consent::Given)));
        }
    }

    //= test spec/05-session.md#friction [FRICTION-2] 0b82ffc5
    #[test]
    fn the_warning_names_the_signs_and_fits_a_terminal() {
        let text = Prompt::Warned.question();
        for sign in [
            "report",
            "called",
            "bank",
            "hurry",
            "money",
            "passwords",
            "what to answer",
        ] {
            assert!(text.contains(sign), "{sign}");
        }
        let longest = [text, asked().question()].map(|text| text.lines().map(str::len).max());
        assert!(
            longest.iter().all(|longest| *longest < Some(80)),
            "{longest:?}"
        );
    }
}
