//! The program as somebody runs it for years: configured, watched, drained, its certificate renewed.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixDatagram,
    path::Path,
    time::Duration,
};

use alongside_wire::{
    ErrorCode,
    device::{DeviceId, DeviceToken},
    rendezvous::{CodeRequest, Leave, Refused, Wait},
};
use sha2::{Digest as _, Sha256};
use support::{
    Client, connect, gone, pair,
    process::{LOCAL, Running, command},
    refused, talk, until,
};

/// A TCP port of this machine that nobody uses.
fn free_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let _ = stream.write_all(request.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Asks until the answer has this in it.
async fn health_with(address: SocketAddr, wanted: &str) -> String {
    let told = async || {
        let answer = tokio::task::spawn_blocking(move || ask(address, HEALTH)).await;
        answer.ok().filter(|answer| answer.contains(wanted))
    };
    until(wanted, told).await
}

//= test spec/14-operation.md#surface [OPERATION-2] f8ac20d9
//= test spec/14-operation.md#drain [DRAIN-1] 2932421e
//= test spec/14-operation.md#drain [DRAIN-2] 33b74068
//= test spec/14-operation.md#drain [DRAIN-3] 7c9aa182
#[tokio::test]
async fn health_is_told_and_sessions_outlive_the_order_to_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let health = free_port();
    let mut line = command(&LOCAL);
    line.args(["--health", &health.to_string(), "--drain-seconds", "60"]);
    let mut relay = Running::start(line, &folder.path().join("log"));
    let (mut helper, mut sharer) = pair(relay.client().await, relay.client().await).await;
    let mut waiting = relay.client().await;
    waiting.issue().await;
    let answer = health_with(health, r#""sessions":1"#).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let whole = serde_json::json!({"state": "ok", "connections": 3, "codes": 1, "sessions": 1});
    assert_eq!(body, whole);
    for other in [
        "GET / HTTP/1.1\r\n\r\n",
        "POST /health HTTP/1.1\r\n\r\n",
        &"x".repeat(3_000),
    ] {
        let other = other.to_owned();
        let answer = tokio::task::spawn_blocking(move || ask(health, &other)).await;
        let answer = answer.expect("asked");
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 404 "),
            "{answer}"
        );
    }

    relay.signal("-TERM");
    assert_eq!(waiting.hear().await, gone(ErrorCode::RelayShutdown));
    let answer = health_with(health, r#""state":"draining""#).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    talk(&mut helper, &mut sharer).await;
    let mut late = relay.client().await;
    late.say(CodeRequest {}).await;
    let code = ErrorCode::Draining.to_wire();
    assert_eq!(late.hear().await, Refused { code }.into());
    talk(&mut helper, &mut sharer).await;
    // When the last session is over, so is the relay.
    let code = ErrorCode::Done.to_wire();
    sharer.say(Leave { code }).await;
    assert_eq!(helper.hear().await, gone(ErrorCode::Done));
    assert_eq!(helper.hear().await, gone(ErrorCode::RelayShutdown));
    drop((helper, sharer, late, waiting));
    let exit = tokio::task::spawn_blocking(move || relay.wait()).await;
    assert_eq!(exit.expect("stopped"), Some(0));
}

#[tokio::test]
async fn a_drain_has_a_deadline_and_a_second_order_is_obeyed_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for (seconds, again) in [("1", false), ("600", true)] {
        let mut line = command(&LOCAL);
        line.args(["--drain-seconds", seconds]);
        let mut relay = Running::start(line, &folder.path().join("log"));
        let (mut helper, _sharer) = pair(relay.client().await, relay.client().await).await;
        relay.signal("-TERM");
        if again {
            let mut late = relay.client().await;
            late.say(CodeRequest {}).await;
            late.hear().await;
            relay.signal("-TERM");
        }
        assert_eq!(helper.hear().await, gone(ErrorCode::RelayShutdown));
        drop((helper, _sharer));
        let exit = tokio::task::spawn_blocking(move || relay.wait()).await;
        assert_eq!(exit.expect("stopped"), Some(0));
    }
}

/// Writes a fresh certificate; its fingerprint.
fn certificate(cert: &Path, key: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    fs::write(cert, made.cert.pem()).expect("written");
    fs::write(key, made.signing_key.serialize_pem()).expect("written");
    let digest = Sha256::digest(made.cert.der());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

//= test spec/17-known-devices.md#waiting [DEVICE-9] 048631ca
#[tokio::test]
async fn devices_are_enrolled_and_struck_off_while_it_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let [devices, log] = ["devices.toml", "log"].map(|name| folder.path().join(name));
    fs::write(&devices, "").expect("written");
    let mut line = command(&["--listen", "127.0.0.1:0", "--self-signed", "--devices"]);
    line.arg(&devices);
    let relay = Running::start(line, &log);
    let wait = Wait {
        device: DeviceId([7; 16]),
        token: DeviceToken([9; 32]),
        offer: b"offer".to_vec(),
    };
    let hash: String = Sha256::digest(wait.token.hashed_text())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let enrolled = format!(
        "[[device]]\nid = \"{}\"\ntoken_sha256 = \"{hash}\"\norganisation = \"Acme\"\n",
        "07".repeat(16)
    );
    let mut client = relay.client().await;
    client.say(wait.clone()).await;
    assert_eq!(client.hear().await, refused(ErrorCode::NotFound));
    let mut waiting = relay.client().await;
    for (times, text) in [enrolled.as_str(), "nonsense", ""].into_iter().enumerate() {
        fs::write(&devices, text).expect("written");
        relay.signal("-HUP");
        let said = ["read again", "stay as they were", "read again"][times];
        let told = async || {
            let log = fs::read_to_string(&log).expect("a log");
            (log.matches(said).count() > times / 2).then_some(())
        };
        until(said, told).await;
        match times {
            0 => {
                waiting.say(wait.clone()).await;
                assert_eq!(waiting.hear().await.name(), "waiting");
            }
            1 => {}
            _ => assert_eq!(waiting.hear().await, gone(ErrorCode::NotFound)),
        }
    }
}

//= test spec/14-operation.md#surface [OPERATION-3] 6a7525a8
#[tokio::test]
async fn a_renewed_certificate_is_for_new_connections_and_hurts_no_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let [cert, key, log] = ["cert.pem", "key.pem", "log"].map(|name| folder.path().join(name));
    certificate(&cert, &key);
    let mut line = command(&["--listen", "127.0.0.1:0", "--cert"]);
    line.arg(&cert).arg("--key").arg(&key);
    let relay = Running::start(line, &log);
    let (mut helper, mut sharer) = pair(relay.client().await, relay.client().await).await;
    let renewed = certificate(&cert, &key);
    relay.signal("-HUP");
    let address = relay.address;
    let connected = async || connect(address, &renewed, "alongside/1").await.ok();
    until("the renewed certificate", connected).await;
    assert!(
        connect(relay.address, &relay.fingerprint, "alongside/1")
            .await
            .is_err()
    );
    talk(&mut helper, &mut sharer).await;
    // What is no certificate changes nothing.
    fs::write(&cert, "nonsense").expect("written");
    relay.signal("-HUP");
    let told = async || {
        let log = fs::read_to_string(&log).expect("a log");
        log.contains("stays as it was").then_some(())
    };
    until("that it stays as it was", told).await;
    Client::at(relay.address, &renewed).await;
    talk(&mut helper, &mut sharer).await;
}

//= test spec/14-operation.md#surface [OPERATION-1] 1dfdc8d6
#[tokio::test]
async fn the_port_of_the_clients_speaks_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Running::start(command(&LOCAL), &folder.path().join("log"));
    for protocol in ["h3", "http/1.1", "alongside/2"] {
        let connected = connect(relay.address, &relay.fingerprint, protocol).await;
        assert!(connected.is_err(), "{protocol}");
    }
    assert!(TcpStream::connect(relay.address).is_err());
    // And health is not for other machines.
    let output = command(&LOCAL)
        .args(["--health", "0.0.0.0:0"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}

#[tokio::test]
async fn one_file_says_everything_and_the_command_line_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("relay.toml");
    let text = "listen = \"127.0.0.1:0\"\ndrain-seconds = 7\n[timers]\ncode-lifetime = 90000\n[limits]\ncodes = 3\nfree-joins = 9\n";
    fs::write(&file, text).expect("written");
    let path = file.to_str().expect("a path");
    let print = |more: &[&str]| {
        let mut line = command(&["--config", path, "--print-config"]);
        let output = line.args(more).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).expect("text");
        text.parse::<toml::Table>().expect("TOML")
    };
    let table = print(&["--codes", "5"]);
    assert_eq!(table["drain-seconds"].as_integer(), Some(7));
    assert_eq!(table["timers"]["code-lifetime"].as_integer(), Some(90_000));
    assert_eq!(
        table["limits"]["codes"].as_integer(),
        Some(5),
        "the command line wins"
    );
    assert_eq!(table["limits"]["free-joins"].as_integer(), Some(9));
    // What is printed is a configuration, with everything that a relay states.
    let printed = folder.path().join("printed.toml");
    fs::write(&printed, table.to_string()).expect("written");
    let output = command(&[
        "--config",
        printed.to_str().expect("a path"),
        "--print-config",
    ])
    .output();
    let again = String::from_utf8(output.expect("it runs").stdout).expect("text");
    assert_eq!(again, table.to_string());
    let registry = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/registry.toml");
    let registry: toml::Table = fs::read_to_string(registry)
        .expect("a registry")
        .parse()
        .expect("TOML");
    for (list, part) in [("timer", "timers"), ("limit", "limits")] {
        for row in registry[list].as_array().expect("a list") {
            if row["stated"].as_bool() == Some(true) {
                let name = row["name"].as_str().expect("a name");
                assert!(table[part].get(name).is_some(), "{name} cannot be set");
            }
        }
    }
    for (text, line) in [
        ("listen = \"127.0.0.1:0\"\nnonsense = 1\n", "line 2"),
        ("\n[limits]\ncodes = 1\ncoeds = 2\n", "line 4"),
        ("[timers]\njoin-tick = \"soon\"\n", "line 2"),
    ] {
        fs::write(&file, text).expect("written");
        let output = command(&["--self-signed", "--config", path])
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(line) && error.contains(path), "{error}");
    }
}

#[tokio::test]
async fn a_service_manager_is_told_and_the_unit_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("set");
    let hear = || {
        let mut bytes = [0; 64];
        let len = socket.recv(&mut bytes).expect("told");
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    };
    let mut line = command(&LOCAL);
    line.env("NOTIFY_SOCKET", &path);
    let mut relay = Running::start(line, &folder.path().join("log"));
    assert_eq!(hear(), "READY=1");
    relay.signal("-TERM");
    assert_eq!(hear(), "STOPPING=1");
    assert_eq!(relay.wait(), Some(0));

    let unit = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/alongside-relay.service"
    );
    let text = fs::read_to_string(unit).expect("a unit");
    let mut section = "";
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            Some(name) => section = name,
            None => assert!(!section.is_empty() && line.contains('='), "{line}"),
        }
    }
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/relay.toml");
    let output = command(&["--config", config, "--print-config"])
        .output()
        .expect("it runs");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
