//! The parts of the demo, each a session of its own.

pub(super) mod link;
pub(super) mod organisation;
pub(super) mod session;
