//! How a relay is run without hurting anybody: it drains, and has its certificate renewed.

use alongside_wire::{
    ErrorCode,
    rendezvous::{CodeRequest, Message, PeerBack, PeerLost, Rejoin},
};

use super::{
    delays::{by, nobodys},
    hold::token_of,
    words::{delivered, gone, refused, rejoined},
};
use crate::{
    case::Case,
    stage::{Done, RelayStage, Who},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/drain/begins-nothing",
            "a relay that drains gives out no code and takes no join",
            &["DRAIN-1"],
            begins_nothing,
        )
        .needs("drain")
        .twin("relay/drain/sessions-go-on"),
        Case::relay(
            "relay/drain/outside",
            "who is outside a session when a relay begins to drain is told, and closed",
            &["DRAIN-2"],
            outside,
        )
        .needs("drain")
        .twin("relay/drain/sessions-go-on"),
        Case::relay(
            "relay/drain/sessions-go-on",
            "a session goes on while its relay drains, and who is lost can come back",
            &["DRAIN-3"],
            sessions_go_on,
        )
        .needs("drain"),
        Case::relay(
            "relay/certificate/renewed",
            "connections outlive the certificate that they began with, and new ones have the new one",
            &["OPERATION-3"],
            renewed,
        )
        .needs("renew-certificate"),
    ]
}

const DRAINING: Message = refused(ErrorCode::Draining);

fn begins_nothing(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    stage.drain()?;
    stage.leave(helper, ErrorCode::Done.to_wire());
    stage.next("RDV-10", sharer, &gone(ErrorCode::Done))?;
    let late = stage.client()?;
    for who in [helper, sharer, late] {
        stage.say(who, CodeRequest {});
        stage.next("DRAIN-1", who, &DRAINING)?;
        stage.say(who, by(nobodys()));
        stage.tick(who)?;
        stage.next("DRAIN-1", who, &DRAINING)?;
    }
    Ok(())
}

fn outside(stage: &mut RelayStage<'_>) -> Done {
    let idle = stage.client()?;
    let (with_code, _) = stage.helper()?;
    let silent = stage.connect()?;
    stage.settle()?;
    stage.drain()?;
    for who in [idle, with_code] {
        stage.next("DRAIN-2", who, &gone(ErrorCode::RelayShutdown))?;
        stage.closes("DRAIN-2", who, ErrorCode::RelayShutdown)?;
    }
    stage.closes("DRAIN-2", silent, ErrorCode::RelayShutdown)
}

fn talk(stage: &mut RelayStage<'_>, requirement: &'static str, [one, other]: [Who; 2]) -> Done {
    for (from, to) in [(one, other), (other, one)] {
        stage.deliver(from, b"still here");
        stage.next(requirement, to, &delivered(b"still here"))?;
    }
    Ok(())
}

fn sessions_go_on(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let token = token_of(stage, sharer)?;
    stage.drain()?;
    talk(stage, "DRAIN-3", [helper, sharer])?;
    stage.close(sharer, ErrorCode::Lost.to_wire());
    stage.next("DRAIN-3", helper, &PeerLost {}.into())?;
    let back = stage.client()?;
    stage.say(back, Rejoin { token });
    stage.next("DRAIN-3", back, &rejoined(true))?;
    stage.next("DRAIN-3", helper, &PeerBack {}.into())?;
    talk(stage, "DRAIN-3", [helper, back])?;
    stage.silent("DRAIN-3", helper)
}

fn renewed(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let idle = stage.client()?;
    stage.renew_certificate()?;
    // Whoever comes now sees the new one: the suite takes no other.
    let (_, locator) = stage.must("OPERATION-3", RelayStage::helper)?;
    talk(stage, "OPERATION-3", [helper, sharer])?;
    stage.join(idle, locator, b"an offer")?;
    stage.sees("OPERATION-3", idle, "place", |heard| heard.is("place"))?;
    Ok(())
}
