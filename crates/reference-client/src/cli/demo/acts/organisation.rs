//! A helper who is known: signed in to the relay, with a card that an issuer vouches for.

use alongside_client::{Reporting, helper, sharer};
use alongside_wire::ReportCategory;

use crate::cli::{
    Failure,
    demo::{
        House, Stage, Story,
        cast::{Cast, Parts, Way},
    },
    words::signed_in_as,
};

pub(crate) async fn play(house: &House, stage: &Stage, story: &mut Story) -> Result<(), Failure> {
    story.act("Somebody of an organisation, and a device that it knows");
    let parts = Parts {
        helper: house.ada()?,
        account: Some(house.account()?),
        sharer: house.trusting(),
        way: Way::Device,
        ..Parts::default()
    };
    let mut cast = Cast::meet(house, stage, parts, story).await?;
    let known = cast.helper.log.iter().find_map(|event| match event {
        helper::Event::SignedIn(signed_in) => Some(signed_in_as(signed_in)),
        _ => None,
    });
    story.tell(&format!("helper: {}", known.ok_or("nobody signed in")?));
    cast.agree(story).await?;
    story.tell("sharer: finds this odd after all: ends and reports, in one act");
    let report = sharer::Command::EndAndReport(ReportCategory::Other);
    cast.sharer.order(report).await;
    cast.helper.leave().await?;
    cast.sharer.leave().await?;
    let taken = sharer::Event::Reported(Reporting::Taken);
    if !cast.sharer.log.contains(&taken) {
        return Err("the relay took no report".into());
    }
    Ok(())
}
