//! The other person, as far as anybody vouches for them: the trust screen.

use alongside_state_machine::identity::trust::{Doubt, Standing, Who};
use alongside_wire::{Profile, card::Card};

use super::words::plain;

//= spec/15-identity.md#trust [CARD-16] f98622db
/// What is known of somebody, a line for each thing, so that no text can be taken for another.
pub(crate) fn lines(name: &str, who: &Who) -> Vec<String> {
    let mut lines = Vec::new();
    match &who.card {
        Some(card) => describe(card, &mut lines),
        None => lines.push(line("name", name)),
    }
    lines.push(format!("  {}", worth(&who.standing)));
    lines
}

/// The name and its worth in a few words, for a question.
pub(crate) fn briefly(name: &str, who: &Who) -> String {
    let name = match &who.card {
        Some(card) => plain(&card.name()),
        None => plain(name),
    };
    match &who.standing {
        Standing::Verified { issuer } => format!("\"{name}\" (verified by {})", plain(issuer)),
        //= spec/15-identity.md#trust [CARD-15] 8401d423
        Standing::VouchedByRelay { issuer } => {
            format!(
                "\"{name}\" (vouched for by the relay's operator, {})",
                plain(issuer)
            )
        }
        Standing::Unverified(_) => format!("\"{name}\" (unverified)"),
    }
}

fn describe(card: &Card, lines: &mut Vec<String>) {
    lines.push(line("name", &card.name()));
    if card.profile == Profile::Full.to_wire() {
        lines.push(line("job title", &card.title));
        lines.push(line("organisation", &card.organisation));
        lines.push(line("domain", &card.domain));
    }
    for picture in &card.picture {
        lines.push(line("picture", &format!("{} bytes", picture.size)));
    }
}

/// Control characters and those that turn text around are gone, and nothing else is on the line.
fn line(what: &str, text: &str) -> String {
    let text = if text.is_empty() { "(none)" } else { text };
    format!("  {what:13} {}", plain(text))
}

fn worth(standing: &Standing) -> String {
    match standing {
        Standing::Verified { issuer } => {
            format!("VERIFIED: {} says that this is true.", plain(issuer))
        }
        Standing::VouchedByRelay { issuer } => format!(
            "Only the RELAY'S OPERATOR, {}, says that this is true.",
            plain(issuer)
        ),
        //= spec/15-identity.md#trust [CARD-14] 81cea02e
        Standing::Unverified(Doubt::NoCard) => {
            "UNVERIFIED: there is no card; anybody can call themselves that.".to_owned()
        }
        Standing::Unverified(Doubt::UnknownIssuer) => {
            "UNVERIFIED: the issuer of the card is not known here; anybody can make such a card."
                .to_owned()
        }
        Standing::Unverified(Doubt::Clock) => {
            "UNVERIFIED (clock): the card is not valid at the time that this computer shows."
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alongside_wire::Scopes;

    fn card(profile: Profile, first: &str) -> Card {
        Card {
            version: 1,
            profile: profile.to_wire(),
            issuer: [0; 32],
            serial: [0; 16],
            first_name: first.to_owned(),
            last_name: "L".to_owned(),
            title: "Engineer".to_owned(),
            organisation: "Engines\u{202e}evil".to_owned(),
            domain: "engines.example".to_owned(),
            picture: Vec::new(),
            ceiling: Scopes::CONSENT,
            card_key: [0; 32],
            receipt_key: Vec::new(),
            not_before: 0,
            expires: 1,
        }
    }

    fn shown(standing: Standing, card: Option<Card>) -> (String, String) {
        let who = Who { standing, card };
        (
            lines("Eve\x1b[2J", &who).join("\n"),
            briefly("Eve\x1b[2J", &who),
        )
    }

    //= test spec/15-identity.md#trust [CARD-13] 4f46afb7
    //= test spec/15-identity.md#trust [CARD-14] 81cea02e
    //= test spec/15-identity.md#trust [CARD-15] 8401d423
    //= test spec/15-identity.md#trust [CARD-16] f98622db
    #[test]
    fn each_worth_is_shown_differently_and_everything_is_shown() {
        let issuer = || "Example Ltd".to_owned();
        let all = [
            Standing::Verified { issuer: issuer() },
            Standing::VouchedByRelay { issuer: issuer() },
            Standing::Unverified(Doubt::UnknownIssuer),
            Standing::Unverified(Doubt::Clock),
        ];
        let mut seen = Vec::new();
        for standing in all {
            let (screen, short) = shown(standing, Some(card(Profile::Full, "Ada")));
            for text in ["Ada L", "Engineer", "Engines evil", "engines.example"] {
                assert!(screen.contains(text), "{screen}");
            }
            assert!(!seen.contains(&screen));
            seen.push(screen);
            seen.push(short);
        }
        let says = |text: &str| seen.iter().filter(|shown| shown.contains(text)).count();
        assert_eq!(
            (says("VERIFIED: Example"), says("(verified by Example")),
            (1, 1)
        );
        assert_eq!((says("RELAY'S OPERATOR"), says("relay's operator")), (1, 1));
        assert_eq!((says("UNVERIFIED"), says("(unverified)")), (2, 2));
    }

    #[test]
    fn an_abbreviated_card_shows_a_name_and_nothing_else() {
        let issuer = "Example Ltd".to_owned();
        let (screen, _) = shown(
            Standing::Verified { issuer },
            Some(card(Profile::Abbreviated, "Ada")),
        );
        assert_eq!(screen.lines().count(), 2, "{screen}");
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        let (screen, short) = shown(Standing::Unverified(Doubt::NoCard), None);
        assert!(
            screen.contains("Eve [2J") && screen.contains("UNVERIFIED"),
            "{screen}"
        );
        assert_eq!(short, "\"Eve [2J\" (unverified)");
    }
}
