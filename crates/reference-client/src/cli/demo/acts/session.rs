//! A whole session, in the order that the README tells it.

use std::time::Instant;

use alongside_client::{
    helper::{self, Line},
    sharer,
};
use alongside_wire::Scopes;

use crate::cli::{
    Failure,
    demo::{
        House, PATIENCE, Stage, Story,
        cast::{Cast, GUARD, Parts},
        evidence,
    },
    keys,
    words::may,
};

pub(crate) async fn play(house: &House, stage: &Stage, story: &mut Story) -> Result<(), Failure> {
    story.act("Somebody helps somebody");
    let parts = Parts {
        receipts: Some(sharer::Receipts {
            share: true,
            key: None,
        }),
        ..Parts::default()
    };
    let mut cast = Cast::meet(house, stage, &parts, story).await?;
    cast.agree(story).await?;
    let code = cast.refused(Scopes::CONTROL).await?;
    story.tell(&format!(
        "helper: asks for control at once; refused ({code}), and nobody is asked"
    ));
    let tools = Scopes::GRANTABLE.without(Scopes::ELEVATION);
    cast.grant(tools, story).await?;
    type_word(&mut cast, stage, "first", story).await?;
    draw(&mut cast, story).await?;
    copy(&mut cast, story).await?;
    renew_and_narrow(&mut cast, story).await?;
    pause(&mut cast, story).await?;
    outage(&mut cast, house, story).await?;
    cast.grant(Scopes::CONTROL, story).await?;
    type_word(&mut cast, stage, "second", story).await?;
    chat(&mut cast, story).await?;
    end(&mut cast, story).await?;
    evidence::verify(&cast, house, &[], story)
}

async fn type_word(
    cast: &mut Cast,
    stage: &Stage,
    word: &str,
    story: &mut Story,
) -> Result<(), Failure> {
    if !stage.can_type() {
        story.tell("this screen cannot be controlled, so nothing is typed");
        return Ok(());
    }
    let before = cast.picture();
    let (events, _) = keys::type_text(&stage.line(word));
    cast.helper.order(helper::Command::Input(events)).await;
    stage.written(word, PATIENCE).await?;
    story.tell(&format!(
        "helper: typed a command; it wrote \"{word}\" into a file"
    ));
    let changed = cast.picture_changed(&before).await?;
    story.tell(&format!("helper: sees it, {changed} pixels changed"));
    Ok(())
}

async fn draw(cast: &mut Cast, story: &mut Story) -> Result<(), Failure> {
    let line = Line {
        id: 1,
        display: 0,
        colour: 0,
        width: 8,
        points: vec![(20_000, 20_000), (45_000, 20_000), (45_000, 45_000)],
    };
    cast.helper.order(helper::Command::Stroke(line)).await;
    cast.helper
        .order(helper::Command::Laser(0, (32_000, 32_000)))
        .await;
    cast.helper.order(helper::Command::Clear).await;
    story.tell("helper: draws a line on the sharer's screen, points at it, and wipes it out");
    Ok(())
}

async fn copy(cast: &mut Cast, story: &mut Story) -> Result<(), Failure> {
    let text = "https://manual.example/step-3";
    cast.helper
        .order(helper::Command::SendClipboard(text.to_owned()))
        .await;
    cast.sharer_hears("an item", |event| {
        matches!(event, sharer::SessionEvent::ClipboardOffered { .. })
    })
    .await?;
    // As with every answer, one that comes at once could be the helper's own typing.
    tokio::time::sleep(GUARD).await;
    cast.sharer
        .order(sharer::Command::AnswerClipboard(true))
        .await;
    cast.helper_hears("an answer", |event| {
        matches!(
            event,
            helper::SessionEvent::ClipboardAnswered { taken: true, .. }
        )
    })
    .await?;
    story.tell("helper: offers one item of its clipboard; sharer: takes it");
    Ok(())
}

async fn renew_and_narrow(cast: &mut Cast, story: &mut Story) -> Result<(), Failure> {
    cast.sharer.order(sharer::Command::Renew).await;
    cast.allow(story).await?;
    cast.helper_hears("a renewal", |event| {
        matches!(event, helper::SessionEvent::ControlRenewed { .. })
    })
    .await?;
    story.tell("helper: has all that for 15 minutes more, under the same key");
    cast.sharer
        .order(sharer::Command::Narrow(Scopes::POINTER))
        .await;
    cast.helper_hears("a narrower grant", |event| {
        matches!(event, helper::SessionEvent::ControlGranted { scopes, .. }
            if *scopes == Scopes::POINTER)
    })
    .await?;
    let left = may(Scopes::CONSENT.union(Scopes::POINTER));
    story.tell(&format!("sharer: takes the rest back; {left}"));
    Ok(())
}

async fn pause(cast: &mut Cast, story: &mut Story) -> Result<(), Failure> {
    for paused in [true, false] {
        let still = cast.settled_frames().await;
        cast.sharer.order(sharer::Command::Pause(paused)).await;
        cast.helper_hears(
            "word of it",
            |event| matches!(event, helper::SessionEvent::Paused { peer, .. } if *peer == paused),
        )
        .await?;
        if paused {
            story.tell("sharer: pauses; control is over and nothing is shown");
            let still = cast.settled_frames().await;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            if cast.frames() != still {
                return Err("a frame arrived while paused".into());
            }
        } else {
            let id = cast.frame_after(still).await?;
            story.tell(&format!(
                "sharer: unpauses; helper: sees frame {id}, and has no control"
            ));
        }
    }
    Ok(())
}

/// The sharer's network goes away for a while.
async fn outage(cast: &mut Cast, house: &House, story: &mut Story) -> Result<(), Failure> {
    let began = Instant::now();
    house.path.cut(true);
    story.tell("the sharer's network goes away");
    for (who, seconds) in [
        (
            "sharer",
            cast.sharer.hear("that it is frozen", shared_frozen).await?,
        ),
        (
            "helper",
            cast.helper.hear("that it is frozen", helped_frozen).await?,
        ),
    ] {
        story.tell(&format!(
            "{who}: knows after {} ms; the session is over in {seconds} s if nothing changes",
            began.elapsed().as_millis()
        ));
    }
    let still = cast.settled_frames().await;
    house.path.cut(false);
    let back = Instant::now();
    cast.helper_hears("that the sharer is back", |event| {
        *event == helper::SessionEvent::Back
    })
    .await?;
    cast.sharer_hears("that the helper is back", |event| {
        *event == sharer::SessionEvent::Back
    })
    .await?;
    let id = cast.frame_after(still).await?;
    let took = back.elapsed().as_millis();
    story.tell(&format!(
        "the network is back; helper: sees frame {id} after {took} ms, and has no control"
    ));
    Ok(())
}

fn shared_frozen(event: &sharer::Event) -> Option<u64> {
    match event {
        sharer::Event::Frozen { seconds } => Some(*seconds),
        _ => None,
    }
}

fn helped_frozen(event: &helper::Event) -> Option<u64> {
    match event {
        helper::Event::Frozen { seconds } => Some(*seconds),
        _ => None,
    }
}

async fn chat(cast: &mut Cast, story: &mut Story) -> Result<(), Failure> {
    cast.helper
        .order(helper::Command::Chat("تم. 完成。 All done!".into()))
        .await;
    let line = cast
        .sharer
        .hear("a line of chat", |event| match event {
            sharer::Event::Session(sharer::SessionEvent::Chat(text)) => Some(text.clone()),
            _ => None,
        })
        .await?;
    story.tell(&format!("sharer: reads \"{line}\""));
    let quality = cast
        .helper
        .hear("how well it goes", |event| match event {
            helper::Event::Quality(quality) => Some(*quality),
            _ => None,
        })
        .await?;
    story.tell(&format!("both see how well it goes: {quality}"));
    Ok(())
}

async fn end(cast: &mut Cast, story: &mut Story) -> Result<(), Failure> {
    let began = Instant::now();
    cast.sharer.order(sharer::Command::End).await;
    cast.helper_hears("the end", |event| {
        matches!(event, helper::SessionEvent::Ended(_))
    })
    .await?;
    let took = began.elapsed().as_millis();
    story.tell(&format!("sharer: ends; helper: knew after {took} ms"));
    cast.helper.leave().await?;
    cast.sharer.leave().await?;
    Ok(())
}
