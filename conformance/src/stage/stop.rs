//! Why a case ends before its last line.

use std::fmt;

use super::Blame;

/// What a step of a case comes to.
pub type Done<T = ()> = Result<T, Stop>;

/// Why a case goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// What is under test does not do what a requirement says.
    Fails {
        /// The requirement, or those of which it is one.
        blame: Blame,
        /// What must be.
        expected: String,
        /// What was.
        seen: String,
    },
    /// Something on the way to what the case is about did not come; another case is about that.
    Timeout {
        /// What was awaited.
        awaited: String,
        /// What came instead.
        seen: String,
    },
    /// What is under test says that it does not have this.
    Unsupported(String),
    /// The suite cannot bring it about here.
    Untestable(String),
    /// What is under test has broken down.
    Crash(String),
    /// A driver that does not keep to its protocol.
    Driver(String),
    /// The suite itself has broken down.
    Harness(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails {
                blame,
                expected,
                seen,
            } => {
                f.write_str(blame.first())?;
                for other in blame.others() {
                    write!(f, " or {other}")?;
                }
                write!(f, ": expected {expected}; {seen}")
            }
            Self::Timeout { awaited, seen } => write!(f, "waited in vain for {awaited}; {seen}"),
            Self::Unsupported(what) => write!(f, "it does not have {what}"),
            Self::Untestable(why) => write!(f, "cannot be tested here: {why}"),
            Self::Crash(how) => write!(f, "it broke down: {how}"),
            Self::Driver(how) => write!(f, "it does not keep to driver.md: {how}"),
            Self::Harness(how) => write!(f, "the suite broke down: {how}"),
        }
    }
}
