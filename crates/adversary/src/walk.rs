//! What is alike in all walks: acts of so many bytes each, told one a line, and what is looked for on the way.

use std::fmt;

use alongside_harness::Broken;

use crate::source::Source;

/// Acts of so many bytes each: whoever takes that many out takes an act out, and leaves the others as they are.
pub(crate) fn acts<T>(bytes: &[u8], each: usize, act: impl Fn(&mut Source<'_>) -> T) -> Vec<T> {
    let acts = bytes.chunks(each);
    acts.map(|bytes| act(&mut Source::new(bytes))).collect()
}

/// Tells a walk act by act.
pub(crate) fn tell(
    f: &mut fmt::Formatter<'_>,
    begins: fmt::Arguments<'_>,
    acts: &[impl fmt::Debug],
) -> fmt::Result {
    writeln!(f, "{begins}")?;
    for (number, act) in acts.iter().enumerate() {
        writeln!(f, "{:>4}. {act:?}", number + 1)?;
    }
    Ok(())
}

/// What a walk ends at: whatever is broken, or one property alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct LooksFor(Option<u8>);

impl LooksFor {
    /// Whatever is broken.
    pub const ALL: Self = Self(None);

    /// This property, and no other.
    pub const fn only(property: u8) -> Self {
        Self(Some(property))
    }

    /// Whether it is looked for.
    ///
    /// # Errors
    /// If it is.
    pub fn found(self, broken: Broken) -> Result<(), Broken> {
        if self.0.is_none_or(|property| property == broken.property) {
            return Err(broken);
        }
        Ok(())
    }

    pub(crate) fn holds(
        self,
        property: u8,
        holds: bool,
        why: impl FnOnce() -> String,
    ) -> Result<(), Broken> {
        if holds {
            return Ok(());
        }
        self.found(Broken::new(property, why()))
    }

    pub(crate) fn each(self, result: Result<(), Broken>) -> Result<(), Broken> {
        result.or_else(|broken| self.found(broken))
    }
}

/// What a fuzzer does at a finding.
pub(crate) fn told(result: Result<impl Sized, Broken>, walk: &impl fmt::Debug) {
    if let Err(broken) = result {
        panic!("{broken}\n{walk:?}");
    }
}
