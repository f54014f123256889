//! What is around messages: pads, several in one record, types that are not known.

use alongside_wire::session::{Heartbeat, Message, Pad, Refresh};

use crate::messages::{Plane, refusal};

pub(super) fn add(plane: &mut Plane<Message>) {
    let heartbeat = || Message::from(Heartbeat {});
    plane.valid("zeros", "zeros", Pad { len: 5 });
    plane.valid("empty", "nothing in it", Pad { len: 0 });
    plane.bytes(
        "plaintext/pad-bytes",
        "a pad of any bytes; it is not written again as it came",
        &["WIRE-9"],
        &[0x01, 0x02, 0xFF, 0x00],
        &[Pad { len: 2 }.into()],
    );
    plane.bytes(
        "plaintext/several",
        "several messages in one record",
        &["WIRE-9"],
        &[0x20, 0, 0x1A, 0, 0x20, 0],
        &[heartbeat(), Refresh {}.into(), heartbeat()],
    );
    plane.bytes(
        "plaintext/ignorable",
        "an odd type that is not known is skipped",
        &["WIRE-9"],
        &[0x3B, 0x01, 0x07, 0x20, 0x00],
        &[heartbeat()],
    );
    plane.bytes(
        "plaintext/ignorable-alone",
        "nothing else in the record",
        &["WIRE-9"],
        &[0xBB, 0x01, 0x00],
        &[],
    );
    for (number, id) in [
        (0x00, "zero"),
        (0x26, "critical"),
        (0x3000, "private-critical"),
    ] {
        plane.body(
            &format!("plaintext/{id}"),
            "an even type that is not known",
            number,
            &[],
            "WIRE-8",
        );
    }
    for (id, about, bytes, clause) in [
        ("none", "a plaintext without a message", &[][..], "WIRE-3"),
        (
            "cut",
            "a message that ends too early",
            &[0x20, 0x00, 0x16, 0x02, 0x01],
            "WIRE-3",
        ),
        (
            "header",
            "a type without a length",
            &[0x20, 0x00, 0x20],
            "WIRE-3",
        ),
    ] {
        plane.refused(&format!("plaintext/{id}"), about, bytes, refusal(clause));
    }
    plane.headers("plaintext", &[0x20, 0x00]);
    plane.refused(
        "plaintext/large-length",
        "a length beyond a record",
        &[0x01, 0x81, 0x80, 0x01],
        refusal("WIRE-5"),
    );
}
