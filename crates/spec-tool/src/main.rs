//! `cargo spec`: see `--help`.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use alongside_spec::{
    Accept, Failure, Outcome, Project, breaks, check, cite, list, prove, report, write,
};
use clap::{Parser, Subcommand};

/// Checks that the specification, the code and the tests say the same.
#[derive(Parser)]
#[command(name = "cargo spec", bin_name = "cargo spec", after_long_help = GUIDE, max_term_width = 100)]
struct Arguments {
    /// The project's folder [default: the nearest one upwards that holds a folder `spec`]
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List all errors, and count what is implemented and tested
    Check,
    /// Write spec/requirements.json from the text
    Write,
    /// Complete short citations in place, mend moved ones, and renew accepted ones
    ///
    /// A citation whose sentence has changed keeps its old hash, and `check` fails, until somebody
    /// has looked at the code again and says so with --accept.
    Cite {
        /// Renew the citations of this requirement, whose sentence has changed (repeatable)
        #[arg(long, value_name = "ID", conflicts_with = "accept_all")]
        accept: Vec<String>,
        /// Renew all citations whose sentence has changed
        #[arg(long)]
        accept_all: bool,
        /// Only in these files and folders
        paths: Vec<PathBuf>,
    },
    /// Show each requirement and where it is cited
    List {
        /// Only each MUST and MUST NOT that lacks an implementation or a test
        #[arg(long)]
        uncited: bool,
    },
    /// Run all that shows that text, tables, model, machines and vectors say the same, and count it
    Prove,
    /// Break one thing after the other in a copy of the project, and show that each is found
    ///
    /// The list is crates/spec-tool/breaks.toml. It takes long, and some gigabytes below target/ until it
    /// has ended.
    Breaks {
        /// Only those in whose words this is
        words: Option<String>,
    },
    /// Write the specification as one HTML page, with all that stands behind each requirement
    Report {
        /// Where to [default: target/spec.html in the project's folder]
        file: Option<PathBuf>,
        /// What leads to the project's files, such as https://host/project/blob/main/ [default: the
        /// way from the page to the project's folder]
        #[arg(long, value_name = "URL")]
        sources: Option<String>,
    },
}

/// In a file of its own, where its examples are no citations of this crate.
const GUIDE: &str = include_str!("guide.txt");

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(outcome) => show(&outcome),
        Err(failure) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(io::stderr(), "cargo spec: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let root = match arguments.root {
        Some(root) => root,
        None => Project::find_root()?,
    };
    let project = || Project::load(&root);
    match arguments.command {
        Command::Prove => prove(&root),
        Command::Breaks { words } => breaks(&root, words.as_deref()),
        Command::Check => check(&project()?),
        Command::Write => write(&project()?),
        Command::Cite {
            accept,
            accept_all,
            paths,
        } => {
            let accept = if accept_all {
                Accept::All
            } else {
                Accept::Ids(accept.into_iter().collect())
            };
            cite(&project()?, &accept, &paths)
        }
        Command::List { uncited } => Ok(list(&project()?, uncited)),
        Command::Report { file, sources } => {
            let file = file.unwrap_or_else(|| root.join("target/spec.html"));
            report(&project()?, &file, sources.as_deref())
        }
    }
}

fn show(outcome: &Outcome) -> ExitCode {
    match io::stdout().lock().write_all(outcome.text.as_bytes()) {
        // A reader that has seen enough, such as `head`, is no error.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::from(2),
        _ if outcome.success => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    }
}
