//! A session of the reference client, both ends.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use alongside_client::{
    Clock, Config, ConnectError, Ended, Relay as Address,
    canvas::Canvas,
    clipboard::Place,
    helper,
    inject::NoInjector,
    screen::{Pattern, Screen},
    sharer,
    view::View,
};
use alongside_state_machine::endpoint::spent::SpentLocators;
use tokio::{
    sync::mpsc::{self, Receiver, Sender, UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};

use crate::Failure;

/// A session that shows a screen.
pub struct Session {
    helper: Sender<helper::Command>,
    sharer: Sender<sharer::Command>,
    ends: [JoinHandle<Result<Ended, ConnectError>>; 2],
    /// When the helper's program was told that it is over.
    over: JoinHandle<Option<Instant>>,
    frames: UnboundedReceiver<u32>,
    /// From the join to the question to the sharer's person.
    pub secured: Duration,
    /// From the answer to the first frame on the helper's side.
    pub first_frame: Duration,
}

struct Counter(mpsc::UnboundedSender<u32>);

impl View for Counter {
    fn show(&mut self, id: u32, _canvas: &Canvas) -> Result<(), String> {
        self.0.send(id).map_err(|error| error.to_string())
    }

    /// It is never told anything; thousands of them would be polled all the time.
    fn patience(&self) -> Duration {
        Duration::from_secs(1)
    }
}

impl Session {
    /// Begins one that shows the test pattern, and waits for its first frame.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn begin(address: &Address) -> Result<Self, Failure> {
        Self::show(address, Box::new(Pattern::new())).await
    }

    /// Begins one that shows this, and waits for its first frame.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn show(address: &Address, screen: Box<dyn Screen>) -> Result<Self, Failure> {
        let (helper, orders) = mpsc::channel(4);
        let (events, mut told) = mpsc::channel(1_024);
        let (seen, mut frames) = unbounded_channel();
        let options = helper::Options {
            relay: address.clone(),
            others: Vec::new(),
            sign_in: None,
            device: None,
            name: "benchmark".to_owned(),
            config: Config::default(),
            views: vec![Box::new(Counter(seen))],
            clipboard: Place::Nowhere,
            paths: false,
            clock: Clock::default(),
        };
        let helping = tokio::spawn(helper::run(options, orders, events));
        let code = loop {
            let event = told.recv().await.ok_or("the helper is gone")?;
            if let helper::Event::Code { code, .. } = event {
                break code;
            }
        };
        let (sharer, orders) = mpsc::channel(4);
        let (events, mut asked) = mpsc::channel(1_024);
        let options = sharer::Options {
            relay: address.clone(),
            others: Vec::new(),
            sign_in: None,
            start: sharer::Start::Code(code),
            config: Config::default(),
            screen,
            injector: Box::new(NoInjector),
            clipboard: Place::Nowhere,
            receipts: None,
            report_after: Duration::ZERO,
            paths: false,
            clock: Clock::default(),
        };
        let began = Instant::now();
        let sharing = tokio::spawn(async move {
            let spent = Mutex::new(SpentLocators::default());
            sharer::run(options, &spent, orders, events).await
        });
        loop {
            let event = asked.recv().await.ok_or("the sharer is gone")?;
            if let sharer::Event::Session(sharer::SessionEvent::ConsentAsked { .. }) = event {
                break;
            }
        }
        let secured = began.elapsed();
        let answered = Instant::now();
        let contact = sharer::Command::Contact(sharer::Contact::Person);
        sharer.send(contact).await?;
        let consent = sharer::Command::Consent(sharer::Consent::Given);
        sharer.send(consent).await?;
        frames.recv().await.ok_or("no frame")?;
        Ok(Self {
            helper,
            sharer,
            ends: [helping, sharing],
            over: tokio::spawn(over(told)),
            frames,
            secured,
            first_frame: answered.elapsed(),
        })
    }

    /// How many frames came since the last call.
    pub fn frames(&mut self) -> usize {
        std::iter::from_fn(|| self.frames.try_recv().ok()).count()
    }

    /// Whether an end of it has ended, for whatever reason.
    pub fn is_over(&self) -> bool {
        self.ends.iter().any(JoinHandle::is_finished)
    }

    /// The sharer ends it: how long until the helper's program is told, and what then goes on.
    ///
    /// # Errors
    /// If the helper is not told.
    pub async fn end(self) -> Result<(Duration, Rest), Failure> {
        let began = Instant::now();
        self.sharer.send(sharer::Command::End).await?;
        let told = self.over.await?.ok_or("the helper was not told")?;
        let rest = Rest {
            ends: self.ends,
            _orders: (self.helper, self.sharer),
        };
        Ok((told - began, rest))
    }
}

/// Both ends of a session that is over, until their connections are gone: that takes them up to some seconds.
pub struct Rest {
    ends: [JoinHandle<Result<Ended, ConnectError>>; 2],
    _orders: (Sender<helper::Command>, Sender<sharer::Command>),
}

impl Rest {
    /// Waits for both.
    ///
    /// # Errors
    /// If one of them failed.
    pub async fn gone(self) -> Result<(), Failure> {
        for end in self.ends {
            end.await??;
        }
        Ok(())
    }
}

/// Hears what the helper's program is told, until it is that it is over.
async fn over(mut told: Receiver<helper::Event>) -> Option<Instant> {
    loop {
        if let helper::Event::Session(helper::SessionEvent::Ended(_)) = told.recv().await? {
            return Some(Instant::now());
        }
    }
}
