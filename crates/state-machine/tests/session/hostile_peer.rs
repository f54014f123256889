//! An end that has the right keys and does not play by the rules: a named error, and the end.

use alongside_harness::{Way, World, record};
use alongside_state_machine::{
    endpoint::sharer, identity::keys::SecretKey, receipt::sign, session::By, session::sharer::Event,
};
use alongside_wire::{
    Decision, ErrorCode, Scopes, framing,
    input::InputEvent,
    limits,
    receipt::Statement,
    session::{
        Advisory, AdvisoryAck, Card, Chat, ChatAck, Clear, Clipboard, ClipboardTaken, Consent,
        ControlDeny, ControlEnd, ControlGrant, ControlRenew, ControlRequest, ControlWithdraw,
        Displays, End, Epoch, EpochSeen, Heartbeat, Introduce, Laser, Message, Pad, PathOffer,
        Pause, Picture, PictureRequest, Probe, ProbeAnswer, Receipt, Refresh, SecureDesktop, Shown,
        State, Stroke,
    },
};

/// A true receipt, of another session.
fn receipt() -> alongside_wire::receipt::Receipt {
    let key = SecretKey::from_seed(&[1; 32]);
    sign(
        &key,
        Statement {
            decision: Decision::ConsentAllowed,
            code: 0,
            request: 0,
            grant: 0,
            scopes: Scopes::CONSENT,
            duration_ms: 0,
            time: 0,
            sequence: 1,
            transcript: [2; 32],
            sharer_card: [0; 32],
            helper_card: [0; 32],
            key: key.public(),
        },
    )
}

/// One of each, harmless in itself.
fn every_message() -> Vec<Message> {
    let scopes = Scopes::VIEW;
    vec![
        Pad { len: 3 }.into(),
        Introduce {
            opening: [0; 32],
            name: "Eve".into(),
            card: vec![],
            proof: vec![],
        }
        .into(),
        Consent { scopes }.into(),
        Displays { displays: vec![] }.into(),
        Shown { frame: 1 }.into(),
        ControlRequest {
            request: 1,
            scopes: Scopes::CONTROL,
        }
        .into(),
        ControlWithdraw { request: 1 }.into(),
        ControlGrant {
            request: 1,
            grant: 1,
            scopes: Scopes::CONTROL,
            duration_ms: 1,
            secret: [0; 32],
        }
        .into(),
        ControlDeny {
            request: 1,
            code: 0x204,
        }
        .into(),
        ControlEnd {
            grant: 1,
            code: 0x301,
        }
        .into(),
        Pause { paused: true }.into(),
        Epoch {
            epoch: 2,
            paused: true,
        }
        .into(),
        EpochSeen { epoch: 1 }.into(),
        Refresh {}.into(),
        Chat {
            id: 1,
            text: "hello".into(),
        }
        .into(),
        ChatAck { id: 1 }.into(),
        Heartbeat {}.into(),
        End { code: 0x301 }.into(),
        State {
            paused: false,
            scopes: Scopes::NONE,
            epoch: 0,
            grant: 0,
            sent: 0,
            received: 0,
        }
        .into(),
        Card {
            card: vec![1],
            proof: vec![0; 64],
        }
        .into(),
        Advisory::default().into(),
        AdvisoryAck {}.into(),
        PictureRequest {}.into(),
        Picture {
            offset: 0,
            data: vec![1],
        }
        .into(),
        Receipt {
            receipt: receipt().into(),
        }
        .into(),
        ControlRenew {
            request: 0,
            grant: 1,
            duration_ms: 1,
        }
        .into(),
        Clipboard {
            grant: 1,
            item: 1,
            text: "copied".into(),
        }
        .into(),
        ClipboardTaken {
            item: 1,
            taken: true,
        }
        .into(),
        Stroke {
            grant: 1,
            stroke: 1,
            display: 0,
            colour: 0,
            width: 1,
            points: vec![(0, 0)],
        }
        .into(),
        Laser {
            grant: 1,
            display: 0,
            x: 0,
            y: 0,
        }
        .into(),
        Clear { grant: 1 }.into(),
        SecureDesktop { active: true }.into(),
        Probe { probe: 1 }.into(),
        ProbeAnswer { probe: 1 }.into(),
        PathOffer {
            certificate: [1; 32],
        }
        .into(),
    ]
}

#[test]
fn every_registered_message_is_tried() {
    let tried: Vec<_> = every_message().iter().map(Message::message_type).collect();
    let all: Vec<_> = Message::REGISTERED.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(tried, all);
}

/// What the sharer says of a message: the clause that it breaks.
fn at_sharer(prepare: impl Fn(&mut World), message: &Message) -> Option<&'static str> {
    let mut world = World::new(100);
    prepare(&mut world);
    world.take_over_helper();
    world.forge(Way::HelperUp, std::slice::from_ref(message));
    world.run(10);
    let fault = world.sharer.machine().ended()?.fault?;
    assert_eq!(world.sharer.machine().ended()?.by, By::Peer);
    // The helper is told, under seal, what it did.
    let opened = record::open(&world.sent, Way::SharerUp, &world.session_keys()?);
    let code = fault.code().to_wire();
    assert_eq!(opened.messages.last(), Some(&End { code }.into()));
    Some(fault.clause())
}

fn at_helper(prepare: impl Fn(&mut World), message: &Message) -> Option<&'static str> {
    let mut world = World::new(101);
    prepare(&mut world);
    world.take_over_sharer();
    world.forge(Way::SharerUp, std::slice::from_ref(message));
    world.run(10);
    Some(world.helper.machine().ended()?.fault?.clause())
}

/// The sharer waits for the introduction, which is held back.
fn securing(world: &mut World) {
    let code = world.code();
    world.take_over_helper_after_answer();
    world.join(code);
    world.run(100);
    assert!(world.keys.is_some());
}

fn showing(world: &mut World) {
    world.viewing();
    world.frame(true);
    world.run(10);
}

//= test spec/05-session.md#phases [SESSION-1] fb478d4a
//= test spec/09-limits-errors.md#kinds [ERROR-1] 32afe397
#[test]
fn what_may_not_come_ends_the_session() {
    // Which messages those are is said by the state tables, over which both machines are walked.
    let sharer = [securing as fn(&mut World), World::asked, showing];
    for prepare in sharer {
        let messages = every_message();
        let clauses: Vec<_> = messages
            .iter()
            .map(|message| at_sharer(prepare, message))
            .collect();
        assert!(clauses.contains(&Some("SESSION-1")), "{clauses:?}");
        assert!(clauses.contains(&None), "{clauses:?}");
    }
    for prepare in [World::asked, showing] {
        let messages = every_message();
        let clauses: Vec<_> = messages
            .iter()
            .map(|message| at_helper(prepare, message))
            .collect();
        assert!(clauses.contains(&Some("SESSION-1")), "{clauses:?}");
        assert!(clauses.contains(&None), "{clauses:?}");
    }
}

//= test spec/04-key-exchange.md#noise [KEX-15] 7c29e6d2
//= test spec/04-key-exchange.md#noise [KEX-16] 9d1aa1ba
//= test spec/04-key-exchange.md#phrase [KEX-20] e9f9acef
#[test]
fn a_wrong_opening_ends_the_session_before_anything_is_said() {
    let mut world = World::new(102);
    securing(&mut world);
    let introduce = Introduce {
        opening: [9; 32],
        name: "Eve".into(),
        card: vec![],
        proof: vec![],
    };
    let phrase = |event: &sharer::Event| matches!(event, sharer::Event::Phrase(_));
    world.run(3_000);
    let opened = record::open(&world.sent, Way::SharerUp, &world.session_keys().unwrap());
    assert_eq!(opened.messages, []);
    world.forge(Way::HelperUp, &[introduce.into()]);
    world.run(10);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(ended.code, ErrorCode::BadOpening);
    assert!(!world.sharer_events.iter().any(phrase));
    assert!(!world.was_told(|event| matches!(event, Event::ConsentAsked { .. })));
}

//= test spec/05-session.md#control [CONTROL-1] cc4fcac1
//= test spec/05-session.md#control [CONTROL-2] 0c761070
#[test]
fn request_ids_rise() {
    let request = |request| ControlRequest {
        request,
        scopes: Scopes::CONTROL,
    };
    for (first, second) in [(1, 1), (5, 4), (u32::MAX, 0)] {
        let mut world = World::new(103);
        showing(&mut world);
        world.take_over_helper();
        world.forge(Way::HelperUp, &[request(first).into()]);
        world.run(10);
        assert!(world.sharer.machine().ended().is_none());
        world.forge(Way::HelperUp, &[request(second).into()]);
        world.run(10);
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!(ended.fault.unwrap().clause(), "CONTROL-2");
    }
}

//= test spec/05-session.md#control [CONTROL-22] 6e358715
#[test]
fn a_grant_that_never_was_cannot_be_given_up() {
    let end = ControlEnd {
        grant: 1,
        code: 0x30A,
    };
    assert_eq!(at_sharer(showing, &end.into()), Some("CONTROL-22"));
}

//= test spec/05-session.md#control [CONTROL-16] 639fbe31
//= test spec/05-session.md#control [CONTROL-17] 4d5f2971
#[test]
fn a_helper_takes_no_grant_that_it_did_not_ask_for() {
    let grant = ControlGrant {
        request: 1,
        grant: 1,
        scopes: Scopes::POINTER,
        duration_ms: 900_000,
        secret: [1; 32],
    };
    let requested = |world: &mut World| {
        showing(world);
        world.run(6_000);
        let now = world.now;
        world.helper.request_control(Scopes::POINTER, now).unwrap();
        world.run(10);
    };
    let try_it = |change: &dyn Fn(&mut ControlGrant)| {
        let mut grant = grant.clone();
        change(&mut grant);
        at_helper(requested, &grant.into())
    };
    assert_eq!(try_it(&|_| ()), None);
    assert_eq!(try_it(&|grant| grant.grant = 0), Some("CONTROL-16"));
    assert_eq!(
        try_it(&|grant| grant.scopes = Scopes::CONTROL),
        Some("CONTROL-16")
    );
    assert_eq!(
        try_it(&|grant| grant.scopes = Scopes::NONE),
        Some("CONTROL-16")
    );
    assert_eq!(
        try_it(&|grant| grant.duration_ms = 900_001),
        Some("CONTROL-16")
    );
    // Another request: ignored, and nothing can be typed.
    let mut world = World::new(104);
    requested(&mut world);
    world.take_over_sharer();
    let other = ControlGrant {
        request: 7,
        ..grant
    };
    world.forge(Way::SharerUp, &[other.into()]);
    world.run(10);
    assert!(world.helper.machine().live_grant().is_none());
    assert!(world.helper.machine().ended().is_none());
}

//= test spec/05-session.md#consent [CONSENT-7] 6bf7ea32
#[test]
fn a_helper_takes_no_consent_beyond_the_ceilings() {
    for scopes in [Scopes::NONE, Scopes::ALL, Scopes::CONTROL] {
        let clause = at_helper(World::asked, &Consent { scopes }.into());
        assert_eq!(clause, Some("CONSENT-7"));
    }
}

//= test spec/05-session.md#chat [CHAT-1] a488a9c3
//= test spec/05-session.md#chat [CHAT-2] f092ff38
//= test spec/05-session.md#chat [CHAT-3] b6897ab3
//= test spec/05-session.md#chat [CHAT-6] 8c17ebed
#[test]
fn lines_of_chat_are_numbered_and_acknowledged() {
    let chat = |id| -> Message {
        let text = "hello".into();
        Chat { id, text }.into()
    };
    for id in [0, 2, u32::MAX] {
        assert_eq!(at_sharer(showing, &chat(id)), Some("CHAT-2"));
        assert_eq!(at_helper(showing, &chat(id)), Some("CHAT-2"));
    }
    assert_eq!(at_sharer(showing, &chat(1)), None);
    assert_eq!(at_sharer(showing, &ChatAck { id: 9 }.into()), None);
    let mut world = World::new(105);
    world.viewing();
    assert_eq!(world.helper.chat("one", world.now), Ok(1));
    assert_eq!(world.helper.chat("two", world.now), Ok(2));
    world.run(10);
    let delivered = |world: &World, line: u32| {
        world.helper_was_told(|event| {
            *event == alongside_state_machine::session::helper::Event::ChatDelivered(line)
        })
    };
    assert!(delivered(&world, 1) && delivered(&world, 2));
    assert!(world.helper.chat(&"x".repeat(4_097), world.now).is_err());
}

//= test spec/05-session.md#chat [CHAT-4] 66f8f498
#[test]
fn chat_needs_its_scope() {
    let no_chat = alongside_state_machine::endpoint::Config {
        ceiling: Scopes::VIEW,
        ..Default::default()
    };
    let instant = alongside_harness::Conditions::INSTANT;
    for towards_sharer in [true, false] {
        let mut world = World::with(106, instant, no_chat.clone(), no_chat.clone());
        world.viewing();
        let chat = Chat {
            id: 1,
            text: "hello".into(),
        };
        let ended = if towards_sharer {
            world.take_over_helper();
            world.forge(Way::HelperUp, &[chat.into()]);
            world.run(10);
            world.sharer.machine().ended()
        } else {
            world.take_over_sharer();
            world.forge(Way::SharerUp, &[chat.into()]);
            world.run(10);
            world.helper.machine().ended()
        };
        assert_eq!(ended.unwrap().code, ErrorCode::ScopeExceeded);
    }
}

//= test spec/05-session.md#chat [CHAT-5] 2d996685
#[test]
fn records_with_chat_have_one_of_few_sizes() {
    let mut world = World::new(107);
    world.viewing();
    let before = record::envelopes(&world.sent, Way::HelperUp).len();
    for len in [0, 1, 100, 240, 250, 251, 300, 4_096] {
        world.helper.chat(&"x".repeat(len), world.now).unwrap();
        world.run(1);
    }
    for envelope in &record::envelopes(&world.sent, Way::HelperUp)[before..] {
        let alongside_wire::envelope::Envelope::Sealed(sealed) = envelope else {
            panic!("{envelope:?}")
        };
        assert_eq!((sealed.ciphertext.len() - 16) % 256, 0);
    }
}

//= test spec/06-media-input.md#input-records [INPUT-6] 8691a1b7
#[test]
fn input_beyond_its_grant_ends_the_session_and_none_of_it_is_done() {
    let mut world = World::new(108);
    showing(&mut world);
    world.run(6_000);
    world
        .helper
        .request_control(Scopes::POINTER, world.now)
        .unwrap();
    world.run(2_000);
    world.allow(Scopes::POINTER).unwrap();
    world.run(5);
    world.take_over_helper();
    let key = InputEvent::Key {
        usage: 4,
        down: true,
    };
    let button = InputEvent::Button {
        button: 1,
        down: true,
    };
    world.forge_input(0, &[button, key]);
    world.run(10);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(ended.code, ErrorCode::ScopeExceeded);
    assert!(!world.was_told(|event| matches!(event, Event::Inject(_))));
}

//= test spec/06-media-input.md#input-records [INPUT-7] 0224f7be
#[test]
fn an_authentic_record_with_a_slot_that_is_none_ends_the_session() {
    let mut world = World::new(109);
    world.controlled();
    world.take_over_helper();
    let unknown = InputEvent::Button {
        button: 77,
        down: true,
    };
    let records = world.sent.iter().filter(|(way, packet)| {
        *way == Way::HelperUp && matches!(packet, alongside_harness::Packet::Stream { .. })
    });
    let number = records.count() as u64;
    world.forge_input(number, &[unknown]);
    world.run(10);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(ended.code, ErrorCode::Malformed);
    assert!(!world.was_told(|event| matches!(event, Event::Inject(_))));
}

//= test spec/07-wire.md#framing [WIRE-5] 489192f3
//= test spec/07-wire.md#unknown-types [WIRE-8] c4a37ab7
//= test spec/09-limits-errors.md#kinds [ERROR-2] d9a58b0d
#[test]
fn sealed_bytes_that_are_no_messages_end_the_session() {
    let framed = |message_type: u16, body: &[u8]| {
        let mut plaintext = Vec::new();
        framing::encode(message_type, body, &mut plaintext);
        plaintext
    };
    let cases = [
        (Vec::new(), ErrorCode::Malformed),
        (vec![0x20], ErrorCode::Malformed),
        (vec![0x20, 1], ErrorCode::Malformed),
        (vec![0xA0, 0x00, 0], ErrorCode::Malformed),
        (framed(0x20, b"x"), ErrorCode::Malformed),
        (framed(0x14, &[2]), ErrorCode::Malformed),
        (framed(0x0A, &[0x81, 0x00, 2]), ErrorCode::Malformed),
        (framed(0x0A, &[1, 0x80, 0x02]), ErrorCode::Malformed),
        (framed(0x2000, b""), ErrorCode::UnknownMessage),
        (
            framed(
                0x1C,
                &[&[1, 0x81, 0x20][..], &[b'x'; limits::CHAT + 1]].concat(),
            ),
            ErrorCode::TooLarge,
        ),
    ];
    for (plaintext, code) in cases {
        let mut world = World::new(110);
        showing(&mut world);
        world.take_over_helper();
        world.forge_plaintext(Way::HelperUp, &plaintext);
        world.run(10);
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!(
            ended.code,
            code,
            "{:02x?}",
            &plaintext[..plaintext.len().min(8)]
        );
        let mut world = World::new(111);
        showing(&mut world);
        world.take_over_sharer();
        world.forge_plaintext(Way::SharerUp, &plaintext);
        world.run(10);
        assert_eq!(world.helper.machine().ended().unwrap().code, code);
    }
}

//= test spec/07-wire.md#unknown-types [WIRE-9] 02bc517d
#[test]
fn what_may_be_ignored_is() {
    let mut world = World::new(112);
    showing(&mut world);
    world.take_over_helper();
    let mut plaintext = Vec::new();
    framing::encode(0x3B, &[1; 300], &mut plaintext);
    framing::encode(0x2001, b"", &mut plaintext);
    Message::from(Heartbeat {}).encode(&mut plaintext);
    world.forge_plaintext(Way::HelperUp, &plaintext);
    world.forge_raw(Way::HelperUp, 0x7B, &[2; 300]);
    world.run(10);
    assert!(world.sharer.machine().ended().is_none());
    assert!(world.helper.machine().ended().is_none());
}
