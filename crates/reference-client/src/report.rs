//! What is left to do after the end: to report it, and to hear what became of that.

use std::time::Duration;

use alongside_state_machine::{
    endpoint::{Reporting, Transmit, helper::HelperEndpoint, sharer::SharerEndpoint},
    error::Misuse,
    session::{By, Ended},
};
use alongside_wire::ReportCategory;
use tokio::{sync::mpsc::Receiver, time::timeout};

use crate::{
    clock::Clock,
    net::{Incoming, Path},
};

/// How long a relay has to answer a report.
const ANSWER: Duration = Duration::from_secs(2);

/// An end of a session that is over.
pub(crate) trait Reports {
    fn ended(&self) -> Option<Ended>;
    fn report(&mut self, category: ReportCategory, clock: &Clock) -> Result<(), Misuse>;
    fn reporting(&self) -> Reporting;
    fn hear(&mut self, incoming: Incoming, clock: &Clock);
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
    clock: &Clock,
    commands: &mut Receiver<C>,
    patience: Duration,
    meaning: impl Fn(&C) -> After,
) -> Reporting {
    let surprised = |ended: Ended| ended.by == By::Peer && ended.fault.is_none();
    if end.ended().is_some_and(surprised) && end.reporting() == Reporting::None {
        let wanted = wanted(end, path, clock, commands, meaning);
        // Nobody wanted it in time.
        if let Ok(Some(category)) = timeout(patience, wanted).await {
            // It was not reported before.
            let _ = end.report(category, clock);
        }
    }
    let answered = async {
        while end.reporting() == Reporting::Waiting {
            while let Some(transmit) = end.transmit() {
                path.transmit(transmit);
            }
            let incoming = path.next().await;
            end.hear(incoming, clock);
        }
    };
    // A relay that says nothing has not taken it.
    if timeout(ANSWER, answered).await.is_err() {
        return Reporting::Lost;
    }
    end.reporting()
}

/// Waits until the person wants to report, or wants nothing any more.
async fn wanted<C>(
    end: &mut impl Reports,
    path: &mut Path,
    clock: &Clock,
    commands: &mut Receiver<C>,
    meaning: impl Fn(&C) -> After,
) -> Option<ReportCategory> {
    loop {
        tokio::select! {
            biased;
            command = commands.recv() => match meaning(&command?) {
                After::Leave => return None,
                After::Report(category) => return Some(category),
                After::Nothing => {}
            },
            incoming = path.next() => {
                if let Incoming::Lost(_) = incoming {
                    return None;
                }
                end.hear(incoming, clock);
            }
        }
    }
}

impl Reports for HelperEndpoint {
    fn ended(&self) -> Option<Ended> {
        self.machine().ended()
    }

    fn report(&mut self, category: ReportCategory, clock: &Clock) -> Result<(), Misuse> {
        self.end_and_report(category, clock.now())
    }

    fn reporting(&self) -> Reporting {
        self.reporting()
    }

    fn hear(&mut self, incoming: Incoming, clock: &Clock) {
        match incoming {
            Incoming::Control(bytes) => self.handle_control(&bytes, clock.now()),
            Incoming::Lost(code) => self.handle_transport_lost(code, clock.now()),
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

    fn report(&mut self, category: ReportCategory, _: &Clock) -> Result<(), Misuse> {
        self.end_and_report(category)
    }

    fn reporting(&self) -> Reporting {
        self.reporting()
    }

    fn hear(&mut self, incoming: Incoming, clock: &Clock) {
        match incoming {
            Incoming::Control(bytes) => self.handle_control(&bytes, clock.now()),
            Incoming::Lost(code) => self.handle_transport_lost(code, clock.now()),
            _ => {}
        }
    }

    fn transmit(&mut self) -> Option<Transmit> {
        self.poll_transmit()
    }
}
