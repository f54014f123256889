//! What goes wrong, one thing at a time, while the crowd goes on.

use std::{
    net::UdpSocket,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use alongside_wire::{code::Locator, limits::LOCATOR_MOST};

use super::{
    Scale, Tried,
    busy::Slow,
    crowd::{Crowd, many},
    ends,
    halves::{Came, Halves},
};
use crate::{Failure, client::Client, quic::anywhere};

type Told<'a> = Pin<Box<dyn Future<Output = Result<String, Failure>> + 'a>>;
type Fault = for<'a> fn(&'a mut Tried, &'a mut Crowd, &'a Scale) -> Told<'a>;

/// All of them.
pub(super) const ALL: &[Fault] = &[
    |relay, crowd, scale| Box::pin(nothing(relay, crowd, scale)),
    |relay, crowd, scale| Box::pin(slow_readers(relay, crowd, scale)),
    |relay, crowd, scale| Box::pin(garbage(relay, crowd, scale)),
    |relay, crowd, scale| Box::pin(half_handshakes(relay, crowd, scale)),
    |relay, crowd, scale| Box::pin(violations(relay, crowd, scale)),
    |relay, crowd, scale| Box::pin(guesses(relay, crowd, scale)),
    |relay, crowd, scale| Box::pin(full_disk(relay, crowd, scale)),
    |relay, crowd, scale| Box::pin(no_descriptors(relay, crowd, scale)),
    // The last, as the relay holds places for whom it takes for lost.
    |relay, crowd, scale| Box::pin(killed(relay, crowd, scale)),
];

/// A lost connection is one at once for who closes it, and within this for the relay: TRANSPORT-11, and room for a
/// machine that is busy.
const LOST: Duration = Duration::from_secs(8);

async fn nothing(relay: &mut Tried, crowd: &mut Crowd, scale: &Scale) -> Result<String, Failure> {
    let before = relay.cpu()?;
    let frames = crowd.goes_on(scale.while_).await?;
    let spent = (relay.cpu()? - before).as_secs_f64() / scale.while_.as_secs_f64();
    Ok(format!(
        "nothing: {frames:.0} frames a second, {spent:.2} of a processor"
    ))
}

/// Helpers that never read, and sharers that send all that is taken: every other one frames, and the rest envelopes.
async fn slow_readers(
    relay: &mut Tried,
    crowd: &mut Crowd,
    scale: &Scale,
) -> Result<String, Failure> {
    let has = relay.has()?;
    let before = relay.memory_kib()?;
    let (address, sockets) = (relay.address().clone(), crowd.sockets.clone());
    let slow = many(scale.struck, |number| {
        let (address, sockets) = (address.clone(), sockets.clone());
        async move { Slow::begin(&sockets, number, &address).await }
    });
    let slow = slow.await?;
    let frames = crowd.goes_on(scale.while_).await?;
    let took = relay.memory_kib()?.saturating_sub(before);
    if let Some(ended) = slow.iter().find(|one| one.sends.is_finished()) {
        return Err(format!("a slow reader's session ended: {:?}", ended.sends).into());
    }
    let each = took / scale.struck as u64;
    // Windows of both connections, the queue, and their state.
    if each > EACH_SLOW_KIB {
        return Err(
            format!("the relay holds {each} KiB for a session whose helper does not read").into(),
        );
    }
    drop(slow);
    relay
        .comes_to("after slow readers", LOST, |now| now == has)
        .await?;
    Ok(format!(
        "{} slow readers: {each} KiB for each, {frames:.0} frames a second",
        scale.struck
    ))
}

/// What the relay may hold for a session of which one end does not read: it takes so much from the sender's windows and
/// so much waits to be sent.
const EACH_SLOW_KIB: u64 = 4 * 1_024;

/// Datagrams of no meaning, as fast as one thread sends them.
async fn garbage(relay: &mut Tried, crowd: &mut Crowd, scale: &Scale) -> Result<String, Failure> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(&relay.address().address)?;
    let (on, sent) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let (goes_on, counts) = (on.clone(), sent.clone());
    let flood = std::thread::spawn(move || {
        let mut seed = 7_u64;
        let mut datagram = [0; 1_200];
        while goes_on.load(Ordering::Relaxed) {
            for byte in &mut datagram {
                // As good as any bytes, and the same in each run.
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = (seed >> 33) as u8;
            }
            let len = 1 + (seed >> 20) as usize % datagram.len();
            // A relay that cannot take it loses it.
            let _ = socket.send(datagram.get(..len).unwrap_or_default());
            counts.fetch_add(1, Ordering::Relaxed);
        }
    });
    let frames = crowd.goes_on(scale.while_).await;
    on.store(false, Ordering::Relaxed);
    flood.join().map_err(|_| "the flood failed")?;
    let sent = sent.load(Ordering::Relaxed) as f64 / scale.while_.as_secs_f64();
    Ok(format!(
        "garbage: {sent:.0} datagrams a second, {:.0} frames a second",
        frames?
    ))
}

/// Handshakes of QUIC of which nothing more comes than what begins them, and that again with the token of a Retry where there is one.
/// What the relay had for them shows when all have ended: in its memory.
async fn half_handshakes(
    relay: &mut Tried,
    crowd: &mut Crowd,
    scale: &Scale,
) -> Result<String, Failure> {
    let has = relay.has()?;
    let before = relay.memory_kib()?;
    let halves = Halves::begin(relay.address(), scale.halves, scale.while_)?;
    let frames = crowd.goes_on(scale.while_).await;
    let took = relay.memory_kib()?.saturating_sub(before) as f64 / 1_024.0;
    let Came {
        at_once,
        proven,
        retries,
    } = halves.come()?;
    let frames = frames?;
    let free = relay.retries_above().saturating_sub(has.connections);
    // Some have been given up before the last of them begin.
    if retries == 0 && scale.halves > 2 * free {
        return Err(format!(
            "{at_once} handshakes were gone on with, none had to prove its address, and there was room for {free}"
        )
        .into());
    }
    if at_once + retries == 0 || proven == 0 && retries > 0 {
        return Err(format!(
            "{at_once} handshakes were gone on with at once, and {proven} of {retries} with the token of a Retry"
        )
        .into());
    }
    Ok(format!(
        "{} handshakes that stop half-way: {at_once} gone on with at once, {proven} of {retries} with the token of a Retry; \
         {took:.1} MiB, {frames:.0} frames a second",
        scale.halves
    ))
}

/// Clients that break the protocol at once, over and over.
async fn violations(
    relay: &mut Tried,
    crowd: &mut Crowd,
    scale: &Scale,
) -> Result<String, Failure> {
    let has = relay.has()?;
    let (address, times) = (relay.address().clone(), 5 * scale.struck);
    let flood = tokio::spawn(async move {
        many(times, |_| {
            let address = address.clone();
            async move { Client::connect(&address).await?.babble().await }
        })
        .await
    });
    let frames = crowd.goes_on(scale.while_).await?;
    flood.await??;
    relay
        .comes_to("after violations", LOST, |now| now == has)
        .await?;
    Ok(format!("{times} violations: {frames:.0} frames a second"))
}

/// Joins with codes that nobody has.
async fn guesses(relay: &mut Tried, crowd: &mut Crowd, scale: &Scale) -> Result<String, Failure> {
    let has = relay.has()?;
    let (address, times) = (relay.address().clone(), 5 * scale.struck);
    let flood = tokio::spawn(async move {
        many(times, |number| {
            let address = address.clone();
            async move {
                let mut client = Client::connect_from(anywhere()?, &address).await?;
                let mut guess = [0; LOCATOR_MOST];
                let digits = guess.iter_mut().zip(number.to_le_bytes());
                digits.for_each(|(digit, byte)| *digit = byte);
                let locator = Locator::from_random(&guess, LOCATOR_MOST);
                match client.join(locator).await {
                    Err(_) => Ok(()),
                    Ok(()) => Err("a guess was taken".into()),
                }
            }
        })
        .await
    });
    let frames = crowd.goes_on(scale.while_).await?;
    flood.await??;
    relay
        .comes_to("after guesses", LOST, |now| now == has)
        .await?;
    Ok(format!("{times} guesses: {frames:.0} frames a second"))
}

/// A process with both ends of many sessions is killed.
async fn killed(relay: &mut Tried, crowd: &mut Crowd, scale: &Scale) -> Result<String, Failure> {
    let has = relay.has()?;
    let mut process = ends::start(&relay.relay, scale.struck)?;
    let with = has.sessions + scale.struck;
    relay
        .comes_to("with ends to be killed", LOST, |now| now.sessions == with)
        .await?;
    process.kill()?;
    let (frames, after) = tokio::join!(
        crowd.goes_on(scale.while_),
        relay.comes_to("after ends were killed", LOST, |now| {
            now.connections == has.connections
        })
    );
    Ok(format!(
        "{} sessions killed: gone after {:.1} s, {:.0} frames a second",
        scale.struck,
        after?.as_secs_f64(),
        frames?
    ))
}

/// Sessions that end while the journal cannot be written, and some after it can be again.
async fn full_disk(relay: &mut Tried, crowd: &mut Crowd, scale: &Scale) -> Result<String, Failure> {
    if !relay.has_own_disk() {
        return Ok(
            "a full disk: skipped, as this system gives a process no disk of its own".into(),
        );
    }
    relay.fill_disk()?;
    come_and_go(relay, crowd, scale).await?;
    let frames = crowd.goes_on(scale.while_).await?;
    relay.empty_disk()?;
    let written = writes_again(relay, crowd, scale).await?;
    Ok(format!(
        "a full disk: {frames:.0} frames a second; then {written} records were written"
    ))
}

/// Below this are the three that every process begins with.
const NONE_MORE: usize = 3;

/// The same, while the relay can open no file.
async fn no_descriptors(
    relay: &mut Tried,
    crowd: &mut Crowd,
    scale: &Scale,
) -> Result<String, Failure> {
    relay.limit_descriptors(Some(NONE_MORE))?;
    come_and_go(relay, crowd, scale).await?;
    let frames = crowd.goes_on(scale.while_).await?;
    relay.limit_descriptors(None)?;
    let written = writes_again(relay, crowd, scale).await?;
    Ok(format!(
        "no descriptors: {frames:.0} frames a second; then {written} records were written"
    ))
}

/// Some sessions that begin and end.
async fn come_and_go(relay: &mut Tried, crowd: &Crowd, scale: &Scale) -> Result<(), Failure> {
    let has = relay.has()?;
    let (address, sockets) = (relay.address().clone(), crowd.sockets.clone());
    let pairs = many(scale.struck, |number| {
        let (address, sockets) = (address.clone(), sockets.clone());
        async move { sockets.pair(number, &address).await }
    });
    drop(pairs.await?);
    relay
        .comes_to("after some came and went", LOST, |now| now == has)
        .await?;
    Ok(())
}

/// As many as end are in the journal.
async fn writes_again(relay: &mut Tried, crowd: &Crowd, scale: &Scale) -> Result<usize, Failure> {
    // What waits for the disk is tried first.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = relay.records()?;
    come_and_go(relay, crowd, scale).await?;
    let wanted = before + scale.struck;
    for _ in 0..100 {
        if relay.records()? >= wanted {
            return Ok(scale.struck);
        }
        // A thread of the relay writes, and tells nobody.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let records = relay.records()? - before;
    Err(format!(
        "{} sessions ended, and the journal has {records} records more",
        scale.struck
    )
    .into())
}
