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

/// Words of a table as a part of an id.
pub(super) fn slug(text: &str) -> String {
    let letters = text
        .chars()
        .filter(|letter| *letter != ':' && *letter != ',');
    letters
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}
