//! The demo plays a part of every promise, in order, and ends well.
//!
//! Real time passes here, as much as the demo takes.
#![allow(clippy::unwrap_used, missing_docs)]

use std::process::Command;

/// What has to be read, in this order.
const STORY: &[&str] = &[
    // A session, with everything that a grant can have.
    "UNVERIFIED: there is no card",
    "both see the words:",
    "nothing is known of the device",
    "refused (too-early), and nobody is asked",
    "sharer: allows it",
    "draws a line on the sharer's screen, points at it, and wipes it out",
    "offers one item of its clipboard; sharer: takes it",
    "has all that for 15 minutes more",
    "takes the rest back",
    "sharer: pauses; control is over and nothing is shown",
    "the session is over in 30 s if nothing changes",
    "the network is back; helper: sees frame",
    "sharer: reads \"تم. 完成。 All done!\"",
    "both see how well it goes:",
    "sharer: ends; helper: knew after",
    "and they hold. Integrity only:",
    // Full cards, pictures, a known device, a device that is not in order.
    "a known device, waits at the relay",
    "job title     Support engineer",
    "VERIFIED: Engines Ltd says that this is true.",
    "it is the card's: 64x64, png",
    "Signed in as Ada (Engines Ltd)",
    "helper: reads the sharer's card:",
    "name          Bea Byron",
    "it is the card's: 64x64, png",
    "enrolled, but NOT AS IT SHOULD BE",
    "has seen nothing yet, and says that it has read that",
    "refused (unsupported)",
    "ends and reports, in one act",
    "Attributed: Bea Byron",
    // An abbreviated card, and an end without a network.
    "name          Grace H",
    "VERIFIED: Engines Ltd",
    "is NOT ENROLLED",
    "has seen nothing yet",
    "ends all the same",
    // A link, another relay, and a card that is shown on purpose.
    "does not answer",
    "trying another relay",
    "shows no card to such a person by itself",
    "name          Bea Byron",
    "nobody says anything of it",
    "has seen nothing yet",
    "refused (beyond-ceiling), and nobody is asked: a link is for sight",
    // A stranger.
    "that code is spent (1 within the last hour)",
    "name          Eve Mallory",
    "UNVERIFIED: the issuer of the card is not known here",
    "This looks like the beginning of a scam",
    "the sharer did not consent",
    // Rules and roles.
    "this account may not help others",
    "this needs a sign-in",
    "does not allow help for a device",
    "does not allow joining by a link",
    "Vera may see, by her role; asks for control, and is refused (beyond-ceiling)",
    // The end of the relay.
    "the relay is about to shut down",
    "sign-in known-device",
    "the demo is over",
];

#[test]
fn the_demo_plays_a_part_of_everything() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_alongside"));
    let output = demo.args(["demo", "--pattern"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{wrong}");
    let mut rest = said.as_str();
    for line in STORY {
        let found = rest.split_once(line);
        assert!(found.is_some(), "no {line:?} in what follows:\n{rest}");
        rest = found.unwrap().1;
    }
}
