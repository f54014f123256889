//! What must show outside of an event, by the table.

use std::{collections::BTreeMap, sync::OnceLock};

use alongside_spec::tables::Outcome;
use alongside_wire::ErrorCode;

use super::plan::{Cell, Table};
use crate::{driver::Role, requirements};

/// What a client does with an event.
#[derive(Clone)]
pub(super) struct Reaction {
    pub(super) answer: Answer,
    /// What shows of it.
    pub(super) lines: Vec<Line>,
    /// The requirements of what does not show, or of the answer.
    by: Vec<&'static str>,
    /// The states of all regions after it.
    pub(super) to: Vec<usize>,
    /// The cells that say so.
    pub(super) cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Taken,
    Ignored,
    /// The person may not do it now.
    Misuse,
    /// The other side may not do it now, by this requirement; the session ends with that code.
    Violation(&'static str, ErrorCode),
}

/// One thing that shows: `send pause`, `leave done`, `close lost`, `tell paused` (as the driver does).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) says: String,
    pub(super) by: Vec<&'static str>,
}

impl Reaction {
    /// Whether the event may be.
    pub(super) fn is_taken(&self) -> bool {
        self.answer == Answer::Taken
    }

    /// Whether it may not be.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.answer, Answer::Misuse | Answer::Violation(..))
    }

    pub(super) fn is_blamed_on(&self, id: &str) -> bool {
        matches!(self.answer, Answer::Violation(by, _) if by == id)
    }

    /// What a case of it comes to.
    pub(super) fn checks(&self) -> Vec<&'static str> {
        let lines = self.lines.iter().flat_map(|line| &line.by);
        let mut checks: Vec<_> = self.by.iter().chain(lines).copied().collect();
        checks.sort_unstable();
        checks.dedup();
        checks
    }

    /// The requirement that is broken if something else is amiss than a line.
    pub(super) fn blamed(&self) -> &'static str {
        let line = || self.lines.first()?.by.first();
        self.by
            .first()
            .or_else(line)
            .copied()
            .unwrap_or("SESSION-1")
    }

    /// The lines alone, with the code that came with the event.
    pub(super) fn says(&self, told: ErrorCode) -> Vec<String> {
        let lines = self.lines.iter();
        lines
            .map(|line| line.says.replace("as told", told.name()))
            .collect()
    }
}

/// What must show of an event in these states, and of what follows it by itself. None if it cannot be.
pub(super) fn of(table: &Table, at: &[usize], path: &[String], event: &str) -> Option<Reaction> {
    let mut reaction = one(table, at, event)?;
    if reaction.is_taken()
        && let Some(next) = (table.ways.follows)(table, &reaction.to, path, event)
    {
        let then = one(table, &reaction.to, next)?;
        reaction.lines.extend(then.lines);
        reaction.by.extend(then.by);
        reaction.cells.extend(then.cells);
        reaction.to = then.to;
    }
    Some(reaction)
}

fn one(table: &Table, at: &[usize], event: &str) -> Option<Reaction> {
    let machine = &table.machine;
    let number = machine.event(event)?;
    let decision = machine.decide(at, number);
    let asked = decision.asked.iter();
    let cells = asked.map(|(region, state, answer)| (*region, *state, number, *answer));
    let mut cells: Vec<_> = cells.collect();
    let (mut lines, mut by) = (Vec::new(), Vec::new());
    let reasons = known(&machine.reasons(&decision, number));
    let steps = matches!(decision.outcome, Outcome::Step(..));
    for part in machine.parts(&decision, number) {
        let own = known(part.by);
        let outputs = part.outputs.iter().filter(|_| steps);
        let shown: Vec<_> = outputs
            .filter_map(|output| shows(table.role, output))
            .collect();
        if shown.is_empty() && !(part.moves && steps) {
            by.extend(own);
            continue;
        }
        let own = match (own.is_empty(), reasons.first()) {
            (true, None) => vec!["SESSION-1"],
            (true, Some(first)) => vec![*first],
            (false, _) => own,
        };
        lines.extend(shown.into_iter().map(|says| Line {
            says,
            by: own.clone(),
        }));
    }
    if !steps {
        // Who refuses it decides alone.
        let refuses = machine.parts(&decision, number).pop();
        by = refuses.map(|part| known(part.by)).unwrap_or_default();
    }
    let (answer, to) = match decision.outcome {
        Outcome::Never => return None,
        Outcome::Ignored => (Answer::Ignored, at.to_vec()),
        Outcome::Misuse => (Answer::Misuse, at.to_vec()),
        Outcome::Step(to, _) => (Answer::Taken, to),
        Outcome::Violation(id) => {
            let (id, code) = (
                known(std::slice::from_ref(&id)).first().copied()?,
                code_of(&id)?,
            );
            let end = one(table, at, "a violation")?;
            let ends = |line: &Line| Line {
                says: line.says.replace("as told", code.name()),
                by: line.by.clone(),
            };
            lines = end.lines.iter().map(ends).collect();
            cells.extend(end.cells);
            by = vec![id];
            (Answer::Violation(id, code), end.to)
        }
    };
    if by.is_empty() && lines.is_empty() {
        by.push("SESSION-1");
    }
    Some(Reaction {
        answer,
        lines,
        by,
        to,
        cells,
    })
}

fn known(ids: &[String]) -> Vec<&'static str> {
    let known = |id: &String| requirements::all().get(id).map(|known| known.id.as_str());
    ids.iter().filter_map(known).collect()
}

/// The error that a breach of this requirement is.
fn code_of(id: &str) -> Option<ErrorCode> {
    static CODES: OnceLock<BTreeMap<&str, ErrorCode>> = OnceLock::new();
    CODES.get_or_init(codes).get(id).copied()
}

/// The table of violations: the requirements of each row, and its error.
fn codes() -> BTreeMap<&'static str, ErrorCode> {
    let chapter = alongside_text::chapter("09-limits-errors.md").unwrap_or_default();
    let rows = chapter.split("{#violations}").nth(1).unwrap_or_default();
    let rows = rows.split("\n## ").next().unwrap_or_default().lines();
    let mut codes = BTreeMap::new();
    for row in rows {
        let code = row
            .strip_prefix("| 0x")
            .and_then(|row| row.split(' ').next());
        let code = code.and_then(|code| u16::from_str_radix(code, 16).ok());
        let Some(code) = code.and_then(ErrorCode::from_wire) else {
            continue;
        };
        let words = row.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        codes.extend(words.map(|word| (word, code)));
    }
    codes
}

/// What an output is outside, if it is something there.
fn shows(role: Role, output: &str) -> Option<String> {
    let Some(told) = output.strip_prefix("tell ") else {
        return Some(output.to_owned());
    };
    let event = match told {
        "code" | "viewing" | "displays" | "paused" | "chat" | "frozen" | "back" | "ended"
        | "complete frame" => told,
        "code ended" | "code spent" => "code-ended",
        "control" => "granted",
        "control renewed" => "renewed",
        "control denied" => "denied",
        "control over" => "control-ended",
        "chat delivered" => "delivered",
        "clipboard offered" => "offered",
        "clipboard lapsed" => "lapsed",
        "clipboard answered" => "answered",
        "secure desktop" if role == Role::Helper => "secure-desktop",
        "ask consent" => "consent-asked",
        "warn" => "warned",
        "ask control" => "control-asked",
        "prompt closed" => "prompt-closed",
        "inject" => "injected",
        "release all" => "released",
        "draw" => "drawn",
        "point" => "pointed",
        "drawing cleared" => "cleared",
        "held back" => "held-back",
        "laser gone" => "laser-gone",
        "not before" => "no-control",
        _ => return None,
    };
    Some(format!("tell {event}"))
}
