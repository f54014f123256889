//! Everybody who uses the relay, and whether they can go on.

use std::{fmt, sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::{Scale, Tried, busy::Busy};
use crate::{
    Failure, Session,
    idle::{Idle, Sockets},
};

/// Sessions that begin at once.
const AT_ONCE: usize = 16;

/// Sessions to which nothing is done.
pub(super) struct Crowd {
    pub(super) sockets: Arc<Sockets>,
    idle: Vec<Idle>,
    busy: Vec<Busy>,
    shown: Vec<Session>,
}

impl Crowd {
    pub(super) async fn begin(relay: &Tried, scale: &Scale) -> Result<Self, Failure> {
        let sockets = Arc::new(Sockets::new()?);
        let address = relay.address();
        let mut shown = Vec::new();
        for _ in 0..scale.shown {
            shown.push(Session::begin(address).await?);
        }
        let idle = many(scale.idle, |number| {
            let (sockets, address) = (sockets.clone(), address.clone());
            async move { Idle::begin(&sockets, number, &address).await }
        });
        let idle = idle.await?;
        let busy = many(scale.active, |number| {
            let (sockets, address) = (sockets.clone(), address.clone());
            async move { Busy::begin(&sockets, number, &address).await }
        });
        let busy = busy.await?;
        Ok(Self {
            sockets,
            idle,
            busy,
            shown,
        })
    }

    /// Lets time pass. Nobody may be gone after it, and everybody who has frames must have got some; how many in a
    /// second.
    pub(super) async fn goes_on(&mut self, time: Duration) -> Result<f64, Failure> {
        // Those of before do not count.
        self.frames();
        tokio::time::sleep(time).await;
        let after = self.frames();
        let gone = self.gone();
        if gone > 0 {
            return Err(format!("{gone} sessions ended to which nothing was done").into());
        }
        let starved = after.iter().filter(|frames| **frames == 0).count();
        if starved > 0 {
            let of = after.len();
            return Err(format!("{starved} of {of} sessions got no frame in {time:?}").into());
        }
        Ok(after.iter().sum::<usize>() as f64 / time.as_secs_f64())
    }

    fn frames(&mut self) -> Vec<usize> {
        let shown = self.shown.iter_mut().map(Session::frames);
        shown.chain(self.busy.iter().map(Busy::frames)).collect()
    }

    fn gone(&self) -> usize {
        self.idle.iter().filter(|one| one.is_over()).count()
            + self.busy.iter().filter(|one| one.is_over()).count()
            + self.shown.iter().filter(|one| one.is_over()).count()
    }

    /// Ends all.
    pub(super) async fn end(self) -> Result<(), Failure> {
        for session in self.shown {
            session.end().await?.1.gone().await?;
        }
        drop((self.idle, self.busy));
        Ok(())
    }
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (idle, busy, shown) = (self.idle.len(), self.busy.len(), self.shown.len());
        write!(
            f,
            "{idle} idle sessions, {busy} with frames, {shown} of the reference client"
        )
    }
}

/// So many, some at once.
pub(super) async fn many<
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
>(
    count: usize,
    one: impl Fn(usize) -> F,
) -> Result<Vec<T>, Failure> {
    let mut under_way = JoinSet::new();
    let (mut begun, mut done) = (0, Vec::with_capacity(count));
    while done.len() < count {
        while begun < count && under_way.len() < AT_ONCE {
            under_way.spawn(one(begun));
            begun += 1;
        }
        if let Some(one) = under_way.join_next().await {
            done.push(one??);
        }
    }
    Ok(done)
}
