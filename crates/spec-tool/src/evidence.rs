//! What stands behind a requirement: its code, its tests, its cells, its vectors, its model.

use std::collections::BTreeMap;

use crate::citation::{Citation, Purpose, Standing};
use crate::model::{self, Definition};
use crate::observability::Observability;
use crate::outcome::Failure;
use crate::project::Project;
use crate::requirement::Requirement;
use crate::source::Source;
use crate::vectors::{self, Shown};

/// All that a project has, by requirement.
pub(crate) struct Evidence<'a> {
    project: &'a Project,
    places: BTreeMap<String, Vec<(Purpose, Place)>>,
    shown: BTreeMap<String, Vec<Shown>>,
    model: BTreeMap<String, Vec<Definition>>,
}

/// A line that cites.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) line: usize,
    /// The line of code that it stands above.
    pub(crate) what: String,
    /// The sentence was another one when it was cited.
    pub(crate) stale: bool,
}

/// The cells of one event that name a requirement.
pub(crate) struct Cells<'a> {
    pub(crate) machine: &'a str,
    pub(crate) region: &'a str,
    pub(crate) event: &'a str,
    pub(crate) states: Vec<&'a str>,
}

impl<'a> Evidence<'a> {
    /// # Errors
    /// If a file of vectors or of the model cannot be read.
    pub(crate) fn collect(project: &'a Project) -> Result<Self, Failure> {
        let mut places: BTreeMap<String, Vec<(Purpose, Place)>> = BTreeMap::new();
        for source in &project.sources {
            for citation in source.citations().0 {
                let id = citation.citing.id.clone();
                let place = (citation.citing.purpose, place(project, source, &citation));
                places.entry(id).or_default().push(place);
            }
        }
        Ok(Self {
            project,
            places,
            shown: vectors::check(project)?.shown,
            model: model::definitions(project)?,
        })
    }

    pub(crate) fn places(&self, requirement: &Requirement, purpose: Purpose) -> Vec<&Place> {
        let all = self.places.get(&requirement.id).into_iter().flatten();
        let all = all.filter(|(other, _)| *other == purpose);
        all.map(|(_, place)| place).collect()
    }

    pub(crate) fn vectors(&self, requirement: &Requirement) -> &[Shown] {
        self.shown.get(&requirement.id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn model(&self, requirement: &Requirement) -> &[Definition] {
        self.model.get(&requirement.id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn cells(&self, requirement: &Requirement) -> Vec<Cells<'a>> {
        let mut found = Vec::new();
        for machine in &self.project.machines {
            for region in &machine.regions {
                for (event, named) in machine.events.iter().enumerate() {
                    let states = region.states.iter().enumerate();
                    let states =
                        states.filter(|(s, _)| region.cell(*s, event).names(&requirement.id));
                    let states: Vec<_> = states.map(|(_, state)| state.as_str()).collect();
                    if !states.is_empty() {
                        found.push(Cells {
                            machine: &machine.name,
                            region: &region.name,
                            event: &named.name,
                            states,
                        });
                    }
                }
            }
        }
        found
    }

    /// What is missing, in a word or two each.
    pub(crate) fn lacks(&self, requirement: &Requirement) -> Vec<&'static str> {
        let code = self.places(requirement, Purpose::Implementation);
        let tests = self.places(requirement, Purpose::Test);
        let seen = self.project.spec.observability.get(&requirement.id);
        let absolute = requirement.level.is_absolute();
        let in_vectors = seen == Some(&Observability::Vector);
        let lacks = [
            (absolute && code.is_empty(), "no code"),
            (absolute && tests.is_empty(), "no test"),
            (code.iter().chain(&tests).any(|p| p.stale), "stale citation"),
            (seen.is_none(), "no observability"),
            (
                in_vectors && self.vectors(requirement).is_empty(),
                "no vector",
            ),
        ];
        let lacks = lacks.into_iter().filter(|(lacks, _)| *lacks);
        lacks.map(|(_, what)| what).collect()
    }
}

fn place(project: &Project, source: &Source, citation: &Citation) -> Place {
    let requirement = project.spec.get(&citation.citing.id);
    let standing = requirement.map(|r| citation.citing.standing(r));
    let comment = source.marker.trim_end_matches('=');
    let mut after = source.text.lines().skip(citation.line).map(str::trim);
    let what = after
        .find(|line| !line.is_empty() && !line.starts_with(comment) && !line.starts_with("#["));
    Place {
        path: citation.path.clone(),
        line: citation.line,
        what: what.unwrap_or("").to_owned(),
        stale: matches!(standing, Some(Standing::Stale(_))),
    }
}
