//! Of a helper.

use alloc::{vec, vec::Vec};

use alongside_wire::session::{ControlRequest, Message};

use super::rules::{drops, lenient, patch, says};
use crate::mutant::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[
    patch("ADVISORY-3/lenient", "helper/advisory/backwards"),
    lenient("ADVISORY-4/lenient", "helper/advisory/forged"),
    lenient("ADVISORY-5/lenient", "helper/advisory/proof"),
    patch("ADVISORY-6/compliant", "helper/advisory/nothing-said"),
    patch("ADVISORY-7/unenrolled", "helper/advisory/nothing-said"),
    patch("ADVISORY-8/early", "helper/advisory/not-before-its-person"),
    patch("ADVISORY-9/ends", "helper/advisory/nothing-said")
        .also("no session goes on", &["PAUSE-4", "DEVICE-14", "CARD-18"]),
    patch("AUTH-19/beyond", "client/sign-in/ceiling"),
    lenient("CARD-21/lenient", "helper/card/again"),
    patch("CODE-8/same", "helper/code/spent-in-vain"),
    patch("CODE-9/again", "helper/code/one-join"),
    patch("CODE-12/silent", "helper/notices/spent")
        .also("a call that failed counts by the same rule", &["DEVICE-16"]),
    patch("CODE-13/hasty", "helper/code/warning")
        .also("a call that failed counts by the same rule", &["DEVICE-16"]),
    lenient("CONSENT-7/lenient", "helper/consent/control").also(
        "what was consented to is judged after a lost link by the same rule",
        &["RECON-25", "CARD-18"],
    ),
    says("CONTROL-1/same", "helper/request/ids", request_one),
    drops(
        "CONTROL-12/silent",
        "helper/request/taken-back",
        "control-withdraw",
    ),
    lenient("CONTROL-16/lenient", "helper/grant/old-id"),
    patch(
        "CONTROL-17/blames",
        "helper/request/granted-after-withdrawal",
    ),
    patch("CONTROL-26/goes-on", "helper/grant/over-revoked").also(
        "input goes on whatever ended the grant",
        &["PAUSE-10", "RECON-3"],
    ),
    lenient("CONTROL-30/lenient", "helper/grant/widened"),
    drops("CONTROL-31/keeps", "helper/grant/given-back", "control-end"),
    patch("DEVICE-16/forgets", "helper/device/counts"),
    patch("DEVICE-17/untold", "helper/device/failed"),
    patch("FRICTION-6/one", "helper/notices/spent")
        .also("a call that failed counts by the same rule", &["DEVICE-16"]),
    patch("END-4/blames", "client/end/other").also(
        "why it ended is told by the same word",
        &["END-7", "SESSION-2", "TRANSPORT-9"],
    ),
    patch("INPUT-1/many", "helper/input/ticks")
        .also("more than the limit is not read", &["INPUT-2", "TOOL-8"]),
    patch("INPUT-2/idle", "helper/input/ticks").also(
        "input is sent under each grant by the same rule",
        &["TOOL-8"],
    ),
    patch("KEX-2/other", "helper/exchange/right").also("no session comes about", &["DEVICE-12"]),
    lenient("KEX-3/lenient", "helper/exchange/version").also(
        "a key exchange that does not fail is not told of",
        &["DEVICE-16", "DEVICE-17", "FRICTION-6"],
    ),
    lenient("KEX-4/lenient", "helper/exchange/suite"),
    patch("KEX-11/open", "helper/exchange/right").also(
        "the phrase cannot be compared without the opening",
        &["KEX-19"],
    ),
    patch("KEX-14/late", "helper/exchange/right"),
    patch("KEX-17/waits", "helper/exchange/timeout"),
    patch("MEDIA-4/other", "helper/media/other-epoch"),
    patch("MEDIA-5/takes", "helper/media/behind-the-window"),
    patch("MEDIA-6/takes", "helper/media/repeated"),
    patch("MEDIA-7/blames", "helper/media/forged").also(
        "a record that should be discarded ends the session",
        &["MEDIA-4", "MEDIA-5", "MEDIA-6", "PAUSE-4"],
    ),
    patch("MEDIA-8/one", "helper/media/two-streams").also(
        "the picture of that case comes on a later stream",
        &["MEDIA-9"],
    ),
    patch("MEDIA-10/hoards", "helper/media/three-at-once"),
    lenient("MEDIA-11/lenient", "helper/media/too-large"),
    patch("MEDIA-13/forged", "helper/media/forged").also(
        "a picture of a forged record stands where another should",
        &["MEDIA-4", "MEDIA-5", "MEDIA-6", "MEDIA-8"],
    ),
    patch("MEDIA-14/gap", "helper/media/gap"),
    patch("MEDIA-15/back", "helper/media/lower-id"),
    patch("MEDIA-16/lenient", "helper/frame/flag"),
    patch("MEDIA-17/any", "helper/media/other-size"),
    patch("MEDIA-18/png-alone", "helper/media/jpeg"),
    drops("MEDIA-19/silent", "helper/media/shown", "shown"),
    patch("MEDIA-19/once", "helper/media/shown"),
    drops("MEDIA-21/silent", "helper/media/gap", "refresh"),
    patch("PATH-20/another", "client/path/address").also(
        "what is sent to where the control connection is does not come to that of the path",
        &["PATH-*"],
    ),
    patch("PATH-22/random", "helper/path/first-id")
        .also("no packet of a path finds its way", &["PATH-*"]),
    patch("PATH-29/deaf", "helper/path/media")
        .also("no picture that goes by a path is seen", &["PATH-*"]),
    patch("PATH-31/stays", "client/path/frozen"),
    drops(
        "PAUSE-4/silent",
        "helper/consent/view-and-chat",
        "epoch-seen",
    )
    .also("they go on when the epoch was seen", &["DEVICE-14"]),
    lenient("PAUSE-6/lenient", "helper/epoch/gap"),
    patch("PAUSE-10/goes-on", "helper/grant/over-paused-by-the-sharer"),
    lenient("PAUSE-11/lenient", "helper/epoch/paused-media"),
    patch("RECEIPT-8/lenient", "helper/receipt/fields"),
    patch("RECEIPT-9/unsigned", "helper/receipt/forged"),
    lenient("RECEIPT-10/lenient", "helper/receipt/transcript"),
    patch("RECON-3/keeps", "helper/again/grant-lost")
        .also("what the grant allowed is allowed on", &["RECON-34"]),
    patch("RECON-11/once", "helper/again/attempts"),
    patch("RECON-13/same", "helper/again/attempts"),
    drops("RECON-18/silent", "helper/again/state-first", "state").also(
        "no attempt succeeds",
        &["RECON-12", "RECON-19", "RECON-21", "RECON-20"],
    ),
    patch("RECON-21/forgets", "helper/again/old-attempt"),
    patch("RECON-23/hasty", "client/again/peer-not-there")
        .also("no session goes on by what is said too early", &["RECON-*"]),
    patch("RECON-26/blames", "helper/again/consents"),
    patch("RECON-33/goes-on", "client/relays/closed-after"),
    patch("RECON-34/goes-on", "client/clipboard/after-a-reconnect"),
    patch("RECON-37/silent", "client/again/paused-meanwhile"),
    lenient("TOOL-7/lenient", "helper/grant/renewed-too-long"),
    patch("TOOL-8/takes", "helper/grant/renewed-another"),
];

/// All requests have one number.
fn request_one(message: &Message) -> Option<Vec<Message>> {
    let Message::ControlRequest(ControlRequest { scopes, .. }) = *message else {
        return None;
    };
    Some(vec![ControlRequest { request: 1, scopes }.into()])
}
