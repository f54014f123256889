//! Whatever somebody with the right keys may say and do.

use alongside_wire::{
    Scopes,
    input::InputEvent,
    session::{
        AdvisoryAck, Chat, ChatAck, Clear, Clipboard, ClipboardTaken, Consent, ControlDeny,
        ControlEnd, ControlGrant, ControlRenew, ControlRequest, ControlWithdraw, Displays, Epoch,
        EpochSeen, Heartbeat, Introduce, Laser, Message, Pad, PathOffer, Pause, PictureRequest,
        Probe, ProbeAnswer, Refresh, SecureDesktop, Shown, Stroke,
    },
};
use proptest::prelude::*;

/// Small numbers, which may be right, and others.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![20 => 0..6_u32, 1 => any::<u32>()]
}

fn scopes() -> impl Strategy<Value = Scopes> {
    prop::sample::select(vec![
        Scopes::CONTROL,
        Scopes::CONTROL.union(Scopes::ANNOTATE),
        Scopes::GRANTABLE.without(Scopes::ELEVATION),
        Scopes::KEYBOARD,
        Scopes::POINTER,
        Scopes::CONSENT,
        Scopes::NONE,
        Scopes::ALL,
    ])
}

pub(super) fn from_helper() -> impl Strategy<Value = Message> {
    prop_oneof![
        6 => (number(), scopes()).prop_map(|(request, scopes)| {
            ControlRequest { request, scopes }.into()
        }),
        2 => number().prop_map(|request| ControlWithdraw { request }.into()),
        3 => number().prop_map(|frame| Shown { frame }.into()),
        3 => number().prop_map(|epoch| EpochSeen { epoch }.into()),
        1 => (number(), 0x300..0x30C_u16).prop_map(|(grant, code)| {
            ControlEnd { grant, code }.into()
        }),
        2 => Just(Refresh {}.into()),
        1 => Just(AdvisoryAck {}.into()),
        1 => Just(PictureRequest {}.into()),
        3 => (number(), number()).prop_map(|(grant, stroke)| Stroke {
            grant, stroke, display: 0, colour: 1, width: 2, points: vec![(1, 2); 9],
        }.into()),
        2 => number().prop_map(|grant| Laser { grant, display: 0, x: 1, y: 2 }.into()),
        1 => number().prop_map(|grant| Clear { grant }.into()),
        8 => Just(Heartbeat {}.into()),
        3 => either(),
    ]
}

pub(super) fn from_sharer() -> impl Strategy<Value = Message> {
    prop_oneof![
        6 => (number(), number(), scopes(), number()).prop_map(|(request, grant, scopes, ms)| {
            let duration_ms = ms.saturating_mul(200_000);
            ControlGrant { request, grant, scopes, duration_ms, secret: [3; 32] }.into()
        }),
        2 => (number(), 0x200..0x208_u16).prop_map(|(request, code)| {
            ControlDeny { request, code }.into()
        }),
        2 => (number(), 0x300..0x30C_u16).prop_map(|(grant, code)| {
            ControlEnd { grant, code }.into()
        }),
        4 => (1..5_u32, any::<bool>()).prop_map(|(epoch, paused)| Epoch { epoch, paused }.into()),
        1 => scopes().prop_map(|scopes| Consent { scopes }.into()),
        1 => Just(Displays { displays: Vec::new() }.into()),
        2 => (number(), number(), number()).prop_map(|(request, grant, ms)| {
            let duration_ms = ms.saturating_mul(200_000);
            ControlRenew { request, grant, duration_ms }.into()
        }),
        1 => any::<bool>().prop_map(|active| SecureDesktop { active }.into()),
        8 => Just(Heartbeat {}.into()),
        3 => either(),
    ]
}

fn either() -> impl Strategy<Value = Message> {
    prop_oneof![
        4 => any::<bool>().prop_map(|paused| Pause { paused }.into()),
        4 => number().prop_map(|id| Chat { id, text: "x".into() }.into()),
        2 => number().prop_map(|id| ChatAck { id }.into()),
        2 => (0..300_usize).prop_map(|len| Pad { len }.into()),
        3 => (number(), number()).prop_map(|(grant, item)| Clipboard {
            grant, item, text: "x".into(),
        }.into()),
        1 => (number(), any::<bool>()).prop_map(|(item, taken)| ClipboardTaken { item, taken }.into()),
        1 => number().prop_map(|probe| Probe { probe }.into()),
        1 => number().prop_map(|probe| ProbeAnswer { probe }.into()),
        2 => any::<u8>().prop_map(|byte| PathOffer { certificate: [byte; 32] }.into()),
        1 => Just(Introduce { opening: [0; 32], name: "Eve".into(), card: vec![], proof: vec![] }.into()),
    ]
}

fn input() -> impl Strategy<Value = InputEvent> {
    prop_oneof![
        30 => any::<(u16, bool)>().prop_map(|(usage, down)| InputEvent::Key { usage, down }),
        1 => (0..6_u8, any::<bool>()).prop_map(|(button, down)| InputEvent::Button { button, down }),
        3 => Just(InputEvent::ReleaseAll),
    ]
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    /// As it is, or with the numbers that are next.
    Say(bool, Vec<Message>),
    /// Under the secret of the latest grant, or of the one before.
    Type(bool, Vec<InputEvent>),
    Media {
        epoch: u32,
        frame: u32,
        encoded: Vec<u8>,
    },
    Allow,
    Deny,
    Revoke,
    Pause(bool),
    Frame,
    Wait(u16),
}

pub(super) fn acts(says: BoxedStrategy<Message>) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        12 => (prop::bool::weighted(0.02), prop::collection::vec(says, 1..3))
            .prop_map(|(lie, messages)| Act::Say(lie, messages)),
        6 => (prop::bool::weighted(0.8), prop::collection::vec(input(), 0..8))
            .prop_map(|(latest, events)| Act::Type(latest, events)),
        3 => (0..4_u32, 0..6_u32, prop::collection::vec(any::<u8>(), 1..50))
            .prop_map(|(epoch, frame, encoded)| Act::Media { epoch, frame, encoded }),
        5 => Just(Act::Allow),
        1 => Just(Act::Deny),
        1 => Just(Act::Revoke),
        1 => any::<bool>().prop_map(Act::Pause),
        3 => Just(Act::Frame),
        8 => prop_oneof![0..100_u16, 0..3_000_u16].prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..60)
}
