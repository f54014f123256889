//! The state tables, as the suite was built with them.

use alongside_spec::tables::Machine;

/// The machine of a table.
///
/// # Panics
/// If it is none.
pub(super) fn machine(name: &str) -> Machine {
    let text = alongside_text::table(name).unwrap_or_default();
    match Machine::parse(name, text, alongside_text::REGISTRY) {
        Ok(machine) => machine,
        Err(error) => unreachable!("`cargo spec check` holds it to its form: {error}"),
    }
}

/// An event that can be, on a way through a table.
pub(crate) struct Next<'a> {
    pub(crate) event: &'a str,
    /// Where it comes from, as the table says.
    pub(crate) from: &'a str,
    /// It is allowed.
    pub(crate) taken: bool,
    /// The states of all regions after it.
    pub(crate) to: Vec<usize>,
}

/// Words of a table as a part of an id.
pub(super) fn slug(text: &str) -> String {
    let letters = text
        .chars()
        .filter(|letter| *letter != ':' && *letter != ',');
    letters
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}
