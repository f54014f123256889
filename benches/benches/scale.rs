//! What the relay costs as sessions become more: memory and processor time with idle sessions, of
//! which nothing but heartbeats comes, and with active ones. Printed, and with `--chart FILE` drawn
//! as SVG; nothing is asserted: `cargo bench --bench scale [-- [--smoke] [--chart FILE]]`.

use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use alongside_benches::{
    Failure, RelayProcess, Session, Still,
    chart::{Chart, Line, draw},
    had_a_role,
};
use alongside_client::screen::{Pattern, Screen};

/// Sessions that begin at once: more would wait for one another and look like lost connections.
const AT_ONCE: usize = 16;

/// How much is measured.
struct Size {
    idle: &'static [usize],
    active: &'static [usize],
    /// Until what the beginnings left behind is gone.
    settle: Duration,
    /// Over which processor time is counted.
    watch: Duration,
}

const WHOLE: Size = Size {
    idle: &[10, 100, 1_000, 5_000],
    active: &[1, 10, 50],
    settle: Duration::from_secs(10),
    watch: Duration::from_secs(20),
};

const SMOKE: Size = Size {
    idle: &[1, 3],
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
    let (idle, active) = tokio::runtime::Runtime::new()?.block_on(measure(&size))?;
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

async fn measure(size: &Size) -> Result<(Vec<Point>, Vec<Point>), Failure> {
    say("idle sessions: a heartbeat from each end every 2 s, a keep-alive of QUIC each second")?;
    let idle = row(size.idle, size, || Box::new(Still::default())).await?;
    say("active sessions: the test pattern, 320 x 240 pixels")?;
    let active = row(size.active, size, || Box::new(Pattern::new())).await?;
    Ok((idle, active))
}

/// One relay, with more and more sessions.
async fn row(
    counts: &[usize],
    size: &Size,
    screen: impl Fn() -> Box<dyn Screen>,
) -> Result<Vec<Point>, Failure> {
    let relay = RelayProcess::start()?;
    let empty = relay.memory_kib()?;
    let mut sessions: Vec<Session> = Vec::new();
    let mut points = Vec::new();
    for &count in counts {
        while sessions.len() < count {
            let more = AT_ONCE.min(count - sessions.len());
            let begun: Vec<_> = (0..more)
                .map(|_| {
                    let (address, screen) = (relay.address.clone(), screen());
                    tokio::spawn(async move { Session::show(&address, screen).await })
                })
                .collect();
            for session in begun {
                sessions.push(session.await??);
            }
        }
        tokio::time::sleep(size.settle).await;
        let point = watch(&relay, &mut sessions, size.watch).await?;
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
    let lost = sessions.iter().filter(|session| session.is_over()).count();
    if lost > 0 {
        return Err(format!("{lost} of {} sessions were lost on the way", sessions.len()).into());
    }
    Ok(points)
}

const NO_PROC: &str = "this system does not tell about processes in /proc: nothing can be measured";

async fn watch(
    relay: &RelayProcess,
    sessions: &mut [Session],
    time: Duration,
) -> Result<Point, Failure> {
    for session in sessions.iter_mut() {
        session.frames();
    }
    let (began, cpu, datagrams) = (Instant::now(), relay.cpu()?, datagrams()?);
    tokio::time::sleep(time).await;
    let seconds = began.elapsed().as_secs_f64();
    let spent = relay.cpu()?.saturating_sub(cpu);
    let came = self::datagrams()?.saturating_sub(datagrams);
    let frames: usize = sessions.iter_mut().map(Session::frames).sum();
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
