//! One line of a driver.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names;
use crate::words::nearest;

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
#[derive(Clone, Debug, PartialEq)]
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

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(fields) if fields.is_empty() => f.write_str("ok"),
            Self::Ok(fields) => write!(f, "ok {}", Value::Object(fields.clone())),
            Self::Err(class, detail) => write!(f, "err {class}: {detail}"),
            Self::Unsupported => f.write_str("unsupported"),
        }
    }
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

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Misuse => "misuse",
            Self::Command => "command",
            Self::Internal => "internal",
        })
    }
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
        assert!(
            names().events.contains_key(name),
            "there is no event {name:?}"
        );
        self.name == name
    }

    /// Whose it is, if it is not of both roles.
    pub fn only(&self) -> Option<Role> {
        names().events.get(&self.name)?.only
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
        let value: Value = serde_json::from_slice(line).map_err(|error| match error.is_eof() {
            true => "this line is no whole JSON object: one object is one line".to_owned(),
            false => "this line of its standard output is no JSON, and that is for the protocol \
                      alone; all else goes to standard error"
                .to_owned(),
        })?;
        let Value::Object(mut fields) = value else {
            return Err("this line is no JSON object".to_owned());
        };
        if let Some(event) = fields.remove("event") {
            return Self::event(&event, fields).map(Self::Event);
        }
        let id = fields.remove("id").and_then(|id| id.as_u64());
        let id = id.ok_or(
            "a line is an `event`, or an answer with the `id` of its command, which is a number",
        )?;
        Self::answer(fields).map(|answer| Self::Answer(id, answer))
    }

    fn event(name: &Value, mut fields: Map<String, Value>) -> Result<Event, String> {
        let name = name.as_str().ok_or("the event is no text")?;
        let known = &names().events;
        let told = known
            .get(name)
            .ok_or_else(|| format!("there is no event {name:?}{}", nearest(name, known.keys())))?;
        if let Some(field) = told
            .fields
            .iter()
            .find(|field| !fields.contains_key(*field))
        {
            return Err(format!("the event {name:?} has no field {field:?}"));
        }
        let session = fields.remove("session");
        let session = session.as_ref().and_then(Value::as_str);
        Ok(Event {
            name: name.to_owned(),
            session: session.ok_or("the event has no `session`")?.to_owned(),
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
        let refused = fields.remove("err").ok_or(
            "an answer has one of the objects `ok`, which may be {}, `err` or `unsupported`",
        )?;
        let refused: Refused =
            serde_json::from_value(refused).map_err(|error| error.to_string())?;
        Ok(Answer::Err(refused.class, refused.detail))
    }
}
