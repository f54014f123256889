//! How a client broke the protocol.

use core::fmt;

use alongside_wire::{DecodeError, ErrorCode};

/// What a client did that ends its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    /// Bytes that cannot be read.
    Decode(DecodeError),
    /// Another message before `hello`, or a second `hello`.
    Hello {
        /// The registered name of the message.
        message: &'static str,
    },
    /// A message that only a relay sends.
    NotForRelay {
        /// The registered name of the message.
        message: &'static str,
    },
    /// A message that may not come in this state.
    Unexpected {
        /// The registered name of the message.
        message: &'static str,
        /// What the client was doing.
        state: &'static str,
    },
    /// Its connection stayed after the end of its control stream.
    ControlEnded,
    /// Too many bytes outside a session.
    UnpairedBytes {
        /// How many are allowed.
        limit: usize,
    },
    /// It asks for paths more often than anybody may.
    PathRequests,
}

impl Violation {
    /// The registered error that the connection is closed with.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Decode(error) => error.code(),
            Self::Hello { .. }
            | Self::NotForRelay { .. }
            | Self::Unexpected { .. }
            | Self::ControlEnded => ErrorCode::UnexpectedMessage,
            Self::UnpairedBytes { .. } | Self::PathRequests => ErrorCode::TooMuch,
        }
    }

    /// The requirement of the specification that was broken.
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.clause(),
            Self::Hello { .. } => "RDV-4",
            Self::NotForRelay { .. } => "RDV-8",
            Self::Unexpected { .. } => "RDV-6",
            Self::ControlEnded => "TRANSPORT-14",
            Self::UnpairedBytes { .. } => "RDV-9",
            Self::PathRequests => "PATH-36",
        }
    }
}

impl From<DecodeError> for Violation {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It names its clause itself.
            Self::Decode(error) => return error.fmt(f),
            Self::Hello { message } => write!(f, "expected hello once and first, got {message}")?,
            Self::NotForRelay { message } => write!(f, "{message} is not for a relay")?,
            Self::Unexpected { message, state } => write!(f, "{message} from a client {state}")?,
            Self::ControlEnded => {
                f.write_str("a connection that stays after the end of its control stream")?
            }
            Self::UnpairedBytes { limit } => {
                write!(f, "more than {limit} bytes outside a session")?;
            }
            Self::PathRequests => f.write_str("more requests for paths than anybody makes")?,
        }
        write!(f, " [{}]", self.clause())
    }
}

impl core::error::Error for Violation {}
