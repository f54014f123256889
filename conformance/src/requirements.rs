//! The requirements, as `spec/requirements.json` has them.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;

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
    /// What it says.
    pub text: String,
}

impl Requirement {
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
        let text = include_str!("../../spec/requirements.json");
        let list: Vec<Requirement> = match serde_json::from_str(text) {
            Ok(list) => list,
            Err(error) => unreachable!("`cargo spec check` holds it to its form: {error}"),
        };
        list.into_iter().map(|one| (one.id.clone(), one)).collect()
    })
}
