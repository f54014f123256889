//! The public keys of an issuer.

use std::{collections::BTreeMap, path::Path};

use alongside_state_machine::mutant;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{
        AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse,
    },
};

use super::{AccessError, reload::Reload};

/// Keys by their `kid`.
#[derive(Debug)]
pub(super) struct Keys(Reload<BTreeMap<String, Key>>);

/// A key, and the one algorithm that it is for.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

impl Keys {
    pub(super) fn open(path: &Path) -> Result<Self, AccessError> {
        Reload::open(path, parse).map(Self)
    }

    pub(super) fn find(&self, kid: &str) -> Option<Key> {
        let keys = self.0.get();
        let named = keys.get(kid);
        if named.is_none() && mutant::is("AUTH-14/any") {
            let mut all = keys.values();
            return all.find(|key| key.algorithm == Algorithm::EdDSA).cloned();
        }
        named.cloned()
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, Key>, String> {
    let set: JwkSet = serde_json::from_str(text)
        .map_err(|error| format!("it is no JWK set ({{\"keys\": [...]}}): {error}"))?;
    let mut keys = BTreeMap::new();
    for jwk in &set.keys {
        let Some((kid, key)) = usable(jwk) else {
            let kid = jwk.common.key_id.as_deref().unwrap_or("without kid");
            tracing::warn!(
                kid,
                "a key is not used: EdDSA, ES256 and RS256 with a kid are"
            );
            continue;
        };
        if keys.insert(kid.to_owned(), key).is_some() {
            return Err(format!("two keys have the kid {kid}"));
        }
    }
    if keys.is_empty() {
        return Err("no key in it can be used: EdDSA, ES256 and RS256 with a kid are".to_owned());
    }
    Ok(keys)
}

//= spec/13-sign-in.md#jwt [AUTH-14] ee2375b3
/// A key that may verify tokens. What it is for follows from its type, never from a token.
fn usable(jwk: &Jwk) -> Option<(&str, Key)> {
    let common = &jwk.common;
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        _ => return None,
    };
    let agrees = common
        .key_algorithm
        .is_none_or(|named| named == KeyAlgorithm::from(algorithm));
    let signs = common
        .public_key_use
        .as_ref()
        .is_none_or(|of| *of == PublicKeyUse::Signature);
    let verifies = common
        .key_operations
        .as_ref()
        .is_none_or(|all| all.contains(&KeyOperations::Verify));
    let kid = common.key_id.as_deref()?;
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    let key = Key {
        algorithm,
        decoding,
    };
    (agrees && signs && verifies).then_some((kid, key))
}
