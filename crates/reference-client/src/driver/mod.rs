//! A client under the hand of a test suite: the driver protocol of `conformance/driver.md`, on any
//! pair of streams. What it drives is this client as it is, over QUIC; the screen, the hands and the
//! eyes are a test's, and time stands still but for what the suite says.

mod commands;
pub mod protocol;
mod screen;
mod session;
mod tell;

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    io,
    sync::{Arc, Mutex},
    task::Poll,
};

use alongside_state_machine::endpoint::spent::SpentLocators;
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::Timestamp;
use protocol::{Response, Told};
pub use screen::test_picture;
use session::{Session, Word};

/// What computes test vectors, from the kind of one and its input.
pub type Compute = fn(&str, &Value) -> Computed;

/// What comes of the input of a vector.
#[derive(Clone, Debug)]
pub enum Computed {
    /// As the vector has it.
    Output(Value),
    /// The input is refused: the name of the error, empty where nobody is told.
    Error(String),
    /// It is no input of this kind.
    NoInput,
    /// The kind is not one that is computed here.
    Unknown,
}

/// Does what `commands` say, and tells on `answers` what happens, until the commands end. Without a
/// `compute` it has no vectors: what makes and checks them is for tests, and no part of a client.
///
/// # Errors
/// If a stream breaks.
pub async fn run(
    commands: impl AsyncBufRead + Unpin,
    answers: impl AsyncWrite + Unpin,
    compute: Option<Compute>,
) -> io::Result<()> {
    let mut driver = Driver {
        compute,
        out: answers,
        sessions: BTreeMap::new(),
        spent: Arc::default(),
        now: Timestamp::default(),
    };
    let mut lines = commands.lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => driver.handle(&line).await?,
                None => return Ok(()),
            },
            (name, word) = next(&mut driver.sessions) => driver.pass_on(name, word).await?,
        }
        driver.out.flush().await?;
    }
}

struct Driver<W> {
    compute: Option<Compute>,
    out: W,
    sessions: BTreeMap<String, Session>,
    /// This program's memory of codes.
    spent: Arc<Mutex<SpentLocators>>,
    /// The time of all sessions.
    now: Timestamp,
}

impl<W: AsyncWrite + Unpin> Driver<W> {
    /// Answers one line. What happens meanwhile is told after the answer.
    async fn handle(&mut self, line: &str) -> io::Result<()> {
        // What happened before comes before.
        for (name, word) in self.heard() {
            self.pass_on(name, word).await?;
        }
        let Some((id, command)) = commands::read(line) else {
            // There is nobody to answer to.
            return Ok(());
        };
        let mut held = Vec::new();
        let before = self.now;
        let answer = match command {
            Ok(command) => self.carry_out(command, &mut held).await,
            Err(answer) => answer,
        };
        self.say(&Response { id, answer }).await?;
        let after = std::mem::replace(&mut self.now, before);
        for (name, word) in held {
            self.pass_on(name, word).await?;
        }
        self.now = after;
        Ok(())
    }

    /// Tells the suite what a client told.
    async fn pass_on(&mut self, name: String, word: Word) -> io::Result<()> {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&name) else {
            return Ok(());
        };
        for event in session.tell(word, now) {
            let session = name.clone();
            self.say(&Told { event, session }).await?;
        }
        self.wait_again(now);
        Ok(())
    }

    /// Waits for something, and holds what is told meanwhile.
    async fn until<T>(
        &mut self,
        done: impl Future<Output = T>,
        held: &mut Vec<(String, Word)>,
    ) -> T {
        let mut done = std::pin::pin!(done);
        let result = loop {
            tokio::select! {
                biased;
                result = &mut done => break result,
                told = next(&mut self.sessions) => held.push(told),
            }
        };
        held.extend(self.heard());
        result
    }

    /// All that was told and not read.
    fn heard(&mut self) -> Vec<(String, Word)> {
        let mut all = Vec::new();
        for (name, session) in &mut self.sessions {
            while let Some(word) = session.heard() {
                all.push((name.clone(), word));
            }
        }
        all
    }

    async fn say(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        self.out.write_all(&line).await
    }
}

/// The next thing that any client tells.
async fn next(sessions: &mut BTreeMap<String, Session>) -> (String, Word) {
    poll_fn(|cx| {
        for (name, session) in sessions.iter_mut() {
            if let Poll::Ready(word) = session.poll_word(cx) {
                return Poll::Ready((name.clone(), word));
            }
        }
        Poll::Pending
    })
    .await
}
