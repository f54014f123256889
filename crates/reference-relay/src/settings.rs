//! What a relay runs with: the registry, then a file, then the command line.

use std::{collections::BTreeMap, fmt, fs, net::SocketAddr, path::Path, path::PathBuf};

use alongside_relay::{RelayConfig, sign_in};
use serde::Deserialize;
use toml::{Spanned, Table, Value};

use crate::args::Args;

/// A configuration file. What it does not say is as the registry has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    listen: Option<SocketAddr>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    journal: Option<PathBuf>,
    reports: Option<PathBuf>,
    devices: Option<PathBuf>,
    issuer_key: Option<PathBuf>,
    health: Option<SocketAddr>,
    drain_seconds: Option<u64>,
    timers: BTreeMap<Spanned<String>, u64>,
    limits: BTreeMap<Spanned<String>, usize>,
    sign_in: Option<sign_in::Options>,
}

/// What is in force.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) cert: Option<(PathBuf, PathBuf)>,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) reports: Option<PathBuf>,
    pub(crate) devices: Option<PathBuf>,
    pub(crate) issuer_key: Option<PathBuf>,
    pub(crate) health: Option<SocketAddr>,
    pub(crate) drain_seconds: u64,
    pub(crate) config: RelayConfig,
    pub(crate) sign_in: sign_in::Options,
}

/// Why a file is no configuration, with its line.
#[derive(Debug)]
pub(crate) struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl Settings {
    /// Reads the file that the command line names, if it does, and lets the command line win.
    pub(crate) fn read(args: &Args) -> Result<Self, Wrong> {
        let mut config = RelayConfig::default();
        let file = match &args.config {
            Some(path) => read(path, &mut config)?,
            None => File::default(),
        };
        args.adjust(&mut config);
        let pair = |cert: &Option<PathBuf>, key: &Option<PathBuf>| cert.clone().zip(key.clone());
        let from_file = if args.self_signed {
            None
        } else {
            pair(&file.cert, &file.key)
        };
        let flags = args.sign_in.options();
        let sign_in = if flags == sign_in::Options::default() {
            file.sign_in.unwrap_or_default()
        } else {
            flags
        };
        let everywhere = SocketAddr::from(([0_u16; 8], 443));
        Ok(Self {
            listen: args.listen.or(file.listen).unwrap_or(everywhere),
            cert: pair(&args.cert, &args.key).or(from_file),
            journal: args.journal.clone().or(file.journal),
            reports: args.reports.clone().or(file.reports),
            devices: args.devices.clone().or(file.devices),
            issuer_key: args.issuer_key.clone().or(file.issuer_key),
            health: args.health.or(file.health),
            drain_seconds: args.drain_seconds.or(file.drain_seconds).unwrap_or(0),
            config,
            sign_in,
        })
    }

    /// What is in force, as a configuration file says it.
    pub(crate) fn print(&self) -> String {
        let mut table = Table::new();
        let mut say = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                table.insert(name.to_owned(), Value::String(value));
            }
        };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        say("listen", Some(self.listen.to_string()));
        let (cert, key) = self.cert.clone().unzip();
        say("cert", path(&cert));
        say("key", path(&key));
        say("journal", path(&self.journal));
        say("reports", path(&self.reports));
        say("devices", path(&self.devices));
        say("issuer-key", path(&self.issuer_key));
        say("health", self.health.map(|address| address.to_string()));
        let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        table.insert("drain-seconds".to_owned(), number(self.drain_seconds));
        let mut config = self.config.clone();
        let mut timers = Table::new();
        for name in RelayConfig::TIMERS {
            if let Some(ms) = config.timer_mut(name) {
                timers.insert((*name).to_owned(), number(*ms));
            }
        }
        let mut limits = Table::new();
        for name in RelayConfig::LIMITS {
            if let Some(limit) = config.limit_mut(name) {
                limits.insert((*name).to_owned(), number(*limit as u64));
            }
        }
        table.insert("timers".to_owned(), Value::Table(timers));
        table.insert("limits".to_owned(), Value::Table(limits));
        table.to_string()
    }
}

fn read(path: &Path, config: &mut RelayConfig) -> Result<File, Wrong> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Wrong(format!(
            "cannot read {name}: {error}; check its path and who may read it"
        ))
    })?;
    let file: File = toml::from_str(&text).map_err(|error| Wrong(format!("{name}: {error}")))?;
    let unknown = |key: &Spanned<String>, what: &str, known: &[&str]| {
        let before = text.get(..key.span().start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let (key, known) = (key.get_ref(), known.join(", "));
        Wrong(format!(
            "{name}, line {line}: there is no {what} `{key}`; there are: {known}"
        ))
    };
    for (key, ms) in &file.timers {
        match config.timer_mut(key.get_ref()) {
            Some(timer) => *timer = *ms,
            None => return Err(unknown(key, "timer", RelayConfig::TIMERS)),
        }
    }
    for (key, value) in &file.limits {
        match config.limit_mut(key.get_ref()) {
            Some(limit) => *limit = *value,
            None => return Err(unknown(key, "limit", RelayConfig::LIMITS)),
        }
    }
    Ok(file)
}
