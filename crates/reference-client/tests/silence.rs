//! A person who says nothing has said no, on the real stack.
//!
//! This test sleeps for two minutes, because it is the real clock that must not say yes for a person: a
//! timer that is shorter here would be another. All of it waits at the same time, so that it costs that
//! once.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/waits.rs"]
mod waits;

use std::time::{Duration, Instant};

use alongside_client::{
    By, Ended, Misuse,
    helper::{self, Command as Help, Event as Helped},
    sharer::{self, Command as Share, Contact, Event as Shared},
};
use alongside_wire::{ErrorCode, Scopes, input::InputEvent};
use cast::Cast;
use waits::SETTLE;

/// Longer than any prompt.
const PATIENCE: Duration = Duration::from_secs(150);

/// It took as long as this timer, and a moment at most.
fn assert_took(began: Instant, timer: Duration) {
    let took = began.elapsed();
    let moment = Duration::from_secs(5);
    assert!(took + Duration::from_secs(1) > timer, "{took:?}");
    assert!(took < timer + moment, "{took:?}");
}

//= test spec/05-session.md#consent [CONSENT-4] 3ea54290
//= test spec/05-session.md#control [CONTROL-7] eaca835e
#[tokio::test(flavor = "multi_thread")]
async fn silence_is_a_denial() {
    tokio::join!(
        no_consent(None),
        // Who answers one question has not answered the next.
        no_consent(Some(Contact::Person)),
        no_consent(Some(Contact::Other)),
        no_control(),
    );
}

async fn no_consent(contact: Option<Contact>) {
    let mut cast = Cast::asked(Duration::ZERO).await;
    let began = Instant::now();
    if let Some(contact) = contact {
        cast.sharer.order(Share::Contact(contact)).await;
    }
    let (helper, sharer) = tokio::join!(
        cast.helper.ended_within(PATIENCE),
        cast.sharer.ended_within(PATIENCE),
    );
    assert_took(began, Duration::from_secs(120));
    let declined = |by| Ended {
        by,
        code: ErrorCode::Declined,
        fault: None,
    };
    assert_eq!(helper, declined(By::Peer));
    assert_eq!(sharer, declined(By::Local));
    assert_eq!(cast.seen.count(), 0);
    assert_eq!(cast.injected.done(), []);
}

async fn no_control() {
    let mut cast = Cast::viewing(Duration::ZERO).await;
    tokio::time::sleep(SETTLE).await;
    let wanted = Scopes::CONTROL;
    cast.helper.order(Help::RequestControl(wanted)).await;
    let asked = cast.sharer.hear("the question", |event| match event {
        Shared::Session(sharer::SessionEvent::ControlAsked { .. }) => Some(()),
        _ => None,
    });
    asked.await;
    let began = Instant::now();
    let denied = |event: &Helped| match event {
        Helped::Session(helper::SessionEvent::ControlDenied(code)) => Some(*code),
        _ => None,
    };
    let closed = |event: &Shared| match event {
        Shared::Session(sharer::SessionEvent::ControlPromptClosed) => Some(()),
        _ => None,
    };
    let (code, ()) = tokio::join!(
        cast.helper.hear_within(PATIENCE, "the answer", denied),
        cast.sharer.hear_within(PATIENCE, "that it is over", closed),
    );
    assert_took(began, Duration::from_secs(60));
    assert_eq!(code, ErrorCode::Denied);
    // A yes that comes too late is none, and there is nothing to type with.
    cast.sharer.order(Share::AllowControl(wanted, None)).await;
    let late = |event: &Shared| (*event == Shared::NotNow(Misuse::Nothing)).then_some(());
    cast.sharer.hear("that there is no question", late).await;
    let key = InputEvent::Key {
        usage: 4,
        down: true,
    };
    cast.helper.order(Help::Input(vec![key])).await;
    let nothing = |event: &Helped| (*event == Helped::NotNow(Misuse::Nothing)).then_some(());
    cast.helper.hear("that there is no control", nothing).await;
    assert_eq!(cast.injected.done(), []);
    // Of the screen nothing was taken back.
    cast.seen.more_than(cast.seen.count()).await;
    cast.sharer.order(Share::End).await;
    assert_eq!(cast.helper.ended().await.code, ErrorCode::Done);
}
