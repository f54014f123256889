//! A relay, a helper and a sharer as libraries in one process, on the test pattern.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, unreachable_pub)]

use std::{
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alongside_client::{
    Clock, Config, ConnectError, Ended, Fingerprint, Relay, Trust, canvas::Canvas,
    clipboard::Place, helper, inject, inject::Injector, picture::Picture, screen::Pattern, sharer,
    view::View,
};
use alongside_relay::{Options, tls::Identity};
use alongside_state_machine::endpoint::spent::SpentLocators;
use alongside_wire::{code::Code, input::InputEvent};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
};

/// How long anything may take. Nothing takes it but a failure.
const PATIENCE: Duration = Duration::from_secs(45);

/// Looks again and again until it is so. The threads of a program keep no virtual time, and tell the
/// test nothing.
pub async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let met = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let met = tokio::time::timeout(PATIENCE, met).await;
    assert!(met.is_ok(), "waited in vain: {what}");
}

/// One end: what it is told to do, and what it tells.
pub struct End<C, E> {
    pub commands: Sender<C>,
    told: Receiver<E>,
    /// All that was told, for a test that fails, and to look back.
    pub log: Vec<E>,
    pub session: JoinHandle<Result<Ended, ConnectError>>,
}

impl<C, E: Debug> End<C, E> {
    pub async fn order(&self, command: C) {
        let _ = self.commands.send(command).await;
    }

    /// Reads on until something was told; what `pick` makes of it.
    pub async fn hear<T>(&mut self, what: &str, pick: impl FnMut(&E) -> Option<T>) -> T {
        self.hear_within(PATIENCE, what, pick).await
    }

    pub async fn hear_within<T>(
        &mut self,
        patience: Duration,
        what: &str,
        mut pick: impl FnMut(&E) -> Option<T>,
    ) -> T {
        let told = async {
            loop {
                let event = self.told.recv().await?;
                let picked = pick(&event);
                self.log.push(event);
                if picked.is_some() {
                    return picked;
                }
            }
        };
        let heard = tokio::time::timeout(patience, told).await.ok().flatten();
        heard.unwrap_or_else(|| panic!("never told: {what}; but: {:#?}", self.log))
    }

    /// Waits for the end, which must be in order, and reads the rest of what was told.
    pub async fn ended(&mut self) -> Ended {
        self.ended_within(PATIENCE).await
    }

    pub async fn ended_within(&mut self, patience: Duration) -> Ended {
        let ended = async {
            while let Some(event) = self.told.recv().await {
                self.log.push(event);
            }
            (&mut self.session).await
        };
        let ended = tokio::time::timeout(patience, ended).await;
        let ended = ended.unwrap_or_else(|_| panic!("it did not end: {:#?}", self.log));
        ended.unwrap().unwrap()
    }
}

pub type HelperEnd = End<helper::Command, helper::Event>;
pub type SharerEnd = End<sharer::Command, sharer::Event>;

/// What a helper sees: how many frames, and the latest picture.
#[derive(Clone, Default)]
pub struct Seen {
    seen: Arc<Mutex<(u32, Option<Picture>)>>,
    /// How long it takes to show a frame.
    pub slow: Duration,
}

impl Seen {
    pub fn count(&self) -> u32 {
        self.seen.lock().unwrap().0
    }

    pub fn picture(&self) -> Option<Picture> {
        self.seen.lock().unwrap().1.clone()
    }

    /// Waits until more frames were seen than `count`; how many.
    pub async fn more_than(&self, count: u32) -> u32 {
        until("another frame", || self.count() > count).await;
        self.count()
    }
}

impl View for Seen {
    fn show(&mut self, _id: u32, canvas: &Canvas) -> Result<(), String> {
        std::thread::sleep(self.slow);
        let mut seen = self.seen.lock().unwrap();
        seen.0 += 1;
        seen.1 = Some(canvas.picture().clone());
        Ok(())
    }
}

/// Writes down what it is to carry out.
#[derive(Clone, Default)]
pub struct Recorder {
    done: Arc<Mutex<Vec<InputEvent>>>,
    /// How long each takes, in milliseconds.
    pub slow: Arc<AtomicU64>,
}

impl Recorder {
    pub fn done(&self) -> Vec<InputEvent> {
        self.done.lock().unwrap().clone()
    }

    /// Waits until it was told to do this last.
    pub async fn last(&self, event: InputEvent) {
        until(&format!("{event:?}"), || self.done().last() == Some(&event)).await;
    }
}

impl Injector for Recorder {
    fn inject(&mut self, event: &InputEvent) -> Result<(), inject::InjectError> {
        std::thread::sleep(Duration::from_millis(self.slow.load(Ordering::SeqCst)));
        self.done.lock().unwrap().push(*event);
        Ok(())
    }
}

/// A relay on this machine, and how to find it.
pub fn relay() -> (alongside_relay::Relay, Relay) {
    relay_as(Identity::self_signed(vec!["localhost".to_owned()]).unwrap())
}

pub fn relay_as(identity: Identity) -> (alongside_relay::Relay, Relay) {
    relay_with(identity, |_| {})
}

pub fn relay_with(
    identity: Identity,
    set: impl FnOnce(&mut Options),
) -> (alongside_relay::Relay, Relay) {
    let mut options = Options::new(([127, 0, 0, 1], 0).into(), identity);
    set(&mut options);
    let relay = alongside_relay::Relay::bind(options).unwrap();
    let fingerprint: Fingerprint = relay.fingerprint().parse().unwrap();
    let found = Relay {
        address: relay.local_addr().unwrap().to_string(),
        trust: Trust::Fingerprint(fingerprint),
    };
    (relay, found)
}

pub fn helper(relay: Relay, views: Vec<Box<dyn View>>) -> HelperEnd {
    helper_with(relay, views, |_| {})
}

pub fn helper_with(
    relay: Relay,
    views: Vec<Box<dyn View>>,
    set: impl FnOnce(&mut helper::Options),
) -> HelperEnd {
    let (commands, orders) = mpsc::channel(16);
    let (events, told) = mpsc::channel(1_024);
    let mut options = helper::Options {
        relay,
        others: Vec::new(),
        sign_in: None,
        device: None,
        name: "Ada".to_owned(),
        config: Config::default(),
        views,
        clipboard: Place::Nowhere,
        paths: true,
        clock: Clock::default(),
    };
    set(&mut options);
    End {
        commands,
        told,
        log: Vec::new(),
        session: tokio::spawn(helper::run(options, orders, events)),
    }
}

pub fn sharer_with(
    relay: Relay,
    code: Code,
    injected: &Recorder,
    set: impl FnOnce(&mut sharer::Options),
) -> SharerEnd {
    let (commands, orders) = mpsc::channel(16);
    let (events, told) = mpsc::channel(1_024);
    let mut options = sharer::Options {
        relay,
        others: Vec::new(),
        sign_in: None,
        start: sharer::Start::Code(code),
        config: Config::default(),
        screen: Box::new(Pattern::new()),
        injector: Box::new(injected.clone()),
        clipboard: Place::Nowhere,
        receipts: None,
        report_after: Duration::ZERO,
        paths: true,
        clock: Clock::default(),
    };
    set(&mut options);
    let session = tokio::spawn(async move {
        let spent = Mutex::new(SpentLocators::default());
        sharer::run(options, &spent, orders, events).await
    });
    End {
        commands,
        told,
        log: Vec::new(),
        session,
    }
}

/// All three, up to the question for consent.
pub struct Cast {
    pub relay: alongside_relay::Relay,
    pub helper: HelperEnd,
    pub sharer: SharerEnd,
    pub seen: Seen,
    pub injected: Recorder,
}

impl Cast {
    pub async fn asked(slow: Duration) -> Self {
        let seen = Seen {
            slow,
            ..Seen::default()
        };
        Self::joined(seen, Config::default(), Config::default(), false)
            .await
            .until_asked()
            .await
    }

    /// The same, with what each end shows and believes.
    pub async fn asked_as(helper: Config, sharer: Config) -> Self {
        Self::joined_as(helper, sharer).await.until_asked().await
    }

    /// All three, up to the join.
    pub async fn joined_as(helper: Config, sharer: Config) -> Self {
        Self::joined(Seen::default(), helper, sharer, false).await
    }

    /// The sharer joins by the code of a link, and is asked.
    pub async fn asked_by_link() -> Self {
        Self::joined(Seen::default(), Config::default(), Config::default(), true)
            .await
            .until_asked()
            .await
    }

    async fn joined(seen: Seen, helping: Config, sharing: Config, link: bool) -> Self {
        let (relay, found) = relay();
        let views: Vec<Box<dyn View>> = vec![Box::new(seen.clone())];
        let mut helper = helper_with(found.clone(), views, |options| options.config = helping);
        let code = helper
            .hear("a code", |event| match event {
                helper::Event::Code { code, .. } => Some(*code),
                _ => None,
            })
            .await;
        let injected = Recorder::default();
        let sharer = sharer_with(found, code, &injected, |options| {
            options.config = sharing;
            if link {
                options.start = sharer::Start::Link(code);
            }
        });
        Self {
            relay,
            helper,
            sharer,
            seen,
            injected,
        }
    }

    pub async fn until_asked(mut self) -> Self {
        self.sharer
            .hear("the question for consent", |event| match event {
                sharer::Event::Session(sharer::SessionEvent::ConsentAsked {
                    name, who, ..
                }) => (name == "Ada" || who.card.is_some()).then_some(()),
                _ => None,
            })
            .await;
        self
    }

    /// The same, up to the first frame.
    pub async fn viewing(slow: Duration) -> Self {
        let cast = Self::asked(slow).await;
        cast.agree().await;
        cast
    }

    /// The sharer's person asked for this, agrees, and the first frame comes.
    pub async fn agree(&self) {
        let cast = self;
        assert_eq!(cast.seen.count(), 0, "before consent");
        let contact = sharer::Command::Contact(sharer::Contact::Person);
        cast.sharer.order(contact).await;
        let consent = sharer::Command::Consent(sharer::Consent::Given);
        cast.sharer.order(consent).await;
        cast.seen.more_than(0).await;
    }
}
