//! Frames sealed and opened as the clients do it: in records, by the suite and the AEAD that they choose
//! on this machine.

use alongside_benches_pure::met;
use alongside_client::aead::{Ring, suites};
use alongside_state_machine::channel::{
    keys::Keys,
    media::{Opener, Sealer},
};
use alongside_wire::record::MediaHeader;
use bytes::Bytes;

use crate::Failure;

/// Only has to be the same at both ends.
const EPOCH: u32 = 1;

/// The end that seals one frame again and again.
pub(super) struct Seals {
    keys: Keys,
    sealer: Sealer,
    frame: Bytes,
    number: u32,
}

/// The end that opens.
pub(super) struct Opens {
    keys: Keys,
    opener: Opener,
    /// Of the record that is arriving, if all of it is there.
    header: Option<MediaHeader>,
    begun: Vec<u8>,
}

/// Both ends, after a handshake.
pub(super) fn ends(frame: Bytes) -> Result<(Seals, Opens), Failure> {
    let suite = suites().first().copied().ok_or("there is no suite")?;
    let (sharer, helper) = met(suite)?;
    let [sharer, helper] = [sharer.channel.keys, helper.channel.keys].map(|keys| keys.with(&Ring));
    let seals = Seals {
        sealer: Sealer::new(&sharer, EPOCH),
        keys: sharer,
        frame,
        number: 0,
    };
    let opens = Opens {
        keys: helper,
        opener: Opener::new(EPOCH),
        header: None,
        begun: Vec::new(),
    };
    Ok((seals, opens))
}

impl Seals {
    /// The records of the next frame.
    pub(super) fn next(&mut self) -> Bytes {
        self.number = self.number.wrapping_add(1);
        let records = self.sealer.seal(&self.keys, self.number, &self.frame[..]);
        records.into()
    }
}

impl Opens {
    /// Takes the next bytes of a stream of records: how many bytes of frames are in those that end here.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<usize, Failure> {
        let mut opened = 0;
        loop {
            let whole = self.header.as_ref();
            let whole = whole.map_or(MediaHeader::LEN, |header| header.length as usize);
            let missing = whole - self.begun.len();
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            self.begun.reserve_exact(missing);
            self.begun.extend_from_slice(now);
            bytes = later;
            if now.len() < missing {
                return Ok(opened);
            }
            if let Some(header) = self.header.take() {
                let opener = &mut self.opener;
                let frame = opener.open_in_place(&self.keys, &header, &mut self.begun);
                let frame = frame.map_err(|why| format!("a record was dropped: {why:?}"))?;
                opened += frame.len();
            } else {
                let header = self.begun.first_chunk().ok_or("half a header")?;
                self.header = Some(MediaHeader::read(header)?);
            }
            self.begun.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_may_come_in_any_pieces_and_none_is_changed() {
        let frame = Bytes::from(vec![7; 40_000]);
        let (mut seals, mut opens) = ends(frame).unwrap();
        let stream = [seals.next(), seals.next()].concat();
        let opened: usize = stream
            .chunks(1_300)
            .map(|bytes| opens.take(bytes).unwrap())
            .sum();
        assert_eq!(opened, 80_000);
        let mut forged = seals.next().to_vec();
        forged[100] ^= 1;
        assert!(opens.take(&forged).is_err());
    }
}
