//! What is said with the relay for a path, and where its packets come from.

use alongside_wire::{limits, path::Check};

use super::{by_the_path, spliced};
use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Item, is_proof_of},
};

/// How many checks come at once, and how many of them may be answered in a second.
const FLOOD: usize = 40;
const PROOFS: usize = 10;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::client(
            "client/path/stands",
            "a path comes about: offers, path-request, path, check, path-proof, path-open, the connection, and media on it",
            &["PATH-5", "PATH-21", "PATH-20"],
            |stage| {
                stage.paths = Some(1);
                stage.shown()?;
                stage.must(["PATH-5", "PATH-21"], ClientStage::has_a_path)?;
                let manner = stage.manner()?;
                stage.opens_the_path(&manner)?;
                let met = stage.must("PATH-20", |stage| stage.meets(&manner))?;
                stage.goes_by(met)?;
                stage.must("PATH-20", |stage| by_the_path(stage, 2))?;
                stage.goes_on("PATH-20")
            },
        ),
        Case::client(
            "client/path/address",
            "the packets of a path come from the address of the control connection",
            &["PATH-20"],
            |stage| {
                stage.viewing_with_a_path()?;
                by_the_path(stage, 2)?;
                let at = stage.client_address()?;
                let came = stage.traffic()?.came;
                let elsewhere = came.iter().find(|one| one.at != at).map(|one| one.at);
                let right = !came.is_empty() && elsewhere.is_none();
                let seen = format!("{} packets, one from {elsewhere:?}", came.len());
                stage.check("PATH-20", right, &format!("packets from {at}"), seen)
            },
        ),
        Case::client(
            "client/path/check",
            "the token of each check comes back, once",
            &["PATH-21"],
            |stage| {
                given_a_path(stage)?;
                for _ in 0..3 {
                    let token = stage.checks_address()?;
                    stage.sees("PATH-21", "path-proof", |item| is_proof_of(item, token))?;
                    stage.pass(1_000)?;
                    let often = stage.count(0, |item| is_proof_of(item, token));
                    stage.check("PATH-21", often == 1, "one proof", often.to_string())?;
                }
                Ok(())
            },
        ),
        Case::client(
            "client/path/check-from-elsewhere",
            "the token of a check that does not come from the address of the relay is not told",
            &["PATH-21"],
            |stage| {
                given_a_path(stage)?;
                let other = stage.checks_from_elsewhere()?;
                stage.moment(50)?;
                let token = stage.checks_address()?;
                stage.await_("path-proof", |item| is_proof_of(item, token))?;
                stage.never("PATH-21", 0, "proof", |item| is_proof_of(item, other))
            },
        )
        .twin("client/path/check"),
        Case::client(
            "client/path/check-of-another-form",
            "a datagram that is nearly a check is not answered, and ends nothing",
            &["PATH-21"],
            |stage| {
                given_a_path(stage)?;
                let [id, _] = stage.routing_ids()?;
                let right = Check { token: [5; 16] }.encode();
                let mut routed = right.to_vec();
                routed.splice(1..9, id);
                let mut long = right.to_vec();
                long.splice(0..1, [0xC0]);
                let longer = [&right[..], &[0]].concat();
                let shorter = right.get(..24).unwrap_or_default().to_vec();
                for bytes in [routed, long, longer, shorter, Vec::from([0x40; 1_200])] {
                    stage.sends_datagram(&bytes)?;
                }
                stage.moment(50)?;
                let token = stage.checks_address()?;
                stage.await_("path-proof", |item| is_proof_of(item, token))?;
                let proofs = stage.count(0, is_proof);
                stage.check("PATH-21", proofs == 1, "one proof", proofs.to_string())?;
                spliced(stage, "PATH-21", 2)
            },
        )
        .twin("client/path/check"),
        Case::client(
            "client/path/checks",
            "at most 10 tokens are told in a second, however many checks come",
            &["PATH-21"],
            |stage| {
                given_a_path(stage)?;
                stage.pass(1_000)?;
                for _ in 0..FLOOD {
                    stage.checks_address()?;
                }
                stage.moment(100)?;
                stage.settle()?;
                let told = stage.count(0, is_proof);
                let right = (1..=PROOFS).contains(&told);
                stage.check("PATH-21", right, "10 proofs at most", told.to_string())?;
                stage.pass(1_000)?;
                let token = stage.checks_address()?;
                stage.sees("PATH-21", "path-proof", |item| is_proof_of(item, token))?;
                Ok(())
            },
        )
        .twin("client/path/check"),
        Case::client(
            "client/path/ids",
            "each connection id that is issued has 16 bytes, and begins with the routing id that the relay gave",
            &["PATH-23"],
            ids,
        ),
        Case::client(
            "client/path/streams",
            "a helper lets the sharer have 8 frame streams at once on a path and no other, and a sharer the helper none",
            &["PATH-27"],
            streams,
        ),
    ]
}

fn streams(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing_with_a_path()?;
    by_the_path(stage, 2)?;
    if stage.role == Role::Helper {
        // One is open already.
        for _ in 1..limits::FRAME_STREAMS {
            stage.must("PATH-27", ClientStage::open_path_stream)?;
        }
    }
    let link = stage.path_link()?;
    let (uni, bidi) = (link.has_room_for_a_stream(), link.open_second_control());
    let seen = format!("another frame stream: {uni}, a bidirectional one: {bidi}");
    stage.check("PATH-27", !uni && !bidi, "leave to open no other", seen)
}

fn given_a_path(stage: &mut ClientStage<'_>) -> Done {
    stage.paths = Some(1);
    stage.shown()?;
    stage.asks_for_a_path()?;
    stage.is_given_a_path()
}

fn is_proof(item: &Item) -> bool {
    item.is_to_relay("path-proof")
}

fn ids(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing_with_a_path()?;
    let [id, _] = stage.routing_ids()?;
    for seed in 2..6 {
        by_the_path(stage, seed)?;
        stage.takes_the_next_id()?;
        stage.moment(20)?;
    }
    let traffic = stage.traffic()?;
    let sources = traffic.came.iter().filter_map(|one| Some(one.long()?.1));
    for source in sources {
        let right = source.len() == 16 && source.starts_with(&id);
        let expected = "16 bytes that begin with its routing id";
        stage.check("PATH-23", right, expected, hex::encode(source))?;
    }
    // The first one that a helper's packets go to is of its own making.
    let issued = traffic.went.iter().filter(|one| one.long().is_none());
    let mut issued: Vec<_> = issued.filter_map(|one| one.goes_to()).collect();
    issued.dedup();
    for one in &issued {
        let right = one.starts_with(&id);
        stage.check("PATH-23", right, "its routing id", hex::encode(one))?;
    }
    let mut last: Vec<_> = issued.iter().filter_map(|one| one.get(8..)).collect();
    last.sort_unstable();
    last.dedup();
    let fresh = issued.len() > 1 && last.len() == issued.len();
    let seen = format!("{} in turn, of which {} differ", issued.len(), last.len());
    stage.check("PATH-23", fresh, "ids that differ", seen)
}
