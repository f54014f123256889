//! What a run measures, and for how long.

use std::{fmt, path::PathBuf, time::Duration};

use clap::Parser;

use super::PEERS;
use crate::{Failure, Size, table::bytes};

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

/// Frames of one kind, for throughput.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Load {
    pub(super) sealed: bool,
    /// Of a frame, as it is before it is sealed.
    pub(super) bytes: usize,
}

impl Load {
    const fn plain(bytes: usize) -> Self {
        Self {
            sealed: false,
            bytes,
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes(self.bytes))?;
        f.write_str(if self.sealed { " sealed" } else { "" })
    }
}

const LOADS: [Load; 5] = [
    Load::plain(64),
    Load::plain(1024),
    Load::plain(16 * 1024),
    Load::plain(64 * 1024),
    Load {
        sealed: true,
        bytes: 16 * 1024,
    },
];

/// What a run measures, and for how long.
pub(super) struct Plan {
    pub(super) smoke: bool,
    /// How often each peer is measured in turn.
    pub(super) pairs: u32,
    pub(super) loads: [Load; 5],
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
        Ok(if args.smoke {
            Self {
                smoke: true,
                pairs: args.pairs.unwrap_or(1),
                loads: LOADS,
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
                loads: LOADS,
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

    /// Our relay alone, and longer.
    pub(super) fn relayed(size: Size) -> Result<Self, Failure> {
        let args = Args {
            smoke: size == Size::Smoke,
            only: PEERS
                .iter()
                .filter(|peer| peer.ours.is_some())
                .map(|peer| peer.name.to_owned())
                .collect(),
            pairs: None,
            out: None,
        };
        let plan = Self::new(args)?;
        Ok(match size {
            Size::Smoke => plan,
            Size::Whole => Self {
                pairs: 7,
                frames: 610,
                ..plan
            },
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
