//! Cards from the program that makes them to the person who reads them: the tool's files, then two
//! clients and a relay over QUIC.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "support/cast.rs"]
mod cast;
#[path = "support/office.rs"]
mod office;

use std::path::Path;

use alongside_client::{
    By, Config,
    helper::{Command as Help, Event as Helped},
    sharer::{self, Command as Share, Event as Shared, SessionEvent},
};
use alongside_state_machine::{
    endpoint::faces::Fetched,
    identity::{
        device::Device,
        keys::SecretKey,
        text,
        trust::{Doubt, Standing, Who},
    },
};
use alongside_wire::{DeviceStatus, ErrorCode, Profile, Scopes};
use cast::Cast;
use office::{FULL, Office, photo, showing};

#[test]
fn the_tool_makes_what_it_shows() {
    let office = Office::open();
    let card = office.card("Ada", FULL);
    assert_eq!(card.card().receipt_key.len(), 1);
    assert_eq!(card.card().expires - card.card().not_before, 86_400);
    let shown = office.alongside(&["show", "Ada.card", "--trust", "trust"]);
    for text in [
        "Ada Lovelace",
        "Engineer",
        "Analytical Engines",
        "engines.example",
        "VERIFIED: Engines",
    ] {
        assert!(shown.contains(text), "{shown}");
    }
    let shown = office.alongside(&["show", "Ada.card"]);
    assert!(shown.contains("UNVERIFIED: the issuer"), "{shown}");
    #[cfg(unix)]
    for secret in ["issuer.secret", "Ada.secret"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(office.path(secret))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
}

#[test]
fn the_tool_refuses_what_an_issuer_must_not_sign() {
    let office = Office::open();
    office.card("Ada", FULL);
    let refused = |arguments: &[&str]| {
        let output = office.try_alongside(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!office.path("new.card").exists());
        String::from_utf8(output.stderr).unwrap()
    };
    let issue = |request: &str, more: &[&str]| {
        let issue = [
            "issue",
            "--issuer-key",
            "issuer.secret",
            "--request",
            request,
        ];
        refused(&[&issue[..], &["--first", "Ada", "--out", "new.card"], more].concat())
    };
    // Somebody else's key, without the secret of it.
    let request = std::fs::read_to_string(office.path("Ada.request")).unwrap();
    let (card, rest) = request.split_once('\n').unwrap();
    let other = text::hex(&SecretKey::from_seed(&[9; 32]).public());
    let changed = format!("card {other}\n{rest}");
    std::fs::write(office.path("changed"), changed).unwrap();
    assert!(issue("changed", &[]).contains("not proven"));
    std::fs::write(office.path("bare"), card).unwrap();
    assert!(issue("bare", &[]).contains("not proven"));
    // A request to another issuer.
    let elsewhere = Office::open();
    elsewhere.card("Eve", &[]);
    std::fs::copy(elsewhere.path("Eve.request"), office.path("Eve.request")).unwrap();
    assert!(issue("Eve.request", &[]).contains("not proven"));
    for more in [
        &["--last", "Lovelace", "--profile", "abbreviated"][..],
        &["--title", "Engineer", "--profile", "abbreviated"],
        &["--domain", "Not A Domain"],
        &["--organisation", "a\u{202e}b"],
        &["--scopes", "chat"],
        &["--scopes", "everything"],
        &["--hours", "25"],
    ] {
        issue("Ada.request", more);
    }
    // What is there already is not written over.
    let again = [
        "new-key",
        "--issuer",
        &office.issuer,
        "--out",
        "Ada.secret",
        "--request",
        "x",
    ];
    refused(&again);
    assert!(!Path::new(&office.path("x")).exists());
}

fn who_asks(cast: &Cast) -> (String, Who) {
    let asked = cast.sharer.log.iter().find_map(|event| match event {
        Shared::Session(SessionEvent::ConsentAsked { name, who, .. }) => {
            Some((name.clone(), Who::clone(who)))
        }
        _ => None,
    });
    asked.unwrap()
}

//= test spec/15-identity.md#trust [CARD-13] 4f46afb7
//= test spec/15-identity.md#trust [CARD-18] 06651a57
#[tokio::test(flavor = "multi_thread")]
async fn cards_of_both_profiles_reach_the_sharers_person() {
    let office = Office::open();
    let brief = [
        "--last",
        "L",
        "--profile",
        "abbreviated",
        "--scopes",
        "view",
    ];
    for (who, more, profile) in [
        ("Ada", FULL, Profile::Full),
        ("Bea", &brief[..], Profile::Abbreviated),
    ] {
        let card = office.card(who, more);
        let expected = card.card().clone();
        assert_eq!(expected.profile, profile.to_wire());
        let mut cast = Cast::asked_as(showing(card), office.trusting()).await;
        let (name, told) = who_asks(&cast);
        let issuer = "Engines".to_owned();
        assert_eq!(
            (name.as_str(), &told.standing),
            ("", &Standing::Verified { issuer })
        );
        assert_eq!(told.card.as_ref(), Some(&expected));
        cast.agree().await;
        let viewing = |event: &Helped| match event {
            Helped::Session(alongside_client::helper::SessionEvent::Viewing { scopes }) => {
                Some(*scopes)
            }
            _ => None,
        };
        let scopes = cast.helper.hear("that it may view", viewing).await;
        let narrowed = Scopes::CONSENT.intersect(expected.ceiling);
        assert_eq!(scopes, narrowed);
    }
    // Somebody who does not know the issuer is told that, and can agree all the same.
    let card = office.own("Ada.card", "Ada.secret");
    let cast = Cast::asked_as(showing(card), Config::default()).await;
    let (_, told) = who_asks(&cast);
    assert_eq!(told.standing, Standing::Unverified(Doubt::UnknownIssuer));
    cast.agree().await;
}

//= test spec/15-identity.md#trust [CARD-17] 095a90f5
#[tokio::test(flavor = "multi_thread")]
async fn a_sharer_that_needs_a_card_is_not_asked_without_one() {
    let office = Office::open();
    let mut config = office.trusting();
    config.identity.needs_card = true;
    let mut cast = Cast::joined_as(Config::default(), config).await;
    let ended = cast.sharer.ended().await;
    assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::CardNeeded));
    let ended = cast.helper.ended().await;
    assert_eq!((ended.by, ended.code), (By::Peer, ErrorCode::CardNeeded));
    assert_eq!(cast.seen.count(), 0);
}

//= test spec/15-identity.md#advisories [ADVISORY-2] 601c13f5
//= test spec/15-identity.md#advisories [ADVISORY-8] 47045629
//= test spec/15-identity.md#advisories [ADVISORY-9] 72073ee5
//= test spec/15-identity.md#sharer [CARD-20] 6f96c7b0
//= test spec/15-identity.md#pictures [PICTURE-3] 4f92a5c9
/// Everything that each end learns of the other, over QUIC: a verified helper sees the sharer's card
/// and both see a picture; a warning of the device is acknowledged before the first frame.
#[tokio::test(flavor = "multi_thread")]
async fn both_people_know_each_other_and_the_helper_the_device_before_the_first_frame() {
    let office = Office::open();
    std::fs::write(office.path("photo.png"), photo()).unwrap();
    let card = |who| {
        let card = office.card(who, &[FULL, &["--picture", "photo.png"]].concat());
        Some(card.with_picture(photo()).unwrap())
    };
    let mut helper = office.trusting();
    helper.identity.card = card("Ada");
    let mut sharer = office.trusting();
    sharer.identity.card = card("Bea");
    sharer.identity.device = Some(office.device("unenrolled"));
    let mut cast = Cast::asked_as(helper, sharer).await;
    let sharer = |event: &Helped| match event {
        Helped::Sharer(who) => Some(Who::clone(who)),
        _ => None,
    };
    let told = cast.helper.hear("who the sharer is", sharer).await;
    let issuer = "Engines".to_owned();
    assert_eq!(told.standing, Standing::Verified { issuer });
    assert_eq!(told.card.unwrap().name(), "Bea Lovelace");
    cast.sharer.order(Share::FetchPicture).await;
    let picture = |event: &Shared| match event {
        Shared::Picture(Fetched::Picture(file)) => Some(file.clone()),
        _ => None,
    };
    assert_eq!(cast.sharer.hear("the picture", picture).await, photo());
    cast.helper.order(Help::FetchPicture).await;
    let picture = |event: &Helped| match event {
        Helped::Picture(Fetched::Picture(file)) => Some(file.clone()),
        _ => None,
    };
    assert_eq!(cast.helper.hear("the picture", picture).await, photo());

    let contact = Share::Contact(sharer::Contact::Person);
    cast.sharer.order(contact).await;
    cast.sharer
        .order(Share::Consent(sharer::Consent::Given))
        .await;
    let device = |event: &Helped| match event {
        Helped::Device {
            device,
            to_acknowledge,
        } => Some((device.clone(), *to_acknowledge)),
        _ => None,
    };
    let (device, to_acknowledge) = cast.helper.hear("of the device", device).await;
    let issuer = "Engines".to_owned();
    let status = DeviceStatus::Unenrolled;
    assert_eq!(device, Device::Said { status, issuer });
    assert!(to_acknowledge);
    // The sharer shows its pattern all the time; none of it comes.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(cast.seen.count(), 0);
    cast.helper.order(Help::Acknowledge).await;
    cast.seen.more_than(0).await;
}

/// A relay that issues cards to the people of its token file.
fn issuing(office: &Office) -> (alongside_relay::Relay, alongside_client::Relay) {
    let tokens = "[[account]]\ntoken = \"ada\"\nname = \"Ada Byron Lovelace\"\n\
                  title = \"Engineer\"\nrole = \"view\"\n\
                  [[account]]\ntoken = \"nora\"\nname = \"Nora\"\nrole = \"none\"\n";
    std::fs::write(office.path("tokens.toml"), tokens).unwrap();
    let access = alongside_relay::sign_in::Access::open(&alongside_relay::sign_in::Options {
        tokens: Some(office.path("tokens.toml")),
        ..Default::default()
    });
    let issuer = alongside_relay::Issuer::open(&office.path("issuer.secret")).unwrap();
    let name = vec!["localhost".to_owned()];
    let identity = alongside_relay::tls::Identity::self_signed(name).unwrap();
    cast::relay_with(identity, |options| {
        options.access = access.unwrap();
        options.issuer = Some(issuer);
    })
}

//= test spec/15-identity.md#issuing [CARD-24] 3ecfa989
//= test spec/15-identity.md#issuing [CARD-25] e32699bd
//= test spec/15-identity.md#issuing [CARD-26] a40e6cea
/// Who signs in gets a card from the relay, which the sharer reads as vouched for by its operator.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_issues_cards_to_those_who_sign_in() {
    let office = Office::open();
    let (_relay, found) = issuing(&office);
    for profile in [Profile::Full, Profile::Abbreviated] {
        let mut helper = cast::helper_with(found.clone(), Vec::new(), |options| {
            options.sign_in = alongside_client::sign_in::from_text("ada").ok();
            options.config.identity.ask_relay = Some(profile);
        });
        let code = |event: &Helped| match event {
            Helped::Code { code, .. } => Some(*code),
            _ => None,
        };
        let code = helper.hear("a code", code).await;
        let trust = format!("relay-operator {} The relay\n", office.issuer);
        let anchors = text::anchors(&trust).unwrap();
        let injected = cast::Recorder::default();
        let mut sharer = cast::sharer_with(found.clone(), code, &injected, |options| {
            options.config.identity.anchors = anchors;
        });
        let asked = |event: &Shared| match event {
            Shared::Session(SessionEvent::ConsentAsked { who, .. }) => Some(Who::clone(who)),
            _ => None,
        };
        let told = sharer.hear("who asks", asked).await;
        let issuer = "The relay".to_owned();
        assert_eq!(told.standing, Standing::VouchedByRelay { issuer });
        let card = told.card.unwrap();
        let (name, title) = match profile {
            Profile::Full => ("Ada Byron Lovelace", "Engineer"),
            Profile::Abbreviated => ("Ada B", ""),
        };
        assert_eq!((card.name().as_str(), card.title.as_str()), (name, title));
        assert!(card.ceiling.contains(Scopes::VIEW) && !card.ceiling.contains(Scopes::POINTER));
    }
    // Whoever may help nobody gets none, and is told why.
    let mut helper = cast::helper_with(found, Vec::new(), |options| {
        options.sign_in = alongside_client::sign_in::from_text("nora").ok();
        options.config.identity.ask_relay = Some(Profile::Full);
    });
    let why = |event: &Helped| match event {
        Helped::Trouble(why) => Some(why.clone()),
        _ => None,
    };
    let why = helper.hear("why there is no card", why).await;
    assert!(why.contains("role-not-enough"), "{why}");
}
