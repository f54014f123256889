//! Nothing is seen or done while paused, and afterwards there is sight only.

use alongside_harness::{Conditions, Way, World, record};
use alongside_state_machine::{
    endpoint::helper::SessionEvent as Helper, error::Misuse, session::sharer::Event,
};
use alongside_wire::{
    ErrorCode, Scopes, input::InputEvent, session::Epoch, session::EpochSeen, session::Message,
};

const DOWN: InputEvent = InputEvent::Key {
    usage: 4,
    down: true,
};

fn epochs(world: &World) -> Vec<(u32, bool)> {
    let opened = record::open(&world.sent, Way::SharerUp, &world.session_keys().unwrap());
    let epoch = |message: &Message| match message {
        Message::Epoch(epoch) => Some((epoch.epoch, epoch.paused)),
        _ => None,
    };
    opened.messages.iter().filter_map(epoch).collect()
}

//= test spec/05-session.md#pause [PAUSE-1] 259f34d2
//= test spec/05-session.md#pause [PAUSE-2] d6beb0da
//= test spec/05-session.md#pause [PAUSE-3] f0166bdd
//= test spec/05-session.md#pause [PAUSE-4] 8606513d
//= test spec/05-session.md#pause [PAUSE-5] 334d72fe
//= test spec/05-session.md#pause [PAUSE-8] 5b4e365d
//= test spec/05-session.md#pause [PAUSE-10] 9b111616
#[test]
fn either_end_pauses_and_sight_alone_comes_back() {
    for helper_pauses in [true, false] {
        let mut world = World::new(30);
        world.controlled();
        let set = |world: &mut World, paused| {
            if helper_pauses {
                world.helper.set_paused(paused, world.now).unwrap();
            } else {
                world.sharer.set_paused(paused, world.now).unwrap();
            }
        };
        set(&mut world, true);
        world.run(50);
        assert!(world.was_told(
            |event| matches!(event, Event::ControlEnded { code, .. } if *code == ErrorCode::Paused)
        ));
        assert!(world.helper_was_told(
            |event| matches!(event, Helper::ControlEnded { code, .. } if *code == ErrorCode::Paused)
        ));
        assert_eq!(world.helper.input(DOWN), Err(Misuse::Nothing));
        assert_eq!(world.frame(true), None);
        assert_eq!(world.sharer.scopes(), Scopes::CHAT);
        world.helper.chat("still here", world.now).unwrap();
        world.run(20_000);
        assert!(world.was_told(|event| matches!(event, Event::Chat(_))));
        set(&mut world, false);
        assert_eq!(world.frame(true), None, "the helper has not seen the epoch");
        world.run(50);
        assert!(world.sharer.wants_complete());
        assert_eq!(world.frame(false), None, "the first frame is complete");
        let frames = world.frames();
        assert!(world.frame(true).is_some());
        world.run(50);
        assert_eq!(world.frames(), frames + 1);
        assert_eq!(world.sharer.machine().live_grant(), None);
        assert_eq!(world.helper.input(DOWN), Err(Misuse::Nothing));
        assert_eq!(epochs(&world), [(1, false), (2, true), (3, false)]);
    }
}

#[test]
fn who_paused_unpauses() {
    let mut world = World::new(31);
    world.viewing();
    world.helper.set_paused(true, world.now).unwrap();
    world.run(10);
    world.sharer.set_paused(true, world.now).unwrap();
    world.sharer.set_paused(true, world.now).unwrap();
    world.run(10);
    world.helper.set_paused(false, world.now).unwrap();
    world.run(10);
    assert!(!world.sharer.may_send_frame());
    world.sharer.set_paused(false, world.now).unwrap();
    world.run(10);
    assert!(world.sharer.may_send_frame());
    assert_eq!(epochs(&world), [(1, false), (2, true), (3, false)]);
}

//= test spec/05-session.md#pause [PAUSE-9] f88ba875
#[test]
fn a_pause_closes_the_prompt() {
    let mut world = World::new(32);
    world.viewing();
    world.frame(true);
    world.run(6_000);
    world
        .helper
        .request_control(Scopes::CONTROL, world.now)
        .unwrap();
    world.run(2_000);
    world.sharer.set_paused(true, world.now).unwrap();
    world.run(10);
    let late = world.allow(Scopes::CONTROL);
    assert_eq!(late, Err(Misuse::Nothing));
    let opened = record::open(&world.sent, Way::SharerUp, &world.session_keys().unwrap());
    let denied = opened.messages.iter().any(|message| {
        matches!(message, Message::ControlDeny(deny)
            if deny.code == ErrorCode::TooEarly.to_wire())
    });
    assert!(denied);
}

//= test spec/06-media-input.md#media-records [MEDIA-4] c6566b99
#[test]
fn media_from_before_a_pause_is_dropped_and_blames_nobody() {
    let mut world = World::new(33);
    world.viewing();
    world.conditions(Conditions {
        delay_ms: 100,
        ..Conditions::INSTANT
    });
    world.frame(true);
    world.run(1);
    world.conditions(Conditions::INSTANT);
    // The frame is under way for longer than the pause is.
    world.helper.set_paused(true, world.now).unwrap();
    world.run(10);
    world.helper.set_paused(false, world.now).unwrap();
    world.run(500);
    assert_eq!(world.frames(), 0);
    assert!(world.helper.machine().ended().is_none());
    assert!(world.helper.counters().other_epoch > 0);
}

//= test spec/05-session.md#pause [PAUSE-11] 229d140f
#[test]
fn media_sealed_while_paused_ends_the_session() {
    let mut world = World::new(34);
    world.viewing();
    world.sharer.set_paused(true, world.now).unwrap();
    world.run(10);
    world.take_over_sharer();
    world.forge_media(77, 2, 0, 1, b"whatever");
    world.run(10);
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!(ended.code, ErrorCode::PausedMedia);
    assert_eq!(world.frames(), 0);
}

//= test spec/05-session.md#pause [PAUSE-6] 43ab6282
#[test]
fn an_epoch_that_does_not_follow_ends_the_session() {
    for epoch in [0, 1, 3, u32::MAX] {
        let mut world = World::new(35);
        world.viewing();
        world.take_over_sharer();
        let paused = false;
        world.forge(Way::SharerUp, &[Epoch { epoch, paused }.into()]);
        world.run(10);
        let ended = world.helper.machine().ended().unwrap();
        assert_eq!(ended.fault.unwrap().clause(), "PAUSE-6", "{epoch}");
    }
}

//= test spec/05-session.md#pause [PAUSE-7] 6d8837e8
#[test]
fn an_acknowledged_epoch_that_never_was_ends_the_session() {
    for epoch in [0, 2, u32::MAX] {
        let mut world = World::new(36);
        world.viewing();
        world.take_over_helper();
        world.forge(Way::HelperUp, &[EpochSeen { epoch }.into()]);
        world.run(10);
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!(ended.fault.unwrap().clause(), "PAUSE-7", "{epoch}");
    }
}

//= test spec/05-session.md#end [END-1] 76b70464
//= test spec/05-session.md#end [END-2] f881b744
#[test]
fn a_paused_session_beats_and_ends_like_any_other() {
    for helper_ends in [true, false] {
        let mut world = World::new(37);
        world.viewing();
        world.helper.set_paused(true, world.now).unwrap();
        world.sharer.set_paused(true, world.now).unwrap();
        world.run(60_000);
        assert!(world.helper.machine().ended().is_none());
        assert!(world.sharer.machine().ended().is_none());
        let beats = |way| {
            let opened = record::open(&world.sent, way, &world.session_keys().unwrap());
            let beat = |message: &&Message| matches!(message, Message::Heartbeat(_));
            opened.messages.iter().filter(beat).count()
        };
        assert!(beats(Way::HelperUp) >= 30 && beats(Way::SharerUp) >= 30);
        if helper_ends {
            world.helper.end(world.now);
        } else {
            world.sharer.end();
        }
        world.run(10);
        let (helper, sharer) = (
            world.helper.machine().ended().unwrap(),
            world.sharer.machine().ended().unwrap(),
        );
        assert_eq!(
            (helper.code, sharer.code),
            (ErrorCode::Done, ErrorCode::Done)
        );
    }
}

//= test spec/05-session.md#pause [PAUSE-3] f0166bdd
//= test spec/05-session.md#pause [PAUSE-5] 334d72fe
#[test]
fn a_pause_before_consent_holds_after_it() {
    for helper_pauses in [true, false] {
        let mut world = World::new(38);
        world.asked();
        if helper_pauses {
            world.helper.set_paused(true, world.now).unwrap();
        } else {
            world.sharer.set_paused(true, world.now).unwrap();
        }
        world.run(10);
        world.consent(true).unwrap();
        world.run(1_000);
        assert_eq!(epochs(&world), [(1, true)]);
        assert_eq!(world.frame(true), None);
        assert_eq!(world.sharer.scopes(), alongside_wire::Scopes::CHAT);
    }
}
