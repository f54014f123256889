//! What shows that a client is in the state that it should be in.

use super::{
    plan::{Plan, Table},
    reaction::{self, Answer, Reaction},
};

/// An event after that of the plan by which the state that it leads to shows itself: another reaction must come
/// to it than if one of the regions that move were in another state. The one that tells the most of these
/// apart.
pub(super) fn of(table: &Table, plan: &Plan) -> Option<(String, Reaction)> {
    let to = &plan.reaction.to;
    let path = [&plan.path[..], std::slice::from_ref(&plan.event)].concat();
    let moved: Vec<_> = (0..to.len())
        .filter(|region| to.get(*region) != plan.at.get(*region))
        .collect();
    let mut best: Option<(usize, String, Reaction)> = None;
    for event in table.ways.witnesses {
        if !(table.ways.can)(table, to, &path, event) {
            continue;
        }
        let Some(reaction) = reaction::of(table, to, &path, event) else {
            continue;
        };
        let others = |region: usize| {
            let states = table
                .machine
                .regions
                .get(region)
                .map_or(0, |of| of.states.len());
            (0..states).map(move |state| (region, state))
        };
        let tells = |(region, state): &(usize, usize)| {
            let mut other = to.clone();
            let Some(place) = other.get_mut(*region) else {
                return false;
            };
            *place = *state;
            other != *to
                && differs(
                    &reaction,
                    reaction::of(table, &other, &path, event).as_ref(),
                )
        };
        let others = moved.iter().flat_map(|region| others(*region));
        let told = others.filter(tells).count();
        if told > best.as_ref().map_or(0, |(most, ..)| *most) {
            best = Some((told, (*event).to_owned(), reaction));
        }
    }
    best.map(|(_, event, reaction)| (event, reaction))
}

fn differs(one: &Reaction, other: Option<&Reaction>) -> bool {
    let lines = |reaction: &Reaction| {
        let mut lines: Vec<_> = reaction
            .lines
            .iter()
            .map(|line| line.says.clone())
            .collect();
        lines.sort();
        lines
    };
    let misuse = |reaction: &Reaction| reaction.answer == Answer::Misuse;
    match other {
        Some(other) => lines(one) != lines(other) || misuse(one) != misuse(other),
        None => !one.lines.is_empty(),
    }
}
