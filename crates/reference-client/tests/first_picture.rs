//! The first picture is taken as soon as the person has agreed, while the helper is told of it, and seen by nobody
//! before the helper knows.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/office.rs"]
mod office;

use std::{
    io::Cursor,
    sync::{Arc, Mutex},
    time::Duration,
};

use alongside_client::{
    canvas::Canvas,
    helper::{Command as Help, Event as Helped},
    screen::{Screen, ScreenError},
    sharer::{self, Command as Share, Event as Shared},
    view::View,
};
use alongside_wire::{
    Codec,
    media::{Frame, Tile},
    session::DisplayInfo,
};
use cast::{HelperEnd, Recorder, SharerEnd, helper_with, relay, sharer_with, until};
use office::Office;

const SIDE: u16 = 8;

/// A screen that is as red as it was captured often.
#[derive(Clone, Default)]
struct Reddening(Arc<Mutex<u8>>);

impl Reddening {
    fn taken(&self) -> u8 {
        *self.0.lock().unwrap()
    }
}

impl Screen for Reddening {
    fn displays(&self) -> Vec<DisplayInfo> {
        vec![DisplayInfo {
            id: 0,
            width: SIDE,
            height: SIDE,
        }]
    }

    fn capture(&mut self, _complete: bool) -> Result<Option<Frame>, ScreenError> {
        let mut taken = self.0.lock().unwrap();
        *taken = taken.saturating_add(1);
        let colour = image::Rgb([*taken, 0, 0]);
        let image = image::RgbImage::from_pixel(SIDE.into(), SIDE.into(), colour);
        let mut data = Cursor::new(Vec::new());
        image.write_to(&mut data, image::ImageFormat::Png).unwrap();
        let tile = Tile {
            x: 0,
            y: 0,
            width: SIDE,
            height: SIDE,
            codec: Codec::Png,
            data: data.into_inner(),
        };
        Ok(Some(Frame {
            complete: true,
            display: 0,
            width: SIDE,
            height: SIDE,
            tiles: vec![tile],
        }))
    }
}

/// How red it was, each time that it was shown.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl View for Seen {
    fn show(&mut self, _id: u32, canvas: &Canvas) -> Result<(), String> {
        let red = canvas.picture().pixel(0, 0).unwrap()[0];
        self.0.lock().unwrap().push(red);
        Ok(())
    }
}

/// Both ends, where the person has agreed and the helper has not read yet what is said of the device.
struct Scene {
    _relay: alongside_relay::Relay,
    helper: HelperEnd,
    sharer: SharerEnd,
    screen: Reddening,
    seen: Seen,
}

impl Scene {
    async fn agreed() -> Self {
        let office = Office::open();
        let (relay, found) = relay();
        let (screen, seen) = (Reddening::default(), Seen::default());
        let views: Vec<Box<dyn View>> = vec![Box::new(seen.clone())];
        let mut helper = helper_with(found.clone(), views, |options| {
            options.config = office.trusting();
        });
        let code = helper.hear("a code", |event| match event {
            Helped::Code { code, .. } => Some(*code),
            _ => None,
        });
        let code = code.await;
        let mut sharer = sharer_with(found, code, &Recorder::default(), |options| {
            options.config.identity.device = Some(office.device("unenrolled"));
            options.screen = Box::new(screen.clone());
        });
        let asked = sharer.hear("the question for consent", |event| match event {
            Shared::Session(sharer::SessionEvent::ConsentAsked { .. }) => Some(()),
            _ => None,
        });
        asked.await;
        assert_eq!(screen.taken(), 0, "before consent");
        let contact = Share::Contact(sharer::Contact::Person);
        sharer.order(contact).await;
        sharer.order(Share::Consent(sharer::Consent::Given)).await;
        let warned = helper.hear("of the device", |event| match event {
            Helped::Device { .. } => Some(()),
            _ => None,
        });
        warned.await;
        until("a picture", || screen.taken() == 1).await;
        Self {
            _relay: relay,
            helper,
            sharer,
            screen,
            seen,
        }
    }

    /// The helper has read it: how red what it sees first is.
    async fn first_seen(&self) -> u8 {
        assert_eq!(self.seen.0.lock().unwrap().len(), 0, "too early");
        self.helper.order(Help::Acknowledge).await;
        let seen = &self.seen.0;
        until("a frame", || !seen.lock().unwrap().is_empty()).await;
        seen.lock().unwrap()[0]
    }
}

//= test spec/15-identity.md#advisories [ADVISORY-2] 601c13f5
#[tokio::test(flavor = "multi_thread")]
async fn it_is_sent_as_soon_as_it_may_be() {
    // Real time: on a busy machine it may be too old by then.
    for _ in 0..10 {
        if Scene::agreed().await.first_seen().await == 1 {
            return;
        }
    }
    panic!("it was always taken again");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_old_is_taken_again() {
    let scene = Scene::agreed().await;
    // Real time, as the screen has it.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(scene.screen.taken(), 1);
    assert!(scene.first_seen().await > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_from_before_a_pause_is_taken_again() {
    let scene = Scene::agreed().await;
    for paused in [true, false] {
        scene.sharer.order(Share::Pause(paused)).await;
    }
    assert!(scene.first_seen().await > 1);
}
