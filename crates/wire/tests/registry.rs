//! The enums and constants of the crate are the registries of the specification, no more, no less.

use alongside_wire::{
    Channel, Class, Codec, Decision, DeviceStatus, Direction, ErrorCode, Profile, ReportCategory,
    Scopes, SignInMethod, Suite, VERSION, envelope::Envelope, framing::is_ignorable,
    input::InputEvent, limits, record, rendezvous, session,
};
use toml::{Table, Value};

fn registry() -> Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/registry.toml");
    std::fs::read_to_string(path)
        .expect("spec/registry.toml")
        .parse()
        .expect("TOML")
}

/// The entries of one registry as (number, name), sorted; their order in the file says nothing.
fn entries(registry: &Table, list: &str, number: &str) -> Vec<(u64, String)> {
    let Value::Array(rows) = &registry[list] else {
        panic!("{list} is not a list")
    };
    sorted(rows.iter().map(|row| {
        let number = row[number].as_integer().expect("a number");
        let name = row["name"].as_str().expect("a name");
        (u64::try_from(number).expect("positive"), name.to_owned())
    }))
}

fn sorted(entries: impl Iterator<Item = (u64, String)>) -> Vec<(u64, String)> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort();
    entries
}

fn code<N: Copy + Into<u64>>(rows: &[(N, &str)]) -> Vec<(u64, String)> {
    sorted(
        rows.iter()
            .map(|(number, name)| ((*number).into(), (*name).to_owned())),
    )
}

macro_rules! all {
    ($type:ty) => {
        sorted(<$type>::ALL.iter().map(|entry| {
            assert_eq!(<$type>::from_wire(entry.to_wire()), Some(*entry));
            (u64::from(entry.to_wire()), entry.name().to_owned())
        }))
    };
}

#[test]
fn every_enum_is_its_registry() {
    let registry = registry();
    assert_eq!(
        code(rendezvous::Message::REGISTERED),
        entries(&registry, "rendezvous", "type")
    );
    assert_eq!(
        code(Envelope::REGISTERED),
        entries(&registry, "envelope", "type")
    );
    assert_eq!(
        code(session::Message::REGISTERED),
        entries(&registry, "session", "type")
    );
    assert_eq!(
        code(InputEvent::REGISTERED),
        entries(&registry, "input", "type")
    );
    assert_eq!(all!(Suite), entries(&registry, "suite", "id"));
    assert_eq!(
        all!(SignInMethod),
        entries(&registry, "sign_in_method", "id")
    );
    assert_eq!(all!(Codec), entries(&registry, "codec", "id"));
    assert_eq!(
        all!(DeviceStatus),
        entries(&registry, "device-status", "id")
    );
    assert_eq!(all!(Profile), entries(&registry, "profile", "id"));
    assert_eq!(all!(Decision), entries(&registry, "decision", "id"));
    assert_eq!(all!(Channel), entries(&registry, "channel", "id"));
    assert_eq!(all!(Direction), entries(&registry, "direction", "id"));
    assert_eq!(
        all!(ReportCategory),
        entries(&registry, "report_category", "id")
    );
    assert_eq!(all!(ErrorCode), entries(&registry, "error", "code"));
    assert_eq!(
        vec![
            (u64::from(record::MEDIA), "media".into()),
            (u64::from(record::INPUT), "input".into())
        ],
        entries(&registry, "record", "type")
    );
    let scopes: Vec<_> = Scopes::REGISTERED
        .iter()
        .map(|(scope, name)| (u64::from(scope.bits()), (*name).to_owned()))
        .collect();
    assert_eq!(scopes, entries(&registry, "scope", "bit"));
    assert_eq!(
        entries(&registry, "version", "id"),
        [(u64::from(VERSION), "alongside-1".into())]
    );
}

#[test]
fn every_limit_and_timer_is_its_registry() {
    let registry = registry();
    for (list, field, constants) in [
        ("limit", "value", limits::LIMITS),
        ("timer", "ms", limits::timers::TIMERS),
    ] {
        let ids = constants
            .iter()
            .map(|(id, name, _)| (u64::from(*id), (*name).to_owned()));
        assert_eq!(sorted(ids), entries(&registry, list, "id"));
        let values = constants
            .iter()
            .map(|(_, name, value)| (*value, (*name).to_owned()));
        assert_eq!(sorted(values), entries(&registry, list, field));
    }
}

#[test]
fn errors_have_their_class() {
    let registry = registry();
    let Value::Array(rows) = &registry["error"] else {
        panic!("error is not a list")
    };
    for row in rows {
        let code = row["code"]
            .as_integer()
            .and_then(|code| u16::try_from(code).ok());
        let error = code.and_then(ErrorCode::from_wire).expect("a known error");
        let expected = match row["class"].as_str().expect("a class") {
            "violation" => Class::Violation,
            "refusal" => Class::Refusal {
                retry: row["retry"].as_bool().expect("retry"),
            },
            "ending" => Class::Ending,
            other => panic!("class {other}"),
        };
        assert_eq!(error.class(), expected, "{error}");
    }
}

#[test]
fn grease_is_never_registered_and_always_ignorable() {
    let registry = registry();
    let grease = registry["message_ranges"]["grease"]
        .as_array()
        .expect("grease");
    for value in grease {
        let value = u16::try_from(value.as_integer().expect("a number")).expect("16 bits");
        assert!(is_ignorable(value));
        for (number, name) in ["rendezvous", "envelope", "session"]
            .iter()
            .flat_map(|list| entries(&registry, list, "type"))
        {
            assert_ne!(number, u64::from(value), "{name}");
        }
    }
    assert_eq!(
        alongside_wire::framing::GREASE.map(i64::from).to_vec(),
        grease
            .iter()
            .filter_map(Value::as_integer)
            .collect::<Vec<_>>()
    );
}
