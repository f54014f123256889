//! Chat, the clipboard and drawing.

use alongside_wire::Scopes;
use serde_json::json;

use crate::{
    case::Case,
    driver::Role::{self, Helper, Sharer},
    stage::{Done, PairStage, other},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::pair(
            "pair/chat/both",
            "lines of chat come at the other end as they were written, and are known to have come",
            &["CHAT-1", "CHAT-3"],
            chat,
        )
        .needs("chat"),
        Case::pair(
            "pair/chat/kept",
            "a line that was written while the connection is lost comes once, after it",
            &["RECON-32", "CHAT-3"],
            kept,
        )
        .needs("chat")
        .needs("reconnect"),
        Case::pair(
            "pair/drawing/shown",
            "what the helper draws is shown, and gone when control is over",
            &["TOOL-4", "TOOL-15"],
            drawing,
        )
        .needs("control")
        .needs("drawing"),
    ];
    for end in [Helper, Sharer] {
        cases.push(
            Case::pair(
                format!("pair/clipboard/{end}"),
                format!(
                    "what the {end} copies is offered to the other person, and answered as they say"
                ),
                &["TOOL-9", "TOOL-14"],
                move |stage| clipboard(stage, end),
            )
            .needs("control")
            .needs("clipboard"),
        );
    }
    cases
}

const LINES: [&str; 4] = ["hello", "naïve – 日本語 😀", "a  b", "x"];

fn chat(stage: &mut PairStage<'_>) -> Done {
    stage.viewing()?;
    for end in [Helper, Sharer] {
        for (number, line) in LINES.iter().enumerate() {
            stage.does(end, "chat", json!({ "text": line }))?;
            let text = json!({ "text": line });
            stage.tells_that("CHAT-1", other(end), "chat", &text)?;
            let delivered = json!({ "line": number + 1 });
            stage.tells_that("CHAT-3", end, "delivered", &delivered)?;
        }
    }
    Ok(())
}

fn kept(stage: &mut PairStage<'_>) -> Done {
    stage.viewing()?;
    let from = stage.fresh();
    stage.act(Helper, "reconnect")?;
    stage.told(Sharer, "frozen")?;
    stage.does(Sharer, "chat", json!({ "text": "still here?" }))?;
    stage.both_told("back")?;
    stage.tells("RECON-32", Helper, "chat")?;
    let delivered = json!({ "line": 1 });
    stage.tells_that("CHAT-3", Sharer, "delivered", &delivered)?;
    stage.settle()?;
    let lines = stage.all(Helper, from, "chat").len();
    stage.check("RECON-32", lines == 1, "one line", format!("{lines}"))
}

fn clipboard(stage: &mut PairStage<'_>, end: Role) -> Done {
    let scope = match end {
        Helper => Scopes::CLIPBOARD_TO_SHARER,
        Sharer => Scopes::CLIPBOARD_TO_HELPER,
    };
    stage.controlled(scope)?;
    for (text, taken) in [("first\nline", true), ("second", false), ("naïve 😀", true)] {
        stage.does(end, "copy", json!({ "text": text }))?;
        let offered = json!({ "text": text });
        stage.tells_that("TOOL-9", other(end), "offered", &offered)?;
        stage.does(other(end), "take", json!({ "allow": taken }))?;
        let answered = json!({ "taken": taken });
        stage.tells_that("TOOL-14", end, "answered", &answered)?;
    }
    Ok(())
}

fn drawing(stage: &mut PairStage<'_>) -> Done {
    stage.controlled(Scopes::ANNOTATE)?;
    let line = json!({ "stroke": 1, "points": [[0, 0], [65_535, 32_768], [9, 9]] });
    stage.does(Helper, "stroke", line)?;
    stage.tells_that("TOOL-4", Sharer, "drawn", &json!({ "stroke": 1 }))?;
    let place = json!({ "x": 100, "y": 65_535 });
    stage.does(Helper, "laser", place.clone())?;
    stage.tells_that("TOOL-4", Sharer, "pointed", &place)?;
    stage.act(Helper, "clear")?;
    stage.tells("TOOL-4", Sharer, "cleared")?;
    let line = json!({ "stroke": 2, "points": [[5, 5], [6, 6]] });
    stage.does(Helper, "stroke", line)?;
    stage.tells_that("TOOL-4", Sharer, "drawn", &json!({ "stroke": 2 }))?;
    stage.act(Sharer, "revoke")?;
    stage.tells("TOOL-15", Sharer, "cleared").map(|_| ())
}
