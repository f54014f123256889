//! Cards and pictures: what needs no configuration.

use alongside_state_machine::identity::keys::SecretKey;
use alongside_wire::{
    ErrorCode, Scopes,
    session::{Consent, Introduce, Picture, PictureRequest},
};

use super::{
    cards::{own, views_with},
    shown::{BEGIN, DAY, Shown, direction, ready, shows, shows_right},
    signatures::ODD,
};
use crate::{case::Case, stage::Item};

pub(super) fn cases() -> Vec<Case> {
    [cards(), sharers(), helpers(), pictures()].concat()
}

fn cards() -> Vec<Case> {
    type Change = fn(&mut Shown);
    let wrong: [(&str, &str, &str, ErrorCode, Change); 12] = [
        (
            "backwards",
            "that expires before it begins",
            "CARD-3",
            ErrorCode::Malformed,
            |shown| {
                shown.card.expires = BEGIN - 1;
            },
        ),
        (
            "long-lived",
            "that lives longer than a day",
            "CARD-3",
            ErrorCode::Malformed,
            |shown| {
                shown.card.expires = BEGIN + DAY + 1;
            },
        ),
        (
            "brief-title",
            "that is abbreviated and has a title",
            "CARD-5",
            ErrorCode::Malformed,
            |shown| {
                brief(shown);
                shown.card.title = "Engineer".to_owned();
            },
        ),
        (
            "brief-domain",
            "that is abbreviated and has a domain",
            "CARD-5",
            ErrorCode::Malformed,
            |shown| {
                brief(shown);
                shown.card.domain = "engines.example".to_owned();
            },
        ),
        (
            "brief-name",
            "that is abbreviated and has a whole last name",
            "CARD-5",
            ErrorCode::Malformed,
            |shown| {
                brief(shown);
                shown.card.last_name = "Lo".to_owned();
            },
        ),
        (
            "control-character",
            "with a control character",
            "CARD-6",
            ErrorCode::Malformed,
            |shown| {
                shown.card.title = "Engi\u{7}neer".to_owned();
            },
        ),
        (
            "turned-text",
            "with a mark that turns text around",
            "CARD-6",
            ErrorCode::Malformed,
            |shown| {
                shown.card.organisation = "Engines\u{202E}".to_owned();
            },
        ),
        (
            "zero-width",
            "with a space that cannot be seen",
            "CARD-6",
            ErrorCode::Malformed,
            |shown| {
                shown.card.first_name = "A\u{200B}da".to_owned();
            },
        ),
        (
            "forged",
            "whose signature is not its issuer's",
            "CARD-7",
            ErrorCode::BadCard,
            |shown| {
                shown.forged = true;
            },
        ),
        (
            "other-issuer",
            "that somebody else has signed",
            "CARD-7",
            ErrorCode::BadCard,
            |shown| {
                shown.issuer = SecretKey::from_seed(&[9; 32]);
            },
        ),
        (
            "identity-key",
            "whose key is the identity",
            "CARD-4",
            ErrorCode::BadCard,
            |shown| {
                shown.card.card_key = [0; 32];
                shown.card.card_key[0] = 1;
            },
        ),
        (
            "no-key",
            "whose key is no point",
            "CARD-4",
            ErrorCode::BadCard,
            |shown| {
                shown.card.card_key = [0; 32];
                shown.card.card_key[0] = 2;
            },
        ),
    ];
    let mut all: Vec<_> = wrong
        .into_iter()
        .map(|(name, what, requirement, code, how)| {
            Case::client(
                format!("client/card/{name}"),
                format!("a card {what} ends the session"),
                &[requirement],
                move |stage| {
                    ready(stage)?;
                    let mut shown = Shown::right();
                    how(&mut shown);
                    shows_right(stage, &shown)?;
                    stage.ends(requirement, code)
                },
            )
            .twin("client/card/right")
        })
        .collect();
    for (name, what, odd) in ODD {
        let case = Case::client(
            format!("client/card/{name}"),
            format!("a card with a signature {what} ends the session"),
            &["CARD-8"],
            move |stage| {
                ready(stage)?;
                let mut shown = Shown::right();
                shown.odd = Some(odd);
                shows_right(stage, &shown)?;
                stage.ends("CARD-8", ErrorCode::BadCard)
            },
        );
        all.push(case.twin("client/card/right"));
    }
    all.push(Case::client(
        "client/card/right",
        "a card that holds, of an issuer that is not known here, is taken",
        &["CARD-7", "CARD-9"],
        |stage| {
            ready(stage)?;
            shows_right(stage, &Shown::right())?;
            stage.goes_on(["CARD-7", "CARD-9"])
        },
    ));
    for (name, what, direction_too, other_session) in [
        (
            "proof-of-another-session",
            "of another session",
            false,
            true,
        ),
        (
            "proof-of-the-other-direction",
            "of the other direction",
            true,
            false,
        ),
    ] {
        all.push(
            Case::client(
                format!("client/card/{name}"),
                format!("a card with a proof {what} ends the session with bad-proof"),
                &["CARD-9"],
                move |stage| {
                    ready(stage)?;
                    let mut transcript = stage.transcript_hash()?;
                    if other_session {
                        transcript[0] ^= 1;
                    }
                    let direction = direction(stage.role) ^ u8::from(direction_too);
                    let shown = Shown::right();
                    let proof = shown.proof(direction, &transcript);
                    shows(stage, shown.bytes(), proof)?;
                    stage.ends("CARD-9", ErrorCode::BadProof)
                },
            )
            .twin("client/card/right"),
        );
    }
    all
}

fn brief(shown: &mut Shown) {
    shown.card.profile = 1;
    shown.card.last_name = "L".to_owned();
    shown.card.title = String::new();
    shown.card.organisation = String::new();
    shown.card.domain = String::new();
}

fn sharers() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/card/unverified",
            "the person is told what is on a card of an issuer that is not known here, and that it is not verified",
            &["CARD-12", "CARD-14"],
            |stage| {
                ready(stage)?;
                shows_right(stage, &Shown::right())?;
                let asked = stage.told("consent-asked")?;
                let seen = format!("{asked:?}");
                let verified = asked.fields.get("verified") != Some(&serde_json::json!(false));
                stage.check(
                    ["CARD-14", "CARD-12"],
                    !verified,
                    "no card that is verified",
                    seen.clone(),
                )?;
                let named = asked.text("name") == "Ada Lovelace";
                stage.check("CARD-14", named, "its name", seen)
            },
        ),
        Case::sharer(
            "sharer/card/proof-without-card",
            "an introduction with a proof and no card is malformed",
            &["CARD-10"],
            |stage| {
                ready(stage)?;
                shows(stage, Vec::new(), vec![7; 64])?;
                stage.ends("CARD-10", ErrorCode::Malformed)
            },
        )
        .twin("client/card/right"),
        Case::sharer(
            "sharer/card/short-proof",
            "an introduction whose proof has not 64 bytes is malformed",
            &["CARD-10"],
            |stage| {
                ready(stage)?;
                shows(stage, Shown::right().bytes(), vec![7; 63])?;
                stage.ends("CARD-10", ErrorCode::Malformed)
            },
        )
        .twin("client/card/right"),
        Case::sharer(
            "sharer/card/name-beside",
            "an introduction with a name beside a card is malformed",
            &["CARD-10"],
            |stage| {
                ready(stage)?;
                let shown = Shown::right();
                let proof = shown.proof(1, &stage.transcript_hash()?);
                stage.introduces(Introduce {
                    opening: stage.opening,
                    name: "Ada".to_owned(),
                    card: shown.bytes(),
                    proof,
                })?;
                stage.ends("CARD-10", ErrorCode::Malformed)
            },
        )
        .twin("client/card/right"),
        Case::sharer(
            "sharer/card/ceiling",
            "what the ceiling of the helper's card does not have is beyond that of the session",
            &["CARD-18"],
            |stage| {
                ready(stage)?;
                let mut shown = Shown::right();
                shown.card.ceiling = Scopes::VIEW;
                shows_right(stage, &shown)?;
                stage.told("consent-asked")?;
                stage.agrees()?;
                stage.says_this(
                    "CARD-18",
                    Consent {
                        scopes: Scopes::VIEW,
                    },
                )
            },
        ),
        Case::sharer(
            "sharer/card/elevation",
            "elevation is beyond the ceiling where no anchor vouches for the helper",
            &["CARD-19"],
            |stage| {
                stage.ready_for_control()?;
                let request = stage.requests(Scopes::ELEVATION)?;
                let code = ErrorCode::BeyondCeiling.to_wire();
                let deny = alongside_wire::session::ControlDeny { request, code };
                stage.says_this("CARD-19", deny)
            },
        )
        .needs("control"),
        Case::sharer(
            "sharer/card/silent-before",
            "nothing but an end is sealed when the card that comes with the opening does not hold",
            &["CARD-11"],
            |stage| {
                ready(stage)?;
                let from = stage.fresh()?;
                let forged = true;
                shows_right(
                    stage,
                    &Shown {
                        forged,
                        ..Shown::right()
                    },
                )?;
                stage.await_("the connection closed", |item| {
                    matches!(item, Item::Closed(_))
                })?;
                stage.never("CARD-11", from, "sealed message but end", |item| {
                    item.sealed().is_some_and(|message| message.name() != "end")
                })
            },
        )
        .twin("client/card/right"),
        Case::sharer(
            "sharer/card/own-not-shown",
            "the sharer shows no card by itself to a helper who is not verified",
            &["CARD-20"],
            |stage| {
                views_with(stage, &own(&Shown::valid_now(), None))?;
                stage.pass(5_000)?;
                stage.never("CARD-20", 0, "card", |item| item.is_sealed("card"))
            },
        ),
    ]
}

fn helpers() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/card/again",
            "a second card ends the session",
            &["CARD-21"],
            |stage| {
                ready(stage)?;
                shows_right(stage, &Shown::right())?;
                stage.settle()?;
                shows_right(stage, &Shown::right())?;
                stage.ends("CARD-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/card/right"),
        Case::helper(
            "helper/card/unverified",
            "the person is told what is on a card of an issuer that is not known here, and that it is not verified",
            &["CARD-12"],
            |stage| {
                ready(stage)?;
                stage.fresh()?;
                shows_right(stage, &Shown::right())?;
                let shown = stage.tells("CARD-12", "card-shown")?;
                let verified = ["verified", "vouched-by-relay"].contains(&shown.text("standing"));
                let seen = format!("{shown:?}");
                stage.check("CARD-12", !verified, "no card that is verified", seen)
            },
        )
        .needs("cards"),
    ]
}

fn pictures() -> Vec<Case> {
    vec![
        Case::client(
            "client/picture/request-without-card",
            "a request for a picture of an end that has shown no card ends the session",
            &["PICTURE-2"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(PictureRequest {})?;
                stage.ends("PICTURE-2", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/hello/waits"),
        Case::client(
            "client/picture/unasked",
            "a piece of a picture that was not asked for ends the session",
            &["PICTURE-2"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(Picture {
                    offset: 0,
                    data: vec![7; 10],
                })?;
                stage.ends("PICTURE-2", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/hello/waits"),
        Case::client(
            "client/picture/none-asked-for",
            "no picture is asked for of an end that has shown no card with one",
            &["PICTURE-1"],
            |stage| {
                stage.viewing()?;
                stage.pass(5_000)?;
                stage.never("PICTURE-1", 0, "picture-request", |item| {
                    item.is_sealed("picture-request")
                })
            },
        ),
    ]
}
