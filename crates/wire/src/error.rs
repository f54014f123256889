//! What can be wrong with bytes from the network.

use core::fmt;

use crate::ErrorCode;

/// Why bytes could not be read: what was wrong, and in which message or field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeError {
    /// What was wrong.
    pub fault: Fault,
    /// The message, record or field that was being read.
    pub what: &'static str,
}

/// The kinds of fault, each of which breaks one clause of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The bytes end before the value does.
    Truncated,
    /// A varint is longer than it need be.
    OverlongVarint,
    /// A varint is beyond the type that it is read into.
    VarintTooLarge,
    /// Something is longer than its limit.
    TooLarge {
        /// The limit that was passed, in the unit of that limit.
        limit: usize,
    },
    /// Bytes follow after the end of a body.
    TrailingBytes,
    /// A body is not the canonical encoding of any value of its type.
    NotCanonical,
    /// A field has a value that is not registered, or not allowed there.
    InvalidValue,
    /// A critical message type that this version does not know.
    UnknownMessage {
        /// The type as it came.
        message_type: u16,
    },
}

impl DecodeError {
    pub(crate) const fn new(fault: Fault, what: &'static str) -> Self {
        Self { fault, what }
    }

    /// The registered error that this fault is reported as.
    pub const fn code(&self) -> ErrorCode {
        match self.fault {
            Fault::TooLarge { .. } => ErrorCode::TooLarge,
            Fault::UnknownMessage { .. } => ErrorCode::UnknownMessage,
            Fault::Truncated
            | Fault::OverlongVarint
            | Fault::VarintTooLarge
            | Fault::TrailingBytes
            | Fault::NotCanonical
            | Fault::InvalidValue => ErrorCode::Malformed,
        }
    }

    /// The requirement of the specification that the bytes break.
    pub const fn clause(&self) -> &'static str {
        match self.fault {
            Fault::Truncated => "WIRE-3",
            Fault::OverlongVarint => "WIRE-2",
            Fault::VarintTooLarge => "WIRE-1",
            Fault::TooLarge { .. } => "WIRE-5",
            Fault::TrailingBytes => "WIRE-4",
            Fault::NotCanonical => "WIRE-6",
            Fault::InvalidValue => "WIRE-7",
            Fault::UnknownMessage { .. } => "WIRE-8",
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, what } = self;
        match fault {
            Fault::Truncated => write!(f, "{what} ends too early")?,
            Fault::OverlongVarint => write!(f, "{what} has a varint that is longer than need be")?,
            Fault::VarintTooLarge => write!(f, "{what} has a varint beyond its type")?,
            Fault::TooLarge { limit } => write!(f, "{what} is over its limit of {limit}")?,
            Fault::TrailingBytes => write!(f, "{what} has bytes after its end")?,
            Fault::NotCanonical => write!(f, "{what} is not canonically encoded")?,
            Fault::InvalidValue => write!(f, "{what} has a value that is not allowed")?,
            Fault::UnknownMessage { message_type } => {
                write!(
                    f,
                    "{what} has the unknown critical type {message_type:#06x}"
                )?;
            }
        }
        write!(f, " [{}]", self.clause())
    }
}

impl core::error::Error for DecodeError {}
