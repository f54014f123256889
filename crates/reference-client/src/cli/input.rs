//! What the person types: lines, or single keys on a terminal.

use std::{io::BufRead as _, thread};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A key of a sharer's terminal.
struct Key {
    key: char,
    /// What it is to the program.
    word: &'static str,
    /// What is typed instead where there are no single keys.
    line: &'static str,
    what: &'static str,
}

const fn key(key: char, word: &'static str, line: &'static str, what: &'static str) -> Key {
    Key {
        key,
        word,
        line,
        what,
    }
}

/// All of them.
const KEYS: [Key; 13] = [
    key('y', "yes", "yes", "answers yes"),
    key('n', "no", "no", "answers no"),
    key('q', "end", "end", "ends at once, as Ctrl-C does"),
    key(
        '!',
        "report",
        "report [KIND]",
        "ends at once, and reports it to whoever runs the relay",
    ),
    key('p', "toggle-pause", "pause, unpause", "pauses, and goes on"),
    key('r', "revoke", "revoke", "takes control back"),
    key(
        'k',
        "keyboard-back",
        "keyboard-back",
        "takes the keyboard back, and leaves the rest",
    ),
    key('e', "renew", "renew", "extends control; you are asked"),
    key('c', "copy", "copy", "sends your clipboard, once"),
    key(
        'v',
        "take",
        "take",
        "takes what the helper's clipboard offers",
    ),
    key('x', "refuse", "refuse", "refuses it"),
    key('i', "card", "card", "shows your card to the helper"),
    key('t', TYPING, "chat TEXT", "begins a line of chat"),
];

/// A line is being typed key by key.
const TYPING: &str = "typing";

/// The keys for somebody who asks for help.
pub(crate) fn help() -> String {
    let lines = KEYS.map(|key| format!("  {}  {:15} {}\n", key.key, key.line, key.what));
    format!(
        "Keys, on a terminal, and the line that means the same without one:\n{}     {:15} {}\n",
        lines.concat(),
        "quality",
        "says how well it goes"
    )
}

/// Lines of standard input, without spaces around them.
pub(crate) fn lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line.trim().to_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Single keys of a terminal.
fn keys() -> UnboundedReceiver<KeyEvent> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if let Event::Key(key) = event
                && key.kind != KeyEventKind::Release
                && sender.send(key).is_err()
            {
                return;
            }
        }
    });
    receiver
}

/// What a person types, as words, from either.
pub(crate) enum Typed {
    Lines(UnboundedReceiver<String>),
    Keys(UnboundedReceiver<KeyEvent>, Keys),
}

impl Typed {
    /// Reads from now on: single keys if the terminal gives them, lines if not.
    pub(crate) fn start(raw: bool) -> Self {
        if raw {
            Self::Keys(keys(), Keys::default())
        } else {
            Self::Lines(lines())
        }
    }

    /// The next word; none when nothing can be typed any more.
    pub(crate) async fn next(&mut self) -> Option<String> {
        match self {
            Self::Lines(lines) => lines.recv().await,
            Self::Keys(receiver, keys) => loop {
                let key = receiver.recv().await?;
                if let Some(word) = keys.word(&key) {
                    return Some(word);
                }
            },
        }
    }

    /// A word that was typed already.
    pub(crate) fn waiting(&mut self) -> Option<String> {
        match self {
            Self::Lines(lines) => lines.try_recv().ok(),
            Self::Keys(receiver, keys) => loop {
                let key = receiver.try_recv().ok()?;
                if let Some(word) = keys.word(&key) {
                    return Some(word);
                }
            },
        }
    }

    /// From now on keys are a line, of which `answer TEXT` is made, until that or Escape.
    pub(crate) fn want_line(&mut self) {
        if let Self::Keys(_, keys) = self {
            keys.line = Some((Line::Answer, String::new()));
        }
    }

    /// The line that is being typed key by key, if there is one.
    pub(crate) fn line(&self) -> Option<&str> {
        match self {
            Self::Lines(_) => None,
            Self::Keys(_, keys) => keys.line.as_ref().map(|(_, text)| text.as_str()),
        }
    }

    /// Throws away what was typed before now, but the words that can only take something away.
    pub(crate) fn discard(&mut self) -> Vec<String> {
        let mut kept = Vec::new();
        while let Some(word) = self.waiting() {
            if TAKES_AWAY.contains(&word.as_str()) || word.starts_with("report") {
                kept.push(word);
            }
        }
        kept
    }
}

/// Words that take something away from the helper, and are never the answer that gives it.
const TAKES_AWAY: [&str; 8] = [
    "end",
    "q",
    "no",
    "pause",
    "toggle-pause",
    "revoke",
    "refuse",
    "keyboard-back",
];

/// What a line of keys is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Chat,
    Answer,
}

/// Makes the words that lines have from single keys.
#[derive(Default)]
pub(crate) struct Keys {
    line: Option<(Line, String)>,
}

impl Keys {
    /// What a key means. While a line is typed, it is that line's.
    fn word(&mut self, key: &KeyEvent) -> Option<String> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then(|| "end".to_owned());
        }
        if let Some((kind, line)) = &mut self.line {
            match key.code {
                KeyCode::Char(character) => line.push(character),
                KeyCode::Backspace => {
                    line.pop();
                }
                KeyCode::Enter => {
                    let word = match kind {
                        Line::Chat => "chat",
                        Line::Answer => "answer",
                    };
                    return self.line.take().map(|(_, line)| format!("{word} {line}"));
                }
                KeyCode::Esc if *kind == Line::Answer => line.clear(),
                KeyCode::Esc => self.line = None,
                _ => {}
            }
            return Some(TYPING.to_owned());
        }
        match key.code {
            KeyCode::Char(digit @ '0'..='9') => Some(format!("digit {digit}")),
            KeyCode::Char(character) => {
                let word = KEYS.iter().find(|key| key.key == character)?.word;
                if word == TYPING {
                    self.line = Some((Line::Chat, String::new()));
                }
                Some(word.to_owned())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(keys: &mut Keys, code: KeyCode) -> Option<String> {
        keys.word(&KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn keys_are_words() {
        let keys = &mut Keys::default();
        assert_eq!(press(keys, KeyCode::Char('y')).as_deref(), Some("yes"));
        for (key, word) in [
            ('c', "copy"),
            ('v', "take"),
            ('x', "refuse"),
            ('r', "revoke"),
        ] {
            assert_eq!(press(keys, KeyCode::Char(key)).as_deref(), Some(word));
        }
        assert_eq!(press(keys, KeyCode::Char('z')), None);
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(keys.word(&interrupt).as_deref(), Some("end"));
    }

    #[test]
    fn a_line_of_chat_answers_no_prompt() {
        let keys = &mut Keys::default();
        press(keys, KeyCode::Char('t'));
        assert_eq!(press(keys, KeyCode::Char('y')).as_deref(), Some("typing"));
        assert_eq!(press(keys, KeyCode::Enter).as_deref(), Some("chat y"));
        press(keys, KeyCode::Char('t'));
        assert_eq!(press(keys, KeyCode::Esc).as_deref(), Some("typing"));
        assert_eq!(press(keys, KeyCode::Char('y')).as_deref(), Some("yes"));
    }

    #[test]
    fn a_word_that_is_wanted_takes_all_keys_but_the_one_that_ends() {
        let (_sender, receiver) = unbounded_channel();
        let mut typed = Typed::Keys(receiver, Keys::default());
        typed.want_line();
        let Typed::Keys(_, keys) = &mut typed else {
            unreachable!("it is")
        };
        for letter in "nqs".chars() {
            let word = press(keys, KeyCode::Char(letter));
            assert_eq!(word.as_deref(), Some("typing"));
        }
        assert_eq!(press(keys, KeyCode::Esc).as_deref(), Some("typing"));
        press(keys, KeyCode::Char('x'));
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(keys.word(&interrupt).as_deref(), Some("end"));
        assert_eq!(press(keys, KeyCode::Enter).as_deref(), Some("answer x"));
        assert_eq!(typed.line(), None);
    }
}
