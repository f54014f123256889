//! The names of the driver protocol, as its schema has them.

use std::{collections::BTreeSet, sync::OnceLock};

use serde_json::Value;

/// All that a line can be about.
pub(crate) struct Names {
    /// What the suite wants done.
    pub(crate) commands: BTreeSet<String>,
    /// What can happen.
    pub(crate) events: BTreeSet<String>,
    /// What a client can have.
    pub(crate) capabilities: BTreeSet<String>,
    /// What a relay can have.
    #[cfg(test)]
    pub(crate) of_relays: BTreeSet<String>,
}

/// The names of the schema that the suite was built with.
pub(crate) fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let schema = include_str!("../../driver.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap_or_default();
        let found = |place: &str, name: &str| -> BTreeSet<String> {
            let all = schema.pointer(place).and_then(Value::as_array);
            let named = |one: &Value| one.pointer(name)?.as_str().map(str::to_owned);
            all.into_iter().flatten().filter_map(named).collect()
        };
        Names {
            commands: found("/$defs/command/oneOf", "/properties/op/const"),
            events: found("/$defs/event/oneOf", "/properties/event/const"),
            capabilities: found("/$defs/capability/enum", ""),
            #[cfg(test)]
            of_relays: found("/$defs/relay-capability/enum", ""),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_them() {
        let names = names();
        assert!(names.commands.contains("advance-clock"));
        assert!(names.events.contains("consent-asked"));
        assert!(names.capabilities.contains("clock"));
        assert!(names.of_relays.contains("drain"));
    }
}
