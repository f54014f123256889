//! The session plane: what helper and sharer tell each other under seal.

use alloc::{boxed::Box, string::String, vec, vec::Vec};

use serde::{Deserialize, Deserializer, Serialize};

pub use crate::tools::{
    Clear, Clipboard, ClipboardTaken, ControlRenew, Laser, Probe, ProbeAnswer, SecureDesktop,
    Stroke,
};
use crate::{
    DecodeError, Fault, Scopes,
    body::{Body, Check, messages, within},
    card::SIGNATURE,
    framing, limits, mutant,
};

pub use crate::faces::{Advisory, AdvisoryAck, Card, Picture, PictureRequest};

messages! {
    /// A message of the session plane.
    pub enum Message ("a session message") {
        Pad = 0x01, "pad";
        Introduce = 0x02, "introduce";
        Consent = 0x04, "consent";
        Displays = 0x06, "displays";
        Shown = 0x08, "shown";
        ControlRequest = 0x0A, "control-request";
        ControlWithdraw = 0x0C, "control-withdraw";
        ControlGrant = 0x0E, "control-grant";
        ControlDeny = 0x10, "control-deny";
        ControlEnd = 0x12, "control-end";
        Pause = 0x14, "pause";
        Epoch = 0x16, "epoch";
        EpochSeen = 0x18, "epoch-seen";
        Refresh = 0x1A, "refresh";
        Chat = 0x1C, "chat";
        ChatAck = 0x1E, "chat-ack";
        Heartbeat = 0x20, "heartbeat";
        End = 0x22, "end";
        State = 0x24, "state";
        Card = 0x30, "card";
        Advisory = 0x32, "advisory";
        AdvisoryAck = 0x34, "advisory-ack";
        PictureRequest = 0x36, "picture-request";
        Picture = 0x38, "picture";
        Receipt = 0x61, "receipt";
        ControlRenew = 0x40, "control-renew";
        Clipboard = 0x42, "clipboard";
        ClipboardTaken = 0x44, "clipboard-taken";
        Stroke = 0x46, "stroke";
        Laser = 0x48, "laser";
        Clear = 0x4A, "clear";
        SecureDesktop = 0x4C, "secure-desktop";
        Probe = 0x4E, "probe";
        ProbeAnswer = 0x50, "probe-answer";
        PathOffer = 0x63, "path-offer";
    }
}

impl Message {
    /// Reads the plaintext of one sealed record: one message or more, to the last byte. Messages
    /// that may be ignored are left out.
    ///
    /// # Errors
    /// As [`framing::split`] and [`Message::decode`], and for an empty plaintext.
    pub fn read_all(plaintext: &[u8]) -> Result<Vec<Self>, DecodeError> {
        let what = "a session record";
        let mut rest = plaintext;
        let mut messages = Vec::new();
        if rest.is_empty() {
            return Err(DecodeError::new(Fault::Truncated, what));
        }
        while !rest.is_empty() {
            let (raw, used) = framing::split(rest, limits::RECORD_PLAINTEXT, what)?
                .ok_or(DecodeError::new(Fault::Truncated, what))?;
            messages.extend(Self::decode(raw)?);
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(messages)
    }
}

/// Appends a `pad` message so that `plaintext` becomes a multiple of `step` bytes.
pub fn pad_to(step: usize, plaintext: &mut Vec<u8>) {
    if plaintext.len().is_multiple_of(step) {
        return;
    }
    // A pad of n zeros takes n + 2 bytes, or n + 3 from 128 on.
    let mut target = plaintext.len().next_multiple_of(step);
    if target - plaintext.len() < 2 {
        target += step;
    }
    let mut zeros = target - plaintext.len() - 2;
    if zeros == 128 {
        // No pad takes exactly 130 bytes with its header, so two do.
        framing::encode(0x01, &[], plaintext);
        zeros -= 2;
    } else if zeros > 128 {
        zeros -= 1;
    }
    framing::encode(0x01, &vec![0; zeros], plaintext);
}

/// Zeros that only make a record longer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pad {
    /// How many zeros.
    pub len: usize,
}

/// The helper's first sealed message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Introduce {
    /// Opens the commitment that the helper made in Noise message 1.
    pub opening: [u8; 32],
    /// Who the helper says they are. Nobody vouches for it. Empty beside a card.
    pub name: String,
    /// The helper's card as its issuer signed it, or empty.
    pub card: Vec<u8>,
    /// The proof that the card is the helper's; empty without a card.
    pub proof: Vec<u8>,
}

/// The sharer allows the screen to be seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Consent {
    /// What is allowed from now on: view, and chat if the sharer has it.
    pub scopes: Scopes,
}

/// The displays that the sharer shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Displays {
    /// Each with an id of its own.
    pub displays: Vec<DisplayInfo>,
}

/// One display, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DisplayInfo {
    /// The number that frames and pointer events name.
    pub id: u8,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}

/// The helper has shown a frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// The id of the frame.
    pub frame: u32,
}

/// The helper asks for control.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlRequest {
    /// Rises with each request of a session.
    pub request: u32,
    /// What is asked for.
    pub scopes: Scopes,
}

/// The helper takes a request back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlWithdraw {
    /// The request.
    pub request: u32,
}

/// The sharer grants a request. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlGrant {
    /// The request that is granted.
    pub request: u32,
    /// Rises with each grant of a session; the first is 1.
    pub grant: u32,
    /// What is granted; never more than was asked for.
    pub scopes: Scopes,
    /// How long it lives, in milliseconds, on the sharer's clock.
    pub duration_ms: u32,
    /// Goes into the key of the input.
    pub secret: [u8; 32],
}

/// The sharer does not grant a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlDeny {
    /// The request.
    pub request: u32,
    /// A registered error of the class *refusal*.
    pub code: u16,
}

/// A grant ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlEnd {
    /// The grant.
    pub grant: u32,
    /// A registered error: of the class *ending*, or what was wrong with the input.
    pub code: u16,
}

/// Sets the sender's pause flag.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pause {
    /// Whether the sender wants the session paused.
    pub paused: bool,
}

/// The sender's media has a new epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// One more than the epoch before; the first is 1.
    pub epoch: u32,
    /// Whether nothing is sealed in it.
    pub paused: bool,
}

/// The receiver knows of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochSeen {
    /// The epoch.
    pub epoch: u32,
}

/// Asks for a complete frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refresh {}

/// A line of chat.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chat {
    /// Rises by one with each line of its sender; the first is 1.
    pub id: u32,
    /// Plain text.
    pub text: String,
}

/// A line of chat has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatAck {
    /// The id of the line.
    pub id: u32,
}

/// Shows that the sender lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Heartbeat {}

/// The session is over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct End {
    /// A registered error that says why.
    pub code: u16,
}

/// What the sender knows of the session, first under the keys of a reconnect.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct State {
    /// The sender's own pause flag.
    pub paused: bool,
    /// What was consented to; none before consent.
    pub scopes: Scopes,
    /// The latest epoch; 0 before the first.
    pub epoch: u32,
    /// The highest id of a grant; 0 before the first.
    pub grant: u32,
    /// Lines of chat that the sender has written.
    pub sent: u32,
    /// Lines of chat that the sender has taken.
    pub received: u32,
}

/// The sender wants a path to the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathOffer {
    /// SHA-256 of the certificate that the sender shows on the path.
    pub certificate: [u8; 32],
}

impl core::fmt::Debug for ControlGrant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ControlGrant")
            .field("request", &self.request)
            .field("grant", &self.grant)
            .field("scopes", &self.scopes)
            .field("duration_ms", &self.duration_ms)
            .finish_non_exhaustive()
    }
}

/// A receipt of an answer of the sharer's person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The receipt.
    pub receipt: Box<crate::receipt::Receipt>,
}

impl Body for Receipt {
    fn write(&self) -> Vec<u8> {
        self.receipt.to_bytes()
    }

    fn read(bytes: &[u8], _what: &'static str) -> Result<Self, DecodeError> {
        let receipt = Box::new(crate::receipt::Receipt::read(bytes)?);
        Ok(Self { receipt })
    }

    fn from_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<Self, D::Error> {
        let receipt = Deserialize::deserialize(fields).map(Box::new)?;
        Ok(Self { receipt })
    }
}

impl Body for Pad {
    fn write(&self) -> Vec<u8> {
        vec![0; self.len]
    }

    fn read(bytes: &[u8], _what: &'static str) -> Result<Self, DecodeError> {
        // What a pad holds means nothing, so nothing is required of it.
        Ok(Self { len: bytes.len() })
    }

    fn from_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<Self, D::Error> {
        let len = u16::deserialize(fields)?.into();
        Ok(Self { len })
    }
}

impl Check for Introduce {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.name.len(), limits::NAME, "the name of introduce")?;
        if self.name.chars().any(char::is_control) {
            return Err(DecodeError::new(
                Fault::InvalidValue,
                "the name of introduce",
            ));
        }
        within(self.card.len(), limits::CARD, "the card of introduce")?;
        //= spec/15-identity.md#proof [CARD-10] 0fc1623c
        let right = match self.card.is_empty() {
            true => self.proof.is_empty(),
            false => self.proof.len() == SIGNATURE && self.name.is_empty(),
        };
        if !right && !mutant::is("CARD-10/lenient") {
            return Err(DecodeError::new(
                Fault::InvalidValue,
                "the proof of introduce",
            ));
        }
        Ok(())
    }
}

impl Check for Displays {
    fn check(&self) -> Result<(), DecodeError> {
        let what = "displays";
        within(self.displays.len(), limits::DISPLAYS, what)?;
        for (index, display) in self.displays.iter().enumerate() {
            let sides = [usize::from(display.width), usize::from(display.height)];
            let twice = self
                .displays
                .iter()
                .take(index)
                .any(|other| other.id == display.id);
            if twice || sides.contains(&0) {
                return Err(DecodeError::new(Fault::InvalidValue, what));
            }
            for side in sides {
                within(side, limits::DISPLAY_SIDE, what)?;
            }
        }
        Ok(())
    }
}

impl Check for Chat {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.text.len(), limits::CHAT, "the text of chat")
    }
}

impl Check for Consent {}
impl Check for Shown {}
impl Check for ControlRequest {}
impl Check for ControlWithdraw {}
impl Check for ControlGrant {}
impl Check for ControlDeny {}
impl Check for ControlEnd {}
impl Check for Pause {}
impl Check for Epoch {}
impl Check for EpochSeen {}
impl Check for Refresh {}
impl Check for ChatAck {}
impl Check for Heartbeat {}
impl Check for End {}
impl Check for PathOffer {}
impl Check for State {}
