//! Signing in, roles and policy on the real stack: a relay with files, and two clients over QUIC.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;

use std::{path::Path, process::Stdio, time::Duration};

use alongside_client::{
    By, Misuse, Relay,
    helper::{self, Command as Help, Event as Helped},
    sharer::{self, Command as Share, Consent, Contact, Event as Shared},
    sign_in,
};
use alongside_relay::{
    RelayConfig,
    sign_in::{Access, Options},
    tls::Identity,
};
use alongside_wire::{ErrorCode, Scopes, code::Code};
use cast::{HelperEnd, Recorder, Seen, SharerEnd, helper_with, relay_with, sharer_with};

/// The token of each account is its subject.
const TOKENS: &str = r#"
[[account]]
token = "none"
name = "Nora"
organisation = "Example"
role = "none"
device = "compliant"

[[account]]
token = "view"
name = "Vera"
organisation = "Example"
role = "view"

[[account]]
token = "control"
name = "Cora"
organisation = "Example"
role = "control"

[[account]]
token = "elevation"
name = "Ella"
organisation = "Example"
role = "elevation"

[[account]]
token = "unenrolled"
name = "Una"
organisation = "Example"
device = "unenrolled"

[[account]]
token = "elsewhere"
name = "Otto"
organisation = "Other"
role = "control"
device = "compliant"

[[account]]
token = "alone"
name = "Alma"
role = "control"
"#;

/// Help by an organisation for everybody.
const OPEN: &str = "[organisation]\ndevices = \"unknown\"\n";

/// A relay with these accounts and rules.
struct Stage {
    _relay: alongside_relay::Relay,
    found: Relay,
}

impl Stage {
    fn new(policy: &str) -> Self {
        Self::with(policy, |_| {})
    }

    fn with(policy: &str, set: impl FnOnce(&mut RelayConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        };
        let access = Access::open(&Options {
            tokens: file("tokens.toml", TOKENS),
            policy: file("policy.toml", policy),
            ..Options::default()
        });
        let access = access.unwrap_or_else(|error| panic!("{error}"));
        let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let (relay, found) = relay_with(identity, |options| {
            options.access = access;
            set(&mut options.config);
        });
        Self {
            _relay: relay,
            found,
        }
    }

    /// A helper who signs in with this token, if it is one.
    fn helper(&self, token: &str) -> HelperEnd {
        let views: Vec<Box<dyn alongside_client::view::View>> = vec![Box::new(Seen::default())];
        helper_with(self.found.clone(), views, |options| {
            options.sign_in = sign_in::from_text(token).ok();
        })
    }

    fn sharer(&self, token: &str, code: Code, link: bool) -> SharerEnd {
        sharer_with(self.found.clone(), code, &Recorder::default(), |options| {
            options.sign_in = sign_in::from_text(token).ok();
            if link {
                options.start = sharer::Start::Link(code);
            }
        })
    }
}

async fn code(helper: &mut HelperEnd) -> Code {
    let code = |event: &Helped| match event {
        Helped::Code { code, .. } => Some(*code),
        _ => None,
    };
    helper.hear("a code", code).await
}

/// The relay's reason for the end of a helper, or of a sharer.
async fn refused<C, E: std::fmt::Debug>(end: &mut cast::End<C, E>) -> ErrorCode {
    let ended = end.ended().await;
    assert_eq!((ended.by, ended.fault), (By::Relay, None));
    ended.code
}

/// Waits until the sharer is asked, agrees, and the helper sees.
async fn agree(helper: &mut HelperEnd, sharer: &mut SharerEnd) {
    let asked = |event: &Shared| match event {
        Shared::Session(sharer::SessionEvent::ConsentAsked { .. }) => Some(()),
        _ => None,
    };
    sharer.hear("the question", asked).await;
    sharer.order(Share::Contact(Contact::Person)).await;
    sharer.order(Share::Consent(Consent::Given)).await;
    let viewing = |event: &Helped| match event {
        Helped::Session(helper::SessionEvent::Viewing { .. }) => Some(()),
        _ => None,
    };
    helper.hear("that it sees", viewing).await;
}

#[derive(Debug, PartialEq)]
enum Control {
    /// The sharer's machine heard the request.
    Asked,
    /// It is beyond the ceiling that both ends know.
    Beyond,
}

/// What becomes of a request for control, right after consent.
async fn control(helper: &mut HelperEnd) -> Control {
    helper.order(Help::RequestControl(Scopes::CONTROL)).await;
    let answer = |event: &Helped| match event {
        // Too early, since the person has only just agreed, and otherwise in order.
        Helped::Session(helper::SessionEvent::ControlDenied(ErrorCode::TooEarly)) => {
            Some(Control::Asked)
        }
        Helped::NotNow(Misuse::Scope) => Some(Control::Beyond),
        _ => None,
    };
    helper.hear("an answer", answer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_says_whether_somebody_helps_and_how_far() {
    let stage = Stage::new(OPEN);
    let mut nobody = stage.helper("none");
    assert_eq!(refused(&mut nobody).await, ErrorCode::RoleNotEnough);
    for (role, name, expected) in [
        ("view", "Vera", Control::Beyond),
        ("control", "Cora", Control::Asked),
        ("elevation", "Ella", Control::Asked),
    ] {
        let mut helper = stage.helper(role);
        let signed_in = |event: &Helped| match event {
            Helped::SignedIn(signed_in) => Some(signed_in.clone()),
            _ => None,
        };
        let signed_in = helper.hear("who it is", signed_in).await;
        assert_eq!(
            (signed_in.name.as_str(), signed_in.organisation.as_str()),
            (name, "Example")
        );
        // The sharer needs no account.
        let code = code(&mut helper).await;
        let mut sharer = stage.sharer("", code, false);
        agree(&mut helper, &mut sharer).await;
        assert_eq!(control(&mut helper).await, expected, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_limits_how_far_anybody_goes() {
    for policy in [
        format!("{OPEN}most = \"view\"\n"),
        format!("{OPEN}[organisations.Example]\nmost = \"view\"\n"),
    ] {
        let stage = Stage::new(&policy);
        let mut helper = stage.helper("elevation");
        let code = code(&mut helper).await;
        let mut sharer = stage.sharer("", code, false);
        agree(&mut helper, &mut sharer).await;
        assert_eq!(control(&mut helper).await, Control::Beyond);
    }
    // And for its own people, whoever helps them.
    let stage = Stage::new("[organisation]\nmost = \"view\"\n");
    let mut helper = stage.helper("");
    let code = code(&mut helper).await;
    let mut sharer = stage.sharer("none", code, false);
    agree(&mut helper, &mut sharer).await;
    assert_eq!(control(&mut helper).await, Control::Beyond);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_is_told_why_there_is_no_code() {
    let cases = [
        ("", "wrong", ErrorCode::SignInFailed),
        ("", "a.jwt.token", ErrorCode::Unsupported),
        ("[assist]\nsign_in = true", "", ErrorCode::SignInRequired),
        ("[assist]\nenabled = false", "", ErrorCode::SignInRequired),
        (
            "[assist]\nenabled = false",
            "alone",
            ErrorCode::ProductDisabled,
        ),
        (
            "[organisation]\nenabled = false",
            "control",
            ErrorCode::ProductDisabled,
        ),
        (
            "[organisations.Example]\nenabled = false",
            "control",
            ErrorCode::ProductDisabled,
        ),
        (
            "[organisation]\nown_device = \"compliant\"",
            "control",
            ErrorCode::ConditionsNotMet,
        ),
        (
            "[organisation]\nnetworks = [\"192.0.2.0/24\"]",
            "control",
            ErrorCode::ConditionsNotMet,
        ),
    ];
    for (policy, token, expected) in cases {
        let stage = Stage::new(policy);
        let mut helper = stage.helper(token);
        assert_eq!(refused(&mut helper).await, expected, "{policy} {token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_product_off_leaves_the_other_as_it_was() {
    for (policy, token) in [
        (
            "[assist]\nenabled = false\n[organisation]\ndevices = \"unknown\"",
            "control",
        ),
        ("[organisation]\nenabled = false", ""),
        ("[organisation]\nenabled = false", "alone"),
        (
            "[organisations.Other]\nenabled = false\n[organisation]\ndevices = \"unknown\"",
            "control",
        ),
    ] {
        let stage = Stage::new(policy);
        let mut helper = stage.helper(token);
        let code = code(&mut helper).await;
        let mut sharer = stage.sharer("", code, false);
        agree(&mut helper, &mut sharer).await;
        assert_eq!(
            control(&mut helper).await,
            Control::Asked,
            "{policy} {token}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sharer_is_told_why_it_may_not_join_and_the_helper_too() {
    let cases = [
        // Help for devices that are not enrolled is off until it is allowed.
        ("", "", false, Some(ErrorCode::SignInRequired)),
        ("", "unenrolled", false, Some(ErrorCode::DeviceNotAllowed)),
        ("", "view", false, Some(ErrorCode::DeviceNotAllowed)),
        ("", "none", false, None),
        (OPEN, "unenrolled", false, None),
        (
            "[organisation]\ndevices = \"unknown\"\nlinks = false",
            "",
            true,
            Some(ErrorCode::LinkNotAllowed),
        ),
        (OPEN, "", true, None),
        (
            "[organisation]\nsharers = \"same-organisation\"",
            "elsewhere",
            false,
            Some(ErrorCode::OtherOrganisation),
        ),
        (
            "[organisation]\nsharers = \"same-organisation\"",
            "none",
            false,
            None,
        ),
    ];
    for (policy, token, link, expected) in cases {
        let stage = Stage::new(policy);
        let mut helper = stage.helper("control");
        let first = code(&mut helper).await;
        let mut sharer = stage.sharer(token, first, link);
        let Some(expected) = expected else {
            agree(&mut helper, &mut sharer).await;
            continue;
        };
        assert_eq!(refused(&mut sharer).await, expected, "{policy} {token}");
        let told = |event: &Helped| match event {
            Helped::Session(helper::SessionEvent::CodeEnded(code)) => Some(*code),
            _ => None,
        };
        assert_eq!(helper.hear("that the code is over", told).await, expected);
        // It is spent, and another can be had.
        helper.order(Help::NewCode).await;
        assert_ne!(code(&mut helper).await.locator, first.locator);
    }
}

//= test spec/13-sign-in.md#lasting [AUTH-12] b929b60d
#[tokio::test(flavor = "multi_thread")]
async fn a_helper_signs_in_again_when_its_sign_in_is_over() {
    let stage = Stage::with(OPEN, |config| config.sign_in_ms = 1_000);
    let mut helper = stage.helper("control");
    let first = code(&mut helper).await;
    let over = |event: &Helped| match event {
        Helped::Session(helper::SessionEvent::CodeEnded(ErrorCode::SignInExpired)) => Some(()),
        _ => None,
    };
    helper.hear("that the sign-in is over", over).await;
    let again = sign_in::from_text("control").unwrap();
    helper.order(Help::SignIn(again)).await;
    assert_ne!(code(&mut helper).await.locator, first.locator);
    // Who does not is told that it has to, and is not taken for somebody without an account.
    helper.hear("that it is over again", over).await;
    helper.order(Help::NewCode).await;
    assert_eq!(refused(&mut helper).await, ErrorCode::SignInExpired);
}

/// The program `alongside`, as far as it gets within ten seconds: exit code, if it has ended by
/// then or by `until` showing up, and what it said.
async fn program(
    stage: &Stage,
    task: &[&str],
    typed: &str,
    token: &Path,
    until: &str,
) -> (Option<i32>, String) {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    let fingerprint = match &stage.found.trust {
        alongside_client::Trust::Fingerprint(fingerprint) => fingerprint.to_string(),
        alongside_client::Trust::Authorities(_) => panic!("it is self-signed"),
    };
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_alongside"))
        .args(task)
        .args([
            "--relay",
            &stage.found.address,
            "--fingerprint",
            &fingerprint,
            "--token-file",
        ])
        .arg(token)
        .env_remove("ALONGSIDE_TOKEN")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // It stays open: somebody could still type.
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(format!("{typed}\n").as_bytes())
        .await
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = String::new();
    let reading = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            said += &line;
            said.push('\n');
            if line.contains(until) {
                return None;
            }
        }
        child.wait().await.unwrap().code()
    };
    let exit = tokio::time::timeout(Duration::from_secs(20), reading).await;
    (exit.expect("it says nothing"), said)
}

const HELPER: &[&str] = &["helper", "--no-window"];

//= test spec/13-sign-in.md#sign-in [AUTH-8] fb9cbea7
#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_who_one_is_or_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "control\n").unwrap();
    let stage = Stage::new(OPEN);
    let (_, said) = program(&stage, HELPER, "", &token, "Your code").await;
    assert!(
        said.contains("Signed in as Cora (Example); may see and control"),
        "{said}"
    );
    assert!(said.contains("Your code"), "{said}");

    for (policy, text, advice) in [
        (OPEN, "wrong", "get a new one"),
        (OPEN, "none", "role of a helper"),
        (
            "[assist]\nenabled = false",
            "alone",
            "switched this kind of help off",
        ),
        (
            "[organisation]\nown_device = \"compliant\"",
            "control",
            "certain networks or devices",
        ),
        (OPEN, "a.jwt.token", "leave --token-file out"),
    ] {
        std::fs::write(&token, text).unwrap();
        let (exit, said) = program(&Stage::new(policy), HELPER, "", &token, "Your code").await;
        assert_eq!(exit, Some(3), "{said}");
        assert!(said.contains(advice), "{said}");
        assert!(text.len() < 6 || !said.contains(text), "{said}");
    }
    let missing = program(&stage, HELPER, "", &folder.path().join("no"), "Your code").await;
    assert_eq!(missing.0, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_tells_a_sharer_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    for (policy, text, advice) in [
        ("", "unenrolled", "device that it does not know well enough"),
        (
            "[organisation]\nsharers = \"same-organisation\"",
            "elsewhere",
            "sign in with an account of it",
        ),
        (OPEN, "wrong", "get a new one"),
    ] {
        std::fs::write(&token, text).unwrap();
        let stage = Stage::new(policy);
        let mut helper = stage.helper("control");
        let code = code(&mut helper).await.to_string();
        let sharer = ["sharer", "--screen", "pattern"];
        let (exit, said) = program(&stage, &sharer, &code, &token, "wants to SEE").await;
        assert_eq!(exit, Some(3), "{said}");
        assert!(said.contains(advice), "{said}");
    }
}
