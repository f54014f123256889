//! What must never happen, and did.

use std::fmt;

/// A safety property of the model that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number in `spec/model/README.md`; [`Broken::OTHER`] for what must not be besides.
    pub property: u8,
    /// What happened, in words.
    pub why: String,
}

impl Broken {
    /// Seen by nobody who is hurt by it, and wrong all the same.
    pub const OTHER: u8 = 0;

    /// This property, and what happened.
    pub fn new(property: u8, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { property, why }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.property {
            Self::OTHER => f.write_str(&self.why),
            property => write!(f, "property {property}: {}", self.why),
        }
    }
}

impl std::error::Error for Broken {}
