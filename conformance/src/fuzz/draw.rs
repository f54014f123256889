//! Draws sessions of a client: to some state by a way that is known, on from there by what may happen, and then
//! something wrong, or something that may not be.

use super::{
    chance::Chance,
    messages,
    step::{Plane, Step},
};
use crate::{
    cases::{Next, walk::Map},
    driver::Role,
};

/// The most events after the way to a state.
const MOST: usize = 7;
/// The most after something wrong.
const AFTER: usize = 3;

/// A session of a client that has these capabilities.
pub(super) fn session(
    map: &Map,
    role: Role,
    can: &dyn Fn(&str) -> bool,
    chance: &mut Chance,
) -> Vec<Step> {
    let able = |event: &str| Map::needs(event).iter().all(|need| can(need));
    let mut places = map.places();
    places.retain(|(path, _)| path.iter().all(|event| able(event)));
    let Some((mut path, mut at)) = chance.pick(&places).cloned() else {
        return Vec::new();
    };
    for _ in 0..chance.below(MOST) {
        let mut next = map.next(&at, &path);
        next.retain(|next| {
            next.taken && able(next.event) && !map.is(&next.to, "phase", &["ended"])
        });
        // Each timer runs in its own time, and most are minutes away.
        let rare = chance.percent(90);
        next.retain(|next| !(rare && next.from == "time"));
        let Some(Next { event, to, .. }) = chance.pick(&next) else {
            break;
        };
        path.push((*event).to_owned());
        at.clone_from(to);
    }
    let next = map.next(&at, &path);
    let mut steps: Vec<_> = path.iter().map(Step::event).collect();
    if chance.percent(35) {
        let last: Vec<_> = next.iter().filter(|next| able(next.event)).collect();
        steps.extend(chance.pick(&last).map(|next| Step::event(next.event)));
        return steps;
    }
    let stands = map.is(&at, "phase", &["deciding", "viewing"]);
    steps.push(wrong(map, role, stands, &able, chance));
    let follows = |next: &&Next<'_>| {
        let from = ["peer", "person"].contains(&next.from) || next.event.starts_with("input: ");
        from && able(next.event)
    };
    let next: Vec<_> = next.iter().filter(follows).collect();
    for _ in 0..chance.below(AFTER) {
        steps.extend(chance.pick(&next).map(|next| Step::event(next.event)));
    }
    // What is on the screen shows whether it may be seen, and a key whether it is pressed.
    if role == Role::Sharer && stands {
        steps.push(Step::event("displays change"));
        if can("control") {
            steps.push(Step::event("input: within the scopes"));
        }
    }
    steps
}

fn wrong(
    map: &Map,
    role: Role,
    stands: bool,
    able: &dyn Fn(&str) -> bool,
    chance: &mut Chance,
) -> Step {
    let plane = match (stands, chance.below(100)) {
        (true, 0..55) => Plane::Session,
        (true, 55..65) => Plane::Stream,
        (true, 65..78) => Plane::Frame,
        (true, 78..88) | (false, 0..30) => Plane::Envelope,
        _ => Plane::Relay,
    };
    let message = match plane {
        Plane::Session => {
            let mut all = map.messages();
            all.retain(|event| able(event));
            chance.pick(&all).copied().unwrap_or("heartbeat")
        }
        Plane::Envelope => match stands && chance.percent(80) {
            true => "sealed",
            false => "confirm",
        },
        Plane::Relay => chance.pick(messages::OF_RELAY).copied().unwrap_or("gone"),
        Plane::Stream | Plane::Frame => match role {
            Role::Helper => "media",
            Role::Sharer => "input",
        },
    };
    Step::Wrong(chance.wrong(plane, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_follow_from_chance_and_are_of_what_a_client_can_do() {
        for role in [Role::Helper, Role::Sharer] {
            let map = Map::of(role);
            let (mut wrong, mut lengths) = (0, 0);
            for number in 0..200 {
                let draw = |can: bool| session(&map, role, &|_| can, &mut Chance::new(1, number));
                let steps = draw(true);
                assert_eq!(steps, draw(true));
                let is_wrong = |step: &&Step| matches!(step, Step::Wrong(_));
                let here = steps.iter().filter(is_wrong).count();
                assert!(here <= 1, "{steps:?}");
                (wrong, lengths) = (wrong + here, lengths + steps.len());
                for step in draw(false) {
                    let Step::Event { event } = step else {
                        continue;
                    };
                    assert_eq!(Map::needs(&event), [""; 0], "{event}");
                }
            }
            assert!((100..160).contains(&wrong), "{role}: {wrong}");
            assert!(lengths > 1_000, "{role}: {lengths}");
        }
    }
}
