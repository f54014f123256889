//! Which way of being wrong was chosen for this process: none, without the feature `mutants`. The ways stand
//! in the registry of the state machines.

#[cfg(feature = "mutants")]
mod chosen {
    extern crate std;

    use std::{string::String, sync::OnceLock};

    static CHOSEN: OnceLock<String> = OnceLock::new();

    /// Makes this process wrong in this way, for good.
    pub fn choose(name: &str) {
        // Only the first choice counts.
        let _ = CHOSEN.set(name.into());
    }

    /// Whether this is the way that was chosen.
    pub fn is(name: &str) -> bool {
        CHOSEN.get().is_some_and(|chosen| chosen == name)
    }
}

#[cfg(feature = "mutants")]
pub use chosen::{choose, is};

/// Whether this is the way that was chosen.
#[cfg(not(feature = "mutants"))]
#[inline]
pub const fn is(_: &str) -> bool {
    false
}
