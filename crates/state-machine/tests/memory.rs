//! Floods are not kept. Alone in its process, because it looks at the memory of all of it.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs
)]

use alongside_harness::World;
use alongside_state_machine::channel::media;
use alongside_wire::framing;

/// Pages of this process that are in memory, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

fn drain(world: &mut World) {
    while world.helper.poll_transmit().is_some() || world.sharer.poll_transmit().is_some() {}
    while world.helper.poll_event().is_some() {}
    while world.sharer.poll_event().is_some() {}
}

/// 160 MB of each kind; 40 MB may stay, which is two frames and what an allocator keeps.
const TIMES: u64 = 10_000;
const MOST: usize = 40_000_000;

//= test spec/09-limits-errors.md#kinds [ERROR-3] 72eec8fc
//= test spec/06-media-input.md#media-records [MEDIA-10] eb5333ea
#[test]
fn floods_are_not_kept() {
    let mut world = World::new(1);
    world.viewing();
    let (keys, now) = (world.session_keys().unwrap(), world.now);
    let mut sealer = media::Sealer::new(&keys, 1);
    let before = resident();
    // The beginnings of frames, well sealed.
    for frame in 1..=TIMES {
        let bytes = sealer.seal(&keys, frame as u32, &[7; 16_385]);
        let first = bytes.len() - (media_header() + 1 + 16);
        world.helper.handle_stream(1, &bytes[..first], false, now);
        drain(&mut world);
    }
    assert!(world.helper.counters().discarded_frames > TIMES - 10);
    // The beginnings of records, on streams without end, at both ends.
    let record = sealer.seal(&keys, 1, &[7; 16_384]);
    let input = [[0x42, 0, 0, 80, 0, 0, 0, 1].as_slice(), &[0; 70]].concat();
    for stream in 10..TIMES {
        let part = &record[..record.len() - 1];
        world.helper.handle_stream(stream, part, false, now);
        world.sharer.handle_stream(stream, &input, false, now);
        drain(&mut world);
    }
    assert!(world.helper.counters().stopped_streams > TIMES - 30);
    // What may be ignored, and what is not opened.
    let mut ignored = Vec::new();
    framing::encode(0x3B, &[0; 16_000], &mut ignored);
    for _ in 0..TIMES {
        world.helper.handle_control(&ignored, now);
        world.sharer.handle_control(&ignored, now);
        drain(&mut world);
    }
    let kept = resident().saturating_sub(before);
    assert!(kept < MOST, "{kept} bytes stay");
    assert!(world.helper.machine().ended().is_none());
    assert!(world.sharer.machine().ended().is_none());
}

const fn media_header() -> usize {
    alongside_wire::record::MediaHeader::LEN
}
