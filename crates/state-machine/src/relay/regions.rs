//! What a connection, a code and a session are in, in the words of `spec/tables`.

use alongside_wire::code::Locator;

use super::{
    ConnId, Relay,
    client::{Client, Phase},
    devices::{Asked, Dialling},
};
use crate::time::Timestamp;

/// A region and its state.
type Region = (&'static str, &'static str);

impl Relay {
    /// The state of each region of a connection, by their names in `spec/tables/connection.toml`: for
    /// models, tests and people.
    pub fn regions(&self, conn: ConnId, now: Timestamp) -> [Region; 10] {
        let Some(client) = self.clients.get(&conn) else {
            return GONE;
        };
        let reportable = client
            .left
            .is_some_and(|left| now < left.plus_ms(self.config.report_window_ms));
        let signed_in = self.account(conn, now).is_some();
        let away = matches!(client.phase, Phase::Paired { peer: None, .. });
        let either = |is: bool, yes, no| if is { yes } else { no };
        let peer = self.peer_of(conn);
        let half = |end: Option<ConnId>| end.map_or("none", |conn| self.paths.state_of(conn));
        [
            ("connection", connection(&client.phase)),
            ("wants", self.wants(conn, client, now)),
            ("peer", either(away, "away", "there")),
            ("past", either(client.was_paired, "a session", "none")),
            ("report", either(reportable, "may", "nothing")),
            ("account", either(signed_in, "signed in", "none")),
            ("challenge", either(client.card.is_some(), "given", "none")),
            ("path", half(Some(conn))),
            ("their path", half(peer)),
            ("packets", self.paths.packets_of(conn)),
        ]
    }

    /// The state of each region of a code, and of the session of which this was given as the helper's
    /// token, by their names in `spec/tables/pairing.toml`.
    pub fn pairing(&self, locator: &Locator, token: Option<&[u8; 32]>) -> [Region; 2] {
        let code = match self.codes.is_quarantined(locator) {
            true => "dead",
            false if self.codes.is_live(locator) => "live",
            false => "none",
        };
        let session = match token.map(|token| self.places.held_of(token)) {
            None => "none",
            Some(None) => "over",
            Some(Some([false, false])) => "both",
            Some(Some([true, false])) => "helper away",
            Some(Some([false, true])) => "sharer away",
            Some(Some([true, true])) => "nobody",
        };
        [("code", code), ("session", session)]
    }

    fn wants(&self, conn: ConnId, client: &Client, now: Timestamp) -> &'static str {
        match &client.phase {
            Phase::Joining { locator, .. } if self.codes.is_live(locator) => "a code that lives",
            Phase::Device(Dialling::Asking { asked, .. }) => match asked {
                Asked::Wait(wait) if self.devices.is_registered(wait) => "to wait",
                Asked::Call(call) if self.found(conn, &call.device, now).is_some() => {
                    "a device that waits"
                }
                Asked::Wait(_) | Asked::Call(_) => "nothing",
            },
            _ => "nothing",
        }
    }
}

const GONE: [Region; 10] = [
    ("connection", "closed"),
    ("wants", "nothing"),
    ("peer", "there"),
    ("past", "none"),
    ("report", "nothing"),
    ("account", "none"),
    ("challenge", "none"),
    ("path", "none"),
    ("their path", "none"),
    ("packets", "none"),
];

const fn connection(phase: &Phase) -> &'static str {
    match phase {
        Phase::Greeting => "greeting",
        Phase::Idle => "idle",
        Phase::SigningIn(_) => "signing in",
        Phase::Waiting { .. } => "with a code",
        Phase::Joining { .. } | Phase::Device(Dialling::Asking { .. }) => "joining",
        Phase::Device(Dialling::Listening { .. }) => "waiting",
        Phase::Paired { .. } => "in a session",
    }
}
