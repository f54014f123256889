//! What the corpus reaches of the core: the test that replays it is built with counters, and run; LLVM's tools read what
//! was counted. A line that it does not reach has its reason in `fuzz/uncovered.toml`.

mod reasons;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use reasons::{Judged, Ledger, Reasons};
use serde_json::Value;

/// The crates that count, and the lines of them that have to be reached, in percent.
const COUNTED: [&str; 2] = ["crates/wire/src/", "crates/state-machine/src/"];
const ENOUGH: f64 = 95.0;

/// The lines of a file that can be reached, and whether they were.
type Lines = BTreeMap<usize, bool>;

/// What was measured.
pub struct Report {
    files: BTreeMap<String, Lines>,
    judged: Judged,
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
    let list = fs::read_to_string(fuzz.join("uncovered.toml"))?;
    Report::new(files, &root, Reasons::read(&list)?)
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
            lines.insert(number, times != "0");
        }
    }
    files
}

/// Files of code of which no line was counted: they are not in the program at all.
fn left_out(root: &Path, files: &BTreeMap<String, Lines>) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders: Vec<_> = COUNTED.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap_or(&path);
            let name = name.to_string_lossy().into_owned();
            let text = fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let mut lines = code.lines().map(str::trim);
            let has_code = lines.any(|line| !line.starts_with("//") && line.contains("fn "));
            if has_code && !files.contains_key(&name) {
                found.push(name);
            }
        }
    }
    found.sort();
    Ok(found)
}

impl Report {
    fn new(files: BTreeMap<String, Lines>, root: &Path, reasons: Reasons) -> io::Result<Self> {
        let mut ledger = Ledger::new(reasons);
        for (file, lines) in &files {
            let text = fs::read_to_string(root.join(file))?;
            let text: Vec<_> = text.lines().map(str::trim).collect();
            ledger.file(file, &text, lines);
        }
        for file in left_out(root, &files)? {
            ledger.left_out(&file);
        }
        Ok(Self {
            files,
            judged: ledger.judged(),
        })
    }

    fn percent(&self, folder: &str) -> (usize, usize, f64) {
        let files = self
            .files
            .iter()
            .filter(|(file, _)| file.starts_with(folder));
        let (all, reached) = files.fold((0, 0), |(all, reached), (_, lines)| {
            let now = lines.values().filter(|reached| **reached).count();
            (all + lines.len(), reached + now)
        });
        (reached, all, 100.0 * reached as f64 / all.max(1) as f64)
    }

    /// Whether enough is reached, and all else has a reason that holds.
    pub fn is_enough(&self) -> bool {
        let reached = COUNTED
            .iter()
            .all(|folder| self.percent(folder).2 >= ENOUGH);
        reached && self.judged.wrong.is_empty()
    }

    /// In words; with `all`, each line that is not reached.
    pub fn text(&self, all: bool) -> String {
        let mut text = String::new();
        for line in self.judged.explained.iter().filter(|_| all) {
            let _ = writeln!(text, "{line}");
        }
        for wrong in &self.judged.wrong {
            let _ = writeln!(text, "{wrong}");
        }
        for folder in COUNTED {
            let (reached, of, percent) = self.percent(folder);
            let _ = writeln!(text, "{folder}: {reached} of {of} lines, {percent:.2} %");
        }
        let _ = write!(
            text,
            "{} lines that are not reached have a reason; {} things are wrong with the list",
            self.judged.explained.len(),
            self.judged.wrong.len()
        );
        text
    }
}
