//! What is forwarded, and how.

use std::time::Instant;

use alongside_wire::limits;
use quinn::udp::EcnCodepoint;

use super::{goes, long, short, ways};
use crate::{
    case::Case,
    cases::relay::limits::limited,
    quic::Weather,
    stage::{Done, RelayStage, Stop},
};

/// Bytes in a second that a relay is set up with.
const RATE: u64 = 20_000;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/path/forwards",
            "packets with short and with long headers come to the other end once, as they are, from the relay",
            &["PATH-12"],
            forwards,
        ),
        Case::relay(
            "relay/path/marks",
            "packets come with the mark for congestion that they left with",
            &["PATH-12"],
            marks,
        ),
        Case::relay(
            "relay/path/stranger",
            "what comes with the right routing id from elsewhere is not forwarded",
            &["PATH-11"],
            stranger,
        )
        .twin("relay/path/forwards"),
        Case::relay(
            "relay/path/unknown-id",
            "what has the routing id of nobody, of its sender, or none that is whole, is not forwarded",
            &["PATH-11"],
            unknown_id,
        )
        .twin("relay/path/forwards"),
        Case::relay(
            "relay/path/longest",
            "a packet of 1,452 bytes is forwarded, and a longer one is not",
            &["PATH-13"],
            longest,
        ),
        Case::relay(
            "relay/path/rate",
            "what an end sends beyond the rate that the relay states is dropped, and the rest is forwarded",
            &["PATH-14"],
            rate,
        )
        .set_up(&limited("path-rate", RATE)),
    ]
}

fn forwards(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    for (ends, id) in ways(&path) {
        for packet in [
            short(id, 17),
            short(id, 60),
            long(id, 22),
            long(id, 1_200),
            short(id, 1_452),
        ] {
            stage.is_forwarded("PATH-12", ends, &packet, None)?;
        }
        // The bit that QUIC calls fixed, and all others of the first byte, mean nothing to a relay.
        for first in [0x00, 0x3F, 0x80, 0xBF, 0xFF] {
            let mut packet = if first < 0x80 {
                short(id, 60)
            } else {
                long(id, 60)
            };
            if let Some(byte) = packet.first_mut() {
                *byte = first;
            }
            stage.is_forwarded("PATH-12", ends, &packet, None)?;
        }
    }
    Ok(())
}

fn marks(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    let all = [
        Some(EcnCodepoint::Ect0),
        Some(EcnCodepoint::Ect1),
        Some(EcnCodepoint::Ce),
        None,
    ];
    for (ends, id) in ways(&path) {
        for ecn in all {
            if !stage.carries_marks(ends, ecn)? {
                return Err(Stop::Untestable(
                    "this machine does not carry marks for congestion".to_owned(),
                ));
            }
            let [_, to] = ends;
            let before = stage.packets_by_now(to)?;
            stage.is_forwarded("PATH-12", ends, &short(id, 60), ecn)?;
            let came = stage.packets(to, before + 1)?;
            let came = came.get(before).map(|packet| packet.ecn);
            let seen = format!("it was marked {came:?}");
            let expected = format!("the mark {ecn:?}");
            stage.check("PATH-12", came == Some(ecn), &expected, seen)?;
        }
    }
    Ok(())
}

fn stranger(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    let other = stage.open_path()?;
    let nobody = stage.client_by(Weather::default())?;
    for from in [nobody, other.helper, other.sharer] {
        for (to, id) in [(path.helper, path.to_helper), (path.sharer, path.to_sharer)] {
            stage.is_not_forwarded("PATH-11", [from, to], &short(id, 60))?;
            stage.is_not_forwarded("PATH-11", [from, to], &long(id, 60))?;
        }
    }
    goes(stage, "PATH-12", &path)?;
    goes(stage, "PATH-12", &other)
}

fn unknown_id(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    let [([helper, sharer], to_sharer), (_, to_helper)] = ways(&path);
    let mut another = to_sharer;
    another[7] ^= 1;
    let mut length_15 = long(to_sharer, 60);
    let mut length_20 = long(to_sharer, 60);
    for (packet, length) in [(&mut length_15, 15), (&mut length_20, 20)] {
        if let Some(byte) = packet.get_mut(5) {
            *byte = length;
        }
    }
    for packet in [
        short(another, 60),
        short([0; 8], 60),
        short(to_sharer, 60).split_at(16).0.to_vec(),
        long(to_sharer, 60).split_at(21).0.to_vec(),
        length_15,
        length_20,
    ] {
        stage.is_not_forwarded("PATH-11", [helper, sharer], &packet)?;
    }
    // To itself.
    stage.is_not_forwarded("PATH-11", [helper, helper], &short(to_helper, 60))?;
    goes(stage, "PATH-12", &path)
}

fn longest(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    for (ends, id) in ways(&path) {
        stage.is_forwarded("PATH-13", ends, &short(id, limits::PATH_PACKET), None)?;
        stage.is_not_forwarded("PATH-13", ends, &short(id, limits::PATH_PACKET + 1))?;
        stage.is_not_forwarded("PATH-13", ends, &long(id, 4_000))?;
        stage.is_forwarded("PATH-13", ends, &short(id, 60), None)?;
    }
    Ok(())
}

fn rate(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    if stage.states("path-rate")? != Some(RATE) {
        return Err(Stop::Untestable(format!(
            "it takes a relay that forwards {RATE} bytes in a second: let it follow `limits` of \
             the set-up file in driver.md"
        )));
    }
    let [(ends, id), _] = ways(&path);
    let [from, to] = ends;
    let (len, begun) = (1_000, Instant::now());
    for _ in 0..3 * RATE / 1_000 {
        stage.sends(from, &short(id, len), None)?;
    }
    let came = stage.packets_by_now(to)?;
    // What a second allows, and what the time since then does.
    let seconds = begun.elapsed().as_millis() / 1_000 + 1;
    let most = u128::from(RATE) * (1 + seconds);
    let bytes = u128::try_from(came * len).unwrap_or(u128::MAX);
    let seen = format!("there came {bytes} bytes");
    let expected = format!("no more than {most} bytes");
    stage.check("PATH-14", bytes <= most, &expected, &*seen)?;
    let least = u128::from(RATE) / 2;
    stage.check("PATH-14", bytes >= least, "what the rate allows", seen)
}
