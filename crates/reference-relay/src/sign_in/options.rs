//! What an operator says about sign-in and policy.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

/// Files of accounts, keys and rules, as a configuration file names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Secrets, and the accounts that they are for.
    pub tokens: Option<PathBuf>,
    /// Who may sign tokens.
    #[serde(rename = "issuer")]
    pub issuers: Vec<IssuerOptions>,
    /// The rules.
    pub policy: Option<PathBuf>,
}

/// Somebody who signs tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerOptions {
    /// A JWK set: a file with the issuer's public keys.
    pub jwks: PathBuf,
    /// What its tokens have as `iss`.
    pub issuer: String,
    /// What tokens for this relay have as `aud`, or among it.
    pub audience: String,
    /// Where its tokens say what.
    #[serde(default)]
    pub claims: Claims,
}

/// The names of the claims that an account is made of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Claims {
    /// The full name.
    pub name: String,
    /// The job title.
    pub title: String,
    /// The organisation.
    pub organisation: String,
    /// Its verified domain.
    pub domain: String,
    /// The role, or a list of which the widest counts.
    pub role: String,
    /// The standing of the device.
    pub device: String,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            name: "name".to_owned(),
            title: "title".to_owned(),
            organisation: "organisation".to_owned(),
            domain: "domain".to_owned(),
            role: "alongside_role".to_owned(),
            device: "device".to_owned(),
        }
    }
}

/// The same on a command line, for one issuer.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sign-in and policy")]
pub struct Flags {
    /// Let clients sign in with the secrets in this TOML file, for development. It is read again
    /// when it has changed.
    #[arg(long, value_name = "FILE")]
    pub sign_in_tokens: Option<PathBuf>,

    /// Let clients sign in with JWTs that are signed by the public keys in this JWK set (EdDSA,
    /// ES256, RS256). It is read again when it has changed.
    #[arg(long, value_name = "FILE", requires_all = ["sign_in_issuer", "sign_in_audience"])]
    pub sign_in_jwks: Option<PathBuf>,

    /// What those tokens must have as `iss`.
    #[arg(long, value_name = "TEXT", requires = "sign_in_jwks")]
    pub sign_in_issuer: Option<String>,

    /// What those tokens must have as `aud`.
    #[arg(long, value_name = "TEXT", requires = "sign_in_jwks")]
    pub sign_in_audience: Option<String>,

    /// The claim with the role: none, view, control, elevation.
    #[arg(
        long,
        value_name = "CLAIM",
        requires = "sign_in_jwks",
        default_value = "alongside_role"
    )]
    pub sign_in_role_claim: String,

    /// The claim with the standing of the device: unenrolled, enrolled, compliant.
    #[arg(
        long,
        value_name = "CLAIM",
        requires = "sign_in_jwks",
        default_value = "device"
    )]
    pub sign_in_device_claim: String,

    /// Rules, in TOML: which products there are, who may help and be helped, from where. It is read
    /// again when it has changed.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

impl Flags {
    /// What was said on the command line, as a configuration file would say it.
    pub fn options(&self) -> Options {
        let issuer = self.sign_in_jwks.as_ref().map(|jwks| IssuerOptions {
            jwks: jwks.clone(),
            // clap has seen to it that both are there.
            issuer: self.sign_in_issuer.clone().unwrap_or_default(),
            audience: self.sign_in_audience.clone().unwrap_or_default(),
            claims: Claims {
                role: self.sign_in_role_claim.clone(),
                device: self.sign_in_device_claim.clone(),
                ..Claims::default()
            },
        });
        Options {
            tokens: self.sign_in_tokens.clone(),
            issuers: issuer.into_iter().collect(),
            policy: self.policy.clone(),
        }
    }
}
