//! Whoever is behind a slow line sees fewer frames, and none that are old. In real time, because nothing but
//! the real transport and a line with a queue has the delays that this is about.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/narrow.rs"]
mod narrow;

use std::{
    io::Cursor,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use alongside_client::{
    Relay, Way,
    canvas::Canvas,
    helper,
    picture::Picture,
    screen::{Screen, ScreenError},
    sharer,
    view::View,
};
use alongside_wire::{
    Codec,
    media::{Frame, Tile},
    session::DisplayInfo,
};
use cast::{Recorder, helper_with, sharer_with};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};

const WIDTH: u16 = 160;
const HEIGHT: u16 = 88;
/// Noise of so many pixels along a side does not get smaller: 19,200 bytes, 77 ms of the line.
const NOISE: u16 = 80;

/// A film of noise, each picture with its number in its first row, and when each was taken.
#[derive(Clone, Default)]
struct Film(Arc<Mutex<Vec<Instant>>>);

impl Screen for Film {
    fn displays(&self) -> Vec<DisplayInfo> {
        vec![DisplayInfo {
            id: 0,
            width: WIDTH,
            height: HEIGHT,
        }]
    }

    fn capture(&mut self, complete: bool) -> Result<Option<Frame>, ScreenError> {
        let mut taken = self.0.lock().unwrap();
        let number = taken.len() as u32;
        taken.push(Instant::now());
        let mut noise = vec![0; usize::from(NOISE) * usize::from(NOISE) * 3];
        ChaCha20Rng::seed_from_u64(number.into()).fill_bytes(&mut noise);
        let bits = (0..32).flat_map(|bit| [(number >> bit & 1) as u8 * 255; 3]);
        Ok(Some(Frame {
            complete,
            display: 0,
            width: WIDTH,
            height: HEIGHT,
            tiles: vec![tile(0, 32, 1, bits.collect()), tile(8, NOISE, NOISE, noise)],
        }))
    }
}

fn tile(y: u16, width: u16, height: u16, pixels: Vec<u8>) -> Tile {
    let image = image::RgbImage::from_raw(width.into(), height.into(), pixels).unwrap();
    let mut data = Cursor::new(Vec::new());
    image.write_to(&mut data, image::ImageFormat::Png).unwrap();
    Tile {
        x: 0,
        y,
        width,
        height,
        codec: Codec::Png,
        data: data.into_inner(),
    }
}

fn number(picture: &Picture) -> usize {
    let bit = |x: u16| usize::from(picture.pixel(x, 0).unwrap()[0] > 127) << x;
    (0..32).map(bit).sum()
}

/// How old each frame was when it was shown.
struct Watch {
    film: Film,
    ages: Arc<Mutex<Vec<Duration>>>,
}

impl View for Watch {
    fn show(&mut self, _id: u32, canvas: &Canvas) -> Result<(), String> {
        let taken = self.film.0.lock().unwrap()[number(canvas.picture())];
        self.ages.lock().unwrap().push(taken.elapsed());
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Slow {
    Nobody,
    Helper,
    Sharer,
}

/// The ages of the frames of six seconds, with a line of 2 Mbit/s before one end.
async fn watched(slow: Slow, pictures: Way) -> Vec<Duration> {
    let paths = pictures == Way::Path;
    let (relay, found) = cast::relay();
    let line = narrow::line(relay.local_addr().unwrap()).await;
    let way = |end| match slow == end {
        true => Relay {
            address: line.to_string(),
            ..found.clone()
        },
        false => found.clone(),
    };
    let (film, ages) = (Film::default(), Arc::<Mutex<Vec<Duration>>>::default());
    let watch = Watch {
        film: film.clone(),
        ages: ages.clone(),
    };
    let mut helping = helper_with(way(Slow::Helper), vec![Box::new(watch)], |options| {
        options.paths = paths;
    });
    let code = helping
        .hear("a code", |event| match event {
            helper::Event::Code { code, .. } => Some(*code),
            _ => None,
        })
        .await;
    let mut sharing = sharer_with(way(Slow::Sharer), code, &Recorder::default(), |options| {
        options.screen = Box::new(film);
        options.paths = paths;
    });
    sharing
        .hear("the question for consent", |event| match event {
            sharer::Event::Session(sharer::SessionEvent::ConsentAsked { .. }) => Some(()),
            _ => None,
        })
        .await;
    sharing
        .order(sharer::Command::Contact(sharer::Contact::Person))
        .await;
    sharing
        .order(sharer::Command::Consent(sharer::Consent::Given))
        .await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let ages = ages.lock().unwrap().clone();
    sharing.order(sharer::Command::End).await;
    sharing.ended().await;
    helping.ended().await;
    let told = helper::Event::Way(Way::Path);
    assert_eq!(helping.log.contains(&told), paths, "{:?}", helping.log);
    ages
}

const MOST: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_end_sees_fewer_frames_and_none_that_are_old() {
    // The line carries 250,000 bytes a second, 75 frames in all.
    for way in [Way::Spliced, Way::Path] {
        for slow in [Slow::Helper, Slow::Sharer] {
            let ages = watched(slow, way).await;
            let (count, most) = (ages.len(), ages.iter().max().unwrap());
            println!("{slow:?} slow, {way}: {count} frames, the oldest of {most:?}");
            assert!(*most < MOST, "{slow:?} slow, {way}: {ages:?}");
            assert!(count > 30, "{slow:?} slow, {way}: {count} frames");
        }
    }
}

//= test spec/06-media-input.md#frames [MEDIA-19] 743c9156
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_waits() {
    for way in [Way::Spliced, Way::Path] {
        let ages = watched(Slow::Nobody, way).await;
        // 30 a second at the most; a busy machine takes fewer.
        assert!(ages.len() > 90, "{way}: {} frames", ages.len());
    }
}
