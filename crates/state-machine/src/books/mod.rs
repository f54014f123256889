//! What a relay writes down, in which file, and when that file goes. Decisions only: whoever has a
//! disk carries them out.
//!
//! Time here is Unix time in seconds, as the caller's clock has it. It may go back.

mod sessions;
mod shelf;

pub use sessions::Sessions;
pub use shelf::Shelf;
