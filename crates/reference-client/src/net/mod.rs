//! One connection to a relay, over QUIC.

mod connect;
mod forwarded;
mod link;
mod path;
mod streams;
mod trust;

use std::fmt;

pub use connect::Relay;
pub(crate) use forwarded::News;
pub(crate) use link::{Incoming, Link, PathEnd};
pub(crate) use path::Path;
pub use trust::{Fingerprint, Trust};

/// Why there is no connection to a relay, and what to do about it.
#[derive(Debug)]
pub enum ConnectError {
    /// The address is not `HOST:PORT`.
    Address(String),
    /// The name has no address.
    Name(String, std::io::Error),
    /// The certificates to trust cannot be read.
    Trust(String),
    /// No socket, or no random numbers.
    System(String),
    /// The relay does not answer, or is not who it should be.
    Refused(String),
    /// The code was used here before, so nothing was sent.
    Spent,
}

impl ConnectError {
    fn no_answer(relay: &Relay) -> Self {
        Self::Refused(connect::no_answer(&relay.address))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(text) => write!(
                f,
                "`{text}` is no relay address; write HOST:PORT, such as relay.example:443"
            ),
            Self::Name(host, error) => {
                write!(f, "the relay `{host}` cannot be found: {error}")
            }
            Self::Trust(why) | Self::System(why) => f.write_str(why),
            Self::Refused(why) => write!(f, "no connection to the relay: {why}"),
            Self::Spent => f.write_str("this code has been used here; ask for a new one"),
        }
    }
}

impl std::error::Error for ConnectError {}
