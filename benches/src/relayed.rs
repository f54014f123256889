//! Frames on each way: how many bytes a second, and how late. Each way is measured in turn with the
//! direct one, so that what else the machine does falls on both.
//!
//! Frames are not sealed here: sealing costs the same on every way, and is measured by itself. Both ends
//! are in this process, the relay is in its own.

use std::time::{Duration, Instant};

use quinn::{RecvStream, SendStream, VarInt};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    Failure, RelayProcess, Size,
    path::{Path, Way},
    row::{Row, percentile},
};

const SIZES: [usize; 4] = [64, 1_024, 16 * 1_024, 64 * 1_024];
/// A frame as most are, and how often one is sent.
const FRAME: usize = 20_000;
const EACH: Duration = Duration::from_micros(16_667);

/// Bytes that are carried for each figure of throughput; of small frames fewer, at least this many
/// frames.
const BYTES: usize = 256 * 1024 * 1024;
const FRAMES: usize = 500_000;

/// What a receiver stops a stream with.
const ENOUGH: VarInt = VarInt::from_u32(0);

/// Throughput of each relayed way at each size: the ratio to the direct way, and both alone.
///
/// # Errors
/// If a connection fails.
pub async fn throughput(size: Size) -> Result<Vec<Row>, Failure> {
    let pairs = size.of(7, 1);
    let mut rows = Vec::new();
    for way in Way::RELAYED {
        for frame in SIZES {
            let frames = (BYTES / frame).min(FRAMES) / size.of(1, 100);
            let relay = RelayProcess::start()?;
            let [direct, relayed] = [Way::Direct.open(&relay.address), way.open(&relay.address)];
            let (direct, relayed) = (direct.await?, relayed.await?);
            // Windows and buffers grow first.
            for path in [&direct, &relayed] {
                carry(path, frame, frames / 10).await?;
            }
            let (mut ratios, mut alone) = (Vec::new(), [Vec::new(), Vec::new()]);
            for _ in 0..pairs {
                let before = carry(&direct, frame, frames).await?;
                let through = carry(&relayed, frame, frames).await?;
                ratios.push(through / before);
                alone[0].push(before);
                alone[1].push(through);
            }
            let name = |what: &str| format!("throughput/{frame}/{what}");
            rows.push(Row::median(
                name(way.name()) + " over direct",
                "ratio",
                &mut ratios,
            ));
            let names = [name("direct"), name(way.name())];
            for (name, mut values) in names.into_iter().zip(alone) {
                rows.push(Row::median(name, "Gbit/s", &mut values));
            }
        }
    }
    Ok(rows)
}

/// Latency of frames of 20 KB at 60 a second: what each relayed way adds to the direct one.
///
/// # Errors
/// If a connection fails.
pub async fn latency(size: Size) -> Result<Vec<Row>, Failure> {
    let (pairs, frames) = (size.of(5, 1), size.of(600, 10));
    let mut rows = Vec::new();
    for way in Way::RELAYED {
        let relay = RelayProcess::start()?;
        let direct = Way::Direct.open(&relay.address).await?;
        let relayed = way.open(&relay.address).await?;
        let mut runs = Vec::new();
        for _ in 0..pairs {
            runs.push([late(&direct, frames).await?, late(&relayed, frames).await?]);
        }
        for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
            let of = runs.iter_mut();
            let of: Vec<_> = of
                .map(|[direct, relayed]| [direct, relayed].map(|late| percentile(late, part)))
                .collect();
            let named = |what: &str| format!("latency/20k-60fps/{name}/{what}");
            let mut row = |what: &str, value: fn(&[f64; 2]) -> f64| {
                let mut values: Vec<_> = of.iter().map(value).collect();
                rows.push(Row::median(named(what), "ms", &mut values));
            };
            row(
                &format!("{} minus direct", way.name()),
                |[direct, through]| through - direct,
            );
            row("direct", |[direct, _]| *direct);
            row(way.name(), |[_, through]| *through);
        }
    }
    Ok(rows)
}

/// Gbit/s of so many frames, each written by itself to one stream.
async fn carry(path: &Path, size: usize, frames: usize) -> Result<f64, Failure> {
    let mut send = path.sharer.open_uni().await?;
    let payload = vec![7; size];
    let began = Instant::now();
    let sending = tokio::spawn(async move {
        for _ in 0..frames {
            send.write_all(&payload).await?;
        }
        stopped(send).await
    });
    let mut recv = path.helper.accept_uni().await?;
    let mut missing = size * frames;
    while missing > 0 {
        let chunk = recv.read_chunk(usize::MAX, true).await?;
        missing -= chunk.ok_or("it is over")?.bytes.len();
    }
    let took = began.elapsed();
    recv.stop(ENOUGH)?;
    sending.await??;
    Ok((size * frames * 8) as f64 / took.as_secs_f64() / 1e9)
}

/// Milliseconds from the writing of each frame to its last byte at the other end.
async fn late(path: &Path, frames: usize) -> Result<Vec<f64>, Failure> {
    let mut send = path.sharer.open_uni().await?;
    let sending = tokio::spawn(async move {
        let payload = vec![7; FRAME];
        let mut written = Vec::new();
        let mut tick = interval(EACH);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for _ in 0..frames {
            tick.tick().await;
            written.push(Instant::now());
            send.write_all(&payload).await?;
        }
        stopped(send).await?;
        Ok::<_, Failure>(written)
    });
    let recv = path.helper.accept_uni().await?;
    let arrived = arrivals(recv, frames).await?;
    let written = sending.await??;
    let late = written.into_iter().zip(arrived);
    Ok(late
        .map(|(written, arrived)| (arrived - written).as_secs_f64() * 1e3)
        .collect())
}

async fn arrivals(mut recv: RecvStream, frames: usize) -> Result<Vec<Instant>, Failure> {
    let (mut arrived, mut bytes) = (Vec::new(), 0);
    while arrived.len() < frames {
        let chunk = recv.read_chunk(usize::MAX, true).await?;
        bytes += chunk.ok_or("it is over")?.bytes.len();
        let now = Instant::now();
        while arrived.len() < bytes / FRAME {
            arrived.push(now);
        }
    }
    recv.stop(ENOUGH)?;
    Ok(arrived)
}

/// Waits until the receiver has all that it wants: frame streams do not finish, as in a session.
async fn stopped(send: SendStream) -> Result<(), Failure> {
    match send.stopped().await? {
        Some(ENOUGH) => Ok(()),
        _ => Err("a stream ended before its time".into()),
    }
}
