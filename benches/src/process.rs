//! Relays in processes of their own, and what the system says of each. Linux alone has `/proc`.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::Failure;

/// The argument that makes the calling program the keeper of another: [`keep`].
pub(crate) const KEEP: &str = "--keep";

/// How long a process has to end when its input has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(10);

/// A relay in a process of its own. It ends with this value, and with the program that started it,
/// however that ends: every role reads its standard input, and goes when nobody holds it.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Whose time and memory count.
    pid: u32,
    said: String,
}

impl Process {
    /// Starts this very program in another role, and waits for the one line that it says.
    pub(crate) fn in_role<A: AsRef<OsStr>>(
        role: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(role).args(arguments);
        Self::started(command)
    }

    /// Starts a command that becomes this very program in a role, and waits for the one line that it says.
    pub(crate) fn started(mut command: Command) -> Result<Self, Failure> {
        let mut child = command
            // What interrupts the program that measures shall not reach it before its input ends.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("a relay has no output")?;
        let mut process = Self {
            pid: child.id(),
            input: child.stdin.take(),
            output: BufReader::new(output),
            child,
            said: String::new(),
        };
        process.said = process.hears()?;
        if process.said.is_empty() {
            return Err(format!("what was started with {command:?} ended at once").into());
        }
        Ok(process)
    }

    /// Its answer to a line.
    pub(crate) fn ask(&mut self, line: &str) -> Result<String, Failure> {
        let input = self.input.as_mut().ok_or("it is told no more")?;
        writeln!(input, "{line}")?;
        input.flush()?;
        self.hears()
    }

    fn hears(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }

    /// Starts an installed program under a keeper. What it says goes into the file `log`.
    pub(crate) fn kept(program: &Path, arguments: &[&OsStr], log: &Path) -> Result<Self, Failure> {
        let own = [log.as_os_str(), program.as_os_str()];
        let mut process = Self::in_role(KEEP, own.iter().chain(arguments))?;
        process.pid = process.said().parse()?;
        Ok(process)
    }

    /// The line that it said.
    pub(crate) fn said(&self) -> &str {
        self.said.trim_end()
    }

    /// Ends it as nothing can be caught.
    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    /// How many files, sockets and the like it has open.
    pub(crate) fn descriptors(&self) -> Result<usize, Failure> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.pid))?.count())
    }

    /// The time that processors have spent on it, all its threads together, in user code and in the kernel.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        cpu_of(self.pid)
    }

    /// The memory of its own that it has now, in KiB; that of its program's file does not count.
    pub(crate) fn memory_kib(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        own_kib(&status).ok_or_else(|| "/proc tells of the relay that it is gone".into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        for _ in 0..LAST_WORDS.as_millis() / STEP.as_millis() {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            sleep(STEP);
        }
        // Either fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program of `arguments` (a file for what it says, the program, its arguments) until
/// standard input ends; says its process id. Other people's programs do not watch their input.
///
/// # Errors
/// If it does not start.
pub(crate) fn keep(mut arguments: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let log = File::create(arguments.next().ok_or("no file for its words is named")?)?;
    let mut child = Command::new(arguments.next().ok_or("no program is named")?)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let told = writeln!(io::stdout(), "{}", child.id());
    // Whatever comes is of no interest, and an error is an end.
    let _ = told.and_then(|()| io::stdin().read_to_end(&mut Vec::new()));
    // It fails only if it has ended already.
    let _ = child.kill();
    child.wait()?;
    Ok(())
}

/// Where an installed program is.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian has servers where the path of a user does not lead.
    let system = ["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Threads that have ended do not count.
fn cpu_of(pid: u32) -> Result<Duration, Failure> {
    let mut all = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // It may have ended since it was listed.
        let Ok(told) = std::fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        let nanoseconds = told.split_whitespace().next().ok_or("an empty schedstat")?;
        all += Duration::from_nanos(nanoseconds.parse()?);
    }
    Ok(all)
}

/// Anonymous and shared memory in `/proc/PID/status`, in KiB.
fn own_kib(status: &str) -> Option<u64> {
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(field("RssAnon:")? + field("RssShmem:")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_what_no_file_holds() {
        let status = "Name:\tx\nVmRSS:\t  900 kB\nRssAnon:\t  120 kB\nRssFile:\t  770 kB\n\
                      RssShmem:\t   10 kB\n";
        assert_eq!(own_kib(status), Some(130));
        assert_eq!(own_kib("Name:\tx\nVmRSS:\t  900 kB\n"), None);
    }

    #[test]
    fn this_process_has_memory_and_time_that_grows() {
        let own = std::process::id();
        let status = std::fs::read_to_string(format!("/proc/{own}/status")).unwrap();
        assert!(own_kib(&status).unwrap() > 0);
        let before = cpu_of(own).unwrap();
        let began = std::time::Instant::now();
        while cpu_of(own).unwrap() == before {
            assert!(began.elapsed() < Duration::from_secs(10), "no time passes");
        }
        // 0 is no process of a user.
        assert!(cpu_of(0).is_err());
    }
}
