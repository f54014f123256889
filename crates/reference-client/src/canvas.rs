//! The helper's side of the screen: frames become a picture again.

use std::{fmt, path::Path};

use alongside_wire::{
    Codec, limits,
    media::{Frame, Tile},
};

use crate::{
    decode,
    picture::{Picture, Rect},
};

/// Pixels that a canvas may have: two displays of 7,680 x 4,320 next to each other. The protocol
/// allows more, but at three bytes each a stranger should not choose how much.
pub const MAX_PIXELS: u32 = 2 * 7680 * 4320;

/// The sharer's display as the helper sees it.
///
/// Frames are hostile until shown otherwise: each is checked against its own size before any of
/// it is decoded, each picture against the size of its tile before its pixels are, and what
/// [`Canvas::apply`] allocates is bounded by the display: three bytes for each pixel of it, and at
/// most eleven for each of the largest tile.
#[derive(Clone, Debug)]
pub struct Canvas {
    max_pixels: u32,
    display: u8,
    picture: Picture,
    /// Whether the picture is what the frames so far make.
    whole: bool,
}

/// Why a frame was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CanvasError {
    /// It builds on a frame that is not here: nothing came yet, the one before was damaged, or it
    /// is of another display or size. Ask for a complete frame.
    NeedsComplete,
    /// The display has no pixels, or more than this client or the protocol allows.
    Size {
        /// Pixels across.
        width: u16,
        /// Pixels down.
        height: u16,
    },
    /// It has more tiles than a frame may have.
    Tiles(usize),
    /// A tile is empty, reaches outside its display, or is not the picture that it says.
    Tile {
        /// The tile, counted from 0.
        index: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Default for Canvas {
    fn default() -> Self {
        Self::new()
    }
}

impl Canvas {
    /// An empty canvas; the first frame gives it a size.
    pub fn new() -> Self {
        Self::with_limit(MAX_PIXELS)
    }

    /// An empty canvas for displays of at most so many pixels.
    pub fn with_limit(max_pixels: u32) -> Self {
        Self {
            max_pixels,
            display: 0,
            picture: Picture::new(0, 0),
            whole: false,
        }
    }

    /// What the frames so far make; 0 by 0 pixels before the first.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The display of the last complete frame, for pointer events.
    pub fn display(&self) -> u8 {
        self.display
    }

    /// Draws a frame.
    ///
    /// # Errors
    /// If the frame is not valid. One that is damaged inside may have been drawn in part; then
    /// only a complete frame is taken next.
    pub fn apply(&mut self, frame: &Frame) -> Result<(), CanvasError> {
        let Frame {
            complete,
            display,
            width,
            height,
            ref tiles,
        } = *frame;
        self.check_size(width, height)?;
        if tiles.len() > limits::TILES {
            return Err(CanvasError::Tiles(tiles.len()));
        }
        let same_size = (width, height) == (self.picture.width(), self.picture.height());
        let continues = self.whole && same_size && display == self.display;
        if !complete && !continues {
            return Err(CanvasError::NeedsComplete);
        }
        for (index, tile) in tiles.iter().enumerate() {
            check_place(frame, tile).map_err(|why| CanvasError::Tile { index, why })?;
        }
        self.whole = false;
        if complete {
            self.display = display;
            if same_size {
                self.picture.fill(self.picture.rect(), [0; 3]);
            } else {
                self.picture = Picture::new(width, height);
            }
        }
        for (index, tile) in tiles.iter().enumerate() {
            let decoded = decode_tile(tile).map_err(|why| CanvasError::Tile { index, why })?;
            let &Tile {
                x,
                y,
                width,
                height,
                ..
            } = tile;
            self.picture.draw(
                Rect {
                    x,
                    y,
                    width,
                    height,
                },
                decoded.pixels(),
            );
        }
        self.whole = true;
        Ok(())
    }

    fn check_size(&self, width: u16, height: u16) -> Result<(), CanvasError> {
        let sides = [width, height].map(|side| (1..=limits::DISPLAY_SIDE).contains(&side.into()));
        let pixels = u32::from(width) * u32::from(height);
        if sides != [true; 2] || pixels > self.max_pixels {
            return Err(CanvasError::Size { width, height });
        }
        Ok(())
    }

    /// Writes the picture to a file, as PNG.
    ///
    /// # Errors
    /// If there is no picture yet (of kind `InvalidInput`), or the file cannot be written.
    pub fn save_png(&self, path: &Path) -> std::io::Result<()> {
        let (width, height) = (self.picture.width().into(), self.picture.height().into());
        if width == 0 {
            let message = "no frame has arrived yet";
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                message,
            ));
        }
        let format = image::ImageFormat::Png;
        let colour = image::ExtendedColorType::Rgb8;
        image::save_buffer_with_format(path, self.picture.pixels(), width, height, colour, format)
            .map_err(std::io::Error::other)
    }
}

fn check_place(frame: &Frame, tile: &Tile) -> Result<(), String> {
    let inside = |start: u16, len: u16, side: u16| {
        len > 0 && u32::from(start) + u32::from(len) <= u32::from(side)
    };
    let &Tile {
        x,
        y,
        width,
        height,
        ..
    } = tile;
    if inside(x, width, frame.width) && inside(y, height, frame.height) {
        return Ok(());
    }
    let (across, down) = (frame.width, frame.height);
    Err(format!(
        "{width}x{height} at {x},{y} is not inside a display of {across}x{down}"
    ))
}

fn decode_tile(tile: &Tile) -> Result<Picture, String> {
    if tile.codec == Codec::Jpeg && !decode::is_baseline_jpeg(&tile.data) {
        return Err("it is not a baseline JPEG".to_owned());
    }
    let expected = (u32::from(tile.width), u32::from(tile.height));
    decode::decode(tile.codec, &tile.data, |width, height| {
        let wrong = format!("its picture has {width}x{height} pixels, not those of the tile");
        ((width, height) == expected).then_some(()).ok_or(wrong)
    })
}

impl fmt::Display for CanvasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsComplete => {
                f.write_str("the frame builds on one that is not here; ask for a complete frame")
            }
            Self::Size { width, height } => {
                write!(f, "a display of {width}x{height} pixels is not supported")
            }
            Self::Tiles(count) => {
                write!(
                    f,
                    "the frame has {count} tiles, more than {}",
                    limits::TILES
                )
            }
            Self::Tile { index, why } => write!(f, "tile {index} of the frame: {why}"),
        }
    }
}

impl std::error::Error for CanvasError {}
