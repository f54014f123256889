//! A body as its fields, and all the ways in which one of them can be wrong.

use alongside_wire::ErrorCode;

/// One field with a value that is right.
#[derive(Clone, Debug)]
pub(super) enum Field {
    U8(u8),
    /// A u8 of which these values are none.
    OneOf(u8, Vec<u8>),
    U16(u16),
    U32(u32),
    U64(u64),
    Bool(bool),
    Scopes(u16),
    Fixed(Vec<u8>),
    /// At most so many bytes.
    Text(String, usize),
    /// At most so many bytes.
    Bytes(Vec<u8>, usize),
    /// At most so many elements, of which there is one at least.
    List(Vec<Vec<Field>>, usize),
    Locator(String),
}

/// A body that is wrong for one reason.
pub(super) struct Wrong {
    /// For the id of a case.
    pub(super) name: String,
    pub(super) what: String,
    pub(super) requirement: &'static str,
    pub(super) code: ErrorCode,
    pub(super) body: Vec<u8>,
}

pub(super) fn encode(fields: &[Field]) -> Vec<u8> {
    fields.iter().flat_map(Field::encoded).collect()
}

/// Every body that differs from the right one in one fault.
pub(super) fn wrong(fields: &[Field]) -> Vec<Wrong> {
    let right = encode(fields);
    let mut all = vec![Wrong {
        name: "trailing".to_owned(),
        what: "a byte after its end".to_owned(),
        requirement: "WIRE-4",
        code: ErrorCode::Malformed,
        body: [right.as_slice(), &[0]].concat(),
    }];
    if let Some((_, short)) = right.split_last() {
        all.push(Wrong {
            name: "short".to_owned(),
            what: "its last byte missing".to_owned(),
            requirement: "WIRE-3",
            code: ErrorCode::Malformed,
            body: short.to_vec(),
        });
    }
    for (place, field) in fields.iter().enumerate() {
        let (before, rest) = fields.split_at(place);
        let after = rest.get(1..).unwrap_or_default();
        for (name, what, requirement, code, bytes) in field.wrong() {
            all.push(Wrong {
                name: format!("{}-{name}", place + 1),
                what: format!("{what} in field {}", place + 1),
                requirement,
                code,
                body: [encode(before), bytes, encode(after)].concat(),
            });
        }
    }
    all
}

/// The name of a fault, what it is, its clause and its code, and the field with it.
type Fault = (&'static str, &'static str, &'static str, ErrorCode, Vec<u8>);

impl Field {
    fn encoded(&self) -> Vec<u8> {
        match self {
            Self::U8(value) | Self::OneOf(value, _) => vec![*value],
            Self::U16(value) | Self::Scopes(value) => varint((*value).into()),
            Self::U32(value) => varint((*value).into()),
            Self::U64(value) => varint(*value),
            Self::Bool(value) => vec![u8::from(*value)],
            Self::Fixed(bytes) => bytes.clone(),
            Self::Text(text, _) | Self::Locator(text) => counted(text.as_bytes()),
            Self::Bytes(bytes, _) => counted(bytes),
            Self::List(list, _) => {
                let elements = list.iter().flat_map(|element| encode(element));
                varint(list.len() as u64)
                    .into_iter()
                    .chain(elements)
                    .collect()
            }
        }
    }

    fn wrong(&self) -> Vec<Fault> {
        let malformed = ErrorCode::Malformed;
        let long = |bytes: Vec<u8>| {
            let what = "a varint that is longer than its value needs";
            ("long-varint", what, "WIRE-6", malformed, overlong(bytes))
        };
        let beyond = |bytes: &[u8]| {
            let what = "a varint beyond its type";
            ("beyond", what, "WIRE-1", malformed, bytes.to_vec())
        };
        let bad = |name, what, bytes| (name, what, "WIRE-7", malformed, bytes);
        let over = |bytes| {
            let what = "more than its limit";
            ("over-limit", what, "WIRE-5", ErrorCode::TooLarge, bytes)
        };
        match self {
            Self::U8(_) | Self::Fixed(_) => Vec::new(),
            Self::OneOf(_, wrong) => wrong
                .iter()
                .map(|value| bad("value", "a value that is not allowed", vec![*value]))
                .take(1)
                .collect(),
            Self::U16(_) => vec![long(self.encoded()), beyond(&[0x80, 0x80, 0x04])],
            Self::U32(_) => vec![
                long(self.encoded()),
                beyond(&[0xFF, 0xFF, 0xFF, 0xFF, 0x1F]),
            ],
            Self::U64(_) => {
                let ten = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02];
                vec![long(self.encoded()), beyond(&ten)]
            }
            Self::Bool(_) => vec![bad("bool", "a bool that is neither 0 nor 1", vec![2])],
            Self::Scopes(value) => vec![
                long(self.encoded()),
                bad(
                    "bit",
                    "a bit that is not registered",
                    varint(u64::from(*value) | 0x100),
                ),
            ],
            Self::Text(text, most) => {
                let mut all = Vec::new();
                if !text.is_empty() {
                    let mut bytes = text.as_bytes().to_vec();
                    bytes[0] = 0xFF;
                    all.push(bad("utf-8", "a text that is not UTF-8", counted(&bytes)));
                }
                all.push(over(counted(&vec![b'a'; most + 1])));
                all
            }
            Self::Bytes(_, most) => vec![over(counted(&vec![0; most + 1]))],
            Self::List(list, most) => {
                let Some(element) = list.first() else {
                    return Vec::new();
                };
                let many: Vec<_> = std::iter::repeat_n(encode(element), most + 1).collect();
                let many = [varint(*most as u64 + 1), many.concat()].concat();
                vec![over(many)]
            }
            Self::Locator(text) => vec![
                bad("capital", "a locator with a capital", counted(b"AB12")),
                bad(
                    "alphabet",
                    "a locator with a letter that is none",
                    counted(b"ou12"),
                ),
                bad(
                    "short-locator",
                    "a locator of 3 characters",
                    counted(b"234"),
                ),
                bad(
                    "long-locator",
                    "a locator of 9 characters",
                    counted(b"234567890"),
                ),
                {
                    let (length, rest) = (varint(text.len() as u64), text.as_bytes());
                    let bytes = [overlong(length).as_slice(), rest].concat();
                    (
                        "long-varint",
                        "a varint that is longer than its value needs",
                        "WIRE-6",
                        malformed,
                        bytes,
                    )
                },
            ],
        }
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = (value & 0x7F) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}

/// The same value with a byte that it does not need.
fn overlong(mut varint: Vec<u8>) -> Vec<u8> {
    if let Some(last) = varint.last_mut() {
        *last |= 0x80;
    }
    varint.push(0);
    varint
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    [varint(bytes.len() as u64).as_slice(), bytes].concat()
}
