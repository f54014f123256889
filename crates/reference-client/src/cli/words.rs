//! Words for people: the phrase, scopes, times.

use alongside_wire::{Scopes, rendezvous::SignedIn};
use bip39::Language;

pub(crate) use alongside_client::inert::plain;

/// The three words of a session.
pub(crate) fn phrase(places: [u16; 3]) -> String {
    let words = Language::English.word_list();
    let word = |place: u16| words.get(usize::from(place)).copied().unwrap_or("?");
    places.map(word).join(" ")
}

/// Who the relay takes a helper for, and how far they may help.
pub(crate) fn signed_in_as(signed_in: &SignedIn) -> String {
    let may = if signed_in.help.contains(Scopes::ELEVATION) {
        "may see, control and answer permission prompts, if the other person allows it"
    } else if signed_in.help.contains(Scopes::CONTROL) {
        "may see and control, if the other person allows it"
    } else if signed_in.help.contains(Scopes::VIEW) {
        "may see and not control"
    } else {
        "may help nobody"
    };
    format!("Signed in as {}; {may}.", who(signed_in))
}

/// Who the relay takes a sharer for.
pub(crate) fn signed_in_as_sharer(signed_in: &SignedIn) -> String {
    let limit = if signed_in.share.contains(Scopes::CONTROL) {
        ""
    } else if signed_in.share.contains(Scopes::VIEW) {
        "; your organisation allows nobody to control"
    } else {
        "; your organisation allows nobody to see"
    };
    format!("Signed in as {}{limit}.", who(signed_in))
}

fn who(signed_in: &SignedIn) -> String {
    let name = plain(&signed_in.name);
    if signed_in.organisation.is_empty() {
        return name;
    }
    format!("{name} ({})", plain(&signed_in.organisation))
}

/// What a helper may do, as a sharer reads it.
pub(crate) fn may(scopes: Scopes) -> String {
    let mut may = Vec::new();
    if scopes.contains(Scopes::VIEW) {
        may.push("SEE your screen");
    }
    if scopes.contains(Scopes::POINTER) {
        may.push("USE your pointer");
    }
    if scopes.contains(Scopes::KEYBOARD) {
        may.push("TYPE on your keyboard");
    }
    if scopes.contains(Scopes::ANNOTATE) {
        may.push("DRAW on your screen");
    }
    if scopes.contains(Scopes::CLIPBOARD_TO_HELPER) {
        may.push("GET what you copy and send");
    }
    if scopes.contains(Scopes::CLIPBOARD_TO_SHARER) {
        may.push("OFFER what they copied");
    }
    if scopes.contains(Scopes::ELEVATION) {
        may.push("ANSWER your system");
    }
    if scopes.contains(Scopes::CHAT) {
        may.push("chat");
    }
    if may.is_empty() {
        return "the helper may do nothing".to_owned();
    }
    format!("the helper may {}", may.join(", "))
}

/// The same where there is little room.
pub(crate) fn may_briefly(scopes: Scopes) -> String {
    let may: Vec<_> = [
        (Scopes::VIEW, "SEE"),
        (Scopes::POINTER, "POINT"),
        (Scopes::KEYBOARD, "TYPE"),
        (Scopes::ANNOTATE, "DRAW"),
        (Scopes::CLIPBOARD_TO_HELPER, "GET"),
        (Scopes::CLIPBOARD_TO_SHARER, "OFFER"),
        (Scopes::ELEVATION, "ELEVATE"),
        (Scopes::CHAT, "chat"),
    ]
    .into_iter()
    .filter_map(|(scope, word)| scopes.contains(scope).then_some(word))
    .collect();
    if may.is_empty() {
        return "helper may do nothing".to_owned();
    }
    format!("helper may {}", may.join(", "))
}

/// What a grant is about, as a sharer is asked for it.
pub(crate) fn uses(scopes: Scopes) -> String {
    let all = [
        (Scopes::POINTER, "your pointer"),
        (Scopes::KEYBOARD, "your keyboard"),
        (Scopes::ANNOTATE, "a pen on your screen"),
        (
            Scopes::CLIPBOARD_TO_HELPER,
            "what you copy, each time that you send it",
        ),
        (
            Scopes::CLIPBOARD_TO_SHARER,
            "your clipboard, for what you take of theirs",
        ),
        (
            Scopes::ELEVATION,
            "the questions of your system for permission",
        ),
    ];
    let words = all.iter().filter(|(scope, _)| scopes.contains(*scope));
    words.map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

/// Minutes and seconds.
pub(crate) fn clock(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The beginning of a long text from the other end.
pub(crate) fn excerpt(text: &str) -> String {
    const MOST: usize = 60;
    // Cut first: what isolates it must stay whole.
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} ...", plain(&text[..end])),
        None => plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phrase_is_three_words_of_the_list() {
        assert_eq!(phrase([0, 2047, 1]), "abandon zoo ability");
    }

    #[test]
    fn a_sign_in_says_who_and_how_far() {
        let signed_in = |help, share, organisation: &str| SignedIn {
            help,
            share,
            name: "Ada\n".to_owned(),
            organisation: organisation.to_owned(),
            lasts_ms: 1,
        };
        let (view, all) = (Scopes::CONSENT, Scopes::ALL);
        let told = signed_in_as(&signed_in(view.union(Scopes::CONTROL), all, "Example"));
        assert!(
            told.starts_with("Signed in as Ada  (Example); may see and control,"),
            "{told}"
        );
        let told = signed_in_as(&signed_in(view, all, ""));
        assert_eq!(told, "Signed in as Ada ; may see and not control.");
        let told = signed_in_as_sharer(&signed_in(Scopes::NONE, all, ""));
        assert_eq!(told, "Signed in as Ada .");
        let told = signed_in_as_sharer(&signed_in(Scopes::NONE, view, ""));
        assert!(told.contains("nobody to control"), "{told}");
    }

    #[test]
    fn scopes_are_said_plainly() {
        assert_eq!(may(Scopes::NONE), "the helper may do nothing");
        assert_eq!(may(Scopes::CONSENT), "the helper may SEE your screen, chat");
        assert_eq!(
            may(Scopes::ALL),
            "the helper may SEE your screen, USE your pointer, TYPE on your keyboard, DRAW on your \
             screen, GET what you copy and send, OFFER what they copied, ANSWER your system, chat"
        );
        assert_eq!(uses(Scopes::CONTROL), "your pointer, your keyboard");
        assert_eq!(may_briefly(Scopes::NONE), "helper may do nothing");
        assert_eq!(
            may_briefly(Scopes::ALL),
            "helper may SEE, POINT, TYPE, DRAW, GET, OFFER, ELEVATE, chat"
        );
    }
}
