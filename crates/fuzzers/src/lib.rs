//! The fuzzers of `fuzz/`: one function for each, which panics when it finds something.
//!
//! Nothing here needs a fuzzer. `tests/corpus.rs` runs all that was kept of earlier runs. What makes inputs, and what
//! needs no more than the machines, is in [`alongside_adversary`], for tests as well; what needs a program is here.

#[cfg(feature = "programs")]
mod carried;
pub mod coverage;
pub mod dictionary;
#[cfg(feature = "programs")]
mod driver;
pub mod mutation;
pub mod plants;
pub mod seeds;

use alongside_adversary::{
    claims, decode, exchange, liars, machines, network, people, records, relay, world,
};

/// A fuzzer.
pub struct Target {
    /// What it is called: the program in `fuzz/`, and the folder of its corpus.
    pub name: &'static str,
    /// What it looks for.
    pub about: &'static str,
    /// Panics when it is found in these bytes.
    pub run: fn(&[u8]),
    /// A bug that it finds, by its name in builds with the feature `mutants`, and what is wrong then.
    pub plant: [&'static str; 2],
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "decode",
        about: "a decoder that breaks, or takes two encodings of one thing",
        run: decode::any_bytes,
        plant: ["fuzz/overlong", "a number may have a superfluous last byte"],
    },
    Target {
        name: "stream",
        about: "a control stream that means something else when it comes in other pieces, or of which more is kept than its limit",
        run: decode::stream,
        plant: [
            "fuzz/type-in-pieces",
            "a type that goes on for ever is refused by another clause if it comes whole",
        ],
    },
    Target {
        name: "datagram",
        about: "a datagram of which a relay reads what other datagrams do not have there",
        run: decode::datagram,
        plant: [
            "fuzz/any-length",
            "the length of a connection id in a long header is not looked at",
        ],
    },
    Target {
        name: "written",
        about: "a message that is read as another than was written",
        run: decode::written,
        plant: [
            "fuzz/length",
            "bodies of 128 bytes and more are written with another length",
        ],
    },
    Target {
        name: "records",
        about: "a record that opens and was not sealed, or opens twice, or out of turn",
        run: records::fuzz,
        plant: ["MEDIA-6/takes", "a record of media opens again"],
    },
    Target {
        name: "exchange",
        about: "a key exchange or a reconnect that comes about although somebody changed it, or differently at both ends",
        run: exchange::fuzz,
        plant: ["fuzz/prologue", "the offer is not bound to what follows"],
    },
    Target {
        name: "claims",
        about: "a card, a statement or a receipt that is believed and was not made so",
        run: claims::fuzz,
        plant: ["CARD-13/any-time", "a card is believed after its time"],
    },
    Target {
        name: "relay",
        about: "clients by which a relay pairs, tells or keeps what it must not, or that it waits for in vain",
        run: relay::fuzz,
        plant: [
            "PATH-35/each",
            "an address is checked each time that its client asks",
        ],
    },
    #[cfg(feature = "programs")]
    Target {
        name: "carried",
        about: "packets and bytes that a relay's program loses, changes, or brings to somebody else",
        run: carried::fuzz,
        plant: [
            "PATH-11/anywhere",
            "packets are forwarded wherever they come from",
        ],
    },
    Target {
        name: "liar-helper",
        about: "a helper with the right keys that has something injected that was not allowed",
        run: liars::helper,
        plant: [
            "INPUT-8/late",
            "what comes after the end of its grant is injected",
        ],
    },
    Target {
        name: "liar-sharer",
        about: "a sharer with the right keys that breaks a helper",
        run: liars::sharer,
        plant: [
            "TOOL-1/takes",
            "a clipboard is taken that the grant does not allow",
        ],
    },
    Target {
        name: "machines",
        about: "calls by which the machine of an end does what nobody allowed, or is changed by what it refuses",
        run: machines::fuzz,
        plant: [
            "RECON-7/speaks",
            "what was to be sealed is sealed on a lost link",
        ],
    },
    Target {
        name: "network",
        about: "a network that changes, drops or repeats what is sent, or a relay that lies, and brings something about by it",
        run: network::fuzz,
        plant: [
            "MEDIA-13/forged",
            "something is shown of a record that does not open",
        ],
    },
    Target {
        name: "world",
        about: "people and networks by which something is seen or injected that was not allowed",
        run: world::fuzz,
        plant: [
            "INPUT-8/late",
            "what was queued is injected after its grant",
        ],
    },
    Target {
        name: "people",
        about: "the same with everything that clients have: cards, devices, sign-ins, receipts, clipboards, drawings, links",
        run: people::fuzz,
        plant: ["TOOL-10/any", "a clipboard is taken that no grant allows"],
    },
    #[cfg(feature = "programs")]
    Target {
        name: "driver",
        about: "a driver of the suite that is heard otherwise than it speaks",
        run: driver::fuzz,
        plant: ["fuzz/answered-twice", "a command is answered twice"],
    },
];

/// Runs a target. In a build with the feature `mutants`, with the bug that the variable `ALONGSIDE_PLANT` names.
///
/// # Panics
/// If it finds something, or there is no target of this name.
pub fn run(name: &str, data: &[u8]) {
    #[cfg(feature = "mutants")]
    plant();
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.expect("a target of this name");
    (target.run)(data);
}

/// Makes the machines wrong, once.
#[cfg(feature = "mutants")]
fn plant() {
    use std::sync::Once;

    static PLANTED: Once = Once::new();
    PLANTED.call_once(|| {
        if let Ok(name) = std::env::var("ALONGSIDE_PLANT") {
            // Those that are for fuzzers alone are in no registry, and are chosen all the same.
            let _ = alongside_state_machine::mutant::choose(&name);
        }
    });
}
