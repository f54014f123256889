//! What can be done to a sharer.

mod messages;

use alongside_state_machine::{channel::reconnect::Attempts, time::Timestamp};
use alongside_wire::{
    Scopes,
    input::InputEvent,
    limits::timers,
    session::{Message, Pad, PictureRequest},
};
use serde_json::json;

use super::{
    plan::{Table, Timer, Ways},
    player::{CEILING, Player, Taken},
    set_up,
};
use crate::{
    cases::client::{devices, shown},
    driver::Role,
    stage::{Done, Item, NAME, Stop, names},
};

/// Few, and two that both have all the tools.
const FEW: Scopes = Scopes::KEYBOARD;
const OTHER: Scopes = CEILING.without(Scopes::CONSENT);
const ASKED: Scopes = OTHER.without(Scopes::POINTER);
/// An answer to a prompt is taken after a second.
const GUARD: u64 = timers::ANSWER_GUARD + 500;
/// The size of a display, and another.
const SIDE: u16 = 256;
const SMALL: u16 = 72;

/// Events by which a state shows itself.
const WITNESSES: &[&str] = &[
    "refresh",
    "write chat",
    "unset pause",
    "set pause",
    "allow what was asked",
    "deny",
    "take control back",
    "narrow the grant",
    "ask for more time",
    "send a clipboard item",
    "answer a clipboard item",
    "give consent",
    "give consent after the warning",
    "say: I started it",
    "control-request: for other scopes",
    "control-request: for the scopes of the grant",
    "stroke: under the grant",
    "clear: under the grant",
    "pause: unset",
    "pause: set",
    "epoch-seen: of the latest",
    "advisory-ack",
    "a secure desktop goes",
    "a secure desktop appears",
    "input: within the scopes",
    "chat: the next",
    "chat-ack: of a line that waits",
    "clipboard-taken: of an item that waits",
    "clipboard: under the grant",
    "state: as known",
    "handshake",
    "heartbeat",
    "refused",
    "answer",
    "end the session",
];

/// The latest grant that it has made.
pub(super) fn latest_grant(player: &Player<'_, '_, '_>) -> u32 {
    messages::grant(player)
}

pub(super) fn table() -> Table {
    let ways = Ways {
        follows,
        can,
        acts,
        does,
        message: messages::message,
        started,
        witnesses: WITNESSES,
    };
    Table::new(Role::Sharer, include_str!("sharer.toml"), ways)
}

/// What is on the screen is sent as soon as it may be.
fn follows(table: &Table, at: &[usize], _: &[String], event: &str) -> Option<&'static str> {
    let is = |region, states: &[&str]| table.is(at, region, states);
    let may = match event {
        "displays change" => true,
        "epoch-seen: of the latest" | "advisory-ack" | "a secure desktop goes" => {
            is("frames", &["sent", "old"])
        }
        _ => false,
    };
    (may && is("media", &["flows"])).then_some("a frame is sent")
}

fn can(table: &Table, at: &[usize], path: &[String], event: &str) -> bool {
    let is = |region, states: &[&str]| table.is(at, region, states);
    let from = table
        .machine
        .event(event)
        .and_then(|event| table.machine.events.get(event));
    let viewing = is("phase", &["viewing"]);
    let (begun, ended) = (!is("phase", &["idle"]), is("phase", &["ended"]));
    let has = |events: &[&str]| path.iter().any(|event| events.contains(&event.as_str()));
    let is_keyed = is("told", &["unset", "set"]) || has(&["an authentic reconnect-1"]);
    let grant_has_ended = has(&[
        "control-end: of the grant",
        "take control back",
        "narrow the grant",
        "allow less",
        "grant",
    ]);
    match from.map(|event| event.from).unwrap_or_default() {
        "peer" => {
            let stands = viewing || is("phase", &["securing", "deciding"]);
            let keys = is("link", &["up"]) || is("told", &["unset", "set"]);
            match event {
                _ if !(stands && keys) => false,
                "picture-request" | "picture"
                    if is("link", &["up"]) && !is("phase", &["securing"]) =>
                {
                    set_up::is(path, set_up::CARD)
                }
                "control-request: for what is not supported" if viewing => {
                    set_up::is(path, set_up::FEWER)
                }
                _ if !viewing => true,
                _ if event.ends_with("of a grant that has ended") => grant_has_ended,
                "clipboard: not the next" => grant_has_ended,
                "chat-ack: of a line that waits" => is("chat", &["unsettled"]),
                "epoch-seen: of an earlier one" => {
                    has(&["pause: set", "set pause", "state: as known"])
                }
                "refresh" => !is("media", &["flows"]) || is("frames", &["sent"]),
                "control-withdraw: of the request that was granted" => !has(&["narrow the grant"]),
                "control-withdraw: of the open request" => !is("prompt", &["none", "own"]),
                _ => true,
            }
        }
        "relay" => begun && !ended,
        // A known device waits for as long as it takes.
        "time" if event == "handshake" && is("phase", &["waiting"]) => {
            !set_up::is(path, set_up::DEVICE)
        }
        "time" => begun && !ended && runs(table, at, path, event),
        "channel" => match event {
            _ if !begun || ended => false,
            "an authentic reconnect-1" => !is_keyed,
            "input: of another grant" => viewing && is("link", &["up"]),
            "input: within the scopes"
            | "input: beyond the scopes"
            | "input: that does not open" => is("link", &["up"]),
            _ => true,
        },
        // The size of a screen that nobody may see is told when it may be seen.
        "program" if event == "displays change" && viewing => {
            is("media", &["flows"]) || is("link", &["frozen"])
        }
        "program" => begun && !ended,
        _ if event == "wait as a device" => set_up::is(path, set_up::DEVICE),
        _ => event != "allow for too long",
    }
}

/// Whether this timer is the next one.
fn runs(table: &Table, at: &[usize], path: &[String], timer: &str) -> bool {
    let is = |region, states: &[&str]| table.is(at, region, states);
    let frozen = is("link", &["frozen"]);
    let is_pointed = is("drawing", &["pointed", "both"]);
    let near = path
        .iter()
        .any(|event| event.strip_prefix("until ") == Some(timer));
    let denied = [
        "deny",
        "control-prompt",
        "control-withdraw: of the open request",
    ];
    let denied = path.iter().any(|event| denied.contains(&event.as_str()));
    match timer {
        "handshake" => !is("phase", &["joining"]),
        "consent-prompt" => !frozen || near,
        "reconnect" => !path.iter().any(|event| event.starts_with("until ")),
        "grant" => near || is("prompt", &["none"]) && !is_pointed,
        "control-after-consent" => !denied,
        "control-after-denial" => denied,
        "silence" => !is_pointed,
        _ => true,
    }
}

/// The timers that begin, and how long they run.
fn started(player: &Player<'_, '_, '_>, before: &[usize], event: &str) -> Vec<Timer> {
    let entered = [
        ("phase", "joining", "join-notice", timers::JOIN_NOTICE),
        (
            "phase",
            "joining",
            "handshake",
            timers::JOIN_DELAY_MOST + timers::HANDSHAKE,
        ),
        ("phase", "securing", "handshake", timers::HANDSHAKE),
        (
            "phase",
            "deciding",
            "consent-prompt",
            timers::CONSENT_PROMPT,
        ),
        (
            "phase",
            "viewing",
            "control-after-consent",
            timers::CONTROL_AFTER_CONSENT,
        ),
        (
            "refresh",
            "answered",
            "refresh-interval",
            timers::REFRESH_INTERVAL,
        ),
    ];
    // A request that waits goes away with the media.
    let entered = entered.into_iter().filter(|(region, state, ..)| {
        player.enters(before, region, state)
            && (*region != "refresh" || event.starts_with("refresh"))
    });
    let mut started: Vec<_> = entered.map(|(.., timer, ms)| (timer, ms)).collect();
    let asked = ["open", "fewer", "renewal", "own"];
    if player.is("prompt", &asked) && player.table.is(before, "prompt", &["none"]) {
        started.push(("control-prompt", timers::CONTROL_PROMPT));
    }
    if player.is("prompt", &["none"]) && player.table.is(before, "prompt", &asked) {
        started.push(("control-after-denial", timers::CONTROL_AFTER_DENIAL));
    }
    if event == "laser: under the grant" {
        started.push(("laser-pointer", timers::LASER));
    }
    let lives = player
        .stage
        .log
        .iter()
        .skip(player.from)
        .filter_map(Item::sealed);
    started.extend(lives.filter_map(|message| match message {
        Message::ControlGrant(grant) => Some(("grant", grant.duration_ms.into())),
        Message::ControlRenew(renew) => Some(("grant", renew.duration_ms.into())),
        _ => None,
    }));
    started
}

/// A command that only a sharer has.
fn acts(player: &mut Player<'_, '_, '_>, event: &str) -> Done<Taken> {
    if !player.kept.begun && ["join", "wait as a device"].contains(&event) {
        player.offer = match event {
            "join" => player.stage.joins_now()?,
            _ => devices::starts_to_wait(player.stage)?,
        };
        player.kept.begun = true;
        return Ok(Some(true));
    }
    let asked = messages::prompt(player);
    if event.starts_with("allow")
        && event != "allow within a second"
        && player.is("phase", &["viewing"])
    {
        player.stage.pass(GUARD)?;
    }
    let grant = |scopes| ("grant", json!({ "scopes": names(scopes) }));
    let (op, fields) = match event {
        "join" => (
            "join",
            json!({ "code": player.stage.draw_code().to_string() }),
        ),
        "wait as a device" => ("wait", json!({})),
        "say: I started it" => ("contact", json!({ "by": "person" })),
        "say: somebody else did" => ("contact", json!({ "by": "stranger" })),
        "refuse" => ("consent", json!({ "allow": false })),
        "give consent" => ("consent", json!({ "allow": true })),
        "give consent after the warning" => ("consent", json!({ "allow": true, "warned": true })),
        "allow what was asked" | "allow within a second" => grant(asked),
        "allow less" => grant(FEW),
        "allow more" => grant(asked.union(Scopes::ELEVATION)),
        "deny" => ("deny", json!({})),
        "take control back" => ("revoke", json!({})),
        "narrow the grant" => ("narrow", json!({ "scopes": names(FEW) })),
        "ask for more time" => ("renew", json!({})),
        _ => return Err(Stop::Harness(format!("there is no command for {event:?}"))),
    };
    player.commands(op, fields)
}

/// What comes from the relay, the channel, the helper or the sharer's system.
fn does(player: &mut Player<'_, '_, '_>, event: &str) -> Done {
    match event {
        "answer" => answers(player)?,
        "answer: without chat" => {
            player.stage.ceiling = CEILING.without(Scopes::CHAT);
            answers(player)?;
        }
        "introduced" if player.has(set_up::CARD) => {
            shown::shows_right(player.stage, &player.card()?)?;
        }
        "introduced" => player.stage.introduce(NAME)?,
        "picture-request" if player.has(set_up::CARD) => {
            player.stage.act("show-card")?;
            player.stage.hears("card")?;
            player.stage.seal_one(PictureRequest {})?;
        }
        "picture" if player.has(set_up::CARD) => player.gives_picture()?,
        "an authentic reconnect-1" => reconnects(player)?,
        "a next master" => {
            let again = player.is("told", &["unset", "set"]);
            if again || !player.kept.keyed {
                player.next_master(again)?;
            }
            player.kept.keyed = false;
            player.stage.seal_one(Pad { len: 3 })?;
        }
        "a record does not open" => player.breaks_a_record()?,
        "a violation" => player.breaks_the_protocol(),
        "displays change" => frame(player, SMALL)?,
        "a frame is sent" => {
            frame(player, SIDE)?;
            let from = player.from;
            player.stage.until(|stage| stage.has_come(from, is_frame))?;
            let came = player.stage.has_come(from, is_frame);
            let seen = player.stage.since(from);
            player.stage.check("SESSION-1", came, "a frame", seen)?;
        }
        "a secure desktop appears" => secure(player, true)?,
        "a secure desktop goes" => secure(player, false)?,
        _ if event.starts_with("input: ") => input(player, event)?,
        _ => messages::says(player, event)?,
    }
    Ok(())
}

fn answers(player: &mut Player<'_, '_, '_>) -> Done {
    let offer = std::mem::take(&mut player.offer);
    player.stage.answers(&offer).map(|_| ())
}

/// An attempt to come back, and the keys that its answer makes.
fn reconnects(player: &mut Player<'_, '_, '_>) -> Done {
    player.kept.keyed = true;
    let mut attempts = Attempts::default();
    let first = player.stage.attempt(&mut attempts)?;
    player.stage.deliver(first);
    let answer = player.stage.reconnect_2()?;
    let none = || Stop::Harness("there is no channel".to_owned());
    let channel = player.stage.channel.as_ref().ok_or_else(none)?;
    let next = attempts.answered(&channel.keys, &answer, Timestamp::default());
    let next = next.ok_or_else(|| Stop::Harness("its answer is not authentic".to_owned()))?;
    player.stage.goes_under(next)
}

fn is_frame(item: &Item) -> bool {
    matches!(item, Item::Frame { .. })
}

/// Something new is on the screen.
fn frame(player: &mut Player<'_, '_, '_>, side: u16) -> Done {
    player.seed += 1;
    let seed = player.seed;
    let shown = json!({ "width": side, "height": side, "seed": seed });
    player.stage.ask("send-frame", shown).map(|_| ())
}

fn secure(player: &mut Player<'_, '_, '_>, active: bool) -> Done {
    let asked = player
        .stage
        .ask("secure-desktop", json!({ "active": active }));
    asked.map(|_| ())
}

fn input(player: &mut Player<'_, '_, '_>, event: &str) -> Done {
    let key = InputEvent::Key {
        usage: 4,
        down: true,
    };
    let (display, x, y) = (0, 1, 1);
    let pointer = InputEvent::Pointer { display, x, y };
    let grant = messages::grant(player);
    let record = match event {
        "input: within the scopes" => player.stage.input_record_of(grant, &[key])?,
        "input: beyond the scopes" => player.stage.input_record_of(grant, &[key, pointer])?,
        "input: of another grant" => player.stage.input_record_of(grant + 1, &[key])?,
        _ => {
            let mut record = player.stage.input_record_of(grant, &[key])?;
            if let Some(last) = record.last_mut() {
                *last ^= 1;
            }
            record
        }
    };
    let stream = player.stage.open_stream()?;
    player.stage.stream_bytes(stream, &record);
    // It comes by another way than what is settled.
    player.stage.moment(30)
}
