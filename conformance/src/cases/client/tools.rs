//! The clipboard and the probes, at both ends.

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    limits,
    session::{Clipboard, ClipboardTaken, ControlEnd, Message, Pause, Probe, ProbeAnswer},
};
use serde_json::json;

use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    [clipboard(), probes()].concat()
}

fn clipboard() -> Vec<Case> {
    let all = [
        Case::client(
            "client/clipboard/sent",
            "items are numbered from 1, under the live grant, and their records are a multiple of 256 bytes",
            &["TOOL-11", "TOOL-13", "TOOL-4"],
            sent,
        ),
        Case::client(
            "client/clipboard/own-act",
            "nothing of the clipboard is sent but at an act of the person",
            &["TOOL-9"],
            |stage| {
                copies(stage)?;
                stage.pass(5_000)?;
                stage.never("TOOL-9", 0, "clipboard", |item| item.is_sealed("clipboard"))
            },
        ),
        Case::client(
            "client/clipboard/without-grant",
            "no item is sent without a live grant that has the scope",
            &["TOOL-4"],
            |stage| {
                stage.shown()?;
                stage.may_not("TOOL-4", "copy", json!({ "text": "text" }))?;
                stage.never("TOOL-4", 0, "clipboard", |item| item.is_sealed("clipboard"))
            },
        )
        .twin("client/clipboard/sent"),
        Case::client(
            "client/clipboard/without-scope",
            "no item is sent under a grant of the other direction",
            &["TOOL-4"],
            |stage| {
                let scope = of(stage.role, false);
                stage.controlled(scope)?;
                stage.may_not("TOOL-4", "copy", json!({ "text": "text" }))?;
                stage.never("TOOL-4", 0, "clipboard", |item| item.is_sealed("clipboard"))
            },
        )
        .twin("client/clipboard/sent"),
        Case::client(
            "client/clipboard/answered",
            "an item that comes is offered to the person, and answered as they say",
            &["TOOL-14", "TOOL-12"],
            |stage| {
                copies(stage)?;
                for (item, taken) in [(1, true), (2, false)] {
                    stage.fresh()?;
                    offer(stage, item)?;
                    stage.tells("TOOL-12", "offered")?;
                    stage.never("TOOL-14", stage.here(), "answer", is_answer)?;
                    stage.does("take", json!({ "allow": taken }))?;
                    stage.says_this("TOOL-14", ClipboardTaken { item, taken })?;
                }
                Ok(())
            },
        ),
        Case::client(
            "client/clipboard/next-comes-first",
            "an item is answered as refused when the next one comes before the person has answered",
            &["TOOL-14"],
            |stage| {
                copies(stage)?;
                offer(stage, 1)?;
                stage.told("offered")?;
                offer(stage, 2)?;
                let (item, taken) = (1, false);
                stage.says_this("TOOL-14", ClipboardTaken { item, taken })?;
                stage.does("take", json!({ "allow": true }))?;
                let (item, taken) = (2, true);
                stage.says_this("TOOL-14", ClipboardTaken { item, taken })
            },
        ),
        Case::client(
            "client/clipboard/grant-ends",
            "an item is answered as refused when its grant ends, and cannot be taken any more",
            &["TOOL-14", "TOOL-10"],
            |stage| {
                copies(stage)?;
                offer(stage, 1)?;
                stage.told("offered")?;
                stage.fresh()?;
                end_grant(stage)?;
                let (item, taken) = (1, false);
                stage.says_this("TOOL-14", ClipboardTaken { item, taken })?;
                stage.may_not("TOOL-10", "take", json!({ "allow": true }))
            },
        )
        .twin("client/clipboard/answered"),
        Case::client(
            "client/clipboard/next-grant",
            "an item goes under the grant that was alive when the person sent it, and under no later one",
            &["TOOL-31"],
            |stage| {
                copies(stage)?;
                let from = stage.fresh()?;
                stage.does("copy", json!({ "text": "first" }))?;
                end_grant(stage)?;
                stage.pass(11_000)?;
                let both = of(stage.role, true).union(of(stage.role, false));
                let second = stage.controls(both)?.grant;
                stage.pass(2_000)?;
                one_item(stage, from, "first", 1)?;
                let from = stage.fresh()?;
                stage.does("copy", json!({ "text": "second" }))?;
                stage.settle()?;
                one_item(stage, from, "second", second)
            },
        ),
        Case::sharer(
            "sharer/clipboard/after-a-key",
            "no act for the clipboard but a refusal is taken within a second of the last injected key or button, and each is after that",
            &["TOOL-29"],
            after_a_key,
        ),
        Case::client(
            "client/clipboard/first-not-1",
            "a first item with another number than 1 ends the session",
            &["TOOL-12"],
            |stage| {
                copies(stage)?;
                offer(stage, 2)?;
                stage.ends("TOOL-12", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/clipboard/answered"),
        Case::client(
            "client/clipboard/again",
            "an item with the number of the one before ends the session",
            &["TOOL-12"],
            |stage| {
                copies(stage)?;
                offer(stage, 1)?;
                offer(stage, 1)?;
                stage.ends("TOOL-12", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/clipboard/answered"),
        Case::client(
            "client/clipboard/never-granted",
            "an item under a grant that was never made ends the session",
            &["TOOL-2"],
            |stage| {
                copies(stage)?;
                item(stage, 2, 1)?;
                stage.ends("TOOL-2", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/clipboard/answered"),
        Case::client(
            "client/clipboard/beyond-scope",
            "an item under a live grant of the other direction ends the session",
            &["TOOL-3"],
            |stage| {
                let scope = of(stage.role, true);
                stage.controlled(scope)?;
                offer(stage, 1)?;
                stage.ends("TOOL-3", ErrorCode::ScopeExceeded)
            },
        )
        .twin("client/clipboard/answered"),
        Case::client(
            "client/clipboard/ended-grant",
            "an item of a grant that has ended is ignored, and its number counts",
            &["TOOL-1", "TOOL-12"],
            |stage| {
                copies(stage)?;
                end_grant(stage)?;
                let from = stage.fresh()?;
                item(stage, 1, 1)?;
                stage.never_tells("TOOL-1", from, "offered")?;
                stage.goes_on("TOOL-1")?;
                item(stage, 1, 1)?;
                stage.ends("TOOL-12", ErrorCode::UnexpectedMessage)
            },
        ),
        Case::client(
            "client/clipboard/answer-to-nothing",
            "an answer that names no item which waits is ignored",
            &["TOOL-14"],
            |stage| {
                copies(stage)?;
                let from = stage.fresh()?;
                stage.seal_one(ClipboardTaken {
                    item: 9,
                    taken: true,
                })?;
                stage.goes_on("TOOL-14")?;
                stage.never_tells("TOOL-14", from, "answered")
            },
        ),
        Case::client(
            "client/clipboard/after-a-reconnect",
            "items are numbered from 1 again after a reconnect, and what waited is forgotten",
            &["RECON-34"],
            |stage| {
                copies(stage)?;
                offer(stage, 1)?;
                stage.told("offered")?;
                stage.comes_back()?;
                stage.may_not("RECON-34", "take", json!({ "allow": true }))?;
                item(stage, 1, 1)?;
                stage.goes_on("RECON-34")
            },
        )
        .needs("reconnect"),
    ];
    let needs = |case: Case| case.needs("control").needs("clipboard");
    all.into_iter().map(needs).collect()
}

/// The scope of an item that the client sends (true) or gets.
fn of(client: Role, sends: bool) -> Scopes {
    match (client, sends) {
        (Role::Helper, true) | (Role::Sharer, false) => Scopes::CLIPBOARD_TO_SHARER,
        (Role::Helper, false) | (Role::Sharer, true) => Scopes::CLIPBOARD_TO_HELPER,
    }
}

/// There is a grant of both directions, the first.
fn copies(stage: &mut ClientStage<'_>) -> Done {
    let both = of(stage.role, true).union(of(stage.role, false));
    stage.controlled(both)?;
    stage.fresh().map(|_| ())
}

fn item(stage: &mut ClientStage<'_>, grant: u32, item: u32) -> Done {
    let text = format!("item {item}");
    stage.seal_one(Clipboard { grant, item, text })
}

fn offer(stage: &mut ClientStage<'_>, number: u32) -> Done {
    item(stage, 1, number)
}

/// The only grant ends, and the session goes on.
fn end_grant(stage: &mut ClientStage<'_>) -> Done {
    match stage.role {
        Role::Sharer => stage.act("revoke"),
        Role::Helper => {
            let code = ErrorCode::Revoked.to_wire();
            stage.seal_one(ControlEnd { grant: 1, code })
        }
    }
}

/// One item has come since `from`, and says this under this grant.
fn one_item(stage: &mut ClientStage<'_>, from: usize, text: &str, grant: u32) -> Done {
    let items = stage.log.iter().skip(from).filter_map(Item::sealed);
    let said: Vec<_> = items
        .filter_map(|message| match message {
            Message::Clipboard(item) => Some((item.text.clone(), item.grant)),
            _ => None,
        })
        .collect();
    let right = said == [(text.to_owned(), grant)];
    let expected = format!("{text:?} under grant {grant}, and nothing else");
    stage.check("TOOL-31", right, &expected, format!("{said:?}"))
}

fn after_a_key(stage: &mut ClientStage<'_>) -> Done {
    let both = of(stage.role, true).union(of(stage.role, false));
    let grant = stage.controlled(both.union(Scopes::CONTROL))?.grant;
    let stream = stage.open_stream()?;
    offer(stage, 1)?;
    stage.told("offered")?;
    for press in [
        InputEvent::Key {
            usage: 4,
            down: true,
        },
        InputEvent::Button {
            button: 1,
            down: true,
        },
    ] {
        let from = stage.fresh()?;
        stage.input(stream, grant, &[press])?;
        stage.told("injected")?;
        stage.may_not("TOOL-29", "copy", json!({ "text": "text" }))?;
        stage.may_not("TOOL-29", "take", json!({ "allow": true }))?;
        stage.pass(999)?;
        stage.may_not("TOOL-29", "copy", json!({ "text": "text" }))?;
        stage.may_not("TOOL-29", "take", json!({ "allow": true }))?;
        stage.never("TOOL-29", from, "clipboard", |item| {
            item.is_sealed("clipboard") || is_answer(item)
        })?;
        stage.pass(1)?;
        stage.does("copy", json!({ "text": "text" }))?;
        stage.says("TOOL-29", "clipboard")?;
    }
    // A pointer that moves clicks nothing.
    let at = InputEvent::Pointer {
        display: 0,
        x: 9,
        y: 9,
    };
    stage.input(stream, grant, &[at])?;
    stage.told("injected")?;
    stage.does("take", json!({ "allow": true }))?;
    let (item, taken) = (1, true);
    stage.says_this("TOOL-29", ClipboardTaken { item, taken })?;
    offer(stage, 2)?;
    stage.told("offered")?;
    let press = InputEvent::Key {
        usage: 5,
        down: true,
    };
    stage.input(stream, grant, &[press])?;
    stage.settle()?;
    stage.does("take", json!({ "allow": false }))?;
    let (item, taken) = (2, false);
    stage.says_this("TOOL-29", ClipboardTaken { item, taken })
}

fn is_answer(item: &Item) -> bool {
    item.is_sealed("clipboard-taken")
}

fn sent(stage: &mut ClientStage<'_>) -> Done {
    copies(stage)?;
    for (number, len) in [(1, 3), (2, 245), (3, 5_000)] {
        stage.does("copy", json!({ "text": "c".repeat(len) }))?;
        let said = stage.says("TOOL-11", "clipboard")?;
        let Message::Clipboard(clipboard) = said else {
            return Err(Stop::Harness("no clipboard".to_owned()));
        };
        let seen = format!("{clipboard:?}");
        let right = clipboard.item == number && clipboard.text.len() == len;
        stage.check("TOOL-11", right, &format!("item {number}"), seen.clone())?;
        stage.check("TOOL-4", clipboard.grant == 1, "grant 1", seen)?;
        let record = stage.await_("its record", |item| matches!(item, Item::Record { .. }))?;
        let padded = matches!(record, Item::Record { len, .. } if len % limits::CHAT_PAD == 0);
        stage.check("TOOL-13", padded, "a multiple of 256", record.to_string())?;
        stage.settle()?;
    }
    Ok(())
}

fn probes() -> Vec<Case> {
    vec![
        Case::client(
            "client/probe/answered",
            "a probe is answered by its number, at once",
            &["TOOL-25"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                let probe = 0xFFFF_FFFF;
                stage.seal_one(Probe { probe })?;
                stage.says_this("TOOL-25", ProbeAnswer { probe })
            },
        ),
        Case::client(
            "client/probe/rest",
            "no probe is answered within a second of the last answer, and the next one is",
            &["TOOL-30", "TOOL-25"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                stage.seal_one(Probe { probe: 1 })?;
                stage.says_this("TOOL-25", ProbeAnswer { probe: 1 })?;
                let from = stage.fresh()?;
                stage.pass(999)?;
                stage.seal_one(Probe { probe: 2 })?;
                stage.never("TOOL-30", from, "answer", |item| {
                    item.is_sealed("probe-answer")
                })?;
                stage.pass(1)?;
                stage.seal_one(Probe { probe: 3 })?;
                stage.says_this("TOOL-25", ProbeAnswer { probe: 3 })
            },
        ),
        Case::client(
            "client/probe/while-paused",
            "a probe is answered while the session is paused",
            &["TOOL-25"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(Pause { paused: true })?;
                stage.fresh()?;
                stage.seal_one(Probe { probe: 8 })?;
                stage.says_this("TOOL-25", ProbeAnswer { probe: 8 })
            },
        ),
        Case::client(
            "client/probe/answer-to-nothing",
            "an answer to a probe that was not sent is ignored",
            &["TOOL-26"],
            |stage| {
                stage.viewing()?;
                for probe in [0, 1, 77] {
                    stage.seal_one(ProbeAnswer { probe })?;
                }
                stage.goes_on("TOOL-26")
            },
        ),
    ]
}
