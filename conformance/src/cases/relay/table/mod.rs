//! Every cell of the tables of a connection and of a pairing that shows outside, made from the tables.

mod connection;
mod pairing;
mod plan;

pub(crate) use connection::walk;

use alongside_spec::tables::Machine;
use alongside_wire::ErrorCode;

use self::plan::Plan;
use crate::{
    case::Case,
    quic::Close,
    stage::{Done, Heard, RelayStage, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    [connection::cases(), pairing::cases()].concat()
}

/// What is heard, as a table writes it, with the code that came with an event in place of its name.
fn written(heard: &Heard, told: ErrorCode) -> String {
    let named = |code: u64| match code == u64::from(told.to_wire()) {
        true => "as told".to_owned(),
        false => crate::stage::named(code),
    };
    match heard {
        Heard::Said(message) => match heard.code() {
            Some(code) => format!("{} {}", message.name(), named(code.into())),
            None => message.name().to_owned(),
        },
        Heard::Closed(Close::Code(code)) => format!("close {}", named(*code)),
        other => other.to_string(),
    }
}

/// All that a client hears from now on is part of what comes.
fn listens(stage: &mut RelayStage<'_>, who: Option<Who>) {
    if let Some(who) = who {
        stage.passes_over(who);
    }
}

/// Sees that a client hears this and no more, in whatever order if the table has none.
fn hears(
    stage: &mut RelayStage<'_>,
    plan: &Plan,
    machine: &Machine,
    who: Who,
    wanted: &[String],
    told: ErrorCode,
) -> Done {
    let mut wanted = wanted.to_vec();
    let rank = |said: &String| {
        let name = said.split(' ').next().unwrap_or_default();
        let close = usize::from(name == "close") * 1_000;
        close
            + machine
                .order
                .iter()
                .position(|known| known == name)
                .unwrap_or_default()
    };
    wanted.sort_by_key(rank);
    for _ in &wanted {
        // What is missing shows below.
        let _ = stage.await_(who, "it", |heard| *heard != Heard::ControlEnded);
    }
    if plan.event != "shut down" {
        stage.settle()?;
    }
    let mut heard: Vec<_> = stage
        .since(who)
        .iter()
        .filter(|heard| !matches!(heard, Heard::ControlEnded | Heard::Closed(Close::Lost(_))))
        .map(|heard| written(heard, told))
        .collect();
    if machine.order.is_empty() {
        wanted.sort();
        heard.sort();
    }
    let right = heard == wanted;
    let seen = format!("there came {heard:?}");
    stage.check(plan.by.as_slice(), right, &format!("{wanted:?}"), seen)
}

/// Nobody is there who would hear anything: the relay has to answer whoever comes next.
fn lives(stage: &mut RelayStage<'_>, plan: &Plan) -> Done {
    stage.must(plan.by.as_slice(), RelayStage::settle)
}

/// What the suite has no hook for.
fn untestable<T>(what: &str) -> Done<T> {
    Err(Stop::Untestable(format!("it takes {what}")))
}
