//! `test`: runs cases.

use std::{io, net::SocketAddr, time::Duration};

use alongside_relay::{Options, tls::Identity};
use clap::{Args, Subcommand};
use tokio::io::{BufReader, stdin, stdout};

use super::{CONFORMANT, HARNESS, NOT_CONFORMANT, complain};
use crate::{
    cases,
    driver::{self, Role},
    report::Terminal,
    run::{self, ClientTarget, RelayTarget, Selection, Settings, Targets, Verdict},
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
        /// What the client is; both without it
        #[arg(long)]
        role: Option<Role>,
        /// A command that starts the driver of the client
        #[arg(long, value_name = "COMMAND")]
        driver: String,
        #[command(flatten)]
        common: Common,
    },
}

/// Parts of the reference, as programs of their own.
#[derive(Subcommand)]
pub(super) enum Reference {
    /// The driver of the reference client
    Driver,
    /// The reference relay, with a clock
    Relay,
}

/// How it is tested.
#[derive(Args)]
pub(super) struct Common {
    #[command(flatten)]
    selection: Selection,
    /// Cases at once
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// What everything random follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much longer than usual to wait for what needs no time
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    timeout_scale: f64,
    /// Let cases wait for minutes by the computer's clock
    #[arg(long)]
    real_time: bool,
}

pub(super) fn run(what: What) -> u8 {
    let (targets, common) = match targets(what) {
        Ok(found) => found,
        Err(why) => return complain(&why),
    };
    let settings = Settings {
        jobs: common.jobs,
        seed: common.seed,
        patience: Duration::from_secs(5).mul_f64(common.timeout_scale.clamp(0.1, 100.0)),
        real_time: common.real_time,
    };
    let errands = common.selection.of(&cases::all(), &targets.present());
    if errands.is_empty() {
        return complain("no case is chosen by that; `list` shows what there is");
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("it cannot run: {error}"));
            return HARNESS;
        }
    };
    let mut terminal = Terminal::new(errands.len());
    let outcomes = run::run(errands, &targets, &settings, runtime.handle(), |outcome| {
        terminal.tell(outcome);
    });
    terminal.sum(&outcomes);
    let any = |wanted: fn(Verdict) -> bool| outcomes.iter().any(|outcome| wanted(outcome.verdict));
    match () {
        () if any(|verdict| verdict == Verdict::HarnessError) => HARNESS,
        () if any(Verdict::is_bad) => NOT_CONFORMANT,
        () => CONFORMANT,
    }
}

fn targets(what: What) -> Result<(Targets, Common), String> {
    match what {
        What::Reference(common) => Ok((reference(&[])?, common)),
        What::Relay {
            relay_url,
            certificate,
            relay_cmd,
            common,
        } => {
            let relay = match (relay_url, certificate, relay_cmd) {
                (Some(address), Some(certificate), _) => RelayTarget::At(address, certificate),
                (_, _, Some(command)) => RelayTarget::Program(RelayProgram {
                    command: words(&command),
                    environment: Vec::new(),
                }),
                _ => return Err("name a relay by --relay-url or --relay-cmd".to_owned()),
            };
            let targets = Targets {
                relay: Some(relay),
                ..Targets::default()
            };
            Ok((targets, common))
        }
        What::Client {
            role,
            driver,
            common,
        } => {
            let target = ClientTarget {
                driver: driver::Program {
                    command: words(&driver),
                    environment: Vec::new(),
                },
            };
            let of = |wanted| (role.is_none() || role == Some(wanted)).then(|| target.clone());
            let targets = Targets {
                helper: of(Role::Helper),
                sharer: of(Role::Sharer),
                relay: None,
            };
            Ok((targets, common))
        }
    }
}

/// A command as its words, which are separated by spaces.
fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(str::to_owned).collect()
}

/// The reference client and relay, as parts of this program, with more in their environment.
pub(super) fn reference(environment: &[(String, String)]) -> Result<Targets, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = program.display().to_string();
    let part = |name: &str| vec![program.clone(), "reference".to_owned(), name.to_owned()];
    let client = ClientTarget {
        driver: driver::Program {
            command: part("driver"),
            environment: environment.to_vec(),
        },
    };
    Ok(Targets {
        helper: Some(client.clone()),
        sharer: Some(client),
        relay: Some(RelayTarget::Program(RelayProgram {
            command: part("relay"),
            environment: environment.to_vec(),
        })),
    })
}

/// Is a part of the reference until standard input ends.
pub(super) fn be(part: &Reference) -> u8 {
    #[cfg(feature = "mutants")]
    if let Err(why) = super::kill::become_wrong() {
        return complain(&why);
    }
    let done = tokio::runtime::Runtime::new().and_then(|runtime| {
        let done = runtime.block_on(async {
            let (commands, answers) = (BufReader::new(stdin()), stdout());
            match part {
                Reference::Driver => alongside_client::driver::run(commands, answers).await,
                Reference::Relay => {
                    let identity = Identity::self_signed(vec!["localhost".to_owned()]);
                    let identity = identity.map_err(|error| io::Error::other(error.to_string()))?;
                    let options = Options::new(([127, 0, 0, 1], 0).into(), identity);
                    alongside_relay::testing::run(options, commands, answers).await
                }
            }
        });
        // Nobody waits for a read of standard input that will not come.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(()) => CONFORMANT,
        Err(error) => {
            complain(&error.to_string());
            HARNESS
        }
    }
}
