//! Relay, helper and sharer of the demo, and what each of them has been told.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alongside_client::{
    Config, ConnectError, Ended, Relay as RelayAddress, Trust, canvas::Canvas, clipboard::Place,
    helper, picture::Picture, sharer, view::View,
};
use alongside_relay::{Options as RelayOptions, Relay, tls::Identity};
use alongside_state_machine::endpoint::spent::SpentLocators;
use alongside_wire::{Scopes, code::Code};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
};

use super::{Failure, PATIENCE, Stage, Story};

type Session = JoinHandle<Result<Ended, ConnectError>>;

pub(super) struct Cast {
    relay: Relay,
    address: RelayAddress,
    seen: Seen,
    helper: Sender<helper::Command>,
    helper_told: Receiver<helper::Event>,
    helper_session: Session,
    sharer: Option<(Sender<sharer::Command>, Session)>,
    sharer_told: Option<Receiver<sharer::Event>>,
    phrases: (Option<[u16; 3]>, Option<[u16; 3]>),
    /// What the sharer's person must repeat.
    number: Option<u32>,
}

/// What the helper sees: the number of the latest frame, and the picture.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Option<(u32, Picture)>>>);

impl View for Seen {
    fn show(&mut self, id: u32, canvas: &Canvas) -> Result<(), String> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((id, canvas.picture().clone()));
        Ok(())
    }
}

impl Cast {
    pub(super) async fn start(_stage: &Stage, story: &mut Story) -> Result<Self, Failure> {
        let identity = Identity::self_signed(vec!["localhost".to_owned()])?;
        let relay = Relay::bind(RelayOptions::new(([127, 0, 0, 1], 0).into(), identity))?;
        let address = RelayAddress {
            address: relay.local_addr()?.to_string(),
            trust: Trust::Fingerprint(relay.fingerprint().parse()?),
        };
        story.tell(&format!("relay: listens on {}", address.address));
        let (commands, orders) = mpsc::channel(16);
        let (events, told) = mpsc::channel(1_024);
        let seen = Seen::default();
        let options = helper::Options {
            relay: address.clone(),
            sign_in: None,
            device: None,
            name: "Ada".to_owned(),
            config: Config::default(),
            views: vec![Box::new(seen.clone())],
            clipboard: Place::Nowhere,
        };
        Ok(Self {
            relay,
            address,
            seen,
            helper: commands,
            helper_told: told,
            helper_session: tokio::spawn(helper::run(options, orders, events)),
            sharer: None,
            sharer_told: None,
            phrases: (None, None),
            number: None,
        })
    }

    pub(super) fn join(&mut self, code: Code, stage: &Stage) -> Result<(), Failure> {
        let (commands, orders) = mpsc::channel(16);
        let (events, told) = mpsc::channel(1_024);
        let options = sharer::Options {
            relay: self.address.clone(),
            sign_in: None,
            start: sharer::Start::Code(code),
            config: Config::default(),
            screen: stage.screen()?,
            injector: stage.injector()?,
            clipboard: Place::Nowhere,
            receipts: None,
            report_after: Duration::ZERO,
        };
        let session = tokio::spawn(async move {
            let mut spent = SpentLocators::default();
            sharer::run(options, &mut spent, orders, events).await
        });
        self.sharer = Some((commands, session));
        self.sharer_told = Some(told);
        Ok(())
    }

    pub(super) async fn helper(&self, command: helper::Command) {
        let _ = self.helper.send(command).await;
    }

    pub(super) async fn sharer(&self, command: sharer::Command) {
        if let Some((sharer, _)) = &self.sharer {
            let _ = sharer.send(command).await;
        }
    }

    pub(super) async fn code(&mut self) -> Result<Code, Failure> {
        self.at_helper("a code", |event| match event {
            helper::Event::Code { code, .. } => Some(*code),
            _ => None,
        })
        .await
    }

    pub(super) async fn consent_asked(&mut self) -> Result<String, Failure> {
        self.at_sharer("a question", |event| match event {
            sharer::SessionEvent::ConsentAsked { name, .. } => Some(name.clone()),
            _ => None,
        })
        .await
    }

    pub(super) async fn phrases(&mut self) -> Result<([u16; 3], [u16; 3]), Failure> {
        self.at_helper("the words", |event| match event {
            helper::Event::Session(helper::SessionEvent::Secured) => Some(()),
            _ => None,
        })
        .await?;
        let words = self.phrases.0.zip(self.phrases.1);
        words.ok_or_else(|| "an end has no words".into())
    }

    pub(super) async fn control_asked(&mut self) -> Result<Scopes, Failure> {
        self.at_sharer("a request for control", |event| match event {
            sharer::SessionEvent::ControlAsked { scopes, .. } => Some(*scopes),
            _ => None,
        })
        .await
    }

    /// The number that the person must repeat, which follows the question if there is one.
    pub(super) fn number(&mut self) -> Option<u32> {
        while let Ok(event) = self.sharer_told.as_mut()?.try_recv() {
            if let sharer::Event::Number(number) = event {
                self.number = Some(number);
            }
        }
        self.number.take()
    }

    pub(super) async fn control_granted(&mut self) -> Result<(), Failure> {
        self.at_helper("control", |event| match event {
            helper::Event::Session(helper::SessionEvent::ControlGranted { .. }) => Some(()),
            _ => None,
        })
        .await
    }

    pub(super) async fn paused(&mut self, paused: bool) -> Result<(), Failure> {
        self.at_helper("word of the pause", |event| match event {
            helper::Event::Session(helper::SessionEvent::Paused { peer, .. }) => {
                (*peer == paused).then_some(())
            }
            _ => None,
        })
        .await
    }

    pub(super) async fn chat(&mut self) -> Result<String, Failure> {
        self.at_sharer("a line of chat", |event| match event {
            sharer::SessionEvent::Chat(text) => Some(text.clone()),
            _ => None,
        })
        .await
    }

    pub(super) async fn ended(&mut self) -> Result<(), Failure> {
        self.at_helper("the end", |event| match event {
            helper::Event::Session(helper::SessionEvent::Ended(_)) => Some(()),
            _ => None,
        })
        .await
    }

    /// The number of the latest frame that was seen; 0 for none.
    pub(super) fn frames(&self) -> u32 {
        let seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().map_or(0, |(id, _)| *id)
    }

    /// The latest frame once no more come that were under way.
    pub(super) async fn settled_frames(&self) -> u32 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.frames()
    }

    pub(super) async fn frame_after(&self, id: u32) -> Result<u32, Failure> {
        self.until("a frame", || Some(self.frames()).filter(|seen| *seen > id))
            .await
    }

    pub(super) fn picture(&self) -> Picture {
        let seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref()
            .map_or_else(|| Picture::new(0, 0), |(_, picture)| picture.clone())
    }

    /// Waits until the picture differs; by how many pixels.
    pub(super) async fn picture_changed(&self, before: &Picture) -> Result<usize, Failure> {
        self.until("a change on the screen", || {
            let after = self.picture();
            let pairs = before.pixels().chunks(3).zip(after.pixels().chunks(3));
            let changed = pairs.filter(|(before, after)| before != after).count();
            (changed > 0).then_some(changed)
        })
        .await
    }

    /// Waits for both sessions to be over, and ends the relay.
    pub(super) async fn leave(self) -> Result<(), Failure> {
        self.helper_session.await??;
        if let Some((_, session)) = self.sharer {
            session.await??;
        }
        self.relay.shutdown().await;
        Ok(())
    }

    async fn until<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> Result<T, Failure> {
        let asked = async {
            loop {
                if let Some(answer) = ask() {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        answer.map_err(|_| format!("{what} did not come within 30 s").into())
    }

    async fn at_helper<T>(
        &mut self,
        what: &str,
        mut ask: impl FnMut(&helper::Event) -> Option<T>,
    ) -> Result<T, Failure> {
        let told = async {
            while let Some(event) = self.helper_told.recv().await {
                if let helper::Event::Phrase(words) = event {
                    self.phrases.0 = Some(words);
                }
                if let Some(answer) = ask(&event) {
                    return Some(answer);
                }
            }
            None
        };
        let answer = tokio::time::timeout(PATIENCE, told).await.ok().flatten();
        answer.ok_or_else(|| format!("the helper did not get {what}").into())
    }

    async fn at_sharer<T>(
        &mut self,
        what: &str,
        mut ask: impl FnMut(&sharer::SessionEvent) -> Option<T>,
    ) -> Result<T, Failure> {
        let told = async {
            let events = self.sharer_told.as_mut()?;
            while let Some(event) = events.recv().await {
                match &event {
                    sharer::Event::Phrase(words) => self.phrases.1 = Some(*words),
                    sharer::Event::Number(number) => self.number = Some(*number),
                    sharer::Event::Session(event) => {
                        if let Some(answer) = ask(event) {
                            return Some(answer);
                        }
                    }
                    _ => {}
                }
            }
            None
        };
        let answer = tokio::time::timeout(PATIENCE, told).await.ok().flatten();
        answer.ok_or_else(|| format!("the sharer did not get {what}").into())
    }
}
