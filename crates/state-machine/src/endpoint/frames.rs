//! Records from frame streams, and frames from records.

use alloc::{borrow::Cow, collections::BTreeMap, vec::Vec};

use alongside_wire::{
    DecodeError,
    limits::{FRAME, FRAME_STREAMS, INCOMPLETE_FRAMES, RECORD_PLAINTEXT},
    record::{InputHeader, MediaHeader},
};

use super::forwarded::PATH_STREAMS;
use crate::{error::Fault, mutant};

/// A fixed header that says how many bytes follow it.
pub(super) trait Header: Sized {
    /// Bytes of the header.
    const LEN: usize;

    /// Reads exactly that many bytes.
    fn read(bytes: &[u8]) -> Result<Self, DecodeError>;

    /// Bytes that follow.
    fn body(&self) -> usize;
}

impl Header for MediaHeader {
    const LEN: usize = Self::LEN;

    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(&fixed(bytes))
    }

    fn body(&self) -> usize {
        self.length as usize
    }
}

impl Header for InputHeader {
    const LEN: usize = Self::LEN;

    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(&fixed(bytes))
    }

    fn body(&self) -> usize {
        Self::LENGTH
    }
}

/// The first `N` bytes, which the caller has counted.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk::<N>().copied().unwrap_or([0; N])
}

/// The streams of the other end: of each, the beginning of a record whose rest is to come.
#[derive(Default)]
pub(super) struct Streams {
    begun: BTreeMap<u64, Beginning>,
    /// Room that a record had, for the body of one to come.
    spare: Vec<u8>,
}

/// The body is apart, because it is handed over and opened where it is.
#[derive(Default)]
struct Beginning {
    header: Vec<u8>,
    body: Vec<u8>,
}

/// A stream from which no record can be read, or one too many.
pub(super) struct Stopped;

impl Streams {
    /// Takes bytes of a stream and hands each whole record to `record`. Keeps no more than the
    /// beginning of one.
    pub(super) fn push<H: Header>(
        &mut self,
        id: u64,
        bytes: &[u8],
        fin: bool,
        record: impl FnMut(H, Vec<u8>),
    ) -> Result<(), Stopped> {
        //= spec/09-limits-errors.md#kinds [ERROR-3] 72eec8fc
        //= spec/20-forwarded-packets.md#clients [PATH-27] ae88f509
        let alike = |other: &&u64| (**other < PATH_STREAMS) == (id < PATH_STREAMS);
        if !self.begun.contains_key(&id) && self.begun.keys().filter(alike).count() == FRAME_STREAMS
        {
            return Err(Stopped);
        }
        let begun = self.begun.entry(id).or_default();
        let pushed = begun.push(bytes, &mut self.spare, record);
        if fin || pushed.is_err() {
            self.begun.remove(&id);
        }
        pushed
    }

    /// Takes back the room of a record that was handed over.
    pub(super) fn reuse(&mut self, mut body: Vec<u8>) {
        body.clear();
        self.spare = body;
    }

    /// A path is over, and with it its streams.
    pub(super) fn forget_path(&mut self) {
        self.begun.retain(|id, _| *id < PATH_STREAMS);
    }

    /// The other end gave a stream up.
    pub(super) fn forget(&mut self, id: u64) {
        self.begun.remove(&id);
    }
}

impl Beginning {
    fn push<H: Header>(
        &mut self,
        mut bytes: &[u8],
        spare: &mut Vec<u8>,
        mut record: impl FnMut(H, Vec<u8>),
    ) -> Result<(), Stopped> {
        loop {
            let header = match self.header.len() == H::LEN {
                false => None,
                //= spec/06-media-input.md#media-records [MEDIA-9] 8bfeb4a3
                true => Some(H::read(&self.header).map_err(|_| Stopped)?),
            };
            let (part, wanted) = match &header {
                None => (&mut self.header, H::LEN),
                Some(header) => {
                    if self.body.capacity() == 0 {
                        self.body = core::mem::take(spare);
                    }
                    (&mut self.body, header.body())
                }
            };
            let missing = wanted - part.len();
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            part.reserve_exact(missing);
            part.extend_from_slice(now);
            bytes = later;
            if now.len() < missing {
                return Ok(());
            }
            if let Some(header) = header {
                self.header.clear();
                record(header, core::mem::take(&mut self.body));
            }
        }
    }
}

/// Bytes for which a frame of more than one record has room at first, so that most need not move while they grow.
const ROOM: usize = 4 * RECORD_PLAINTEXT;

/// Frames of which the beginning is here.
#[derive(Default)]
pub(super) struct Assembly {
    partial: BTreeMap<u32, Partial>,
}

struct Partial {
    /// The stream on which it comes.
    stream: u64,
    next_index: u16,
    bytes: Vec<u8>,
}

/// What an authentic record made of a frame.
pub(super) enum Progress<'a> {
    /// More is to come.
    Partial,
    /// The whole encoding of a frame; that of one record stays where it was opened.
    Whole(Cow<'a, [u8]>),
    /// A frame can never become whole; ask for a complete one.
    Lost,
}

impl Assembly {
    //= spec/06-media-input.md#frames [MEDIA-13] 630250c8
    /// Adds the plaintext of an authentic record. Records of a frame come in order, because they
    /// are on one stream.
    pub(super) fn add<'a>(
        &mut self,
        stream: u64,
        header: &MediaHeader,
        plaintext: &'a [u8],
    ) -> Result<Progress<'a>, Fault> {
        let frame = header.frame;
        let mut lost = false;
        if header.index == 0 {
            //= spec/06-media-input.md#media-records [MEDIA-10] eb5333ea
            if self.partial.len() == INCOMPLETE_FRAMES && !mutant::is("MEDIA-10/hoards") {
                self.partial.pop_first();
                lost = true;
            }
            if header.last {
                self.partial.remove(&frame);
                return Ok(Progress::Whole(Cow::Borrowed(plaintext)));
            }
            let begun = Partial {
                stream,
                next_index: 0,
                bytes: Vec::with_capacity(ROOM),
            };
            self.partial.insert(frame, begun);
        }
        let Some(partial) = self.partial.get_mut(&frame) else {
            return Ok(Progress::Lost);
        };
        if partial.next_index != header.index {
            self.partial.remove(&frame);
            return Ok(Progress::Lost);
        }
        //= spec/06-media-input.md#media-records [MEDIA-11] 67a0f931
        if partial.bytes.len() + plaintext.len() > FRAME {
            self.partial.remove(&frame);
            return Err(Fault::FrameOverrun);
        }
        partial.bytes.extend_from_slice(plaintext);
        partial.next_index = partial.next_index.saturating_add(1);
        if header.last {
            let whole = core::mem::take(&mut partial.bytes);
            self.partial.remove(&frame);
            return Ok(Progress::Whole(Cow::Owned(whole)));
        }
        Ok(if lost {
            Progress::Lost
        } else {
            Progress::Partial
        })
    }

    /// A path is over, and with it what began on it.
    pub(super) fn forget_path(&mut self) {
        self.partial.retain(|_, begun| begun.stream < PATH_STREAMS);
    }

    /// The other end gave a stream up.
    pub(super) fn forget(&mut self, stream: u64) {
        self.partial.retain(|_, begun| begun.stream != stream);
    }

    /// Another epoch: nothing that began before can end.
    pub(super) fn clear(&mut self) {
        self.partial.clear();
    }
}
