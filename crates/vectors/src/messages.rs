//! Every message of every plane, and every record: as bytes and as fields.

mod bodies;
mod envelopes;
mod records;
mod rendezvous;
mod session;

use alongside_wire::{DecodeError, ErrorCode, framing};
use serde_json::{Value, json};

use crate::{
    fields::{Message, bytes_of},
    vector::{File, Refusal},
};

pub(crate) use records::event_fields;

pub(crate) fn files() -> Vec<File> {
    vec![
        rendezvous::file(),
        envelopes::file(),
        session::file(),
        bodies::file(),
        records::file(),
    ]
}

/// What a decoder must say, by the requirement.
fn refusal(requirement: &'static str) -> Refusal {
    let error = match requirement {
        "WIRE-5" => ErrorCode::TooLarge,
        "WIRE-8" => ErrorCode::UnknownMessage,
        _ => ErrorCode::Malformed,
    };
    Refusal::reported(error, requirement)
}

/// Holds what a decoder said against what it must say. Requirements of cards and the like, which
/// say what a field may not be, are named by the vector; a decoder has one clause for all of them.
fn agrees(id: &str, said: DecodeError, expected: Refusal) {
    assert_eq!(Some(said.code()), expected.error, "{id}: {said}");
    let clause = expected.requirement;
    let right = if clause.starts_with("WIRE") {
        said.clause() == clause
    } else {
        ["WIRE-6", "WIRE-7"].contains(&said.clause())
    };
    assert!(right, "{id}: {said}");
}

/// All that some bytes are, and how many bytes wait for more.
type Reading<M> = Result<(Vec<M>, usize), DecodeError>;

/// A plane of framed messages.
struct Plane<M> {
    file: File,
    read: fn(&[u8]) -> Reading<M>,
}

impl<M: Message> Plane<M> {
    fn new(kind: &'static str, read: fn(&[u8]) -> Reading<M>) -> Self {
        let file = File::new(kind);
        Self { file, read }
    }

    /// One message, its bytes by the code and back.
    fn valid(&mut self, id: &str, about: &str, message: impl Into<M>) {
        let message = message.into();
        let (name, bytes) = (message.name(), message.framed());
        let fields = message.fields();
        assert_eq!(
            M::from_fields(name, &fields),
            message,
            "{id}: fields lose something"
        );
        self.bytes(
            &format!("{name}/{id}"),
            about,
            &["WIRE-6"],
            &bytes,
            &[message],
        );
    }

    /// The same, and what every decoder must refuse of it: one byte less, one more.
    fn message(&mut self, id: &str, about: &str, message: impl Into<M>) {
        let message = message.into();
        let (number, name, bytes) = (message.message_type(), message.name(), message.framed());
        let raw = framing::only(&bytes, 65_536, "a vector").expect("one message");
        let body = raw.body.to_vec();
        self.valid(id, about, message);
        if let Some((_, less)) = body.split_last() {
            self.body(
                &format!("{name}/cut"),
                "the last byte is missing",
                number,
                less,
                "WIRE-3",
            );
        }
        let more = [&body[..], &[0]].concat();
        self.body(
            &format!("{name}/more"),
            "a byte follows the body's end",
            number,
            &more,
            "WIRE-4",
        );
    }

    /// Bytes that are these messages.
    fn bytes(&mut self, id: &str, about: &str, shows: &[&str], bytes: &[u8], messages: &[M]) {
        let (read, waits) = (self.read)(bytes).expect(id);
        assert_eq!(read, messages, "{id}");
        let output = output(bytes, messages, waits);
        let written: Vec<u8> = messages.iter().flat_map(Message::framed).collect();
        let input = json!({ "bytes": hex::encode(bytes) });
        self.file.taken(id, about, shows, input, output);
        if written != bytes {
            self.file.one_way();
        }
    }

    /// A body that its type does not have.
    fn body(&mut self, id: &str, about: &str, number: u16, body: &[u8], clause: &'static str) {
        let mut bytes = Vec::new();
        framing::encode(number, body, &mut bytes);
        self.refused(id, about, &bytes, refusal(clause));
    }

    /// A message that has all but one value right.
    fn wrong(&mut self, id: &str, about: &str, message: impl Into<M>, clause: &'static str) {
        let message = message.into();
        let id = format!("{}/{id}", message.name());
        self.refused(&id, about, &message.framed(), refusal(clause));
    }

    /// Types and lengths that are not written as they have to be; a message that is, is `right`.
    fn headers(&mut self, area: &str, right: &[u8]) {
        let (number, length, body) = (right[0], right[1], &right[2..]);
        let overlong_type = [&[number | 0x80, 0x00, length], body].concat();
        let overlong_length = [&[number, length | 0x80, 0x00], body].concat();
        for (id, about, bytes, clause) in [
            (
                "overlong-type",
                "a type with a superfluous byte",
                &overlong_type[..],
                "WIRE-2",
            ),
            (
                "overlong-length",
                "a length with a superfluous byte",
                &overlong_length,
                "WIRE-2",
            ),
            (
                "large-type",
                "a type beyond 16 bits",
                &[0x81, 0x80, 0x04, 0x00],
                "WIRE-1",
            ),
            (
                "endless-type",
                "a type that goes on after three bytes, and then has a superfluous one",
                &[0x81, 0x80, 0x80, 0x80, 0x00, 0x00],
                "WIRE-1",
            ),
        ] {
            self.refused(&format!("{area}/{id}"), about, bytes, refusal(clause));
        }
    }

    fn refused(&mut self, id: &str, about: &str, bytes: &[u8], expected: Refusal) {
        match (self.read)(bytes) {
            Ok((read, _)) => panic!("{id}: taken as {read:?}"),
            Err(said) => agrees(id, said, expected),
        }
        let input = json!({ "bytes": hex::encode(bytes) });
        self.file.refused(id, about, input, expected);
    }
}

/// What a vector says that some bytes are.
fn output<M: Message>(bytes: &[u8], messages: &[M], waits: usize) -> Value {
    let all: Vec<_> = messages.iter().map(Message::json).collect();
    let mut output = json!({ "messages": all });
    let skipped = skipped(bytes, messages);
    if !skipped.is_empty() {
        output["skipped"] = json!(skipped);
    }
    if waits > 0 {
        output["waiting"] = json!(waits);
    }
    output
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    let bytes = bytes_of(input, "bytes");
    match kind {
        "rendezvous" => read_all(&bytes, rendezvous::read),
        "envelope" => read_all(&bytes, envelopes::read),
        "session" => read_all(&bytes, session::read),
        "clear" => bodies::compute(&input["what"], &bytes).map_err(said),
        _ => records::compute(&input["what"], &bytes),
    }
}

/// The bytes of the messages of a vector.
pub(crate) fn written(kind: &str, output: &Value) -> Vec<u8> {
    fn of<M: Message>(message: &Value) -> Vec<u8> {
        let name = message["name"].as_str().expect("a name");
        M::from_fields(name, &message["fields"]).framed()
    }
    let messages = output["messages"].as_array().expect("messages").iter();
    let write = match kind {
        "rendezvous" => of::<alongside_wire::rendezvous::Message>,
        "envelope" => of::<alongside_wire::envelope::Envelope>,
        _ => of::<alongside_wire::session::Message>,
    };
    messages.flat_map(write).collect()
}

fn read_all<M: Message>(bytes: &[u8], read: fn(&[u8]) -> Reading<M>) -> Result<Value, Refusal> {
    let (messages, waits) = read(bytes).map_err(said)?;
    Ok(output(bytes, &messages, waits))
}

fn said(error: DecodeError) -> Refusal {
    Refusal::reported(error.code(), error.clause())
}

/// The types that are not among `messages`.
fn skipped<M: Message>(bytes: &[u8], messages: &[M]) -> Vec<u16> {
    let mut known = messages.iter().map(Message::message_type).peekable();
    let (mut rest, mut skipped) = (bytes, Vec::new());
    while let Ok(Some((raw, used))) = framing::split(rest, 65_536, "a vector") {
        if known.next_if_eq(&raw.message_type).is_none() {
            skipped.push(raw.message_type);
        }
        rest = &rest[used..];
    }
    skipped
}

/// Bytes that count up from `first`.
pub(crate) fn run<const N: usize>(first: u8) -> [u8; N] {
    std::array::from_fn(|place| first.wrapping_add(place as u8))
}

/// What is read of something that is no framed message.
struct Whole {
    file: File,
}

impl Whole {
    fn taken(&mut self, id: &str, about: &str, what: &str, bytes: &[u8], fields: Value) {
        let input = json!({ "what": what, "bytes": hex::encode(bytes) });
        let output = json!({ "fields": fields });
        self.file
            .taken(&format!("{what}/{id}"), about, &["WIRE-6"], input, output);
    }

    fn refused(
        &mut self,
        id: &str,
        about: &str,
        what: &str,
        bytes: &[u8],
        clause: &'static str,
        said: Option<DecodeError>,
    ) {
        let id = format!("{what}/{id}");
        agrees(
            &id,
            said.unwrap_or_else(|| panic!("{id}: taken")),
            refusal(clause),
        );
        let input = json!({ "what": what, "bytes": hex::encode(bytes) });
        self.file.refused(&id, about, input, refusal(clause));
    }
}
