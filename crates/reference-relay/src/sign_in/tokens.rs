//! A file of secrets and the accounts that they are for.

use std::{collections::BTreeMap, path::Path};

use alongside_state_machine::relay::{
    NotVerified, Verified,
    account::{Account, Role, Standing},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{AccessError, reload::Reload};

/// Accounts by the SHA-256 of their token, so that looking one up says nothing by its time.
type Accounts = BTreeMap<[u8; 32], Account>;

#[derive(Debug)]
pub(super) struct Tokens(Reload<Accounts>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    account: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    token: Option<String>,
    token_sha256: Option<String>,
    name: String,
    subject: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    device: String,
}

/// Who vouches for these accounts.
const ISSUER: &str = "the relay's operator";

impl Tokens {
    pub(super) fn open(path: &Path) -> Result<Self, AccessError> {
        Reload::open(path, parse).map(Self)
    }

    /// What a token proves; it lasts as long as a sign-in may.
    pub(super) fn check(&self, token: &str) -> Result<Verified, NotVerified> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let accounts = self.0.get();
        let account = accounts.get(&hash).ok_or(NotVerified::Failed)?.clone();
        let lasts_ms = u64::MAX;
        Ok(Verified { account, lasts_ms })
    }
}

fn parse(text: &str) -> Result<Accounts, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut accounts = Accounts::new();
    for (number, entry) in (1..).zip(file.account) {
        let wrong = |why: &str| format!("account {number} ({}): {why}", entry.name);
        let hash = match (&entry.token, &entry.token_sha256) {
            (Some(token), None) if !token.trim().is_empty() => Sha256::digest(token.trim()).into(),
            (None, Some(hex)) => from_hex(hex)
                .ok_or_else(|| wrong("token_sha256 is 64 digits: printf %s TOKEN | sha256sum"))?,
            _ => return Err(wrong("it needs either `token` or `token_sha256`")),
        };
        let account = entry.account().map_err(|why| wrong(&why))?;
        if accounts.insert(hash, account).is_some() {
            return Err(wrong("another account has the same token"));
        }
    }
    Ok(accounts)
}

impl Entry {
    fn account(&self) -> Result<Account, String> {
        let role = match self.role.as_str() {
            "" => Role::default(),
            name => Role::from_name(name).ok_or("role is none, view, control or elevation")?,
        };
        let device = match self.device.as_str() {
            "" => Standing::default(),
            name => Standing::from_name(name)
                .ok_or("device is unknown, unenrolled, enrolled or compliant")?,
        };
        Ok(Account {
            issuer: ISSUER.to_owned(),
            subject: self.subject.as_ref().unwrap_or(&self.name).clone(),
            name: self.name.clone(),
            title: self.title.clone(),
            organisation: self.organisation.clone(),
            domain: self.domain.clone(),
            role,
            device,
            expires: u64::MAX,
        })
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    (digits.len() == 64).then_some(bytes)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Tokens, AccessError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        std::fs::write(&path, text).unwrap();
        Tokens::open(&path)
    }

    #[test]
    fn a_token_is_an_account() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let tokens = tokens(&format!(
            "[[account]]\ntoken = \"plain\"\nname = \"Ada\"\nrole = \"control\"\n\
             [[account]]\ntoken_sha256 = \"{hash}\"\nname = \"Bob\"\nsubject = \"b\"\n\
             organisation = \"Example\"\ndevice = \"compliant\"\n"
        ))
        .unwrap();
        let ada = tokens.check("plain").unwrap().account;
        assert_eq!((ada.subject.as_str(), ada.role), ("Ada", Role::Control));
        assert_eq!(ada.device, Standing::Unknown);
        let bob = tokens.check("test").unwrap().account;
        assert_eq!((bob.subject.as_str(), bob.role), ("b", Role::None));
        assert_eq!(bob.device, Standing::Compliant);
        for wrong in ["", "Plain", hash, "tes"] {
            assert_eq!(tokens.check(wrong), Err(NotVerified::Failed));
        }
        assert!(!format!("{tokens:?}").contains("plain"));
    }

    #[test]
    fn a_wrong_file_says_where_and_what_to_do() {
        let cases = [
            ("[[account]]\nname = \"Ada\"", "either `token` or"),
            (
                "[[account]]\nname = \"Ada\"\ntoken = \"\"",
                "either `token` or",
            ),
            (
                "[[account]]\nname = \"Ada\"\ntoken_sha256 = \"12\"",
                "sha256sum",
            ),
            (
                "[[account]]\nname = \"Ada\"\ntoken = \"x\"\nrole = \"root\"",
                "elevation",
            ),
            (
                "[[account]]\nname = \"Ada\"\ntoken = \"x\"\ndevice = \"ok\"",
                "compliant",
            ),
            (
                "[[account]]\nname = \"Ada\"\ntoken = \"x\"\nrolle = \"view\"",
                "rolle",
            ),
            (
                "[[account]]\nname = \"Ada\"\ntoken = \"x\"\n[[account]]\nname = \"Bob\"\ntoken = \"x\"",
                "account 2 (Bob)",
            ),
            ("account", "line 1"),
        ];
        for (text, told) in cases {
            let error = tokens(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
            assert!(error.contains("tokens.toml"), "{error}");
        }
    }

    #[test]
    fn a_file_that_changes_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        let account = |token| format!("[[account]]\ntoken = \"{token}\"\nname = \"Ada\"\n");
        std::fs::write(&path, account("one")).unwrap();
        let tokens = Tokens::open(&path).unwrap();
        assert!(tokens.check("one").is_ok());
        std::fs::write(&path, account("another")).unwrap();
        assert!(tokens.check("one").is_err());
        assert!(tokens.check("another").is_ok());
        // What is wrong, or gone, does not shut everybody out.
        std::fs::write(&path, "[[acc").unwrap();
        assert!(tokens.check("another").is_ok());
        std::fs::remove_file(&path).unwrap();
        assert!(tokens.check("another").is_ok());
    }
}
