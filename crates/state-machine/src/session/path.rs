//! A path of forwarded packets, as one end sees it: the offers of both, an attempt, and what comes of it. There is one at
//! a time, and the session plane notices nothing of it.

use alloc::{collections::VecDeque, vec::Vec};

use alongside_wire::{
    ErrorCode,
    limits::timers,
    path::{PathToken, RoutingId},
    rendezvous::{Message as Relayed, PathOver, PathProof, PathRequest},
    session::PathOffer,
};

use super::{Output, known};
use crate::{error::Misuse, mutant, time::Timestamp};

/// `path-proof` in a second, at most.
const PROOFS: usize = 10;

/// What a program learns of a path. After [`Event::Agreed`] comes exactly one [`Event::Over`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The other end offers a path, and can be answered now by an offer of this end's, if one is wanted.
    Offered,
    /// Both ends have offered: the relay is asked for a path.
    Agreed {
        /// SHA-256 of the certificate that the other end shows on it.
        certificate: [u8; 32],
    },
    /// The relay gave this end a routing id. The latest counts.
    Routed {
        /// What connection ids of this end begin with.
        id: RoutingId,
    },
    /// The relay forwards.
    Open {
        /// What connection ids of the other end begin with.
        id: RoutingId,
    },
    /// There is no path any more: its connection, if there is one, is to be closed.
    Over {
        /// Why.
        code: ErrorCode,
    },
}

type Out<E> = VecDeque<Output<E>>;

/// The path of a session, or how far it has come about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    state: State,
    /// When this end's latest offer was sent.
    offered_at: Option<Timestamp>,
    /// When the latest proofs were sent, no more than [`PROOFS`].
    proofs: Vec<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum State {
    #[default]
    None,
    /// This end's offer is out.
    Offered,
    /// The other end's is here. The program learns of it when it may be answered.
    Asked { certificate: [u8; 32], told: bool },
    /// Both are here, and this end has asked the relay.
    Attempt { until: Timestamp },
    /// The connection of the path stands.
    Standing,
}

impl Path {
    /// This end wants a path, and shows this certificate on it.
    ///
    /// # Errors
    /// [`Misuse::NotReady`] if it offered one a moment ago, [`Misuse::Phase`] if its offer is out or there is a path.
    pub(crate) fn offer<E: From<Event>>(
        &mut self,
        certificate: [u8; 32],
        now: Timestamp,
        out: &mut Out<E>,
    ) -> Result<(), Misuse> {
        let theirs = match self.state {
            State::None => None,
            State::Asked { certificate, .. } => Some(certificate),
            State::Offered if mutant::is("PATH-34/again") => None,
            //= spec/20-forwarded-packets.md#agreeing [PATH-34] f239ec04
            State::Offered => return Err(Misuse::Phase("while a path is offered")),
            State::Attempt { .. } | State::Standing => {
                return Err(Misuse::Phase("while there is a path"));
            }
        };
        //= spec/20-forwarded-packets.md#agreeing [PATH-2] 4efd8e85
        if self.rests(now) {
            return Err(Misuse::NotReady);
        }
        self.offered_at = Some(now);
        out.push_back(Output::Send(PathOffer { certificate }.into()));
        match theirs {
            Some(theirs) => self.begin(theirs, now, out),
            None => {
                self.state = State::Offered;
                if mutant::is("PATH-5/hasty") {
                    out.push_back(Output::Relay(PathRequest {}.into()));
                }
            }
        }
        Ok(())
    }

    /// The other end wants a path, and shows this certificate on it.
    pub(crate) fn offered<E: From<Event>>(
        &mut self,
        certificate: [u8; 32],
        now: Timestamp,
        out: &mut Out<E>,
    ) {
        if self.state == State::Offered {
            self.begin(certificate, now, out);
            return;
        }
        self.end(ErrorCode::Done, out);
        let told = false;
        self.state = State::Asked { certificate, told };
        self.tell(now, out);
    }

    //= spec/20-forwarded-packets.md#agreeing [PATH-5] 1d3a2236
    fn begin<E: From<Event>>(&mut self, certificate: [u8; 32], now: Timestamp, out: &mut Out<E>) {
        let until = now.plus_ms(mutant::longer("PATH-30/patient", timers::PATH_ATTEMPT));
        self.state = State::Attempt { until };
        out.push_back(Output::Relay(PathRequest {}.into()));
        say(Event::Agreed { certificate }, out);
    }

    //= spec/20-forwarded-packets.md#clients [PATH-32] 1184a3ef
    /// What the relay says of a path, which says nothing of the link. What comes without an attempt crossed the end of one.
    pub(crate) fn handle<E: From<Event>>(&mut self, message: &Relayed, out: &mut Out<E>) {
        if !self.is_tried() {
            return;
        }
        match message {
            Relayed::Path(path) => say(Event::Routed { id: path.id }, out),
            Relayed::PathOpen(open) => say(Event::Open { id: open.id }, out),
            Relayed::PathOver(over) => self.close(known(over.code), out),
            _ => {}
        }
    }

    //= spec/20-forwarded-packets.md#clients [PATH-21] 97715457
    /// A check came with this token. One too many is dropped; the relay sends another.
    pub(crate) fn prove<E>(&mut self, token: PathToken, now: Timestamp, out: &mut Out<E>) {
        self.proofs.retain(|sent| now.since(*sent) < 1_000_000);
        let many = self.proofs.len() >= PROOFS;
        if !self.is_tried() || (many && !mutant::is("PATH-21/many")) {
            return;
        }
        self.proofs.push(now);
        out.push_back(Output::Relay(PathProof { token }.into()));
    }

    /// The connection of the path stands. False if there is no attempt, or that was known.
    pub(crate) fn stands(&mut self) -> bool {
        let comes_about = matches!(self.state, State::Attempt { .. });
        if comes_about {
            self.state = State::Standing;
        }
        comes_about
    }

    //= spec/20-forwarded-packets.md#clients [PATH-30] 5a1466d7
    /// This end gives the path up, or the attempt.
    pub(crate) fn end<E: From<Event>>(&mut self, code: ErrorCode, out: &mut Out<E>) {
        if self.is_tried() {
            let over = PathOver {
                code: code.to_wire(),
            };
            out.push_back(Output::Relay(over.into()));
            self.close(code, out);
        }
    }

    //= spec/20-forwarded-packets.md#clients [PATH-31] cdb8d62d
    /// The path is over, or the attempt, and the relay knows.
    pub(crate) fn close<E: From<Event>>(&mut self, code: ErrorCode, out: &mut Out<E>) {
        if self.is_tried() {
            self.state = State::None;
            say(Event::Over { code }, out);
        }
    }

    /// The link is lost: the path is over, and what was offered was offered under a master that is not used any more.
    pub(crate) fn freeze<E: From<Event>>(&mut self, out: &mut Out<E>) {
        if !mutant::is("PATH-31/stays") {
            self.close(ErrorCode::Lost, out);
        }
        if !self.is_tried() && !mutant::is("PATH-5/old") {
            self.state = State::None;
        }
    }

    pub(crate) fn handle_timeout<E: From<Event>>(&mut self, now: Timestamp, out: &mut Out<E>) {
        self.tell(now, out);
        if matches!(self.state, State::Attempt { until } if now >= until) {
            self.end(ErrorCode::Lost, out);
        }
    }

    /// When [`Path::handle_timeout`] has something to do.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self.state {
            State::Attempt { until } => Some(until),
            State::Asked { told: false, .. } => self.offer_from(),
            _ => None,
        }
    }

    /// No offer is sent before this.
    pub(crate) fn offer_from(&self) -> Option<Timestamp> {
        self.offered_at.map(|at| at.plus_ms(timers::PATH_RETRY))
    }

    fn rests(&self, now: Timestamp) -> bool {
        self.offer_from().is_some_and(|from| now < from) && !mutant::is("PATH-2/again")
    }

    /// Whether there is a path, or an attempt at one.
    fn is_tried(&self) -> bool {
        matches!(self.state, State::Attempt { .. } | State::Standing)
    }

    /// Tells the program of the other end's offer, if it can be answered now.
    fn tell<E: From<Event>>(&mut self, now: Timestamp, out: &mut Out<E>) {
        let rests = self.rests(now);
        if let State::Asked { told, .. } = &mut self.state
            && !*told
            && !rests
        {
            *told = true;
            say(Event::Offered, out);
        }
    }

    /// In the words of the state tables.
    pub(crate) fn region(&self) -> &'static str {
        match self.state {
            State::None => "none",
            State::Offered => "offered",
            State::Asked { told: false, .. } => "asked early",
            State::Asked { told: true, .. } => "asked",
            State::Attempt { .. } => "attempt",
            State::Standing => "stands",
        }
    }
}

fn say<E: From<Event>>(event: Event, out: &mut Out<E>) {
    out.push_back(Output::Event(event.into()));
}
