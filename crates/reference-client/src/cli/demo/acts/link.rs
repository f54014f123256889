//! Who joins by a link is seen, and no more; and the sharer shows who they are.

use alongside_client::{helper, sharer};
use alongside_state_machine::identity::Identity;
use alongside_wire::Scopes;

use crate::cli::{
    Failure,
    demo::{
        House, Stage, Story,
        cast::{Cast, Parts, Way},
    },
};

pub(crate) async fn play(house: &House, stage: &Stage, story: &mut Story) -> Result<(), Failure> {
    story.act("By a link, with a helper whom nobody vouches for, at the second relay");
    let bea = house.office.colleague("Bea", "Byron", "Bookkeeper")?;
    let parts = Parts {
        helper: house.office.believer(),
        sharer: Identity {
            card: Some(bea.card),
            ..house.office.believer()
        },
        way: Way::Link,
        dead_first: true,
        ..Parts::default()
    };
    let mut cast = Cast::meet(house, stage, &parts, story).await?;
    let shown = |event: &helper::Event| matches!(event, helper::Event::Sharer(_));
    if cast.helper.log.iter().any(shown) {
        return Err("a card was shown to somebody whom nobody vouches for".into());
    }
    story.tell("sharer: shows no card to such a person by itself; shows it anyway");
    cast.sharer.order(sharer::Command::ShowCard).await;
    cast.sharers_card(story).await?;
    cast.agree(story).await?;
    let code = cast.refused(Scopes::CONTROL).await?;
    story.tell(&format!(
        "helper: asks for control; refused ({code}), and nobody is asked: a link is for sight"
    ));
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
