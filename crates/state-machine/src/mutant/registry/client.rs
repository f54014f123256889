//! Of both ends.

use alloc::{string::String, vec, vec::Vec};

use alongside_wire::{
    ErrorCode, ReportCategory,
    rendezvous::{self, Report},
    session::{Chat, Clipboard, End, Message, PictureRequest},
};

use super::rules::{deaf, doubles, drops, hides, lenient, patch, says, says_to_relay};
use crate::mutant::Mutant;

const NO_SESSION: &str = "no session comes about with other keys";

pub(super) const MUTANTS: &[Mutant] = &[
    deaf("AUTH-9/deaf", "client/sign-in/refused", "refused").also(
        "what is not heard has no place in a state either, and ends no code",
        &["RDV-5", "END-7"],
    ),
    patch("CARD-3/lenient", "client/card/backwards"),
    patch("CARD-4/any", "client/card/identity-key"),
    patch("CARD-5/lenient", "client/card/brief-title"),
    patch("CARD-6/lenient", "client/card/turned-text"),
    lenient("CARD-7/lenient", "client/card/forged").also(
        "the fields of a card are judged by the same rule",
        &["CARD-*"],
    ),
    patch("CARD-8/lenient", "client/card/r-small"),
    lenient("CARD-9/lenient", "client/card/proof-of-another-session"),
    patch("CARD-13/any-time", "client/card/expired"),
    patch("CARD-15/verified", "client/card/vouched-by-relay").also(
        "whom the relay vouches for is shown in the question",
        &["CARD-17"],
    ),
    patch("CARD-16/less", "client/card/verified"),
    patch("CARD-26/takes", "client/card/issued-other-profile"),
    says("CHAT-1/skips", "client/chat/written", chat_skips).also(
        "lines are said again after a lost link with the same numbers",
        &["RECON-30", "RECON-32"],
    ),
    lenient("CHAT-2/lenient", "client/chat/again"),
    drops("CHAT-3/silent", "client/chat/taken", "chat-ack"),
    lenient("CHAT-4/lenient", "client/chat/without-the-scope"),
    patch("CHAT-5/bare", "client/chat/padded"),
    patch("CHAT-6/blames", "client/chat/ack-of-nothing"),
    patch("DEVICE-12/other", "client/device/session"),
    patch("END-1/waits", "client/end/securing"),
    drops("END-2/silent", "client/end/own", "end").also(
        "the other end learns of no end, and the session of none",
        &["PAUSE-4", "RECON-36", "KEY-7", "SESSION-1"],
    ),
    drops("END-3/stays", "client/end/own", "leave").also(
        "each end is seen by what is left",
        &[
            "END-*",
            "WIRE-*",
            "KEX-*",
            "KEY-7",
            "SESSION-1",
            "REPORT-3",
            "DEVICE-16",
            "PAUSE-4",
            "RECON-*",
            "FRICTION-7",
            "CONSENT-*",
        ],
    ),
    deaf("END-4/deaf", "client/end/other", "end").also(
        "an end that is not heard is not told",
        &["END-7", "SESSION-2"],
    ),
    deaf("END-5/deaf", "client/end/relay", "gone").also(
        "an end that is not heard is not told",
        &["END-7", "TRANSPORT-13"],
    ),
    hides("END-7/untold", "client/end/told", "Ended").also(
        "each end is seen by what is told of it",
        &[
            "END-*",
            "AUTH-9",
            "KEX-*",
            "KEY-7",
            "SESSION-1",
            "TRANSPORT-13",
            "DEVICE-*",
            "PAUSE-4",
            "RECON-*",
            "FRICTION-7",
            "CONSENT-*",
        ],
    ),
    says("ERROR-1/other", "client/end/told-violation", other_error).also(
        "each violation has its code",
        &[
            "RDV-5",
            "CHAT-2",
            "TOOL-*",
            "RECON-24",
            "CARD-21",
            "PICTURE-2",
            "KEX-21",
            "SESSION-1",
            "PAUSE-6",
            "PAUSE-7",
            "MEDIA-20",
            "CONTROL-*",
            "CONSENT-7",
            "CARD-18",
        ],
    ),
    patch("ERROR-2/half", "client/end/told-violation")
        .also("it is broken by what is wrong in chat", &["CHAT-2"]),
    hides(
        "FRICTION-5/untold",
        "client/notices/after-consent",
        "ControlNotBefore",
    )
    .also("the cell shows its state by the same word", &["SESSION-1"]),
    patch("KEX-7/other", "helper/exchange/right").also(NO_SESSION, &["*"]),
    lenient("KEX-8/lenient", "helper/exchange/no-point"),
    patch("KEX-9/same", "client/exchange/fresh")
        .also("the offer to a device is drawn as any", &["DEVICE-13"]),
    patch("KEX-10/other", "helper/exchange/right").also(NO_SESSION, &["*"]),
    lenient("KEX-13/lenient", "helper/exchange/noise-changed").also(
        "a key exchange that does not fail is not told of",
        &["DEVICE-17"],
    ),
    patch("KEX-19/shifted", "helper/exchange/phrase"),
    lenient("KEX-21/lenient", "helper/exchange/answer"),
    patch("KEY-1/other", "helper/exchange/right").also(NO_SESSION, &["*"]),
    patch("KEY-2/little", "sharer/exchange/suite-2"),
    patch("KEY-3/none", "helper/exchange/right").also(NO_SESSION, &["*"]),
    patch("KEY-4/again", "client/life/sealed-once").also(
        "what is not opened answers nothing",
        &[
            "SESSION-4",
            "CARD-19",
            "CONTROL-*",
            "TOOL-24",
            "PAUSE-9",
            "RECEIPT-4",
            "RECON-29",
        ],
    ),
    patch("KEY-7/lenient", "client/life/bad-record"),
    patch("MEDIA-9/reads-on", "helper/media/header"),
    drops("PAUSE-1/silent", "sharer/pause/own", "pause").also(
        "the flag is said after a lost link by the same words",
        &["RECON-37"],
    ),
    patch("PAUSE-12/tells", "helper/pause/told"),
    patch("PATH-1/early", "client/offer/undecided").also(
        "an end that has offered makes no other offer, and the other end may take it for an answer",
        &["PATH-*"],
    ),
    patch("PATH-1/unstated", "client/offer/not-stated"),
    patch("PATH-2/again", "client/offer/retry"),
    patch("PATH-3/same", "client/offer/fresh"),
    lenient("PATH-4/lenient", "client/offer/early"),
    patch("PATH-5/old", "client/offer/another-master"),
    patch("PATH-21/many", "client/path/checks"),
    doubles("PATH-21/twice", "client/path/check", "path-proof"),
    patch("PATH-23/random", "client/path/ids")
        .also("no packet of a path finds its way", &["PATH-*"]),
    patch("PATH-24/any", "client/path/another-certificate"),
    patch("PATH-25/tickets", "client/path/anew"),
    patch("PATH-27/more", "client/path/streams"),
    patch("PATH-30/patient", "client/path/not-given"),
    drops("PATH-30/silent", "client/path/not-given", "path-over"),
    says(
        "PICTURE-1/unasked",
        "client/picture/none-asked-for",
        picture_wanted,
    )
    .also(
        "what is asked for without need is asked for again after a lost link",
        &["RECON-39", "RECON-40"],
    ),
    lenient("PICTURE-2/lenient", "client/picture/unasked"),
    patch("PICTURE-3/smaller", "client/picture/given"),
    patch("PICTURE-4/any", "client/picture/other-hash"),
    patch("PICTURE-5/any", "client/picture/wide"),
    patch("PICTURE-6/early", "client/picture/not-whole"),
    doubles("RDV-1/twice", "client/hello/first", "hello"),
    lenient("RDV-5/lenient", "client/hello/again"),
    deaf("RECON-1/deaf", "client/relay/peer-away", "peer-lost").also(
        "no link is lost for whoever does not hear of it",
        &["RDV-5", "RECON-2", "RECON-3"],
    ),
    hides("RECON-4/untold", "client/again/back", "Back").also(
        "that the link is back is seen by what is told",
        &["RECON-17", "RECON-23", "RECON-24"],
    ),
    patch("RECON-5/waits", "client/life/given-up"),
    patch("RECON-6/stays", "client/life/silence"),
    patch("RECON-7/speaks", "client/again/silent-while-frozen").also(
        "that the link is lost is seen by what is not said",
        &["RECON-1", "KEY-7", "SESSION-1", "SESSION-5"],
    ),
    patch("RECON-9/again", "client/life/given-up")
        .also("who tries again does so for a device too", &["DEVICE-15"]),
    drops("RECON-10/mute", "client/again/back", "rejoin"),
    patch("RECON-12/prologue", "client/again/back")
        .also("no attempt succeeds", &["RECON-15", "RECON-19", "RECON-20"]),
    patch("RECON-19/forgets", "client/again/proofs"),
    patch("RECON-20/tireless", "sharer/again/too-many-proofs"),
    lenient("RECON-24/lenient", "client/again/first-chat"),
    lenient("RECON-25/lenient", "client/again/state-fewer-lines-sent"),
    patch("RECON-28/deaf", "client/again/state-paused"),
    patch("RECON-30/forgets", "client/again/lines-kept").also(
        "what was forgotten counts as delivered",
        &["RECON-31", "CHAT-6"],
    ),
    patch("RECON-31/takes", "client/chat/kept"),
    patch("RECON-32/back", "client/again/lines-kept"),
    patch("RECON-39/silent", "client/again/picture"),
    says_to_relay("REPORT-1/unasked", "client/report/not-unasked", reports),
    drops("REPORT-2/silent", "client/report/one-act", "report"),
    patch("REPORT-3/early", "client/report/one-act"),
    lenient("SESSION-1/lenient", "helper/table/deciding/introduce").also(
        "what has no place in a state is of no consequence after a lost link either",
        &["RECON-24"],
    ),
    patch("SESSION-2/hears", "client/end/deaf-afterwards"),
    patch("SESSION-4/slow", "client/life/heartbeats"),
    patch("SESSION-5/patient", "client/life/silence").also(
        "a link that is not taken for lost does not freeze",
        &["SESSION-6"],
    ),
    patch("SESSION-6/any", "client/life/relay-is-no-sign"),
    hides("SESSION-7/untold", "client/life/silence", "Frozen").also(
        "that the link is lost is seen by what is told",
        &[
            "RECON-1",
            "RECON-4",
            "RECON-15",
            "SESSION-6",
            "TRANSPORT-10",
        ],
    ),
    says("TEXT-1/ascii", "client/chat/written", ascii),
    patch("TOOL-1/takes", "client/clipboard/ended-grant"),
    lenient("TOOL-2/lenient", "client/clipboard/never-granted"),
    lenient("TOOL-3/lenient", "client/clipboard/beyond-scope"),
    patch("TOOL-4/beyond", "client/clipboard/without-scope"),
    says("TOOL-11/skips", "client/clipboard/sent", item_skips),
    lenient("TOOL-12/lenient", "client/clipboard/again"),
    patch("TOOL-13/bare", "client/clipboard/sent"),
    drops(
        "TOOL-14/silent",
        "client/clipboard/answered",
        "clipboard-taken",
    )
    .also(
        "the answer is sent by the same words after a key",
        &["TOOL-29"],
    ),
    drops("TOOL-25/silent", "client/probe/answered", "probe-answer")
        .also("that a client goes on is seen by its answer", &["WIRE-*"]),
    patch("TOOL-26/blames", "client/probe/answer-to-nothing"),
    patch("TOOL-30/tireless", "client/probe/rest"),
    patch("TRANSPORT-1/other", "client/transport/control-stream")
        .also("there is no connection", &["DEVICE-12", "RDV-1"]),
    patch("TRANSPORT-2/second", "client/transport/control-stream"),
    patch("TRANSPORT-4/any", "client/transport/other-certificate"),
    patch("TRANSPORT-9/other", "client/end/own")
        .also("each end is seen by the code that it closes with", &["*"]),
    patch("TRANSPORT-10/ends", "client/relay/closed-as-lost")
        .also("a lost link ends what it should freeze", &["RECON-1"]),
    patch("TRANSPORT-13/late", "client/relay/gone-and-closed"),
    patch("TRANSPORT-15/lingers", "client/end/in-time"),
    lenient("WIRE-1/client", "client/wire/control/type-beyond"),
    lenient("WIRE-2/client", "client/wire/control/type-long"),
    lenient("WIRE-3/client", "client/wire/envelope/empty")
        .also("frames are read by the same rule", &["MEDIA-16"]),
    lenient("WIRE-4/client", "client/wire/envelope/two")
        .also("frames are read by the same rule", &["MEDIA-16"]),
    lenient("WIRE-5/client", "client/wire/control/too-long")
        .also("frames are read by the same rule", &["MEDIA-16"]),
    lenient("WIRE-6/client", "client/wire/chat/1-long-varint")
        .also("slots of input are read by the same rule", &["INPUT-7"]),
    lenient("WIRE-7/client", "client/wire/pause/1-bool").also(
        "whatever is malformed is read by the same rule",
        &["CARD-*", "ADVISORY-3", "RECEIPT-8", "INPUT-7", "MEDIA-16"],
    ),
    lenient("WIRE-8/client", "client/wire/envelope/unknown-critical"),
    patch("WIRE-9/blames", "client/wire/envelope/ignorable"),
    patch("WIRE-10/plain", "client/hello/grease"),
];

type Said = Option<Vec<Message>>;

/// Every line has a number that is one too high.
fn chat_skips(message: &Message) -> Said {
    let Message::Chat(Chat { id, text }) = message else {
        return None;
    };
    let (id, text) = (id + 1, text.clone());
    Some(vec![Chat { id, text }.into()])
}

fn ascii(message: &Message) -> Said {
    let Message::Chat(Chat { id, text }) = message else {
        return None;
    };
    let (id, text) = (*id, text.chars().filter(char::is_ascii).collect::<String>());
    Some(vec![Chat { id, text }.into()])
}

/// What is out of order ends the session as if it could not be read.
fn other_error(message: &Message) -> Said {
    let unexpected = ErrorCode::UnexpectedMessage.to_wire();
    let code = ErrorCode::Malformed.to_wire();
    let wrong = matches!(message, Message::End(End { code }) if *code == unexpected);
    wrong.then(|| vec![End { code }.into()])
}

/// Both ends give signs of life.
fn picture_wanted(message: &Message) -> Said {
    let beat = matches!(message, Message::Heartbeat(_));
    beat.then(|| vec![message.clone(), PictureRequest {}.into()])
}

fn item_skips(message: &Message) -> Said {
    let Message::Clipboard(item) = message else {
        return None;
    };
    let item = Clipboard {
        item: item.item + 1,
        ..item.clone()
    };
    Some(vec![item.into()])
}

fn reports(message: &rendezvous::Message) -> Option<Vec<rendezvous::Message>> {
    let category = ReportCategory::ALL.first()?.to_wire();
    let leaves = matches!(message, rendezvous::Message::Leave(_));
    leaves.then(|| vec![message.clone(), Report { category }.into()])
}
