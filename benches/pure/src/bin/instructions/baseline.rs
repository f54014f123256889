//! What was counted before, and what became more.

use std::{collections::BTreeMap, fmt};

use alongside_benches_pure::Failure;
use serde::{Deserialize, Serialize};

/// Two runs of one program count the same. An edit elsewhere changes what the compiler puts in line,
/// which moves a workload by less than this; what is beyond it was changed.
const MOST: f64 = 0.03;
/// The same for those that have so few that one more is much.
const MOST_OF_FEW: u64 = 10;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../instructions.toml");

const HEAD: &str = "\
# Instructions of one turn of each workload, as `cargo instructions --accept` wrote them.
";

/// What decides how many instructions there are, besides the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) rustc: String,
    pub(crate) valgrind: String,
    pub(crate) libc: String,
    /// As valgrind shows it to a program.
    pub(crate) processor: String,
}

/// What was counted, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) machine: Machine,
    pub(crate) instructions: BTreeMap<String, u64>,
}

/// What came of comparing.
pub(crate) enum Outcome {
    /// Something else counted then.
    NotCompared {
        before: Machine,
        now: Machine,
    },
    Compared(Table),
}

/// Each workload, with its instructions before and now.
pub(crate) struct Table(BTreeMap<String, (Option<u64>, Option<u64>)>);

impl Baseline {
    pub(crate) fn read() -> Result<Self, Failure> {
        let text = std::fs::read_to_string(FILE).map_err(|why| format!("{FILE}: {why}"))?;
        toml::from_str(&text).map_err(|why| format!("{FILE}: {why}").into())
    }

    pub(crate) fn write(&self) -> Result<(), Failure> {
        let text = HEAD.to_owned() + "\n" + &toml::to_string(self)?;
        std::fs::write(FILE, text).map_err(|why| format!("{FILE}: {why}").into())
    }

    /// Compares what was counted `now`: of workloads in whose name `word` is.
    pub(crate) fn compare(self, now: &Self, word: &str) -> Outcome {
        if self.machine != now.machine {
            return Outcome::NotCompared {
                before: self.machine,
                now: now.machine.clone(),
            };
        }
        let before = self.instructions.into_iter();
        let before = before.filter(|(name, _)| name.contains(word));
        let mut table: BTreeMap<_, _> = before
            .map(|(name, count)| (name, (Some(count), None)))
            .collect();
        for (name, count) in &now.instructions {
            table.entry(name.clone()).or_default().1 = Some(*count);
        }
        Outcome::Compared(Table(table))
    }
}

impl Table {
    /// Whether something needs many more instructions, or is not in one of both.
    pub(crate) fn is_wrong(&self) -> bool {
        self.0.values().any(|(before, now)| match (before, now) {
            (Some(before), Some(now)) => is_more(*before, *now),
            _ => true,
        })
    }

    /// Whether something needs so many fewer that it could go back unseen.
    fn has_fewer(&self) -> bool {
        self.0.values().any(|(before, now)| match (before, now) {
            (Some(before), Some(now)) => is_more(*now, *before),
            _ => false,
        })
    }
}

fn is_more(before: u64, now: u64) -> bool {
    let more = now.saturating_sub(before);
    more > MOST_OF_FEW && more as f64 > before as f64 * MOST
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCompared { before, now } => write!(
                f,
                "counted, and not compared, since something else counted then:\n  then {before}\n  now  \
                 {now}\n`cargo instructions --accept` makes what was counted now the baseline"
            ),
            Self::Compared(table) => table.fmt(f),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rustc,
            valgrind,
            libc,
            processor,
        } = self;
        write!(f, "{rustc}; {valgrind}; {libc}; {processor}")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:34} {:>12} {:>12}",
            "instructions of a turn", "baseline", "now"
        )?;
        for (name, (before, now)) in &self.0 {
            let text =
                |count: &Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
            write!(f, "{name:34} {:>12} {:>12}", text(before), text(now))?;
            match (before, now) {
                (Some(before), Some(now)) if before == now => writeln!(f)?,
                (Some(before), Some(now)) => {
                    let change = 100.0 * (*now as f64 / *before as f64 - 1.0);
                    let mark = if is_more(*before, *now) { "  MORE" } else { "" };
                    writeln!(f, " {change:>+7.1} %{mark}")?;
                }
                (None, _) => writeln!(f, "  NOT IN THE BASELINE")?,
                (_, None) => writeln!(f, "  NOT COUNTED ANY MORE")?,
            }
        }
        for (name, (_, now)) in &self.0 {
            let raw = name
                .strip_prefix("media/")
                .map(|rest| format!("raw/{rest}"));
            if let (Some((_, Some(raw))), Some(now)) = (raw.and_then(|raw| self.0.get(&raw)), now) {
                let share = *raw as f64 / *now as f64;
                writeln!(f, "{name}: the AEAD alone needs {share:.2} of them")?;
            }
        }
        if self.is_wrong() {
            writeln!(f, "if that is meant: `cargo instructions --accept`")?;
        } else if self.has_fewer() {
            writeln!(
                f,
                "some need fewer: `cargo instructions --accept` keeps it so"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &[(&str, u64)]) -> Baseline {
        let counts = counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        let text = |text: &str| text.to_owned();
        Baseline {
            machine: Machine {
                rustc: text("rustc 1"),
                valgrind: text("valgrind 1"),
                libc: text("glibc 1"),
                processor: text("x86_64"),
            },
            instructions: counts.collect(),
        }
    }

    fn is_wrong(before: &[(&str, u64)], now: &[(&str, u64)], word: &str) -> bool {
        match counted(before).compare(&counted(now), word) {
            Outcome::Compared(table) => table.is_wrong(),
            Outcome::NotCompared { .. } => panic!("the same machine"),
        }
    }

    #[test]
    fn more_than_a_little_is_wrong_and_less_is_not() {
        let before = [("a", 10_000), ("b", 20)];
        assert!(!is_wrong(&before, &[("a", 10_300), ("b", 30)], ""));
        assert!(is_wrong(&before, &[("a", 10_301), ("b", 20)], ""));
        assert!(is_wrong(&before, &[("a", 10_000), ("b", 31)], ""));
        assert!(!is_wrong(&before, &[("a", 10), ("b", 1)], ""));
    }

    #[test]
    fn what_is_in_one_of_both_alone_is_wrong() {
        assert!(is_wrong(&[("a", 1)], &[("a", 1), ("b", 1)], ""));
        assert!(is_wrong(&[("a", 1), ("b", 1)], &[("a", 1)], ""));
        assert!(!is_wrong(&[("a", 1), ("b", 1)], &[("a", 1)], "a"));
    }

    #[test]
    fn what_another_compiler_made_is_not_compared() {
        let mut before = counted(&[("a", 1)]);
        before.machine.rustc = "rustc 2".to_owned();
        let outcome = before.compare(&counted(&[("a", 1_000)]), "");
        assert!(outcome.to_string().contains("not compared"));
    }
}
