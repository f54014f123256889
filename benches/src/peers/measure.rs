//! One measurement at a time, each on a path of its own.

use std::{
    sync::{Arc, mpsc},
    thread::sleep,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle};

use super::{
    Route,
    ends::{Ends, Incoming, Outgoing, PATIENCE},
    frames::{Arrived, Counter, Frames, frame},
    plan::{Load, Plan},
    sealed,
};
use crate::{Failure, process::Process, stats::percentile};

/// Bytes of a frame of a screen, and how many come in a second.
pub(super) const SCREEN: usize = 20_000;
pub(super) const FPS: u32 = 60;
/// How long the last frames may still be under way.
const TAIL: Duration = Duration::from_millis(500);
/// How long a relay has to come to rest before its memory is read.
const REST: Duration = Duration::from_millis(500);
/// How long the ends have to say that they go.
const FAREWELL: Duration = Duration::from_millis(50);
const STEP: Duration = Duration::from_millis(10);

/// What went through while as much was sent as the path takes.
#[derive(Clone, Copy)]
pub(super) struct Throughput {
    /// In Gbit/s, of frames and not of what is around them.
    pub(super) gbit: f64,
    /// Seconds of the processor that the relay took for 10^9 bytes of frames.
    pub(super) cpu: Option<f64>,
}

/// How long frames of a screen took, from before they were sent until they were whole.
#[derive(Clone, Copy)]
pub(super) struct Latency {
    /// Microseconds.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Frames that were sent, and never whole.
    pub(super) lost: u64,
}

/// Sends frames as fast as they are taken.
pub(super) fn throughput(
    route: &dyn Route,
    load: Load,
    plan: &Plan,
) -> Result<Throughput, Failure> {
    let arrived = Arc::new(Arrived::default());
    let frame = frame(load.bytes, Instant::now());
    let (frames, counter) = if load.sealed {
        let (seals, opens) = sealed::ends(frame)?;
        let counter = Counter::sealed(arrived.clone(), opens);
        (Frames::Sealed(Box::new(seals)), counter)
    } else {
        let counter = Counter::new(arrived.clone(), load.bytes, None);
        (Frames::Plain(frame), counter)
    };
    let running = Running::start(route, arrived, counter, |out, arrived| {
        flood(out, frames, arrived)
    })?;
    wait_for_more_than(0, &running.arrived);
    sleep(plan.warm_up);
    let before = Reading::take(&running.arrived, route.process())?;
    sleep(plan.seconds);
    // On a machine that is busy with something else, a short time may pass with nothing.
    wait_for_more_than(before.bytes, &running.arrived);
    let after = Reading::take(&running.arrived, route.process())?;
    running.stop()?;
    let bytes = (after.bytes - before.bytes) as f64;
    if bytes == 0.0 {
        return Err("nothing came through".into());
    }
    let cpu = before.cpu.zip(after.cpu).map(|(before, after)| {
        let used = after.saturating_sub(before);
        used.as_secs_f64() / bytes * 1e9
    });
    let time = after.at.duration_since(before.at).as_secs_f64();
    Ok(Throughput {
        gbit: bytes * 8.0 / time / 1e9,
        cpu,
    })
}

/// Sends frames of a screen, [`FPS`] in a second.
pub(super) fn latency(route: &dyn Route, plan: &Plan) -> Result<Latency, Failure> {
    let (base, frames) = (Instant::now(), plan.frames);
    let (done, sent) = mpsc::channel();
    let arrived = Arc::new(Arrived::default());
    let counter = Counter::new(arrived.clone(), SCREEN, Some(base));
    let running = Running::start(route, arrived, counter, |out, arrived| {
        film(out, base, frames, arrived, done)
    })?;
    let patience = Duration::from_secs(1) / FPS * frames + TAIL * 10;
    let sent = sent.recv_timeout(patience);
    for _ in 0..TAIL.as_millis() / STEP.as_millis() {
        if running.arrived.frames() >= frames.into() {
            break;
        }
        sleep(STEP);
    }
    let ages = running.stop()?;
    sent.map_err(|_| "the path takes frames too slowly")?;
    let lost = u64::from(frames).saturating_sub(ages.len() as u64);
    // The first of a path find nothing warm.
    let warm: Vec<f64> = ages
        .iter()
        .skip(plan.cold)
        .map(|age| *age as f64 / 1e3)
        .collect();
    let at = |part| percentile(&warm, part).ok_or("no frame became whole");
    Ok(Latency {
        p50: at(0.5)?,
        p99: at(0.99)?,
        lost,
    })
}

/// The memory in KiB that the relay takes for each connection that is open and idle.
pub(super) fn memory(route: &dyn Route, process: &Process, plan: &Plan) -> Result<f64, Failure> {
    let ends = Ends::new()?;
    // The first has the relay set up what it needs once.
    let mut paths = vec![route.connect(&ends)?];
    sleep(REST);
    let before = process.memory_kib()?;
    for _ in 0..plan.idle {
        paths.push(route.connect(&ends)?);
    }
    sleep(REST);
    let after = process.memory_kib()?;
    let connections = f64::from(plan.idle) * route.connections() as f64;
    drop(paths);
    farewell(ends);
    Ok((after as f64 - before as f64) / connections)
}

/// Waits until more bytes than so many have arrived, but no longer than for [`PATIENCE`].
fn wait_for_more_than(bytes: u64, arrived: &Arrived) {
    let began = Instant::now();
    while arrived.bytes() <= bytes && began.elapsed() < PATIENCE {
        sleep(STEP / 10);
    }
}

/// What is read at one moment.
struct Reading {
    at: Instant,
    bytes: u64,
    cpu: Option<Duration>,
}

impl Reading {
    fn take(arrived: &Arrived, process: Option<&Process>) -> Result<Self, Failure> {
        Ok(Self {
            at: Instant::now(),
            bytes: arrived.bytes(),
            cpu: process.map(Process::cpu).transpose()?,
        })
    }
}

/// Sends as fast as the path takes it.
async fn flood(
    mut out: Outgoing,
    mut frames: Frames,
    arrived: Arc<Arrived>,
) -> Result<(), Failure> {
    loop {
        out.send(frames.next(), &arrived).await?;
    }
}

/// Sends as a screen is filmed, says when that is `done`, and keeps the path open.
async fn film(
    mut out: Outgoing,
    base: Instant,
    frames: u32,
    arrived: Arc<Arrived>,
    done: mpsc::Sender<()>,
) -> Result<(), Failure> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / FPS);
    for _ in 0..frames {
        ticks.tick().await;
        out.send(frame(SCREEN, base), &arrived).await?;
    }
    // It fails if nobody waits any more.
    let _ = done.send(());
    std::future::pending().await
}

/// Counts what comes until it is to stop; the ages of the frames.
async fn receive(
    mut input: Incoming,
    mut counter: Counter,
    stop: watch::Receiver<bool>,
) -> Result<Vec<u64>, Failure> {
    let reading = async {
        loop {
            input.read(&mut counter).await?;
        }
    };
    until(stop, reading).await.map(|()| counter.ages)
}

/// Does something without end until it is to stop. What goes wrong then is no wonder: the other end
/// may have stopped first.
async fn until(
    mut stop: watch::Receiver<bool>,
    what: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let broken = tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
        broken = what => broken,
    };
    if *stop.borrow() { Ok(()) } else { broken }
}

/// A path on which frames are sent and received.
struct Running {
    ends: Ends,
    arrived: Arc<Arrived>,
    stop: watch::Sender<bool>,
    sender: JoinHandle<Result<(), Failure>>,
    receiver: JoinHandle<Result<Vec<u64>, Failure>>,
}

impl Running {
    fn start<S: Future<Output = Result<(), Failure>> + Send + 'static>(
        route: &dyn Route,
        arrived: Arc<Arrived>,
        counter: Counter,
        send: impl FnOnce(Outgoing, Arc<Arrived>) -> S,
    ) -> Result<Self, Failure> {
        let ends = Ends::new()?;
        let (out, input) = route.connect(&ends)?;
        let (stop, stopped) = watch::channel(false);
        let receiver = ends
            .receiver
            .spawn(receive(input, counter, stopped.clone()));
        let sending = send(out, Arc::clone(&arrived));
        let sender = ends.sender.spawn(until(stopped, sending));
        Ok(Self {
            ends,
            arrived,
            stop,
            sender,
            receiver,
        })
    }

    /// Ends the path; the ages of the frames. If an end broke before, says why.
    fn stop(self) -> Result<Vec<u64>, Failure> {
        self.stop.send_replace(true);
        let sent = self.ends.sender.block_on(self.sender);
        let received = self.ends.receiver.block_on(self.receiver);
        farewell(self.ends);
        sent??;
        received?
    }
}

/// Takes the ends down when they have told the relay that they go.
fn farewell(ends: Ends) {
    sleep(FAREWELL);
    ends.stop();
}
