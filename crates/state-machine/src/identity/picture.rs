//! Pictures of cards: whose they are, and their size, before anybody decodes them.

use alongside_wire::{Codec, card::PictureInfo, limits::PICTURE_SIDE};

use super::own;
use crate::mutant;

/// A picture that may be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// How it is encoded.
    pub codec: Codec,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}

/// Whether a file is the picture that a card names.
pub fn is_named(info: &PictureInfo, file: &[u8]) -> bool {
    info.hash == own::hash(file) && info.size as usize == file.len()
}

//= spec/15-identity.md#pictures [PICTURE-5] 123984e3
/// The head of a PNG or JPEG file with sides of 1 to 1,024 pixels; nothing else may be decoded.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let (codec, width, height) = match png(bytes) {
        Some((width, height)) => (Codec::Png, width, height),
        None => {
            let (width, height) = jpeg(bytes)?;
            (Codec::Jpeg, width, height)
        }
    };
    let side = |pixels: u32| {
        let pixels = u16::try_from(pixels).ok()?;
        let right = (1..=PICTURE_SIDE).contains(&usize::from(pixels));
        (right || mutant::is("PICTURE-5/any")).then_some(pixels)
    };
    Some(Head {
        codec,
        width: side(width)?,
        height: side(height)?,
    })
}

/// The sides in the first chunk of a PNG file.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let (width, rest) = rest.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// The sides in the frame header of a JPEG file; each step goes forward.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let (&[0xff, marker], after) = rest.split_first_chunk::<2>()? else {
            return None;
        };
        if marker == 0xff {
            rest = rest.get(1..)?;
            continue;
        }
        let (length, _) = after.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = after.get(..length).filter(|_| length >= 2)?;
        // Start of frame, but for the tables that have numbers between.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let side = |at: usize| {
                let pair = segment.get(at..at + 2)?;
                Some(u32::from(pair[0]) << 8 | u32::from(pair[1]))
            };
            return Some((side(5)?, side(3)?));
        }
        // Start of scan, or end: the frame header would have come before.
        if matches!(marker, 0xd9 | 0xda) {
            return None;
        }
        rest = after.get(length..)?;
    }
}
