//! Sessions that begin with a known device instead of a code.

use std::collections::BTreeMap;

use alongside_harness::{Packet, Way, World};
use alongside_state_machine::{
    channel::{
        Password,
        handshake::{Answering, Offering},
    },
    device::{Device, DeviceKey, Retry, token_hash},
    endpoint::{helper, sharer},
    error::{Fault, Misuse},
    relay::{
        Registration, Verified,
        account::{Account, Role, Standing},
    },
    session::By,
};
use alongside_wire::{
    ErrorCode, Scopes, SignInMethod, Suite,
    code::Code,
    device::{DeviceId, DeviceToken},
    envelope::Envelope,
    framing::Deframer,
    rendezvous::{CodeIssued, Joined, Message, SignIn, Token, Waiting},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

fn device() -> Device {
    Device {
        without_card: true,
        ..Device::enrol(&std::array::from_fn(|place| place as u8))
    }
}

/// A relay that knows the device, and a helper of its organisation.
fn world(seed: u64) -> World {
    let mut world = World::new(seed);
    let device = device();
    let registration = Registration {
        token_hash: token_hash(&device.token),
        organisation: "ours".to_owned(),
        issuer: None,
    };
    let devices = BTreeMap::from([(device.key.id, registration)]);
    world.relay.set_devices(devices, world.now);
    let account = Account {
        issuer: "issuer".to_owned(),
        subject: "ada".to_owned(),
        name: "Ada".to_owned(),
        title: String::new(),
        organisation: "ours".to_owned(),
        domain: String::new(),
        role: Role::Control,
        device: Standing::Unknown,
        expires: 0,
    };
    let lasts_ms = 3_600_000;
    world
        .tokens
        .insert("ada".to_owned(), Verified { account, lasts_ms });
    let request = SignIn {
        method: SignInMethod::Token.to_wire(),
        token: Token::new("ada"),
    };
    world.helper.sign_in(request).unwrap();
    world.run(10);
    world
}

fn waiting(seed: u64) -> World {
    let mut world = world(seed);
    world.sharer.wait(&device(), world.now).unwrap();
    world.run_until("leave to wait", |world| {
        world.sharer_events.contains(&sharer::Event::Waiting)
    });
    world
}

fn asked(world: &World) -> bool {
    world.was_told(|event| matches!(event, sharer::SessionEvent::ConsentAsked { .. }))
}

/// The device was called, and its person is asked.
fn called(seed: u64) -> World {
    let mut world = waiting(seed);
    world.helper.call(&device().key, world.now).unwrap();
    world.run_until("the question", asked);
    world
}

fn phrases(world: &World) -> (Vec<[u16; 3]>, Vec<[u16; 3]>) {
    let helper = world.helper_events.iter().filter_map(|event| match event {
        helper::Event::Phrase(phrase) => Some(*phrase),
        _ => None,
    });
    let sharer = world.sharer_events.iter().filter_map(|event| match event {
        sharer::Event::Phrase(phrase) => Some(*phrase),
        _ => None,
    });
    (helper.collect(), sharer.collect())
}

//= test spec/17-known-devices.md#exchange [DEVICE-12] 111a906b
//= test spec/17-known-devices.md#exchange [DEVICE-18] fc458885
#[test]
fn a_helper_without_a_card_is_let_in_only_if_none_is_needed() {
    let mut world = world(411);
    let strict = Device {
        without_card: false,
        ..device()
    };
    world.sharer.wait(&strict, world.now).unwrap();
    world.run(100);
    world.helper.call(&strict.key, world.now).unwrap();
    world.run(1_000);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::CardNeeded));
    assert!(!asked(&world));
    let told = world.helper.machine().ended().unwrap();
    assert_eq!((told.by, told.code), (By::Peer, ErrorCode::CardNeeded));
}

//= test spec/17-known-devices.md#exchange [DEVICE-14] 185fcabf
#[test]
fn a_call_leads_to_the_same_question_and_a_whole_session() {
    let mut world = called(400);
    world.run(5_000);
    assert_eq!(world.frames(), 0);
    assert!(world.frame(true).is_none(), "before consent");
    let (helper, sharer) = phrases(&world);
    assert_eq!(helper, sharer);
    assert_eq!(helper.len(), 1);
    world.consent(true).unwrap();
    world.run_until("leave to send frames", |world| {
        world.sharer.may_send_frame()
    });
    world.frame(true);
    world.run(6_000);
    assert_eq!(world.frames(), 1);
    world.regain_control();
    assert_eq!(
        world.sharer.scopes(),
        Scopes::CONSENT.union(Scopes::CONTROL)
    );
    world.sharer.end();
    world.run(100);
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::Done));
}

//= test spec/17-known-devices.md#exchange [DEVICE-14] 185fcabf
#[test]
fn silence_at_a_known_device_is_denial() {
    let mut world = called(401);
    world.run(119_000);
    assert!(world.sharer.machine().ended().is_none());
    world.run(2_000);
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::Declined));
    assert_eq!(world.frames(), 0);
}

#[test]
fn a_device_can_wait_for_long() {
    let mut world = waiting(402);
    world.run(3_000_000);
    assert!(world.sharer.machine().ended().is_none());
    world.run(601_000);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::Idle));
}

//= test spec/17-known-devices.md#exchange [DEVICE-16] 1808e048
//= test spec/17-known-devices.md#exchange [DEVICE-17] cfba648f
#[test]
fn a_wrong_secret_fails_at_both_ends_and_counts() {
    let mut world = waiting(403);
    let wrong = DeviceKey::new(device().key.id, [1; 32]);
    world.helper.call(&wrong, world.now).unwrap();
    world.run(1_000);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(ended.code, ErrorCode::HandshakeFailed);
    assert!(ended.fault.is_some());
    assert!(!asked(&world), "nobody is bothered");
    let spent = |event: &helper::SessionEvent| match event {
        helper::SessionEvent::CodeSpent { warn, .. } => Some(*warn),
        _ => None,
    };
    let told = |world: &World| -> Vec<bool> {
        let events = world.helper_events.iter().filter_map(|event| match event {
            helper::Event::Session(event) => spent(event),
            _ => None,
        });
        events.collect()
    };
    assert_eq!(told(&world), [false]);
    assert_eq!(phrases(&world).1, Vec::<[u16; 3]>::new());
    for _ in 0..2 {
        world.another_sharer();
        world.sharer.wait(&device(), world.now).unwrap();
        world.run(100);
        world.helper.call(&wrong, world.now).unwrap();
        world.run(1_000);
    }
    assert_eq!(told(&world), [false, false, true]);
    let again = world.helper.call(&wrong, world.now);
    assert_eq!(
        again,
        Err(Misuse::NotReady),
        "three in an hour are too many"
    );
}

/// What a relay was sent, or sent itself, as messages.
fn carried(world: &World) -> Vec<Message> {
    let mut messages = Vec::new();
    for way in Way::ALL {
        let mut deframer = Deframer::new(65_536, "test");
        for (_, packet) in world.sent.iter().filter(|(on, _)| *on == way) {
            if let Packet::Control(bytes) = packet {
                deframer.push(bytes);
            }
        }
        messages.extend(std::iter::from_fn(|| Message::pull(&mut deframer).unwrap()));
    }
    messages
}

//= test spec/17-known-devices.md#exchange [DEVICE-13] 3344b8d5
#[test]
fn an_offer_is_new_each_time_and_answered_once() {
    let offers = [404, 405].map(|seed| {
        let world = called(seed);
        let offers = carried(&world)
            .into_iter()
            .filter_map(|message| match message {
                Message::Wait(wait) => Some(wait.offer),
                _ => None,
            });
        <[Vec<u8>; 1]>::try_from(offers.collect::<Vec<_>>()).unwrap()
    });
    assert_ne!(offers[0], offers[1]);
    // A relay that gives one wait to two helpers ends what the first one began.
    let mut world = called(406);
    let mut again = Vec::new();
    let answer = carried(&world).into_iter().find(|message| {
        matches!(message, Message::Deliver(deliver)
            if matches!(Envelope::read(&deliver.envelope), Ok(Some(Envelope::Answer(_)))))
    });
    answer.unwrap().encode(&mut again);
    world.inject(Way::SharerDown, Packet::Control(again));
    world.run(100);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(ended.fault.unwrap().clause(), "KEX-21");
}

/// Handshakes without a network, each end with its own password.
fn meet(sharer: Password, helper: Password) -> Option<Fault> {
    let suites = [Suite::ChaChaPoly];
    let rng = |seed| ChaCha20Rng::from_seed([seed; 32]);
    let offering = Offering::new(sharer, &suites, Scopes::ALL, rng(1));
    let offer = offering.offer().to_vec();
    let answered = Answering::new(helper, &offer, &suites, Scopes::ALL, rng(2));
    let (_, answer) = answered.unwrap();
    let Ok(Some(Envelope::Answer(answer))) = Envelope::read(&answer) else {
        panic!("an answer");
    };
    offering.answered(&answer, &suites, rng(3)).err()
}

//= test spec/17-known-devices.md#exchange [DEVICE-12] 111a906b
#[test]
fn other_devices_secrets_and_codes_do_not_fit() {
    let right = device().key;
    let own = || Password::from(&right);
    assert_eq!(meet(own(), own()), None);
    let code = Code::parse("4060-r0gx").unwrap();
    for other in [
        Password::from(&DeviceKey::new(DeviceId([1; 16]), *right.secret())),
        Password::from(&DeviceKey::new(right.id, [0; 32])),
        Password::from(code),
    ] {
        assert_eq!(meet(own(), other), Some(Fault::HandshakeFailed));
    }
}

#[test]
fn a_relay_that_says_what_was_not_asked_is_left() {
    let said = |way, message: Message| {
        let mut world = waiting(409);
        world.helper.call(&device().key, world.now).unwrap();
        world.tap(|_, _| Vec::new());
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        world.inject(way, Packet::Control(bytes));
        world.run(10);
        let ended = match way {
            Way::HelperDown => world.helper.machine().ended(),
            _ => world.sharer.machine().ended(),
        };
        ended.unwrap().fault.unwrap().clause()
    };
    assert_eq!(said(Way::SharerDown, Waiting {}.into()), "RDV-5");
    assert_eq!(said(Way::HelperDown, Waiting {}.into()), "RDV-5");
    let locator = Code::parse("4060-r0gx").unwrap().locator;
    let lifetime_ms = 1;
    let issued = CodeIssued {
        locator,
        lifetime_ms,
    };
    assert_eq!(said(Way::HelperDown, issued.into()), "RDV-5");
    let offer = Vec::new();
    assert_eq!(said(Way::SharerDown, Joined { offer }.into()), "RDV-5");
}

//= test spec/17-known-devices.md#enrolment [DEVICE-2] ab7962f2
#[test]
fn the_relay_gets_the_token_once_and_nothing_of_the_secret() {
    let world = called(410);
    let holds = |bytes: &[u8], what: &[u8]| bytes.windows(32).any(|window| window == what);
    let mut tokens = 0;
    for (way, packet) in &world.sent {
        if let Packet::Control(bytes) = packet {
            assert!(!holds(bytes, device().key.secret()));
            let token = holds(bytes, &device().token.0);
            assert!(!token || *way == Way::SharerUp);
            tokens += usize::from(token);
        }
    }
    assert_eq!(tokens, 1);
}

//= test spec/17-known-devices.md#exchange [DEVICE-15] d9e269d2
#[test]
fn a_device_that_fails_pauses_ever_longer() {
    let mut retry = Retry::default();
    let pauses: Vec<_> = (0..9).map(|_| retry.failed()).collect();
    let seconds = [1, 2, 4, 8, 16, 32, 60, 60, 60].map(|pause| pause * 1_000);
    assert_eq!(pauses, seconds);
    for _ in 0..100 {
        assert_eq!(retry.failed(), 60_000);
    }
    retry.secured();
    assert_eq!(retry.failed(), 1_000);
}

//= test spec/17-known-devices.md#enrolment [DEVICE-1] a14edd8c
#[test]
fn a_device_is_all_of_its_random_bytes() {
    let device = device();
    assert_eq!(
        device.key.id.to_string(),
        "000102030405060708090a0b0c0d0e0f"
    );
    assert_eq!(device.key.id.to_string().parse(), Ok(device.key.id));
    assert_eq!(device.key.secret()[..], (16..48).collect::<Vec<u8>>());
    assert_eq!(device.token.0[..], (48..80).collect::<Vec<u8>>());
    for wrong in [
        "",
        "00",
        "000102030405060708090A0B0C0D0E0F",
        "000102030405060708090a0b0c0d0e0f0",
    ] {
        assert!(wrong.parse::<DeviceId>().is_err(), "{wrong}");
    }
    assert_eq!(format!("{:?}", device.token), "DeviceToken(…)");
}

//= test spec/17-known-devices.md#waiting [DEVICE-4] 9018bf39
#[test]
fn a_relay_keeps_the_hash_of_the_text() {
    let token = DeviceToken(std::array::from_fn(|place| 0xc0 + place as u8));
    let hash = hex::encode(token_hash(&token));
    let text = include_str!("../../../../spec/17-known-devices.md");
    assert!(text.contains(&hash), "{hash}");
}
