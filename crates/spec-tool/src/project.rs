//! What every command works on.

use std::env;
use std::path::{Path, PathBuf};

use crate::outcome::Failure;
use crate::outcome::Problem;
use crate::source::{self, Source};
use crate::spec::Spec;
use crate::tables::{self, Machine};

/// A repository with its specification and its sources, as read at one moment.
#[derive(Debug)]
pub struct Project {
    pub(crate) root: PathBuf,
    pub(crate) spec: Spec,
    pub(crate) sources: Vec<Source>,
    pub(crate) machines: Vec<Machine>,
    /// What is wrong with the state tables.
    pub(crate) table_problems: Vec<Problem>,
}

impl Project {
    /// The nearest folder, from the current one upwards, that holds a folder `spec`.
    ///
    /// # Errors
    /// If there is none.
    pub fn find_root() -> Result<PathBuf, Failure> {
        let start = env::current_dir().map_err(Failure::io("find", Path::new(".")))?;
        start
            .ancestors()
            .find(|folder| folder.join("spec").is_dir())
            .map(Path::to_path_buf)
            .ok_or_else(|| {
                Failure::new(format!(
                    "no folder `spec` in {} or above it: go to the project or give --root DIR",
                    start.display()
                ))
            })
    }

    /// Reads the text and all sources below `root`.
    ///
    /// # Errors
    /// If a file cannot be read, or the registry cannot be understood. Errors in the text are no
    /// failure: `check` lists them.
    pub fn load(root: &Path) -> Result<Self, Failure> {
        let spec = Spec::load(root)?;
        let (machines, table_problems) = tables::load(root, &spec)?;
        Ok(Self {
            root: root.to_path_buf(),
            spec,
            sources: source::load(root)?,
            machines,
            table_problems,
        })
    }
}
