//! The session plane: what helper and sharer tell each other under seal.

use alongside_wire::{
    Decision, DecodeError, ErrorCode, Scopes,
    receipt::{self, Statement},
    session::{
        Advisory, AdvisoryAck, Card, Chat, ChatAck, Clear, Clipboard, ClipboardTaken, Consent,
        ControlDeny, ControlEnd, ControlGrant, ControlRenew, ControlRequest, ControlWithdraw,
        DisplayInfo, Displays, End, Epoch, EpochSeen, Heartbeat, Introduce, Laser, Message, Pad,
        Pause, Picture, PictureRequest, Probe, ProbeAnswer, Receipt, Refresh, SecureDesktop, Shown,
        State, Stroke,
    },
};

use super::{Plane, refusal, run};
use crate::vector::File;

pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Message>, usize), DecodeError> {
    Ok((Message::read_all(bytes)?, 0))
}

pub(crate) fn file() -> File {
    let mut plane = Plane::new("session", read);
    seeing(&mut plane);
    control(&mut plane);
    life(&mut plane);
    faces(&mut plane);
    tools(&mut plane);
    receipts(&mut plane);
    plaintexts(&mut plane);
    plane.file
}

fn seeing(plane: &mut Plane<Message>) {
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

fn control(plane: &mut Plane<Message>) {
    let request = ControlRequest {
        request: 1,
        scopes: Scopes::CONTROL,
    };
    plane.message("control", "pointer and keyboard", request);
    plane.valid(
        "none",
        "no scopes: the sharer judges that",
        ControlRequest {
            request: 0,
            scopes: Scopes::NONE,
        },
    );
    plane.valid(
        "all",
        "every scope",
        ControlRequest {
            request: u32::MAX,
            scopes: Scopes::ALL,
        },
    );
    plane.body(
        "control-request/scopes",
        "a scope that is not registered",
        0x0A,
        &[1, 0x80, 0x02],
        "WIRE-7",
    );
    plane.message("first", "request 1", ControlWithdraw { request: 1 });
    let grant = ControlGrant {
        request: 1,
        grant: 1,
        scopes: Scopes::CONTROL,
        duration_ms: 900_000,
        secret: run(0xC0),
    };
    plane.message(
        "control",
        "pointer and keyboard for 15 minutes",
        grant.clone(),
    );
    plane.valid(
        "narrowed",
        "a grant that answers no request",
        ControlGrant {
            request: 0,
            grant: 2,
            scopes: Scopes::POINTER,
            ..grant
        },
    );
    let scopes = [&[1, 1, 0x80, 0x02, 1][..], &run::<32>(0xC0)].concat();
    plane.body(
        "control-grant/scopes",
        "a scope that is not registered",
        0x0E,
        &scopes,
        "WIRE-7",
    );
    plane.message(
        "denied",
        "the person refused",
        ControlDeny {
            request: 1,
            code: ErrorCode::Denied.to_wire(),
        },
    );
    plane.message(
        "revoked",
        "the person took it back",
        ControlEnd {
            grant: 1,
            code: ErrorCode::Revoked.to_wire(),
        },
    );
    plane.valid(
        "unregistered",
        "a code that is not registered",
        ControlEnd {
            grant: 1,
            code: 0xFFFF,
        },
    );
    plane.body(
        "control-end/large",
        "a code beyond 16 bits",
        0x12,
        &[1, 0x80, 0x80, 0x04],
        "WIRE-1",
    );
    plane.message("set", "the flag is set", Pause { paused: true });
    plane.valid("unset", "the flag is unset", Pause { paused: false });
    plane.body("pause/bool", "a bool that is 2", 0x14, &[2], "WIRE-7");
}

fn life(plane: &mut Plane<Message>) {
    let chat = |text: &str| Chat {
        id: 1,
        text: text.into(),
    };
    plane.message("line", "a line", chat("It is the second one."));
    plane.valid("empty", "an empty line", chat(""));
    plane.valid(
        "scripts",
        "any script, as it was written",
        chat("שלום, 你好\u{202e}"),
    );
    plane.valid("longest", "4,096 bytes", chat(&"x".repeat(4_096)));
    plane.wrong("long", "4,097 bytes", chat(&"x".repeat(4_097)), "WIRE-5");
    plane.body(
        "chat/not-utf-8",
        "a text that is not UTF-8",
        0x1C,
        &[1, 1, 0xFF],
        "WIRE-7",
    );
    plane.message("first", "line 1", ChatAck { id: 1 });
    plane.message("empty", "nothing in it", Heartbeat {});
    plane.message("done", "a person ended", End { code: 0x0301 });
    plane.valid(
        "unregistered",
        "a code that is not registered",
        End { code: 0xFFFF },
    );
    let state = State {
        paused: false,
        scopes: Scopes::CONSENT,
        epoch: 1,
        grant: 0,
        sent: 2,
        received: 1,
    };
    plane.message(
        "viewing",
        "what a helper knows while viewing",
        state.clone(),
    );
    plane.valid(
        "deciding",
        "before consent",
        State {
            scopes: Scopes::NONE,
            epoch: 0,
            sent: 0,
            received: 0,
            ..state
        },
    );
    plane.body(
        "state/bool",
        "a bool that is 2",
        0x24,
        &[2, 0, 0, 0, 0, 0],
        "WIRE-7",
    );
    plane.body(
        "state/scopes",
        "a scope that is not registered",
        0x24,
        &[0, 0x80, 0x02, 0, 0, 0, 0],
        "WIRE-7",
    );
}

fn faces(plane: &mut Plane<Message>) {
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

fn tools(plane: &mut Plane<Message>) {
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
}

fn receipts(plane: &mut Plane<Message>) {
    let allowed = Statement {
        decision: Decision::ConsentAllowed,
        code: 0,
        request: 0,
        grant: 0,
        scopes: Scopes::CONSENT,
        duration_ms: 0,
        time: 1_700_000_000,
        sequence: 1,
        transcript: run(0),
        sharer_card: [0; 32],
        helper_card: [0; 32],
        key: run(0x40),
    };
    let granted = Statement {
        decision: Decision::ControlGranted,
        request: 1,
        grant: 1,
        scopes: Scopes::CONTROL,
        duration_ms: 900_000,
        ..allowed
    };
    let receipt = |statement| Receipt {
        receipt: Box::new(receipt::Receipt {
            statement,
            signature: [run(0x60), run(0x80)],
        }),
    };
    let of = |decision, code, request, grant, scopes, duration_ms| Statement {
        decision,
        code,
        request,
        grant,
        scopes,
        duration_ms,
        ..allowed
    };
    let none = Scopes::NONE;
    plane.message(
        "consent-allowed",
        "of each decision the fields that it has; signatures are checked elsewhere",
        receipt(allowed),
    );
    for (id, statement) in [
        (
            "consent-declined",
            of(Decision::ConsentDeclined, 0x0302, 0, 0, none, 0),
        ),
        ("control-granted", granted),
        (
            "control-granted-narrowed",
            Statement {
                request: 0,
                ..granted
            },
        ),
        (
            "control-denied",
            of(Decision::ControlDenied, 0x0204, 3, 0, Scopes::CONTROL, 0),
        ),
        (
            "control-ended",
            of(Decision::ControlEnded, 0x0309, 0, 1, none, 0),
        ),
        (
            "session-ended",
            of(Decision::SessionEnded, 0x0301, 0, 0, none, 0),
        ),
        (
            "control-renewed",
            of(Decision::ControlRenewed, 0, 0, 1, none, 900_000),
        ),
    ] {
        plane.valid(id, "the fields of this decision", receipt(statement));
    }
    let mut body = Vec::new();
    alongside_wire::framing::encode(0x61, &receipt(allowed).receipt.to_bytes(), &mut body);
    let body = &body[3..];
    for decision in [0, 8] {
        let unknown = [&[decision][..], &body[1..]].concat();
        plane.body(
            &format!("receipt/decision-{decision}"),
            "a decision that is not in the table",
            0x61,
            &unknown,
            "RECEIPT-8",
        );
    }
    for (id, about, statement) in [
        (
            "allowed-nothing",
            "consent to no scopes",
            Statement {
                scopes: none,
                ..allowed
            },
        ),
        (
            "allowed-code",
            "consent with a code",
            Statement {
                code: 0x0301,
                ..allowed
            },
        ),
        (
            "allowed-request",
            "consent with a request",
            Statement {
                request: 1,
                ..allowed
            },
        ),
        (
            "allowed-grant",
            "consent with a grant",
            Statement {
                grant: 1,
                ..allowed
            },
        ),
        (
            "allowed-duration",
            "consent with a duration",
            Statement {
                duration_ms: 1,
                ..allowed
            },
        ),
        (
            "sequence",
            "the sequence 0",
            Statement {
                sequence: 0,
                ..allowed
            },
        ),
        (
            "declined-code",
            "a refusal with another code",
            of(Decision::ConsentDeclined, 0x0301, 0, 0, none, 0),
        ),
        (
            "granted-long",
            "a grant of more than 15 minutes",
            Statement {
                duration_ms: 900_001,
                ..granted
            },
        ),
        (
            "granted-forever",
            "a grant without a duration",
            Statement {
                duration_ms: 0,
                ..granted
            },
        ),
        (
            "granted-none",
            "a grant without an id",
            Statement {
                grant: 0,
                ..granted
            },
        ),
        (
            "granted-nothing",
            "a grant of no scopes",
            Statement {
                scopes: none,
                ..granted
            },
        ),
        (
            "denied-unasked",
            "a denial without a request",
            of(Decision::ControlDenied, 0x0204, 0, 0, Scopes::CONTROL, 0),
        ),
        (
            "denied-early",
            "a denial that no person gave",
            of(Decision::ControlDenied, 0x0203, 3, 0, Scopes::CONTROL, 0),
        ),
        (
            "ended-why",
            "the end of a grant without a reason",
            of(Decision::ControlEnded, 0, 0, 1, none, 0),
        ),
        (
            "session-why",
            "the end of a session without a reason",
            of(Decision::SessionEnded, 0, 0, 0, none, 0),
        ),
        (
            "renewed-scopes",
            "a renewal with scopes",
            of(Decision::ControlRenewed, 0, 0, 1, Scopes::CONTROL, 1),
        ),
    ] {
        plane.wrong(id, about, receipt(statement), "RECEIPT-8");
    }
}

fn plaintexts(plane: &mut Plane<Message>) {
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
        (
            "overlong-type",
            "a type with a superfluous byte",
            &[0xA0, 0x00, 0x00],
            "WIRE-2",
        ),
        (
            "overlong-length",
            "a length with a superfluous byte",
            &[0x20, 0x80, 0x00],
            "WIRE-2",
        ),
        (
            "large-type",
            "a type beyond 16 bits",
            &[0x81, 0x80, 0x04, 0x00],
            "WIRE-1",
        ),
        (
            "large-length",
            "a length beyond a record",
            &[0x01, 0x81, 0x80, 0x01],
            "WIRE-5",
        ),
    ] {
        plane.refused(&format!("plaintext/{id}"), about, bytes, refusal(clause));
    }
}
