//! The rendezvous plane: what client and relay tell each other.

use alongside_wire::{
    DecodeError, Scopes,
    code::{Code, Locator},
    device::{DeviceId, DeviceToken},
    framing::{self, Deframer},
    limits,
    rendezvous::{
        Call, CardChallenge, CardIssued, CardProof, CardRequest, CodeIssued, CodeRequest, Deliver,
        Gone, Hello, Join, Joined, Leave, Message, Path, PathOpen, PathOver, PathProof,
        PathRequest, PeerBack, PeerLost, Place, Refused, Rejoin, Rejoined, RelayHello, Report,
        Reported, SignIn, SignedIn, Token, Wait, Waiting,
    },
};

use super::{Plane, refusal, run};
use crate::vector::File;

pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Message>, usize), DecodeError> {
    let mut deframer = Deframer::new(limits::CONTROL_MESSAGE, "a vector");
    deframer.push(bytes);
    let mut messages = Vec::new();
    while let Some(message) = Message::pull(&mut deframer)? {
        messages.push(message);
    }
    Ok((messages, deframer.pending()))
}

fn locator() -> Locator {
    Code::parse("4060-r0gx").expect("a code").locator
}

pub(crate) fn file() -> File {
    let mut plane = Plane::new("rendezvous", read);
    valid(&mut plane);
    signing(&mut plane);
    places_and_devices(&mut plane);
    paths(&mut plane);
    wrong(&mut plane);
    streams(&mut plane);
    plane.file
}

fn valid(plane: &mut Plane<Message>) {
    plane.message("no-features", "no features", Hello::default());
    let features = vec![1, 127, 128, 65_535];
    plane.valid("features", "features that nobody knows", Hello { features });
    let hello = RelayHello {
        timers: vec![(1, 600_000)],
        limits: vec![],
    };
    plane.valid("chapter", "timer 1 is 600,000, no limits", hello);
    let hello = RelayHello {
        timers: vec![(1, 0), (65_535, u64::MAX)],
        limits: vec![(1, 65_536), (2, 16_384)],
    };
    plane.message(
        "values",
        "the largest value, and an id that is not registered",
        hello,
    );
    plane.message("empty", "nothing in it", CodeRequest {});
    let issued = CodeIssued {
        locator: locator(),
        lifetime_ms: 600_000,
    };
    plane.message("chapter", "4060 for 600,000 ms", issued);
    let issued = CodeIssued {
        locator: Code::parse("01234567-89ab").expect("a code").locator,
        lifetime_ms: u32::MAX,
    };
    plane.valid(
        "longest",
        "a locator of eight characters, the longest life",
        issued,
    );
    let join = Join {
        locator: locator(),
        link: false,
        offer: run::<38>(0).into(),
    };
    plane.message(
        "code",
        "by a code; the relay does not read the offer",
        join.clone(),
    );
    plane.valid(
        "link",
        "by a link",
        Join {
            link: true,
            ..join.clone()
        },
    );
    plane.valid(
        "empty-offer",
        "an empty offer is none of the relay's business",
        Join {
            offer: vec![],
            ..join
        },
    );
    plane.message(
        "offer",
        "with the offer as it came",
        Joined {
            offer: run::<38>(0).into(),
        },
    );
    plane.valid(
        "longest",
        "the longest offer",
        Joined {
            offer: vec![7; 1_024],
        },
    );
    plane.valid(
        "heartbeat",
        "an envelope, framed",
        Deliver {
            envelope: [&[8, 18][..], &run::<18>(0)].concat(),
        },
    );
    plane.valid(
        "anything",
        "any byte: the relay requires nothing more",
        Deliver {
            envelope: vec![0xFF],
        },
    );
    plane.message("done", "a person ended", Leave { code: 0x0301 });
    plane.valid(
        "unregistered",
        "a code that is not registered",
        Leave { code: 0xFFFF },
    );
    plane.message("lost", "the peer is lost", Gone { code: 0x0303 });
    plane.valid("zero", "the code 0", Gone { code: 0 });
    plane.message("not-found", "no such code", Refused { code: 0x0201 });
    plane.message("category", "a registered category", Report { category: 1 });
    plane.valid("last", "the last category", Report { category: 4 });
    plane.message("empty", "nothing in it", Reported {});
}

fn signing(plane: &mut Plane<Message>) {
    let token = |length: usize| Token::new("t".repeat(length));
    let sign_in = SignIn {
        method: 1,
        token: Token::new("a secret"),
    };
    plane.message("token", "by a token", sign_in);
    plane.valid(
        "longest",
        "the longest token, by a method that is not registered",
        SignIn {
            method: 255,
            token: token(8_192),
        },
    );
    let signed_in = SignedIn {
        help: Scopes::ALL,
        share: Scopes::CONSENT,
        name: "Ada Lovelace".into(),
        organisation: "Analytical Engines".into(),
        lasts_ms: 43_200_000,
    };
    plane.message(
        "account",
        "an account with an organisation",
        signed_in.clone(),
    );
    let nobody = SignedIn {
        help: Scopes::NONE,
        share: Scopes::NONE,
        name: String::new(),
        organisation: String::new(),
        lasts_ms: u64::MAX,
    };
    plane.valid("empty", "no scopes, no texts, the longest time", nobody);
    let long = "é".repeat(32);
    plane.valid(
        "longest",
        "64 bytes of name and organisation",
        SignedIn {
            name: long.clone(),
            organisation: long,
            ..signed_in.clone()
        },
    );
    plane.wrong(
        "empty",
        "an empty token",
        SignIn {
            method: 1,
            token: token(0),
        },
        "WIRE-7",
    );
    plane.wrong(
        "long",
        "a token that is a byte too long",
        SignIn {
            method: 1,
            token: token(8_193),
        },
        "WIRE-5",
    );
    plane.body(
        "sign-in/not-utf-8",
        "a token that is not UTF-8",
        0x20,
        &[1, 2, 0xC3, 0x28],
        "WIRE-7",
    );
    plane.wrong(
        "long-name",
        "a name of 65 bytes",
        SignedIn {
            name: "x".repeat(65),
            ..signed_in.clone()
        },
        "WIRE-5",
    );
    plane.wrong(
        "long-organisation",
        "an organisation of 65 bytes",
        SignedIn {
            organisation: "x".repeat(65),
            ..signed_in
        },
        "WIRE-5",
    );
    plane.body(
        "signed-in/scopes",
        "a scope that is not registered",
        0x22,
        &[0x80, 0x02, 0, 0, 0, 0],
        "WIRE-7",
    );
    let request = CardRequest {
        profile: 1,
        card_key: run(0x20),
        receipt_key: vec![run(0x40)],
    };
    plane.message("both-keys", "a card key and a receipt key", request.clone());
    plane.valid(
        "card-key",
        "a card key alone",
        CardRequest {
            receipt_key: vec![],
            ..request.clone()
        },
    );
    plane.message(
        "challenge",
        "32 bytes",
        CardChallenge {
            challenge: run(0xC0),
        },
    );
    plane.message(
        "one",
        "one signature",
        CardProof {
            proof: run::<64>(0).into(),
        },
    );
    plane.valid(
        "both",
        "two signatures",
        CardProof {
            proof: run::<128>(0).into(),
        },
    );
    plane.message(
        "card",
        "a card, which is read on its own",
        CardIssued {
            card: run::<99>(1).into(),
        },
    );
    for profile in [0, 3] {
        let request = CardRequest {
            profile,
            ..request.clone()
        };
        plane.wrong(
            &format!("profile-{profile}"),
            "a profile that is not registered",
            request,
            "WIRE-7",
        );
    }
    plane.wrong(
        "two-receipt-keys",
        "two receipt keys",
        CardRequest {
            receipt_key: vec![run(0x40), run(0x60)],
            ..request
        },
        "WIRE-5",
    );
    plane.wrong(
        "long",
        "129 bytes",
        CardProof {
            proof: vec![0; 129],
        },
        "WIRE-5",
    );
    plane.wrong(
        "long",
        "1,025 bytes",
        CardIssued {
            card: vec![0; 1_025],
        },
        "WIRE-5",
    );
}

fn places_and_devices(plane: &mut Plane<Message>) {
    plane.message("token", "32 bytes", Place { token: run(0xC0) });
    plane.message("token", "32 bytes", Rejoin { token: run(0xC0) });
    plane.message("there", "the peer is there", Rejoined { peer: true });
    plane.valid("away", "the peer is away", Rejoined { peer: false });
    plane.message("empty", "nothing in it", PeerLost {});
    plane.message("empty", "nothing in it", PeerBack {});
    let wait = Wait {
        device: DeviceId(run(0)),
        token: DeviceToken(run(0xC0)),
        offer: run::<38>(0).into(),
    };
    plane.message("device", "a device waits", wait.clone());
    plane.wrong(
        "long",
        "an offer of 1,025 bytes",
        Wait {
            offer: vec![0; 1_025],
            ..wait
        },
        "WIRE-5",
    );
    plane.message("empty", "nothing in it", Waiting {});
    plane.message(
        "device",
        "a device is called",
        Call {
            device: DeviceId(run(0)),
        },
    );
}

fn paths(plane: &mut Plane<Message>) {
    plane.message("empty", "nothing in it", PathRequest {});
    plane.message("id", "8 bytes", Path { id: run(0x10) });
    let token = run(0xC0);
    plane.message("token", "16 bytes", PathProof { token });
    plane.message("id", "8 bytes", PathOpen { id: run(0x20) });
    plane.message("done", "a registered code", PathOver { code: 0x0301 });
    let code = 0x7777;
    plane.valid(
        "unregistered",
        "a code that is not registered",
        PathOver { code },
    );
    let nobodys = "the id that no end has";
    plane.wrong("zero", nobodys, Path { id: [0; 8] }, "WIRE-7");
    plane.wrong("zero", nobodys, PathOpen { id: [0; 8] }, "WIRE-7");
    let large = "a code beyond 16 bits";
    let body = [0x80, 0x80, 0x04];
    plane.body("path-over/large", large, 0x58, &body, "WIRE-1");
    let overlong = "a code with a superfluous byte";
    let body = [0x81, 0x86, 0x00];
    plane.body("path-over/overlong", overlong, 0x58, &body, "WIRE-6");
}

fn wrong(plane: &mut Plane<Message>) {
    plane.wrong(
        "features",
        "65 features",
        Hello {
            features: vec![0; 65],
        },
        "WIRE-5",
    );
    plane.body(
        "hello/overlong",
        "a count with a superfluous byte",
        0x02,
        &[0x80, 0x00],
        "WIRE-6",
    );
    plane.body(
        "hello/large-feature",
        "a feature beyond 16 bits",
        0x02,
        &[1, 0x80, 0x80, 0x04],
        "WIRE-1",
    );
    let many = vec![(0, 0); 65];
    plane.wrong(
        "timers",
        "65 timers",
        RelayHello {
            timers: many.clone(),
            limits: vec![],
        },
        "WIRE-5",
    );
    plane.wrong(
        "limits",
        "65 limits",
        RelayHello {
            timers: vec![],
            limits: many,
        },
        "WIRE-5",
    );
    let beyond = [
        1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0,
    ];
    plane.body(
        "relay-hello/large-value",
        "a value beyond 64 bits",
        0x04,
        &beyond,
        "WIRE-1",
    );
    plane.body(
        "relay-hello/overlong",
        "a value with a superfluous byte",
        0x04,
        &[1, 1, 0x81, 0x00, 0],
        "WIRE-6",
    );
    for (id, about, text) in [
        ("capital", "a locator that is not normalised", "4O60"),
        ("short", "a locator of three characters", "406"),
        ("long", "a locator of nine characters", "012345678"),
        ("hyphen", "a locator with a hyphen", "40-60"),
        ("u", "a locator with u", "406u"),
    ] {
        let locator = [&[text.len() as u8][..], text.as_bytes()].concat();
        let join = [&locator[..], &[0, 1, 0xFF]].concat();
        plane.body(&format!("join/locator-{id}"), about, 0x0A, &join, "WIRE-7");
        let issued = [&locator[..], &[1]].concat();
        plane.body(
            &format!("code-issued/locator-{id}"),
            about,
            0x08,
            &issued,
            "WIRE-7",
        );
    }
    plane.body(
        "code-issued/large-life",
        "a lifetime beyond 32 bits",
        0x08,
        b"\x044060\x80\x80\x80\x80\x10",
        "WIRE-1",
    );
    plane.body(
        "join/bool",
        "a bool that is 2",
        0x0A,
        b"\x044060\x02\x00",
        "WIRE-7",
    );
    plane.wrong(
        "offer",
        "an offer of 1,025 bytes",
        Join {
            locator: locator(),
            link: false,
            offer: vec![0; 1_025],
        },
        "WIRE-5",
    );
    plane.wrong(
        "offer",
        "an offer of 1,025 bytes",
        Joined {
            offer: vec![0; 1_025],
        },
        "WIRE-5",
    );
    plane.body("deliver/empty", "no envelope", 0x0E, &[], "WIRE-3");
    for (name, number) in [("leave", 0x10), ("gone", 0x12), ("refused", 0x14)] {
        plane.body(
            &format!("{name}/overlong"),
            "a code with a superfluous byte",
            number,
            &[0x81, 0x86, 0x00],
            "WIRE-6",
        );
        plane.body(
            &format!("{name}/large"),
            "a code beyond 16 bits",
            number,
            &[0x80, 0x80, 0x04],
            "WIRE-1",
        );
    }
    plane.body("rejoined/bool", "a bool that is 2", 0x1A, &[2], "WIRE-7");
    for category in [0, 5] {
        plane.wrong(
            &format!("category-{category}"),
            "a category that is not registered",
            Report { category },
            "WIRE-7",
        );
    }
}

/// What holds of framing, shown on a control stream.
fn streams(plane: &mut Plane<Message>) {
    let hello = [0x02, 0x01, 0x00];
    let leave = [0x10, 0x02, 0x81, 0x06];
    let done = || Leave { code: 0x0301 }.into();
    plane.bytes("framing/none", "nothing came yet", &["WIRE-3"], &[], &[]);
    plane.bytes(
        "framing/two",
        "two messages",
        &["WIRE-9"],
        &[&hello[..], &leave].concat(),
        &[Hello::default().into(), done()],
    );
    plane.bytes(
        "framing/type-waits",
        "half of a type: the rest is awaited",
        &["WIRE-3"],
        &[0xBB],
        &[],
    );
    plane.bytes(
        "framing/length-waits",
        "a type alone",
        &["WIRE-3"],
        &[0x02],
        &[],
    );
    plane.bytes(
        "framing/body-waits",
        "a body that has not come whole",
        &["WIRE-3"],
        &[&leave[..], &leave[..3]].concat(),
        &[done()],
    );
    for grease in framing::GREASE {
        let mut bytes = Vec::new();
        framing::encode(grease, &[], &mut bytes);
        bytes.extend(leave);
        plane.bytes(
            &format!("framing/grease-{grease:02x}"),
            "a grease type is skipped",
            &["WIRE-9"],
            &bytes,
            &[done()],
        );
    }
    let mut bytes = Vec::new();
    framing::encode(0x3FFF, &[1, 2, 3], &mut bytes);
    bytes.extend(leave);
    plane.bytes(
        "framing/private",
        "an odd private type is skipped with its body",
        &["WIRE-9"],
        &bytes,
        &[done()],
    );
    bytes.clear();
    framing::encode(0xFFFF, &[], &mut bytes);
    plane.bytes(
        "framing/last",
        "the last type of all is odd",
        &["WIRE-9"],
        &bytes,
        &[],
    );
    for (number, id) in [
        (0x00, "zero"),
        (0x24, "critical"),
        (0x3000, "private-critical"),
        (0xFFFE, "last-critical"),
    ] {
        plane.body(
            &format!("framing/{id}"),
            "an even type that is not known",
            number,
            &[],
            "WIRE-8",
        );
    }
    plane.headers("framing", &hello);
    for (id, about, message_type) in [
        (
            "large-length",
            "a length beyond the limit of a message",
            0x0E,
        ),
        (
            "skipped-large-length",
            "the same of a type that would be skipped",
            0x3B,
        ),
    ] {
        let bytes = [message_type, 0x81, 0x80, 0x04];
        plane.refused(&format!("framing/{id}"), about, &bytes, refusal("WIRE-5"));
    }
}
