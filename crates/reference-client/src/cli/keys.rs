//! Keys by name, for a helper without a window.

use alongside_client::keymap::{LEFT_SHIFT, us_layout};
use alongside_wire::input::InputEvent;

const NAMED: &[(&str, u16)] = &[
    ("enter", 0x28),
    ("escape", 0x29),
    ("backspace", 0x2A),
    ("tab", 0x2B),
    ("space", 0x2C),
    ("capslock", 0x39),
    ("printscreen", 0x46),
    ("insert", 0x49),
    ("home", 0x4A),
    ("pageup", 0x4B),
    ("delete", 0x4C),
    ("end", 0x4D),
    ("pagedown", 0x4E),
    ("right", 0x4F),
    ("left", 0x50),
    ("down", 0x51),
    ("up", 0x52),
    ("menu", 0x65),
];

const MODIFIERS: &[(&str, u16)] = &[
    ("ctrl", 0xE0),
    ("shift", LEFT_SHIFT),
    ("alt", 0xE2),
    ("super", 0xE3),
];

/// The strokes that type a text on a US keyboard; the second value is what has no key there.
pub(crate) fn type_text(text: &str) -> (Vec<InputEvent>, String) {
    let mut events = Vec::new();
    let mut missing = String::new();
    for character in text.chars() {
        match us_layout(character) {
            Some((false, usage)) => stroke(&[], usage, &mut events),
            Some((true, usage)) => stroke(&[LEFT_SHIFT], usage, &mut events),
            None => missing.push(character),
        }
    }
    (events, missing)
}

/// The strokes of a key such as `a`, `F5`, `Escape`, `Ctrl+Shift+T`.
pub(crate) fn press(name: &str) -> Option<Vec<InputEvent>> {
    let lower = name.to_lowercase();
    let mut parts: Vec<&str> = lower.split('+').collect();
    let last = parts.pop()?;
    let mut held: Vec<u16> = parts
        .iter()
        .map(|part| find(MODIFIERS, part))
        .collect::<Option<_>>()?;
    let (shift, usage) = usage(last)?;
    if shift && !held.contains(&LEFT_SHIFT) {
        held.push(LEFT_SHIFT);
    }
    let mut events = Vec::new();
    stroke(&held, usage, &mut events);
    Some(events)
}

fn usage(name: &str) -> Option<(bool, u16)> {
    if let Some(usage) = find(NAMED, name).or_else(|| find(MODIFIERS, name)) {
        return Some((false, usage));
    }
    let function = name
        .strip_prefix('f')
        .and_then(|number| number.parse().ok());
    if let Some(number @ 1..=12) = function {
        return Some((false, 0x39 + number));
    }
    let mut characters = name.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => us_layout(character),
        _ => None,
    }
}

fn find(list: &[(&str, u16)], name: &str) -> Option<u16> {
    let entry = list.iter().find(|(known, _)| *known == name);
    entry.map(|(_, usage)| *usage)
}

fn stroke(held: &[u16], usage: u16, events: &mut Vec<InputEvent>) {
    let key = |usage, down| InputEvent::Key { usage, down };
    events.extend(held.iter().map(|usage| key(*usage, true)));
    events.extend([key(usage, true), key(usage, false)]);
    events.extend(held.iter().rev().map(|usage| key(*usage, false)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names() {
        let key = |usage, down| InputEvent::Key { usage, down };
        assert_eq!(press("a"), Some(vec![key(4, true), key(4, false)]));
        assert_eq!(press("F5"), Some(vec![key(0x3E, true), key(0x3E, false)]));
        let copy = [
            key(0xE0, true),
            key(6, true),
            key(6, false),
            key(0xE0, false),
        ];
        assert_eq!(press("Ctrl+C"), Some(copy.to_vec()));
        assert_eq!(
            (press("F13"), press("nonsense"), press("")),
            (None, None, None)
        );
    }

    #[test]
    fn what_has_no_key_is_said() {
        let (events, missing) = type_text("aß");
        assert_eq!((events.len(), missing.as_str()), (2, "ß"));
    }
}
