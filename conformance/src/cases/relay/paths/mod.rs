//! Paths: who gets one, what is forwarded on it, and what ends it. What its packets carry is the ends' own, so that
//! any bytes will do here.

mod ends;
mod forwarding;
mod moving;
mod proving;

use alongside_wire::{
    ErrorCode,
    path::RoutingId,
    rendezvous::{Message, PathOver},
};

use crate::{
    case::Case,
    stage::{Done, OpenPath, RelayStage, Who},
};

pub(super) fn cases() -> Vec<Case> {
    [
        proving::cases(),
        forwarding::cases(),
        moving::cases(),
        ends::cases(),
    ]
    .concat()
}

fn over(code: ErrorCode) -> Message {
    let code = code.to_wire();
    PathOver { code }.into()
}

/// A packet with a short header, of so many bytes.
pub(super) fn short(id: RoutingId, len: usize) -> Vec<u8> {
    packet(&[0x5A], id, len)
}

/// A packet with a long header of a version that nobody knows, of so many bytes.
fn long(id: RoutingId, len: usize) -> Vec<u8> {
    packet(&[0xC7, 0x5A, 0x5A, 0x5A, 0x5A, 16], id, len)
}

fn packet(header: &[u8], id: RoutingId, len: usize) -> Vec<u8> {
    let mut packet = [header, &id, &[0xA5; 8]].concat();
    let rest = (packet.len()..len).map(|place| place.to_le_bytes()[0]);
    packet.extend(rest);
    packet
}

/// The ends of a path in the order in which a packet goes to the sharer, with what it is known by, and to the helper.
const fn ways(path: &OpenPath) -> [([Who; 2], RoutingId); 2] {
    [
        ([path.helper, path.sharer], path.to_sharer),
        ([path.sharer, path.helper], path.to_helper),
    ]
}

/// Sees that packets go both ways.
fn goes(stage: &mut RelayStage<'_>, blame: &'static str, path: &OpenPath) -> Done {
    for (ends, id) in ways(path) {
        stage.is_forwarded(blame, ends, &short(id, 60), None)?;
    }
    Ok(())
}

/// Sees that packets go neither way.
fn stands(stage: &mut RelayStage<'_>, blame: &'static str, path: &OpenPath) -> Done {
    for (ends, id) in ways(path) {
        stage.is_not_forwarded(blame, ends, &short(id, 60))?;
    }
    Ok(())
}
