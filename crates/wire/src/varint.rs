//! Canonical LEB128 varints: seven bits a byte, least significant first, no superfluous last byte.

use alloc::vec::Vec;

use crate::{DecodeError, Fault, mutant};

/// The most bytes that a varint of 32 bits takes.
pub const MAX_LEN: usize = 5;

/// Appends `value`.
pub fn encode(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads one varint from the start of `bytes`: its value, and how many bytes it took.
///
/// # Errors
/// [`Fault::Truncated`] if more bytes are needed, [`Fault::OverlongVarint`] or
/// [`Fault::VarintTooLarge`] if none can help.
pub fn decode(bytes: &[u8], what: &'static str) -> Result<(u32, usize), DecodeError> {
    let mut value = 0u32;
    for (index, byte) in bytes.iter().copied().enumerate().take(MAX_LEN) {
        let bits = u32::from(byte & 0x7f);
        //= spec/07-wire.md#varints [WIRE-1] ac811f20
        if index == MAX_LEN - 1 && byte > 0x0f {
            return Err(DecodeError::new(Fault::VarintTooLarge, what));
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            //= spec/07-wire.md#varints [WIRE-2] 7426bbd4
            if byte == 0 && index > 0 && !mutant::is("fuzz/overlong") {
                return Err(DecodeError::new(Fault::OverlongVarint, what));
            }
            return Ok((value, index + 1));
        }
    }
    Err(DecodeError::new(Fault::Truncated, what))
}
