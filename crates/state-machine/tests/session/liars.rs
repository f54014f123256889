//! Ends with the right keys that say and do anything at any time: the other end holds.

mod says;

use alongside_harness::{Packet, Way, World};
use alongside_state_machine::{
    channel::{input::GrantKey, media},
    endpoint::{helper, helper::SessionEvent as Helper, sharer},
    session::{By, sharer::Event},
};
use alongside_wire::{
    Scopes,
    session::{Chat, Clipboard, ControlEnd, ControlRequest, EpochSeen, Message, Shown, Stroke},
};
use proptest::{prelude::*, strategy::ValueTree};

use says::{Act, acts, from_helper, from_sharer};

/// What a liar knows of the numbers that are next, so that most of what it says is taken.
#[derive(Default)]
struct Liar {
    keys: Vec<GrantKey>,
    request: u32,
    chat: u32,
    item: u32,
}

impl Liar {
    /// The keys of all grants that the sharer gave away, as the helper has them.
    fn learn(&mut self, world: &World) {
        let all = world.session_keys().unwrap();
        let opened = alongside_harness::record::open(&world.sent, Way::SharerUp, &all);
        let granted = opened.messages.iter().filter_map(|message| match message {
            Message::ControlGrant(grant) => Some(grant),
            _ => None,
        });
        for grant in granted.skip(self.keys.len()) {
            let mut key = GrantKey::new(&all, grant.grant, &grant.secret);
            let id = u64::from(grant.grant);
            let used = |sent: &&(Way, Packet)| matches!(sent, (Way::HelperUp, Packet::Stream { id: at, .. }) if *at == id);
            for _ in 0..world.sent.iter().filter(used).count() {
                key.seal(&[]);
            }
            self.keys.push(key);
        }
    }

    /// The same message with a number that fits, or nothing if it fits at no time.
    fn fit(&mut self, message: Message, world: &World) -> Option<Message> {
        self.learn(world);
        let all = world.session_keys().unwrap();
        let opened = alongside_harness::record::open(&world.sent, Way::SharerUp, &all);
        let epochs = |message: &&Message| matches!(message, Message::Epoch(_));
        let epoch = opened.messages.iter().filter(epochs).count() as u32;
        let grants = self.keys.len() as u32;
        let viewing = epoch > 0;
        Some(match message {
            Message::Heartbeat(_) | Message::Pause(_) | Message::Pad(_) => message,
            _ if !viewing => return None,
            Message::ControlRequest(request) => {
                self.request += 1;
                let scopes = request.scopes;
                ControlRequest {
                    request: self.request,
                    scopes,
                }
                .into()
            }
            Message::Chat(chat) => {
                self.chat += 1;
                Chat {
                    id: self.chat,
                    ..chat
                }
                .into()
            }
            Message::EpochSeen(_) => EpochSeen { epoch }.into(),
            Message::Shown(_) if world.frames() > 0 => Shown { frame: 1 }.into(),
            Message::ControlEnd(end) if grants > 0 => ControlEnd {
                grant: end.grant % grants + 1,
                ..end
            }
            .into(),
            Message::Stroke(stroke) if grants > 0 => {
                let grant = stroke.grant % grants + 1;
                Stroke { grant, ..stroke }.into()
            }
            Message::Clipboard(copied) if grants > 0 => {
                self.item += 1;
                let (grant, item) = (copied.grant % grants + 1, self.item);
                Clipboard {
                    grant,
                    item,
                    ..copied
                }
                .into()
            }
            Message::ControlWithdraw(_)
            | Message::Refresh(_)
            | Message::ChatAck(_)
            | Message::ClipboardTaken(_)
            | Message::PathOffer(_)
            | Message::Probe(_)
            | Message::ProbeAnswer(_) => message,
            _ => return None,
        })
    }
}

/// A lying helper against an honest sharer: how much was injected.
fn lie_to_sharer(seed: u64, from: u8, acts: Vec<Act>) -> Result<usize, TestCaseError> {
    let mut world = World::new(seed);
    match from {
        0 => world.asked(),
        1 => world.viewing(),
        _ => world.controlled(),
    }
    world.take_over_helper();
    let mut liar = Liar {
        request: u32::from(from > 1),
        ..Liar::default()
    };
    let mut may = (from > 1).then_some(Scopes::CONTROL);
    let mut read = 0;
    for act in acts {
        let now = world.now;
        match act {
            Act::Say(true, messages) => world.forge(Way::HelperUp, &messages),
            Act::Say(false, messages) => {
                let fit = messages
                    .into_iter()
                    .filter_map(|said| liar.fit(said, &world));
                let fit: Vec<_> = fit.collect();
                if !fit.is_empty() {
                    world.forge(Way::HelperUp, &fit);
                }
            }
            Act::Type(latest, events) => {
                liar.learn(&world);
                let back = if latest { 1 } else { 2 };
                let at = liar.keys.len().checked_sub(back);
                if let Some(key) = at.and_then(|at| liar.keys.get_mut(at)) {
                    let (id, bytes) = (u64::from(key.grant()), key.seal(&events));
                    world.inject(Way::HelperUp, Packet::Stream { id, bytes });
                }
            }
            Act::Allow => {
                if world.allow(Scopes::KEYBOARD).is_ok() {
                    may = Some(Scopes::KEYBOARD);
                }
            }
            Act::Deny => drop(world.sharer.deny_control(now)),
            Act::Revoke => {
                if world.sharer.revoke(now).is_ok() {
                    may = None;
                }
            }
            Act::Pause(paused) => {
                if world.sharer.set_paused(paused, now).is_ok() && paused {
                    may = None;
                }
            }
            Act::Frame => drop(world.frame(true)),
            Act::Wait(ms) => world.run(ms.into()),
            Act::Media { .. } => {}
        }
        world.run(1);
        for event in &world.sharer_events[read..] {
            if let sharer::Event::Session(Event::Inject(input)) = event {
                prop_assert!(may.is_some_and(|may: Scopes| may.contains(input.scope())));
            }
        }
        read = world.sharer_events.len();
        prop_assert!(from > 0 || world.sharer.scopes().is_empty());
    }
    // Its sharer told it nothing but what it may know.
    prop_assert_eq!(world.audit(), Ok(()));
    if let Some(ended) = world.sharer.machine().ended() {
        let fault = ended.fault.is_some();
        prop_assert!(!fault || ended.by == By::Peer, "{ended:?}");
        prop_assert_eq!(world.sharer.scopes(), Scopes::NONE);
    }
    let inject = |event: &&sharer::Event| matches!(event, sharer::Event::Session(Event::Inject(_)));
    Ok(world.sharer_events.iter().filter(inject).count())
}

/// A lying sharer against an honest helper, whose person asks for the keyboard at most.
fn lie_to_helper(seed: u64, viewing: bool, acts: Vec<Act>) -> Result<(), TestCaseError> {
    let mut world = World::new(seed);
    if viewing {
        world.viewing();
        world.frame(true);
        world.run(100);
    } else {
        world.asked();
    }
    let frames = world.frames();
    world.take_over_sharer();
    let keys = world.session_keys().unwrap();
    let mut sealers: Vec<_> = (0..4)
        .map(|epoch| media::Sealer::new(&keys, epoch))
        .collect();
    for act in acts {
        let now = world.now;
        match act {
            Act::Say(_, messages) => world.forge(Way::SharerUp, &messages),
            Act::Media {
                epoch,
                frame,
                encoded,
            } => {
                let bytes = sealers[epoch as usize].seal(&keys, frame, &encoded);
                world.inject(
                    Way::SharerUp,
                    Packet::Stream {
                        id: u64::from(epoch),
                        bytes,
                    },
                );
            }
            Act::Allow => drop(world.helper.request_control(Scopes::KEYBOARD, now)),
            Act::Deny | Act::Revoke => drop(world.helper.release_control(now)),
            Act::Pause(paused) => drop(world.helper.set_paused(paused, now)),
            Act::Type(_, events) => {
                for event in events {
                    let done = world.helper.input(event);
                    prop_assert!(done.is_err() || Scopes::KEYBOARD.contains(event.scope()));
                }
            }
            Act::Frame => world.helper.refresh(now),
            Act::Wait(ms) => world.run(ms.into()),
        }
        world.run(1);
        let live = world.helper.machine().live_grant();
        prop_assert!(live.is_none_or(|(_, scopes, _)| Scopes::KEYBOARD.contains(scopes)));
    }
    let viewed = |event: &&helper::Event| {
        matches!(event, helper::Event::Session(Helper::Viewing { scopes })
            if !Scopes::CONSENT.contains(*scopes))
    };
    prop_assert_eq!(world.helper_events.iter().filter(viewed).count(), 0);
    // Random bytes are no frame, however well they are sealed.
    prop_assert_eq!(world.frames(), frames);
    if let Some(ended) = world.helper.machine().ended() {
        prop_assert!(ended.fault.is_none() || ended.by == By::Peer, "{ended:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(crate::cases(192))]

    //= test spec/05-session.md#phases [SESSION-1] fb478d4a
    //= test spec/06-media-input.md#input-records [INPUT-3] 782ead1b
    //= test spec/05-session.md#consent [CONSENT-2] bd3752a6
    #[test]
    fn a_lying_helper_sees_and_does_nothing_that_was_not_allowed(
        seed in 0..10_000_u64,
        from in 0..6_u8,
        acts in acts(from_helper().boxed()),
    ) {
        lie_to_sharer(seed, from, acts)?;
    }

    //= test spec/05-session.md#control [CONTROL-16] 639fbe31
    //= test spec/05-session.md#consent [CONSENT-7] 6bf7ea32
    #[test]
    fn a_lying_sharer_makes_a_helper_do_nothing_that_it_did_not_ask_for(
        seed in 0..10_000_u64,
        viewing in any::<bool>(),
        acts in acts(from_sharer().boxed()),
    ) {
        lie_to_helper(seed, viewing, acts)?;
    }
}

/// The walks above are worth something: some lies are let type, within what they may.
#[test]
fn some_liars_get_as_far_as_typing() {
    let mut runner = prop::test_runner::TestRunner::new(crate::cases(1));
    let mut typed = 0;
    for seed in 0..192 {
        let acts = acts(from_helper().boxed()).new_tree(&mut runner).unwrap();
        typed += usize::from(lie_to_sharer(seed, 2, acts.current()).unwrap() > 0);
    }
    assert!(typed >= 60, "{typed}");
}
