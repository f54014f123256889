//! The journal, over days of virtual time.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::{
    books::{Sessions, Shelf},
    relay::ConnId,
};
use alongside_wire::{
    ErrorCode,
    journal::{Features, Record},
};
use proptest::{prelude::*, test_runner::RngSeed};

const HOUR: u64 = 3_600;
const KEEP: u64 = 72 * HOUR;

/// A folder without a disk: files by name, with what was written in them and when.
#[derive(Default)]
struct Folder(BTreeMap<String, Vec<(u64, Record)>>);

impl Folder {
    fn write(&mut self, record: Record, now: u64) {
        let file = Shelf::JOURNAL.file(now);
        self.0.entry(file).or_default().push((now, record));
    }

    fn unlink(&mut self, now: u64) {
        self.0.retain(|name, _| {
            let start = Shelf::JOURNAL.start(name).expect("ours");
            !Shelf::JOURNAL.is_due(start, now)
        });
    }

    fn next_due(&self) -> Option<u64> {
        let starts = self.0.keys().filter_map(|name| Shelf::JOURNAL.start(name));
        starts.map(|start| Shelf::JOURNAL.due(start)).min()
    }

    fn records(&self) -> impl Iterator<Item = &(u64, Record)> {
        self.0.values().flatten()
    }
}

/// What happens to a relay.
#[derive(Clone, Debug)]
enum Step {
    /// A session begins between two clients that are in none.
    Begin,
    Use(usize, Features),
    End(usize, u16),
    /// Time passes; the relay wakes whenever a file is due.
    Pass(u64),
    /// The clock is set back.
    Back(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let feature = (0..Features::REGISTERED.len()).prop_map(|at| Features::REGISTERED[at].0);
    let code = prop_oneof![3 => Just(ErrorCode::Done.to_wire()), 1 => any::<u16>()];
    let step = prop_oneof![
        3 => Just(Step::Begin),
        2 => (any::<usize>(), feature).prop_map(|(which, feature)| Step::Use(which, feature)),
        3 => (any::<usize>(), code).prop_map(|(which, code)| Step::End(which, code)),
        4 => prop_oneof![3 => 0..2 * HOUR, 1 => 0..2 * KEEP].prop_map(Step::Pass),
        1 => (0..3 * HOUR).prop_map(Step::Back),
    ];
    proptest::collection::vec(step, 0..120)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(72),
        ..ProptestConfig::with_cases(400)
    }
}

//= test spec/14-operation.md#journal [JOURNAL-4] 1a23776e
//= test spec/14-operation.md#journal [JOURNAL-5] 4038f15a
//= test spec/14-operation.md#journal [JOURNAL-3] 6bc825c2
#[test]
fn no_record_ever_grows_older_than_72_hours() {
    proptest!(config(), |(start in 0..2_000_000_000_u64, steps in steps())| {
        let (mut now, mut folder, mut sessions) = (start, Folder::default(), Sessions::default());
        let (mut clients, mut under_way) = (0, Vec::new());
        for step in steps {
            match step {
                Step::Begin => {
                    let ends = [ConnId(clients), ConnId(clients + 1)];
                    clients += 2;
                    sessions.began(ends[0], ends[1], now);
                    under_way.push(ends);
                }
                Step::Use(which, feature) if !under_way.is_empty() => {
                    sessions.used(under_way[which % under_way.len()][which % 2], feature);
                }
                Step::End(which, code) if !under_way.is_empty() => {
                    let ends = under_way.remove(which % under_way.len());
                    let record = sessions.ended(ends[which % 2], code, now).expect("a record");
                    prop_assert!(record.start <= record.end);
                    folder.write(record, now);
                }
                Step::Use(..) | Step::End(..) => {}
                Step::Pass(seconds) => {
                    let until = now + seconds;
                    while let Some(due) = folder.next_due().filter(|due| *due <= until) {
                        // One second before it is due everything is still there.
                        now = now.max(due - 1);
                        let before = folder.records().count();
                        folder.unlink(now);
                        prop_assert_eq!(folder.records().count(), before);
                        now = now.max(due);
                        folder.unlink(now);
                        prop_assert!(folder.next_due() > Some(due) || folder.next_due().is_none());
                    }
                    now = until;
                }
                Step::Back(seconds) => {
                    now = now.saturating_sub(seconds);
                    folder.unlink(now);
                }
            }
            for (written, _) in folder.records() {
                // To the clock of now, nothing was written in an hour to come.
                prop_assert!(*written < now - now % HOUR + HOUR);
                prop_assert!(now.saturating_sub(*written) < KEEP);
            }
        }
        // And without anything else happening, all of it goes.
        folder.unlink(now + KEEP);
        prop_assert_eq!(folder.records().count(), 0);
    });
}

#[test]
fn a_file_lives_for_72_hours_of_which_its_own_is_the_first() {
    let shelf = Shelf::JOURNAL;
    let start = 1_795_248_000;
    for now in [start, start + 1, start + HOUR - 1] {
        assert_eq!(shelf.file(now), "1795248000.journal");
    }
    assert_eq!(shelf.file(start + HOUR), "1795251600.journal");
    assert_eq!(shelf.file(start - 1), "1795244400.journal");
    assert!(!shelf.is_due(start, start));
    assert!(!shelf.is_due(start, start + KEEP - 1));
    assert!(shelf.is_due(start, start + KEEP));
    assert!(shelf.is_due(start, start - 1), "of an hour to come");
    assert_eq!(shelf.due(start), start + KEEP);
}

#[test]
fn other_files_are_not_the_journals() {
    let shelf = Shelf::JOURNAL;
    assert_eq!(shelf.start("1795248000.journal"), Some(1_795_248_000));
    for name in [
        "1795248001.journal",
        "01795248000.journal",
        "+1795248000.journal",
        "1795248000.journal~",
        "1795248000.reports",
        "1795248000journal",
        ".journal",
        "journal",
        "",
        "../1795248000.journal",
    ] {
        assert_eq!(shelf.start(name), None, "{name}");
    }
}

//= test spec/14-operation.md#journal [JOURNAL-2] f700e39e
#[test]
fn each_session_makes_one_record_when_it_ends() {
    let mut sessions = Sessions::default();
    let [a, b, c, d] = [1, 2, 3, 4].map(ConnId);
    sessions.began(a, b, 1_000);
    sessions.began(c, d, 1_001);
    sessions.streamed(a);
    sessions.streamed(b);
    sessions.used(a, Features::LINK);
    sessions.used(ConnId(9), Features::SIGN_IN);
    sessions.streamed(ConnId(9));
    let code = ErrorCode::Lost.to_wire();
    let record = Record {
        number: 1,
        start: 1_000,
        end: 1_060,
        error: ErrorCode::Lost,
        features: Features::FRAMES
            .union(Features::INPUT)
            .union(Features::LINK),
    };
    assert_eq!(sessions.ended(b, code, 1_060), Some(record));
    for end in [a, b, ConnId(9)] {
        assert_eq!(sessions.ended(end, code, 1_060), None, "only once");
    }
    // A code that a client made up says nothing, and a clock that was set back no lie.
    let record = sessions.ended(c, 0xBEEF, 900).expect("the other");
    assert_eq!((record.number, record.error), (2, ErrorCode::Done));
    assert_eq!((record.start, record.end), (1_001, 1_001));
    // The same two again are another session.
    sessions.began(b, a, 2_000);
    let numbers: BTreeSet<_> = [sessions.ended(a, code, 2_000).expect("a record").number].into();
    assert_eq!(numbers, BTreeSet::from([3]));
}

//= test spec/14-operation.md#reports [REPORT-10] 0362ca0f
#[test]
fn reports_are_in_files_of_a_day_that_go_when_their_own_time_has_come() {
    let (day, start) = (86_400, 1_795_219_200);
    let shelf = Shelf::reports(90 * day * 1_000);
    assert_eq!(shelf.file(start + day - 1), "1795219200.reports");
    assert_eq!(shelf.start("1795219200.reports"), Some(start));
    assert_eq!(shelf.start("1795219200.journal"), None);
    assert!(!shelf.is_due(start, start + 90 * day - 1));
    assert!(shelf.is_due(start, start + 90 * day));
}
