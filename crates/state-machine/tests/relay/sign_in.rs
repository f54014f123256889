//! Signing in at the relay: what it answers, how often it may be tried, how long it lasts.

use alongside_state_machine::relay::{
    ConnId, NotVerified, RelayConfig, Verified,
    account::{Account, Role, Standing},
    policy::{Policy, Rules, Sharers},
};
use alongside_wire::{
    ErrorCode, Scopes,
    rendezvous::{CodeIssued, CodeRequest, Message, SignedIn},
};

use crate::world::{A, B, C, World, deliver, gone, join, leave, refused, sign_in};

pub(crate) fn account(subject: &str, organisation: &str, role: Role) -> Account {
    Account {
        issuer: "issuer".to_owned(),
        subject: subject.to_owned(),
        name: format!("{subject} the person"),
        title: String::new(),
        organisation: organisation.to_owned(),
        domain: String::new(),
        role,
        device: Standing::Compliant,
        expires: 0,
    }
}

const HOUR: u64 = 3_600_000;

/// A world with an account of an organisation for each role, and one for each standing; the token
/// is its name, and lasts an hour.
fn world(policy: Policy) -> World {
    let mut world = World::new(RelayConfig::default());
    world.relay.set_policy(policy);
    for role in Role::ALL {
        world.know(account(role.name(), "Example", role));
    }
    for device in Standing::ALL {
        let plain = account(device.name(), "Example", Role::None);
        world.know(Account { device, ..plain });
    }
    world.know(account("alone", "", Role::Control));
    world.know(account("elsewhere", "Other", Role::Control));
    world
}

impl World {
    pub(crate) fn know(&mut self, account: Account) {
        let token = account.subject.clone();
        let lasts_ms = HOUR;
        self.tokens
            .insert(token, Ok(Verified { account, lasts_ms }));
    }

    /// Signs in and hears the answer.
    pub(crate) fn signed_in(&mut self, conn: ConnId, token: &str) -> SignedIn {
        self.say(conn, sign_in(token));
        match self.heard(conn).as_slice() {
            [Message::SignedIn(signed_in)] => signed_in.clone(),
            other => panic!("expected to be signed in, got {other:?}"),
        }
    }

    fn refuses(&mut self, conn: ConnId, message: impl Into<Message>, code: ErrorCode) {
        self.say(conn, message);
        assert_eq!(self.heard(conn), refused(code));
    }
}

//= test spec/13-sign-in.md#sign-in [AUTH-1] 9f839cc0
//= test spec/13-sign-in.md#roles [AUTH-18] dbd9f815
#[test]
fn a_role_is_a_ceiling() {
    let view = Scopes::CONSENT.union(Scopes::ANNOTATE);
    let control = Scopes::ALL.bits() & !Scopes::ELEVATION.bits();
    let ceilings = [
        ("none", Scopes::NONE),
        ("view", view),
        ("control", Scopes::from_bits(control).expect("registered")),
        ("elevation", Scopes::ALL),
    ];
    for (token, help) in ceilings {
        let mut world = world(Policy::default());
        world.client(A, "192.0.2.1");
        let expected = SignedIn {
            help,
            share: Scopes::ALL,
            name: format!("{token} the person"),
            organisation: "Example".to_owned(),
            lasts_ms: HOUR,
        };
        assert_eq!(world.signed_in(A, token), expected);
        let known = world.relay.account(A, world.now).expect("signed in");
        assert_eq!(known.role.ceiling(), help);
        if help == Scopes::NONE {
            //= test spec/13-sign-in.md#policy [POLICY-7] 4760a642
            world.refuses(A, CodeRequest {}, ErrorCode::RoleNotEnough);
        } else {
            world.issue(A);
        }
    }
    assert_eq!(Role::from_name("superuser"), None);
    assert_eq!(Role::default(), Role::None);
}

//= test spec/13-sign-in.md#sign-in [AUTH-2] 1ad85aba
//= test spec/13-sign-in.md#sign-in [AUTH-3] 61ce269f
//= test spec/13-sign-in.md#sign-in [AUTH-4] 400c71b3
#[test]
fn a_token_that_is_not_right_has_an_error_of_its_own() {
    let mut world = world(Policy::default());
    world.tokens.insert("old".into(), Err(NotVerified::Expired));
    let unsupported = Err(NotVerified::Unsupported);
    world.tokens.insert("jwt".into(), unsupported);
    world.client(A, "192.0.2.1");
    world.refuses(A, sign_in("wrong"), ErrorCode::SignInFailed);
    world.refuses(A, sign_in("old"), ErrorCode::SignInExpired);
    world.refuses(A, sign_in("jwt"), ErrorCode::Unsupported);
    assert_eq!(world.relay.account(A, world.now), None);
    // It is as it was before: somebody who did not sign in.
    world.issue(A);
}

#[test]
fn a_refused_sign_in_leaves_the_one_before() {
    let mut world = world(Policy::default());
    world.client(A, "192.0.2.1");
    world.signed_in(A, "view");
    world.refuses(A, sign_in("wrong"), ErrorCode::SignInFailed);
    let known = world.relay.account(A, world.now).expect("signed in");
    assert_eq!(known.subject, "view");
    world.signed_in(A, "control");
    let known = world.relay.account(A, world.now).expect("signed in");
    assert_eq!(known.subject, "control");
}

//= test spec/13-sign-in.md#sign-in [AUTH-5] 20ce15d9
//= test spec/13-sign-in.md#sign-in [AUTH-6] 6eee9c7d
#[test]
fn failed_sign_ins_make_their_source_wait_and_nobody_else() {
    let mut world = world(Policy::default());
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.1");
    world.client(C, "192.0.2.3");
    for _ in 0..3 {
        world.refuses(A, sign_in("wrong"), ErrorCode::SignInFailed);
    }
    let checked = world.checked;
    world.say(B, sign_in("view"));
    world.pass(999);
    assert_eq!((world.checked, world.heard(B)), (checked, vec![]));
    world.signed_in(C, "view");
    world.pass(1);
    assert_eq!(world.checked, checked + 2);
    assert!(matches!(world.heard(B)[..], [Message::SignedIn(_)]));
    // The one that was right is not counted: the fourth failure is the second that waits.
    world.say(A, sign_in("wrong"));
    world.pass(1_000);
    assert_eq!(world.heard(A), refused(ErrorCode::SignInFailed));
    world.say(A, sign_in("wrong"));
    world.pass(1_999);
    assert_eq!(world.heard(A), []);
    world.pass(1);
    assert_eq!(world.heard(A), refused(ErrorCode::SignInFailed));
    // Joins of that source do not wait for it.
    assert_eq!(world.answered_after(A, crate::world::locator("zzzz")), 50);
}

#[test]
fn a_sign_in_that_is_given_up_is_not_answered() {
    let mut world = world(Policy::default());
    world.answering = false;
    world.client(A, "192.0.2.1");
    world.say(A, sign_in("control"));
    world.say(A, leave(ErrorCode::Done));
    world.say(A, sign_in("wrong"));
    // The first answer must not be taken for the second.
    for (conn, attempt, answer) in std::mem::take(&mut world.unanswered) {
        world.relay.verified(conn, attempt, answer, world.now);
    }
    world.drain();
    assert_eq!(world.heard(A), refused(ErrorCode::SignInFailed));
    assert_eq!(world.relay.account(A, world.now), None);
    world.say(A, sign_in("control"));
    world.pass(120_000);
    assert_eq!(world.heard(A), gone(ErrorCode::Idle));
    assert_eq!(world.closed[&A], ErrorCode::Idle);
}

#[test]
fn a_client_whose_token_waits_for_too_long_goes_like_an_idle_one() {
    let mut world = World::with(|config| {
        config.free_joins = 0;
        config.join_delay_first_ms = 50_000;
        config.unpaired_idle_ms = 30_000;
    });
    world.client(A, "192.0.2.1");
    world.say(A, sign_in("control"));
    world.pass(29_999);
    assert_eq!(world.heard(A), []);
    world.pass(1);
    assert_eq!(world.heard(A), gone(ErrorCode::Idle));
    assert_eq!(world.closed[&A], ErrorCode::Idle);
    world.pass(30_000);
    assert_eq!(world.checked, 0);
}

//= test spec/13-sign-in.md#lasting [AUTH-10] c140b854
//= test spec/13-sign-in.md#lasting [AUTH-11] 4cf1b1f5
#[test]
fn a_sign_in_ends_with_its_token_or_after_its_longest_time() {
    for (token, longest, lasts) in [(HOUR, 12 * HOUR, HOUR), (50 * HOUR, 12 * HOUR, 12 * HOUR)] {
        let mut world = world(Policy::default());
        let account = account("it", "Example", Role::Control);
        let lasts_ms = token;
        let verified = Ok(Verified { account, lasts_ms });
        world.tokens.insert("it".into(), verified);
        assert_eq!(RelayConfig::default().sign_in_ms, longest);
        world.client(A, "192.0.2.1");
        assert_eq!(world.signed_in(A, "it").lasts_ms, lasts);
        let mut left = lasts;
        while left > 0 {
            // A client that does nothing would be closed.
            assert!(world.relay.account(A, world.now).is_some());
            let code = world.issue(A);
            let step = left.min(100_000);
            world.pass(step - 1);
            left -= step;
            world.say(A, leave(ErrorCode::Done));
            world.pass(1);
            assert!(code.as_str().len() >= 4);
        }
        assert_eq!(world.relay.account(A, world.now), None);
        world.refuses(A, CodeRequest {}, ErrorCode::SignInExpired);
        let any = crate::world::locator("zzzz");
        world.refuses(A, join(any), ErrorCode::SignInExpired);
        world.signed_in(A, "view");
        world.issue(A);
    }
}

//= test spec/13-sign-in.md#lasting [AUTH-12] b929b60d
#[test]
fn a_code_ends_with_the_sign_in_of_its_helper() {
    let mut world = world(Policy::default());
    let account = account("short", "Example", Role::Control);
    let lasts_ms = 5_000;
    let verified = Ok(Verified { account, lasts_ms });
    world.tokens.insert("short".into(), verified);
    world.client(A, "192.0.2.1");
    world.signed_in(A, "short");
    world.say(A, CodeRequest {});
    let heard = world.heard(A);
    let [Message::CodeIssued(CodeIssued { lifetime_ms, .. })] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    assert_eq!(*lifetime_ms, 5_000);
    world.pass(5_000);
    assert_eq!(world.heard(A), gone(ErrorCode::SignInExpired));
    world.refuses(A, CodeRequest {}, ErrorCode::SignInExpired);
}

//= test spec/13-sign-in.md#policy [POLICY-12] 3700ef75
#[test]
fn a_session_ends_with_the_sign_in_of_its_helper_if_the_rules_say_so() {
    for end_at_expiry in [false, true] {
        let mut policy = open();
        policy.organisation.end_at_expiry = end_at_expiry;
        let mut world = world(policy);
        world.client(A, "192.0.2.1");
        world.client(B, "192.0.2.2");
        world.signed_in(A, "control");
        world.pair(A, B);
        world.pass(HOUR);
        if end_at_expiry {
            assert_eq!(world.heard(A), gone(ErrorCode::SignInExpired));
            assert_eq!(world.heard(B), gone(ErrorCode::SignInExpired));
        } else {
            world.say(A, deliver("still"));
            assert_eq!(world.heard(B), [deliver("still").into()]);
        }
    }
}

/// Everybody may join codes of an organisation.
fn open() -> Policy {
    Policy {
        organisation: Rules::default(),
        ..Policy::default()
    }
}

/// Signs a helper and a sharer in, and says what the sharer was told of a join; nothing if the two
/// are in a session.
fn join_as(policy: Policy, helper: &str, sharer: &str, link: bool) -> Option<ErrorCode> {
    let mut world = world(policy);
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    for (conn, token) in [(A, helper), (B, sharer)] {
        if !token.is_empty() {
            world.signed_in(conn, token);
        }
    }
    let locator = world.issue(A);
    world.say(B, crate::world::join_by(locator, link));
    world.pass(50);
    if world.relay.peer_of(A) == Some(B) {
        return None;
    }
    let heard = world.heard(B);
    let [Message::Refused(answer)] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    let code = ErrorCode::from_wire(answer.code).expect("registered");
    //= test spec/13-sign-in.md#policy [POLICY-11] 3b96c53a
    // The code is spent, its helper knows why, and both may go on.
    assert_eq!(world.heard(A), gone(code));
    assert_eq!(world.answered_after(B, locator), 50);
    world.issue(A);
    Some(code)
}

//= test spec/13-sign-in.md#policy [POLICY-8] 8246cf8d
//= test spec/13-sign-in.md#policy [POLICY-9] 04c2f4e3
//= test spec/13-sign-in.md#policy [POLICY-10] 2175e37f
//= test spec/13-sign-in.md#standing [AUTH-21] 8a05b2d5
#[test]
fn each_rule_of_joins_has_an_error_of_its_own() {
    use ErrorCode::{DeviceNotAllowed, LinkNotAllowed, OtherOrganisation, SignInRequired};
    type Case = (fn(&mut Rules), &'static str, bool, Option<ErrorCode>);
    let cases: [Case; 16] = [
        (|_| {}, "", false, None),
        (|_| {}, "", true, None),
        (|rules| rules.links = false, "", true, Some(LinkNotAllowed)),
        (|rules| rules.links = false, "", false, None),
        (
            |rules| rules.sharers = Sharers::SignedIn,
            "",
            false,
            Some(SignInRequired),
        ),
        (
            |rules| rules.sharers = Sharers::SignedIn,
            "elsewhere",
            false,
            None,
        ),
        (
            |rules| rules.sharers = Sharers::SameOrganisation,
            "",
            false,
            Some(SignInRequired),
        ),
        (
            |rules| rules.sharers = Sharers::SameOrganisation,
            "elsewhere",
            false,
            Some(OtherOrganisation),
        ),
        (
            |rules| rules.sharers = Sharers::SameOrganisation,
            "alone",
            false,
            Some(OtherOrganisation),
        ),
        (
            |rules| rules.sharers = Sharers::SameOrganisation,
            "none",
            false,
            None,
        ),
        (
            |rules| rules.devices = Standing::Enrolled,
            "",
            false,
            Some(SignInRequired),
        ),
        (
            |rules| rules.devices = Standing::Enrolled,
            "unknown",
            false,
            Some(DeviceNotAllowed),
        ),
        (
            |rules| rules.devices = Standing::Enrolled,
            "unenrolled",
            false,
            Some(DeviceNotAllowed),
        ),
        (
            |rules| rules.devices = Standing::Enrolled,
            "enrolled",
            false,
            None,
        ),
        (
            |rules| rules.devices = Standing::Compliant,
            "enrolled",
            false,
            Some(DeviceNotAllowed),
        ),
        (
            |rules| rules.devices = Standing::Compliant,
            "compliant",
            false,
            None,
        ),
    ];
    for (number, (set, sharer, link, expected)) in cases.into_iter().enumerate() {
        let mut policy = open();
        set(&mut policy.organisation);
        let told = join_as(policy, "control", sharer, link);
        assert_eq!(told, expected, "case {number}");
        // The same rules for the other product have no effect.
        let mut policy = open();
        set(&mut policy.assist);
        assert_eq!(
            join_as(policy, "control", sharer, link),
            None,
            "case {number}"
        );
    }
    assert_eq!(
        join_as(Policy::default(), "control", "", false),
        Some(SignInRequired)
    );
    assert_eq!(join_as(Policy::default(), "alone", "", false), None);
    assert_eq!(Standing::from_name("fine"), None);
    assert_eq!(Standing::default(), Standing::Unknown);
}

//= test spec/13-sign-in.md#policy [POLICY-2] f3e7c2c2
//= test spec/13-sign-in.md#policy [POLICY-3] aeffbc89
//= test spec/13-sign-in.md#policy [POLICY-5] 280d079e
//= test spec/13-sign-in.md#policy [POLICY-6] b904142d
#[test]
fn each_product_is_switched_off_for_itself() {
    for (assist, organisation) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut policy = open();
        policy.assist.enabled = assist;
        policy.organisation.enabled = organisation;
        let off = ErrorCode::ProductDisabled;

        let mut world = world(policy);
        for conn in [A, B, C] {
            world.client(conn, &format!("192.0.2.{}", conn.0));
        }
        if assist {
            world.issue(A);
            world.signed_in(B, "alone");
            world.issue(B);
        } else {
            let instead = if organisation {
                ErrorCode::SignInRequired
            } else {
                off
            };
            world.refuses(A, CodeRequest {}, instead);
            world.refuses(B, sign_in("alone"), off);
        }
        if organisation {
            world.signed_in(C, "control");
            world.issue(C);
        } else {
            world.refuses(C, sign_in("control"), off);
        }
    }
}

#[test]
fn a_policy_can_want_every_helper_to_sign_in() {
    let mut policy = Policy::default();
    policy.assist.sign_in = true;
    let mut world = world(policy);
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    world.refuses(A, CodeRequest {}, ErrorCode::SignInRequired);
    world.signed_in(A, "alone");
    // Whoever is helped need not.
    world.pair(A, B);
}

//= test spec/13-sign-in.md#policy [POLICY-4] 6f961406
#[test]
fn conditions_of_a_sign_in_have_an_error_of_their_own() {
    let network = |text: &str, bits| alongside_state_machine::relay::policy::Network {
        address: text.parse().expect("an address"),
        bits,
    };
    let mut policy = Policy::default();
    policy.organisation.own_device = Standing::Enrolled;
    policy.organisation.networks = vec![vec![network("192.0.2.0", 24), network("2001:db8::", 32)]];
    let mut world = world(policy);
    let sources = [
        ("192.0.2.77", true),
        ("::ffff:192.0.2.77", true),
        ("192.0.3.1", false),
        ("2001:db8:ffff::1", true),
        ("2001:db9::1", false),
    ];
    for (number, (source, taken)) in (0..).zip(sources) {
        let conn = ConnId(100 + number);
        world.client(conn, source);
        if taken {
            world.signed_in(conn, "compliant");
            world.refuses(conn, sign_in("unenrolled"), ErrorCode::ConditionsNotMet);
            world.refuses(conn, sign_in("unknown"), ErrorCode::ConditionsNotMet);
        } else {
            // It is right and refused, so that it is not counted as one that failed.
            for _ in 0..5 {
                world.refuses(conn, sign_in("compliant"), ErrorCode::ConditionsNotMet);
            }
        }
        // The other product has no such conditions.
        world.signed_in(conn, "alone");
    }
}

#[test]
fn rules_of_one_organisation_are_for_it_alone() {
    let mut policy = open();
    let view = Rules {
        most: Role::View,
        ..Rules::default()
    };
    policy.organisations.insert("Example".to_owned(), view);
    let mut world = world(policy);
    world.client(A, "192.0.2.1");
    let signed_in = world.signed_in(A, "elevation");
    let view = Role::View.ceiling();
    assert_eq!((signed_in.help, signed_in.share), (view, view));
    let signed_in = world.signed_in(A, "elsewhere");
    assert_eq!(signed_in.help, Role::Control.ceiling());
}

#[test]
fn long_names_are_cut_for_the_message() {
    let mut world = world(Policy::default());
    let mut long = account("long", "Example", Role::Control);
    long.name = "ä\n".repeat(100);
    world.know(long);
    world.client(A, "192.0.2.1");
    assert_eq!(world.signed_in(A, "long").name, "ä".repeat(32));
}

//= test spec/13-sign-in.md#sign-in [AUTH-7] c612b721
#[test]
fn nothing_shows_a_token() {
    let request = sign_in("a-secret-token");
    let shown = format!("{request:?} {:?}", Message::from(request.clone()));
    assert!(!shown.contains("a-secret-token"), "{shown}");
}
