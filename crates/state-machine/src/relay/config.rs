//! The bounds of a relay, all of which can be shortened for a test.

use alloc::vec::Vec;

use alongside_wire::{
    limits::{self, LIMITS, timers, timers::TIMERS},
    rendezvous::RelayHello,
};

/// Declares the fields together with their defaults, their registered names, and whether a relay
/// states them in its `relay-hello`.
macro_rules! config {
    (
        timers { $( $(#[$tdoc:meta])* $timer:ident = $tdefault:ident, $tname:literal, $tstated:literal; )* }
        limits { $( $(#[$ldoc:meta])* $limit:ident = $ldefault:ident, $lname:literal, $lstated:literal; )* }
    ) => {
        /// The bounds of a relay. The defaults are those of the registry.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct RelayConfig {
            $( $(#[$tdoc])* pub $timer: u64, )*
            $( $(#[$ldoc])* pub $limit: usize, )*
            /// Locators of dead codes that are remembered at most; the oldest is forgotten first.
            pub quarantined: usize,
        }

        impl Default for RelayConfig {
            fn default() -> Self {
                Self {
                    $( $timer: timers::$tdefault, )*
                    $( $limit: limits::$ldefault, )*
                    quarantined: 65_536,
                }
            }
        }

        impl RelayConfig {
            /// The registered names of the timers that can be set.
            pub const TIMERS: &'static [&'static str] = &[$($tname),*];
            /// The registered names of the limits that can be set.
            pub const LIMITS: &'static [&'static str] = &[$($lname),*];

            /// The timer with this registered name, in milliseconds.
            pub fn timer_mut(&mut self, name: &str) -> Option<&mut u64> {
                match name { $( $tname => Some(&mut self.$timer), )* _ => None }
            }

            /// The limit with this registered name, in the unit of the registry.
            pub fn limit_mut(&mut self, name: &str) -> Option<&mut usize> {
                match name { $( $lname => Some(&mut self.$limit), )* _ => None }
            }

            //= spec/03-rendezvous.md#hello [RDV-3] 6410c4f8
            /// What a relay with these bounds states in its `relay-hello`.
            pub fn stated(&self) -> RelayHello {
                let timers = [$( ($tname, self.$timer, $tstated) ),*];
                let limits = [$( ($lname, self.$limit as u64, $lstated) ),*];
                RelayHello { timers: stated(&timers, TIMERS), limits: stated(&limits, LIMITS) }
            }
        }
    };
}

config! {
    timers {
        /// How long a code lives, in milliseconds.
        code_lifetime_ms = CODE_LIFETIME, "code-lifetime", true;
        /// How long the locator of a dead code is not given out again, in milliseconds.
        locator_quarantine_ms = LOCATOR_QUARANTINE, "locator-quarantine", true;
        /// Joins are looked up and answered at multiples of this, in milliseconds. 0 is none, for
        /// measurements: they are answered as soon as time is looked at.
        join_tick_ms = JOIN_TICK, "join-tick", true;
        /// The first delay of a source with too many failed joins, in milliseconds; it doubles.
        join_delay_first_ms = JOIN_DELAY_FIRST, "join-delay-first", true;
        /// The longest delay of a source, in milliseconds.
        join_delay_most_ms = JOIN_DELAY_MOST, "join-delay-most", true;
        /// How long a source must be quiet before it is forgotten, in milliseconds.
        join_delay_decay_ms = JOIN_DELAY_DECAY, "join-delay-decay", true;
        /// How long a client may stay without a code, a join or a session, in milliseconds.
        unpaired_idle_ms = UNPAIRED_IDLE, "unpaired-idle", true;
        /// How long a session may last, in milliseconds.
        session_length_ms = SESSION_LENGTH, "session-length", true;
        /// How long the place of a lost connection is held, in milliseconds.
        reconnect_hold_ms = RECONNECT_HOLD, "reconnect-hold", true;
        /// The longest that a client stays signed in without signing in again, in milliseconds.
        sign_in_ms = SIGN_IN, "sign-in", true;
        /// How long after a session a client may report it, in milliseconds.
        report_window_ms = REPORT_WINDOW, "report-window", true;
        /// How long a source must make no report to be forgotten, in milliseconds.
        report_decay_ms = REPORT_DECAY, "report-decay", true;
        /// How long a report is kept, in milliseconds; held to by the caller.
        report_keep_ms = REPORT_KEEP, "report-keep", true;
        /// How long a device may wait at a stretch, in milliseconds.
        device_wait_ms = DEVICE_WAIT, "device-wait", true;
        /// How long a path may take to come about, or to be proven again, in milliseconds.
        path_attempt_ms = PATH_ATTEMPT, "path-attempt", false;
        /// How often the ends of a path are looked at, in milliseconds.
        path_check_ms = PATH_CHECK, "path-check", false;
        /// How long a path is kept on which nothing is forwarded, in milliseconds.
        path_idle_ms = PATH_IDLE, "path-idle", true;
        /// How long a client may stay after the end of its control stream, in milliseconds.
        farewell_ms = FAREWELL, "farewell", false;
    }
    limits {
        /// Bytes of the body of a message on a control stream.
        control_message = CONTROL_MESSAGE, "control-message", true;
        /// Bytes that are taken from a client outside a session.
        unpaired_bytes = UNPAIRED_BYTES, "unpaired-bytes", true;
        /// Joins that wait for their tick. Those that their source's delay holds back get no more
        /// than half of it, so that they do not shut others out.
        pending_joins = PENDING_JOINS, "pending-joins", true;
        /// Sources with failed joins that are remembered.
        sources = SOURCES, "sources", true;
        /// Connections.
        connections = CONNECTIONS, "connections", true;
        /// Live codes.
        codes = CODES, "codes", true;
        /// Bytes that wait for one client on its control stream; the machine itself keeps none, so
        /// its caller holds to this.
        session_queue = SESSION_QUEUE, "session-queue", true;
        /// Frame streams open at once in each direction; held to by the caller.
        frame_streams = FRAME_STREAMS, "frame-streams", true;
        /// Failed joins of a source before it is delayed.
        free_joins = FREE_JOINS, "free-joins", true;
        /// Places of lost connections that are held.
        held_places = HELD_PLACES, "held-places", true;
        /// Reports of a source within a while; with 0 no report is taken.
        reports_per_source = REPORTS_PER_SOURCE, "reports-per-source", true;
        /// Reports in a day.
        reports_each_day = REPORTS_EACH_DAY, "reports-each-day", true;
        /// Connections of a source.
        connections_per_source = CONNECTIONS_PER_SOURCE, "connections-per-source", true;
        /// Live codes of a source.
        codes_per_source = CODES_PER_SOURCE, "codes-per-source", true;
        /// Devices that wait.
        device_waits = DEVICE_WAITS, "device-waits", true;
        /// Paths; with 0 no packets are forwarded.
        paths = PATHS, "paths", true;
        /// Bytes that are forwarded from one end of a path in a second, 0 for as many as come; held to by
        /// the caller.
        path_rate = PATH_RATE, "path-rate", true;
        /// Possible locators for each live code.
        code_density = CODE_DENSITY, "code-density", false;
        /// Characters of the shortest locator, from 4 to 8.
        locator_least = LOCATOR_LEAST, "locator-least", false;
        /// Characters of the longest locator, from 4 to 8.
        locator_most = LOCATOR_MOST, "locator-most", false;
    }
}

/// The stated ones of `values`, by the id that their name has in `registry`.
fn stated(values: &[(&str, u64, bool)], registry: &[(u16, &str, u64)]) -> Vec<(u16, u64)> {
    let id = |name| {
        let entry = registry.iter().find(|entry| entry.1 == name);
        entry.map(|entry| entry.0)
    };
    let stated = values.iter().filter(|(_, _, stated)| *stated);
    stated
        .filter_map(|(name, value, _)| Some((id(*name)?, *value)))
        .collect()
}
