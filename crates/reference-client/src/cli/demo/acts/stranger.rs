//! Somebody calls whom the sharer never asked for, after somebody guessed at a code.

use alongside_client::{helper, sharer};
use alongside_state_machine::identity::Identity;
use alongside_wire::code::Code;

use crate::cli::{
    Failure,
    demo::{
        House, Stage, Story,
        cast::{self, Cast, Parts},
        office::Office,
        seen::Seen,
    },
    exit::explain,
    prompt::WARNING,
};

pub(crate) async fn play(house: &House, stage: &Stage, story: &mut Story) -> Result<(), Failure> {
    story.act("A stranger calls, with a card of an issuer whom nobody knows");
    let nowhere = Office::open("Nowhere")?;
    let parts = Parts {
        helper: Identity {
            card: Some(nowhere.colleague("Eve", "Mallory", "Technician")?.card),
            ..Identity::default()
        },
        sharer: house.office.believer(),
        ..Parts::default()
    };
    let seen = Seen::default();
    let mut helper = cast::helper(house, &parts, seen.clone())?;
    let code = cast::code(&mut helper, story).await?;
    guess(house, stage, &mut helper, &code, story).await?;
    helper.order(helper::Command::NewCode).await;
    let code = cast::code(&mut helper, story).await?;
    let mut cast = Cast::join(helper, seen, code, house, stage, &parts, story).await?;
    let contact = sharer::Command::Contact(sharer::Contact::Other);
    cast.sharer.order(contact).await;
    cast.sharer_hears("a warning", |event| {
        *event == sharer::SessionEvent::ScamWarning
    })
    .await?;
    story.tell("sharer: did not ask for this help, and says so; reads:");
    for line in WARNING.lines() {
        story.tell(&format!("  {line}"));
    }
    let refused = sharer::Command::Consent(sharer::Consent::Refused);
    cast.sharer.order(refused).await;
    let ended = cast.helper.leave().await?;
    story.tell(&format!(
        "sharer: refuses; helper: {}",
        explain(&ended, "the sharer")
    ));
    cast.sharer.leave().await?;
    if cast.frames() > 0 {
        return Err("a frame arrived without consent".into());
    }
    Ok(())
}

/// Somebody tries a secret of their own.
async fn guess(
    house: &House,
    stage: &Stage,
    helper: &mut cast::Helper,
    code: &Code,
    story: &mut Story,
) -> Result<(), Failure> {
    let right = code.to_string();
    let (rest, last) = right.split_at(right.len() - 1);
    let wrong = format!("{rest}{}", if last == "0" { "1" } else { "0" });
    let start = sharer::Start::Code(Code::parse(&wrong)?);
    let mut guesser = cast::sharer(house, stage, start, &Parts::default())?;
    let spent = helper
        .hear("that the code is spent", |event| match event {
            helper::Event::Session(helper::SessionEvent::CodeSpent { spent, .. }) => Some(*spent),
            _ => None,
        })
        .await?;
    let ended = guesser.leave().await?;
    story.tell(&format!(
        "somebody guesses at its secret, and reads: {}",
        explain(&ended, "the helper")
    ));
    story.tell(&format!(
        "helper: that code is spent ({spent} within the last hour); asks for another"
    ));
    Ok(())
}
