//! The test vectors of the specification, made by the reference code.
//!
//! Each module makes the vectors of one kind or a few. What a vector expects is written down here,
//! from the text of the specification, and what the reference makes of it is held against that: a
//! vector that the code does not bear out is a panic, and no file.
//!
//! | module | what it knows |
//! |---|---|
//! | `vector` | what a vector is, and a file of them |
//! | `fields` | messages as JSON, and back |
//! | `codes` | codes and links |
//! | `messages` and those below it | every message and record, valid and not |
//! | `datagrams` | what a relay reads of datagrams |
//! | `handshakes` | the key exchange, whole and step by step |
//! | `records` | keys, sealed records, what is dropped |
//! | `reconnects` | the handshake of a reconnect |
//! | `faces` | signatures, cards, what is said of devices |
//! | `receipts` | receipts, one by one and in files |
//! | `books` | what a relay writes down |
//! | `sequences` | what each end does, step by step |
//! | `shown` | messages as JSON, for tools that show them |
//! | `spelled` | the formulas of the chapters, for their intermediate values |
//! | `independent` | vectors of another implementation |
//! | `files` | the folder of the committed vectors |

mod books;
mod codes;
mod datagrams;
mod faces;
mod fields;
pub mod files;
mod given;
mod handshakes;
pub mod independent;
mod messages;
mod receipts;
mod reconnects;
mod records;
mod sequences;
pub mod shown;
mod spelled;
pub mod vector;

pub use independent::compute;

use std::sync::LazyLock;

use vector::File;

static ALL: LazyLock<Vec<File>> = LazyLock::new(|| {
    let mut all = codes::files();
    all.extend(messages::files());
    all.extend(datagrams::files());
    all.extend(handshakes::files());
    all.extend(records::files());
    all.extend(reconnects::files());
    all.extend(faces::files());
    all.extend(receipts::files());
    all.extend(books::files());
    all.extend(sequences::files());
    all
});

/// All files of vectors, made by this program, once.
pub fn all() -> &'static [File] {
    &ALL
}
