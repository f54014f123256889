use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::json;

use super::*;

const NOW: u64 = 1_000_000;
const TOLERANCE: u64 = 300;

/// An issuer with two keys, `ed` and `ec`, and its file of keys.
struct World {
    _folder: tempfile::TempDir,
    path: PathBuf,
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
    random: SystemRandom,
}

impl World {
    fn new() -> Self {
        let random = SystemRandom::new();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let ed = Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let ec = EcdsaKeyPair::from_pkcs8(algorithm, ec.as_ref(), &random).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            path: folder.path().join("jwks.json"),
            _folder: folder,
            ed,
            ec,
            random,
        };
        world.publish(&[world.ed_jwk("ed"), world.ec_jwk("ec")]);
        world
    }

    fn ed_jwk(&self, kid: &str) -> Value {
        let x = BASE64.encode(self.ed.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x, "use": "sig", "alg": "EdDSA"})
    }

    fn ec_jwk(&self, kid: &str) -> Value {
        let point = self.ec.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|half| BASE64.encode(half));
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y})
    }

    fn publish(&self, keys: &[Value]) {
        fs::write(&self.path, json!({ "keys": keys }).to_string()).unwrap();
    }

    fn options(&self) -> IssuerOptions {
        IssuerOptions {
            jwks: self.path.clone(),
            issuer: "https://issuer.example".to_owned(),
            audience: "alongside".to_owned(),
            claims: Claims::default(),
        }
    }

    fn issuer(&self) -> Issuer {
        Issuer::open(&self.options()).unwrap()
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |part: &Value| BASE64.encode(part.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = match header["alg"].as_str() {
            Some("ES256") => {
                let signed = self.ec.sign(&self.random, message.as_bytes()).unwrap();
                signed.as_ref().to_vec()
            }
            Some("none") => Vec::new(),
            // Somebody takes the public key for a shared secret.
            Some("HS256") => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.ed.public_key().as_ref());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            _ => self.ed.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", BASE64.encode(signature))
    }

    /// A token by the key `ed` with these claims changed.
    fn with(&self, change: &Value) -> String {
        self.token(&ed_header(), &changed(&claims(), change))
    }
}

fn ed_header() -> Value {
    json!({"alg": "EdDSA", "kid": "ed"})
}

fn claims() -> Value {
    json!({
        "iss": "https://issuer.example", "aud": "alongside", "sub": "ada", "exp": NOW + 600,
        "name": "Ada Lovelace", "title": "Analyst", "organisation": "Example",
        "domain": "example.org", "alongside_role": "control", "device": "compliant",
    })
}

/// Claims with others in their place; null takes one away.
fn changed(claims: &Value, change: &Value) -> Value {
    let mut claims = claims.as_object().unwrap().clone();
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    Value::Object(claims)
}

//= test spec/13-sign-in.md#jwt [AUTH-13] 07da80c3
//= test spec/13-sign-in.md#jwt [AUTH-14] ee2375b3
#[test]
fn a_signed_token_is_an_account() {
    let world = World::new();
    let issuer = world.issuer();
    let expected = Verified {
        account: Account {
            issuer: "https://issuer.example".to_owned(),
            subject: "ada".to_owned(),
            name: "Ada Lovelace".to_owned(),
            title: "Analyst".to_owned(),
            organisation: "Example".to_owned(),
            domain: "example.org".to_owned(),
            role: Role::Control,
            device: Standing::Compliant,
            expires: NOW + 600,
        },
        lasts_ms: (600 + TOLERANCE) * 1_000,
    };
    for header in [
        ed_header(),
        json!({"alg": "ES256", "kid": "ec", "typ": "JWT"}),
    ] {
        let token = world.token(&header, &claims());
        assert_eq!(issuer.check(&token, NOW), Ok(expected.clone()));
    }
    let several = world.with(&json!({"aud": ["other", "alongside"]}));
    assert_eq!(issuer.check(&several, NOW), Ok(expected));
}

//= test spec/13-sign-in.md#jwt [AUTH-14] ee2375b3
//= test spec/13-sign-in.md#jwt [AUTH-15] ae21565b
#[test]
fn a_token_that_is_not_right_proves_nothing() {
    let world = World::new();
    let issuer = world.issuer();
    let sign = |header: Value| world.token(&header, &claims());
    let good = sign(ed_header());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = World::new();
    let cases = [
        ("no kid", sign(json!({"alg": "EdDSA"}))),
        ("another kid", sign(json!({"alg": "EdDSA", "kid": "other"}))),
        (
            "the kid of a key of another kind",
            sign(json!({"alg": "EdDSA", "kid": "ec"})),
        ),
        (
            "an alg that is not the key's",
            sign(json!({"alg": "ES256", "kid": "ed"})),
        ),
        ("no algorithm", sign(json!({"alg": "none", "kid": "ed"}))),
        (
            "no algorithm, in capitals",
            sign(json!({"alg": "NONE", "kid": "ed"})),
        ),
        (
            "a public key as a secret",
            sign(json!({"alg": "HS256", "kid": "ed"})),
        ),
        (
            "RS256 with an Ed25519 key",
            sign(json!({"alg": "RS256", "kid": "ed"})),
        ),
        (
            "something critical",
            sign(json!({"alg": "EdDSA", "kid": "ed", "crit": ["x"], "x": 1})),
        ),
        ("a key of its own", other.token(&ed_header(), &claims())),
        (
            "a key in its header",
            other.token(
                &json!({"alg": "EdDSA", "kid": "ed", "jwk": other.ed_jwk("ed")}),
                &claims(),
            ),
        ),
        ("no signature", format!("{message}.")),
        (
            "half a signature",
            format!("{message}.{}", &signature[..40]),
        ),
        (
            "a changed signature",
            format!("{message}.B{}", &signature[1..]),
        ),
        ("two parts", message.to_owned()),
        ("four parts", format!("{good}.x")),
        ("no text", String::new()),
        (
            "another issuer",
            world.with(&json!({"iss": "https://other.example"})),
        ),
        (
            "a list of issuers",
            world.with(&json!({"iss": ["https://issuer.example"]})),
        ),
        ("no issuer", world.with(&json!({"iss": null}))),
        ("another audience", world.with(&json!({"aud": "other"}))),
        ("no audience", world.with(&json!({"aud": null}))),
        ("an empty audience", world.with(&json!({"aud": []}))),
        ("no subject", world.with(&json!({"sub": null}))),
        ("an empty subject", world.with(&json!({"sub": ""}))),
        ("no exp", world.with(&json!({"exp": null}))),
        (
            "a text as exp",
            world.with(&json!({"exp": (NOW + 600).to_string()})),
        ),
        ("a negative exp", world.with(&json!({"exp": -1}))),
        ("a text as nbf", world.with(&json!({"nbf": "now"}))),
    ];
    for (what, token) in cases {
        assert_eq!(
            issuer.check(&token, NOW),
            Err(NotVerified::Failed),
            "{what}"
        );
    }
    assert!(issuer.check(&good, NOW).is_ok());
}

//= test spec/13-sign-in.md#sign-in [AUTH-4] 400c71b3
//= test spec/13-sign-in.md#jwt [AUTH-16] 029d2e05
//= test spec/13-sign-in.md#jwt [AUTH-17] a4a5fafe
#[test]
fn a_token_is_good_in_its_time_and_the_tolerance_of_clocks() {
    let world = World::new();
    let issuer = world.issuer();
    let token = world.with(&json!({"nbf": NOW, "exp": NOW + 10}));
    let lasts = |at| issuer.check(&token, at).map(|verified| verified.lasts_ms);
    assert_eq!(lasts(NOW - TOLERANCE - 1), Err(NotVerified::Failed));
    assert_eq!(lasts(NOW - TOLERANCE), Ok((10 + 2 * TOLERANCE) * 1_000));
    assert_eq!(lasts(NOW), Ok((10 + TOLERANCE) * 1_000));
    assert_eq!(lasts(NOW + 9 + TOLERANCE), Ok(1_000));
    assert_eq!(lasts(NOW + 10 + TOLERANCE), Err(NotVerified::Expired));
    // One that is over and has nothing else right tells nothing.
    let forged = World::new().with(&json!({"exp": NOW - 1_000}));
    assert_eq!(issuer.check(&forged, NOW), Err(NotVerified::Failed));
    let fraction = world.with(&json!({"exp": 1_000_010.5}));
    assert_eq!(
        issuer.check(&fraction, NOW).unwrap().account.expires,
        NOW + 10
    );
}

//= test spec/13-sign-in.md#roles [AUTH-18] dbd9f815
//= test spec/13-sign-in.md#standing [AUTH-21] 8a05b2d5
#[test]
fn roles_and_standings_that_are_not_known_are_none_and_unknown() {
    let world = World::new();
    let issuer = world.issuer();
    let of = |change: &Value| {
        let account = issuer.check(&world.with(change), NOW).unwrap().account;
        (account.role, account.device)
    };
    for (role, expected) in [
        (json!(null), Role::None),
        (json!("view"), Role::View),
        (json!("Control"), Role::None),
        (json!("admin"), Role::None),
        (json!(["admin", "view", "control", 7]), Role::Control),
        (json!([]), Role::None),
        (json!({"role": "control"}), Role::None),
    ] {
        assert_eq!(of(&json!({"alongside_role": role})).0, expected);
    }
    for (device, expected) in [
        (json!(null), Standing::Unknown),
        (json!("unenrolled"), Standing::Unenrolled),
        (json!("enrolled"), Standing::Enrolled),
        (json!("fine"), Standing::Unknown),
        (json!(["compliant"]), Standing::Unknown),
    ] {
        assert_eq!(of(&json!({"device": device})).1, expected);
    }
}

#[test]
fn claims_can_have_other_names() {
    let world = World::new();
    let mut options = world.options();
    options.claims.role = "roles".to_owned();
    options.claims.organisation = "hd".to_owned();
    let issuer = Issuer::open(&options).unwrap();
    let token = world.with(&json!({"roles": ["view"], "hd": "Elsewhere"}));
    let account = issuer.check(&token, NOW).unwrap().account;
    assert_eq!(
        (account.role, account.organisation.as_str()),
        (Role::View, "Elsewhere")
    );
}

#[test]
fn keys_are_read_again_when_their_file_has_changed() {
    let world = World::new();
    let issuer = world.issuer();
    let old = world.with(&json!({}));
    let new = world.token(&json!({"alg": "EdDSA", "kid": "ed-2"}), &claims());
    assert!(issuer.check(&old, NOW).is_ok() && issuer.check(&new, NOW).is_err());
    world.publish(&[world.ed_jwk("ed-2")]);
    assert!(issuer.check(&old, NOW).is_err() && issuer.check(&new, NOW).is_ok());
}

//= test spec/13-sign-in.md#jwt [AUTH-14] ee2375b3
#[test]
fn keys_that_are_for_something_else_are_not_used() {
    let world = World::new();
    let token = world.with(&json!({}));
    for change in [
        json!({"use": "enc"}),
        json!({"alg": "ES256"}),
        json!({"alg": "HS256"}),
        json!({"key_ops": ["sign"]}),
        json!({"kid": null}),
        json!({"kty": "oct", "k": "c2VjcmV0", "crv": null, "x": null}),
    ] {
        let jwk = changed(&world.ed_jwk("ed"), &change);
        world.publish(&[jwk.clone(), world.ec_jwk("ec")]);
        let issuer = world.issuer();
        assert_eq!(issuer.check(&token, NOW), Err(NotVerified::Failed), "{jwk}");
        world.publish(&[jwk]);
        let error = Issuer::open(&world.options()).unwrap_err().to_string();
        assert!(
            error.contains("no key") && error.contains("jwks.json"),
            "{error}"
        );
    }
    world.publish(&[world.ed_jwk("one"), world.ec_jwk("one")]);
    let error = Issuer::open(&world.options()).unwrap_err().to_string();
    assert!(error.contains("two keys"), "{error}");
    fs::write(&world.path, "{}").unwrap();
    let error = Issuer::open(&world.options()).unwrap_err().to_string();
    assert!(error.contains("JWK set"), "{error}");
}
