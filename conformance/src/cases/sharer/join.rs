//! Codes and links as a sharer takes them, and its join.

use alongside_wire::{
    Scopes, Suite,
    envelope::{Envelope, Offer},
    limits::timers,
    rendezvous::{Join, Message},
};
use serde_json::json;

use crate::{
    case::Case,
    cases::client::exchange::secret_stays,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let mut all =
        vec![
        Case::sharer(
            "sharer/code/typed",
            "a code is taken as people type it: spaces, hyphens, capitals, and o, i and l",
            &["CODE-1", "CODE-2"],
            typed,
        ),
        Case::sharer(
            "sharer/code/secret-stays",
            "nothing that the sharer says to the relay holds the secret",
            &["CODE-6"],
            secret_stays,
        ),
        Case::sharer(
            "sharer/code/spent",
            "a code that was joined by is refused for 45 minutes, whatever secret is typed with it",
            &["CODE-10", "CODE-11"],
            spent,
        )
        .twin("sharer/code/spent-long-ago"),
        Case::sharer(
            "sharer/code/spent-long-ago",
            "a locator that was joined by longer than 45 minutes ago is joined by again",
            &["CODE-11"],
            |stage| {
                stage.joins()?;
                again(stage, timers::SHARER_SPENT)?;
                let code = typed_code(stage)?;
                stage.must("CODE-11", |stage| {
                    stage.does("join", json!({ "code": code }))?;
                    stage.accept()
                })?;
                stage.await_("hello", |item| item.is_to_relay("hello"))?;
                stage.asks().map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/code/spent-in-another-run",
            "a code that was joined by is not remembered by the next run of the program",
            &["CODE-14"],
            |stage| {
                stage.joins()?;
                let code = typed_code(stage)?;
                stage.restarts()?;
                stage.set_up(&json!({}))?;
                let taken = stage.ask("join", json!({ "code": code }))?;
                let seen = taken.err().unwrap_or_default();
                stage.check("CODE-14", seen.is_empty(), "the code to be taken", seen.clone())?;
                stage.accept()?;
                stage.await_("hello", |item| item.is_to_relay("hello"))?;
                stage.asks().map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/link/own-relay",
            "a link that names the relay which the sharer is set up for is joined by unasked",
            &["LINK-2"],
            |stage| {
                stage.set_up(&json!({}))?;
                let relay = stage.relay_address();
                let link = link_to(stage, &relay);
                stage.does("join", json!({ "code": link }))?;
                stage.accept()?;
                stage.await_("hello", |item| item.is_to_relay("hello"))?;
                stage.asks()?;
                stage.never_tells("LINK-2", 0, "elsewhere")
            },
        )
        .needs("links"),
        Case::sharer(
            "sharer/link/another-relay",
            "the person is asked before a link that names another relay is joined by",
            &["LINK-2"],
            |stage| {
                stage.set_up(&json!({}))?;
                let link = link_to(stage, "elsewhere.example");
                stage.does("join", json!({ "code": link }))?;
                let asked = stage.tells("LINK-2", "elsewhere")?;
                let named = asked.text("relay") == "elsewhere.example";
                stage.check("LINK-2", named, "the relay that it names", format!("{asked:?}"))?;
                stage.stays_away("LINK-2")?;
                stage.does("elsewhere", json!({ "allow": false }))?;
                stage.stays_away("LINK-2")
            },
        )
        .needs("links")
        .twin("sharer/link/own-relay"),
        Case::sharer(
            "sharer/link/ceiling",
            "a join by a link says so, and offers no ceiling beyond view",
            &["LINK-4"],
            link,
        ),
        Case::sharer(
            "sharer/join/offer",
            "the offer has version 1, suite 1 among its suites, and the whole ceiling",
            &["KEX-1", "KEX-6", "LINK-4"],
            offered,
        ),
    ];
    let refused = [
        (
            "character-u",
            "4060-r0gu",
            "CODE-3",
            "a character that is not in the alphabet",
        ),
        (
            "character-star",
            "40*0-r0gx",
            "CODE-3",
            "a character that is no letter",
        ),
        (
            "character-accent",
            "40é0-r0gx",
            "CODE-3",
            "a letter with an accent",
        ),
        ("character-tab", "4060\tr0gx", "CODE-3", "a tab within it"),
        (
            "locator-3",
            "406-r0gx",
            "CODE-4",
            "a locator of 3 characters",
        ),
        (
            "locator-9",
            "406040604-r0gx",
            "CODE-4",
            "a locator of 9 characters",
        ),
        ("empty", "", "CODE-4", "nothing in it"),
    ];
    for (name, code, requirement, what) in refused {
        let case = Case::sharer(
            format!("sharer/code/{name}"),
            format!("a code with {what} is refused"),
            &[requirement],
            move |stage| {
                stage.set_up(&json!({}))?;
                stage.may_not(requirement, "join", json!({ "code": code }))
            },
        );
        all.push(case.twin("sharer/code/typed"));
    }
    all
}

fn join_of(message: Message) -> Done<Join> {
    match message {
        Message::Join(join) => Ok(join),
        other => Err(Stop::Harness(format!("{} is no join", other.name()))),
    }
}

fn offer_of(join: &Join) -> Done<Offer> {
    match Envelope::read(&join.offer) {
        Ok(Some(Envelope::Offer(offer))) => Ok(offer),
        other => Err(Stop::Timeout {
            awaited: "an offer in the join".to_owned(),
            seen: format!("{other:?}"),
        }),
    }
}

fn typed_code(stage: &ClientStage<'_>) -> Done<String> {
    let none = || Stop::Harness("no code was drawn".to_owned());
    stage.code.map(|code| code.to_string()).ok_or_else(none)
}

fn link_to(stage: &mut ClientStage<'_>, relay: &str) -> String {
    let code = stage.draw_code();
    format!("https://{relay}/j#{code}")
}

fn typed(stage: &mut ClientStage<'_>) -> Done {
    stage.set_up(&json!({}))?;
    let code = stage.draw_code();
    let shown = code.to_string().to_uppercase();
    let shown = shown.replace('0', "o").replace('1', "I").replace('-', "");
    let (head, tail) = shown.split_at(3);
    let typed = json!({ "code": format!(" {head} - {tail} ") });
    let either = ["CODE-1", "CODE-2"];
    stage.must(either, |stage| stage.does("join", typed))?;
    stage.accept()?;
    stage.await_("hello", |item| item.is_to_relay("hello"))?;
    let join = join_of(stage.asks()?)?;
    let right = join.locator == code.locator;
    stage.check(either, right, "the locator", format!("{:?}", join.locator))?;
    // The key exchange works only if the secret is right too.
    stage
        .must("CODE-2", |stage| stage.answers(&join.offer))
        .map(|_| ())
}

/// The same person opens the client again, after some time.
fn again(stage: &mut ClientStage<'_>, ms: u64) -> Done {
    stage.act("end")?;
    stage.await_("the end", |item| matches!(item, Item::Closed(_)))?;
    stage.leap(ms)?;
    stage.act("close")?;
    stage.session.push('x');
    stage.set_up(&json!({}))
}

fn spent(stage: &mut ClientStage<'_>) -> Done {
    stage.joins()?;
    let code = typed_code(stage)?;
    let mut other: Vec<char> = code.chars().collect();
    if let Some(last) = other.last_mut() {
        *last = if *last == '0' { '2' } else { '0' };
    }
    let other: String = other.into_iter().collect();
    again(stage, timers::SHARER_SPENT - 1_000)?;
    stage.may_not("CODE-11", "join", json!({ "code": code }))?;
    stage.may_not("CODE-10", "join", json!({ "code": other }))
}

fn link(stage: &mut ClientStage<'_>) -> Done {
    stage.set_up(&json!({}))?;
    let code = stage.draw_code().to_string();
    stage.does("join", json!({ "code": code, "link": true }))?;
    stage.accept()?;
    stage.await_("hello", |item| item.is_to_relay("hello"))?;
    let join = join_of(stage.asks()?)?;
    stage.check(
        "LINK-4",
        join.link,
        "a join by a link",
        "it says that it is none",
    )?;
    let ceiling = offer_of(&join)?.ceiling;
    let seen = format!("{ceiling:?}");
    stage.check(
        "LINK-4",
        Scopes::VIEW.contains(ceiling),
        "view at the most",
        seen,
    )
}

fn offered(stage: &mut ClientStage<'_>) -> Done {
    let join = join_of(stage.asking()?)?;
    stage.check(
        "LINK-4",
        !join.link,
        "a join by a code",
        "it says that it is a link",
    )?;
    let offer = offer_of(&join)?;
    let seen = format!("{offer:?}");
    let right = offer.versions.contains(&1) && !offer.suites.is_empty();
    stage.check("KEX-1", right, "version 1, and suites", seen.clone())?;
    let first = offer.suites.contains(&Suite::ChaChaPoly.to_wire());
    stage.check("KEX-6", first, "suite 1", seen)
}
