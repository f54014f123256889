//! The connection to the relay, and what it takes to go on over another.

use alongside_wire::rendezvous::Rejoin;

use super::{Transmit, rendezvous::Control};

/// What an end knows of its connection to the relay, and of the other end's.
pub(super) struct Path {
    /// What the relay gave for this session.
    token: Option<[u8; 32]>,
    state: State,
    /// The other end has a connection, as far as the relay said.
    peer: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    /// The token was shown, and the relay has not answered.
    Rejoining,
    /// There is none. It may have to be closed still.
    Down {
        close: bool,
    },
}

/// A message of the relay that answers nothing, or says what cannot be.
pub(super) struct Unexpected;

impl Path {
    pub(super) const fn new() -> Self {
        Self {
            token: None,
            state: State::Up,
            peer: true,
        }
    }

    /// A session begins.
    pub(super) fn begin(&mut self) {
        *self = Self::new();
    }

    pub(super) fn take_token(&mut self, token: [u8; 32]) -> Result<(), Unexpected> {
        let known = self.token.replace(token);
        known.map_or(Ok(()), |_| Err(Unexpected))
    }

    /// The connection is gone.
    pub(super) fn lost(&mut self) {
        self.state = State::Down { close: false };
    }

    /// The connection is no good any more, and is to be closed.
    pub(super) fn give_up(&mut self) {
        if !matches!(self.state, State::Down { .. }) {
            self.state = State::Down { close: true };
        }
    }

    /// Whether there is no connection, and there can be another.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.state, State::Down { .. }) && self.token.is_some()
    }

    //= spec/12-reconnect.md#way [RECON-10] 6b7c9e6c
    /// There is another connection: shows the token on it.
    pub(super) fn connected(&mut self, control: &mut Control) {
        if let Some(token) = self.token {
            *control = control.again();
            control.send(Rejoin { token });
            self.state = State::Rejoining;
        }
    }

    /// The next thing that the transport is to do. Without one, nothing is kept for it.
    pub(super) fn poll(&mut self, control: &mut Control) -> Option<Transmit> {
        let State::Down { close } = &mut self.state else {
            return control.transmits.pop_front();
        };
        control.transmits.clear();
        core::mem::take(close).then_some(Transmit::Disconnect)
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.state, State::Down { .. })
    }

    pub(super) fn is_rejoining(&self) -> bool {
        self.state == State::Rejoining
    }

    pub(super) fn rejoined(&mut self, peer: bool) -> Result<(), Unexpected> {
        if !self.is_rejoining() {
            return Err(Unexpected);
        }
        self.state = State::Up;
        self.peer = peer;
        Ok(())
    }

    pub(super) fn peer_lost(&mut self) -> Result<(), Unexpected> {
        let was = core::mem::replace(&mut self.peer, false);
        was.then_some(()).ok_or(Unexpected)
    }

    pub(super) fn peer_back(&mut self) -> Result<(), Unexpected> {
        let was = core::mem::replace(&mut self.peer, true);
        (!was).then_some(()).ok_or(Unexpected)
    }

    /// Whether the other end can be reached.
    pub(super) fn reaches_peer(&self) -> bool {
        self.state == State::Up && self.peer
    }
}
