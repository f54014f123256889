//! `test`: runs cases.

use std::{
    fmt::Display,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use tokio::runtime::{Handle, Runtime};

use super::{
    USAGE, broke_down, complain,
    what::{Named, What},
};
use crate::{
    cases,
    report::{Folder, Report, Run, Terminal, date},
    run::{self, Errand, Outcome, SETUP, Selection, Settings, Setup, expect::Expectations},
};

/// How it is tested.
#[derive(Args)]
pub(super) struct Common {
    #[command(flatten)]
    selection: Selection,
    /// Cases at once
    #[arg(long, default_value_t = 2, value_parser = at_least_one)]
    jobs: usize,
    /// What everything random follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much longer than usual to wait for what needs no time
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    timeout_scale: f64,
    /// Let cases wait for minutes by the computer's clock
    #[arg(long)]
    real_time: bool,
    /// Run each case so often; one that does not come out the same each time is FLAKY
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = at_least_one)]
    repeat: usize,
    /// Run all again, with the next seed, until something fails
    #[arg(long)]
    repeat_until_failure: bool,
    /// Where the report goes
    #[arg(long, value_name = "FOLDER", default_value = "target/conformance")]
    out: PathBuf,
    /// Failures that are known
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Write a file for --expect that has the failures of this run
    #[arg(long, value_name = "FILE")]
    write_expectations: Option<PathBuf>,
    /// Keep a capture of each case that passes, with its keys
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,
}

/// So many, at least one.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it is a number, at least 1".to_owned())
}

/// How much longer to wait.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let number = number.filter(|number| (0.01..=100.0).contains(number));
    number.ok_or_else(|| "it is a number from 0.01 to 100".to_owned())
}

pub(super) fn run(what: What) -> u8 {
    let Named {
        targets,
        command,
        common,
    } = match what.name() {
        Ok(named) => named,
        Err(why) => return complain(&why),
    };
    let expectations = match common.expectations() {
        Ok(expectations) => expectations,
        Err(why) => return complain(&why),
    };
    let errands = match common.selection.choose(&cases::all(), &targets.present()) {
        Ok(errands) => errands,
        Err(why) => return complain(&why),
    };
    let errands = targets.spread(errands);
    let chosen = |target| errands.iter().any(|errand| errand.target == target);
    let targets = targets.only(chosen);
    if let Err(why) = common.can_write() {
        return complain(&why);
    }
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return broke_down(&error.to_string()),
    };
    let mut settings = common.settings();
    let setup = match Setup::of(&targets, &settings, runtime.handle()) {
        Ok(setup) => setup,
        Err(why) => return complain(&why),
    };
    loop {
        let mut round = Round {
            common: &common,
            setup: &setup,
            settings: &settings,
            expectations: expectations.clone(),
        };
        let done = round.go(errands.clone(), &targets, &command, runtime.handle());
        match done {
            Ok(code) if code != 0 || !common.repeat_until_failure => return code,
            Ok(_) => settings.seed = settings.seed.wrapping_add(1),
            Err(why) => return broke_down(&why),
        }
    }
}

impl Common {
    fn settings(&self) -> Settings {
        Settings {
            jobs: self.jobs,
            seed: self.seed,
            patience: Duration::from_secs(5).mul_f64(self.timeout_scale),
            real_time: self.real_time,
            repeat: self.repeat,
        }
    }

    /// Before anything is run: can what comes of it be written down?
    fn can_write(&self) -> Result<(), String> {
        writable(&self.out).map_err(told("--out", &self.out))?;
        Folder::is_free(&self.out).map_err(told("--out", &self.out))?;
        if let Some(folder) = &self.captures {
            writable(folder).map_err(told("--captures", folder))?;
        }
        if let Some(file) = &self.write_expectations {
            let opened = File::options().append(true).create(true).open(file);
            opened.map_err(told("--write-expectations", file))?;
        }
        Ok(())
    }

    /// Those of the file that is named.
    fn expectations(&self) -> Result<Expectations, String> {
        let Some(path) = &self.expect else {
            return Ok(Expectations::default());
        };
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Expectations::read(&text, date::today()))
            .map_err(|why| format!("{}: {why}", path.display()))
    }
}

/// Makes a folder, and sees that files can be put there.
fn writable(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder).map(drop)
}

/// What is wrong with what an option names, in words.
fn told<E: Display>(option: &str, path: &Path) -> impl FnOnce(E) -> String {
    move |error| format!("{option} {}: {error}", path.display())
}

/// All of it, once.
struct Round<'a> {
    common: &'a Common,
    setup: &'a Setup,
    settings: &'a Settings,
    expectations: Expectations,
}

impl Round<'_> {
    fn go(
        &mut self,
        errands: Vec<Errand>,
        targets: &run::Targets,
        command: &str,
        runtime: &Handle,
    ) -> Result<u8, String> {
        let out = &self.common.out;
        let run = Run::begin(command.to_owned(), self.setup.present.clone());
        let mut folder = Folder::begin(out, run.clone(), self.common.captures.clone())
            .map_err(told("--out", out))?;
        let (errands, blocked) = self.setup.divide(errands, self.settings.seed);
        let all = errands.len() + blocked.len() + self.setup.failed.len();
        let mut terminal = Terminal::new(all, out);
        let mut broken = Ok(());
        let mut tell = |outcome: &mut Outcome| {
            self.expectations.apply(outcome);
            let added = folder.add(outcome);
            if broken.is_ok() {
                broken = added;
            }
            terminal.tell(outcome);
        };
        let mut outcomes = self.setup.failed.clone();
        outcomes.extend(blocked);
        outcomes.iter_mut().for_each(&mut tell);
        outcomes.extend(run::run(errands, targets, self.settings, runtime, tell));
        broken.map_err(told("--out", out))?;
        let mut known: Vec<_> = cases::all().into_iter().map(|case| case.id).collect();
        known.push(SETUP.to_owned());
        let stale = self.expectations.stale(&known);
        let report = Report::new(run, outcomes, stale);
        let page = folder.end(&report).map_err(told("--out", out))?;
        terminal.sum(&report, &page);
        if let Some(path) = &self.common.write_expectations {
            let known = (self.expectations).write(&report.outcomes, &known, date::today());
            known
                .map_err(io::Error::other)
                .and_then(|text| fs::write(path, text))
                .map_err(told("--write-expectations", path))?;
        }
        if report.exit == USAGE {
            complain("no case was run");
        }
        Ok(report.exit)
    }
}

/// Makes the report of a run that was killed.
pub(super) fn mend(path: &Path) -> u8 {
    match crate::report::mend(path) {
        Ok((report, page)) => {
            Terminal::new(0, path).sum(&report, &page);
            report.exit
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            complain(&format!("{}: there is no results.jsonl", path.display()))
        }
        Err(error) => broke_down(&format!("{}: {error}", path.display())),
    }
}
