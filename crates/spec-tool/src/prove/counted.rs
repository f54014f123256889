//! What a part has counted, in lines of one form among what it prints:
//!
//! ```text
//! counted requirements: 442 in all, 382 MUST
//! counted table cells / helper: 2703 agree, 10 cannot be
//! ```
//!
//! A name with a slash is a row of a table, or a column if there is much to count. What is counted twice
//! is added up.

use std::fmt::Write as _;

/// Names, and for each what was counted and how many.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counted(Vec<(String, Vec<(String, u64)>)>);

/// More than this many things are rows, and not columns.
const COLUMNS: usize = 8;

impl Counted {
    /// Takes the lines of this form from a text.
    pub(super) fn read(&mut self, text: &str) {
        for line in text.lines() {
            if let Some((_, said)) = line.split_once("counted ")
                && let Some((name, counts)) = said.split_once(": ")
                && let Some(counts) = counts.split(", ").map(count).collect::<Option<Vec<_>>>()
            {
                counts
                    .into_iter()
                    .for_each(|(number, thing)| self.add(name, thing, number));
            }
        }
    }

    fn add(&mut self, name: &str, thing: &str, number: u64) {
        let known = self.0.iter().position(|(known, _)| known == name);
        let known = known.unwrap_or_else(|| {
            self.0.push((name.to_owned(), Vec::new()));
            self.0.len() - 1
        });
        let counts = &mut self.0[known].1;
        match counts.iter_mut().find(|(known, _)| known == thing) {
            Some((_, sum)) => *sum += number,
            None => counts.push((thing.to_owned(), number)),
        }
    }

    /// Whether something was counted under this name, or a part of it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| group(known).0 == name)
    }

    /// Rows that an implementation did not look at: of each, its name and what it lacks. `of IN` are those
    /// of `of` that IN looked at.
    pub(super) fn left_out(&self, title: &str, of: &str) -> Vec<String> {
        let whole = format!("{title} / {of}");
        let Some((_, all)) = self.0.iter().find(|(name, _)| *name == whole) else {
            return vec![format!("{whole}: none")];
        };
        let within = format!("{whole} in ");
        let looked = self.0.iter().filter(|(name, _)| name.starts_with(&within));
        let looked = looked.flat_map(|(name, some)| {
            all.iter()
                .filter(|count| !some.contains(count))
                .map(move |(thing, number)| format!("{name}: not all {number} {thing}"))
        });
        looked.collect()
    }

    /// All of it, for people.
    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        let mut done: Vec<&str> = Vec::new();
        for (name, counts) in &self.0 {
            let (title, part) = group(name);
            if done.contains(&title) {
                continue;
            }
            if part.is_none() {
                let counts: Vec<_> = counts
                    .iter()
                    .map(|(thing, n)| format!("{n} {thing}"))
                    .collect();
                let _ = writeln!(text, "\n{name}: {}", counts.join(", "));
                continue;
            }
            done.push(title);
            self.matrix(title, &mut text);
        }
        text
    }

    fn matrix(&self, title: &str, text: &mut String) {
        let parts: Vec<_> = self
            .0
            .iter()
            .filter_map(|(name, counts)| match group(name) {
                (known, Some(part)) if known == title => Some((part, counts)),
                _ => None,
            })
            .collect();
        let mut things: Vec<&str> = Vec::new();
        for (thing, _) in parts.iter().flat_map(|(_, counts)| counts.iter()) {
            if !things.contains(&thing.as_str()) {
                things.push(thing);
            }
        }
        let of = |part: usize, thing: &str| {
            let mut counts = parts[part].1.iter();
            counts.find(|(known, _)| known == thing).map(|(_, n)| *n)
        };
        let names: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
        let upright = things.len() > COLUMNS;
        if upright {
            things.sort_unstable();
        }
        let cell = |row: usize, column: usize| match upright {
            true => of(column, things[row]),
            false => of(row, things[column]),
        };
        let (rows, columns) = match upright {
            true => (&things, &names),
            false => (&names, &things),
        };
        let first = rows.iter().copied().chain([title]).map(str::len).max();
        let first = first.unwrap_or_default();
        let mut line = |name: &str, cells: Vec<String>| {
            let _ = write!(text, "{name:first$}");
            for (column, cell) in columns.iter().zip(cells) {
                let _ = write!(text, "  {cell:>width$}", width = column.len().max(9));
            }
            text.push('\n');
        };
        line("", Vec::new());
        line(
            title,
            columns.iter().map(|name| (*name).to_owned()).collect(),
        );
        for (row, name) in rows.iter().enumerate() {
            let cells = (0..columns.len()).map(|column| cell(row, column));
            let shown = cells.map(|n| n.map_or("-".to_owned(), |n| n.to_string()));
            line(name, shown.collect());
        }
        let sum = |column| {
            (0..rows.len())
                .filter_map(|row| cell(row, column))
                .sum::<u64>()
        };
        line(
            "in all",
            (0..columns.len()).map(|c| sum(c).to_string()).collect(),
        );
    }
}

/// A name, and what stands behind its slash.
fn group(name: &str) -> (&str, Option<&str>) {
    match name.split_once(" / ") {
        Some((group, part)) => (group, Some(part)),
        None => (name, None),
    }
}

fn count(text: &str) -> Option<(u64, &str)> {
    let (number, thing) = text.split_once(' ')?;
    Some((number.parse().ok()?, thing))
}

#[cfg(test)]
mod tests {
    use super::Counted;

    fn counted(text: &str) -> Counted {
        let mut counted = Counted::default();
        counted.read(text);
        counted
    }

    #[test]
    fn lines_of_another_form_are_no_counts() {
        let none =
            "all is well\ncounted\ncounted sheep\ncounted sheep: many\ncounted sheep: 1 black, x";
        assert_eq!(counted(none), Counted::default());
    }

    #[test]
    fn what_is_counted_twice_is_added_up() {
        let twice = counted("counted sheep: 1 black, 2 white\nand counted sheep: 40 white");
        assert_eq!(twice.table(), "\nsheep: 1 black, 42 white\n");
        assert!(twice.has("sheep") && !twice.has("goats"));
    }

    #[test]
    fn what_was_left_out_is_named() {
        let mut all =
            counted("counted goats / old: 1 black, 2 white\ncounted goats / old in B: 2 white");
        assert_eq!(
            all.left_out("goats", "old"),
            ["goats / old in B: not all 1 black"]
        );
        all.read("counted goats / old in B: 1 black");
        assert!(all.left_out("goats", "old").is_empty());
        assert_eq!(all.left_out("goats", "new").len(), 1);
    }

    #[test]
    fn parts_are_rows_until_there_is_much_to_count() {
        let few = counted("counted goats / old: 1 black\ncounted goats / new: 2 white, 3 black");
        let table = few.table();
        let words: Vec<_> = table.split_whitespace().collect();
        let rows = "goats black white old 1 - new 3 2 in all 4 2";
        assert_eq!(words.join(" "), rows);
        let many: Vec<_> = (0..9).map(|n| format!("{n} kind{n}")).collect();
        let many = counted(&format!("counted goats / old: {}", many.join(", "))).table();
        assert!(many.contains("\nkind8"), "{many}");
        assert!(few.has("goats"));
    }
}
