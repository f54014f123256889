//! Cards and pictures at both ends, advisories and receipts at a helper: what needs no configuration.

use alongside_state_machine::{
    identity::{keys::SecretKey, own},
    receipt,
};
use alongside_wire::{
    Decision, ErrorCode, Scopes, card,
    receipt::{Receipt as Signed, Statement},
    rendezvous,
    session::{
        Advisory, Card as CardMessage, Consent, DisplayInfo, Displays, Epoch, Introduce, Message,
        Picture, PictureRequest, Receipt,
    },
};

use serde_json::{Value, json};

use super::{
    cards::{anchored, own, views_with},
    signatures::{ODD, Signing},
};
use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    [
        cards(),
        sharers(),
        helpers(),
        pictures(),
        advisories(),
        receipts(),
    ]
    .concat()
}

/// The seed of the key of the suite's issuer.
pub(super) const ISSUER: [u8; 32] = [1; 32];
/// The seed of the key of whoever the card is for.
pub(super) const OWNER: [u8; 32] = [2; 32];
const DAY: u64 = 86_400;
const BEGIN: u64 = 1_800_000_000;

/// A card that nobody's anchor has signed, with its proof.
pub(super) struct Shown {
    pub(super) card: card::Card,
    owner: SecretKey,
    pub(super) issuer: SecretKey,
    /// A byte of the issuer's signature is changed.
    forged: bool,
    /// The issuer signs in an odd way.
    odd: Option<Signing>,
}

impl Shown {
    /// One that is valid now, by the computer's calendar.
    pub(super) fn valid_now() -> Self {
        let mut shown = Self::right();
        shown.card.not_before = alongside_client::unix_now() - 2 * 3_600;
        shown.card.expires = shown.card.not_before + 8 * 3_600;
        shown
    }

    pub(super) fn right() -> Self {
        let (issuer, owner) = (SecretKey::from_seed(&ISSUER), SecretKey::from_seed(&OWNER));
        let card = card::Card {
            version: 1,
            profile: 2,
            issuer: issuer.public(),
            serial: [3; 16],
            first_name: "Ada".to_owned(),
            last_name: "Lovelace".to_owned(),
            title: "Engineer".to_owned(),
            organisation: "Engines".to_owned(),
            domain: "engines.example".to_owned(),
            picture: Vec::new(),
            ceiling: Scopes::VIEW.union(Scopes::CHAT).union(Scopes::CONTROL),
            card_key: owner.public(),
            receipt_key: Vec::new(),
            not_before: BEGIN,
            expires: BEGIN + DAY,
        };
        Self {
            card,
            owner,
            issuer,
            forged: false,
            odd: None,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        use alongside_wire::card::Signable as _;
        let message = self.card.message();
        let mut signature = match self.odd {
            Some(odd) => odd(&ISSUER, &message),
            None => self.issuer.sign(&message),
        };
        if self.forged {
            signature[40] ^= 1;
        }
        card::Signed::join(&self.card, &signature)
    }

    /// As a sharer shows it.
    pub(super) fn message(&self, direction: u8, transcript: &[u8; 32]) -> CardMessage {
        CardMessage {
            card: self.bytes(),
            proof: self.proof(direction, transcript),
        }
    }

    /// What the owner signs, in this session and direction.
    fn proof(&self, direction: u8, transcript: &[u8; 32]) -> Vec<u8> {
        let mut message = b"alongside/1 card proof\0".to_vec();
        message.push(direction);
        message.extend_from_slice(transcript);
        message.extend_from_slice(&own::hash(&self.bytes()));
        self.owner.sign(&message).to_vec()
    }
}

/// The direction in which the suite's end proves something.
const fn direction(client: Role) -> u8 {
    match client {
        Role::Helper => 0,
        Role::Sharer => 1,
    }
}

/// Shows a card to the client, as the other end does.
fn shows(stage: &mut ClientStage<'_>, card: Vec<u8>, proof: Vec<u8>) -> Done {
    match stage.role {
        Role::Helper => stage.seal_one(CardMessage { card, proof }),
        Role::Sharer => stage.introduces(Introduce {
            opening: stage.opening,
            name: String::new(),
            card,
            proof,
        }),
    }
}

fn ready(stage: &mut ClientStage<'_>) -> Done {
    ready_with(stage, &json!({}))
}

/// A client that was opened so can be shown a card.
pub(super) fn ready_with(stage: &mut ClientStage<'_>, open: &Value) -> Done {
    stage.set_up(open)?;
    stage.connects()?;
    match stage.asks()? {
        rendezvous::Message::Join(join) => stage.answers(&join.offer).map(|_| ()),
        _ => {
            stage.gets_code()?;
            let envelope = stage.offers()?;
            stage.decides(envelope)
        }
    }
}

/// Shows it with the proof for this session.
pub(super) fn shows_right(stage: &mut ClientStage<'_>, shown: &Shown) -> Done {
    let transcript = stage.transcript_hash()?;
    let proof = shown.proof(direction(stage.role), &transcript);
    shows(stage, shown.bytes(), proof)
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
            "helper/advisory/again",
            "a second advisory ends the session",
            &["CARD-21"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(Advisory::default())?;
                stage.ends("CARD-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/advisory/nothing-said"),
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

/// Consent, displays and this advisory.
fn advises(stage: &mut ClientStage<'_>, advisory: Advisory) -> Done {
    stage.deciding()?;
    stage.fresh()?;
    let display = DisplayInfo {
        id: 0,
        width: 64,
        height: 48,
    };
    let displays = vec![display];
    stage.seal(&[
        Consent {
            scopes: Scopes::CONSENT,
        }
        .into(),
        Displays { displays }.into(),
        advisory.into(),
        Message::from(Epoch {
            epoch: 1,
            paused: false,
        }),
    ])
}

fn statement(
    stage: &ClientStage<'_>,
    how: impl Fn(&mut card::Statement),
    forged: bool,
    other: bool,
) -> Done<Advisory> {
    use alongside_wire::card::Signable as _;
    let (issuer, device) = (SecretKey::from_seed(&ISSUER), SecretKey::from_seed(&OWNER));
    let mut said = card::Statement {
        version: 1,
        issuer: issuer.public(),
        device_key: device.public(),
        status: 3,
        issued: BEGIN,
        expires: BEGIN + 3_600,
    };
    how(&mut said);
    let mut signature = issuer.sign(&said.message());
    if forged {
        signature[40] ^= 1;
    }
    let statement = card::Signed::join(&said, &signature);
    let mut message = b"alongside/1 device proof\0\0".to_vec();
    let mut transcript = stage.transcript_hash()?;
    if other {
        transcript[0] ^= 1;
    }
    message.extend_from_slice(&transcript);
    message.extend_from_slice(&own::hash(&statement));
    let proof = device.sign(&message).to_vec();
    Ok(Advisory { statement, proof })
}

fn advisories() -> Vec<Case> {
    type Change = fn(&mut card::Statement);
    let none: Change = |_| {};
    let wrong: [(&str, &str, &str, ErrorCode, Change, bool, bool); 6] = [
        (
            "backwards",
            "that expires before it is issued",
            "ADVISORY-3",
            ErrorCode::Malformed,
            |said| said.expires = BEGIN - 1,
            false,
            false,
        ),
        (
            "long-lived",
            "that holds longer than an hour",
            "ADVISORY-3",
            ErrorCode::Malformed,
            |said| said.expires = BEGIN + 3_601,
            false,
            false,
        ),
        (
            "status",
            "with a status that is not registered",
            "WIRE-7",
            ErrorCode::Malformed,
            |said| said.status = 9,
            false,
            false,
        ),
        (
            "forged",
            "whose signature is not its issuer's",
            "ADVISORY-4",
            ErrorCode::BadAdvisory,
            none,
            true,
            false,
        ),
        (
            "proof",
            "whose proof is of another session",
            "ADVISORY-5",
            ErrorCode::BadProof,
            none,
            false,
            true,
        ),
        (
            "device-key",
            "whose device key is none",
            "ADVISORY-5",
            ErrorCode::BadProof,
            |said| {
                said.device_key = [0; 32];
                said.device_key[0] = 1;
            },
            false,
            false,
        ),
    ];
    let mut all: Vec<_> = wrong
        .into_iter()
        .map(|(name, what, requirement, code, how, forged, other)| {
            Case::helper(
                format!("helper/advisory/{name}"),
                format!("a statement {what} ends the session"),
                &[requirement],
                move |stage| {
                    stage.deciding()?;
                    let advisory = statement(stage, how, forged, other)?;
                    advises_now(stage, advisory)?;
                    stage.ends(requirement, code)
                },
            )
            .twin("helper/advisory/not-known-here")
        })
        .collect();
    all.push(Case::helper(
        "helper/advisory/nothing-said",
        "an advisory without a statement is taken for unknown, acknowledged by a helper without anchors, and ends nothing",
        &["ADVISORY-6", "ADVISORY-7", "ADVISORY-8", "ADVISORY-9"],
        |stage| {
            advises(stage, Advisory::default())?;
            unknown(stage)
        },
    ));
    all.push(
        Case::helper(
            "helper/advisory/not-before-its-person",
            "a helper with anchors acknowledges what is said of the device when its person has, and not before",
            &["ADVISORY-8"],
            |stage| {
                ready_with(stage, &anchored(false))?;
                advises_now(stage, Advisory::default())?;
                stage.told("device")?;
                stage.pass(5_000)?;
                stage.never("ADVISORY-8", 0, "advisory-ack", |item| {
                    item.is_sealed("advisory-ack")
                })?;
                stage.act("acknowledge")?;
                stage.says("ADVISORY-8", "advisory-ack").map(|_| ())
            },
        )
        .needs("cards")
        .twin("helper/advisory/nothing-said"),
    );
    all.push(Case::helper(
        "helper/advisory/not-known-here",
        "what an issuer says that is no anchor here is taken for unknown",
        &["ADVISORY-6", "ADVISORY-7", "ADVISORY-8", "ADVISORY-9"],
        |stage| {
            stage.deciding()?;
            let advisory = statement(stage, |_| {}, false, false)?;
            advises_now(stage, advisory)?;
            unknown(stage)
        },
    ));
    all
}

fn advises_now(stage: &mut ClientStage<'_>, advisory: Advisory) -> Done {
    stage.fresh()?;
    let display = DisplayInfo {
        id: 0,
        width: 64,
        height: 48,
    };
    let displays = vec![display];
    stage.seal(&[
        Consent {
            scopes: Scopes::CONSENT,
        }
        .into(),
        Displays { displays }.into(),
        advisory.into(),
    ])
}

fn unknown(stage: &mut ClientStage<'_>) -> Done {
    stage.goes_on("ADVISORY-9")?;
    let device = stage.tells("ADVISORY-6", "device")?;
    let standing = device.text("standing");
    let said = standing == "unenrolled";
    stage.check("ADVISORY-7", !said, "unknown", format!("{device:?}"))?;
    let unknown = standing == "unknown";
    stage.check("ADVISORY-6", unknown, "unknown", format!("{device:?}"))?;
    stage.says("ADVISORY-8", "advisory-ack")?;
    stage.goes_on("ADVISORY-9")
}

fn receipts() -> Vec<Case> {
    type Change = fn(&mut Statement);
    let wrong: [(&str, &str, &str, ErrorCode, Change); 6] = [
        (
            "transcript",
            "of another session",
            "RECEIPT-10",
            ErrorCode::BadReceipt,
            |said| said.transcript[0] ^= 1,
        ),
        (
            "helper-card",
            "for another helper's card",
            "RECEIPT-10",
            ErrorCode::BadReceipt,
            |said| said.helper_card = [7; 32],
        ),
        (
            "sequence-0",
            "without a place in the order",
            "RECEIPT-8",
            ErrorCode::Malformed,
            |said| said.sequence = 0,
        ),
        (
            "fields",
            "with a grant that its decision does not have",
            "RECEIPT-8",
            ErrorCode::Malformed,
            |said| said.grant = 1,
        ),
        (
            "no-scopes",
            "without the scopes that its decision has",
            "RECEIPT-8",
            ErrorCode::Malformed,
            |said| said.scopes = Scopes::NONE,
        ),
        (
            "duration",
            "with a duration that its decision does not have",
            "RECEIPT-8",
            ErrorCode::Malformed,
            |said| said.duration_ms = 1,
        ),
    ];
    let mut all: Vec<_> = wrong
        .into_iter()
        .map(|(name, what, requirement, code, how)| {
            Case::helper(
                format!("helper/receipt/{name}"),
                format!("a receipt {what} ends the session"),
                &[requirement],
                move |stage| {
                    stage.viewing()?;
                    let mut said = said(stage)?;
                    how(&mut said);
                    gives(stage, said, false)?;
                    stage.ends(requirement, code)
                },
            )
            .twin("helper/receipt/right")
        })
        .collect();
    all.push(Case::helper(
        "helper/receipt/right",
        "receipts that hold are taken, and a gap between them is no fault",
        &["RECEIPT-9", "RECEIPT-10"],
        |stage| {
            stage.viewing()?;
            let first = said(stage)?;
            gives(stage, first, false)?;
            stage.goes_on("RECEIPT-9")?;
            gives(
                stage,
                Statement {
                    sequence: 5,
                    ..first
                },
                false,
            )?;
            stage.goes_on("RECEIPT-10")
        },
    ));
    all.push(
        Case::helper(
            "helper/receipt/forged",
            "a receipt whose signature does not verify ends the session",
            &["RECEIPT-9", "RECEIPT-10"],
            |stage| {
                stage.viewing()?;
                let first = said(stage)?;
                gives(stage, first, true)?;
                stage.ends_with("RECEIPT-9", "RECEIPT-10", ErrorCode::BadReceipt)
            },
        )
        .twin("helper/receipt/right"),
    );
    for (name, what, how) in [
        (
            "again",
            "that is not higher in sequence than the one before",
            1,
        ),
        ("other-key", "of another key than the one before", 2),
    ] {
        all.push(
            Case::helper(
                format!("helper/receipt/{name}"),
                format!("a receipt {what} ends the session"),
                &["RECEIPT-10"],
                move |stage| {
                    stage.viewing()?;
                    let first = said(stage)?;
                    gives(stage, first, false)?;
                    let mut second = Statement {
                        sequence: how,
                        ..first
                    };
                    if how == 2 {
                        second.key = SecretKey::from_seed(&ISSUER).public();
                    }
                    gives(stage, second, false)?;
                    stage.ends("RECEIPT-10", ErrorCode::BadReceipt)
                },
            )
            .twin("helper/receipt/right"),
        );
    }
    all.push(Case::sharer(
        "sharer/receipt/none-unasked",
        "no receipt is sent to the helper unless the person agreed to that before",
        &["RECEIPT-2"],
        |stage| {
            stage.viewing()?;
            stage.pass(3_000)?;
            stage.never("RECEIPT-2", 0, "receipt", |item: &Item| {
                item.is_sealed("receipt")
            })
        },
    ));
    all
}

/// What a sharer says who has consented.
pub(super) fn said(stage: &ClientStage<'_>) -> Done<Statement> {
    Ok(Statement {
        decision: Decision::ConsentAllowed,
        code: 0,
        request: 0,
        grant: 0,
        scopes: stage.consented,
        duration_ms: 0,
        time: BEGIN,
        sequence: 1,
        transcript: stage.transcript_hash()?,
        sharer_card: [0; 32],
        helper_card: [0; 32],
        key: SecretKey::from_seed(&OWNER).public(),
    })
}

/// Gives the client a receipt of it.
pub(super) fn gives(stage: &mut ClientStage<'_>, said: Statement, forged: bool) -> Done {
    let seed = match said.key == SecretKey::from_seed(&ISSUER).public() {
        true => ISSUER,
        false => OWNER,
    };
    let mut signed: Signed = receipt::sign(&SecretKey::from_seed(&seed), said);
    if forged {
        signed.signature[1][0] ^= 1;
    }
    let receipt = Box::new(signed);
    stage.seal_one(Receipt { receipt })
}
