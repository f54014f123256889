//! What media records carry: frames of the screen, as tiles.

use alloc::vec::Vec;

use crate::{Codec, DecodeError, Fault, limits, record::Fields};

/// One frame: rectangles of one display.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | flags: bit 0 is *complete*, the others are 0 |
/// | 1 | 1 | display id |
/// | 2 | 2 | width of the display in pixels |
/// | 4 | 2 | height of the display in pixels |
/// | 6 | 2 | number of tiles |
/// | 8 | | the tiles |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// It needs no frame before it: whatever no tile covers is black.
    pub complete: bool,
    /// The display.
    pub display: u8,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Rectangles inside the display, drawn in this order.
    pub tiles: Vec<Tile>,
}

/// One rectangle of a frame.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 2 | x |
/// | 2 | 2 | y |
/// | 4 | 2 | width |
/// | 6 | 2 | height |
/// | 8 | 1 | codec |
/// | 9 | 4 | bytes of data |
/// | 13 | | the data |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Pixels from the left edge.
    pub x: u16,
    /// Pixels from the top edge.
    pub y: u16,
    /// Pixels across; not 0.
    pub width: u16,
    /// Pixels down; not 0.
    pub height: u16,
    /// How the data is encoded.
    pub codec: Codec,
    /// A picture of exactly this width and height.
    pub data: Vec<u8>,
}

const HEADER: usize = 8;
const TILE_HEADER: usize = 13;
const COMPLETE: u8 = 0x01;

impl Frame {
    /// Bytes of the encoding.
    pub fn encoded_len(&self) -> usize {
        self.tiles
            .iter()
            .fold(HEADER, |sum, tile| sum + TILE_HEADER + tile.data.len())
    }

    /// The encoding.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] if the frame has more tiles or bytes than a frame may have.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.encode(|part| out.extend_from_slice(part))?;
        Ok(out)
    }

    /// The encoding, part by part in its order, for whoever has a place for it.
    ///
    /// # Errors
    /// As [`Frame::to_bytes`]; then there is no part.
    pub fn encode(&self, mut put: impl FnMut(&[u8])) -> Result<(), DecodeError> {
        let what = "a frame";
        if self.encoded_len() > limits::FRAME {
            return Err(DecodeError::new(
                Fault::TooLarge {
                    limit: limits::FRAME,
                },
                what,
            ));
        }
        if self.tiles.len() > limits::TILES {
            return Err(DecodeError::new(
                Fault::TooLarge {
                    limit: limits::TILES,
                },
                what,
            ));
        }
        put(&[if self.complete { COMPLETE } else { 0 }, self.display]);
        put(&self.width.to_be_bytes());
        put(&self.height.to_be_bytes());
        put(&(self.tiles.len() as u16).to_be_bytes());
        for tile in &self.tiles {
            for side in [tile.x, tile.y, tile.width, tile.height] {
                put(&side.to_be_bytes());
            }
            put(&[tile.codec.to_wire()]);
            put(&(tile.data.len() as u32).to_be_bytes());
            put(&tile.data);
        }
        Ok(())
    }

    /// Reads a frame, to the last byte, and checks every rectangle against the display. The
    /// pictures themselves are not decoded.
    ///
    /// # Errors
    /// If anything is missing, left over, not registered, over its limit or outside the display.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let what = "a frame";
        let invalid = DecodeError::new(Fault::InvalidValue, what);
        let truncated = DecodeError::new(Fault::Truncated, what);
        if bytes.len() > limits::FRAME {
            return Err(DecodeError::new(
                Fault::TooLarge {
                    limit: limits::FRAME,
                },
                what,
            ));
        }
        let (header, mut rest) = bytes.split_first_chunk::<HEADER>().ok_or(truncated)?;
        let mut fields = Fields(header);
        let [flags, display] = fields.take();
        let [width, height, count] = [(); 3].map(|()| u16::from_be_bytes(fields.take()));
        if flags & !COMPLETE != 0 || width == 0 || height == 0 {
            return Err(invalid);
        }
        for side in [width, height] {
            if usize::from(side) > limits::DISPLAY_SIDE {
                return Err(DecodeError::new(
                    Fault::TooLarge {
                        limit: limits::DISPLAY_SIDE,
                    },
                    what,
                ));
            }
        }
        if usize::from(count) > limits::TILES {
            return Err(DecodeError::new(
                Fault::TooLarge {
                    limit: limits::TILES,
                },
                what,
            ));
        }
        let mut frame = Self {
            complete: flags & COMPLETE != 0,
            display,
            width,
            height,
            tiles: Vec::new(),
        };
        for _ in 0..count {
            let (header, after) = rest.split_first_chunk::<TILE_HEADER>().ok_or(truncated)?;
            let mut fields = Fields(header);
            let [x, y, width, height] = [(); 4].map(|()| u16::from_be_bytes(fields.take()));
            let codec = Codec::from_wire(u8::from_be_bytes(fields.take())).ok_or(invalid)?;
            let length = u32::from_be_bytes(fields.take()) as usize;
            let (data, after) = after.split_at_checked(length).ok_or(truncated)?;
            let inside = |start: u16, len: u16, side: u16| {
                len > 0 && u32::from(start) + u32::from(len) <= u32::from(side)
            };
            if !inside(x, width, frame.width) || !inside(y, height, frame.height) {
                return Err(invalid);
            }
            frame.tiles.push(Tile {
                x,
                y,
                width,
                height,
                codec,
                data: data.into(),
            });
            rest = after;
        }
        if !rest.is_empty() {
            return Err(DecodeError::new(Fault::TrailingBytes, what));
        }
        Ok(frame)
    }
}
