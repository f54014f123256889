//! `test`: runs cases.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, Subcommand};

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
