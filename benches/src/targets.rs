//! What is aimed at, and whether it was met.

use std::fmt;

use serde::Serialize;

use crate::{
    row::{Row, figures},
    table::lay_out,
};

/// What a row is to be.
#[derive(Clone, Copy)]
enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, ">= {least}"),
            Self::AtMost(most) => write!(f, "<= {most}"),
        }
    }
}

/// What a row is aimed at, which part of `cargo measure` it comes from, and its name.
type Target = (&'static str, Aim, &'static str, &'static str);

const TARGETS: &[Target] = {
    use Aim::{AtLeast, AtMost};
    &[
        (
            "forwarded / direct, 16 KB frames, sealed",
            AtLeast(0.80),
            "relayed",
            "throughput/16 KiB sealed/forwarded over quinn-direct",
        ),
        (
            "relay's processor, forwarded, 16 KB frames",
            AtMost(0.8),
            "relayed",
            "processor/16 KiB sealed/forwarded",
        ),
        (
            "spliced / direct, 16 KB frames",
            AtLeast(0.50),
            "relayed",
            "throughput/16 KiB/alongside over quinn-direct",
        ),
        (
            "spliced / direct, 16 KB frames, sealed",
            AtLeast(0.50),
            "relayed",
            "throughput/16 KiB sealed/alongside over quinn-direct",
        ),
        (
            "spliced / direct, 1 KB frames",
            AtLeast(0.75),
            "relayed",
            "throughput/1 KiB/alongside over quinn-direct",
        ),
        (
            "added latency, 20 KB at 60 fps, p50",
            AtMost(0.15),
            "relayed",
            "latency/20 KB at 60 fps/p50/alongside minus quinn-direct",
        ),
        (
            "added latency, 20 KB at 60 fps, p99",
            AtMost(0.4),
            "relayed",
            "latency/20 KB at 60 fps/p99/alongside minus quinn-direct",
        ),
        (
            "raw AEAD / seal and open, 1,200 B",
            AtLeast(0.80),
            "pure",
            "media/seal-open/ring-aesgcm/1200/AEAD alone over it",
        ),
        (
            "raw AEAD / seal and open, 16 KB",
            AtLeast(0.80),
            "pure",
            "media/seal-open/ring-aesgcm/16384/AEAD alone over it",
        ),
        (
            "raw AEAD / seal and open, 64 KB",
            AtLeast(0.80),
            "pure",
            "media/seal-open/ring-aesgcm/65536/AEAD alone over it",
        ),
        (
            "frame header, encoded",
            AtMost(35.0),
            "pure",
            "codec/media-header/encode",
        ),
        (
            // 20 million in a second.
            "relay machine, an event with a look-up",
            AtMost(50.0),
            "pure",
            "machine/relay-10k/peer-of",
        ),
        (
            "sessions a second / bare QUIC",
            AtLeast(0.6),
            "session",
            "set-up/sessions a second, 8 at once/over bare QUIC",
        ),
        (
            "join to first frame / bare QUIC",
            AtMost(1.6),
            "session",
            "set-up/without tick/over bare QUIC",
        ),
        (
            "teardown told to the other end, p50",
            AtMost(0.3),
            "session",
            "teardown/told to the other end/p50",
        ),
        (
            "teardown told to the other end, p99",
            AtMost(2.0),
            "session",
            "teardown/told to the other end/p99",
        ),
        (
            "relay's memory for an idle session",
            AtMost(110.0),
            "session",
            "memory/each idle session more",
        ),
    ]
};

/// What became of a target.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// What it is about.
    pub what: &'static str,
    /// What it is to be.
    pub target: String,
    /// The row that says it.
    pub row: &'static str,
    /// What it is; none if it was not measured.
    pub value: Option<f64>,
    /// What both are in.
    pub unit: Option<&'static str>,
    /// Whether that is what it is to be.
    pub met: Option<bool>,
    /// What measures it alone.
    pub command: String,
}

/// What became of each, by these rows.
pub fn outcomes(rows: &[Row]) -> Vec<Outcome> {
    let outcome = |&(what, aim, part, name): &Target| {
        let row = rows.iter().find(|row| row.name == name);
        Outcome {
            what,
            target: aim.to_string(),
            row: name,
            value: row.map(|row| row.value),
            unit: row.map(|row| row.unit),
            met: row.map(|row| aim.is_met(row.value)),
            command: format!("cargo measure --only {part}"),
        }
    };
    TARGETS.iter().map(outcome).collect()
}

/// A table of them.
pub fn table(outcomes: &[Outcome]) -> String {
    let head = ["target", "", "measured", "", "", "alone by"].map(str::to_owned);
    let row = |outcome: &Outcome| {
        let met = match outcome.met {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "not measured",
        };
        vec![
            outcome.what.to_owned(),
            outcome.target.clone(),
            outcome.value.map_or_else(|| "-".to_owned(), figures),
            outcome.unit.unwrap_or_default().to_owned(),
            met.to_owned(),
            outcome.command.clone(),
        ]
    };
    let rows: Vec<_> = std::iter::once(head.to_vec())
        .chain(outcomes.iter().map(row))
        .collect();
    lay_out(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: f64) -> Row {
        Row::median(name, "ratio", vec![value])
    }

    #[test]
    fn a_target_is_met_missed_or_not_measured() {
        let rows = [
            row("throughput/16 KiB/alongside over quinn-direct", 0.5),
            row("set-up/without tick/over bare QUIC", 1.61),
        ];
        let outcomes = outcomes(&rows);
        let met = |row: &str| {
            let mut all = outcomes.iter();
            all.find(|outcome| outcome.row == row).unwrap().met
        };
        assert_eq!(met(&rows[0].name), Some(true));
        assert_eq!(met(&rows[1].name), Some(false));
        assert_eq!(met("machine/relay-10k/peer-of"), None);
        let table = table(&outcomes);
        for word in ["met", "NOT MET", "not measured", ">= 0.5", "<= 1.6", "1.61"] {
            assert!(table.contains(word), "{word} is not in\n{table}");
        }
    }

    #[test]
    fn rows_of_one_thread_are_named_as_their_workloads() {
        let names: Vec<_> = alongside_benches_pure::workloads()
            .into_iter()
            .map(|workload| workload.name)
            .collect();
        for (_, _, part, name) in TARGETS.iter().filter(|target| target.2 == "pure") {
            let workload = name.strip_suffix("/AEAD alone over it").unwrap_or(name);
            assert!(names.iter().any(|name| name == workload), "{part}: {name}");
        }
    }
}
