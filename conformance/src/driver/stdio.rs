//! The standard streams of a program under test, kept for whoever has to find out why it failed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Lines that are kept, the latest.
const LINES: usize = 2_000;
/// Characters of a line that are kept.
const LONGEST: usize = 4_000;

/// What went to a program (`>`), and what it wrote to standard output (`<`) and error (`!`).
#[derive(Clone, Debug, Default)]
pub struct Stdio(Arc<Mutex<VecDeque<String>>>);

impl Stdio {
    pub(crate) fn keep(&self, way: char, line: &str) {
        let mut lines = self.lines();
        if lines.len() == LINES {
            lines.pop_front();
        }
        let line: String = line.chars().take(LONGEST).collect();
        lines.push_back(format!("{way} {line}"));
    }

    /// All of it, which is then forgotten.
    pub fn take(&self) -> Vec<String> {
        self.lines().drain(..).collect()
    }

    /// What it wrote to standard error of late, to go on with a sentence.
    pub fn last_words(&self) -> String {
        let lines = self.lines();
        let last = lines.iter().rev().find_map(|line| line.strip_prefix("! "));
        match last {
            Some(line) => format!("; its last words were {line:?}"),
            None => String::new(),
        }
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
