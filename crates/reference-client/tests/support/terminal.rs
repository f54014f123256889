//! A program of ours on a terminal of its own, which `script` lends.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, unreachable_pub)]

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use alongside_client::{Relay, Trust};
use tempfile::TempDir;

/// How long anything may take. Nothing takes it but a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A program on a terminal of 80 by 24.
pub struct Terminal {
    child: Child,
    keys: ChildStdin,
    said: Arc<Mutex<String>>,
    /// How long it takes to show 256 bytes, in milliseconds.
    pub slow: Arc<AtomicU64>,
    folder: TempDir,
}

impl Terminal {
    /// A sharer of the test pattern.
    pub fn start(relay: &Relay) -> Self {
        Self::run(relay, "sharer --screen pattern", None)
    }

    /// A helper or a sharer at this relay, with these arguments, on an X11 display if one is named.
    pub fn run(relay: &Relay, arguments: &str, display: Option<&str>) -> Self {
        let Trust::Fingerprint(fingerprint) = &relay.trust else {
            panic!("a fingerprint");
        };
        let folder = tempfile::tempdir().unwrap();
        let program = env!("CARGO_BIN_EXE_alongside");
        // What the terminal is like is written down before and after. Whatever becomes of this test, the
        // program does not stay.
        let inside = format!(
            "cd {}; stty cols 80 rows 24; stty -a > before; \
             timeout --foreground --signal=KILL 120 sh -c 'echo $$ > pid; exec {program} {arguments} \
             --relay {} --fingerprint {fingerprint}'; \
             echo $? > code; stty -a > after",
            folder.path().display(),
            relay.address,
        );
        let mut script = Command::new("script");
        match display {
            Some(display) => script.env("DISPLAY", display),
            None => script.env_remove("DISPLAY"),
        };
        let mut child = script
            .args(["-q", "-f", "-e", "-c", &inside, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`script` is part of every Debian");
        let said = Arc::new(Mutex::new(String::new()));
        let mut out = child.stdout.take().unwrap();
        let slow = Arc::new(AtomicU64::new(0));
        let (heard, slowed) = (Arc::clone(&said), Arc::clone(&slow));
        thread::spawn(move || {
            let mut bytes = [0; 256];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                heard.lock().unwrap().push_str(&text);
                thread::sleep(Duration::from_millis(slowed.load(Ordering::SeqCst)));
            }
        });
        Self {
            keys: child.stdin.take().unwrap(),
            child,
            said,
            slow,
            folder,
        }
    }

    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until a text was shown so often.
    pub fn shows(&self, text: &str, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.said().matches(text).count() < times {
            assert!(Instant::now() < deadline, "never {text:?}: {}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Waits for the end of it: the exit code. The terminal is as it was.
    pub fn ended(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it goes on: {}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(self.file("before"), self.file("after"));
        self.file("code").trim().parse().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The terminal goes with it, and the program hangs up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
