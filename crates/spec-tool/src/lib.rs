//! Holds the specification, the code and the tests to one another.
//!
//! The text in `spec/*.md` carries numbered requirements; code and tests cite them in comments,
//! with a hash of the sentence that was read when the comment was written. From that follows
//! what this crate answers: is each requirement well formed, implemented, tested, and has its
//! sentence changed since somebody looked?
//!
//! Read top-down:
//!
//! | Module | What it knows |
//! |---|---|
//! | `check`, `cite`, `list`, `report`, `write` | one command each, from a [`Project`] to an [`Outcome`] |
//! | `prove` | all that shows this, run in turn; and that each part of it finds what it is there to find |
//! | `project` | what is loaded: the text and the sources |
//! | `spec`, `requirement` | which sentences are requirements, and what makes one sound |
//! | `markdown`, `words` | the blocks of a chapter; ids, keywords and sentences in a block |
//! | `chapters` | the list of chapters |
//! | `features`, `feature` | the table that says where each behaviour is implemented and shown |
//! | `tables` | the state tables: total, and shown in the chapters |
//! | `observability` | where somebody outside sees whether a requirement is obeyed |
//! | `evidence` | all that stands behind a requirement |
//! | `model` | the formal model: which requirements it names |
//! | `vectors` | the test vectors: what they show, and how many there are |
//! | `citation`, `source` | the comment that cites; the files that can hold one |

mod chapters;
mod check;
mod citation;
mod cite;
mod evidence;
mod feature;
mod features;
mod list;
mod markdown;
mod model;
mod observability;
mod outcome;
mod project;
mod prove;
mod registry;
mod report;
mod requirement;
mod source;
mod spec;
pub mod tables;
mod vectors;
mod words;
mod write;

pub use check::check;
pub use cite::{Accept, cite};
pub use list::list;
pub use outcome::{Failure, Outcome};
pub use project::Project;
pub use prove::{breaks, prove};
pub use report::report;
pub use write::write;
