//! What the suite hears of a driver that writes anything.

use std::{
    collections::BTreeSet,
    io::{self, Read},
};

use alongside_adversary::source::Source;
use alongside_conformance::driver::{Answer, Event, Heard, Line, heard};
use serde_json::{Value, json};

/// The commands that wait for an answer.
const COMMANDS: u64 = 4;

pub(crate) fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    let piece = 1 + source.below(60);
    let text = source.rest();
    let all = heard(text, COMMANDS);
    assert_eq!(
        all,
        heard(Pieces(text, piece), COMMANDS),
        "in pieces of {piece}"
    );

    let lines = text.split_inclusive(|byte| *byte == b'\n').count();
    assert_eq!(all.len(), lines, "something is heard of each line");
    let mut answered = BTreeSet::new();
    for heard in all {
        match heard {
            Heard::Nonsense(why) => assert!(!why.is_empty()),
            Heard::End => panic!("an end before the end"),
            Heard::Line(line) => {
                if let Line::Answer(id, _) = &line {
                    assert!((1..=COMMANDS).contains(id), "an answer to nothing");
                    assert!(answered.insert(*id), "two answers to one command");
                }
                let Some(again) = written(&line) else {
                    continue;
                };
                let read = self::heard(again.as_bytes(), COMMANDS);
                assert_eq!(read, [Heard::Line(line)], "{again}");
            }
        }
    }
}

/// The line that says this, unless it has numbers of which there are some less than can be written.
fn written(line: &Line) -> Option<String> {
    let line = match line {
        Line::Answer(id, Answer::Ok(fields)) => json!({ "id": id, "ok": fields }),
        Line::Answer(id, Answer::Unsupported) => json!({ "id": id, "unsupported": {} }),
        Line::Answer(id, Answer::Err(class, detail)) => {
            json!({ "id": id, "err": { "class": class.to_string(), "detail": detail } })
        }
        Line::Event(Event {
            name,
            session,
            fields,
        }) => {
            let mut line = Value::Object(fields.clone());
            line["event"] = json!(name);
            line["session"] = json!(session);
            line
        }
    };
    is_exact(&line).then(|| format!("{line}\n"))
}

fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(values) => values.iter().all(is_exact),
        Value::Object(fields) => fields.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// The same, so many bytes at once.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(buf.len());
        self.0.read(&mut buf[..most])
    }
}
