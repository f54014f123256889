//! Signs of life, and what is done when there are none.

use alongside_wire::{
    ErrorCode,
    envelope::{Envelope, Sealed},
    limits::timers,
    session::{Heartbeat, Message},
};

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::client(
            "client/life/heartbeats",
            "a heartbeat comes every 2 seconds, from deciding on",
            &["SESSION-4"],
            heartbeats,
        ),
        Case::client(
            "client/life/silence",
            "a link on which nothing was heard for 5 seconds is lost: the person is told, and the connection is closed with lost",
            &["SESSION-5", "SESSION-7", "RECON-4", "RECON-6"],
            |stage| {
                stage.viewing()?;
                quiet(stage)?;
                stage.pass(timers::SILENCE - 1)?;
                stage.goes_on("SESSION-5")?;
                stage.frozen_from_here();
                let from = stage.here();
                stage.leap_unread(1)?;
                stage.settle()?;
                let lost = stage.has_come(from, |item| {
                    item.is_told("frozen") || matches!(item, Item::Closed(_))
                });
                let seen = stage.since(from);
                stage.check("SESSION-5", lost, "the link to be lost", seen)?;
                stage.tells(["SESSION-7", "RECON-4"], "frozen")?;
                stage.gives_up("RECON-6")
            },
        ),
        Case::client(
            "client/life/ignored-messages",
            "a record of nothing but messages that are ignored is a sign of life",
            &["SESSION-6"],
            |stage| {
                stage.viewing()?;
                quiet(stage)?;
                for _ in 0..3 {
                    stage.pass(timers::SILENCE - 1)?;
                    stage.seal_raw(0x7D, &[1, 2, 3])?;
                }
                stage.goes_on("SESSION-6")
            },
        ),
        Case::client(
            "client/life/relay-is-no-sign",
            "what the relay says is no sign of life of the other end",
            &["SESSION-6"],
            |stage| {
                stage.viewing()?;
                quiet(stage)?;
                stage.pass(timers::SILENCE - 1)?;
                stage.say_raw(0x7D, &[1, 2, 3]);
                stage.settle()?;
                stage.frozen_from_here();
                stage.leap_unread(1)?;
                stage.tells("SESSION-6", "frozen").map(|_| ())
            },
        ),
        Case::client(
            "client/life/bad-record",
            "a record that does not open is no violation: the link is lost, and the connection is closed with lost",
            &["KEY-7", "RECON-1", "RECON-6"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                let ciphertext = vec![0; 40];
                stage.frozen_from_here();
                stage.deliver(Envelope::from(Sealed { ciphertext }).to_bytes());
                stage.gives_up("KEY-7")?;
                stage.tells("RECON-1", "frozen").map(|_| ())
            },
        )
        .twin("client/life/heartbeats"),
        Case::client(
            "client/life/repeated-record",
            "a record that comes again does not open under the next number",
            &["KEY-7", "RECON-6"],
            |stage| {
                stage.viewing()?;
                let record = heartbeat(stage)?;
                stage.deliver(record.clone());
                stage.fresh()?;
                stage.frozen_from_here();
                stage.deliver(record);
                stage.gives_up("KEY-7")
            },
        )
        .twin("client/life/heartbeats"),
        Case::client(
            "client/life/left-out-record",
            "a record that comes before the one before it does not open",
            &["KEY-7", "RECON-6"],
            |stage| {
                stage.viewing()?;
                let _never = heartbeat(stage)?;
                let record = heartbeat(stage)?;
                stage.fresh()?;
                stage.frozen_from_here();
                stage.deliver(record);
                stage.gives_up("KEY-7")
            },
        )
        .twin("client/life/heartbeats"),
        Case::client(
            "client/life/changed-record",
            "a record of which a bit was changed does not open",
            &["KEY-7", "RECON-6"],
            |stage| {
                stage.viewing()?;
                let mut record = heartbeat(stage)?;
                if let Some(last) = record.last_mut() {
                    *last ^= 1;
                }
                stage.fresh()?;
                stage.frozen_from_here();
                stage.deliver(record);
                stage.gives_up("KEY-7")
            },
        )
        .twin("client/life/heartbeats"),
        Case::client(
            "client/life/given-up",
            "a session that has been frozen for 30 seconds is over, as lost",
            &["RECON-5", "END-7", "RECON-9"],
            |stage| {
                stage.viewing()?;
                let from = stage.fresh()?;
                stage.says_peer_lost();
                stage.told("frozen")?;
                stage.pass(timers::RECONNECT - 1)?;
                stage.never_tells("RECON-5", from, "ended")?;
                stage.pass(1)?;
                let ended = stage.tells("RECON-5", "ended")?;
                let right = ended.text("code") == ErrorCode::Lost.name();
                stage.check("END-7", right, "lost", format!("{ended:?}"))?;
                stage.stays_away("RECON-9")
            },
        ),
        Case::client(
            "client/life/sealed-once",
            "records are numbered from 0, and no number is used twice",
            &["KEY-4", "KEY-1", "KEY-2", "KEY-3"],
            |stage| {
                stage.viewing()?;
                stage.pass(20_000)?;
                let mut next = 0;
                for item in &stage.log {
                    if let Item::Record { number, .. } = item {
                        if *number != next {
                            break;
                        }
                        next += 1;
                    }
                }
                let all = stage.count(0, |item| matches!(item, Item::Record { .. }));
                stage.opens(["KEY-1", "KEY-2", "KEY-3", "KEY-4"])?;
                let right = next as usize == all && all > 8;
                stage.check("KEY-4", right, "records in their order", stage.since(0))
            },
        ),
    ]
}

/// The suite's end says nothing from now on; what it said last counts from this moment.
fn quiet(stage: &mut ClientStage<'_>) -> Done {
    stage.manners.heartbeat = false;
    stage.manners.chat_ack = false;
    stage.seal_one(Heartbeat {})?;
    stage.fresh().map(|_| ())
}

fn heartbeat(stage: &mut ClientStage<'_>) -> Done<Vec<u8>> {
    let none = || crate::stage::Stop::Harness("there is no channel".to_owned());
    let channel = stage.channel.as_mut().ok_or_else(none)?;
    Ok(channel.seal(&[Message::from(Heartbeat {})]))
}

fn heartbeats(stage: &mut ClientStage<'_>) -> Done {
    stage.deciding()?;
    for _ in 0..2 {
        for _ in 0..4 {
            let from = stage.fresh()?;
            stage.pass(timers::HEARTBEAT)?;
            let came = stage.has_come(from, |item| item.is_sealed("heartbeat"));
            let seen = stage.since(from);
            stage.check("SESSION-4", came, "a heartbeat within 2 seconds", seen)?;
        }
        if stage.consented.is_empty() {
            stage.views()?;
        }
    }
    Ok(())
}
