//! Where a picture lies in a window: in the middle, made smaller if it does not fit.

/// A picture's place in a window, in pixels of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) width: u16,
    pub(super) height: u16,
    /// Size of the picture itself.
    picture: (u16, u16),
}

impl Layout {
    /// Fits a picture into a window; neither may be empty.
    pub(super) fn new(window: (u16, u16), picture: (u16, u16)) -> Self {
        let wide = [window, picture].map(|(width, height)| (u64::from(width), u64::from(height)));
        let [(across, down), (width, height)] = wide;
        let (shown_width, shown_height) = if width <= across && height <= down {
            (width, height)
        } else if width * down >= height * across {
            (across, (height * across / width).max(1))
        } else {
            ((width * down / height).max(1), down)
        };
        // None is more than a side of the window.
        let [x, y] = [(across - shown_width) / 2, (down - shown_height) / 2].map(|at| at as u16);
        let (width, height) = (shown_width as u16, shown_height as u16);
        Self {
            x,
            y,
            width,
            height,
            picture,
        }
    }

    /// Pixels of the picture itself, across and down.
    pub(super) fn picture(&self) -> (u16, u16) {
        self.picture
    }

    /// The pixel of the picture under a place of the window, the nearest if it is beside it, and
    /// whether it is on it.
    pub(super) fn pixel_at(&self, x: i16, y: i16) -> (u16, u16, bool) {
        let along = |at: i16, start: u16, shown: u16, len: u16| {
            let at = i32::from(at) - i32::from(start);
            let nearest = at.clamp(0, i32::from(shown.max(1)) - 1);
            (source(nearest as u16, shown, len), at == nearest)
        };
        let (x, inside_x) = along(x, self.x, self.width, self.picture.0);
        let (y, inside_y) = along(y, self.y, self.height, self.picture.1);
        (x, y, inside_x && inside_y)
    }

    /// The columns of the picture that are shown, from the left.
    pub(super) fn columns(&self) -> Vec<u16> {
        (0..self.width)
            .map(|at| source(at, self.width, self.picture.0))
            .collect()
    }

    /// The row of the picture that a row of the shown picture shows.
    pub(super) fn source_row(&self, row: u16) -> u16 {
        source(row, self.height, self.picture.1)
    }
}

/// The pixel of a side that a pixel of the shown side shows: the nearest.
fn source(at: u16, shown: u16, len: u16) -> u16 {
    if shown == len {
        return at;
    }
    let doubled = (2 * u64::from(at) + 1) * u64::from(len) / (2 * u64::from(shown.max(1)));
    doubled.min(u64::from(len.saturating_sub(1))) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_centred_and_never_enlarged() {
        let layout = Layout::new((100, 50), (40, 30));
        assert_eq!(
            (layout.x, layout.y, layout.width, layout.height),
            (30, 10, 40, 30)
        );
        assert_eq!(layout.pixel_at(30, 10), (0, 0, true));
        assert_eq!(layout.pixel_at(69, 39), (39, 29, true));
        assert_eq!(layout.pixel_at(-5, 70), (0, 29, false));
    }

    #[test]
    fn it_shrinks_and_keeps_its_shape() {
        let layout = Layout::new((100, 100), (400, 200));
        assert_eq!(
            (layout.x, layout.y, layout.width, layout.height),
            (0, 25, 100, 50)
        );
        assert_eq!(layout.pixel_at(0, 25), (2, 2, true));
        assert_eq!(layout.pixel_at(99, 74), (398, 198, true));
        let thin = Layout::new((10, 10), (16_384, 1));
        assert_eq!((thin.width, thin.height), (10, 1));
    }
}
