//! Who the other end of a path has to be.

use alongside_wire::{ErrorCode, limits::timers};

use super::{by_the_path, spliced};
use crate::{
    case::Case,
    driver::Role,
    quic::{Close, Identity, Manner, Seen, connection_id},
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::client(
            "client/path/certificate",
            "the certificate that is shown on a path is the one of the offer",
            &["PATH-24"],
            |stage| {
                stage.paths = Some(1);
                stage.shown()?;
                stage.has_a_path()?;
                let manner = stage.manner()?;
                stage.opens_the_path(&manner)?;
                let met = stage.must("PATH-24", |stage| stage.meets(&manner))?;
                is_the_one_of_the_offer(stage, "PATH-24", met.certificate)?;
                stage.goes_by(met)
            },
        ),
        refused(
            "another-certificate",
            "who shows another certificate than the one of the offer is refused",
            |manner| {
                let identity = Some(identity()?);
                Ok(Manner { identity, ..manner })
            },
        ),
        refused(
            "another-key",
            "who shows the certificate of the offer and does not have its key is refused",
            |manner| {
                let other = identity()?;
                let identity = manner.identity.map(|own| own.with_key_of(&other));
                Ok(Manner { identity, ..manner })
            },
        ),
        refused(
            "another-protocol",
            "who speaks something else than alongside-path/1 is refused",
            |manner| {
                let alpn = b"alongside/1".to_vec();
                Ok(Manner { alpn, ..manner })
            },
        ),
        Case::client(
            "client/path/anew",
            "a second path resumes nothing of the first: no early data, no ticket is used, and other certificates are shown",
            &["PATH-25"],
            anew,
        ),
    ]
}

/// An end that is wrong in this way is refused.
fn refused(name: &str, title: &str, lie: fn(Manner) -> Done<Manner>) -> Case {
    let run = move |stage: &mut ClientStage<'_>| {
        stage.paths = Some(1);
        stage.shown()?;
        stage.has_a_path()?;
        let right = stage.manner()?;
        let manner = lie(right)?;
        is_refused(stage, &manner)
    };
    let id = format!("client/path/{name}");
    Case::client(id, title, &["PATH-24"], run).twin("client/path/stands")
}

/// Sees that no path comes about with an end that is like this, and that the session goes on.
pub(in crate::cases) fn is_refused(stage: &mut ClientStage<'_>, manner: &Manner) -> Done {
    stage.opens_the_path(manner)?;
    let [id, _] = stage.routing_ids()?;
    let within = stage.a_while();
    let met = stage.tries(manner, &connection_id(id), within)?;
    // The client of a connection takes it for made before its own certificate was looked at.
    let refused = match met {
        Err(_) => true,
        Ok(_) if stage.role == Role::Helper => false,
        Ok(met) => {
            stage.goes_by(met)?;
            stage.until(|stage| stage.has_come(0, is_closed))?;
            stage.has_come(0, |item| {
                matches!(item, Item::Path(Seen::Closed(Close::Lost(_))))
            })
        }
    };
    let expected = "the connection of the path not to come about";
    stage.check("PATH-24", refused, expected, "it did")?;
    spliced(stage, "PATH-24", 2)?;
    let media = |item: &Item| matches!(item, Item::MediaOnPath(..));
    stage.never("PATH-24", 0, "media on the path", media)
}

fn is_closed(item: &Item) -> bool {
    matches!(item, Item::Path(Seen::Closed(_)))
}

fn identity() -> Done<Identity> {
    Identity::new().map_err(Stop::Harness)
}

fn is_the_one_of_the_offer(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    shown: Option<[u8; 32]>,
) -> Done {
    let offered = stage.offered()?;
    let expected = format!("a certificate with the SHA-256 {}", hex::encode(offered));
    let seen = shown.map_or("none".to_owned(), hex::encode);
    stage.check(requirement, shown == Some(offered), &expected, seen)
}

fn anew(stage: &mut ClientStage<'_>) -> Done {
    stage.paths = Some(1);
    stage.shown()?;
    stage.has_a_path()?;
    let manner = stage.manner()?;
    stage.opens_the_path(&manner)?;
    let met = stage.meets(&manner)?;
    stage.goes_by(met)?;
    by_the_path(stage, 2)?;
    stage.ends_the_path(ErrorCode::Idle);
    stage.await_("the path closed", is_closed)?;
    stage.pass(timers::PATH_RETRY + 100)?;
    stage.keeps_its_identity()?;
    stage.has_a_path()?;
    stage.opens_the_path(&manner)?;
    let met = stage.must("PATH-25", |stage| stage.meets(&manner))?;
    is_the_one_of_the_offer(stage, "PATH-25", met.certificate)?;
    let early = stage.traffic()?.came.iter().any(|one| one.is_early());
    let seen = "there came an early packet";
    stage.check("PATH-25", !early, "no early data", seen)?;
    stage.goes_by(met)
}
