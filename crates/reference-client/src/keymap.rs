//! Physical keys: USB HID usages, which travel, and X11 keycodes, which X servers speak.
//!
//! Both name the place of a key, not what it types: that is the sharer's layout's business.

/// Usages of page 7 (keyboard) with the Linux evdev code of the same key. X11 keycodes are evdev
/// codes plus 8. Power and sleep keys are left out: a helper has no use for them.
#[rustfmt::skip]
const KEYS: &[(u16, u8)] = &[
    // Letters.
    (0x04, 30), (0x05, 48), (0x06, 46), (0x07, 32), (0x08, 18), (0x09, 33), (0x0A, 34), (0x0B, 35),
    (0x0C, 23), (0x0D, 36), (0x0E, 37), (0x0F, 38), (0x10, 50), (0x11, 49), (0x12, 24), (0x13, 25),
    (0x14, 16), (0x15, 19), (0x16, 31), (0x17, 20), (0x18, 22), (0x19, 47), (0x1A, 17), (0x1B, 45),
    (0x1C, 21), (0x1D, 44),
    // Digits.
    (0x1E, 2), (0x1F, 3), (0x20, 4), (0x21, 5), (0x22, 6), (0x23, 7), (0x24, 8), (0x25, 9),
    (0x26, 10), (0x27, 11),
    // Enter, Escape, Backspace, Tab, Space.
    (0x28, 28), (0x29, 1), (0x2A, 14), (0x2B, 15), (0x2C, 57),
    // Punctuation, from minus to slash; 0x32 is below.
    (0x2D, 12), (0x2E, 13), (0x2F, 26), (0x30, 27), (0x31, 43), (0x33, 39), (0x34, 40), (0x35, 41),
    (0x36, 51), (0x37, 52), (0x38, 53),
    // Caps Lock.
    (0x39, 58),
    // F1 to F12.
    (0x3A, 59), (0x3B, 60), (0x3C, 61), (0x3D, 62), (0x3E, 63), (0x3F, 64), (0x40, 65), (0x41, 66),
    (0x42, 67), (0x43, 68), (0x44, 87), (0x45, 88),
    // Print Screen, Scroll Lock, Pause.
    (0x46, 99), (0x47, 70), (0x48, 119),
    // Insert, Home, Page Up, Delete, End, Page Down.
    (0x49, 110), (0x4A, 102), (0x4B, 104), (0x4C, 111), (0x4D, 107), (0x4E, 109),
    // Right, Left, Down, Up.
    (0x4F, 106), (0x50, 105), (0x51, 108), (0x52, 103),
    // Num Lock; the keypad: slash, asterisk, minus, plus, Enter, 1 to 9, 0, dot.
    (0x53, 69), (0x54, 98), (0x55, 55), (0x56, 74), (0x57, 78), (0x58, 96), (0x59, 79), (0x5A, 80),
    (0x5B, 81), (0x5C, 75), (0x5D, 76), (0x5E, 77), (0x5F, 71), (0x60, 72), (0x61, 73), (0x62, 82),
    (0x63, 83),
    // The key left of Z on ISO keyboards, Menu.
    (0x64, 86), (0x65, 127),
    // Keypad =.
    (0x67, 117),
    // F13 to F24.
    (0x68, 183), (0x69, 184), (0x6A, 185), (0x6B, 186), (0x6C, 187), (0x6D, 188), (0x6E, 189),
    (0x6F, 190), (0x70, 191), (0x71, 192), (0x72, 193), (0x73, 194),
    // Open, Help, Props, Front, Stop, Again, Undo, Cut, Copy, Paste, Find.
    (0x74, 134), (0x75, 138), (0x76, 130), (0x77, 132), (0x78, 128), (0x79, 129), (0x7A, 131),
    (0x7B, 137), (0x7C, 133), (0x7D, 135), (0x7E, 136),
    // Mute, volume up, volume down.
    (0x7F, 113), (0x80, 115), (0x81, 114),
    // Keypad comma.
    (0x85, 121),
    // JIS: Ro, Katakana/Hiragana, Yen, Henkan, Muhenkan, keypad comma.
    (0x87, 89), (0x88, 93), (0x89, 124), (0x8A, 92), (0x8B, 94), (0x8C, 95),
    // Hangul, Hanja, Katakana, Hiragana, Zenkaku/Hankaku.
    (0x90, 122), (0x91, 123), (0x92, 90), (0x93, 91), (0x94, 85),
    // Left Ctrl, Shift, Alt, Super; right Ctrl, Shift, Alt, Super.
    (0xE0, 29), (0xE1, 42), (0xE2, 56), (0xE3, 125), (0xE4, 97), (0xE5, 54), (0xE6, 100),
    (0xE7, 126),
];

/// Usage of the `#` key of some keyboards, which shares its place with `\` (0x31) of others.
const NON_US_HASH: u16 = 0x32;

/// Lowest X11 keycode.
const X11_FIRST: u8 = 8;

/// The usages known, each with its X11 keycode: one to one.
pub fn keys() -> impl Iterator<Item = (u16, u8)> {
    KEYS.iter()
        .map(|&(usage, evdev)| (usage, evdev + X11_FIRST))
}

/// The X11 keycode of the key with this usage.
pub fn x11_keycode(usage: u16) -> Option<u8> {
    let usage = if usage == NON_US_HASH { 0x31 } else { usage };
    keys()
        .find(|(known, _)| *known == usage)
        .map(|(_, keycode)| keycode)
}

/// The usage of the key with this X11 keycode.
pub fn usage(keycode: u8) -> Option<u16> {
    keys()
        .find(|(_, known)| *known == keycode)
        .map(|(usage, _)| usage)
}

/// The usage of the left Shift key.
pub const LEFT_SHIFT: u16 = 0xE1;

/// Which key of a US keyboard types a character, and whether with Shift. A newline is Enter.
///
/// It types that character on the sharer's machine only if the layout there is US too.
pub fn us_layout(character: char) -> Option<(bool, u16)> {
    /// The keys that are neither letters nor in the order of their characters.
    const PAIRS: [(&str, u16); 2] = [
        // Digits: without and with Shift, from usage 0x1E on.
        ("1!2@3#4$5%6^7&8*9(0)", 0x1E),
        // Punctuation, from usage 0x2D on. Usage 0x32 is no key of a US keyboard.
        ("-_=+[{]}\\|\0\0;:'\"`~,<.>/?", 0x2D),
    ];
    match character {
        'a'..='z' => return Some((false, 0x04 + (character as u16 - 'a' as u16))),
        'A'..='Z' => return Some((true, 0x04 + (character as u16 - 'A' as u16))),
        '\n' => return Some((false, 0x28)),
        '\t' => return Some((false, 0x2B)),
        ' ' => return Some((false, 0x2C)),
        '\0' => return None,
        _ => {}
    }
    PAIRS.iter().find_map(|(pairs, first)| {
        let index = pairs.chars().position(|known| known == character)? as u16;
        Some((index % 2 == 1, first + index / 2))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_map_one_to_one() {
        let usages: BTreeSet<_> = keys().map(|(usage, _)| usage).collect();
        let keycodes: BTreeSet<_> = keys().map(|(_, keycode)| keycode).collect();
        assert_eq!((usages.len(), keycodes.len()), (KEYS.len(), KEYS.len()));
        for (known, keycode) in keys() {
            assert_eq!(x11_keycode(known), Some(keycode));
            assert_eq!(usage(keycode), Some(known));
        }
        assert_eq!(x11_keycode(NON_US_HASH), x11_keycode(0x31));
        assert_eq!(
            (x11_keycode(0), x11_keycode(0x66), usage(8)),
            (None, None, None)
        );
    }

    #[test]
    fn a_us_keyboard_types_all_of_ascii() {
        let mut typed = BTreeSet::new();
        for character in (' '..='~').chain("\n\t".chars()) {
            let stroke = us_layout(character).expect("a key");
            assert!(x11_keycode(stroke.1).is_some(), "{character:?}");
            assert!(typed.insert(stroke), "{character:?} shares its keys");
        }
        assert_eq!(us_layout('#'), Some((true, 0x20)));
        assert_eq!(us_layout('?'), Some((true, 0x38)));
        assert_eq!(us_layout(';'), Some((false, 0x33)));
        assert_eq!((us_layout('\0'), us_layout('\u{e4}')), (None, None));
    }
}
