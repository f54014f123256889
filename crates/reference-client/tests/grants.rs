//! Renewal, narrowing, clipboard, drawing, links and quality, through a real relay.
//!
//! Real time passes here: five seconds of it before control may be asked for.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/waits.rs"]
mod waits;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use alongside_client::{
    Misuse,
    helper::{Command as Help, Event as Helped, Line, SessionEvent as H},
    sharer::{Command as Share, Event as Shared, SessionEvent as S},
};
use alongside_wire::{ErrorCode, Scopes, input::InputEvent};
use cast::Cast;
use waits::{GUARD, SETTLE};

const BOTH_WAYS: Scopes = Scopes::CLIPBOARD_TO_HELPER.union(Scopes::CLIPBOARD_TO_SHARER);

async fn helper_hears(cast: &mut Cast, wanted: impl Fn(&H) -> bool) {
    let pick = |event: &Helped| match event {
        Helped::Session(event) => wanted(event).then_some(()),
        _ => None,
    };
    cast.helper.hear("what was waited for", pick).await;
}

async fn sharer_hears(cast: &mut Cast, wanted: impl Fn(&S) -> bool) {
    let pick = |event: &Shared| match event {
        Shared::Session(event) => wanted(event).then_some(()),
        _ => None,
    };
    cast.sharer.hear("what was waited for", pick).await;
}

/// The person allows what is being asked, when that may be, and repeats the number if there is one.
async fn allow(cast: &mut Cast, scopes: Scopes) {
    tokio::time::sleep(GUARD).await;
    cast.sharer.order(Share::AllowControl(scopes, None)).await;
    let answer = |event: &Shared| match event {
        Shared::NotNow(Misuse::NumberNeeded) => Some(true),
        Shared::Session(S::ControlGranted { .. } | S::ControlRenewed { .. }) => Some(false),
        _ => None,
    };
    if cast.sharer.hear("an answer", answer).await {
        let numbers = cast.sharer.log.iter().rev().find_map(|event| match event {
            Shared::Number(number) => Some(*number),
            _ => None,
        });
        cast.sharer
            .order(Share::AllowControl(scopes, numbers))
            .await;
    }
}

async fn grant(cast: &mut Cast, scopes: Scopes) {
    tokio::time::sleep(SETTLE).await;
    cast.helper.order(Help::RequestControl(scopes)).await;
    sharer_hears(cast, |event| matches!(event, S::ControlAsked { .. })).await;
    allow(cast, scopes).await;
    helper_hears(cast, |event| matches!(event, H::ControlGranted { .. })).await;
}

//= test spec/19-tools.md#renewal [TOOL-5] e99298d2
//= test spec/19-tools.md#renewal [TOOL-6] 657005af
//= test spec/05-session.md#control [CONTROL-29] d11a5b50
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_renewed_and_narrowed() {
    let mut cast = Cast::viewing(Duration::ZERO).await;
    grant(&mut cast, Scopes::CONTROL).await;
    let key = InputEvent::Key {
        usage: 4,
        down: true,
    };
    cast.helper.order(Help::Input(vec![key])).await;
    cast.injected.last(key).await;
    // What was held is let go while the person thinks, and the key goes on afterwards.
    cast.sharer.order(Share::Renew).await;
    sharer_hears(&mut cast, |event| {
        matches!(event, S::ControlAsked { renewal: true, .. })
    })
    .await;
    cast.injected.last(InputEvent::ReleaseAll).await;
    allow(&mut cast, Scopes::CONTROL).await;
    helper_hears(&mut cast, |event| {
        matches!(event, H::ControlRenewed { grant: 1, .. })
    })
    .await;
    cast.helper.order(Help::Input(vec![key])).await;
    cast.injected.last(key).await;
    // A part of it is taken back.
    cast.sharer.order(Share::Narrow(Scopes::POINTER)).await;
    cast.injected.last(InputEvent::ReleaseAll).await;
    helper_hears(&mut cast, |event| {
        matches!(event, H::ControlGranted { grant: 2, scopes, .. } if *scopes == Scopes::POINTER)
    })
    .await;
    cast.helper.order(Help::Input(vec![key])).await;
    let refused = |event: &Helped| (*event == Helped::NotNow(Misuse::Scope)).then_some(());
    cast.helper.hear("that keys are not allowed", refused).await;
    let pointer = InputEvent::Pointer {
        display: 0,
        x: 7,
        y: 7,
    };
    cast.helper.order(Help::Input(vec![pointer])).await;
    cast.injected.last(pointer).await;
    cast.helper.order(Help::End).await;
    cast.sharer.ended().await;
}

//= test spec/19-tools.md#clipboard [TOOL-29] dff2d55a
#[tokio::test(flavor = "multi_thread")]
async fn what_the_helper_types_is_no_act_for_the_clipboard() {
    let mut cast = Cast::viewing(Duration::ZERO).await;
    grant(&mut cast, Scopes::KEYBOARD.union(BOTH_WAYS)).await;
    cast.helper
        .order(Help::SendClipboard("an item".into()))
        .await;
    sharer_hears(&mut cast, |event| {
        matches!(event, S::ClipboardOffered { .. })
    })
    .await;
    let key = InputEvent::Key {
        usage: 4,
        down: true,
    };
    cast.helper.order(Help::Input(vec![key])).await;
    cast.injected.last(key).await;
    let too_soon = |event: &Shared| match event {
        Shared::NotNow(Misuse::AnswerGuard) => Some(()),
        Shared::Clipboard(_) | Shared::ClipboardSent(_) => panic!("{event:?}"),
        _ => None,
    };
    for act in [Share::CopyClipboard, Share::AnswerClipboard(true)] {
        cast.sharer.order(act).await;
        cast.sharer.hear("that it is too soon", too_soon).await;
    }
    // A second later it can only have been the person.
    tokio::time::sleep(GUARD).await;
    cast.sharer.order(Share::AnswerClipboard(true)).await;
    let taken = |event: &Shared| (*event == Shared::Clipboard("an item".into())).then_some(());
    cast.sharer.hear("the item", taken).await;
    cast.helper.order(Help::End).await;
    cast.sharer.ended().await;
}

//= test spec/19-tools.md#clipboard [TOOL-10] f4c91892
//= test spec/19-tools.md#drawing [TOOL-15] 21631474
#[tokio::test(flavor = "multi_thread")]
async fn items_and_strokes_go_where_they_are_allowed_to() {
    let mut cast = Cast::viewing(Duration::ZERO).await;
    cast.helper.order(Help::SendClipboard("no".into())).await;
    let refused = |event: &Helped| (*event == Helped::NotNow(Misuse::Nothing)).then_some(());
    cast.helper
        .hear("that nothing is allowed yet", refused)
        .await;
    grant(&mut cast, BOTH_WAYS.union(Scopes::ANNOTATE)).await;

    cast.helper
        .order(Help::SendClipboard("to you".into()))
        .await;
    sharer_hears(&mut cast, |event| {
        matches!(event, S::ClipboardOffered { item: 1, .. })
    })
    .await;
    cast.sharer.order(Share::AnswerClipboard(true)).await;
    let taken = |event: &Shared| (*event == Shared::Clipboard("to you".into())).then_some(());
    cast.sharer.hear("the text", taken).await;
    let answered = H::ClipboardAnswered {
        item: 1,
        taken: true,
    };
    helper_hears(&mut cast, |event| *event == answered).await;
    cast.sharer
        .order(Share::SendClipboard("to them".into()))
        .await;
    helper_hears(&mut cast, |event| {
        matches!(event, H::ClipboardOffered { .. })
    })
    .await;
    cast.helper.order(Help::AnswerClipboard(false)).await;
    let refused = S::ClipboardAnswered {
        item: 1,
        taken: false,
    };
    sharer_hears(&mut cast, |event| *event == refused).await;

    let line = Line {
        id: 1,
        display: 0,
        colour: 0,
        width: 5,
        points: vec![(1, 2), (3, 4)],
    };
    cast.helper.order(Help::Stroke(line)).await;
    sharer_hears(
        &mut cast,
        |event| matches!(event, S::Stroke(stroke) if stroke.points == [(1, 2), (3, 4)]),
    )
    .await;
    cast.helper.order(Help::Laser(0, (9, 9))).await;
    sharer_hears(&mut cast, |event| matches!(event, S::Laser { x: 9, .. })).await;
    sharer_hears(&mut cast, |event| *event == S::LaserGone).await;
    cast.sharer.order(Share::Revoke).await;
    sharer_hears(&mut cast, |event| *event == S::DrawingCleared).await;
    // Neither was ever an input.
    assert!(
        cast.injected
            .done()
            .iter()
            .all(|event| *event == InputEvent::ReleaseAll)
    );
    cast.sharer.order(Share::End).await;
    cast.helper.ended().await;
}

//= test spec/02-codes.md#links [LINK-4] 26dd3785
//= test spec/19-tools.md#quality [TOOL-25] a3083e6b
#[tokio::test(flavor = "multi_thread")]
async fn by_a_link_one_is_seen_and_no_more_and_both_know_how_well_it_goes() {
    let mut cast = Cast::asked_by_link().await;
    cast.agree().await;
    let seen = |event: &Helped| match event {
        Helped::Session(H::Viewing { scopes }) => Some(*scopes),
        _ => None,
    };
    assert_eq!(cast.helper.hear("consent", seen).await, Scopes::VIEW);
    for scopes in [Scopes::CONTROL, Scopes::ANNOTATE, BOTH_WAYS] {
        cast.helper.order(Help::RequestControl(scopes)).await;
        let refused = |event: &Helped| (*event == Helped::NotNow(Misuse::Scope)).then_some(());
        cast.helper.hear("that it is beyond a link", refused).await;
    }
    let frames = |event: &Helped| match event {
        Helped::Quality(quality) => (quality.frames > 0 && quality.bytes > 0).then_some(()),
        _ => None,
    };
    cast.helper.hear("delay and rate", frames).await;
    let frames = |event: &Shared| match event {
        Shared::Quality(quality) => (quality.frames > 0).then_some(()),
        _ => None,
    };
    cast.sharer.hear("delay and rate", frames).await;
    // Its system asks for something: nothing of that is seen.
    cast.sharer.order(Share::SecureDesktop(true)).await;
    helper_hears(&mut cast, |event| *event == H::SecureDesktop(true)).await;
    let before = cast.seen.count();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(
        cast.seen.count() <= before + 1,
        "one may have been on its way"
    );
    cast.sharer.order(Share::SecureDesktop(false)).await;
    cast.seen.more_than(cast.seen.count()).await;
    cast.sharer.order(Share::End).await;
    assert_eq!(cast.helper.ended().await.code, ErrorCode::Done);
}

//= test spec/05-session.md#control [CONTROL-19] 94ba6129
//= test spec/05-session.md#end [END-1] 76b70464
/// A system may be slow to carry out what the helper does: the person is heard between two acts.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_slow_injection() {
    for act in [Share::Revoke, Share::Pause(true), Share::End] {
        let mut cast = Cast::viewing(Duration::ZERO).await;
        grant(&mut cast, Scopes::CONTROL).await;
        // 200 acts that take 50 ms each: ten seconds if nobody is heard.
        cast.injected.slow.store(50, Ordering::SeqCst);
        let wheel = InputEvent::Wheel { dx: 0, dy: 120 };
        cast.helper.order(Help::Input(vec![wheel; 200])).await;
        cast.injected.last(wheel).await;
        cast.sharer.order(act.clone()).await;
        let began = Instant::now();
        cast.injected.last(InputEvent::ReleaseAll).await;
        let took = began.elapsed();
        let carried_out = cast.injected.done().len();
        println!("{act:?}: let go after {took:?} and {carried_out} acts");
        assert!(took < Duration::from_secs(1), "{act:?}: {took:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(cast.injected.done().len(), carried_out, "{act:?}");
    }
}
