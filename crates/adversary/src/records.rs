//! Sealed records that are changed, cut, repeated, left out and put in another order: what opens is what was sealed, and
//! opens once.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::channel::{input::GrantKey, keys::Keys, media, session};
use alongside_wire::{
    Direction, Suite, envelope::Envelope, input, limits::INPUT_RECORD, record::MediaHeader,
};

use crate::source::Source;

/// Records of the longest run, and bytes of the longest frame.
const RECORDS: usize = 60;
const FRAME: usize = 40_000;

/// Looks for a record that opens and was not sealed, or opens twice, or out of turn.
///
/// # Panics
/// If there is one.
pub fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    let suite = *source.pick(&[Suite::ChaChaPoly, Suite::AesGcm]);
    let keys = Keys::from_master(suite, [source.byte(); 32]);
    match source.below(3) {
        0 => of_media(&keys, &mut source),
        1 => of_session(&keys, &mut source),
        _ => of_input(&keys, &mut source),
    }
}

/// Changes some bytes, or leaves them as they are; most often that.
pub(crate) fn tamper(bytes: &mut Vec<u8>, source: &mut Source<'_>) {
    let at = source.below(bytes.len().max(1));
    match source.byte() {
        0..=15 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= source.byte();
            }
        }
        16..=20 => bytes.truncate(at),
        21..=24 => bytes.insert(at.min(bytes.len()), source.byte()),
        25 => bytes.clear(),
        _ => {}
    }
}

/// The order in which records come: those that were made, with some left out, repeated or moved.
fn order(count: usize, source: &mut Source<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for _ in 0..source.below(8) {
        let (from, to) = (source.below(count), source.below(count));
        match source.below(3) {
            0 => order.swap(from, to),
            1 => order.push(from),
            _ => order.retain(|one| *one != from),
        }
        if order.is_empty() {
            break;
        }
        // What was left out does not come back by a swap.
        order.resize(order.len().max(count), to);
    }
    order
}

/// Media may come in any order, and each record that opens once.
fn of_media(keys: &Keys, source: &mut Source<'_>) {
    let epoch = source.below(3) as u32;
    let mut sealer = media::Sealer::new(keys, epoch);
    let (mut records, mut sealed) = (Vec::new(), BTreeMap::new());
    for frame in 0..1 + source.below(RECORDS) as u32 {
        let len = if source.one_in(10) { FRAME } else { 60 };
        let len = 1 + source.below(len);
        let encoded = vec![frame as u8; len];
        let bytes = sealer.seal(keys, frame, &encoded);
        let mut rest = &bytes[..];
        while let Some((header, after)) = rest.split_first_chunk::<{ MediaHeader::LEN }>() {
            let header = MediaHeader::read(header).expect("a header of ours");
            let (body, after) = after.split_at(header.length as usize);
            sealed.insert(header.number, (header, body.len() - 16, frame as u8));
            records.push((header.to_bytes(), body.to_vec()));
            rest = after;
        }
    }
    let mut opener = media::Opener::new(epoch);
    let mut opened = BTreeSet::new();
    for at in order(records.len(), source) {
        let (header, mut body) = records[at].clone();
        let mut header = header.to_vec();
        tamper(&mut header, source);
        tamper(&mut body, source);
        let Ok(header) = <&[u8; MediaHeader::LEN]>::try_from(&header[..]) else {
            continue;
        };
        let Ok(header) = MediaHeader::read(header) else {
            continue;
        };
        if let Ok(plaintext) = opener.open(keys, &header, body) {
            let (same, len, byte) = sealed[&header.number];
            assert_eq!(header, same, "a header that was not sealed");
            assert_eq!(plaintext, vec![byte; len], "what was not sealed");
            assert!(
                opened.insert(header.number),
                "{} opens twice",
                header.number
            );
        }
    }
}

/// Records of the session plane open in their order alone, and nothing does after the first that does not.
fn of_session(keys: &Keys, source: &mut Source<'_>) {
    let direction = *source.pick(&[Direction::ToHelper, Direction::ToSharer]);
    let mut sealer = session::Sealer::new(keys, direction);
    let count = 1 + source.below(RECORDS);
    let said: Vec<_> = (0..count).map(|at| vec![at as u8; 1 + at % 40]).collect();
    let sealed: Vec<_> = said.iter().map(|text| sealer.seal(keys, text)).collect();
    let mut opener = session::Opener::new(keys, direction);
    let mut next = 0;
    for at in order(count, source) {
        let mut envelope = sealed[at].clone();
        tamper(&mut envelope, source);
        let Ok(Some(Envelope::Sealed(record))) = Envelope::read(&envelope) else {
            continue;
        };
        if let Ok(plaintext) = opener.open(keys, &record) {
            assert_eq!((at, &plaintext), (next, &said[next]), "not the next record");
            next += 1;
        }
    }
}

/// Records of input as well.
fn of_input(keys: &Keys, source: &mut Source<'_>) {
    let secret = [source.byte(); 32];
    let mut sealer = GrantKey::new(keys, 7, &secret);
    let count = 1 + source.below(RECORDS);
    let event = |at: usize| input::InputEvent::Key {
        usage: at as u16,
        down: true,
    };
    let said: Vec<_> = (0..count)
        .map(|at| input::encode_record(&[event(at)]))
        .collect();
    let sealed: Vec<_> = (0..count).map(|at| sealer.seal(&[event(at)])).collect();
    let mut opener = GrantKey::new(keys, 7, &secret);
    let mut next = 0;
    for at in order(count, source) {
        let header = sealed[at].len() - INPUT_RECORD - 16;
        let mut record = sealed[at][header..].to_vec();
        tamper(&mut record, source);
        if let Ok(plaintext) = opener.open(&record) {
            assert_eq!((at, plaintext), (next, said[next]), "not the next record");
            next += 1;
        }
    }
}
