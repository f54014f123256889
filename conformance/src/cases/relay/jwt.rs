//! Tokens that an issuer has signed.

use alongside_state_machine::relay::account::Role;
use alongside_wire::{
    ErrorCode, Scopes,
    rendezvous::{CodeRequest, Message},
};
use serde_json::{Map, Value, json};

use super::{
    people::{ADA, BOB, EVE, STATED, by_jwt, client_of, signed_in, staffed},
    tokens::{AUDIENCE, ISSUER, OTHER, keys},
    words::refused,
};
use crate::{
    case::Case,
    stage::{Done, RelayStage},
};

pub(super) fn cases() -> Vec<Case> {
    let staff = staffed();
    let case = |id, title, checks: &[&'static str], run: fn(&mut RelayStage<'_>) -> Done| {
        Case::relay(id, title, checks, run)
            .set_up(&staff)
            .needs("issuers")
    };
    vec![
        case(
            "relay/jwt/right",
            "tokens by keys of each kind are taken, and say whose they are",
            &["AUTH-14", "AUTH-15"],
            right,
        ),
        case(
            "relay/jwt/other-algorithms",
            "a token that is not signed, or by another algorithm than the three, proves nothing",
            &["AUTH-13"],
            other_algorithms,
        )
        .twin("relay/jwt/right"),
        case(
            "relay/jwt/other-key",
            "a token by another key than it names, for another algorithm, or that names none, proves nothing",
            &["AUTH-14"],
            other_key,
        )
        .twin("relay/jwt/right"),
        case(
            "relay/jwt/claims",
            "a token without an end or an owner, of another issuer, or for somebody else, proves nothing",
            &["AUTH-15"],
            claims,
        )
        .twin("relay/jwt/right"),
        case(
            "relay/jwt/tolerance",
            "a token is taken somewhat before it begins and after it ends, because clocks are wrong",
            &["AUTH-17"],
            tolerance,
        ),
        case(
            "relay/jwt/too-early",
            "a token that begins later than clocks may be wrong proves nothing",
            &["AUTH-16", "AUTH-17"],
            too_early,
        )
        .needs("clock")
        .twin("relay/jwt/tolerance"),
        case(
            "relay/jwt/expired",
            "a token that ended longer ago than clocks may be wrong has expired, and a wrong one proves nothing",
            &["AUTH-4", "AUTH-17"],
            expired,
        )
        .needs("clock")
        .twin("relay/jwt/tolerance"),
        case(
            "relay/jwt/ends",
            "a sign-in ends with its token",
            &["AUTH-10"],
            ends,
        )
        .needs("clock")
        .twin("relay/jwt/right"),
        case(
            "relay/jwt/unknown-role",
            "a role that the relay does not know is none",
            &["AUTH-18"],
            unknown_role,
        )
        .twin("relay/jwt/right"),
        case(
            "relay/jwt/unknown-standing",
            "a standing of a device that the relay does not know is unknown",
            &["AUTH-21"],
            unknown_standing,
        )
        .needs("policy")
        .twin("relay/policy/enrolled"),
    ]
}

const FAILED: Message = refused(ErrorCode::SignInFailed);
/// By how many seconds a clock may be wrong.
const TOLERANCE: u64 = alongside_wire::limits::timers::CLOCK_TOLERANCE / 1_000;

/// Ada's claims with another in place of one; null takes it away.
fn with(stage: &RelayStage<'_>, name: &str, value: Value) -> Map<String, Value> {
    let mut claims = ADA.claims(stage.date());
    match value {
        Value::Null => claims.remove(name),
        value => claims.insert(name.to_owned(), value),
    };
    claims
}

/// From a source that has failed to do nothing yet.
fn says(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    source: u8,
    token: &str,
    answer: Option<&Message>,
) -> Done {
    let who = stage.client_from(source)?;
    stage.say(who, by_jwt(token));
    match answer {
        Some(refused) => stage.next(requirement, who, refused),
        None => stage
            .sees(requirement, who, "signed-in", |heard| heard.is("signed-in"))
            .map(|_| ()),
    }
}

fn all(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    tokens: &[String],
    answer: Option<&Message>,
) -> Done {
    for (source, token) in (1..).zip(tokens) {
        says(stage, requirement, source, token, answer)?;
    }
    Ok(())
}

fn right(stage: &mut RelayStage<'_>) -> Done {
    let ada = ADA.claims(stage.date());
    let by = |alg, kid| keys().signed(alg, Some(kid), kid, &ada);
    let tokens = [by("EdDSA", "ed"), by("ES256", "ec"), by("RS256", "rsa")];
    all(stage, "AUTH-14", &tokens, None)?;
    let audiences = with(stage, "aud", json!(["somebody", AUDIENCE]));
    let others = with(stage, "iss", OTHER.into());
    let tokens = [
        keys().token(&audiences),
        keys().signed("EdDSA", Some("other"), "other", &others),
    ];
    all(stage, "AUTH-15", &tokens, None)
}

fn other_algorithms(stage: &mut RelayStage<'_>) -> Done {
    let ada = ADA.claims(stage.date());
    let tokens = [
        ("none", "ed", "nobody"),
        ("HS256", "ed", "ed"),
        ("RS384", "rsa", "rsa"),
        ("RS512", "rsa", "rsa"),
        ("PS256", "rsa", "rsa"),
    ];
    let tokens = tokens.map(|(alg, kid, by)| keys().signed(alg, Some(kid), by, &ada));
    all(stage, "AUTH-13", &tokens, Some(&FAILED))
}

fn other_key(stage: &mut RelayStage<'_>) -> Done {
    let ada = ADA.claims(stage.date());
    let tokens = [
        ("EdDSA", Some("ed"), "other"),
        ("EdDSA", Some("nobodys"), "ed"),
        ("EdDSA", None, "ed"),
        ("ES256", Some("ed"), "ec"),
        ("EdDSA", Some("ec"), "ed"),
        ("RS256", Some("ec"), "rsa"),
        ("EdDSA", Some("ed"), "nobody"),
    ];
    let tokens = tokens.map(|(alg, kid, by)| keys().signed(alg, kid, by, &ada));
    all(stage, "AUTH-14", &tokens, Some(&FAILED))
}

fn claims(stage: &mut RelayStage<'_>) -> Done {
    let tokens = [
        ("exp", Value::Null),
        ("exp", json!("9999999999")),
        ("iss", json!("https://nobody.example")),
        ("iss", json!(OTHER)),
        ("iss", Value::Null),
        ("aud", json!("somebody")),
        ("aud", Value::Null),
        ("sub", Value::Null),
    ];
    let tokens = tokens.map(|(name, value)| keys().token(&with(stage, name, value)));
    all(stage, "AUTH-15", &tokens, Some(&FAILED))?;
    // The other issuer cannot sign for this one.
    let claims = with(stage, "iss", ISSUER.into());
    let foreign = keys().signed("EdDSA", Some("other"), "other", &claims);
    says(stage, "AUTH-15", 20, &foreign, Some(&FAILED))
}

/// How far from its moment a token is that must be on one side of it: by the relay's own clock that is
/// a second, by the computer's more.
fn margin(stage: &RelayStage<'_>) -> u64 {
    if stage.has_clock() { 1 } else { 60 }
}

fn tolerance(stage: &mut RelayStage<'_>) -> Done {
    let (date, margin) = (stage.date(), margin(stage));
    let early = with(stage, "nbf", (date + TOLERANCE - margin).into());
    let late = with(stage, "exp", (date - TOLERANCE + margin).into());
    let tokens = [keys().token(&early), keys().token(&late)];
    all(stage, "AUTH-17", &tokens, None)
}

fn too_early(stage: &mut RelayStage<'_>) -> Done {
    let begins = stage.date() + TOLERANCE + 1;
    let early = keys().token(&with(stage, "nbf", begins.into()));
    says(stage, "AUTH-16", 1, &early, Some(&FAILED))?;
    stage.pass(1_000)?;
    says(stage, "AUTH-17", 1, &early, None)
}

fn expired(stage: &mut RelayStage<'_>) -> Done {
    let ended = stage.date() - TOLERANCE + 1;
    let late = with(stage, "exp", ended.into());
    let token = keys().token(&late);
    says(stage, "AUTH-17", 1, &token, None)?;
    stage.pass(2_000)?;
    let expired = refused(ErrorCode::SignInExpired);
    says(stage, "AUTH-4", 1, &token, Some(&expired))?;
    let forged = keys().signed("EdDSA", Some("ed"), "other", &late);
    says(stage, "AUTH-4", 2, &forged, Some(&FAILED))
}

fn ends(stage: &mut RelayStage<'_>) -> Done {
    let left = 60;
    let ends = stage.date() - TOLERANCE + left;
    let token = keys().token(&with(stage, "exp", ends.into()));
    let who = stage.client()?;
    stage.say(who, by_jwt(&token));
    let said = signed_in(stage, who)?;
    let seen = format!("{} ms", said.lasts_ms);
    let right = said.lasts_ms <= left * 1_000;
    stage.check("AUTH-10", right, "no longer than the token", seen)?;
    stage.pass(left * 1_000)?;
    stage.say(who, CodeRequest {});
    stage.next("AUTH-10", who, &refused(ErrorCode::SignInExpired))
}

fn unknown_role(stage: &mut RelayStage<'_>) -> Done {
    for (role, help) in [
        (json!("admiral"), Scopes::NONE),
        (json!(7), Scopes::NONE),
        (json!(["admiral", "view"]), Role::View.ceiling()),
    ] {
        let token = keys().token(&with(stage, "alongside_role", role));
        let who = stage.client()?;
        stage.say(who, by_jwt(&token));
        let said = signed_in(stage, who)?;
        let seen = format!("{:?}", said.help);
        stage.check("AUTH-18", said.help == help, &format!("{help:?}"), seen)?;
    }
    Ok(())
}

fn unknown_standing(stage: &mut RelayStage<'_>) -> Done {
    for (person, device, joins) in [
        (EVE, json!("splendid"), false),
        (EVE, json!(3), false),
        (BOB, json!("unenrolled"), true),
    ] {
        let mut claims = person.claims(stage.date());
        claims.insert("device".to_owned(), device);
        let helper = client_of(stage, STATED)?;
        let locator = stage.code(helper)?;
        let who = stage.client()?;
        stage.say(who, by_jwt(&keys().token(&claims)));
        signed_in(stage, who)?;
        stage.join(who, locator, b"an offer")?;
        match joins {
            true => {
                stage.sees("AUTH-21", who, "place", |heard| heard.is("place"))?;
            }
            false => stage.next("AUTH-21", who, &refused(ErrorCode::DeviceNotAllowed))?,
        }
    }
    Ok(())
}
