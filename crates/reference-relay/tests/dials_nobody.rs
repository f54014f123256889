//! A relay answers, and calls nobody: the real program under `strace`, while a session goes through it.
#![cfg(target_os = "linux")]

mod support;

use std::{collections::BTreeSet, fs, process::Command};

use support::{
    process::{LOCAL, Running, command},
    talk,
};

/// `port and address` of each address that a line of a trace names.
fn addresses(line: &str) -> BTreeSet<String> {
    let starts = ["sin_port=", "sin6_port="];
    let found = starts.iter().flat_map(|start| line.split(start).skip(1));
    found
        .filter_map(|rest| rest.split_once('}').map(|(address, _)| address.to_owned()))
        .collect()
}

/// Where something was sent before anything had come from there, and calls to connect.
fn unasked(trace: &str) -> Vec<&str> {
    let mut known = BTreeSet::new();
    let mut unasked = Vec::new();
    for line in trace.lines() {
        // The number of the thread stands first.
        let call = line
            .split_once(' ')
            .map_or(line, |(_, call)| call)
            .trim_start();
        let call = call.trim_start_matches("<... ");
        if call.starts_with("recv") {
            known.extend(addresses(call));
        } else if call.starts_with("connect")
            || (call.starts_with("send") && !addresses(call).is_subset(&known))
        {
            unasked.push(line);
        }
    }
    unasked
}

#[test]
fn the_watch_sees_what_it_has_to() {
    let heard = "7 recvfrom(9, \"a\", 1, 0, {sa_family=AF_INET, sin_port=htons(99), \
                 sin_addr=inet_addr(\"127.0.0.1\")}, [16]) = 1\n";
    let answers = "7 sendto(9, \"b\", 1, 0, {sa_family=AF_INET, sin_port=htons(99), \
                   sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 1\n";
    assert_eq!(unasked(&format!("{heard}{answers}")), Vec::<&str>::new());
    assert_eq!(unasked(&format!("{answers}{heard}")).len(), 1);
    let elsewhere = answers.replace("99", "98");
    assert_eq!(unasked(&format!("{heard}{elsewhere}")).len(), 1);
    let dials = "7 connect(9, {sa_family=AF_INET, sin_port=htons(80), \
                 sin_addr=inet_addr(\"10.0.0.1\")}, 16) = 0\n";
    assert_eq!(unasked(&format!("{heard}{dials}")).len(), 1);
}

//= test spec/03-rendezvous.md#forwarding [RDV-35] 069005f8
#[tokio::test]
async fn it_sends_only_to_whom_it_has_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace");
    let relay = command(&LOCAL);
    let mut watched = Command::new("strace");
    watched
        .args(["-f", "--seccomp-bpf", "-qq", "-e", "trace=%network", "-o"])
        .arg(&path)
        // Whatever becomes of this test, the relay does not stay.
        .args(["timeout", "--foreground", "--signal=TERM", "8"])
        .arg(relay.get_program())
        .args(relay.get_args())
        .env_remove("ALONGSIDE_LOG");
    let mut relay = Running::start(watched, &folder.path().join("log"));
    let (mut helper, mut sharer) = (relay.client().await, relay.client().await);
    let locator = helper.issue().await;
    sharer.join(locator).await;
    assert_eq!(helper.hear().await.name(), "joined");
    talk(&mut helper, &mut sharer).await;
    drop((helper, sharer));
    let ended = tokio::task::spawn_blocking(move || relay.wait()).await;
    ended.expect("it ends");
    let trace = fs::read_to_string(&path).expect("a trace");
    assert!(trace.contains("recv") && trace.contains("send"), "{trace}");
    assert_eq!(unasked(&trace), Vec::<&str>::new());
}
