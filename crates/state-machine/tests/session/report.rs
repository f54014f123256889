//! To end and to report is one act.

use alongside_harness::{Conditions, Packet, Way, World};
use alongside_state_machine::{
    endpoint::{Reporting, helper, sharer},
    error::Misuse,
    session::By,
};
use alongside_wire::{
    ErrorCode, ReportCategory, framing::Deframer, limits::CONTROL_MESSAGE, rendezvous::Message,
};

/// The names of what went one way on the control stream.
fn said(sent: &[(Way, Packet)], way: Way) -> Vec<&'static str> {
    let mut deframer = Deframer::new(CONTROL_MESSAGE, "a recording");
    for (_, packet) in sent.iter().filter(|(sent, _)| *sent == way) {
        if let Packet::Control(bytes) = packet {
            deframer.push(bytes);
        }
    }
    let messages = std::iter::from_fn(|| Message::pull(&mut deframer).unwrap());
    messages.map(|message| message.name()).collect()
}

fn up(helper: bool) -> Way {
    if helper { Way::HelperUp } else { Way::SharerUp }
}

fn act(world: &mut World, helper: bool) -> Result<(), Misuse> {
    let category = ReportCategory::Scam;
    if helper {
        world.helper.end_and_report(category, world.now)
    } else {
        world.sharer.end_and_report(category)
    }
}

fn reporting(world: &World, helper: bool) -> Reporting {
    if helper {
        world.helper.reporting()
    } else {
        world.sharer.reporting()
    }
}

//= test spec/14-operation.md#reports [REPORT-2] 18a23bbc
//= test spec/14-operation.md#reports [REPORT-3] 13052625
#[test]
fn one_act_ends_the_session_at_once_and_reports_it_then() {
    for helper in [true, false] {
        for stage in 0..3 {
            let mut world = World::new(60);
            match stage {
                0 => world.asked(),
                1 => world.viewing(),
                _ => world.controlled(),
            }
            world.sent.clear();
            act(&mut world, helper).unwrap();
            let (here, there) = (
                world.helper.machine().ended(),
                world.sharer.machine().ended(),
            );
            let ended = if helper { here } else { there }.unwrap();
            assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::Done));
            assert_eq!(reporting(&world, helper), Reporting::Waiting);
            world.run(1);
            assert_eq!(reporting(&world, helper), Reporting::Taken);
            let said = said(&world.sent, up(helper));
            assert_eq!(said[said.len() - 3..], ["deliver", "leave", "report"]);
            // The other end was told that it is over, and of no report.
            let other = if helper {
                world.sharer.machine().ended()
            } else {
                world.helper.machine().ended()
            };
            assert_eq!(
                other.map(|ended| (ended.by, ended.code)),
                Some((By::Peer, ErrorCode::Done))
            );
            assert_eq!(reporting(&world, !helper), Reporting::None);
        }
    }
}

#[test]
fn a_session_that_the_other_end_ended_can_be_reported_by_both_ends_once_each() {
    let mut world = World::new(61);
    world.viewing();
    world.helper.end(world.now);
    world.run(30_000);
    for helper in [false, true] {
        act(&mut world, helper).unwrap();
        world.run(1);
        assert_eq!(reporting(&world, helper), Reporting::Taken);
        assert_eq!(act(&mut world, helper), Err(Misuse::Nothing));
    }
    assert_eq!(world.sharer.machine().ended().unwrap().by, By::Peer);
}

//= test spec/14-operation.md#reports [REPORT-1] 2df739ff
#[test]
fn nobody_reports_without_an_act_of_the_person() {
    type End = fn(&mut World);
    let ends: [End; 4] = [
        |world| world.sharer.end(),
        |world| world.helper.end(world.now),
        |world| world.kill_helper(),
        |world| {
            let packet = Packet::Control(vec![0x0E, 1, 9]);
            world.inject(Way::SharerDown, packet);
        },
    ];
    for end in ends {
        let mut world = World::new(62);
        world.controlled();
        end(&mut world);
        world.run(60_000);
        for way in [Way::HelperUp, Way::SharerUp] {
            assert!(!said(&world.sent, way).contains(&"report"));
        }
    }
}

#[test]
fn what_the_relay_says_is_what_the_person_learns() {
    // A join that was refused leaves nothing to report.
    let mut world = World::new(63);
    let mut code = world.code();
    code.locator = "zzzz".to_owned().try_into().unwrap();
    world
        .sharer
        .join(code, "relay", &mut world.spent, world.now)
        .unwrap();
    world.run(100);
    assert!(world.sharer.machine().ended().is_some());
    act(&mut world, false).unwrap();
    world.run(1);
    let nothing = Reporting::Refused(ErrorCode::NothingToReport);
    assert_eq!(world.sharer.reporting(), nothing);

    // A connection that is lost carries no report.
    let mut world = World::new(64);
    world.viewing();
    world.disconnect_sharer();
    act(&mut world, false).unwrap();
    assert_eq!(world.sharer.reporting(), Reporting::Lost);
    let mut world = World::new(65);
    world.viewing();
    world.conditions(Conditions {
        delay_ms: 200,
        ..Conditions::INSTANT
    });
    act(&mut world, true).unwrap();
    world.helper.handle_transport_lost(None, world.now);
    assert_eq!(world.helper.reporting(), Reporting::Lost);

    // A relay that says what is no message.
    let mut world = World::new(66);
    world.viewing();
    world.tap(|way, packet| match packet {
        Packet::Control(_) if way == Way::SharerDown => {
            vec![(way, Packet::Control(vec![0x34, 0]))]
        }
        packet => vec![(way, packet)],
    });
    act(&mut world, false).unwrap();
    world.run(1);
    assert_eq!(world.sharer.reporting(), Reporting::Lost);
}

#[test]
fn an_answer_to_a_report_that_was_not_made_is_a_violation() {
    let mut world = World::new(67);
    world.viewing();
    world.inject(Way::SharerDown, Packet::Control(vec![0x32, 0]));
    world.inject(Way::HelperDown, Packet::Control(vec![0x32, 0]));
    world.run(1);
    let ended = |event: &sharer::Event| matches!(event, sharer::Event::Session(sharer::SessionEvent::Ended(ended)) if ended.code == ErrorCode::UnexpectedMessage);
    assert!(world.sharer_events.iter().any(ended));
    let ended = |event: &helper::Event| matches!(event, helper::Event::Session(helper::SessionEvent::Ended(ended)) if ended.code == ErrorCode::UnexpectedMessage);
    assert!(world.helper_events.iter().any(ended));
}
