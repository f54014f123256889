//! Text that came from the other end, so that it can do nothing but be read.

/// Isolates within isolates that are kept. Programs that show text follow some 120.
const DEPTH: usize = 32;
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

//= spec/05-session.md#phases [SESSION-3] f0929944
//= spec/05-session.md#text [TEXT-2] e5c114ed
/// Text of the other end without what would move the cursor, ring bells, or turn around what
/// stands next to it.
///
/// Every letter of every script is kept, and so is what joins them, such as in an emoji of a family.
/// A control character or a line break becomes a space, and so does a mark that turns text around by
/// force; those that isolate a part of it stay if they come in pairs. A text from right to left is
/// isolated as a whole, so that its order ends where it ends.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut turns = false;
    // Of each open isolate, whether it was kept.
    let mut open = Vec::new();
    for character in text.chars() {
        match character {
            '\u{202A}'..='\u{202E}' => out.push(' '),
            '\u{2066}'..='\u{2068}' => {
                let kept = open.len() < DEPTH;
                open.push(kept);
                turns = true;
                out.extend(kept.then_some(character));
            }
            POP_ISOLATE => out.extend((open.pop() == Some(true)).then_some(character)),
            _ if breaks(character) => out.push(' '),
            _ => {
                turns |= is_right_to_left(character);
                out.push(character);
            }
        }
    }
    out.extend(open.iter().filter(|kept| **kept).map(|_| POP_ISOLATE));
    if turns {
        out.insert(0, FIRST_STRONG_ISOLATE);
        out.push(POP_ISOLATE);
    }
    out
}

/// Whether a character does something instead of being one, or ends a line or a paragraph, and
/// with it every isolate.
fn breaks(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Whether a character belongs to a script that is written from right to left, or marks one.
fn is_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{0590}'..='\u{08FF}'
        | '\u{200F}'
        | '\u{FB1D}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFC}'
        | '\u{10800}'..='\u{10FFF}'
        | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    //= test spec/05-session.md#phases [SESSION-3] f0929944
    #[test]
    fn text_of_others_cannot_move_the_cursor() {
        assert_eq!(plain("a\x1b[2Jb\r\n\u{202e}c"), "a [2Jb   c");
        assert_eq!(
            plain("a\u{9b}2Jb\u{7f}\u{85}\u{2028}\u{2029}c\0"),
            "a 2Jb    c "
        );
        for control in (0..0x20).chain(0x7F..0xA0).filter_map(char::from_u32) {
            assert_eq!(plain(&format!("x{control}y")), "x y");
        }
    }

    #[test]
    fn every_script_is_shown_as_it_came() {
        for text in [
            "Grüße 🙂",
            "你好,世界。電腦壞了嗎?",
            "नमस्ते",
            "👩‍👩‍👧‍👦 🏳️‍🌈 🇨🇭 👍🏽",
            "e\u{301} \u{200E}",
        ] {
            assert_eq!(plain(text), text);
        }
        for text in ["مرحبا، كيف حالك؟ 123", "שלום (world)", "abc \u{200F}1"] {
            assert_eq!(plain(text), format!("\u{2068}{text}\u{2069}"));
        }
    }

    /// How many isolates are open at the end, and the least that were open at any moment.
    fn depth(text: &str) -> (i32, i32) {
        text.chars().fold((0, 0), |(open, least), character| {
            let open = match character {
                '\u{2066}'..='\u{2068}' => open + 1,
                '\u{2069}' => open - 1,
                _ => open,
            };
            (open, least.min(open))
        })
    }

    //= test spec/05-session.md#text [TEXT-2] e5c114ed
    #[test]
    fn nothing_turns_around_what_stands_next_to_it() {
        assert_eq!(plain("\u{2069}a\u{2069}"), "a");
        assert_eq!(plain("\u{2066}a"), "\u{2068}\u{2066}a\u{2069}\u{2069}");
        assert_eq!(plain("a\u{202E}dlrow\u{202C}"), "a dlrow ");
        let isolated = "a \u{2067}שלום\u{2069} b";
        assert_eq!(plain(isolated), format!("\u{2068}{isolated}\u{2069}"));
        let deep = "\u{2066}".repeat(500) + "x" + &"\u{2069}".repeat(700);
        let marks = [
            'a', 'א', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{202E}',
        ];
        // Every text of six of these, and one that nests deeper than anything follows.
        let all = (0..7_usize.pow(6)).map(|number| {
            (0..6)
                .map(|place| marks[number / 7_usize.pow(place) % 7])
                .collect()
        });
        for text in all.chain([deep]) {
            let shown = plain(&text);
            assert_eq!(depth(&shown), (0, 0), "{text:?}");
            assert!(!shown.contains('\u{202E}'));
            let inside = |c: char| c == 'a' || c == 'א' || c == 'x';
            let letters = |text: &str| text.chars().filter(|c| inside(*c)).collect::<String>();
            assert_eq!(letters(&shown), letters(&text));
            // Whatever turns is inside an isolate of ours.
            assert!(
                !shown.contains('א') || shown.starts_with('\u{2068}'),
                "{text:?}"
            );
        }
    }
}
