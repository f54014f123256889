//! Decodes PNG and JPEG into pictures, without trusting them.

use std::io::Cursor;

use alongside_wire::Codec;
use image::{
    DynamicImage, ImageDecoder, Limits,
    codecs::{jpeg::JpegDecoder, png::PngDecoder},
};

use crate::picture::Picture;

/// What a decoder may need besides the pixels.
const SLACK: u64 = 1 << 20;
/// Bytes of the widest pixel: red, green, blue and alpha of 16 bits.
const WIDEST: u64 = 8;

/// Decodes a picture after `check` let its width and height pass.
///
/// # Errors
/// What is wrong with it: what `check` said, or that it is damaged.
pub(crate) fn decode(
    codec: Codec,
    data: &[u8],
    check: impl Fn(u32, u32) -> Result<(), String>,
) -> Result<Picture, String> {
    // The header alone comes first: the limits of the decoder follow from what it says.
    let (width, height) = match codec {
        Codec::Png => png_dimensions(data)?,
        Codec::Jpeg => JpegDecoder::new(Cursor::new(data))
            .map_err(text)?
            .dimensions(),
    };
    check(width, height)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(width);
    limits.max_image_height = Some(height);
    limits.max_alloc = Some(u64::from(width) * u64::from(height) * WIDEST + SLACK);
    let image = match codec {
        Codec::Png => {
            let decoder = PngDecoder::with_limits(Cursor::new(data), limits).map_err(text)?;
            DynamicImage::from_decoder(decoder)
        }
        Codec::Jpeg => {
            let mut decoder = JpegDecoder::new(Cursor::new(data)).map_err(text)?;
            decoder.set_limits(limits).map_err(text)?;
            DynamicImage::from_decoder(decoder)
        }
    };
    let image = image.map_err(text)?.into_rgb8();
    let sides = (u16::try_from(image.width()), u16::try_from(image.height()));
    let (Ok(width), Ok(height)) = sides else {
        return Err("it is too large".to_owned());
    };
    Picture::from_pixels(width, height, image.into_raw())
        .ok_or_else(|| "its pixels are not all there".to_owned())
}

/// Whether a JPEG is of the baseline kind, which one pass decodes. A progressive one can ask for
/// any number of passes over the whole picture, and needs several times its memory.
pub(crate) fn is_baseline_jpeg(data: &[u8]) -> bool {
    let Some((&[0xFF, 0xD8], mut rest)) = data.split_first_chunk() else {
        return false;
    };
    // Segments up to the first that starts a frame: FF, kind, length with itself, content.
    while let Some((&[0xFF, kind], after)) = rest.split_first_chunk() {
        match kind {
            0xC0 => return true,
            0xC4 | 0xDB | 0xDD | 0xE0..=0xEF | 0xFE => {}
            // Padding before the next marker.
            0xFF => {
                rest = &rest[1..];
                continue;
            }
            _ => return false,
        }
        let Some((&length, _)) = after.split_first_chunk() else {
            return false;
        };
        let Some(next) = after.get(usize::from(u16::from_be_bytes(length)).max(2)..) else {
            return false;
        };
        rest = next;
    }
    false
}

/// Width and height from the header chunk, which is always the first.
fn png_dimensions(data: &[u8]) -> Result<(u32, u32), String> {
    let header = data.first_chunk::<24>().filter(|header| {
        header.starts_with(b"\x89PNG\r\n\x1a\n") && header[12..].starts_with(b"IHDR")
    });
    let header = header.ok_or("it does not begin like a PNG")?;
    let side = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    Ok((side(16), side(20)))
}

fn text(error: image::ImageError) -> String {
    error.to_string()
}
