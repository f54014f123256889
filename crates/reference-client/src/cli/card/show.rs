//! `alongside card show`.

use std::path::Path;

use alongside_client::unix_now;
use alongside_state_machine::identity::{keys, text, trust};
use alongside_wire::card::{Card, Signable as _, Signed};

use super::{files, read};
use crate::cli::{Failure, terminal::Terminal, who};

pub(super) fn run(
    path: &Path,
    trusted: Option<&Path>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let bytes = files::signed(path, "signed-card")?;
    let signed =
        Signed::<Card>::read(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    let card = signed.body;
    if !keys::verify(&card.issuer, &card.message(), &signed.signature) {
        return Err(format!("{}: its issuer did not sign it", path.display()).into());
    }
    let anchors = match trusted {
        Some(path) => {
            let anchors = text::anchors(&read(path)?);
            anchors.map_err(|error| files::wrong(path, &error))?
        }
        None => Vec::new(),
    };
    let now = unix_now();
    let time = match (
        card.not_before.checked_sub(now),
        card.expires.checked_sub(now),
    ) {
        (Some(until @ 1..), _) => format!("valid in {}", duration(until)),
        (_, Some(left)) => format!("valid for {}", duration(left)),
        (_, None) => format!("expired {} ago", duration(now - card.expires)),
    };
    terminal.line(&format!("  issuer        {}", text::hex(&card.issuer)));
    terminal.line(&format!("  may do        {}", card.ceiling));
    terminal.line(&format!("  time          {time}"));
    let who = trust::judge(Some(card), &anchors, Some(now));
    for line in who::lines("", &who) {
        terminal.line(&line);
    }
    Ok(())
}

fn duration(seconds: u64) -> String {
    format!("{} h {} min", seconds / 3_600, seconds / 60 % 60)
}
