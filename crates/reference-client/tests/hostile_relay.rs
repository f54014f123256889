//! A hostile relay on the real stack: it ends QUIC on both sides, and reads and changes what it likes.
//!
//! Real time passes here: five seconds before control may be asked for. What needs no such wait runs at
//! once.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/middle.rs"]
mod middle;
#[path = "support/waits.rs"]
mod waits;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use alongside_client::{
    By, Ended, Relay,
    canvas::Canvas,
    helper::{self, Command as Help, Event as Helped},
    picture::Picture,
    screen::{Pattern, Screen, ScreenError},
    sharer::{self, Command as Share, Event as Shared},
    view::View,
};
use alongside_state_machine::channel::{
    handshake::{Answering, HelperChannel, Offering, SUITES},
    session::Sealer,
};
use alongside_wire::{
    Direction, ErrorCode, Scopes, VERSION,
    code::Code,
    envelope::{Answer, AnswerClear, Confirm, Envelope, Offer, Sealed},
    input::InputEvent,
    media::Frame,
    record::{InputHeader, MediaHeader},
    session::{DisplayInfo, Introduce, Message},
};
use cast::{HelperEnd, Recorder, SharerEnd, helper_with, relay_as, sharer_with, until};
use middle::{Certificate, Honest, Middle, Trick, Way};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use waits::{GUARD, SETTLE};

/// Pictures, in the order in which they came.
#[derive(Clone, Default)]
struct Album(Arc<Mutex<Vec<Picture>>>);

impl Album {
    fn pictures(&self) -> Vec<Picture> {
        self.0.lock().unwrap().clone()
    }

    async fn more_than(&self, count: usize) {
        until("more pictures", || self.0.lock().unwrap().len() > count).await;
    }
}

impl View for Album {
    fn show(&mut self, _id: u32, canvas: &Canvas) -> Result<(), String> {
        self.0.lock().unwrap().push(canvas.picture().clone());
        Ok(())
    }
}

/// The test pattern, and every picture of it as a helper must see it.
struct Filmed {
    pattern: Pattern,
    canvas: Canvas,
    film: Album,
}

impl Screen for Filmed {
    fn displays(&self) -> Vec<DisplayInfo> {
        self.pattern.displays()
    }

    fn capture(&mut self, complete: bool) -> Result<Option<Frame>, ScreenError> {
        let frame = self.pattern.capture(complete)?;
        if let Some(frame) = &frame {
            self.canvas.apply(frame).unwrap();
            let picture = self.canvas.picture().clone();
            self.film.0.lock().unwrap().push(picture);
        }
        Ok(frame)
    }
}

/// Two ends, and somebody in between.
struct Scene<T> {
    _relay: alongside_relay::Relay,
    middle: Middle,
    trick: Arc<Mutex<T>>,
    helper: HelperEnd,
    sharer: SharerEnd,
    film: Album,
    seen: Album,
    injected: Recorder,
}

impl<T: Trick> Scene<T> {
    /// Up to the join. Whoever is in between may be told the code.
    async fn joined(trick: impl FnOnce(Code) -> T) -> Self {
        let (certificate, identity) = Certificate::new();
        let (relay, found) = relay_as(identity);
        let (film, seen) = (Album::default(), Album::default());
        let views: Vec<Box<dyn View>> = vec![Box::new(seen.clone())];
        let mut helper = helper_with(found.clone(), views, |_| {});
        let code = helper.hear("a code", |event| match event {
            Helped::Code { code, .. } => Some(*code),
            _ => None,
        });
        let code = code.await;
        let trick = Arc::new(Mutex::new(trick(code)));
        let middle = Middle::start(relay.local_addr().unwrap(), certificate, trick.clone());
        let through = Relay {
            address: middle.address.to_string(),
            ..found
        };
        let injected = Recorder::default();
        let sharer = sharer_with(through, code, &injected, |options| {
            options.screen = Box::new(Filmed {
                pattern: Pattern::new(),
                canvas: Canvas::new(),
                film: film.clone(),
            });
        });
        Self {
            _relay: relay,
            middle,
            trick,
            helper,
            sharer,
            film,
            seen,
            injected,
        }
    }

    /// Up to the first frame.
    async fn viewing(trick: impl FnOnce(Code) -> T) -> Self {
        let mut scene = Self::joined(trick).await;
        scene.asked().await;
        assert_eq!(scene.seen.pictures(), []);
        let contact = Share::Contact(sharer::Contact::Person);
        scene.sharer.order(contact).await;
        let consent = Share::Consent(sharer::Consent::Given);
        scene.sharer.order(consent).await;
        scene.seen.more_than(0).await;
        scene
    }

    async fn asked(&mut self) {
        let asked = |event: &Shared| is_question(event).then_some(());
        self.sharer.hear("the question for consent", asked).await;
    }

    /// The same, and the helper has control.
    async fn controlled(trick: impl FnOnce(Code) -> T) -> Self {
        let mut scene = Self::viewing(trick).await;
        tokio::time::sleep(SETTLE).await;
        let wanted = Scopes::CONTROL;
        scene.helper.order(Help::RequestControl(wanted)).await;
        let asked = scene.sharer.hear("the question", |event| match event {
            Shared::Session(sharer::SessionEvent::ControlAsked { .. }) => Some(()),
            _ => None,
        });
        asked.await;
        // An answer at once could have been meant for something else.
        tokio::time::sleep(GUARD).await;
        scene.sharer.order(Share::AllowControl(wanted, None)).await;
        let granted = scene.helper.hear("control", |event| match event {
            Helped::Session(helper::SessionEvent::ControlGranted { .. }) => Some(()),
            _ => None,
        });
        granted.await;
        scene
    }

    /// A line each way, after which there were these at the helper and these at the sharer.
    async fn talk(&mut self, at_helper: &[&str], at_sharer: &[&str]) {
        self.helper.order(Help::Chat("up".to_owned())).await;
        self.sharer.order(Share::Chat("down".to_owned())).await;
        while lines_at_helper(&self.helper).last() != Some(&"down") {
            self.helper
                .hear("a line", |event| helped_line(event).map(|_| ()))
                .await;
        }
        while lines_at_sharer(&self.sharer).last() != Some(&"up") {
            self.sharer
                .hear("a line", |event| shared_line(event).map(|_| ()))
                .await;
        }
        assert_eq!(
            lines_at_helper(&self.helper),
            [at_helper, &["down"]].concat()
        );
        assert_eq!(lines_at_sharer(&self.sharer), [at_sharer, &["up"]].concat());
    }

    /// It ends as the sharer's person wishes, and all that came through was sent.
    async fn ends_well(&mut self) {
        self.sharer.order(Share::End).await;
        let done = |by| Ended {
            by,
            code: ErrorCode::Done,
            fault: None,
        };
        assert_eq!(self.helper.ended().await, done(By::Peer));
        assert_eq!(self.sharer.ended().await, done(By::Local));
        let (film, seen) = (self.film.pictures(), self.seen.pictures());
        // Each picture of the film is another, and is seen once at most, in order.
        let mut film = film.iter();
        assert!(seen.iter().all(|seen| film.any(|shown| shown == seen)));
    }

    /// Why there was no session: at the sharer, and at the helper.
    async fn refused(mut self) -> (Option<ErrorCode>, Option<ErrorCode>) {
        let ended = self.sharer.ended().await;
        let spent = |event: &Helped| match event {
            Helped::Session(helper::SessionEvent::CodeSpent { fault, .. }) => Some(fault.code()),
            _ => None,
        };
        let spent = self.helper.hear("that the code is spent", spent).await;
        assert!(
            !self.sharer.log.iter().any(is_question),
            "the person was asked"
        );
        let words = |event: &Shared| matches!(event, Shared::Phrase(_));
        assert!(!self.sharer.log.iter().any(words), "there were words");
        assert_eq!(self.film.pictures(), []);
        (ended.fault.map(|fault| fault.code()), Some(spent))
    }
}

fn is_question(event: &Shared) -> bool {
    matches!(
        event,
        Shared::Session(sharer::SessionEvent::ConsentAsked { .. })
    )
}

fn helped_line(event: &Helped) -> Option<&str> {
    match event {
        Helped::Session(helper::SessionEvent::Chat(text)) => Some(text),
        _ => None,
    }
}

fn shared_line(event: &Shared) -> Option<&str> {
    match event {
        Shared::Session(sharer::SessionEvent::Chat(text)) => Some(text),
        _ => None,
    }
}

fn lines_at_helper(helper: &HelperEnd) -> Vec<&str> {
    helper.log.iter().filter_map(helped_line).collect()
}

fn lines_at_sharer(sharer: &SharerEnd) -> Vec<&str> {
    sharer.log.iter().filter_map(shared_line).collect()
}

/// What a helper types: each key down and up.
fn typed() -> Vec<InputEvent> {
    let keys = (4..104_u16).flat_map(|usage| [true, false].map(|down| (usage, down)));
    keys.map(|(usage, down)| InputEvent::Key { usage, down })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_in_the_middle_that_changes_nothing_is_not_noticed() {
    let mut scene = Scene::controlled(|_| Honest).await;
    scene.helper.order(Help::Input(typed())).await;
    scene.injected.last(*typed().last().unwrap()).await;
    assert_eq!(scene.injected.done(), typed());
    let seen = scene.seen.pictures().len();
    scene.seen.more_than(seen + 5).await;
    scene.talk(&[], &[]).await;
    scene.ends_well().await;
    assert_eq!(phrases(&scene.helper, &scene.sharer), 1);
    let done = u64::from(ErrorCode::Done.to_wire());
    assert_eq!(*scene.middle.closed.lock().unwrap(), [done]);
}

/// How many phrases the two ends were shown; the same one is shown to both.
fn phrases(helper: &HelperEnd, sharer: &SharerEnd) -> usize {
    let helped = helper.log.iter().filter_map(|event| match event {
        Helped::Phrase(phrase) => Some(*phrase),
        _ => None,
    });
    let shared = sharer.log.iter().filter_map(|event| match event {
        Shared::Phrase(phrase) => Some(*phrase),
        _ => None,
    });
    let mut phrases: Vec<_> = helped.chain(shared).collect();
    assert_eq!(phrases.len(), 2);
    phrases.dedup();
    phrases.len()
}

/// Both ends at once: a sharer to the helper, and a helper to the sharer.
struct BothEnds {
    code: Code,
    offering: Option<Offering>,
    /// The sharer's offer.
    offer: Vec<u8>,
    answering: Option<Answering>,
}

impl BothEnds {
    fn new(code: Code) -> Self {
        Self {
            code,
            offering: None,
            offer: Vec::new(),
            answering: None,
        }
    }

    fn offer(&mut self, offer: &Offer) -> Envelope {
        self.offer = Envelope::from(offer.clone()).to_bytes();
        let offering = Offering::new(self.code, SUITES, Scopes::ALL, rng(1));
        let own = Envelope::read(offering.offer()).unwrap().unwrap();
        self.offering = Some(offering);
        own
    }

    fn answer(&mut self, answer: &Answer) -> Vec<(Way, Envelope)> {
        let offering = self.offering.take().unwrap();
        let confirm = match offering.answered(answer, SUITES, rng(2)) {
            Ok(channel) => Envelope::read(&channel.confirm).unwrap().unwrap(),
            // Without the code there is none; this is what is left to try.
            Err(_) => Confirm { noise: vec![7; 80] }.into(),
        };
        let (answering, own) =
            Answering::new(self.code, &self.offer, SUITES, Scopes::ALL, rng(3)).unwrap();
        self.answering = Some(answering);
        let own = Envelope::read(&own).unwrap().unwrap();
        vec![(Way::ToHelper, confirm), (Way::ToSharer, own)]
    }

    fn confirm(&mut self, confirm: &Confirm) -> Vec<(Way, Envelope)> {
        let confirmed = self.answering.take().unwrap().confirmed(confirm);
        let Ok(HelperChannel {
            channel, opening, ..
        }) = confirmed
        else {
            return Vec::new();
        };
        let introduce = Message::from(Introduce {
            opening,
            name: "Ada".to_owned(),
            card: Vec::new(),
            proof: Vec::new(),
        });
        let mut plain = Vec::new();
        introduce.encode(&mut plain);
        let sealed = Sealer::new(&channel.keys, Direction::ToSharer).seal(&channel.keys, &plain);
        vec![(Way::ToSharer, Envelope::read(&sealed).unwrap().unwrap())]
    }
}

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

impl Trick for BothEnds {
    fn envelope(&mut self, way: Way, envelope: Envelope) -> Vec<(Way, Envelope)> {
        match &envelope {
            Envelope::Offer(offer) => vec![(way, self.offer(offer))],
            Envelope::Answer(answer) => self.answer(answer),
            Envelope::Confirm(confirm) => self.confirm(confirm),
            _ => Vec::new(),
        }
    }
}

/// The same locator, and another secret.
fn guess(code: Code) -> Code {
    let text = code.to_string();
    let (rest, last) = text.split_at(text.len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    Code::parse(&format!("{rest}{other}")).unwrap()
}

/// Changes envelopes of the key exchange.
struct Changed<F>(F);

impl<F: FnMut(&mut Envelope) + Send + 'static> Trick for Changed<F> {
    fn envelope(&mut self, way: Way, mut envelope: Envelope) -> Vec<(Way, Envelope)> {
        self.0(&mut envelope);
        vec![(way, envelope)]
    }
}

const FAILED: Option<ErrorCode> = Some(ErrorCode::HandshakeFailed);

//= test spec/04-key-exchange.md#spake2 [KEX-7] e4b4e75a
//= test spec/04-key-exchange.md#noise [KEX-13] c03c9c38
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_guesses_the_code_has_neither_end() {
    let scene = Scene::joined(|code| BothEnds::new(guess(code))).await;
    assert_eq!(scene.refused().await, (FAILED, FAILED));
}

//= test spec/04-key-exchange.md#phrase [KEX-19] af9bf3ea
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_has_the_code_shows_in_the_words() {
    let mut scene = Scene::joined(BothEnds::new).await;
    scene.asked().await;
    let said = scene.helper.hear("the words", |event| match event {
        Helped::Phrase(_) => Some(()),
        _ => None,
    });
    said.await;
    let said = |event: &Shared| matches!(event, Shared::Phrase(_)).then_some(());
    if !scene.sharer.log.iter().any(|event| said(event).is_some()) {
        scene.sharer.hear("the words", said).await;
    }
    assert_eq!(phrases(&scene.helper, &scene.sharer), 2);
}

//= test spec/04-key-exchange.md#envelopes [KEX-21] 45c2a87b
//= test spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
/// There is no plain text to fall back to: not instead of the key exchange, and not after it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sealed_is_not_taken() {
    let plain = || {
        let mut bytes = Vec::new();
        let introduce = Introduce {
            opening: [0; 32],
            name: "Ada".to_owned(),
            card: Vec::new(),
            proof: Vec::new(),
        };
        Message::from(introduce).encode(&mut bytes);
        Envelope::from(Sealed { ciphertext: bytes })
    };
    for (instead_of_answer, expected) in [
        (true, ErrorCode::UnexpectedMessage),
        (false, ErrorCode::RecordFailed),
    ] {
        let trick = move |envelope: &mut Envelope| match envelope {
            Envelope::Answer(_) if instead_of_answer => *envelope = plain(),
            Envelope::Sealed(_) => *envelope = plain(),
            _ => {}
        };
        let mut scene = Scene::joined(|_| Changed(trick)).await;
        let ended = scene.sharer.ended().await;
        assert_eq!(ended.fault.map(|fault| fault.code()), Some(expected));
        assert!(!scene.sharer.log.iter().any(is_question));
    }
}

//= test spec/04-key-exchange.md#envelopes [KEX-3] 58e87ced
//= test spec/04-key-exchange.md#envelopes [KEX-4] eeb85dfe
//= test spec/04-key-exchange.md#envelopes [KEX-5] bdc8a18f
//= test spec/04-key-exchange.md#noise [KEX-10] 9070ead5
#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_bargained_down() {
    let offer = |change: fn(&mut Offer)| {
        Scene::joined(move |_| {
            Changed(move |envelope: &mut Envelope| {
                if let Envelope::Offer(offer) = envelope {
                    change(offer);
                }
            })
        })
    };
    let answer = |change: fn(&mut AnswerClear)| {
        Scene::joined(move |_| {
            Changed(move |envelope: &mut Envelope| {
                if let Envelope::Answer(answer) = envelope {
                    let mut clear = AnswerClear::read(&answer.clear).unwrap();
                    change(&mut clear);
                    answer.clear = clear.to_bytes();
                }
            })
        })
    };
    let version = Some(ErrorCode::NoCommonVersion);
    let suite = Some(ErrorCode::NoCommonSuite);
    // What neither end speaks.
    let scene = offer(|offer| offer.versions = vec![0, 7]).await;
    assert_eq!(scene.refused().await.1, version);
    let scene = offer(|offer| offer.suites = vec![0, 77]).await;
    assert_eq!(scene.refused().await.1, suite);
    let scene = answer(|clear| clear.version = 2).await;
    assert_eq!(scene.refused().await.0, version);
    let scene = answer(|clear| clear.suite = 9).await;
    assert_eq!(scene.refused().await.0, suite);
    // What both speak, and did not choose.
    let scene = offer(|offer| offer.suites = vec![2]).await;
    assert_eq!(scene.refused().await, (FAILED, FAILED));
    let scene = offer(|offer| offer.versions = vec![VERSION, 9]).await;
    assert_eq!(scene.refused().await, (FAILED, FAILED));
    let scene = offer(|offer| offer.ceiling = Scopes::CONSENT).await;
    assert_eq!(scene.refused().await, (FAILED, FAILED));
    let scene = answer(|clear| clear.suite = 2).await;
    assert_eq!(scene.refused().await, (FAILED, FAILED));
    let scene = answer(|clear| clear.ceiling = Scopes::CONSENT).await;
    assert_eq!(scene.refused().await, (FAILED, FAILED));
    // The same, unchanged.
    let mut scene = offer(|_| {}).await;
    scene.asked().await;
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Change,
    Repeat,
    Reorder,
    Drop,
    Insert,
}

const DEEDS: [Deed; 5] = [
    Deed::Change,
    Deed::Repeat,
    Deed::Reorder,
    Deed::Drop,
    Deed::Insert,
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plane {
    Session(Way),
    Media,
    Input,
}

/// Does something to records of a plane.
struct Tamper {
    deed: Deed,
    plane: Plane,
    /// How many it still does it to.
    left: usize,
    /// One in so many.
    one_in: usize,
    passed: usize,
    held: Option<Vec<u8>>,
    struck: usize,
}

impl Tamper {
    fn new(deed: Deed, plane: Plane) -> Self {
        Self {
            deed,
            plane,
            left: 0,
            one_in: 1,
            passed: 0,
            held: None,
            struck: 0,
        }
    }

    /// What becomes of a record whose header has so many bytes.
    fn play(&mut self, plane: Plane, header: usize, mut record: Vec<u8>) -> Vec<Vec<u8>> {
        if plane != self.plane {
            return vec![record];
        }
        if let Some(held) = self.held.take() {
            return vec![record, held];
        }
        self.passed += 1;
        if self.left == 0 || !self.passed.is_multiple_of(self.one_in) {
            return vec![record];
        }
        self.left -= 1;
        self.struck += 1;
        match self.deed {
            Deed::Change => {
                // Each time another byte, of the header too.
                let at = (record.len() / 2 + 5 * self.struck) % record.len();
                record[at] ^= 1;
                vec![record]
            }
            Deed::Repeat => vec![record.clone(), record],
            Deed::Reorder => {
                self.held = Some(record);
                Vec::new()
            }
            Deed::Drop => Vec::new(),
            Deed::Insert => {
                let mut forged = record.clone();
                forged[header..].fill(0x5A);
                vec![forged, record]
            }
        }
    }
}

impl Trick for Tamper {
    fn envelope(&mut self, way: Way, envelope: Envelope) -> Vec<(Way, Envelope)> {
        let Envelope::Sealed(Sealed { ciphertext }) = envelope else {
            return vec![(way, envelope)];
        };
        let played = self.play(Plane::Session(way), 0, ciphertext);
        let sealed = |ciphertext| (way, Sealed { ciphertext }.into());
        played.into_iter().map(sealed).collect()
    }

    fn record(&mut self, way: Way, record: Vec<u8>) -> Vec<Vec<u8>> {
        match way {
            Way::ToHelper => self.play(Plane::Media, MediaHeader::LEN, record),
            Way::ToSharer => self.play(Plane::Input, InputHeader::LEN, record),
        }
    }
}

impl Scene<Tamper> {
    fn strike(&self, times: usize, one_in: usize) {
        let mut trick = self.trick.lock().unwrap();
        (trick.left, trick.one_in) = (times, one_in);
    }
}

/// All at the same time, because each waits for the clock.
async fn each<T>(tests: impl IntoIterator<Item = T>)
where
    T: Future<Output = ()> + Send + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    for test in tests {
        running.spawn(test);
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

//= test spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
//= test spec/12-reconnect.md#link [RECON-6] 2c213753
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_tampered_with_costs_the_way_and_nothing_else() {
    let ways = [Way::ToHelper, Way::ToSharer];
    each(
        DEEDS
            .into_iter()
            .flat_map(|deed| ways.map(|way| costs_the_way(deed, way))),
    )
    .await;
}

/// An end whose events nobody takes for much longer than this reads nothing any more, and freezes by that.
const SOON: Duration = Duration::from_secs(20);

async fn costs_the_way(deed: Deed, way: Way) {
    let lines = ["one", "two", "three"];
    let mut scene = Scene::viewing(|_| Tamper::new(deed, Plane::Session(way))).await;
    scene.strike(1, 1);
    for line in lines.map(str::to_owned) {
        match way {
            Way::ToHelper => scene.sharer.order(Share::Chat(line)).await,
            Way::ToSharer => scene.helper.order(Help::Chat(line)).await,
        }
    }
    let frozen = |event: &Shared| matches!(event, Shared::Frozen { .. }).then_some(());
    scene.sharer.hear_within(SOON, "the freeze", frozen).await;
    let frozen = |event: &Helped| matches!(event, Helped::Frozen { .. }).then_some(());
    scene.helper.hear_within(SOON, "the freeze", frozen).await;
    let back = |event: &Shared| match event {
        Shared::Session(sharer::SessionEvent::Back) => Some(()),
        _ => None,
    };
    scene.sharer.hear("that it goes on", back).await;
    let back = |event: &Helped| match event {
        Helped::Session(helper::SessionEvent::Back) => Some(()),
        _ => None,
    };
    scene.helper.hear("that it goes on", back).await;
    // Whoever could not open it has left its connection.
    let lost = u64::from(ErrorCode::Lost.to_wire());
    let left: &[u64] = match way {
        Way::ToHelper => &[],
        Way::ToSharer => &[lost],
    };
    assert_eq!(*scene.middle.closed.lock().unwrap(), left);
    match way {
        Way::ToHelper => scene.talk(&lines, &[]).await,
        Way::ToSharer => scene.talk(&[], &lines).await,
    }
    scene.seen.more_than(scene.seen.pictures().len()).await;
    scene.ends_well().await;
    assert_eq!(scene.trick.lock().unwrap().struck, 1);
}

//= test spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
#[tokio::test(flavor = "multi_thread")]
async fn the_first_sealed_record_must_open() {
    for deed in [Deed::Change, Deed::Drop, Deed::Insert] {
        let trick = |_| {
            let mut tamper = Tamper::new(deed, Plane::Session(Way::ToSharer));
            tamper.left = 1;
            tamper
        };
        let mut scene = Scene::joined(trick).await;
        let ended = scene.sharer.ended().await;
        assert_eq!(ended.code, ErrorCode::RecordFailed, "{deed:?}");
        assert!(!scene.sharer.log.iter().any(is_question));
        assert_eq!(scene.film.pictures(), []);
    }
}

//= test spec/04-key-exchange.md#schedule [KEY-3] 0659d238
//= test spec/06-media-input.md#media-records [MEDIA-7] c3aeb9d3
#[tokio::test(flavor = "multi_thread")]
async fn no_picture_is_seen_that_was_not_shown() {
    each(DEEDS.map(pictures_are_true)).await;
}

async fn pictures_are_true(deed: Deed) {
    let mut scene = Scene::viewing(|_| Tamper::new(deed, Plane::Media)).await;
    scene.strike(usize::MAX, 5);
    let before = scene.seen.pictures().len();
    let trick = scene.trick.clone();
    until("enough of it", || trick.lock().unwrap().struck >= 12).await;
    let after = scene.seen.pictures().len();
    scene.strike(0, 1);
    if let Deed::Repeat | Deed::Insert = deed {
        // All that was sent is there, so nothing is missed.
        assert!(after >= before + 10, "{deed:?}: {before}, {after}");
    }
    scene.seen.more_than(after + 5).await;
    scene.talk(&[], &[]).await;
    // The path did it: the sharer is not blamed, and the session goes on.
    scene.ends_well().await;
    let frozen = |event: &Helped| matches!(event, Helped::Frozen { .. });
    assert!(!scene.helper.log.iter().any(frozen), "{deed:?}");
}

//= test spec/06-media-input.md#input-records [INPUT-5] 6207da10
#[tokio::test(flavor = "multi_thread")]
async fn no_input_is_carried_out_that_was_not_given() {
    each(DEEDS.map(input_is_true)).await;
}

async fn input_is_true(deed: Deed) {
    let mut scene = Scene::controlled(|_| Tamper::new(deed, Plane::Input)).await;
    scene.helper.order(Help::Input(typed())).await;
    let injected = scene.injected.clone();
    until("some keys", || injected.done().len() >= 16).await;
    scene.strike(1, 1);
    let ended = scene
        .sharer
        .hear("the end of the grant", |event| match event {
            Shared::Session(sharer::SessionEvent::ControlEnded { code, .. }) => Some(*code),
            _ => None,
        });
    assert_eq!(ended.await, ErrorCode::RecordFailed, "{deed:?}");
    let ended = scene
        .helper
        .hear("the end of the grant", |event| match event {
            Helped::Session(helper::SessionEvent::ControlEnded { code, .. }) => Some(*code),
            _ => None,
        });
    assert_eq!(ended.await, ErrorCode::RecordFailed, "{deed:?}");
    scene.talk(&[], &[]).await;
    scene.ends_well().await;
    let done = scene.injected.done();
    let keys: Vec<_> = done
        .iter()
        .copied()
        .filter(|event| *event != InputEvent::ReleaseAll)
        .collect();
    assert!(typed().starts_with(&keys), "{deed:?}: {keys:?}");
    assert!(keys.len() < typed().len(), "{deed:?}: it struck too late");
    assert_eq!(done.last(), Some(&InputEvent::ReleaseAll));
}
