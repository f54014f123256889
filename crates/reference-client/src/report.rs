//! What is left to do after the end: to report it, and to hear what became of that.

use std::time::Duration;

use alongside_state_machine::{
    endpoint::{Reporting, Transmit, helper::HelperEndpoint, sharer::SharerEndpoint},
    error::Misuse,
    session::{By, Ended},
    time::Timestamp,
};
use alongside_wire::ReportCategory;
use tokio::sync::mpsc::Receiver;

use crate::{
    clock::Clock,
    net::{Incoming, Path},
};

/// How long a relay has to answer a report, in milliseconds.
const ANSWER: u64 = 2_000;

/// An end of a session that is over.
pub(crate) trait Reports {
    fn ended(&self) -> Option<Ended>;
    fn report(&mut self, category: ReportCategory, now: Timestamp) -> Result<(), Misuse>;
    fn reporting(&self) -> Reporting;
    fn hear(&mut self, incoming: Incoming, now: Timestamp);
    fn transmit(&mut self) -> Option<Transmit>;
}

/// What a command means after the end.
pub(crate) enum After {
    /// The person has had enough.
    Leave,
    /// The person reports it.
    Report(ReportCategory),
    /// It comes too late.
    Nothing,
}

/// Lets a person whom somebody else's end surprised report it, for so long; then waits for what
/// becomes of a report, if there is one.
pub(crate) async fn settle<C>(
    end: &mut impl Reports,
    path: &mut Path,
    clock: &mut Clock,
    commands: &mut Receiver<C>,
    patience: Duration,
    meaning: impl Fn(&C) -> After,
) -> Reporting {
    let surprised = |ended: Ended| ended.by == By::Peer && ended.fault.is_none();
    if end.ended().is_some_and(surprised)
        && end.reporting() == Reporting::None
        && let Some(category) = wanted(end, path, clock, commands, patience, meaning).await
    {
        // It was not reported before.
        let _ = end.report(category, clock.now());
    }
    let over = clock.now().plus_ms(ANSWER);
    while end.reporting() == Reporting::Waiting {
        while let Some(transmit) = end.transmit() {
            path.transmit(transmit);
        }
        // A relay that says nothing has not taken it.
        if clock.now() >= over {
            return Reporting::Lost;
        }
        let stream = path.stream();
        tokio::select! {
            biased;
            () = clock.reach(Some(over), stream) => {}
            incoming = path.next() => end.hear(incoming, clock.now()),
        }
    }
    end.reporting()
}

/// Waits until the person wants to report, or wants nothing any more, or had so long to want it.
async fn wanted<C>(
    end: &mut impl Reports,
    path: &mut Path,
    clock: &mut Clock,
    commands: &mut Receiver<C>,
    patience: Duration,
    meaning: impl Fn(&C) -> After,
) -> Option<ReportCategory> {
    let patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    let over = clock.now().plus_ms(patience);
    loop {
        let stream = path.stream();
        tokio::select! {
            biased;
            command = commands.recv() => match meaning(&command?) {
                After::Leave => return None,
                After::Report(category) => return Some(category),
                After::Nothing => {}
            },
            () = clock.reach(Some(over), stream) => if clock.now() >= over {
                return None;
            },
            incoming = path.next() => {
                if let Incoming::Lost(_) = incoming {
                    return None;
                }
                end.hear(incoming, clock.now());
            }
        }
    }
}

impl Reports for HelperEndpoint {
    fn ended(&self) -> Option<Ended> {
        self.machine().ended()
    }

    fn report(&mut self, category: ReportCategory, now: Timestamp) -> Result<(), Misuse> {
        self.end_and_report(category, now)
    }

    fn reporting(&self) -> Reporting {
        self.reporting()
    }

    fn hear(&mut self, incoming: Incoming, now: Timestamp) {
        match incoming {
            Incoming::Control(bytes) => self.handle_control(&bytes, now),
            Incoming::Lost(code) => self.handle_transport_lost(code, now),
            // Nothing of the session matters any more.
            _ => {}
        }
    }

    fn transmit(&mut self) -> Option<Transmit> {
        self.poll_transmit()
    }
}

impl Reports for SharerEndpoint {
    fn ended(&self) -> Option<Ended> {
        self.machine().ended()
    }

    fn report(&mut self, category: ReportCategory, _: Timestamp) -> Result<(), Misuse> {
        self.end_and_report(category)
    }

    fn reporting(&self) -> Reporting {
        self.reporting()
    }

    fn hear(&mut self, incoming: Incoming, now: Timestamp) {
        match incoming {
            Incoming::Control(bytes) => self.handle_control(&bytes, now),
            Incoming::Lost(code) => self.handle_transport_lost(code, now),
            _ => {}
        }
    }

    fn transmit(&mut self) -> Option<Transmit> {
        self.poll_transmit()
    }
}
