//! What a session is made of, so that it can be written down, played again and made shorter.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::edit::Edit;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// Something that the specification has: an event of a table of states.
    Event {
        /// Its name there.
        event: String,
    },
    /// Something that the suite says otherwise than it should.
    Wrong(Wrong),
}

/// What is said, and how it is changed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// As a part of what.
    pub plane: Plane,
    /// The message that it was.
    pub message: String,
    /// What is changed, one after the other.
    pub edits: Vec<Edit>,
}

/// What bytes are a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plane {
    /// A message between a client and its relay.
    Relay,
    /// An envelope that the relay carries.
    Envelope,
    /// The plaintext of a record of the session: it is changed, and sealed with the right key.
    Session,
    /// Bytes of a frame stream: records of media or of input as they are carried.
    Stream,
    /// The plaintext of a picture or of input, changed and sealed with the right key.
    Frame,
}

impl Step {
    /// An event of this name.
    pub fn event(event: impl Into<String>) -> Self {
        let event = event.into();
        Self::Event { event }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { event } => f.write_str(event),
            Self::Wrong(Wrong {
                plane,
                message,
                edits,
            }) => {
                let plane = match plane {
                    Plane::Relay => "to or from the relay",
                    Plane::Envelope => "in an envelope",
                    Plane::Session => "sealed",
                    Plane::Stream => "on a frame stream",
                    Plane::Frame => "sealed on a frame stream",
                };
                write!(f, "{message:?} {plane}, changed: {edits:?}")
            }
        }
    }
}
