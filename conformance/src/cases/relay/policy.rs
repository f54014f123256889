//! Rules: who may sign in, get a code, and join by whose.

use alongside_state_machine::relay::account::Role;
use alongside_wire::{
    ErrorCode, Scopes,
    rendezvous::{CodeRequest, Join},
};
use serde_json::json;

use super::{
    people::{
        ADA, BOB, CYN, DOT, ELSEWHERE, ENROLLED, EVE, HERE, LINKS, NOTHING, OFF, OWN, OWNS, Person,
        SIGNED_IN, UNWELL, VIEW, WELL, client_of, rules, sign_in, signs_in, staffed,
    },
    words::{gone, refused},
};
use crate::{
    case::Case,
    stage::{Done, RelayStage, SetUp, Who},
};

pub(super) fn cases() -> Vec<Case> {
    let open = json!({ "devices": "unknown" });
    let off = json!({ "enabled": false, "devices": "unknown" });
    let with = |assist, organisation| staffed().with("policy", rules(assist, organisation));
    let assist_off = with(json!({ "enabled": false }), open.clone()).closed();
    let organisation_off = with(json!({}), off.clone());
    let both_off = with(json!({ "enabled": false }), off).closed();
    let wants_sign_in = with(json!({ "sign_in": true }), open).closed();
    let both_narrow = with(
        json!({}),
        json!({ "devices": "unknown", "most": "control", "sharers": "signed-in" }),
    );
    let case = |set_up: &SetUp,
                id,
                title,
                checks: &[&'static str],
                run: fn(&mut RelayStage<'_>) -> Done| {
        Case::relay(id, title, checks, run)
            .set_up(set_up)
            .needs("policy")
    };
    let staff = &staffed();
    let cases = vec![
        case(
            staff,
            "relay/policy/organisation-is-off",
            "nobody signs in to an organisation that is off",
            &["POLICY-3"],
            organisation_is_off,
        )
        .twin("relay/sign-in/right"),
        case(
            &organisation_off,
            "relay/policy/only-assist",
            "where organisations are off all others have the same as ever",
            &["POLICY-2", "POLICY-3"],
            only_assist,
        )
        .twin("relay/sign-in/right"),
        case(
            &assist_off,
            "relay/policy/only-organisation",
            "where help by others is off organisations have the same as ever, and others are told to sign in",
            &["POLICY-2", "POLICY-3", "POLICY-6"],
            only_organisation,
        )
        .twin("relay/sign-in/right"),
        case(
            staff,
            "relay/policy/networks",
            "an account signs in from the networks that its rules name, and from no other",
            &["POLICY-4"],
            networks,
        )
        .twin("relay/sign-in/right"),
        case(
            staff,
            "relay/policy/own-device",
            "an account signs in from a device of the least standing, and from no other",
            &["POLICY-4"],
            own_device,
        )
        .twin("relay/sign-in/right"),
        case(
            &wants_sign_in,
            "relay/policy/sign-in-required",
            "who is not signed in gets no code where helpers must be, and who is gets one",
            &["POLICY-6"],
            sign_in_required,
        )
        .twin("relay/code/issued"),
        case(
            staff,
            "relay/policy/role-not-enough",
            "who may not even view gets no code, by its role or by the rules",
            &["POLICY-7"],
            role_not_enough,
        )
        .twin("relay/code/issued"),
        case(
            staff,
            "relay/policy/links",
            "a join by a link is refused where the rules of the code do not allow it, and the code is dead",
            &["POLICY-8", "POLICY-11"],
            links,
        )
        .twin("relay/policy/no-link"),
        case(
            staff,
            "relay/policy/no-link",
            "a join without a link is allowed by such a code, and one by a link by another code",
            &["POLICY-8"],
            no_link,
        ),
        case(
            staff,
            "relay/policy/sharers",
            "only those join that the rules of a code want, and the code is dead after another",
            &["POLICY-9", "POLICY-11"],
            sharers,
        )
        .twin("relay/policy/enrolled"),
        case(
            staff,
            "relay/policy/device-not-allowed",
            "a join from a device below the least standing is refused, and the code is dead",
            &["POLICY-10", "POLICY-11"],
            device_not_allowed,
        )
        .twin("relay/policy/enrolled"),
        case(
            staff,
            "relay/policy/enrolled",
            "a join from a device of the least standing is allowed",
            &["POLICY-10"],
            enrolled,
        ),
        case(
            &both_narrow,
            "relay/policy/all-rules",
            "what the rules of a product forbid and what those of the organisation forbid is forbidden",
            &["POLICY-1"],
            all_rules,
        )
        .twin("relay/policy/no-link"),
    ];
    let mut cases: Vec<_> = cases
        .into_iter()
        .map(|case| case.needs("sign-in"))
        .collect();
    cases.push(
        case(
            &both_off,
            "relay/policy/both-off",
            "nobody gets a code where both products are off",
            &["POLICY-5"],
            products_are_off,
        )
        .twin("relay/code/issued"),
    );
    cases
}

/// Sees that somebody may not sign in, and is idle then.
fn may_not(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    person: Person,
    code: ErrorCode,
) -> Done {
    let who = stage.client()?;
    let message = sign_in(stage, person);
    stage.say(who, message);
    stage.next(requirement, who, &refused(code))
}

/// Sees that somebody may, and what.
fn may(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    person: Person,
    (help, share): (Scopes, Scopes),
) -> Done<Who> {
    let who = stage.client()?;
    let message = sign_in(stage, person);
    stage.say(who, message);
    let expected = format!("{} to be signed in", person.subject);
    stage.sees(requirement, who, &expected, |heard| heard.is("signed-in"))?;
    let said = signs_in(stage, who, person)?;
    let seen = format!("{:?} and {:?}", said.help, said.share);
    let right = (said.help, said.share) == (help, share);
    stage.check(requirement, right, &format!("{help:?} and {share:?}"), seen)?;
    Ok(who)
}

fn gets_code(stage: &mut RelayStage<'_>, requirement: &'static str, who: Who) -> Done {
    stage.say(who, CodeRequest {});
    stage.sees(requirement, who, "code-issued", |heard| {
        heard.is("code-issued")
    })?;
    Ok(())
}

fn gets_none(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    who: Who,
    code: ErrorCode,
) -> Done {
    stage.say(who, CodeRequest {});
    stage.next(requirement, who, &refused(code))
}

const CONTROLS: (Scopes, Scopes) = (Role::Control.ceiling(), Scopes::ALL);

fn organisation_is_off(stage: &mut RelayStage<'_>) -> Done {
    may_not(stage, "POLICY-3", OFF, ErrorCode::ProductDisabled)?;
    may(stage, "POLICY-3", ADA, CONTROLS).map(|_| ())
}

fn only_assist(stage: &mut RelayStage<'_>) -> Done {
    may_not(stage, "POLICY-3", ADA, ErrorCode::ProductDisabled)?;
    let anybody = stage.client()?;
    gets_code(stage, "POLICY-2", anybody)?;
    let dot = may(stage, "POLICY-2", DOT, CONTROLS)?;
    gets_code(stage, "POLICY-2", dot)
}

fn only_organisation(stage: &mut RelayStage<'_>) -> Done {
    may_not(stage, "POLICY-3", DOT, ErrorCode::ProductDisabled)?;
    let anybody = stage.client()?;
    gets_none(stage, "POLICY-6", anybody, ErrorCode::SignInRequired)?;
    let ada = may(stage, "POLICY-2", ADA, CONTROLS)?;
    let locator = stage.code(ada)?;
    stage.join(anybody, locator, b"an offer")?;
    stage.sees("POLICY-2", anybody, "place", |heard| heard.is("place"))?;
    Ok(())
}

fn products_are_off(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    gets_none(stage, "POLICY-5", who, ErrorCode::ProductDisabled)
}

fn networks(stage: &mut RelayStage<'_>) -> Done {
    may_not(stage, "POLICY-4", ELSEWHERE, ErrorCode::ConditionsNotMet)?;
    may(stage, "POLICY-4", HERE, CONTROLS).map(|_| ())
}

fn own_device(stage: &mut RelayStage<'_>) -> Done {
    may_not(stage, "POLICY-4", UNWELL, ErrorCode::ConditionsNotMet)?;
    may(stage, "POLICY-4", WELL, CONTROLS).map(|_| ())
}

fn sign_in_required(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    gets_none(stage, "POLICY-6", who, ErrorCode::SignInRequired)?;
    signs_in(stage, who, DOT)?;
    gets_code(stage, "POLICY-6", who)
}

fn role_not_enough(stage: &mut RelayStage<'_>) -> Done {
    for person in [EVE, NOTHING] {
        let who = client_of(stage, person)?;
        gets_none(stage, "POLICY-7", who, ErrorCode::RoleNotEnough)?;
    }
    for person in [BOB, VIEW] {
        let who = client_of(stage, person)?;
        gets_code(stage, "POLICY-7", who)?;
    }
    Ok(())
}

/// Somebody joins by a code of a helper; both.
fn joins(
    stage: &mut RelayStage<'_>,
    helper: Person,
    sharer: Option<Person>,
    link: bool,
) -> Done<(Who, Who)> {
    let helper = client_of(stage, helper)?;
    let locator = stage.code(helper)?;
    let who = match sharer {
        Some(person) => client_of(stage, person)?,
        None => stage.client()?,
    };
    stage.passes_over(helper);
    let offer = b"an offer".to_vec();
    stage.say(
        who,
        Join {
            locator,
            link,
            offer,
        },
    );
    stage.tick(who)?;
    Ok((helper, who))
}

fn are_paired(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    (helper, sharer): (Who, Who),
) -> Done {
    stage.sees(requirement, sharer, "place", |heard| heard.is("place"))?;
    stage.sees(requirement, helper, "joined", |heard| heard.is("joined"))?;
    Ok(())
}

/// Sees that a join was refused, that the helper was told, and that the code is dead.
fn are_not(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    (helper, sharer): (Who, Who),
    code: ErrorCode,
) -> Done {
    stage.next(requirement, sharer, &refused(code))?;
    stage.next("POLICY-11", helper, &gone(code))?;
    stage.silent("POLICY-11", helper)?;
    // It is idle.
    gets_code(stage, "POLICY-11", helper)
}

fn links(stage: &mut RelayStage<'_>) -> Done {
    let ends = joins(stage, LINKS, Some(CYN), true)?;
    are_not(stage, "POLICY-8", ends, ErrorCode::LinkNotAllowed)?;
    // A code that was refused once finds nobody.
    let helper = client_of(stage, LINKS)?;
    let locator = stage.code(helper)?;
    let offer = b"an offer".to_vec();
    let link = true;
    let first = stage.client()?;
    stage.say(
        first,
        Join {
            locator,
            link,
            offer,
        },
    );
    stage.tick(first)?;
    stage.next("POLICY-8", first, &refused(ErrorCode::LinkNotAllowed))?;
    let second = stage.client()?;
    stage.join(second, locator, b"an offer")?;
    stage.next("POLICY-11", second, &refused(ErrorCode::NotFound))
}

fn no_link(stage: &mut RelayStage<'_>) -> Done {
    let ends = joins(stage, LINKS, Some(CYN), false)?;
    are_paired(stage, "POLICY-8", ends)?;
    let ends = joins(stage, ADA, Some(CYN), true)?;
    are_paired(stage, "POLICY-8", ends)
}

fn sharers(stage: &mut RelayStage<'_>) -> Done {
    let ends = joins(stage, SIGNED_IN, None, false)?;
    are_not(stage, "POLICY-9", ends, ErrorCode::SignInRequired)?;
    let ends = joins(stage, SIGNED_IN, Some(CYN), false)?;
    are_paired(stage, "POLICY-9", ends)?;
    let ends = joins(stage, OWN, Some(CYN), false)?;
    are_not(stage, "POLICY-9", ends, ErrorCode::OtherOrganisation)?;
    let ends = joins(stage, OWN, Some(OWNS), false)?;
    are_paired(stage, "POLICY-9", ends)
}

fn device_not_allowed(stage: &mut RelayStage<'_>) -> Done {
    let ends = joins(stage, ENROLLED, Some(EVE), false)?;
    are_not(stage, "POLICY-10", ends, ErrorCode::DeviceNotAllowed)
}

fn enrolled(stage: &mut RelayStage<'_>) -> Done {
    let ends = joins(stage, ENROLLED, Some(BOB), false)?;
    are_paired(stage, "POLICY-10", ends)
}

fn all_rules(stage: &mut RelayStage<'_>) -> Done {
    // By the rules of the product, which allow less than the role.
    let control = Role::Control.ceiling();
    may(stage, "POLICY-1", ADA, (control, control))?;
    // By those of the organisation, which allow less than the product.
    let view = Role::View.ceiling();
    may(stage, "POLICY-1", VIEW, (view, view))?;
    let ends = joins(stage, LINKS, None, false)?;
    let (_, sharer) = ends;
    stage.next("POLICY-1", sharer, &refused(ErrorCode::SignInRequired))?;
    let ends = joins(stage, LINKS, Some(CYN), true)?;
    let (_, sharer) = ends;
    stage.next("POLICY-1", sharer, &refused(ErrorCode::LinkNotAllowed))?;
    let ends = joins(stage, LINKS, Some(CYN), false)?;
    are_paired(stage, "POLICY-1", ends)
}
