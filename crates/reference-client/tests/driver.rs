//! The driver of the reference client, with both roles and the reference relay in one process: the
//! suite that presses the buttons is this test, and time passes only where it says so.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/suite.rs"]
mod suite;

use std::time::Instant;

use alongside_client::driver::test_picture;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use suite::{PATIENCE, Suite};

/// Both roles, each under a driver of its own, and a relay.
struct Scene {
    relay: Suite,
    ready: Value,
    helper: Suite,
    sharer: Suite,
}

impl Scene {
    async fn open() -> Self {
        let (relay, ready) = Suite::relay().await;
        let mut scene = Self {
            relay,
            ready,
            helper: Suite::driver(),
            sharer: Suite::driver(),
        };
        scene.sessions().await;
        scene
    }

    async fn sessions(&mut self) {
        let (relay, certificate) = (&self.ready["relay"], &self.ready["certificate"]);
        let open = |role: &str| {
            json!({
                "op": "open", "session": "a", "role": role, "name": "Ada",
                "relay": relay, "certificate": certificate,
            })
        };
        assert_eq!(self.helper.ok(open("helper")).await, json!({}));
        assert_eq!(self.sharer.ok(open("sharer")).await, json!({}));
    }

    /// A helper's code, and a sharer that joined by it and is asked.
    async fn asked(&mut self) {
        self.helper
            .ok(json!({"op": "create-code", "session": "a"}))
            .await;
        let code = self.helper.hear("a", "code").await["code"].clone();
        let join = json!({"op": "join", "session": "a", "code": code});
        self.sharer.ok(join).await;
        self.sharer.hear("a", "connected").await;
        self.join_tick().await;
        let asked = self.sharer.hear("a", "consent-asked").await;
        assert_eq!(
            (&asked["name"], &asked["verified"]),
            (&json!("Ada"), &json!(false))
        );
    }

    /// Moves the relay's clock until the join has come through.
    async fn join_tick(&mut self) {
        let began = Instant::now();
        while !self.helper.came("a", "phrase") {
            assert!(began.elapsed() < PATIENCE, "no join");
            let moved = json!({"op": "advance-clock", "session": "a", "ms": 100});
            assert_eq!(self.relay.ok(moved).await, json!({}));
            // It says what came meanwhile.
            self.helper.advance("a", 0).await;
            tokio::task::yield_now().await;
        }
    }

    async fn agree(&mut self) {
        self.sharer
            .ok(json!({"op": "contact", "session": "a", "by": "person"}))
            .await;
        let consent = json!({"op": "consent", "session": "a", "allow": true});
        self.sharer.ok(consent).await;
        let viewing = self.helper.hear("a", "viewing").await;
        assert_eq!(viewing["scopes"], json!(["view", "chat"]));
        let viewing = self.sharer.hear("a", "viewing").await;
        assert_eq!(viewing["scopes"], json!(["view", "chat"]));
    }

    async fn show(&mut self, width: u16, height: u16, seed: u32) {
        let frame = json!({
            "op": "send-frame", "session": "a", "width": width, "height": height, "seed": seed,
        });
        self.sharer.ok(frame).await;
        let pixels = Sha256::digest(test_picture(width, height, seed).pixels());
        let pixels = json!(hex::encode(pixels));
        let mut frame = self.helper.hear("a", "frame").await;
        // A path that stands has the latest picture sent once more.
        if frame["sha256"] != pixels {
            frame = self.helper.hear("a", "frame").await;
        }
        assert_eq!(frame["sha256"], pixels);
        assert_eq!(
            (&frame["width"], &frame["height"]),
            (&json!(width), &json!(height))
        );
    }

    /// Both clocks move on, step by step, and what each has said is heard by the other before it
    /// moves again. A pause tells that, or a line of chat; both come in order with all the rest.
    async fn pass(&mut self, ms: u64, told_by: &str) {
        // Less than anybody may be silent.
        const STEP: u64 = 2_000;
        let mut left = ms;
        while left > 0 {
            let step = left.min(STEP);
            left -= step;
            self.helper.advance("a", step).await;
            self.sharer.advance("a", step).await;
            let (ops, event) = match told_by {
                "pause" => (["pause", "unpause"], "paused"),
                _ => (["chat", "chat"], "chat"),
            };
            for op in ops {
                let command = json!({"op": op, "session": "a", "text": "still there"});
                self.helper.ok(command.clone()).await;
                self.sharer.hear("a", event).await;
                self.sharer.ok(command).await;
                self.helper.hear("a", event).await;
            }
        }
    }

    /// Control, ten seconds after consent.
    async fn control(&mut self) {
        self.pass(10_000, "chat").await;
        let request = json!({"op": "request-control", "session": "a", "scopes": ["keyboard"]});
        self.helper.ok(request).await;
        let asked = self.sharer.hear("a", "control-asked").await;
        assert_eq!(
            (&asked["scopes"], &asked["renewal"]),
            (&json!(["keyboard"]), &json!(false))
        );
        let grant = json!({"op": "grant", "session": "a", "scopes": ["keyboard"]});
        self.sharer.advance("a", 1_000).await;
        self.sharer.ok(grant).await;
        for suite in [&mut self.sharer, &mut self.helper] {
            let granted = suite.hear("a", "granted").await;
            assert_eq!(
                (&granted["scopes"], &granted["seconds"]),
                (&json!(["keyboard"]), &json!(900))
            );
        }
    }
}

/// The example of driver.md.
#[tokio::test]
async fn the_example_of_the_guide_is_answered_as_it_says() {
    let mut scene = Scene::open().await;
    let hello = scene.sharer.ok(json!({"op": "hello", "driver": 1})).await;
    assert_eq!(hello["driver"], 1);
    assert!(
        hello["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!("clock"))
    );
    scene.asked().await;
    let other = scene
        .sharer
        .refused(json!({"op": "hello", "driver": 2}))
        .await;
    assert_eq!(other.0, "command");
    let unknown = scene.sharer.ask(json!({"op": "fly", "session": "a"})).await;
    assert_eq!(unknown["unsupported"], json!({}));
    for wrong in [
        json!({"op": "chat", "session": "a"}),
        json!({"op": "chat", "session": "b", "text": ""}),
        json!({"op": "grant", "session": "a", "scopes": ["fly"]}),
    ] {
        assert_eq!(scene.sharer.refused(wrong).await.0, "command");
    }
    let other_role = json!({"op": "release-control", "session": "a"});
    assert_eq!(scene.sharer.refused(other_role).await.0, "misuse");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_only_session_shows_the_test_picture_and_ends() {
    let mut scene = Scene::open().await;
    let began = Instant::now();
    scene.asked().await;
    // It is on the display before anybody may see it.
    scene
        .sharer
        .ok(json!({"op": "send-frame", "session": "a", "width": 3, "height": 2, "seed": 9}))
        .await;
    let plain = json!({"op": "consent", "session": "a", "allow": true});
    assert_eq!(scene.sharer.refused(plain).await.0, "misuse");
    scene.agree().await;
    let frame = scene.helper.hear("a", "frame").await;
    let pixels = Sha256::digest(test_picture(3, 2, 9).pixels());
    assert_eq!(frame["sha256"], hex::encode(pixels));
    println!("a first frame after {:?}", began.elapsed());
    for (width, height, seed) in [
        (3, 2, 10),
        (256, 256, 1),
        (256, 256, 2),
        (200, 65, 4_000_000_000),
    ] {
        scene.show(width, height, seed).await;
    }
    scene
        .helper
        .ok(json!({"op": "chat", "session": "a", "text": "hello"}))
        .await;
    assert_eq!(scene.sharer.hear("a", "chat").await["text"], "hello");
    assert_eq!(scene.helper.hear("a", "delivered").await["line"], 1);
    scene.helper.ok(json!({"op": "end", "session": "a"})).await;
    let ended = scene.helper.hear("a", "ended").await;
    assert_eq!(
        (&ended["by"], &ended["code"]),
        (&json!("own"), &json!("done"))
    );
    let ended = scene.sharer.hear("a", "ended").await;
    assert_eq!(
        (&ended["by"], &ended["code"]),
        (&json!("other"), &json!("done"))
    );
    println!("a session of {:?}", began.elapsed());
    let late = json!({"op": "pause", "session": "a"});
    assert_eq!(scene.sharer.refused(late).await.0, "misuse");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_waits_for_the_tick_of_the_relays_clock() {
    let mut scene = Scene::open().await;
    scene
        .helper
        .ok(json!({"op": "create-code", "session": "a"}))
        .await;
    let code = scene.helper.hear("a", "code").await["code"].clone();
    scene
        .sharer
        .ok(json!({"op": "join", "session": "a", "code": code}))
        .await;
    scene.sharer.hear("a", "connected").await;
    // The clocks stand still, but the way between the programs is real: only waiting shows that nothing comes.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    scene.helper.advance("a", 0).await;
    assert!(!scene.helper.came("a", "phrase"));
    scene.join_tick().await;
    scene.sharer.hear("a", "consent-asked").await;
    // What was used here is used, in every session of this driver.
    scene
        .sharer
        .ok(json!({"op": "close", "session": "a"}))
        .await;
    scene.helper.hear("a", "ended").await;
    scene
        .helper
        .ok(json!({"op": "close", "session": "a"}))
        .await;
    scene.sessions().await;
    let again = json!({"op": "join", "session": "a", "code": code});
    assert_eq!(scene.sharer.refused(again).await.0, "misuse");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_for_two_minutes_is_no_consent() {
    let mut scene = Scene::open().await;
    scene.asked().await;
    let began = Instant::now();
    scene.pass(119_000, "pause").await;
    assert!(!scene.sharer.came("a", "ended"));
    scene.sharer.advance("a", 1_000).await;
    let ended = scene.sharer.hear("a", "ended").await;
    assert_eq!(
        (&ended["by"], &ended["code"]),
        (&json!("own"), &json!("declined"))
    );
    let ended = scene.helper.hear("a", "ended").await;
    assert_eq!(
        (&ended["by"], &ended["code"]),
        (&json!("other"), &json!("declined"))
    );
    println!("two minutes took {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_are_given_at_their_times_and_no_other() {
    let mut scene = Scene::open().await;
    scene.asked().await;
    // All that the sharer said until now was heard, and answered.
    let pause = json!({"op": "pause", "session": "a"});
    scene.sharer.ok(pause).await;
    scene.helper.hear("a", "paused").await;
    // The first has gone, and the next is due in two seconds.
    let said = |moved: Value| moved["sent"].as_u64().unwrap();
    let before = said(scene.helper.advance("a", 0).await);
    assert_eq!(said(scene.helper.advance("a", 1_999).await), before);
    let one = said(scene.helper.advance("a", 1).await) - before;
    assert!(one > 0);
    for (ms, beats) in [(2_000, 2), (999, 2)] {
        let said = said(scene.helper.advance("a", ms).await);
        assert_eq!(said - before, beats * one);
    }
    // The sharer's clock stands, so nothing was heard of it for five seconds.
    assert!(!scene.helper.came("a", "frozen"));
    scene.helper.advance("a", 1).await;
    assert_eq!(scene.helper.hear("a", "frozen").await["seconds"], 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_lives_for_a_quarter_of_an_hour_and_not_longer() {
    let mut scene = Scene::open().await;
    scene.asked().await;
    scene.agree().await;
    scene.show(8, 8, 1).await;
    scene.control().await;
    let down = json!({"key": 4, "down": true});
    let press = json!({"op": "send-input", "session": "a", "input": [down]});
    scene.helper.ok(press.clone()).await;
    // It leaves with the next tick.
    scene.helper.advance("a", 10).await;
    assert_eq!(scene.sharer.hear("a", "injected").await["input"], down);
    let began = Instant::now();
    scene.pass(898_000, "chat").await;
    scene.sharer.advance("a", 1_999).await;
    assert!(!scene.sharer.came("a", "released"));
    scene.sharer.advance("a", 1).await;
    scene.sharer.hear("a", "released").await;
    for suite in [&mut scene.sharer, &mut scene.helper] {
        assert_eq!(suite.hear("a", "control-ended").await["code"], "expired");
    }
    println!("a quarter of an hour took {:?}", began.elapsed());
    assert_eq!(scene.helper.refused(press).await.0, "misuse");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_back_by_another_while_time_stands_still() {
    let mut scene = Scene::open().await;
    scene.asked().await;
    scene.agree().await;
    scene.show(8, 8, 1).await;
    for side in ["helper", "sharer"] {
        let reconnect = json!({"op": "reconnect", "session": "a"});
        match side {
            "helper" => scene.helper.ok(reconnect).await,
            _ => scene.sharer.ok(reconnect).await,
        };
        for suite in [&mut scene.helper, &mut scene.sharer] {
            assert_eq!(suite.hear("a", "frozen").await["seconds"], 30);
            suite.hear("a", "back").await;
        }
        scene
            .helper
            .ok(json!({"op": "chat", "session": "a", "text": side}))
            .await;
        assert_eq!(scene.sharer.hear("a", "chat").await["text"], side);
        // What is on the display is shown anew.
        let frame = scene.helper.hear("a", "frame").await;
        let pixels = Sha256::digest(test_picture(8, 8, 1).pixels());
        assert_eq!(frame["sha256"], hex::encode(pixels));
    }
}
