//! From a code or a device to keys: whole exchanges, and each step of one that fails.

use alongside_state_machine::{
    channel::{
        Password,
        handshake::{Answering, Offering},
    },
    device::DeviceKey,
    error::Fault,
};
use alongside_wire::{
    ErrorCode, Scopes, Suite,
    code::Code,
    device::DeviceId,
    envelope::{Answer, AnswerClear, Confirm, Envelope, Offer},
};
use curve25519_dalek::{
    constants::EIGHT_TORSION,
    edwards::{CompressedEdwardsY, EdwardsPoint},
};
use serde_json::{Value, json};

use crate::{
    fields::{bytes_of, key_of},
    given::{Given, scalar},
    messages::run,
    spelled::{self, Finished, Key, Noise, Spake, hex},
    vector::{File, Refusal},
};

/// What both ends have and draw.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// The text in the locator's place.
    place: String,
    pw: Vec<u8>,
    sharer_suites: Vec<Suite>,
    helper_suites: Vec<Suite>,
    sharer_ceiling: Scopes,
    helper_ceiling: Scopes,
    x: Key,
    y: Key,
    e_helper: Key,
    e_sharer: Key,
    n_h: Key,
    n_s: Key,
}

/// An exchange that became a channel.
pub(crate) struct Made {
    pub(crate) spake: Spake,
    pub(crate) finished: Finished,
    pub(crate) offer: Vec<u8>,
    pub(crate) clear: Vec<u8>,
    pub(crate) answer: Vec<u8>,
    pub(crate) confirm: Vec<u8>,
    pub(crate) prologue: Vec<u8>,
    pub(crate) suite: Suite,
    pub(crate) master: Key,
}

fn big_endian(first: u8) -> Key {
    let mut number = run(first);
    number[0] = 0;
    number
}

impl Exchange {
    /// The one of the chapters, with the suites that the helper speaks.
    pub(crate) fn of_chapter(helper_suites: &[Suite]) -> Self {
        let ceiling = Scopes::CONSENT.union(Scopes::CONTROL);
        Self {
            place: "4060".into(),
            pw: b"r0gx".into(),
            sharer_suites: vec![Suite::ChaChaPoly, Suite::AesGcm],
            helper_suites: helper_suites.into(),
            sharer_ceiling: ceiling,
            helper_ceiling: ceiling,
            x: big_endian(0),
            y: big_endian(0x20),
            e_helper: run(0x40),
            e_sharer: run(0x60),
            n_h: run(0x80),
            n_s: run(0xA0),
        }
    }

    fn password(&self) -> Password {
        if let Some(id) = self.place.strip_prefix("device/") {
            let secret = self.pw.as_slice().try_into().expect("32 bytes");
            return Password::from(&DeviceKey::new(id.parse().expect("an id"), secret));
        }
        let secret = std::str::from_utf8(&self.pw).expect("a secret");
        Password::from(Code::parse(&format!("{}{secret}", self.place)).expect("a code"))
    }

    fn offering(&self) -> Offering {
        let rng = Given::new(&[&scalar(&self.x)]);
        Offering::new(
            self.password(),
            &self.sharer_suites,
            self.sharer_ceiling,
            rng,
        )
    }

    fn answering(&self, offer: &[u8]) -> Result<(Answering, Vec<u8>), Fault> {
        let rng = Given::new(&[&scalar(&self.y), &self.e_helper, &self.n_h]);
        Answering::new(
            self.password(),
            offer,
            &self.helper_suites,
            self.helper_ceiling,
            rng,
        )
    }

    fn answered(&self, answer: &[u8]) -> Result<Vec<u8>, Fault> {
        let Some(Envelope::Answer(answer)) = Envelope::read(answer)? else {
            panic!("no answer")
        };
        let rng = Given::new(&[&self.e_sharer, &self.n_s]);
        let channel = self
            .offering()
            .answered(&answer, &self.sharer_suites, rng)?;
        Ok(channel.confirm)
    }

    /// The Noise handshake spelled out, between an offer and a clear part as they were carried.
    fn noise(
        &self,
        suite: Suite,
        offer: &[u8],
        clear: &[u8],
        psk: &Key,
        payload: &[u8],
    ) -> (Vec<u8>, Finished) {
        let prologue = spelled::prologue(&[
            b"alongside/1 noise",
            &[0, 1],
            self.place.as_bytes(),
            offer,
            clear,
        ]);
        let finished = Noise {
            suite,
            prologue: &prologue,
            psk,
            e1: &self.e_helper,
            e2: &self.e_sharer,
            payloads: [payload, &self.n_s],
        }
        .run();
        (prologue, finished)
    }

    /// Runs it in the reference code, and spelled out, and holds both together.
    pub(crate) fn make(&self) -> Made {
        let offering = self.offering();
        let offer = offering.offer().to_vec();
        let (answering, answer) = self.answering(&offer).expect("an answer");
        let Ok(Some(Envelope::Answer(parts))) = Envelope::read(&answer) else {
            panic!("no answer")
        };
        let rng = Given::new(&[&self.e_sharer, &self.n_s]);
        let sharer = offering
            .answered(&parts, &self.sharer_suites, rng)
            .expect("a channel");
        let confirm = sharer.confirm.clone();
        let Ok(Some(Envelope::Confirm(second))) = Envelope::read(&confirm) else {
            panic!("no confirm")
        };
        let helper = answering.confirmed(&second).expect("a channel");

        let spake = spelled::spake(&self.place, &self.pw, &self.x, &self.y);
        let suite = helper.channel.keys.suite();
        let commitment = spelled::commitment(&self.n_h);
        let (prologue, finished) = self.noise(suite, &offer, &parts.clear, &spake.psk, &commitment);
        assert_eq!(finished.message_1, parts.noise);
        assert_eq!(finished.message_2, second.noise);
        let master = spelled::master(&finished);
        let words = spelled::phrase(&finished.h, &self.n_h, &self.n_s).1;
        let ceiling = self.sharer_ceiling.intersect(self.helper_ceiling);
        for channel in [&helper.channel, &sharer.channel] {
            assert_eq!(channel.transcript, finished.h);
            assert_eq!(channel.keys.master(), master);
            assert_eq!(channel.session_id, spelled::session_id(&finished.h));
            assert_eq!(channel.ceiling, ceiling);
        }
        assert_eq!(helper.opening, self.n_h);
        assert_eq!([Ok(helper.phrase), sharer.open(&self.n_h)], [Ok(words); 2]);
        Made {
            spake,
            finished,
            offer,
            clear: parts.clear,
            answer,
            confirm,
            prologue,
            suite,
            master,
        }
    }

    fn json(&self) -> Value {
        let suites = |suites: &[Suite]| {
            suites
                .iter()
                .map(|suite| suite.to_wire())
                .collect::<Vec<_>>()
        };
        json!({
            "place": self.place,
            "pw": hex(&self.pw),
            "sharer": {
                "x": hex(self.x), "e": hex(self.e_sharer), "n": hex(self.n_s),
                "suites": suites(&self.sharer_suites), "ceiling": self.sharer_ceiling.bits(),
            },
            "helper": {
                "y": hex(self.y), "e": hex(self.e_helper), "n": hex(self.n_h),
                "suites": suites(&self.helper_suites), "ceiling": self.helper_ceiling.bits(),
            },
        })
    }

    /// Every value of an exchange.
    fn output(&self, made: &Made) -> Value {
        let (bits, words) = spelled::phrase(&made.finished.h, &self.n_h, &self.n_s);
        let ceiling = self.sharer_ceiling.intersect(self.helper_ceiling);
        let Finished {
            message_1,
            message_2,
            h,
            k1,
            k2,
            steps,
        } = &made.finished;
        json!({
            "spake2": made.spake.values,
            "offer": hex(&made.offer),
            "suite": made.suite.to_wire(),
            "clear": hex(&made.clear),
            "commitment": hex(spelled::commitment(&self.n_h)),
            "prologue": hex(&made.prologue),
            "prologue_sha256": hex(spelled::sha256(&[&made.prologue])),
            "noise": steps,
            "message_1": hex(message_1), "answer": hex(&made.answer),
            "message_2": hex(message_2), "confirm": hex(&made.confirm),
            "h": hex(h), "k1": hex(k1), "k2": hex(k2),
            "master": hex(made.master),
            "session_id": hex(spelled::session_id(h)),
            "ceiling": ceiling.bits(),
            "phrase_bits": hex(bits), "phrase": words,
        })
    }

    /// What one end has, without what the other has.
    fn end(&self, end: &str) -> Value {
        let all = self.json();
        let mut one = all[end].clone();
        one["place"] = all["place"].clone();
        one["pw"] = all["pw"].clone();
        one
    }
}

pub(crate) fn files() -> Vec<File> {
    vec![exchanges(), answers(), confirms(), finishes(), openings()]
}

fn exchanges() -> File {
    let mut file = File::new("exchange");
    let both = [Suite::ChaChaPoly, Suite::AesGcm];
    let chapter = |suite| Exchange::of_chapter(&[suite]);
    let device = |suite| Exchange {
        place: DeviceId(run(0)).place(),
        pw: run::<32>(0xE0).into(),
        ..chapter(suite)
    };
    let narrow = Exchange {
        place: "01234567".into(),
        pw: b"89ab".into(),
        helper_suites: both.into(),
        sharer_suites: vec![Suite::AesGcm],
        sharer_ceiling: Scopes::CONSENT,
        helper_ceiling: Scopes::ALL,
        ..chapter(both[0])
    };
    let preferred = Exchange {
        helper_suites: vec![Suite::AesGcm, Suite::ChaChaPoly],
        ..chapter(both[0])
    };
    for (id, about, shows, exchange) in [
        (
            "suite-1",
            "the exchange of the chapter, suite 1",
            &["KEX-7", "KEX-10", "KEX-11", "KEX-12", "KEX-19"][..],
            chapter(both[0]),
        ),
        (
            "suite-2",
            "the same with suite 2",
            &["KEX-7", "KEX-10", "KEX-11", "KEX-12", "KEX-19"],
            chapter(both[1]),
        ),
        (
            "device-suite-1",
            "a known device, suite 1",
            &["DEVICE-12"],
            device(both[0]),
        ),
        (
            "device-suite-2",
            "a known device, suite 2",
            &["DEVICE-12"],
            device(both[1]),
        ),
        (
            "narrow",
            "a long locator, a sharer that speaks suite 2 alone, other ceilings",
            &["KEX-2"],
            narrow,
        ),
        (
            "preferred",
            "of two suites the helper takes the one that it prefers",
            &["KEX-2"],
            preferred,
        ),
    ] {
        let made = exchange.make();
        file.taken(id, about, shows, exchange.json(), exchange.output(&made));
    }
    file
}

/// Elements that are no elements.
fn bad_points(right: &Key) -> Vec<(&'static str, &'static str, Key)> {
    let torsion = EIGHT_TORSION.map(|point| point.compress().to_bytes());
    let point = |bytes: &Key| CompressedEdwardsY(*bytes).decompress();
    let mut none = [0; 32];
    none[0] = 2;
    while point(&none).is_some() {
        none[0] += 1;
    }
    let mixed: EdwardsPoint = point(right).expect("a point") + EIGHT_TORSION[1];
    let mut sign = torsion[0];
    sign[31] |= 0x80;
    let mut beyond = [0xFF; 32];
    (beyond[0], beyond[31]) = (0xEE, 0x7F);
    vec![
        ("no-point", "an element that decodes to no point", none),
        ("identity", "the identity", torsion[0]),
        (
            "identity-sign",
            "another encoding of the identity: with the sign bit",
            sign,
        ),
        (
            "identity-beyond",
            "another encoding of the identity: y is p + 1",
            beyond,
        ),
        ("order-2", "a point of order 2", torsion[4]),
        ("order-4", "a point of order 4", torsion[2]),
        ("order-8", "a point of order 8", torsion[1]),
        (
            "mixed",
            "a right element with a point of order 8 added",
            mixed.compress().to_bytes(),
        ),
    ]
}

fn reported(id: &str, said: Fault, code: ErrorCode, requirement: &'static str) -> Refusal {
    assert_eq!(
        (said.code(), said.clause()),
        (code, requirement),
        "{id}: {said}"
    );
    Refusal::reported(code, requirement)
}

fn answers() -> File {
    let mut file = File::new("answer");
    let exchange = Exchange::of_chapter(&[Suite::ChaChaPoly]);
    let made = exchange.make();
    let input = |offer: &[u8]| {
        let mut input = exchange.end("helper");
        input["offer"] = hex(offer);
        input
    };
    file.taken(
        "suite-1",
        "an answer",
        &["KEX-2", "KEX-11"],
        input(&made.offer),
        json!({ "answer": hex(&made.answer) }),
    );
    let offer = Offer {
        versions: vec![1],
        suites: vec![1, 2],
        ceiling: exchange.sharer_ceiling,
        element: made.spake.x_star,
    };
    let later = Offer {
        versions: vec![2, 1],
        suites: vec![9, 1],
        ..offer.clone()
    };
    let later = Envelope::from(later).to_bytes();
    let (_, answer) = exchange.answering(&later).expect("an answer");
    file.taken(
        "later",
        "versions and suites of later times are passed over",
        &["KEX-2"],
        input(&later),
        json!({ "answer": hex(answer) }),
    );
    let mut refused = |id: &str, about: &str, offer: &[u8], code, requirement| {
        let Err(said) = exchange.answering(offer).map(|_| ()) else {
            panic!("{id}: answered")
        };
        file.refused(
            id,
            about,
            input(offer),
            reported(id, said, code, requirement),
        );
    };
    for (id, about, versions) in [
        ("version", "no version in common", vec![2, 3]),
        ("no-version", "no versions", vec![]),
    ] {
        let offer = Envelope::from(Offer {
            versions,
            ..offer.clone()
        })
        .to_bytes();
        refused(id, about, &offer, ErrorCode::NoCommonVersion, "KEX-3");
    }
    for (id, about, suites) in [
        ("suite", "no suite in common", vec![2, 9]),
        ("no-suite", "no suites", vec![]),
    ] {
        let offer = Envelope::from(Offer {
            suites,
            ..offer.clone()
        })
        .to_bytes();
        refused(id, about, &offer, ErrorCode::NoCommonSuite, "KEX-4");
    }
    for (id, about, element) in bad_points(&made.spake.x_star) {
        let offer = Envelope::from(Offer {
            element,
            ..offer.clone()
        })
        .to_bytes();
        refused(id, about, &offer, ErrorCode::BadPoint, "KEX-8");
    }
    refused(
        "confirm",
        "a confirm where an offer belongs",
        &made.confirm,
        ErrorCode::UnexpectedMessage,
        "KEX-21",
    );
    refused(
        "cut",
        "an offer that is cut",
        &made.offer[..39],
        ErrorCode::Malformed,
        "WIRE-3",
    );
    file
}

fn confirms() -> File {
    let mut file = File::new("confirm");
    let exchange = Exchange::of_chapter(&[Suite::ChaChaPoly]);
    let made = exchange.make();
    let input = |answer: &[u8]| {
        let mut input = exchange.end("sharer");
        input["answer"] = hex(answer);
        input
    };
    file.taken(
        "suite-1",
        "a confirm",
        &["KEX-12"],
        input(&made.answer),
        json!({ "confirm": hex(&made.confirm) }),
    );
    let mut refused = |id: &str, about: &str, clear: &[u8], noise: &[u8], code, requirement| {
        let answer = Envelope::from(Answer {
            clear: clear.into(),
            noise: noise.into(),
        })
        .to_bytes();
        let Err(said) = exchange.answered(&answer) else {
            panic!("{id}: confirmed")
        };
        file.refused(
            id,
            about,
            input(&answer),
            reported(id, said, code, requirement),
        );
    };
    let clear = AnswerClear::read(&made.clear).expect("a clear part");
    let noise = &made.finished.message_1;
    let with = |clear: AnswerClear| clear.to_bytes();
    let other = with(AnswerClear {
        version: 2,
        ..clear.clone()
    });
    refused(
        "version",
        "a version that was not offered",
        &other,
        noise,
        ErrorCode::NoCommonVersion,
        "KEX-5",
    );
    for suite in [0, 3] {
        let other = with(AnswerClear {
            suite,
            ..clear.clone()
        });
        refused(
            &format!("suite-{suite}"),
            "a suite that was not offered",
            &other,
            noise,
            ErrorCode::NoCommonSuite,
            "KEX-5",
        );
    }
    for (id, about, element) in bad_points(&made.spake.y_star) {
        let other = with(AnswerClear {
            element,
            ..clear.clone()
        });
        refused(id, about, &other, noise, ErrorCode::BadPoint, "KEX-8");
    }
    let failed = ErrorCode::HandshakeFailed;
    let wider = with(AnswerClear {
        ceiling: Scopes::ALL,
        ..clear.clone()
    });
    refused(
        "ceiling",
        "somebody widened the ceiling on the way",
        &wider,
        noise,
        failed,
        "KEX-13",
    );
    let suite = with(AnswerClear {
        suite: 2,
        ..clear.clone()
    });
    refused(
        "downgrade",
        "somebody changed the suite on the way",
        &suite,
        noise,
        failed,
        "KEX-13",
    );
    for (id, about, place) in [
        ("ephemeral", "a bit of e1", 0),
        ("commitment", "a bit of c1", 40),
        ("tag", "a bit of the tag", 79),
    ] {
        let mut other = noise.clone();
        other[place] ^= 1;
        refused(
            id,
            &format!("{about} was changed"),
            &made.clear,
            &other,
            failed,
            "KEX-13",
        );
    }
    refused(
        "cut",
        "Noise message 1 without its last byte",
        &made.clear,
        &noise[..79],
        failed,
        "KEX-13",
    );
    refused(
        "no-noise",
        "no Noise message",
        &made.clear,
        &[],
        failed,
        "KEX-13",
    );
    let guess = Exchange {
        pw: b"r0gy".into(),
        ..exchange.clone()
    };
    let (_, answer) = guess.answering(&made.offer).expect("an answer");
    let Ok(Some(Envelope::Answer(guessed))) = Envelope::read(&answer) else {
        panic!("no answer")
    };
    refused(
        "secret",
        "a helper with another secret",
        &guessed.clear,
        &guessed.noise,
        failed,
        "KEX-13",
    );
    for (id, size) in [("short-payload", 31), ("long-payload", 33)] {
        let (_, other) = exchange.noise(
            made.suite,
            &made.offer,
            &made.clear,
            &made.spake.psk,
            &vec![7; size],
        );
        refused(
            id,
            "an authentic Noise message with a payload of another size",
            &made.clear,
            &other.message_1,
            failed,
            "KEX-13",
        );
    }
    refused(
        "clear-more",
        "a byte after the clear part",
        &[&made.clear[..], &[0]].concat(),
        noise,
        ErrorCode::Malformed,
        "WIRE-4",
    );
    file
}

fn finishes() -> File {
    let mut file = File::new("finish");
    let exchange = Exchange::of_chapter(&[Suite::AesGcm]);
    let made = exchange.make();
    let input = |confirm: &[u8]| {
        let mut input = exchange.end("helper");
        input["offer"] = hex(&made.offer);
        input["confirm"] = hex(confirm);
        input
    };
    let output = json!({ "h": hex(made.finished.h), "master": hex(made.master) });
    file.taken(
        "suite-2",
        "the channel stands",
        &["KEX-13"],
        input(&made.confirm),
        output,
    );
    let mut refused = |id: &str, about: &str, noise: &[u8]| {
        let (answering, _) = exchange.answering(&made.offer).expect("an answer");
        let confirm = Confirm {
            noise: noise.into(),
        };
        let Err(said) = answering.confirmed(&confirm).map(|_| ()) else {
            panic!("{id}: finished")
        };
        let refusal = reported(id, said, ErrorCode::HandshakeFailed, "KEX-13");
        file.refused(
            id,
            about,
            input(&Envelope::from(confirm).to_bytes()),
            refusal,
        );
    };
    let noise = &made.finished.message_2;
    for (id, about, place) in [
        ("ephemeral", "a bit of e2", 0),
        ("number", "a bit of c2", 40),
        ("tag", "a bit of the tag", 79),
    ] {
        let mut other = noise.clone();
        other[place] ^= 1;
        refused(id, &format!("{about} was changed"), &other);
    }
    refused("cut", "Noise message 2 without its last byte", &noise[..79]);
    refused("empty", "no Noise message", &[]);
    let (long, e2) = (vec![7; 33], exchange.e_sharer);
    let commitment = spelled::commitment(&exchange.n_h);
    let other = Noise {
        suite: made.suite,
        prologue: &made.prologue,
        psk: &made.spake.psk,
        e1: &exchange.e_helper,
        e2: &e2,
        payloads: [&commitment, &long],
    };
    refused(
        "payload",
        "an authentic Noise message with a payload of another size",
        &other.run().message_2,
    );
    file
}

fn openings() -> File {
    let mut file = File::new("opening");
    let exchange = Exchange::of_chapter(&[Suite::ChaChaPoly]);
    let made = exchange.make();
    let Ok(Some(Envelope::Answer(answer))) = Envelope::read(&made.answer) else {
        panic!("no answer")
    };
    let rng = Given::new(&[&exchange.e_sharer, &exchange.n_s]);
    let sharer = exchange
        .offering()
        .answered(&answer, &exchange.sharer_suites, rng)
        .expect("a channel");
    let input = |opening: &Key| {
        json!({
            "h": hex(made.finished.h), "n_s": hex(exchange.n_s),
            "commitment": hex(spelled::commitment(&exchange.n_h)), "opening": hex(opening),
        })
    };
    let words = sharer.open(&exchange.n_h).expect("the words");
    file.taken(
        "right",
        "the number that was committed to",
        &["KEX-15", "KEX-19"],
        input(&exchange.n_h),
        json!({ "phrase": words }),
    );
    for (id, place) in [("first", 0), ("last", 31)] {
        let mut other = exchange.n_h;
        other[place] ^= 1;
        let said = sharer.open(&other).expect_err("another number");
        let refusal = reported(id, said, ErrorCode::BadOpening, "KEX-15");
        file.refused(
            id,
            "another number than was committed to",
            input(&other),
            refusal,
        );
    }
    file
}

impl Exchange {
    /// Takes the values of an end from a vector; those of the other stay what they are.
    fn take(&mut self, end: &Value) {
        let suites = || {
            let suites = end["suites"].as_array().expect("suites").iter();
            let known =
                suites.filter_map(|suite| Suite::from_wire(u8::try_from(suite.as_u64()?).ok()?));
            known.collect()
        };
        let ceiling = u16::try_from(end["ceiling"].as_u64().expect("a ceiling")).ok();
        let ceiling = ceiling.and_then(Scopes::from_bits).expect("scopes");
        if end.get("x").is_some() {
            (self.x, self.e_sharer, self.n_s) =
                (key_of(end, "x"), key_of(end, "e"), key_of(end, "n"));
            (self.sharer_suites, self.sharer_ceiling) = (suites(), ceiling);
        } else {
            (self.y, self.e_helper, self.n_h) =
                (key_of(end, "y"), key_of(end, "e"), key_of(end, "n"));
            (self.helper_suites, self.helper_ceiling) = (suites(), ceiling);
        }
    }
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    if kind == "opening" {
        let (h, n_s, opening) = (
            key_of(input, "h"),
            key_of(input, "n_s"),
            key_of(input, "opening"),
        );
        return if spelled::commitment(&opening) == key_of(input, "commitment") {
            Ok(json!({ "phrase": spelled::phrase(&h, &opening, &n_s).1 }))
        } else {
            Err(Refusal::reported(ErrorCode::BadOpening, "KEX-15"))
        };
    }
    let mut exchange = Exchange::of_chapter(&[]);
    exchange.place = input["place"].as_str().expect("a place").into();
    exchange.pw = bytes_of(input, "pw");
    let refused = |said: Fault| Refusal::reported(said.code(), said.clause());
    match kind {
        "exchange" => {
            exchange.take(&input["sharer"]);
            exchange.take(&input["helper"]);
            Ok(exchange.output(&exchange.make()))
        }
        "answer" => {
            exchange.take(input);
            let (_, answer) = exchange
                .answering(&bytes_of(input, "offer"))
                .map_err(refused)?;
            Ok(json!({ "answer": hex(answer) }))
        }
        "confirm" => {
            exchange.take(input);
            let confirm = exchange
                .answered(&bytes_of(input, "answer"))
                .map_err(refused)?;
            Ok(json!({ "confirm": hex(confirm) }))
        }
        _ => {
            exchange.take(input);
            let (answering, _) = exchange
                .answering(&bytes_of(input, "offer"))
                .map_err(refused)?;
            let Ok(Some(Envelope::Confirm(confirm))) = Envelope::read(&bytes_of(input, "confirm"))
            else {
                panic!("no confirm")
            };
            let channel = answering.confirmed(&confirm).map_err(refused)?.channel;
            Ok(json!({ "h": hex(channel.transcript), "master": hex(channel.keys.master()) }))
        }
    }
}
