//! What is said of a sharer's device: told to the helper first, and never in the way.

use alongside_harness::{Way, World, record};
use alongside_state_machine::{
    endpoint::{Config, helper},
    error::{Fault, Misuse},
    identity::{
        Identity,
        device::{Device, OwnDevice, Why, judge},
        issue::{self, Refused},
        trust::Anchor,
    },
    session::sharer::Event,
};
use alongside_wire::{
    DeviceStatus, ErrorCode, Scopes,
    card::{Signable as _, Signed, Statement},
    session::{Advisory, Consent, Message},
};

use super::support::*;

fn statement(status: DeviceStatus) -> Statement {
    Statement {
        version: 1,
        issuer: [0; 32],
        device_key: key(0x60).public(),
        status: status.to_wire(),
        issued: BEGIN,
        expires: BEGIN + 3_600,
    }
}

fn said(status: DeviceStatus) -> OwnDevice {
    let bytes = issue::state(statement(status), &issuer()).unwrap();
    OwnDevice::new(&bytes, key(0x60)).unwrap()
}

fn sharer_with(device: Option<OwnDevice>) -> Config {
    Config {
        identity: Identity {
            device,
            ..Identity::default()
        },
        ..Config::default()
    }
}

/// What the helper's person was told, and whether it waits for them.
fn told(world: &World) -> Option<(Device, bool)> {
    world.helper_events.iter().find_map(|event| match event {
        helper::Event::Device {
            device,
            to_acknowledge,
        } => Some((device.clone(), *to_acknowledge)),
        _ => None,
    })
}

fn ready(world: &World) -> bool {
    world.was_told(|event| matches!(event, Event::MediaReady))
}

const ALL: [DeviceStatus; 4] = [
    DeviceStatus::Compliant,
    DeviceStatus::NotCompliant,
    DeviceStatus::Unenrolled,
    DeviceStatus::Unknown,
];

//= test spec/15-identity.md#advisories [ADVISORY-1] 921d7d21
//= test spec/15-identity.md#advisories [ADVISORY-2] 601c13f5
//= test spec/15-identity.md#advisories [ADVISORY-6] 7fd56745
//= test spec/15-identity.md#advisories [ADVISORY-8] 47045629
//= test spec/15-identity.md#advisories [ADVISORY-9] 72073ee5
#[test]
fn nothing_is_seen_before_a_warning_was_acknowledged() {
    let cases = ALL.map(|status| (Some(said(status)), Some(status)));
    for (device, status) in cases.into_iter().chain([(None, None)]) {
        let mut world = world(320, trusting(), sharer_with(device));
        world.asked();
        assert_eq!(told(&world), None, "before consent");
        world.consent(true).unwrap();
        world.run(3_000);
        let (device, waits) = told(&world).unwrap();
        let expected = match status {
            None => Device::Unknown(Why::NoStatement),
            Some(DeviceStatus::Unknown) => Device::Unknown(Why::IssuerCannotTell),
            Some(status) => Device::Said {
                status,
                issuer: "Engines".into(),
            },
        };
        assert_eq!(device, expected);
        assert_eq!(waits, status != Some(DeviceStatus::Compliant));
        assert_eq!(ready(&world), !waits);
        assert_eq!(world.frame(true).is_some(), !waits);
        if waits {
            world.helper.acknowledge(world.now).unwrap();
            world.run(10);
            assert!(ready(&world) && world.frame(true).is_some());
        }
        let again = world.helper.acknowledge(world.now);
        assert_eq!(again, Err(Misuse::Nothing));
        // It blocks nothing that follows.
        world.run(7_000);
        world.regain_control();
        let keys = world.session_keys().unwrap();
        let opened = record::open(&world.sent, Way::SharerUp, &keys);
        let names: Vec<_> = opened.messages.iter().map(Message::name).collect();
        let place = |name| names.iter().position(|known| *known == name).unwrap();
        assert!(place("displays") < place("advisory"));
        assert!(place("advisory") < place("epoch"));
        let said = names.iter().filter(|name| **name == "advisory").count();
        assert_eq!(said, 1);
    }
}

//= test spec/15-identity.md#advisories [ADVISORY-8] 47045629
#[test]
fn a_helper_who_believes_nobody_is_not_warned_each_time() {
    let device = Some(said(DeviceStatus::Unenrolled));
    let mut world = world(321, Config::default(), sharer_with(device));
    world.viewing();
    let unknown = Device::Unknown(Why::UnknownIssuer);
    assert_eq!(told(&world), Some((unknown, false)));
}

//= test spec/15-identity.md#advisories [ADVISORY-6] 7fd56745
//= test spec/15-identity.md#advisories [ADVISORY-7] fda4903b
/// Whatever is not known is never *unenrolled*, nor anything else that nobody said.
#[test]
fn what_is_not_known_is_said_to_be_not_known() {
    let hash = [3; 32];
    let device = said(DeviceStatus::Unenrolled);
    let proof = device.prove(&hash);
    let judged = |anchors: &[Anchor], unix| judge(device.bytes(), &proof, &hash, anchors, unix);
    let known = [anchor(false)];
    let unknown = |why| Ok(Device::Unknown(why));
    assert_eq!(judged(&[], Some(BEGIN)), unknown(Why::UnknownIssuer));
    let none = judge(&[], &[], &hash, &known, Some(BEGIN));
    assert_eq!(none, unknown(Why::NoStatement));
    for unix in [None, Some(BEGIN - 301), Some(BEGIN + 3_600 + 301)] {
        assert_eq!(judged(&known, unix), unknown(Why::Stale));
    }
    for unix in [BEGIN - 300, BEGIN + 3_600 + 300] {
        let said = judged(&known, Some(unix)).unwrap();
        let status = DeviceStatus::Unenrolled;
        let issuer = "Engines".into();
        assert_eq!(said, Device::Said { status, issuer });
        assert!(said.to_string().contains("NOT ENROLLED"));
    }
    for why in [
        Why::NoStatement,
        Why::UnknownIssuer,
        Why::Stale,
        Why::IssuerCannotTell,
    ] {
        let text = Device::Unknown(why).to_string();
        assert!(!text.to_lowercase().contains("enrolled"), "{text}");
    }
}

//= test spec/15-identity.md#advisories [ADVISORY-4] f23f5e7d
//= test spec/15-identity.md#advisories [ADVISORY-5] 117e6940
#[test]
fn nothing_of_a_statement_can_be_changed() {
    let hash = [3; 32];
    let device = said(DeviceStatus::Unenrolled);
    let (bytes, proof) = (device.bytes(), device.prove(&hash));
    let known = [anchor(false)];
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        let fault = judge(&changed, &proof, &hash, &known, Some(BEGIN)).unwrap_err();
        let named = matches!(fault, Fault::Decode(_) | Fault::BadAdvisory);
        assert!(named, "{bit}: {fault}");
    }
    for bit in 0..proof.len() * 8 {
        let mut changed = proof;
        changed[bit / 8] ^= 1 << (bit % 8);
        let judged = judge(bytes, &changed, &hash, &known, Some(BEGIN));
        assert_eq!(judged, Err(Fault::BadDeviceProof));
    }
    let elsewhere = judge(bytes, &proof, &[4; 32], &known, Some(BEGIN));
    assert_eq!(elsewhere, Err(Fault::BadDeviceProof));
}

//= test spec/15-identity.md#advisories [ADVISORY-5] 117e6940
/// A key that is none signs nothing, even where a signature of zeros would pass for one.
#[test]
fn a_device_key_that_is_none_proves_nothing() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let statement = Statement {
        issuer: issuer().public(),
        device_key: identity,
        ..statement(DeviceStatus::Compliant)
    };
    let bytes = Signed::join(&statement, &issuer().sign(&statement.message()));
    let mut proof = [0; 64];
    proof[0] = 1;
    let judged = judge(&bytes, &proof, &[3; 32], &[anchor(false)], Some(BEGIN));
    assert_eq!(judged, Err(Fault::BadDeviceProof));
}

//= test spec/15-identity.md#advisories [ADVISORY-3] 073ca9b5
#[test]
fn a_statement_holds_for_an_hour_at_most() {
    let changes: [fn(&mut Statement); 5] = [
        |said| said.version = 2,
        |said| said.status = 5,
        |said| said.expires = said.issued,
        |said| said.expires += 1,
        |said| (said.issued, said.expires) = (1, 0),
    ];
    for change in changes {
        let mut said = statement(DeviceStatus::Compliant);
        change(&mut said);
        let refused = issue::state(said, &issuer());
        assert!(matches!(refused, Err(Refused::Fields(_))));
    }
}

//= test spec/15-identity.md#advisories [ADVISORY-4] f23f5e7d
//= test spec/15-identity.md#advisories [ADVISORY-5] 117e6940
//= test spec/15-identity.md#sharer [CARD-21] 9ad44039
#[test]
fn a_false_advisory_ends_the_session_at_the_helper() {
    let forged = |change: fn(&mut Advisory)| {
        let mut world = world(322, trusting(), sharer_with(None));
        world.asked();
        let device = said(DeviceStatus::Compliant);
        let proof = device.prove(&world.sharer.transcript().unwrap());
        let mut advisory = Advisory {
            statement: device.bytes().into(),
            proof: proof.into(),
        };
        change(&mut advisory);
        world.take_over_sharer();
        let scopes = Scopes::VIEW;
        let messages = [Consent { scopes }.into(), advisory.clone().into()];
        world.forge(Way::SharerUp, &messages);
        world.run(10);
        let first = world.helper.machine().ended().map(|ended| ended.code);
        world.forge(Way::SharerUp, &[advisory.into()]);
        world.run(10);
        (
            first,
            world.helper.machine().ended().map(|ended| ended.code),
        )
    };
    let again = Some(ErrorCode::UnexpectedMessage);
    assert_eq!(forged(|_| {}), (None, again));
    let bad = Some(ErrorCode::BadProof);
    assert_eq!(forged(|advisory| advisory.proof[9] ^= 1), (bad, bad));
    let bad = Some(ErrorCode::BadAdvisory);
    let change: fn(&mut Advisory) = |advisory| *advisory.statement.last_mut().unwrap() ^= 1;
    assert_eq!(forged(change), (bad, bad));
}

/// The chapter's vectors, which were made by Python's `cryptography` from its text.
#[test]
fn a_statement_is_what_another_implementation_makes() {
    let device = said(DeviceStatus::Unenrolled);
    let proof = device.prove(&handshake());
    assert_eq!(hex::encode(key(0x60).public()), vector("device key", 0));
    assert_eq!(hex::encode(device.bytes()), vector("statement", 0));
    assert_eq!(hex::encode(proof), vector("device proof", 0));
}
