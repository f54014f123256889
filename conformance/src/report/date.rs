//! Days of the calendar.

use std::time::{SystemTime, UNIX_EPOCH};

use toml::value::Date;

const SECONDS: u64 = 86_400;

/// Today, by UTC.
pub fn today() -> Date {
    of_day(now() / SECONDS)
}

/// Now as a report has it: `2026-11-21T14:05:00Z`.
pub fn stamp() -> String {
    let (now, within) = (now(), now() % SECONDS);
    let (hours, minutes) = (within / 3_600, within / 60 % 60);
    let date = of_day(now / SECONDS);
    format!("{date}T{hours:02}:{minutes:02}:{:02}Z", within % 60)
}

/// So many days after that one.
pub(crate) fn later(date: Date, days: u64) -> Date {
    of_day(day_of(date) + days)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The day that is so many days after 1970-01-01.
fn of_day(day: u64) -> Date {
    let mut left = day;
    let mut year = 1970;
    while left >= days_of_year(year) {
        left -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while left >= days_of_month(year, month) {
        left -= days_of_month(year, month);
        month += 1;
    }
    Date {
        year,
        month,
        day: left as u8 + 1,
    }
}

fn day_of(date: Date) -> u64 {
    let years: u64 = (1970..date.year).map(days_of_year).sum();
    let months = (1..date.month).map(|month| days_of_month(date.year, month));
    years + months.sum::<u64>() + u64::from(date.day) - 1
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_of_month(year: u16, month: u8) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{day_of, later, of_day};

    #[test]
    fn days_follow_each_other() {
        assert_eq!(of_day(0).to_string(), "1970-01-01");
        assert_eq!(of_day(20_778).to_string(), "2026-11-21");
        assert_eq!(of_day(11_016).to_string(), "2000-02-29");
        assert_eq!(later(of_day(20_778), 90).to_string(), "2027-02-19");
        for day in (0..80_000).step_by(13) {
            assert_eq!(day_of(of_day(day)), day);
        }
    }
}
