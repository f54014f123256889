//! Tokens that an issuer signed.

use std::collections::HashSet;

use alongside_state_machine::{
    mutant,
    relay::{
        NotVerified, Verified,
        account::{Account, Role, Standing},
    },
};
use alongside_wire::limits::timers::CLOCK_TOLERANCE;
#[cfg(feature = "mutants")]
use jsonwebtoken::{Algorithm, dangerous};
use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::{
    AccessError,
    keys::{Key, Keys},
    options::{Claims, IssuerOptions},
    ring_provider,
};

/// Somebody who signs tokens for this relay.
#[derive(Debug)]
pub(super) struct Issuer {
    issuer: String,
    audience: String,
    claims: Claims,
    keys: Keys,
}

impl Issuer {
    pub(super) fn open(options: &IssuerOptions) -> Result<Self, AccessError> {
        ring_provider::install();
        Ok(Self {
            issuer: options.issuer.clone(),
            audience: options.audience.clone(),
            claims: options.claims.clone(),
            keys: Keys::open(&options.jwks)?,
        })
    }

    /// What a token proves at this time, in seconds since 1970.
    pub(super) fn check(&self, token: &str, now: u64) -> Result<Verified, NotVerified> {
        let claims = self.authentic(token).ok_or(NotVerified::Failed)?;
        //= spec/13-sign-in.md#jwt [AUTH-15] ae21565b
        let expires = seconds(claims.get("exp")).ok_or(NotVerified::Failed)?;
        let subject = text(&claims, "sub");
        let is_ours = text(&claims, "iss") == self.issuer && !subject.is_empty();
        if !is_ours && !mutant::is("AUTH-15/any") {
            return Err(NotVerified::Failed);
        }
        //= spec/13-sign-in.md#jwt [AUTH-16] 029d2e05
        //= spec/13-sign-in.md#jwt [AUTH-17] a4a5fafe
        let tolerance = if mutant::is("AUTH-17/none") {
            0
        } else {
            CLOCK_TOLERANCE / 1_000
        };
        if let Some(begins) = claims.get("nbf") {
            let begins = seconds(Some(begins)).ok_or(NotVerified::Failed)?;
            if begins > now.saturating_add(tolerance) && !mutant::is("AUTH-16/early") {
                return Err(NotVerified::Failed);
            }
        }
        let left = expires.saturating_add(tolerance).saturating_sub(now);
        if left == 0 {
            return Err(NotVerified::Expired);
        }
        let names = &self.claims;
        Ok(Verified {
            account: Account {
                issuer: self.issuer.clone(),
                subject,
                name: text(&claims, &names.name),
                title: text(&claims, &names.title),
                organisation: text(&claims, &names.organisation),
                domain: text(&claims, &names.domain),
                role: role(claims.get(&names.role)),
                device: standing(&text(&claims, &names.device)),
                expires,
            },
            lasts_ms: left.saturating_mul(1_000),
        })
    }

    /// The claims of a token that one of the issuer's keys has signed, for this relay.
    fn authentic(&self, token: &str) -> Option<Map<String, Value>> {
        let header = decode_header(token).ok()?;
        // Whoever writes a token may say in `crit` what must be understood; nothing is.
        if header.crit.is_some() {
            return None;
        }
        // Nothing that takes a token without its signature is in a program that people run.
        #[cfg(feature = "mutants")]
        {
            let right = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256];
            if !right.contains(&header.alg) && mutant::is("AUTH-13/any") {
                let read = dangerous::insecure_decode(token).ok();
                return read.map(|data| data.claims);
            }
        }
        let Key {
            algorithm,
            decoding,
        } = self.keys.find(header.kid.as_deref()?)?;
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        let required = ["exp", "iss", "aud", "sub"].map(str::to_owned);
        validation.required_spec_claims = HashSet::from(required);
        if mutant::is("AUTH-15/any") {
            validation.validate_aud = false;
            validation.iss = None;
            validation.required_spec_claims.clear();
        }
        // Times are checked by the caller, against the time that it was given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let data = decode(token, &decoding, &validation).ok()?;
        Some(data.claims)
    }
}

/// A claim that is a text; empty if there is none.
fn text(claims: &Map<String, Value>, name: &str) -> String {
    let text = claims.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// A claim that is a time.
fn seconds(claim: Option<&Value>) -> Option<u64> {
    let number = claim?.as_number()?;
    let whole = |time: f64| (time.is_finite() && time >= 0.0).then_some(time as u64);
    number.as_u64().or_else(|| number.as_f64().and_then(whole))
}

fn standing(name: &str) -> Standing {
    let unknown = if mutant::is("AUTH-21/compliant") {
        Standing::Compliant
    } else {
        Standing::Unknown
    };
    Standing::from_name(name).unwrap_or(unknown)
}

//= spec/13-sign-in.md#roles [AUTH-18] dbd9f815
/// A role, or the widest of several; those that are not known count for nothing.
fn role(claim: Option<&Value>) -> Role {
    let one = |value: &Value| Role::from_name(value.as_str()?);
    let widest = match claim {
        Some(Value::Array(several)) => several.iter().filter_map(one).max(),
        Some(value) => one(value),
        None => None,
    };
    widest.unwrap_or(if mutant::is("AUTH-18/all") {
        Role::Elevation
    } else {
        Role::None
    })
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
