//! What a client or a relay may do without.

use super::Verdict;

/// What the specification lets a client or a relay be without.
const OPTIONAL: &[&str] = &[
    "control",
    "clipboard",
    "drawing",
    "chat",
    "pause",
    "receipts",
    "sign-in",
    "report",
    "secure-desktop",
    "links",
    "relays",
    "supported",
    "cards",
    "devices",
    "vector",
    // Of a client and of a relay.
    "paths",
];

/// Capabilities of a driver by which the suite sees more, and which the client has no say in.
const HOOKS: &[&str] = &["clock", "reconnect", "number", "notices"];

/// The capability that a command of the driver protocol belongs to, if it is one.
fn capability(op: &str) -> &str {
    match op {
        "request-control" | "release-control" | "grant" | "deny" | "revoke" | "narrow"
        | "renew" | "send-input" => "control",
        "pause" | "unpause" => "pause",
        "copy" | "take" => "clipboard",
        "stroke" | "laser" | "clear" => "drawing",
        "show-card" | "fetch-picture" => "cards",
        "wait" | "call" => "devices",
        "elsewhere" => "links",
        "advance-clock" => "clock",
        other => other,
    }
}

/// What becomes of a case for which a client does not have this: a capability or a command.
pub(super) fn verdict(missing: &str) -> Verdict {
    let missing = capability(missing);
    match () {
        () if OPTIONAL.contains(&missing) => Verdict::Unsupported,
        () if HOOKS.contains(&missing) => Verdict::Untestable,
        () => Verdict::Fail,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{HOOKS, OPTIONAL, Verdict, verdict};

    #[test]
    fn what_every_client_has_is_not_unsupported() {
        assert_eq!(verdict("open"), Verdict::Fail);
        assert_eq!(verdict("consent"), Verdict::Fail);
        assert_eq!(verdict("chat"), Verdict::Unsupported);
        assert_eq!(verdict("grant"), Verdict::Unsupported);
        assert_eq!(verdict("vector"), Verdict::Unsupported);
        assert_eq!(verdict("reconnect"), Verdict::Untestable);
    }

    /// The guide says the same, in a paragraph of its own.
    #[test]
    fn the_guide_names_what_a_client_may_do_without() {
        let guide = include_str!("../../reports.md");
        let mut paragraphs = guide.split("\n\n");
        let said = paragraphs.find(|one| one.starts_with("What a client may do without:"));
        let (optional, hooks) = said.unwrap().split_once(". ").unwrap();
        let words =
            |text: &'static str| -> BTreeSet<_> { text.split('`').skip(1).step_by(2).collect() };
        assert_eq!(words(optional), OPTIONAL.iter().copied().collect());
        assert_eq!(words(hooks), HOOKS.iter().copied().collect());
    }
}
