//! What a relay may write down about a report: three fields in one line, and nothing else.

use alongside_wire::{ReportCategory, report::Record};
use proptest::{prelude::*, test_runner::RngSeed};
use toml::{Table, Value};

fn record() -> impl Strategy<Value = Record> {
    let category = (0..ReportCategory::ALL.len()).prop_map(|at| ReportCategory::ALL[at]);
    let account = prop_oneof![any::<String>(), "[a-z -%\n]{0,9}", Just("-".to_owned())];
    (any::<u64>(), category, account).prop_map(|(time, category, account)| Record {
        time,
        category,
        account,
    })
}

#[test]
fn the_schema_is_the_registry() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/registry.toml");
    let text = std::fs::read_to_string(path).expect("spec/registry.toml");
    let table: Table = text.parse().expect("TOML");
    let Value::Array(rows) = &table["report_field"] else {
        panic!("report_field is not a list")
    };
    let registered: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["id"].as_integer().expect("an id"),
                row["name"].as_str().expect("a name"),
            )
        })
        .collect();
    let fields: Vec<_> = Record::FIELDS
        .iter()
        .map(|(id, name)| (i64::from(*id), *name))
        .collect();
    assert_eq!(fields, registered);
}

//= test spec/14-operation.md#reports [REPORT-9] 32bc78ba
#[test]
fn whatever_the_account_a_line_has_three_fields() {
    let config = ProptestConfig {
        rng_seed: RngSeed::Fixed(15),
        ..ProptestConfig::with_cases(500)
    };
    proptest!(config, |(record in record())| {
        let line = record.line();
        let line = line.strip_suffix('\n').expect("a line feed");
        prop_assert!(line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
        prop_assert_eq!(line.split(' ').count(), Record::FIELDS.len());
        prop_assert_eq!(Record::read(line), Some(record));
    });
}

#[test]
fn only_what_the_encoder_writes_is_a_record() {
    let record = Record {
        time: 1_795_249_121,
        category: ReportCategory::Scam,
        account: "helper@example.org".to_owned(),
    };
    assert_eq!(record.line(), "1795249121 01 helper@example.org\n");
    for line in [
        "", "1 01", "1 01 ", "1 1 a", "1 00 a", "1 01 a b", "01 01 a", "1 01 %41", "1 01 %2d",
        "1 01 %", "1 01 %F", "1 01 %FF",
    ] {
        assert_eq!(Record::read(line), None, "{line}");
    }
    assert!(Record::read("1 01 %2D").is_some());
}
