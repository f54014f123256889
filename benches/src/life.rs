//! How sessions begin and end, and what they cost the relay when nothing is said in them.

use std::time::{Duration, Instant};

use crate::{Failure, RelayProcess, Session, Size, client::Client, path::Server, row::Row};

/// How long sessions of the reference client take to begin, next to bare QUIC, and how long until the
/// helper is told of their end.
///
/// # Errors
/// If a session does not come about.
pub async fn times(size: Size) -> Result<Vec<Row>, Failure> {
    let sessions = size.of(50, 3);
    let relay = RelayProcess::start()?;
    let quick = RelayProcess::without_tick()?;
    let server = Server::start()?;
    let (mut secured, mut first, mut told) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bare, mut whole, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sessions {
        let session = Session::begin(&relay.address).await?;
        secured.push(ms(session.secured));
        first.push(ms(session.first_frame));
        told.push(ms(session.end().await?));
        let alone = ms(connect_and_send(&server).await?);
        let session = Session::begin(&quick.address).await?;
        let both = ms(session.secured + session.first_frame);
        told.push(ms(session.end().await?));
        bare.push(alone);
        whole.push(both);
        ratios.push(both / alone);
    }
    let without = "set-up/without tick";
    Ok(vec![
        // The relay answers joins on a tick of 50 ms, so that is in here.
        Row::median("set-up/join to question", "ms", &mut secured),
        Row::median("set-up/consent to first frame", "ms", &mut first),
        Row::median(format!("{without}/join to first frame"), "ms", &mut whole),
        Row::median(format!("{without}/bare QUIC"), "ms", &mut bare),
        Row::median(format!("{without}/over bare QUIC"), "ratio", &mut ratios),
        Row::median("teardown/told to the other end/p50", "ms", &mut told),
        Row::percentile("teardown/told to the other end/p99", "ms", &mut told, 0.99),
    ])
}

/// A QUIC connection without a relay, to the arrival of 1 KB on a stream.
async fn connect_and_send(server: &Server) -> Result<Duration, Failure> {
    let began = Instant::now();
    let path = server.meet().await?;
    let mut send = path.sharer.open_uni().await?;
    send.write_all(&[7; 1_024]).await?;
    send.finish()?;
    path.helper.accept_uni().await?.read_to_end(1_024).await?;
    Ok(began.elapsed())
}

/// Frames a second of the test pattern in some sessions at once.
///
/// # Errors
/// If a session does not come about.
pub async fn pictures(size: Size) -> Result<Vec<Row>, Failure> {
    let sessions = size.of(50, 2);
    let relay = RelayProcess::start()?;
    let mut all = Vec::new();
    for _ in 0..sessions {
        all.push(Session::begin(&relay.address).await?);
    }
    // Those that came while others began do not count.
    for session in &mut all {
        session.frames();
    }
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let frames: usize = all.iter_mut().map(Session::frames).sum();
    let rate = frames as f64 / began.elapsed().as_secs_f64();
    for session in all {
        session.end().await?;
    }
    let name = format!("pictures/320x240 in {sessions} sessions");
    Ok(vec![Row::median(name, "frames/s", &mut [rate])])
}

/// Memory of the relay for each session whose clients are connected and say nothing.
///
/// # Errors
/// If a session does not come about, or the system does not say how much memory there is.
pub async fn memory(size: Size) -> Result<Vec<Row>, Failure> {
    let sessions = size.of(200, 5);
    let relay = RelayProcess::without_tick()?;
    let quiet = Duration::from_secs(size.of(3, 1));
    // What the first one makes stays.
    let first = Client::pair(&relay.address).await?;
    tokio::time::sleep(quiet).await;
    let before = relay.memory_kib().ok_or("the system does not say")?;
    let mut idle = Vec::new();
    for _ in 0..sessions {
        idle.push(Client::pair(&relay.address).await?);
    }
    tokio::time::sleep(quiet).await;
    let after = relay.memory_kib().ok_or("the system does not say")?;
    drop((first, idle));
    let each = after.saturating_sub(before) as f64 / f64::from(sessions);
    Ok(vec![
        Row::median("memory/relay of one session", "KiB", &mut [before as f64]),
        Row::median("memory/each idle session more", "KiB", &mut [each]),
    ])
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
