//! What can go wrong, by whose doing.
//!
//! Three kinds that never mix: the peer broke the protocol ([`Fault`]), a request was refused (an
//! [`ErrorCode`] of the class *refusal*, in an event), and the caller misused a machine
//! ([`Misuse`], which no bytes from the network can cause).

use core::fmt;

use alongside_wire::{DecodeError, ErrorCode};

/// How a peer, or the path to it, broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Bytes that cannot be read.
    Decode(DecodeError),
    /// A message that may not come in this phase.
    Unexpected {
        /// What kind of message it is.
        plane: Plane,
        /// The registered name of the message.
        message: &'static str,
        /// The phase.
        phase: &'static str,
    },
    /// A SPAKE2 element that is not a canonical point of the prime-order group.
    BadPoint,
    /// A Noise message that does not authenticate.
    HandshakeFailed,
    /// An offer without a version that is spoken here.
    NoCommonVersion,
    /// An offer without a suite that is spoken here.
    NoCommonSuite,
    /// An answer with a version that was not offered.
    VersionNotOffered,
    /// An answer with a suite that was not offered.
    SuiteNotOffered,
    /// An opening that does not match its commitment.
    BadOpening,
    /// A card that the issuer which it names did not sign.
    BadCard,
    /// A card that is not shown by its owner in this session.
    BadProof,
    /// A statement about a device that the issuer which it names did not sign.
    BadAdvisory,
    /// A statement that is about another device than the one that shows it.
    BadDeviceProof,
    /// A card or an advisory that comes a second time.
    ShownAgain,
    /// A picture that is not the one of its card.
    BadPicture,
    /// A picture, or a request for one, that may not come.
    PictureNotAllowed,
    /// A record of the session plane that does not open.
    RecordFailed,
    /// A request id that does not rise.
    RequestNotRising,
    /// A grant id that does not rise.
    GrantNotRising,
    /// A grant id that was never issued.
    GrantNeverIssued,
    /// A grant of nothing, or of more than was asked for.
    GrantBeyondRequest,
    /// A grant longer than a grant may be.
    GrantTooLong,
    /// An epoch that is not the one after the last.
    EpochNotNext,
    /// An acknowledgement of an epoch that was never announced.
    EpochNeverAnnounced,
    /// An acknowledgement of a frame that was never sent.
    FrameNeverSent,
    /// A chat id that is not the one after the last.
    ChatNotNext,
    /// The id of a clipboard's item that is not the one after the last.
    ItemNotNext,
    /// A clipboard, or a drawing, under a grant that was never made.
    ToolWithoutGrant,
    /// A clipboard, or a drawing, that its grant does not allow.
    ToolWithoutScope,
    /// A renewal for longer than a grant may live.
    RenewalTooLong,
    /// A narrowed grant with more than there was before.
    GrantWidened,
    /// Chat without the scope for it.
    ChatWithoutScope,
    /// Another message than `state` as the first after a reconnect.
    StateAwaited {
        /// The registered name of the message.
        message: &'static str,
    },
    /// A state after a reconnect that cannot be so.
    StateContradicts,
    /// Consent to nothing, or beyond both ceilings.
    ConsentBeyondCeiling,
    /// Authentic input beyond the scope of its grant.
    ScopeExceeded,
    /// Authentic media in an epoch that its sender announced as paused.
    PausedMedia,
    /// A receipt that does not verify, or not of this session and in its order.
    BadReceipt,
    /// A frame larger than a frame may be, or that goes on after its last record.
    FrameOverrun,
    /// An offer of a path before consent.
    PathBeforeConsent,
}

/// What kind of message one is, for the clause that it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plane {
    /// From the relay.
    Rendezvous,
    /// An envelope of the key exchange.
    Envelope,
    /// A sealed message.
    Session,
}

impl Fault {
    //= spec/09-limits-errors.md#kinds [ERROR-1] 32afe397
    /// The registered error that this fault is reported as.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Decode(error) => error.code(),
            //= spec/05-session.md#phases [SESSION-1] fb478d4a
            Self::Unexpected { .. }
            | Self::RequestNotRising
            | Self::GrantNotRising
            | Self::GrantNeverIssued
            | Self::GrantBeyondRequest
            | Self::GrantTooLong
            | Self::EpochNotNext
            | Self::EpochNeverAnnounced
            | Self::FrameNeverSent
            | Self::PictureNotAllowed
            | Self::ShownAgain
            | Self::ChatNotNext
            | Self::ItemNotNext
            | Self::ToolWithoutGrant
            | Self::RenewalTooLong
            | Self::GrantWidened
            | Self::StateAwaited { .. }
            | Self::StateContradicts
            | Self::PathBeforeConsent
            | Self::ConsentBeyondCeiling => ErrorCode::UnexpectedMessage,
            Self::BadPoint => ErrorCode::BadPoint,
            Self::HandshakeFailed => ErrorCode::HandshakeFailed,
            Self::NoCommonVersion | Self::VersionNotOffered => ErrorCode::NoCommonVersion,
            Self::NoCommonSuite | Self::SuiteNotOffered => ErrorCode::NoCommonSuite,
            Self::BadOpening => ErrorCode::BadOpening,
            Self::BadCard => ErrorCode::BadCard,
            Self::BadProof | Self::BadDeviceProof => ErrorCode::BadProof,
            Self::BadAdvisory => ErrorCode::BadAdvisory,
            Self::BadPicture => ErrorCode::BadPicture,
            Self::RecordFailed => ErrorCode::RecordFailed,
            Self::ScopeExceeded | Self::ChatWithoutScope | Self::ToolWithoutScope => {
                ErrorCode::ScopeExceeded
            }
            Self::PausedMedia => ErrorCode::PausedMedia,
            Self::BadReceipt => ErrorCode::BadReceipt,
            Self::FrameOverrun => ErrorCode::TooLarge,
        }
    }
}

impl Fault {
    /// The requirement of the specification that was broken.
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.clause(),
            Self::Unexpected { plane, .. } => match plane {
                Plane::Rendezvous => "RDV-5",
                Plane::Envelope => "KEX-21",
                Plane::Session => "SESSION-1",
            },
            Self::BadPoint => "KEX-8",
            Self::HandshakeFailed => "KEX-13",
            Self::NoCommonVersion => "KEX-3",
            Self::NoCommonSuite => "KEX-4",
            Self::VersionNotOffered | Self::SuiteNotOffered => "KEX-5",
            Self::BadOpening => "KEX-15",
            Self::BadCard => "CARD-7",
            Self::BadProof => "CARD-9",
            Self::BadAdvisory => "ADVISORY-4",
            Self::BadDeviceProof => "ADVISORY-5",
            Self::ShownAgain => "CARD-21",
            Self::BadPicture => "PICTURE-4",
            Self::PictureNotAllowed => "PICTURE-2",
            Self::RecordFailed => "KEY-7",
            Self::RequestNotRising => "CONTROL-2",
            Self::GrantNotRising | Self::GrantBeyondRequest | Self::GrantTooLong => "CONTROL-16",
            Self::GrantNeverIssued => "CONTROL-22",
            Self::EpochNotNext => "PAUSE-6",
            Self::EpochNeverAnnounced => "PAUSE-7",
            Self::FrameNeverSent => "MEDIA-20",
            Self::ChatNotNext => "CHAT-2",
            Self::ItemNotNext => "TOOL-12",
            Self::ToolWithoutGrant => "TOOL-2",
            Self::ToolWithoutScope => "TOOL-3",
            Self::RenewalTooLong => "TOOL-7",
            Self::GrantWidened => "CONTROL-30",
            Self::ChatWithoutScope => "CHAT-4",
            Self::StateAwaited { .. } => "RECON-24",
            Self::StateContradicts => "RECON-25",
            Self::ConsentBeyondCeiling => "CONSENT-7",
            Self::ScopeExceeded => "INPUT-6",
            Self::PausedMedia => "PAUSE-11",
            Self::BadReceipt => "RECEIPT-10",
            Self::FrameOverrun => "MEDIA-11",
            Self::PathBeforeConsent => "PATH-4",
        }
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

/// The caller asked for what cannot be done now. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misuse {
    /// Not in this phase.
    Phase(&'static str),
    /// There is no prompt to answer, request to withdraw, or grant to end.
    Nothing,
    /// Too soon after injected input, or after the prompt opened: press again.
    AnswerGuard,
    /// The answer must repeat the number that was drawn when the prompt opened.
    NumberNeeded,
    /// The answer repeats a wrong number: the request was denied.
    WrongNumber,
    /// The person has paused, or the other end has.
    Paused,
    /// More than the other end allows, or than there is a prompt for.
    Scope,
    /// Longer than the protocol allows.
    TooLong,
    /// The connection is lost, and not back yet.
    Frozen,
    /// Too many lines of chat wait for the other end.
    ChatFull,
    /// This code was already used here, whatever came of it.
    SpentCode,
    /// The helper does not know the epoch yet, so nothing can be shown.
    NotReady,
    /// The relay forwards no packets.
    NoPaths,
    /// The person has not said yet who started the contact.
    ContactUnknown,
    /// The person did not start the contact: a plain yes is not enough.
    WarningUnanswered,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phase(phase) => write!(f, "this cannot be done {phase}"),
            Self::Nothing => f.write_str("there is nothing to answer or to end"),
            Self::AnswerGuard => {
                f.write_str("input from the helper was carried out a moment ago; answer again")
            }
            Self::NumberNeeded => f.write_str("the answer must repeat the number that is shown"),
            Self::WrongNumber => f.write_str("that was not the number, so the request is denied"),
            Self::Paused => f.write_str("the session is paused"),
            Self::Scope => f.write_str("this is more than is allowed"),
            Self::TooLong => f.write_str("this is too long"),
            Self::Frozen => f.write_str("the connection is lost; wait until it is back"),
            Self::ChatFull => f.write_str("too many lines wait to be delivered; wait a moment"),
            Self::SpentCode => f.write_str("this code has been used; ask for a new one"),
            Self::NotReady => f.write_str("the helper is not ready for frames"),
            Self::NoPaths => f.write_str("the relay forwards no packets"),
            Self::ContactUnknown => f.write_str("it must be said first who started the contact"),
            Self::WarningUnanswered => f.write_str("a plain yes is not enough after the warning"),
        }
    }
}

impl core::error::Error for Misuse {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => return error.fmt(f),
            Self::Unexpected { message, phase, .. } => write!(f, "{message} may not come {phase}"),
            Self::BadPoint => f.write_str("the key exchange got no valid point"),
            Self::HandshakeFailed => {
                f.write_str("the other end does not know the code, or somebody is in between")
            }
            Self::NoCommonVersion | Self::VersionNotOffered => {
                f.write_str("the ends speak no version in common")
            }
            Self::NoCommonSuite | Self::SuiteNotOffered => {
                f.write_str("the ends speak no cipher suite in common")
            }
            Self::BadOpening => f.write_str("the helper did not open what it committed to"),
            Self::BadCard => f.write_str("the issuer that a card names did not sign it"),
            Self::BadProof | Self::BadDeviceProof => {
                f.write_str("a card or a statement is not shown by its owner")
            }
            Self::BadAdvisory => {
                f.write_str("what is said of a device was not signed by its issuer")
            }
            Self::ShownAgain => f.write_str("a card or an advisory comes a second time"),
            Self::BadPicture => f.write_str("a picture is not the one of its card"),
            Self::PictureNotAllowed => {
                f.write_str("a picture, or a request for one, may not come now")
            }
            Self::RecordFailed => f.write_str("a sealed record was changed, lost or repeated"),
            Self::RequestNotRising => f.write_str("a request has a number that was used"),
            Self::GrantNotRising => f.write_str("a grant has a number that was used"),
            Self::GrantNeverIssued => f.write_str("a grant that never was is given up"),
            Self::GrantBeyondRequest => f.write_str("a grant is not within its request"),
            Self::GrantTooLong => f.write_str("a grant lasts longer than a grant may"),
            Self::EpochNotNext => f.write_str("an epoch does not follow the one before"),
            Self::EpochNeverAnnounced => f.write_str("an epoch that never was is acknowledged"),
            Self::FrameNeverSent => f.write_str("a frame that never was is acknowledged"),
            Self::ChatNotNext => f.write_str("a line of chat does not follow the one before"),
            Self::ItemNotNext => f.write_str("a clipboard item does not follow the one before"),
            Self::ToolWithoutGrant => f.write_str("what names a grant names one that never was"),
            Self::ToolWithoutScope => f.write_str("clipboard or drawing is beyond the grant"),
            Self::RenewalTooLong => f.write_str("a renewal is longer than a grant may live"),
            Self::GrantWidened => f.write_str("a narrowed grant has more than the one before"),
            Self::ChatWithoutScope => f.write_str("chat is not allowed in this session"),
            Self::StateAwaited { message } => {
                write!(f, "{message} came before the state of the other end")
            }
            Self::StateContradicts => f.write_str("a state contradicts what is known"),
            Self::ConsentBeyondCeiling => f.write_str("consent is not within the ceilings"),
            Self::ScopeExceeded => f.write_str("input is beyond the scope of its grant"),
            Self::PausedMedia => f.write_str("media was sealed while paused"),
            Self::BadReceipt => f.write_str("a receipt is not a true one of this session"),
            Self::FrameOverrun => f.write_str("a frame is larger than a frame may be"),
            Self::PathBeforeConsent => f.write_str("a path is offered before consent"),
        }?;
        write!(f, " [{}]", self.clause())
    }
}

impl core::error::Error for Fault {}
