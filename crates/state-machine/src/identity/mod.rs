//! Who somebody is, and who says so.
//!
//! An *issuer* signs a card; its owner proves in a session that the card is theirs; the other end
//! holds the issuer against its own list of those it trusts. A card protects against everybody but
//! its issuer, and nothing here ever lets anything be seen: it says what a person is told before
//! they decide, and narrows what may be asked for.
//!
//! | what | where |
//! |---|---|
//! | keys and strict signatures | [`keys`] |
//! | what is said of a device | [`device`] |
//! | what an issuer does | [`issue`] |
//! | this end's own card | [`own`] |
//! | keys, cards and anchors in files | [`text`] |
//! | pictures, before they are decoded | [`picture`] |
//! | the other end's card, and what it is worth | [`trust`] |

pub mod device;
pub mod issue;
pub mod keys;
pub mod own;
pub mod picture;
pub mod text;
pub mod trust;

use alloc::vec::Vec;

use alongside_wire::Profile;

use device::OwnDevice;
use own::OwnCard;
use trust::Anchor;

/// What an end shows of itself, and whom it believes. All of it is the local person's to set, and
/// none of it comes from a relay.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The card of this end's person, if they have one.
    pub card: Option<OwnCard>,
    //= spec/15-identity.md#trust [CARD-12] 7dd6a1b2
    /// Whose signatures are believed.
    pub anchors: Vec<Anchor>,
    /// Ask the relay for a card of this profile after a sign-in, which it then comes with.
    pub ask_relay: Option<Profile>,
    /// What is said of this end's device, if it shares.
    pub device: Option<OwnDevice>,
    /// A sharer takes only a helper whose card one of the anchors vouches for.
    pub needs_card: bool,
}
