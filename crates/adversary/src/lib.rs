//! What the fuzzers of `fuzz/` do with their bytes: one function for each, which panics when it finds something.
//!
//! Nothing here needs a fuzzer. `tests/corpus.rs` runs all that was kept of earlier runs, and tests with proptest make
//! their inputs by the same [`source`]: a finding of one is a case of the other.

mod decode;
pub mod differential;
mod fake;
mod liars;
pub mod messages;
mod records;
mod relay;
pub mod seeds;
pub mod source;
pub mod world;

/// A fuzzer.
pub struct Target {
    /// What it is called: the program in `fuzz/`, and the folder of its corpus.
    pub name: &'static str,
    /// What it looks for.
    pub about: &'static str,
    /// Panics when it is found in these bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "decode",
        about: "a decoder that breaks, or takes two encodings of one thing",
        run: decode::any_bytes,
    },
    Target {
        name: "stream",
        about: "a control stream that means something else when it comes in other pieces, or of which more is kept than its limit",
        run: decode::stream,
    },
    Target {
        name: "datagram",
        about: "a datagram of which a relay reads what other datagrams do not have there",
        run: decode::datagram,
    },
    Target {
        name: "written",
        about: "a message that is read as another than was written",
        run: decode::written,
    },
    Target {
        name: "records",
        about: "a record that opens and was not sealed, or opens twice, or out of turn",
        run: records::fuzz,
    },
    Target {
        name: "relay",
        about: "clients by which a relay pairs, tells or keeps what it must not, or that it waits for in vain",
        run: relay::fuzz,
    },
    Target {
        name: "liar-helper",
        about: "a helper with the right keys that has something injected that was not allowed",
        run: liars::helper,
    },
    Target {
        name: "liar-sharer",
        about: "a sharer with the right keys that breaks a helper",
        run: liars::sharer,
    },
    Target {
        name: "network",
        about: "a network that changes, drops or repeats what is sent, and brings something about by it",
        run: liars::network,
    },
    Target {
        name: "world",
        about: "people and networks by which something is seen or injected that was not allowed",
        run: world::fuzz,
    },
];

/// Runs a target.
///
/// # Panics
/// If it finds something, or there is no target of this name.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.expect("a target of this name");
    (target.run)(data);
}
