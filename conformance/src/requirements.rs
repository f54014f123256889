//! The requirements, as `spec/requirements.json` has them.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;

use crate::case::Target;

/// One requirement.
#[derive(Clone, Debug, Deserialize)]
pub struct Requirement {
    /// What it is called.
    pub id: String,
    /// `MUST`, `SHOULD` and so on.
    pub level: String,
    /// Who has to obey.
    pub role: String,
    /// Where it stands.
    pub section: String,
    /// Where somebody outside sees whether it is obeyed.
    pub observability: String,
    /// Why nobody does, if nobody does.
    #[serde(default)]
    pub reason: String,
    /// What it says.
    pub text: String,
}

impl Requirement {
    /// The part of the id before its number.
    pub fn area(&self) -> &str {
        self.id.split('-').next().unwrap_or_default()
    }

    /// Whether it can be left out with a good reason, or at will.
    pub fn is_optional(&self) -> bool {
        !(self.level.starts_with("MUST")
            || self.level.starts_with("SHALL")
            || self.level == "REQUIRED")
    }
}

/// All of them, by id.
///
/// # Panics
/// If the file that the suite was built with is not one of requirements.
pub fn all() -> &'static BTreeMap<String, Requirement> {
    static ALL: OnceLock<BTreeMap<String, Requirement>> = OnceLock::new();
    ALL.get_or_init(|| {
        let list: Vec<Requirement> = match serde_json::from_str(alongside_text::REQUIREMENTS) {
            Ok(list) => list,
            Err(error) => unreachable!("`cargo spec check` holds it to its form: {error}"),
        };
        list.into_iter().map(|one| (one.id.clone(), one)).collect()
    })
}

/// The words by which the text speaks of this.
pub fn roles(target: Target) -> &'static [&'static str] {
    const CLIENT: [&str; 8] = [
        "client",
        "sender",
        "receiver",
        "encoder",
        "decoder",
        "initiator",
        "responder",
        "implementation",
    ];
    match target {
        Target::Helper => const { &with("helper", CLIENT) },
        Target::Sharer => const { &with("sharer", CLIENT) },
        Target::Relay => &["relay", "issuer", "decoder", "implementation"],
        // Each end of it has a column of its own.
        Target::Pair => &[],
    }
}

/// A word names more than those for whom a sentence means something, or whom it is not the one to bind.
const NOT_THEIRS: &[(Target, &[&str])] = &[
    // Only a sharer follows a link.
    (Target::Helper, &["LINK-2"]),
    // Frames and statuses go to the helper.
    (Target::Sharer, &["MEDIA-10", "MEDIA-11", "ADVISORY-9"]),
    // A relay speaks no suite, and reads neither introductions nor receipts nor statements. What it may not take
    // in a request for a card, of keys and signatures and texts, CARD-24 says.
    (
        Target::Relay,
        &[
            "KEX-6",
            "CARD-3",
            "CARD-4",
            "CARD-5",
            "CARD-6",
            "CARD-8",
            "CARD-10",
            "ADVISORY-3",
            "RECEIPT-8",
        ],
    ),
];

/// Whether this has to obey it.
pub fn binds(requirement: &Requirement, target: Target) -> bool {
    let has_word = roles(target).contains(&requirement.role.as_str());
    let mut others = NOT_THEIRS.iter().filter(|(of, _)| *of == target);
    has_word && !others.any(|(_, ids)| ids.contains(&requirement.id.as_str()))
}

const fn with(first: &'static str, rest: [&'static str; 8]) -> [&'static str; 9] {
    let [a, b, c, d, e, f, g, h] = rest;
    [first, a, b, c, d, e, f, g, h]
}

/// By this, ids come in the order of their numbers.
pub fn order(id: &str) -> (&str, u32) {
    let (area, number) = id.rsplit_once('-').unwrap_or((id, "0"));
    (area, number.parse().unwrap_or_default())
}
