//! Signing in at a relay that reads files, over QUIC, with tokens that are signed here.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use alongside_relay::{
    Relay,
    sign_in::{Access, Claims, IssuerOptions, Options},
};
use alongside_wire::{
    ErrorCode, Scopes, SignInMethod,
    rendezvous::{CodeRequest, Message, Refused, SignIn, Token},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use support::{
    Client, gone,
    process::{LOCAL, Running, command},
    start_with, talk,
};

/// How far clocks may be apart, in seconds.
const TOLERANCE: u64 = 300;

fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

/// An issuer with one key.
struct Issuer(Ed25519KeyPair);

impl Issuer {
    fn new() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key"))
    }

    fn publish(&self, folder: &Path) -> PathBuf {
        let x = BASE64.encode(self.0.public_key());
        let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x});
        let path = folder.join("jwks.json");
        fs::write(&path, json!({ "keys": [key] }).to_string()).expect("written");
        path
    }

    /// A token of a helper that expires then, in seconds since 1970.
    fn token(&self, expires: u64) -> String {
        let part = |part: &Value| BASE64.encode(part.to_string());
        let header = json!({"alg": "EdDSA", "kid": "one"});
        let claims = json!({
            "iss": "issuer", "aud": "alongside", "sub": "ada", "exp": expires, "name": "Ada",
            "organisation": "Example", "alongside_role": ["control"],
        });
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = BASE64.encode(self.0.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

fn relay(issuer: &Issuer, policy: &str) -> Relay {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("policy.toml");
    fs::write(&rules, policy).expect("written");
    let access = Access::open(&Options {
        issuers: vec![IssuerOptions {
            jwks: issuer.publish(folder.path()),
            issuer: "issuer".to_owned(),
            audience: "alongside".to_owned(),
            claims: Claims::default(),
        }],
        policy: Some(rules),
        ..Options::default()
    });
    let access = access.expect("files that are right");
    start_with(|options| options.access = access)
}

fn sign_in(method: SignInMethod, token: &str) -> SignIn {
    SignIn {
        method: method.to_wire(),
        token: Token::new(token),
    }
}

async fn refused(client: &mut Client, message: impl Into<Message>, code: ErrorCode) {
    client.say(message).await;
    let code = code.to_wire();
    assert_eq!(client.hear().await, Refused { code }.into());
}

async fn signed_in(client: &mut Client, token: &str) -> (Scopes, u64) {
    client.say(sign_in(SignInMethod::Jwt, token)).await;
    match client.hear().await {
        Message::SignedIn(signed_in) => {
            let who = (signed_in.name.as_str(), signed_in.organisation.as_str());
            assert_eq!(who, ("Ada", "Example"));
            (signed_in.help, signed_in.lasts_ms)
        }
        other => panic!("expected to be signed in, got {other:?}"),
    }
}

//= test spec/13-sign-in.md#jwt [AUTH-14] ee2375b3
#[tokio::test]
async fn a_signed_token_opens_the_door_and_no_other_does() {
    let issuer = Issuer::new();
    let relay = relay(&issuer, "");
    let mut client = Client::new(&relay).await;
    let good = issuer.token(unix_now() + 3_600);
    let forged = Issuer::new().token(unix_now() + 3_600);
    let old = issuer.token(unix_now() - TOLERANCE - 1);
    let failed = ErrorCode::SignInFailed;
    refused(&mut client, sign_in(SignInMethod::Jwt, &forged), failed).await;
    let expired = ErrorCode::SignInExpired;
    refused(&mut client, sign_in(SignInMethod::Jwt, &old), expired).await;
    let unsupported = ErrorCode::Unsupported;
    refused(
        &mut client,
        sign_in(SignInMethod::Token, &good),
        unsupported,
    )
    .await;
    let (help, lasts_ms) = signed_in(&mut client, &good).await;
    assert!(help.contains(Scopes::CONTROL) && !help.contains(Scopes::ELEVATION));
    assert!(lasts_ms > 3_600_000 && lasts_ms <= (3_600 + TOLERANCE) * 1_000);
    client.issue().await;
}

/// A sign-in that lasts two seconds or three; real time passes here.
fn brief(issuer: &Issuer) -> String {
    issuer.token(unix_now() - TOLERANCE + 3)
}

//= test spec/13-sign-in.md#policy [POLICY-12] 3700ef75
#[tokio::test]
async fn a_session_ends_with_the_token_where_the_organisation_wants_it() {
    let issuer = Issuer::new();
    for end in [true, false] {
        let policy = format!("[organisation]\ndevices = \"unknown\"\nend_at_expiry = {end}\n");
        let relay = relay(&issuer, &policy);
        let mut helper = Client::new(&relay).await;
        let mut sharer = Client::new(&relay).await;
        let (_, lasts_ms) = signed_in(&mut helper, &brief(&issuer)).await;
        assert!(lasts_ms <= 3_000);
        let locator = helper.issue().await;
        sharer.join(locator).await;
        assert_eq!(helper.hear().await.name(), "joined");
        talk(&mut helper, &mut sharer).await;
        if end {
            let expired = ErrorCode::SignInExpired;
            assert_eq!(helper.hear().await, gone(expired));
            assert_eq!(sharer.hear().await, gone(expired));
            refused(&mut helper, CodeRequest {}, expired).await;
            // With a fresh token it goes on.
            signed_in(&mut helper, &issuer.token(unix_now() + 60)).await;
            helper.issue().await;
        } else {
            tokio::time::sleep(Duration::from_millis(lasts_ms + 100)).await;
            talk(&mut helper, &mut sharer).await;
        }
    }
}

//= test spec/13-sign-in.md#sign-in [AUTH-5] 20ce15d9
#[tokio::test]
async fn guessing_tokens_takes_longer_and_longer() {
    let issuer = Issuer::new();
    let relay = relay(&issuer, "");
    let mut client = Client::new(&relay).await;
    let failed = ErrorCode::SignInFailed;
    for _ in 0..3 {
        refused(&mut client, sign_in(SignInMethod::Jwt, "a.b.c"), failed).await;
    }
    // Another connection from the same place is no way around it.
    let mut client = Client::new(&relay).await;
    let began = Instant::now();
    refused(&mut client, sign_in(SignInMethod::Jwt, "a.b.c"), failed).await;
    assert!(began.elapsed() >= Duration::from_secs(1));
}

//= test spec/13-sign-in.md#sign-in [AUTH-7] c612b721
#[tokio::test]
async fn the_program_reads_its_files_and_logs_no_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let account = "[[account]]\ntoken = \"a-right-secret\"\nname = \"Ada\"\nrole = \"view\"\n";
    let tokens = file("tokens.toml", account);
    let policy = file("policy.toml", "[assist]\nsign_in = true\n");
    let log = folder.path().join("log");
    let mut relay = command(&LOCAL);
    relay.env("ALONGSIDE_LOG", "trace");
    relay.arg("--sign-in-tokens").arg(&tokens);
    relay.arg("--policy").arg(&policy);
    let relay = Running::start(relay, &log);
    let mut client = relay.client().await;
    refused(&mut client, CodeRequest {}, ErrorCode::SignInRequired).await;
    let wrong = sign_in(SignInMethod::Token, "a-wrong-secret");
    refused(&mut client, wrong, ErrorCode::SignInFailed).await;
    client
        .say(sign_in(SignInMethod::Token, "a-right-secret"))
        .await;
    assert_eq!(client.hear().await.name(), "signed-in");
    client.issue().await;
    // The service is switched off while it runs, and the file is wrong for a moment.
    file("policy.toml", "[assist]\nenabeld");
    file("policy.toml", "[assist]\nenabled = false\n");
    let mut late = relay.client().await;
    loop {
        let alone = sign_in(SignInMethod::Token, "a-right-secret");
        late.say(alone).await;
        let code = ErrorCode::ProductDisabled.to_wire();
        if late.hear().await == (Refused { code }).into() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    drop(relay);
    let log = fs::read(&log).expect("a log");
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("a client connected"), "the log is on");
    assert!(!log.contains("secret") && !log.contains("Ada"), "{log}");
}

#[test]
fn files_that_are_wrong_are_named_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wrong");
    fs::write(&path, "[nonsense]\n").expect("written");
    let path = path.to_str().expect("a path");
    let issuer = ["--sign-in-issuer", "x", "--sign-in-audience", "y"];
    for (flag, rest) in [
        ("--sign-in-tokens", &[][..]),
        ("--policy", &[]),
        ("--sign-in-jwks", &issuer),
    ] {
        let output = command(&LOCAL).args([flag, path]).args(rest).output();
        let output = output.expect("it runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{flag}: {error}");
        assert!(error.contains(path), "{error}");
    }
    let output = command(&LOCAL).args(["--sign-in-jwks", path]).output();
    assert_eq!(output.expect("it runs").status.code(), Some(2));
}
