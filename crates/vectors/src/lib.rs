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
//! | `files` | the folder of the committed vectors |

mod codes;
mod fields;
pub mod files;
mod messages;
pub mod vector;

use vector::File;

/// All files of vectors, made anew.
pub fn all() -> Vec<File> {
    let mut all = codes::files();
    all.extend(messages::files());
    all
}
