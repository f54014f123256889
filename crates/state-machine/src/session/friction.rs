//! What stands between a person and consent: who started the contact.

use crate::{error::Misuse, mutant};

/// Who started the contact that led to this session, as the sharer's person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contact {
    /// The person asked for help, at a number or address that they already knew.
    Person,
    /// Somebody else: a call, a message, a window that popped up. Also if the person is not sure.
    Other,
}

/// What the sharer's person answers when they are asked for consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Consent {
    /// No.
    Refused,
    /// Yes.
    Given,
    /// Yes, by a further act after the warning was shown.
    GivenAfterWarning,
}

impl Consent {
    //= spec/05-session.md#friction [FRICTION-1] 8e522144
    //= spec/05-session.md#friction [FRICTION-3] aaeb1cc3
    /// Whether consent is given, if the answer may be taken.
    ///
    /// # Errors
    /// [`Misuse::ContactUnknown`] before the person has said who started the contact, and
    /// [`Misuse::WarningUnanswered`] for a plain yes where a warning stands in between.
    pub(super) fn taken(self, contact: Option<Contact>) -> Result<bool, Misuse> {
        match (self, contact) {
            (Self::Refused, _) => Ok(false),
            (_, None) if !mutant::is("FRICTION-1/unasked") => Err(Misuse::ContactUnknown),
            (Self::Given, Some(Contact::Other)) if !mutant::is("FRICTION-3/plain") => {
                Err(Misuse::WarningUnanswered)
            }
            (Self::Given | Self::GivenAfterWarning, _) => Ok(true),
        }
    }
}
