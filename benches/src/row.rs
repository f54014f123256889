//! Results as rows, which are the same in a terminal and in a file.

use std::fmt;

use serde::Serialize;

use crate::stats;

/// One result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured, from the general to the special, with slashes between.
    pub name: String,
    /// The result: a median, unless its name says something else.
    pub value: f64,
    /// What it is in.
    pub unit: &'static str,
    /// The least and the most of what the median is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(f64, f64)>,
    /// How many values there were.
    pub of: usize,
}

impl Row {
    /// The median of some values; 0 of none.
    pub fn median(name: impl Into<String>, unit: &'static str, values: Vec<f64>) -> Self {
        Self::new(name, unit, stats::median(&values), &values)
    }

    /// What this part of the values is not above; 0 of none.
    pub fn percentile(
        name: impl Into<String>,
        unit: &'static str,
        values: &[f64],
        part: f64,
    ) -> Self {
        Self::new(name, unit, stats::percentile(values, part), values)
    }

    fn new(
        name: impl Into<String>,
        unit: &'static str,
        value: Option<f64>,
        values: &[f64],
    ) -> Self {
        let least = values.iter().copied().reduce(f64::min);
        let most = values.iter().copied().reduce(f64::max);
        Self {
            name: name.into(),
            value: value.unwrap_or_default(),
            unit,
            range: least.zip(most),
            of: values.len(),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, value, unit, ..
        } = self;
        write!(f, "{name:52} {:>10} {unit:14}", figures(*value))?;
        if let Some((least, most)) = self.range.filter(|(least, most)| least < most) {
            let (least, most) = (figures(least), figures(most));
            write!(f, " {least} to {most}, of {}", self.of)?;
        }
        Ok(())
    }
}

/// Three figures, or all before the point.
pub(crate) fn figures(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
