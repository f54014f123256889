//! The pointer, which X keeps out of the pixels of the screen.

use x11rb::{
    errors::{ConnectionError, ReplyError},
    protocol::xfixes::ConnectionExt as _,
};

use crate::{
    picture::{Grid, Rect},
    x11::{Link, Region, lost},
};

/// The cursor's picture and where it is in the captured region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Its top left corner; may be outside.
    x: i32,
    y: i32,
    width: u16,
    /// Alpha, red, green, blue from the high byte down; the colours are multiplied by alpha.
    pixels: Vec<u32>,
}

impl Cursor {
    /// The cursor as it is now, or `None` if there is none.
    ///
    /// # Errors
    /// If the server failed.
    pub(super) fn read(link: &Link, region: Region) -> Result<Option<Self>, String> {
        let image = match link
            .conn
            .xfixes_get_cursor_image()
            .map(|cookie| cookie.reply())
        {
            Ok(Ok(image)) => image,
            // A server without a pointer answers with an error.
            Ok(Err(ReplyError::X11Error(_))) | Err(ConnectionError::UnsupportedExtension) => {
                return Ok(None);
            }
            Ok(Err(ReplyError::ConnectionError(error))) | Err(error) => return Err(lost(error)),
        };
        let corner =
            |at: i16, hot: u16, start: u16| i32::from(at) - i32::from(hot) - i32::from(start);
        Ok(Some(Self {
            x: corner(image.x, image.xhot, region.x),
            y: corner(image.y, image.yhot, region.y),
            width: image.width,
            pixels: image.cursor_image,
        }))
    }

    fn height(&self) -> u16 {
        self.pixels
            .len()
            .checked_div(self.width.into())
            .unwrap_or(0) as u16
    }

    /// Marks the tiles that it touches.
    pub(super) fn mark(&self, grid: &mut Grid) {
        grid.mark(self.x, self.y, self.width, self.height());
    }

    /// Draws it on the pixels of a tile.
    pub(super) fn draw(&self, tile: Rect, pixels: &mut [u8]) {
        let (left, top) = (i32::from(tile.x), i32::from(tile.y));
        let (right, bottom) = (left + i32::from(tile.width), top + i32::from(tile.height));
        let rows = self.pixels.chunks_exact(usize::from(self.width).max(1));
        for (y, row) in (self.y..)
            .zip(rows)
            .filter(|(y, _)| (top..bottom).contains(y))
        {
            for (x, argb) in (self.x..)
                .zip(row)
                .filter(|(x, _)| (left..right).contains(x))
            {
                let at = ((y - top) * i32::from(tile.width) + x - left) as usize * 3;
                let [alpha, colour @ ..] = argb.to_be_bytes();
                for (under, over) in pixels[at..at + 3].iter_mut().zip(colour) {
                    let rest = u32::from(*under) * (255 - u32::from(alpha)) / 255;
                    *under = (u32::from(over) + rest).min(255) as u8;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_covers_blends_and_is_cut_at_the_edges() {
        let tile = Rect {
            x: 64,
            y: 0,
            width: 2,
            height: 2,
        };
        let cursor = Cursor {
            x: 63,
            y: -1,
            width: 2,
            pixels: vec![0xFFFF_FFFF; 4],
        };
        let mut pixels = [0; 12];
        cursor.draw(tile, &mut pixels);
        assert_eq!(pixels, [255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

        let half = Cursor {
            x: 64,
            y: 0,
            width: 1,
            pixels: vec![0x8080_0000],
        };
        half.draw(tile, &mut pixels);
        assert_eq!(pixels[..3], [255, 127, 127]);
    }
}
