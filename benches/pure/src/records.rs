//! Sealing and opening media records, and the AEAD of the same library alone, on as many bytes:
//! `media/X` over `raw/X` is what the records cost.

use std::hint::black_box;

use aes_gcm::Aes256Gcm;
use alongside_state_machine::channel::{
    keys::Keys,
    media::{Opener, Sealer},
};
use alongside_wire::{Suite, limits::RECORD_PLAINTEXT, record::MediaHeader};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{AeadInPlace, Nonce},
};

use crate::{
    Turns, Workload,
    handshake::{SUITES, met},
    turns,
};

const SIZES: [usize; 3] = [1_200, 16 * 1_024, 64 * 1_024];

pub(crate) fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    for (suite, suite_name) in SUITES {
        for size in SIZES {
            let [sealing, both] =
                ["seal", "seal-open"].map(|act| format!("{act}/{suite_name}/{size}"));
            let two = [
                Workload::new(format!("media/{sealing}"), move || {
                    let (sharer, _) = met(suite)?;
                    Ok(seal(sharer.channel.keys, size))
                }),
                Workload::new(format!("media/{both}"), move || {
                    let (sharer, helper) = met(suite)?;
                    Ok(seal_open(sharer.channel.keys, helper.channel.keys, size))
                }),
                Workload::new(format!("raw/{sealing}"), move || {
                    Ok(raw(suite, size, false))
                }),
                Workload::new(format!("raw/{both}"), move || Ok(raw(suite, size, true))),
            ];
            all.extend(two.map(|workload| workload.of_bytes(size)));
        }
    }
    all
}

fn seal(keys: Keys, size: usize) -> Turns {
    let (mut sealer, frame) = (Sealer::new(&keys, 1), vec![7; size]);
    turns(move || Some(sealer.seal(&keys, 1, black_box(&frame))))
}

fn seal_open(sharer: Keys, helper: Keys, size: usize) -> Turns {
    let (mut sealer, frame) = (Sealer::new(&sharer, 1), vec![7; size]);
    let mut opener = Opener::new(1);
    turns(move || {
        let sealed = black_box(sealer.seal(&sharer, 1, black_box(&frame)));
        let mut rest = &sealed[..];
        while !rest.is_empty() {
            let (header, after) = rest.split_first_chunk()?;
            let header = MediaHeader::read(header).ok()?;
            let (body, after) = after.split_at_checked(header.length as usize)?;
            black_box(opener.open(&helper, &header, body).ok()?);
            rest = after;
        }
        Some(())
    })
}

fn raw(suite: Suite, size: usize, open: bool) -> Turns {
    match suite {
        Suite::ChaChaPoly => raw_of(ChaCha20Poly1305::new(&[7; 32].into()), size, open),
        Suite::AesGcm => raw_of(Aes256Gcm::new(&[7; 32].into()), size, open),
    }
}

/// In place, in the pieces that records have.
fn raw_of<A: AeadInPlace + 'static>(cipher: A, size: usize, open: bool) -> Turns {
    let (mut buffer, header) = (vec![7; size], [7; MediaHeader::LEN]);
    let mut number = 0_u64;
    turns(move || {
        for part in black_box(&mut buffer).chunks_mut(RECORD_PLAINTEXT) {
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&number.to_be_bytes());
            let nonce = Nonce::<A>::from_slice(&nonce);
            number += 1;
            let tag = cipher
                .encrypt_in_place_detached(nonce, &header, part)
                .ok()?;
            let tag = black_box(tag);
            if open {
                cipher
                    .decrypt_in_place_detached(nonce, &header, part, &tag)
                    .ok()?;
            }
        }
        Some(())
    })
}
