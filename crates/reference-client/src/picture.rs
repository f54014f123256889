//! Pictures in memory, and the rectangles and tiles of them.

/// Pixels along each side of the tiles in which pictures are compared and sent.
pub const TILE: u16 = 64;

/// A rectangle of a picture, in pixels, always inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// From the left edge.
    pub x: u16,
    /// From the top edge.
    pub y: u16,
    /// Across; not 0.
    pub width: u16,
    /// Down; not 0.
    pub height: u16,
}

/// A picture: rows from the top, pixels from the left, a byte each of red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u16,
    height: u16,
    pixels: Vec<u8>,
}

impl Picture {
    /// A black picture of so many pixels across and down.
    pub fn new(width: u16, height: u16) -> Self {
        // Zeroed by the operating system: what is never drawn on costs no memory.
        let pixels = vec![0; usize::from(width) * usize::from(height) * 3];
        Self {
            width,
            height,
            pixels,
        }
    }

    /// The picture with these pixels, or `None` if they are not three bytes for each.
    pub fn from_pixels(width: u16, height: u16, pixels: Vec<u8>) -> Option<Self> {
        let len = usize::from(width) * usize::from(height) * 3;
        (pixels.len() == len).then_some(Self {
            width,
            height,
            pixels,
        })
    }

    /// Pixels across.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Pixels down.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// All of it: three bytes a pixel, rows from the top without padding.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Red, green and blue of a pixel, or `None` outside the picture.
    pub fn pixel(&self, x: u16, y: u16) -> Option<[u8; 3]> {
        let inside = x < self.width && y < self.height;
        let start = self.start(x, y);
        inside.then(|| {
            [
                self.pixels[start],
                self.pixels[start + 1],
                self.pixels[start + 2],
            ]
        })
    }

    /// The whole of it.
    pub fn rect(&self) -> Rect {
        Rect {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    fn start(&self, x: u16, y: u16) -> usize {
        (usize::from(y) * usize::from(self.width) + usize::from(x)) * 3
    }

    /// The rows of a rectangle, which must be inside.
    pub(crate) fn rows(&self, rect: Rect) -> impl Iterator<Item = &[u8]> {
        (rect.y..rect.y + rect.height).map(move |y| {
            let start = self.start(rect.x, y);
            &self.pixels[start..start + usize::from(rect.width) * 3]
        })
    }

    /// The pixels of a row from `x` on, to be drawn on.
    pub(crate) fn row_mut(&mut self, x: u16, y: u16, width: u16) -> &mut [u8] {
        let start = self.start(x, y);
        &mut self.pixels[start..start + usize::from(width) * 3]
    }

    /// A copy of the pixels of a rectangle, which must be inside.
    pub(crate) fn crop(&self, rect: Rect) -> Vec<u8> {
        let mut out = Vec::with_capacity(usize::from(rect.width) * usize::from(rect.height) * 3);
        self.rows(rect).for_each(|row| out.extend_from_slice(row));
        out
    }

    /// Draws a rectangle of pixels (three bytes each, rows without padding) at a place inside.
    pub(crate) fn draw(&mut self, rect: Rect, pixels: &[u8]) {
        let rows = pixels.chunks_exact(usize::from(rect.width) * 3);
        for (y, row) in (rect.y..rect.y + rect.height).zip(rows) {
            self.row_mut(rect.x, y, rect.width).copy_from_slice(row);
        }
    }

    /// Fills a rectangle, cut to the picture, with one colour.
    pub(crate) fn fill(&mut self, rect: Rect, colour: [u8; 3]) {
        let right = rect.x.saturating_add(rect.width).min(self.width);
        let bottom = rect.y.saturating_add(rect.height).min(self.height);
        for y in rect.y..bottom.max(rect.y) {
            let row = self.row_mut(rect.x, y, right.saturating_sub(rect.x));
            row.chunks_exact_mut(3)
                .for_each(|pixel| pixel.copy_from_slice(&colour));
        }
    }
}

/// Which tiles of a picture are marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    width: u16,
    height: u16,
    columns: usize,
    marks: Vec<bool>,
}

impl Grid {
    /// No tile of a picture of this size.
    pub(crate) fn none(width: u16, height: u16) -> Self {
        let columns = usize::from(width.div_ceil(TILE));
        let rows = usize::from(height.div_ceil(TILE));
        Self {
            width,
            height,
            columns,
            marks: vec![false; columns * rows],
        }
    }

    /// Every tile of a picture of this size.
    pub(crate) fn all(width: u16, height: u16) -> Self {
        let mut grid = Self::none(width, height);
        grid.marks.fill(true);
        grid
    }

    /// Whether no tile is marked.
    pub(crate) fn is_empty(&self) -> bool {
        !self.marks.contains(&true)
    }

    /// Marks every tile that a rectangle touches; it may lie partly or wholly outside.
    pub(crate) fn mark(&mut self, x: i32, y: i32, width: u16, height: u16) {
        let span = |start: i32, len: u16, side: u16| {
            let first = start.clamp(0, i32::from(side));
            let end = start
                .saturating_add(i32::from(len))
                .clamp(0, i32::from(side));
            let tile = |pixel: i32| pixel as usize / usize::from(TILE);
            if end > first {
                tile(first)..tile(end - 1) + 1
            } else {
                0..0
            }
        };
        let columns = span(x, width, self.width);
        for row in span(y, height, self.height) {
            self.marks[row * self.columns..][columns.clone()].fill(true);
        }
    }

    /// Marks one tile, by what [`Grid::tiles`] gave.
    pub(crate) fn mark_tile(&mut self, tile: Rect) {
        self.mark(tile.x.into(), tile.y.into(), tile.width, tile.height);
    }

    /// Marks every tile that another grid of this size has marked.
    pub(crate) fn add(&mut self, other: &Self) {
        for (mark, other) in self.marks.iter_mut().zip(&other.marks) {
            *mark |= other;
        }
    }

    /// Takes away the marks of every tile that another grid of this size has marked.
    pub(crate) fn remove(&mut self, other: &Self) {
        for (mark, other) in self.marks.iter_mut().zip(&other.marks) {
            *mark &= !other;
        }
    }

    /// The marked tiles, row by row.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = Rect> {
        let marked = self.marks.iter().enumerate().filter(|(_, marked)| **marked);
        marked.map(|(index, _)| {
            let x = (index % self.columns) as u16 * TILE;
            let y = (index / self.columns) as u16 * TILE;
            let (width, height) = (TILE.min(self.width - x), TILE.min(self.height - y));
            Rect {
                x,
                y,
                width,
                height,
            }
        })
    }

    /// The marked tiles, with those next to each other in a row joined.
    pub(crate) fn runs(&self) -> Vec<Rect> {
        let mut runs: Vec<Rect> = Vec::new();
        for tile in self.tiles() {
            match runs.last_mut() {
                Some(run) if run.y == tile.y && run.x + run.width == tile.x => {
                    run.width += tile.width;
                }
                _ => runs.push(tile),
            }
        }
        runs
    }
}

/// The tiles among `candidates` in which two pictures of one size differ.
pub(crate) fn changed(old: &Picture, new: &Picture, candidates: &Grid) -> Grid {
    let mut grid = Grid::none(new.width, new.height);
    for tile in candidates
        .tiles()
        .filter(|tile| !old.rows(*tile).eq(new.rows(*tile)))
    {
        grid.mark_tile(tile);
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_joins_neighbours_and_cuts_at_the_edge() {
        let mut grid = Grid::none(200, 100);
        grid.mark(-10, -10, 75, 20);
        assert_eq!(
            grid.runs(),
            [Rect {
                x: 0,
                y: 0,
                width: 128,
                height: 64
            }]
        );
        grid.mark(199, 99, 50, 50);
        let corner = Rect {
            x: 192,
            y: 64,
            width: 8,
            height: 36,
        };
        assert_eq!(grid.runs().last(), Some(&corner));
        grid.mark(i32::MAX, i32::MIN, u16::MAX, u16::MAX);
        grid.mark(200, 0, 9, 9);
        assert_eq!(grid.tiles().count(), 3);
    }

    #[test]
    fn only_what_differs_is_changed() {
        let old = Picture::new(130, 70);
        let mut new = old.clone();
        new.fill(
            Rect {
                x: 129,
                y: 0,
                width: 50,
                height: 1,
            },
            [1, 2, 3],
        );
        let grid = changed(&old, &new, &Grid::all(130, 70));
        assert_eq!(
            grid.runs(),
            [Rect {
                x: 128,
                y: 0,
                width: 2,
                height: 64
            }]
        );
        assert!(changed(&old, &new, &Grid::none(130, 70)).is_empty());
    }
}
