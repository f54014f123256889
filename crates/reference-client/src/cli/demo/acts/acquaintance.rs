//! A helper who tells a first name and an initial; and an end without a network.

use std::time::Instant;

use alongside_client::{helper, sharer};
use alongside_state_machine::identity::Identity;
use alongside_wire::DeviceStatus;

use crate::cli::{
    Failure,
    demo::{
        House, Stage, Story,
        cast::{Cast, Parts},
    },
};

pub(crate) async fn play(house: &House, stage: &Stage, story: &mut Story) -> Result<(), Failure> {
    story.act("A helper with an abbreviated card, and a device that is not enrolled");
    let office = &house.office;
    let parts = Parts {
        helper: Identity {
            card: Some(office.acquaintance("Grace", "H")?.card),
            ..office.believer()
        },
        sharer: Identity {
            device: Some(office.device(DeviceStatus::Unenrolled)?),
            ..office.believer()
        },
        ..Parts::default()
    };
    let mut cast = Cast::meet(house, stage, &parts, story).await?;
    cast.agree(story).await?;
    house.path.cut(true);
    story.tell("the sharer's network goes away, for good");
    let began = Instant::now();
    cast.sharer.order(sharer::Command::End).await;
    cast.sharer_hears("the end", |event| {
        matches!(event, sharer::SessionEvent::Ended(_))
    })
    .await?;
    story.tell(&format!(
        "sharer: ends all the same; over after {} ms",
        began.elapsed().as_millis()
    ));
    // It would know by itself, in 36 seconds at most.
    cast.helper.order(helper::Command::End).await;
    cast.helper.leave().await?;
    cast.sharer.leave().await?;
    house.path.cut(false);
    Ok(())
}
