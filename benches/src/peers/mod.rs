//! The relay of Alongside and its peers side by side: throughput, the processor's time that a relay
//! takes, latency, and memory, of each in turn. `benches/README.md` says what is fair about it.
//!
//! | what | where |
//! |---|---|
//! | what is measured, and for how long | `plan` |
//! | one measurement | `measure`, with what goes over a path: `frames` |
//! | the ends of a path | `ends` |
//! | paths | `ours`, `forwarded`, `quic`, `udp`, `tcp`, `turn`, `iroh` |
//! | sealed frames | `sealed` |
//! | what comes of it | `report`, `rows` |

mod ends;
mod forwarded;
mod frames;
mod iroh;
mod measure;
mod ours;
mod paced;
mod plan;
mod quic;
mod report;
mod rows;
mod sealed;
mod tcp;
mod turn;
mod udp;

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use self::{
    ends::{Ends, Incoming, Outgoing},
    plan::Plan,
    report::{Figures, Results},
};
use crate::{
    Failure, Size,
    process::{Process, installed},
    row::Row,
};

pub use self::plan::Args;
pub(crate) use self::{
    tcp::{TCP_RELAY, be_a_tcp_relay},
    udp::{UDP_RELAY, be_a_udp_relay},
};

/// A way from a sharer to a helper. Its relay runs as long as this lives.
trait Route {
    /// Opens one more path, on which nothing has been sent.
    fn connect(&self, ends: &Ends) -> Result<(Outgoing, Incoming), Failure>;

    /// The relay, if there is one.
    fn process(&self) -> Option<&Process>;

    /// Connections that the relay has for one path.
    fn connections(&self) -> u64 {
        2
    }

    /// Whether it carries a stream, in which records can lie: packets would have a form of their own.
    fn is_stream(&self) -> bool {
        true
    }
}

/// Something to be measured.
struct Peer {
    name: &'static str,
    what: &'static str,
    /// If it is our relay that is measured: the name of the least that a relay of its kind can do.
    ours: Option<&'static str>,
    /// What has to be installed, if it is no part of this repository.
    needs: Option<Program>,
    /// Starts it; what it writes goes into the folder.
    start: fn(&Path) -> Result<Box<dyn Route>, Failure>,
}

/// A program of others.
struct Program {
    name: &'static str,
    /// How it is installed.
    install: &'static str,
    /// The argument at which it says its version.
    version: &'static str,
}

/// All of them. The first is what the others are compared with.
const PEERS: &[Peer] = &[
    Peer {
        name: "quinn-direct",
        what: "QUIC from end to end, no relay; encrypted once",
        ours: None,
        needs: None,
        start: |_| Ok(Box::new(quic::Direct)),
    },
    Peer {
        name: "alongside",
        what: "our relay, spliced streams: QUIC on both hops, encrypted on each",
        ours: Some("quinn-splice"),
        needs: None,
        start: |_| Ok(Box::new(ours::Spliced::start()?)),
    },
    Peer {
        name: "forwarded",
        what: "our relay, forwarded packets: QUIC from end to end, encrypted once",
        ours: Some("udp-relay"),
        needs: None,
        start: |_| Ok(Box::new(forwarded::Forwarded::start()?)),
    },
    Peer {
        name: "quinn-splice",
        what: "a bare relay of one QUIC stream, encrypted on both hops",
        ours: None,
        needs: None,
        start: |_| Ok(Box::new(quic::Splice::start()?)),
    },
    Peer {
        name: "udp-relay",
        what: "a bare relay of UDP packets: QUIC from end to end, encrypted once",
        ours: None,
        needs: None,
        start: |_| Ok(Box::new(udp::Udp::start()?)),
    },
    Peer {
        name: "tcp-direct",
        what: "TCP, no relay, not encrypted",
        ours: None,
        needs: None,
        start: |_| Ok(Box::new(tcp::Tcp::direct()?)),
    },
    Peer {
        name: "tcp-relay",
        what: "a bare relay on tokio, TCP, not encrypted",
        ours: None,
        needs: None,
        start: |_| Ok(Box::new(tcp::Tcp::through_tokio()?)),
    },
    Peer {
        name: "haproxy",
        what: "haproxy in TCP mode, not encrypted",
        ours: None,
        needs: Some(Program {
            name: "haproxy",
            install: "apt install haproxy",
            version: "-v",
        }),
        start: |folder| Ok(Box::new(tcp::Tcp::through_haproxy(folder)?)),
    },
    Peer {
        name: "coturn",
        what: "TURN over UDP, packets of 1200 bytes, not encrypted",
        ours: None,
        needs: Some(Program {
            name: "turnserver",
            install: "apt install coturn",
            version: "--version",
        }),
        start: |folder| Ok(Box::new(turn::Coturn::start(folder)?)),
    },
    Peer {
        name: "iroh-relay",
        what: "datagrams over WebSocket, not encrypted",
        ours: None,
        needs: Some(Program {
            name: "iroh-relay",
            install: "cargo install iroh-relay --features server",
            version: "--version",
        }),
        start: |folder| Ok(Box::new(iroh::IrohRelay::start(folder)?)),
    },
];

/// Measures what `args` ask for; tells on standard error how it goes, prints the tables, and writes
/// the figures. What is not installed is skipped. Says whether everything else could be measured.
///
/// # Errors
/// If the arguments name no peer, or nothing can be written.
pub fn run(args: Args) -> Result<bool, Failure> {
    let plan = Plan::new(args)?;
    let results = measured(&plan)?;
    write!(io::stdout(), "{}", results.tables(&plan))?;
    fs::write(&plan.out, results.json(&plan)?)?;
    tell(&format!("all figures: {}", plan.out.display()));
    Ok(results.is_complete())
}

/// Throughput and latency through our relay, next to none.
///
/// # Errors
/// If something of it cannot be measured.
pub fn relayed(size: Size) -> Result<Vec<Row>, Failure> {
    let results = measured(&Plan::relayed(size)?)?;
    match results.is_complete() {
        true => Ok(rows::rows(&results)),
        false => Err("not all of it could be measured".into()),
    }
}

fn measured(plan: &Plan) -> Result<Results, Failure> {
    let folder = plan.out.with_extension("logs");
    fs::create_dir_all(&folder)?;
    let mut results = Results::default();
    let peers = installed_of(plan, &mut results);
    let mut contest = Contest {
        plan,
        folder: &folder,
        results: &mut results,
        peers,
    };
    for load in plan.loads {
        contest.in_turn(&load.to_string(), |route, figures| {
            if load.sealed && !route.is_stream() {
                return Ok("not sealed".to_owned());
            }
            let measured = measure::throughput(route, load, plan)?;
            figures.throughput.entry(load).or_default().push(measured);
            Ok(format!("{:.2} Gbit/s", measured.gbit))
        })?;
    }
    contest.in_turn("20 KB at 60 fps", |route, figures| {
        let measured = measure::latency(route, plan)?;
        figures.latency.push(measured);
        Ok(format!(
            "{:.0} µs, p99 {:.0} µs",
            measured.p50, measured.p99
        ))
    })?;
    contest.memory()?;
    Ok(results)
}

/// Those that are wanted and installed; the results have why others are not.
fn installed_of(plan: &Plan, results: &mut Results) -> Vec<&'static Peer> {
    let mut here = Vec::new();
    for peer in PEERS.iter().filter(|peer| plan.wants(peer.name)) {
        let version = peer.needs.as_ref().map(Program::version).transpose();
        match (version, &peer.needs) {
            (Err(_), Some(program)) => {
                let problem = format!("skipped: not installed; {}", program.install);
                tell(&format!("{} is {problem}", peer.name));
                results.of(peer).problem = Some(problem);
            }
            (version, _) => {
                results.of(peer).version = version.ok().flatten();
                here.push(peer);
            }
        }
    }
    here
}

impl Program {
    /// What it says of its version: the first line. An error if it is not there.
    fn version(&self) -> Result<String, Failure> {
        let program = installed(self.name).ok_or("it is not installed")?;
        let said = Command::new(program)
            .arg(self.version)
            .stdin(Stdio::null())
            .output()?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        Ok(said.lines().next().unwrap_or_default().trim().to_owned())
    }
}

/// All peers that are there, measured one after the other, again and again.
struct Contest<'a> {
    plan: &'a Plan,
    folder: &'a Path,
    results: &'a mut Results,
    /// Those that have not failed.
    peers: Vec<&'static Peer>,
}

impl Contest<'_> {
    /// Starts every relay, and takes one measurement of each in turn until there are as many pairs
    /// as planned. A peer that fails is left out from then on.
    fn in_turn(
        &mut self,
        what: &str,
        mut measure: impl FnMut(&dyn Route, &mut Figures) -> Result<String, Failure>,
    ) -> Result<(), Failure> {
        let mut routes = Vec::new();
        for peer in &self.peers {
            match (peer.start)(self.folder) {
                Ok(route) => routes.push((*peer, route)),
                Err(error) => self.results.failed(peer, &error),
            }
        }
        for pair in 1..=self.plan.pairs {
            routes.retain(|(peer, route)| {
                let figures = self.results.of(peer);
                let measured = measure(route.as_ref(), figures);
                let prefix = format!("{what}, {pair} of {}: {}", self.plan.pairs, peer.name);
                match measured {
                    Ok(figure) => tell(&format!("{prefix} {figure}")),
                    Err(error) => self.results.failed(peer, &error),
                }
                !self.results.of(peer).is_out()
            });
        }
        self.peers = routes.into_iter().map(|(peer, _)| peer).collect();
        match self.peers.first() {
            Some(first) if Plan::is_reference(first.name) => Ok(()),
            _ => Err("what all are compared with could not be measured".into()),
        }
    }

    /// Takes the memory of an idle connection, in a relay that has just been started.
    fn memory(&mut self) -> Result<(), Failure> {
        for peer in &self.peers {
            let measured = (peer.start)(self.folder).and_then(|route| {
                let process = route.process();
                process
                    .map(|process| measure::memory(route.as_ref(), process, self.plan))
                    .transpose()
            });
            match measured {
                Ok(Some(kib)) => {
                    tell(&format!(
                        "idle connections: {} {kib:.1} KiB each",
                        peer.name
                    ));
                    self.results.of(peer).memory = Some(kib);
                }
                Ok(None) => {}
                Err(error) => self.results.failed(peer, &error),
            }
        }
        Ok(())
    }
}

/// Says how it goes.
fn tell(line: &str) {
    // Nobody may look.
    let _ = writeln!(io::stderr(), "{line}");
}
