//! A program that is talked to through its pipes, as a person at a terminal would.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, unreachable_pub)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A program whose output is collected, and which ends with the test.
pub struct Talker {
    pub child: Child,
    pub stdin: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
    name: &'static str,
}

impl Talker {
    pub fn start(name: &'static str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let said = Arc::new(Mutex::new(String::new()));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let pipes: [Box<dyn std::io::Read + Send>; 2] = [Box::new(out), Box::new(err)];
        for pipe in pipes {
            let said = Arc::clone(&said);
            thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    let mut said = said.lock().unwrap();
                    said.push_str(&line);
                    said.push('\n');
                }
            });
        }
        let stdin = child.stdin.take();
        Self {
            child,
            stdin,
            said,
            name,
        }
    }

    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap_or_else(|error| {
            panic!("{}: {error}: {}", self.name, self.said());
        });
    }

    /// A sharer's person who asked for this help, and agrees.
    pub fn agree(&mut self) {
        self.hear("Did you ask for this help yourself", 1);
        self.say("yes");
        self.hear("Do you allow", 1);
        self.say("yes");
    }

    /// Waits for a text that was not said before; returns what follows it on its line.
    pub fn hear(&self, text: &str, times: usize) -> String {
        // A session whose way is lost ends half a minute later.
        let deadline = Instant::now() + Duration::from_secs(45);
        loop {
            let said = self.said();
            let mut found = said.match_indices(text).skip(times - 1);
            if let Some((at, _)) = found.next() {
                let rest = &said[at + text.len()..];
                if let Some((rest, _)) = rest.split_once('\n') {
                    return rest.trim().to_owned();
                }
            }
            let name = self.name;
            assert!(
                Instant::now() < deadline,
                "{name} never said {text:?} ({times}):\n{said}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the program to end: its exit code, and how long that took.
    pub fn ended(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it said last is still on its way through the pipe.
                thread::sleep(Duration::from_millis(100));
                return (status.code(), began.elapsed());
            }
            let patience = Duration::from_secs(45);
            assert!(began.elapsed() < patience, "{}: {}", self.name, self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
