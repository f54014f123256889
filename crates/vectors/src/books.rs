//! What a relay writes down: files of its journal and of reports.

use alongside_wire::{journal, report};
use serde_json::{Value, json};

use crate::{
    fields::bytes_of,
    spelled::hex,
    vector::{File, Refusal},
};

pub(crate) fn files() -> Vec<File> {
    vec![journals(), reports()]
}

/// The records of a file, as the text says that they are, and how many lines are none.
type Expected<'a> = (Vec<Value>, usize, &'a str);

fn journals() -> File {
    let mut file = File::new("journal");
    let record = |number: u64, start: u64, end: u64, error: u16, features: u16| json!({ "number": number, "start": start, "end": end, "error": error, "features": features });
    let chapter = || record(17, 1_795_248_013, 1_795_249_120, 0x0301, 0x0003);
    let line = "17 1795248013 1795249120 0301 0003\n";
    let one = |id, about, text: &str, expected: Expected<'_>| {
        let (read, dropped) = journal::Record::read_all(text.as_bytes());
        let lines: String = read.iter().map(journal::Record::line).collect();
        let said: Vec<_> = read
            .iter()
            .map(|read| {
                record(
                    read.number,
                    read.start,
                    read.end,
                    read.error.to_wire(),
                    read.features.bits(),
                )
            })
            .collect();
        (
            id,
            about,
            text.to_owned(),
            lines,
            said,
            dropped,
            expected.0,
            expected.1,
            expected.2.to_owned(),
        )
    };
    let drop = |id, about, text: &str| one(id, about, text, (vec![], 1, "JOURNAL-7"));
    let all = "1 0 18446744073709551615 030b 007f\n";
    for (id, about, text, lines, said, dropped, expected, lost, shows) in [
        one(
            "chapter",
            "the record of the chapter",
            line,
            (vec![chapter()], 0, "JOURNAL-2"),
        ),
        one(
            "most",
            "the highest numbers, every feature",
            all,
            (vec![record(1, 0, u64::MAX, 0x030B, 0x7F)], 0, "JOURNAL-2"),
        ),
        one(
            "two",
            "two records",
            &[line, all].concat(),
            (
                vec![chapter(), record(1, 0, u64::MAX, 0x030B, 0x7F)],
                0,
                "JOURNAL-7",
            ),
        ),
        one(
            "torn",
            "the last line was being written",
            &[line, "18 17952"].concat(),
            (vec![chapter()], 1, "JOURNAL-7"),
        ),
        one(
            "torn-end",
            "only the line feed is missing",
            line.trim_end(),
            (vec![], 1, "JOURNAL-7"),
        ),
        drop(
            "field",
            "a sixth field",
            "17 1795248013 1795249120 0301 0003 x\n",
        ),
        drop("fields", "four fields", "17 1795248013 1795249120 0301\n"),
        drop(
            "zero",
            "a leading zero",
            "017 1795248013 1795249120 0301 0003\n",
        ),
        drop("plus", "a sign", "+17 1795248013 1795249120 0301 0003\n"),
        drop(
            "spaces",
            "two spaces",
            "17  1795248013 1795249120 0301 0003\n",
        ),
        drop(
            "large",
            "a number of 2^64",
            "18446744073709551616 1795248013 1795249120 0301 0003\n",
        ),
        drop(
            "capital",
            "a capital in hexadecimal",
            "17 1795248013 1795249120 030B 0003\n",
        ),
        drop(
            "short-code",
            "a code of three digits",
            "17 1795248013 1795249120 301 0003\n",
        ),
        drop(
            "code",
            "a code that is not registered",
            "17 1795248013 1795249120 0399 0003\n",
        ),
        drop(
            "feature",
            "a feature that is not registered",
            "17 1795248013 1795249120 0301 0080\n",
        ),
        drop(
            "carriage",
            "a carriage return",
            "17 1795248013 1795249120 0301 0003\r\n",
        ),
        one(
            "between",
            "a line that is none between two that are",
            &[line, "nothing\n", line].concat(),
            (vec![chapter(), chapter()], 1, "JOURNAL-7"),
        ),
    ] {
        assert_eq!((&said, dropped), (&expected, lost), "{id}");
        let input = json!({ "file": hex(&text) });
        file.taken(
            id,
            about,
            &[&shows],
            input,
            json!({ "records": expected, "dropped": lost }),
        );
        if lines != text {
            file.one_way();
        }
    }
    file
}

fn reports() -> File {
    let mut file = File::new("report");
    let record = |time: u64, category: u8, account: &str| json!({ "time": time, "category": category, "account": account });
    let line = "1795249121 01 https://id.example%20helper@example.org\n";
    let chapter = record(1_795_249_121, 1, "https://id.example helper@example.org");
    let none = Vec::new();
    for (id, about, text, records, dropped) in [
        (
            "chapter",
            "the line of the text",
            line,
            vec![chapter.clone()],
            0,
        ),
        (
            "nobody",
            "no account",
            "0 04 -\n",
            vec![record(0, 4, "")],
            0,
        ),
        (
            "hyphen",
            "an account of a hyphen",
            "5 02 %2D\n",
            vec![record(5, 2, "-")],
            0,
        ),
        (
            "percent",
            "a percent sign",
            "5 02 100%25\n",
            vec![record(5, 2, "100%")],
            0,
        ),
        (
            "script",
            "letters beyond ASCII, byte by byte",
            "5 03 %C3%A9\n",
            vec![record(5, 3, "é")],
            0,
        ),
        (
            "category",
            "a category that is not registered",
            "5 05 -\n",
            none.clone(),
            1,
        ),
        (
            "small",
            "small hexadecimal digits",
            "5 02 %2d\n",
            none.clone(),
            1,
        ),
        (
            "needless",
            "a letter that needs no percent",
            "5 02 %41\n",
            none.clone(),
            1,
        ),
        (
            "not-utf-8",
            "bytes that are no UTF-8",
            "5 02 %C3\n",
            none.clone(),
            1,
        ),
        (
            "empty",
            "no account and no hyphen",
            "5 02 \n",
            none.clone(),
            1,
        ),
        ("zero", "a leading zero", "05 02 -\n", none.clone(), 1),
        (
            "digit",
            "a category of one digit",
            "5 2 -\n",
            none.clone(),
            1,
        ),
        ("field", "a fourth field", "5 02 - x\n", none.clone(), 1),
        ("torn", "a torn end", "5 02 -", none, 1),
    ] {
        let (read, lost) = report::Record::read_all(text.as_bytes());
        let said: Vec<_> = read
            .iter()
            .map(|read| record(read.time, read.category.to_wire(), &read.account))
            .collect();
        assert_eq!((&said, lost), (&records, dropped), "{id}");
        file.taken(
            id,
            about,
            &["REPORT-9"],
            json!({ "file": hex(text) }),
            json!({ "records": records, "dropped": dropped }),
        );
        if read.iter().map(report::Record::line).collect::<String>() != text {
            file.one_way();
        }
    }
    file
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    let file = bytes_of(input, "file");
    let (records, dropped): (Vec<_>, _) = if kind == "journal" {
        let (read, dropped) = journal::Record::read_all(&file);
        let json = |record: journal::Record| {
            json!({
                "number": record.number, "start": record.start, "end": record.end,
                "error": record.error.to_wire(), "features": record.features.bits(),
            })
        };
        (read.into_iter().map(json).collect(), dropped)
    } else {
        let (read, dropped) = report::Record::read_all(&file);
        let json = |record: report::Record| json!({ "time": record.time, "category": record.category.to_wire(), "account": record.account });
        (read.into_iter().map(json).collect(), dropped)
    };
    Ok(json!({ "records": records, "dropped": dropped }))
}
