//! Two colleagues, who know each other by full cards, and a device that their organisation knows.

use alongside_client::{Reporting, helper, sharer};
use alongside_state_machine::identity::Identity;
use alongside_wire::{DeviceStatus, ReportCategory, Scopes};

use crate::cli::{
    Failure,
    demo::{
        House, Stage, Story,
        cast::{Cast, Parts, Way},
        evidence,
    },
    words::signed_in_as,
};

pub(crate) async fn play(house: &House, stage: &Stage, story: &mut Story) -> Result<(), Failure> {
    story.act("Colleagues, with full cards and pictures, and a device that is not as it should be");
    let office = &house.office;
    let ada = office.colleague("Ada", "Lovelace", "Support engineer")?;
    let bea = office.colleague("Bea", "Byron", "Bookkeeper")?;
    let parts = Parts {
        helper: Identity {
            card: Some(ada.card),
            ..office.believer()
        },
        helps_as: house.account("Ada")?,
        sharer: Identity {
            card: Some(bea.card.clone()),
            device: Some(office.device(DeviceStatus::NotCompliant)?),
            ..office.believer()
        },
        way: Way::Device,
        receipts: Some(sharer::Receipts {
            share: false,
            key: Some(bea.receipt_key),
        }),
        ..Parts::default()
    };
    let mut cast = Cast::meet(house, stage, &parts, story).await?;
    let known = cast.helper.log.iter().find_map(|event| match event {
        helper::Event::SignedIn(signed_in) => Some(signed_in_as(signed_in)),
        _ => None,
    });
    story.tell(&format!("helper: {}", known.ok_or("nobody signed in")?));
    cast.sharers_card(story).await?;
    cast.agree(story).await?;
    let code = cast.refused(Scopes::ELEVATION).await?;
    story.tell(&format!(
        "helper: asks to answer the system's own prompts; refused ({code}): this system cannot \
         let it"
    ));
    story.tell("sharer: finds this odd after all: ends and reports, in one act");
    let report = sharer::Command::EndAndReport(ReportCategory::Other);
    cast.sharer.order(report).await;
    cast.helper.leave().await?;
    cast.sharer.leave().await?;
    let taken = sharer::Event::Reported(Reporting::Taken);
    if !cast.sharer.log.contains(&taken) {
        return Err("the relay took no report".into());
    }
    evidence::verify(&cast, house, &parts.helper.anchors, story)
}
