//! The clear headers of records on frame streams: fixed, big-endian, read in place.

use crate::{DecodeError, Fault, envelope::TAG, limits};

/// First byte of a media record.
pub const MEDIA: u8 = 0x40;
/// First byte of an input record.
pub const INPUT: u8 = 0x42;
/// Bit of the flags of a media record: the last record of its frame.
const LAST: u8 = 0x01;

/// The header of a media record; all of it is associated data.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | 0x40 |
/// | 1 | 1 | flags: bit 0 is *last*, the others are 0 |
/// | 2 | 2 | index of the record in its frame |
/// | 4 | 4 | frame id |
/// | 8 | 4 | epoch |
/// | 12 | 8 | record number in the epoch |
/// | 20 | 4 | bytes of ciphertext and tag that follow |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MediaHeader {
    /// The last record of its frame.
    pub last: bool,
    /// Counts the records of a frame from 0.
    pub index: u16,
    /// The frame.
    pub frame: u32,
    /// The epoch that it was sealed in.
    pub epoch: u32,
    /// Counts the records of an epoch from 0; the nonce.
    pub number: u64,
    /// Bytes of ciphertext and tag.
    pub length: u32,
}

/// The header of an input record; all of it is associated data. Its number is not in it: it
/// counts the records of its grant from 0.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | 0x42 |
/// | 1 | 1 | 0 |
/// | 2 | 2 | bytes of ciphertext and tag that follow, always 80 |
/// | 4 | 4 | grant id |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InputHeader {
    /// The grant that it was sealed under.
    pub grant: u32,
}

impl MediaHeader {
    /// Bytes of the header.
    pub const LEN: usize = 24;
    /// The most bytes of ciphertext and tag.
    pub const MAX_LENGTH: usize = limits::RECORD_PLAINTEXT + TAG;

    /// The header as bytes.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[0] = MEDIA;
        out[1] = if self.last { LAST } else { 0 };
        out[2..4].copy_from_slice(&self.index.to_be_bytes());
        out[4..8].copy_from_slice(&self.frame.to_be_bytes());
        out[8..12].copy_from_slice(&self.epoch.to_be_bytes());
        out[12..20].copy_from_slice(&self.number.to_be_bytes());
        out[20..24].copy_from_slice(&self.length.to_be_bytes());
        out
    }

    /// Reads a header.
    ///
    /// # Errors
    /// For another type, flags that are not registered, or a length that no record has.
    pub fn read(bytes: &[u8; Self::LEN]) -> Result<Self, DecodeError> {
        let what = "a media record";
        let mut fields = Fields(bytes);
        let [record_type, flags] = fields.take();
        if record_type != MEDIA || flags & !LAST != 0 {
            return Err(DecodeError::new(Fault::InvalidValue, what));
        }
        let header = Self {
            last: flags & LAST != 0,
            index: u16::from_be_bytes(fields.take()),
            frame: u32::from_be_bytes(fields.take()),
            epoch: u32::from_be_bytes(fields.take()),
            number: u64::from_be_bytes(fields.take()),
            length: u32::from_be_bytes(fields.take()),
        };
        let length = header.length as usize;
        if length > Self::MAX_LENGTH {
            return Err(DecodeError::new(
                Fault::TooLarge {
                    limit: Self::MAX_LENGTH,
                },
                what,
            ));
        }
        // A record holds at least one byte of its frame, or a receiver could be kept busy for free.
        if length <= TAG {
            return Err(DecodeError::new(Fault::Truncated, what));
        }
        Ok(header)
    }
}

impl InputHeader {
    /// Bytes of the header.
    pub const LEN: usize = 8;
    /// Bytes of ciphertext and tag, always.
    pub const LENGTH: usize = limits::INPUT_RECORD + TAG;

    /// The header as bytes.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[0] = INPUT;
        out[2..4].copy_from_slice(&(Self::LENGTH as u16).to_be_bytes());
        out[4..8].copy_from_slice(&self.grant.to_be_bytes());
        out
    }

    /// Reads a header.
    ///
    /// # Errors
    /// For another type, flags, or a length that is not the fixed one.
    pub fn read(bytes: &[u8; Self::LEN]) -> Result<Self, DecodeError> {
        let mut fields = Fields(bytes);
        let [record_type, flags] = fields.take();
        let length = u16::from_be_bytes(fields.take());
        let grant = u32::from_be_bytes(fields.take());
        if record_type != INPUT || flags != 0 || usize::from(length) != Self::LENGTH {
            return Err(DecodeError::new(Fault::InvalidValue, "an input record"));
        }
        Ok(Self { grant })
    }
}

/// Fixed-width fields, one after the other.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl Fields<'_> {
    /// The next `N` bytes; zeros if there are too few, which fixed-size callers rule out.
    pub(crate) fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((field, rest)) => {
                self.0 = rest;
                *field
            }
            None => [0; N],
        }
    }
}
