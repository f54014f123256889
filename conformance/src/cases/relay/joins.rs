//! Codes and joins at a relay.

use alongside_wire::{
    ErrorCode,
    code::Locator,
    rendezvous::{Joined, Message, Refused},
};

use crate::{
    case::Case,
    stage::{Done, Heard, RelayStage},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/join/live",
            "a join by a live code pairs both, and the helper gets the offer as it came",
            &["RDV-30", "HOLD-1"],
            live,
        ),
        Case::relay(
            "relay/join/unknown",
            "a join by a locator that nobody has is refused with not-found",
            &["RDV-21"],
            unknown,
        )
        .twin("relay/join/live"),
        Case::relay(
            "relay/join/spent",
            "a join by a code that was joined before is refused with not-found",
            &["CODE-7", "RDV-21"],
            spent,
        )
        .twin("relay/join/live"),
    ]
}

const NOT_FOUND: Message = Message::Refused(Refused {
    code: ErrorCode::NotFound.to_wire(),
});

fn live(stage: &mut RelayStage<'_>) -> Done {
    let (helper, locator) = stage.helper()?;
    let sharer = stage.client()?;
    stage.join(sharer, locator, b"an offer")?;
    let joined = Message::Joined(Joined {
        offer: b"an offer".to_vec(),
    });
    stage.next("RDV-30", helper, &joined)?;
    stage.sees("HOLD-1", helper, "place", |heard| heard.is("place"))?;
    stage.sees("HOLD-1", sharer, "place", |heard| heard.is("place"))?;
    Ok(())
}

fn unknown(stage: &mut RelayStage<'_>) -> Done {
    let sharer = stage.client()?;
    stage.join(sharer, Locator::from_random(&[7; 8], 8), b"an offer")?;
    stage.next("RDV-21", sharer, &NOT_FOUND)
}

fn spent(stage: &mut RelayStage<'_>) -> Done {
    let (_, locator) = stage.helper()?;
    let first = stage.client()?;
    stage.join(first, locator, b"an offer")?;
    stage.await_(first, "place", |heard| heard.is("place"))?;
    let sharer = stage.client()?;
    stage.join(sharer, locator, b"an offer")?;
    let answer = stage.sees("CODE-7", sharer, "a refusal", |_| true)?;
    stage.check(
        "CODE-7",
        answer.is("refused"),
        "a refusal",
        answer.to_string(),
    )?;
    let right = answer == Heard::Said(NOT_FOUND);
    stage.check("RDV-21", right, "not-found", answer.to_string())
}
