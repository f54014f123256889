//! Reports of abuse: all that a relay may write down about one, as a line of text.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt::Write as _;

use crate::{ReportCategory, journal::lines};

/// What a relay writes down about one report. There is no other field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// When it was taken, in seconds of Unix time.
    pub time: u64,
    /// What it says.
    pub category: ReportCategory,
    /// The account of the session's helper; empty if the helper had not signed in.
    pub account: String,
}

impl Record {
    /// The names of the fields in the order of a line.
    pub const FIELDS: &'static [(u16, &'static str)] =
        &[(1, "time"), (2, "category"), (3, "account")];

    //= spec/14-operation.md#reports [REPORT-9] 32bc78ba
    /// The record as a line, with its line feed.
    pub fn line(&self) -> String {
        // Named one by one: a field that is added does not slip in.
        let Self {
            time,
            category,
            account,
        } = self;
        let (category, account) = (category.to_wire(), written(account));
        format!("{time} {category:02x} {account}\n")
    }

    /// The record that a line without its line feed is. There is one way to write each.
    pub fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        let mut field = || fields.next();
        let record = Self {
            time: field()?.parse().ok()?,
            category: ReportCategory::from_wire(u8::from_str_radix(field()?, 16).ok()?)?,
            account: read(field()?)?,
        };
        let canonical = record.line();
        (canonical.strip_suffix('\n') == Some(line)).then_some(record)
    }
}

impl Record {
    /// The records of a file, and how many lines of it are none, as
    /// [`journal::Record::read_all`](crate::journal::Record::read_all) reads them.
    pub fn read_all(file: &[u8]) -> (Vec<Self>, usize) {
        lines(file, Self::read)
    }
}

/// An account without spaces and what does not print.
fn written(account: &str) -> String {
    match account {
        "" => return "-".to_string(),
        "-" => return "%2D".to_string(),
        _ => {}
    }
    let mut text = String::new();
    for byte in account.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            text.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn read(text: &str) -> Option<String> {
    if text == "-" {
        return Some(String::new());
    }
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = core::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
