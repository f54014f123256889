//! What a relay is started with. See *The set-up file* in `driver.md`.

use std::{fs, io, path::PathBuf};

use serde_json::{Map, Value};
use tempfile::TempDir;

/// Where the date of a relay with a clock begins.
pub(super) const DATE: u64 = 1_795_248_000;

/// The fields of a set-up file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetUp {
    fields: Map<String, Value>,
    /// Nobody can get a code there without more ado.
    pub(crate) closed: bool,
}

impl SetUp {
    /// Without this field.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        self.fields.remove(field);
        self
    }

    /// With this field as well, or in place of the one there was.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.fields.insert(field.to_owned(), value);
        self
    }

    /// Nobody can get a code there without more ado.
    #[must_use]
    pub const fn closed(mut self) -> Self {
        self.closed = true;
        self
    }

    fn text(&self) -> String {
        let fields = self.clone().with("date", DATE.into()).fields;
        Value::Object(fields).to_string()
    }
}

/// A file of it, in a folder of its own.
pub(super) struct SetUpFile {
    folder: TempDir,
}

impl SetUpFile {
    pub(super) fn new(set_up: &SetUp) -> io::Result<Self> {
        let file = Self {
            folder: tempfile::tempdir()?,
        };
        file.write(set_up)?;
        Ok(file)
    }

    pub(super) fn write(&self, set_up: &SetUp) -> io::Result<()> {
        fs::write(self.place(), set_up.text())
    }

    pub(super) fn path(&self) -> String {
        self.place().display().to_string()
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("set-up.json")
    }
}
