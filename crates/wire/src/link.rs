//! Links: a relay and a code in one text that a person can click.

use alloc::{format, string::String};
use core::fmt;

use crate::code::{Code, CodeError};

/// A request to join, and never a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The relay: a host, and a port if there is one.
    pub relay: String,
    /// The code.
    pub code: Code,
}

/// Why a text is not a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It is not `https://HOST/j#CODE`.
    Form,
    /// What follows `#` is not a code.
    Code(CodeError),
}

impl Link {
    //= spec/02-codes.md#links [LINK-1] 3812bcbd
    //= spec/02-codes.md#links [LINK-3] 83dfbcc1
    /// Reads a link.
    ///
    /// # Errors
    /// [`LinkError`] if it has another form: another scheme or path, a user name, a query.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let rest = text.trim().strip_prefix("https://");
        let (place, code) = rest
            .and_then(|rest| rest.split_once('#'))
            .ok_or(LinkError::Form)?;
        let relay = place.strip_suffix("/j").ok_or(LinkError::Form)?;
        // Brackets are those of an IPv6 address.
        let named = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        if relay.is_empty() || !relay.chars().all(named) {
            return Err(LinkError::Form);
        }
        Ok(Self {
            relay: relay.to_ascii_lowercase(),
            code: Code::parse(code).map_err(LinkError::Code)?,
        })
    }

    /// The link as text.
    pub fn text(&self) -> String {
        format!("https://{}/j#{}", self.relay, self.code)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("a link is https://HOST/j#CODE and nothing more [LINK-3]"),
            Self::Code(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for LinkError {}

#[cfg(test)]
mod tests {
    use super::*;

    //= test spec/02-codes.md#links [LINK-1] 3812bcbd
    //= test spec/02-codes.md#links [LINK-3] 83dfbcc1
    #[test]
    fn a_link_is_a_relay_and_a_code() {
        let link = Link::parse("https://Relay.example:8443/j#4o60-ROGX").unwrap();
        assert_eq!(link.relay, "relay.example:8443");
        assert_eq!(link.text(), "https://relay.example:8443/j#4060-r0gx");
        assert_eq!(Link::parse(&link.text()), Ok(link));
        for wrong in [
            "http://relay.example/j#4060-r0gx",
            "https://relay.example/k#4060-r0gx",
            "https://relay.example/j?relay=evil#4060-r0gx",
            "https://user@relay.example/j#4060-r0gx",
            "https://user:word@relay.example/j#4060-r0gx",
            "https:///j#4060-r0gx",
            "https://relay.example/j",
            "https://relay.example/x/j#4060-r0gx",
            "alongside://relay.example/j#4060-r0gx",
        ] {
            assert_eq!(Link::parse(wrong), Err(LinkError::Form), "{wrong}");
        }
        let code = Link::parse("https://relay.example/j#4060-r0gx&control=1");
        assert!(matches!(code, Err(LinkError::Code(_))), "{code:?}");
    }
}
