//! The blocks of a chapter.
//!
//! A line-based reader of the plain subset of Markdown that a specification needs. Where Markdown
//! would let a reader and a renderer disagree (indented code, underlined headings, text glued to a
//! table), it reports a problem instead of guessing.

use crate::outcome::Problem;

/// What kind of block it is; this decides whether a requirement can stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Paragraph,
    Item,
    Quote,
    TableRow,
    Code,
    /// With its explicit anchor, if it has one.
    Heading(Option<String>),
}

/// A block without its marker (`-`, `>`, `##`), its lines trimmed and joined by line breaks.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: Kind,
    /// Its first line, from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Splits a chapter into blocks. HTML comments are left out.
pub(crate) fn read(path: &str, chapter: &str) -> (Vec<Block>, Vec<Problem>) {
    let mut reader = Reader {
        path,
        blocks: Vec::new(),
        problems: Vec::new(),
        state: State::Between,
        in_list: false,
    };
    for (index, line) in chapter.lines().enumerate() {
        reader.line(index + 1, line);
    }
    reader.end();
    (reader.blocks, reader.problems)
}

/// Blanks out inline code, so that what stands in it is not read as text. Length and line breaks
/// stay.
pub(crate) fn mask_code(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        // A backslash takes the meaning of the next character, a tick included.
        let escaped = rest.starts_with("\\`");
        let plain = if escaped {
            2
        } else {
            ticks.max(first.len_utf8())
        };
        let span = if ticks > 0 {
            span_end(rest, ticks)
        } else {
            None
        };
        if let Some(end) = span {
            masked.extend(
                rest[..end]
                    .bytes()
                    .map(|b| if b == b'\n' { '\n' } else { '~' }),
            );
            rest = &rest[end..];
        } else {
            masked.push_str(&rest[..plain]);
            rest = &rest[plain..];
        }
    }
    masked
}

/// Where the code span that opens with `ticks` ticks ends: after the next run of just as many.
fn span_end(text: &str, ticks: usize) -> Option<usize> {
    let mut from = ticks;
    while let Some(found) = text[from..].find('`') {
        let start = from + found;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        from = start + run;
        if run == ticks {
            return Some(from);
        }
    }
    None
}

struct Reader<'a> {
    path: &'a str,
    blocks: Vec<Block>,
    problems: Vec<Problem>,
    state: State,
    /// Indented text belongs to a list item, not to an indented code block.
    in_list: bool,
}

enum State {
    Between,
    /// A paragraph, item or quote to which the next line can belong.
    Text(Block),
    /// A code block and the run of characters that opened it.
    Fence(Block, String),
    /// A comment, and the line on which it began.
    Comment(usize),
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &str) {
        let text = line.trim();
        match &mut self.state {
            State::Fence(block, opening) => {
                if text.starts_with(opening.as_str()) && is_run(text, &opening[..1]) {
                    self.close();
                } else {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            }
            State::Comment(_) => self.comment_line(number, text),
            State::Between | State::Text(_) => self.outer_line(number, line, text),
        }
    }

    fn outer_line(&mut self, number: usize, line: &str, text: &str) {
        let indent = indent(line);
        let between = matches!(self.state, State::Between);
        if text.is_empty() {
            self.close();
        } else if between && indent >= 4 && !self.in_list {
            self.problem(number, "indented code: put it in a fence (```)");
        } else if let Some(fence) = fence(text) {
            self.open_fence(number, fence);
        } else if text.starts_with("<!--") {
            self.close();
            self.state = State::Comment(number);
            self.comment_line(number, text);
        } else if text.starts_with('|') {
            self.close();
            self.push(Kind::TableRow, number, text);
        } else if text.starts_with('#') {
            self.close();
            self.heading(number, text);
        } else if let Some(quoted) = text.strip_prefix('>') {
            self.quote(number, quoted.trim());
        } else if is_run(text, "-") || is_run(text, "=") || is_run(text, "*") {
            self.rule(number, text);
        } else if let Some(item) = item(text) {
            self.close();
            self.in_list = true;
            match fence(item) {
                Some(fence) => self.open_fence(number, fence),
                None => self.open(Kind::Item, number, item),
            }
        } else {
            self.plain(number, text, indent);
        }
    }

    /// A line of text: more of the open block, or a new paragraph.
    fn plain(&mut self, number: usize, text: &str, indent: usize) {
        if text.contains('|') && text.contains('-') && text.bytes().all(|b| b"|-: ".contains(&b)) {
            self.problem(number, "table without outer bars: start each row with `|`");
        }
        if let State::Text(block) = &mut self.state {
            block.text.push('\n');
            block.text.push_str(text);
            return;
        }
        let glued = |b: &Block| b.kind == Kind::TableRow && b.line + 1 == number;
        if self.blocks.last().is_some_and(glued) {
            self.problem(
                number,
                "text glued to a table: put a blank line between them",
            );
        }
        self.in_list &= indent > 0;
        self.open(Kind::Paragraph, number, text);
    }

    fn quote(&mut self, number: usize, text: &str) {
        match &mut self.state {
            State::Text(block) if block.kind == Kind::Quote && !text.is_empty() => {
                block.text.push('\n');
                block.text.push_str(text);
            }
            _ if text.is_empty() => self.close(),
            _ => {
                self.close();
                self.open(Kind::Quote, number, text);
            }
        }
    }

    fn heading(&mut self, number: usize, text: &str) {
        self.in_list = false;
        let title = text.trim_start_matches('#');
        if text.len() - title.len() > 6 || !title.starts_with(' ') {
            let message = "not a heading: write one to six `#`, a space, and a title";
            return self.problem(number, message);
        }
        let (title, anchor) = match title.trim().rsplit_once("{#") {
            None => (title.trim(), None),
            Some((title, rest)) => match rest.strip_suffix('}') {
                Some(anchor) if is_anchor(anchor) => (title.trim(), Some(anchor.to_owned())),
                _ => {
                    let message = "malformed anchor: end the heading with one such as `{#consent}`, in lower-case letters, digits and dashes";
                    self.problem(number, message);
                    (title.trim(), None)
                }
            },
        };
        self.push(Kind::Heading(anchor), number, title);
    }

    /// A line of dashes, equals signs or stars: a rule, unless it would underline a heading.
    fn rule(&mut self, number: usize, text: &str) {
        let under_text = matches!(self.state, State::Text(_));
        self.close();
        if text.starts_with('=') || (text.starts_with('-') && under_text) {
            let message =
                "underlined heading: write it with `#`; for a rule, leave a blank line above";
            self.problem(number, message);
        }
    }

    fn comment_line(&mut self, number: usize, text: &str) {
        if let Some((_, after)) = text.split_once("-->") {
            self.state = State::Between;
            if !after.is_empty() {
                self.problem(number, "text after a comment: put it on a line of its own");
            }
        }
    }

    fn open(&mut self, kind: Kind, line: usize, text: &str) {
        let text = text.to_owned();
        self.state = State::Text(Block { kind, line, text });
    }

    fn open_fence(&mut self, line: usize, fence: &str) {
        self.close();
        let text = String::new();
        let block = Block {
            kind: Kind::Code,
            line,
            text,
        };
        self.state = State::Fence(block, fence.to_owned());
    }

    fn close(&mut self) {
        match std::mem::replace(&mut self.state, State::Between) {
            State::Text(block) | State::Fence(block, _) => self.blocks.push(block),
            State::Between | State::Comment(_) => {}
        }
    }

    fn end(&mut self) {
        match &self.state {
            State::Fence(block, fence) => {
                let message = format!("code fence is never closed: end it with {fence}");
                self.problem(block.line, &message);
            }
            State::Comment(line) => self.problem(*line, "comment is never closed: end it with -->"),
            State::Between | State::Text(_) => {}
        }
        self.close();
    }

    fn push(&mut self, kind: Kind, line: usize, text: &str) {
        let text = text.to_owned();
        self.blocks.push(Block { kind, line, text });
    }

    fn problem(&mut self, line: usize, message: &str) {
        self.problems.push(Problem::new(self.path, line, message));
    }
}

fn indent(line: &str) -> usize {
    let space = &line[..line.len() - line.trim_start().len()];
    space.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

/// The run of ticks or tildes that opens a code block.
fn fence(text: &str) -> Option<&str> {
    let run = |c| &text[..text.len() - text.trim_start_matches(c).len()];
    let (ticks, tildes) = (run('`'), run('~'));
    if ticks.len() >= 3 && !text[ticks.len()..].contains('`') {
        Some(ticks)
    } else {
        (tildes.len() >= 3).then_some(tildes)
    }
}

/// The text of a list item after its marker.
fn item(text: &str) -> Option<&str> {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let after = if digits.len() == text.len() {
        text.strip_prefix(['-', '*', '+'])?
    } else {
        digits.strip_prefix(['.', ')'])?
    };
    after.starts_with(' ').then(|| after.trim_start())
}

fn is_run(text: &str, of: &str) -> bool {
    text.trim_start_matches(of).is_empty()
}

fn is_anchor(anchor: &str) -> bool {
    !anchor.is_empty()
        && !anchor.starts_with('-')
        && anchor
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
