//! When a path is offered, and when the relay is asked for one.

use alongside_wire::{ErrorCode, limits::timers, session::PathOffer};

use super::{is_offer, is_request};
use crate::{
    case::Case,
    stage::{ClientStage, Done},
};

const RETRY: u64 = timers::PATH_RETRY;

pub(super) fn cases() -> Vec<Case> {
    [allowed(), agreed()].concat()
}

fn allowed() -> Vec<Case> {
    vec![
        Case::client(
            "client/offer/made",
            "each end offers a path once the screen may be seen, if the relay forwards packets and the other end offers one",
            &["PATH-1"],
            |stage| {
                stage.paths = Some(1);
                stage.viewing()?;
                stage.must("PATH-1", ClientStage::both_offer).map(|_| ())
            },
        )
        .needs("paths"),
        Case::client(
            "client/offer/not-stated",
            "no path is offered where the relay does not state how many it has",
            &["PATH-1"],
            |stage| none_is_offered(stage, None),
        )
        .twin("client/offer/made"),
        Case::client(
            "client/offer/stated-as-none",
            "no path is offered where the relay states that it has none",
            &["PATH-1"],
            |stage| none_is_offered(stage, Some(0)),
        )
        .twin("client/offer/made"),
        Case::client(
            "client/offer/undecided",
            "no path is offered before consent",
            &["PATH-1"],
            |stage| {
                stage.paths = Some(1);
                stage.deciding()?;
                stage.pass(5_000)?;
                stage.never("PATH-1", 0, "offer of a path", is_offer)
            },
        )
        .twin("client/offer/made"),
        Case::client(
            "client/offer/frozen",
            "no path is offered while the session is frozen",
            &["PATH-1"],
            |stage| {
                stage.paths = Some(1);
                stage.viewing()?;
                stage.asks_for_a_path()?;
                stage.ends_the_path(ErrorCode::Busy);
                stage.pass(RETRY - 2_000)?;
                stage.says_peer_lost();
                stage.told("frozen")?;
                let from = stage.fresh()?;
                stage.pass(5_000)?;
                stage.never("PATH-1", from, "offer of a path", is_offer)
            },
        )
        .needs("paths")
        .twin("client/offer/made"),
        Case::client(
            "client/offer/taken",
            "an offer that comes when the screen may be seen ends nothing",
            &["PATH-4"],
            |stage| {
                stage.viewing()?;
                stage.offers_own()?;
                stage.goes_on("PATH-4")
            },
        ),
        Case::client(
            "client/offer/early",
            "an offer that comes before consent ends the session",
            &["PATH-4"],
            |stage| {
                stage.paths = Some(1);
                stage.deciding()?;
                stage.fresh()?;
                stage.seal_one(PathOffer {
                    certificate: [1; 32],
                })?;
                stage.ends("PATH-4", ErrorCode::UnexpectedMessage)
            },
        )
        .needs("paths")
        .twin("client/offer/taken"),
    ]
}

/// The other end offers one all the same.
fn none_is_offered(stage: &mut ClientStage<'_>, stated: Option<u64>) -> Done {
    stage.paths = stated;
    stage.viewing()?;
    stage.offers_own()?;
    stage.pass(5_000)?;
    stage.never("PATH-1", 0, "offer of a path", is_offer)?;
    stage.goes_on("PATH-1")
}

fn agreed() -> Vec<Case> {
    let all = [
        Case::client(
            "client/offer/retry",
            "an end waits for path-retry between two of its offers, whatever the other end offers meanwhile",
            &["PATH-2"],
            |stage| {
                stage.paths = Some(1);
                stage.viewing()?;
                stage.asks_for_a_path()?;
                let from = stage.here();
                stage.ends_the_path(ErrorCode::Busy);
                stage.pass(1_000)?;
                stage.offers_own()?;
                stage.pass(RETRY - 1_100)?;
                stage.never("PATH-2", from, "offer of a path", is_offer)?;
                stage.pass(200)?;
                stage.must("PATH-2", ClientStage::takes_offer).map(|_| ())
            },
        ),
        Case::client(
            "client/offer/unanswered",
            "an offer that the other end does not answer is not made again",
            &["PATH-34"],
            |stage| {
                stage.paths = Some(1);
                stage.viewing()?;
                stage.pass(2 * RETRY + 5_000)?;
                let often = stage.count(0, is_offer);
                let expected = "one offer at most";
                stage.check("PATH-34", often < 2, expected, often.to_string())
            },
        ),
        Case::client(
            "client/offer/fresh",
            "each offer is of another certificate",
            &["PATH-3"],
            |stage| {
                stage.paths = Some(1);
                stage.viewing()?;
                stage.asks_for_a_path()?;
                let first = stage.offered()?;
                stage.ends_the_path(ErrorCode::Busy);
                stage.pass(RETRY + 100)?;
                let second = stage.both_offer()?;
                let right = first != second;
                stage.check("PATH-3", right, "another certificate", "the same one")
            },
        ),
        Case::client(
            "client/offer/then-request",
            "the relay is asked for a path when both have offered one, and not before",
            &["PATH-5"],
            |stage| {
                stage.paths = Some(1);
                stage.viewing()?;
                stage.pass(2_000)?;
                stage.never("PATH-5", 0, "request for a path", is_request)?;
                stage.must("PATH-5", ClientStage::asks_for_a_path)?;
                only_after_an_offer(stage, 0)
            },
        ),
        Case::client(
            "client/offer/another-master",
            "offers of before a reconnect are none after it",
            &["PATH-5"],
            |stage| {
                stage.paths = Some(1);
                stage.viewing()?;
                stage.asks_for_a_path()?;
                stage.ends_the_path(ErrorCode::Busy);
                stage.pass(1_000)?;
                // It is too early to answer this one, and it counts no more when it is not.
                stage.offers_own()?;
                let from = stage.fresh()?;
                stage.comes_back()?;
                stage.after_the_way_back()?;
                stage.pass(RETRY + 1_000)?;
                stage.never("PATH-5", from, "request for a path", is_request)?;
                stage.offers_own()?;
                stage.sees("PATH-5", "path-request", is_request)?;
                only_after_an_offer(stage, from)
            },
        )
        .needs("reconnect"),
    ];
    all.into_iter().map(|case| case.needs("paths")).collect()
}

/// The first request since then came after an offer of the client's.
fn only_after_an_offer(stage: &mut ClientStage<'_>, from: usize) -> Done {
    let mut log = stage.log.iter().skip(from);
    let first = log.find(|item| is_offer(item) || is_request(item));
    let right = first.is_some_and(is_offer);
    let seen = stage.since(from);
    stage.check("PATH-5", right, "an offer, and then a request", seen)
}
