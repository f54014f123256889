//! Tables for a terminal.

use std::fmt::Write as _;

/// A number of bytes, short.
pub(crate) fn bytes(size: usize) -> String {
    match size {
        0..1000 => format!("{size} B"),
        _ if size.is_multiple_of(1024) => format!("{} KiB", size / 1024),
        _ => format!("{} KB", size / 1000),
    }
}

/// A figure with so many digits behind the point, or a dash for none.
pub(crate) fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// Rows as lines: the first cell of each to the left, the others to the right.
pub(crate) fn lay_out(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Writing to a string does not fail.
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["", "64 B", "µ"]), row(["x", "1", "2.25"])];
        assert_eq!(lay_out(&rows), "   64 B     µ\nx     1  2.25\n");
    }

    #[test]
    fn a_size_is_in_the_units_it_is_made_of() {
        assert_eq!(bytes(64), "64 B");
        assert_eq!(bytes(16_384), "16 KiB");
        assert_eq!(bytes(20_000), "20 KB");
    }

    #[test]
    fn no_figure_is_a_dash() {
        assert_eq!(shown(Some(1.005), 1), "1.0");
        assert_eq!(shown(None, 1), "-");
    }
}
