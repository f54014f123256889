//! Paths, as their two ends see them: checks, and packets that are forwarded.

use std::time::{Duration, Instant};

use alongside_wire::{
    limits::timers,
    path::{Check, PathToken, RoutingId},
    rendezvous::{Message, PathProof, PathRequest},
};
use quinn::udp::EcnCodepoint;

use super::{Blame, Done, Heard, RelayStage, Stop, Who};
use crate::quic::{Raw, Weather};

/// A path that is open, and what packets to each end are known by.
pub struct OpenPath {
    /// Who had the code.
    pub helper: Who,
    /// Who joined.
    pub sharer: Who,
    /// Packets with this go to the helper.
    pub to_helper: RoutingId,
    /// Packets with this go to the sharer.
    pub to_sharer: RoutingId,
}

impl RelayStage<'_> {
    /// How many paths the relay has at most.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] if it has none.
    pub fn paths(&mut self) -> Done<u64> {
        match self.states("paths") {
            Ok(Some(most)) if most > 0 => Ok(most),
            Ok(_) => Err(Stop::Unsupported("paths".to_owned())),
            Err(stop) => Err(stop),
        }
    }

    /// A helper and a sharer in a session, each by a way by which datagrams of any kind can go.
    ///
    /// # Errors
    /// If it does not come to that, or the relay has no paths.
    pub fn pair_by_ways(&mut self) -> Done<(Who, Who)> {
        self.paths()?;
        let helper = self.client_by(Weather::default())?;
        let locator = self.code(helper)?;
        let sharer = self.client_by(Weather::default())?;
        self.join(sharer, locator, b"an offer")?;
        self.await_(sharer, "place", |heard| heard.is("place"))?;
        self.await_(helper, "place", |heard| heard.is("place"))?;
        Ok((helper, sharer))
    }

    /// A session with a path that is open.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn open_path(&mut self) -> Done<OpenPath> {
        let (helper, sharer) = self.pair_by_ways()?;
        self.opens_path(helper, sharer)
    }

    /// Both ends ask for a path, and show where they are.
    ///
    /// # Errors
    /// If it is not opened.
    pub fn opens_path(&mut self, helper: Who, sharer: Who) -> Done<OpenPath> {
        let to_helper = self.asks_for_path(helper)?;
        let to_sharer = self.asks_for_path(sharer)?;
        self.shows_address(helper)?;
        self.shows_address(sharer)?;
        for who in [helper, sharer] {
            self.await_(who, "path-open", |heard| heard.is("path-open"))?;
        }
        Ok(OpenPath {
            helper,
            sharer,
            to_helper,
            to_sharer,
        })
    }

    /// Asks for a path, and gets one.
    ///
    /// # Errors
    /// If it does not.
    pub fn asks_for_path(&mut self, who: Who) -> Done<RoutingId> {
        self.say(who, PathRequest {});
        let heard = self.await_(who, "path", |heard| heard.is("path"))?;
        let Heard::Said(Message::Path(path)) = heard else {
            return Err(Stop::Harness(format!("{heard} is no path")));
        };
        self.takes_datagrams(who, path.id)?;
        Ok(path.id)
    }

    /// Returns the token of a check.
    ///
    /// # Errors
    /// If there is none.
    pub fn shows_address(&mut self, who: Who) -> Done {
        let token = self.fresh_check(who)?;
        self.say(who, PathProof { token });
        Ok(())
    }

    /// The token of the latest check that has come since this was asked before.
    ///
    /// # Errors
    /// If there is none.
    pub fn fresh_check(&mut self, who: Who) -> Done<PathToken> {
        let next = self.client_of(who).checks + 1;
        let token = self.check_of(who, next)?;
        self.client_of(who).checks = checks(&self.came(who)?).len();
        Ok(token)
    }

    /// What packets to a client are known by, if it has heard that.
    pub fn routing_id(&mut self, who: Who) -> Option<RoutingId> {
        let mut heard = self.client_of(who).heard.iter().rev();
        heard.find_map(|heard| match heard {
            Heard::Said(Message::Path(path)) => Some(path.id),
            _ => None,
        })
    }

    /// The token of the latest check of a client, when so many have come.
    ///
    /// # Errors
    /// If they do not come.
    pub fn check_of(&mut self, who: Who, count: usize) -> Done<PathToken> {
        let came = self.awaits(who, count, |all| checks(all).len())?;
        let tokens = checks(&came);
        match tokens.last() {
            Some(token) if tokens.len() >= count => Ok(*token),
            _ => Err(Stop::Timeout {
                awaited: format!("{count} checks"),
                seen: format!("there came {}", tokens.len()),
            }),
        }
    }

    /// How many checks a client has had by now.
    ///
    /// # Errors
    /// If it has no way.
    pub fn checks_by_now(&mut self, who: Who) -> Done<usize> {
        self.settle()?;
        Ok(checks(&self.came(who)?).len())
    }

    /// Datagrams with this routing id are none of a client's connection.
    ///
    /// # Errors
    /// If it has no way.
    pub fn takes_datagrams(&mut self, who: Who, id: RoutingId) -> Done {
        self.way_of(who)?.takes_apart(id);
        Ok(())
    }

    /// Sends a datagram from where the connection of a client comes from.
    ///
    /// # Errors
    /// If it does not go.
    pub fn sends(&mut self, who: Who, bytes: &[u8], ecn: Option<EcnCodepoint>) -> Done {
        let what = format!("a datagram: {}", shown(bytes, ecn));
        self.transcript.note(self.now, '>', Some(who.0), what);
        let sent = self.way_of(who)?.send(bytes, ecn);
        sent.map_err(|error| Stop::Harness(error.to_string()))
    }

    /// Whether this machine carries datagrams from one client to another with their marks.
    ///
    /// # Errors
    /// If one has no way.
    pub fn carries_marks(&mut self, [from, to]: [Who; 2], ecn: Option<EcnCodepoint>) -> Done<bool> {
        let before = self.packets(to, 0)?.len();
        let broken = |error: std::io::Error| Stop::Harness(error.to_string());
        let there = self.way_of(to)?.outside().map_err(broken)?;
        let sent = self.way_of(from)?.send_to(&[0; 60], ecn, there);
        sent.map_err(broken)?;
        let came = self.packets(to, before + 1)?;
        Ok(came.get(before).is_some_and(|packet| packet.ecn == ecn))
    }

    /// The packets that came to a client, without checks, when there are so many or no more come.
    ///
    /// # Errors
    /// If it has no way.
    pub fn packets(&mut self, who: Who, count: usize) -> Done<Vec<Raw>> {
        let all = self.awaits(who, count, |all| packets(all).len())?;
        Ok(packets(&all))
    }

    /// Sees that a packet of one end comes to the other as it is, from the relay and once.
    ///
    /// # Errors
    /// If it does not.
    pub fn is_forwarded(
        &mut self,
        blame: impl Into<Blame>,
        [from, to]: [Who; 2],
        bytes: &[u8],
        ecn: Option<EcnCodepoint>,
    ) -> Done {
        let before = self.packets_by_now(to)?;
        self.sends(from, bytes, ecn)?;
        self.packets(to, before + 1)?;
        // Another one would have come by then.
        self.settle()?;
        let all = self.packets(to, before + 1)?;
        let came: Vec<_> = all.iter().skip(before).collect();
        let relay = self.relay.address;
        let right = matches!(came[..], [one] if one.bytes == bytes && one.from == relay);
        let seen: Vec<_> = came.iter().map(|one| shown(&one.bytes, one.ecn)).collect();
        let expected = format!("this packet from {relay}, once: {}", shown(bytes, ecn));
        self.check(blame, right, &expected, format!("there came {seen:?}"))
    }

    /// Sees that a packet of one end does not come to another.
    ///
    /// # Errors
    /// If it does.
    pub fn is_not_forwarded(
        &mut self,
        blame: impl Into<Blame>,
        [from, to]: [Who; 2],
        bytes: &[u8],
    ) -> Done {
        let before = self.packets_by_now(to)?;
        self.sends(from, bytes, None)?;
        let came = self.packets_by_now(to)? - before;
        let seen = format!("{came} came");
        self.check(blame, came == 0, "no packet to be forwarded", seen)
    }

    /// How many packets came to a client by now.
    ///
    /// # Errors
    /// If it has no way.
    pub fn packets_by_now(&mut self, who: Who) -> Done<usize> {
        // Whatever was sent before has come to the relay before this, and has left it.
        self.settle()?;
        Ok(packets(&self.came(who)?).len())
    }

    /// The time after which a relay asks again where somebody is has passed.
    ///
    /// # Errors
    /// If the clock does not go.
    pub fn pass_a_check(&mut self) -> Done {
        self.pass(timers::PATH_CHECK)
    }

    fn awaits(&mut self, who: Who, count: usize, of: impl Fn(&[Raw]) -> usize) -> Done<Vec<Raw>> {
        let until = Instant::now() + self.patience;
        loop {
            let came = self.came(who)?;
            if of(&came) >= count || Instant::now() >= until {
                return Ok(came);
            }
            self.hear((Instant::now() + SOON).min(until));
        }
    }

    fn came(&mut self, who: Who) -> Done<Vec<Raw>> {
        Ok(self.way_of(who)?.datagrams())
    }
}

const SOON: Duration = Duration::from_millis(5);

fn checks(all: &[Raw]) -> Vec<PathToken> {
    let checks = all.iter().filter_map(|one| Check::decode(&one.bytes));
    checks.map(|check| check.token).collect()
}

fn packets(all: &[Raw]) -> Vec<Raw> {
    let packets = all.iter().filter(|one| Check::decode(&one.bytes).is_none());
    packets.cloned().collect()
}

fn shown(bytes: &[u8], ecn: Option<EcnCodepoint>) -> String {
    let first: String = bytes
        .iter()
        .take(32)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let ecn = ecn.map_or(String::new(), |ecn| format!(", marked {ecn:?}"));
    format!("{} bytes, {first}…{ecn}", bytes.len())
}
