//! Books for people to read.

use std::{
    io::{self, Write},
    path::Path,
};

use alongside_state_machine::books::Shelf;
use alongside_wire::{journal, report};

use super::{BooksError, Folder};
use crate::clock::unix_now;

/// Prints the journal in a folder, the oldest record first; `json` prints one object a line.
///
/// # Errors
/// If the folder cannot be read, or `out` takes no more.
pub fn print_journal(path: &Path, json: bool, out: &mut impl Write) -> Result<(), BooksError> {
    let folder = Folder::open(path, Shelf::JOURNAL);
    print_all(&folder, journal::Record::read_all, out, |record, out| {
        print(record, json, out)
    })
}

/// Prints the reports of abuse in a folder, the oldest first; `json` prints one object a line.
///
/// # Errors
/// If the folder cannot be read, or `out` takes no more.
pub fn print_reports(path: &Path, json: bool, out: &mut impl Write) -> Result<(), BooksError> {
    // How long they are kept is for the relay to know: here they are read while they are there.
    let folder = Folder::open(path, Shelf::reports(u64::MAX));
    print_all(&folder, report::Record::read_all, out, |record, out| {
        let (category, account) = (record.category.name(), &record.account);
        if json {
            let time = record.time;
            let object =
                serde_json::json!({"time": time, "category": category, "account": account});
            return writeln!(out, "{object}");
        }
        let account = account.escape_default();
        writeln!(out, "{}  {category:<8} {account}", utc(record.time))
    })
}

fn print_all<T, W: Write>(
    folder: &Folder,
    read: impl Fn(&[u8]) -> (Vec<T>, usize),
    out: &mut W,
    print: impl Fn(&T, &mut W) -> io::Result<()>,
) -> Result<(), BooksError> {
    let mut dropped = 0;
    for file in folder.read(unix_now())? {
        let (records, torn) = read(&file);
        dropped += torn;
        for record in records {
            print(&record, out).map_err(BooksError::at("standard output"))?;
        }
    }
    if dropped > 0 {
        tracing::warn!(
            lines = dropped,
            "some lines are no records and were left out"
        );
    }
    Ok(())
}

fn print(record: &journal::Record, json: bool, out: &mut impl Write) -> io::Result<()> {
    let features: Vec<_> = record.features.names().collect();
    if json {
        let object = serde_json::json!({
            "number": record.number,
            "start": record.start,
            "end": record.end,
            "error": record.error.name(),
            "features": features,
        });
        return writeln!(out, "{object}");
    }
    let seconds = record.end - record.start;
    let (start, features) = (utc(record.start), features.join(" "));
    let (number, error) = (record.number, record.error);
    writeln!(
        out,
        "{start}  {seconds:>6} s  #{number:<6} {error:<18} {features}"
    )
}

/// A moment of Unix time as people write it, such as `2026-11-21 08:00:13Z`.
fn utc(seconds: u64) -> String {
    let (mut year, mut days) = (1970, seconds / 86_400);
    // 400 years are 146,097 days; so many at once, that no number takes long.
    year += days / 146_097 * 400;
    days %= 146_097;
    let leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (day, of_day) = (days + 1, seconds % 86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn moments_have_dates() {
        for (seconds, date) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (951_868_800, "2000-03-01 00:00:00Z"),
            (1_735_689_599, "2024-12-31 23:59:59Z"),
            (1_795_248_013, "2026-11-21 08:00:13Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), date);
        }
    }
}
