//! `fuzz`: valid sessions with something wrong in them.

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, Write as _, stderr},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Subcommand};
use tokio::runtime::Runtime;

use super::{
    CONFORMANT, NOT_CONFORMANT, USAGE, broke_down, complain, print, reference,
    test::{at_least_one, factor},
    what::WhichRelay,
    words::{quoted, split},
};
use crate::{
    driver::{Program, Role},
    fuzz::{Count, News, Plan, finding::Finding, lab::Subject, played::Breach, replay, run},
    run::Settings,
};

/// What is fuzzed.
#[derive(Subcommand)]
pub(super) enum Fuzz {
    /// A helper: the suite is its relay and a sharer
    #[command(after_long_help = TEACHES)]
    Helper(Client),
    /// A sharer: the suite is its relay and a helper
    #[command(after_long_help = TEACHES)]
    Sharer(Client),
    /// A relay: the suite is its clients
    #[command(after_long_help = TEACHES)]
    Relay(Relay),
}

/// A client.
#[derive(Args)]
pub(super) struct Client {
    /// A command that starts the driver of the client; without it, the reference
    #[arg(long, value_name = "COMMAND")]
    driver: Option<String>,
    #[command(flatten)]
    how: How,
}

/// A relay.
#[derive(Args)]
pub(super) struct Relay {
    #[command(flatten)]
    relay: WhichRelay,
    #[command(flatten)]
    how: How,
}

/// How it is fuzzed.
#[derive(Args)]
struct How {
    /// So many sessions, however long they take
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    sessions: Option<u64>,
    /// As many sessions as there are in so many minutes
    #[arg(long, value_name = "M", default_value_t = 1.0, value_parser = minutes)]
    minutes: f64,
    /// What all sessions follow from
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Sessions at once
    #[arg(long, default_value_t = 2, value_parser = at_least_one)]
    jobs: usize,
    /// How much longer than usual to wait for what needs no time
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    timeout_scale: f64,
    /// Go on after a finding
    #[arg(long)]
    keep_going: bool,
    /// Tell of the sessions of which nothing can be said, and why
    #[arg(long)]
    open: bool,
    /// Where findings go
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "target/conformance/findings"
    )]
    out: PathBuf,
    /// Play a finding once more: ends with 1 if it is still there, with 0 if it is gone
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sessions", "minutes", "seed"])]
    replay: Option<PathBuf>,
    /// Make the reference under test wrong in this way
    #[cfg(feature = "mutants")]
    #[arg(long, value_name = "NAME", hide = true)]
    mutant: Option<String>,
}

/// What `--help` says besides.
pub(super) const TEACHES: &str = "\
Each session is a way through the tables of states of the specification (spec/tables), to any state and on from \
there, in which something is wrong: bytes of a message are changed, before they are sealed with the right key or \
after; records come twice, or not at all; streams end or are reset in the midst of a record; messages come where \
they may not be. Up to there the tables say what must show. After that the reference does: it gets the same \
session, and what shows of both has to be the same. Where the reference itself does not get through a session, \
nothing is said of it; the last line says how often that was.

A finding is made as short as it gets and written to a file, with the requirement, what must be and what was, and \
the line that sees whether it is still there:

  alongside-conformance fuzz sharer --driver \"python3 my_driver.py\" --minutes 10
  alongside-conformance fuzz relay --relay-cmd \"my-relay --listen {listen}\" --sessions 1000 --seed 7
  alongside-conformance fuzz sharer --driver \"python3 my_driver.py\" --replay target/conformance/findings/FILE

All sessions follow from --seed, whatever --jobs is; take another each night. Ends with 0 if nothing was found, or \
a finding is gone, 1 if something was, or it is still there, 2 if the command is wrong, 3 if the suite itself has \
broken down. Run `test` first: what it finds is told better there.";

fn minutes(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let number = number.filter(|number| (0.01..=100_000.0).contains(number));
    number.ok_or_else(|| "it is a number of minutes, at least 0.01".to_owned())
}

pub(super) fn fuzz(what: Fuzz) -> u8 {
    let named = what.name();
    let (plan, how, command) = match named {
        Ok(named) => named,
        Err(why) => return complain(&why),
    };
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return broke_down(&error.to_string()),
    };
    match &how.replay {
        Some(file) => again(&plan, file, &runtime),
        None => fresh(&plan, &how, &command, &runtime),
    }
}

fn again(plan: &Plan, file: &std::path::Path, runtime: &Runtime) -> u8 {
    let finding = match Finding::read(file) {
        Ok(finding) if finding.target == plan.target.target() => finding,
        Ok(finding) => {
            return complain(&format!("it is a finding of a {}", finding.target));
        }
        Err(why) => return complain(&why),
    };
    match replay(plan, &finding, runtime.handle()) {
        Ok(None) => {
            print("gone\n");
            CONFORMANT
        }
        Ok(Some(breach)) => {
            print(&format!("still there: {}\n", words(&breach)));
            NOT_CONFORMANT
        }
        Err(why) => complain(&why),
    }
}

fn fresh(plan: &Plan, how: &How, command: &str, runtime: &Runtime) -> u8 {
    print(&format!("seed {}\n", plan.seed));
    let mut broken = None;
    let done = run(plan, runtime.handle(), |news| match news {
        News::Progress(count) => progress(&count),
        News::Open(session, why) if how.open => {
            tell(&format!("session {session} is open: {why}\n"))
        }
        News::Open(..) => {}
        News::Found(session, breach) => {
            tell(&format!(
                "session {session}: {}\n  it is made shorter\n",
                words(&breach)
            ));
        }
        News::NotAgain(session, breach) => tell(&format!(
            "session {session}: it was not seen again in a fresh start, and is not counted: {}\n",
            breach.requirement
        )),
        News::Finding(mut finding) => {
            finding.found_by = format!("{command} --seed {}", plan.seed);
            let replay = |file: &str| format!("{command} --replay {}", quoted(file));
            match finding.write(&how.out, replay) {
                Ok(path) => tell(&told(&finding, &path.display().to_string())),
                Err(error) => broken = Some(format!("--out {}: {error}", how.out.display())),
            }
        }
        News::Broken(why) => broken = Some(why),
    });
    let count = match (done, broken) {
        (Ok(count), None) => count,
        (Ok(_), Some(why)) => return broke_down(&why),
        (Err(why), _) => return complain(&why),
    };
    tell(&format!(
        "{} sessions in {} s, seed {}: {} findings; of {} nothing can be said\n",
        count.sessions,
        count.time.as_secs(),
        plan.seed,
        count.findings,
        count.open
    ));
    match (count.findings, count.sessions - count.open) {
        (1.., _) => NOT_CONFORMANT,
        (0, 0) => {
            complain("no session was played to its end");
            USAGE
        }
        _ => CONFORMANT,
    }
}

fn progress(count: &Count) {
    if stderr().is_terminal() {
        // Nothing can be done about a terminal that is gone.
        let _ = write!(
            stderr(),
            "\r\x1b[K{} sessions, {} s, {} findings ",
            count.sessions,
            count.time.as_secs(),
            count.findings
        );
    }
}

/// What is told stands in lines of its own.
fn tell(text: &str) {
    if stderr().is_terminal() {
        // Nothing can be done about a terminal that is gone.
        let _ = write!(stderr(), "\r\x1b[K");
    }
    print(text);
}

fn words(breach: &Breach) -> String {
    let Breach {
        requirement,
        expected,
        seen,
    } = breach;
    format!("{requirement}: expected {expected}; {seen}")
}

fn told(finding: &Finding, path: &str) -> String {
    let mut text = format!(
        "FINDING  {}: {}\n  expected {}\n  {}\n",
        finding.requirement, finding.clause, finding.expected, finding.seen
    );
    for step in &finding.step {
        // It is a text.
        let _ = writeln!(text, "  - {step}");
    }
    let _ = writeln!(text, "  {path}\n  {}", finding.replay);
    text
}

impl Fuzz {
    /// What is run, how, and the command that names it again.
    fn name(self) -> Result<(Plan, How, String), String> {
        let reference = reference::pair(&[])?;
        match self {
            Self::Helper(client) => client.name(Role::Helper, &reference.helper),
            Self::Sharer(client) => client.name(Role::Sharer, &reference.sharer),
            Self::Relay(Relay { relay, how }) => {
                let own = reference::pair(&how.environment())?.relay;
                let named = relay.name()?;
                let (target, words) = match named {
                    Some((target, words)) => (target, format!(" {words}")),
                    None => (own, String::new()),
                };
                let (target, reference) = (Subject::Relay(target), Subject::Relay(reference.relay));
                Ok(how.named(target, reference, format!("relay{words}")))
            }
        }
    }
}

impl Client {
    fn name(self, role: Role, reference: &Program) -> Result<(Plan, How, String), String> {
        let (program, words) = match &self.driver {
            Some(command) => {
                let program = Program {
                    command: split(command)?,
                    environment: Vec::new(),
                };
                (program, format!(" --driver {}", quoted(command)))
            }
            None => {
                let environment = self.how.environment();
                let command = reference.command.clone();
                let program = Program {
                    command,
                    environment,
                };
                (program, String::new())
            }
        };
        let target = Subject::Client(role, program);
        let reference = Subject::Client(role, reference.clone());
        Ok(self.how.named(target, reference, format!("{role}{words}")))
    }
}

impl How {
    /// By which the reference under test becomes wrong.
    #[cfg(feature = "mutants")]
    fn environment(&self) -> Vec<(String, String)> {
        let name = self.mutant.iter();
        name.map(|name| (super::kill::VARIABLE.to_owned(), name.clone()))
            .collect()
    }

    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "with mutants it is used")]
    const fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    #[cfg(feature = "mutants")]
    fn wrong(&self) -> String {
        let name = self.mutant.iter();
        name.map(|name| format!(" --mutant {name}")).collect()
    }

    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "with mutants it is used")]
    const fn wrong(&self) -> &'static str {
        ""
    }

    fn named(self, target: Subject, reference: Subject, words: String) -> (Plan, Self, String) {
        let settings = Settings {
            jobs: self.jobs,
            patience: Duration::from_secs(5).mul_f64(self.timeout_scale),
            ..Settings::default()
        };
        let forever = Duration::from_secs(u64::from(u32::MAX));
        let time = match self.sessions {
            Some(_) => forever,
            None => Duration::from_secs_f64(self.minutes * 60.0),
        };
        let plan = Plan {
            target,
            reference,
            settings,
            seed: self.seed,
            sessions: self.sessions.unwrap_or(u64::MAX),
            time,
            on: self.keep_going,
        };
        let command = format!("alongside-conformance fuzz {words}{}", self.wrong());
        (plan, self, command)
    }
}
