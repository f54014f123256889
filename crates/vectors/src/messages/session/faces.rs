//! Cards, statements of devices, pictures.

use alongside_wire::session::{Advisory, AdvisoryAck, Card, Message, Picture, PictureRequest};

use crate::messages::{Plane, run};

pub(super) fn add(plane: &mut Plane<Message>) {
    let card = Card {
        card: run::<200>(0).into(),
        proof: run::<64>(0).into(),
    };
    plane.message(
        "card",
        "a card, which is read on its own, with its proof",
        card.clone(),
    );
    plane.wrong(
        "empty",
        "no card",
        Card {
            card: vec![],
            ..card.clone()
        },
        "WIRE-7",
    );
    plane.wrong(
        "long",
        "a card of 1,025 bytes",
        Card {
            card: vec![1; 1_025],
            ..card.clone()
        },
        "WIRE-5",
    );
    plane.wrong(
        "proof",
        "a proof of 63 bytes",
        Card {
            proof: vec![0; 63],
            ..card
        },
        "WIRE-7",
    );
    let advisory = Advisory {
        statement: run::<140>(0).into(),
        proof: run::<64>(0).into(),
    };
    plane.message(
        "statement",
        "a statement, which is read on its own, with its proof",
        advisory.clone(),
    );
    plane.valid("none", "neither", Advisory::default());
    plane.wrong(
        "long",
        "a statement of 257 bytes",
        Advisory {
            statement: vec![1; 257],
            ..advisory.clone()
        },
        "WIRE-5",
    );
    plane.wrong(
        "no-proof",
        "a statement without a proof",
        Advisory {
            proof: vec![],
            ..advisory.clone()
        },
        "WIRE-7",
    );
    plane.wrong(
        "proof-alone",
        "a proof without a statement",
        Advisory {
            statement: vec![],
            ..advisory
        },
        "WIRE-7",
    );
    plane.message("empty", "nothing in it", AdvisoryAck {});
    plane.message("empty", "nothing in it", PictureRequest {});
    plane.message(
        "piece",
        "a piece",
        Picture {
            offset: 8_192,
            data: b"a picture".to_vec(),
        },
    );
    plane.valid(
        "none",
        "the picture is not at hand",
        Picture {
            offset: 0,
            data: vec![],
        },
    );
    plane.valid(
        "longest",
        "the longest piece",
        Picture {
            offset: 0,
            data: vec![1; 8_192],
        },
    );
    plane.wrong(
        "long",
        "a piece of 8,193 bytes",
        Picture {
            offset: 0,
            data: vec![1; 8_193],
        },
        "WIRE-5",
    );
}
