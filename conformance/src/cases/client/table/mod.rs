//! Every cell of the tables of a helper and of a sharer that shows outside, made from the tables.
//!
//! `helper.toml` and `sharer.toml` name the states that can be brought about from outside, with what has to
//! happen for it, and the cells that cannot, with why. A case is one event in one such state: the first
//! state in which it comes to a cell that no case before has come to.

mod helper;
mod look;
mod plan;
mod player;
mod reaction;
mod sample;
mod set_up;
mod sharer;
pub(crate) mod walk;
mod witness;

use std::sync::Arc;

use self::{
    plan::{Plan, Table},
    player::Player,
};
use crate::{case::Case, driver::Role, stage::ClientStage};

pub(super) fn cases() -> Vec<Case> {
    [helper::table(), sharer::table()]
        .into_iter()
        .flat_map(of)
        .collect()
}

fn of(table: Table) -> Vec<Case> {
    let table = Arc::new(table);
    let plans = table.plans();
    let twins: Vec<_> = plans.iter().map(|plan| twin(plan, &plans)).collect();
    let all = plans.into_iter().zip(twins);
    all.map(|(plan, twin)| case(&table, plan, twin)).collect()
}

/// What is not allowed is allowed in another state, or something else in this one.
fn twin(plan: &Plan, plans: &[Plan]) -> Option<String> {
    if !plan.reaction.is_refused() {
        return None;
    }
    let mut allowed = plans.iter().filter(|other| other.reaction.is_taken());
    let same_event = allowed.find(|other| other.event == plan.event);
    let mut allowed = plans.iter().filter(|other| other.reaction.is_taken());
    let same_state = allowed.find(|other| other.state == plan.state);
    same_event.or(same_state).map(|other| other.id.clone())
}

fn case(table: &Arc<Table>, plan: Plan, twin: Option<String>) -> Case {
    let (role, event) = (table.role, &plan.event);
    let state = plan.state.replace('-', " ");
    let title =
        format!("a {role} that is in {state:?} does what its table says when there is: {event}");
    let (id, checks) = (plan.id.clone(), plan.reaction.checks());
    let needs = table.needs(&plan);
    // By these a helper and a sharer have a channel.
    let channel = ["handshake succeeds", "introduced"];
    let stands = plan
        .path
        .iter()
        .any(|event| channel.contains(&event.as_str()));
    let table = Arc::clone(table);
    let run = move |stage: &mut ClientStage<'_>| Player::new(stage, &table, &plan).plays(&plan);
    let mut case = match role {
        Role::Helper => Case::helper(id, title, &checks, run),
        Role::Sharer => Case::sharer(id, title, &checks, run),
    };
    // A cell may stand on what the other end has to do.
    let own: Vec<_> = case
        .targets()
        .into_iter()
        .flat_map(|target| case.checks_of(target))
        .collect();
    case.checks.retain(|id| own.iter().any(|own| own == id));
    case.needs = needs;
    case.twin = twin;
    match stands {
        true => case.after(format!("{role}/exchange/right")),
        false => case,
    }
}
