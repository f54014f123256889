//! `cargo peers`: the relay of Alongside and its peers side by side. See `benches/README.md`.

use std::process::ExitCode;

use alongside_benches::{
    Failure, RELAY, be_a_relay,
    peers::{Args, KEEP, SPLICE, TCP_RELAY, be_a_splice, be_a_tcp_relay, keep, run},
};
use clap::Parser as _;

fn main() -> Result<ExitCode, Failure> {
    // Each relay is this program again, in a role of its own.
    let mut arguments = std::env::args_os().skip(1);
    let role = arguments.next();
    match role.as_deref().and_then(std::ffi::OsStr::to_str) {
        Some(RELAY) => be_a_relay()?,
        Some(SPLICE) => be_a_splice()?,
        Some(KEEP) => keep(arguments)?,
        Some(TCP_RELAY) => {
            let target = arguments.next().ok_or("it is to be told where to dial")?;
            be_a_tcp_relay(&target.to_string_lossy())?;
        }
        _ if !run(Args::parse())? => return Ok(ExitCode::FAILURE),
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}
