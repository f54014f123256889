//! Pictures of cards: at the end that is asked for its own, and at the one that asks.

use alongside_state_machine::identity::own::hash;
use alongside_wire::{
    ErrorCode,
    card::PictureInfo,
    limits::PICTURE_CHUNK,
    session::{Picture, PictureRequest},
};
use serde_json::json;

use super::{
    cards::{own, views_with},
    shown::{Shown, ready_with, shows_right},
};
use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Item, noise, png},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [given(), taken(), again()].concat();
    all.into_iter().map(|case| case.needs("cards")).collect()
}

/// A card that names this picture.
pub(super) fn with(picture: &[u8]) -> Shown {
    let mut shown = Shown::valid_now();
    shown.card.picture = vec![PictureInfo {
        hash: hash(picture),
        size: picture.len() as u32,
    }];
    shown
}

fn given() -> Vec<Case> {
    vec![
        Case::client(
            "client/picture/given",
            "a request for the picture is answered with the whole file in order, in pieces of 8,192 bytes but for the last",
            &["PICTURE-3"],
            |stage| {
                let file = noise(80, 80)?;
                shows_own(stage, &file, true)?;
                stage.seal_one(PictureRequest {})?;
                let mut offset = 0;
                for piece in file.chunks(PICTURE_CHUNK) {
                    let data = piece.to_vec();
                    stage.says_this("PICTURE-3", Picture { offset, data })?;
                    offset += piece.len() as u32;
                }
                let from = stage.here();
                stage.never("PICTURE-3", from, "more", |item| item.is_sealed("picture"))
            },
        ),
        Case::client(
            "client/picture/not-at-hand",
            "a request for a picture whose file is not at hand is answered with one empty piece",
            &["PICTURE-3"],
            |stage| {
                shows_own(stage, &noise(80, 80)?, false)?;
                stage.seal_one(PictureRequest {})?;
                let (offset, data) = (0, Vec::new());
                stage.says_this("PICTURE-3", Picture { offset, data })?;
                let from = stage.here();
                stage.never("PICTURE-3", from, "more", |item| item.is_sealed("picture"))
            },
        ),
    ]
}

/// The client has shown its card with this picture.
fn shows_own(stage: &mut ClientStage<'_>, file: &[u8], at_hand: bool) -> Done {
    views_with(stage, &own(&with(file), at_hand.then_some(file)))?;
    if stage.role == Role::Sharer {
        stage.act("show-card")?;
        stage.hears("card")?;
    }
    stage.fresh().map(|_| ())
}

/// The client was shown a card with this picture, and its person wants to see it.
fn fetches(stage: &mut ClientStage<'_>, file: &[u8]) -> Done {
    ready_with(stage, &json!({}))?;
    shows_right(stage, &with(file))?;
    match stage.role {
        Role::Sharer => {
            stage.told("consent-asked")?;
        }
        Role::Helper => {
            stage.told("card-shown")?;
        }
    }
    stage.views()?;
    stage.fresh()?;
    stage.act("fetch-picture")?;
    stage.hears("picture-request").map(|_| ())
}

/// The pieces of a file, but for so many bytes at its end.
fn gives(stage: &mut ClientStage<'_>, file: &[u8], without: usize) -> Done {
    let mut offset = 0;
    for piece in file.chunks(PICTURE_CHUNK) {
        let end = offset + piece.len();
        if end + without > file.len() {
            break;
        }
        stage.seal_one(Picture {
            offset: offset as u32,
            data: piece.to_vec(),
        })?;
        offset = end;
    }
    Ok(())
}

/// It tells whether the picture is shown.
fn tells_shown(stage: &mut ClientStage<'_>, requirement: &'static str, shown: bool) -> Done {
    let told = stage.tells(requirement, "picture")?;
    let right = told.fields.get("shown") == Some(&json!(shown));
    let expected = if shown { "a picture" } else { "no picture" };
    stage.check(requirement, right, expected, format!("{told:?}"))
}

fn taken() -> Vec<Case> {
    type File = fn() -> Done<Vec<u8>>;
    let odd: [(&str, &str, File); 3] = [
        ("wide", "that is 1,025 pixels wide", || png(1_025, 1, 1)),
        ("high", "that is 1,025 pixels high", || png(1, 1_025, 1)),
        ("gif", "that is neither PNG nor JPEG", || {
            Ok(b"GIF89a\x01\0\x01\0\0\0\0;".to_vec())
        }),
    ];
    let mut all = vec![
        Case::client(
            "client/picture/shown",
            "a picture that came whole is shown",
            &["PICTURE-4", "PICTURE-6"],
            |stage| {
                let file = noise(80, 80)?;
                fetches(stage, &file)?;
                gives(stage, &file, 0)?;
                tells_shown(stage, "PICTURE-6", true)?;
                stage.goes_on("PICTURE-4")
            },
        ),
        Case::client(
            "client/picture/largest",
            "a picture of 1,024 pixels a side is shown",
            &["PICTURE-5"],
            |stage| {
                let file = png(1_024, 1, 1)?;
                fetches(stage, &file)?;
                gives(stage, &file, 0)?;
                tells_shown(stage, "PICTURE-5", true)
            },
        ),
        Case::client(
            "client/picture/other-hash",
            "a file that is not the one of the card ends the session, and nothing of it is shown",
            &["PICTURE-4", "PICTURE-6"],
            |stage| {
                let file = noise(80, 80)?;
                fetches(stage, &file)?;
                let mut other = file;
                if let Some(last) = other.last_mut() {
                    *last ^= 1;
                }
                gives(stage, &other, 0)?;
                stage.ends("PICTURE-4", ErrorCode::BadPicture)?;
                stage.never_tells("PICTURE-6", 0, "picture")
            },
        )
        .twin("client/picture/shown"),
        Case::client(
            "client/picture/not-whole",
            "nothing of a picture is shown before its last piece has come",
            &["PICTURE-6"],
            |stage| {
                let file = noise(80, 80)?;
                fetches(stage, &file)?;
                gives(stage, &file, 1)?;
                stage.never_tells("PICTURE-6", 0, "picture")?;
                stage.goes_on("PICTURE-6")
            },
        )
        .twin("client/picture/shown"),
    ];
    all.extend(odd.into_iter().map(|(name, what, file)| {
        Case::client(
            format!("client/picture/{name}"),
            format!("a picture {what} is not decoded, and the session goes on"),
            &["PICTURE-5"],
            move |stage| {
                let file = file()?;
                fetches(stage, &file)?;
                gives(stage, &file, 0)?;
                tells_shown(stage, "PICTURE-5", false)?;
                stage.goes_on("PICTURE-5")
            },
        )
        .twin("client/picture/largest")
    }));
    all
}

fn again() -> Vec<Case> {
    let asks = |item: &Item| item.is_sealed("picture-request");
    let all = [
        Case::client(
            "client/again/picture",
            "a picture that has not come whole is asked for again when the session goes on, and taken from its first piece on",
            &["RECON-39"],
            |stage| {
                let file = noise(80, 80)?;
                fetches(stage, &file)?;
                gives(stage, &file, 1)?;
                stage.fresh()?;
                stage.comes_back()?;
                stage.says("RECON-39", "picture-request")?;
                gives(stage, &file, 0)?;
                tells_shown(stage, "RECON-39", true)
            },
        ),
        Case::client(
            "client/again/picture-whole",
            "one that has come whole is not asked for again",
            &["RECON-39"],
            move |stage| {
                let file = noise(80, 80)?;
                fetches(stage, &file)?;
                gives(stage, &file, 0)?;
                stage.told("picture")?;
                let from = stage.fresh()?;
                stage.comes_back()?;
                stage.never("RECON-39", from, "request", asks)
            },
        )
        .twin("client/again/picture"),
        Case::client(
            "client/again/picture-while-frozen",
            "no picture is asked for while the session is frozen",
            &["RECON-40"],
            move |stage| {
                let file = noise(80, 80)?;
                ready_with(stage, &json!({}))?;
                shows_right(stage, &with(&file))?;
                stage.told(match stage.role {
                    Role::Sharer => "consent-asked",
                    Role::Helper => "card-shown",
                })?;
                stage.views()?;
                let from = stage.fresh()?;
                stage.loses()?;
                stage.may_not("RECON-40", "fetch-picture", json!({}))?;
                stage.rejoins(true)?;
                stage.reconnects()?;
                stage.told_state()?;
                stage.answers_state()?;
                stage.told("back")?;
                stage.never("RECON-40", from, "request", asks)?;
                stage.act("fetch-picture")?;
                stage.says("RECON-40", "picture-request").map(|_| ())
            },
        )
        .twin("client/again/picture"),
    ];
    all.into_iter()
        .map(|case| case.needs("reconnect"))
        .collect()
}
