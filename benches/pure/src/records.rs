//! Sealing and opening media records, and the AEAD of the same library alone, on as many bytes:
//! `media/X` over `raw/X` is what the records cost.

use std::hint::black_box;

use aes_gcm::Aes256Gcm;
use alongside_state_machine::channel::{
    aead::{Aead, Portable},
    keys::Keys,
    media::{Opener, Sealer},
};
use alongside_wire::{Suite, limits::RECORD_PLAINTEXT, record::MediaHeader};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{AeadInPlace, Nonce},
};
use ring::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, UnboundKey};

use crate::{
    Failure, Turns, Workload,
    client_aead::Ring,
    handshake::{SUITES, met},
    turns,
};

const SIZES: [usize; 3] = [1_200, 16 * 1_024, 64 * 1_024];

/// Who implements the AEADs: what goes before the name of a suite, how records take it, and how it is used alone.
struct Library {
    prefix: &'static str,
    aead: &'static dyn Aead,
    raw: fn(Suite, usize, bool) -> Result<Turns, Failure>,
}

/// The core, and the clients.
const LIBRARIES: [Library; 2] = [
    Library {
        prefix: "",
        aead: &Portable,
        raw: raw_portable,
    },
    Library {
        prefix: "ring-",
        aead: &Ring,
        raw: raw_ring,
    },
];

pub(crate) fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    for Library { prefix, aead, raw } in LIBRARIES {
        for (suite, suite_name) in SUITES {
            for size in SIZES {
                let [sealing, both] =
                    ["seal", "seal-open"].map(|act| format!("{act}/{prefix}{suite_name}/{size}"));
                let two = [
                    Workload::new(format!("media/{sealing}"), move || {
                        let (sharer, _) = met(suite)?;
                        Ok(seal(sharer.channel.keys.with(aead), size))
                    }),
                    Workload::new(format!("media/{both}"), move || {
                        let (sharer, helper) = met(suite)?;
                        let [sharer, helper] =
                            [sharer.channel.keys, helper.channel.keys].map(|keys| keys.with(aead));
                        Ok(seal_open(sharer, helper, size))
                    }),
                    Workload::new(format!("raw/{sealing}"), move || raw(suite, size, false)),
                    Workload::new(format!("raw/{both}"), move || raw(suite, size, true)),
                ];
                all.extend(two.map(|workload| workload.of_bytes(size)));
            }
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
    let (mut opener, mut record) = (Opener::new(1), Vec::new());
    turns(move || {
        let sealed = black_box(sealer.seal(&sharer, 1, black_box(&frame)));
        let mut rest = &sealed[..];
        while !rest.is_empty() {
            let (header, after) = rest.split_first_chunk()?;
            let header = MediaHeader::read(header).ok()?;
            let (body, after) = after.split_at_checked(header.length as usize)?;
            // As records come from a stream: into a place that all have one after the other.
            record.clear();
            record.extend_from_slice(body);
            black_box(opener.open_in_place(&helper, &header, &mut record).ok()?);
            rest = after;
        }
        Some(())
    })
}

fn raw_portable(suite: Suite, size: usize, open: bool) -> Result<Turns, Failure> {
    Ok(match suite {
        Suite::ChaChaPoly => raw_of(ChaCha20Poly1305::new(&[7; 32].into()), size, open),
        Suite::AesGcm => raw_of(Aes256Gcm::new(&[7; 32].into()), size, open),
    })
}

fn raw_of<A: AeadInPlace + 'static>(cipher: A, size: usize, open: bool) -> Turns {
    pieces(size, move |nonce, header, part| {
        let nonce = Nonce::<A>::from_slice(nonce);
        let tag = cipher.encrypt_in_place_detached(nonce, header, part).ok()?;
        let tag = black_box(tag);
        if open {
            cipher
                .decrypt_in_place_detached(nonce, header, part, &tag)
                .ok()?;
        }
        Some(())
    })
}

fn raw_ring(suite: Suite, size: usize, open: bool) -> Result<Turns, Failure> {
    let algorithm = match suite {
        Suite::ChaChaPoly => &CHACHA20_POLY1305,
        Suite::AesGcm => &AES_256_GCM,
    };
    let key = UnboundKey::new(algorithm, &[7; 32]).map_err(|_| "no key of ring's")?;
    let key = LessSafeKey::new(key);
    Ok(pieces(size, move |nonce, header, part| {
        let nonce = || ring::aead::Nonce::assume_unique_for_key(*nonce);
        let tag = key
            .seal_in_place_separate_tag(nonce(), Aad::from(header), part)
            .ok()?;
        let tag = black_box(tag);
        if open {
            key.open_in_place_separate_tag(nonce(), Aad::from(header), tag, part, 0..)
                .ok()?;
        }
        Some(())
    }))
}

/// In place, in the pieces that records have, each with a nonce and a header.
fn pieces(
    size: usize,
    mut each: impl FnMut(&[u8; 12], &[u8; MediaHeader::LEN], &mut [u8]) -> Option<()> + 'static,
) -> Turns {
    let (mut buffer, header) = (vec![7; size], [7; MediaHeader::LEN]);
    let mut number = 0_u64;
    turns(move || {
        let mut parts = black_box(&mut buffer).chunks_mut(RECORD_PLAINTEXT);
        parts.try_for_each(|part| {
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&number.to_be_bytes());
            number += 1;
            each(&nonce, &header, part)
        })
    })
}
