//! Known devices at the relay.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::{
    device::{Device, token_hash},
    relay::{
        ConnId, Event, Registration, RelayConfig, Violation,
        account::Role,
        policy::{Policy, Rules},
    },
};
use alongside_wire::{
    ErrorCode,
    device::DeviceToken,
    journal::Features,
    rendezvous::{Call, CodeRequest, Joined, Message, Refused, Wait, Waiting},
};
use proptest::{prelude::*, test_runner::RngSeed};

use crate::sign_in::account;
use crate::world::{A, B, C, World, deliver, framed, gone, join, leave, locator, refused, sign_in};

const OURS: &str = "ours";

/// One device of many, always the same one.
fn device(number: u8) -> Device {
    Device::enrol(&[number; 80])
}

fn registered(devices: &[(u8, &str)]) -> BTreeMap<alongside_wire::device::DeviceId, Registration> {
    let entry = |(number, organisation): &(u8, &str)| {
        let device = device(*number);
        let registration = Registration {
            token_hash: token_hash(&device.token),
            organisation: (*organisation).to_owned(),
            issuer: None,
        };
        (device.key.id, registration)
    };
    devices.iter().map(entry).collect()
}

fn wait(number: u8) -> Wait {
    let device = device(number);
    Wait {
        device: device.key.id,
        token: device.token,
        offer: vec![number],
    }
}

fn call(number: u8) -> Call {
    let device = device(number).key.id;
    Call { device }
}

/// A relay with devices 1 and 2 of ours and 3 of others.
fn relay(set: impl FnOnce(&mut RelayConfig)) -> World {
    let mut world = World::with(set);
    let devices = registered(&[(1, OURS), (2, OURS), (3, "others")]);
    world.relay.set_devices(devices, world.now);
    for token in TOKENS {
        let (organisation, role) = token.split_once('-').expect("both");
        let role = Role::from_name(role).expect("a role");
        world.know(account(token, organisation, role));
    }
    world
}

/// Organisation and role.
const TOKENS: [&str; 4] = ["ours-control", "ours-none", "others-control", "-control"];

/// `B` is device 1 and waits; `A` helps for us.
fn waiting() -> World {
    let mut world = relay(|_| {});
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    world.signed_in(A, "ours-control");
    waits(&mut world, B, 1);
    world
}

fn waits(world: &mut World, conn: ConnId, number: u8) {
    world.say(conn, wait(number));
    world.pass(50);
    assert_eq!(world.heard(conn), [Waiting {}.into()]);
}

fn meet(world: &mut World, helper: ConnId, sharer: ConnId, number: u8) {
    world.say(helper, call(number));
    world.pass(50);
    let offer = vec![number];
    assert_eq!(world.heard(helper), [Joined { offer }.into()]);
    assert_eq!(world.heard(sharer), []);
    assert_eq!(world.relay.peer_of(helper), Some(sharer));
    assert_eq!(world.relay.peer_of(sharer), Some(helper));
}

//= test spec/17-known-devices.md#waiting [DEVICE-5] 7b8d3f64
//= test spec/17-known-devices.md#waiting [DEVICE-7] d24a85b4
#[test]
fn a_helper_of_the_organisation_finds_the_device_that_waits() {
    let mut world = waiting();
    meet(&mut world, A, B, 1);
    let used = |features| Event::Used { conn: A, features };
    assert_eq!(
        world.events,
        [
            Event::Paired {
                helper: A,
                sharer: B
            },
            used(Features::SIGN_IN),
            used(Features::KNOWN_DEVICE),
        ]
    );
    world.say(A, deliver("to the device"));
    assert_eq!(world.heard(B), [deliver("to the device").into()]);
    // Nobody else finds it while it is in a session.
    world.client(C, "192.0.2.3");
    world.signed_in(C, "ours-control");
    world.say(C, call(1));
    world.pass(50);
    assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
    world.say(B, leave(ErrorCode::Done));
    assert_eq!(world.heard(A), gone(ErrorCode::Done));
    // Nor after it, until it waits again.
    world.say(A, call(1));
    world.pass(50);
    assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
    waits(&mut world, B, 1);
    world.pass(10_000);
    meet(&mut world, A, B, 1);
}

//= test spec/17-known-devices.md#waiting [DEVICE-6] 344b8040
//= test spec/17-known-devices.md#waiting [DEVICE-3] bcf94be4
#[test]
fn every_call_in_vain_gets_the_same_answer_at_a_tick() {
    let mut world = waiting();
    world.client(C, "192.0.2.3");
    waits(&mut world, C, 3);
    let mut answers = BTreeSet::new();
    let ours = Some("ours-control");
    let cases = [
        (ours, 9, "unknown"),
        (ours, 2, "not waiting"),
        (ours, 3, "of others"),
        (Some("others-control"), 1, "somebody else's helper"),
        (Some("-control"), 1, "nobody's helper"),
        (Some("ours-none"), 1, "no helper"),
        (None, 1, "nobody"),
        (None, 9, "nobody, and unknown"),
    ];
    for (index, (token, number, why)) in cases.into_iter().enumerate() {
        let conn = ConnId(10 + index as u64);
        world.client(conn, &format!("198.51.100.{index}"));
        if let Some(token) = token {
            world.signed_in(conn, token);
        }
        world.pass(13);
        world.say(conn, call(number));
        let due = world.relay.poll_timeout().expect("a deadline");
        assert_eq!(due.as_micros() % 50_000, 0);
        let rest = due.since(world.now) / 1_000;
        assert!((1..=50).contains(&rest), "{why}");
        world.pass(rest - 1);
        assert!(!world.sent.contains_key(&conn), "before its tick");
        world.pass(1);
        answers.insert(world.sent.remove(&conn).expect(why));
        assert_eq!(world.relay.peer_of(conn), None, "{why}");
    }
    let code = ErrorCode::NotFound.to_wire();
    assert_eq!(answers, BTreeSet::from([framed(Refused { code })]));
    assert_eq!(world.heard(B), []);
    meet(&mut world, A, B, 1);
}

//= test spec/17-known-devices.md#waiting [DEVICE-6] 344b8040
#[test]
fn a_sign_in_that_is_over_and_another_issuer_are_not_enough() {
    let mut world = relay(|config| config.unpaired_idle_ms = 9_000_000);
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    world.signed_in(A, "ours-control");
    world.pass(3_600_000);
    waits(&mut world, B, 1);
    world.say(A, call(1));
    world.pass(50);
    assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
    world.signed_in(A, "ours-control");
    meet(&mut world, A, B, 1);

    for (issuer, finds) in [("issuer", true), ("another", false)] {
        let mut world = relay(|_| {});
        let mut devices = registered(&[(1, OURS)]);
        for registration in devices.values_mut() {
            registration.issuer = Some(issuer.to_owned());
        }
        world.relay.set_devices(devices, world.now);
        world.client(A, "192.0.2.1");
        world.client(B, "192.0.2.2");
        world.signed_in(A, "ours-control");
        waits(&mut world, B, 1);
        world.say(A, call(1));
        world.pass(50);
        assert_eq!(world.relay.peer_of(A).is_some(), finds, "{issuer}");
    }
}

/// An organisation whose product is off has no calls either.
//= test spec/17-known-devices.md#waiting [DEVICE-6] 344b8040
#[test]
fn a_policy_that_gives_no_code_gives_no_device() {
    let mut world = waiting();
    let off = Rules {
        enabled: false,
        ..Rules::default()
    };
    world.relay.set_policy(Policy {
        organisation: off,
        ..Policy::default()
    });
    world.say(A, call(1));
    world.pass(50);
    assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
}

//= test spec/17-known-devices.md#waiting [DEVICE-4] 9018bf39
#[test]
fn only_the_device_itself_waits_in_its_name() {
    let mut world = relay(|_| {});
    let mut answers = BTreeSet::new();
    let token = DeviceToken([9; 32]);
    let tries = [
        Wait { token, ..wait(1) },
        Wait {
            token: device(2).token,
            ..wait(1)
        },
        wait(9),
    ];
    for (index, wait) in tries.into_iter().enumerate() {
        let conn = ConnId(10 + index as u64);
        world.client(conn, &format!("198.51.100.{index}"));
        world.say(conn, wait);
        world.pass(49);
        assert!(!world.sent.contains_key(&conn));
        world.pass(1);
        answers.insert(world.sent.remove(&conn).expect("an answer"));
    }
    let code = ErrorCode::NotFound.to_wire();
    assert_eq!(answers, BTreeSet::from([framed(Refused { code })]));
}

//= test spec/17-known-devices.md#waiting [DEVICE-3] bcf94be4
#[test]
fn failures_are_delayed_ever_longer_and_successes_are_not() {
    let mut world = waiting();
    let mut delays = Vec::new();
    for _ in 0..9 {
        let began = world.now;
        world.say(A, call(9));
        while !world.sent.contains_key(&A) {
            world.pass(10);
        }
        assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
        delays.push(world.now.since(began) / 1_000_000);
    }
    assert_eq!(delays, [0, 0, 0, 1, 2, 4, 8, 16, 32]);
    // Codes are no way around it: they count together.
    let began = world.now;
    world.say(A, join(locator("zzzz")));
    world.pass(70_000);
    assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
    assert!(world.now.since(began) > 60_000_000);

    world.client(C, "192.0.2.3");
    world.signed_in(C, "ours-control");
    for _ in 0..9 {
        meet(&mut world, C, B, 1);
        world.say(C, leave(ErrorCode::Done));
        world.heard(B);
        waits(&mut world, B, 1);
    }
}

//= test spec/17-known-devices.md#waiting [DEVICE-8] b3f963c5
#[test]
fn a_device_that_waits_again_takes_its_own_place() {
    let mut world = waiting();
    world.client(C, "192.0.2.3");
    waits(&mut world, C, 1);
    assert_eq!(world.heard(B), gone(ErrorCode::Replaced));
    meet(&mut world, A, C, 1);
    // The other connection stays, and may wait in turn.
    waits(&mut world, B, 1);
    assert_eq!(world.heard(C), [], "a session is not touched");
    assert_eq!(world.relay.peer_of(A), Some(C));
}

//= test spec/17-known-devices.md#waiting [DEVICE-9] 048631ca
#[test]
fn no_more_devices_wait_than_there_is_room_for() {
    let mut world = relay(|config| config.device_waits = 1);
    for (conn, address) in [(A, "192.0.2.1"), (B, "192.0.2.2"), (C, "192.0.2.3")] {
        world.client(conn, address);
    }
    waits(&mut world, A, 1);
    world.say(B, wait(2));
    world.pass(50);
    assert_eq!(world.heard(B), refused(ErrorCode::Busy));
    assert_eq!(world.heard(A), [], "nobody is put out");
    // Its own place is taken all the same.
    waits(&mut world, C, 1);
    world.drop(C);
    waits(&mut world, B, 2);
}

//= test spec/17-known-devices.md#waiting [DEVICE-10] e37311d1
#[test]
fn a_wait_ends_with_its_time_with_its_client_and_when_it_is_left() {
    let mut world = waiting();
    // It lasts far longer than an idle connection.
    world.pass(3_599_000);
    assert_eq!(world.heard(B), []);
    world.pass(1_000);
    assert_eq!(world.heard(B), gone(ErrorCode::Idle));
    assert_eq!(world.closed.get(&B), Some(&ErrorCode::Idle));

    for end in [
        |world: &mut World| world.drop(B),
        |world: &mut World| world.say(B, leave(ErrorCode::Done)),
    ] {
        let mut world = waiting();
        end(&mut world);
        world.say(A, call(1));
        world.pass(50);
        assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
    }
    // A call that finds it in the same moment wins over the end of the wait that it found.
    let mut world = waiting();
    world.say(A, call(1));
    world.say(B, leave(ErrorCode::Done));
    world.pass(50);
    assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
    assert!(world.closed.is_empty());
}

//= test spec/17-known-devices.md#waiting [DEVICE-11] 889afba1
#[test]
fn a_device_that_is_struck_off_waits_no_more() {
    for devices in [
        registered(&[(2, OURS)]),
        registered(&[(1, "others")]),
        BTreeMap::new(),
    ] {
        let mut world = waiting();
        world.relay.set_devices(devices, world.now);
        world.drain();
        assert_eq!(world.heard(B), gone(ErrorCode::NotFound));
        world.say(A, call(1));
        world.pass(50);
        assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
    }
    let mut world = waiting();
    let same = registered(&[(1, OURS), (7, OURS)]);
    world.relay.set_devices(same, world.now);
    world.drain();
    assert_eq!(world.heard(B), []);
    meet(&mut world, A, B, 1);
    // A session is not touched: it began when it was allowed.
    world.relay.set_devices(BTreeMap::new(), world.now);
    world.drain();
    assert_eq!(world.relay.peer_of(A), Some(B));
}

#[test]
fn what_may_not_come_while_waiting_ends_the_connection() {
    let messages = [
        Message::from(CodeRequest {}),
        join(locator("zzzz")).into(),
        wait(1).into(),
        call(1).into(),
        deliver("x").into(),
    ];
    for message in messages {
        let mut world = waiting();
        world.say(B, message.clone());
        let code = ErrorCode::UnexpectedMessage;
        assert_eq!(world.closed.get(&B), Some(&code), "{message:?}");
        let state = "that waits to be called";
        let message = message.name();
        assert_eq!(world.violation(), Violation::Unexpected { message, state });
        world.say(A, call(1));
        world.pass(50);
        assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
    }
    for message in [Message::from(wait(1)), call(1).into()] {
        let mut world = waiting();
        world.issue(A);
        world.say(A, message.clone());
        assert!(world.closed.contains_key(&A), "with a code");
        let mut world = waiting();
        world.say(A, call(9));
        world.say(A, message.clone());
        assert!(world.closed.contains_key(&A), "while joining");
        let mut world = waiting();
        meet(&mut world, A, B, 1);
        world.say(A, message);
        assert!(world.closed.contains_key(&A), "in a session");
    }
    let mut world = waiting();
    world.say(A, Waiting {});
    assert_eq!(world.violation().clause(), "RDV-8");
}

#[derive(Clone, Debug)]
enum Act {
    SignIn(u64, usize),
    Wait(u64, u8, u8),
    Call(u64, u8),
    Leave(u64),
    Reconnect(u64),
    Strike(u8),
    Pass(u16),
}

fn act() -> impl Strategy<Value = Act> {
    let conn = || 1..7_u64;
    let number = || 1..5_u8;
    prop_oneof![
        4 => (conn(), 0..TOKENS.len()).prop_map(|(conn, which)| Act::SignIn(conn, which)),
        6 => (conn(), number(), number()).prop_map(|(conn, id, token)| Act::Wait(conn, id, token)),
        4 => (conn(), number()).prop_map(|(conn, id)| Act::Wait(conn, id, id)),
        8 => (conn(), number()).prop_map(|(conn, id)| Act::Call(conn, id)),
        4 => conn().prop_map(Act::Leave),
        1 => conn().prop_map(Act::Reconnect),
        1 => number().prop_map(Act::Strike),
        9 => prop_oneof![Just(50), 0..2_000_u16].prop_map(Act::Pass),
    ]
}

/// The organisations that the tokens make a helper of.
const HELPS: [Option<&str>; 4] = [Some("ours"), None, Some("others"), None];

/// Who is whose helper, and who has waited as what, as far as the relay may know.
struct Watch {
    world: World,
    organisation: BTreeMap<ConnId, Option<&'static str>>,
    /// What each connection asked for last, with the right token or as a caller.
    waits: BTreeMap<ConnId, Option<u8>>,
    calls: BTreeMap<ConnId, u8>,
}

impl Watch {
    fn connect(&mut self, conn: ConnId) {
        self.world.client(conn, &format!("192.0.2.{}", conn.0));
        self.organisation.insert(conn, None);
        self.waits.insert(conn, None);
    }

    /// Leaves whatever it is in first, so that all may be said.
    fn say(&mut self, conn: ConnId, message: impl Into<Message>) {
        if self.world.closed.contains_key(&conn) {
            return;
        }
        self.world.say(conn, leave(ErrorCode::Done));
        self.world.say(conn, message);
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::SignIn(conn, which) => {
                let conn = ConnId(conn);
                self.organisation.insert(conn, HELPS[which]);
                self.say(conn, sign_in(TOKENS[which]));
            }
            Act::Wait(conn, id, token) => {
                let conn = ConnId(conn);
                let token = device(token).token;
                let wait = Wait { token, ..wait(id) };
                let right = token == device(id).token;
                self.waits.insert(conn, right.then_some(id));
                self.say(conn, wait);
            }
            Act::Call(conn, id) => {
                let conn = ConnId(conn);
                self.calls.insert(conn, id);
                self.say(conn, call(id));
            }
            Act::Leave(conn) => self.say(ConnId(conn), leave(ErrorCode::Done)),
            Act::Reconnect(conn) => {
                let conn = ConnId(conn);
                self.world.drop(conn);
                self.world.closed.remove(&conn);
                self.world.sent.remove(&conn);
                self.connect(conn);
            }
            Act::Strike(number) => {
                let all = [(1, "ours"), (2, "others"), (3, "ours")];
                let left: Vec<_> = all.into_iter().filter(|(id, _)| *id != number).collect();
                let now = self.world.now;
                self.world.relay.set_devices(registered(&left), now);
                self.world.drain();
            }
            Act::Pass(ms) => self.world.pass(ms.into()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, rng_seed: RngSeed::Fixed(2_026), ..ProptestConfig::default() })]
    /// Whatever clients do: who is paired with a device was signed in to its organisation, asked for
    /// it, and met somebody with its token.
    //= test spec/17-known-devices.md#waiting [DEVICE-6] 344b8040
    #[test]
    fn nobody_but_its_helpers_ever_meets_a_device(acts in prop::collection::vec(act(), 1..80)) {
        let mut watch = Watch {
            world: relay(|_| {}),
            organisation: BTreeMap::new(),
            waits: BTreeMap::new(),
            calls: BTreeMap::new(),
        };
        let all = registered(&[(1, "ours"), (2, "others"), (3, "ours")]);
        let owners: BTreeMap<u8, &str> = [(1, "ours"), (2, "others"), (3, "ours")].into();
        let now = watch.world.now;
        watch.world.relay.set_devices(all, now);
        for conn in 1..7 {
            watch.connect(ConnId(conn));
        }
        for act in acts {
            watch.world.events.clear();
            watch.act(&act);
            for event in watch.world.events.clone() {
                if let Event::Paired { helper, sharer } = event {
                    let id = watch.calls.get(&helper).copied();
                    prop_assert_eq!(id, watch.waits[&sharer], "the device that was called");
                    let owner = owners.get(&id.unwrap_or_default()).copied();
                    prop_assert!(owner.is_some(), "a device that is registered");
                    prop_assert_eq!(watch.organisation[&helper], owner);
                }
            }
        }
    }
}
