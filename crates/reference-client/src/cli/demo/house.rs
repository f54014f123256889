//! The relay of the demo, with accounts, an issuer of cards, and books.

use std::{
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use alongside_client::{
    Config, Relay as Address, Trust,
    device::{self, Device},
    sign_in,
};
use alongside_relay::{
    Options, Relay, books,
    sign_in::{Access, Options as AccessOptions},
    tls::Identity as Certificate,
};
use alongside_state_machine::identity::{
    Identity,
    issue::{Request, issue},
    keys::SecretKey,
    own::OwnCard,
    trust::Anchor,
};
use alongside_state_machine::{device::token_hash, relay::Registration};
use alongside_wire::{Profile, Scopes, card::Card, rendezvous::SignIn};
use tempfile::TempDir;

use super::{Failure, Story, path::Path};

pub(super) struct House {
    relay: Relay,
    pub(super) address: Address,
    /// Another way to the same relay.
    pub(super) path: Path,
    folder: TempDir,
    token: String,
    issuer: SecretKey,
    /// A device of the same organisation.
    pub(super) device: Device,
}

/// Who calls the issuer what.
const ISSUER: &str = "Engines Ltd";

impl House {
    pub(super) async fn open(story: &mut Story) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let token = hex(&random::<16>()?);
        let tokens = folder.path().join("tokens.toml");
        fs::write(
            &tokens,
            format!(
                "[[account]]\ntoken = \"{token}\"\nname = \"Ada Lovelace\"\n\
                 organisation = \"{ISSUER}\"\nrole = \"control\"\n"
            ),
        )?;
        let access = Access::open(&AccessOptions {
            tokens: Some(tokens),
            ..AccessOptions::default()
        })?;
        let device = device::enrol()?;
        let registration = Registration {
            token_hash: token_hash(&device.token),
            organisation: ISSUER.to_owned(),
            issuer: None,
        };
        let certificate = Certificate::self_signed(vec!["localhost".to_owned()])?;
        let relay = Relay::bind(Options {
            access,
            devices: [(device.key.id, registration)].into(),
            journal: Some(folder.path().join("journal")),
            reports: Some(folder.path().join("reports")),
            ..Options::new(([127, 0, 0, 1], 0).into(), certificate)
        })?;
        let listening = relay.local_addr()?;
        let address = Address {
            address: listening.to_string(),
            trust: Trust::Fingerprint(relay.fingerprint().parse()?),
        };
        story.tell(&format!(
            "relay: listens on {}, knows one account, and keeps a journal",
            address.address
        ));
        Ok(Self {
            relay,
            address,
            path: Path::open(listening).await?,
            folder,
            token,
            issuer: SecretKey::from_seed(&random()?),
            device,
        })
    }

    /// The relay by the way that can be cut.
    pub(super) fn address_by_path(&self) -> Address {
        Address {
            address: self.path.address.to_string(),
            ..self.address.clone()
        }
    }

    /// What Ada proves to the relay who she is with.
    pub(super) fn account(&self) -> Result<SignIn, Failure> {
        Ok(sign_in::from_text(&self.token)?)
    }

    /// Ada, with a card of her employer's that says so.
    pub(super) fn ada(&self) -> Result<Config, Failure> {
        let key = SecretKey::from_seed(&random()?);
        let challenge = random()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let card = Card {
            version: 1,
            profile: Profile::Full.to_wire(),
            issuer: [0; 32],
            serial: random()?,
            first_name: "Ada".to_owned(),
            last_name: "Lovelace".to_owned(),
            title: "Support engineer".to_owned(),
            organisation: ISSUER.to_owned(),
            domain: "engines.example".to_owned(),
            picture: Vec::new(),
            ceiling: Scopes::ALL,
            card_key: [0; 32],
            receipt_key: Vec::new(),
            not_before: now,
            expires: now + 3_600,
        };
        let request = Request::new(&key, None, &challenge);
        let bytes = issue(card, &request, &challenge, &self.issuer)?;
        Ok(Config {
            identity: Identity {
                card: Some(OwnCard::new(&bytes, key)?),
                ..Identity::default()
            },
            ..Config::default()
        })
    }

    /// Somebody who believes what that employer signs.
    pub(super) fn trusting(&self) -> Config {
        Config {
            identity: Identity {
                anchors: vec![Anchor {
                    name: ISSUER.to_owned(),
                    key: self.issuer.public(),
                    runs_relay: false,
                }],
                ..Identity::default()
            },
            ..Config::default()
        }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Shuts the relay down, and shows all that it wrote.
    pub(super) async fn close(self, story: &mut Story) -> Result<(), Failure> {
        let [journal, reports] = ["journal", "reports"].map(|name| self.file(name));
        self.relay.shutdown().await;
        story.act("What the relay kept");
        let mut text = Vec::new();
        books::print_journal(&journal, false, &mut text)?;
        books::print_reports(&reports, false, &mut text)?;
        for line in String::from_utf8_lossy(&text).lines() {
            story.tell(line);
        }
        Ok(())
    }
}

/// Random bytes that nobody else knows.
fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
