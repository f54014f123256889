//! What a relay refuses, because the organisation or the helper's role does not allow it.

use alongside_client::{helper, sharer};
use alongside_wire::Scopes;

use crate::cli::{
    Failure,
    demo::{
        House, Stage, Story,
        cast::{self, Cast, Parts, Way},
        seen::Seen,
    },
    exit::explain,
};

pub(crate) async fn play(house: &House, stage: &Stage, story: &mut Story) -> Result<(), Failure> {
    story.act("What the organisation does not allow");
    let nora = Parts {
        helps_as: house.account("Nora")?,
        ..Parts::default()
    };
    let mut helper = cast::helper(house, &nora, Seen::default())?;
    let ended = helper.leave().await?;
    story.tell(&format!(
        "helper: Nora has no role, and reads: {}",
        explain(&ended, "the sharer")
    ));
    let sharers = [
        ("nobody knows who", None, Way::Code),
        (
            "Una's device is not enrolled",
            house.account("Una")?,
            Way::Code,
        ),
        ("Sam comes by a link", house.account("Sam")?, Way::Link),
    ];
    let mut parts = Parts {
        helps_as: house.account("Vera")?,
        ..Parts::default()
    };
    let seen = Seen::default();
    let mut helper = cast::helper(house, &parts, seen.clone())?;
    for (what, shares_as, way) in sharers {
        let code = cast::code(&mut helper, story).await?;
        let start = match way {
            Way::Link => sharer::Start::Link(code),
            Way::Code | Way::Device => sharer::Start::Code(code),
        };
        parts.shares_as = shares_as;
        let mut sharer = cast::sharer(house, stage, start, &parts)?;
        let ended = sharer.leave().await?;
        let why = explain(&ended, "the helper");
        story.tell(&format!("sharer: {what}, and reads: {why}"));
        helper.order(helper::Command::NewCode).await;
    }
    let code = cast::code(&mut helper, story).await?;
    parts.shares_as = house.account("Sam")?;
    let mut cast = Cast::join(helper, seen, code, house, stage, &parts, story).await?;
    cast.agree(story).await?;
    let code = cast.refused(Scopes::CONTROL).await?;
    story.tell(&format!(
        "helper: Vera may see, by her role; asks for control, and is refused ({code})"
    ));
    cast.helper.order(helper::Command::End).await;
    cast.helper.leave().await?;
    cast.sharer.leave().await?;
    Ok(())
}
