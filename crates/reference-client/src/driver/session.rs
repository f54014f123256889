//! One session of a driver: the client's own loop, and the ends of its channels.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

use alongside_state_machine::{device::Retry, endpoint::spent::SpentLocators};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
};

use super::{
    protocol::{Event, Role},
    screen::{TestEyes, TestHands, TestScreen},
    tell::{self, Known},
};
use crate::{
    Clock, Config, ConnectError, Ended, Hand, Misuse, Relay, Timestamp,
    clipboard::Place,
    device::{Device, Next},
    helper, sharer,
};
use alongside_wire::rendezvous::SignIn;

/// Room for what a client tells while the driver does something else.
const EVENTS: usize = 16_384;
const COMMANDS: usize = 64;
/// How long a session that nobody wants any more may take to say so.
const FAREWELL: Duration = Duration::from_secs(5);

/// How a client is set up.
pub(super) struct Setup {
    pub(super) role: Role,
    pub(super) relay: Relay,
    pub(super) others: Vec<Relay>,
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) sign_in: Option<SignIn>,
    pub(super) receipts: Option<sharer::Receipts>,
    /// The known device that this is, or that is called.
    pub(super) device: Option<Device>,
}

pub(super) struct Session {
    pub(super) setup: Setup,
    /// Unix time when its clock was at its first moment.
    pub(super) began: u64,
    pub(super) screen: TestScreen,
    run: Option<Run>,
    known: Known,
    /// The person is asked about a link of another relay.
    elsewhere: Option<sharer::Start>,
    retry: Retry,
    /// When a known device waits again.
    again_at: Option<Timestamp>,
}

struct Run {
    end: End,
    hand: Hand,
    task: JoinHandle<Result<Ended, ConnectError>>,
    /// The task has ended, and that was told.
    over: bool,
}

enum End {
    Helper {
        commands: Sender<helper::Command>,
        events: Receiver<helper::Event>,
        eyes: TestEyes,
    },
    Sharer {
        commands: Sender<sharer::Command>,
        events: Receiver<sharer::Event>,
    },
}

/// Something that a client told.
pub(super) enum Word {
    Helper(helper::Event),
    Sharer(sharer::Event),
    /// It never had a connection.
    Failed(ConnectError),
    /// A link names this relay, and the person is asked.
    Elsewhere(String),
    /// A known device does not wait any more.
    Stopped,
}

/// A command of either role.
pub(super) enum Order {
    Helper(helper::Command),
    Sharer(sharer::Command),
}

impl Session {
    pub(super) fn new(setup: Setup, began: u64) -> Self {
        Self {
            setup,
            began,
            screen: TestScreen::default(),
            run: None,
            known: Known::default(),
            elsewhere: None,
            retry: Retry::default(),
            again_at: None,
        }
    }

    /// Starts a helper, which asks for a code as soon as it is connected.
    pub(super) fn help(&mut self, clock: Clock, hand: Hand) {
        self.known.calls = self.setup.device.is_some();
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (told, events) = mpsc::channel(EVENTS);
        let eyes = TestEyes::default();
        let options = helper::Options {
            relay: self.setup.relay.clone(),
            others: self.setup.others.clone(),
            sign_in: self.setup.sign_in.clone(),
            device: self.setup.device.as_ref().map(|device| device.key.clone()),
            name: self.setup.name.clone(),
            config: self.setup.config.clone(),
            views: vec![Box::new(eyes.clone())],
            clipboard: Place::Nowhere,
            paths: true,
            clock,
        };
        self.run = Some(Run {
            end: End::Helper {
                commands,
                events,
                eyes,
            },
            hand,
            task: tokio::spawn(helper::run(options, orders, told)),
            over: false,
        });
    }

    /// Starts a sharer, which joins as soon as it is connected.
    pub(super) fn share(
        &mut self,
        start: sharer::Start,
        spent: Arc<Mutex<SpentLocators>>,
        clock: Clock,
        hand: Hand,
    ) {
        self.known = Known::default();
        self.known.waits = matches!(start, sharer::Start::Device(_));
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (told, events) = mpsc::channel(EVENTS);
        let options = sharer::Options {
            relay: self.setup.relay.clone(),
            others: self.setup.others.clone(),
            sign_in: self.setup.sign_in.clone(),
            start,
            config: self.setup.config.clone(),
            screen: Box::new(self.screen.clone()),
            injector: Box::new(TestHands(told.clone())),
            clipboard: Place::Nowhere,
            receipts: self.setup.receipts.clone(),
            report_after: Duration::ZERO,
            paths: true,
            clock,
        };
        self.run = Some(Run {
            end: End::Sharer { commands, events },
            hand,
            task: tokio::spawn(async move { sharer::run(options, &spent, orders, told).await }),
            over: false,
        });
    }

    pub(super) fn has_begun(&self) -> bool {
        self.run.is_some()
    }

    /// Whether it ended, as far as was told.
    pub(super) fn has_ended(&self) -> bool {
        self.known.ended
    }

    /// A link names another relay: the person is asked first.
    pub(super) fn ask_elsewhere(&mut self, start: sharer::Start) {
        self.elsewhere = Some(start);
    }

    /// The person has answered that; what they were asked about.
    pub(super) fn answer_elsewhere(&mut self) -> Option<sharer::Start> {
        self.elsewhere.take()
    }

    /// When a known device waits again, if that is no later than `to`.
    pub(super) fn take_restart(&mut self, to: Timestamp) -> Option<(Timestamp, sharer::Start)> {
        let at = self.again_at.take_if(|at| *at <= to)?;
        let device = self.setup.device.clone()?;
        Some((at, sharer::Start::Device(device)))
    }

    /// A known device that pauses does not wait again; whether it was one.
    pub(super) fn stops_waiting(&mut self) -> bool {
        self.again_at.take().is_some()
    }

    /// What moves its clock, if there is something to move; and whether it will soon have moved.
    pub(super) fn hand(&self) -> Option<(&Hand, bool)> {
        let run = self.run.as_ref().filter(|run| !run.over)?;
        Some((&run.hand, self.known.connected))
    }

    /// Whether it is a known device that has no connection yet for its next wait.
    pub(super) fn connects_again(&self) -> bool {
        self.known.waits && !self.known.connected
    }

    /// The number that an answer which allows control must repeat.
    pub(super) fn number(&self) -> Option<u32> {
        self.known.number
    }

    /// Hands a command over. Whether that can be done: a client that hangs takes none.
    pub(super) fn order(&self, order: Order) -> bool {
        let Some(run) = &self.run else {
            return false;
        };
        match (&run.end, order) {
            (End::Helper { commands, .. }, Order::Helper(order)) => {
                commands.try_send(order).is_ok()
            }
            (End::Sharer { commands, .. }, Order::Sharer(order)) => {
                commands.try_send(order).is_ok()
            }
            _ => false,
        }
    }

    /// What the client has told already.
    pub(super) fn heard(&mut self) -> Option<Word> {
        match &mut self.run.as_mut()?.end {
            End::Helper { events, .. } => events.try_recv().ok().map(Word::Helper),
            End::Sharer { events, .. } => events.try_recv().ok().map(Word::Sharer),
        }
    }

    /// The next thing that the client tells.
    pub(super) fn poll_word(&mut self, cx: &mut Context<'_>) -> Poll<Word> {
        let Some(run) = self.run.as_mut().filter(|run| !run.over) else {
            return Poll::Pending;
        };
        let word = match &mut run.end {
            End::Helper { events, .. } => ready!(events.poll_recv(cx)).map(Word::Helper),
            End::Sharer { events, .. } => ready!(events.poll_recv(cx)).map(Word::Sharer),
        };
        if let Some(word) = word {
            return Poll::Ready(word);
        }
        let result = ready!(Pin::new(&mut run.task).poll(cx));
        run.over = true;
        match result {
            Ok(Ok(_)) => Poll::Pending,
            Ok(Err(error)) => Poll::Ready(Word::Failed(error)),
            Err(panic) => Poll::Ready(Word::Failed(ConnectError::System(panic.to_string()))),
        }
    }

    /// What the suite is told of a word of the client's, at this time.
    pub(super) fn tell(&mut self, word: Word, now: Timestamp) -> Vec<Event> {
        let told = self.tell_of(word, now);
        self.goes_on(now);
        told
    }

    fn tell_of(&mut self, word: Word, now: Timestamp) -> Vec<Event> {
        match word {
            Word::Helper(helper::Event::Shown(id)) => {
                let run = self.run.as_ref();
                let seen = run.and_then(|run| match &run.end {
                    End::Helper { eyes, .. } => eyes.saw(id),
                    End::Sharer { .. } => None,
                });
                seen.into_iter().collect()
            }
            Word::Helper(event) => tell::helper(event, &mut self.known, now),
            Word::Sharer(sharer::Event::Session(event)) => {
                match event {
                    sharer::SessionEvent::MediaReady => self.screen.set_seen(true),
                    sharer::SessionEvent::MediaStopped => self.screen.set_seen(false),
                    _ => {}
                }
                tell::sharer(sharer::Event::Session(event), &mut self.known, now)
            }
            Word::Sharer(event) => tell::sharer(event, &mut self.known, now),
            Word::Failed(error) => tell::failed(&error, &mut self.known),
            Word::Elsewhere(relay) => vec![Event::Elsewhere { relay }],
            Word::Stopped => vec![tell::stopped()],
        }
    }

    /// A known device goes on to wait, at once or after a pause, unless that is over.
    fn goes_on(&mut self, now: Timestamp) {
        let Some(next) = self.known.next.take() else {
            return;
        };
        if self.known.met {
            self.retry.secured();
        }
        self.again_at = match next {
            Next::Again => Some(now),
            Next::Pause => Some(now.plus_ms(self.retry.failed())),
            Next::Stop => None,
        };
    }

    /// Ends it without waiting.
    pub(super) fn close(self) {
        if let Some(Run {
            mut task,
            over: false,
            ..
        }) = self.run
        {
            tokio::spawn(async move {
                if tokio::time::timeout(FAREWELL, &mut task).await.is_err() {
                    task.abort();
                }
            });
        }
    }
}

impl Word {
    /// Whether it is the end of the session.
    pub(super) fn is_end(&self) -> bool {
        matches!(
            self,
            Self::Helper(helper::Event::Session(helper::SessionEvent::Ended(_)))
                | Self::Sharer(sharer::Event::Session(sharer::SessionEvent::Ended(_)))
        )
    }

    /// Why a command was not taken, if that is what it says.
    pub(super) fn misuse(&self) -> Option<Misuse> {
        match self {
            Self::Helper(helper::Event::NotNow(misuse))
            | Self::Sharer(sharer::Event::NotNow(misuse)) => Some(*misuse),
            _ => None,
        }
    }
}
