//! Signing in, and for how long that lasts.

use alongside_state_machine::relay::account::Role;
use alongside_wire::{
    ErrorCode, Scopes,
    rendezvous::{CodeRequest, Message, SignIn, Token},
};
use serde_json::json;

use super::{
    delays::{by, nobodys},
    people::{
        ADA, BOB, CYN, ENDS, ENROLLED, EVE, EXAMPLE, FAY, Person, STATED, client_of, nobody,
        sign_in, signed_in, signs_in, staffed,
    },
    words::{delivered, gone, refused},
};
use crate::{
    case::Case,
    stage::{Done, Heard, RelayStage, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    let staff = staffed();
    let brief = staffed().with("timers", json!({ "sign-in": BRIEF }));
    let case = |id, title, checks: &[&'static str], run: fn(&mut RelayStage<'_>) -> Done| {
        Case::relay(id, title, checks, run).needs("sign-in")
    };
    let of_staff = |case: Case| case.set_up(&staff);
    let of_brief = |case: Case| case.set_up(&brief);
    let mut cases = vec![
        case(
            "relay/sign-in/right",
            "a right token is answered with what its account says and may, and for how long",
            &["AUTH-1", "AUTH-10"],
            right,
        ),
        case(
            "relay/sign-in/wrong",
            "tokens that prove nothing are refused by the same bytes",
            &["AUTH-3"],
            wrong,
        )
        .twin("relay/sign-in/right"),
        case(
            "relay/sign-in/again",
            "a sign-in that is refused leaves the one before as it was, and one that is not takes its place",
            &["AUTH-1"],
            again,
        ),
        case(
            "relay/sign-in/unknown-method",
            "a method that nobody knows is refused as unsupported",
            &["AUTH-2"],
            unknown_method,
        )
        .twin("relay/sign-in/right"),
        case(
            "relay/sign-in/free",
            "as many sign-ins of a source may fail as are free, and the token after them has to wait",
            &["AUTH-5"],
            free,
        ),
        case(
            "relay/sign-in/doubles",
            "the wait of a source doubles with each token that is wrong",
            &["AUTH-5"],
            doubles,
        ),
        case(
            "relay/sign-in/left-counts",
            "a sign-in that is left before its answer has failed",
            &["AUTH-6"],
            left_counts,
        ),
        case(
            "relay/sign-in/success-does-not-count",
            "tokens that are right make nobody wait",
            &["AUTH-6"],
            success_does_not_count,
        ),
        case(
            "relay/sign-in/apart-from-joins",
            "sign-ins that failed do not delay joins, nor joins sign-ins",
            &["AUTH-6"],
            apart_from_joins,
        ),
        case(
            "relay/sign-in/no-role",
            "an account of which no role is said may help nobody",
            &["AUTH-18"],
            no_role,
        )
        .twin("relay/sign-in/right"),
        case(
            "relay/sign-in/no-standing",
            "a device of which nothing is said is unknown, which is less than unenrolled",
            &["AUTH-21"],
            no_standing,
        )
        .twin("relay/policy/enrolled"),
    ]
    .into_iter()
    .map(of_staff)
    .collect::<Vec<_>>();
    let briefs = vec![
        case(
            "relay/sign-in/lasts",
            "until a sign-in ends its client gets codes and joins",
            &["AUTH-10", "AUTH-11"],
            lasts,
        ),
        case(
            "relay/sign-in/ends",
            "when a sign-in has lasted for its time its client gets no code and joins nobody, until it signs in again",
            &["AUTH-10", "AUTH-11"],
            ends,
        )
        .twin("relay/sign-in/lasts"),
        case(
            "relay/sign-in/code-ends",
            "a code ends with the sign-in of its helper, who is told",
            &["AUTH-12"],
            code_ends,
        )
        .twin("relay/sign-in/lasts"),
        case(
            "relay/sign-in/session-goes-on",
            "a session goes on when the sign-in of its helper ends",
            &["POLICY-12"],
            session_goes_on,
        ),
        case(
            "relay/sign-in/session-ends",
            "a session ends with the sign-in of its helper if the rules say so, and both are told",
            &["POLICY-12"],
            session_ends,
        )
        .needs("policy")
        .twin("relay/sign-in/session-goes-on"),
    ];
    cases.extend(briefs.into_iter().map(of_brief));
    cases.push(
        Case::relay(
            "relay/sign-in/not-offered",
            "a method that the relay does not offer is refused as unsupported",
            &["AUTH-2"],
            not_offered,
        )
        .needs("accounts")
        .needs("issuers")
        .set_up(&staffed().without("issuers"))
        .twin("relay/sign-in/right"),
    );
    cases
}

/// How long a sign-in lasts where it is to end: for less time than an idle client has.
const BRIEF: u64 = 60_000;

const FAILED: Message = refused(ErrorCode::SignInFailed);
const EXPIRED: Message = refused(ErrorCode::SignInExpired);

fn right(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.timer("sign-in")?;
    let who = stage.client()?;
    let message = sign_in(stage, ADA);
    stage.say(who, message);
    let heard = stage.sees("AUTH-1", who, "signed-in", |_| true)?;
    let Heard::Said(Message::SignedIn(said)) = heard else {
        return stage.check("AUTH-1", false, "signed-in", heard.to_string());
    };
    let wanted = (
        Role::Control.ceiling(),
        Scopes::ALL,
        ADA.name(),
        EXAMPLE.to_owned(),
    );
    let seen = format!("{said:?}");
    let found = (said.help, said.share, said.name, said.organisation);
    stage.check("AUTH-1", found == wanted, &format!("{wanted:?}"), &*seen)?;
    let lasts = 1..=most;
    let expected = format!("to last for {most} ms at most");
    stage.check("AUTH-10", lasts.contains(&said.lasts_ms), &expected, seen)?;
    stage.silent("AUTH-1", who)
}

fn wrong(stage: &mut RelayStage<'_>) -> Done {
    let mut answers = Vec::new();
    let tokens = [
        nobody(stage),
        SignIn {
            method: method(stage),
            token: Token::new("x"),
        }
        .into(),
        SignIn {
            method: method(stage),
            token: Token::new("y".repeat(8_192)),
        }
        .into(),
    ];
    for (source, token) in (1..).zip(tokens) {
        let who = stage.client_from(source)?;
        let hello = stage.client_of(who).said.len();
        stage.say(who, token);
        stage.next("AUTH-3", who, &FAILED)?;
        let said = stage.client_of(who).said.get(hello..).unwrap_or_default();
        answers.push(said.to_vec());
        // It is idle.
        stage.code(who)?;
    }
    answers.dedup();
    let seen = format!("{answers:02x?}");
    stage.check("AUTH-3", answers.len() == 1, "the same bytes", seen)
}

/// A method that this relay offers.
fn method(stage: &RelayStage<'_>) -> u8 {
    if stage.can("accounts") { 1 } else { 2 }
}

fn again(stage: &mut RelayStage<'_>) -> Done {
    let who = client_of(stage, ADA)?;
    let token = nobody(stage);
    stage.say(who, token);
    stage.next("AUTH-1", who, &FAILED)?;
    // Somebody without a role would get none.
    stage.code(who)?;
    stage.leave(who, ErrorCode::Done.to_wire());
    let said = signs_in(stage, who, EVE)?;
    let seen = said.name.clone();
    stage.check("AUTH-1", said.name == EVE.name(), "the other name", seen)?;
    stage.say(who, CodeRequest {});
    stage.next("AUTH-1", who, &refused(ErrorCode::RoleNotEnough))
}

fn unknown_method(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    let token = Token::new("a token");
    stage.say(who, SignIn { method: 9, token });
    stage.next("AUTH-2", who, &refused(ErrorCode::Unsupported))?;
    stage.code(who).map(|_| ())
}

fn not_offered(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    let token = Token::new("a.b.c");
    stage.say(who, SignIn { method: 2, token });
    stage.next("AUTH-2", who, &refused(ErrorCode::Unsupported))?;
    stage.code(who).map(|_| ())
}

/// Fails to sign in as often as is free.
fn fails_freely(stage: &mut RelayStage<'_>) -> Done {
    for _ in 0..stage.limit("free-joins")? {
        let who = stage.client()?;
        let token = nobody(stage);
        stage.say(who, token);
        stage.next("AUTH-5", who, &FAILED)?;
    }
    Ok(())
}

/// What was said to sign in is answered after this time, and not before.
fn waits(stage: &mut RelayStage<'_>, requirement: &'static str, who: Who, ms: u64) -> Done {
    stage.settle()?;
    stage.pass(ms - ms / 10)?;
    stage.silent(requirement, who)?;
    // A relay may wait for a tick as well.
    let tick = stage.timer("join-tick")?;
    stage.pass(ms / 10 + tick)
}

fn free(stage: &mut RelayStage<'_>) -> Done {
    let first = stage.timer("join-delay-first")?;
    fails_freely(stage)?;
    let who = stage.client()?;
    let message = sign_in(stage, ADA);
    stage.say(who, message);
    waits(stage, "AUTH-5", who, first)?;
    stage.sees("AUTH-5", who, "signed-in", |heard| heard.is("signed-in"))?;
    let elsewhere = stage.client_from(1)?;
    signs_in(stage, elsewhere, ADA).map(|_| ())
}

fn doubles(stage: &mut RelayStage<'_>) -> Done {
    stage.needs_clock()?;
    let most = stage.timer("join-delay-most")?;
    let mut delay = stage.timer("join-delay-first")?;
    fails_freely(stage)?;
    for _ in 0..8 {
        let who = stage.client()?;
        let token = nobody(stage);
        stage.say(who, token);
        waits(stage, "AUTH-5", who, delay)?;
        stage.next("AUTH-5", who, &FAILED)?;
        delay = (delay * 2).min(most);
    }
    Ok(())
}

fn left_counts(stage: &mut RelayStage<'_>) -> Done {
    stage.needs_clock()?;
    let first = stage.timer("join-delay-first")?;
    fails_freely(stage)?;
    let who = stage.client()?;
    let message = sign_in(stage, ADA);
    stage.say(who, message);
    stage.leave(who, ErrorCode::Done.to_wire());
    // It is idle, and was answered nothing.
    stage.code(who)?;
    let next = stage.client()?;
    let message = sign_in(stage, ADA);
    stage.say(next, message);
    waits(stage, "AUTH-6", next, first * 2)?;
    stage.sees("AUTH-6", next, "signed-in", |heard| heard.is("signed-in"))?;
    Ok(())
}

fn success_does_not_count(stage: &mut RelayStage<'_>) -> Done {
    for _ in 0..=stage.limit("free-joins")? + 1 {
        let who = stage.client()?;
        signs_in_at_once(stage, who)?;
    }
    Ok(())
}

fn apart_from_joins(stage: &mut RelayStage<'_>) -> Done {
    fails_freely(stage)?;
    let who = stage.client()?;
    stage.join(who, nobodys(), b"an offer")?;
    stage.next("AUTH-6", who, &refused(ErrorCode::NotFound))?;
    for _ in 0..stage.limit("free-joins")? {
        let who = stage.client_from(1)?;
        stage.join(who, nobodys(), b"an offer")?;
        stage.next("AUTH-6", who, &refused(ErrorCode::NotFound))?;
    }
    let who = stage.client_from(1)?;
    signs_in_at_once(stage, who)
}

fn signs_in_at_once(stage: &mut RelayStage<'_>, who: Who) -> Done {
    let message = sign_in(stage, ADA);
    stage.say(who, message);
    stage.sees("AUTH-6", who, "signed-in at once", |heard| {
        heard.is("signed-in")
    })?;
    Ok(())
}

fn no_role(stage: &mut RelayStage<'_>) -> Done {
    let viewer = stage.client()?;
    let view = signs_in(stage, viewer, BOB)?;
    let seen = format!("{:?}", view.help);
    let right = view.help == Role::View.ceiling();
    stage.check("AUTH-18", right, "the ceiling of the role view", seen)?;
    let who = stage.client()?;
    let said = signs_in(stage, who, EVE)?;
    let seen = format!("{:?}", said.help);
    stage.check("AUTH-18", said.help == Scopes::NONE, "no scopes", seen)?;
    stage.say(who, CodeRequest {});
    stage.next("AUTH-18", who, &refused(ErrorCode::RoleNotEnough))
}

fn no_standing(stage: &mut RelayStage<'_>) -> Done {
    stage.needs("policy")?;
    for (helper, sharer, joins) in [
        (STATED, FAY, true),
        (STATED, EVE, false),
        (ENROLLED, FAY, false),
    ] {
        let helper = client_of(stage, helper)?;
        let locator = stage.code(helper)?;
        let sharer = client_of(stage, sharer)?;
        stage.join(sharer, locator, b"an offer")?;
        match joins {
            true => {
                stage.sees("AUTH-21", sharer, "place", |heard| heard.is("place"))?;
            }
            false => stage.next("AUTH-21", sharer, &refused(ErrorCode::DeviceNotAllowed))?,
        }
    }
    Ok(())
}

/// For how long a sign-in lasts here, which is for as long as the relay was told.
fn signs_in_briefly(stage: &mut RelayStage<'_>, who: Who) -> Done<u64> {
    let (timer, idle) = (stage.timer("sign-in")?, stage.timer("unpaired-idle")?);
    if timer >= idle {
        return Err(Stop::Untestable(
            "a sign-in lasts for longer than an idle client has: let the relay follow `timers` of the \
             set-up file in driver.md"
                .to_owned(),
        ));
    }
    let said = signs_in(stage, who, ADA)?;
    let seen = format!("{} ms", said.lasts_ms);
    let expected = format!("{timer} ms at most");
    stage.check("AUTH-10", said.lasts_ms <= timer, &expected, seen)?;
    Ok(timer)
}

fn lasts(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    let lasts = signs_in_briefly(stage, who)?;
    stage.pass(lasts - 1_000)?;
    stage.say(who, CodeRequest {});
    stage.sees("AUTH-11", who, "code-issued", |heard| {
        heard.is("code-issued")
    })?;
    let other = stage.client()?;
    signs_in_briefly(stage, other)?;
    stage.pass(lasts - 1_000)?;
    let helper = stage.client()?;
    let locator = stage.code(helper)?;
    stage.join(other, locator, b"an offer")?;
    stage.sees("AUTH-11", other, "place", |heard| heard.is("place"))?;
    Ok(())
}

fn ends(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    let lasts = signs_in_briefly(stage, who)?;
    stage.pass(lasts)?;
    stage.say(who, CodeRequest {});
    stage.next(["AUTH-10", "AUTH-11"], who, &EXPIRED)?;
    let helper = stage.client()?;
    let locator = stage.code(helper)?;
    stage.join(who, locator, b"an offer")?;
    stage.next("AUTH-11", who, &EXPIRED)?;
    stage.silent("AUTH-11", helper)?;
    signs_in(stage, who, ADA)?;
    stage.say(who, CodeRequest {});
    stage.sees("AUTH-11", who, "code-issued", |heard| {
        heard.is("code-issued")
    })?;
    Ok(())
}

fn code_ends(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    let lasts = signs_in_briefly(stage, who)?;
    let locator = stage.code(who)?;
    stage.pass(lasts - 1_000)?;
    stage.silent("AUTH-12", who)?;
    stage.pass(1_000)?;
    stage.next("AUTH-12", who, &gone(ErrorCode::SignInExpired))?;
    let sharer = stage.client()?;
    stage.say(sharer, by(locator));
    stage.tick(sharer)?;
    stage.next("AUTH-12", sharer, &refused(ErrorCode::NotFound))?;
    stage.silent("AUTH-12", who)
}

/// Somebody helps somebody, and its sign-in ends.
fn outlived(stage: &mut RelayStage<'_>, helper: Person) -> Done<(Who, Who)> {
    let who = stage.client()?;
    let lasts = signs_in_briefly(stage, who)?;
    let message = sign_in(stage, helper);
    stage.say(who, message);
    signed_in(stage, who)?;
    let locator = stage.code(who)?;
    let sharer = client_of(stage, CYN)?;
    stage.join(sharer, locator, b"an offer")?;
    for end in [who, sharer] {
        stage.await_(end, "place", |heard| heard.is("place"))?;
    }
    stage.pass(lasts - 1_000)?;
    for end in [who, sharer] {
        stage.silent("POLICY-12", end)?;
    }
    stage.pass(1_000)?;
    Ok((who, sharer))
}

fn session_goes_on(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = outlived(stage, ADA)?;
    stage.silent("POLICY-12", sharer)?;
    stage.deliver(helper, b"still here");
    stage.next("POLICY-12", sharer, &delivered(b"still here"))?;
    stage.silent("POLICY-12", helper)
}

fn session_ends(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = outlived(stage, ENDS)?;
    stage.next("POLICY-12", helper, &gone(ErrorCode::SignInExpired))?;
    stage.next("POLICY-12", sharer, &gone(ErrorCode::SignInExpired))?;
    stage.silent("POLICY-12", sharer)?;
    // It is idle, and its own sign-in has ended as well.
    stage.say(sharer, CodeRequest {});
    stage.next("POLICY-12", sharer, &EXPIRED)
}
