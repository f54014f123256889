//! Reports of abuse, in words.

use alongside_client::Reporting;
use alongside_wire::{ErrorCode, ReportCategory};

/// How a report is typed.
pub(crate) const REPORT_HELP: &str = "report, or: report scam, report unasked, report harm";

/// What a person means by a word after `report`; without one it is anything.
pub(crate) fn report_category(word: &str) -> Option<ReportCategory> {
    if word.is_empty() {
        return Some(ReportCategory::Other);
    }
    let mut all = ReportCategory::ALL.iter();
    all.find(|category| category.name() == word).copied()
}

/// What became of a report, for who made it.
pub(crate) fn became_of(reporting: Reporting) -> &'static str {
    match reporting {
        Reporting::None => "Nothing was reported.",
        Reporting::Taken => {
            "Reported to whoever runs the relay: the helper's account if there is one, the time and \
             the kind; nothing of what was seen or said."
        }
        Reporting::Refused(ErrorCode::Unsupported) => {
            "Not reported: this relay takes no reports. Tell whoever runs it in another way."
        }
        Reporting::Refused(ErrorCode::NothingToReport) => {
            "Not reported: the relay knows of no session to report."
        }
        Reporting::Refused(_) => {
            "Not reported: the relay has had too many reports. Tell whoever runs it in another way."
        }
        Reporting::Waiting | Reporting::Lost => {
            "Not reported: the relay could not be reached. Tell whoever runs it in another way."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_words() {
        assert_eq!(report_category(""), Some(ReportCategory::Other));
        assert_eq!(report_category("scam"), Some(ReportCategory::Scam));
        assert_eq!(report_category("x"), None);
        for category in ReportCategory::ALL {
            assert_eq!(report_category(category.name()), Some(*category));
        }
    }
}
