//! What is tested, as the command line names it.

use std::net::SocketAddr;

use clap::Subcommand;

use super::{
    reference,
    test::Common,
    words::{quoted, split},
};
use crate::{
    driver,
    run::{ClientTarget, RelayTarget, Targets},
    stage::RelayProgram,
};

/// What is tested.
#[derive(Subcommand)]
pub(super) enum What {
    /// The reference relay and client, all within this program
    Reference(Common),
    /// A relay: the suite is its clients
    Relay {
        /// The address and port of a relay that runs
        #[arg(long, value_name = "ADDRESS:PORT", requires = "certificate")]
        relay_url: Option<SocketAddr>,
        /// SHA-256 of that relay's certificate, in hex
        #[arg(long, value_name = "HEX")]
        certificate: Option<String>,
        /// A command that starts a relay; {listen} in it becomes an address to listen at
        #[arg(long, value_name = "COMMAND", conflicts_with = "relay_url")]
        relay_cmd: Option<String>,
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
}

/// What was named, and the beginning of the command that names it again.
pub(super) struct Named {
    pub(super) targets: Targets,
    pub(super) command: String,
    pub(super) common: Common,
}

impl What {
    /// # Errors
    /// If nothing is named that can be tested.
    pub(super) fn name(self) -> Result<Named, String> {
        let (targets, command, common) = match self {
            Self::Reference(common) => (reference::targets(&[])?, "reference".to_owned(), common),
            Self::Relay {
                relay_url,
                certificate,
                relay_cmd,
                common,
            } => {
                let (relay, command) = relay(relay_url, certificate, relay_cmd)?;
                let relay = Some(relay);
                let targets = Targets {
                    relay,
                    ..Targets::default()
                };
                (targets, command, common)
            }
            Self::Client { driver, common } => {
                let command = format!("client --driver {}", quoted(&driver));
                (client(&driver)?, command, common)
            }
        };
        Ok(Named {
            targets,
            command: format!("alongside-conformance test {command}"),
            common,
        })
    }
}

fn relay(
    address: Option<SocketAddr>,
    certificate: Option<String>,
    command: Option<String>,
) -> Result<(RelayTarget, String), String> {
    match (address, certificate, command) {
        (Some(address), Some(certificate), _) => {
            let again = format!("relay --relay-url {address} --certificate {certificate}");
            Ok((RelayTarget::At(address, certificate), again))
        }
        (_, _, Some(command)) => {
            let again = format!("relay --relay-cmd {}", quoted(&command));
            let program = RelayProgram {
                command: split(&command)?,
                environment: Vec::new(),
            };
            Ok((RelayTarget::Program(program), again))
        }
        _ => Err("name a relay by --relay-url or --relay-cmd".to_owned()),
    }
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
        relay: None,
    })
}
