//! `alongside demo`: relay, helper and sharer in one program, and every step as it happens.

mod cast;
mod stage;

use std::time::{Duration, Instant};

use alongside_client::{helper, sharer};
use alongside_wire::Scopes;

use super::{
    Exit, Failure, args, keys,
    terminal::Terminal,
    words::{may, phrase},
};
use cast::Cast;
use stage::Stage;

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before control may be asked for.
const SETTLE: Duration = Duration::from_millis(5_200);

pub(crate) async fn run(args: args::Demo) -> Result<Exit, Failure> {
    let mut story = Story {
        terminal: Terminal::new(),
        began: Instant::now(),
    };
    let stage = Stage::set(&args, &mut story)?;
    let mut cast = Cast::start(&stage, &mut story).await?;
    play(&stage, &mut cast, &mut story).await?;
    cast.leave().await?;
    story.tell("everybody is gone; the demo is over");
    Ok(Exit::Done)
}

/// The session, in the order that the README tells it.
async fn play(stage: &Stage, cast: &mut Cast, story: &mut Story) -> Result<(), Failure> {
    let code = cast.code().await?;
    story.tell(&format!("helper: the code is {code}"));
    cast.join(code, stage)?;
    story.tell("sharer: joins by it");
    let name = cast.consent_asked().await?;
    story.tell(&format!(
        "sharer: \"{name}\" (unverified) asks to see the screen"
    ));
    let (at_helper, at_sharer) = cast.phrases().await?;
    story.tell(&format!("both see the words: {}", phrase(at_helper)));
    if at_helper != at_sharer {
        return Err("the words differ".into());
    }
    if cast.frames() > 0 {
        return Err("a frame arrived before consent".into());
    }
    cast.sharer(sharer::Command::Contact(sharer::Contact::Person))
        .await;
    story.tell("sharer: asked for this help, and says so");
    cast.sharer(sharer::Command::Consent(sharer::Consent::Given))
        .await;
    story.tell("sharer: agrees");
    let id = cast.frame_after(0).await?;
    story.tell(&format!("helper: sees frame {id}"));

    if stage.can_type() {
        control_and_type(stage, cast, story, "first").await?;
    } else {
        story.tell("this screen cannot be controlled, so control is left out");
        cast.frame_after(id + 10).await?;
        story.tell("helper: has seen ten more frames");
    }

    cast.sharer(sharer::Command::Pause(true)).await;
    cast.paused(true).await?;
    story.tell("sharer: pauses; control is over and nothing is shown");
    let still = cast.settled_frames().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    if cast.frames() != still {
        return Err("a frame arrived while paused".into());
    }
    cast.sharer(sharer::Command::Pause(false)).await;
    cast.paused(false).await?;
    let id = cast.frame_after(still).await?;
    story.tell(&format!(
        "sharer: unpauses; helper: sees frame {id}, and has no control"
    ));
    if stage.can_type() {
        control_and_type(stage, cast, story, "second").await?;
    }
    cast.helper(helper::Command::Chat("All done. Goodbye!".into()))
        .await;
    let line = cast.chat().await?;
    story.tell(&format!("sharer: reads \"{line}\""));
    let ended = Instant::now();
    cast.sharer(sharer::Command::End).await;
    cast.ended().await?;
    let took = ended.elapsed().as_millis();
    story.tell(&format!("sharer: ends; helper: knew after {took} ms"));
    Ok(())
}

async fn control_and_type(
    stage: &Stage,
    cast: &mut Cast,
    story: &mut Story,
    word: &str,
) -> Result<(), Failure> {
    story.tell("helper: waits five seconds, then asks for control");
    tokio::time::sleep(SETTLE).await;
    cast.helper(helper::Command::RequestControl(Scopes::CONTROL))
        .await;
    let scopes = cast.control_asked().await?;
    story.tell(&format!("sharer: is asked for {scopes}"));
    // An answer that comes at once could be the helper's own typing, and is not taken.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let number = cast.number();
    if let Some(number) = number {
        story.tell(&format!(
            "sharer: repeats the number {number:06}, which no late key can know"
        ));
    }
    cast.sharer(sharer::Command::AllowControl(scopes, number))
        .await;
    cast.control_granted().await?;
    story.tell(&format!(
        "sharer: allows it; {}",
        may(Scopes::CONSENT.union(scopes))
    ));
    let before = cast.picture();
    let (events, _) = keys::type_text(&stage.line(word));
    cast.helper(helper::Command::Input(events)).await;
    stage.written(word, PATIENCE).await?;
    story.tell(&format!(
        "helper: typed a command; it wrote \"{word}\" into a file"
    ));
    let changed = cast.picture_changed(&before).await?;
    story.tell(&format!("helper: sees it, {changed} pixels changed"));
    Ok(())
}

/// What is told, and when.
pub(super) struct Story {
    terminal: Terminal,
    began: Instant,
}

impl Story {
    pub(super) fn tell(&mut self, line: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.terminal.line(&format!("{seconds:7.2} s  {line}"));
    }
}
