//! Codes that a relay gives out.

use std::collections::BTreeSet;

use alongside_wire::{
    ErrorCode,
    rendezvous::{CodeRequest, Message},
};

use super::{
    limits::limited,
    words::{gone, refused},
};
use crate::{
    case::Case,
    stage::{Done, Heard, RelayStage, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/code/issued",
            "a code lives as long as the relay states",
            &["RDV-3"],
            issued,
        ),
        Case::relay(
            "relay/code/shortest",
            "while hardly another code lives a locator has 4 characters",
            &["RDV-17"],
            shortest,
        ),
        Case::relay(
            "relay/code/drawn",
            "locators are drawn from all that there are, and none that is live is drawn again",
            &["RDV-16"],
            drawn,
        ),
        Case::relay(
            "relay/code/longer",
            "with more live codes than 4 characters are enough for, locators have 5",
            &["RDV-17"],
            longer,
        ),
        Case::relay(
            "relay/code/full",
            "with as many live codes as there may be another is refused, and those that live go on",
            &["RDV-19", "RDV-20"],
            full,
        )
        .set_up(&limited("codes", 8))
        .twin("relay/code/issued"),
        Case::relay(
            "relay/code/of-one-source",
            "a source with as many live codes as it may have gets no other, and another source does",
            &["SOURCE-2"],
            of_one_source,
        )
        .twin("relay/code/issued"),
        Case::relay(
            "relay/code/given-back",
            "a code that is given back is dead, and its client can have another",
            &["RDV-21"],
            given_back,
        )
        .twin("relay/join/live"),
        Case::relay(
            "relay/code/lives",
            "a code can be joined by until its time is over",
            &["RDV-12"],
            lives,
        ),
        Case::relay(
            "relay/code/expires",
            "a helper whose code has lived its time is told, the code is dead, and it can have another",
            &["RDV-12", "RDV-21"],
            expires,
        )
        .twin("relay/code/lives"),
    ]
}

fn issued(stage: &mut RelayStage<'_>) -> Done {
    let lifetime = stage.timer("code-lifetime")?;
    let who = stage.client()?;
    stage.say(who, CodeRequest {});
    let heard = stage.await_(who, "code-issued", |heard| heard.is("code-issued"))?;
    let Heard::Said(Message::CodeIssued(issued)) = heard else {
        return Err(Stop::Harness("no code".to_owned()));
    };
    let seen = format!("{} ms", issued.lifetime_ms);
    let right = u64::from(issued.lifetime_ms) == lifetime;
    stage.check(
        "RDV-3",
        right,
        &format!("{lifetime} ms, as is stated"),
        seen,
    )
}

fn shortest(stage: &mut RelayStage<'_>) -> Done {
    if !stage.is_ours() {
        let why = "how many codes live at a relay that runs already is not known";
        return Err(Stop::Untestable(why.to_owned()));
    }
    let (_, locator) = stage.helper()?;
    let length = locator.as_str().len();
    stage.check("RDV-17", length == 4, "4 characters", format!("{length}"))
}

fn drawn(stage: &mut RelayStage<'_>) -> Done {
    let mut locators = Vec::new();
    for number in 0..60 {
        let who = stage.client_from(number % 6)?;
        locators.push(stage.code(who)?.as_str().to_owned());
    }
    let different: BTreeSet<_> = locators.iter().collect();
    let again = locators.len() - different.len();
    stage.check(
        "RDV-16",
        again == 0,
        "no live locator again",
        format!("{again} came again"),
    )?;
    // Of 60 draws of 32 characters some 27 are different; 12 are not to be expected in a lifetime.
    for place in 0..4 {
        let characters: BTreeSet<_> = locators
            .iter()
            .map(|one| one.as_bytes().get(place))
            .collect();
        let seen = format!(
            "{} different characters in place {place} of 60",
            characters.len()
        );
        stage.check(
            "RDV-16",
            characters.len() > 12,
            "draws that are spread",
            seen,
        )?;
    }
    let sorted = locators.is_sorted() || locators.iter().rev().is_sorted();
    stage.check("RDV-16", !sorted, "draws in no order", "they are in order")
}

fn longer(stage: &mut RelayStage<'_>) -> Done {
    let of_source = usize::try_from(stage.limit("codes-per-source")?).unwrap_or(usize::MAX);
    let codes = stage.limit("codes")?;
    let needed = 32_usize.pow(4) / 2_000 + 1;
    if codes < needed as u64 || of_source * 200 < needed {
        return Err(Stop::Untestable(format!(
            "it takes {needed} codes, and there are {codes} at most"
        )));
    }
    let mut length = 0;
    for number in 0..needed {
        let source = u8::try_from(number / of_source.min(64)).unwrap_or(u8::MAX);
        let who = stage.client_from(source)?;
        length = stage.code(who)?.as_str().len();
        if number + 1 == needed / 2 {
            let seen = format!("{length} characters with {number} codes");
            stage.check(
                "RDV-17",
                length == 4 || !stage.is_ours(),
                "4 characters",
                seen,
            )?;
        }
    }
    let seen = format!("{length} characters with {needed} codes");
    let right = length == 5 || (length > 5 && !stage.is_ours());
    stage.check("RDV-17", right, "5 characters", seen)
}

fn full(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.limit_within("codes", 16)?;
    let mut helpers = Vec::new();
    for number in 0..most {
        let source = u8::try_from(number).unwrap_or(u8::MAX);
        let helper = stage.client_from(source)?;
        helpers.push((helper, stage.code(helper)?));
    }
    let one_more = stage.client_from(100)?;
    stage.say(one_more, CodeRequest {});
    stage.next("RDV-19", one_more, &refused(ErrorCode::Busy))?;
    for (helper, locator) in helpers {
        stage.silent("RDV-20", helper)?;
        let sharer = stage.client_from(101)?;
        stage.join(sharer, locator, b"an offer")?;
        stage.sees("RDV-20", helper, "joined", |heard| heard.is("joined"))?;
    }
    Ok(())
}

fn of_one_source(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.limit_within("codes-per-source", 128)?;
    let mut last = None;
    for _ in 0..most {
        let (helper, _) = stage.helper()?;
        last = Some(helper);
    }
    let one_more = stage.client()?;
    stage.say(one_more, CodeRequest {});
    stage.next("SOURCE-2", one_more, &refused(ErrorCode::Busy))?;
    let elsewhere = stage.client_from(1)?;
    let heard = stage.code(elsewhere);
    stage.check(
        "SOURCE-2",
        heard.is_ok(),
        "a code for another source",
        "it has none",
    )?;
    // One that is given back makes room.
    if let Some(last) = last {
        stage.leave(last, ErrorCode::Done.to_wire());
        stage.settle()?;
        stage.say(one_more, CodeRequest {});
        stage.sees("SOURCE-2", one_more, "code-issued", |heard| {
            heard.is("code-issued")
        })?;
    }
    Ok(())
}

fn given_back(stage: &mut RelayStage<'_>) -> Done {
    let (helper, locator) = stage.helper()?;
    stage.leave(helper, ErrorCode::Done.to_wire());
    let other = stage.code(helper)?;
    stage.check(
        "RDV-21",
        other != locator,
        "another locator",
        "it is the same",
    )?;
    let sharer = stage.client()?;
    stage.join(sharer, locator, b"an offer")?;
    stage.next("RDV-21", sharer, &refused(ErrorCode::NotFound))?;
    stage.silent("RDV-21", helper)
}

fn lives(stage: &mut RelayStage<'_>) -> Done {
    let lifetime = stage.timer("code-lifetime")?;
    let (helper, locator) = stage.helper()?;
    stage.pass(lifetime - 2_000)?;
    stage.silent("RDV-12", helper)?;
    let sharer = stage.client()?;
    stage.join(sharer, locator, b"an offer")?;
    stage.sees("RDV-12", helper, "joined", |heard| heard.is("joined"))?;
    Ok(())
}

fn expires(stage: &mut RelayStage<'_>) -> Done {
    let lifetime = stage.timer("code-lifetime")?;
    let (helper, locator) = stage.helper()?;
    stage.pass(lifetime)?;
    stage.only("RDV-12", helper, &[gone(ErrorCode::CodeExpired)])?;
    let sharer = stage.client()?;
    stage.join(sharer, locator, b"an offer")?;
    stage.next("RDV-21", sharer, &refused(ErrorCode::NotFound))?;
    let again = stage.code(helper)?;
    stage.check(
        "RDV-12",
        again != locator,
        "another locator",
        "it is the same",
    )
}
