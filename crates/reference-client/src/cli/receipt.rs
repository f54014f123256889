//! `alongside receipt verify`.

use std::{fs, path::Path};

use alongside_state_machine::receipt::{
    attribution::{self, Attribution, Named, attribute},
    verify::{Report, verify},
};
use alongside_wire::{
    Decision, ErrorCode,
    receipt::{Receipt, Statement},
};

use super::{
    Exit, Failure,
    args::{self, ReceiptTask},
    card::anchors,
    terminal::Terminal,
    who,
    words::plain,
};

pub(crate) fn run(args: &args::Receipt) -> Result<Exit, Failure> {
    let ReceiptTask::Verify(args::Verify { file, trust }) = &args.task;
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let anchors = anchors(trust.as_deref())?;
    let bytes = fs::read(file).map_err(|error| named(&error))?;
    let report = verify(&bytes).map_err(|error| named(&error))?;
    let whose = attribute(&report, &anchors);
    let helper = attribution::helper(&report, &anchors);
    let mut terminal = Terminal::new();
    for line in told(file, &report, &whose, helper.as_ref()) {
        terminal.line(&line);
    }
    let unknown = trust.is_some() && matches!(whose, Attribution::IntegrityOnly(_));
    Ok(if report.is_wrong() {
        Exit::Failed
    } else if unknown {
        Exit::Refused
    } else if report.complete && report.findings.is_empty() {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

/// The whole answer, line by line.
fn told(file: &Path, report: &Report, whose: &Attribution, helper: Option<&Named>) -> Vec<String> {
    let mut lines = vec![format!("{}:", file.display())];
    lines.extend(report.receipts.iter().map(receipt));
    let wrong = report.is_wrong();
    if !report.findings.is_empty() {
        lines.push(if wrong { "WRONG:" } else { "INCOMPLETE:" }.to_owned());
        let findings = report.findings.iter().map(|(place, finding)| match place {
            0 => format!("  {finding}"),
            _ => format!("  item {place}: {finding}"),
        });
        lines.extend(findings);
    }
    if wrong {
        lines.push("These receipts prove nothing as they are.".to_owned());
        return lines;
    }
    let Some(Receipt { statement, .. }) = report.receipts.first() else {
        return lines;
    };
    let Statement {
        key, transcript, ..
    } = statement;
    lines.push(format!("Key: {}", hex(key)));
    lines.push(format!("Session: {}", hex(transcript)));
    let missing = match report.findings.is_empty() {
        true => "none before the last is missing",
        false => "there were others, which may have said anything",
    };
    lines.push(format!(
        "Proven: whoever has this key made exactly these statements about one session, in this \
         order, and {missing}."
    ));
    lines.push(self::whose(whose));
    lines.extend(helper.map(named));
    //= spec/16-receipts.md#file [RECEIPT-15] 6ee17711
    if !report.complete {
        lines.push(
            "The end of the session is not in the file: later receipts may be missing.".to_owned(),
        );
    }
    //= spec/16-receipts.md#proof [RECEIPT-18] 17148083
    lines.push(
        "Not proven: that the times are right; that a person answered and not only a program; \
         who the helper was, or that there was one."
            .to_owned(),
    );
    lines
}

//= spec/16-receipts.md#proof [RECEIPT-17] 6f1a0a2d
/// Whose statements they are.
pub(crate) fn whose(whose: &Attribution) -> String {
    match whose {
        Attribution::To { card, issuer } => format!(
            "Attributed: {} ({}) was given that key by {}, whom you trust.",
            plain(&card.name()),
            plain(&card.organisation),
            plain(issuer)
        ),
        Attribution::IntegrityOnly(why) => {
            format!("Integrity only: nobody says whose key it is, because {why}.")
        }
    }
}

//= spec/16-receipts.md#proof [RECEIPT-20] 798f6b34
fn named(helper: &Named) -> String {
    let hash = hex(&helper.hash);
    match &helper.who {
        Ok(who) => format!(
            "The helper, as the sharer says: {}, with the card {hash}.",
            who::briefly("", who)
        ),
        Err(why) => format!(
            "The helper, as the sharer says: whoever has the card {hash}; no name, because {why}."
        ),
    }
}

fn receipt(receipt: &Receipt) -> String {
    let said = &receipt.statement;
    let what = match said.decision {
        Decision::ConsentAllowed => format!("allowed to see the screen: {}", said.scopes),
        Decision::ConsentDeclined => "did not allow to see the screen".to_owned(),
        Decision::ControlGranted => format!(
            "allowed control for {} s: {} (request {}, grant {})",
            said.duration_ms / 1_000,
            said.scopes,
            said.request,
            said.grant
        ),
        Decision::ControlDenied => format!(
            "did not allow control: {} (request {})",
            said.scopes, said.request
        ),
        Decision::ControlEnded => {
            format!("control ended: {} (grant {})", why(said.code), said.grant)
        }
        Decision::SessionEnded => format!("the session ended: {}", why(said.code)),
        Decision::ControlRenewed => format!(
            "allowed control for {} s more (grant {})",
            said.duration_ms / 1_000,
            said.grant
        ),
    };
    format!("  {:4}  {}  {what}", said.sequence, date(said.time))
}

fn why(code: u16) -> String {
    let known = ErrorCode::from_wire(code).map(|code| code.to_string());
    known.unwrap_or_else(|| format!("{code:#06x}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A time as a date, in UTC.
fn date(time: u64) -> String {
    let (days, second) = (time / 86_400, time % 86_400);
    // Years begin in March, so that the leap day is their last.
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + later;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{of_month:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (time, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_827_696, "2000-02-29 12:34:56 UTC"),
            (1_700_000_000, "2023-11-14 22:13:20 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(date(time), expected);
        }
        // Somebody's clock may say anything.
        assert!(date(u64::MAX).ends_with("UTC"));
    }
}
