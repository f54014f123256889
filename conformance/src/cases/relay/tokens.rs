//! Tokens that an issuer signs.

use std::sync::LazyLock;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64},
};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
        RsaKeyPair,
    },
};
use serde_json::{Map, Value, json};

pub(super) const ISSUER: &str = "https://issuer.example";
pub(super) const AUDIENCE: &str = "alongside";
/// Another issuer, of whom one key is known.
pub(super) const OTHER: &str = "https://other.example";

/// An RSA key of 2,048 bits, made for these cases: PKCS #8 in base64.
const RSA: &str = include_str!("rsa-key.txt");

/// The keys that sign, by their `kid`: `ed`, `ec` and `rsa` of [`ISSUER`], `other` of [`OTHER`].
pub(super) struct Keys {
    ed: Ed25519KeyPair,
    other: Ed25519KeyPair,
    ec: EcdsaKeyPair,
    rsa: RsaKeyPair,
    random: SystemRandom,
}

/// The same in all cases.
pub(super) fn keys() -> &'static Keys {
    static KEYS: LazyLock<Keys> = LazyLock::new(|| {
        let Some(keys) = Keys::new() else {
            unreachable!("what they are made of is good")
        };
        keys
    });
    &KEYS
}

impl Keys {
    fn new() -> Option<Self> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
        let rsa: String = RSA.split_whitespace().collect();
        let rsa = STANDARD.decode(rsa).ok()?;
        Some(Self {
            ed: Ed25519KeyPair::from_seed_unchecked(&[0xED; 32]).ok()?,
            other: Ed25519KeyPair::from_seed_unchecked(&[0x07; 32]).ok()?,
            ec: EcdsaKeyPair::from_pkcs8(algorithm, ec.as_ref(), &random).ok()?,
            rsa: RsaKeyPair::from_pkcs8(&rsa).ok()?,
            random,
        })
    }

    /// As a relay is set up with them.
    pub(super) fn issuers(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
        let rsa = PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let edwards = |kid: &str, key: &Ed25519KeyPair| {
            let x = BASE64.encode(key.public_key());
            json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x, "use": "sig"})
        };
        let keys = [
            edwards("ed", &self.ed),
            json!({
                "kty": "EC", "crv": "P-256", "kid": "ec", "alg": "ES256",
                "x": BASE64.encode(x), "y": BASE64.encode(y),
            }),
            json!({
                "kty": "RSA", "kid": "rsa",
                "n": BASE64.encode(rsa.n), "e": BASE64.encode(rsa.e),
            }),
        ];
        json!([
            { "issuer": ISSUER, "audience": AUDIENCE, "jwks": { "keys": keys } },
            {
                "issuer": OTHER, "audience": AUDIENCE,
                "jwks": { "keys": [edwards("other", &self.other)] },
            },
        ])
    }

    /// A token by the key `ed`.
    pub(super) fn token(&self, claims: &Map<String, Value>) -> String {
        self.signed("EdDSA", Some("ed"), "ed", claims)
    }

    /// A token that says that it is by this algorithm and the key `kid`, and is by that of `by`.
    pub(super) fn signed(
        &self,
        alg: &str,
        kid: Option<&str>,
        by: &str,
        claims: &Map<String, Value>,
    ) -> String {
        let header = match kid {
            Some(kid) => json!({"typ": "JWT", "alg": alg, "kid": kid}),
            None => json!({"typ": "JWT", "alg": alg}),
        };
        let claims = Value::Object(claims.clone());
        let [header, claims] = [header, claims].map(|part| BASE64.encode(part.to_string()));
        let message = format!("{header}.{claims}");
        let signature = self.sign(alg, by, message.as_bytes());
        format!("{message}.{}", BASE64.encode(signature))
    }

    fn sign(&self, alg: &str, by: &str, message: &[u8]) -> Vec<u8> {
        let rsa = |encoding: &'static dyn RsaEncoding| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            let signed = self
                .rsa
                .sign(encoding, &self.random, message, &mut signature);
            signed.map(|()| signature).unwrap_or_default()
        };
        match (by, alg) {
            ("nobody", _) => Vec::new(),
            // Somebody takes a public key for a shared secret.
            (_, "HS256") => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.ed.public_key().as_ref());
                hmac::sign(&key, message).as_ref().to_vec()
            }
            ("rsa", "RS384") => rsa(&RSA_PKCS1_SHA384),
            ("rsa", "RS512") => rsa(&RSA_PKCS1_SHA512),
            ("rsa", "PS256") => rsa(&RSA_PSS_SHA256),
            ("rsa", _) => rsa(&RSA_PKCS1_SHA256),
            ("ec", _) => self
                .ec
                .sign(&self.random, message)
                .map(|signed| signed.as_ref().to_vec())
                .unwrap_or_default(),
            ("other", _) => self.other.sign(message).as_ref().to_vec(),
            _ => self.ed.sign(message).as_ref().to_vec(),
        }
    }
}
