//! Every step of a decoder takes some of what came, so that no batch keeps it busy.
#![allow(clippy::unwrap_used, missing_docs)]

use alongside_wire::{framing::Deframer, media::Frame, session::Message};
use proptest::prelude::*;

/// Messages in a stream, and whether it could be read to its end.
fn pulled(bytes: &[u8]) -> (usize, bool) {
    let mut deframer = Deframer::new(65_536, "a test");
    deframer.push(bytes);
    let mut count = 0;
    loop {
        let before = deframer.pending();
        match deframer.pull() {
            Ok(Some(_)) => count += 1,
            Ok(None) => return (count, true),
            Err(_) => return (count, false),
        }
        assert!(deframer.pending() < before, "a step that took nothing");
    }
}

//= test spec/07-wire.md#framing [WIRE-11] 4af16049
#[test]
fn the_smallest_messages_take_two_bytes_each() {
    // `code-request`, 32,768 times.
    let batch = [0x06, 0x00].repeat(32_768);
    assert_eq!(pulled(&batch), (32_768, true));
    // `heartbeat` under seal, as many as a record holds.
    let batch = [0x20, 0x00].repeat(8_192);
    assert_eq!(Message::read_all(&batch).unwrap().len(), 8_192);
    // A list that says it is long, and is not there.
    for length in [0x7F, 0xFF] {
        assert!(Message::read_all(&[0x06, 0x05, length, 0xFF, 0xFF, 0xFF, 0x0F]).is_err());
    }
    // A frame of as many tiles as a count can say, without one of them.
    let mut frame = vec![1, 0, 0, 8, 0, 8, 0xFF, 0xFF];
    assert!(Frame::read(&frame).is_err());
    frame.extend([0; 64]);
    assert!(Frame::read(&frame).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(2_026),
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    })]

    //= test spec/07-wire.md#framing [WIRE-11] 4af16049
    #[test]
    fn no_bytes_give_more_than_they_are(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(pulled(&bytes).0 * 2 <= bytes.len());
        if let Ok(messages) = Message::read_all(&bytes) {
            prop_assert!(messages.len() * 2 <= bytes.len());
        }
        if let Ok(frame) = Frame::read(&bytes) {
            prop_assert!(frame.tiles.len() <= bytes.len());
        }
    }

    //= test spec/07-wire.md#framing [WIRE-11] 4af16049
    /// The same where most bytes are short messages.
    #[test]
    fn no_small_bytes_do_either(bytes in prop::collection::vec(0_u8..8, 0..600)) {
        prop_assert!(pulled(&bytes).0 * 2 <= bytes.len());
        if let Ok(messages) = Message::read_all(&bytes) {
            prop_assert!(messages.len() * 2 <= bytes.len());
        }
    }
}
