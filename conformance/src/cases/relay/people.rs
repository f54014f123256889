//! Who can sign in to a relay that is set up for it, and what it knows besides.

use alongside_relay::sign_in::Claims;
use alongside_state_machine::device::token_hash;
use alongside_wire::{
    device::{DeviceId, DeviceToken},
    rendezvous::{Call, Message, SignIn, SignedIn, Token, Wait},
};
use serde_json::{Map, Value, json};

use super::tokens;
use crate::stage::{Done, Heard, RelayStage, SetUp, Stop, Who};

/// Somebody with an account. What is empty is not said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub(super) subject: &'static str,
    pub(super) organisation: &'static str,
    pub(super) role: &'static str,
    pub(super) device: &'static str,
}

const fn person(
    subject: &'static str,
    organisation: &'static str,
    role: &'static str,
    device: &'static str,
) -> Person {
    Person {
        subject,
        organisation,
        role,
        device,
    }
}

pub(super) const ADA: Person = person("ada", EXAMPLE, "control", "compliant");
/// Of the same organisation, on a device that it knows and that is not as it wants it.
pub(super) const BOB: Person = person("bob", EXAMPLE, "view", "enrolled");
/// Of another one.
pub(super) const CYN: Person = person("cyn", "Other", "control", "compliant");
/// Of none.
pub(super) const DOT: Person = person("dot", "", "control", "compliant");
/// Of whom nothing more is said.
pub(super) const EVE: Person = person("eve", EXAMPLE, "", "");
pub(super) const FAY: Person = person("fay", EXAMPLE, "", "unenrolled");
pub(super) const EXAMPLE: &str = "Example";

/// One helper of each organisation that has rules of its own.
pub(super) const LINKS: Person = person("lin", "No links", "control", "compliant");
pub(super) const SIGNED_IN: Person = person("sig", "Who is signed in", "control", "compliant");
pub(super) const OWN: Person = person("own", "Its own", "control", "compliant");
pub(super) const OWNS: Person = person("ows", "Its own", "", "");
pub(super) const ENROLLED: Person = person("enr", "Known devices", "control", "compliant");
pub(super) const STATED: Person = person("sta", "Stated devices", "control", "compliant");
pub(super) const ELSEWHERE: Person = person("els", "Elsewhere", "control", "compliant");
pub(super) const HERE: Person = person("her", "Here", "control", "compliant");
pub(super) const WELL: Person = person("wel", "Good devices", "control", "compliant");
pub(super) const UNWELL: Person = person("unw", "Good devices", "control", "enrolled");
pub(super) const OFF: Person = person("off", "Off", "control", "compliant");
pub(super) const VIEW: Person = person("vie", "Only view", "elevation", "compliant");
pub(super) const NOTHING: Person = person("not", "Nothing", "elevation", "compliant");
pub(super) const ENDS: Person = person("end", "Ends", "control", "compliant");

const PEOPLE: &[Person] = &[
    ADA, BOB, CYN, DOT, EVE, FAY, LINKS, SIGNED_IN, OWN, OWNS, ENROLLED, STATED, ELSEWHERE, HERE,
    WELL, UNWELL, OFF, VIEW, NOTHING, ENDS,
];

/// What is the same for everybody.
pub(super) const TITLE: &str = "Analyst";
pub(super) const DOMAIN: &str = "example.org";
pub(super) const LAST_NAME: &str = "King Lovelace";

impl Person {
    pub(super) fn name(self) -> String {
        format!("{} {LAST_NAME}", self.subject)
    }

    /// What a relay is to know of somebody by these names.
    fn says(self, names: &Claims) -> Map<String, Value> {
        let name = self.name();
        let all = [
            (&names.name, name.as_str()),
            (&names.title, TITLE),
            (&names.organisation, self.organisation),
            (&names.domain, DOMAIN),
            (&names.role, self.role),
            (&names.device, self.device),
        ];
        let said = all.into_iter().filter(|(_, value)| !value.is_empty());
        said.map(|(name, value)| (name.clone(), value.into()))
            .collect()
    }

    fn account(self) -> Value {
        let role = "role".to_owned();
        let mut account = self.says(&Claims {
            role,
            ..Claims::default()
        });
        account.insert("subject".to_owned(), self.subject.into());
        account.insert("token".to_owned(), self.token().into());
        account.into()
    }

    fn token(self) -> String {
        format!("the token of {}", self.subject)
    }

    /// The claims of a token that is good for an hour from this date on.
    pub(super) fn claims(self, date: u64) -> Map<String, Value> {
        let mut claims = self.says(&Claims::default());
        claims.insert("sub".to_owned(), self.subject.into());
        claims.insert("iss".to_owned(), tokens::ISSUER.into());
        claims.insert("aud".to_owned(), tokens::AUDIENCE.into());
        claims.insert("exp".to_owned(), (date + LASTS).into());
        claims
    }
}

/// For how long the tokens are good that issuers sign: longer than any case is.
const LASTS: u64 = 1_000_000;

/// The seed of the key that cards are signed with.
pub(super) const CARDS: [u8; 32] = [0xCA; 32];

/// The device that belongs to [`EXAMPLE`]. There are more, by number, for a relay that is full.
pub(super) const DEVICE: u8 = 0x05;
const DEVICES: u8 = 4;

pub(super) const fn token_of_device(number: u8) -> DeviceToken {
    DeviceToken([number; 32])
}

pub(super) fn wait(number: u8) -> Message {
    Wait {
        device: DeviceId([number; 16]),
        token: token_of_device(number),
        offer: b"an offer".to_vec(),
    }
    .into()
}

pub(super) fn call(number: u8) -> Message {
    let device = DeviceId([number; 16]);
    Call { device }.into()
}

/// A relay that knows everybody, with rules for some organisations.
pub(super) fn staffed() -> SetUp {
    let accounts: Vec<_> = PEOPLE.iter().map(|person| person.account()).collect();
    let devices = (DEVICE..DEVICE + DEVICES).map(|number| {
        json!({
            "id": hex::encode([number; 16]),
            "token_hash": hex::encode(token_hash(&token_of_device(number))),
            "organisation": EXAMPLE,
        })
    });
    SetUp::default()
        .with("accounts", accounts.into())
        .with("issuers", tokens::keys().issuers())
        .with("devices", devices.collect())
        .with("cards", json!({ "key": hex::encode(CARDS) }))
        .with("policy", rules(json!({}), json!({ "devices": "unknown" })))
}

/// Rules of the two products, and those of the organisations.
pub(super) fn rules(assist: Value, organisation: Value) -> Value {
    let organisations = [
        (LINKS, json!({ "links": false })),
        (SIGNED_IN, json!({ "sharers": "signed-in" })),
        (OWN, json!({ "sharers": "same-organisation" })),
        (ENROLLED, json!({ "devices": "enrolled" })),
        (STATED, json!({ "devices": "unenrolled" })),
        (ELSEWHERE, json!({ "networks": ["192.0.2.0/24"] })),
        (HERE, json!({ "networks": ["192.0.2.0/24", "127.0.0.0/8"] })),
        (WELL, json!({ "own_device": "compliant" })),
        (OFF, json!({ "enabled": false })),
        (VIEW, json!({ "most": "view" })),
        (NOTHING, json!({ "most": "none" })),
        (ENDS, json!({ "end_at_expiry": true })),
    ];
    let organisations = organisations.map(|(one, rules)| (one.organisation.to_owned(), rules));
    json!({
        "assist": assist,
        "organisation": organisation,
        "organisations": Map::from_iter(organisations),
    })
}

/// What somebody signs in with, by whatever the relay takes.
pub(super) fn sign_in(stage: &RelayStage<'_>, person: Person) -> Message {
    match stage.can("accounts") {
        true => by_token(&person.token()),
        false => by_jwt(&tokens::keys().token(&person.claims(stage.date()))),
    }
}

pub(super) fn by_token(token: &str) -> Message {
    let token = Token::new(token);
    SignIn { method: 1, token }.into()
}

pub(super) fn by_jwt(token: &str) -> Message {
    let token = Token::new(token);
    SignIn { method: 2, token }.into()
}

/// A sign-in that proves nothing, by a method that the relay has.
pub(super) fn nobody(stage: &RelayStage<'_>) -> Message {
    match stage.can("accounts") {
        true => by_token("the token of nobody"),
        false => by_jwt("the token of nobody"),
    }
}

/// A client signs in.
pub(super) fn signs_in(stage: &mut RelayStage<'_>, who: Who, person: Person) -> Done<SignedIn> {
    let message = sign_in(stage, person);
    stage.say(who, message);
    signed_in(stage, who)
}

/// A client that has asked for it is signed in.
pub(super) fn signed_in(stage: &mut RelayStage<'_>, who: Who) -> Done<SignedIn> {
    match stage.await_(who, "signed-in", |heard| heard.is("signed-in"))? {
        Heard::Said(Message::SignedIn(signed_in)) => Ok(signed_in),
        other => Err(Stop::Harness(format!("{other} is no signed-in"))),
    }
}

/// A client that is signed in.
pub(super) fn client_of(stage: &mut RelayStage<'_>, person: Person) -> Done<Who> {
    let who = stage.client()?;
    signs_in(stage, who, person)?;
    Ok(who)
}
