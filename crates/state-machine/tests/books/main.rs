//! The books of a relay on virtual time: what is in them, and that nothing in them grows old.

mod journal;
