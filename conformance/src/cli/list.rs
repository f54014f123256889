//! `list`: the cases there are.

use std::io::{Write as _, stdout};

use crate::{cases, run::Selection};

/// What is listed.
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(options: &Options) -> u8 {
    use crate::case::Target;
    let all = cases::all();
    let errands = options
        .selection
        .of(&all, &[Target::Helper, Target::Sharer, Target::Relay]);
    let mut out = String::new();
    for errand in &errands {
        let case = &errand.case;
        out += &format!(
            "{:<8} {:<40} {} [{}]\n",
            errand.target,
            case.id,
            case.title,
            case.checks.join(" ")
        );
    }
    // A reader that has gone away does not want it.
    let _ = stdout().write_all(out.as_bytes());
    match errands.is_empty() {
        true => super::complain("no case is chosen by that"),
        false => super::CONFORMANT,
    }
}
