//! What the person types: lines, or single keys on a terminal.

use std::{io::BufRead as _, thread};

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

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

/// The same words as lines, from single keys.
pub(crate) fn keys() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        let mut chat = None;
        while let Ok(event) = event::read() {
            if let Some(word) = word(&event, &mut chat)
                && sender.send(word).is_err()
            {
                return;
            }
        }
    });
    receiver
}

/// What a key means. While a line of chat is typed, it is that line's.
fn word(event: &Event, chat: &mut Option<String>) -> Option<String> {
    let Event::Key(key) = event else { return None };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control {
        return (key.code == KeyCode::Char('c')).then(|| "end".to_owned());
    }
    if let Some(line) = chat {
        match key.code {
            KeyCode::Char(character) => line.push(character),
            KeyCode::Backspace => {
                line.pop();
            }
            KeyCode::Enter => return chat.take().map(|line| format!("chat {line}")),
            KeyCode::Esc => {
                *chat = None;
                return Some("unsaid".to_owned());
            }
            _ => {}
        }
        return chat.as_ref().map(|line| format!("typing {line}"));
    }
    let word = match key.code {
        KeyCode::Char(digit @ '0'..='9') => return Some(format!("digit {digit}")),
        KeyCode::Char('y') => "yes",
        KeyCode::Char('n') => "no",
        KeyCode::Char('q') => "end",
        KeyCode::Char('p') => "toggle-pause",
        KeyCode::Char('r') => "revoke",
        KeyCode::Char('t') => {
            *chat = Some(String::new());
            "typing "
        }
        _ => return None,
    };
    Some(word.to_owned())
}

/// Throws away what was typed before now; whether the person wanted to end, which is not.
pub(crate) fn discard(typed: &mut UnboundedReceiver<String>) -> bool {
    let mut end = false;
    while let Ok(word) = typed.try_recv() {
        end |= word == "end";
    }
    end
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;

    fn press(code: KeyCode, chat: &mut Option<String>) -> Option<String> {
        word(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), chat)
    }

    #[test]
    fn keys_are_words() {
        let chat = &mut None;
        assert_eq!(press(KeyCode::Char('y'), chat).as_deref(), Some("yes"));
        assert_eq!(press(KeyCode::Char('x'), chat), None);
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(word(&Event::Key(interrupt), chat).as_deref(), Some("end"));
    }

    #[test]
    fn a_line_of_chat_answers_no_prompt() {
        let chat = &mut None;
        press(KeyCode::Char('t'), chat);
        assert_eq!(press(KeyCode::Char('y'), chat).as_deref(), Some("typing y"));
        assert_eq!(press(KeyCode::Enter, chat).as_deref(), Some("chat y"));
        press(KeyCode::Char('t'), chat);
        assert_eq!(press(KeyCode::Esc, chat).as_deref(), Some("unsaid"));
        assert_eq!(press(KeyCode::Char('y'), chat).as_deref(), Some("yes"));
    }
}
