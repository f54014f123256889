//! Turns the changed tiles of a picture into a frame.
//!
//! A tile with many colours for its size is taken for a photograph and becomes JPEG; anything
//! else (text, windows, drawings) becomes PNG and arrives exactly. Neighbours in a row that go
//! the same way travel as one.

use alongside_wire::{
    Codec, limits,
    media::{Frame, Tile},
};
use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use jpeg_encoder::{ColorType, Encoder as JpegEncoder, SamplingFactor};

use super::ScreenError;
use crate::picture::{Grid, Picture, Rect};

/// What is tried in turn until a frame keeps its limits: JPEG quality, and whether everything is
/// JPEG. The last is ugly, and small enough for noise on every screen of ordinary size.
const ATTEMPTS: [(u8, bool); 4] = [(80, false), (80, true), (40, true), (10, true)];

/// A frame of the marked tiles of a picture.
///
/// # Errors
/// If even the worst quality does not fit into a frame.
pub(crate) fn encode(
    picture: &Picture,
    marked: &Grid,
    complete: bool,
) -> Result<Frame, ScreenError> {
    let (width, height) = (picture.width(), picture.height());
    for (quality, jpeg_only) in ATTEMPTS {
        let runs = if jpeg_only {
            marked
                .runs()
                .into_iter()
                .map(|rect| (rect, Codec::Jpeg))
                .collect()
        } else {
            runs_by_codec(picture, marked)
        };
        if runs.len() > limits::TILES {
            continue;
        }
        let mut frame = Frame {
            complete,
            display: 0,
            width,
            height,
            tiles: Vec::new(),
        };
        let mut data = 0;
        for (rect, codec) in runs {
            let tile = encode_tile(picture, rect, codec, quality)?;
            data += tile.data.len();
            frame.tiles.push(tile);
            if data > limits::FRAME {
                break;
            }
        }
        if frame.encoded_len() <= limits::FRAME {
            return Ok(frame);
        }
    }
    Err(ScreenError::FrameTooLarge { width, height })
}

/// A frame of the marked tiles of a small picture, of which nothing is lost.
///
/// # Errors
/// If it cannot be encoded.
pub(crate) fn encode_exactly(
    picture: &Picture,
    marked: &Grid,
    complete: bool,
) -> Result<Frame, ScreenError> {
    let encoded = |rect| encode_tile(picture, rect, Codec::Png, 100);
    let tiles = marked.runs().into_iter().map(encoded);
    Ok(Frame {
        complete,
        display: 0,
        width: picture.width(),
        height: picture.height(),
        tiles: tiles.collect::<Result<_, _>>()?,
    })
}

fn runs_by_codec(picture: &Picture, marked: &Grid) -> Vec<(Rect, Codec)> {
    let mut png = Grid::none(picture.width(), picture.height());
    let mut jpeg = png.clone();
    for tile in marked.tiles() {
        if is_photographic(picture, tile) {
            &mut jpeg
        } else {
            &mut png
        }
        .mark_tile(tile);
    }
    let runs = |grid: Grid, codec| grid.runs().into_iter().map(move |rect| (rect, codec));
    runs(png, Codec::Png)
        .chain(runs(jpeg, Codec::Jpeg))
        .collect()
}

/// Whether more than an eighth of the pixels have colours of their own. Text has fewer even when
/// it is smoothed (a hundredth or so), and photographs have more (a quarter and up).
fn is_photographic(picture: &Picture, tile: Rect) -> bool {
    const SLOTS: usize = 4096;
    let pixels = usize::from(tile.width) * usize::from(tile.height);
    let limit = (pixels / 8).max(64);
    // A bit for each hash: two colours that share one count once, which is near enough.
    let mut seen = [0_u64; SLOTS / 64];
    let mut colours = 0;
    for pixel in picture.rows(tile).flat_map(|row| row.chunks_exact(3)) {
        let value = u32::from_be_bytes([0, pixel[0], pixel[1], pixel[2]]);
        let hash = (value.wrapping_mul(0x9E37_79B1) >> 20) as usize;
        let (word, bit) = (hash / 64, 1 << (hash % 64));
        if seen[word] & bit == 0 {
            seen[word] |= bit;
            colours += 1;
            if colours > limit {
                return true;
            }
        }
    }
    false
}

fn encode_tile(
    picture: &Picture,
    rect: Rect,
    codec: Codec,
    quality: u8,
) -> Result<Tile, ScreenError> {
    let pixels = picture.crop(rect);
    let mut data = Vec::new();
    let encoded = match codec {
        Codec::Png => {
            let (width, height) = (rect.width.into(), rect.height.into());
            PngEncoder::new_with_quality(&mut data, CompressionType::Fast, FilterType::Adaptive)
                .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
                .map_err(|error| error.to_string())
        }
        Codec::Jpeg => {
            let mut encoder = JpegEncoder::new(&mut data, quality);
            // Colours are as sharp as all else: there may be text among them.
            encoder.set_sampling_factor(SamplingFactor::F_1_1);
            encoder
                .encode(&pixels, rect.width, rect.height, ColorType::Rgb)
                .map_err(|error| error.to_string())
        }
    };
    encoded.map_err(ScreenError::Encode)?;
    Ok(Tile {
        x: rect.x,
        y: rect.y,
        width: rect.width,
        height: rect.height,
        codec,
        data,
    })
}
