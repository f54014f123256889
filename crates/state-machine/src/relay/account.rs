//! Who somebody is, as an issuer that the relay's operator trusts says it.

use alloc::string::String;

use alongside_wire::Scopes;

/// An account that a client signed in to. What it says is the issuer's word; the relay only
/// checked that the issuer said it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// Who vouches for the rest.
    pub issuer: String,
    /// Whose account it is, in the words of the issuer; never used for another person.
    pub subject: String,
    /// The full name.
    pub name: String,
    /// The job title; may be empty.
    pub title: String,
    /// The organisation; empty if the account has none.
    pub organisation: String,
    /// The organisation's verified domain; may be empty.
    pub domain: String,
    /// How far the account may help others.
    pub role: Role,
    /// The device that the token was given to.
    pub device: Standing,
    /// When the token expires, in seconds since 1970, by the issuer's clock.
    pub expires: u64,
}

impl Account {
    /// Whether both are of one organisation, by the word of one issuer.
    pub fn shares_organisation(&self, other: &Self) -> bool {
        !self.organisation.is_empty()
            && self.organisation == other.organisation
            && self.issuer == other.issuer
    }
}

//= spec/13-sign-in.md#roles [AUTH-18] dbd9f815
/// How far an account may help others; each role includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It may be helped, and helps nobody.
    #[default]
    None,
    /// To see, to draw, to chat.
    View,
    /// Pointer, keyboard and clipboard as well.
    Control,
    /// Everything.
    Elevation,
}

impl Role {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 4] = [Self::None, Self::View, Self::Control, Self::Elevation];

    /// The most that this role may do.
    pub const fn ceiling(self) -> Scopes {
        let view = Scopes::CONSENT.union(Scopes::ANNOTATE);
        let clipboard = Scopes::CLIPBOARD_TO_HELPER.union(Scopes::CLIPBOARD_TO_SHARER);
        match self {
            Self::None => Scopes::NONE,
            Self::View => view,
            Self::Control => view.union(Scopes::CONTROL).union(clipboard),
            Self::Elevation => Scopes::ALL,
        }
    }

    /// The name as claims and policies write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::View => "view",
            Self::Control => "control",
            Self::Elevation => "elevation",
        }
    }

    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

//= spec/13-sign-in.md#standing [AUTH-21] 8a05b2d5
/// What is known of a device; each standing includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nobody said. It is not unenrolled, and not to be shown as that.
    #[default]
    Unknown,
    /// The organisation does not know it.
    Unenrolled,
    /// The organisation knows it, and it is not as the organisation wants it.
    Enrolled,
    /// The organisation knows it, and it is as the organisation wants it.
    Compliant,
}

impl Standing {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [
        Self::Unknown,
        Self::Unenrolled,
        Self::Enrolled,
        Self::Compliant,
    ];

    /// The name as claims and policies write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Unenrolled => "unenrolled",
            Self::Enrolled => "enrolled",
            Self::Compliant => "compliant",
        }
    }

    /// The standing of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|standing| standing.name() == name)
    }
}
