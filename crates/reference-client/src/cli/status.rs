//! The line that a sharer always sees: what the helper may do, and what the person can.

use alongside_wire::Scopes;

use super::{
    prompt::Prompt,
    words::{may, may_briefly},
};

/// What the line tells.
pub(crate) struct Status<'a> {
    /// What the helper may do.
    pub(crate) scopes: Scopes,
    /// The question that is open.
    pub(crate) prompt: Option<&'a Prompt>,
    /// What was typed of the number that allows control, if the answer takes one.
    pub(crate) digits: Option<&'a str>,
    /// A line of chat that is being typed, or a word that is the answer, key by key.
    pub(crate) line: Option<&'a str>,
    /// An item of the helper's clipboard waits for an answer.
    pub(crate) offered: bool,
    /// Single keys are read, not lines.
    pub(crate) raw: bool,
}

/// What the person can do while a grant with these scopes lives, by keys or by lines.
pub(crate) fn choices(scopes: Scopes, raw: bool) -> String {
    let all = [
        (Scopes::NONE, "r", "revoke", "takes it back"),
        (Scopes::KEYBOARD, "k", "keyboard-back", "the keyboard alone"),
        (Scopes::NONE, "e", "renew", "extends it"),
        (
            Scopes::CLIPBOARD_TO_HELPER,
            "c",
            "copy",
            "sends your clipboard, once",
        ),
    ];
    let can = all.iter().filter(|(scope, ..)| scopes.contains(*scope));
    let said = can.map(|(_, key, line, what)| format!("{} {what}", if raw { key } else { line }));
    said.collect::<Vec<_>>().join(", ")
}

/// Characters of a line that are seen while it is typed.
const LINE: usize = 20;

impl Status<'_> {
    //= spec/05-session.md#consent [CONSENT-8] f836b0cb
    /// The line, of so many characters if they are enough for what the helper may do.
    pub(crate) fn text(&self, room: usize) -> String {
        let rest = self.rest();
        let whole = format!("{} | {rest}", may(self.scopes));
        if whole.chars().count() <= room {
            return whole;
        }
        format!("{} | {rest}", may_briefly(self.scopes))
    }

    fn rest(&self) -> String {
        match (self.line, self.digits, self.prompt) {
            (Some(line), _, prompt) => {
                let how = match prompt {
                    Some(prompt) if prompt.wants_word() => prompt.answers(self.raw),
                    // While a line is typed no key is an answer.
                    Some(_) => "Esc, then answer",
                    None => "Enter sends",
                };
                // Its end is what the person is typing.
                let skip = line.chars().count().saturating_sub(LINE);
                let end: String = line.chars().skip(skip).collect();
                format!("{how}> {end}")
            }
            (None, Some(digits), Some(_)) if self.raw => {
                format!("number: {digits:6} | n refuses, q ends")
            }
            (None, _, Some(prompt)) => prompt.answers(self.raw).to_owned(),
            (None, _, None) if self.offered && self.raw => {
                "q ends, v takes their clipboard, x refuses it".to_owned()
            }
            (None, _, None) if self.offered => "end, take, refuse".to_owned(),
            (None, _, None) if self.raw => {
                "q ends, ! reports, p pauses, r ends control, t chats".to_owned()
            }
            (None, _, None) => "end, report, pause, unpause, revoke, chat TEXT".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Status<'_> = Status {
        scopes: Scopes::NONE,
        prompt: None,
        digits: None,
        line: None,
        offered: false,
        raw: true,
    };

    const CONTROL: Prompt = Prompt::Control {
        scopes: Scopes::CONTROL,
        renewal: false,
    };

    #[test]
    fn what_can_be_done_about_a_grant_depends_on_it() {
        assert_eq!(
            choices(Scopes::ANNOTATE, true),
            "r takes it back, e extends it"
        );
        assert_eq!(
            choices(Scopes::KEYBOARD.union(Scopes::CLIPBOARD_TO_HELPER), false),
            "revoke takes it back, keyboard-back the keyboard alone, renew extends it, copy sends \
             your clipboard, once"
        );
        let offered = Status {
            offered: true,
            ..NOTHING
        };
        assert!(
            offered
                .text(200)
                .ends_with("v takes their clipboard, x refuses it")
        );
    }

    //= test spec/05-session.md#consent [CONSENT-8] f836b0cb
    #[test]
    fn what_the_helper_may_do_is_said_first_and_briefly_where_there_is_little_room() {
        let status = Status {
            scopes: Scopes::CONSENT,
            ..NOTHING
        };
        let text = status.text(200);
        assert!(text.starts_with("the helper may SEE your screen"), "{text}");
        let text = status.text(79);
        assert!(text.starts_with("helper may SEE, chat | "), "{text}");
        assert!(
            text.chars().count() <= 79 && text.ends_with("t chats"),
            "{text}"
        );
    }

    #[test]
    fn each_question_says_how_it_is_answered() {
        let name = || "Ada".to_owned();
        let prompts = [
            Prompt::Contact(name()),
            Prompt::Consent(name()),
            Prompt::Warned,
            CONTROL,
        ];
        for prompt in &prompts {
            for raw in [true, false] {
                let status = Status {
                    prompt: Some(prompt),
                    raw,
                    ..NOTHING
                };
                let text = status.text(79);
                assert!(text.ends_with(prompt.answers(raw)), "{text}");
                assert!(text.chars().count() <= 79, "{text}");
            }
        }
    }

    #[test]
    fn a_long_line_shows_its_end_and_says_that_its_keys_are_no_answers() {
        let line = format!("{}y", "a".repeat(40));
        let status = Status {
            line: Some(&line),
            prompt: Some(&CONTROL),
            ..NOTHING
        };
        let text = status.text(79);
        assert!(text.contains("Esc, then answer> aaa"), "{text}");
        assert!(text.ends_with("ay") && text.chars().count() <= 79, "{text}");
    }
}
