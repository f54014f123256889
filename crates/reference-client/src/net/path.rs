//! The way to a relay: one connection after the other, when one is lost.

use std::time::Duration;

use alongside_state_machine::endpoint::{Transmit, helper::PathEvent};
use alongside_wire::ErrorCode;
use tokio::task::JoinSet;

use super::{ConnectError, Incoming, Link, PathEnd, Relay};
use crate::clock::Stream;

/// How long one attempt to connect again may take. On a network that was gone, a fresh attempt
/// gets through sooner than one that has begun to wait.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a relay has if there is another to try.
const PATIENCE_BEFORE_NEXT: Duration = Duration::from_secs(5);
/// The pause after the first failed attempt, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub(crate) struct Path {
    relay: Relay,
    chunk: usize,
    link: Option<Link>,
    /// The attempt to have another connection, if there is none and one is wanted.
    attempt: JoinSet<Link>,
}

impl Path {
    //= spec/12-reconnect.md#relays [RECON-33] 2f63d216
    /// Connects to the first of these relays that answers; says why not of each that does not.
    pub(crate) async fn open(
        relays: &[Relay],
        chunk: usize,
        mut failed: impl FnMut(&Relay, &ConnectError),
    ) -> Result<Self, ConnectError> {
        let mut relays = relays.iter().peekable();
        while let Some(relay) = relays.next() {
            let opening = Link::open(relay, chunk);
            let opened = if relays.peek().is_none() {
                opening.await
            } else {
                let opened = tokio::time::timeout(PATIENCE_BEFORE_NEXT, opening).await;
                opened.unwrap_or_else(|_| Err(ConnectError::no_answer(relay)))
            };
            match opened {
                Ok(link) => {
                    return Ok(Self {
                        relay: relay.clone(),
                        chunk,
                        link: Some(link),
                        attempt: JoinSet::new(),
                    });
                }
                Err(error) if relays.peek().is_some() => failed(relay, &error),
                Err(error) => return Err(error),
            }
        }
        Err(ConnectError::Address(String::new()))
    }

    /// The relay that answered.
    pub(crate) const fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Whether there is to be a connection. If there is none, one is tried for again and again.
    pub(crate) fn want(&mut self, wanted: bool) {
        if !wanted {
            self.attempt.abort_all();
        } else if self.link.is_none() && self.attempt.is_empty() {
            self.attempt.spawn(connect(self.relay.clone(), self.chunk));
        }
    }

    /// The next thing that happens: something came, the connection is lost, or there is another.
    pub(crate) async fn next(&mut self) -> Incoming {
        loop {
            if let Some(link) = &mut self.link {
                let incoming = link.next().await;
                if let Incoming::Lost(_) = incoming {
                    self.link = None;
                }
                return incoming;
            }
            match self.attempt.join_next().await {
                Some(Ok(link)) => {
                    self.link = Some(link);
                    return Incoming::Connected;
                }
                // It was given up.
                Some(Err(_)) => {}
                None => return std::future::pending().await,
            }
        }
    }

    /// Carries out what a machine wants of the transport.
    pub(crate) fn transmit(&mut self, transmit: Transmit) {
        if let Transmit::Disconnect = transmit {
            if let Some(link) = self.link.take() {
                link.give_up();
            }
        } else if let Some(link) = &mut self.link {
            link.transmit(transmit);
        }
    }

    /// Makes what an offer of a path to the other end names, and lets `send` offer it, which tells if it could. Without a
    /// connection there is no offer.
    pub(crate) fn offer(&mut self, send: impl FnOnce([u8; 32]) -> bool) {
        if let Some(link) = &mut self.link {
            link.offer_path(send);
        }
    }

    /// Carries out what is decided of a path to the other end.
    pub(crate) fn follow(&mut self, end: PathEnd, event: PathEvent) {
        if let Some(link) = &mut self.link {
            link.follow(end, event);
        }
    }

    /// Whether the machine has asked for this stream to be stopped since it was last asked.
    pub(crate) fn take_unwanted(&mut self, id: u64) -> bool {
        self.link
            .as_mut()
            .is_some_and(|link| link.take_unwanted(id))
    }

    /// Where the control stream of the present connection is; nowhere without one.
    pub(crate) fn stream(&self) -> Stream<impl Future<Output = ()> + use<>> {
        let stream = self.link.as_ref().map(Link::stream);
        let (read, said) = stream
            .as_ref()
            .map_or((0, 0), |stream| (stream.read, stream.said));
        Stream {
            read,
            said,
            handed_over: async move {
                if let Some(stream) = stream {
                    stream.handed_over.await;
                }
            },
        }
    }

    /// Bytes of frames that the transport has not taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.link.as_ref().map_or(0, Link::waiting)
    }

    /// Says what is left, and closes the connection.
    pub(crate) async fn close(self, reason: ErrorCode) {
        if let Some(link) = self.link {
            link.close(reason).await;
        }
    }
}

//= spec/12-reconnect.md#way [RECON-10] 6b7c9e6c
/// Tries until there is a connection, each time from a fresh socket.
async fn connect(relay: Relay, chunk: usize) -> Link {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Ok(Ok(link)) = tokio::time::timeout(PATIENCE, Link::open(&relay, chunk)).await {
            return link;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
