//! The same results as rows.

use super::{
    measure::{FPS, SCREEN},
    report::{Figures, Results},
};
use crate::{row::Row, table::bytes};

/// Each peer alone, and what it is to the first, round by round.
pub(super) fn rows(results: &Results) -> Vec<Row> {
    let mut rows = Vec::new();
    let first = results.each().next();
    for (peer, figures) in results.each() {
        let to = first.filter(|(first, _)| first.name != peer.name);
        let to = to.map(|(first, reference)| (first.name, reference));
        throughput(peer.name, figures, to, &mut rows);
        latency(peer.name, figures, to, &mut rows);
    }
    rows
}

/// The name of what a peer is compared with, and what was measured of that.
type Reference<'a> = Option<(&'static str, &'a Figures)>;

fn throughput(name: &str, figures: &Figures, to: Reference<'_>, rows: &mut Vec<Row>) {
    for load in figures.throughput.keys() {
        let (alone, cpu) = (figures.gbit(*load), figures.cpu(*load));
        if let Some((first, reference)) = to {
            let both = alone.iter().zip(reference.gbit(*load));
            let ratios = both.map(|(one, other)| one / other).collect();
            let named = format!("throughput/{load}/{name} over {first}");
            rows.push(Row::median(named, "ratio", ratios));
        }
        let named = format!("throughput/{load}/{name}");
        rows.push(Row::median(named, "Gbit/s", alone));
        if !cpu.is_empty() {
            let named = format!("processor/{load}/{name}");
            rows.push(Row::median(named, "s/GB", cpu));
        }
    }
}

/// One part of the latencies, of each round.
type Of = fn(&Figures) -> Vec<f64>;

fn latency(name: &str, figures: &Figures, to: Reference<'_>, rows: &mut Vec<Row>) {
    let parts = [("p50", Figures::p50 as Of), ("p99", Figures::p99)];
    for (part, of) in parts {
        let mut row = |name: &str, micros: Vec<f64>| {
            let named = format!("latency/{} at {FPS} fps/{part}/{name}", bytes(SCREEN));
            let millis = micros.into_iter().map(|micros| micros / 1e3);
            rows.push(Row::median(named, "ms", millis.collect()));
        };
        let alone = of(figures);
        if let Some((first, reference)) = to {
            let both = alone.iter().zip(of(reference));
            let added = both.map(|(one, other)| one - other).collect();
            row(&format!("{name} minus {first}"), added);
        }
        row(name, alone);
    }
}
