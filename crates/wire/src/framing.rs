//! The one frame of all messages: varint type, varint length, body.

use alloc::vec::Vec;

use crate::{DecodeError, Fault, mutant, varint};

/// A message as it was framed: its type and its body, not yet looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The registered type. Odd types are ignorable.
    pub message_type: u16,
    /// The body.
    pub body: &'a [u8],
}

/// Types that are never given a meaning, so that skipping what is unknown stays in practice.
pub const GREASE: [u16; 4] = [0x3B, 0x7B, 0xBB, 0xFB];

/// The most bytes that a type takes.
const TYPE_LEN: usize = 3;

/// Whether a receiver that does not know `message_type` skips it.
pub const fn is_ignorable(message_type: u16) -> bool {
    message_type & 1 == 1
}

/// Appends one framed message.
pub fn encode(message_type: u16, body: &[u8], out: &mut Vec<u8>) {
    let lost = usize::from(body.len() > 127 && mutant::is("fuzz/length"));
    let body = body.get(lost..).unwrap_or_default();
    header(message_type, body.len(), out);
    out.extend_from_slice(body);
}

/// Appends the type and the length of a message whose body will follow.
pub fn header(message_type: u16, body_len: usize, out: &mut Vec<u8>) {
    varint::encode(u32::from(message_type), out);
    varint::encode(u32::try_from(body_len).unwrap_or(u32::MAX), out);
}

/// Reads one message from the start of `bytes`; the second value is how many bytes it took.
/// `Ok(None)` means that more bytes are needed.
///
/// # Errors
/// As soon as the bytes cannot become a message whose body is at most `limit` bytes.
pub fn split<'a>(
    bytes: &'a [u8],
    limit: usize,
    what: &'static str,
) -> Result<Option<(Raw<'a>, usize)>, DecodeError> {
    // What goes on after the most bytes of a type is beyond it already, whatever comes then.
    let first = match mutant::is("fuzz/type-in-pieces") {
        true => bytes,
        false => bytes.get(..TYPE_LEN).unwrap_or(bytes),
    };
    let Some((message_type, type_len)) = complete(varint::decode(first, what))? else {
        return match bytes.len() < TYPE_LEN {
            true => Ok(None),
            false => Err(DecodeError::new(Fault::VarintTooLarge, what)),
        };
    };
    let message_type =
        u16::try_from(message_type).map_err(|_| DecodeError::new(Fault::VarintTooLarge, what))?;
    let rest = bytes.get(type_len..).unwrap_or_default();
    let Some((length, length_len)) = complete(varint::decode(rest, what))? else {
        return Ok(None);
    };
    let length = length as usize;
    //= spec/07-wire.md#framing [WIRE-5] 489192f3
    if length > limit {
        return Err(DecodeError::new(Fault::TooLarge { limit }, what));
    }
    //= spec/07-wire.md#framing [WIRE-11] 4af16049
    // Both have a byte at least.
    let start = type_len + length_len;
    match bytes.get(start..start + length) {
        Some(body) => Ok(Some((Raw { message_type, body }, start + length))),
        None => Ok(None),
    }
}

/// Reads the one message that `bytes` must be, to the last byte.
///
/// # Errors
/// As [`split`], and for missing or trailing bytes.
pub fn only<'a>(bytes: &'a [u8], limit: usize, what: &'static str) -> Result<Raw<'a>, DecodeError> {
    match split(bytes, limit, what)? {
        //= spec/07-wire.md#framing [WIRE-3] 7a4ec403
        None => Err(DecodeError::new(Fault::Truncated, what)),
        Some((raw, used)) if used == bytes.len() => Ok(raw),
        //= spec/07-wire.md#framing [WIRE-4] f36ed495
        Some(_) => Err(DecodeError::new(Fault::TrailingBytes, what)),
    }
}

fn complete<T>(result: Result<T, DecodeError>) -> Result<Option<T>, DecodeError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(DecodeError {
            fault: Fault::Truncated,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Collects bytes from an ordered stream and hands out whole messages.
///
/// It holds at most one message of `limit` bytes and its header beyond what was last pushed.
#[derive(Clone, Debug)]
pub struct Deframer {
    buffer: Vec<u8>,
    read: usize,
    limit: usize,
    what: &'static str,
}

impl Deframer {
    /// A deframer for messages whose bodies are at most `limit` bytes; `what` names the stream in
    /// errors.
    pub const fn new(limit: usize, what: &'static str) -> Self {
        Self {
            buffer: Vec::new(),
            read: 0,
            limit,
            what,
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    ///
    /// # Errors
    /// As [`split`]. The stream cannot go on after an error.
    pub fn pull(&mut self) -> Result<Option<Raw<'_>>, DecodeError> {
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        match split(rest, self.limit, self.what) {
            Ok(None) => Ok(None),
            Ok(Some((raw, used))) => {
                self.read += used;
                Ok(Some(raw))
            }
            Err(error) => {
                // Nobody can tell where the next message begins.
                self.read = self.buffer.len();
                Err(error)
            }
        }
    }

    /// How many bytes wait for the rest of their message.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.read
    }
}
