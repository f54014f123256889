//! Two people, with everything that a client can have: cards, devices, sign-ins, links, clipboards, drawings, receipts and
//! paths, on whatever network. What either is told of the other is what an issuer said, and nothing is taken, drawn or
//! injected that the sharer's person does not allow at that moment.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use alongside_harness::{Conditions, Packet, Side, Way, World};
use alongside_state_machine::{
    device::token_hash,
    endpoint::{
        Config,
        helper::{self, HelperEndpoint},
        sharer,
    },
    error::{Fault, Misuse},
    identity::{
        Identity, issue, picture,
        trust::{Standing as Worth, Who},
    },
    receipt::{recorder::Recorder, verify},
    relay::{
        ConnId, Registration, Verified,
        account::{Account, Role, Standing},
    },
    session::{
        friction::{Consent, Contact},
        helper::Line,
        sharer::Event,
    },
    time::{Calendar, Timestamp},
};
use alongside_wire::{
    DeviceStatus, ErrorCode, Profile, ReportCategory, Scopes, SignInMethod, Suite,
    card::{Card, Signed},
    input::InputEvent,
    limits::{CHAT_KEPT, NAME},
    media::{Frame, Tile},
    receipt::{FILE_START, Receipt, append_card, append_receipt},
    rendezvous::{SignIn, Token},
    session::DisplayInfo,
};

use crate::{
    cast::{self, BEGIN, DAY},
    fake::Fake,
    policies::{OURS, policy},
    source::Source,
    words,
    world::TROUBLE,
};

/// Acts of the longest session.
const LONGEST: usize = 120;
/// Events that are more than a helper keeps.
const FAST: usize = 5_000;
const SIDES: [Side; 2] = [Side::Helper, Side::Sharer];
const SCOPES: [Scopes; 8] = [
    Scopes::CONTROL,
    Scopes::KEYBOARD,
    Scopes::POINTER,
    Scopes::ANNOTATE,
    Scopes::CLIPBOARD_TO_HELPER,
    Scopes::CLIPBOARD_TO_SHARER,
    Scopes::GRANTABLE,
    Scopes::ELEVATION,
];

/// Looks for people by whose acts something comes about that was not allowed.
///
/// # Panics
/// If there are some.
pub fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    let mut people = People::begin(&mut source);
    for _ in 0..LONGEST {
        if source.is_empty() {
            break;
        }
        people.act(&mut source);
        people.world.run(1);
        people.check();
    }
    people.world.run(50_000);
    people.check();
    people.at_the_end();
}

struct People {
    world: World,
    /// Whom each end believes.
    anchored: [bool; 2],
    receipts: Vec<Receipt>,
    cards: Vec<Vec<u8>>,
    read: [usize; 2],
    /// Grants that the sharer's program was told of, and not of their end.
    may: Scopes,
    /// Whether one of them wants a card of the relay.
    ask: [bool; 2],
    /// The cards that the relay has issued.
    issued: Rc<RefCell<Vec<Card>>>,
    /// The relay issues cards that were not asked for.
    wrong: bool,
}

/// What one of them has. The first choice is to have nothing.
fn config(person: u8, source: &mut Source<'_>) -> Config {
    let card = match source.below(4) {
        0 | 1 => None,
        2 => cast::own(&cast::brief(person), person),
        _ if source.one_in(6) => cast::own_without_picture(person),
        _ if source.one_in(6) => cast::own_large(person),
        _ => cast::own(&cast::card(person), person),
    };
    let anchors = match source.below(4) {
        0 | 1 => vec![cast::anchor(false)],
        2 => vec![cast::anchor(true)],
        _ => Vec::new(),
    };
    let device = match source.below(3) {
        0 if person == 1 => cast::own_device(*source.pick(DeviceStatus::ALL)),
        _ => None,
    };
    let unix = match source.one_in(6) {
        true => BEGIN + 3 * DAY,
        false => BEGIN + 600,
    };
    let start = Timestamp::from_millis(1_000);
    Config {
        suites: match source.one_in(4) {
            true => vec![Suite::AesGcm],
            false => vec![Suite::ChaChaPoly, Suite::AesGcm],
        },
        ceiling: match source.one_in(8) {
            true => *source.pick(&SCOPES),
            false => Scopes::ALL,
        },
        identity: Identity {
            card,
            anchors,
            device,
            ask_relay: source.one_in(3).then(|| *source.pick(Profile::ALL)),
            needs_card: source.one_in(8),
        },
        calendar: match source.one_in(8) {
            true => Calendar::UNKNOWN,
            false => Calendar::showing(unix, start),
        },
        aead: &Fake,
        ..Config::default()
    }
}

/// A sign-in with a token of this name.
pub(crate) fn token(name: &str) -> SignIn {
    SignIn {
        method: SignInMethod::Token.to_wire(),
        token: Token::new(name),
    }
}

/// What a token proves of whom it is for.
pub(crate) fn account(subject: &str, role: Role, device: Standing) -> Verified {
    let account = Account {
        issuer: "issuer".to_owned(),
        subject: subject.to_owned(),
        name: subject.to_owned(),
        title: String::new(),
        organisation: OURS.to_owned(),
        domain: String::new(),
        role,
        device,
        expires: 0,
    };
    let lasts_ms = 3_600_000;
    Verified { account, lasts_ms }
}

impl People {
    fn begin(source: &mut Source<'_>) -> Self {
        let seed = source.byte();
        let conditions = *source.pick(&[
            Conditions::INSTANT,
            Conditions::INSTANT,
            Conditions::POOR,
            Conditions::WORSE,
        ]);
        let (helper, sharer) = (config(0, source), config(1, source));
        let anchored = [&helper, &sharer].map(|config| !config.identity.anchors.is_empty());
        let ask = [&helper, &sharer].map(|config| config.identity.ask_relay.is_some());
        let long = source
            .one_in(8)
            .then(|| HelperEndpoint::new(&"é".repeat(NAME), helper.clone(), [seed; 32]));
        let mut world = World::with(seed.into(), conditions, helper, sharer);
        if let Some(long) = long {
            world.helper = long;
        }
        let wrong = source.one_in(8);
        let issued = Rc::new(RefCell::new(Vec::new()));
        issue_cards(&mut world, wrong, &issued, source);
        let mut people = Self {
            ask,
            issued,
            wrong,
            anchored,
            receipts: Vec::new(),
            cards: Vec::new(),
            read: [0, 0],
            may: Scopes::NONE,
            world: {
                people_of_the_relay(&mut world, source);
                world
            },
        };
        people.meet(source);
        people
    }

    /// From a code, a link, or a call; as far as the question, or further.
    fn meet(&mut self, source: &mut Source<'_>) {
        let world = &mut self.world;
        if source.bool() {
            let share = source.bool();
            let recorder = match source.bool() {
                true => Recorder::new(cast::receipt_key(), share),
                false => {
                    let card = cast::signed(&cast::card(1), &cast::issuer());
                    Recorder::with_card(cast::receipt_key(), &card, share)
                }
            };
            let _ = world.sharer.keep_receipts(recorder);
        }
        let how = source.below(8);
        if how >= 6 || source.one_in(4) || self.ask[0] {
            let _ = world.helper.sign_in(token("ada"));
        }
        if source.one_in(4) || self.ask[1] {
            let name = *source.pick(&["charles", "nobody"]);
            let _ = world.sharer.sign_in(token(name));
        }
        world.run(300);
        if how >= 6 {
            let device = cast::device(how == 6);
            let _ = world.sharer.wait(&device, world.now);
            world.run(300);
            let _ = world.helper.call(&device.key, world.now);
        } else {
            let _ = world.helper.request_code(world.now);
            world.run(300);
            let code = world.helper_events.iter().find_map(|event| match event {
                helper::Event::Code { code, .. } => Some(*code),
                _ => None,
            });
            match code {
                Some(code) if how == 0 => {
                    if source.one_in(4) {
                        // The person has tried it before.
                        let _ = world.spent.spend("relay", code.locator, world.now);
                    }
                    if source.one_in(8) {
                        let _ = world.sharer.sign_in(token("charles"));
                    }
                    let (spent, now) = (&mut world.spent, world.now);
                    if let Err(misuse) = world.sharer.join_by_link(code, "relay", spent, now) {
                        words::refused(misuse);
                    }
                }
                Some(code) => world.join(code),
                None => {}
            }
        }
        world.run(2_000);
        if how > 1 {
            let _ = world.consent(true);
            world.run(200);
            let _ = world.helper.acknowledge(world.now);
            world.run(2_000);
        }
        if how > 3 {
            world.frame(true);
            world.run(12_000);
            let _ = world
                .helper
                .request_control(Scopes::GRANTABLE.without(Scopes::ELEVATION), world.now);
            world.run(2_000);
            let _ = world.allow(Scopes::GRANTABLE.without(Scopes::ELEVATION));
            world.run(200);
        }
    }

    fn act(&mut self, source: &mut Source<'_>) {
        let which = source.byte() % 64;
        let now = self.world.now;
        // What a machine refuses is its business; what comes of it is checked.
        let done = match which {
            0..=17 => self.helper_does(which, source),
            18..=40 => self.sharer_does(which - 18, source),
            41 => {
                let side = *source.pick(&SIDES);
                let offer = |world: &World| match side {
                    Side::Helper => (
                        world.helper.machine().phase(),
                        world.helper.machine().frozen_until().is_none(),
                    ),
                    Side::Sharer => (
                        world.sharer.machine().phase(),
                        world.sharer.machine().frozen_until().is_none(),
                    ),
                };
                match offer(&self.world) {
                    ("while viewing", true) => self.world.offer_path(side),
                    _ => Ok(()),
                }
            }
            42 => {
                let side = *source.pick(&SIDES);
                self.world.end_path(side);
                Ok(())
            }
            43 => {
                let side = *source.pick(&SIDES);
                self.world.decline_paths(side);
                Ok(())
            }
            44 => {
                self.world.helper.change_path(now);
                self.world.sharer.change_path(now);
                Ok(())
            }
            45 | 46 if source.bool() => self.out_of_turn(source),
            45 if source.one_in(3) => {
                source.pick(&TROUBLE).befalls(&mut self.world);
                Ok(())
            }
            46 => {
                let networks = [Conditions::INSTANT, Conditions::POOR, Conditions::WORSE];
                self.world.conditions(*source.pick(&networks));
                Ok(())
            }
            47 => {
                self.world.relay.set_policy(policy(source));
                Ok(())
            }
            48 => {
                self.world.relay.set_devices(BTreeMap::new(), now);
                Ok(())
            }
            49 if source.one_in(3) => {
                self.world.relay.drain(now);
                Ok(())
            }
            50..=55 => {
                self.world.run(source.below(300) as u64);
                Ok(())
            }
            _ => {
                self.world.run(source.below(16_000) as u64);
                Ok(())
            }
        };
        done.unwrap_or_else(words::refused);
    }

    /// What belongs to the beginning, or to none; and a relay that closes a connection.
    fn out_of_turn(&mut self, source: &mut Source<'_>) -> Result<(), Misuse> {
        let world = &mut self.world;
        match source.below(9) {
            0 => world.helper.sign_in(token("ada")),
            1 => world.sharer.sign_in(token("charles")),
            2 => {
                let recorder = Recorder::new(cast::receipt_key(), true);
                world.sharer.keep_receipts(recorder)
            }
            3 => world.helper.request_code(world.now),
            4 => {
                let device = cast::device(true);
                world.sharer.wait(&device, world.now)
            }
            which => {
                let side = *source.pick(&SIDES);
                let way = match side {
                    Side::Helper => Way::HelperDown,
                    Side::Sharer => Way::SharerDown,
                };
                let packet = match which {
                    // What ends a session is not answered, but by nonsense or by nothing.
                    5 => {
                        let category = *source.pick(ReportCategory::ALL);
                        let _ = match side {
                            Side::Helper => world.helper.end_and_report(category, world.now),
                            Side::Sharer => world.sharer.end_and_report(category),
                        };
                        Packet::Control(vec![0xFF; 9])
                    }
                    _ => {
                        let codes = [ErrorCode::Busy, ErrorCode::Lost, ErrorCode::RelayShutdown];
                        Packet::Close(*source.pick(&codes))
                    }
                };
                if source.bool() {
                    world.disconnect(side);
                }
                world.inject(way, packet);
                Ok(())
            }
        }
    }

    fn helper_does(&mut self, which: u8, source: &mut Source<'_>) -> Result<(), Misuse> {
        let world = &mut self.world;
        let (helper, now) = (&mut world.helper, world.now);
        match which {
            0 | 1 => helper.request_control(*source.pick(&SCOPES), now),
            2 => helper.release_control(now),
            3..=6 => {
                let event = any_input(source);
                // Faster than it can be sent, now and then.
                let times = if source.one_in(16) { FAST } else { 1 };
                let typed = (0..times).try_for_each(|_| helper.input(event));
                world.run(5);
                typed
            }
            7 => helper.send_clipboard(&clipboard(source), now).map(drop),
            8 => {
                let may = helper.machine().scopes();
                let taken = helper.answer_clipboard(source.bool(), now)?;
                assert!(
                    taken.is_none() || may.contains(Scopes::CLIPBOARD_TO_HELPER),
                    "taken by a helper: {may:?}"
                );
                Ok(())
            }
            9 => {
                let line = Line {
                    id: source.number() as u32,
                    display: source.byte() & 1,
                    colour: source.byte() & 7,
                    width: source.byte(),
                    points: (0..source.below(5))
                        .map(|_| (source.number() as u16, 7))
                        .collect(),
                };
                helper.stroke(line, now)
            }
            10 => helper.laser(source.byte() & 1, (source.number() as u16, 9), now),
            11 => helper.clear(now),
            12 => {
                helper.refresh(now);
                Ok(())
            }
            13 => helper.set_paused(source.bool(), now),
            14 => {
                // More than are kept, now and then.
                let lines = if source.one_in(8) { CHAT_KEPT + 1 } else { 1 };
                (0..lines).try_for_each(|_| helper.chat(&source.text(), now).map(drop))
            }
            15 => helper.fetch_picture(now),
            16 => helper.acknowledge(now),
            _ if source.one_in(4) => match source.bool() {
                true => helper.end_and_report(*source.pick(ReportCategory::ALL), now),
                false => {
                    helper.end(now);
                    Ok(())
                }
            },
            _ => Ok(()),
        }
    }

    fn sharer_does(&mut self, which: u8, source: &mut Source<'_>) -> Result<(), Misuse> {
        let world = &mut self.world;
        let now = world.now;
        match which {
            0 => {
                let _ = world
                    .sharer
                    .contact(*source.pick(&[Contact::Person, Contact::Other]), now);
                world.answer(*source.pick(&[
                    Consent::Given,
                    Consent::GivenAfterWarning,
                    Consent::Refused,
                ]))
            }
            1 | 2 => world.allow(*source.pick(&SCOPES)),
            3 => {
                let _ = world.helper.request_control(*source.pick(&SCOPES), now);
                world.run(1_200);
                let number = source.bool().then(|| source.number() as u32);
                world
                    .sharer
                    .allow_control(Scopes::CONTROL, number, world.now)
            }
            4 => world.sharer.deny_control(now),
            5 => world.sharer.revoke(now),
            6 => world.sharer.narrow(*source.pick(&SCOPES), now),
            7 => {
                world.sharer.ask_renewal(now)?;
                world.run(1_500);
                let has = world.sharer.scopes().intersect(Scopes::GRANTABLE);
                world.allow(has)
            }
            8 => world
                .sharer
                .send_clipboard(&clipboard(source), now)
                .map(drop),
            9 | 10 => {
                let may = world.sharer.scopes();
                let taken = world.sharer.answer_clipboard(!source.one_in(4), now)?;
                assert!(
                    taken.is_none() || may.contains(Scopes::CLIPBOARD_TO_SHARER),
                    "taken by a sharer: {may:?}"
                );
                Ok(())
            }
            11 => world.sharer.set_secure_desktop(source.bool(), now),
            12 => world.sharer.set_paused(source.bool(), now),
            13 => world.sharer.chat(&source.text()).map(drop),
            14 => {
                let mut display = |id| DisplayInfo {
                    id,
                    width: 8,
                    height: 8 + source.below(3) as u16,
                };
                let displays = vec![display(0)];
                world.sharer.displays(displays)
            }
            15 => world.sharer.show_card(now),
            16 => world.sharer.fetch_picture(now),
            17..=19 => {
                let wanted = world.sharer.wants_complete() && !source.one_in(8);
                let complete = wanted || source.one_in(4);
                world.sharer.send_frame(&frame(complete, source)).map(drop)
            }
            20 => {
                world.sharer.drop_stale_frames();
                Ok(())
            }
            21 => {
                if source.bool() {
                    let _ = world.sharer.send_frame(&frame(true, source));
                }
                world.sharer.change_way();
                Ok(())
            }
            _ if source.one_in(4) => match source.bool() {
                true => world
                    .sharer
                    .end_and_report(*source.pick(ReportCategory::ALL)),
                false => {
                    world.sharer.end();
                    Ok(())
                }
            },
            _ => Ok(()),
        }
    }

    /// Reads what both were told since the last time.
    fn check(&mut self) {
        let world = &mut self.world;
        for event in &world.sharer_events[self.read[1]..] {
            let sharer::Event::Session(event) = event else {
                if let sharer::Event::Picture(fetched) = event {
                    drop(format!("{fetched:?}"));
                }
                continue;
            };
            match event {
                Event::ConsentAsked { who, name, .. } => {
                    assert!(who.card.is_none() || name.is_empty(), "two names");
                    assert!(name.len() <= NAME, "a name that is too long");
                    vouched(who, self.anchored[1], &self.issued.borrow());
                }
                Event::ControlGranted { scopes, .. } => self.may = *scopes,
                Event::ControlEnded { code, .. } if *code != ErrorCode::Replaced => {
                    self.may = Scopes::NONE
                }
                Event::Inject(input) => assert!(
                    self.may.contains(input.scope()),
                    "{input:?} under {:?}",
                    self.may
                ),
                _ => {}
            }
        }
        for event in &world.helper_events[self.read[0]..] {
            if let helper::Event::Sharer(who) = event {
                vouched(who, self.anchored[0], &self.issued.borrow());
            }
        }
        self.read = [world.helper_events.len(), world.sharer_events.len()];
        while let Some(receipt) = world.sharer.poll_receipt(BEGIN + 700) {
            self.cards = world.sharer.cards_of(&receipt);
            drop(world.helper.cards_of(&receipt));
            self.receipts.push(receipt);
        }
        self.names();
        let world = &mut self.world;
        let transcripts = [world.helper.transcript(), world.sharer.transcript()];
        assert!(
            transcripts.contains(&None) || transcripts[0] == transcripts[1],
            "two sessions"
        );
        let _ = (
            world.helper.path_offer_from(),
            world.sharer.path_offer_from(),
            world.helper.counters(),
            world.sharer.counters(),
            world.helper.reporting(),
            world.sharer.reporting(),
            world.sharer.join_delay_most(),
            world.helper.relay().is_some(),
            world.helper.input_pending(),
        );
    }

    /// What the machines are in has a name in the tables, whatever it is.
    fn names(&self) {
        let world = &self.world;
        let helper = world.helper.machine().regions(world.now);
        let sharer = world.sharer.machine().regions(world.now);
        let mut all = helper.into_iter().chain(sharer);
        assert!(all.all(|(region, state)| !region.is_empty() && !state.is_empty()));
        for conn in (1..=4).map(ConnId) {
            let connection = world.relay.regions(conn, world.now);
            assert!(
                connection
                    .iter()
                    .all(|(region, state)| !region.is_empty() && !state.is_empty())
            );
        }
    }

    fn at_the_end(&mut self) {
        assert!(
            self.world.keys.is_none() || self.world.audit() == Ok(()),
            "{:?}",
            self.world.audit()
        );
        for side in SIDES {
            let blames = self.world.ended(side).and_then(|ended| ended.fault);
            if let Some(fault) = blames {
                words::blamed(&fault);
            }
            if blames == Some(Fault::BadCard) && self.wrong {
                // It was the relay, before anybody was met.
                return;
            }
            assert_eq!(blames, None, "an end that kept to the rules is blamed");
        }
        if self.receipts.is_empty() {
            return;
        }
        let mut file = FILE_START.to_vec();
        self.receipts
            .iter()
            .for_each(|receipt| append_receipt(receipt, &mut file));
        self.cards
            .iter()
            .for_each(|card| append_card(card, &mut file));
        let report = verify::verify(&file).expect("a file of receipts");
        assert_eq!(report.findings, [], "receipts of a session that was");
    }
}

/// Accounts, devices and rules.
fn people_of_the_relay(world: &mut World, source: &mut Source<'_>) {
    let role = match source.one_in(4) {
        true => *source.pick(&Role::ALL),
        false => Role::Elevation,
    };
    let device = *source.pick(&[Standing::Unknown, Standing::Enrolled]);
    for name in ["ada", "charles"] {
        world
            .tokens
            .insert(name.to_owned(), account(name, role, device));
    }
    let device = cast::device(true);
    let registration = Registration {
        token_hash: token_hash(&device.token),
        organisation: OURS.to_owned(),
        issuer: source.bool().then(|| "issuer".to_owned()),
    };
    world
        .relay
        .set_devices(BTreeMap::from([(device.key.id, registration)]), world.now);
    world.relay.set_policy(policy(source));
}

/// The relay issues cards: as they were asked for, or others.
fn issue_cards(
    world: &mut World,
    wrong: bool,
    issued: &Rc<RefCell<Vec<Card>>>,
    source: &mut Source<'_>,
) {
    if source.one_in(4) {
        return;
    }
    let issued = Rc::clone(issued);
    world.issue_cards(move |wanted| {
        let mut card = match wanted.profile == Profile::Full.to_wire() {
            true => cast::card(0),
            false => cast::brief(0),
        };
        card.picture.clear();
        card.ceiling = wanted.ceiling;
        if wrong {
            card = match wanted.profile == Profile::Full.to_wire() {
                true => cast::brief(0),
                false => cast::card(0),
            };
        }
        let issuer = cast::issuer();
        let signed = issue::issue(card, &wanted.request, &wanted.challenge, &issuer);
        let signed = signed.map_err(|_| ErrorCode::Denied)?;
        let read = Signed::<Card>::read(&signed).map_err(|_| ErrorCode::Denied)?;
        issued.borrow_mut().push(read.body);
        Ok(signed)
    });
}

/// Nobody vouches for anybody to somebody who believes nobody, and what is vouched for is what the issuer said.
fn vouched(who: &Who, anchored: bool, issued: &[Card]) {
    let known = |card: &Card| {
        let own = [0, 1].map(|person| [cast::card, cast::brief, cast::large].map(|of| of(person)));
        own.iter()
            .flatten()
            .chain(issued)
            .any(|known| known == card)
    };
    assert!(
        who.card.as_ref().is_none_or(known),
        "a card that nobody has"
    );
    match &who.standing {
        Worth::Verified { issuer } | Worth::VouchedByRelay { issuer } => {
            assert!(
                anchored && who.card.is_some() && issuer == "Engines",
                "{who:?}"
            );
        }
        Worth::Unverified(_) => {}
    }
    assert_eq!(
        who.is_vouched_for(),
        !matches!(who.standing, Worth::Unverified(_))
    );
}

pub(crate) fn any_input(source: &mut Source<'_>) -> InputEvent {
    match source.below(5) {
        0 => InputEvent::Pointer {
            display: source.byte() & 1,
            x: source.number() as u16,
            y: 3,
        },
        1 => InputEvent::Button {
            button: source.byte() % 7,
            down: source.bool(),
        },
        2 => InputEvent::Wheel {
            dx: source.number() as i16,
            dy: -120,
        },
        3 => InputEvent::ReleaseAll,
        _ => InputEvent::Key {
            usage: source.number() as u16,
            down: source.bool(),
        },
    }
}

/// Most often short; sometimes a line more than fits.
fn clipboard(source: &mut Source<'_>) -> String {
    match source.one_in(10) {
        true => "x".repeat(source.below(70_000)),
        false => source.text(),
    }
}

fn frame(complete: bool, source: &mut Source<'_>) -> Frame {
    let sizes = [1, 60, 20_000];
    let tile = Tile {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
        codec: alongside_wire::Codec::Png,
        data: vec![7; *source.pick(&sizes)],
    };
    let _ = picture::head(&tile.data);
    Frame {
        complete,
        display: 0,
        width: 8,
        height: 8,
        tiles: vec![tile],
    }
}
