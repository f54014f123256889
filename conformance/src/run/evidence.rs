//! What is kept of a case that was run.

use crate::stage::Transcript;

/// All that was said and heard, for whoever has to find out why a case failed.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What went over connections, and what the driver was told and told.
    pub transcript: Transcript,
    /// The standard streams of what is under test.
    pub stdio: Vec<String>,
}
