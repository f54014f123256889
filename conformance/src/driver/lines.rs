//! What a program under test writes, read on threads of their own, and what it is told.

use std::{
    convert::Infallible,
    io::{BufRead as _, BufReader, Read, Write},
    process::Child,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use alongside_wire::mutant;

use super::{Line, Sink, Stdio, Unanswered, ahead::Ahead, ahead::Room, held};

/// The longest line of a driver, in bytes, without its end.
const LONGEST: u64 = 1_048_576;

/// What was heard of a driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A line.
    Line(Line),
    /// A line that is none of the driver protocol, and why.
    Nonsense(String),
    /// It says nothing any more.
    End,
}

/// The same, and the room that it takes until somebody looks at it.
pub struct Unheard {
    pub(super) heard: Heard,
    pub(super) _room: Room,
}

impl Unheard {
    /// There is room for another.
    pub fn hear(self) -> Heard {
        self.heard
    }
}

/// How long what was written to standard error, and the end of a process, may take after standard output
/// has ended. Standard error may be held open by a program that was started in its turn.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What reads the standard output of a driver.
pub(super) struct Reader {
    pub(super) sink: Sink,
    pub(super) unanswered: Unanswered,
    pub(super) stdio: Stdio,
    pub(super) ahead: Ahead,
}

impl Reader {
    /// Reads lines until there are no more, and after those of standard error says so.
    pub(super) fn start(
        self,
        stdout: impl Read + Send + 'static,
        last_words: Receiver<Infallible>,
    ) {
        thread::spawn(move || {
            until_the_last_words(stdout, &last_words, |line| self.hear(line));
            self.say(Heard::End, 0);
        });
    }

    fn hear(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        self.stdio.keep('<', text.trim_end());
        let read = match is_too_long(line) {
            true => Err("it is longer than 1,048,576 bytes".to_owned()),
            false => Line::read(line).and_then(|line| self.once(line)),
        };
        let heard = match read {
            Ok(line) => Heard::Line(line),
            Err(why) => {
                let text: String = text.trim_end().chars().take(200).collect();
                Heard::Nonsense(format!("it writes {text:?}: {why}"))
            }
        };
        self.say(heard, line.len());
    }

    /// The line, if it is not the answer to a command that has none to come.
    fn once(&self, line: Line) -> Result<Line, String> {
        match line {
            Line::Answer(id, _) if !self.is_awaited(id) => Err(format!(
                "no command {id} waits for an answer: each command has one, with its id"
            )),
            line => Ok(line),
        }
    }

    /// Whether a command waits for this answer; then it does no longer.
    fn is_awaited(&self, id: u64) -> bool {
        let mut unanswered = held(&self.unanswered);
        match mutant::is("fuzz/answered-twice") {
            true => unanswered.contains(&id),
            false => unanswered.remove(&id),
        }
    }

    fn say(&self, heard: Heard, bytes: usize) {
        let room = self.ahead.room(bytes);
        if let Some(sink) = &*held(&self.sink) {
            sink(Unheard { heard, _room: room });
        }
    }
}

/// What is heard of a driver that writes this, while the commands up to that number wait for an answer.
pub fn heard(stdout: impl Read, commands: u64) -> Vec<Heard> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&all);
    let reader = Reader {
        sink: Arc::new(Mutex::new(Some(Box::new(move |unheard: Unheard| {
            held(&to).push(unheard.hear());
        })))),
        unanswered: Arc::new(Mutex::new((1..=commands).collect())),
        stdio: Stdio::default(),
        ahead: Ahead::default(),
    };
    each(stdout, |line| reader.hear(line));
    drop(reader);
    std::mem::take(&mut *held(&all))
}

/// Keeps what a program writes to standard error. What is given back is hung up at its end.
pub(crate) fn keep(stderr: impl Read + Send + 'static, stdio: Stdio) -> Receiver<Infallible> {
    let (until_the_end, ended) = channel();
    thread::spawn(move || {
        let _until_the_end = until_the_end;
        each(stderr, |line| {
            stdio.keep('!', String::from_utf8_lossy(line).trim_end());
        });
    });
    ended
}

/// Takes each line of standard output, and then waits for those of standard error.
pub(crate) fn until_the_last_words(
    stdout: impl Read,
    last_words: &Receiver<Infallible>,
    take: impl FnMut(&[u8]),
) {
    each(stdout, take);
    // It is hung up when all was read.
    let _ = last_words.recv_timeout(LAST_WORDS);
}

/// Takes each line, whatever is in it, until there are no more. A line that is too long comes in parts.
fn each(from: impl Read, mut take: impl FnMut(&[u8])) {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while let Ok(1..) = reader
        .by_ref()
        .take(LONGEST + 1)
        .read_until(b'\n', &mut line)
    {
        take(&line);
        line.clear();
    }
}

fn is_too_long(line: &[u8]) -> bool {
    line.len() as u64 > LONGEST && !line.ends_with(b"\n")
}

/// Writes lines to a program that may not read them, until this is dropped.
pub(super) fn write(mut stdin: impl Write + Send + 'static) -> Sender<String> {
    let (sender, lines) = channel::<String>();
    thread::spawn(move || {
        for line in lines {
            if writeln!(stdin, "{line}")
                .and_then(|()| stdin.flush())
                .is_err()
            {
                // The program has ended, which is heard.
                return;
            }
        }
    });
    sender
}

/// That a program has ended, with its code or signal and its last words.
pub(crate) fn has_ended_how(child: &mut Child, stdio: &Stdio) -> String {
    let until = Instant::now() + LAST_WORDS;
    let status = loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < until => {
                // The system tells nobody within a time that a program has ended.
                thread::sleep(Duration::from_millis(5));
            }
            Ok(status) => break status,
            Err(_) => break None,
        }
    };
    let how = status.map_or_else(String::new, |status| format!(" ({status})"));
    format!("it has ended{how}{}", stdio.last_words())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: Vec<u8>) -> Vec<Heard> {
        let (sender, heard) = channel::<Unheard>();
        let (_, last_words) = channel();
        let reader = Reader {
            sink: Arc::new(Mutex::new(Some(Box::new(move |unheard| {
                sender.send(unheard).unwrap();
            })))),
            unanswered: Unanswered::default(),
            stdio: Stdio::default(),
            ahead: Ahead::default(),
        };
        reader.start(Cursor::new(text), last_words);
        heard.into_iter().map(Unheard::hear).collect()
    }

    /// A line of so many bytes, and its end.
    fn line(bytes: usize) -> Vec<u8> {
        let event = r#"{"event":"connected","session":"a"}"#;
        let blanks = " ".repeat(bytes - event.len());
        format!("{event}{blanks}\n").into_bytes()
    }

    #[test]
    fn a_line_may_have_a_mebibyte_and_no_more() {
        let heard = read(line(1_048_576));
        assert!(
            matches!(heard[..], [Heard::Line(Line::Event(_)), Heard::End]),
            "{heard:?}"
        );
        let heard = read(line(1_048_577));
        let Heard::Nonsense(why) = &heard[0] else {
            panic!("{heard:?}");
        };
        assert!(
            why.ends_with("it is longer than 1,048,576 bytes"),
            "{why:?}"
        );
    }

    #[test]
    fn what_nobody_hears_is_not_read() {
        let ahead = Ahead::default();
        let (sender, rooms) = channel();
        let reader = thread::spawn(move || {
            for _ in 0..100 {
                sender.send(ahead.room(1_048_576)).unwrap();
            }
        });
        let held: Vec<_> = rooms.iter().take(4).collect();
        assert!(rooms.recv_timeout(Duration::from_millis(50)).is_err());
        drop(held);
        assert_eq!(rooms.iter().count(), 96);
        reader.join().unwrap();
    }
}
