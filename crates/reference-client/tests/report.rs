//! To end and to report is one act, from both ends, on the real stack; and after the other's end.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use alongside_client::{
    By, Reporting,
    helper::{Command as Help, Event as Helped},
    sharer::{Command as Share, Event as Shared},
};
use alongside_relay::tls::Identity;
use alongside_wire::{ErrorCode, ReportCategory, report::Record};
use cast::{Cast, Recorder, Seen, helper_with, relay_with, sharer_with};

/// A session at a relay that keeps reports here, or none, up to the first frame; the sharer's person
/// may report for so long after the end.
async fn viewing(reports: Option<&Path>, report_after: Duration) -> Cast {
    let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
    let (relay, found) = relay_with(identity, |options| {
        options.reports = reports.map(Path::to_owned);
    });
    let (seen, injected) = (Seen::default(), Recorder::default());
    let mut helper = helper_with(found.clone(), vec![Box::new(seen.clone())], |_| {});
    let code = |event: &Helped| match event {
        Helped::Code { code, .. } => Some(*code),
        _ => None,
    };
    let code = helper.hear("a code", code).await;
    let sharer = sharer_with(found, code, &injected, |options| {
        options.report_after = report_after;
    });
    let cast = Cast {
        relay,
        helper,
        sharer,
        seen,
        injected,
    };
    let cast = cast.until_asked().await;
    cast.agree().await;
    cast
}

/// What is on the disk once so many reports are; the relay writes them soon after its answer.
async fn kept(reports: &Path, many: usize) -> Vec<Record> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let files = fs::read_dir(reports).unwrap();
        let all: Vec<u8> = files
            .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect();
        let (records, _) = Record::read_all(&all);
        if records.len() >= many {
            return records;
        }
        assert!(Instant::now() < deadline, "{} of {many}", records.len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

//= test spec/14-operation.md#reports [REPORT-2] 18a23bbc
//= test spec/14-operation.md#reports [REPORT-3] 13052625
#[tokio::test]
async fn each_end_ends_and_reports_in_one_act() {
    let folder = tempfile::tempdir().unwrap();
    for helper_reports in [false, true] {
        let mut cast = viewing(Some(folder.path()), Duration::ZERO).await;
        let pressed = Instant::now();
        if helper_reports {
            let act = Help::EndAndReport(ReportCategory::Harm);
            cast.helper.order(act).await;
        } else {
            let act = Share::EndAndReport(ReportCategory::Scam);
            cast.sharer.order(act).await;
        }
        let (helper, sharer) = (cast.helper.ended().await, cast.sharer.ended().await);
        assert!(pressed.elapsed() < Duration::from_secs(2));
        let (one, other) = if helper_reports {
            (helper, sharer)
        } else {
            (sharer, helper)
        };
        assert_eq!((one.by, one.code), (By::Local, ErrorCode::Done));
        assert_eq!((other.by, other.code), (By::Peer, ErrorCode::Done));
        let taken = Reporting::Taken;
        assert_eq!(
            cast.helper.log.contains(&Helped::Reported(taken)),
            helper_reports
        );
        assert_eq!(
            cast.sharer.log.contains(&Shared::Reported(taken)),
            !helper_reports
        );
    }
    let kept = kept(folder.path(), 2).await;
    let mut categories: Vec<_> = kept.iter().map(|record| record.category).collect();
    categories.sort();
    assert_eq!(categories, [ReportCategory::Scam, ReportCategory::Harm]);
}

#[tokio::test]
async fn a_sharer_may_still_report_when_the_helper_has_ended_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut cast = viewing(Some(folder.path()), Duration::from_secs(20)).await;
    cast.helper.order(Help::End).await;
    cast.helper.ended().await;
    let over = |event: &Shared| match event {
        Shared::Session(alongside_client::sharer::SessionEvent::Ended(ended)) => Some(*ended),
        _ => None,
    };
    assert_eq!(cast.sharer.hear("the end", over).await.by, By::Peer);
    cast.sharer
        .order(Share::EndAndReport(ReportCategory::Unasked))
        .await;
    let ended = cast.sharer.ended().await;
    assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::Done));
    assert_eq!(
        cast.sharer.log.last(),
        Some(&Shared::Reported(Reporting::Taken))
    );
    assert_eq!(
        kept(folder.path(), 1).await[0].category,
        ReportCategory::Unasked
    );

    // Who does not want to leaves at once.
    let mut cast = viewing(None, Duration::from_secs(20)).await;
    cast.helper.order(Help::End).await;
    cast.sharer.hear("the end", over).await;
    let pressed = Instant::now();
    cast.sharer.order(Share::End).await;
    cast.sharer.ended().await;
    assert!(pressed.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_person_learns_that_a_relay_takes_no_reports() {
    let mut cast = viewing(None, Duration::ZERO).await;
    cast.sharer
        .order(Share::EndAndReport(ReportCategory::Other))
        .await;
    cast.sharer.ended().await;
    let refused = Reporting::Refused(ErrorCode::Unsupported);
    assert_eq!(cast.sharer.log.last(), Some(&Shared::Reported(refused)));
}
