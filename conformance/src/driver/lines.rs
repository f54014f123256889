//! What a driver writes, read on threads of their own.

use std::{
    convert::Infallible,
    io::{BufRead as _, BufReader, Read},
    sync::{
        PoisonError,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use super::{Line, Sink, Stdio};

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

/// Reads lines until there are no more, and after those of standard error says so.
pub(super) fn read(
    stdout: impl Read + Send + 'static,
    sink: Sink,
    stdio: Stdio,
    last_words: Receiver<Infallible>,
) {
    thread::spawn(move || {
        let say = |heard| {
            if let Some(sink) = &*sink.lock().unwrap_or_else(PoisonError::into_inner) {
                sink(heard);
            }
        };
        let mut reader = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            match read {
                Ok(1..) => {
                    let text = String::from_utf8_lossy(&line);
                    stdio.keep('<', text.trim_end());
                    say(match Line::read(&line) {
                        Ok(line) => Heard::Line(line),
                        Err(why) => {
                            let text: String = text.trim_end().chars().take(200).collect();
                            Heard::Nonsense(format!("it writes {text:?}: {why}"))
                        }
                    });
                }
                Ok(0) | Err(_) => {
                    // It is hung up when all was read.
                    let _ = last_words.recv_timeout(LAST_WORDS);
                    return say(Heard::End);
                }
            }
        }
    });
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
