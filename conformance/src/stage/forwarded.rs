//! Forwarded packets: the suite is the relay that makes a path, and the other end of it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use alongside_wire::{
    ErrorCode,
    path::{Check, PathToken, RoutingId},
    rendezvous::{self, Path, PathOpen, PathOver},
    session::{Message, PathOffer},
};
use rand_core::RngCore as _;
use serde_json::json;

use super::{Blame, ClientStage, Done, Item, Stop, a_while, acts::encoded, client::Input, frames};
use crate::{
    driver::Role,
    quic::{Close, Identity, Link, Manner, Met, PathEnd, Seen, Socket, Traffic, connection_id},
};

/// How often a sharer is looked at for a frame on the path: when its connection stands shows by that alone.
const LOOKS: u32 = 40;

/// The suite's side of a path.
pub(super) struct Forwarded {
    /// What packets to the client are known by, and those to the suite's end.
    ids: [RoutingId; 2],
    /// What the suite's end has offered.
    identity: Identity,
    /// What the client has offered, if it has.
    offered: [u8; 32],
    end: Option<PathEnd>,
    link: Option<Link>,
}

impl ClientStage<'_> {
    /// Both ends offer a path, whoever begins. What the client's offer says.
    ///
    /// # Errors
    /// If the client offers none.
    pub fn both_offer(&mut self) -> Done<[u8; 32]> {
        self.settle()?;
        self.offers_own()?;
        self.takes_offer()
    }

    /// What the client's next offer says, which may have come already.
    ///
    /// # Errors
    /// If the client offers none.
    pub fn takes_offer(&mut self) -> Done<[u8; 32]> {
        let mark = std::mem::replace(&mut self.mark, self.offers_mark);
        let offer = self.hears("path-offer");
        self.offers_mark = self.mark;
        self.mark = self.mark.max(mark);
        let Message::PathOffer(PathOffer { certificate }) = offer? else {
            return Err(Stop::Harness("an offer that is none".to_owned()));
        };
        self.forwarded()?.offered = certificate;
        Ok(certificate)
    }

    /// What the client's latest offer that was waited for says.
    ///
    /// # Errors
    /// If there is none.
    pub fn offered(&mut self) -> Done<[u8; 32]> {
        Ok(self.forwarded()?.offered)
    }

    /// The next offer of the suite's end is of the same certificate as the latest, which no end may do.
    ///
    /// # Errors
    /// If there was none.
    pub fn keeps_its_identity(&mut self) -> Done {
        self.same_identity = Some(self.forwarded()?.identity.clone());
        Ok(())
    }

    /// The suite's end offers a path, with a certificate that it had not before.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn offers_own(&mut self) -> Done {
        let identity = match self.same_identity.take() {
            Some(identity) => identity,
            None => Identity::new().map_err(Stop::Harness)?,
        };
        let certificate = identity.fingerprint();
        let mut ids = [[0; 8]; 2];
        for id in &mut ids {
            self.rng.fill_bytes(id);
        }
        self.path = Some(Forwarded {
            ids,
            identity,
            offered: [0; 32],
            end: None,
            link: None,
        });
        self.seal_one(PathOffer { certificate })
    }

    /// The client asks for a path, after both have offered one.
    ///
    /// # Errors
    /// If it does not.
    pub fn asks_for_a_path(&mut self) -> Done {
        self.both_offer()?;
        self.await_("path-request", |item| item.is_to_relay("path-request"))?;
        Ok(())
    }

    /// The relay gives it a path, and asks whether it is there, and it is.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn has_a_path(&mut self) -> Done {
        self.asks_for_a_path()?;
        self.is_given_a_path()?;
        let token = self.checks_address()?;
        self.await_("path-proof", |item| is_proof_of(item, token))?;
        Ok(())
    }

    /// The relay says what packets to the client are known by.
    ///
    /// # Errors
    /// If the client does not handle it.
    pub fn is_given_a_path(&mut self) -> Done {
        let [id, _] = self.forwarded()?.ids;
        self.say(Path { id });
        self.settle()
    }

    /// A check with a fresh token, from the relay.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn checks_address(&mut self) -> Done<PathToken> {
        let socket = Arc::clone(&self.server.socket);
        self.checks_by(&socket)
    }

    /// Sends a datagram of any kind to the client, from the relay.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn sends_datagram(&mut self, bytes: &[u8]) -> Done {
        let to = self.client_address()?;
        self.server.socket.send(to, bytes);
        Ok(())
    }

    /// The same from another address.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn checks_from_elsewhere(&mut self) -> Done<PathToken> {
        let socket = self.elsewhere()?;
        self.checks_by(&socket)
    }

    fn checks_by(&mut self, socket: &Arc<Socket>) -> Done<PathToken> {
        let to = self.client_address()?;
        let mut token = [0; 16];
        self.rng.fill_bytes(&mut token);
        socket.send(to, &Check { token }.encode());
        Ok(token)
    }

    /// A socket at another address than that of the relay.
    fn elsewhere(&self) -> Done<Arc<Socket>> {
        let _guard = self.bench.runtime.enter();
        Socket::bind((Ipv4Addr::LOCALHOST, 0).into())
            .map_err(|error| Stop::Harness(error.to_string()))
    }

    /// Where the client's control connection is.
    ///
    /// # Errors
    /// If there is none.
    pub fn client_address(&self) -> Done<SocketAddr> {
        let link = self.link.as_ref().map(Link::remote);
        link.ok_or_else(|| self.in_vain("a connection"))
    }

    /// How the suite's end shows itself, if nothing is wrong.
    ///
    /// # Errors
    /// If the suite's end has offered no path.
    pub fn manner(&mut self) -> Done<Manner> {
        Ok(Manner::right(&self.forwarded()?.identity))
    }

    /// What the relay says when both have shown where they are, and the suite's end waits for its packets.
    ///
    /// # Errors
    /// If there is no path.
    pub fn opens_the_path(&mut self, manner: &Manner) -> Done {
        let [_, id] = self.forwarded()?.ids;
        let end =
            PathEnd::start(&self.server.socket, id, &self.bench.runtime).map_err(Stop::Harness)?;
        if self.role == Role::Helper {
            end.takes(manner).map_err(Stop::Harness)?;
        }
        self.transcript
            .qlogs
            .push(("path".to_owned(), end.qlog.clone()));
        self.forwarded()?.end = Some(end);
        self.say(PathOpen { id });
        self.settle()
    }

    /// The helper makes the connection, of the two; with this manner of the suite's end. What the client has shown
    /// is what it has offered.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn meets(&mut self, manner: &Manner) -> Done<Met> {
        let [id, _] = self.forwarded()?.ids;
        let first = connection_id(id);
        self.meets_at(manner, &first)
    }

    /// The same, where the suite's end makes the connection with this first destination connection id.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn meets_at(&mut self, manner: &Manner, first: &[u8]) -> Done<Met> {
        let met = self.tries(manner, first, self.bench.patience)?;
        met.map_err(|close| self.in_vain(format!("the connection of the path ({close})")))
    }

    /// The same, if it comes about within this time.
    ///
    /// # Errors
    /// If there is no path.
    pub fn tries(
        &mut self,
        manner: &Manner,
        first: &[u8],
        within: Duration,
    ) -> Done<Result<Met, Close>> {
        let (to, role) = (self.client_address()?, self.role);
        let report = (self.sender(), Input::Path as fn(Seen) -> Input);
        let end = self.path_end()?;
        Ok(match role {
            Role::Helper => end
                .accept(report, within)
                .unwrap_or_else(|| Err(Close::Lost("nobody connects".to_owned()))),
            Role::Sharer => end.dial((to, first), manner, report, within),
        })
    }

    /// Tries to connect to a sharer from an address that is not the relay's, with the routing id of its path.
    ///
    /// # Errors
    /// If there is no path.
    pub fn tries_from_elsewhere(&mut self) -> Done<Result<Met, Close>> {
        let [id, own] = self.forwarded()?.ids;
        let (to, manner) = (self.client_address()?, self.manner()?);
        let socket = self.elsewhere()?;
        let end = PathEnd::start(&socket, own, &self.bench.runtime).map_err(Stop::Harness)?;
        let _reads = {
            let _guard = self.bench.runtime.enter();
            socket.read_alone().map_err(Stop::Harness)?
        };
        let report = (self.sender(), Input::Path as fn(Seen) -> Input);
        let within = a_while(self.bench.patience);
        let met = end.dial((to, &connection_id(id)), &manner, report, within);
        Ok(met)
    }

    /// A try that is expected to come to nothing: how long it is given.
    pub fn a_while(&self) -> Duration {
        a_while(self.bench.patience)
    }

    /// From here on this is the path.
    ///
    /// # Errors
    /// If there is none.
    pub fn goes_by(&mut self, met: Met) -> Done {
        self.forwarded()?.link = Some(met.link);
        Ok(())
    }

    /// Everything until the path is there.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn path_stands(&mut self) -> Done {
        self.has_a_path()?;
        let manner = self.manner()?;
        self.opens_the_path(&manner)?;
        let met = self.meets(&manner)?;
        self.goes_by(met)
    }

    /// The same in a new session, which is shown first.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn viewing_with_a_path(&mut self) -> Done {
        self.paths = Some(1);
        self.shown()?;
        self.path_stands()
    }

    /// The connection of the path, at the suite's end.
    ///
    /// # Errors
    /// If there is none.
    pub fn path_link(&mut self) -> Done<&Link> {
        let none = || Stop::Harness("the case wants a path, and there is none".to_owned());
        self.forwarded()?.link.as_ref().ok_or_else(none)
    }

    /// What packets to the client are known by, and those to the suite's end.
    ///
    /// # Errors
    /// If there is no path.
    pub fn routing_ids(&mut self) -> Done<[RoutingId; 2]> {
        Ok(self.forwarded()?.ids)
    }

    /// What came and went on the path until now.
    ///
    /// # Errors
    /// If there is no path.
    pub fn traffic(&mut self) -> Done<Traffic> {
        Ok(self.path_end()?.traffic())
    }

    /// Nothing is carried on the path any more.
    ///
    /// # Errors
    /// If there is no path.
    pub fn silences_the_path(&mut self) -> Done {
        self.path_end()?.silence();
        Ok(())
    }

    /// The suite's end goes on with the next connection id that the client has issued.
    ///
    /// # Errors
    /// If there is no path.
    pub fn takes_the_next_id(&mut self) -> Done {
        self.path_end()?.next_id();
        Ok(())
    }

    /// The relay says that there is no path any more.
    pub fn ends_the_path(&mut self, code: ErrorCode) {
        let code = code.to_wire();
        self.say(PathOver { code });
    }

    /// Sees that the client has closed the connection of its path, with this code if it says which.
    ///
    /// # Errors
    /// If it does not, or otherwise.
    pub fn closes_the_path(&mut self, blame: impl Into<Blame>, code: Option<ErrorCode>) -> Done {
        let blame = blame.into();
        let closed = self.sees(&blame, "the path closed", |item| {
            matches!(item, Item::Path(Seen::Closed(_)))
        })?;
        let wanted = code.map(|code| u64::from(code.to_wire()));
        let right = matches!(closed, Item::Path(Seen::Closed(Close::Code(code)))
            if wanted.is_none_or(|wanted| wanted == code));
        let expected = code.map_or("a code".to_owned(), |code| code.to_string());
        let expected = format!("the path closed with {expected}");
        self.check(&blame, right, &expected, closed.to_string())
    }

    /// To a sharer: another picture is on its screen, and what is sent of it.
    ///
    /// # Errors
    /// If no frame comes.
    pub fn films(&mut self, seed: u32) -> Done<Item> {
        let picture = json!({ "width": 64, "height": 48, "seed": seed });
        self.does("send-frame", picture)?;
        self.await_("a frame", |item| matches!(item, Item::Frame { .. }))
    }

    /// To a sharer: the same, until a frame comes on a spliced stream.
    ///
    /// # Errors
    /// If none does.
    pub fn films_spliced(&mut self, seed: u32) -> Done<Item> {
        let picture = json!({ "width": 64, "height": 48, "seed": seed });
        self.does("send-frame", picture)?;
        self.await_("a frame on a spliced stream", |item| {
            matches!(item, Item::Frame { path: false, .. })
        })
    }

    /// To a sharer: its screen changes until a frame comes by the path. The first that does.
    ///
    /// # Errors
    /// If none comes so.
    pub fn films_by_the_path(&mut self) -> Done<Item> {
        for seed in 10..10 + LOOKS {
            let frame = self.films(seed)?;
            if matches!(frame, Item::Frame { path: true, .. }) {
                return Ok(frame);
            }
            self.moment(20)?;
        }
        Err(self.in_vain("a frame on the path"))
    }

    /// To a helper: opens a frame stream of the path.
    ///
    /// # Errors
    /// If it does not let it.
    pub fn open_path_stream(&mut self) -> Done<u64> {
        let opened = self.path_link()?.open_stream();
        opened.ok_or_else(|| self.in_vain("leave to open a frame stream on the path"))
    }

    /// To a helper: sends the test picture as a complete frame on a stream of the path.
    ///
    /// # Errors
    /// If there is no path.
    pub fn show_on_path(&mut self, stream: u64, epoch: u32, seed: u32) -> Done {
        let records = self.picture_of(epoch, seed)?;
        self.path_bytes(stream, &records)
    }

    /// To a helper: the test picture as a complete frame of this epoch, sealed.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn picture_of(&mut self, epoch: u32, seed: u32) -> Done<Vec<u8>> {
        let frame = encoded(&frames::frame(64, 48, seed)?)?;
        self.film(epoch, &frame)
    }

    /// To a helper: sends bytes on a frame stream of the path.
    ///
    /// # Errors
    /// If there is no path.
    pub fn path_bytes(&mut self, stream: u64, bytes: &[u8]) -> Done {
        self.path_link()?.stream(stream, bytes);
        let what = format!("{} bytes on stream {stream} of the path", bytes.len());
        self.transcript.note(self.now, '>', None, what);
        Ok(())
    }

    /// Something of the connection of the path.
    pub(super) fn seen_on_path(&mut self, seen: Seen) {
        let Seen::Stream { id, bytes } = seen else {
            return self.note(Item::Path(seen));
        };
        let what = format!("{} bytes on stream {id} of the path", bytes.len());
        self.transcript.note(self.now, '<', None, what);
        self.stream((true, id), &bytes);
    }

    fn path_end(&mut self) -> Done<&PathEnd> {
        let none = || Stop::Harness("the case wants a path, and none was opened".to_owned());
        self.forwarded()?.end.as_ref().ok_or_else(none)
    }

    fn forwarded(&mut self) -> Done<&mut Forwarded> {
        let none = || Stop::Harness("the case wants a path, and none was offered".to_owned());
        self.path.as_mut().ok_or_else(none)
    }
}

/// Whether it shows that a check with this token came.
pub(crate) fn is_proof_of(item: &Item, token: PathToken) -> bool {
    matches!(item, Item::ToRelay(rendezvous::Message::PathProof(proof)) if proof.token == token)
}
