//! Reports of abuse: who may make one now.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    sync::Arc,
};

use alongside_wire::{
    ErrorCode, ReportCategory,
    journal::Features,
    rendezvous::{Report, Reported},
};

use super::{
    ConnId, Event, Relay, RelayConfig,
    sources::{Key, Source, keys},
};
use crate::{mutant, time::Timestamp};

/// The sources that made reports lately, and how many were taken today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Reports {
    counts: BTreeMap<Key, (Timestamp, usize)>,
    /// The same ones by the time of their latest report.
    by_age: BTreeSet<(Timestamp, Key)>,
    day: u64,
    today: usize,
}

impl Relay {
    //= spec/14-operation.md#reports [REPORT-4] 923cb76b
    //= spec/14-operation.md#reports [REPORT-11] 964e25d7
    pub(super) fn report(&mut self, conn: ConnId, report: &Report, now: Timestamp) {
        match self.take_report(conn, report, now) {
            Ok((category, account)) => {
                self.events.push_back(Event::Reported { category, account });
                self.send(conn, Reported {});
                if mutant::is("REPORT-11/tells") {
                    let others = self.clients.in_order();
                    for other in others.into_iter().filter(|other| *other != conn) {
                        self.send(other, Reported {});
                    }
                }
            }
            Err(code) => self.refuse(conn, code),
        }
    }

    fn take_report(
        &mut self,
        conn: ConnId,
        report: &Report,
        now: Timestamp,
    ) -> Result<(ReportCategory, String), ErrorCode> {
        //= spec/14-operation.md#reports [REPORT-8] 3b3b65b2
        if self.config.reports_per_source == 0 && !mutant::is("REPORT-8/busy") {
            return Err(ErrorCode::Unsupported);
        }
        let nothing = ErrorCode::NothingToReport;
        //= spec/14-operation.md#reports [REPORT-5] 8b739be3
        let client = self.clients.get_mut(&conn).ok_or(nothing)?;
        let until = client.left.ok_or(nothing)?;
        if until.plus_ms(self.config.report_window_ms) <= now {
            return Err(nothing);
        }
        let category = ReportCategory::from_wire(report.category).ok_or(nothing)?;
        if !self.reports.count(client.source, &self.config, now) {
            return Err(ErrorCode::Busy);
        }
        client.left = None;
        Ok((
            category,
            String::from(&*core::mem::take(&mut client.helped_by)),
        ))
    }

    /// Keeps what the books are to hold of a session that begins.
    pub(super) fn note_account(
        &mut self,
        helper: ConnId,
        sharer: ConnId,
        link: bool,
        now: Timestamp,
    ) {
        let account = self.account(helper, now);
        let mut features = Features::NONE;
        if account.is_some() {
            features = features.union(Features::SIGN_IN);
        }
        if link {
            features = features.union(Features::LINK);
        }
        //= spec/14-operation.md#reports [REPORT-9] 32bc78ba
        let name = account.map(|account| format!("{} {}", account.issuer, account.subject));
        let name: Arc<str> = name.unwrap_or_default().into();
        for end in [helper, sharer] {
            if let Some(client) = self.clients.get_mut(&end) {
                client.helped_by.clone_from(&name);
            }
        }
        if features != Features::NONE {
            let conn = helper;
            self.events.push_back(Event::Used { conn, features });
        }
    }
}

impl Reports {
    /// Counts one more report of a source, unless that is one too many.
    fn count(&mut self, source: Source, config: &RelayConfig, now: Timestamp) -> bool {
        self.forget(config, now);
        let day = now.as_micros() / 86_400_000_000;
        if day != self.day {
            (self.day, self.today) = (day, 0);
        }
        //= spec/14-operation.md#reports [REPORT-7] db7875d3
        if self.today >= config.reports_each_day {
            return false;
        }
        let keys = keys(source).into_iter().flatten();
        //= spec/14-operation.md#reports [REPORT-6] f5a1e334
        let full = keys.clone().any(|key| match self.counts.get(&key) {
            Some((_, made)) => *made >= key.share(config.reports_per_source),
            // When the table is full, nobody can be told from somebody who made too many.
            None => self.counts.len() + 1 >= config.sources,
        });
        if full {
            return false;
        }
        self.today += 1;
        for key in keys {
            let before = self.counts.get(&key).copied();
            let made = before.map_or(0, |(_, made)| made);
            if let Some((latest, _)) = before {
                self.by_age.remove(&(latest, key));
            }
            self.counts.insert(key, (now, made + 1));
            self.by_age.insert((now, key));
        }
        true
    }

    fn forget(&mut self, config: &RelayConfig, now: Timestamp) {
        while let Some((latest, key)) = self.by_age.first().copied() {
            if latest.plus_ms(config.report_decay_ms) > now {
                break;
            }
            self.by_age.pop_first();
            self.counts.remove(&key);
        }
    }
}
