//! What the other end shows once, and once more after each reconnect, because it may have been lost.

use crate::error::Fault;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Once<T> {
    seen: Option<T>,
    /// The link was lost since: the same may come again.
    again: bool,
}

impl<T: Clone + PartialEq> Once<T> {
    pub(crate) const fn new() -> Self {
        Self {
            seen: None,
            again: false,
        }
    }

    //= spec/15-identity.md#sharer [CARD-21] 9ad44039
    /// Takes what is shown.
    ///
    /// # Errors
    /// [`Fault::ShownAgain`] if it comes too often, or is not the same as before.
    pub(crate) fn take(&mut self, shown: &T) -> Result<(), Fault> {
        if self.seen.is_some() && !(self.again && self.is(shown)) {
            return Err(Fault::ShownAgain);
        }
        self.again = false;
        self.seen.get_or_insert_with(|| shown.clone());
        Ok(())
    }

    /// Whether this was shown before.
    pub(crate) fn is(&self, shown: &T) -> bool {
        self.seen.as_ref() == Some(shown)
    }

    pub(crate) fn is_seen(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether the same may come again.
    pub(crate) fn again(&self) -> bool {
        self.again
    }

    /// The link was lost, and is back.
    pub(crate) fn may_come_again(&mut self) {
        self.again = true;
    }
}
