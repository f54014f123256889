//! A relay under test: the suite is all of its clients.

mod client;
mod datagrams;
mod facts;
mod program;
mod set_up;
mod way;

use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, Sender, channel},
    time::{Duration, Instant},
};

use alongside_wire::{
    ErrorCode,
    code::Locator,
    framing,
    rendezvous::{CodeRequest, Deliver, Hello, Join, Leave, Message, RelayHello},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};
use tokio::runtime::Handle;

pub use client::{Client, Heard};
pub use datagrams::OpenPath;
pub use program::{Program, RelayUnderTest};
pub use set_up::SetUp;
use way::Home;

use super::{Blame, Done, Stop, Transcript, item::named, ledger::Ledger, transcript::On};
use crate::quic::{Close, Link, Seen};

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
    pub(in crate::stage) ledger: Ledger,
    transcript: Transcript,
    now: u64,
    real_time: bool,
    home: Home,
    hello: Option<RelayHello>,
    rng: ChaCha20Rng,
}

impl<'a> RelayStage<'a> {
    /// Nobody is connected yet.
    pub fn new(
        relay: &'a mut RelayUnderTest,
        runtime: Handle,
        patience: Duration,
        real_time: bool,
        seed: u64,
    ) -> Self {
        let (sender, inbox) = channel();
        Self {
            relay,
            runtime,
            patience,
            inbox,
            sender,
            clients: BTreeMap::new(),
            ledger: Ledger::default(),
            transcript: Transcript::default(),
            now: 0,
            real_time,
            home: Home::new(),
            hello: None,
            rng: ChaCha20Rng::seed_from_u64(seed),
        }
    }

    /// Connects and says `hello`.
    ///
    /// # Errors
    /// If it is not answered.
    pub fn client(&mut self) -> Done<Who> {
        self.client_from(0)
    }

    /// The same from one of the sources of the case, which are numbered from 0.
    ///
    /// # Errors
    /// If it is not answered.
    pub fn client_from(&mut self, source: u8) -> Done<Who> {
        let who = self.connect_from(source)?;
        self.greets(who)?;
        Ok(who)
    }

    /// Says `hello`, and hears the answer.
    ///
    /// # Errors
    /// If there is none.
    pub fn greets(&mut self, who: Who) -> Done {
        self.say(who, Hello::default());
        let hello = self.await_(who, "relay-hello", |heard| heard.is("relay-hello"))?;
        if let Heard::Said(Message::RelayHello(hello)) = hello {
            self.hello = Some(hello);
        }
        Ok(())
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
        if !self.has_clock() {
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
        let client = self.client_of(who);
        client.to_say += bytes.len();
        if let Some(link) = &client.link {
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

    /// Random bytes, the same whenever the case is run with the same seed.
    pub fn random(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// The connection of a client.
    ///
    /// # Errors
    /// If it is gone.
    pub fn link(&mut self, who: Who) -> Done<&Link> {
        let client = self.client_of(who);
        let seen = client.since_mark();
        client.link.as_ref().ok_or(Stop::Timeout {
            awaited: "a connection that is still there".to_owned(),
            seen,
        })
    }

    /// Opens a frame stream.
    ///
    /// # Errors
    /// If the relay does not let it.
    pub fn open_stream(&mut self, who: Who) -> Done<u64> {
        let opened = self.link(who)?.open_stream();
        opened.ok_or_else(|| Stop::Timeout {
            awaited: "room for a frame stream".to_owned(),
            seen: "there is none".to_owned(),
        })
    }

    /// Waits for so many bytes of a frame stream.
    ///
    /// # Errors
    /// If they do not come.
    pub fn await_stream(&mut self, who: Who, stream: u64, len: usize) -> Done<Vec<u8>> {
        let come = |client: &Client| client.streams.get(&stream).map_or(0, Vec::len) >= len;
        let patience = self.patience;
        let all = self.linger(patience, who, come);
        let bytes = self.client_of(who).streams.get(&stream).cloned();
        let bytes = bytes.unwrap_or_default();
        match all {
            true => Ok(bytes),
            false => Err(Stop::Timeout {
                awaited: format!("{len} bytes of a frame stream"),
                seen: format!("there came {}", bytes.len()),
            }),
        }
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
        if self.has_clock() {
            self.relay.advance(ms, self.patience)?;
            let deadline = Instant::now() + self.patience;
            while let Ok(tagged) = self.inbox.try_recv() {
                self.take(tagged);
                if Instant::now() >= deadline {
                    return Err(Stop::Timeout {
                        awaited: "a moment in which the relay says nothing".to_owned(),
                        seen: "it goes on and on".to_owned(),
                    });
                }
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

    /// The relay is told to shut down in order.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if the suite has not started it.
    pub fn shut_down(&mut self) -> Done {
        self.relay.shut_down()
    }

    /// The next case needs another relay.
    pub const fn wears_out(&mut self) {
        self.relay.wears_out();
    }

    /// The relay begins to drain.
    ///
    /// # Errors
    /// If it cannot be told.
    pub fn drain(&mut self) -> Done {
        self.needs("drain")?;
        self.relay.changes("drain", self.patience).map(|_| ())
    }

    /// The relay is set up with this from now on.
    ///
    /// # Errors
    /// If it cannot be told.
    pub fn reload(&mut self, set_up: &SetUp) -> Done {
        self.needs("reload")?;
        self.relay.reload(set_up, self.patience)
    }

    /// The relay has another certificate from now on, which those expect who connect.
    ///
    /// # Errors
    /// If it cannot be told, or has none.
    pub fn renew_certificate(&mut self) -> Done {
        const OP: &str = "renew-certificate";
        self.needs(OP)?;
        let answer = self.relay.changes(OP, self.patience)?;
        let certificate = answer.get("certificate").and_then(|found| found.as_str());
        let none = || Stop::Driver(format!("it answers {OP} with {answer}"));
        let certificate = certificate.ok_or_else(none)?.to_owned();
        if certificate == self.relay.certificate {
            return Err(Stop::Driver(
                "its new certificate is the old one".to_owned(),
            ));
        }
        self.relay.certificate = certificate;
        Ok(())
    }

    /// The relay's clock, which began at a tick.
    pub const fn time(&self) -> u64 {
        self.relay.elapsed
    }

    fn hear(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
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
        blame: impl Into<Blame>,
        who: Who,
        what: &str,
        wanted: impl Fn(&Heard) -> bool,
    ) -> Done<Heard> {
        self.must(blame, |stage| stage.await_(who, what, wanted))
    }

    /// Sees that the next message that a client hears is this one.
    ///
    /// # Errors
    /// If it is another.
    pub fn next(&mut self, blame: impl Into<Blame>, who: Who, what: &Message) -> Done {
        let blame = blame.into();
        let expected = format!("{} as the next message", what.name());
        let any = |heard: &Heard| !matches!(heard, Heard::Ignorable(_));
        let heard = self.sees(&blame, who, &expected, any)?;
        let right = matches!(&heard, Heard::Said(message) if message == what);
        self.check(
            &blame,
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
            if client.is_over() || !self.hear(deadline) {
                return None;
            }
        }
    }

    /// What a client has heard by now is not looked at any more.
    pub fn passes_over(&mut self, who: Who) {
        let client = self.client_of(who);
        client.mark = client.heard.len();
        client.since = client.mark;
    }

    /// All that a client has heard since then.
    pub fn since(&mut self, who: Who) -> Vec<Heard> {
        let client = self.client_of(who);
        client.heard.iter().skip(client.since).cloned().collect()
    }

    /// Waits until a client has heard so much.
    ///
    /// # Errors
    /// If it does not come.
    pub fn comes(&mut self, who: Who, count: usize) -> Done {
        let patience = self.patience;
        match self.linger(patience, who, |client| client.heard.len() >= count) {
            true => Ok(()),
            false => Err(Stop::Timeout {
                awaited: "what comes on the way".to_owned(),
                seen: self.client_of(who).since_mark(),
            }),
        }
    }

    /// Asks for a code, and takes its locator from the answer, if one comes; what a case waits for is
    /// not moved.
    pub fn asks_for_code(&mut self, who: Who) -> Option<Locator> {
        let issued = |heard: &Heard| match heard {
            Heard::Said(Message::CodeIssued(issued)) => Some(issued.locator),
            _ => None,
        };
        let from = self.client_of(who).heard.len();
        self.say(who, CodeRequest {});
        let come = |client: &Client| {
            client.is_over()
                || client
                    .heard
                    .iter()
                    .skip(from)
                    .any(|heard| issued(heard).is_some())
        };
        let patience = self.patience;
        self.linger(patience, who, come);
        self.client_of(who).heard.iter().skip(from).find_map(issued)
    }

    /// Sees that a client was sent nothing but what it has heard: the relay answers another client
    /// first, which comes after whatever it would have sent.
    ///
    /// # Errors
    /// If it was.
    pub fn silent(&mut self, blame: impl Into<Blame>, who: Who) -> Done {
        let blame = blame.into();
        self.settle()?;
        let client = self.client_of(who);
        let (quiet, seen) = (client.heard.len() == client.mark, client.since_mark());
        self.check(&blame, quiet, "nothing more to be said", seen)
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

    /// Sees that the next messages that a client hears are these, and that no more follow.
    ///
    /// # Errors
    /// If there are others.
    pub fn only(&mut self, blame: impl Into<Blame>, who: Who, what: &[Message]) -> Done {
        let blame = blame.into();
        for message in what {
            self.next(&blame, who, message)?;
        }
        self.silent(&blame, who)
    }

    /// Sees that the relay closes the connection of a client with this code.
    ///
    /// # Errors
    /// If it does not, or with another.
    pub fn closes(&mut self, blame: impl Into<Blame>, who: Who, code: ErrorCode) -> Done {
        let blame = blame.into();
        self.closes_with(&blame, &blame, who, code)
    }

    /// The same, where one requirement says that it is closed and another with what.
    ///
    /// # Errors
    /// As [`RelayStage::closes`].
    pub fn closes_with(
        &mut self,
        blame: impl Into<Blame>,
        of_code: impl Into<Blame>,
        who: Who,
        code: ErrorCode,
    ) -> Done {
        let expected = format!("its connection to be closed with {code}");
        let closed = self.sees(blame, who, &expected, |heard| {
            matches!(heard, Heard::Closed(_))
        })?;
        let seen = match &closed {
            Heard::Closed(Close::Code(code)) => format!("it was closed with {}", named(*code)),
            other => other.to_string(),
        };
        let right = closed == Heard::Closed(Close::Code(code.to_wire().into()));
        self.check(of_code, right, &expected, seen)
    }

    /// What was seen to hold, said and heard, when the case is over. Whoever is there leaves for good, so
    /// that no place is held for it.
    pub fn finish(mut self) -> (Vec<&'static str>, Transcript) {
        let all: Vec<_> = self.clients.keys().copied().collect();
        for who in all {
            self.close(who, ErrorCode::Done.to_wire());
        }
        (self.ledger.held(), self.transcript)
    }
}
