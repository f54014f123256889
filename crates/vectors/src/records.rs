//! Keys of the schedule, records sealed and opened under them, and what is dropped.

use alongside_state_machine::channel::{
    input::GrantKey,
    keys::Keys,
    media::{self, Dropped},
    session,
};
use alongside_wire::{
    Channel, Direction, ErrorCode, Suite,
    envelope::{Envelope, Sealed},
    input::{InputEvent, encode_record, read_record},
    record::{InputHeader, MediaHeader},
};
use serde_json::{Value, json};

use crate::{
    fields::{bytes_of, key_of},
    handshakes::Exchange,
    messages::run,
    spelled::{self, Key, hex},
    vector::{File, Refusal},
};

pub(crate) fn files() -> Vec<File> {
    vec![keys(), sealed(), opened(), windows()]
}

const SUITES: [Suite; 2] = [Suite::ChaChaPoly, Suite::AesGcm];
/// Records of one key.
const BLOCK: u64 = 1 << 20;

/// A master that comes from nowhere.
fn master() -> Key {
    [7; 32]
}

/// Which key of a session it is.
#[derive(Clone, Copy)]
enum Use {
    Session(Direction),
    Media { epoch: u32 },
    Input { grant: u32, secret: Key },
}

/// One record of a session, and where it stands.
#[derive(Clone, Copy)]
struct Place {
    suite: Suite,
    master: Key,
    generation: u32,
    number: u64,
    /// The frame that a media record belongs to.
    frame: u32,
    of: Use,
}

impl Place {
    fn keys(&self) -> Keys {
        Keys::of_generation(self.suite, self.generation, self.master)
    }

    fn info(&self) -> Vec<u8> {
        let block = self.number / BLOCK;
        let record = |channel: Channel, direction: Direction, epoch| {
            spelled::record_info(
                channel.to_wire(),
                direction.to_wire(),
                self.generation,
                epoch,
                block,
            )
        };
        match self.of {
            Use::Session(direction) => record(Channel::Session, direction, 0),
            Use::Media { epoch } => record(Channel::Media, Direction::ToHelper, epoch),
            Use::Input { grant, secret } => spelled::grant_info(self.generation, grant, &secret),
        }
    }

    fn key(&self) -> Key {
        spelled::expand(&self.master, &self.info())
    }

    fn header(&self, plaintext: usize) -> Vec<u8> {
        match self.of {
            Use::Session(_) => Sealed::header(plaintext + 16),
            Use::Media { epoch } => MediaHeader {
                last: true,
                index: 0,
                frame: self.frame,
                epoch,
                number: self.number,
                length: plaintext as u32 + 16,
            }
            .to_bytes()
            .into(),
            Use::Input { grant, .. } => InputHeader { grant }.to_bytes().into(),
        }
    }

    /// The record spelled out.
    fn spell(&self, plaintext: &[u8]) -> Vec<u8> {
        let header = self.header(plaintext.len());
        let body = spelled::seal(self.suite, &self.key(), self.number, &header, plaintext);
        [header, body].concat()
    }

    /// The record as the reference code seals it, after all records before it.
    fn seal(&self, plaintext: &[u8], events: &[InputEvent]) -> Vec<u8> {
        let keys = self.keys();
        let before = 0..self.number;
        match self.of {
            Use::Session(direction) => {
                let mut sealer = session::Sealer::new(&keys, direction);
                before.for_each(|_| drop(sealer.seal(&keys, &[])));
                sealer.seal(&keys, plaintext)
            }
            Use::Media { epoch } => {
                let mut sealer = media::Sealer::new(&keys, epoch);
                before.for_each(|_| drop(sealer.seal(&keys, 1, b"x")));
                sealer.seal(&keys, self.frame, plaintext)
            }
            Use::Input { grant, secret } => {
                let mut key = GrantKey::new(&keys, grant, &secret);
                before.for_each(|_| drop(key.seal(&[])));
                key.seal(events)
            }
        }
    }

    /// The values of a record that was sealed.
    fn sealed(&self, plaintext: &[u8], record: &[u8]) -> Value {
        let header = self.header(plaintext.len());
        let mut nonce = vec![0; 4];
        nonce.extend(self.number.to_be_bytes());
        json!({
            "key": hex(self.key()), "nonce": hex(nonce), "header": hex(&header),
            "ciphertext": hex(&record[header.len()..]), "record": hex(record),
        })
    }

    fn json(&self) -> Value {
        let mut json = json!({
            "suite": self.suite.to_wire(),
            "master": hex(self.master),
            "generation": self.generation,
            "number": self.number,
        });
        match self.of {
            Use::Session(direction) => {
                json["plane"] = json!("session");
                json["direction"] = json!(direction.name());
            }
            Use::Media { epoch } => {
                json["plane"] = json!("media");
                json["epoch"] = json!(epoch);
            }
            Use::Input { grant, secret } => {
                json["plane"] = json!("input");
                json["grant"] = json!(grant);
                json["secret"] = hex(secret);
            }
        }
        json
    }
}

const TO_HELPER: Use = Use::Session(Direction::ToHelper);
const TO_SHARER: Use = Use::Session(Direction::ToSharer);

fn keys() -> File {
    let mut file = File::new("key");
    let grant = Use::Input {
        grant: 9,
        secret: [5; 32],
    };
    for (id, about, generation, number, of) in [
        (
            "to-helper",
            "the session plane to the helper",
            0,
            0,
            TO_HELPER,
        ),
        (
            "to-sharer",
            "the session plane to the sharer",
            0,
            0,
            TO_SHARER,
        ),
        ("generation", "after three reconnects", 3, 0, TO_SHARER),
        ("block", "the second block", 0, BLOCK, TO_SHARER),
        (
            "block-end",
            "the last number of the first block",
            0,
            BLOCK - 1,
            TO_SHARER,
        ),
        (
            "media",
            "the first epoch of media",
            0,
            0,
            Use::Media { epoch: 1 },
        ),
        (
            "media-most",
            "the highest of everything",
            u32::MAX,
            u64::MAX,
            Use::Media { epoch: u32::MAX },
        ),
        ("input", "a grant", 0, 0, grant),
        ("input-generation", "a grant after a reconnect", 1, 0, grant),
    ] {
        let place = Place {
            suite: SUITES[0],
            master: master(),
            generation,
            number,
            frame: 2,
            of,
        };
        let mut input = place.json();
        if let Some(input) = input.as_object_mut() {
            input.remove("suite");
        }
        let output = json!({ "info": hex(place.info()), "key": hex(place.key()) });
        // The keys that the reference code derives are seen in what it seals: the kind `sealed`.
        file.taken(id, about, &["KEY-1"], input, output);
    }
    file
}

fn sealed() -> File {
    let mut file = File::new("sealed");
    let key = InputEvent::Key {
        usage: 4,
        down: true,
    };
    for suite in SUITES {
        let heartbeat = vec![0x20, 0x00];
        let grant = Use::Input {
            grant: 9,
            secret: [5; 32],
        };
        for (id, about, generation, number, of, plaintext) in [
            (
                "to-sharer",
                "the first record to the sharer: a heartbeat",
                0,
                0,
                TO_SHARER,
                heartbeat.clone(),
            ),
            (
                "to-helper",
                "the first record to the helper",
                0,
                0,
                TO_HELPER,
                heartbeat.clone(),
            ),
            (
                "third",
                "the third record, whose number is 2",
                0,
                2,
                TO_HELPER,
                heartbeat.clone(),
            ),
            (
                "generation",
                "the first after two reconnects",
                2,
                0,
                TO_HELPER,
                heartbeat.clone(),
            ),
            (
                "length",
                "a record whose length takes two bytes",
                0,
                0,
                TO_HELPER,
                [&[1, 0x80, 0x02][..], &[0; 256]].concat(),
            ),
            (
                "block",
                "the first of the second block",
                0,
                BLOCK,
                TO_SHARER,
                heartbeat,
            ),
            (
                "media",
                "a media record: the second of its epoch",
                0,
                1,
                Use::Media { epoch: 3 },
                b"second".to_vec(),
            ),
            (
                "media-longest",
                "the longest record",
                0,
                0,
                Use::Media { epoch: 1 },
                vec![0xAA; 16_384],
            ),
            (
                "media-block",
                "media, the first of the second block",
                0,
                BLOCK,
                Use::Media { epoch: 1 },
                b"x".to_vec(),
            ),
            (
                "input",
                "an input record with a key",
                0,
                0,
                grant,
                encode_record(&[key]).into(),
            ),
            (
                "input-third",
                "the third record of a grant",
                0,
                2,
                grant,
                encode_record(&[key]).into(),
            ),
            (
                "input-generation",
                "a grant after a reconnect",
                1,
                0,
                grant,
                encode_record(&[key]).into(),
            ),
        ] {
            let place = Place {
                suite,
                master: master(),
                generation,
                number,
                frame: 2,
                of,
            };
            let record = place.seal(&plaintext, &[key]);
            assert_eq!(record, place.spell(&plaintext), "{id}");
            let mut input = place.json();
            if matches!(of, Use::Media { .. }) {
                input["frame"] = json!(place.frame);
            }
            input["plaintext"] = hex(&plaintext);
            let output = place.sealed(&plaintext, &record);
            let id = format!("suite-{}/{id}", suite.to_wire());
            file.taken(&id, about, &["KEY-1", "KEY-2", "KEY-3"], input, output);
        }
    }
    chapter(&mut file);
    file
}

/// The records of the chapter, under its masters.
fn chapter(file: &mut File) {
    for suite in SUITES {
        let made = Exchange::of_chapter(&[suite]).make();
        let keys = Keys::from_master(suite, made.master);
        let introduce = [&[0x02, 38][..], &run::<32>(0x80), b"\x03Ada\0\0"].concat();
        let mut file_one = |id: &str, about: &str, input: Value, record: Vec<u8>, key: Key| {
            let mut all = json!({ "suite": suite.to_wire(), "master": hex(made.master), "generation": 0, "number": 0 });
            let plaintext =
                hex::decode(input["plaintext"].as_str().expect("text")).expect("hexadecimal");
            let header = &record[..record.len() - plaintext.len() - 16];
            assert_eq!(
                record[header.len()..],
                spelled::seal(suite, &key, 0, header, &plaintext),
                "{id}"
            );
            let output = json!({
                "key": hex(key), "nonce": hex([0; 12]), "header": hex(header),
                "ciphertext": hex(&record[header.len()..]), "record": hex(&record),
            });
            if let (Some(all), Value::Object(input)) = (all.as_object_mut(), input) {
                all.extend(input);
            }
            let id = format!("chapter/suite-{}/{id}", suite.to_wire());
            file.taken(&id, about, &["KEY-1", "KEY-2", "KEY-3"], all, output);
        };
        let derive = |info: &[u8]| spelled::expand(&made.master, info);
        for (id, about, direction, plaintext) in [
            (
                "introduce",
                "the helper's introduce, with the name Ada and no card",
                Direction::ToSharer,
                introduce,
            ),
            (
                "heartbeat",
                "the sharer's first record: a heartbeat",
                Direction::ToHelper,
                vec![0x20, 0],
            ),
        ] {
            let record = session::Sealer::new(&keys, direction).seal(&keys, &plaintext);
            let key = derive(&spelled::record_info(0, direction.to_wire(), 0, 0, 0));
            let input = json!({ "plane": "session", "direction": direction.name(), "plaintext": hex(plaintext) });
            file_one(id, about, input, record, key);
        }
        let frame = [1, 0, 0, 1, 0, 1, 0, 0];
        let record = media::Sealer::new(&keys, 1).seal(&keys, 1, &frame);
        let input = json!({ "plane": "media", "epoch": 1, "frame": 1, "plaintext": hex(frame) });
        file_one(
            "media",
            "a frame of one pixel",
            input,
            record,
            derive(&spelled::record_info(1, 0, 0, 1, 0)),
        );
        let events = [InputEvent::Key {
            usage: 4,
            down: true,
        }];
        let record = GrantKey::new(&keys, 1, &run(0xC0)).seal(&events);
        let input = json!({
            "plane": "input", "grant": 1, "secret": hex(run::<32>(0xC0)), "plaintext": hex(encode_record(&events)),
        });
        file_one(
            "input",
            "a key goes down",
            input,
            record,
            derive(&spelled::grant_info(0, 1, &run(0xC0))),
        );
    }
}

/// What is done with a record that does not open.
fn lost(of: Use) -> Refusal {
    match of {
        Use::Session(_) => Refusal::silent("KEY-7"),
        Use::Media { .. } => Refusal::silent("MEDIA-7"),
        Use::Input { .. } => Refusal::reported(ErrorCode::RecordFailed, "INPUT-5"),
    }
}

impl Place {
    /// Opens a record as the reference code does that expects this place.
    fn open(&self, record: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys();
        match self.of {
            Use::Session(direction) => {
                let mut opener = session::Opener::new(&keys, direction);
                for number in 0..self.number {
                    let before = Self { number, ..*self }.spell(&[0x20, 0]);
                    opener
                        .open(&keys, &envelope(&before))
                        .expect("a record before it");
                }
                opener.open(&keys, &envelope(record)).ok()
            }
            Use::Media { epoch } => {
                let (header, body) = split(record);
                media::Opener::new(epoch).open(&keys, &header, body).ok()
            }
            Use::Input { grant, secret } => {
                let mut key = GrantKey::new(&keys, grant, &secret);
                for number in 0..self.number {
                    let before = Self { number, ..*self }.spell(&[0; 64]);
                    key.open(&before[8..]).expect("a record before it");
                }
                key.open(&record[8..]).ok().map(Vec::from)
            }
        }
    }
}

fn envelope(record: &[u8]) -> Sealed {
    match Envelope::read(record) {
        Ok(Some(Envelope::Sealed(sealed))) => sealed,
        other => panic!("{other:?}"),
    }
}

fn split(record: &[u8]) -> (MediaHeader, &[u8]) {
    let (header, body) = record.split_first_chunk().expect("a header");
    (MediaHeader::read(header).expect("a header"), body)
}

fn opened() -> File {
    let mut file = File::new("opened");
    let secret = [5; 32];
    for (suite, plane, of, plaintext) in SUITES.into_iter().flat_map(|suite| {
        [
            (suite, "session", TO_HELPER, vec![0x20, 0x00]),
            (suite, "media", Use::Media { epoch: 3 }, b"second".to_vec()),
            (suite, "input", Use::Input { grant: 9, secret }, vec![0; 64]),
        ]
    }) {
        let place = Place {
            suite,
            master: master(),
            generation: 0,
            number: 1,
            frame: 2,
            of,
        };
        let record = place.spell(&plaintext);
        let input = |record: &[u8]| {
            let mut input = place.json();
            input["record"] = hex(record);
            input
        };
        let name = |id: &str| format!("suite-{}/{plane}/{id}", suite.to_wire());
        assert_eq!(place.open(&record).as_ref(), Some(&plaintext));
        file.taken(
            &name("right"),
            "the record that is expected",
            &["KEY-1", "KEY-2", "KEY-3"],
            input(&record),
            json!({ "plaintext": hex(&plaintext) }),
        );
        let header = place.header(plaintext.len()).len();
        let flipped = |at: usize| {
            let mut other = record.clone();
            other[at] ^= 1;
            other
        };
        let other = |change: &dyn Fn(&mut Place)| {
            let mut other = place;
            change(&mut other);
            other.spell(&plaintext)
        };
        let mut wrong = vec![
            (
                "ciphertext",
                "a bit of the ciphertext was changed",
                flipped(header),
            ),
            (
                "tag",
                "a bit of the tag was changed",
                flipped(record.len() - 1),
            ),
            (
                "generation",
                "sealed in another generation",
                other(&|place| place.generation = 1),
            ),
        ];
        match of {
            Use::Session(_) => {
                wrong.push((
                    "repeated",
                    "the record before it once more",
                    other(&|place| place.number = 0),
                ));
                wrong.push((
                    "skipped",
                    "the record after it",
                    other(&|place| place.number = 2),
                ));
                wrong.push((
                    "reflected",
                    "a record of the other direction",
                    other(&|place| place.of = TO_SHARER),
                ));
            }
            Use::Media { .. } => {
                wrong.push(("last", "the flag in the header was changed", flipped(1)));
                wrong.push(("index", "the index was changed", flipped(3)));
                wrong.push(("frame", "the frame was changed", flipped(7)));
                wrong.push(("number", "the number was changed", flipped(19)));
                wrong.push(("epoch", "sealed under the key of another epoch", {
                    let body = other(&|place| place.of = Use::Media { epoch: 2 });
                    [&record[..header], &body[header..]].concat()
                }));
            }
            Use::Input { .. } => {
                wrong.push((
                    "repeated",
                    "the record before it once more",
                    other(&|place| place.number = 0),
                ));
                wrong.push((
                    "skipped",
                    "the record after it",
                    other(&|place| place.number = 2),
                ));
                wrong.push((
                    "secret",
                    "a grant with another secret",
                    other(&|place| {
                        place.of = Use::Input {
                            grant: 9,
                            secret: [6; 32],
                        }
                    }),
                ));
            }
        }
        for (id, about, record) in wrong {
            assert_eq!(place.open(&record), None, "{plane} {id}");
            file.refused(&name(id), about, input(&record), lost(of));
        }
    }
    file
}

/// One opener of media, and many records.
fn windows() -> File {
    let mut file = File::new("window");
    let suite = Suite::ChaChaPoly;
    let place = |epoch, number| Place {
        suite,
        master: master(),
        generation: 0,
        number,
        frame: 2,
        of: Use::Media { epoch },
    };
    let forged = |number| {
        let mut record = place(1, number).spell(b"x");
        let last = record.len() - 1;
        record[last] ^= 1;
        record
    };
    let right = |number| place(1, number).spell(b"x");
    let (ok, early, twice, lost, epoch) = ("", "MEDIA-5", "MEDIA-6", "MEDIA-7", "MEDIA-4");
    for (id, about, shows, records) in [
        (
            "order",
            "records in their order",
            &["MEDIA-6"][..],
            vec![(right(0), ok), (right(1), ok), (right(2), ok)],
        ),
        (
            "late",
            "records that overtake each other",
            &["MEDIA-5"],
            vec![
                (right(5), ok),
                (right(3), ok),
                (right(4), ok),
                (right(0), ok),
            ],
        ),
        (
            "twice",
            "a record twice, at once and later",
            &["MEDIA-6"],
            vec![
                (right(0), ok),
                (right(0), twice),
                (right(1), ok),
                (right(0), twice),
                (right(1), twice),
            ],
        ),
        (
            "width",
            "the window is 4,096 wide",
            &["MEDIA-5", "MEDIA-6"],
            vec![
                (right(4_100), ok),
                (right(4_100), twice),
                (right(4), ok),
                (right(4), twice),
                (right(3), early),
                (right(4_101), ok),
                (right(4), early),
                (right(5), ok),
            ],
        ),
        (
            "jump",
            "a jump by many windows",
            &["MEDIA-5"],
            vec![
                (right(1), ok),
                (right(100_000), ok),
                (right(1), early),
                (right(95_904), ok),
                (right(95_903), early),
                (right(99_999), ok),
            ],
        ),
        (
            "block",
            "the next block is opened, and none beyond",
            &["MEDIA-5"],
            vec![
                (right(BLOCK - 1), ok),
                (right(BLOCK), ok),
                (right(3 * BLOCK), early),
                (right(BLOCK - 1), twice),
                (right(BLOCK - 2), ok),
            ],
        ),
        (
            "first-block",
            "from the first block the third is out of reach",
            &["MEDIA-5"],
            vec![
                (right(2 * BLOCK), early),
                (right(u64::MAX), early),
                (right(2 * BLOCK - 1), ok),
            ],
        ),
        (
            "forged",
            "a forged record moves nothing: what is right still opens",
            &["MEDIA-7"],
            vec![
                (forged(4_200), lost),
                (right(0), ok),
                (forged(1), lost),
                (right(1), ok),
            ],
        ),
        (
            "epoch",
            "other epochs are dropped",
            &["MEDIA-4"],
            vec![
                (place(2, 0).spell(b"x"), epoch),
                (right(0), ok),
                (place(0, 1).spell(b"x"), epoch),
            ],
        ),
    ] {
        let keys = place(1, 0).keys();
        let mut opener = media::Opener::new(1);
        for (record, expected) in &records {
            let (header, body) = split(record);
            let said = match opener.open(&keys, &header, body) {
                Ok(plaintext) => {
                    assert_eq!(plaintext, b"x");
                    ok
                }
                Err(dropped) => clause(dropped),
            };
            assert_eq!(said, *expected, "{id}: {}", header.number);
        }
        let input = json!({
            "suite": suite.to_wire(), "master": hex(master()), "generation": 0, "epoch": 1,
            "records": records.iter().map(|(record, _)| hex(record)).collect::<Vec<_>>(),
        });
        let result = |expected: &str| match expected {
            "" => json!({ "plaintext": hex(b"x") }),
            requirement => json!({ "dropped": requirement }),
        };
        let results: Vec<_> = records
            .iter()
            .map(|(_, expected)| result(expected))
            .collect();
        file.taken(id, about, shows, input, json!({ "results": results }));
    }
    file
}

/// Numbers up to here are reached by counting, as an end does. Beyond, the formulas are enough.
const COUNTED: u64 = 4_096;

impl Place {
    fn read(input: &Value) -> Self {
        let number = |name: &str| input[name].as_u64().unwrap_or_default();
        let small = |name: &str| u32::try_from(number(name)).expect("32 bits");
        let of = match input["plane"].as_str().expect("a plane") {
            "session" if input["direction"] == "to-helper" => TO_HELPER,
            "session" => TO_SHARER,
            "media" => Use::Media {
                epoch: small("epoch"),
            },
            _ => Use::Input {
                grant: small("grant"),
                secret: key_of(input, "secret"),
            },
        };
        let suite = u8::try_from(number("suite"))
            .ok()
            .and_then(Suite::from_wire);
        Self {
            suite: suite.unwrap_or(SUITES[0]),
            master: key_of(input, "master"),
            generation: small("generation"),
            number: number("number"),
            frame: small("frame"),
            of,
        }
    }

    /// What a record holds, by the formulas alone.
    fn unspell(&self, record: &[u8]) -> Option<Vec<u8>> {
        let header = match self.of {
            Use::Session(_) => Sealed::header(envelope(record).ciphertext.len()).len(),
            Use::Media { .. } => MediaHeader::LEN,
            Use::Input { .. } => InputHeader::LEN,
        };
        let (header, body) = record.split_at(header);
        spelled::open(self.suite, &self.key(), self.number, header, body)
    }
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    if kind == "window" {
        return Ok(window(input));
    }
    let place = Place::read(input);
    match kind {
        "key" => Ok(json!({ "info": hex(place.info()), "key": hex(place.key()) })),
        "sealed" => {
            let plaintext = bytes_of(input, "plaintext");
            let record = place.spell(&plaintext);
            if place.number <= COUNTED {
                let events = plaintext
                    .as_slice()
                    .try_into()
                    .ok()
                    .and_then(|slots| read_record(slots).ok());
                let sealed = place.seal(&plaintext, &events.unwrap_or_default());
                // Input that no event makes, such as a gap between two, is sealed by the formulas.
                let made = !matches!(place.of, Use::Input { .. }) || sealed.len() == record.len();
                assert!(made && (sealed == record || matches!(place.of, Use::Input { .. })));
            }
            Ok(place.sealed(&plaintext, &record))
        }
        _ => {
            let record = bytes_of(input, "record");
            let opened = place.unspell(&record);
            if place.number <= COUNTED {
                assert_eq!(place.open(&record), opened);
            }
            opened
                .map(|plaintext| json!({ "plaintext": hex(plaintext) }))
                .ok_or(lost(place.of))
        }
    }
}

fn window(input: &Value) -> Value {
    let place = Place::read(&json!({
        "plane": "media", "suite": input["suite"], "master": input["master"],
        "generation": input["generation"], "epoch": input["epoch"],
    }));
    let Use::Media { epoch } = place.of else {
        panic!("no media")
    };
    let (keys, mut opener) = (place.keys(), media::Opener::new(epoch));
    let records = input["records"].as_array().expect("records").iter();
    let results: Vec<_> = records
        .map(|record| {
            let record = hex::decode(record.as_str().expect("text")).expect("hexadecimal");
            let (header, body) = split(&record);
            match opener.open(&keys, &header, body) {
                Ok(plaintext) => json!({ "plaintext": hex(plaintext) }),
                Err(dropped) => json!({ "dropped": clause(dropped) }),
            }
        })
        .collect();
    json!({ "results": results })
}

const fn clause(dropped: Dropped) -> &'static str {
    match dropped {
        Dropped::Epoch => "MEDIA-4",
        Dropped::Window => "MEDIA-5",
        Dropped::Replayed => "MEDIA-6",
        Dropped::Forged => "MEDIA-7",
    }
}
