//! A relay under test: the suite is all of its clients.

mod client;
mod program;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::mpsc::{Receiver, Sender, channel},
    time::{Duration, Instant},
};

use alongside_wire::{
    ErrorCode,
    code::Locator,
    framing,
    rendezvous::{CodeRequest, Deliver, Hello, Join, Leave, Message},
};
use tokio::runtime::Handle;

pub use client::{Client, Heard};
pub use program::{Program, RelayUnderTest};

use super::{Done, Stop, Transcript, item::named, transcript::On};
use crate::quic::{ALPN, Close, Seen, dial};

/// One of the suite's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(usize);

/// Something of one of the connections.
struct Tagged(Who, Seen);

/// A relay, and the clients that the suite plays.
pub struct RelayStage<'a> {
    relay: &'a mut RelayUnderTest,
    runtime: Handle,
    patience: Duration,
    inbox: Receiver<Tagged>,
    sender: Sender<Tagged>,
    clients: BTreeMap<Who, Client>,
    emitted: Vec<&'static str>,
    transcript: Transcript,
    now: u64,
    real_time: bool,
}

impl<'a> RelayStage<'a> {
    /// Nobody is connected yet.
    pub fn new(
        relay: &'a mut RelayUnderTest,
        runtime: Handle,
        patience: Duration,
        real_time: bool,
    ) -> Self {
        let (sender, inbox) = channel();
        Self {
            relay,
            runtime,
            patience,
            inbox,
            sender,
            clients: BTreeMap::new(),
            emitted: Vec::new(),
            transcript: Transcript::default(),
            now: 0,
            real_time,
        }
    }

    /// Connects from an address of this machine, speaking these protocols, and says nothing.
    ///
    /// # Errors
    /// The relay's refusal, in words.
    pub fn try_connect(&mut self, from: IpAddr, alpn: &[&[u8]]) -> Result<Who, String> {
        let who = Who(self.clients.len());
        let (sender, tagged) = channel::<Seen>();
        let link = dial(
            self.relay.address,
            &self.relay.certificate,
            from,
            alpn,
            (sender, |seen| seen),
            &self.runtime,
        )?;
        let to = self.sender.clone();
        std::thread::spawn(move || {
            for seen in tagged {
                if to.send(Tagged(who, seen)).is_err() {
                    return;
                }
            }
        });
        self.clients.insert(who, Client::new(link));
        self.transcript.note(self.now, '>', Some(who.0), "connects");
        Ok(who)
    }

    /// Connects from the usual address, and says nothing.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn connect(&mut self) -> Done<Who> {
        let connected = self.try_connect([127, 0, 0, 1].into(), &[ALPN]);
        connected.map_err(|seen| Stop::Timeout {
            awaited: "a connection".to_owned(),
            seen,
        })
    }

    /// Connects and says `hello`.
    ///
    /// # Errors
    /// If it is not answered.
    pub fn client(&mut self) -> Done<Who> {
        let who = self.connect()?;
        self.say(who, Hello::default());
        self.await_(who, "relay-hello", |heard| heard.is("relay-hello"))?;
        Ok(who)
    }

    /// A client with a live code.
    ///
    /// # Errors
    /// If there is none.
    pub fn helper(&mut self) -> Done<(Who, Locator)> {
        let who = self.client()?;
        Ok((who, self.code(who)?))
    }

    /// A client gets a code.
    ///
    /// # Errors
    /// If there is none.
    pub fn code(&mut self, who: Who) -> Done<Locator> {
        self.say(who, CodeRequest {});
        match self.await_(who, "code-issued", |heard| heard.is("code-issued"))? {
            Heard::Said(Message::CodeIssued(issued)) => Ok(issued.locator),
            other => Err(Stop::Harness(format!("{other} is no code"))),
        }
    }

    /// A helper and a sharer in a session.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn pair(&mut self) -> Done<(Who, Who)> {
        let (helper, locator) = self.helper()?;
        let sharer = self.client()?;
        self.join(sharer, locator, b"an offer")?;
        self.await_(sharer, "place", |heard| heard.is("place"))?;
        self.await_(helper, "joined", |heard| heard.is("joined"))?;
        self.await_(helper, "place", |heard| heard.is("place"))?;
        Ok((helper, sharer))
    }

    /// A client joins, and the tick comes at which that is looked up.
    ///
    /// # Errors
    /// If the clock does not go.
    pub fn join(&mut self, who: Who, locator: Locator, offer: &[u8]) -> Done {
        self.say(
            who,
            Join {
                locator,
                link: false,
                offer: offer.to_vec(),
            },
        );
        self.tick(who)
    }

    /// Lets ticks pass until a client hears something, or has waited for two.
    ///
    /// # Errors
    /// If the clock does not go.
    pub fn tick(&mut self, who: Who) -> Done {
        if !self.relay.clock {
            return Ok(());
        }
        let from = self.client_of(who).heard.len();
        for _ in 0..20 {
            self.pass(50)?;
            let until = Instant::now() + Duration::from_millis(20);
            while Instant::now() < until {
                if self.client_of(who).heard.len() > from {
                    return Ok(());
                }
                self.hear(until);
            }
        }
        Ok(())
    }

    /// Says a message.
    pub fn say(&mut self, who: Who, message: impl Into<Message>) {
        let message = message.into();
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.say_bytes(who, message.name(), bytes);
    }

    /// Says a framed message of any type.
    pub fn say_raw(&mut self, who: Who, message_type: u16, body: &[u8]) {
        let mut bytes = Vec::new();
        framing::encode(message_type, body, &mut bytes);
        self.say_bytes(who, &format!("type 0x{message_type:02X}"), bytes);
    }

    /// Says any bytes.
    pub fn say_bytes(&mut self, who: Who, what: &str, bytes: Vec<u8>) {
        let (at, on) = ((self.now, '>', Some(who.0)), On::Control);
        self.transcript.bytes(at, on, what, &bytes);
        if let Some(link) = &self.client_of(who).link {
            link.control(bytes);
        }
    }

    /// Sends an envelope to the other end.
    pub fn deliver(&mut self, who: Who, envelope: &[u8]) {
        let envelope = envelope.to_vec();
        self.say(who, Deliver { envelope });
    }

    /// Leaves with a code.
    pub fn leave(&mut self, who: Who, code: u16) {
        self.say(who, Leave { code });
    }

    /// One of the clients.
    ///
    /// # Panics
    /// If it is of another stage.
    pub fn client_of(&mut self, who: Who) -> &mut Client {
        let Some(client) = self.clients.get_mut(&who) else {
            unreachable!("it was connected here")
        };
        client
    }

    /// Closes a connection with a code.
    pub fn close(&mut self, who: Who, code: u16) {
        if let Some(link) = &self.client_of(who).link {
            link.close(code);
        }
    }

    /// Lets time pass by the relay's clock.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if it is long and the relay has no clock.
    pub fn pass(&mut self, ms: u64) -> Done {
        self.now += ms;
        if self.relay.clock {
            self.relay.advance(ms, self.patience)?;
            while let Ok(tagged) = self.inbox.try_recv() {
                self.take(tagged);
            }
            return Ok(());
        }
        if ms > 20_000 && !self.real_time {
            let why = format!("it takes {} s, and the relay has no clock", ms / 1_000);
            return Err(Stop::Untestable(why));
        }
        let until = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < until {
            self.hear(until);
        }
        Ok(())
    }

    fn hear(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.inbox.recv_timeout(left) {
            Ok(tagged) => {
                self.take(tagged);
                true
            }
            Err(_) => false,
        }
    }

    fn take(&mut self, Tagged(who, seen): Tagged) {
        let at = (self.now, '<', Some(who.0));
        match &seen {
            Seen::Control(bytes) => self.transcript.bytes(at, On::Control, "", bytes),
            Seen::Stream { id, bytes } => self.transcript.bytes(at, On::Stream(*id), "", bytes),
            _ => {}
        }
        let client = self.client_of(who);
        let before = client.heard.len();
        client.see(seen);
        let heard: Vec<_> = client.heard.iter().skip(before).collect();
        let words = heard.iter().filter(|heard| !heard.is_of_bytes());
        let words: Vec<_> = words.map(ToString::to_string).collect();
        for what in words {
            self.transcript.note(self.now, '<', Some(who.0), what);
        }
    }

    /// Waits for something that a client hears.
    ///
    /// # Errors
    /// If it does not come.
    pub fn await_(&mut self, who: Who, what: &str, wanted: impl Fn(&Heard) -> bool) -> Done<Heard> {
        match self.find(who, &wanted) {
            Some(heard) => Ok(heard),
            None => Err(Stop::Timeout {
                awaited: what.to_owned(),
                seen: self.client_of(who).since_mark(),
            }),
        }
    }

    /// Waits for what a requirement says that a client hears.
    ///
    /// # Errors
    /// If it does not come.
    pub fn sees(
        &mut self,
        requirement: &'static str,
        who: Who,
        what: &str,
        wanted: impl Fn(&Heard) -> bool,
    ) -> Done<Heard> {
        match self.find(who, &wanted) {
            Some(heard) => {
                self.holds(requirement);
                Ok(heard)
            }
            None => Err(Stop::Fails {
                requirement,
                expected: what.to_owned(),
                seen: self.client_of(who).since_mark(),
            }),
        }
    }

    /// Sees that the next message that a client hears is this one.
    ///
    /// # Errors
    /// If it is another.
    pub fn next(&mut self, requirement: &'static str, who: Who, what: &Message) -> Done {
        let expected = format!("{} as the next message", what.name());
        let any = |heard: &Heard| !matches!(heard, Heard::Ignorable(_));
        let heard = self.sees(requirement, who, &expected, any)?;
        let right = matches!(&heard, Heard::Said(message) if message == what);
        self.check(
            requirement,
            right,
            &expected,
            format!("there came {heard}: {heard:?}"),
        )
    }

    fn find(&mut self, who: Who, wanted: &impl Fn(&Heard) -> bool) -> Option<Heard> {
        let deadline = Instant::now() + self.patience;
        loop {
            let client = self.client_of(who);
            while let Some(heard) = client.heard.get(client.mark) {
                client.mark += 1;
                if wanted(heard) {
                    return Some(heard.clone());
                }
            }
            if client.link.is_none() || !self.hear(deadline) {
                return None;
            }
        }
    }

    /// Sees that a client was sent nothing but what it has heard: the relay answers another client
    /// first, which comes after whatever it would have sent.
    ///
    /// # Errors
    /// If it was.
    pub fn silent(&mut self, requirement: &'static str, who: Who) -> Done {
        self.settle()?;
        let client = self.client_of(who);
        let (quiet, seen) = (client.heard.len() == client.mark, client.since_mark());
        self.check(requirement, quiet, "nothing more to be said", seen)
    }

    /// Waits until the relay has handled what was said to it: it answers somebody who came later.
    ///
    /// # Errors
    /// If it does not.
    pub fn settle(&mut self) -> Done {
        let other = self.client()?;
        self.close(other, ErrorCode::Done.to_wire());
        let until = Instant::now() + Duration::from_millis(20);
        while self.hear(until) {}
        Ok(())
    }

    /// Sees that the relay closes the connection of a client with this code.
    ///
    /// # Errors
    /// If it does not, or with another.
    pub fn closes(&mut self, requirement: &'static str, who: Who, code: ErrorCode) -> Done {
        let expected = format!("its connection to be closed with {code}");
        let closed = self.sees(requirement, who, &expected, |heard| {
            matches!(heard, Heard::Closed(_))
        })?;
        let seen = match &closed {
            Heard::Closed(Close::Code(code)) => format!("it was closed with {}", named(*code)),
            other => other.to_string(),
        };
        let right = closed == Heard::Closed(Close::Code(code.to_wire().into()));
        self.check(requirement, right, &expected, seen)
    }

    /// Notes that a requirement was seen to hold.
    pub fn holds(&mut self, requirement: &'static str) {
        if !self.emitted.contains(&requirement) {
            self.emitted.push(requirement);
        }
    }

    /// Notes whether a requirement holds.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(
        &mut self,
        requirement: &'static str,
        held: bool,
        expected: &str,
        seen: impl Into<String>,
    ) -> Done {
        if held {
            self.holds(requirement);
            return Ok(());
        }
        Err(Stop::Fails {
            requirement,
            expected: expected.to_owned(),
            seen: seen.into(),
        })
    }

    /// What was emitted, said and heard, when the case is over.
    pub fn finish(self) -> (Vec<&'static str>, Transcript) {
        (self.emitted, self.transcript)
    }
}
