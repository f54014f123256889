//! A code takes one join, whatever anybody does.

use alongside_harness::{Packet, Way, World, record};
use alongside_state_machine::{
    endpoint::{
        Config, helper,
        helper::{HelperEndpoint, SessionEvent as Helper},
        sharer::SharerEndpoint,
        spent::SpentLocators,
    },
    error::{Fault, Misuse},
    session::{By, Output},
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode,
    code::{Code, Locator, Secret},
    framing::Deframer,
    rendezvous::{Joined, Message},
};

fn wrong(code: Code) -> Code {
    let right = code.secret.as_str().to_owned();
    let secret = [[0; 4], [1; 4]].map(|random| Secret::from_random(&random));
    let secret = secret.into_iter().find(|secret| secret.as_str() != right);
    Code {
        secret: secret.unwrap(),
        ..code
    }
}

fn spent(world: &World) -> Vec<(bool, Timestamp)> {
    let spent = |event: &helper::Event| match event {
        helper::Event::Session(Helper::CodeSpent { warn, again_at, .. }) => {
            Some((*warn, *again_at))
        }
        _ => None,
    };
    world.helper_events.iter().filter_map(spent).collect()
}

fn code_of(world: &World) -> Locator {
    let mut codes = world.helper_events.iter().filter_map(|event| match event {
        helper::Event::Code { code, .. } => Some(code.locator),
        _ => None,
    });
    codes.next_back().unwrap()
}

/// How many codes the helper was told were spent, each time.
fn counted(world: &World) -> Vec<usize> {
    let spent = |event: &helper::Event| match event {
        helper::Event::Session(Helper::CodeSpent { spent, .. }) => Some(*spent),
        _ => None,
    };
    world.helper_events.iter().filter_map(spent).collect()
}

//= test spec/02-codes.md#spent [CODE-8] 1a3aff13
//= test spec/04-key-exchange.md#noise [KEX-13] c03c9c38
#[test]
fn a_wrong_secret_spends_the_code_and_tells_both() {
    let mut world = World::new(50);
    let code = world.code();
    world.join(wrong(code));
    world.run(1_000);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(
        (ended.by, ended.code),
        (By::Peer, ErrorCode::HandshakeFailed)
    );
    assert_eq!(spent(&world).len(), 1);
    assert_eq!(world.helper.machine().phase(), "without a code");
    assert!(world.keys.is_none());
    // The right one comes too late, and learns no more than that.
    world.another_sharer();
    world.join(code);
    world.run(2_000);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::NotFound));
    assert_eq!(spent(&world).len(), 1);
    assert_eq!(world.helper.machine().phase(), "without a code");
}

//= test spec/02-codes.md#spent [CODE-7] 7578368a
#[test]
fn a_right_secret_spends_the_code_too() {
    let mut world = World::new(59);
    let code = world.code();
    world.join(code);
    world.run(100);
    assert!(world.consent(true).is_ok());
    world.another_sharer();
    world.join(code);
    world.run(2_000);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::NotFound));
}

//= test spec/02-codes.md#spent [CODE-9] bbe4abe0
//= test spec/03-rendezvous.md#hello [RDV-5] 3576d6e6
#[test]
fn a_relay_cannot_have_a_second_guess_at_the_helper() {
    let mut world = World::new(51);
    let code = world.code();
    world.join(wrong(code));
    world.run(1_000);
    let offer = world.sent.iter().find_map(|(way, packet)| match packet {
        Packet::Control(bytes) if *way == Way::SharerUp => {
            let mut deframer = Deframer::new(65_536, "test");
            deframer.push(bytes);
            match Message::pull(&mut deframer) {
                Ok(Some(Message::Join(join))) => Some(join.offer),
                _ => None,
            }
        }
        _ => None,
    });
    let mut again = Vec::new();
    Message::from(Joined {
        offer: offer.unwrap(),
    })
    .encode(&mut again);
    let answers = record::envelopes(&world.sent, Way::HelperUp).len();
    world.inject(Way::HelperDown, Packet::Control(again));
    world.run(100);
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!(
        (ended.by, ended.code),
        (By::Relay, ErrorCode::UnexpectedMessage)
    );
    assert_eq!(record::envelopes(&world.sent, Way::HelperUp).len(), answers);
}

//= test spec/02-codes.md#spent [CODE-10] a161176f
//= test spec/02-codes.md#spent [CODE-11] 2173fa4b
#[test]
fn a_sharer_uses_a_locator_once_whatever_secret_was_typed() {
    let mut world = World::new(52);
    let code = world.code();
    let mut spent = SpentLocators::default();
    let now = world.now;
    let mut join = |code, relay, now| {
        SharerEndpoint::new(Config::default(), [7; 32]).join(code, relay, &mut spent, now)
    };
    assert_eq!(join(code, "relay", now), Ok(()));
    assert_eq!(join(code, "relay", now), Err(Misuse::SpentCode));
    assert_eq!(join(wrong(code), "relay", now), Err(Misuse::SpentCode));
    assert_eq!(join(code, "another", now), Ok(()));
    let almost = now.plus_ms(2_699_999);
    assert_eq!(join(code, "relay", almost), Err(Misuse::SpentCode));
    assert_eq!(join(code, "relay", now.plus_ms(2_700_000)), Ok(()));
}

//= test spec/05-session.md#friction [FRICTION-6] a4023c49
//= test spec/02-codes.md#spent [CODE-12] 09f7ca84
//= test spec/02-codes.md#spent [CODE-13] b170a9c7
#[test]
fn three_spent_codes_within_an_hour_warn_and_slow() {
    let mut world = World::new(53);
    for round in 1..=3_usize {
        let code = world.code();
        world.another_sharer();
        world.join(wrong(code));
        world.run(2_000);
        assert_eq!(spent(&world).len(), round);
        assert_eq!(spent(&world).last().unwrap().0, round == 3);
    }
    assert_eq!(counted(&world), [1, 2, 3]);
    let again = spent(&world).last().unwrap().1;
    assert_eq!(world.helper.request_code(world.now), Err(Misuse::NotReady));
    assert!(again.since(world.now) <= 60_000_000 && again > world.now);
    world.run(60_000);
    assert_eq!(world.helper.request_code(world.now), Ok(()));
    // What is an hour old does not count any more.
    let mut helper = alongside_state_machine::session::helper::Helper::new();
    let mut counted = Vec::new();
    for minute in [0, 30, 61] {
        let now = Timestamp::from_millis(minute * 60_000);
        helper.request_code(now).unwrap();
        helper.code_issued(code_of(&world), 600_000, now).unwrap();
        helper.joined(now).unwrap();
        helper.spent(Fault::HandshakeFailed, ErrorCode::HandshakeFailed, now);
        while let Some(output) = helper.poll_output() {
            if let Output::Event(Helper::CodeSpent { spent, .. }) = output {
                counted.push(spent);
            }
        }
    }
    assert_eq!(counted, [1, 2, 2]);
}

//= test spec/04-key-exchange.md#noise [KEX-17] 840cd3d6
#[test]
fn a_sharer_that_falls_silent_costs_a_code_and_ten_seconds() {
    let mut world = World::new(54);
    let code = world.code();
    world.tap(|way, packet| match way {
        Way::SharerDown => Vec::new(),
        _ => vec![(way, packet)],
    });
    world.join(code);
    world.run(9_900);
    assert_eq!(spent(&world).len(), 0);
    world.run(200);
    assert_eq!(spent(&world).len(), 1);
}

//= test spec/04-key-exchange.md#noise [KEX-18] f18637f2
#[test]
fn a_helper_that_falls_silent_is_given_up() {
    let mut world = World::new(55);
    let code = world.code();
    // The confirmation never arrives, so no introduction comes back.
    let mut answered = false;
    world.tap(move |way, packet| match way {
        Way::SharerUp if answered => Vec::new(),
        Way::SharerDown => {
            answered = true;
            vec![(way, packet)]
        }
        _ => vec![(way, packet)],
    });
    world.run(100);
    world.join(code);
    world.run(71_000);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(ended.code, ErrorCode::HandshakeTimeout);
}

//= test spec/02-codes.md#halves [CODE-5] 1c3c7b8e
//= test spec/02-codes.md#halves [CODE-6] bac369a0
#[test]
fn the_relay_never_gets_the_secret() {
    let mut world = World::new(56);
    world.viewing();
    let code = world.helper_events.iter().find_map(|event| match event {
        helper::Event::Code { code, .. } => Some(*code),
        _ => None,
    });
    let secret = code.unwrap().secret.as_str().as_bytes().to_vec();
    for (_, packet) in &world.sent {
        let (Packet::Control(bytes) | Packet::Stream { bytes, .. }) = packet else {
            continue;
        };
        assert!(!bytes.windows(4).any(|window| window == secret));
    }
    // Twenty helpers, twenty secrets.
    let secrets: std::collections::BTreeSet<_> = (0..20)
        .map(|seed| {
            let mut world = World::new(1_000 + seed);
            world.helper = HelperEndpoint::new("x", Config::default(), [seed as u8; 32]);
            world.code().secret.as_str().to_owned()
        })
        .collect();
    assert_eq!(secrets.len(), 20);
}

/// Messages that an end sent on its control stream, grease included.
fn raw_messages(world: &World, at: Way) -> Vec<(u16, Vec<u8>)> {
    let mut deframer = Deframer::new(65_536, "test");
    for (way, packet) in &world.sent {
        if let Packet::Control(bytes) = packet
            && *way == at
        {
            deframer.push(bytes);
        }
    }
    let mut messages = Vec::new();
    while let Ok(Some(raw)) = deframer.pull() {
        messages.push((raw.message_type, raw.body.to_vec()));
    }
    messages
}

//= test spec/03-rendezvous.md#hello [RDV-1] a652eddc
//= test spec/07-wire.md#unknown-types [WIRE-10] 44c5a803
//= test spec/04-key-exchange.md#envelopes [KEX-1] 6ff32ee4
//= test spec/04-key-exchange.md#envelopes [KEX-6] e6ede638
#[test]
fn clients_begin_as_the_text_says() {
    let mut world = World::new(57);
    let code = world.code();
    world.join(code);
    world.run(100);
    for way in [Way::HelperUp, Way::SharerUp] {
        let types: Vec<_> = raw_messages(&world, way).iter().map(|raw| raw.0).collect();
        assert_eq!(types.iter().filter(|tag| **tag == 0x02).count(), 1);
        assert_eq!(types[0], 0x02);
        assert!(
            types
                .iter()
                .any(|tag| alongside_wire::framing::GREASE.contains(tag))
        );
    }
    let join = raw_messages(&world, Way::SharerUp)
        .into_iter()
        .find(|(tag, _)| *tag == 0x0A);
    let (_, body) = join.unwrap();
    // The locator, no link, the length of the offer, the type and length of the envelope; then one version,
    // which is 1, and two suites, of which the first is 1.
    let at = 1 + code.locator.as_str().len() + 1 + 1 + 2;
    assert_eq!(body[at..at + 5], [1, 1, 2, 1, 2]);
}

//= test spec/04-key-exchange.md#schedule [KEY-6] a4e84289
#[test]
fn secrets_are_not_shown_by_debug() {
    let mut world = World::new(58);
    world.controlled();
    let (_, _, secret) = world.helper.machine().live_grant().unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        world.helper.machine(),
        world.sharer.machine(),
        world.helper_events,
        world.sharer_events
    );
    assert!(!shown.contains(&format!("{secret:?}")));
    let code = world.helper_events.iter().find_map(|event| match event {
        helper::Event::Code { code, .. } => Some(*code),
        _ => None,
    });
    let code = code.unwrap();
    assert!(!format!("{code:?}").contains(code.secret.as_str()));
}

//= test spec/03-rendezvous.md#allocation [RDV-16] 5c434e99
#[test]
fn locators_are_drawn_from_all_there_are() {
    use alongside_state_machine::relay::{ConnId, Relay, RelayConfig, Source, Transmit};
    let config = RelayConfig {
        connections: 4_000,
        ..RelayConfig::default()
    };
    let mut relay = Relay::new(config, [5; 32]);
    let now = Timestamp::from_millis(1);
    let mut first = Vec::new();
    Message::from(alongside_wire::rendezvous::Hello::default()).encode(&mut first);
    Message::from(alongside_wire::rendezvous::CodeRequest {}).encode(&mut first);
    let mut seen = [[0_u32; 128]; 4];
    for id in 0..4_000 {
        let conn = ConnId(id);
        // Each from an address of its own: one address may have few codes.
        let [.., high, low] = id.to_be_bytes();
        relay
            .connected(conn, Source([10, 0, high, low].into()), now)
            .unwrap();
        relay.handle_control(conn, &first, now);
        while let Some(transmit) = relay.poll_transmit() {
            let Transmit::Control { bytes, .. } = transmit else {
                panic!("{transmit:?}")
            };
            let mut deframer = Deframer::new(65_536, "test");
            deframer.push(&bytes);
            if let Ok(Some(Message::CodeIssued(issued))) = Message::pull(&mut deframer) {
                for (place, byte) in issued.locator.as_str().bytes().take(4).enumerate() {
                    seen[place][usize::from(byte)] += 1;
                }
            }
        }
    }
    // 125 of each are expected, and 70 to 180 are five deviations away.
    for place in &seen {
        let counts = alongside_wire::code::ALPHABET
            .iter()
            .map(|byte| place[usize::from(*byte)]);
        for count in counts {
            assert!((70..180).contains(&count), "{count}");
        }
    }
}

//= test spec/03-rendezvous.md#hello [RDV-5] 3576d6e6
#[test]
fn a_refusal_of_nothing_ends_a_client() {
    let mut refused = Vec::new();
    let code = ErrorCode::Busy.to_wire();
    Message::from(alongside_wire::rendezvous::Refused { code }).encode(&mut refused);
    let mut world = World::new(59);
    world.code();
    world.inject(Way::HelperDown, Packet::Control(refused.clone()));
    world.run(10);
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!(ended.fault.unwrap().clause(), "RDV-5");
    let mut world = World::new(60);
    world.viewing();
    world.inject(Way::SharerDown, Packet::Control(refused));
    world.run(10);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(ended.fault.unwrap().clause(), "RDV-5");
}
