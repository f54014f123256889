//! Which requirements are about a message: those that name it.

use crate::{case::Target, requirements};

/// Their ids, of those that one of these has to obey.
pub(super) fn of(message: &str, said_by: &[Target]) -> String {
    let name = format!("`{message}`");
    let is_theirs = |role: &str| {
        said_by
            .iter()
            .any(|one| requirements::roles(*one).contains(&role))
    };
    let all = requirements::all().values();
    let about = all.filter(|one| one.text.contains(&name) && is_theirs(&one.role));
    let mut ids: Vec<_> = about.map(|one| one.id.as_str()).collect();
    ids.sort_by_key(|id| requirements::order(id));
    ids.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Target, of};

    #[test]
    fn who_said_it_has_to_obey() {
        let by_sharer = of("consent", &[Target::Sharer]);
        assert!(by_sharer.contains("CONSENT-2"), "{by_sharer}");
        assert!(!of("consent", &[Target::Relay]).contains("CONSENT-2"));
        assert_eq!(of("no-such-message", &[Target::Sharer]), "");
    }
}
