//! Bugs of the relay, each of which has to be noticed.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use super::say;
use crate::Failure;

/// The environment's name for the bug that the relay is to have.
pub(crate) const PLANT: &str = "ALONGSIDE_PLANT";

/// Their names, and what is wrong.
const ALL: &[[&str; 2]] = &[
    ["TRANSPORT-5/loses", "a byte of a frame is lost"],
    [
        "load/window",
        "64 times as much is taken from who sends as may be",
    ],
    [
        "RDV-32/reads-on",
        "who sends is read on, and who shall have it does not read",
    ],
    [
        "load/slow",
        "each datagram holds up all others for a millisecond",
    ],
    [
        "SOURCE-3/trusts",
        "no address has to be proven, however many connections there are",
    ],
    [
        "load/handshakes",
        "64 KiB stay of each handshake that does not come to its end",
    ],
    ["RDV-34/spreads", "a violation ends all sessions"],
    ["load/sessions", "a session that ends is not forgotten"],
    ["load/clients", "a client that is gone is not forgotten"],
    [
        "load/full-disk",
        "the journal is given up when the disk is full",
    ],
    [
        "load/no-files",
        "the journal is given up when no file can be opened",
    ],
    ["load/descriptors", "a file of the journal is never closed"],
    [
        "TRANSPORT-11/waits",
        "a client that is silent is lost ten times as late",
    ],
];

/// Tries each, in a program of its own.
///
/// # Errors
/// If one is not noticed.
pub(super) fn find_all() -> Result<(), Failure> {
    say("| bug of the relay | noticed after | what is said |\n|---|---|---|")?;
    let mut missed = Vec::new();
    for [name, about] in ALL {
        let (after, why) = find(name)?;
        let after = after.map(|after| format!("{:.0} s", after.as_secs_f64()));
        if after.is_none() {
            missed.push(name);
        }
        let after = after.unwrap_or("not noticed".to_owned());
        say(&format!("| {about} (`{name}`) | {after} | {why} |"))?;
    }
    match missed.is_empty() {
        true => Ok(()),
        false => Err(format!("nobody notices {missed:?}").into()),
    }
}

/// How long it took to notice this one, and by what.
fn find(name: &str) -> Result<(Option<Duration>, String), Failure> {
    let began = Instant::now();
    let output = Command::new(std::env::current_exe()?)
        .args(["--smoke", "--rounds", "4"])
        .env(PLANT, name)
        .output()?;
    let after = (!output.status.success()).then(|| began.elapsed());
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().find_map(|line| line.strip_prefix("error: "));
    Ok((after, why.unwrap_or_default().to_owned()))
}
