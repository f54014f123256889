//! What a relay may write down: five numbers in one line, and nothing else.

use alongside_wire::{
    ErrorCode,
    journal::{Features, Record},
};
use proptest::{prelude::*, test_runner::RngSeed};
use toml::{Table, Value};

fn record() -> impl Strategy<Value = Record> {
    let error = (0..ErrorCode::ALL.len()).prop_map(|at| ErrorCode::ALL[at]);
    let features = (0_u16..128).prop_map(|bits| Features::from_bits(bits).expect("registered"));
    let time = || prop_oneof![any::<u64>(), Just(0), Just(u64::MAX)];
    (any::<u64>(), time(), time(), error, features).prop_map(
        |(number, start, end, error, features)| Record {
            number,
            start,
            end,
            error,
            features,
        },
    )
}

fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(14),
        ..ProptestConfig::with_cases(500)
    }
}

fn registry(list: &str) -> Vec<Table> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/registry.toml");
    let text = std::fs::read_to_string(path).expect("spec/registry.toml");
    let mut table: Table = text.parse().expect("TOML");
    let Some(Value::Array(rows)) = table.remove(list) else {
        panic!("{list} is not a list")
    };
    let row = |row: Value| row.as_table().expect("a table").clone();
    rows.into_iter().map(row).collect()
}

#[test]
fn the_schema_is_the_registry() {
    let fields: Vec<_> = Record::FIELDS
        .iter()
        .map(|(id, name)| (i64::from(*id), *name))
        .collect();
    let registered = registry("journal_field");
    let registered: Vec<_> = registered
        .iter()
        .map(|row| {
            (
                row["id"].as_integer().expect("an id"),
                row["name"].as_str().expect("a name"),
            )
        })
        .collect();
    assert_eq!(fields, registered);
    let features: Vec<_> = Features::REGISTERED
        .iter()
        .map(|(bit, name)| (i64::from(bit.bits()), *name))
        .collect();
    let registered = registry("journal_feature");
    let registered: Vec<_> = registered
        .iter()
        .map(|row| {
            (
                row["bit"].as_integer().expect("a bit"),
                row["name"].as_str().expect("a name"),
            )
        })
        .collect();
    assert_eq!(features, registered);
}

#[test]
fn a_record_is_this_line() {
    let record = Record {
        number: 17,
        start: 1_795_248_013,
        end: 1_795_249_120,
        error: ErrorCode::Done,
        features: Features::FRAMES.union(Features::INPUT),
    };
    assert_eq!(record.line(), "17 1795248013 1795249120 0301 0003\n");
    assert_eq!(
        record.features.names().collect::<Vec<_>>(),
        ["frames", "input"]
    );
}

//= test spec/14-operation.md#journal [JOURNAL-1] ef67a166
#[test]
fn whatever_happens_a_line_has_the_fields_of_the_registry_and_no_room_for_more() {
    let registered = registry("journal_field");
    proptest!(config(), |(record in record())| {
        let line = record.line();
        let line = line.strip_suffix('\n').expect("a line feed");
        let fields: Vec<_> = line.split(' ').collect();
        prop_assert_eq!(fields.len(), registered.len());
        for (field, row) in fields.iter().zip(&registered) {
            match row["form"].as_str().expect("a form") {
                "decimal" => {
                    let number: u64 = field.parse().expect("64 bits");
                    prop_assert_eq!(&number.to_string(), field);
                }
                "hexadecimal" => {
                    let number = u16::from_str_radix(field, 16).expect("16 bits");
                    prop_assert_eq!(&format!("{number:04x}"), field);
                }
                other => panic!("{other}"),
            }
        }
        prop_assert_eq!(Record::read(line), Some(record));
    });
}

#[test]
fn only_what_the_encoder_writes_is_a_record() {
    for line in [
        "",
        "17 1 2 0301",
        "17 1 2 0301 0003 ",
        "17 1 2 0301 0003 name",
        "017 1 2 0301 0003",
        "+17 1 2 0301 0003",
        "17  1 2 0301 0003",
        "17 1 2 301 0003",
        "17 1 2 030A 0003",
        "17 1 2 ffff 0003",
        "17 1 2 0301 8000",
        "17 1 2 0301 0003\r",
        "-1 1 2 0301 0003",
        "18446744073709551616 1 2 0301 0003",
    ] {
        assert_eq!(Record::read(line), None, "{line}");
    }
    assert!(Record::read("17 1 2 030a 0003").is_some());
}

//= test spec/14-operation.md#journal [JOURNAL-7] d6175508
#[test]
fn a_file_that_was_cut_anywhere_gives_every_whole_record() {
    let records = proptest::collection::vec(record(), 0..6);
    proptest!(config(), |(records in records, cut in any::<prop::sample::Index>())| {
        let file: String = records.iter().map(Record::line).collect();
        let cut = cut.index(file.len() + 1);
        let whole = file[..cut].matches('\n').count();
        let torn = usize::from(!file[..cut].is_empty() && !file[..cut].ends_with('\n'));
        let (read, dropped) = Record::read_all(&file.as_bytes()[..cut]);
        prop_assert_eq!(&read, &records[..whole]);
        prop_assert_eq!(dropped, torn);
    });
    // A machine that lost its power may leave zeros, and what came after them is whole.
    let (read, dropped) = Record::read_all(b"\0\0\0\xff\n17 1 2 0301 0003\nrubbish\n18 1 2 0301");
    assert_eq!((read.len(), dropped), (1, 3));
}
