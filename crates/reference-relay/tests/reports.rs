//! Reports of abuse on the real stack: who is heard, and what is on the disk then.

mod support;

use std::{fs, path::Path};

use alongside_wire::{
    ErrorCode, ReportCategory,
    rendezvous::{Leave, Message, Refused, Report, Reported},
    report::Record,
};
use support::{
    Client, pair,
    process::{LOCAL, Running, command},
    session, start, start_with, until,
};

const DONE: Leave = Leave {
    code: ErrorCode::Done.to_wire(),
};

fn refused(code: ErrorCode) -> Message {
    let code = code.to_wire();
    Refused { code }.into()
}

async fn report(client: &mut Client, category: ReportCategory) -> Message {
    let category = category.to_wire();
    client.say(Report { category }).await;
    client.hear().await
}

/// What is in the folder, once there is so much of it.
async fn wait_for(folder: &Path, many: usize) -> Vec<Record> {
    let kept = async || {
        let mut all = Vec::new();
        for entry in fs::read_dir(folder).expect("a folder") {
            all.extend(fs::read(entry.expect("an entry").path()).expect("readable"));
        }
        let (records, dropped) = Record::read_all(&all);
        assert_eq!(dropped, 0);
        (records.len() >= many).then_some(records)
    };
    until("the reports", kept).await
}

//= test spec/14-operation.md#reports [REPORT-4] 923cb76b
//= test spec/14-operation.md#reports [REPORT-9] 32bc78ba
#[tokio::test]
async fn a_report_is_three_fields_in_a_folder_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let [journal, reports] = ["journal", "reports"].map(|name| folder.path().join(name));
    let relay = start_with(|options| {
        options.journal = Some(journal.clone());
        options.reports = Some(reports.clone());
    });
    let (mut helper, mut sharer) = session(&relay).await;
    sharer.say(DONE).await;
    assert_eq!(
        report(&mut sharer, ReportCategory::Scam).await,
        Reported {}.into()
    );
    assert_eq!(helper.hear().await.name(), "gone");
    assert_eq!(
        report(&mut helper, ReportCategory::Harm).await,
        Reported {}.into()
    );
    let nothing = refused(ErrorCode::NothingToReport);
    assert_eq!(report(&mut sharer, ReportCategory::Scam).await, nothing);
    let records = wait_for(&reports, 2).await;
    let categories: Vec<_> = records.iter().map(|record| record.category).collect();
    assert_eq!(categories, [ReportCategory::Scam, ReportCategory::Harm]);
    assert!(records.iter().all(|record| record.account.is_empty()));
    for entry in fs::read_dir(&journal).expect("a folder") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("text");
        assert_eq!(
            text.lines().count(),
            1,
            "the journal knows of a session and no more"
        );
    }
}

//= test spec/14-operation.md#reports [REPORT-6] f5a1e334
//= test spec/14-operation.md#reports [REPORT-8] 3b3b65b2
#[tokio::test]
async fn too_many_reports_and_a_relay_that_keeps_none_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let reports = folder.path().to_owned();
    let relay = start_with(|options| options.reports = Some(reports.clone()));
    let mut ends = session(&relay).await;
    for _ in 0..3 {
        ends.1.say(DONE).await;
        assert_eq!(
            report(&mut ends.1, ReportCategory::Other).await,
            Reported {}.into()
        );
        assert_eq!(ends.0.hear().await.name(), "gone");
        ends = pair(ends.0, ends.1).await;
    }
    ends.1.say(DONE).await;
    assert_eq!(
        report(&mut ends.1, ReportCategory::Other).await,
        refused(ErrorCode::Busy)
    );
    assert_eq!(wait_for(&reports, 3).await.len(), 3);

    let relay = start(|_| {});
    let (_helper, mut sharer) = session(&relay).await;
    sharer.say(DONE).await;
    let unsupported = refused(ErrorCode::Unsupported);
    assert_eq!(
        report(&mut sharer, ReportCategory::Other).await,
        unsupported
    );
}

//= test spec/14-operation.md#reports [REPORT-10] 0362ca0f
#[tokio::test]
async fn the_program_keeps_reports_for_as_many_days_as_it_was_told_and_prints_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dir, log) = (folder.path().join("reports"), folder.path().join("log"));
    fs::create_dir(&dir).expect("made");
    let today = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    let today = today.expect("after 1970").as_secs() / 86_400 * 86_400;
    let [old, young] = [31, 28].map(|days| dir.join(format!("{}.reports", today - days * 86_400)));
    for path in [&old, &young] {
        fs::write(path, "1 01 somebody%20else\n").expect("written");
    }
    let path = dir.to_str().expect("a path");
    let mut command_line = command(&LOCAL);
    command_line.args(["--reports", path, "--reports-days", "30"]);
    let mut relay = Running::start(command_line, &log);
    assert!(!old.exists() && young.exists());
    let (_helper, mut sharer) = pair(relay.client().await, relay.client().await).await;
    sharer.say(DONE).await;
    assert_eq!(
        report(&mut sharer, ReportCategory::Unasked).await,
        Reported {}.into()
    );
    relay.signal("-TERM");
    assert_eq!(relay.wait(), Some(0));
    let output = command(&["reports", path]).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.lines().count(), 2);
    assert!(
        text.contains("somebody else") && text.contains("unasked"),
        "{text}"
    );
    let output = command(&["reports", "--json", path])
        .output()
        .expect("it runs");
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(object.as_object().expect("an object").len(), 3);
    }
}
