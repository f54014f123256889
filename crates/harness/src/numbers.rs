//! Every sealed record of a recording, with the key and the number that it was sealed under.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::channel::{input::GrantKey, keys::Keys, media};
use alongside_wire::{
    record::{INPUT, InputHeader, MEDIA, MediaHeader},
    session::Message,
};

use crate::{
    audit::Plane,
    network::{Packet, Way},
};

/// What tells one key from every other, and the number of a record under it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Used {
    Media(u32, u32, u64),
    Input(u32, u32, u64),
}

/// Checks that no two records that these ends sealed have one key and one number, and returns how
/// many there were. Both ends must be honest: what does not open is an error too. `keys` are those
/// of each generation, in order; no generation may have been used with two masters.
///
/// # Errors
/// The first record that does not open, or whose number was used before, in words.
pub fn numbers(sent: &[(Way, Packet)], keys: &[Keys]) -> Result<usize, String> {
    let generations: BTreeSet<_> = keys.iter().map(Keys::generation).collect();
    if generations.len() != keys.len() {
        return Err("two masters of one generation".to_owned());
    }
    let plane = |way| Plane::of(keys, way).ok_or("there are no keys");
    let mut planes = BTreeMap::from([
        (Way::HelperUp, plane(Way::HelperUp)?),
        (Way::SharerUp, plane(Way::SharerUp)?),
    ]);
    let mut grants: BTreeMap<u32, (u32, GrantKey, u64)> = BTreeMap::new();
    let mut used = BTreeSet::new();
    let mut count = 0;
    for (way, packet) in sent {
        let Some(plane) = planes.get_mut(way) else {
            continue;
        };
        match packet {
            // The counter of a plane runs by itself: what is not next does not open.
            Packet::Control(bytes) => {
                let (messages, closed) = plane.read(bytes);
                if closed {
                    return Err(format!("a record does not open: {way:?}"));
                }
                count += messages.len();
                for message in messages {
                    if let Message::ControlGrant(grant) = message {
                        let key = GrantKey::new(plane.keys(), grant.grant, &grant.secret);
                        let generation = plane.keys().generation();
                        grants.insert(grant.grant, (generation, key, 0));
                    }
                }
            }
            Packet::Stream { bytes, .. } => {
                for record in records(plane.keys(), bytes, &mut grants)? {
                    let said = format!("{record:?}");
                    if !used.insert(record) {
                        return Err(format!("twice: {said}"));
                    }
                    count += 1;
                }
            }
            Packet::Reset { .. } | Packet::Close(_) => {}
        }
    }
    Ok(count)
}

/// The records that one packet holds whole, which is how the endpoints send them.
fn records(
    keys: &Keys,
    bytes: &[u8],
    grants: &mut BTreeMap<u32, (u32, GrantKey, u64)>,
) -> Result<Vec<Used>, String> {
    let mut all = Vec::new();
    let mut rest = bytes;
    while let Some(kind) = rest.first() {
        let (used, after) = match *kind {
            MEDIA => {
                let (header, after) = rest.split_first_chunk().ok_or("a short record")?;
                let header = MediaHeader::read(header).map_err(|error| error.to_string())?;
                let (body, after) = after.split_at(header.length as usize);
                let opened = media::Opener::new(header.epoch).open(keys, &header, body);
                opened.map_err(|dropped| format!("{dropped:?}: {header:?}"))?;
                let generation = keys.generation();
                (Used::Media(generation, header.epoch, header.number), after)
            }
            INPUT => {
                let (header, after) = rest.split_first_chunk().ok_or("a short record")?;
                let header = InputHeader::read(header).map_err(|error| error.to_string())?;
                let (body, after) = after.split_at(InputHeader::LENGTH);
                let grant = grants.get_mut(&header.grant).ok_or("no such grant")?;
                let (generation, key, number) = grant;
                key.open(body).map_err(|_| "input that does not open")?;
                *number += 1;
                (Used::Input(*generation, header.grant, *number), after)
            }
            other => return Err(format!("no record: {other:#04x}")),
        };
        all.push(used);
        rest = after;
    }
    Ok(all)
}
