//! The part of `spec/registry.toml` that says which words a requirement may use.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::outcome::{Failure, Problem};
use crate::words;

/// The registry's place in a project.
pub(crate) const PATH: &str = "spec/registry.toml";

/// Roles that can be the subject of a requirement, and ids that are used up. The rest of the
/// file belongs to others.
#[derive(Debug, Deserialize)]
pub(crate) struct Registry {
    /// Longest first after [`load`], so that `relay operator` wins over `relay`.
    pub(crate) roles: Vec<String>,
    #[serde(default)]
    pub(crate) retired: BTreeSet<String>,
}

/// Reads the registry, and says which of its retired ids are none.
pub(crate) fn load(root: &Path) -> Result<(Registry, Vec<Problem>), Failure> {
    let file = root.join(PATH);
    let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
    let mut registry: Registry =
        toml::from_str(&text).map_err(|error| Failure::new(format!("{PATH}: {error}")))?;
    if registry.roles.is_empty() || registry.roles.iter().any(|r| !is_role(r)) {
        return Err(Failure::new(format!(
            "{PATH}: `roles` must list at least one role, each in lower-case words, such as \"sharer\""
        )));
    }
    registry
        .roles
        .sort_by_key(|role| std::cmp::Reverse(role.len()));

    let problems = registry.retired.iter().filter(|id| !words::is_id(id));
    let problems = problems
        .map(|id| {
            let quoted = format!("\"{id}\"");
            let line = text.lines().position(|line| line.contains(&quoted));
            let message = format!("retired id \"{id}\" is not an id such as CODE-9");
            Problem::new(PATH, line.map_or(1, |n| n + 1), message)
        })
        .collect();
    Ok((registry, problems))
}

/// The names of the registered errors.
pub(crate) fn errors(root: &Path) -> Result<BTreeSet<String>, Failure> {
    #[derive(Deserialize)]
    struct Errors {
        #[serde(default)]
        error: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let file = root.join(PATH);
    let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
    let Errors { error } =
        toml::from_str(&text).map_err(|error| Failure::new(format!("{PATH}: {error}")))?;
    Ok(error.into_iter().map(|error| error.name).collect())
}

fn is_role(role: &str) -> bool {
    !role.is_empty()
        && role.split(' ').all(|word| {
            let mut bytes = word.bytes();
            bytes.next().is_some_and(|b| b.is_ascii_lowercase())
                && bytes.all(|b| b.is_ascii_lowercase() || b == b'-')
        })
}
