//! Checks a driver step by step, and says of the first step that fails what to do next.

use std::time::Duration;

use alongside_wire::rendezvous::{Join, Message};
use serde_json::json;
use tokio::runtime::Handle;

use crate::{
    driver::{Answer, Broken, Driver, Program, Role, names},
    run::NO_COMMAND,
    stage::{Bench, ClientStage, Done, Stop},
    words::nearest,
};

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was looked at.
    pub what: String,
    /// What is wrong, and what to do next.
    pub wrong: Option<(String, String)>,
}

/// All steps, up to the first that fails.
pub fn examine(program: &Program, patience: Duration, runtime: &Handle) -> Vec<Step> {
    let mut steps = Steps(Vec::new());
    // It has said what is wrong.
    let _ = steps.all(program, patience, runtime);
    steps.0
}

struct Steps(Vec<Step>);

/// What is wrong, and what to do next if it is something else than what the step is about.
struct Wrong {
    why: String,
    next: Option<String>,
}

impl From<String> for Wrong {
    fn from(why: String) -> Self {
        Self { why, next: None }
    }
}

impl From<Broken> for Wrong {
    fn from(broken: Broken) -> Self {
        let next = match &broken {
            Broken::Ended(_) => Some(ENDED),
            Broken::Wrong(_) => Some(WRITTEN),
            Broken::Missing(_) | Broken::Silent(_) => None,
        };
        Self {
            why: broken.to_string(),
            next: next.map(str::to_owned),
        }
    }
}

impl From<Stop> for Wrong {
    fn from(stop: Stop) -> Self {
        let next = match &stop {
            Stop::Crash(_) => Some(ENDED.to_owned()),
            Stop::Driver(_) => Some(WRITTEN.to_owned()),
            Stop::Unsupported(op) => Some(format!(
                "write the command `{op}` (in the skeleton a method do_{})",
                op.replace('-', "_")
            )),
            Stop::Timeout { awaited, .. } if awaited.starts_with("an answer to ") => Some(
                "answer as soon as the client has taken the command, and let it go on in the background"
                    .to_owned(),
            ),
            _ => None,
        };
        Self {
            why: stop.to_string(),
            next,
        }
    }
}

const ENDED: &str = "read its last words, and stdio of the driver by hand; a client that breaks down is `internal`, \
                     and its driver goes on";
const WRITTEN: &str = "write each line as driver.md has it; all else goes to standard error";

/// A step has failed, and was told of.
struct Failed;

impl Steps {
    fn all(
        &mut self,
        program: &Program,
        patience: Duration,
        runtime: &Handle,
    ) -> Result<(), Failed> {
        let name = program.command.join(" ");
        let driver = Driver::start(program, patience * 6).map_err(Wrong::from);
        let mut driver = self.step(
            &format!("it starts, and answers hello: {name}"),
            driver,
            "run that command by hand and type {\"id\":1,\"op\":\"hello\",\"driver\":1}: one line has to come back, and be flushed",
        )?;
        let named = driver.hello.capabilities.iter();
        let unknown: Vec<_> = named
            .filter(|name| !names().capabilities.contains(*name))
            .map(|name| format!("{name:?}{}", nearest(name, &names().capabilities)))
            .collect();
        self.step(
            &format!("it says what it has: {}", words(&driver.hello.capabilities)),
            held(unknown.is_empty(), || {
                format!("there is no capability {}", unknown.join(", "))
            }),
            "name only capabilities of the table in driver.md",
        )?;
        let answered = driver.ask(NO_COMMAND, json!({ "session": "doctor" }), patience);
        let answered = match answered {
            Ok(Answer::Unsupported) => Ok(()),
            Ok(other) => Err(Wrong::from(format!(
                "it answers {NO_COMMAND:?} with {other}"
            ))),
            Err(broken) => Err(broken.into()),
        };
        self.step(
            "a command that there is not is unsupported",
            answered,
            "answer every `op` that the driver does not know with {\"id\":N,\"unsupported\":{}}",
        )?;
        let roles = driver.hello.roles.clone();
        self.step(
            &format!("it says what it is: {}", words(&roles)),
            held(!roles.is_empty(), || "it has no role".to_owned()),
            "name \"helper\", \"sharer\" or both in `roles`",
        )?;
        let mut bench = Bench {
            driver,
            runtime: runtime.clone(),
            patience,
            real_time: false,
        };
        for role in roles {
            self.session(role, &mut bench)?;
        }
        Ok(())
    }

    fn session(&mut self, role: Role, bench: &mut Bench) -> Result<(), Failed> {
        let session = format!("doctor-{role}");
        let opened = ClientStage::open(bench, role, session, 1);
        let next = "look at the firewall of this machine";
        let mut stage = self.step("the suite has a port", said(opened), next)?;
        let opened = stage.set_up(&json!({}));
        self.step(
            &format!("as a {role} it takes `open`"),
            said(opened),
            "set the client up with `relay`, `certificate` and `name`, and answer before it connects",
        )?;
        let (command, event) = match role {
            Role::Helper => ("create-code", "code"),
            Role::Sharer => ("join", "consent-asked"),
        };
        let other = match role {
            Role::Helper => ("contact", json!({ "by": "person" })),
            Role::Sharer => ("create-code", json!({})),
        };
        let refused = stage.ask(other.0, other.1);
        let refused = refused.and_then(|answer| match answer {
            Err(_) => Ok(()),
            Ok(_) => Err(Stop::Driver("it does it".to_owned())),
        });
        // A client of one role need not have what the other does.
        let refused = refused.or_else(|stop| match stop {
            Stop::Unsupported(_) => Ok(()),
            stop => Err(stop),
        });
        self.step(
            &format!(
                "as a {role} it does not do `{}`, which is for the other role",
                other.0
            ),
            said(refused),
            "answer a command of the other role with the class misuse",
        )?;
        let connected = stage.connects();
        self.step(
            &format!("after `{command}` it connects, and says hello to the relay"),
            said(connected),
            "connect to the address of `open` by QUIC, and take that certificate by its SHA-256 alone",
        )?;
        let wanted = match role {
            Role::Helper => "code-request",
            Role::Sharer => "join",
        };
        let asked = stage.asks();
        let asked = self.step(
            &format!("after the relay's hello it sends `{wanted}`"),
            said(asked),
            "send it when `relay-hello` has come; spec/03-rendezvous.md has the order, and spec/07-wire.md the bytes",
        )?;
        let told = tells(&mut stage, asked);
        self.step(
            &format!("it tells of `{event}`"),
            said(told),
            "write the event with its session when the client would show it to a person",
        )?;
        if stage.can("clock") {
            let moved = stage.pass(1_000);
            self.step(
                "its clock goes when it is told",
                said(moved),
                "answer `advance-clock` when everything that ran out by then was handled",
            )?;
        }
        let ended = stage.does("end", json!({}));
        let ended =
            ended.and_then(|_| stage.await_("the event `ended`", |item| item.is_told("ended")));
        self.step(
            "it ends, and tells so",
            said(ended.map(|_| ())),
            "write `ended` as the last event of a session, with `by` and `code`",
        )?;
        let closed = stage.does("close", json!({}));
        self.step(
            "it takes `close`",
            said(closed.map(|_| ())),
            "forget the session, whatever state it is in, and answer at once",
        )?;
        Ok(())
    }

    fn step<T>(
        &mut self,
        what: &str,
        found: Result<T, Wrong>,
        next: &'static str,
    ) -> Result<T, Failed> {
        let (wrong, found) = match found {
            Ok(found) => (None, Ok(found)),
            Err(Wrong { why, next: own }) => {
                let next = own.unwrap_or_else(|| next.to_owned());
                (Some((why, next)), Err(Failed))
            }
        };
        self.0.push(Step {
            what: what.to_owned(),
            wrong,
        });
        found
    }
}

/// The client comes to the first event that every client has.
fn tells(stage: &mut ClientStage<'_>, asked: Message) -> Done {
    match asked {
        Message::Join(Join { offer, .. }) => {
            let envelope = stage.answers(&offer)?;
            stage.decides(envelope)
        }
        _ => stage.gets_code().map(|_| ()),
    }
}

fn held(right: bool, why: impl FnOnce() -> String) -> Result<(), Wrong> {
    if right { Ok(()) } else { Err(why().into()) }
}

fn said<T>(done: Done<T>) -> Result<T, Wrong> {
    done.map_err(Wrong::from)
}

fn words<T: ToString>(all: &[T]) -> String {
    let words: Vec<_> = all.iter().map(ToString::to_string).collect();
    match words.is_empty() {
        true => "nothing yet".to_owned(),
        false => words.join(" "),
    }
}
