//! Renewal, clipboard, drawing, secure desktop, probes.

use alongside_wire::session::{
    Clear, Clipboard, ClipboardTaken, ControlRenew, Laser, Message, PathOffer, Probe, ProbeAnswer,
    SecureDesktop, Stroke,
};

use crate::messages::{Plane, run};

pub(super) fn add(plane: &mut Plane<Message>) {
    plane.message(
        "asked",
        "for request 2",
        ControlRenew {
            request: 2,
            grant: 1,
            duration_ms: 900_000,
        },
    );
    plane.valid(
        "unasked",
        "begun by the sharer",
        ControlRenew {
            request: 0,
            grant: 1,
            duration_ms: 1,
        },
    );
    let item = |text: &str| Clipboard {
        grant: 1,
        item: 1,
        text: text.into(),
    };
    plane.message("item", "an item", item("a line\nand another"));
    plane.valid("empty", "an empty item", item(""));
    plane.valid("longest", "12,288 bytes", item(&"x".repeat(12_288)));
    plane.wrong("long", "12,289 bytes", item(&"x".repeat(12_289)), "WIRE-5");
    plane.body(
        "clipboard/not-utf-8",
        "a text that is not UTF-8",
        0x42,
        &[1, 1, 1, 0xFF],
        "WIRE-7",
    );
    plane.message(
        "taken",
        "the person took it",
        ClipboardTaken {
            item: 1,
            taken: true,
        },
    );
    plane.valid(
        "refused",
        "the person refused it",
        ClipboardTaken {
            item: 2,
            taken: false,
        },
    );
    plane.body(
        "clipboard-taken/bool",
        "a bool that is 2",
        0x44,
        &[1, 2],
        "WIRE-7",
    );
    let stroke = Stroke {
        grant: 1,
        stroke: 5,
        display: 0,
        colour: 0,
        width: 4,
        points: vec![(0, 0), (65_535, 128)],
    };
    plane.message("red", "two points in red", stroke.clone());
    plane.valid(
        "most",
        "256 points, the last colour, the widest",
        Stroke {
            colour: 7,
            width: 32,
            points: vec![(1, 2); 256],
            ..stroke.clone()
        },
    );
    plane.wrong(
        "colour",
        "a colour that is not there",
        Stroke {
            colour: 8,
            ..stroke.clone()
        },
        "WIRE-7",
    );
    plane.wrong(
        "no-width",
        "a width of 0",
        Stroke {
            width: 0,
            ..stroke.clone()
        },
        "WIRE-7",
    );
    plane.wrong(
        "wide",
        "a width of 33",
        Stroke {
            width: 33,
            ..stroke.clone()
        },
        "WIRE-7",
    );
    plane.wrong(
        "no-points",
        "no points",
        Stroke {
            points: vec![],
            ..stroke.clone()
        },
        "WIRE-7",
    );
    plane.wrong(
        "points",
        "257 points",
        Stroke {
            points: vec![(1, 2); 257],
            ..stroke
        },
        "WIRE-5",
    );
    plane.message(
        "corner",
        "the last pixel",
        Laser {
            grant: 1,
            display: 7,
            x: 65_535,
            y: 65_535,
        },
    );
    plane.body(
        "laser/large",
        "a position beyond 16 bits",
        0x48,
        &[1, 0, 0x80, 0x80, 0x04, 0],
        "WIRE-1",
    );
    plane.message("grant", "under grant 1", Clear { grant: 1 });
    plane.message(
        "appears",
        "the question appears",
        SecureDesktop { active: true },
    );
    plane.valid("gone", "it is gone", SecureDesktop { active: false });
    plane.body(
        "secure-desktop/bool",
        "a bool that is 2",
        0x4C,
        &[2],
        "WIRE-7",
    );
    plane.message("number", "any number", Probe { probe: 300 });
    plane.message(
        "number",
        "the number of the probe",
        ProbeAnswer { probe: 300 },
    );
    plane.message(
        "certificate",
        "SHA-256 of a certificate",
        PathOffer {
            certificate: run(0xD0),
        },
    );
    plane.body(
        "path-offer/short",
        "a byte less",
        0x63,
        &[0xD0; 31],
        "WIRE-3",
    );
    plane.body(
        "path-offer/long",
        "a byte more",
        0x63,
        &[0xD0; 33],
        "WIRE-4",
    );
}
