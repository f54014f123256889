//! What a helper draws on the sharer's screen: strokes, and the dot of a laser pointer.

/// What colours of strokes look like: red, orange, yellow, green, blue, violet, white, black.
pub const COLOURS: [[u8; 3]; 8] = [
    [0xE6, 0x19, 0x19],
    [0xFF, 0x8C, 0x00],
    [0xFF, 0xE1, 0x19],
    [0x19, 0xA8, 0x3C],
    [0x19, 0x50, 0xE6],
    [0xA0, 0x28, 0xC8],
    [0xFF, 0xFF, 0xFF],
    [0x00, 0x00, 0x00],
];
/// Colour of the laser's dot.
pub const LASER_COLOUR: [u8; 3] = [0xFF, 0x00, 0x30];
/// Pixels across the laser's dot.
pub const LASER_SIZE: u16 = 16;
/// Points that are kept, of all strokes together; what is drawn beyond that is not seen.
pub const MAX_POINTS: usize = 16_384;

/// A line, as if drawn with a round pen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// Which stroke of the helper's it is.
    pub id: u32,
    /// The display that it is on.
    pub display: u8,
    /// Place in [`COLOURS`], 0 to 7.
    pub colour: u8,
    /// How wide the pen is, in 1/1,000 of the longer side of the display.
    pub width: u8,
    /// Places on the display, as pointer input counts: 0 is the first pixel, 65,535 the last.
    pub points: Vec<(u16, u16)>,
}

impl Stroke {
    /// What its colour looks like.
    pub fn colour(&self) -> [u8; 3] {
        COLOURS[usize::from(self.colour) % COLOURS.len()]
    }

    /// Pixels across the pen on a display of this size.
    pub fn pen(&self, width: u16, height: u16) -> u16 {
        let longer = u32::from(width.max(height));
        ((longer * u32::from(self.width) + 500) / 1_000).clamp(1, 1_024) as u16
    }
}

/// Something that a helper did with a pen or a laser pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Drew a stroke, or went on with the one of this id.
    Stroke(Stroke),
    /// Points somewhere: display, across, down.
    Laser(u8, u16, u16),
    /// Points nowhere any more.
    LaserOff,
    /// Wiped everything out.
    Clear,
}

/// Everything that is drawn at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    strokes: Vec<Stroke>,
    points: usize,
    laser: Option<(u8, u16, u16)>,
}

impl Marks {
    /// Draws something more, or wipes everything out. Strokes without a point are nothing.
    pub fn add(&mut self, mark: Mark) {
        match mark {
            Mark::Stroke(stroke) => self.draw(stroke),
            Mark::Laser(display, x, y) => self.laser = Some((display, x, y)),
            Mark::LaserOff => self.laser = None,
            Mark::Clear => *self = Self::default(),
        }
    }

    fn draw(&mut self, stroke: Stroke) {
        let points = self.points + stroke.points.len();
        if stroke.points.is_empty() || points > MAX_POINTS {
            return;
        }
        self.points = points;
        // The parts of one follow each other closely, so it is among the last.
        let mut known = self.strokes.iter_mut().rev();
        match known.find(|known| (known.id, known.display) == (stroke.id, stroke.display)) {
            Some(known) => known.points.extend(stroke.points),
            None => self.strokes.push(stroke),
        }
    }

    /// The strokes, the oldest first.
    pub fn strokes(&self) -> &[Stroke] {
        &self.strokes
    }

    /// Where the laser pointer points: display, across, down.
    pub fn laser(&self) -> Option<(u8, u16, u16)> {
        self.laser
    }

    /// Whether nothing is drawn.
    pub fn is_empty(&self) -> bool {
        self.strokes.is_empty() && self.laser.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(id: u32, points: usize) -> Mark {
        Mark::Stroke(Stroke {
            id,
            display: 0,
            colour: 0,
            width: 4,
            points: vec![(1, 2); points],
        })
    }

    #[test]
    fn pieces_of_one_stroke_are_joined() {
        let mut marks = Marks::default();
        for mark in [stroke(1, 2), stroke(1, 3), stroke(2, 0), stroke(2, 1)] {
            marks.add(mark);
        }
        let lengths: Vec<_> = marks.strokes().iter().map(|s| s.points.len()).collect();
        assert_eq!(lengths, [5, 1]);
        marks.add(Mark::Laser(0, 7, 8));
        assert_eq!(marks.laser(), Some((0, 7, 8)));
        marks.add(Mark::Clear);
        assert!(marks.is_empty());
    }

    #[test]
    fn there_are_never_more_points_than_the_limit() {
        let mut marks = Marks::default();
        for id in 0..100 {
            marks.add(stroke(id, 300));
        }
        let points: usize = marks.strokes().iter().map(|s| s.points.len()).sum();
        assert_eq!((points, marks.points), (54 * 300, 54 * 300));
        marks.add(Mark::Clear);
        marks.add(stroke(100, 300));
        assert_eq!(marks.strokes().len(), 1);
    }

    #[test]
    fn a_pen_is_as_wide_as_its_display_says() {
        let Mark::Stroke(stroke) = stroke(0, 1) else {
            return;
        };
        let pens = [(1_920, 1_080), (1_080, 1_920), (100, 100), (16_384, 1)]
            .map(|(width, height)| stroke.pen(width, height));
        assert_eq!(pens, [8, 8, 1, 66]);
    }
}
