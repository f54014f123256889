//! The parts of the demo, each a session of its own.

pub(super) mod acquaintance;
pub(super) mod link;
pub(super) mod organisation;
pub(super) mod policy;
pub(super) mod session;
pub(super) mod stranger;
