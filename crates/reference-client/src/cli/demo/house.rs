//! The relay of the demo, with accounts, rules, a known device, and books.

use std::{fs, net::UdpSocket, path::PathBuf};

use alongside_client::{
    Relay as Address, Trust,
    device::{self, Device},
    helper, sign_in,
};
use alongside_relay::{
    Options, Relay, books,
    sign_in::{Access, Options as AccessOptions},
    tls::Identity as Certificate,
};
use alongside_state_machine::{device::token_hash, relay::Registration};
use alongside_wire::rendezvous::SignIn;
use tempfile::TempDir;

use super::{
    Failure, Story,
    cast::{self, Parts},
    office::Office,
    path::Path,
    seen::Seen,
};
use crate::cli::exit;

pub(super) struct House {
    relay: Relay,
    pub(super) address: Address,
    /// Another way to the same relay.
    pub(super) path: Path,
    /// Where a relay could be, and none is.
    nobody: UdpSocket,
    folder: TempDir,
    secret: String,
    /// Who issues the cards of the organisation.
    pub(super) office: Office,
    /// A device of the same organisation.
    pub(super) device: Device,
}

const ORGANISATION: &str = "Engines Ltd";

/// First names, with what the organisation says of each.
const ACCOUNTS: [(&str, &str); 5] = [
    ("Ada", "role = \"elevation\""),
    ("Vera", "role = \"view\""),
    ("Nora", "role = \"none\""),
    ("Sam", "device = \"compliant\""),
    ("Una", "device = \"unenrolled\""),
];

impl House {
    pub(super) async fn open(story: &mut Story) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let secret = hex(&random::<16>()?);
        let tokens = folder.path().join("tokens.toml");
        let accounts = ACCOUNTS.map(|(name, says)| {
            format!(
                "[[account]]\ntoken = \"{secret}-{name}\"\nname = \"{name}\"\n\
                 organisation = \"{ORGANISATION}\"\n{says}\n"
            )
        });
        fs::write(&tokens, accounts.concat())?;
        let policy = folder.path().join("policy.toml");
        fs::write(&policy, "[organisation]\nlinks = false\n")?;
        let access = Access::open(&AccessOptions {
            tokens: Some(tokens),
            policy: Some(policy),
            ..AccessOptions::default()
        })?;
        let device = device::enrol()?;
        let registration = Registration {
            token_hash: token_hash(&device.token),
            organisation: ORGANISATION.to_owned(),
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
            "relay: listens on {}, knows {} accounts and a device, and keeps a journal",
            address.address,
            ACCOUNTS.len()
        ));
        Ok(Self {
            relay,
            address,
            path: Path::open(listening).await?,
            nobody: UdpSocket::bind(("127.0.0.1", 0))?,
            folder,
            secret,
            office: Office::open(ORGANISATION)?,
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

    /// A relay that does not answer.
    pub(super) fn dead_address(&self) -> Result<Address, Failure> {
        Ok(Address {
            address: self.nobody.local_addr()?.to_string(),
            ..self.address.clone()
        })
    }

    /// What one of the accounts proves to the relay who it is with.
    pub(super) fn account(&self, name: &str) -> Result<Option<SignIn>, Failure> {
        Ok(Some(sign_in::from_text(&format!(
            "{}-{name}",
            self.secret
        ))?))
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Shuts the relay down, and shows all that it wrote.
    pub(super) async fn close(self, story: &mut Story) -> Result<(), Failure> {
        story.act("The relay goes, and what it kept");
        self.relay.drain().await;
        let mut late = cast::helper(&self, &Parts::default(), Seen::default())?;
        let code = late
            .hear("a refusal", |event| match event {
                helper::Event::Session(helper::SessionEvent::CodeEnded(code)) => Some(*code),
                _ => None,
            })
            .await?;
        story.tell(&format!(
            "relay: begins nothing any more; a helper who asks reads: {}",
            exit::by_relay(code)
        ));
        late.order(helper::Command::End).await;
        late.leave().await?;
        let [journal, reports] = ["journal", "reports"].map(|name| self.file(name));
        self.relay.shutdown().await;
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
pub(super) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
