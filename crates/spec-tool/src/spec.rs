//! The whole specification: every requirement, and every error in the text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::markdown::{self, Block, Kind, mask_code};
use crate::observability::{self, Observability};
use crate::outcome::{Failure, Problem};
use crate::registry::{self, Registry};
use crate::requirement::{self, Requirement};
use crate::words::{self, Keyword};

/// The text as read.
#[derive(Debug)]
pub(crate) struct Spec {
    /// By file, then by appearance. Only sound ones.
    pub(crate) requirements: Vec<Requirement>,
    /// Ids that stand in the text in a way that has to be mended first.
    pub(crate) broken: BTreeSet<String>,
    pub(crate) retired: BTreeSet<String>,
    /// By id. Each sound requirement has one, or `problems` says that it has none.
    pub(crate) observability: BTreeMap<String, Observability>,
    pub(crate) problems: Vec<Problem>,
}

impl Spec {
    /// Reads `spec/*.md` below `root`.
    pub(crate) fn load(root: &Path) -> Result<Self, Failure> {
        let (registry, problems) = registry::load(root)?;
        let mut reader = Reader {
            registry,
            problems,
            requirements: Vec::new(),
            broken: BTreeSet::new(),
            seen: BTreeMap::new(),
            mentions: Vec::new(),
            boilerplate: None,
        };
        for (path, chapter) in chapters(root)? {
            reader.chapter(&path, &chapter);
        }
        let mut spec = reader.finish();
        let (observability, problems) = observability::load(root, &spec)?;
        spec.observability = observability;
        spec.problems.extend(problems);
        Ok(spec)
    }

    /// The sound requirement with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|r| r.id == id)
    }

    /// Why an id that is not a sound requirement cannot be cited.
    pub(crate) fn why_not(&self, id: &str) -> String {
        if self.broken.contains(id) {
            format!("[{id}] has errors in the text: mend them first, `cargo spec check` lists them")
        } else if self.retired.contains(id) {
            format!("[{id}] is retired: cite what took its place, or remove this line")
        } else {
            format!("no requirement [{id}] in spec/*.md: `cargo spec list` shows the ids there are")
        }
    }

    /// What `spec/requirements.json` has to hold.
    pub(crate) fn json(&self) -> Result<String, Failure> {
        let all = self.requirements.iter();
        let records: Vec<_> = all
            .map(|r| r.record(self.observability.get(&r.id)))
            .collect();
        let json = serde_json::to_string_pretty(&records)
            .map_err(|error| Failure::new(format!("cannot write requirements as JSON: {error}")))?;
        Ok(json + "\n")
    }
}

/// The chapters with their paths relative to the root, in the order of their names.
pub(crate) fn chapters(root: &Path) -> Result<Vec<(String, String)>, Failure> {
    let folder = root.join("spec");
    let mut chapters = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Failure::io("list", &folder))? {
        let file = entry.map_err(Failure::io("list", &folder))?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".md") && file.is_file() {
            let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
            chapters.push((format!("spec/{name}"), text));
        }
    }
    chapters.sort();
    Ok(chapters)
}

struct Reader {
    registry: Registry,
    requirements: Vec<Requirement>,
    problems: Vec<Problem>,
    broken: BTreeSet<String>,
    /// Where each id stood first: path and line.
    seen: BTreeMap<String, (String, usize)>,
    /// Ids named in running text: path, line, id.
    mentions: Vec<(String, usize, String)>,
    /// Where the paragraph stands that explains the keywords.
    boilerplate: Option<String>,
}

/// The section that a block stands in.
enum Section {
    None,
    WithoutAnchor(String),
    Anchor(String),
}

/// A block with what is needed to report on it.
struct Place<'a> {
    path: &'a str,
    block: &'a Block,
    masked: &'a str,
}

impl Place<'_> {
    fn line_at(&self, offset: usize) -> usize {
        self.block.line + self.masked[..offset].matches('\n').count()
    }
}

impl Reader {
    fn chapter(&mut self, path: &str, chapter: &str) {
        let (blocks, problems) = markdown::read(path, chapter);
        self.problems.extend(problems);
        let mut section = Section::None;
        let mut anchors = BTreeMap::new();
        for block in &blocks {
            let masked = &mask_code(&block.text);
            let place = Place {
                path,
                block,
                masked,
            };
            match &block.kind {
                Kind::Code => self.no_ids(&place, &block.text, "a code fence"),
                Kind::TableRow => {
                    self.no_ids(&place, masked, "a table");
                    self.no_keywords(&place);
                }
                Kind::Heading(anchor) => {
                    section = self.heading(&place, anchor.as_deref(), &mut anchors);
                }
                Kind::Quote => self.prose(&place),
                Kind::Paragraph | Kind::Item => match words::leading_id(&block.text) {
                    Some((id, _)) => self.requirement(&place, id, &section),
                    None => self.prose(&place),
                },
            }
        }
    }

    fn heading(
        &mut self,
        place: &Place<'_>,
        anchor: Option<&str>,
        anchors: &mut BTreeMap<String, usize>,
    ) -> Section {
        self.no_ids(place, place.masked, "a heading");
        self.no_keywords(place);
        let Some(anchor) = anchor else {
            return Section::WithoutAnchor(place.block.text.clone());
        };
        let line = place.block.line;
        if let Some(first) = anchors.insert(anchor.to_owned(), line) {
            let message =
                format!("anchor {{#{anchor}}} stands on line {first} already: take another");
            self.problem(place, 0, message);
        }
        Section::Anchor(anchor.to_owned())
    }

    fn requirement(&mut self, place: &Place<'_>, id: &str, section: &Section) {
        let before = self.problems.len();
        let after_id = id.len() + 2;
        self.continuation(place);
        self.mentions(place, after_id);
        self.foreign_keywords(place);
        self.identity(place, id);
        let anchor = self.anchor(place, id, section);
        let (plain, masked) = (&place.block.text[after_id..], &place.masked[after_id..]);
        match (requirement::read(plain, masked, &self.registry), anchor) {
            (Ok(sentence), Some(anchor)) if self.problems.len() == before => {
                self.requirements.push(Requirement {
                    id: id.to_owned(),
                    level: sentence.level,
                    role: sentence.role,
                    hash: sentence.hash,
                    path: place.path.to_owned(),
                    line: place.block.line,
                    anchor,
                    text: sentence.text,
                });
                return;
            }
            (Ok(_), _) => {}
            (Err(wrong), _) => {
                for message in wrong {
                    self.problem(place, 0, format!("[{id}] {message}"));
                }
            }
        }
        self.broken.insert(id.to_owned());
    }

    /// An id is used once and never again.
    fn identity(&mut self, place: &Place<'_>, id: &str) {
        let here = (place.path.to_owned(), place.block.line);
        if let Some((path, line)) = self.seen.get(id) {
            let message =
                format!("[{id}] stands at {path}:{line} already: take the next free number");
            self.problem(place, 0, message);
        } else {
            self.seen.insert(id.to_owned(), here);
        }
        if self.registry.retired.contains(id) {
            let path = registry::PATH;
            let message = format!("[{id}] is retired in {path}: take the next free number");
            self.problem(place, 0, message);
        }
    }

    fn anchor(&mut self, place: &Place<'_>, id: &str, section: &Section) -> Option<String> {
        let message = match section {
            Section::Anchor(anchor) => return Some(anchor.clone()),
            Section::None => format!(
                "[{id}] stands before any heading: put it under one with an anchor, such as `## Consent {{#consent}}`"
            ),
            Section::WithoutAnchor(title) => format!(
                "[{id}] stands under \"{title}\", which has no anchor: add one at its end, such as `{{#consent}}`"
            ),
        };
        self.problem(place, 0, message);
        None
    }

    /// Text that binds nobody.
    fn prose(&mut self, place: &Place<'_>) {
        if let Some(near) = words::leading_near_id(place.masked) {
            let message = format!(
                "malformed id [{near}]: two or more capitals, a dash, and a number from 1, such as [CONSENT-3]"
            );
            self.problem(place, 0, message);
        }
        if place.block.kind == Kind::Quote && words::leading_id(place.masked).is_some() {
            let message = "a requirement cannot stand in a quote: make it a paragraph or list item";
            self.problem(place, 0, message);
        }
        self.continuation(place);
        self.mentions(place, 0);
        if !self.is_boilerplate(place) {
            self.no_keywords(place);
        }
    }

    /// The one paragraph of the specification that names the keywords to explain them.
    fn is_boilerplate(&mut self, place: &Place<'_>) -> bool {
        let words: Vec<_> = place.masked.split_whitespace().collect();
        let explains = words.join(" ").contains("BCP 14") && place.block.kind != Kind::Item;
        if !explains || words::keywords(place.masked).is_empty() {
            return false;
        }
        let here = format!("{}:{}", place.path, place.block.line);
        if let Some(first) = &self.boilerplate {
            let message =
                format!("the keywords of BCP 14 are explained at {first} already: refer to that");
            self.problem(place, 0, message);
        } else {
            self.boilerplate = Some(here);
        }
        true
    }

    /// A wrapped line that starts with an id is a requirement that lost its blank line.
    fn continuation(&mut self, place: &Place<'_>) {
        let breaks = place.masked.match_indices('\n');
        for (at, _) in breaks {
            if let Some((id, _)) = words::leading_id(&place.masked[at + 1..]) {
                let message = format!(
                    "[{id}] starts a line inside another paragraph: put a blank line before it, or rewrap a mere mention"
                );
                self.problem(place, at + 1, message);
                self.broken.insert(id.to_owned());
            }
        }
    }

    fn mentions(&mut self, place: &Place<'_>, from: usize) {
        for (at, id) in words::bracketed_ids(&place.masked[from..]) {
            let line = place.line_at(from + at);
            self.mentions
                .push((place.path.to_owned(), line, id.to_owned()));
        }
        if let Some(at) = place.masked.find("<!--") {
            self.problem(
                place,
                at,
                "comment inside text: put it on a line of its own",
            );
        }
    }

    fn no_ids(&mut self, place: &Place<'_>, text: &str, container: &str) {
        for (at, id) in words::bracketed_ids(text) {
            let first_line = usize::from(place.block.kind == Kind::Code);
            let line = place.block.line + first_line + text[..at].matches('\n').count();
            let message = format!(
                "[{id}] stands in {container}: a requirement is a paragraph or list item; to refer to it there, drop the brackets"
            );
            self.problems.push(Problem::new(place.path, line, message));
        }
    }

    fn no_keywords(&mut self, place: &Place<'_>) {
        for (at, keyword) in words::keywords(place.masked) {
            if let Keyword::Level(level) = keyword {
                let message = format!(
                    "{} outside a requirement: give the sentence an id, or write it in small letters",
                    level.keyword()
                );
                self.problem(place, at, message);
            }
        }
        self.foreign_keywords(place);
    }

    fn foreign_keywords(&mut self, place: &Place<'_>) {
        for (at, keyword) in words::keywords(place.masked) {
            let message = match keyword {
                Keyword::Level(_) => continue,
                Keyword::Foreign(word, instead) => {
                    format!("{word} is not used in this specification: write {instead}")
                }
                Keyword::LooseNot(level) => format!(
                    "\"{} not\" can be read in two ways: write MUST NOT or SHOULD NOT in capitals, or another sentence",
                    level.keyword()
                ),
            };
            self.problem(place, at, message);
        }
    }

    /// Below the highest id of an area each is there or retired, so that none can go unnoticed and
    /// come back with another sentence.
    fn no_gaps(&mut self) {
        let mut areas: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for id in self.seen.keys() {
            if let Some((area, Ok(number))) = id.split_once('-').map(|(a, n)| (a, n.parse())) {
                areas.entry(area).or_default().insert(number);
            }
        }
        for (area, numbers) in areas {
            let mut before = 0;
            for number in numbers {
                let gap = (before + 1..number).map(|n| format!("{area}-{n}"));
                let free =
                    |id: &String| !self.registry.retired.contains(id) && !self.broken.contains(id);
                let gap: Vec<_> = gap.filter(free).collect();
                before = number;
                let id = format!("{area}-{number}");
                if let (false, Some((path, line))) = (gap.is_empty(), self.seen.get(&id)) {
                    let message = format!(
                        "[{id}] leaves out {}: take the lowest free number, or list it as `retired` in {} if it was used up",
                        gap.join(", "),
                        registry::PATH
                    );
                    self.problems.push(Problem::new(path, *line, message));
                }
            }
        }
    }

    fn problem(&mut self, place: &Place<'_>, offset: usize, message: impl Into<String>) {
        let line = place.line_at(offset);
        self.problems.push(Problem::new(place.path, line, message));
    }

    fn finish(mut self) -> Spec {
        self.no_gaps();
        let mut spec = Spec {
            requirements: self.requirements,
            broken: self.broken,
            retired: self.registry.retired,
            observability: BTreeMap::new(),
            problems: self.problems,
        };
        // A second, broken use of an id spoils the first as well: which one is meant is unknown.
        spec.requirements.retain(|r| !spec.broken.contains(&r.id));
        for (path, line, id) in self.mentions {
            let known = self.seen.contains_key(&id) || spec.broken.contains(&id);
            if !known && !spec.retired.contains(&id) {
                let message =
                    format!("mention of [{id}], which is no requirement of this specification");
                spec.problems.push(Problem::new(&path, line, message));
            }
        }
        spec
    }
}
