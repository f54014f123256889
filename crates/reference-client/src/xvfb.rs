//! Runs an X server without a screen (Xvfb), for tests and demonstrations.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use x11rb::rust_connection::RustConnection;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(20);
/// Bytes of its complaints that are kept.
const COMPLAINTS: u64 = 4096;

/// A running Xvfb, of 24-bit colour; ended when this is dropped.
///
/// It does not listen on the network, but other users of this machine may connect to it.
pub struct Xvfb {
    child: Child,
    display: String,
    /// The server ends with its last client: without us and what we started, nobody keeps it up.
    _connection: RustConnection,
}

/// Why there is no server.
#[derive(Debug)]
pub enum XvfbError {
    /// There is no `Xvfb` on `PATH`.
    Missing,
    /// It could not be run.
    Run(io::Error),
    /// It ended or said nothing: its last words.
    Failed(String),
}

impl Xvfb {
    /// Starts a server with one screen of so many pixels, on a free display number, and waits
    /// until it can be used.
    ///
    /// # Errors
    /// If there is no Xvfb, or it does not start within 20 s.
    pub fn start(width: u16, height: u16) -> Result<Self, XvfbError> {
        Self::start_with(width, height, &[])
    }

    /// As [`Xvfb::start`], with more arguments for the server.
    ///
    /// # Errors
    /// As [`Xvfb::start`].
    pub fn start_with(width: u16, height: u16, arguments: &[&str]) -> Result<Self, XvfbError> {
        let deadline = Instant::now() + START;
        let screen = format!("{width}x{height}x24");
        let mut child = Command::new("Xvfb")
            // It writes the number of its display to its standard output when it is ready.
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                &screen,
                "-nolisten",
                "tcp",
                "-terminate",
            ])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => XvfbError::Missing,
                _ => XvfbError::Run(error),
            })?;
        let number = drain(child.stdout.take(), |pipe| {
            let mut line = String::new();
            BufReader::new(pipe).read_line(&mut line).map(|_| line)
        });
        let complaints = drain(child.stderr.take(), |pipe| {
            let mut text = Vec::new();
            pipe.take(COMPLAINTS).read_to_end(&mut text)?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        });
        let left = deadline.saturating_duration_since(Instant::now());
        let number = number.recv_timeout(left).unwrap_or_default();
        let display = format!(":{}", number.trim());
        let ready = number.trim().parse::<u32>().is_ok();
        let failure = match ready.then(|| x11rb::connect(Some(&display))) {
            Some(Ok((connection, _))) => {
                return Ok(Self {
                    child,
                    display,
                    _connection: connection,
                });
            }
            Some(Err(error)) => Some(error.to_string()),
            None => None,
        };
        end(&mut child);
        let words = || {
            complaints
                .recv_timeout(Duration::from_secs(1))
                .unwrap_or_default()
        };
        Err(XvfbError::Failed(failure.unwrap_or_else(words)))
    }

    /// The name of its display, such as `:99`.
    pub fn display(&self) -> &str {
        &self.display
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // Either fails only if it has ended already.
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads a pipe on a thread of its own, so that waiting for it can be given up; then keeps
/// emptying it, so that whoever writes to it is never stopped.
fn drain<P: Read + Send + 'static>(
    pipe: Option<P>,
    read: impl FnOnce(&mut P) -> io::Result<String> + Send + 'static,
) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        if let Some(mut pipe) = pipe {
            // Nobody may be waiting any more; that is no reason to stop.
            let _ = sender.send(read(&mut pipe).unwrap_or_default());
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
    });
    receiver
}

impl fmt::Display for XvfbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "there is no Xvfb on PATH; install it (Debian, Ubuntu: apt install xvfb; Fedora: \
                 dnf install xorg-x11-server-Xvfb)",
            ),
            Self::Run(error) => write!(f, "Xvfb cannot be run: {error}"),
            Self::Failed(words) => write!(f, "Xvfb did not start: {}", words.trim()),
        }
    }
}

impl std::error::Error for XvfbError {}
