//! The table of a pairing: one code, and the session that comes of it.

use std::sync::Arc;

use alongside_spec::tables::{Machine, Outcome};
use alongside_wire::{
    ErrorCode,
    code::Locator,
    rendezvous::{PeerLost, Rejoin},
};

use super::{Plan, hears, listens, lives, plan, untestable};
use crate::{
    case::Case,
    cases::{
        relay::{delays::nobodys, hold::token_of},
        tables::machine,
    },
    stage::{Done, RelayStage, Who},
};

pub(super) fn cases() -> Vec<Case> {
    let machine = Arc::new(machine("pairing"));
    let plans = plan::plans(&machine, |event| match event {
        "code-lifetime" | "session-length" | "reconnect-hold" => 20,
        _ if event.ends_with("leaves") => 1,
        _ => 2,
    });
    plans.iter().map(|plan| case(plan, &machine)).collect()
}

fn case(plan: &Plan, machine: &Arc<Machine>) -> Case {
    let (plan, machine) = (plan.clone(), Arc::clone(machine));
    let state = plan.at.join(", session: ");
    let title = format!(
        "of a code and its session (code: {state}) comes what the table says when {}",
        plan.event
    );
    let (id, by) = (plan.id(&machine), plan.by.clone());
    Case::relay(id, title, &by, move |stage| {
        let mut pair = Pair {
            stage,
            ends: [None; 2],
            tokens: [None; 2],
            joiner: None,
            locator: nobodys(),
            passed: 0,
            told: ErrorCode::Done,
        };
        pair.plays(&plan, &machine)
    })
}

const ENDS: [&str; 2] = ["helper", "sharer"];

struct Pair<'s, 'a> {
    stage: &'s mut RelayStage<'a>,
    ends: [Option<Who>; 2],
    tokens: [Option<[u8; 32]>; 2],
    joiner: Option<Who>,
    locator: Locator,
    /// How much of the last timer has passed already.
    passed: u64,
    /// What the event says.
    told: ErrorCode,
}

impl Pair<'_, '_> {
    fn plays(&mut self, plan: &Plan, machine: &Machine) -> Done {
        let mut at = machine.start();
        for event in &plan.path {
            let ends = self.ends;
            let before = ends.map(|end| end.map(|who| self.stage.client_of(who).heard.len()));
            if plan.event == "session-length" && event.ends_with("is lost") {
                let length = self.stage.timer("session-length")?;
                let most = length - 10_000;
                self.stage.pass(most - self.passed)?;
                self.passed = most;
            }
            self.does(event)?;
            self.stage.settle()?;
            // Whoever joined is the sharer from now on.
            if let Some(joiner) = self.joiner.take() {
                self.ends[1] = Some(joiner);
            }
            let Some(number) = machine.event(event) else {
                continue;
            };
            if let Outcome::Step(to, outputs) = machine.decide(&at, number).outcome {
                at = to;
                let then = ends.into_iter().zip(before).zip(self.ends);
                for (name, ((end, before), now)) in ENDS.into_iter().zip(then) {
                    let prefix = format!("to {name} ");
                    let said = outputs.iter().filter(|output| output.starts_with(&prefix));
                    // Who has just come has heard the relay's hello.
                    let heard = if now == end { before.unwrap_or(1) } else { 1 };
                    if let (Some(who), wanted @ 1..) = (now, said.count()) {
                        self.stage.comes(who, heard + wanted)?;
                    }
                }
            }
        }
        for end in self.ends {
            listens(self.stage, end);
        }
        self.does(&plan.event)?;
        let outputs = plan.outputs.clone().unwrap_or_default();
        let to = |who: &str| -> Vec<String> {
            let prefix = format!("to {who} ");
            let mine = outputs
                .iter()
                .filter_map(|output| output.strip_prefix(&prefix));
            mine.map(str::to_owned).collect()
        };
        let mut looked = false;
        // Who does something to its own connection hears nothing that is of the table.
        let does_it = |end: &str| plan.event.starts_with(&format!("the {end} "));
        for (end, who) in ENDS.into_iter().zip(self.ends) {
            let own = does_it(end) && !plan.event.ends_with("comes back");
            let who = match (end, self.joiner) {
                ("sharer", Some(joiner)) if !to("sharer").is_empty() => Some(joiner),
                _ => who,
            };
            if let (Some(who), false) = (who, own) {
                hears(self.stage, plan, machine, who, &to(end), self.told)?;
                looked = true;
            }
        }
        if let (Some(joiner), false) = (self.joiner, to("joiner").is_empty()) {
            hears(self.stage, plan, machine, joiner, &to("joiner"), self.told)?;
            looked = true;
        }
        match looked {
            true => Ok(()),
            false => lives(self.stage, plan),
        }
    }

    fn does(&mut self, event: &str) -> Done {
        self.told = ErrorCode::Declined;
        let declined = self.told.to_wire();
        if event == "a helper asks for it" {
            let helper = self.stage.client()?;
            self.ends[0] = Some(helper);
            self.stage.passes_over(helper);
            if let Some(locator) = self.stage.asks_for_code(helper) {
                self.locator = locator;
            }
            return Ok(());
        }
        if event == "somebody joins by it" {
            let joiner = self.stage.client_from(1)?;
            self.stage.passes_over(joiner);
            self.joiner = Some(joiner);
            return self.stage.join(joiner, self.locator, b"an offer");
        }
        if ["code-lifetime", "session-length", "reconnect-hold"].contains(&event) {
            self.stage.settle()?;
            let left = self.stage.timer(event)? - self.passed;
            return self.stage.pass(left);
        }
        let words = event
            .strip_prefix("the ")
            .and_then(|rest| rest.split_once(' '));
        let Some((end, does)) = words else {
            return untestable(event);
        };
        let end = usize::from(end == "sharer");
        let Some(who) = self.ends.get(end).copied().flatten() else {
            return untestable("somebody who is there");
        };
        match does {
            "leaves" => self.stage.leave(who, declined),
            "is lost" => self.stage.close(who, ErrorCode::Lost.to_wire()),
            "closes on purpose" => self.stage.close(who, declined),
            "breaks the protocol" => self.stage.say(who, PeerLost {}),
            "delivers" => self.stage.deliver(who, b"an envelope"),
            _ => {
                let token = match self.tokens.get(end).copied().flatten() {
                    Some(token) => token,
                    None => token_of(self.stage, who)?,
                };
                if let Some(known) = self.tokens.get_mut(end) {
                    *known = Some(token);
                }
                let back = self.stage.client_from(2)?;
                self.stage.passes_over(back);
                self.stage.say(back, Rejoin { token });
                if let Some(place) = self.ends.get_mut(end) {
                    *place = Some(back);
                }
            }
        }
        Ok(())
    }
}
