//! What was heard, in the words of a table, and whether it is what must be.

use alongside_wire::{ErrorCode, rendezvous, session::Message};

use super::{
    plan::Table,
    reaction::{Answer, Line, Reaction},
};
use crate::{
    driver::Role,
    quic::Close,
    stage::{Blame, ClientStage, Done, Item, Stop, named},
};

/// Events of the driver that a table speaks of.
const TOLD: &[&str] = &[
    "code",
    "code-ended",
    "viewing",
    "displays",
    "granted",
    "renewed",
    "denied",
    "control-ended",
    "paused",
    "chat",
    "delivered",
    "offered",
    "lapsed",
    "answered",
    "secure-desktop",
    "frozen",
    "back",
    "ended",
    "consent-asked",
    "warned",
    "control-asked",
    "prompt-closed",
    "injected",
    "released",
    "drawn",
    "pointed",
    "cleared",
    "held-back",
    "no-control",
    "laser-gone",
];

const PROMPT_CLOSED: &str = "tell prompt-closed";
const CODE_ENDED: &str = "tell code-ended";
/// What only a driver with the capability `notices` tells.
const NOTICES: &[&str] = &["tell held-back", "tell no-control", "tell laser-gone"];

/// Waits for what must come of an event since `from`, and sees that it did, and nothing else.
pub(super) fn sees(
    stage: &mut ClientStage<'_>,
    table: &Table,
    event: &str,
    reaction: &Reaction,
    (from, told): (usize, ErrorCode),
) -> Done {
    let mut wanted = reaction.says(told);
    let is_over = reaction.lines.iter().any(|line| line.says == "tell ended");
    // What is left is closed as well.
    let left = wanted.iter().find_map(|says| says.strip_prefix("leave "));
    let close = left.filter(|_| is_over).map(|code| format!("close {code}"));
    wanted.extend(close);
    // An answer closes a prompt as well, and need not be told of.
    wanted.retain(|says| event != "deny" || says != PROMPT_CLOSED);
    // A call that comes to nothing has no code that ends.
    let calls = stage.device.is_some();
    wanted.retain(|says| !calls || says != CODE_ENDED);
    let notices = stage.can("notices");
    wanted.retain(|says| notices || !NOTICES.contains(&says.as_str()));
    let closed = stage.has_come(from, |item| matches!(item, Item::Closed(_)));
    if event.starts_with("connection ") || !(stage.is_connected() || closed) {
        wanted.retain(|says| !says.starts_with("leave ") && !says.starts_with("close "));
    }
    stage.until(|stage| {
        let heard = heard(stage, table, event, from);
        wanted.iter().all(|says| heard.contains(says))
    })?;
    if !is_over {
        stage.settle()?;
    }
    compares(stage, table, event, (from, told), reaction, &wanted)
}

fn compares(
    stage: &mut ClientStage<'_>,
    table: &Table,
    event: &str,
    (from, told): (usize, ErrorCode),
    reaction: &Reaction,
    wanted: &[String],
) -> Done {
    let mut heard = heard(stage, table, event, from);
    let is_wanted = |what: &str| wanted.iter().any(|says| says.starts_with(what));
    let is_left_open = |says: &str| match says {
        // The size of a display on which nothing was shown yet.
        "send displays" => event == "a frame is sent",
        PROMPT_CLOSED => event == "deny",
        CODE_ENDED => stage.device.is_some(),
        // What is told of an item when the session is over.
        "tell lapsed" => is_wanted("tell ended"),
        // With what a connection is closed in the end, if there is nothing to leave.
        _ if says.starts_with("close ") => is_wanted("tell ended") && !is_wanted("close "),
        _ => false,
    };
    heard.retain(|says| wanted.contains(says) || !is_left_open(says));
    let lacks: Vec<_> = wanted.iter().filter(|says| !heard.contains(says)).collect();
    let expected = match reaction.answer {
        Answer::Violation(_, code) => format!("an end with {code}: {wanted:?}"),
        _ => format!("{wanted:?}"),
    };
    let seen = || format!("there came {heard:?}; {}", stage.since(from));
    let broken = |requirement: &'static str| {
        Err(Stop::Fails {
            blame: Blame::from(requirement),
            expected: expected.clone(),
            seen: seen(),
        })
    };
    let of = |line: &&Line| {
        let says = line.says.replace("as told", told.name());
        lacks.contains(&&says)
    };
    let lacking: Vec<_> = reaction.lines.iter().filter(of).collect();
    // A violation is not seen at all, or taken for another.
    if let Answer::Violation(_, code) = reaction.answer {
        let coded = |line: &&Line| line.says.ends_with(code.name());
        let missed = lacking.iter().filter(|line| coded(line)).count();
        if missed > 0 && missed == reaction.lines.iter().filter(coded).count() {
            return broken(reaction.blamed());
        }
    }
    if let Some(id) = lacking.first().and_then(|line| line.by.first()) {
        return broken(id);
    }
    let right = sorted(&heard) == sorted(wanted) && in_order(table, &heard);
    let mut blame = vec![reaction.blamed()];
    blame.extend(reaction.checks());
    blame.dedup();
    let seen = seen();
    stage.check(blame.as_slice(), right, &expected, seen)
}

fn sorted(all: &[String]) -> Vec<&String> {
    let mut all: Vec<_> = all.iter().collect();
    all.sort();
    all
}

/// What is sent comes in the order of the table, but for what may come anywhere.
fn in_order(table: &Table, heard: &[String]) -> bool {
    let rank = |says: &String| {
        let name = says.strip_prefix("send ")?.split(' ').next()?;
        if name == "clipboard-taken" {
            return None;
        }
        table.machine.order.iter().position(|known| known == name)
    };
    let ranks: Vec<_> = heard.iter().filter_map(rank).collect();
    ranks.is_sorted()
}

/// All that was heard since `from` and that the table speaks of.
pub(super) fn heard(
    stage: &ClientStage<'_>,
    table: &Table,
    event: &str,
    from: usize,
) -> Vec<String> {
    let items = stage.log.iter().skip(from);
    items
        .filter_map(|item| written(item, table, event))
        .collect()
}

fn written(item: &Item, table: &Table, event: &str) -> Option<String> {
    let code = |code: u16| named(code.into());
    Some(match item {
        Item::Sealed(_, message) => {
            let name = message.name();
            if !table.machine.order.iter().any(|known| known == name) {
                return None;
            }
            match message {
                Message::ControlEnd(end) => format!("send {name} {}", code(end.code)),
                Message::ControlDeny(deny) => format!("send {name} {}", code(deny.code)),
                Message::End(end) => format!("send {name} {}", code(end.code)),
                Message::Epoch(epoch) if table.role == Role::Sharer => {
                    let how = if epoch.paused { "paused" } else { "running" };
                    format!("send {name} {how}")
                }
                _ => format!("send {name}"),
            }
        }
        Item::ToRelay(rendezvous::Message::Leave(leave)) => format!("leave {}", code(leave.code)),
        Item::Closed(Close::Code(code)) => format!("close {}", named(*code)),
        Item::Told(event) if TOLD.contains(&event.name.as_str()) => {
            if table.role == Role::Sharer
                && ["displays", "secure-desktop"].contains(&event.name.as_str())
            {
                return None;
            }
            format!("tell {}", event.name)
        }
        // Others come by themselves.
        Item::Frame {
            frame: Ok(frame), ..
        } if frame.complete && event.starts_with("refresh") => "tell complete frame".to_owned(),
        Item::Broken(what, _) => format!("{what} that cannot be read"),
        _ => return None,
    })
}
