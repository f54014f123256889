//! What can be said of cards on the command line.

use std::path::{Path, PathBuf};

use alongside_client::{Config, aead};
use alongside_state_machine::identity::{
    Identity, device::OwnDevice, keys::SecretKey, own::OwnCard, text, trust::Anchor,
};
use alongside_wire::{DeviceStatus, Profile};
use clap::{Args as Group, Subcommand, ValueEnum};

use super::{files, read, secret_key};
use crate::cli::Failure;

/// Make and read identity cards.
#[derive(Debug, Group)]
#[command(after_help = "\
A card, from the beginning:
  the issuer runs   alongside card issuer-key --out issuer.secret
  and tells everybody the line that it prints, for their --trust files; the person runs
                    alongside card new-key --issuer HEX --out my.secret --request my.request
  sends the request, shows the issuer who they are, who runs
                    alongside card issue --issuer-key issuer.secret --request my.request \\
                      --first Ada --last Lovelace --organisation 'Analytical Engines' --out my.card
  and sends back the card, for
                    alongside helper --card my.card --card-key my.secret ...

A line of a --trust file is `issuer HEX NAME`, or `relay-operator HEX NAME` for an issuer that also
runs the relay. A card lives a day at most.")]
pub(crate) struct Card {
    #[command(subcommand)]
    pub(super) task: CardTask,
}

#[derive(Debug, Subcommand)]
pub(super) enum CardTask {
    /// Make a key to issue cards with.
    IssuerKey {
        /// Where to write the secret key; the file must not exist.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Make the keys of a card, and ask an issuer for one.
    NewKey(NewKey),
    /// Sign a card.
    Issue(Issue),
    /// Make the key of a device.
    DeviceKey {
        /// Where to write the secret key; the file must not exist.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sign what is so of a device, for an hour at most.
    Device(State),
    /// Show what is on a card, and what it is worth here and now.
    Show {
        /// The card.
        card: PathBuf,
        /// Issuers that are trusted.
        #[arg(long, value_name = "FILE")]
        trust: Option<PathBuf>,
    },
}

#[derive(Debug, Group)]
pub(super) struct NewKey {
    /// The issuer's public key.
    #[arg(long, value_name = "HEX")]
    pub(super) issuer: String,
    /// Where to write the secret keys; the file must not exist.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Where to write the request for the issuer; the file must not exist.
    #[arg(long, value_name = "FILE")]
    pub(super) request: PathBuf,
    /// Make a key to sign receipts with as well.
    #[arg(long)]
    pub(super) receipts: bool,
}

#[derive(Debug, Group)]
pub(super) struct Issue {
    /// The issuer's secret key.
    #[arg(long, value_name = "FILE")]
    pub(super) issuer_key: PathBuf,
    /// What the person sent.
    #[arg(long, value_name = "FILE")]
    pub(super) request: PathBuf,
    /// How much the card tells: an abbreviated one has a first name and the first letter of the last,
    /// and nothing else.
    #[arg(long, value_enum, default_value_t = HowMuch::Full)]
    pub(super) profile: HowMuch,
    /// First name, or the only one.
    #[arg(long, value_name = "NAME")]
    pub(super) first: String,
    /// Last name.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(super) last: String,
    /// Job title.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) title: String,
    /// Organisation.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) organisation: String,
    /// A domain of the organisation, which the issuer has verified.
    #[arg(long, value_name = "DOMAIN", default_value = "")]
    pub(super) domain: String,
    /// A picture, PNG or JPEG, with sides of 1,024 pixels and 65,536 bytes at most.
    #[arg(long, value_name = "FILE")]
    pub(super) picture: Option<PathBuf>,
    /// The most that the person may do as a helper: names of scopes with commas.
    #[arg(
        long,
        value_name = "SCOPES",
        default_value = "view,pointer,keyboard,chat"
    )]
    pub(super) scopes: String,
    /// How long the card lives.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=24))]
    pub(super) hours: u64,
    /// Where to write the card; the file must not exist.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Group)]
pub(super) struct State {
    /// The issuer's secret key.
    #[arg(long, value_name = "FILE")]
    pub(super) issuer_key: PathBuf,
    /// The device's public key, as device-key prints it.
    #[arg(long, value_name = "HEX")]
    pub(super) device: String,
    /// What is so.
    #[arg(long, value_parser = device_status)]
    pub(super) status: DeviceStatus,
    /// How long it holds.
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) minutes: u64,
    /// Where to write the statement; the file must not exist.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
}

/// A registered status by its name.
fn device_status(name: &str) -> Result<DeviceStatus, String> {
    let mut all = DeviceStatus::ALL.iter();
    let found = all.find(|status| status.name() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = DeviceStatus::ALL
            .iter()
            .map(|status| status.name())
            .collect();
        format!("there are {}", names.join(", "))
    })
}

/// What is said of this device.
#[derive(Debug, Group)]
pub(crate) struct DeviceArgs {
    /// What an issuer says of this device; the helper learns it when you agree to be seen.
    #[arg(long, value_name = "FILE", requires = "device_key")]
    device_statement: Option<PathBuf>,

    /// The secret key of this device.
    #[arg(long, value_name = "FILE", requires = "device_statement")]
    device_key: Option<PathBuf>,
}

impl DeviceArgs {
    /// The statement with its key, if there is one.
    pub(crate) fn device(&self) -> Result<Option<OwnDevice>, Failure> {
        let (Some(statement), Some(key)) = (&self.device_statement, &self.device_key) else {
            return Ok(None);
        };
        let bytes = files::signed(statement, "signed-statement")?;
        let device = OwnDevice::new(&bytes, secret_key(key, "device")?);
        let device = device.map_err(|error| format!("{}: {error}", statement.display()))?;
        Ok(Some(device))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HowMuch {
    Abbreviated,
    Full,
}

impl From<HowMuch> for Profile {
    fn from(how_much: HowMuch) -> Self {
        match how_much {
            HowMuch::Abbreviated => Self::Abbreviated,
            HowMuch::Full => Self::Full,
        }
    }
}

/// Who one is, and whom one believes.
#[derive(Debug, Group)]
pub(crate) struct IdentityArgs {
    /// Your card, as the issuer sent it.
    #[arg(long, value_name = "FILE", requires = "card_key")]
    card: Option<PathBuf>,

    /// The secret key that belongs to the card.
    #[arg(long, value_name = "FILE", requires = "card")]
    card_key: Option<PathBuf>,

    /// Ask the relay for a card after the sign-in.
    #[arg(long, value_enum, value_name = "PROFILE", conflicts_with = "card")]
    ask_card: Option<HowMuch>,

    /// The picture that the card names, for who asks for it.
    #[arg(long, value_name = "FILE", requires = "card")]
    picture: Option<PathBuf>,

    /// Issuers of cards that you trust: a line for each, `issuer HEX NAME`.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

impl IdentityArgs {
    /// The key that signs receipts under the card of this configuration, if the card has one.
    pub(crate) fn receipt_key(&self, config: &Config) -> Result<Option<SecretKey>, Failure> {
        let (Some(card), Some(path)) = (&config.identity.card, &self.card_key) else {
            return Ok(None);
        };
        if card.card().receipt_key.is_empty() {
            return Ok(None);
        }
        let key = secret_key(path, "receipt")?;
        if !card.card().receipt_key.contains(&key.public()) {
            return Err(format!(
                "{}: its receipt key is another than the one on the card",
                path.display()
            )
            .into());
        }
        Ok(Some(key))
    }

    /// The default configuration, with who one is.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let card = match (&self.card, &self.card_key) {
            (Some(card), Some(key)) => {
                let bytes = files::signed(card, "signed-card")?;
                let key = secret_key(key, "card")?;
                let mut own = OwnCard::new(&bytes, key);
                if let Some(picture) = &self.picture {
                    let bytes = std::fs::read(picture);
                    let bytes = bytes.map_err(|error| format!("{}: {error}", picture.display()))?;
                    own = own.and_then(|own| own.with_picture(bytes));
                }
                Some(own.map_err(|error| format!("{}: {error}", card.display()))?)
            }
            _ => None,
        };
        let anchors = anchors(self.trust.as_deref())?;
        Ok(Config {
            identity: Identity {
                card,
                anchors,
                ask_relay: self.ask_card.map(Profile::from),
                ..Identity::default()
            },
            suites: aead::suites(),
            ..Config::default()
        })
    }
}

/// The issuers in a file of them, or none.
pub(crate) fn anchors(trust: Option<&Path>) -> Result<Vec<Anchor>, Failure> {
    let Some(path) = trust else {
        return Ok(Vec::new());
    };
    let anchors = text::anchors(&read(path)?);
    anchors.map_err(|error| format!("{}: {error}", path.display()).into())
}
