//! Decodes PNG and JPEG into pictures, without trusting them.

use std::{
    io::Cursor,
    panic::{self, AssertUnwindSafe},
};

use alongside_state_machine::mutant;
use alongside_wire::Codec;
use image::{
    DynamicImage, ImageDecoder, ImageResult, Limits,
    codecs::{jpeg::JpegDecoder, png::PngDecoder},
};

use crate::picture::Picture;

/// What a decoder may need besides the pixels.
const SLACK: u64 = 1 << 20;
/// Bytes of the widest pixel: red, green, blue and alpha of 16 bits.
const WIDEST: u64 = 8;

//= spec/06-media-input.md#frames [MEDIA-18] 66e47f0f
/// Decodes a picture after `check` let its width and height pass.
///
/// # Errors
/// What is wrong with it: what `check` said, or that it is damaged.
pub(crate) fn decode(
    codec: Codec,
    data: &[u8],
    check: impl Fn(u32, u32) -> Result<(), String>,
) -> Result<Picture, String> {
    let image = match codec {
        Codec::Png => {
            let (width, height) = png_dimensions(data)?;
            if !mutant::is("MEDIA-17/any") {
                check(width, height)?;
            }
            let data = essential_png(data)?;
            contain(|| {
                let limits = limits(width, height);
                let decoder = PngDecoder::with_limits(Cursor::new(data), limits)?;
                DynamicImage::from_decoder(decoder)
            })?
        }
        Codec::Jpeg if mutant::is("MEDIA-18/png-alone") => {
            return Err("it is no PNG".to_owned());
        }
        Codec::Jpeg => {
            let mut decoder = contain(|| JpegDecoder::new(Cursor::new(data)))?;
            let (width, height) = decoder.dimensions();
            check(width, height)?;
            contain(|| {
                decoder.set_limits(limits(width, height))?;
                DynamicImage::from_decoder(decoder)
            })?
        }
    };
    let image = image.into_rgb8();
    let sides = (u16::try_from(image.width()), u16::try_from(image.height()));
    let (Ok(width), Ok(height)) = sides else {
        return Err("it is too large".to_owned());
    };
    Picture::from_pixels(width, height, image.into_raw())
        .ok_or_else(|| "its pixels are not all there".to_owned())
}

/// Limits for a picture of this size.
fn limits(width: u32, height: u32) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(width);
    limits.max_image_height = Some(height);
    limits.max_alloc = Some(u64::from(width) * u64::from(height) * WIDEST + SLACK);
    limits
}

/// Runs a decoder. Decoders are written by others and fed by strangers, and have had panics (png
/// 0.18.1 has: image-rs/image-png issue 694); one must not end the session.
fn contain<T>(decode: impl FnOnce() -> ImageResult<T>) -> Result<T, String> {
    match panic::catch_unwind(AssertUnwindSafe(decode)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("its decoder failed".to_owned()),
    }
}

/// A PNG without what its pixels do not need: profiles, texts and animations, each of which
/// would have the decoder unpack more than the picture.
fn essential_png(data: &[u8]) -> Result<Vec<u8>, String> {
    let (signature, mut rest) = data.split_at_checked(8).ok_or("it is cut short")?;
    let mut out = Vec::with_capacity(data.len());
    out.extend_from_slice(signature);
    // Chunks: length of the content, kind, content, checksum.
    while let Some((&[a, b, c, d, ref kind @ ..], _)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let whole = length
            .checked_add(12)
            .and_then(|len| rest.split_at_checked(len));
        let (chunk, after) = whole.ok_or("it is cut short")?;
        match kind {
            b"PLTE" if !length.is_multiple_of(3) => return Err("its palette is damaged".to_owned()),
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" => out.extend_from_slice(chunk),
            b"IEND" => {
                out.extend_from_slice(chunk);
                return Ok(out);
            }
            _ => {}
        }
        rest = after;
    }
    Err("it has no end".to_owned())
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
