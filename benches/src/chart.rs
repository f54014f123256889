//! Charts of lines, both axes logarithmic, as SVG.

use plotters::prelude::*;

use crate::Failure;

/// One line.
pub struct Line {
    /// What it is of.
    pub name: &'static str,
    /// Where it goes through; what is 0 or less cannot be drawn and is left out.
    pub points: Vec<(f64, f64)>,
}

/// Lines with the same axes.
pub struct Chart {
    /// What the vertical axis counts, with its unit.
    pub title: &'static str,
    /// The lines.
    pub lines: Vec<Line>,
}

const WIDTH: u32 = 720;
const HEIGHT: u32 = 320;
const COLOURS: [RGBColor; 3] = [
    RGBColor(0, 95, 175),
    RGBColor(200, 80, 0),
    RGBColor(0, 125, 80),
];

/// Draws charts below each other; `across` is what their horizontal axes count.
///
/// # Errors
/// If there is nothing to draw in one of them.
pub fn draw(charts: &[Chart], across: &str) -> Result<String, Failure> {
    let mut svg = String::new();
    {
        let height = HEIGHT * u32::try_from(charts.len())?;
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE)?;
        for (chart, area) in charts.iter().zip(root.split_evenly((charts.len(), 1))) {
            draw_one(chart, across, &area)?;
        }
        root.present()?;
    }
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw_one(chart: &Chart, across: &str, area: &Area<'_>) -> Result<(), Failure> {
    let drawn = |line: &Line| {
        let points = line.points.iter().copied();
        points
            .filter(|&(x, y)| x > 0.0 && y > 0.0)
            .collect::<Vec<_>>()
    };
    let all: Vec<_> = chart.lines.iter().flat_map(drawn).collect();
    let span = |of: fn(&(f64, f64)) -> f64| {
        let least = all.iter().map(of).fold(f64::INFINITY, f64::min);
        let most = all.iter().map(of).fold(0.0, f64::max);
        // One point alone has room as well.
        (least < f64::INFINITY).then_some(least / 1.5..most * 1.5)
    };
    let nothing = || format!("there is nothing to draw of: {}", chart.title);
    let (x, y) = (
        span(|point| point.0).ok_or_else(nothing)?,
        span(|point| point.1).ok_or_else(nothing)?,
    );
    let mut drawing = ChartBuilder::on(area)
        .caption(chart.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    drawing
        .configure_mesh()
        .x_desc(across)
        .x_label_formatter(&|x| rounded(*x))
        .y_label_formatter(&|y| rounded(*y))
        .draw()?;
    for (line, colour) in chart.lines.iter().zip(COLOURS) {
        let points = drawn(line);
        let dots = points
            .iter()
            .map(|&point| Circle::new(point, 4, colour.filled()));
        drawing.draw_series(dots)?;
        drawing
            .draw_series(LineSeries::new(
                points.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    drawing
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    Ok(())
}

fn rounded(value: f64) -> String {
    match value {
        value if value >= 10.0 => format!("{value:.0}"),
        value => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_and_point_is_drawn_and_what_cannot_be_is_left_out() {
        let chart = |points: &[(f64, f64)]| Chart {
            title: "Memory, MiB",
            lines: vec![Line {
                name: "idle",
                points: points.to_vec(),
            }],
        };
        let svg = draw(
            &[chart(&[(10.0, 5.0), (100.0, 12.0), (1_000.0, 0.0)])],
            "sessions",
        )
        .unwrap();
        assert!(
            svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
            "{svg}"
        );
        assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
        for word in ["Memory, MiB", "idle", "sessions"] {
            assert!(svg.contains(word), "{word} is not in {svg}");
        }
        assert!(draw(&[chart(&[])], "sessions").is_err());
    }
}
