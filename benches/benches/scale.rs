//! What the relay costs as sessions become more: memory and processor time with idle sessions, of
//! which nothing but heartbeats comes, and with active ones. Printed, and with `--chart FILE` drawn
//! as SVG; nothing is asserted: `cargo bench --bench scale [-- [--smoke] [--chart FILE]]`.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use alongside_benches::{
    Failure, Idle, RelayProcess, Session, Sockets, Still,
    chart::{Chart, Line, draw},
    had_a_role,
};
use alongside_client::{
    Relay as Address,
    screen::{Pattern, Screen},
};

/// Sessions that begin at once: more would wait for one another and look like lost connections.
const AT_ONCE: usize = 16;

/// How much is measured.
struct Size {
    idle: &'static [usize],
    /// Idle ones too, of reference clients: what clients do costs this machine more than the relay does.
    real: &'static [usize],
    active: &'static [usize],
    /// Until what the beginnings left behind is gone.
    settle: Duration,
    /// Over which processor time is counted.
    watch: Duration,
}

const WHOLE: Size = Size {
    idle: &[10, 100, 1_000, 5_000],
    real: &[10, 100, 1_000],
    active: &[1, 10, 50],
    settle: Duration::from_secs(10),
    watch: Duration::from_secs(20),
};

const SMOKE: Size = Size {
    idle: &[1, 3],
    real: &[1],
    active: &[1],
    settle: Duration::from_millis(100),
    watch: Duration::from_millis(500),
};

fn main() -> Result<(), Failure> {
    if had_a_role()? {
        return Ok(());
    }
    let arguments: Vec<String> = std::env::args().collect();
    let smoke = arguments.iter().any(|argument| argument == "--smoke");
    let size = if smoke { SMOKE } else { WHOLE };
    let mut after = arguments.iter().skip_while(|one| *one != "--chart").skip(1);
    let file = after.next().map(PathBuf::from);
    let Measured { idle, active } = tokio::runtime::Runtime::new()?.block_on(measure(&size))?;
    if let Some(file) = file {
        std::fs::write(&file, drawn(&idle, &active)?)?;
        say(&format!("the chart is {}", file.display()))?;
    }
    Ok(())
}

/// The relay with so many sessions.
struct Point {
    sessions: usize,
    /// MiB.
    memory: f64,
    /// Milliseconds of a processor in a second.
    cpu: f64,
    /// Frames that were shown in a second, in all sessions together.
    frames: f64,
    /// Datagrams in a second that this machine took, those for both ends and for the relay.
    datagrams: f64,
}

/// Sessions of one kind.
trait Kind {
    type Session: Send + 'static;

    /// Begins the session of this number.
    fn begin(
        &self,
        number: usize,
        relay: &Address,
    ) -> impl Future<Output = Result<Self::Session, Failure>> + Send + 'static;

    fn is_over(session: &Self::Session) -> bool;

    /// Frames that were shown since the last call.
    fn frames(session: &mut Self::Session) -> usize;
}

/// In which only heartbeats are said, by bare clients.
struct Silent(Arc<Sockets>);

impl Kind for Silent {
    type Session = Idle;

    fn begin(
        &self,
        number: usize,
        relay: &Address,
    ) -> impl Future<Output = Result<Idle, Failure>> + Send + 'static {
        let (sockets, relay) = (self.0.clone(), relay.clone());
        async move { Idle::begin(&sockets, number, &relay).await }
    }

    fn is_over(session: &Idle) -> bool {
        session.is_over()
    }

    fn frames(_: &mut Idle) -> usize {
        0
    }
}

/// Sessions of the reference client, with a screen.
struct Shown<S>(fn() -> S);

impl<S: Screen + 'static> Kind for Shown<S> {
    type Session = Session;

    fn begin(
        &self,
        _: usize,
        relay: &Address,
    ) -> impl Future<Output = Result<Session, Failure>> + Send + 'static {
        let (screen, relay) = (Box::new(self.0()), relay.clone());
        async move { Session::show(&relay, screen).await }
    }

    fn is_over(session: &Session) -> bool {
        session.is_over()
    }

    fn frames(session: &mut Session) -> usize {
        session.frames()
    }
}

struct Measured {
    idle: Vec<Point>,
    active: Vec<Point>,
}

async fn measure(size: &Size) -> Result<Measured, Failure> {
    say("idle sessions: a heartbeat from each end every 2 s, a keep-alive of QUIC each second")?;
    let idle = row(size.idle, size, &Silent(Arc::new(Sockets::new()?))).await?;
    say("the same, with both ends by the reference client, a still picture before them")?;
    row(size.real, size, &Shown(Still::default)).await?;
    say("active sessions: the test pattern, 320 x 240 pixels")?;
    let active = row(size.active, size, &Shown(Pattern::new)).await?;
    Ok(Measured { idle, active })
}

/// One relay, with more and more sessions.
async fn row<K: Kind>(counts: &[usize], size: &Size, kind: &K) -> Result<Vec<Point>, Failure> {
    let relay = RelayProcess::start()?;
    let empty = relay.memory_kib()?;
    let mut sessions = Vec::new();
    let mut points = Vec::new();
    for &count in counts {
        while sessions.len() < count {
            let more = AT_ONCE.min(count - sessions.len());
            let begun: Vec<_> = (0..more)
                .map(|one| tokio::spawn(kind.begin(sessions.len() + one, &relay.address)))
                .collect();
            for session in begun {
                sessions.push(session.await??);
            }
        }
        tokio::time::sleep(size.settle).await;
        let point = watch::<K>(&relay, &mut sessions, size.watch).await?;
        let each = (point.memory - empty as f64 / 1_024.0) * 1_024.0 / count as f64;
        say(&format!(
            "{:>6} sessions: {:>7.1} MiB, {each:>5.0} KiB for each; {:>7.2} ms of a processor in a second, \
             {:>6.3} for each; {:>6.0} datagrams and {:>4.0} frames in a second",
            point.sessions,
            point.memory,
            point.cpu,
            point.cpu / count as f64,
            point.datagrams,
            point.frames,
        ))?;
        points.push(point);
    }
    let lost = sessions
        .iter()
        .filter(|session| K::is_over(session))
        .count();
    if lost > 0 {
        return Err(format!("{lost} of {} sessions were lost on the way", sessions.len()).into());
    }
    Ok(points)
}

const NO_PROC: &str = "this system does not tell about processes in /proc: nothing can be measured";

async fn watch<K: Kind>(
    relay: &RelayProcess,
    sessions: &mut [K::Session],
    time: Duration,
) -> Result<Point, Failure> {
    for session in sessions.iter_mut() {
        K::frames(session);
    }
    let (began, cpu, datagrams) = (Instant::now(), relay.cpu()?, datagrams()?);
    tokio::time::sleep(time).await;
    let seconds = began.elapsed().as_secs_f64();
    let spent = relay.cpu()?.saturating_sub(cpu);
    let came = self::datagrams()?.saturating_sub(datagrams);
    let frames: usize = sessions.iter_mut().map(K::frames).sum();
    Ok(Point {
        sessions: sessions.len(),
        memory: relay.memory_kib()? as f64 / 1_024.0,
        cpu: spent.as_secs_f64() * 1_000.0 / seconds,
        frames: frames as f64 / seconds,
        datagrams: came as f64 / seconds,
    })
}

/// UDP datagrams that this machine has taken since it was started.
fn datagrams() -> Result<u64, Failure> {
    let told = std::fs::read_to_string("/proc/net/snmp")?;
    let mut lines = told.lines().filter(|line| line.starts_with("Udp:"));
    let (names, values) = (lines.next().ok_or(NO_PROC)?, lines.next().ok_or(NO_PROC)?);
    let mut fields = names.split_whitespace().zip(values.split_whitespace());
    let (_, taken) = fields
        .find(|(name, _)| *name == "InDatagrams")
        .ok_or(NO_PROC)?;
    Ok(taken.parse()?)
}

fn drawn(idle: &[Point], active: &[Point]) -> Result<String, Failure> {
    let line = |name, points: &[Point], value: fn(&Point) -> f64| Line {
        name,
        points: points
            .iter()
            .map(|point| (point.sessions as f64, value(point)))
            .collect(),
    };
    let memory = Chart {
        title: "Memory of the relay, MiB",
        lines: vec![
            line("idle", idle, |point| point.memory),
            line("active", active, |point| point.memory),
        ],
    };
    let cpu = Chart {
        title: "Processor time of the relay, ms in a second",
        lines: vec![
            line("idle", idle, |point| point.cpu),
            line("active", active, |point| point.cpu),
        ],
    };
    draw(&[memory, cpu], "sessions")
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
