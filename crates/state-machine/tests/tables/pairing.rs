//! The relay, as a code and the session that comes of it meet it.

use alongside_state_machine::{
    relay::{ConnId, Event, Relay, RelayConfig, Transmit},
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode,
    code::Locator,
    rendezvous::{CodeRequest, Deliver, Hello, Leave, Message, PeerLost, Rejoin},
};

use crate::{
    connection::{join, messages, next_tick, said, source},
    walk::{Done, Subject, walk},
};

const ENDS: [&str; 2] = ["helper", "sharer"];

/// A relay, and the two ends of a session at it.
#[derive(Clone)]
struct At {
    relay: Relay,
    now: Timestamp,
    /// The locator that will be drawn first.
    locator: Locator,
    issued: Timestamp,
    paired: Timestamp,
    /// The connection of each end, whether it is still there, its token, and when it was lost.
    ends: [Option<ConnId>; 2],
    there: [bool; 2],
    tokens: [Option<[u8; 32]>; 2],
    lost: [Timestamp; 2],
    joiner: Option<ConnId>,
    conns: u64,
}

impl At {
    fn start() -> Self {
        let now = Timestamp::from_millis(1_001);
        let mut at = Self {
            relay: Relay::new(RelayConfig::default(), [7; 32]),
            now,
            locator: Locator::try_from("zzzz".to_owned()).expect("a locator"),
            issued: now,
            paired: now,
            ends: [None; 2],
            there: [false; 2],
            tokens: [None; 2],
            lost: [now; 2],
            joiner: None,
            conns: 0,
        };
        let mut other = at.clone();
        other.run("a helper asks for it");
        at.locator = other.locator;
        at
    }

    fn state(&self, region: usize) -> &'static str {
        self.states()[region].1
    }

    fn other(&mut self) -> ConnId {
        self.conns += 1;
        let conn = ConnId(self.conns);
        let taken = self.relay.connected(conn, source(), self.now);
        taken.expect("taken");
        self.say(conn, Hello::default());
        while self.relay.poll_transmit().is_some() {}
        conn
    }

    fn say(&mut self, conn: ConnId, message: impl Into<Message>) {
        let mut bytes = Vec::new();
        message.into().encode(&mut bytes);
        self.relay.handle_control(conn, &bytes, self.now);
    }

    fn who(&self, conn: ConnId) -> Option<&'static str> {
        let end = self.ends.iter().position(|end| *end == Some(conn));
        let end = end.map(|end| ENDS[end]);
        end.or_else(|| (self.joiner == Some(conn)).then_some("joiner"))
    }

    fn outputs(&mut self, told: ErrorCode) -> Vec<String> {
        let mut outputs = Vec::new();
        while let Some(transmit) = self.relay.poll_transmit() {
            let Transmit::Control { conn, bytes } = transmit else {
                continue;
            };
            for message in messages(&bytes) {
                match &message {
                    Message::CodeIssued(issued) => self.locator = issued.locator,
                    Message::Joined(_) => {
                        // Now it is known who the sharer is.
                        self.ends[1] = self.joiner.take();
                        self.there[1] = true;
                        self.paired = self.now;
                    }
                    Message::Place(place) => {
                        let end = self.ends.iter().position(|end| *end == Some(conn));
                        self.tokens[end.expect("an end")] = Some(place.token);
                    }
                    _ => {}
                }
                let said = said(&message, Some(told));
                outputs.extend(self.who(conn).map(|who| format!("to {who} {said}")));
            }
        }
        while let Some(event) = self.relay.poll_event() {
            let told = match event {
                Event::Paired { .. } => "paired",
                Event::PeerLost { .. } => "peer lost",
                Event::PeerBack { .. } => "peer back",
                Event::Unpaired { .. } => "unpaired",
                Event::Violation { .. } => "violation",
                Event::Reported { .. } | Event::Used { .. } => continue,
            };
            outputs.push(format!("tell {told}"));
        }
        outputs
    }

    fn act(&mut self, event: &str) -> Option<()> {
        if event == "a helper asks for it" {
            if self.state(0) != "none" {
                return None;
            }
            let helper = self.other();
            self.ends[0] = Some(helper);
            self.there[0] = true;
            self.issued = self.now;
            self.say(helper, CodeRequest {});
            return Some(());
        }
        if event == "somebody joins by it" {
            let joiner = self.other();
            self.joiner = Some(joiner);
            self.say(joiner, join(self.locator));
            self.now = next_tick(self.now);
            self.relay.handle_timeout(self.now);
            return Some(());
        }
        let (who, does) = event.strip_prefix("the ")?.split_once(' ')?;
        let end = ENDS.iter().position(|end| *end == who)?;
        if does == "comes back" {
            let token = self.tokens[end]?;
            let back = self.other();
            self.ends[end] = Some(back);
            self.there[end] = true;
            self.say(back, Rejoin { token });
            return Some(());
        }
        let conn = self.ends[end].filter(|_| self.there[end])?;
        let declined = ErrorCode::Declined;
        match does {
            "leaves" => {
                let code = declined.to_wire();
                self.say(conn, Leave { code });
            }
            "is lost" => self.relay.disconnected(conn, None, self.now),
            "closes on purpose" => self.relay.disconnected(conn, Some(declined), self.now),
            "breaks the protocol" => self.say(conn, PeerLost {}),
            "delivers" if self.state(1) != "none" => {
                let envelope = vec![1];
                self.say(conn, Deliver { envelope });
            }
            _ => return None,
        }
        if !["leaves", "delivers"].contains(&does) {
            self.there[end] = false;
            self.lost[end] = self.now;
        }
        Some(())
    }

    fn running(&self) -> Vec<(Timestamp, &'static str)> {
        let config = RelayConfig::default();
        let hold = |end: usize| {
            let until = self.lost[end].plus_ms(config.reconnect_hold_ms);
            (until, "reconnect-hold")
        };
        let length = self.paired.plus_ms(config.session_length_ms);
        let length = (length, "session-length");
        let mut timers = match self.state(1) {
            "both" => vec![length],
            "helper away" => vec![length, hold(0)],
            "sharer away" => vec![length, hold(1)],
            "nobody" => vec![hold(0), hold(1)],
            _ if self.state(0) == "live" => {
                let until = self.issued.plus_ms(config.code_lifetime_ms);
                vec![(until, "code-lifetime")]
            }
            _ => Vec::new(),
        };
        timers.sort();
        timers
    }

    fn wait(&mut self, until: Timestamp) {
        let before = self.states();
        self.now = until;
        self.relay.handle_timeout(until);
        assert_eq!(self.outputs(ErrorCode::Done), [""; 0], "in {before:?}");
        assert_eq!(self.states(), before);
    }

    fn time(&mut self, timer: &str) -> Option<()> {
        let next = self.running().first().copied();
        let (at, _) = next.filter(|(_, next)| *next == timer)?;
        self.wait(Timestamp::from_micros(at.as_micros() - 1));
        self.now = at;
        self.relay.handle_timeout(at);
        Some(())
    }
}

impl Subject for At {
    fn states(&self) -> Vec<(&'static str, &'static str)> {
        let token = self.tokens[0].as_ref();
        self.relay.pairing(&self.locator, token).to_vec()
    }

    fn history(&self) -> Vec<u64> {
        let next = self.running().first().copied();
        let near = next.is_some_and(|(at, _)| at.since(self.now) <= 500_000);
        let next = next.map_or(0, |(_, timer)| timer.bytes().map(u64::from).sum());
        let there = self.there.map(u64::from);
        vec![next, u64::from(near), there[0], there[1]]
    }

    /// Nothing here is a violation of whoever has the table.
    fn unchanged(&self) -> bool {
        false
    }

    fn run(&mut self, event: &str) -> Option<Done> {
        self.act(event).or_else(|| self.time(event))?;
        let outputs = self.outputs(ErrorCode::Declined);
        self.joiner = None;
        Some(Done::new(crate::walk::Answer::Taken, outputs))
    }

    fn later(&self) -> Option<Self> {
        let (at, _) = self.running().first().copied()?;
        let soon = Timestamp::from_micros(at.as_micros().saturating_sub(500_000));
        let mut later = self.clone();
        // After the end of a session its ends stay for a while, with timers of their own.
        let over = self.state(1) == "over";
        (soon > self.now && !over).then(|| later.wait(soon))?;
        Some(later)
    }
}

#[test]
fn the_relay_does_what_the_table_of_a_pairing_says() {
    walk("pairing", At::start(), &[]).agrees();
}
