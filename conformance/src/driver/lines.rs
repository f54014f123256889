//! What a driver writes, read on threads of their own.

use std::{
    convert::Infallible,
    io::{BufRead as _, BufReader, Read},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use super::{Line, Sink, Stdio, Unanswered, held};

/// The longest line of a driver, in bytes.
const LONGEST: u64 = 1_048_576;

/// What was heard of a driver.
#[derive(Clone, Debug)]
pub enum Heard {
    /// A line.
    Line(Line),
    /// A line that is none of the driver protocol, and why.
    Nonsense(String),
    /// It says nothing any more.
    End,
}

/// How long what was written to standard error may take after standard output has ended. It may be
/// held open by a program that was started in its turn.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What reads the standard output of a driver.
pub(super) struct Reader {
    pub(super) sink: Sink,
    pub(super) unanswered: Unanswered,
    pub(super) stdio: Stdio,
}

impl Reader {
    /// Reads lines until there are no more, and after those of standard error says so.
    pub(super) fn start(
        self,
        stdout: impl Read + Send + 'static,
        last_words: Receiver<Infallible>,
    ) {
        thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            loop {
                let mut line = Vec::new();
                let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
                match read {
                    Ok(1..) => self.hear(&line),
                    Ok(0) | Err(_) => {
                        // It is hung up when all was read.
                        let _ = last_words.recv_timeout(LAST_WORDS);
                        return self.say(Heard::End);
                    }
                }
            }
        });
    }

    fn hear(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        self.stdio.keep('<', text.trim_end());
        self.say(match Line::read(line).and_then(|line| self.once(line)) {
            Ok(line) => Heard::Line(line),
            Err(why) => {
                let text: String = text.trim_end().chars().take(200).collect();
                Heard::Nonsense(format!("it writes {text:?}: {why}"))
            }
        });
    }

    /// The line, if it is not the answer to a command that has none to come.
    fn once(&self, line: Line) -> Result<Line, String> {
        match line {
            Line::Answer(id, _) if !held(&self.unanswered).remove(&id) => Err(format!(
                "no command {id} waits for an answer: each command has one, with its id"
            )),
            line => Ok(line),
        }
    }

    fn say(&self, heard: Heard) {
        if let Some(sink) = &*held(&self.sink) {
            sink(heard);
        }
    }
}

/// Keeps what a program writes to standard error. What is given back is hung up at its end.
pub(crate) fn keep(stderr: impl Read + Send + 'static, stdio: Stdio) -> Receiver<Infallible> {
    let (until_the_end, ended) = channel();
    thread::spawn(move || {
        let _until_the_end = until_the_end;
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            stdio.keep('!', &line);
        }
    });
    ended
}
