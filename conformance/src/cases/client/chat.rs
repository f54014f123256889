//! Lines of chat, in both directions.

use alongside_wire::{
    ErrorCode, Scopes, limits,
    session::{Chat, ChatAck, Message},
};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::client(
            "client/chat/written",
            "lines are numbered from 1, and say what the person wrote, in any script",
            &["CHAT-1", "TEXT-1"],
            written,
        ),
        Case::client(
            "client/chat/padded",
            "the plaintext of a record with a line is a multiple of 256 bytes",
            &["CHAT-5"],
            padded,
        ),
        Case::client(
            "client/chat/taken",
            "a line that comes is told and acknowledged",
            &["CHAT-3", "CHAT-2"],
            |stage| {
                stage.viewing()?;
                for text in ["hello", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"] {
                    stage.chats(text)?;
                    let told = stage.told("chat")?;
                    let right = told.text("text") == text;
                    stage.check("CHAT-2", right, text, format!("{told:?}"))?;
                    let id = stage.lines;
                    stage.says_this("CHAT-3", ChatAck { id })?;
                }
                Ok(())
            },
        ),
        Case::client(
            "client/chat/longest",
            "a line of 4,096 bytes is taken",
            &["CHAT-3"],
            |stage| {
                stage.viewing()?;
                stage.chats(&"a".repeat(limits::CHAT))?;
                stage.says_this("CHAT-3", ChatAck { id: 1 })
            },
        ),
        Case::client(
            "client/chat/first-not-1",
            "a first line with another number than 1 ends the session",
            &["CHAT-2"],
            |stage| {
                stage.viewing()?;
                line(stage, 2)?;
                stage.ends("CHAT-2", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/chat/taken"),
        Case::client(
            "client/chat/again",
            "a line with the number of the one before ends the session",
            &["CHAT-2"],
            |stage| {
                stage.viewing()?;
                line(stage, 1)?;
                line(stage, 1)?;
                stage.ends("CHAT-2", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/chat/taken"),
        Case::client(
            "client/chat/gap",
            "a line whose number leaves one out ends the session",
            &["CHAT-2"],
            |stage| {
                stage.viewing()?;
                line(stage, 1)?;
                line(stage, 3)?;
                stage.ends("CHAT-2", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("client/chat/taken"),
        Case::client(
            "client/chat/without-the-scope",
            "a line ends the session where the scope chat was not consented to",
            &["CHAT-4"],
            |stage| {
                stage.ceiling = Scopes::VIEW.union(Scopes::CONTROL);
                stage.viewing()?;
                line(stage, 1)?;
                stage.ends("CHAT-4", ErrorCode::ScopeExceeded)
            },
        )
        .twin("client/chat/taken"),
        Case::client(
            "client/chat/ack-of-nothing",
            "a chat-ack for a line that was never sent is ignored",
            &["CHAT-6"],
            |stage| {
                stage.viewing()?;
                let from = stage.fresh()?;
                for id in [0, 1, u32::MAX] {
                    stage.seal_one(ChatAck { id })?;
                }
                stage.goes_on("CHAT-6")?;
                stage.never_tells("CHAT-6", from, "delivered")
            },
        ),
        Case::client(
            "client/chat/acknowledged",
            "a chat-ack acknowledges the lines before it as well",
            &["CHAT-6"],
            |stage| {
                stage.manners.chat_ack = false;
                stage.viewing()?;
                for text in ["one", "two"] {
                    stage.does("chat", json!({ "text": text }))?;
                    stage.hears("chat")?;
                }
                stage.fresh()?;
                stage.seal_one(ChatAck { id: 2 })?;
                stage.tells("CHAT-6", "delivered").map(|_| ())
            },
        ),
        Case::client(
            "client/chat/while-paused",
            "chat goes on while the session is paused",
            &["CHAT-3"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(alongside_wire::session::Pause { paused: true })?;
                line(stage, 1)?;
                stage.says_this("CHAT-3", ChatAck { id: 1 })
            },
        ),
        Case::client(
            "client/chat/kept",
            "no more lines are taken from the person than 64 that are not acknowledged",
            &["RECON-31"],
            kept,
        ),
    ];
    all.into_iter().map(|case| case.needs("chat")).collect()
}

fn line(stage: &mut ClientStage<'_>, id: u32) -> Done {
    let text = "hello".to_owned();
    stage.seal_one(Chat { id, text })
}

fn chat_of(message: Message) -> Done<Chat> {
    match message {
        Message::Chat(chat) => Ok(chat),
        other => Err(Stop::Harness(format!("{} is no chat", other.name()))),
    }
}

fn written(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    let lines = [
        "hello",
        "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "\u{1f44b}\u{1f3fd} \u{4f60}\u{597d}",
    ];
    for (id, text) in (1..).zip(lines) {
        stage.does("chat", json!({ "text": text }))?;
        let chat = chat_of(stage.says("CHAT-1", "chat")?)?;
        let seen = format!("{chat:?}");
        stage.check("CHAT-1", chat.id == id, &format!("line {id}"), seen.clone())?;
        stage.check("TEXT-1", chat.text == text, text, seen)?;
    }
    Ok(())
}

fn padded(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    // Lengths at which a pad takes two bytes, three, and two pads of them.
    for len in [
        1, 100, 116, 117, 120, 121, 122, 244, 247, 248, 249, 250, 251, 252, 253, 300, 4_096,
    ] {
        stage.does("chat", json!({ "text": "x".repeat(len) }))?;
        stage.hears("chat")?;
        let item = stage.await_("its record", |item| matches!(item, Item::Record { .. }))?;
        let right =
            matches!(item, Item::Record { len, .. } if len > 0 && len % limits::CHAT_PAD == 0);
        stage.check(
            "CHAT-5",
            right,
            "a multiple of 256",
            format!("{item} with {len} of text"),
        )?;
        stage.settle()?;
    }
    Ok(())
}

fn kept(stage: &mut ClientStage<'_>) -> Done {
    stage.manners.chat_ack = false;
    stage.viewing()?;
    for number in 0..limits::CHAT_KEPT {
        stage.does("chat", json!({ "text": format!("line {number}") }))?;
    }
    stage.may_not("RECON-31", "chat", json!({ "text": "one more" }))?;
    stage.seal_one(ChatAck { id: 1 })?;
    stage.settle()?;
    let more = json!({ "text": "one more" });
    stage
        .must("RECON-31", |stage| stage.does("chat", more))
        .map(|_| ())
}
