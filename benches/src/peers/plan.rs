//! What a run measures, and for how long.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use super::PEERS;
use crate::Failure;

/// Measures the relay of Alongside and its peers, in turn, on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "peers")]
pub struct Args {
    /// A run of some seconds that shows whether everything works; its figures mean nothing
    #[arg(long)]
    smoke: bool,
    /// Only these, with commas between; what they are compared with is measured too
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// How often each is measured in turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pairs: Option<u32>,
    /// Where the figures go as JSON [default: peers.json in the target folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What a run measures, and for how long.
pub(super) struct Plan {
    pub(super) smoke: bool,
    /// How often each peer is measured in turn.
    pub(super) pairs: u32,
    /// Bytes of a frame, for throughput.
    pub(super) sizes: [usize; 4],
    pub(super) warm_up: Duration,
    /// For which throughput is measured.
    pub(super) seconds: Duration,
    /// Frames of a screen that are sent for latency, and how many of them come too early to count.
    pub(super) frames: u32,
    pub(super) cold: usize,
    /// Paths that are opened to see what an idle one takes.
    pub(super) idle: u32,
    only: Vec<String>,
    pub(super) out: PathBuf,
}

impl Plan {
    /// What these arguments ask for.
    ///
    /// # Errors
    /// If a name is that of no peer.
    pub(super) fn new(args: Args) -> Result<Self, Failure> {
        for name in &args.only {
            if !PEERS.iter().any(|peer| peer.name == name) {
                let known: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
                return Err(
                    format!("there is no `{name}`; there are: {}", known.join(", ")).into(),
                );
            }
        }
        let ms = Duration::from_millis;
        let out = args.out.map_or_else(default_out, Ok)?;
        let sizes = [64, 1024, 16 * 1024, 64 * 1024];
        Ok(if args.smoke {
            Self {
                smoke: true,
                pairs: args.pairs.unwrap_or(1),
                sizes,
                warm_up: ms(20),
                seconds: ms(100),
                frames: 12,
                cold: 2,
                idle: 2,
                only: args.only,
                out,
            }
        } else {
            Self {
                smoke: false,
                pairs: args.pairs.unwrap_or(5),
                sizes,
                warm_up: ms(300),
                seconds: ms(1_500),
                frames: 190,
                cold: 10,
                idle: 100,
                only: args.only,
                out,
            }
        })
    }

    /// Whether a peer is what all are compared with.
    pub(super) fn is_reference(name: &str) -> bool {
        PEERS.first().is_some_and(|peer| peer.name == name)
    }

    /// Whether a peer is to be measured; the first is what all are compared with.
    pub(super) fn wants(&self, name: &str) -> bool {
        Self::is_reference(name)
            || self.only.is_empty()
            || self.only.iter().any(|only| only == name)
    }
}

/// Beside the folder of the profile that this program was built in.
fn default_out() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .ok_or("the program is in no folder")?;
    Ok(target.join("peers.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(arguments: &[&str]) -> Result<Plan, Failure> {
        let line = ["peers"].iter().chain(arguments);
        Plan::new(Args::try_parse_from(line)?)
    }

    #[test]
    fn all_are_measured_if_none_is_named() {
        let plan = plan(&[]).unwrap();
        assert!(PEERS.iter().all(|peer| plan.wants(peer.name)));
        assert!(plan.pairs >= 5);
    }

    #[test]
    fn what_is_compared_with_is_always_measured() {
        let plan = plan(&["--smoke", "--only", "haproxy,coturn"]).unwrap();
        let wanted = PEERS
            .iter()
            .map(|peer| peer.name)
            .filter(|name| plan.wants(name));
        let wanted: Vec<_> = wanted.collect();
        assert_eq!(wanted, ["quinn-direct", "haproxy", "coturn"]);
    }

    #[test]
    fn a_wrong_name_is_told_the_right_ones() {
        let error = plan(&["--only", "nginx"]).err().unwrap().to_string();
        assert!(
            error.contains("`nginx`") && error.contains("haproxy"),
            "{error}"
        );
    }
}
