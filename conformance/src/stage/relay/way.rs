//! How the suite's clients come to the relay: from which address, and by which way.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
        mpsc::channel,
    },
    time::Duration,
};

use rand_core::RngCore as _;

use super::{Client, Done, RelayStage, Stop, Tagged, Who};
use crate::{
    quic::{ALPN, Close, Proxy, Qlog, Seen, Weather, dial, source_to},
    stage::a_while,
};

/// Where the clients of one case come from: addresses of 127.0.0.0/8 that no other case has, because a
/// relay remembers of each what has failed.
pub(super) struct Home {
    case: u16,
}

impl Home {
    /// The next one; a relay may remember what was run before, so that the first is drawn.
    pub(super) fn new() -> Self {
        static NEXT: OnceLock<AtomicU16> = OnceLock::new();
        let next = NEXT.get_or_init(|| {
            let drawn = RandomState::new().hash_one("home") & 0xFFFF;
            AtomicU16::new(u16::try_from(drawn).unwrap_or_default())
        });
        Self {
            case: next.fetch_add(1, Ordering::SeqCst),
        }
    }

    fn source(&self, number: u8) -> IpAddr {
        let [high, low] = self.case.to_be_bytes();
        [127, high, low, number.saturating_add(1)].into()
    }
}

impl RelayStage<'_> {
    /// One of the addresses of this case.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if the machine does not have it, or the relay is elsewhere.
    pub fn source(&self, number: u8) -> Done<IpAddr> {
        let source = self.home.source(number);
        let here = match self.relay.address.ip() {
            IpAddr::V4(relay) => relay.is_loopback(),
            IpAddr::V6(_) => false,
        };
        // Some systems have one address of 127.0.0.0/8 and no more.
        match here && UdpSocket::bind((source, 0)).is_ok() {
            true => Ok(source),
            false if number == 0 => Ok(source_to(self.relay.address.ip())),
            false => Err(Stop::Untestable(
                "it takes another address than one of this machine's".to_owned(),
            )),
        }
    }

    /// Connects from an address of this machine, speaking these protocols, and says nothing.
    ///
    /// # Errors
    /// The relay's refusal, in words.
    pub fn try_connect(&mut self, from: IpAddr, alpn: &[&[u8]]) -> Result<Who, String> {
        let relay = self.relay.address;
        self.dial(relay, from, alpn, None)
    }

    fn dial(
        &mut self,
        to: SocketAddr,
        from: IpAddr,
        alpn: &[&[u8]],
        way: Option<Proxy>,
    ) -> Result<Who, String> {
        let who = Who(self.clients.len());
        let (sender, tagged) = channel::<Seen>();
        let certificate = &self.relay.certificate;
        let report = (sender, (|seen| seen) as fn(Seen) -> Seen);
        let qlog = Qlog::default();
        let waits = (&self.runtime, self.patience);
        let dialled = dial(to, certificate, from, alpn, &qlog, report, waits);
        let name = format!("client-{}", who.0);
        self.transcript.qlogs.push((name, qlog));
        let link = match dialled {
            Ok(link) => Some(link),
            // It was closed as soon as it was there, which a case may be about.
            Err(close @ Close::Code(_)) => {
                // The inbox is there as long as this is.
                let _ = self.sender.send(Tagged(who, Seen::Closed(close)));
                None
            }
            Err(Close::Lost(why)) => return Err(why),
        };
        let inbox = self.sender.clone();
        std::thread::spawn(move || {
            for seen in tagged {
                if inbox.send(Tagged(who, seen)).is_err() {
                    return;
                }
            }
        });
        self.clients.insert(who, Client::new(link, way));
        self.transcript.note(self.now, '>', Some(who.0), "connects");
        Ok(who)
    }

    /// Connects, and says nothing.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn connect(&mut self) -> Done<Who> {
        self.connect_from(0)
    }

    /// The same from one of the sources of the case.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn connect_from(&mut self, source: u8) -> Done<Who> {
        let from = self.source(source)?;
        let connected = self.try_connect(from, &[ALPN]);
        connected.map_err(|seen| Stop::Timeout {
            awaited: "a connection".to_owned(),
            seen,
        })
    }

    /// Connects by a way that can be made bad, and says nothing.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn connect_by(&mut self, weather: Weather) -> Done<Who> {
        let from = self.source(0)?;
        let (relay, seed) = (self.relay.address, self.rng.next_u64());
        let way = Proxy::start(relay, from, weather, seed, &self.runtime)
            .map_err(|error| Stop::Harness(error.to_string()))?;
        let connected = self.dial(way.address, [127, 0, 0, 1].into(), &[ALPN], Some(way));
        connected.map_err(|seen| Stop::Timeout {
            awaited: "a connection".to_owned(),
            seen,
        })
    }

    /// The same, and says `hello`.
    ///
    /// # Errors
    /// If it is not answered.
    pub fn client_by(&mut self, weather: Weather) -> Done<Who> {
        let who = self.connect_by(weather)?;
        self.greets(who)?;
        Ok(who)
    }

    /// The way of a client becomes like this.
    pub fn weather(&mut self, who: Who, weather: Weather) {
        let what = format!("its way: {weather:?}");
        self.transcript.note(self.now, '>', Some(who.0), what);
        if let Some(way) = &self.client_of(who).way {
            way.set(weather);
        }
    }

    /// Nothing comes of a client any more, and nothing gets to it: its connection is lost without a word.
    pub fn vanishes(&mut self, who: Who) {
        let silent = true;
        self.weather(
            who,
            Weather {
                silent,
                ..Weather::default()
            },
        );
    }

    /// A client goes on from another address.
    ///
    /// # Errors
    /// If this machine does not have it.
    pub fn moves(&mut self, who: Who, source: u8) -> Done {
        let from = self.source(source)?;
        let moved = self.way_of(who)?.moves(from);
        moved.map_err(|error| Stop::Harness(error.to_string()))
    }

    pub(super) fn way_of(&mut self, who: Who) -> Done<&Proxy> {
        let way = self.client_of(who).way.as_ref();
        way.ok_or_else(|| Stop::Harness("it has no way of its own".to_owned()))
    }

    /// Where the relay is.
    pub const fn address(&self) -> SocketAddr {
        self.relay.address
    }

    /// Waits until the transport has taken all that a client said.
    ///
    /// # Errors
    /// If it does not.
    pub fn flushed(&mut self, who: Who) -> Done {
        let said = self.client_of(who).to_say;
        let patience = self.patience;
        let taken = self.linger(patience, who, |client| {
            client.link.as_ref().is_none_or(|link| link.taken() >= said)
        });
        match taken {
            true => Ok(()),
            false => Err(Stop::Timeout {
                awaited: "the relay to read".to_owned(),
                seen: "it does not".to_owned(),
            }),
        }
    }

    /// Waits until the transport takes no more of what a client says, and tells how many bytes it took.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn stalls(&mut self, who: Who) -> Done<usize> {
        let mut taken = self.link(who)?.taken();
        loop {
            self.linger(a_while(self.patience), who, |_| false);
            let now = self.link(who)?.taken();
            if now == taken {
                return Ok(taken);
            }
            taken = now;
        }
    }

    /// Waits until a client hears something, or so much time of the computer's clock has passed: for
    /// what belongs to the transport.
    pub fn linger(&mut self, within: Duration, who: Who, over: impl Fn(&Client) -> bool) -> bool {
        let until = std::time::Instant::now() + within;
        loop {
            if over(self.client_of(who)) {
                return true;
            }
            if std::time::Instant::now() >= until {
                return false;
            }
            let soon = std::time::Instant::now() + Duration::from_millis(20);
            self.hear(soon.min(until));
        }
    }
}
