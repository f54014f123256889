//! The names of the driver protocol, as its schema has them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use serde_json::Value;

use super::Role;

/// All that a line can be about.
pub(crate) struct Names {
    /// What the suite wants done.
    pub(crate) commands: BTreeSet<String>,
    /// What can happen.
    pub(crate) events: BTreeMap<String, Told>,
    /// What a client can have.
    pub(crate) capabilities: BTreeSet<String>,
    /// What a relay can have.
    pub(crate) of_relays: BTreeSet<String>,
}

/// What an event is like.
pub(crate) struct Told {
    /// Fields that it has each time.
    pub(crate) fields: Vec<String>,
    /// Whose it is, if it is not of both roles.
    pub(crate) only: Option<Role>,
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
            events: events(&schema),
            capabilities: found("/$defs/capability/enum", ""),
            of_relays: found("/$defs/relay-capability/enum", ""),
        }
    })
}

fn events(schema: &Value) -> BTreeMap<String, Told> {
    let all = schema
        .pointer("/$defs/event/oneOf")
        .and_then(Value::as_array);
    let told = |one: &Value| {
        let name = one.pointer("/properties/event/const")?.as_str()?;
        let fields = one.get("required").and_then(Value::as_array);
        let fields = fields.into_iter().flatten().filter_map(Value::as_str);
        let told = Told {
            fields: fields.map(str::to_owned).collect(),
            only: one
                .get("$comment")
                .and_then(|of| serde_json::from_value(of.clone()).ok()),
        };
        Some((name.to_owned(), told))
    };
    all.into_iter().flatten().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_them() {
        let names = names();
        assert!(names.commands.contains("advance-clock"));
        assert!(names.events["consent-asked"].only == Some(Role::Sharer));
        assert!(names.events["code"].fields == ["code"]);
        assert!(names.capabilities.contains("clock"));
        assert!(names.of_relays.contains("drain"));
    }
}
