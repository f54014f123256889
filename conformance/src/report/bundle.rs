//! All that is known of one failure, in a folder of its own.

use std::{fs, io, path::Path};

use super::Run;
use crate::{
    capture::{Capture, key_log},
    requirements,
    run::{Evidence, Outcome, SETUP},
};

/// Files of a bundle.
pub(crate) const TRANSCRIPT: &str = "transcript.json";
/// The key log.
pub(crate) const KEYS: &str = "keys.log";
/// What became of the case.
pub(crate) const OUTCOME: &str = "outcome.json";

/// What a bundle is made of.
pub struct Bundle<'a> {
    outcome: &'a Outcome,
    evidence: &'a Evidence,
    run: &'a Run,
}

impl<'a> Bundle<'a> {
    /// Of this outcome of this run.
    pub const fn new(outcome: &'a Outcome, evidence: &'a Evidence, run: &'a Run) -> Self {
        Self {
            outcome,
            evidence,
            run,
        }
    }

    /// Writes the folder.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let transcript = &self.evidence.transcript;
        let capture = Capture::new(self.outcome, transcript).text()?;
        fs::write(folder.join(TRANSCRIPT), capture)?;
        fs::write(folder.join(KEYS), key_log(&transcript.keys))?;
        for (name, qlog) in &transcript.qlogs {
            fs::write(folder.join(format!("{name}.sqlog")), qlog.text())?;
        }
        fs::write(folder.join("stdio.log"), lines(&self.evidence.stdio))?;
        let outcome = serde_json::to_string_pretty(self.outcome)?;
        fs::write(folder.join(OUTCOME), outcome + "\n")?;
        fs::write(folder.join("README.md"), self.readme(folder))
    }

    /// Writes the capture and its key log alone, under the name of the case.
    pub(super) fn write_capture(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let name = self.outcome.name().replace('/', "-");
        let transcript = &self.evidence.transcript;
        let capture = Capture::new(self.outcome, transcript).text()?;
        fs::write(folder.join(format!("{name}.json")), capture)?;
        fs::write(
            folder.join(format!("{name}.keys")),
            key_log(&transcript.keys),
        )
    }

    fn readme(&self, folder: &Path) -> String {
        let outcome = self.outcome;
        let mut out = format!("# {} of `{}`\n\n", outcome.verdict, outcome.name());
        out += &format!("{}.\n\n    {}\n\n", outcome.title, outcome.detail);
        let broken: Vec<_> = outcome.requirement.iter().chain(&outcome.or).collect();
        let clauses = match broken.is_empty() {
            false => broken,
            true => outcome.checks.iter().collect(),
        };
        for id in clauses {
            if let Some(one) = requirements::all().get(id) {
                out += &format!("> [{id}] {}\n>\n> {}\n\n", one.text, one.section);
            }
        }
        out += &format!("To run it again:\n\n    {}\n\n", again(self.run, outcome));
        let shown = folder.display();
        out += &format!(
            "To read it, without what is under test:\n\n    alongside-conformance replay {shown}\n\n"
        );
        out + &files(!self.evidence.transcript.qlogs.is_empty())
    }
}

/// What each file is.
fn files(qlog: bool) -> String {
    let qlog = match qlog {
        true => QLOG,
        false => "",
    };
    format!("{FILES}{qlog}")
}

const FILES: &str = "\
| file | what |
|---|---|
| `transcript.json` | what was done (`>`) and heard (`<`), with the bytes of every stream |
| `keys.log` | the master secrets of the session, if there was one |
| `stdio.log` | standard input (`>`), output (`<`) and error (`!`) of what is under test |
| `outcome.json` | the verdict |
";

/// Only if the suite itself was an end of a connection.
const QLOG: &str = "\
| `*.sqlog` | what QUIC did at the suite's own ends, as [qlog](https://qvis.quictools.info): packets sent, received and lost, times of travel |
";

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The command that runs one case of a run again.
pub(super) fn again(run: &Run, outcome: &Outcome) -> String {
    let alone = outcome.pairing.as_ref().map(|pairing| &pairing.command);
    let (command, seed) = (alone.unwrap_or(&run.command), outcome.seed);
    let target = outcome.target;
    match outcome.case.as_str() {
        SETUP => format!("{command} --role {target} --seed {seed}"),
        case => format!("{command} --role {target} --run {case} --seed {seed}"),
    }
}
