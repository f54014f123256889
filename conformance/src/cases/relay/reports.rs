//! Reports of abuse.

use alongside_wire::{
    ErrorCode,
    rendezvous::{CodeRequest, Message, Report, Reported},
};
use serde_json::json;

use super::{
    limits::limited,
    words::{gone, refused},
};
use crate::{
    case::Case,
    stage::{Done, RelayStage, SetUp, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/report/both",
            "both ends can report a session, each once, and neither hears of the other's",
            &["REPORT-4", "REPORT-5", "REPORT-11"],
            both,
        ),
        Case::relay(
            "relay/report/of-one-source",
            "a source that made as many reports as it may is refused with busy, until it made none for long",
            &["REPORT-6"],
            of_one_source,
        )
        .twin("relay/report/both"),
        Case::relay(
            "relay/report/each-day",
            "as many reports as there may be on a day are taken, and more on the next",
            &["REPORT-7"],
            each_day,
        )
        .set_up(&limited("reports-each-day", 2))
        .twin("relay/report/both"),
        Case::relay(
            "relay/report/not-kept",
            "a relay that keeps no reports refuses one as unsupported, and says that it takes none",
            &["REPORT-8"],
            not_kept,
        )
        .set_up(&SetUp::default().with("reports", json!(false)))
        .twin("relay/report/both"),
    ]
}

const REPORTED: Message = Message::Reported(Reported {});

fn are_taken(stage: &mut RelayStage<'_>) -> Done {
    match stage.limit("reports-per-source")? {
        0 => Err(Stop::Untestable(
            "it takes a relay that keeps reports: let it follow `reports` of the set-up file in driver.md"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

/// A client that was a helper in a session which is over, and may report it.
fn past(stage: &mut RelayStage<'_>, source: u8) -> Done<(Who, Who)> {
    let helper = stage.client_from(source)?;
    let locator = stage.code(helper)?;
    let sharer = stage.client_from(200)?;
    stage.join(sharer, locator, b"an offer")?;
    for end in [helper, sharer] {
        stage.await_(end, "place", |heard| heard.is("place"))?;
    }
    stage.leave(helper, ErrorCode::Done.to_wire());
    let over = gone(ErrorCode::Done);
    stage.next("RDV-10", sharer, &over)?;
    Ok((helper, sharer))
}

fn reports(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    source: u8,
    answer: &Message,
) -> Done {
    let (who, _) = past(stage, source)?;
    stage.say(who, Report { category: 1 });
    stage.next(requirement, who, answer)
}

fn both(stage: &mut RelayStage<'_>) -> Done {
    are_taken(stage)?;
    let (helper, sharer) = past(stage, 1)?;
    for (one, other) in [(helper, sharer), (sharer, helper)] {
        stage.say(one, Report { category: 2 });
        stage.next("REPORT-4", one, &REPORTED)?;
        stage.silent("REPORT-11", other)?;
        stage.say(one, Report { category: 2 });
        stage.next("REPORT-5", one, &refused(ErrorCode::NothingToReport))?;
        stage.silent("REPORT-11", other)?;
    }
    Ok(())
}

fn of_one_source(stage: &mut RelayStage<'_>) -> Done {
    are_taken(stage)?;
    let most = stage.limit_within("reports-per-source", 16)?;
    for _ in 0..most {
        reports(stage, "REPORT-6", 1, &REPORTED)?;
    }
    reports(stage, "REPORT-6", 1, &refused(ErrorCode::Busy))?;
    reports(stage, "REPORT-6", 2, &REPORTED)?;
    let decay = stage.timer("report-decay")?;
    stage.pass(decay)?;
    reports(stage, "REPORT-6", 1, &REPORTED)
}

fn each_day(stage: &mut RelayStage<'_>) -> Done {
    are_taken(stage)?;
    let most = stage.limit_within("reports-each-day", 16)?;
    // From the beginning of a day, so that all of it is on one, and none was made on it.
    let day = 86_400_000;
    let past = stage.time() % day;
    stage.pass(day - past)?;
    for source in 0..most {
        let source = u8::try_from(source).unwrap_or(u8::MAX);
        reports(stage, "REPORT-7", source, &REPORTED)?;
    }
    reports(stage, "REPORT-7", 100, &refused(ErrorCode::Busy))?;
    stage.pass(day)?;
    reports(stage, "REPORT-7", 100, &REPORTED)
}

fn not_kept(stage: &mut RelayStage<'_>) -> Done {
    let stated = stage.limit("reports-per-source")?;
    let (who, _) = past(stage, 1)?;
    stage.say(who, Report { category: 1 });
    let any = |_: &_| true;
    let heard = stage.sees("REPORT-8", who, "an answer", any)?;
    if stated > 0 && heard.is("reported") {
        return Err(Stop::Untestable(
            "it keeps reports: let it follow `reports` of the set-up file in driver.md".to_owned(),
        ));
    }
    let unsupported = heard.code() == Some(ErrorCode::Unsupported.to_wire());
    let expected = "refused unsupported";
    stage.check("REPORT-8", unsupported, expected, heard.to_string())?;
    let seen = format!("{stated}");
    let expected = "the limit reports-per-source to be stated as 0";
    stage.check("REPORT-8", stated == 0, expected, seen)?;
    stage.say(who, CodeRequest {});
    stage.sees("REPORT-8", who, "code-issued", |heard| {
        heard.is("code-issued")
    })?;
    Ok(())
}
