//! Waits in real time. These tests run whole programs, with their threads, sockets and terminals, on
//! the clock that people have; the same rules are tested on virtual time beside the machines.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::time::Duration;

/// Control is asked for no sooner than this after consent (CONTROL-5).
pub const SETTLE: Duration = Duration::from_millis(5_300);
/// A question is answered no sooner than this after it was asked, or after the last input (CONTROL-8).
pub const GUARD: Duration = Duration::from_millis(1_200);
