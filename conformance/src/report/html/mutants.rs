//! The mutants of the reference, and which of them the suite notices.

use super::text;
use crate::report::mutants::Found;

/// Nothing, if none was hunted.
pub(super) fn section(mutants: &[Found]) -> String {
    if mutants.is_empty() {
        return String::new();
    }
    let killed = mutants.iter().filter(|found| found.killed).count();
    let count = mutants.len();
    let mut out = format!(
        "<h2 id=\"mutants\">Mutants</h2>\n<p>The reference made wrong in {count} ways, one at a time: the suite \
         notices {killed}.</p>\n<table class=\"wide\">\n<thead><tr><th></th><th>mutant</th><th>of</th><th>noticed by</th>\
         <th>other cases that come to it</th></tr></thead>\n<tbody>\n"
    );
    for found in mutants {
        let (class, word) = match found.killed {
            true => ("good", "killed"),
            false => ("bad", "SURVIVES"),
        };
        let others = match (found.killed, found.others) {
            (false, _) => text(&found.why),
            (true, None) => "were not run".to_owned(),
            (true, Some(others)) => format!("{} of {others} notice", found.others_that_noticed()),
        };
        let (mutant, of, case) = (text(&found.mutant), &found.of, text(&found.killed_by));
        out += &format!(
            "<tr><td><span class=\"v {class}\">{word}</span></td><td><code>{mutant}</code></td><td>{of}</td>\
             <td><code>{case}</code></td><td>{others}</td></tr>\n"
        );
    }
    out + "</tbody>\n</table>\n"
}
