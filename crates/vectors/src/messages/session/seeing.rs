//! Names, consent, displays and frames.

use alongside_wire::{
    Scopes,
    session::{
        Consent, DisplayInfo, Displays, Epoch, EpochSeen, Introduce, Message, Refresh, Shown,
    },
};

use crate::messages::{Plane, run};

pub(super) fn add(plane: &mut Plane<Message>) {
    let introduce = Introduce {
        opening: run(0x80),
        name: "Ada".into(),
        card: vec![],
        proof: vec![],
    };
    plane.message("name", "a name and no card", introduce.clone());
    plane.valid(
        "no-name",
        "no name either",
        Introduce {
            name: String::new(),
            ..introduce.clone()
        },
    );
    plane.valid(
        "longest",
        "64 bytes of name, in any script",
        Introduce {
            name: "é".repeat(32),
            ..introduce.clone()
        },
    );
    let carded = Introduce {
        name: String::new(),
        card: run::<200>(0).into(),
        proof: run::<64>(0).into(),
        ..introduce.clone()
    };
    plane.valid(
        "card",
        "a card, which is read on its own, with a proof",
        carded.clone(),
    );
    plane.wrong(
        "long-name",
        "a name of 65 bytes",
        Introduce {
            name: "x".repeat(65),
            ..introduce.clone()
        },
        "WIRE-5",
    );
    for (id, about, name) in [
        ("escape", "an escape in a name", "Ada\u{1b}"),
        ("c1", "a control character beyond ASCII", "Ada\u{85}"),
    ] {
        plane.wrong(
            id,
            about,
            Introduce {
                name: name.into(),
                ..introduce.clone()
            },
            "WIRE-7",
        );
    }
    plane.body(
        "introduce/not-utf-8",
        "a name that is not UTF-8",
        0x02,
        &[&run::<32>(0x80)[..], &[2, 0xC3, 0x28, 0, 0]].concat(),
        "WIRE-7",
    );
    plane.wrong(
        "long-card",
        "a card of 1,025 bytes",
        Introduce {
            card: vec![1; 1_025],
            ..carded.clone()
        },
        "WIRE-5",
    );
    plane.wrong(
        "proof-alone",
        "a proof without a card",
        Introduce {
            proof: vec![0; 64],
            ..introduce
        },
        "CARD-10",
    );
    plane.wrong(
        "no-proof",
        "a card without a proof",
        Introduce {
            proof: vec![],
            ..carded.clone()
        },
        "CARD-10",
    );
    plane.wrong(
        "short-proof",
        "a proof of 63 bytes",
        Introduce {
            proof: vec![0; 63],
            ..carded.clone()
        },
        "CARD-10",
    );
    plane.wrong(
        "name-and-card",
        "a name beside a card",
        Introduce {
            name: "Ada".into(),
            ..carded
        },
        "CARD-10",
    );

    plane.message(
        "view-and-chat",
        "both",
        Consent {
            scopes: Scopes::CONSENT,
        },
    );
    plane.valid(
        "none",
        "no scopes: the helper judges that",
        Consent {
            scopes: Scopes::NONE,
        },
    );
    plane.body(
        "consent/scopes",
        "a scope that is not registered",
        0x04,
        &[0x80, 0x02],
        "WIRE-7",
    );
    plane.body(
        "consent/overlong",
        "scopes with a superfluous byte",
        0x04,
        &[0xC1, 0x00],
        "WIRE-6",
    );
    plane.body(
        "consent/large",
        "scopes beyond 16 bits",
        0x04,
        &[0x80, 0x80, 0x04],
        "WIRE-1",
    );

    let display = |id, width, height| DisplayInfo { id, width, height };
    let displays = |displays: &[DisplayInfo]| Displays {
        displays: displays.into(),
    };
    plane.message(
        "two",
        "two displays",
        displays(&[display(0, 1_920, 1_080), display(7, 1, 16_384)]),
    );
    plane.valid("none", "no display", displays(&[]));
    plane.valid(
        "most",
        "16 displays",
        displays(&std::array::from_fn::<_, 16, _>(|id| {
            display(id as u8, 8, 8)
        })),
    );
    plane.wrong(
        "many",
        "17 displays",
        displays(&std::array::from_fn::<_, 17, _>(|id| {
            display(id as u8, 8, 8)
        })),
        "WIRE-5",
    );
    plane.wrong(
        "twice",
        "one id twice",
        displays(&[display(3, 8, 8), display(3, 9, 9)]),
        "WIRE-7",
    );
    plane.wrong(
        "no-width",
        "a side of 0",
        displays(&[display(0, 0, 8)]),
        "WIRE-7",
    );
    plane.wrong(
        "no-height",
        "the other side of 0",
        displays(&[display(0, 8, 0)]),
        "WIRE-7",
    );
    plane.wrong(
        "wide",
        "a side of 16,385",
        displays(&[display(0, 16_385, 8)]),
        "WIRE-5",
    );
    plane.wrong(
        "high",
        "the other side of 16,385",
        displays(&[display(0, 8, 16_385)]),
        "WIRE-5",
    );

    plane.message("first", "frame 1", Shown { frame: 1 });
    plane.valid("last", "the highest frame", Shown { frame: u32::MAX });
    plane.body(
        "shown/overlong",
        "a frame with a superfluous byte",
        0x08,
        &[0x85, 0x00],
        "WIRE-6",
    );
    plane.body(
        "shown/large",
        "a frame beyond 32 bits",
        0x08,
        &[0x80, 0x80, 0x80, 0x80, 0x10],
        "WIRE-1",
    );
    plane.message(
        "running",
        "epoch 1, running",
        Epoch {
            epoch: 1,
            paused: false,
        },
    );
    plane.valid(
        "paused",
        "an epoch that is paused",
        Epoch {
            epoch: u32::MAX,
            paused: true,
        },
    );
    plane.body("epoch/bool", "a bool that is 2", 0x16, &[1, 2], "WIRE-7");
    plane.message("first", "epoch 1", EpochSeen { epoch: 1 });
    plane.message("empty", "nothing in it", Refresh {});
}
