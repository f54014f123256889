//! How sessions begin and end, and what they cost the relay when nothing is said in them.

use std::time::{Duration, Instant};

use alongside_client::{
    canvas::Canvas,
    screen::{Pattern, Screen as _},
};
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    Failure, RelayProcess, Session, Size, Still,
    client::Client,
    row::Row,
    splice::{Splice, Way},
};

/// Bytes of the frame of a bare session.
const FRAME: usize = 1_024;
/// Bytes of each message that goes by turns before it.
const MESSAGE: usize = 256;
/// Times that the sharer says something, and waits for the helper's answer, before its first frame may follow: the join
/// and the confirmation of the key exchange, and the consent.
const TURNS: usize = 3;
/// Sessions that begin at once where it is counted how many do in a second.
const AT_ONCE: usize = 8;

/// All that is measured of sessions.
///
/// # Errors
/// If a session does not come about, or the system does not say how much memory there is.
pub fn rows(size: Size) -> Result<Vec<Row>, Failure> {
    let all = async move {
        let mut rows = times(size).await?;
        rows.extend(rate(size).await?);
        rows.extend(memory(size).await?);
        rows.extend(pictures(size).await?);
        Ok(rows)
    };
    // Where programs have their sessions: on a thread of the runtime, and not on that which waits for it.
    let runtime = Runtime::new()?;
    runtime.block_on(runtime.spawn(all))?
}

/// How long sessions of the reference client take to begin, next to bare QUIC, and how long until the
/// helper is told of their end.
async fn times(size: Size) -> Result<Vec<Row>, Failure> {
    let sessions = size.of(50, 3);
    let relay = RelayProcess::start()?;
    let quick = RelayProcess::without_tick()?;
    let splice = Splice::start()?;
    let (mut secured, mut first, mut told) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bare, mut whole, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut turns, mut over_turns) = (Vec::new(), Vec::new());
    let mut left = Vec::new();
    for _ in 0..sessions {
        let session = Session::begin(&relay.address).await?;
        secured.push(ms(session.secured));
        first.push(ms(session.first_frame));
        let (after, rest) = session.end().await?;
        told.push(ms(after));
        left.push(rest);
        let alone = ms(bare_session(splice.way(), 0).await?);
        let by_turns = ms(bare_session(splice.way(), TURNS).await?);
        let session = Session::begin(&quick.address).await?;
        let both = ms(session.secured + session.first_frame);
        let (after, rest) = session.end().await?;
        told.push(ms(after));
        left.push(rest);
        bare.push(alone);
        whole.push(both);
        ratios.push(both / alone);
        turns.push(by_turns);
        over_turns.push(both / by_turns);
    }
    for rest in left {
        rest.gone().await?;
    }
    let without = "set-up/without tick";
    let told_at = |part| {
        let name = format!("teardown/told to the other end/p{:.0}", part * 100.0);
        Row::percentile(name, "ms", &told, part)
    };
    Ok(vec![
        // The relay answers joins on a tick of 50 ms, so that is in here.
        Row::median("set-up/join to question", "ms", secured),
        Row::median("set-up/consent to first frame", "ms", first),
        Row::median(format!("{without}/join to first frame"), "ms", whole),
        Row::median(format!("{without}/bare QUIC"), "ms", bare),
        Row::median(format!("{without}/over bare QUIC"), "ratio", ratios),
        Row::median(format!("{without}/bare QUIC, by turns"), "ms", turns),
        Row::median(
            format!("{without}/over bare QUIC, by turns"),
            "ratio",
            over_turns,
        ),
        Row::median(
            "set-up/picture, taken and drawn",
            "ms",
            pictures_alone(size)?,
        ),
        told_at(0.5),
        told_at(0.99),
    ])
}

/// Sessions in a second, with some that begin at once, each to its first frame and its end, next to bare QUIC.
async fn rate(size: Size) -> Result<Vec<Row>, Failure> {
    let (pairs, sessions) = (size.of(7, 1), size.of(120, 8));
    let relay = RelayProcess::without_tick()?;
    let splice = Splice::start()?;
    let (mut bare, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut turns, mut over_turns) = (Vec::new(), Vec::new());
    for _ in 0..pairs {
        let alone = at_once(sessions, || bare_session(splice.way(), 0));
        let (alone, _) = alone.await?;
        let by_turns = at_once(sessions, || bare_session(splice.way(), TURNS));
        let (by_turns, _) = by_turns.await?;
        let whole = at_once(sessions, || {
            let address = relay.address.clone();
            async move {
                let session = Session::show(&address, Box::new(Still::default())).await?;
                Ok(session.end().await?.1)
            }
        });
        let (whole, left) = whole.await?;
        for rest in left {
            rest.gone().await?;
        }
        bare.push(alone);
        ours.push(whole);
        ratios.push(whole / alone);
        turns.push(by_turns);
        over_turns.push(whole / by_turns);
    }
    let name = format!("set-up/sessions a second, {AT_ONCE} at once");
    Ok(vec![
        Row::median(format!("{name}/over bare QUIC"), "ratio", ratios),
        Row::median(format!("{name}/bare QUIC"), "sessions/s", bare),
        Row::median(
            format!("{name}/over bare QUIC, by turns"),
            "ratio",
            over_turns,
        ),
        Row::median(format!("{name}/bare QUIC, by turns"), "sessions/s", turns),
        Row::median(name, "sessions/s", ours),
    ])
}

/// How many of these are done in a second, and what they gave.
async fn at_once<T: Send + 'static, F: Future<Output = Result<T, Failure>> + Send + 'static>(
    count: usize,
    mut one: impl FnMut() -> F,
) -> Result<(f64, Vec<T>), Failure> {
    let began = Instant::now();
    let mut under_way = JoinSet::new();
    let mut given = Vec::new();
    while given.len() < count {
        while under_way.len() < AT_ONCE && given.len() + under_way.len() < count {
            under_way.spawn(one());
        }
        if let Some(done) = under_way.join_next().await {
            given.push(done??);
        }
    }
    Ok((count as f64 / began.elapsed().as_secs_f64(), given))
}

/// Two clients of a bare relay, a frame from one to the other, and the end; how long it took from when the
/// sender began until the frame was there. Before the frame the sender says something, and the receiver answers, so
/// many times.
async fn bare_session(way: Way, turns: usize) -> Result<Duration, Failure> {
    let (receiver, mut answer) = way.clone().receiver_that_answers().await?;
    let began = Instant::now();
    let (sender, mut send, mut hear) = way.sender_that_hears().await?;
    let sends = async {
        for _ in 0..turns {
            send.write_all(&[7; MESSAGE]).await?;
            hear.read_exact(&mut [0; MESSAGE]).await?;
        }
        Ok::<_, Failure>(send.write_all(&[7; FRAME]).await?)
    };
    let receives = async {
        let mut recv = receiver.connection.accept_uni().await?;
        for _ in 0..turns {
            recv.read_exact(&mut [0; MESSAGE]).await?;
            answer.write_all(&[7; MESSAGE]).await?;
        }
        Ok(recv.read_exact(&mut [0; FRAME]).await?)
    };
    tokio::try_join!(sends, receives)?;
    let took = began.elapsed();
    drop((sender, receiver));
    Ok(took)
}

/// How long it takes one thread to take the first picture of the test pattern, and to draw it, in milliseconds.
fn pictures_alone(size: Size) -> Result<Vec<f64>, Failure> {
    let one = |_| {
        let began = Instant::now();
        let frame = Pattern::new().capture(true)?.ok_or("no picture")?;
        Canvas::new().apply(&frame)?;
        Ok(ms(began.elapsed()))
    };
    (0..size.of(50, 3)).map(one).collect()
}

/// Frames a second of the test pattern in some sessions at once.
async fn pictures(size: Size) -> Result<Vec<Row>, Failure> {
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
        session.end().await?.1.gone().await?;
    }
    let name = format!("pictures/320x240 in {sessions} sessions");
    Ok(vec![Row::median(name, "frames/s", vec![rate])])
}

/// Memory of the relay for each session whose clients are connected and say nothing.
async fn memory(size: Size) -> Result<Vec<Row>, Failure> {
    let (rounds, sessions) = (size.of(5, 1), size.of(200, 5));
    let quiet = Duration::from_secs(size.of(3, 1));
    let (mut one, mut each) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let relay = RelayProcess::without_tick()?;
        // What the first one makes stays.
        let first = Client::pair(&relay.address).await?;
        tokio::time::sleep(quiet).await;
        let before = relay.memory_kib()?;
        let mut idle = Vec::new();
        for _ in 0..sessions {
            idle.push(Client::pair(&relay.address).await?);
        }
        tokio::time::sleep(quiet).await;
        let after = relay.memory_kib()?;
        drop((first, idle));
        one.push(before as f64);
        each.push(after.saturating_sub(before) as f64 / f64::from(sessions));
    }
    Ok(vec![
        Row::median("memory/relay of one session", "KiB", one),
        Row::median("memory/each idle session more", "KiB", each),
    ])
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
