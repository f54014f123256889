//! What frame streams leave behind at the relay: quinn keeps a waker of each that was waited for and then ended in
//! order, until the connection is gone. With debug assertions it panics when it notices, which is how they are
//! counted here, in a program of its own.
#![cfg(debug_assertions)]

mod support;

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use support::{Client, pair, soon, start};
use tokio::time::sleep;

static LEFT: AtomicUsize = AtomicUsize::new(0);
/// As the relay has it.
const MOST: usize = 64;
/// Streams that wait together, fewer than a client may have.
const AT_ONCE: usize = 4;
/// Longer than the relay writes before it waits for a reset.
const PAUSE: Duration = Duration::from_millis(30);

#[tokio::test]
async fn what_a_client_leaves_behind_is_bounded() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let left = info
            .to_string()
            .contains("should not have a blocked reader");
        match left {
            true => drop(LEFT.fetch_add(1, Ordering::SeqCst)),
            false => before(info),
        }
    }));
    let relay = start(|_| {});
    // A relay that writes to this one waits soon.
    let helper = Client::with_window(&relay, 1_024).await;
    let (helper, sharer) = pair(helper, Client::new(&relay).await).await;
    for _ in 0..2 * MOST / AT_ONCE {
        let mut ends = Vec::new();
        for _ in 0..AT_ONCE {
            let mut send = soon(sharer.connection.open_uni()).await.expect("a stream");
            soon(send.write_all(&[7; 4_096])).await.expect("written");
            let recv = soon(helper.connection.accept_uni()).await.expect("one");
            ends.push((send, recv));
        }
        // The relay waits for a reset only where it could not write for a while, in real time.
        sleep(PAUSE).await;
        for (send, _) in &mut ends {
            soon(send.write_all(&[7; 4_096])).await.expect("written");
            send.finish().expect("finished");
        }
        // That it has the rest can only be told by waiting.
        sleep(PAUSE).await;
        for (_, mut recv) in ends {
            let bytes = soon(recv.read_to_end(10_000)).await.expect("read");
            assert_eq!(bytes.len(), 8_192);
        }
    }
    relay.shutdown().await;
    let left = LEFT.load(Ordering::SeqCst);
    assert!(left <= MOST, "{left}");
    assert!(
        left > 0,
        "quinn leaves nothing behind any more: `splice.rs` need not count"
    );
}
