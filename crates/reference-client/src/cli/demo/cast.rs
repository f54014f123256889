//! A helper and a sharer, and what each of them has been told.

use std::{sync::Mutex, time::Duration};

use alongside_client::{Clock, Config, Misuse, clipboard::Place, helper, picture::Picture, sharer};
use alongside_state_machine::{
    endpoint::spent::SpentLocators,
    identity::{Identity, trust::Who},
};
use alongside_wire::{ErrorCode, Scopes, code::Code, rendezvous::SignIn};
use tokio::sync::mpsc;

use super::{Failure, House, PATIENCE, Stage, Story, person::Person, seen::Seen};
use crate::cli::{
    face::FaceArgs,
    who,
    words::{may, phrase},
};

pub(super) type Helper = Person<helper::Command, helper::Event>;
pub(super) type Sharer = Person<sharer::Command, sharer::Event>;

/// Who plays, and how they come.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) helper: Identity,
    pub(super) helps_as: Option<SignIn>,
    pub(super) sharer: Identity,
    pub(super) shares_as: Option<SignIn>,
    pub(super) way: Way,
    /// The sharer signs what they decide.
    pub(super) receipts: Option<sharer::Receipts>,
    /// The helper's first relay does not answer.
    pub(super) dead_first: bool,
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
    pub(super) helper: Helper,
    pub(super) sharer: Sharer,
    seen: Seen,
}

/// Asks for control no sooner than this after consent.
const SETTLE: Duration = Duration::from_millis(5_200);
/// Answers no sooner than this after the question.
pub(super) const GUARD: Duration = Duration::from_millis(1_100);

impl Cast {
    /// The two find each other, and the sharer is asked.
    pub(super) async fn meet(
        house: &House,
        stage: &Stage,
        parts: &Parts,
        story: &mut Story,
    ) -> Result<Self, Failure> {
        let seen = Seen::default();
        if parts.way != Way::Device {
            let mut helper = helper(house, parts, seen.clone())?;
            if parts.dead_first {
                let why = helper
                    .hear("what is wrong with its first relay", |event| match event {
                        helper::Event::Trouble(why) => Some(why.clone()),
                        _ => None,
                    })
                    .await?;
                story.tell(&format!("helper: {why}"));
            }
            let code = code(&mut helper, story).await?;
            return Self::join(helper, seen, code, house, stage, parts, story).await;
        }
        let start = sharer::Start::Device(house.device.clone());
        let mut sharer = sharer(house, stage, start, parts)?;
        sharer
            .hear("a place to wait at", |event| {
                (*event == sharer::Event::Waiting).then_some(())
            })
            .await?;
        story.tell("sharer: a known device, waits at the relay");
        let helper = helper(house, parts, seen.clone())?;
        story.tell("helper: signs in and calls it, by no code");
        Self::introduced(helper, sharer, seen, story).await
    }

    /// The sharer joins by this code, and is asked.
    pub(super) async fn join(
        helper: Helper,
        seen: Seen,
        code: Code,
        house: &House,
        stage: &Stage,
        parts: &Parts,
        story: &mut Story,
    ) -> Result<Self, Failure> {
        let start = match parts.way {
            Way::Link => sharer::Start::Link(code),
            Way::Code | Way::Device => sharer::Start::Code(code),
        };
        let sharer = sharer(house, stage, start, parts)?;
        story.tell("sharer: joins by it");
        Self::introduced(helper, sharer, seen, story).await
    }

    async fn introduced(
        helper: Helper,
        sharer: Sharer,
        seen: Seen,
        story: &mut Story,
    ) -> Result<Self, Failure> {
        let mut cast = Self {
            helper,
            sharer,
            seen,
        };
        let (name, who) = cast
            .sharer
            .hear("a question", |event| match event {
                sharer::Event::Session(sharer::SessionEvent::ConsentAsked {
                    name, who, ..
                }) => Some((name.clone(), who.clone())),
                _ => None,
            })
            .await?;
        story.tell("sharer: is asked whether this person may see the screen:");
        tell_who(&name, &who, story);
        let words = cast
            .helper
            .hear("the words", |event| match event {
                helper::Event::Phrase(words) => Some(*words),
                _ => None,
            })
            .await?;
        story.tell(&format!("both see the words: {}", phrase(words)));
        let same = |event: &sharer::Event| *event == sharer::Event::Phrase(words);
        cast.sharer.catch_up().await;
        if !cast.sharer.log.iter().any(same) {
            return Err("the words differ".into());
        }
        if has_picture(&who) {
            cast.sharer.order(sharer::Command::FetchPicture).await;
            let fetched = cast
                .sharer
                .hear("a picture", |event| match event {
                    sharer::Event::Picture(fetched) => Some(fetched.clone()),
                    _ => None,
                })
                .await?;
            story.tell(&FaceArgs::default().tell(&fetched));
        }
        if cast.seen.frames() > 0 {
            return Err("a frame arrived before consent".into());
        }
        Ok(cast)
    }

    /// The helper reads the card that the sharer shows, and looks at its picture.
    pub(super) async fn sharers_card(&mut self, story: &mut Story) -> Result<(), Failure> {
        let who = self
            .helper
            .hear("the sharer's card", |event| match event {
                helper::Event::Sharer(who) => Some(who.clone()),
                _ => None,
            })
            .await?;
        story.tell("helper: reads the sharer's card:");
        tell_who("", &who, story);
        if has_picture(&who) {
            self.helper.order(helper::Command::FetchPicture).await;
            let fetched = self
                .helper
                .hear("a picture", |event| match event {
                    helper::Event::Picture(fetched) => Some(fetched.clone()),
                    _ => None,
                })
                .await?;
            story.tell(&FaceArgs::default().tell(&fetched));
        }
        Ok(())
    }

    /// The sharer agrees, the helper reads what is said of the device, and the first frame is seen.
    pub(super) async fn agree(&mut self, story: &mut Story) -> Result<(), Failure> {
        let contact = sharer::Command::Contact(sharer::Contact::Person);
        self.sharer.order(contact).await;
        story.tell("sharer: asked for this help, and says so");
        let given = sharer::Command::Consent(sharer::Consent::Given);
        self.sharer.order(given).await;
        story.tell("sharer: agrees");
        let (device, to_acknowledge) = self
            .helper
            .hear("word of the device", |event| match event {
                helper::Event::Device {
                    device,
                    to_acknowledge,
                } => Some((device.to_string(), *to_acknowledge)),
                _ => None,
            })
            .await?;
        story.tell(&format!("helper: reads: {device}"));
        if to_acknowledge {
            if self.settled_frames().await > 0 {
                return Err("a frame arrived before the helper had read that".into());
            }
            story.tell("helper: has seen nothing yet, and says that it has read that");
            self.helper.order(helper::Command::Acknowledge).await;
        }
        let id = self.frame_after(0).await?;
        story.tell(&format!("helper: sees frame {id}"));
        Ok(())
    }

    /// The helper asks for what is not to be had, and nobody is asked.
    pub(super) async fn refused(&mut self, scopes: Scopes) -> Result<ErrorCode, Failure> {
        let asked = helper::Command::RequestControl(scopes);
        self.helper.order(asked).await;
        let code = self
            .helper
            .hear("a refusal", |event| match event {
                helper::Event::Session(helper::SessionEvent::ControlDenied(code)) => Some(*code),
                // Its own end knows already.
                helper::Event::NotNow(Misuse::Scope) => Some(ErrorCode::BeyondCeiling),
                _ => None,
            })
            .await?;
        self.sharer.catch_up().await;
        let asked = |event: &sharer::Event| {
            matches!(
                event,
                sharer::Event::Session(sharer::SessionEvent::ControlAsked { .. })
            )
        };
        if self.sharer.log.iter().any(asked) {
            return Err("the sharer was asked for what is not to be had".into());
        }
        Ok(code)
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

    pub(super) fn frames(&self) -> u32 {
        self.seen.frames()
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
        self.seen.picture()
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

/// Waits for the code that the helper passes on.
pub(super) async fn code(helper: &mut Helper, story: &mut Story) -> Result<Code, Failure> {
    let code = helper
        .hear("a code", |event| match event {
            helper::Event::Code { code, .. } => Some(*code),
            _ => None,
        })
        .await?;
    story.tell(&format!("helper: the code is {code}"));
    Ok(code)
}

fn tell_who(name: &str, who: &Who, story: &mut Story) {
    for line in who::lines(name, who) {
        story.tell(&line);
    }
}

fn has_picture(who: &Who) -> bool {
    who.card
        .as_ref()
        .is_some_and(|card| !card.picture.is_empty())
}

pub(super) fn helper(house: &House, parts: &Parts, seen: Seen) -> Result<Helper, Failure> {
    let (commands, orders) = mpsc::channel(16);
    let (events, told) = mpsc::channel(1_024);
    let (relay, others) = match parts.dead_first {
        true => (house.dead_address()?, vec![house.address.clone()]),
        false => (house.address.clone(), Vec::new()),
    };
    let options = helper::Options {
        relay,
        others,
        sign_in: parts.helps_as.clone(),
        device: (parts.way == Way::Device).then(|| house.device.key.clone()),
        name: "Ada".to_owned(),
        config: with(&parts.helper),
        views: vec![Box::new(seen)],
        clipboard: Place::Nowhere,
        paths: true,
        clock: Clock::default(),
    };
    let session = tokio::spawn(helper::run(options, orders, events));
    Ok(Person::new("helper", commands, told, session))
}

pub(super) fn sharer(
    house: &House,
    stage: &Stage,
    start: sharer::Start,
    parts: &Parts,
) -> Result<Sharer, Failure> {
    let (commands, orders) = mpsc::channel(16);
    let (events, told) = mpsc::channel(1_024);
    let options = sharer::Options {
        relay: house.address_by_path(),
        others: Vec::new(),
        sign_in: parts.shares_as.clone(),
        start,
        config: with(&parts.sharer),
        screen: stage.screen()?,
        injector: stage.injector()?,
        clipboard: stage.clipboard(),
        receipts: parts.receipts.clone(),
        report_after: Duration::ZERO,
        paths: true,
        clock: Clock::default(),
    };
    let session = tokio::spawn(async move {
        let spent = Mutex::new(SpentLocators::default());
        sharer::run(options, &spent, orders, events).await
    });
    Ok(Person::new("sharer", commands, told, session))
}

fn with(identity: &Identity) -> Config {
    Config {
        identity: identity.clone(),
        ..Config::default()
    }
}
