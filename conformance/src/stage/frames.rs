//! Test pictures, as `driver.md` defines them.

use alongside_wire::{
    Codec,
    media::{Frame, Tile},
};
use image::{
    ExtendedColorType, ImageEncoder as _,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
};

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};

use super::{Done, Stop};

/// Red, green and blue of each pixel of the test picture of this size and seed.
pub fn pixels(width: u16, height: u16, seed: u32) -> Vec<u8> {
    let (width, height) = (u32::from(width), u32::from(height));
    let at = |x: u32, y: u32| [x + seed, y + 3 * seed, x * y + 7 * seed].map(|value| value as u8);
    (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| at(x, y)))
        .collect()
}

/// The test picture as PNG.
///
/// # Errors
/// If it has no pixels.
pub fn png(width: u16, height: u16, seed: u32) -> Done<Vec<u8>> {
    encoded(&pixels(width, height, seed), width, height)
}

fn encoded(pixels: &[u8], width: u16, height: u16) -> Done<Vec<u8>> {
    let mut out = Vec::new();
    PngEncoder::new(&mut out)
        .write_image(pixels, width.into(), height.into(), ExtendedColorType::Rgb8)
        .map_err(|error| Stop::Harness(format!("no PNG can be made: {error}")))?;
    Ok(out)
}

/// A PNG of so many pixels that hardly gets smaller by being encoded.
///
/// # Errors
/// If it has no pixels.
pub fn noise(width: u16, height: u16) -> Done<Vec<u8>> {
    let mut pixels = vec![0; usize::from(width) * usize::from(height) * 3];
    ChaCha20Rng::seed_from_u64(1).fill_bytes(&mut pixels);
    encoded(&pixels, width, height)
}

/// A picture all of whose pixels are of the grey that every decoder of JPEG gives back as it was.
///
/// # Errors
/// If it has no pixels.
pub fn grey_jpeg(width: u16, height: u16) -> Done<Vec<u8>> {
    let mut out = Vec::new();
    JpegEncoder::new(&mut out)
        .write_image(
            &grey(width, height),
            width.into(),
            height.into(),
            ExtendedColorType::Rgb8,
        )
        .map_err(|error| Stop::Harness(format!("no JPEG can be made: {error}")))?;
    Ok(out)
}

/// Its pixels.
pub fn grey(width: u16, height: u16) -> Vec<u8> {
    vec![128; usize::from(width) * usize::from(height) * 3]
}

/// A complete frame of one tile, the test picture.
pub(crate) fn frame(width: u16, height: u16, seed: u32) -> Done<Frame> {
    Ok(Frame {
        complete: true,
        display: 0,
        width,
        height,
        tiles: vec![Tile {
            x: 0,
            y: 0,
            width,
            height,
            codec: Codec::Png,
            data: png(width, height, seed)?,
        }],
    })
}

/// What a picture of tiles shows: red, green and blue of each pixel, black where no tile is.
pub(super) fn shown(frame: &Frame) -> Option<Vec<u8>> {
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let mut shown = vec![0; width * height * 3];
    for tile in &frame.tiles {
        let picture = image::load_from_memory(&tile.data).ok()?.to_rgb8();
        if picture.width() != u32::from(tile.width) || picture.height() != u32::from(tile.height) {
            return None;
        }
        for (row, pixels) in picture
            .chunks_exact(usize::from(tile.width) * 3)
            .enumerate()
        {
            let start = ((usize::from(tile.y) + row) * width + usize::from(tile.x)) * 3;
            shown
                .get_mut(start..start + pixels.len())?
                .copy_from_slice(pixels);
        }
    }
    Some(shown)
}
