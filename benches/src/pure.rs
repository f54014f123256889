//! The time of what runs in one thread, in turn with what it is held against.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alongside_benches_pure::{Turns, Workload, workloads};

use crate::{Failure, Size, row::Row};

/// Nanoseconds of one turn of each workload; of those with records, what the AEAD alone takes is in turn with
/// it, and its part of the whole is a row as well.
///
/// # Errors
/// If a workload comes out wrong.
pub fn rows(size: Size) -> Result<Vec<Row>, Failure> {
    let mut raw = BTreeMap::new();
    let mut others = Vec::new();
    for workload in workloads() {
        match workload.name.strip_prefix("raw/") {
            Some(name) => drop(raw.insert(name.to_owned(), workload)),
            None => others.push(workload),
        }
    }
    let mut rows = Vec::new();
    for workload in others {
        let alone = workload.name.strip_prefix("media/");
        let mut alone = match alone.and_then(|name| raw.remove(name)) {
            Some(alone) => Some(Timed::begin(alone, size)?),
            None => None,
        };
        let mut whole = Timed::begin(workload, size)?;
        for _ in 0..size.of(31, 1) {
            if let Some(alone) = &mut alone {
                alone.once_more()?;
            }
            whole.once_more()?;
        }
        if let Some(alone) = alone {
            let both = alone.nanos.iter().zip(&whole.nanos);
            let parts = both.map(|(alone, whole)| alone / whole).collect();
            let name = format!("{}/AEAD alone over it", whole.name);
            rows.push(Row::median(name, "ratio", parts));
            rows.push(alone.row());
        }
        rows.push(whole.row());
    }
    Ok(rows)
}

/// A workload that has begun.
struct Timed {
    name: String,
    turns: Turns,
    /// Turns at a time.
    count: u64,
    nanos: Vec<f64>,
}

impl Timed {
    /// Finds out how many turns fill a while.
    fn begin(workload: Workload, size: Size) -> Result<Self, Failure> {
        let mut timed = Self {
            turns: workload.begin()?,
            name: workload.name,
            count: 1,
            nanos: Vec::new(),
        };
        let enough = Duration::from_millis(size.of(10, 1));
        while timed.time()? < enough {
            timed.count *= 2;
        }
        Ok(timed)
    }

    fn once_more(&mut self) -> Result<(), Failure> {
        let nanos = self.time()?.as_secs_f64() * 1e9 / self.count as f64;
        self.nanos.push(nanos);
        Ok(())
    }

    fn time(&mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        let right = (self.turns)(self.count);
        let took = began.elapsed();
        match right {
            true => Ok(took),
            false => Err(format!("{} came out wrong", self.name).into()),
        }
    }

    fn row(self) -> Row {
        Row::median(self.name, "ns", self.nanos)
    }
}
