//! Joins that are held back: the tick, and the delays of a source that failed before.

use alongside_wire::{
    ErrorCode,
    code::Locator,
    rendezvous::{Join, Message},
};

use super::{limits::limited, words::refused};
use crate::{
    case::Case,
    stage::{Done, RelayStage, Who},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/join/same-bytes",
            "a join by a locator that is unknown, spent or given back is answered by the same bytes",
            &["RDV-21"],
            same_bytes,
        ),
        Case::relay(
            "relay/join/tick",
            "a join is answered at a tick and not before, whatever comes of it",
            &["RDV-22"],
            tick,
        ),
        Case::relay(
            "relay/join/free",
            "as many joins of a source may fail as are free, and the next is delayed for a second",
            &["RDV-23"],
            free,
        ),
        Case::relay(
            "relay/join/doubles",
            "the delay of a source doubles with each failed join, up to the longest",
            &["RDV-23"],
            doubles,
        ),
        Case::relay(
            "relay/join/live-is-delayed",
            "a join by a live code of a source that failed is delayed as well, and succeeds then",
            &["RDV-23"],
            live_is_delayed,
        ),
        Case::relay(
            "relay/join/left-counts",
            "a join that is left before its answer counts as failed",
            &["RDV-24"],
            left_counts,
        ),
        Case::relay(
            "relay/join/success-does-not-count",
            "joins that succeed delay nobody",
            &["RDV-24"],
            success_does_not_count,
        ),
        Case::relay(
            "relay/join/of-one-source",
            "the failed joins of one address delay all its connections, and those of no other",
            &["RDV-25"],
            of_one_source,
        ),
        Case::relay(
            "relay/join/forgotten",
            "failed joins are forgotten when their source made none for long enough",
            &["RDV-28"],
            forgotten,
        ),
        Case::relay(
            "relay/join/too-many-wait",
            "a join is refused with busy at once when as many wait as may",
            &["RDV-29"],
            too_many_wait,
        )
        .set_up(&limited("pending-joins", 16))
        .twin("relay/join/unknown"),
        Case::relay(
            "relay/join/table-is-full",
            "with as many sources that failed as the relay remembers, a join of another is delayed for longest",
            &["RDV-27"],
            table_is_full,
        )
        .set_up(&limited("sources", 2))
        .twin("relay/join/unknown"),
    ]
}

pub(super) fn nobodys() -> Locator {
    Locator::from_random(&[7; 8], 8)
}

pub(super) fn by(locator: Locator) -> Message {
    Join {
        locator,
        link: false,
        offer: b"an offer".to_vec(),
    }
    .into()
}

const NOT_FOUND: Message = refused(ErrorCode::NotFound);

/// Joins, in vain, as often as is free.
fn fails_freely(stage: &mut RelayStage<'_>, source: u8) -> Done {
    for _ in 0..stage.limit("free-joins")? {
        let who = stage.client_from(source)?;
        stage.join(who, nobodys(), b"an offer")?;
        stage.next("RDV-23", who, &NOT_FOUND)?;
    }
    Ok(())
}

/// A join that was said is answered after this time, and not before.
fn is_delayed(
    stage: &mut RelayStage<'_>,
    requirement: &'static str,
    who: Who,
    ms: u64,
    answer: &Message,
) -> Done {
    // It waits for the tick after that time.
    let tick = stage.timer("join-tick")?;
    let early = ms - (ms / 10).max(tick).min(ms);
    stage.settle()?;
    stage.pass(early)?;
    stage.silent(requirement, who)?;
    stage.pass(ms - early + tick)?;
    stage.next(requirement, who, answer)
}

fn same_bytes(stage: &mut RelayStage<'_>) -> Done {
    let (_, spent) = stage.helper()?;
    let sharer = stage.client()?;
    stage.join(sharer, spent, b"an offer")?;
    stage.await_(sharer, "place", |heard| heard.is("place"))?;
    let (helper, left) = stage.helper()?;
    stage.leave(helper, ErrorCode::Done.to_wire());
    stage.settle()?;
    let short = Locator::from_random(&[9; 8], 4);
    let mut answers = Vec::new();
    for (source, locator) in (1..).zip([nobodys(), spent, left, short]) {
        let who = stage.client_from(source)?;
        let hello = stage.client_of(who).said.len();
        stage.join(who, locator, b"an offer")?;
        stage.next("RDV-21", who, &NOT_FOUND)?;
        answers.push(
            stage
                .client_of(who)
                .said
                .get(hello..)
                .unwrap_or_default()
                .to_vec(),
        );
    }
    answers.dedup();
    stage.check(
        "RDV-21",
        answers.len() == 1,
        "the same bytes each time",
        format!("{answers:02x?}"),
    )
}

fn tick(stage: &mut RelayStage<'_>) -> Done {
    stage.needs_clock()?;
    let tick = stage.timer("join-tick")?;
    let (helper, locator) = stage.helper()?;
    let (lucky, unlucky) = (stage.client()?, stage.client_from(1)?);
    // To a moment after a tick.
    let past = stage.time() % tick;
    stage.pass(tick - past + 1)?;
    stage.say(lucky, by(locator));
    stage.say(unlucky, by(nobodys()));
    stage.silent("RDV-22", lucky)?;
    stage.pass(tick - 2)?;
    stage.silent("RDV-22", lucky)?;
    stage.silent("RDV-22", unlucky)?;
    stage.silent("RDV-22", helper)?;
    stage.pass(1)?;
    stage.sees("RDV-22", lucky, "place", |heard| heard.is("place"))?;
    stage.next("RDV-22", unlucky, &NOT_FOUND)
}

fn free(stage: &mut RelayStage<'_>) -> Done {
    let first = stage.timer("join-delay-first")?;
    fails_freely(stage, 0)?;
    let who = stage.client()?;
    stage.say(who, by(nobodys()));
    is_delayed(stage, "RDV-23", who, first, &NOT_FOUND)
}

fn doubles(stage: &mut RelayStage<'_>) -> Done {
    stage.needs_clock()?;
    let most = stage.timer("join-delay-most")?;
    let mut delay = stage.timer("join-delay-first")?;
    fails_freely(stage, 0)?;
    for _ in 0..9 {
        let who = stage.client()?;
        stage.say(who, by(nobodys()));
        is_delayed(stage, "RDV-23", who, delay, &NOT_FOUND)?;
        delay = (delay * 2).min(most);
    }
    Ok(())
}

fn live_is_delayed(stage: &mut RelayStage<'_>) -> Done {
    let first = stage.timer("join-delay-first")?;
    fails_freely(stage, 0)?;
    let helper = stage.client_from(1)?;
    let locator = stage.code(helper)?;
    let who = stage.client()?;
    stage.say(who, by(locator));
    stage.settle()?;
    stage.pass(first - first / 10)?;
    stage.silent("RDV-23", helper)?;
    stage.silent("RDV-23", who)?;
    let tick = stage.timer("join-tick")?;
    stage.pass(first / 10 + tick)?;
    stage.sees("RDV-23", who, "place", |heard| heard.is("place"))?;
    stage.sees("RDV-23", helper, "joined", |heard| heard.is("joined"))?;
    Ok(())
}

fn left_counts(stage: &mut RelayStage<'_>) -> Done {
    stage.needs_clock()?;
    let first = stage.timer("join-delay-first")?;
    for _ in 0..stage.limit("free-joins")? {
        let who = stage.client()?;
        stage.say(who, by(nobodys()));
        stage.leave(who, ErrorCode::Done.to_wire());
        // It is idle, and was answered nothing.
        stage.code(who)?;
    }
    let who = stage.client()?;
    stage.say(who, by(nobodys()));
    is_delayed(stage, "RDV-24", who, first, &NOT_FOUND)
}

fn success_does_not_count(stage: &mut RelayStage<'_>) -> Done {
    for _ in 0..=stage.limit("free-joins")? + 1 {
        stage.must("RDV-24", RelayStage::pair)?;
    }
    let who = stage.client()?;
    stage.join(who, nobodys(), b"an offer")?;
    stage.next("RDV-24", who, &NOT_FOUND)
}

fn of_one_source(stage: &mut RelayStage<'_>) -> Done {
    let first = stage.timer("join-delay-first")?;
    let elsewhere = stage.client_from(1)?;
    let one = stage.client()?;
    for _ in 0..stage.limit("free-joins")? {
        stage.join(one, nobodys(), b"an offer")?;
        stage.next("RDV-25", one, &NOT_FOUND)?;
    }
    let another = stage.client()?;
    stage.join(elsewhere, nobodys(), b"an offer")?;
    stage.next("RDV-25", elsewhere, &NOT_FOUND)?;
    stage.say(another, by(nobodys()));
    is_delayed(stage, "RDV-25", another, first, &NOT_FOUND)
}

fn forgotten(stage: &mut RelayStage<'_>) -> Done {
    stage.needs_clock()?;
    let decay = stage.timer("join-delay-decay")?;
    let first = stage.timer("join-delay-first")?;
    fails_freely(stage, 0)?;
    stage.pass(decay - 5_000)?;
    let early = stage.client()?;
    stage.say(early, by(nobodys()));
    is_delayed(stage, "RDV-28", early, first, &NOT_FOUND)?;
    stage.pass(decay)?;
    let late = stage.client()?;
    stage.join(late, nobodys(), b"an offer")?;
    stage.next("RDV-28", late, &NOT_FOUND)
}

fn too_many_wait(stage: &mut RelayStage<'_>) -> Done {
    stage.needs_clock()?;
    let most = stage.limit_within("pending-joins", 64)?;
    let mut waiting = Vec::new();
    for number in 0..most {
        let who = stage.client_from(u8::try_from(number / 2).unwrap_or(u8::MAX))?;
        stage.say(who, by(nobodys()));
        waiting.push(who);
    }
    stage.settle()?;
    let one_more = stage.client_from(200)?;
    stage.say(one_more, by(nobodys()));
    stage.next("RDV-29", one_more, &refused(ErrorCode::Busy))?;
    let tick = stage.timer("join-tick")?;
    stage.pass(tick)?;
    for who in waiting {
        stage.next("RDV-29", who, &NOT_FOUND)?;
    }
    // The one that was refused did not count.
    for _ in 0..stage.limit("free-joins")? {
        stage.join(one_more, nobodys(), b"an offer")?;
        stage.next("RDV-29", one_more, &NOT_FOUND)?;
    }
    Ok(())
}

fn table_is_full(stage: &mut RelayStage<'_>) -> Done {
    stage.needs_clock()?;
    let most = stage.limit_within("sources", 64)?;
    let longest = stage.timer("join-delay-most")?;
    let decay = stage.timer("join-delay-decay")?;
    // Whoever was there before is forgotten.
    stage.pass(decay)?;
    for source in 0..most {
        let who = stage.client_from(u8::try_from(source).unwrap_or(u8::MAX))?;
        stage.join(who, nobodys(), b"an offer")?;
        stage.next("RDV-27", who, &NOT_FOUND)?;
    }
    // One that it knows is not delayed.
    let known = stage.client()?;
    stage.join(known, nobodys(), b"an offer")?;
    stage.next("RDV-27", known, &NOT_FOUND)?;
    let unknown = stage.client_from(100)?;
    stage.say(unknown, by(nobodys()));
    is_delayed(stage, "RDV-27", unknown, longest, &NOT_FOUND)?;
    // Later there is room again.
    stage.pass(decay)?;
    let again = stage.client_from(100)?;
    stage.join(again, nobodys(), b"an offer")?;
    stage.next("RDV-27", again, &NOT_FOUND)
}
