//! Checks a driver step by step, and says of the first step that fails what to do next.

use std::time::Duration;

use alongside_wire::rendezvous::{Join, Message};
use serde_json::json;
use tokio::runtime::Handle;

use crate::{
    driver::{Answer, Driver, Program, Role, names},
    run::NO_COMMAND,
    stage::{Bench, ClientStage, Done, Stop},
};

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was looked at.
    pub what: String,
    /// What is wrong, and what to do next.
    pub wrong: Option<(String, &'static str)>,
}

/// All steps, up to the first that fails.
pub fn examine(program: &Program, patience: Duration, runtime: &Handle) -> Vec<Step> {
    let mut steps = Steps(Vec::new());
    // It has said what is wrong.
    let _ = steps.all(program, patience, runtime);
    steps.0
}

struct Steps(Vec<Step>);

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
        let driver = Driver::start(program, patience * 6).map_err(|broken| broken.to_string());
        let mut driver = self.step(
            &format!("it starts, and answers hello: {name}"),
            driver,
            "run that command by hand and type {\"id\":1,\"op\":\"hello\",\"driver\":1}: one line has to come back, and be flushed",
        )?;
        let named = driver.hello.capabilities.iter();
        let unknown: Vec<_> = named
            .filter(|name| !names().capabilities.contains(*name))
            .collect();
        self.step(
            &format!(
                "it says what it has: {}",
                driver.hello.capabilities.join(" ")
            ),
            held(unknown.is_empty(), || {
                format!("there is no capability {unknown:?}")
            }),
            "name only capabilities of the table in driver.md",
        )?;
        let answered = driver.ask(NO_COMMAND, json!({ "session": "doctor" }), patience);
        let answered = match answered {
            Ok(Answer::Unsupported) => Ok(()),
            Ok(other) => Err(format!("it answers {other:?}")),
            Err(broken) => Err(broken.to_string()),
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
        let told = tells(&mut stage);
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
        found: Result<T, String>,
        next: &'static str,
    ) -> Result<T, Failed> {
        let (wrong, found) = match found {
            Ok(found) => (None, Ok(found)),
            Err(why) => (Some((why, next)), Err(Failed)),
        };
        self.0.push(Step {
            what: what.to_owned(),
            wrong,
        });
        found
    }
}

/// The client comes to the first event that every client has.
fn tells(stage: &mut ClientStage<'_>) -> Done {
    match stage.asks()? {
        Message::Join(Join { offer, .. }) => {
            let envelope = stage.answers(&offer)?;
            stage.decides(envelope)
        }
        _ => stage.gets_code().map(|_| ()),
    }
}

fn held(right: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(why()) }
}

fn said<T>(done: Done<T>) -> Result<T, String> {
    done.map_err(|stop: Stop| stop.to_string())
}

fn words(roles: &[Role]) -> String {
    let words: Vec<_> = roles.iter().map(ToString::to_string).collect();
    words.join(", ")
}
