//! One line of a driver.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names;

/// Which end a client under test is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It helps.
    Helper,
    /// It shares its screen.
    Sharer,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Helper => "helper",
            Self::Sharer => "sharer",
        })
    }
}

/// Who a driver says it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the driver protocol.
    pub driver: u64,
    /// The client.
    pub name: String,
    /// Of the client.
    pub version: String,
    /// What it can be.
    pub roles: Vec<Role>,
    /// What it has.
    pub capabilities: Vec<String>,
}

/// What a driver says.
#[derive(Clone, Debug)]
pub enum Line {
    /// The answer to the command of that number.
    Answer(u64, Answer),
    /// Something happened.
    Event(Event),
}

/// How a command was taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The client does it.
    Ok(Map<String, Value>),
    /// It does not.
    Err(Class, String),
    /// There is no such command here.
    Unsupported,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The client may not now.
    Misuse,
    /// It was no command.
    Command,
    /// Something broke down.
    Internal,
}

/// Something that happened at a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What.
    pub name: String,
    /// In which session.
    pub session: String,
    /// The rest.
    pub fields: Map<String, Value>,
}

impl Event {
    /// Whether it is of this name.
    ///
    /// # Panics
    /// If no driver tells of such a thing, so that a case would wait for nothing.
    pub fn is(&self, name: &str) -> bool {
        assert!(names().events.contains(name), "there is no event {name:?}");
        self.name == name
    }

    /// A field as text, empty without one.
    pub fn text(&self, field: &str) -> &str {
        self.fields
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

impl Line {
    /// Reads one line.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let Value::Object(mut fields) = value else {
            return Err("it is no object".to_owned());
        };
        if let Some(event) = fields.remove("event") {
            return Self::event(&event, fields).map(Self::Event);
        }
        let id = fields.remove("id").and_then(|id| id.as_u64());
        let id = id.ok_or("it has neither an event nor a number")?;
        Self::answer(fields).map(|answer| Self::Answer(id, answer))
    }

    fn event(name: &Value, mut fields: Map<String, Value>) -> Result<Event, String> {
        let name = name.as_str().ok_or("the event is no text")?;
        if !names().events.contains(name) {
            return Err(format!("there is no event {name:?}"));
        }
        let session = fields.remove("session");
        let session = session.as_ref().and_then(Value::as_str);
        Ok(Event {
            name: name.to_owned(),
            session: session.ok_or("an event is of a session")?.to_owned(),
            fields,
        })
    }

    fn answer(mut fields: Map<String, Value>) -> Result<Answer, String> {
        #[derive(Deserialize)]
        struct Refused {
            class: Class,
            #[serde(default)]
            detail: String,
        }
        if let Some(Value::Object(ok)) = fields.remove("ok") {
            return Ok(Answer::Ok(ok));
        }
        if fields.contains_key("unsupported") {
            return Ok(Answer::Unsupported);
        }
        let refused = fields
            .remove("err")
            .ok_or("an answer is ok, err or unsupported")?;
        let refused: Refused =
            serde_json::from_value(refused).map_err(|error| error.to_string())?;
        Ok(Answer::Err(refused.class, refused.detail))
    }
}
