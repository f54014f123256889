//! Cards at an end that has anchors, and its own card.

use alongside_state_machine::identity::{keys::SecretKey, own::hash};
use alongside_wire::{
    ErrorCode, Scopes,
    rendezvous::{CardChallenge, CardIssued, CardRequest, Message as ToRelay, SignedIn},
    session::Consent,
};
use serde_json::{Value, json};

use super::shown::{ISSUER, OWNER, Shown, ready_with, shows_right};
use crate::{
    case::Case,
    driver::{Event, Role},
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [trust(), ceilings(), needed(), issued(), again()].concat();
    all.into_iter().map(|case| case.needs("cards")).collect()
}

/// What the suite's issuer is called at the client.
const NAME: &str = "Engines Ltd";

/// `open` with the suite's issuer as an anchor.
pub(super) fn anchored(runs_relay: bool) -> Value {
    let key = hex::encode(SecretKey::from_seed(&ISSUER).public());
    json!({ "anchors": [{ "name": NAME, "key": key, "runs-relay": runs_relay }] })
}

/// The client is shown this, and tells of it.
fn told_of(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    open: &Value,
    shown: &Shown,
) -> Done<Event> {
    ready_with(stage, open)?;
    stage.fresh()?;
    shows_right(stage, shown)?;
    match stage.role {
        Role::Sharer => stage.tells(requirement, "consent-asked"),
        Role::Helper => stage.tells(requirement, "card-shown"),
    }
}

/// It tells this standing, by this issuer.
fn stands(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    told: &Event,
    standing: &str,
    issuer: &str,
) -> Done {
    let verified = told.fields.get("verified").and_then(Value::as_bool);
    let right = told.text("standing") == standing
        && told.text("issuer") == issuer
        && (stage.role == Role::Helper || verified == Some(standing == "verified"));
    let expected = format!("{standing}, by {issuer:?}");
    stage.check(requirement, right, &expected, format!("{told:?}"))
}

fn trust() -> Vec<Case> {
    type Dates = fn(&mut Shown);
    let dated: [(&str, &str, Dates); 2] = [
        ("expired", "that has expired", |shown| {
            shown.card.expires = shown.card.not_before + 60;
        }),
        ("not-yet", "that is not valid yet", |shown| {
            shown.card.not_before += 3 * 3_600;
        }),
    ];
    let mut all = vec![
        Case::client(
            "client/card/verified",
            "a card of an anchor's that is valid now is shown as verified by it, with all its texts",
            &["CARD-13", "CARD-16"],
            |stage| {
                let shown = Shown::valid_now();
                let told = told_of(stage, "CARD-13", &anchored(false), &shown)?;
                stands(stage, "CARD-13", &told, "verified", NAME)?;
                let texts = json!({
                    "first-name": shown.card.first_name,
                    "last-name": shown.card.last_name,
                    "title": shown.card.title,
                    "organisation": shown.card.organisation,
                    "domain": shown.card.domain,
                });
                let right = told.fields.get("card") == Some(&texts);
                stage.check("CARD-16", right, &texts.to_string(), format!("{told:?}"))
            },
        ),
        Case::client(
            "client/card/vouched-by-relay",
            "a card whose issuer also runs the relay is shown as what the relay's operator vouches for",
            &["CARD-15"],
            |stage| {
                let told = told_of(stage, "CARD-15", &anchored(true), &Shown::valid_now())?;
                stands(stage, "CARD-15", &told, "vouched-by-relay", NAME)
            },
        )
        .twin("client/card/verified"),
        Case::sharer(
            "sharer/card/answered-too-early",
            "no answer to the question for consent is taken before the card was shown",
            &["CARD-16"],
            |stage| {
                ready_with(stage, &anchored(false))?;
                let from = stage.here();
                let _ = stage.ask("contact", json!({ "by": "person" }))?;
                stage.may_not("CARD-16", "consent", json!({ "allow": true }))?;
                shows_right(stage, &Shown::valid_now())?;
                stage.tells("CARD-16", "consent-asked")?;
                stage.never("CARD-16", from, "consent", |item| item.is_sealed("consent"))
            },
        )
        .twin("sharer/consent/given"),
    ];
    all.extend(dated.into_iter().map(|(name, what, how)| {
        Case::client(
            format!("client/card/{name}"),
            format!("a card of an anchor's {what} is shown as unverified"),
            &["CARD-13"],
            move |stage| {
                let mut shown = Shown::valid_now();
                how(&mut shown);
                let told = told_of(stage, "CARD-13", &anchored(false), &shown)?;
                stands(stage, "CARD-13", &told, "clock", "")
            },
        )
        .twin("client/card/verified")
    }));
    all
}

fn needed() -> Vec<Case> {
    let open = |runs_relay: bool| {
        let mut open = anchored(runs_relay);
        open["needs-card"] = json!(true);
        open
    };
    let refused = |stage: &mut ClientStage<'_>| {
        stage.never_tells("CARD-17", 0, "consent-asked")?;
        stage.ends("CARD-17", ErrorCode::CardNeeded)
    };
    vec![
        Case::sharer(
            "sharer/card/needed",
            "a sharer that needs a card takes one that an anchor vouches for",
            &["CARD-17"],
            move |stage| {
                let told = told_of(stage, "CARD-17", &open(false), &Shown::valid_now())?;
                stands(stage, "CARD-17", &told, "verified", NAME)
            },
        ),
        Case::sharer(
            "sharer/card/needed-by-the-relay",
            "and one that an anchor vouches for which runs the relay",
            &["CARD-17"],
            move |stage| {
                let told = told_of(stage, "CARD-17", &open(true), &Shown::valid_now())?;
                stands(stage, "CARD-17", &told, "vouched-by-relay", NAME)
            },
        ),
        Case::sharer(
            "sharer/card/needed-and-none",
            "a sharer that needs a card ends the session without a question when the helper shows none",
            &["CARD-17"],
            move |stage| {
                ready_with(stage, &open(false))?;
                stage.introduce("Ada")?;
                refused(stage)
            },
        )
        .twin("sharer/card/needed"),
        Case::sharer(
            "sharer/card/needed-and-unknown",
            "and when nobody vouches for the one that is shown",
            &["CARD-17"],
            move |stage| {
                ready_with(stage, &open(false))?;
                let mut shown = Shown::valid_now();
                shown.issuer = SecretKey::from_seed(&[9; 32]);
                shown.card.issuer = shown.issuer.public();
                shows_right(stage, &shown)?;
                refused(stage)
            },
        )
        .twin("sharer/card/needed"),
    ]
}

/// A card that the relay issues, and what is wrong with it.
type Change = fn(&mut Shown);

fn issued() -> Vec<Case> {
    let wrong: [(&str, &str, Change); 3] = [
        ("other-key", "for another key", |shown| {
            shown.card.card_key = SecretKey::from_seed(&OWNER).public();
        }),
        ("other-profile", "of another profile", |shown| {
            shown.card.profile = 1;
            shown.card.last_name = "L".to_owned();
            shown.card.title = String::new();
            shown.card.organisation = String::new();
            shown.card.domain = String::new();
        }),
        (
            "receipt-key",
            "with a receipt key that was not asked for",
            |shown| {
                let key = SecretKey::from_seed(&OWNER).public();
                shown.card.receipt_key = match shown.card.receipt_key.as_slice() {
                    [] => vec![key],
                    _ => Vec::new(),
                };
            },
        ),
    ];
    let mut all: Vec<_> = wrong
        .into_iter()
        .map(|(name, what, how)| {
            Case::client(
                format!("client/card/issued-{name}"),
                format!("a client that is issued a card {what} ends"),
                &["CARD-26"],
                move |stage| {
                    is_issued(stage, how)?;
                    stage.ends("CARD-26", ErrorCode::BadCard)
                },
            )
            .twin("client/card/issued")
        })
        .collect();
    all.push(Case::client(
        "client/card/issued",
        "a card for the key, the profile and the receipt keys that were asked for is taken",
        &["CARD-26"],
        |stage| {
            is_issued(stage, |_| {})?;
            let asks = |item: &Item| item.is_to_relay("join") || item.is_to_relay("code-request");
            stage.sees("CARD-26", "what it wants to do with it", asks)?;
            Ok(())
        },
    ));
    all.into_iter().map(|case| case.needs("sign-in")).collect()
}

/// The relay issues a card that was asked for, but for this.
fn is_issued(stage: &mut ClientStage<'_>, how: Change) -> Done {
    stage.set_up(&json!({ "token": "a-token", "ask-card": "full" }))?;
    stage.connects()?;
    stage.greet();
    stage.await_("sign-in", |item| item.is_to_relay("sign-in"))?;
    let all = Scopes::ALL;
    stage.say(SignedIn {
        help: all,
        share: all,
        name: "Ada".to_owned(),
        organisation: String::new(),
        lasts_ms: 3_600_000,
    });
    let asked = stage.await_("card-request", |item| item.is_to_relay("card-request"))?;
    let Item::ToRelay(ToRelay::CardRequest(CardRequest {
        card_key,
        receipt_key,
        ..
    })) = asked
    else {
        return Err(Stop::Harness(format!("{asked} is no request")));
    };
    stage.say(CardChallenge { challenge: [7; 32] });
    stage.await_("card-proof", |item| item.is_to_relay("card-proof"))?;
    stage.fresh()?;
    let mut shown = Shown::valid_now();
    shown.card.card_key = card_key;
    shown.card.receipt_key = receipt_key;
    how(&mut shown);
    let card = shown.bytes();
    stage.say(CardIssued { card });
    Ok(())
}

/// `open` with a card of the client's own.
pub(super) fn own(shown: &Shown, picture: Option<&[u8]>) -> Value {
    let mut card = json!({
        "signed": hex::encode(shown.bytes()),
        "key": hex::encode(OWNER),
    });
    if let Some(picture) = picture {
        card["picture"] = json!(hex::encode(picture));
    }
    json!({ "card": card })
}

/// `open` with a card that has a receipt key, and for receipts; the hash of that card, and the key.
pub(in crate::cases) fn own_with_receipt_key() -> (Value, [u8; 32], [u8; 32]) {
    const RECEIPTS: [u8; 32] = [4; 32];
    let key = SecretKey::from_seed(&RECEIPTS).public();
    let mut shown = Shown::valid_now();
    shown.card.receipt_key = vec![key];
    let mut open = own(&shown, None);
    open["card"]["receipt-key"] = json!(hex::encode(RECEIPTS));
    open["receipts"] = json!(true);
    (open, hash(&shown.bytes()), key)
}

/// Chat is within what both ends offer, and only the card leaves it out.
fn ceilings() -> Vec<Case> {
    let decides = |stage: &mut ClientStage<'_>, ceiling: Scopes| {
        let mut shown = Shown::valid_now();
        shown.card.ceiling = ceiling;
        stage.set_up(&own(&shown, None))?;
        stage.connects()?;
        stage.asks_and_decides()
    };
    vec![
        Case::helper(
            "helper/card/own-with-chat",
            "a helper whose card has chat takes a consent to chat",
            &["CARD-18"],
            move |stage| {
                decides(stage, Scopes::CONSENT)?;
                stage.consents(Scopes::CONSENT)?;
                stage.goes_on("CARD-18")
            },
        ),
        Case::helper(
            "helper/card/own-without-chat",
            "a helper ends the session at a consent to what the ceiling of its own card does not have",
            &["CARD-18"],
            move |stage| {
                decides(stage, Scopes::VIEW)?;
                let scopes = Scopes::CONSENT;
                stage.seal_one(Consent { scopes })?;
                stage.ends("CARD-18", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/card/own-with-chat"),
    ]
}

fn again() -> Vec<Case> {
    let card = |item: &Item| item.is_sealed("card");
    let all = [
        Case::sharer(
            "sharer/again/card",
            "a card that was shown is shown again when the session goes on",
            &["RECON-38"],
            move |stage| {
                views_with(stage, &own(&Shown::valid_now(), None))?;
                stage.act("show-card")?;
                let before = stage.hears("card")?;
                let from = stage.fresh()?;
                stage.comes_back()?;
                let after = stage.says("RECON-38", "card")?;
                let (expected, seen) = (format!("{before:?}"), format!("{after:?}"));
                stage.check("RECON-38", before == after, &expected, seen)?;
                stage.settle()?;
                let often = stage.count(from, card);
                stage.check("RECON-38", often == 1, "one card", often.to_string())
            },
        ),
        Case::sharer(
            "sharer/again/card-not-shown",
            "one that was not shown is not shown then",
            &["RECON-38"],
            move |stage| {
                views_with(stage, &own(&Shown::valid_now(), None))?;
                stage.comes_back()?;
                stage.never("RECON-38", 0, "card", card)
            },
        )
        .twin("sharer/again/card"),
        Case::sharer(
            "sharer/again/card-while-frozen",
            "a card is not shown while the session is frozen",
            &["RECON-40"],
            move |stage| {
                views_with(stage, &own(&Shown::valid_now(), None))?;
                stage.loses()?;
                stage.may_not("RECON-40", "show-card", json!({}))?;
                stage.rejoins(true)?;
                stage.reconnects()?;
                stage.told_state()?;
                stage.answers_state()?;
                stage.told("back")?;
                stage.never("RECON-40", 0, "card", card)?;
                stage.act("show-card")?;
                stage.says("RECON-40", "card").map(|_| ())
            },
        )
        .twin("sharer/again/card"),
    ];
    all.into_iter()
        .map(|case| case.needs("reconnect"))
        .collect()
}

/// A client that was opened so, until the screen may be seen.
pub(super) fn views_with(stage: &mut ClientStage<'_>, open: &Value) -> Done {
    stage.set_up(open)?;
    stage.connects()?;
    stage.asks_and_decides()?;
    stage.views()?;
    stage.fresh().map(|_| ())
}
