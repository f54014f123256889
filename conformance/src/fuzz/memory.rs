//! The most memory that a program has had at once, where the system tells: on Linux.

use std::fs;

use super::played::Breach;

/// More than any session takes by the limits of the specification, in bytes.
const MOST: u64 = 256 << 20;

/// A program, and what it had before a session.
pub(super) struct Memory {
    process: u32,
    before: Option<u64>,
}

impl Memory {
    /// From here on it is watched.
    pub(super) fn watch(process: u32) -> Self {
        // From here on the highest counts anew; where it cannot, it has been higher than it will be.
        let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
        Self {
            process,
            before: peak(process),
        }
    }

    /// What is wrong if it has become too much.
    pub(super) fn breach(&self) -> Option<Breach> {
        let more = peak(self.process)?.saturating_sub(self.before?);
        (more > MOST).then(|| Breach {
            requirement: "ERROR-3".to_owned(),
            expected: format!("at most {} MiB more than before", MOST >> 20),
            seen: format!("it had {} MiB more", more >> 20),
        })
    }
}

/// In bytes.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_takes_shows() {
        let memory = Memory::watch(std::process::id());
        assert_eq!(memory.breach(), None);
        // Touched, so that the system gives it.
        let much = vec![1_u8; (MOST + (16 << 20)) as usize];
        let breach = memory.breach().expect("it has grown");
        assert_eq!(breach.requirement, "ERROR-3", "{}", much.len());
    }
}
