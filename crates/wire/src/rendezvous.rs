//! The rendezvous plane: what a client and a relay tell each other on the control stream.

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    DecodeError, Fault, Profile, ReportCategory, Scopes,
    body::{Body, Check, messages, within},
    card::SIGNATURE,
    code::Locator,
    device::{DeviceId, DeviceToken},
    framing, limits,
    path::{PathToken, RoutingId},
};

messages! {
    /// A message of the rendezvous plane.
    pub enum Message ("a rendezvous message") {
        Hello = 0x02, "hello";
        RelayHello = 0x04, "relay-hello";
        CodeRequest = 0x06, "code-request";
        CodeIssued = 0x08, "code-issued";
        Join = 0x0A, "join";
        Joined = 0x0C, "joined";
        Deliver = 0x0E, "deliver";
        Leave = 0x10, "leave";
        Gone = 0x12, "gone";
        Refused = 0x14, "refused";
        Place = 0x16, "place";
        Rejoin = 0x18, "rejoin";
        Rejoined = 0x1A, "rejoined";
        PeerLost = 0x1C, "peer-lost";
        PeerBack = 0x1E, "peer-back";
        SignIn = 0x20, "sign-in";
        SignedIn = 0x22, "signed-in";
        Report = 0x30, "report";
        Reported = 0x32, "reported";
        CardRequest = 0x38, "card-request";
        CardChallenge = 0x3A, "card-challenge";
        CardProof = 0x3C, "card-proof";
        CardIssued = 0x3E, "card-issued";
        Wait = 0x42, "wait";
        Waiting = 0x44, "waiting";
        Call = 0x46, "call";
        PathRequest = 0x50, "path-request";
        Path = 0x52, "path";
        PathProof = 0x54, "path-proof";
        PathOpen = 0x56, "path-open";
        PathOver = 0x58, "path-over";
    }
}

impl Message {
    /// The next message of a control stream that is known, skipping those that may be ignored.
    ///
    /// # Errors
    /// As [`framing::Deframer::pull`] and [`Message::decode`].
    pub fn pull(deframer: &mut framing::Deframer) -> Result<Option<Self>, DecodeError> {
        while let Some(raw) = deframer.pull()? {
            if let Some(message) = Self::decode(raw)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }
}

/// First message of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hello {
    /// Optional features that the client knows; none is registered yet.
    pub features: Vec<u16>,
}

/// First message of a relay: the values in force of its stated timers and limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RelayHello {
    /// Registered timer ids and their values in milliseconds.
    pub timers: Vec<(u16, u64)>,
    /// Registered limit ids and their values.
    pub limits: Vec<(u16, u64)>,
}

/// Asks for a code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodeRequest {}

/// A locator was allocated.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodeIssued {
    /// The relay's half of the code.
    pub locator: Locator,
    /// How long it lives from now, in milliseconds.
    pub lifetime_ms: u32,
}

/// Joins by code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Join {
    /// The relay's half of the code.
    pub locator: Locator,
    /// Whether the code came in a link.
    pub link: bool,
    /// One framed `offer` envelope, opaque to the relay.
    pub offer: Vec<u8>,
}

/// Somebody joined by this client's code, which is spent by that.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Joined {
    /// The offer as the sharer sent it.
    pub offer: Vec<u8>,
}

/// One framed envelope for, or from, the other end. The body is the envelope itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deliver {
    /// The envelope, opaque to the relay.
    pub envelope: Vec<u8>,
}

/// Leaves the session, or gives back the code; the connection stays.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Leave {
    /// A registered error that says why.
    pub code: u16,
}

/// The other end is gone, or the code has died.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gone {
    /// A registered error that says why.
    pub code: u16,
}

/// The latest request of this client was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refused {
    /// A registered error of the class *refusal*.
    pub code: u16,
}

/// Proves who the client is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SignIn {
    /// A registered method; one that the relay does not know is refused, not an error.
    pub method: u8,
    /// What proves it.
    pub token: Token,
}

/// A secret that proves who somebody is. It is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// A token as it was given out.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token itself; never to be written to a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Who the relay takes this client for, and what it will allow at most.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SignedIn {
    /// What this client may do as a helper.
    pub help: Scopes,
    /// What this client may allow as a sharer.
    pub share: Scopes,
    /// The name of the account, for the person.
    pub name: String,
    /// The organisation of the account; empty if it has none.
    pub organisation: String,
    /// How long this lasts from now, in milliseconds.
    pub lasts_ms: u64,
}

impl Check for SignIn {
    fn check(&self) -> Result<(), DecodeError> {
        let what = "the token of sign-in";
        within(self.token.0.len(), limits::SIGN_IN_TOKEN, what)?;
        if self.token.0.is_empty() {
            return Err(DecodeError::new(Fault::InvalidValue, what));
        }
        Ok(())
    }
}

impl Check for SignedIn {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.name.len(), limits::NAME, "the name of signed-in")?;
        let what = "the organisation of signed-in";
        within(self.organisation.len(), limits::NAME, what)
    }
}

/// What brings this client back into its session from another connection. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// 32 random bytes of the relay's.
    pub token: [u8; 32],
}

/// Takes the place in a session that a token was given for. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rejoin {
    /// The token.
    pub token: [u8; 32],
}

/// The place was given to this connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rejoined {
    /// Whether the other end has a connection.
    pub peer: bool,
}

/// The other end's connection is lost; it may come back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerLost {}

/// The other end has come back, on another connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerBack {}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}

impl fmt::Debug for Rejoin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejoin").finish_non_exhaustive()
    }
}

/// Reports the session that this client left last.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Report {
    /// A registered category, of [`ReportCategory`].
    pub category: u8,
}

/// The report was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reported {}

impl Check for Report {
    fn check(&self) -> Result<(), DecodeError> {
        let known = ReportCategory::from_wire(self.category);
        let invalid = DecodeError::new(Fault::InvalidValue, "the category of report");
        known.map(|_| ()).ok_or(invalid)
    }
}

/// A known device is there to be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wait {
    /// The device.
    pub device: DeviceId,
    /// Proves to the relay that it is.
    pub token: DeviceToken,
    /// One framed `offer` envelope, opaque to the relay.
    pub offer: Vec<u8>,
}

/// The device can be called from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Waiting {}

/// Asks for a session with a known device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Call {
    /// The device.
    pub device: DeviceId,
}

/// Asks for a card with these keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CardRequest {
    /// A registered profile.
    pub profile: u8,
    /// The card key.
    pub card_key: [u8; 32],
    /// The receipt key, one at most.
    pub receipt_key: Vec<[u8; 32]>,
}

/// What the keys of a card-request are to sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CardChallenge {
    /// Fresh random bytes.
    pub challenge: [u8; 32],
}

/// The answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CardProof {
    /// The signature of the card key, and that of the receipt key after it, if there is one.
    pub proof: Vec<u8>,
}

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CardIssued {
    /// The card as the relay signed it.
    pub card: Vec<u8>,
}

/// Asks for a path to the other end of the session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathRequest {}

/// What packets to this end are known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Path {
    /// The routing id of this end.
    pub id: RoutingId,
}

/// Shows that this client receives where its packets come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathProof {
    /// The token of the check that came there.
    pub token: PathToken,
}

/// Packets are forwarded from now on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathOpen {
    /// The routing id of the other end.
    pub id: RoutingId,
}

/// There is no path, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathOver {
    /// A registered error that says why.
    pub code: u16,
}

impl Check for Path {
    fn check(&self) -> Result<(), DecodeError> {
        routing_id(self.id, "the routing id of path")
    }
}

impl Check for PathOpen {
    fn check(&self) -> Result<(), DecodeError> {
        routing_id(self.id, "the routing id of path-open")
    }
}

/// It is not the one that no end has.
fn routing_id(id: RoutingId, what: &'static str) -> Result<(), DecodeError> {
    if id == RoutingId::default() {
        return Err(DecodeError::new(Fault::InvalidValue, what));
    }
    Ok(())
}

impl Check for CardRequest {
    fn check(&self) -> Result<(), DecodeError> {
        within(
            self.receipt_key.len(),
            1,
            "the receipt keys of card-request",
        )?;
        let known = Profile::from_wire(self.profile);
        let invalid = DecodeError::new(Fault::InvalidValue, "the profile of card-request");
        known.map(|_| ()).ok_or(invalid)
    }
}

impl Check for CardProof {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.proof.len(), 2 * SIGNATURE, "the proof of card-proof")
    }
}

impl Check for CardIssued {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.card.len(), limits::CARD, "the card of card-issued")
    }
}

impl Check for CardChallenge {}

impl Check for Hello {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.features.len(), 64, "the features of hello")
    }
}

impl Check for RelayHello {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.timers.len(), 64, "the timers of relay-hello")?;
        within(self.limits.len(), 64, "the limits of relay-hello")
    }
}

impl Check for Join {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.offer.len(), limits::OFFER, "the offer of join")
    }
}

impl Check for Wait {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.offer.len(), limits::OFFER, "the offer of wait")
    }
}

impl Check for Joined {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.offer.len(), limits::OFFER, "the offer of joined")
    }
}

impl Check for Waiting {}
impl Check for Call {}
impl Check for CodeRequest {}
impl Check for CodeIssued {}
impl Check for Leave {}
impl Check for Gone {}
impl Check for Refused {}
impl Check for Reported {}
impl Check for Place {}
impl Check for Rejoin {}
impl Check for Rejoined {}
impl Check for PeerLost {}
impl Check for PeerBack {}
impl Check for PathRequest {}
impl Check for PathProof {}
impl Check for PathOver {}

impl Body for Deliver {
    fn write(&self) -> Vec<u8> {
        self.envelope.clone()
    }

    fn read(bytes: &[u8], what: &'static str) -> Result<Self, DecodeError> {
        if bytes.is_empty() {
            return Err(DecodeError::new(Fault::Truncated, what));
        }
        Ok(Self {
            envelope: bytes.into(),
        })
    }

    fn from_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<Self, D::Error> {
        let envelope = Vec::deserialize(fields)?;
        Ok(Self { envelope })
    }
}
