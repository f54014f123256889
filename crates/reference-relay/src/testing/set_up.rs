//! The set-up file: one of JSON, from which those are written that an operator of the relay writes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use alongside_state_machine::relay::{Registration, RelayConfig};
use alongside_wire::device::from_hex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Clock, Issuer, Options, Relay,
    devices::Devices,
    sign_in::{self, Access, Claims, IssuerOptions},
    tls::Identity,
};

/// Where it is, and a folder beside it.
pub(super) struct SetUp {
    file: PathBuf,
    folder: PathBuf,
}

/// What it holds.
#[derive(Deserialize)]
#[serde(default)]
struct File {
    date: Option<u64>,
    limits: BTreeMap<String, usize>,
    timers: BTreeMap<String, u64>,
    reports: bool,
    accounts: Vec<Value>,
    issuers: Vec<Signer>,
    policy: Map<String, Value>,
    devices: Vec<Device>,
    cards: Option<Cards>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            date: None,
            limits: BTreeMap::new(),
            timers: BTreeMap::new(),
            reports: true,
            accounts: Vec::new(),
            issuers: Vec::new(),
            policy: Map::new(),
            devices: Vec::new(),
            cards: None,
        }
    }
}

#[derive(Deserialize)]
struct Signer {
    issuer: String,
    audience: String,
    jwks: Value,
}

#[derive(Deserialize)]
struct Device {
    id: String,
    token_hash: String,
    organisation: String,
}

#[derive(Deserialize)]
struct Cards {
    key: String,
}

impl SetUp {
    pub(super) fn at(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            folder: file.with_extension("d"),
        }
    }

    /// What a relay is to start with.
    pub(super) fn options(&self, identity: Identity) -> Result<Options, String> {
        let file = self.read()?;
        let mut config = RelayConfig::default();
        for (name, value) in &file.limits {
            *config.limit_mut(name).ok_or(format!("no limit {name}"))? = *value;
        }
        for (name, ms) in &file.timers {
            *config.timer_mut(name).ok_or(format!("no timer {name}"))? = *ms;
        }
        let issuer = file.cards.as_ref().map(|cards| {
            let seed = from_hex(&cards.key).ok_or("the key of cards is 64 digits")?;
            Ok::<_, String>(Issuer::from_seed(&seed))
        });
        let sign_in = self.write(&file)?;
        Ok(Options {
            config,
            access: Access::open(&sign_in).map_err(|error| error.to_string())?,
            issuer: issuer.transpose()?,
            devices: file.devices()?,
            reports: file.reports.then(|| self.folder.join("reports")),
            clock: Clock::manual(file.date),
            ..Options::new(([127, 0, 0, 1], 0).into(), identity)
        })
    }

    /// Has a relay go by what the file says now.
    pub(super) fn reload(&self, relay: &Relay) -> Result<(), String> {
        let file = self.read()?;
        self.write(&file)?;
        relay.read_policy();
        relay.set_devices(file.devices()?);
        Ok(())
    }

    fn read(&self) -> Result<File, String> {
        let text = fs::read_to_string(&self.file).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// Writes the files of accounts, keys and rules.
    fn write(&self, file: &File) -> Result<sign_in::Options, String> {
        fs::create_dir_all(&self.folder).map_err(|error| error.to_string())?;
        let put = |name: &str, text: String| {
            let path = self.folder.join(name);
            let written = fs::write(&path, text).map_err(|error| error.to_string());
            written.map(|()| path)
        };
        let toml = |value: Value| toml::to_string(&value).map_err(|error| error.to_string());
        let issuers = file.issuers.iter().enumerate().map(|(number, signer)| {
            let jwks = put(&format!("{number}.jwks"), signer.jwks.to_string())?;
            Ok(IssuerOptions {
                jwks,
                issuer: signer.issuer.clone(),
                audience: signer.audience.clone(),
                claims: Claims::default(),
            })
        });
        let issuers = issuers.collect::<Result<_, String>>()?;
        let tokens = toml(json!({ "account": file.accounts }))?;
        let tokens = put("tokens.toml", tokens)?;
        let policy = put("policy.toml", toml(Value::Object(file.policy.clone()))?)?;
        Ok(sign_in::Options {
            tokens: (!file.accounts.is_empty()).then_some(tokens),
            issuers,
            policy: Some(policy),
        })
    }
}

impl File {
    fn devices(&self) -> Result<Devices, String> {
        let devices = self.devices.iter().map(|device| {
            let hash = from_hex(&device.token_hash).ok_or("a token_hash is 64 digits")?;
            let registration = Registration {
                token_hash: hash,
                organisation: device.organisation.clone(),
                issuer: None,
            };
            Ok((device.id.parse()?, registration))
        });
        devices.collect()
    }
}
