//! Reports of abuse: who may make one, when, and how many.

use alongside_state_machine::relay::{
    ConnId, Event, RelayConfig, Verified, Violation, account::Role,
};
use alongside_wire::{
    ErrorCode, ReportCategory,
    journal::Features,
    rendezvous::{CodeRequest, Message, Rejoin, Report, Reported},
};

use crate::{
    sign_in::account,
    world::{A, B, C, World, gone, join, leave, locator, refused, sign_in},
};

fn report() -> Report {
    Report {
        category: ReportCategory::Scam.to_wire(),
    }
}

fn reports(world: &World) -> usize {
    let reported = |event: &&Event| matches!(event, Event::Reported { .. });
    world.events.iter().filter(reported).count()
}

/// What the relay says to a report of this client.
fn tell(world: &mut World, conn: ConnId) -> Vec<Message> {
    world.say(conn, report());
    world.heard(conn)
}

//= test spec/14-operation.md#reports [REPORT-4] 923cb76b
//= test spec/14-operation.md#reports [REPORT-5] 8b739be3
//= test spec/14-operation.md#reports [REPORT-11] 964e25d7
#[test]
fn each_end_may_report_the_session_that_it_left_once() {
    let mut world = World::session(RelayConfig::default());
    world.say(B, leave(ErrorCode::Done));
    assert_eq!(tell(&mut world, B), [Reported {}.into()]);
    let category = ReportCategory::Scam;
    let account = String::new();
    let reported = Event::Reported { category, account };
    assert_eq!(world.events.last(), Some(&reported));
    // The other end learns that it is over, and nothing else.
    assert_eq!(world.heard(A), gone(ErrorCode::Done));
    assert_eq!(tell(&mut world, B), refused(ErrorCode::NothingToReport));
    world.pass(59_000);
    assert_eq!(tell(&mut world, A), [Reported {}.into()]);
    assert_eq!(world.heard(B), []);
    assert_eq!(reports(&world), 2);
    // A session that follows is another.
    world.pair(A, B);
    world.raw(A, &[0xFF; 9]);
    assert_eq!(world.heard(B), gone(ErrorCode::Lost));
    assert_eq!(tell(&mut world, B), [Reported {}.into()]);
}

//= test spec/14-operation.md#reports [REPORT-5] 8b739be3
#[test]
fn there_is_nothing_to_report_without_a_session_or_long_after_it() {
    let mut world = World::session(RelayConfig::default());
    world.client(C, "192.0.2.3");
    assert_eq!(tell(&mut world, C), refused(ErrorCode::NothingToReport));
    world.say(C, join(locator("zzzz")));
    world.pass(50);
    assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
    assert_eq!(tell(&mut world, C), refused(ErrorCode::NothingToReport));
    world.say(A, leave(ErrorCode::Done));
    world.pass(60_000);
    assert_eq!(tell(&mut world, A), refused(ErrorCode::NothingToReport));
    assert_eq!(reports(&world), 0);
    assert!(world.closed.is_empty(), "a refusal ends nothing");
}

#[test]
fn a_report_while_something_else_goes_on_is_a_violation() {
    let in_session = || World::session(RelayConfig::default());
    let with_a_code = || {
        let mut world = in_session();
        world.say(A, leave(ErrorCode::Done));
        world.say(A, CodeRequest {});
        world
    };
    let joining = || {
        let mut world = in_session();
        world.say(A, leave(ErrorCode::Done));
        world.say(A, join(locator("zzzz")));
        world
    };
    for mut world in [in_session(), with_a_code(), joining()] {
        world.say(A, report());
        assert!(matches!(
            world.violation(),
            Violation::Unexpected {
                message: "report",
                ..
            }
        ));
        assert_eq!(world.closed[&A], ErrorCode::UnexpectedMessage);
    }
    let mut world = in_session();
    world.say(A, Reported {});
    assert!(matches!(
        world.violation(),
        Violation::NotForRelay {
            message: "reported"
        }
    ));
}

/// One session more between two clients from these sources, of which the second reports.
fn again(world: &mut World, number: &mut u64, source: &str) -> Vec<Message> {
    let [one, other] = [*number, *number + 1].map(ConnId);
    *number += 2;
    world.client(one, "198.51.100.1");
    world.client(other, source);
    world.pair(one, other);
    world.say(other, leave(ErrorCode::Done));
    tell(world, other)
}

//= test spec/14-operation.md#reports [REPORT-6] f5a1e334
#[test]
fn a_source_makes_three_reports_and_then_waits_until_it_has_been_quiet_for_an_hour() {
    let mut world = World::with(|_| {});
    let (number, busy) = (&mut 10, refused(ErrorCode::Busy));
    for _ in 0..3 {
        assert_eq!(again(&mut world, number, "192.0.2.1"), [Reported {}.into()]);
    }
    assert_eq!(again(&mut world, number, "192.0.2.1"), busy);
    assert_eq!(again(&mut world, number, "192.0.2.2"), [Reported {}.into()]);
    world.pass(3_598_000);
    assert_eq!(again(&mut world, number, "192.0.2.1"), busy);
    world.pass(3_000);
    assert_eq!(again(&mut world, number, "192.0.2.1"), [Reported {}.into()]);

    // Of IPv6 a /64 is a source, and a /48 has eight times as many.
    for network in 0..8 {
        for host in 0..3 {
            let source = format!("2001:db8:7:{network}::{host}");
            assert_eq!(again(&mut world, number, &source), [Reported {}.into()]);
        }
        assert_eq!(
            again(&mut world, number, &format!("2001:db8:7:{network}::9")),
            busy
        );
    }
    assert_eq!(again(&mut world, number, "2001:db8:7:99::1"), busy);
    assert_eq!(
        again(&mut world, number, "2001:db8:8:99::1"),
        [Reported {}.into()]
    );
}

//= test spec/14-operation.md#reports [REPORT-7] db7875d3
#[test]
fn a_day_has_so_many_reports_and_no_more() {
    let mut world = World::with(|config| config.reports_each_day = 2);
    let number = &mut 10;
    for source in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(again(&mut world, number, source), [Reported {}.into()]);
    }
    let busy = refused(ErrorCode::Busy);
    assert_eq!(again(&mut world, number, "192.0.2.3"), busy);
    world.pass(86_400_000);
    assert_eq!(again(&mut world, number, "192.0.2.3"), [Reported {}.into()]);
}

//= test spec/14-operation.md#reports [REPORT-6] f5a1e334
#[test]
fn a_table_that_is_full_of_sources_takes_no_new_one() {
    let mut world = World::with(|config| config.sources = 4);
    let number = &mut 10;
    for source in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        assert_eq!(again(&mut world, number, source), [Reported {}.into()]);
    }
    let busy = refused(ErrorCode::Busy);
    assert_eq!(again(&mut world, number, "192.0.2.4"), busy);
    assert_eq!(again(&mut world, number, "192.0.2.3"), [Reported {}.into()]);
}

//= test spec/14-operation.md#reports [REPORT-8] 3b3b65b2
#[test]
fn a_relay_that_keeps_no_reports_says_so() {
    let mut world = World::session(RelayConfig {
        reports_per_source: 0,
        ..RelayConfig::default()
    });
    assert!(world.relay.stated().limits.contains(&(37, 0)));
    world.say(B, leave(ErrorCode::Done));
    assert_eq!(tell(&mut world, B), refused(ErrorCode::Unsupported));
}

//= test spec/14-operation.md#reports [REPORT-9] 32bc78ba
#[test]
fn the_account_is_the_helpers_whoever_reports() {
    let mut world = World::with(|_| {});
    let account = account("ada", "", Role::Control);
    let lasts_ms = 3_600_000;
    let verified = Verified { account, lasts_ms };
    world.tokens.insert("ada".to_owned(), Ok(verified));
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    world.client(C, "192.0.2.3");
    world.say(A, sign_in("ada"));
    assert_eq!(world.heard(A).len(), 1);
    for (helper, sharer, expected) in [(A, B, "issuer ada"), (C, B, "")] {
        world.events.clear();
        world.pair(helper, sharer);
        let signed_in = Event::Used {
            conn: helper,
            features: Features::SIGN_IN,
        };
        assert_eq!(world.events.contains(&signed_in), helper == A);
        world.say(B, leave(ErrorCode::Done));
        world.heard(helper);
        for end in [helper, B] {
            assert_eq!(tell(&mut world, end), [Reported {}.into()]);
            let Some(Event::Reported { account, .. }) = world.events.last() else {
                panic!("{:?}", world.events)
            };
            assert_eq!(account, expected);
        }
    }
}

//= test spec/14-operation.md#reports [REPORT-9] 32bc78ba
#[test]
fn the_account_is_the_helpers_after_a_reconnect_as_well() {
    let mut world = World::with(|_| {});
    for name in ["ada", "eve"] {
        let account = account(name, "", Role::Control);
        let lasts_ms = 3_600_000;
        let verified = Verified { account, lasts_ms };
        world.tokens.insert(name.to_owned(), Ok(verified));
    }
    for (conn, source) in [(A, "192.0.2.1"), (B, "192.0.2.2"), (C, "192.0.2.3")] {
        world.client(conn, source);
    }
    world.say(A, sign_in("ada"));
    world.say(C, sign_in("eve"));
    world.heard(A);
    world.heard(C);
    world.pair(A, B);
    let token = world.places[&B];
    world.drop(B);
    // Its sharer comes back by a connection that had another session, or none.
    let [other, back] = [10, 11].map(ConnId);
    world.client(other, "192.0.2.4");
    world.pair(C, other);
    world.say(other, leave(ErrorCode::Done));
    for conn in [other, back] {
        if conn == back {
            world.drop(other);
            world.client(back, "192.0.2.5");
        }
        world.say(conn, Rejoin { token });
    }
    world.say(back, leave(ErrorCode::Done));
    world.heard(back);
    assert_eq!(tell(&mut world, back), [Reported {}.into()]);
    let category = ReportCategory::Scam;
    let named = Event::Reported {
        category,
        account: "issuer ada".to_owned(),
    };
    assert_eq!(world.events.last(), Some(&named));
}
