//! Draws strokes into a picture, for the helper, whose frames come without them.

use crate::{
    inject::from_wire,
    marks::{Marks, Stroke},
    picture::{Picture, Rect},
};

/// Draws the strokes on a display into its picture.
pub(crate) fn draw(picture: &mut Picture, marks: &Marks, display: u8) {
    for stroke in marks.strokes().iter().filter(|one| one.display == display) {
        draw_stroke(picture, stroke);
    }
}

fn draw_stroke(picture: &mut Picture, stroke: &Stroke) {
    let (width, height) = (picture.width(), picture.height());
    let pen = stroke.pen(width, height);
    let mut last = None;
    for (x, y) in &stroke.points {
        let here = (from_wire(*x, width), from_wire(*y, height));
        for at in between(last.unwrap_or(here), here, (pen / 8).max(1)) {
            dot(picture, at, pen, stroke.colour());
        }
        last = Some(here);
    }
}

/// Places from one to another, at most so many pixels from each other.
fn between(from: (u16, u16), to: (u16, u16), step: u16) -> impl Iterator<Item = (u16, u16)> {
    let longer = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1));
    let steps = u32::from(longer.div_ceil(step).max(1));
    let along = move |from: u16, to: u16, at: u32| {
        let moved = (i64::from(to) - i64::from(from)) * i64::from(at) / i64::from(steps);
        (i64::from(from) + moved) as u16
    };
    (0..=steps).map(move |at| (along(from.0, to.0, at), along(from.1, to.1, at)))
}

/// A round dot around a place, cut at the edges.
fn dot(picture: &mut Picture, (x, y): (u16, u16), size: u16, colour: [u8; 3]) {
    let (x, y, size) = (i32::from(x), i32::from(y), i32::from(size));
    let top = y - size / 2;
    for row in top.max(0)..(top + size).min(i32::from(picture.height())) {
        // Twice the distance of the middle of the row from that of the dot.
        let off = 2 * (row - top) + 1 - size;
        let half = f64::from((size * size - off * off).max(0)).sqrt() / 2.0;
        let middle = f64::from(x - size / 2) + f64::from(size) / 2.0;
        let left = (middle - half).round().max(0.0) as u16;
        let right = (middle + half).round().max(0.0) as u16;
        if right > left {
            let span = Rect {
                x: left.min(picture.width()),
                y: row as u16,
                width: right - left,
                height: 1,
            };
            picture.fill(span, colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks::{COLOURS, Mark};

    fn drawn(width: u8, points: &[(u16, u16)]) -> Picture {
        let mut marks = Marks::default();
        marks.add(Mark::Stroke(Stroke {
            id: 1,
            display: 0,
            colour: 0,
            width,
            points: points.to_vec(),
        }));
        let mut picture = Picture::new(100, 50);
        draw(&mut picture, &marks, 1);
        assert_eq!(picture, Picture::new(100, 50), "of another display");
        draw(&mut picture, &marks, 0);
        picture
    }

    fn count(picture: &Picture) -> usize {
        let red = picture
            .pixels()
            .chunks(3)
            .filter(|pixel| **pixel == COLOURS[0]);
        red.count()
    }

    #[test]
    fn a_thin_line_has_no_gaps() {
        let picture = drawn(10, &[(0, 0), (65_535, 65_535)]);
        assert_eq!(count(&picture), 100);
        assert_eq!(picture.pixel(0, 0), Some(COLOURS[0]));
        assert_eq!(picture.pixel(99, 49), Some(COLOURS[0]));
    }

    #[test]
    fn a_thick_dot_is_round_and_cut_at_the_edges() {
        // 32 thousandths of 100 pixels are 3.
        assert_eq!(count(&drawn(32, &[(32_768, 32_768)])), 9);
        let corner = drawn(32, &[(65_535, 0)]);
        assert_eq!(corner.pixel(99, 0), Some(COLOURS[0]));
        assert!(count(&corner) < 9);
    }
}
