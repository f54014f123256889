//! How a session ends, whoever ends it.

use std::time::{Duration, Instant};

use alongside_wire::{
    ErrorCode,
    rendezvous::{Gone, Report, Reported},
    session::{Chat, End},
};

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::client(
            "client/end/own",
            "a person ends the session: sealed end, leave, and the connection closed, all with done",
            &["END-1", "END-2", "END-3", "TRANSPORT-9"],
            own,
        ),
        Case::client(
            "client/end/in-time",
            "a client that finishes its control stream closes its connection within a second",
            &["TRANSPORT-15"],
            in_time,
        ),
        Case::client(
            "client/end/other",
            "a client ends when the other end does, and says no end of its own",
            &["END-2", "END-4"],
            other,
        ),
        Case::client(
            "client/end/relay",
            "a client ends when the relay says gone",
            &["END-5"],
            relay,
        ),
        Case::client(
            "client/end/asking",
            "a person ends before there is a session: leave, and the connection closed with done",
            &["END-1", "END-3"],
            |stage| {
                stage.asking()?;
                ends_here(stage)
            },
        ),
        Case::client(
            "client/end/securing",
            "a person ends within the key exchange",
            &["END-1", "END-3"],
            |stage| {
                stage.securing()?;
                ends_here(stage)
            },
        ),
        Case::client(
            "client/end/deciding",
            "a person ends while consent is decided: a sealed end as well",
            &["END-1", "END-2", "END-3"],
            |stage| {
                stage.deciding()?;
                let from = stage.fresh()?;
                ends_here(stage)?;
                let sealed = stage.ended_sealed(from) == Some(ErrorCode::Done.to_wire());
                let seen = stage.since(from);
                stage.check("END-2", sealed, "a sealed end with done", seen)
            },
        ),
        Case::client(
            "client/end/unconnected",
            "a person ends before the relay has answered",
            &["END-1"],
            |stage| {
                stage.connected()?;
                stage.act("end")?;
                stage.tells("END-1", "ended").map(|_| ())
            },
        ),
        Case::client(
            "client/end/unknown-code",
            "an end with a code that nobody knows ends the session, as done",
            &["END-4", "END-7"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(End { code: 0x7777 })?;
                let ended = stage.tells("END-4", "ended")?;
                let right = ended.text("code") == "done" && ended.text("by") == "other";
                stage.check(
                    "END-7",
                    right,
                    "done, by the other end",
                    format!("{ended:?}"),
                )
            },
        ),
        Case::client(
            "client/end/told",
            "the person is told who ended the session and why",
            &["END-7"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(End {
                    code: ErrorCode::Declined.to_wire(),
                })?;
                let ended = stage.tells("END-7", "ended")?;
                let right = ended.text("code") == "declined" && ended.text("by") == "other";
                stage.check(
                    "END-7",
                    right,
                    "declined, by the other end",
                    format!("{ended:?}"),
                )
            },
        ),
        Case::client(
            "client/end/told-violation",
            "the person is told of a violation, and of the clause if the client says one",
            &["END-7", "ERROR-1", "ERROR-2"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(Chat {
                    id: 7,
                    text: "out of order".to_owned(),
                })?;
                stage.ends_with("ERROR-2", "ERROR-1", ErrorCode::UnexpectedMessage)?;
                let ended = stage.tells("END-7", "ended")?;
                let right = ended.text("code") == "unexpected-message"
                    && ["", "CHAT-2"].contains(&ended.text("clause"));
                stage.check("END-7", right, "the violation", format!("{ended:?}"))
            },
        ),
        Case::client(
            "client/end/deaf-afterwards",
            "what comes after the end is ignored",
            &["SESSION-2"],
            |stage| {
                stage.viewing()?;
                stage.seal(&[
                    End {
                        code: ErrorCode::Done.to_wire(),
                    }
                    .into(),
                    Chat {
                        id: 7,
                        text: "out of order".to_owned(),
                    }
                    .into(),
                ])?;
                stage.ends("SESSION-2", ErrorCode::Done)?;
                stage.settle()?;
                let told = stage.count(0, |item| item.is_told("chat"));
                stage.check("SESSION-2", told == 0, "no chat told", told.to_string())
            },
        ),
        Case::client(
            "client/report/one-act",
            "the person ends a session and reports it in one act: leave, then report",
            &["REPORT-2", "REPORT-3"],
            |stage| {
                stage.viewing()?;
                reports(stage, "REPORT-2")
            },
        )
        .needs("report"),
        Case::client(
            "client/report/not-unasked",
            "nothing is reported that the person did not ask to report",
            &["REPORT-1"],
            |stage| {
                stage.viewing()?;
                stage.act("end")?;
                stage.ends("REPORT-1", ErrorCode::Done)?;
                stage.never("REPORT-1", 0, "report", |item| item.is_to_relay("report"))
            },
        )
        .needs("report"),
    ]
}

/// The person ends, and nobody has to answer; the code is what that requirement says.
fn ends_at_once(stage: &mut ClientStage<'_>, of_code: &'static str) -> Done {
    stage.must("END-1", |stage| stage.act("end"))?;
    stage.ends_with("END-1", of_code, ErrorCode::Done)
}

/// The person ends, and the relay is told.
fn ends_here(stage: &mut ClientStage<'_>) -> Done {
    let from = stage.fresh()?;
    ends_at_once(stage, "END-1")?;
    let left = stage.left(from) == Some(ErrorCode::Done.to_wire());
    let seen = stage.since(from);
    stage.check("END-3", left, "leave with done", seen)
}

/// The person ends and reports in one act; the report comes after the leave, on the same connection.
pub(in crate::cases) fn reports(stage: &mut ClientStage<'_>, requirement: &'static str) -> Done {
    let from = stage.fresh()?;
    stage.does("end", serde_json::json!({ "report": "scam" }))?;
    let report = stage.sees(requirement, "report", |item| item.is_to_relay("report"))?;
    let right = report == Item::ToRelay(Report { category: 1 }.into());
    stage.check("REPORT-2", right, "the category scam", report.to_string())?;
    let place = |name: &str| {
        stage
            .log
            .iter()
            .skip(from)
            .position(|item| item.is_to_relay(name))
    };
    let (left, reported) = (place("leave"), place("report"));
    let seen = stage.since(from);
    stage.check(
        "REPORT-3",
        left.is_some() && left < reported,
        "leave before report",
        seen,
    )?;
    stage.say(Reported {});
    stage.told("reported").map(|_| ())
}

fn own(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    let from = stage.here();
    ends_at_once(stage, "TRANSPORT-9")?;
    let done = Some(ErrorCode::Done.to_wire());
    let seen = stage.since(from);
    let sealed = stage.ended_sealed(from);
    stage.check(
        "END-2",
        sealed == done,
        "a sealed end with done",
        seen.clone(),
    )?;
    let left = stage.left(from);
    stage.check("END-3", left == done, "leave with done", seen)
}

fn in_time(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.must("END-1", |stage| stage.act("end"))?;
    // Who does not finish it closes at once.
    let last = |item: &Item| matches!(item, Item::ControlEnded | Item::Closed(_));
    let item = stage.sees("TRANSPORT-9", "the connection closed", last)?;
    let since = Instant::now();
    if item == Item::ControlEnded {
        let closed = |item: &Item| matches!(item, Item::Closed(_));
        stage.sees("TRANSPORT-15", "the connection closed", closed)?;
    }
    let took = since.elapsed();
    // Half of a second is for the way.
    let seen = format!("closed after {} ms", took.as_millis());
    let in_time = took < Duration::from_millis(1_500);
    stage.check("TRANSPORT-15", in_time, "closed within a second", seen)
}

fn other(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    let from = stage.here();
    stage.seal_one(End {
        code: ErrorCode::Done.to_wire(),
    })?;
    stage.ends("END-4", ErrorCode::Done)?;
    stage.never("END-2", from, "sealed end", |item| item.end().is_some())
}

fn relay(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.say(Gone {
        code: ErrorCode::SessionLength.to_wire(),
    });
    stage
        .sees("END-5", "the connection closed", |item| {
            matches!(item, Item::Closed(_))
        })
        .map(|_| ())
}
