//! What came of a run: tables for a person, and JSON with every figure.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::{
    PEERS, Peer,
    measure::{FPS, Latency, SCREEN, Throughput},
    plan::{Load, Plan},
};
use crate::{
    Failure,
    machine::Machine,
    stats::{median, ratio},
    table::{bytes, lay_out, shown},
};

/// What was measured of one peer; of each, one figure of each round.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) throughput: BTreeMap<Load, Vec<Throughput>>,
    pub(super) latency: Vec<Latency>,
    /// KiB for each idle connection.
    pub(super) memory: Option<f64>,
    /// The program that was measured, as it calls itself.
    pub(super) version: Option<String>,
    /// Why it was not measured, or not to the end.
    pub(super) problem: Option<String>,
}

impl Figures {
    /// Whether it is measured no further.
    pub(super) const fn is_out(&self) -> bool {
        self.problem.is_some()
    }

    pub(super) fn gbit(&self, load: Load) -> Vec<f64> {
        let all = self.throughput.get(&load).into_iter().flatten();
        all.map(|one| one.gbit).collect()
    }

    pub(super) fn cpu(&self, load: Load) -> Vec<f64> {
        let all = self.throughput.get(&load).into_iter().flatten();
        all.filter_map(|one| one.cpu).collect()
    }

    pub(super) fn p50(&self) -> Vec<f64> {
        self.latency.iter().map(|one| one.p50).collect()
    }

    pub(super) fn p99(&self) -> Vec<f64> {
        self.latency.iter().map(|one| one.p99).collect()
    }

    fn lost(&self) -> u64 {
        self.latency.iter().map(|one| one.lost).sum()
    }
}

/// What was measured of all of them.
#[derive(Default)]
pub(super) struct Results {
    figures: BTreeMap<&'static str, Figures>,
    broken: bool,
}

impl Results {
    /// What there is of a peer.
    pub(super) fn of(&mut self, peer: &Peer) -> &mut Figures {
        self.figures.entry(peer.name).or_default()
    }

    /// Notes that a peer could not be measured, and says so.
    pub(super) fn failed(&mut self, peer: &Peer, error: &Failure) {
        super::tell(&format!("{} is left out: {error}", peer.name));
        self.broken = true;
        self.of(peer).problem = Some(format!("failed: {error}"));
    }

    /// Whether all that is installed was measured.
    pub(super) const fn is_complete(&self) -> bool {
        !self.broken
    }

    /// Those that were to be measured, in the order of the list.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static Peer, &Figures)> {
        let all = PEERS.iter();
        all.filter_map(|peer| Some((peer, self.figures.get(peer.name)?)))
    }

    /// What the others are compared with.
    pub(super) fn reference(&self) -> Option<&Figures> {
        self.figures.get(PEERS.first()?.name)
    }

    /// All tables, as text.
    pub(super) fn tables(&self, plan: &Plan) -> String {
        let mut text = String::new();
        let reference = PEERS.first().map_or("", |peer| peer.name);
        if plan.smoke {
            text.push_str("\nA smoke run: these figures mean nothing.\n");
        }
        let rounds = plan.pairs;
        let loads: Vec<String> = plan.loads.iter().map(Load::to_string).collect();
        let mut table = |title: &str, columns: &[String], rows: Vec<Vec<String>>| {
            let head = [&[String::new()][..], columns].concat();
            let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
            // Writing to a string does not fail.
            let _ = write!(text, "\n{title}\n\n{}", lay_out(&rows));
        };
        let of_each = |row: &dyn Fn(&Figures) -> Vec<String>| {
            let rows = self
                .each()
                .filter(|(_, figures)| !figures.throughput.is_empty());
            rows.map(|(peer, figures)| [vec![peer.name.to_owned()], row(figures)].concat())
                .collect()
        };
        table(
            &format!("Throughput in Gbit/s, by frame; × {reference} (medians of {rounds})"),
            &loads,
            of_each(&|figures| {
                plan.loads
                    .iter()
                    .map(|load| self.throughput(figures, *load))
                    .collect()
            }),
        );
        table(
            &format!("Processor of the relay, s/GB, by frame (medians of {rounds})"),
            &loads,
            of_each(&|figures| {
                let cpu = |load: &Load| shown(median(&figures.cpu(*load)), 2);
                plan.loads.iter().map(cpu).collect()
            }),
        );
        table(
            &format!("Ours over the least that a relay of its kind does (medians of {rounds})"),
            &loads,
            self.over_the_least(plan),
        );
        let columns = [
            "p50 µs",
            "p99 µs",
            "added p50",
            "added p99",
            "lost",
            "KiB/idle connection",
        ];
        table(
            &format!(
                "{} at {FPS} fps (medians of {rounds}); memory",
                bytes(SCREEN)
            ),
            &columns.map(str::to_owned),
            of_each(&|figures| self.latency(figures)),
        );
        text.push('\n');
        for (peer, figures) in self.each() {
            let name = peer.name;
            let _ = match (&figures.problem, &figures.version) {
                (Some(problem), _) => writeln!(text, "{name}: {}; {problem}", peer.what),
                (None, Some(version)) => writeln!(text, "{name}: {} ({version})", peer.what),
                (None, None) => writeln!(text, "{name}: {}", peer.what),
            };
        }
        text
    }

    fn throughput(&self, figures: &Figures, load: Load) -> String {
        let gbit = figures.gbit(load);
        let to = self.reference().map(|reference| reference.gbit(load));
        let ratio = to.and_then(|to| ratio(&gbit, &to));
        format!("{} ×{}", shown(median(&gbit), 2), shown(ratio, 2))
    }

    /// What our relay carries, and takes of a processor for a byte, over a bare relay in the same round.
    fn over_the_least(&self, plan: &Plan) -> Vec<Vec<String>> {
        let ours = self.each().filter_map(|(peer, figures)| {
            let least = peer.ours?;
            Some((peer.name, figures, least, self.figures.get(least)?))
        });
        let rows = ours.flat_map(|(name, figures, least, bare)| {
            let row = |what: &str, of: fn(&Figures, Load) -> Vec<f64>| {
                let each = |load: &Load| shown(ratio(&of(figures, *load), &of(bare, *load)), 2);
                let title = format!("{name} / {least}, {what}");
                std::iter::once(title)
                    .chain(plan.loads.iter().map(each))
                    .collect()
            };
            [
                row("throughput", Figures::gbit),
                row("processor", Figures::cpu),
            ]
        });
        rows.collect()
    }

    fn latency(&self, figures: &Figures) -> Vec<String> {
        let lost = match figures.latency.is_empty() {
            true => "-".to_owned(),
            false => figures.lost().to_string(),
        };
        vec![
            shown(median(&figures.p50()), 0),
            shown(median(&figures.p99()), 0),
            shown(self.added(figures, Figures::p50), 0),
            shown(self.added(figures, Figures::p99), 0),
            lost,
            shown(figures.memory, 1),
        ]
    }

    /// The median of how much longer a frame took than without a relay in the same round.
    fn added(&self, figures: &Figures, of: fn(&Figures) -> Vec<f64>) -> Option<f64> {
        let without = of(self.reference()?);
        let added = of(figures).into_iter().zip(without);
        let added: Vec<_> = added.map(|(with, without)| with - without).collect();
        median(&added)
    }

    /// Every figure.
    pub(super) fn json(&self, plan: &Plan) -> Result<String, Failure> {
        let peers: Vec<Value> = self
            .each()
            .map(|(peer, figures)| self.peer(peer, figures))
            .collect();
        let all = json!({
            "machine": Machine::this()?,
            "smoke": plan.smoke,
            "rounds": plan.pairs,
            "seconds_of_throughput": plan.seconds.as_secs_f64(),
            "frames_of_latency": plan.frames,
            "bytes_of_latency": SCREEN,
            "idle_paths": plan.idle,
            "compared_with": PEERS.first().map(|peer| peer.name),
            "peers": peers,
        });
        Ok(format!("{all:#}\n"))
    }

    fn peer(&self, peer: &Peer, figures: &Figures) -> Value {
        let reference = self.reference();
        let throughput = figures.throughput.keys().map(|load| {
            let (gbit, cpu) = (figures.gbit(*load), figures.cpu(*load));
            let to = reference.map(|reference| reference.gbit(*load));
            json!({
                "bytes": load.bytes,
                "sealed": load.sealed,
                "gbit_per_s": gbit,
                "gbit_per_s_median": median(&gbit),
                "ratio_median": to.and_then(|to| ratio(&gbit, &to)),
                "relay_cpu_s_per_gb": cpu,
                "relay_cpu_s_per_gb_median": median(&cpu),
            })
        });
        let (p50, p99) = (figures.p50(), figures.p99());
        json!({
            "name": peer.name,
            "what": peer.what,
            "version": figures.version,
            "problem": figures.problem,
            "throughput": throughput.collect::<Vec<_>>(),
            "latency": {
                "p50_us": p50,
                "p50_us_median": median(&p50),
                "p99_us": p99,
                "p99_us_median": median(&p99),
                "added_p50_us_median": self.added(figures, Figures::p50),
                "added_p99_us_median": self.added(figures, Figures::p99),
                "lost_frames": figures.lost(),
            },
            "kib_per_idle_connection": figures.memory,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let mut results = Results::default();
        for (name, factor) in [
            ("quinn-direct", 1.0),
            ("alongside", 0.5),
            ("quinn-splice", 0.4),
        ] {
            let figures = results.figures.entry(name).or_default();
            for round in [2.0, 4.0, 6.0] {
                let one = Throughput {
                    gbit: round * factor,
                    cpu: (factor < 1.0).then_some(round),
                };
                let load = plan().loads[0];
                figures.throughput.entry(load).or_default().push(one);
                figures.latency.push(Latency {
                    p50: 100.0 / factor + round,
                    p99: 300.0 / factor,
                    lost: 0,
                });
            }
        }
        let absent = results.figures.entry("haproxy").or_default();
        absent.problem = Some("not installed; apt install haproxy".to_owned());
        results
    }

    fn plan() -> Plan {
        use clap::Parser as _;
        Plan::new(super::super::Args::parse_from(["peers", "--smoke"])).unwrap()
    }

    #[test]
    fn a_table_has_medians_and_ratios() {
        let text = results().tables(&plan());
        let row = text
            .lines()
            .find(|line| line.starts_with("alongside"))
            .unwrap();
        assert!(row.contains("2.00 ×0.50"), "{text}");
        let rows: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("alongside ") && !line.contains(" / "))
            .collect();
        assert!(rows[1].contains("4.00"), "{text}");
        assert!(rows[2].contains("204") && rows[2].contains("100"), "{text}");
    }

    #[test]
    fn ours_is_held_against_a_bare_relay() {
        let text = results().tables(&plan());
        let rows = text
            .lines()
            .filter(|line| line.starts_with("alongside / quinn-splice"));
        let rows: Vec<_> = rows.collect();
        // 0.5 over 0.4, and as much of a processor.
        for (row, wanted) in rows.iter().zip(["1.25", "1.00"]) {
            assert!(row.contains(wanted), "{text}");
        }
        assert_eq!(rows.len(), 2, "{text}");
    }

    #[test]
    fn what_was_skipped_is_named_and_has_no_row() {
        let text = results().tables(&plan());
        let lines: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("haproxy"))
            .collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert!(
            lines[0].ends_with("not installed; apt install haproxy"),
            "{text}"
        );
    }

    #[test]
    fn json_has_each_round() {
        let json: Value = serde_json::from_str(&results().json(&plan()).unwrap()).unwrap();
        let ours = &json["peers"][1];
        assert_eq!(ours["name"], "alongside");
        assert_eq!(ours["throughput"][0]["gbit_per_s"], json!([1.0, 2.0, 3.0]));
        assert_eq!(ours["throughput"][0]["ratio_median"], 0.5);
        assert_eq!(
            json["peers"][0]["throughput"][0]["relay_cpu_s_per_gb_median"],
            Value::Null
        );
        assert_eq!(ours["latency"]["added_p50_us_median"], 100.0);
    }
}
