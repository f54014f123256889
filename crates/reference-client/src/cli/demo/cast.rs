//! A helper and a sharer, and what each of them has been told.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alongside_client::{
    Config, canvas::Canvas, clipboard::Place, helper, picture::Picture, sharer, view::View,
};
use alongside_state_machine::endpoint::spent::SpentLocators;
use alongside_wire::{Scopes, rendezvous::SignIn};
use tokio::sync::mpsc;

use super::{Failure, House, PATIENCE, Stage, Story, person::Person};
use crate::cli::words::{may, phrase};

/// Who plays, and how they come.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) helper: Config,
    pub(super) account: Option<SignIn>,
    pub(super) sharer: Config,
    pub(super) way: Way,
    /// The sharer signs what they decide.
    pub(super) receipts: bool,
}

/// How the two find each other.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Way {
    #[default]
    Code,
    Link,
    /// The sharer waits as a known device, and is called.
    Device,
}

pub(super) struct Cast {
    pub(super) helper: Person<helper::Command, helper::Event>,
    pub(super) sharer: Person<sharer::Command, sharer::Event>,
    seen: Seen,
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

/// Asks for control no sooner than this after consent.
const SETTLE: Duration = Duration::from_millis(5_200);
/// Answers no sooner than this after the question.
pub(super) const GUARD: Duration = Duration::from_millis(1_100);

impl Cast {
    /// A code, a join by it, and the question.
    pub(super) async fn meet(
        house: &House,
        stage: &Stage,
        parts: Parts,
        story: &mut Story,
    ) -> Result<Self, Failure> {
        let seen = Seen::default();
        let (helper, sharer) = if parts.way == Way::Device {
            let start = sharer::Start::Device(house.device.clone());
            let mut sharer = sharer(house, stage, start, &parts)?;
            sharer
                .hear("a place to wait at", |event| {
                    (*event == sharer::Event::Waiting).then_some(())
                })
                .await?;
            story.tell("sharer: a known device, waits at the relay");
            let helper = helper(house, &parts, seen.clone());
            story.tell("helper: signs in and calls it, by no code");
            (helper, sharer)
        } else {
            let mut helper = helper(house, &parts, seen.clone());
            let code = helper
                .hear("a code", |event| match event {
                    helper::Event::Code { code, .. } => Some(*code),
                    _ => None,
                })
                .await?;
            story.tell(&format!("helper: the code is {code}"));
            let start = match parts.way {
                Way::Link => sharer::Start::Link(code),
                Way::Code | Way::Device => sharer::Start::Code(code),
            };
            let sharer = sharer(house, stage, start, &parts)?;
            story.tell("sharer: joins by it");
            (helper, sharer)
        };
        let mut cast = Self {
            helper,
            sharer,
            seen,
        };
        cast.introduced(story).await?;
        Ok(cast)
    }

    async fn introduced(&mut self, story: &mut Story) -> Result<(), Failure> {
        let who = self
            .sharer
            .hear("a question", |event| match event {
                sharer::Event::Session(sharer::SessionEvent::ConsentAsked {
                    name, who, ..
                }) => Some(crate::cli::who::lines(name, who)),
                _ => None,
            })
            .await?;
        story.tell("sharer: is asked whether this person may see the screen:");
        for line in who {
            story.tell(&line);
        }
        let words = self
            .helper
            .hear("the words", |event| match event {
                helper::Event::Phrase(words) => Some(*words),
                _ => None,
            })
            .await?;
        story.tell(&format!("both see the words: {}", phrase(words)));
        let same = |event: &sharer::Event| *event == sharer::Event::Phrase(words);
        self.sharer.catch_up().await;
        if !self.sharer.log.iter().any(same) {
            return Err("the words differ".into());
        }
        if self.frames() > 0 {
            return Err("a frame arrived before consent".into());
        }
        Ok(())
    }

    /// The sharer agrees, and the first frame is seen.
    pub(super) async fn agree(&mut self, story: &mut Story) -> Result<(), Failure> {
        let contact = sharer::Command::Contact(sharer::Contact::Person);
        self.sharer.order(contact).await;
        story.tell("sharer: asked for this help, and says so");
        let given = sharer::Command::Consent(sharer::Consent::Given);
        self.sharer.order(given).await;
        story.tell("sharer: agrees");
        let id = self.frame_after(0).await?;
        story.tell(&format!("helper: sees frame {id}"));
        Ok(())
    }

    /// The helper asks for this, and the sharer allows it.
    pub(super) async fn grant(&mut self, scopes: Scopes, story: &mut Story) -> Result<(), Failure> {
        story.tell("helper: waits five seconds, then asks for more");
        tokio::time::sleep(SETTLE).await;
        self.helper
            .order(helper::Command::RequestControl(scopes))
            .await;
        self.allow(story).await?;
        self.helper
            .hear("a grant", |event| match event {
                helper::Event::Session(helper::SessionEvent::ControlGranted { .. }) => Some(()),
                _ => None,
            })
            .await?;
        story.tell(&format!("now {}", may(Scopes::CONSENT.union(scopes))));
        Ok(())
    }

    /// The sharer is asked, and allows it.
    pub(super) async fn allow(&mut self, story: &mut Story) -> Result<(), Failure> {
        let scopes = self
            .sharer
            .hear("a request", |event| match event {
                sharer::Event::Session(sharer::SessionEvent::ControlAsked { scopes, .. }) => {
                    Some(*scopes)
                }
                _ => None,
            })
            .await?;
        story.tell(&format!("sharer: is asked for {scopes}"));
        let asked = self.sharer.log.len();
        // An answer that comes at once could be the helper's own typing, and is not taken.
        tokio::time::sleep(GUARD).await;
        self.sharer.catch_up().await;
        let number = self.sharer.log[asked..]
            .iter()
            .find_map(|event| match event {
                sharer::Event::Number(number) => Some(*number),
                _ => None,
            });
        if let Some(number) = number {
            story.tell(&format!(
                "sharer: repeats the number {number:06}, which no late key can know"
            ));
        }
        let allow = sharer::Command::AllowControl(scopes, number);
        self.sharer.order(allow).await;
        story.tell("sharer: allows it");
        Ok(())
    }

    pub(super) async fn helper_hears(
        &mut self,
        what: &str,
        wanted: impl Fn(&helper::SessionEvent) -> bool,
    ) -> Result<(), Failure> {
        let pick = |event: &helper::Event| match event {
            helper::Event::Session(event) => wanted(event).then_some(()),
            _ => None,
        };
        self.helper.hear(what, pick).await
    }

    pub(super) async fn sharer_hears(
        &mut self,
        what: &str,
        wanted: impl Fn(&sharer::SessionEvent) -> bool,
    ) -> Result<(), Failure> {
        let pick = |event: &sharer::Event| match event {
            sharer::Event::Session(event) => wanted(event).then_some(()),
            _ => None,
        };
        self.sharer.hear(what, pick).await
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
}

fn helper(house: &House, parts: &Parts, seen: Seen) -> Person<helper::Command, helper::Event> {
    let (commands, orders) = mpsc::channel(16);
    let (events, told) = mpsc::channel(1_024);
    let options = helper::Options {
        relay: house.address.clone(),
        others: Vec::new(),
        sign_in: parts.account.clone(),
        device: (parts.way == Way::Device).then(|| house.device.key.clone()),
        name: "Ada".to_owned(),
        config: parts.helper.clone(),
        views: vec![Box::new(seen)],
        clipboard: Place::Nowhere,
    };
    let session = tokio::spawn(helper::run(options, orders, events));
    Person::new("helper", commands, told, session)
}

fn sharer(
    house: &House,
    stage: &Stage,
    start: sharer::Start,
    parts: &Parts,
) -> Result<Person<sharer::Command, sharer::Event>, Failure> {
    let (commands, orders) = mpsc::channel(16);
    let (events, told) = mpsc::channel(1_024);
    let options = sharer::Options {
        relay: house.address_by_path(),
        others: Vec::new(),
        sign_in: None,
        start,
        config: parts.sharer.clone(),
        screen: stage.screen()?,
        injector: stage.injector()?,
        clipboard: stage.clipboard(),
        receipts: parts.receipts.then_some(sharer::Receipts {
            share: true,
            key: None,
        }),
        report_after: Duration::ZERO,
    };
    let session = tokio::spawn(async move {
        let mut spent = SpentLocators::default();
        sharer::run(options, &mut spent, orders, events).await
    });
    Ok(Person::new("sharer", commands, told, session))
}
