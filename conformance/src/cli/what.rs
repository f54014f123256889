//! What is tested, as the command line names it.

use std::net::SocketAddr;

use alongside_client::Fingerprint;
use clap::{Args, Subcommand};

use super::{
    reference,
    test::Common,
    words::{quoted, split},
};
use crate::{
    driver,
    run::{ClientTarget, PairTarget, Pairing, RelayTarget, Targets},
    stage::RelayProgram,
};

/// What is tested.
#[derive(Subcommand)]
pub(super) enum What {
    /// The reference relay and client, all within this program
    Reference(Common),
    /// A relay: the suite is its clients
    Relay {
        #[command(flatten)]
        relay: WhichRelay,
        #[command(flatten)]
        common: Common,
    },
    /// A client: the suite is its relay and the other end
    Client {
        /// A command that starts the driver of the client
        #[arg(long, value_name = "COMMAND")]
        driver: String,
        #[command(flatten)]
        common: Common,
    },
    /// A helper and a sharer with one another, over a relay: real programs, the suite is their people
    Pair {
        /// A command that starts the driver of a helper; of several, each is run with each sharer (repeatable)
        #[arg(long, value_name = "COMMAND")]
        helper: Vec<String>,
        /// A command that starts the driver of a sharer (repeatable); whoever is not named is the reference
        #[arg(long, value_name = "COMMAND")]
        sharer: Vec<String>,
        #[command(flatten)]
        relay: WhichRelay,
        #[command(flatten)]
        common: Common,
    },
}

/// A relay, as the command line names it.
#[derive(Args)]
pub(super) struct WhichRelay {
    /// The address and port of a relay that runs
    #[arg(long, value_name = "ADDRESS:PORT", requires = "certificate", value_parser = address)]
    relay_url: Option<SocketAddr>,
    /// SHA-256 of that relay's certificate, in hex
    #[arg(long, value_name = "HEX", requires = "relay_url")]
    certificate: Option<Fingerprint>,
    /// A command that starts a relay; {listen} in it becomes 127.0.0.1:0, any free port, {setup} the file
    /// that it is set up with
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["relay_url", "certificate"])]
    relay_cmd: Option<String>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong =
        "it is an address and a port, 192.0.2.1:443 or [2001:db8::1]:443; names are not looked up";
    text.parse().map_err(|_| wrong.to_owned())
}

/// What was named, and the beginning of the command that names it again.
pub(super) struct Named {
    pub(super) targets: Targets,
    pub(super) command: String,
    pub(super) common: Common,
}

const TEST: &str = "alongside-conformance test ";

impl What {
    /// # Errors
    /// If nothing is named that can be tested.
    pub(super) fn name(self) -> Result<Named, String> {
        let (targets, command, common) = match self {
            Self::Reference(common) => (reference::targets(&[])?, "reference".to_owned(), common),
            Self::Relay { relay, common } => {
                let none = || "name a relay by --relay-url or --relay-cmd".to_owned();
                let (relay, named) = relay.name()?.ok_or_else(none)?;
                let targets = Targets {
                    relay: Some(relay),
                    ..Targets::default()
                };
                (targets, format!("relay {named}"), common)
            }
            Self::Client { driver, common } => {
                let command = format!("client --driver {}", quoted(&driver));
                (client(&driver)?, command, common)
            }
            Self::Pair {
                helper,
                sharer,
                relay,
                common,
            } => {
                let (targets, command) = pairs(&helper, &sharer, &relay)?;
                (targets, command, common)
            }
        };
        Ok(Named {
            targets,
            command: format!("{TEST}{command}"),
            common,
        })
    }
}

impl WhichRelay {
    /// The relay, and the words that name it again; nothing if none is named.
    pub(super) fn name(&self) -> Result<Option<(RelayTarget, String)>, String> {
        match (self.relay_url, self.certificate, &self.relay_cmd) {
            (Some(address), Some(certificate), _) => {
                let again = format!("--relay-url {address} --certificate {certificate}");
                let certificate = certificate.to_string();
                Ok(Some((RelayTarget::At(address, certificate), again)))
            }
            (_, _, Some(command)) => {
                let again = format!("--relay-cmd {}", quoted(command));
                let program = RelayProgram {
                    command: split(command)?,
                    environment: Vec::new(),
                };
                Ok(Some((RelayTarget::Program(program), again)))
            }
            _ => Ok(None),
        }
    }
}

/// Each helper with each sharer, and the command that names them all.
fn pairs(
    helpers: &[String],
    sharers: &[String],
    relay: &WhichRelay,
) -> Result<(Targets, String), String> {
    let reference = reference::pair(&[])?;
    let (relay, named) = match relay.name()? {
        Some((relay, named)) => (relay, format!(" {named}")),
        None => (reference.relay, String::new()),
    };
    let ends = |option: &str, commands: &[String], usual: &driver::Program| {
        let end = |command: &String| {
            let program = driver::Program {
                command: split(command)?,
                environment: Vec::new(),
            };
            Ok((program, format!(" {option} {}", quoted(command))))
        };
        match commands {
            [] => Ok(vec![(usual.clone(), String::new())]),
            some => some.iter().map(end).collect::<Result<Vec<_>, String>>(),
        }
    };
    let helpers = ends("--helper", helpers, &reference.helper)?;
    let sharers = ends("--sharer", sharers, &reference.sharer)?;
    let one = helpers.len() * sharers.len() == 1;
    let mut pairs = Vec::new();
    for (i, (helper, first)) in helpers.iter().enumerate() {
        for (j, (sharer, second)) in sharers.iter().enumerate() {
            let pairing = Pairing {
                name: format!("{}-{}", i + 1, j + 1),
                command: format!("{TEST}pair{first}{second}{named}"),
            };
            pairs.push(PairTarget {
                pairing: (!one).then_some(pairing),
                helper: helper.clone(),
                sharer: sharer.clone(),
                relay: relay.clone(),
            });
        }
    }
    let words = |ends: &[(driver::Program, String)]| -> String {
        ends.iter().map(|(_, words)| words.as_str()).collect()
    };
    let command = format!("pair{}{}{named}", words(&helpers), words(&sharers));
    let targets = Targets {
        pairs,
        ..Targets::default()
    };
    Ok((targets, command))
}

fn client(command: &str) -> Result<Targets, String> {
    let client = ClientTarget {
        driver: driver::Program {
            command: split(command)?,
            environment: Vec::new(),
        },
    };
    Ok(Targets {
        helper: Some(client.clone()),
        sharer: Some(client),
        ..Targets::default()
    })
}
