//! The time that it takes to set a session up, and the memory that the relay needs for many. Both
//! are printed, and neither is asserted: `cargo bench --bench session [-- --smoke]`.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use alongside_benches::{Failure, RELAY, RelayProcess, Session, be_a_relay};

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == RELAY) {
        return be_a_relay();
    }
    let smoke = arguments.iter().any(|argument| argument == "--smoke");
    let (one_by_one, at_once) = if smoke { (3, 2) } else { (50, 50) };
    tokio::runtime::Runtime::new()?.block_on(run(one_by_one, at_once))
}

async fn run(one_by_one: usize, at_once: usize) -> Result<(), Failure> {
    let relay = RelayProcess::start()?;
    say(&format!("relay, idle: peak {}", memory(&relay)))?;
    let (mut secured, mut first_frames) = (Vec::new(), Vec::new());
    for _ in 0..one_by_one {
        let session = Session::begin(&relay.address).await?;
        secured.push(session.secured);
        first_frames.push(session.first_frame);
        session.end().await?;
    }
    say(&format!(
        "{one_by_one} sessions, one after the other: join to question {} (the relay answers joins \
         on a tick of 50 ms), consent to first frame {}",
        spread(&mut secured),
        spread(&mut first_frames)
    ))?;
    say(&format!("relay, after them: peak {}", memory(&relay)))?;
    let mut sessions = Vec::new();
    for _ in 0..at_once {
        sessions.push(Session::begin(&relay.address).await?);
    }
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let frames: usize = sessions.iter_mut().map(Session::frames).sum();
    let rate = frames as f64 / began.elapsed().as_secs_f64();
    say(&format!(
        "{at_once} sessions at once, 320x240 pattern: {rate:.0} frames a second in all; relay: \
         peak {}",
        memory(&relay)
    ))?;
    for session in sessions {
        session.end().await?;
    }
    Ok(())
}

fn memory(relay: &RelayProcess) -> String {
    relay.peak_kib().map_or_else(
        || "unknown on this system".to_owned(),
        |kib| format!("{:.1} MiB", kib as f64 / 1024.0),
    )
}

fn spread(times: &mut [Duration]) -> String {
    times.sort();
    let at = |part: f64| {
        let place = (times.len() as f64 * part) as usize;
        times.get(place.min(times.len().saturating_sub(1)))
    };
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    format!("median {:.1} ms, 99th {:.1} ms", ms(at(0.5)), ms(at(0.99)))
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
