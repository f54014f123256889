//! The program, as people and scripts run it.

mod support;

use std::{fs, net::UdpSocket, process::Output};

use alongside_wire::ErrorCode;
use support::{
    code, gone,
    process::{LOCAL, Running, command},
    talk,
};

fn run(args: &[&str]) -> Output {
    command(args).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_help_teaches() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for word in [
        "--self-signed",
        "--cert",
        "--sign-in-jwks",
        "--policy",
        "Examples",
        "Exit codes",
        "[default: [::]:443]",
    ] {
        assert!(help.contains(word), "{word} in {help}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for args in [
        &[][..],
        &["--cert", "x.pem"],
        &["--self-signed", "--cert", "a", "--key", "b"],
        &["--self-signed", "--listen", "nowhere"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains("--help"));
    }
}

#[test]
fn failures_exit_with_1_and_say_what_to_do() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = taken.local_addr().expect("an address").to_string();
    let output = run(&["--self-signed", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.contains(&address) && error.contains("--listen"),
        "{error}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "").expect("written");
    let empty = empty.to_str().expect("a path");
    for cert in ["/nonexistent.pem", empty] {
        let output = run(&["--cert", cert, "--key", cert]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(cert));
    }
}

#[tokio::test]
async fn signals_shut_it_down_cleanly() {
    let folder = tempfile::tempdir().expect("a folder");
    for signal in ["-TERM", "-INT"] {
        let mut relay = Running::start(command(&LOCAL), &folder.path().join("log"));
        let mut client = relay.client().await;
        relay.signal(signal);
        assert_eq!(client.hear().await, gone(ErrorCode::RelayShutdown));
        assert_eq!(client.closed().await, code(ErrorCode::RelayShutdown));
        drop(client);
        let exit = tokio::task::spawn_blocking(move || relay.wait()).await;
        assert_eq!(exit.expect("stopped"), Some(0));
    }
}

#[tokio::test]
async fn it_serves_with_a_certificate_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let [cert, key, log] = ["cert.pem", "key.pem", "log"].map(|name| folder.path().join(name));
    fs::write(&cert, made.cert.pem()).expect("written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let mut command = command(&["--listen", "127.0.0.1:0", "--cert"]);
    command.arg(&cert).arg("--key").arg(&key);
    Running::start(command, &log).client().await;
}

//= test spec/03-rendezvous.md#forwarding [RDV-33] e2a4a48e
#[tokio::test]
async fn no_log_holds_a_code_or_what_is_carried() {
    let mut command = command(&LOCAL);
    command.env("ALONGSIDE_LOG", "trace");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let mut relay = Running::start(command, &path);
    let (mut helper, mut sharer) = (relay.client().await, relay.client().await);
    let locator = helper.issue().await;
    sharer.join(locator).await;
    assert_eq!(helper.hear().await.name(), "joined");
    talk(&mut helper, &mut sharer).await;
    relay.signal("-KILL");
    relay.wait();
    let log = text(&fs::read(&path).expect("a log"));
    assert!(log.contains("a session began"), "the log is on");
    // Connection ids in hexadecimal may hold the four characters by chance, words do not.
    let words: Vec<&str> = log.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    assert!(!words.contains(&locator.as_str()), "a code");
    assert!(!log.contains("and back"), "what was carried");
}
