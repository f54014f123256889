//! Scopes: what a helper may do, as a set of registered bits.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A set of scopes. Bits that are not registered are never set.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u16", into = "u16")]
pub struct Scopes(u16);

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);
    /// To see the screen.
    pub const VIEW: Self = Self(0x0001);
    /// To move the pointer, press its buttons and turn its wheel.
    pub const POINTER: Self = Self(0x0002);
    /// To press keys.
    pub const KEYBOARD: Self = Self(0x0004);
    /// To receive the sharer's clipboard.
    pub const CLIPBOARD_TO_HELPER: Self = Self(0x0008);
    /// To fill the sharer's clipboard.
    pub const CLIPBOARD_TO_SHARER: Self = Self(0x0010);
    /// To draw on the sharer's screen.
    pub const ANNOTATE: Self = Self(0x0020);
    /// To exchange chat.
    pub const CHAT: Self = Self(0x0040);
    /// To answer permission prompts of the operating system.
    pub const ELEVATION: Self = Self(0x0080);
    /// Every registered scope.
    pub const ALL: Self = Self(0x00ff);
    /// What consent gives: to see, and to chat.
    pub const CONSENT: Self = Self(Self::VIEW.0 | Self::CHAT.0);
    /// What a grant can hold: all that consent does not give.
    pub const GRANTABLE: Self = Self::ALL.without(Self::CONSENT);
    /// What control means to a person: pointer and keyboard.
    pub const CONTROL: Self = Self(Self::POINTER.0 | Self::KEYBOARD.0);

    /// The registered scopes with their names.
    pub const REGISTERED: &'static [(Self, &'static str)] = &[
        (Self::VIEW, "view"),
        (Self::POINTER, "pointer"),
        (Self::KEYBOARD, "keyboard"),
        (Self::CLIPBOARD_TO_HELPER, "clipboard-to-helper"),
        (Self::CLIPBOARD_TO_SHARER, "clipboard-to-sharer"),
        (Self::ANNOTATE, "annotate"),
        (Self::CHAT, "chat"),
        (Self::ELEVATION, "elevation"),
    ];

    /// The set as 16 bits.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set with these bits, if all of them are registered.
    pub const fn from_bits(bits: u16) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// Whether every scope of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both sets.
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is allowed.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl TryFrom<u16> for Scopes {
    type Error = &'static str;

    fn try_from(bits: u16) -> Result<Self, Self::Error> {
        Self::from_bits(bits).ok_or("a scope that is not registered")
    }
}

impl From<Scopes> for u16 {
    fn from(scopes: Scopes) -> Self {
        scopes.0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (scope, name) in Self::REGISTERED {
            if self.contains(*scope) {
                if !first {
                    f.write_str(", ")?;
                }
                f.write_str(name)?;
                first = false;
            }
        }
        if first {
            f.write_str("nothing")
        } else {
            Ok(())
        }
    }
}
