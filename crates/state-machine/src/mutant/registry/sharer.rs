//! Of a sharer.

use alloc::{vec, vec::Vec};

use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    session::{
        Clipboard, Consent, ControlEnd, ControlGrant, DisplayInfo, Displays, Epoch, Message,
    },
};

use super::rules::{deaf, drops, hides, lenient, patch, says};
use crate::mutant::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[
    drops(
        "ADVISORY-1/none",
        "sharer/media/acknowledged-advisory",
        "advisory",
    )
    .also(
        "nothing is shown to a helper who waits for it",
        &["MEDIA-2", "PAUSE-5", "RECON-36"],
    ),
    patch("ADVISORY-2/unread", "sharer/media/acknowledged-advisory"),
    patch("AUTH-20/beyond", "client/sign-in/ceiling"),
    patch("CARD-10/lenient", "sharer/card/short-proof"),
    patch("CARD-11/early", "sharer/card/silent-before"),
    patch("CARD-12/believes", "sharer/card/unverified")
        .also("whoever is believed needs no card", &["CARD-17"]),
    patch("CARD-14/verified", "sharer/card/unverified").also(
        "what is not verified has a reason, which is missing with it",
        &["CARD-13", "CARD-15", "CARD-17"],
    ),
    patch("CARD-17/asks", "sharer/card/needed-and-none").also(
        "whoever calls a device needs a card by the same rule",
        &["DEVICE-18"],
    ),
    patch("CARD-18/beyond", "sharer/card/ceiling"),
    patch("CARD-19/elevation", "sharer/card/elevation"),
    patch("CARD-20/shows", "sharer/card/own-not-shown").also(
        "a card that is shown unasked is shown after a lost link too",
        &["RECON-38", "RECON-40"],
    ),
    patch("CODE-1/capitals", "sharer/code/typed"),
    patch("CODE-2/hyphen", "sharer/code/typed"),
    patch("CODE-3/takes", "sharer/code/character-u"),
    patch("CODE-4/takes", "sharer/code/locator-3"),
    patch("CODE-6/tells", "sharer/code/secret-stays").also(
        "the offer to a device is said by the same words",
        &["DEVICE-12"],
    ),
    patch("CODE-10/secret", "sharer/code/spent"),
    patch("CODE-11/forgets", "sharer/code/spent"),
    patch("CODE-14/keeps", "sharer/code/spent-in-another-run").also(
        "what is never forgotten is not forgotten in time",
        &["CODE-11"],
    ),
    hides("CONSENT-1/unasked", "sharer/consent/given", "ConsentAsked").also(
        "they see the card, or why there is none, in the question",
        &["CARD-*", "DEVICE-12", "DEVICE-18", "KEX-18"],
    ),
    says("CONSENT-2/early", "sharer/consent/given", displays_early).also(
        "whoever shows something too early shows it to those who wait",
        &[
            "CONSENT-1",
            "FRICTION-*",
            "DEVICE-14",
            "RECON-8",
            "ADVISORY-1",
        ],
    ),
    patch("CONSENT-3/ignores", "sharer/consent/refused"),
    patch("CONSENT-4/waits", "sharer/consent/silence"),
    patch("CONSENT-5/verified", "sharer/consent/name"),
    says(
        "CONSENT-6/control",
        "sharer/consent/scopes",
        consent_to_control,
    )
    .also(
        "the other end takes no such consent, and no session goes on",
        &["CONSENT-8", "CARD-18", "RECEIPT-4", "RECON-*"],
    ),
    hides(
        "CONSENT-8/unshown",
        "sharer/consent/scopes-shown",
        "Viewing",
    ),
    patch("CONSENT-9/asks", "sharer/consent/nothing-in-common"),
    patch("CONSENT-10/measures", "sharer/consent/chat-alone"),
    lenient("CONTROL-2/lenient", "sharer/request/same-id"),
    patch("CONTROL-3/asks", "sharer/request/view").also(
        "what is beyond the ceiling is asked of the person",
        &["CARD-19", "CONTROL-5"],
    ),
    patch("CONTROL-4/asks", "sharer/request/nothing-shown").also(
        "it is too early after a lost link by the same rule",
        &["RECON-29"],
    ),
    patch("CONTROL-5/asks", "sharer/request/soon-after-consent").also(
        "two requests follow one another too soon by the same rule",
        &["CONTROL-33"],
    ),
    patch("CONTROL-6/unasked", "sharer/request/asked").also(
        "they go on when the person was asked",
        &["CONTROL-5", "TOOL-24", "RECON-29"],
    ),
    drops(
        "CONTROL-7/silent",
        "sharer/request/soon-after-denial",
        "control-deny",
    )
    .also(
        "each refusal is seen by the same words",
        &["CARD-19", "CONTROL-*", "TOOL-24", "PAUSE-9", "RECON-29"],
    ),
    patch("CONTROL-8/takes", "sharer/prompt/within-a-second"),
    patch("CONTROL-9/injects", "sharer/input/while-asked"),
    patch("CONTROL-10/holds", "sharer/input/while-asked"),
    deaf(
        "CONTROL-11/deaf",
        "sharer/request/soon-after-withdrawal",
        "control-withdraw",
    )
    .also(
        "a question that is not closed is asked on",
        &["FRICTION-5", "CONTROL-20"],
    ),
    says("CONTROL-13/skips", "sharer/grant/given", grant_skips).also(
        "a number that nobody expects ends the session",
        &[
            "CONTROL-*",
            "TOOL-*",
            "PAUSE-8",
            "INPUT-*",
            "END-6",
            "MEDIA-9",
            "RECEIPT-4",
        ],
    ),
    patch("CONTROL-14/same", "sharer/grant/secrets"),
    says("CONTROL-15/longer", "sharer/grant/given", grant_longer).also(
        "they see how long the grant lives",
        &["CONTROL-18", "CONTROL-29", "RECEIPT-4", "TOOL-5"],
    ),
    patch("CONTROL-18/lives", "sharer/grant/expired")
        .also("they see how long the grant lives", &["CONTROL-29"]),
    says("CONTROL-19/done", "sharer/grant/revoked", revoked_as_done)
        .also("both say the same: control was taken back", &["CONTROL-32"]),
    says(
        "CONTROL-20/revoked",
        "sharer/grant/withdrawn",
        released_as_revoked,
    ),
    patch("CONTROL-21/silent", "sharer/grant/replaced"),
    lenient("CONTROL-22/lenient", "sharer/grant/never-made"),
    patch("CONTROL-23/blames", "sharer/grant/ended-twice"),
    patch("CONTROL-24/holds", "sharer/grant/revoked"),
    drops("CONTROL-25/silent", "sharer/grant/revoked", "control-end"),
    patch("CONTROL-27/none", "sharer/number/not-repeated").also(
        "a number that is not compared is never wrong",
        &["CONTROL-28"],
    ),
    patch("CONTROL-28/forgives", "sharer/number/wrong"),
    says(
        "CONTROL-29/longer",
        "sharer/grant/narrowed",
        narrowed_longer,
    ),
    says(
        "CONTROL-32/done",
        "sharer/grant/narrowed-to-nothing",
        revoked_as_done,
    )
    .also("both say the same: control was taken back", &["CONTROL-19"]),
    patch("CONTROL-33/asks", "sharer/request/soon-after-withdrawal")
        .also("what is not refused is not told of", &["FRICTION-5"]),
    patch("DEVICE-2/tells", "client/device/secret-stays"),
    patch("DEVICE-13/same", "sharer/device/failed"),
    patch("DEVICE-14/unasked", "client/device/session"),
    patch("DEVICE-15/same", "sharer/device/failed"),
    patch("DEVICE-18/none-needed", "sharer/device/card-needed"),
    patch("END-6/injects", "sharer/input/after-the-end").also(
        "each end carries out what was queued",
        &["END-4", "END-5", "RECON-5", "INPUT-6", "SESSION-1"],
    ),
    patch("FRICTION-1/unasked", "sharer/friction/unasked"),
    hides(
        "FRICTION-2/unwarned",
        "sharer/friction/stranger",
        "ScamWarning",
    ),
    patch("FRICTION-3/plain", "sharer/friction/stranger")
        .also("consent is taken without the warning", &["FRICTION-4"]),
    patch("FRICTION-4/again", "sharer/friction/first-answer-stranger"),
    hides(
        "FRICTION-7/untold",
        "sharer/notices/held-back",
        "JoinHeldBack",
    ),
    drops("FRICTION-8/none", "sharer/friction/report", "report")
        .also("whoever is not offered a report makes none", &["REPORT-2"]),
    patch("INPUT-3/any", "sharer/input/other-key")
        .also("what is out of order is carried out", &["INPUT-5"]),
    patch("INPUT-4/blames", "sharer/input/other-grant"),
    patch("INPUT-5/lenient", "sharer/input/other-key"),
    lenient("INPUT-6/lenient", "sharer/input/beyond-scope-key"),
    patch("INPUT-7/lenient", "sharer/input/slot-kind"),
    patch("INPUT-8/late", "sharer/input/after-revocation"),
    patch("INPUT-9/holds", "sharer/input/release-all"),
    patch("KEX-1/none", "sharer/join/offer")
        .also("no session comes about", &["KEX-7", "CODE-2", "DEVICE-12"]),
    lenient("KEX-5/lenient", "sharer/exchange/suite"),
    patch("KEX-6/without", "sharer/join/offer").also("no session comes about", &["KEX-7"]),
    patch("KEX-12/short", "sharer/exchange/right").also("no session comes about", &["*"]),
    lenient("KEX-15/lenient", "sharer/introduce/wrong-opening"),
    patch("KEX-16/early", "sharer/introduce/silent-before").also(
        "a session that is entered early reads what is not for it",
        &[
            "END-2",
            "SESSION-1",
            "SESSION-4",
            "FRICTION-3",
            "CARD-18",
            "KEY-7",
            "CONSENT-2",
            "CONSENT-6",
            "ADVISORY-1",
            "DEVICE-14",
            "KEY-1",
            "KEY-2",
            "KEY-3",
            "PAUSE-3",
        ],
    ),
    patch("KEX-18/waits", "sharer/introduce/never"),
    patch("KEX-20/early", "sharer/introduce/wrong-opening"),
    patch("LINK-2/unasked", "sharer/link/another-relay"),
    patch("LINK-4/beyond", "sharer/link/ceiling"),
    patch("MEDIA-1/one", "sharer/media/picture"),
    patch("MEDIA-2/last", "sharer/media/records"),
    patch("MEDIA-3/skips", "sharer/media/picture"),
    patch("MEDIA-12/parts", "sharer/media/pause").also(
        "no frame is complete",
        &["MEDIA-22", "TOOL-23", "SESSION-1"],
    ),
    lenient("MEDIA-20/lenient", "sharer/media/shown-unsent"),
    deaf("MEDIA-22/deaf", "sharer/media/refresh", "refresh"),
    patch("MEDIA-23/at-once", "sharer/media/refresh-early"),
    patch("MEDIA-23/forgets", "sharer/media/refresh-early"),
    patch("PATH-5/hasty", "client/offer/then-request").also(
        "the relay is asked in each session that has offered",
        &["PATH-*"],
    ),
    patch("PATH-26/more", "sharer/path/media"),
    patch("PATH-28/same", "sharer/path/ways"),
    patch("PATH-33/any", "sharer/path/other-id"),
    patch("PATH-34/again", "client/offer/unanswered"),
    says("PAUSE-2/running", "sharer/pause/own", epoch_running),
    drops("PAUSE-3/silent", "sharer/consent/given", "epoch").also(
        "nothing is shown without an epoch",
        &["ADVISORY-1", "DEVICE-14"],
    ),
    patch("PAUSE-5/unseen", "sharer/media/acknowledged-epoch").also(
        "what is shown too early is shown after a lost link too",
        &["RECON-2", "RECON-4"],
    ),
    lenient("PAUSE-7/lenient", "sharer/media/epoch-never-announced"),
    says(
        "PAUSE-8/revoked",
        "sharer/grant/paused-by-the-helper",
        paused_as_revoked,
    ),
    patch("PAUSE-9/open", "sharer/prompt/paused-by-the-helper"),
    patch("RECEIPT-2/unasked", "sharer/receipt/none-unasked"),
    drops("RECEIPT-4/none", "sharer/receipt/consent", "receipt"),
    patch("RECEIPT-5/other", "sharer/receipt/decisions"),
    patch("RECEIPT-6/same", "sharer/receipt/fresh-key"),
    patch("RECEIPT-7/label", "sharer/receipt/consent"),
    patch("RECON-2/keeps", "sharer/again/grant-lost")
        .also("what the grant allowed is allowed on", &["RECON-34"]),
    patch("RECON-8/takes", "sharer/again/consent-while-frozen"),
    patch("RECON-14/again", "sharer/again/attempt-again"),
    patch("RECON-15/silent", "sharer/again/next-attempt")
        .also("no attempt succeeds", &["RECON-12", "RECON-19", "RECON-20"]),
    patch("RECON-16/hasty", "sharer/again/nothing-under-a-candidate").also(
        "the answer to an attempt is not understood",
        &["RECON-15", "RECON-12", "RECON-22", "RECON-30"],
    ),
    patch("RECON-17/deaf", "sharer/again/second-master").also(
        "no session goes on without the state of the other end",
        &["WIRE-*", "RECON-*", "END-4"],
    ),
    drops("RECON-22/silent", "sharer/again/state-first", "state")
        .also("no attempt succeeds", &["RECON-12"]),
    patch("RECON-27/silent", "sharer/again/epoch"),
    patch("RECON-29/asks", "sharer/again/control-not-yet"),
    patch("RECON-35/silent", "sharer/again/secure-desktop"),
    patch("RECON-36/silent", "sharer/again/advisory"),
    patch("RECON-38/silent", "sharer/again/card"),
    patch("RECON-40/takes", "sharer/again/card-while-frozen"),
    patch("TOOL-5/replaces", "sharer/renewal/asked"),
    patch("TOOL-6/unasked", "sharer/renewal/own"),
    says("TOOL-9/unasked", "client/clipboard/own-act", copies)
        .also("what is offered is taken without a person", &["TOOL-31"]),
    patch("TOOL-10/any", "client/clipboard/grant-ends")
        .also("what no grant allows is taken", &["RECON-34"]),
    patch("TOOL-15/stays", "sharer/drawing/cleared-by-the-end"),
    patch("TOOL-16/stays", "sharer/drawing/cleared-by-a-prompt"),
    patch("TOOL-19/draws", "sharer/drawing/points"),
    hides("TOOL-20/stays", "sharer/notices/laser", "LaserGone"),
    patch("TOOL-21/goes-on", "sharer/secure-desktop/input"),
    drops(
        "TOOL-22/silent",
        "sharer/secure-desktop/told",
        "secure-desktop",
    ),
    patch("TOOL-23/part", "sharer/secure-desktop/media"),
    patch("TOOL-24/asks", "sharer/request/not-supported"),
    patch("TOOL-29/takes", "sharer/clipboard/after-a-key"),
    says("TOOL-31/again", "client/clipboard/next-grant", copies_again),
];

type Said = Option<Vec<Message>>;

/// A sharer's first words under seal are heartbeats, before anybody agreed.
fn displays_early(message: &Message) -> Said {
    let display = DisplayInfo {
        id: 0,
        width: 64,
        height: 48,
    };
    let displays = Displays {
        displays: vec![display],
    };
    matches!(message, Message::Heartbeat(_)).then(|| vec![message.clone(), displays.into()])
}

fn consent_to_control(message: &Message) -> Said {
    let Message::Consent(consent) = message else {
        return None;
    };
    let scopes = consent.scopes.union(Scopes::POINTER);
    Some(vec![Consent { scopes }.into()])
}

fn epoch_running(message: &Message) -> Said {
    let Message::Epoch(Epoch { epoch, .. }) = *message else {
        return None;
    };
    let paused = false;
    Some(vec![Epoch { epoch, paused }.into()])
}

fn grant(message: &Message, wrong: impl FnOnce(&mut ControlGrant)) -> Said {
    let Message::ControlGrant(grant) = message else {
        return None;
    };
    let mut grant = grant.clone();
    wrong(&mut grant);
    Some(vec![grant.into()])
}

fn grant_skips(message: &Message) -> Said {
    grant(message, |grant| grant.grant += 1)
}

fn grant_longer(message: &Message) -> Said {
    grant(message, |grant| {
        grant.duration_ms = timers::GRANT as u32 + 1
    })
}

/// Of a grant that was made by narrowing another.
fn narrowed_longer(message: &Message) -> Said {
    grant(message, |grant| {
        if grant.request == 0 {
            grant.duration_ms += 60_000;
        }
    })
}

fn ends_as(message: &Message, right: ErrorCode, wrong: ErrorCode) -> Said {
    let Message::ControlEnd(ControlEnd { grant, code }) = *message else {
        return None;
    };
    let said = code == right.to_wire();
    let code = wrong.to_wire();
    said.then(|| vec![ControlEnd { grant, code }.into()])
}

fn revoked_as_done(message: &Message) -> Said {
    ends_as(message, ErrorCode::Revoked, ErrorCode::Done)
}

fn released_as_revoked(message: &Message) -> Said {
    ends_as(message, ErrorCode::Released, ErrorCode::Revoked)
}

fn paused_as_revoked(message: &Message) -> Said {
    ends_as(message, ErrorCode::Paused, ErrorCode::Revoked)
}

/// Its clipboard goes with every grant that allows it.
fn copies(message: &Message) -> Said {
    let Message::ControlGrant(ControlGrant { grant, scopes, .. }) = message else {
        return None;
    };
    let item = Clipboard {
        grant: *grant,
        item: 1,
        text: "copied".into(),
    };
    let allowed = scopes.contains(Scopes::CLIPBOARD_TO_HELPER);
    allowed.then(|| vec![message.clone(), item.into()])
}

/// What went under the first grant goes under the next one too.
fn copies_again(message: &Message) -> Said {
    let Message::ControlGrant(ControlGrant { grant, scopes, .. }) = message else {
        return None;
    };
    let item = Clipboard {
        grant: *grant,
        item: 2,
        text: "first".into(),
    };
    let allowed = *grant > 1 && scopes.contains(Scopes::CLIPBOARD_TO_HELPER);
    allowed.then(|| vec![message.clone(), item.into()])
}
