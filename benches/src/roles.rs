//! What measures starts itself again as each relay, so that a relay has a process of its own.

use crate::{
    Failure,
    load::{ENDS, be_ends},
    peers::{TCP_RELAY, UDP_RELAY, be_a_tcp_relay, be_a_udp_relay},
    process::{KEEP, keep},
    relay::{RELAY, be_a_relay},
    splice::{SPLICE, be_a_splice},
};

/// Does what the first argument says, if that is a role; whether it was. To be called first.
///
/// # Errors
/// If a relay does not start.
pub fn had_a_role() -> Result<bool, Failure> {
    let mut arguments = std::env::args_os().skip(1);
    let role = arguments.next();
    let mut next = || {
        arguments
            .next()
            .map(|next| next.to_string_lossy().into_owned())
    };
    match role.as_deref().and_then(std::ffi::OsStr::to_str) {
        Some(RELAY) => be_a_relay([next(), next(), next()])?,
        Some(ENDS) => be_ends(
            &next().ok_or("it is to be told where the relay is")?,
            next().ok_or("and what its fingerprint is")?,
            &next().ok_or("and how many sessions to have")?,
        )?,
        Some(SPLICE) => be_a_splice()?,
        Some(TCP_RELAY) => be_a_tcp_relay(&next().ok_or("it is to be told where to dial")?)?,
        Some(UDP_RELAY) => be_a_udp_relay()?,
        Some(KEEP) => keep(arguments)?,
        _ => return Ok(false),
    }
    Ok(true)
}
