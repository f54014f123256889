//! What the relay bears: thousands of sessions, and faults while they are there. Whatever happens, nobody to whom it
//! does not happen is disturbed, and afterwards the relay is as it was. It sleeps, because the relay, its sockets and
//! its timers are the real ones: there is no time here but that of the machine.

mod busy;
mod crowd;
mod ends;
mod faults;
mod halves;
#[cfg(feature = "mutants")]
mod plants;
mod tried;

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use alongside_wire::limits::timers::RECONNECT_HOLD;
use clap::Parser;

pub(crate) use self::ends::{ENDS, be_ends};
#[cfg(feature = "mutants")]
pub(crate) use self::plants::PLANT;
use self::{
    crowd::Crowd,
    tried::{Has, Tried},
};
use crate::{Failure, Machine, relay::CONNECTIONS};

/// Loads a relay with thousands of sessions, does to it what goes wrong in the world, and looks whether anybody else
/// was disturbed and whether anything is left behind
///
/// Round after round: sessions begin; slow readers, floods, handshakes that stop half-way, killed clients, a full disk and no
/// descriptors are tried, each while everybody else goes on; all end. It stops at the first thing that does not hold, and exits with 1.
/// Wants Linux, unshare and prlimit (util-linux), and 20,000 open files for thousands of sessions.
#[derive(Parser)]
#[command(name = "cargo load", bin_name = "cargo load")]
pub struct Args {
    /// Sessions in which only heartbeats are said
    #[arg(long, default_value_t = 2_000)]
    idle: usize,
    /// Sessions with frames, five a second each
    #[arg(long, default_value_t = 200)]
    active: usize,
    /// Rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Go on for so many minutes, however many rounds that are: a soak
    #[arg(long, value_name = "MINUTES", conflicts_with = "rounds")]
    soak: Option<u64>,
    /// A few sessions for a few seconds; shows that it runs
    #[arg(long)]
    smoke: bool,
    /// Has a few sessions with each of some bugs of the relay, and fails if one is not noticed
    #[cfg(feature = "mutants")]
    #[arg(long)]
    plants: bool,
}

/// How much is done.
#[derive(Clone, Copy)]
struct Scale {
    idle: usize,
    active: usize,
    /// Sessions of the reference client among them, which show a picture that moves.
    shown: usize,
    /// Whom a fault happens to.
    struck: usize,
    /// Handshakes that stop half-way.
    halves: usize,
    /// The connections that the relay takes.
    connections: usize,
    /// How long anything may take: sessions that begin, or one fault.
    patience: Duration,
    /// How long a flood lasts, and how long the others are watched for.
    while_: Duration,
}

/// Memory that the relay may keep for itself after a round beyond what it kept after the first, KiB: what an allocator
/// does with pages is not the same each time.
const ROOM: u64 = 8 * 1_024;

/// Tries it.
///
/// # Errors
/// The first thing that does not hold.
pub fn run(args: &Args) -> Result<(), Failure> {
    #[cfg(feature = "mutants")]
    if args.plants {
        return plants::find_all();
    }
    tokio::runtime::Runtime::new()?.block_on(try_all(args))
}

async fn try_all(args: &Args) -> Result<(), Failure> {
    say(&Machine::this()?.to_string())?;
    let scale = match args.smoke {
        true => Scale {
            idle: 20,
            active: 5,
            shown: 1,
            struck: 4,
            halves: 300,
            // So few that the half handshakes are more than may be without a proof of their address.
            connections: 600,
            patience: Duration::from_secs(60),
            while_: Duration::from_millis(1_500),
        },
        false => Scale {
            idle: args.idle,
            active: args.active,
            shown: 4,
            struck: (args.idle / 20).max(1),
            halves: 2 * args.idle,
            connections: CONNECTIONS,
            patience: Duration::from_secs(600),
            while_: Duration::from_secs(5),
        },
    };
    let mut relay = Tried::start(scale.connections)?;
    // What the first sessions make stays, whatever their number: descriptors of the runtime, for one.
    let few = Scale {
        idle: 4,
        active: 4,
        ..scale
    };
    let crowd = in_time("the first sessions", &scale, Crowd::begin(&relay, &few));
    crowd.await?.end().await?;
    emptied(&mut relay).await?;
    let began = Instant::now();
    let first = Left::of(&relay)?;
    say(&format!("at the start: {first}"))?;
    let rounds = args.soak.map_or(args.rounds, |_| usize::MAX);
    let until = args.soak.map(|minutes| Duration::from_secs(60 * minutes));
    let mut after_first: Option<Left> = None;
    for round in 1..=rounds {
        if until.is_some_and(|until| began.elapsed() >= until) {
            break;
        }
        say(&format!("round {round}"))?;
        let begins = Crowd::begin(&relay, &scale);
        let mut crowd = in_time("sessions that begin", &scale, begins).await?;
        say(&format!("  {crowd}: {}", Left::of(&relay)?))?;
        for fault in faults::ALL {
            let told = fault(&mut relay, &mut crowd, &scale);
            let told = in_time("a fault", &scale, told).await?;
            say(&format!("  {told}"))?;
        }
        crowd.end().await?;
        emptied(&mut relay).await?;
        let left = Left::of(&relay)?;
        say(&format!("  all ended: {left}"))?;
        if left.descriptors != first.descriptors {
            return Err(format!(
                "{} descriptors became {}",
                first.descriptors, left.descriptors
            )
            .into());
        }
        let before = *after_first.get_or_insert(left);
        if left.kib > before.kib + ROOM {
            return Err(format!("memory grows: after the first round {before}, now {left}").into());
        }
    }
    say("nothing leaked, and nobody else was disturbed")
}

/// Does not wait for ever, whatever the relay does.
async fn in_time<T>(
    what: &str,
    scale: &Scale,
    done: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let patience = scale.patience;
    let done = tokio::time::timeout(patience, done).await;
    done.map_err(|_| format!("{what}: not done within {patience:?}"))?
}

/// Waits until the relay has nobody any more, and has given back what it held for them.
async fn emptied(relay: &mut Tried) -> Result<(), Failure> {
    let nobody = Has {
        connections: 0,
        codes: 0,
        sessions: 0,
    };
    // Places of whom it took for lost it holds for so long.
    let within = Duration::from_millis(RECONNECT_HOLD) + Duration::from_secs(20);
    relay
        .comes_to("after all ended", within, |has| has == nobody)
        .await?;
    // QUIC keeps a connection for three round trips more, at least, to answer what is late.
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(())
}

/// What the relay holds.
#[derive(Clone, Copy)]
struct Left {
    kib: u64,
    descriptors: usize,
}

impl Left {
    fn of(relay: &Tried) -> Result<Self, Failure> {
        Ok(Self {
            kib: relay.memory_kib()?,
            descriptors: relay.descriptors()?,
        })
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kib, descriptors } = self;
        write!(
            f,
            "{:.1} MiB, {descriptors} descriptors",
            *kib as f64 / 1_024.0
        )
    }
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
