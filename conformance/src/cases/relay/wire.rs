//! Every message that a relay reads, whole and with exactly one fault.

use alongside_wire::{ErrorCode, code::Locator, framing, varint};

use crate::{
    case::Case,
    stage::{Done, RelayStage, Who},
};

/// Where a message is allowed, so that its form is all that is wrong.
#[derive(Clone, Copy)]
enum At {
    Greeting,
    Idle,
    Session,
}

/// A message that is not as it should be.
struct Form {
    message: &'static str,
    fault: &'static str,
    requirement: &'static str,
    at: At,
    bytes: Vec<u8>,
    code: ErrorCode,
}

/// A field of a body, as it should be, with all that can be wrong with it.
struct Field {
    bytes: Vec<u8>,
    wrong: Vec<(&'static str, &'static str, Vec<u8>, ErrorCode)>,
}

/// A message as it should be.
struct Whole {
    name: &'static str,
    message_type: u16,
    at: At,
    fields: Vec<Field>,
}

impl Whole {
    fn body(&self) -> Vec<u8> {
        let fields = self.fields.iter();
        fields.flat_map(|field| field.bytes.clone()).collect()
    }

    fn framed(&self, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        framing::encode(self.message_type, body, &mut bytes);
        bytes
    }
}

use ErrorCode::{Malformed, TooLarge, UnknownMessage};

fn plain(bytes: impl Into<Vec<u8>>) -> Field {
    Field {
        bytes: bytes.into(),
        wrong: Vec::new(),
    }
}

/// A number in one byte, in a varint of the type u16 that is not the shortest, and one too large.
fn u16_field(value: u8) -> Field {
    Field {
        bytes: vec![value],
        wrong: vec![
            ("long-number", "WIRE-6", vec![value | 0x80, 0x00], Malformed),
            (
                "number-beyond-u16",
                "WIRE-1",
                vec![0xFF, 0xFF, 0x7F],
                Malformed,
            ),
        ],
    }
}

/// Bytes, or a list of elements of some bytes, of which there may be so many.
fn list(count: usize, element: &[u8], most: usize) -> Field {
    let with = |said: usize, len: usize| {
        let mut bytes = Vec::new();
        varint::encode(u32::try_from(said).unwrap_or(u32::MAX), &mut bytes);
        bytes.extend(std::iter::repeat_n(element, len).flatten());
        bytes
    };
    let mut long = with(count, count);
    if let Some(first) = long.first_mut() {
        *first |= 0x80;
    }
    long.insert(1, 0x00);
    let mut wrong = vec![
        ("too-long", "WIRE-5", with(most + 1, most + 1), TooLarge),
        (
            "longer-than-what-is-there",
            "WIRE-3",
            with(count + 1, count),
            Malformed,
        ),
    ];
    if count < 128 {
        wrong.push(("long-count", "WIRE-6", long, Malformed));
    }
    Field {
        bytes: with(count, count),
        wrong,
    }
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.len()).unwrap_or_default()];
    bytes.extend(text.as_bytes());
    bytes
}

fn locator() -> Field {
    let locator = Locator::from_random(&[7; 8], 8);
    let wrong = [
        ("locator-with-a-capital", "7777777A"),
        ("locator-with-a-letter-that-is-none", "7777777i"),
        ("locator-with-a-hyphen", "777-7777"),
        ("locator-too-short", "777"),
        ("locator-too-long", "777777777"),
        ("locator-empty", ""),
    ];
    let wrong = wrong.map(|(what, wrong)| (what, "WIRE-7", text(wrong), Malformed));
    Field {
        bytes: text(locator.as_str()),
        wrong: wrong.into(),
    }
}

fn messages() -> Vec<Whole> {
    let whole = |name, message_type, at, fields| Whole {
        name,
        message_type,
        at,
        fields,
    };
    let flag = Field {
        bytes: vec![0],
        wrong: vec![("flag-of-2", "WIRE-7", vec![2], Malformed)],
    };
    let mut token = list(8, b"t", 8_192);
    token.wrong.extend([
        ("token-empty", "WIRE-7", vec![0], Malformed),
        ("token-not-utf-8", "WIRE-7", vec![2, 0xC3, 0x28], Malformed),
    ]);
    let category = Field {
        bytes: vec![1],
        wrong: vec![
            ("category-0", "WIRE-7", vec![0], Malformed),
            ("category-5", "WIRE-7", vec![5], Malformed),
        ],
    };
    let profile = Field {
        bytes: vec![1],
        wrong: vec![("profile-9", "WIRE-7", vec![9], Malformed)],
    };
    vec![
        whole("hello", 0x02, At::Greeting, vec![list(0, &[0x05], 64)]),
        whole("code-request", 0x06, At::Idle, vec![]),
        whole(
            "join",
            0x0A,
            At::Idle,
            vec![locator(), flag, list(8, b"o", 1_024)],
        ),
        whole("leave", 0x10, At::Idle, vec![u16_field(5)]),
        whole("rejoin", 0x18, At::Idle, vec![plain([9; 32])]),
        whole("sign-in", 0x20, At::Idle, vec![plain([9]), token]),
        whole("report", 0x30, At::Idle, vec![category]),
        whole(
            "card-request",
            0x38,
            At::Idle,
            vec![profile, plain([1; 32]), list(0, &[2; 32], 1)],
        ),
        whole(
            "wait",
            0x42,
            At::Idle,
            vec![plain([1; 16]), plain([2; 32]), list(8, b"o", 1_024)],
        ),
        whole("call", 0x46, At::Idle, vec![plain([1; 16])]),
    ]
}

/// All that can be wrong with the body of a message.
fn faults(whole: &Whole) -> Vec<Form> {
    let body = whole.body();
    let form = |fault, requirement, body: &[u8], code| Form {
        message: whole.name,
        fault,
        requirement,
        at: whole.at,
        bytes: whole.framed(body),
        code,
    };
    let mut trailing = body.clone();
    trailing.push(0);
    let mut forms = vec![form("trailing-byte", "WIRE-4", &trailing, Malformed)];
    if let Some((_, short)) = body.split_last() {
        forms.push(form("cut-short", "WIRE-3", short, Malformed));
        forms.push(form("empty", "WIRE-3", &[], Malformed));
    }
    for (place, field) in whole.fields.iter().enumerate() {
        for (fault, requirement, wrong, code) in &field.wrong {
            let fields = whole.fields.iter().enumerate();
            let with: Vec<u8> = fields
                .flat_map(|(other, field)| match other == place {
                    true => wrong.clone(),
                    false => field.bytes.clone(),
                })
                .collect();
            forms.push(form(fault, requirement, &with, *code));
        }
    }
    forms
}

/// What can be wrong before a body is looked at.
fn framings() -> Vec<Form> {
    let form = |fault, requirement, bytes: &[u8], code| Form {
        message: "frame",
        fault,
        requirement,
        at: At::Idle,
        bytes: bytes.to_vec(),
        code,
    };
    vec![
        form("long-type", "WIRE-2", &[0x86, 0x00, 0x00], Malformed),
        form(
            "type-beyond-u16",
            "WIRE-1",
            &[0x80, 0x80, 0x04, 0x00],
            Malformed,
        ),
        form(
            "type-that-goes-on",
            "WIRE-1",
            &[0xFF, 0xFF, 0xFF, 0xFF],
            Malformed,
        ),
        form("long-length", "WIRE-2", &[0x06, 0x80, 0x00], Malformed),
        form(
            "length-beyond-u32",
            "WIRE-1",
            &[0x06, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F],
            Malformed,
        ),
        form(
            "length-that-goes-on",
            "WIRE-1",
            &[0x06, 0x80, 0x80, 0x80, 0x80, 0x80],
            Malformed,
        ),
        form(
            "length-over-the-limit",
            "WIRE-5",
            &[0x06, 0x81, 0x80, 0x04],
            TooLarge,
        ),
        form(
            "longest-length",
            "WIRE-5",
            &[0x06, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            TooLarge,
        ),
        form(
            "skipped-length-over-the-limit",
            "WIRE-5",
            &[0xBB, 0x01, 0x81, 0x80, 0x04],
            TooLarge,
        ),
        form("unknown-critical", "WIRE-8", &[0x7E, 0x00], UnknownMessage),
        form(
            "unknown-critical-with-body",
            "WIRE-8",
            &[0xFE, 0x1F, 0x02, 0x01, 0x02],
            UnknownMessage,
        ),
        form(
            "unknown-private-critical",
            "WIRE-8",
            &[0x80, 0x60, 0x00],
            UnknownMessage,
        ),
        form(
            "unknown-reserved-critical",
            "WIRE-8",
            &[0xFE, 0xFF, 0x03, 0x00],
            UnknownMessage,
        ),
        form("type-0", "WIRE-8", &[0x00, 0x00], UnknownMessage),
        Form {
            message: "deliver",
            fault: "empty",
            requirement: "WIRE-3",
            at: At::Session,
            bytes: vec![0x0E, 0x00],
            code: Malformed,
        },
        Form {
            message: "deliver",
            fault: "too-long",
            requirement: "WIRE-5",
            at: At::Session,
            bytes: [&[0x0E, 0x81, 0x80, 0x04][..], &[7; 65_537]].concat(),
            code: TooLarge,
        },
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::relay(
            "relay/wire/skips",
            "messages of every type that may be ignored are skipped, in every state",
            &["WIRE-9"],
            skips,
        ),
        Case::relay(
            "relay/wire/hello-with-features",
            "features that a relay does not know mean nothing",
            &["RDV-2"],
            features,
        ),
    ];
    for whole in messages() {
        let (name, bytes, at) = (whole.name, whole.framed(&whole.body()), whole.at);
        cases.push(Case::relay(
            format!("relay/wire/{name}/whole"),
            format!("a {name} as it should be is read"),
            &["WIRE-6"],
            move |stage| is_read(stage, at, name, &bytes),
        ));
        for form in faults(&whole) {
            cases.push(case(form, format!("relay/wire/{name}/whole")));
        }
    }
    for form in framings() {
        cases.push(case(form, "relay/wire/skips".to_owned()));
    }
    cases
}

fn case(form: Form, twin: String) -> Case {
    let Form {
        message,
        fault,
        requirement,
        at,
        bytes,
        code,
    } = form;
    let checks: &[&'static str] = &[requirement, "ERROR-1"];
    let words = fault.replace('-', " ");
    Case::relay(
        format!("relay/wire/{message}/{fault}"),
        format!("a {message} with one fault ({words}) is refused with {code}"),
        checks,
        move |stage| {
            let who = reach(stage, at)?;
            stage.say_bytes(who, message, bytes.clone());
            stage.closes_with(requirement, "ERROR-1", who, code)
        },
    )
    .twin(twin)
}

fn reach(stage: &mut RelayStage<'_>, at: At) -> Done<Who> {
    match at {
        At::Greeting => stage.connect(),
        At::Idle => stage.client(),
        At::Session => stage.pair().map(|(helper, _)| helper),
    }
}

/// It is answered somehow, or not at all; and the client is not closed for it.
fn is_read(stage: &mut RelayStage<'_>, at: At, name: &str, bytes: &[u8]) -> Done {
    let who = reach(stage, at)?;
    stage.say_bytes(who, name, bytes.to_vec());
    match name {
        "leave" => {}
        "join" | "wait" | "call" => {
            stage.tick(who)?;
            stage.sees("WIRE-6", who, "an answer", |heard| heard.is("refused"))?;
        }
        "hello" => {
            stage.sees("WIRE-6", who, "an answer", |heard| heard.is("relay-hello"))?;
        }
        "code-request" => {
            stage.sees("WIRE-6", who, "an answer", |heard| heard.is("code-issued"))?;
            stage.leave(who, ErrorCode::Done.to_wire());
        }
        _ => {
            stage.sees("WIRE-6", who, "an answer", |heard| heard.is("refused"))?;
        }
    }
    stage.must("WIRE-6", |stage| stage.code(who)).map(|_| ())
}

fn skips(stage: &mut RelayStage<'_>) -> Done {
    // Those that are never given a meaning, some of each range, and the highest.
    let types = [
        0x3B, 0x7B, 0xBB, 0xFB, 0x01, 0x7F, 0x2FFF, 0x3001, 0x3FFF, 0x4001, 0xFFFF,
    ];
    let early = stage.connect()?;
    let (helper, sharer) = stage.pair()?;
    let (with_code, _) = stage.helper()?;
    for message_type in types {
        for body in [&b""[..], b"\xFF\xFF\xFF", &[0; 200]] {
            for who in [early, helper, sharer, with_code] {
                stage.say_raw(who, message_type, body);
            }
        }
    }
    stage.must("WIRE-9", |stage| stage.greets(early))?;
    stage.deliver(helper, b"an envelope");
    stage.next("WIRE-9", sharer, &super::words::delivered(b"an envelope"))?;
    stage.leave(with_code, ErrorCode::Done.to_wire());
    stage
        .must("WIRE-9", |stage| stage.code(with_code))
        .map(|_| ())
}

fn features(stage: &mut RelayStage<'_>) -> Done {
    let most: Vec<u16> = (0..64).map(|number| number * 1_000).collect();
    for features in [vec![1], vec![0, 0xFFFF], most] {
        let who = stage.connect()?;
        stage.say(who, alongside_wire::rendezvous::Hello { features });
        stage.sees("RDV-2", who, "relay-hello", |heard| heard.is("relay-hello"))?;
    }
    Ok(())
}
