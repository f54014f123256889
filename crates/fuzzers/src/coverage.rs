//! What the corpus reaches of the core: the test that replays it is built with counters, and run; LLVM's tools read what
//! was counted. A line that it does not reach has its reason in `fuzz/uncovered.toml`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// The crates that count, and the lines of them that have to be reached, in percent.
const COUNTED: [&str; 2] = ["crates/wire/src/", "crates/state-machine/src/"];
const ENOUGH: f64 = 95.0;

/// What is said of a part of the code that the corpus does not reach.
#[derive(Debug)]
struct Reason {
    /// A file, or a folder.
    of: String,
    /// What is in the lines; all of them, without it.
    lines: Vec<String>,
    why: String,
}

/// The lines of a file that can be reached, and those of them that were not.
#[derive(Debug, Default)]
struct Lines {
    all: usize,
    not: BTreeSet<usize>,
}

/// What was measured.
pub struct Report {
    files: BTreeMap<String, Lines>,
    /// Lines without a reason, as they are written.
    unexplained: Vec<String>,
    explained: Vec<String>,
    /// Reasons for nothing.
    idle: Vec<String>,
}

/// Replays the corpus, and counts.
///
/// # Errors
/// If the test cannot be built or fails, a tool is missing (`rustup component add llvm-tools`), or a file cannot be read.
pub fn measure(fuzz: &Path) -> io::Result<Report> {
    let root = fuzz.join("..").canonicalize()?;
    let work = root.join("target/coverage");
    fs::create_dir_all(&work)?;
    let test = build(&root)?;
    let raw = work.join("corpus.profraw");
    let ran = Command::new(&test)
        .env("LLVM_PROFILE_FILE", &raw)
        .current_dir(root.join("crates/fuzzers"))
        .arg("nothing_that_was_kept")
        .output()?;
    if !ran.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&ran.stdout)));
    }
    let data = work.join("corpus.profdata");
    tool("llvm-profdata", |command| {
        command
            .args(["merge", "-sparse"])
            .arg(&raw)
            .arg("-o")
            .arg(&data)
    })?;
    let exported = tool("llvm-cov", |command| {
        command
            .args(["export", "--format=lcov", "--instr-profile"])
            .arg(&data)
            .arg(&test)
    })?;
    let files = read(&String::from_utf8_lossy(&exported), &root);
    Report::new(files, &root, &reasons(&fuzz.join("uncovered.toml"))?)
}

/// Builds the test with counters in the crates of this workspace, and in no others; says where it is.
fn build(root: &Path) -> io::Result<PathBuf> {
    let output = Command::new("cargo")
        .args([
            "test",
            "--workspace",
            "--test",
            "corpus",
            "--no-run",
            "--message-format=json",
        ])
        .env("RUSTC_WORKSPACE_WRAPPER", root.join("fuzz/counted"))
        .stderr(std::process::Stdio::inherit())
        .current_dir(root)
        .output()?;
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut made = messages.filter(|message| message["target"]["name"] == "corpus");
    let test = made.find_map(|message| message["executable"].as_str().map(PathBuf::from));
    test.ok_or_else(|| io::Error::other("the test that replays the corpus cannot be built"))
}

/// Runs one of LLVM's tools that come with the compiler.
fn tool(name: &str, with: impl FnOnce(&mut Command) -> &mut Command) -> io::Result<Vec<u8>> {
    let print = |what: [&str; 2]| -> io::Result<String> {
        let output = Command::new("rustc").args(what).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let folder = PathBuf::from(print(["--print", "target-libdir"])?).join("../bin");
    let missing = |_| io::Error::other(format!("no {name}: rustup component add llvm-tools"));
    let output = with(&mut Command::new(folder.join(name)))
        .output()
        .map_err(missing)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr))),
    }
}

/// The lines of each file that counts.
fn read(exported: &str, root: &Path) -> BTreeMap<String, Lines> {
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    let mut file = None;
    for line in exported.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let path = Path::new(path);
            let path = path
                .strip_prefix(root)
                .unwrap_or(path)
                .to_string_lossy()
                .into_owned();
            file = COUNTED
                .iter()
                .any(|counted| path.starts_with(counted))
                .then_some(path);
        } else if let (Some(file), Some(counted)) = (&file, line.strip_prefix("DA:"))
            && let Some((number, times)) = counted.split_once(',')
            && let Ok(number) = number.parse()
        {
            let lines = files.entry(file.clone()).or_default();
            lines.all += 1;
            if times == "0" {
                lines.not.insert(number);
            }
        }
    }
    files
}

/// The file of reasons: `[[reason]]` with `of`, `why`, and perhaps `lines`.
fn reasons(path: &Path) -> io::Result<Vec<Reason>> {
    let text = fs::read_to_string(path)?;
    let table: toml::Table = text.parse().map_err(io::Error::other)?;
    let all = table.get("reason").and_then(toml::Value::as_array);
    let text = |reason: &toml::Value, field: &str| Some(reason.get(field)?.as_str()?.to_owned());
    let read = |reason: &toml::Value| {
        let lines = reason.get("lines").and_then(toml::Value::as_array);
        let lines = lines.into_iter().flatten().filter_map(toml::Value::as_str);
        Some(Reason {
            of: text(reason, "of")?,
            lines: lines.map(str::to_owned).collect(),
            why: text(reason, "why")?,
        })
    };
    let read: Option<Vec<_>> = all.into_iter().flatten().map(read).collect();
    read.ok_or_else(|| io::Error::other("a reason has `of` and `why`"))
}

impl Reason {
    fn is_for(&self, file: &str, line: &str) -> bool {
        file.starts_with(&self.of)
            && (self.lines.is_empty() || self.lines.iter().any(|part| line.contains(part)))
    }
}

impl Report {
    fn new(files: BTreeMap<String, Lines>, root: &Path, reasons: &[Reason]) -> io::Result<Self> {
        let (mut unexplained, mut explained) = (Vec::new(), Vec::new());
        let mut used = vec![false; reasons.len()];
        for (file, lines) in &files {
            let text = fs::read_to_string(root.join(file))?;
            let text: Vec<_> = text.lines().collect();
            for number in &lines.not {
                let line = text.get(number - 1).copied().unwrap_or_default();
                let place = reasons.iter().position(|reason| reason.is_for(file, line));
                let told = format!("{file}:{number}: {}", line.trim());
                match place {
                    Some(place) => {
                        used[place] = true;
                        explained.push(format!("{told} ({})", reasons[place].why));
                    }
                    None => unexplained.push(told),
                }
            }
        }
        let idle = reasons.iter().zip(used).filter(|(_, used)| !used);
        Ok(Self {
            files,
            unexplained,
            explained,
            idle: idle
                .map(|(reason, _)| format!("{} ({})", reason.of, reason.why))
                .collect(),
        })
    }

    fn percent(&self, folder: &str) -> (usize, usize, f64) {
        let files = self
            .files
            .iter()
            .filter(|(file, _)| file.starts_with(folder));
        let (all, not) = files.fold((0, 0), |(all, not), (_, lines)| {
            (all + lines.all, not + lines.not.len())
        });
        (
            all - not,
            all,
            100.0 * (all - not) as f64 / all.max(1) as f64,
        )
    }

    /// Whether enough is reached, and all else has a reason.
    pub fn is_enough(&self) -> bool {
        let reached = COUNTED
            .iter()
            .all(|folder| self.percent(folder).2 >= ENOUGH);
        reached && self.unexplained.is_empty() && self.idle.is_empty()
    }

    /// In words; with `all`, each line that is not reached.
    pub fn text(&self, all: bool) -> String {
        let mut text = String::new();
        for line in self.explained.iter().filter(|_| all) {
            let _ = writeln!(text, "{line}");
        }
        for line in &self.unexplained {
            let _ = writeln!(text, "no reason: {line}");
        }
        for reason in &self.idle {
            let _ = writeln!(text, "a reason for nothing: {reason}");
        }
        for folder in COUNTED {
            let (reached, of, percent) = self.percent(folder);
            let _ = writeln!(text, "{folder}: {reached} of {of} lines, {percent:.2} %");
        }
        let _ = write!(
            text,
            "{} lines have a reason, {} have none",
            self.explained.len(),
            self.unexplained.len()
        );
        text
    }
}
