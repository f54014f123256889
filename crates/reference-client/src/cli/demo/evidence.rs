//! What the sharer signed, written down and checked as anybody could.

use std::{collections::BTreeSet, fs};

use alongside_client::sharer;
use alongside_state_machine::{
    identity::trust::Anchor,
    receipt::{attribution::attribute, verify},
};
use alongside_wire::receipt::{FILE_START, append_card, append_receipt};

use super::{Failure, House, Story, cast::Cast};
use crate::cli::receipt::whose;

pub(super) fn verify(
    cast: &Cast,
    house: &House,
    anchors: &[Anchor],
    story: &mut Story,
) -> Result<(), Failure> {
    let mut bytes = FILE_START.to_vec();
    let mut named = BTreeSet::new();
    for event in &cast.sharer.log {
        if let sharer::Event::Receipt(receipt, cards) = event {
            named.extend(cards);
            append_receipt(receipt, &mut bytes);
        }
    }
    for card in named {
        append_card(card, &mut bytes);
    }
    let file = house.file("receipts");
    fs::write(&file, bytes)?;
    let report = verify::verify(&fs::read(&file)?).map_err(|error| error.to_string())?;
    if !report.findings.is_empty() || !report.complete {
        return Err("the receipts do not hold".into());
    }
    story.tell(&format!(
        "sharer: signed {} decisions of this session, and they hold. {}",
        report.receipts.len(),
        whose(&attribute(&report, anchors))
    ));
    Ok(())
}
