//! Sessions with frames, by clients that cost this machine little.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alongside_client::Relay as Address;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{Failure, idle::Sockets, quic::Held};

/// Bytes of a frame, each on a stream of its own.
const FRAME: usize = 4_096;
/// Between two frames.
const EVERY: Duration = Duration::from_millis(200);

/// A session in which the sharer sends frames, and the helper takes them.
pub(super) struct Busy {
    ends: [JoinHandle<Failure>; 2],
    taken: Arc<AtomicUsize>,
}

impl Busy {
    /// Begins the session of this number.
    pub(super) async fn begin(
        sockets: &Sockets,
        number: usize,
        relay: &Address,
    ) -> Result<Self, Failure> {
        let (helper, sharer) = sockets.pair(number, relay).await?;
        let taken = Arc::new(AtomicUsize::new(0));
        let takes = take(helper.into_held(), taken.clone());
        let sends = send(sharer.into_held());
        Ok(Self {
            ends: [tokio::spawn(sends), tokio::spawn(takes)],
            taken,
        })
    }

    /// Frames that came whole since the last call.
    pub(super) fn frames(&self) -> usize {
        self.taken.swap(0, Ordering::Relaxed)
    }

    /// Whether an end of it was closed.
    pub(super) fn is_over(&self) -> bool {
        self.ends.iter().any(JoinHandle::is_finished)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.ends.iter().for_each(JoinHandle::abort);
    }
}

async fn send(end: Held) -> Failure {
    let frame = [7; FRAME];
    let mut clock = interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let one = async {
            let mut stream = end.connection.open_uni().await?;
            stream.write_all(&frame).await?;
            stream.finish()?;
            Ok::<_, Failure>(())
        };
        if let Err(error) = one.await {
            break error;
        }
    }
}

async fn take(end: Held, taken: Arc<AtomicUsize>) -> Failure {
    loop {
        let one = async {
            let mut stream = end.connection.accept_uni().await?;
            Ok::<_, Failure>(stream.read_to_end(FRAME).await?.len())
        };
        match one.await {
            Ok(FRAME) => taken.fetch_add(1, Ordering::Relaxed),
            Ok(_) => break "a frame is not whole".into(),
            Err(error) => break error,
        };
    }
}

/// A session whose helper never reads: what the sharer sends stays where there is room for it.
pub(super) struct Slow {
    /// Until no more is taken.
    pub(super) sends: JoinHandle<Failure>,
    _helper: Held,
}

impl Slow {
    pub(super) async fn begin(
        sockets: &Sockets,
        number: usize,
        relay: &Address,
    ) -> Result<Self, Failure> {
        let (helper, sharer) = sockets.pair(number, relay).await?;
        let helper = helper.into_held();
        if number % 2 == 1 {
            let sends = tokio::spawn(sharer.flood());
            return Ok(Self {
                sends,
                _helper: helper,
            });
        }
        let sharer = sharer.into_held();
        let sends = tokio::spawn(async move {
            let bytes = vec![7; 64 * 1024];
            let endless = async {
                let mut stream = sharer.connection.open_uni().await?;
                loop {
                    stream.write_all(&bytes).await?;
                }
            };
            let ended: Result<std::convert::Infallible, Failure> = endless.await;
            match ended {
                Err(error) => error,
            }
        });
        Ok(Self {
            sends,
            _helper: helper,
        })
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.sends.abort();
    }
}
