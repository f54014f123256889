//! Who clients are, and what they may: tokens, signed tokens, and the operator's policy.
//!
//! | file | what it does |
//! |---|---|
//! | `options` | what the operator says, on the command line or in a configuration file |
//! | `tokens` | a file of secrets and the accounts that they are for |
//! | `jwt`, `keys`, `ring_provider` | tokens that an issuer signed, and the issuer's public keys |
//! | `policy` | a file of rules |
//! | `reload` | files that are read again when they have changed |

mod jwt;
mod keys;
mod options;
mod policy;
mod reload;
mod ring_provider;
mod tokens;

use std::{fmt, io, path::PathBuf, sync::Arc};

use alongside_state_machine::relay::{NotVerified, Verified, policy::Policy};
use alongside_wire::{SignInMethod, rendezvous::SignIn};

pub use self::options::{Claims, Flags, IssuerOptions, Options};
use self::{jwt::Issuer, reload::Reload, tokens::Tokens};

/// Who may sign in, and what everybody may. Without files nobody can sign in, and helpers without
/// an account help whom they like.
///
/// Each file is read again when it has changed; one that has become wrong is as it was.
#[derive(Debug, Default)]
pub struct Access {
    tokens: Option<Tokens>,
    issuers: Vec<Issuer>,
    policy: Option<Reload<Policy>>,
}

impl Access {
    /// Reads the files that the options name.
    ///
    /// # Errors
    /// If a file cannot be read, or does not say what it should.
    pub fn open(options: &Options) -> Result<Self, AccessError> {
        Ok(Self {
            tokens: options.tokens.as_deref().map(Tokens::open).transpose()?,
            issuers: options
                .issuers
                .iter()
                .map(Issuer::open)
                .collect::<Result<_, _>>()?,
            policy: options.policy.as_deref().map(policy::open).transpose()?,
        })
    }

    /// The rules, as the file has them now.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.as_ref().map_or_else(Arc::default, Reload::get)
    }

    /// What a token proves at this time, in seconds since 1970.
    ///
    /// # Errors
    /// [`NotVerified`], which is all that its sender is to learn.
    pub fn check(&self, request: &SignIn, now: u64) -> Result<Verified, NotVerified> {
        let token = request.token.reveal();
        match (SignInMethod::from_wire(request.method), &self.tokens) {
            (Some(SignInMethod::Token), Some(tokens)) => tokens.check(token),
            (Some(SignInMethod::Jwt), _) => self.check_jwt(token, now),
            (Some(SignInMethod::Token), None) | (None, _) => Err(NotVerified::Unsupported),
        }
    }

    fn check_jwt(&self, token: &str, now: u64) -> Result<Verified, NotVerified> {
        let mut found = NotVerified::Unsupported;
        for issuer in &self.issuers {
            match issuer.check(token, now) {
                Ok(verified) => return Ok(verified),
                // Whoever signed it knows best what is wrong with it.
                Err(error) if found != NotVerified::Expired => found = error,
                Err(_) => {}
            }
        }
        Err(found)
    }
}

/// Why a file of accounts, keys or rules cannot be used, and what to do about it.
#[derive(Debug)]
pub enum AccessError {
    /// It cannot be read.
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It does not say what it should.
    Wrong {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, error } => write!(
                f,
                "cannot read {}: {error}; check its path and who may read it",
                path.display()
            ),
            Self::Wrong { path, why } => {
                write!(f, "{} cannot be used: {}", path.display(), why.trim_end())
            }
        }
    }
}

impl std::error::Error for AccessError {}
