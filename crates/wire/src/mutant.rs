//! Which way of being wrong was chosen for this process: none, without the feature `mutants`. The ways stand
//! in the registry of the state machines; those whose names begin with `fuzz/` or `load/` are for
//! fuzzers alone, or for `cargo load`, and stand with them.

#[cfg(all(feature = "mutants", not(debug_assertions)))]
compile_error!("what can be made wrong is for tests: no release build has it");

#[cfg(feature = "mutants")]
mod chosen {
    extern crate std;

    use std::{string::String, sync::OnceLock};

    static CHOSEN: OnceLock<String> = OnceLock::new();
    static WATCHED: OnceLock<fn(&str)> = OnceLock::new();

    /// Makes this process wrong in this way, for good.
    pub fn choose(name: &str) {
        // Only the first choice counts.
        let _ = CHOSEN.set(name.into());
    }

    /// From now on this is told of each mutant to whose place the process comes.
    pub fn watch(by: fn(&str)) {
        // Only the first watches.
        let _ = WATCHED.set(by);
    }

    /// Whether somebody watches.
    pub fn is_watched() -> bool {
        WATCHED.get().is_some()
    }

    /// The process is where this mutant would do something else.
    pub fn reach(name: &str) {
        if let Some(tell) = WATCHED.get() {
            tell(name);
        }
    }

    /// Whether this is the way that was chosen.
    pub fn is(name: &str) -> bool {
        reach(name);
        CHOSEN.get().is_some_and(|chosen| chosen == name)
    }
}

#[cfg(feature = "mutants")]
pub use chosen::{choose, is, is_watched, reach, watch};

/// Whether this is the way that was chosen.
#[cfg(not(feature = "mutants"))]
#[inline]
pub const fn is(_: &str) -> bool {
    false
}
