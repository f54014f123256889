//! What is written for the person.

use std::io::{self, IsTerminal as _, Write as _};

use crossterm::{
    style::Stylize as _,
    terminal::{disable_raw_mode, enable_raw_mode},
};

/// Standard output: lines, and below them a status that is always there on a terminal.
pub(crate) struct Terminal {
    terminal: bool,
    raw: bool,
    status: String,
    aside: String,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self {
            terminal: io::stdout().is_terminal(),
            raw: false,
            status: String::new(),
            aside: String::new(),
        }
    }

    /// Reads single keys from now on, if there is a terminal at both ends; whether there is.
    pub(crate) fn raw(&mut self) -> bool {
        if self.terminal && io::stdin().is_terminal() && enable_raw_mode().is_ok() {
            self.raw = true;
            // A panic must not leave the person with a terminal that does not answer.
            let hook = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                let _ = disable_raw_mode();
                hook(panic);
            }));
        }
        self.raw
    }

    /// A line that stays.
    pub(crate) fn line(&mut self, text: &str) {
        let mut out = io::stdout().lock();
        // Whoever reads this may have gone away; the session is not about that.
        if self.terminal {
            let _ = write!(out, "\r\x1b[K{text}\r\n{}", self.bottom());
        } else {
            let _ = writeln!(out, "{text}");
        }
        let _ = out.flush();
    }

    /// A line that must not be missed.
    pub(crate) fn alert(&mut self, text: &str) {
        if self.terminal {
            self.line(&text.bold().to_string());
        } else {
            self.line(text);
        }
    }

    /// What is so until something else is.
    pub(crate) fn status(&mut self, text: &str) {
        if self.status == text {
            return;
        }
        text.clone_into(&mut self.status);
        let mut out = io::stdout().lock();
        if self.terminal {
            let _ = write!(out, "\r\x1b[K{}", self.bottom());
        } else if !text.is_empty() {
            let _ = writeln!(out, "[{text}]");
        }
        let _ = out.flush();
    }

    /// What stands beside the status where there is room; nothing without a terminal.
    pub(crate) fn aside(&mut self, text: &str) {
        text.clone_into(&mut self.aside);
        if self.terminal && !self.status.is_empty() {
            let mut out = io::stdout().lock();
            let _ = write!(out, "\r\x1b[K{}", self.bottom());
            let _ = out.flush();
        }
    }

    /// The status as it fits into one line, and a mark after which lines can be typed.
    fn bottom(&self) -> String {
        if self.status.is_empty() {
            return String::new();
        }
        let room = self.room();
        let mut status: String = self.status.chars().take(room).collect();
        let aside = format!(" | {}", self.aside);
        if !self.aside.is_empty() && status.chars().count() + aside.len() <= room {
            status.push_str(&aside);
        }
        status + self.mark()
    }

    /// Characters that a status may have to be seen whole.
    pub(crate) fn room(&self) -> usize {
        if !self.terminal {
            return usize::MAX;
        }
        let (width, _) = crossterm::terminal::size().unwrap_or((80, 24));
        usize::from(width).saturating_sub(1 + self.mark().len())
    }

    fn mark(&self) -> &'static str {
        if self.raw { "" } else { " > " }
    }

    /// Whether there is somebody to look at a countdown.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.terminal {
            let mut out = io::stdout().lock();
            let _ = write!(out, "\r\x1b[K");
            let _ = out.flush();
        }
        if self.raw {
            let _ = disable_raw_mode();
        }
    }
}

/// An error, for the person.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "alongside: {text}");
}
