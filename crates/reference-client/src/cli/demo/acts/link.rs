//! Who joins by a link is seen, and no more.

use alongside_client::{Misuse, helper, sharer};
use alongside_wire::Scopes;

use crate::cli::{
    Failure,
    demo::{
        House, Stage, Story,
        cast::{Cast, Parts, Way},
    },
};

pub(crate) async fn play(house: &House, stage: &Stage, story: &mut Story) -> Result<(), Failure> {
    story.act("By a link");
    let parts = Parts {
        way: Way::Link,
        ..Parts::default()
    };
    let mut cast = Cast::meet(house, stage, parts, story).await?;
    cast.agree(story).await?;
    cast.helper
        .order(helper::Command::RequestControl(Scopes::CONTROL))
        .await;
    let beyond = helper::Event::NotNow(Misuse::Scope);
    cast.helper
        .hear("a refusal", |event| (*event == beyond).then_some(()))
        .await?;
    story.tell("helper: asks for control, which cannot be had by a link; nobody is asked");
    cast.helper.order(helper::Command::End).await;
    cast.sharer_hears("the end", |event| {
        matches!(event, sharer::SessionEvent::Ended(_))
    })
    .await?;
    story.tell("helper: ends; sharer: knows");
    cast.helper.leave().await?;
    cast.sharer.leave().await?;
    Ok(())
}
