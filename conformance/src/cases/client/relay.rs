//! What a relay may not say, in each phase, and what a client does with what it may.

use alongside_wire::{
    ErrorCode, Scopes,
    code::Locator,
    rendezvous::{
        CodeIssued, CodeRequest, Gone, Hello, Joined, Leave, Message, PeerBack, PeerLost, Place,
        Refused, Rejoined, RelayHello, Reported, SignedIn, Waiting,
    },
};

use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done},
};

struct Phase {
    role: Option<Role>,
    name: &'static str,
    reach: fn(&mut ClientStage<'_>) -> Done,
    twin: &'static str,
    forbids: &'static [&'static str],
}

const ANY: &[&str] = &[
    "hello",
    "relay-hello",
    "code-request",
    "leave",
    "rejoined",
    "signed-in",
    "reported",
    "waiting",
];

const PHASES: &[Phase] = &[
    Phase {
        role: None,
        name: "asking",
        reach: |stage| stage.asking().map(|_| ()),
        twin: "client/hello/waits",
        forbids: ANY,
    },
    Phase {
        role: Some(Role::Helper),
        name: "asking",
        reach: |stage| stage.asking().map(|_| ()),
        twin: "helper/code/shown",
        forbids: &["joined"],
    },
    Phase {
        role: Some(Role::Helper),
        name: "with-a-code",
        reach: |stage| stage.has_code().map(|_| ()),
        twin: "helper/exchange/right",
        forbids: &["code-issued", "refused"],
    },
    Phase {
        role: Some(Role::Helper),
        name: "with-a-code",
        reach: |stage| stage.has_code().map(|_| ()),
        twin: "helper/exchange/right",
        forbids: ANY,
    },
    Phase {
        role: Some(Role::Helper),
        name: "securing",
        reach: |stage| stage.securing().map(|_| ()),
        twin: "helper/exchange/right",
        forbids: &["code-issued", "refused", "joined", "place", "peer-back"],
    },
    Phase {
        role: Some(Role::Sharer),
        name: "joining",
        reach: |stage| stage.joins().map(|_| ()),
        twin: "sharer/exchange/right",
        forbids: &["code-issued", "joined"],
    },
    Phase {
        role: Some(Role::Sharer),
        name: "securing",
        reach: |stage| stage.securing().map(|_| ()),
        twin: "sharer/introduce/right",
        forbids: &["code-issued", "joined", "refused", "place", "peer-back"],
    },
    Phase {
        role: None,
        name: "deciding",
        reach: |stage| stage.deciding(),
        twin: "client/relay/peer-away",
        forbids: &["code-issued", "joined", "refused", "place", "peer-back"],
    },
    Phase {
        role: None,
        name: "viewing",
        reach: |stage| stage.viewing(),
        twin: "client/relay/peer-away",
        forbids: &["code-issued", "joined", "refused", "place", "peer-back"],
    },
    Phase {
        role: None,
        name: "viewing",
        reach: |stage| stage.viewing(),
        twin: "client/relay/peer-away",
        forbids: ANY,
    },
    Phase {
        role: None,
        name: "peer-away",
        reach: |stage| {
            stage.viewing()?;
            stage.says_peer_lost();
            stage.settle()
        },
        twin: "client/relay/peer-away",
        forbids: &["peer-lost", "place", "rejoined"],
    },
];

pub(super) fn cases() -> Vec<Case> {
    let mut all = ends();
    for phase in PHASES {
        for name in phase.forbids {
            let who = phase
                .role
                .map_or("client".to_owned(), |role| role.to_string());
            let id = format!("{who}/relay/{}-forbids-{name}", phase.name);
            let title = format!("a {who} in {} ends when the relay says {name}", phase.name);
            let run = move |stage: &mut ClientStage<'_>| {
                (phase.reach)(stage)?;
                stage.say(sample(name));
                stage.ends("RDV-5", ErrorCode::UnexpectedMessage)
            };
            let checks = &["RDV-5"];
            let case = match phase.role {
                Some(Role::Helper) => Case::helper(id, title, checks, run),
                Some(Role::Sharer) => Case::sharer(id, title, checks, run),
                None => Case::client(id, title, checks, run),
            };
            all.push(case.twin(phase.twin));
        }
    }
    all
}

fn sample(name: &str) -> Message {
    let code = ErrorCode::Busy.to_wire();
    match name {
        "relay-hello" => RelayHello::default().into(),
        "code-request" => CodeRequest {}.into(),
        "leave" => Leave {
            code: ErrorCode::Done.to_wire(),
        }
        .into(),
        "code-issued" => CodeIssued {
            locator: Locator::from_random(&[3; 8], 4),
            lifetime_ms: 600_000,
        }
        .into(),
        "joined" => Joined { offer: vec![0; 40] }.into(),
        "refused" => Refused { code }.into(),
        "place" => Place { token: [9; 32] }.into(),
        "rejoined" => Rejoined { peer: true }.into(),
        "peer-lost" => PeerLost {}.into(),
        "peer-back" => PeerBack {}.into(),
        "signed-in" => SignedIn {
            help: Scopes::ALL,
            share: Scopes::ALL,
            name: String::new(),
            organisation: String::new(),
            lasts_ms: 1_000,
        }
        .into(),
        "reported" => Reported {}.into(),
        "waiting" => Waiting {}.into(),
        _ => Hello::default().into(),
    }
}

fn ends() -> Vec<Case> {
    vec![
        Case::client(
            "client/relay/peer-away",
            "a session freezes at peer-lost, tells its person, and keeps its connection",
            &["RECON-1", "RECON-4"],
            |stage| {
                stage.viewing()?;
                let from = stage.fresh()?;
                stage.says_peer_lost();
                stage.pass(3_000)?;
                stage.goes_on("RECON-1")?;
                stage.never("RECON-1", from, "sealed record", |item| {
                    item.sealed().is_some()
                })?;
                stage.tells("RECON-4", "frozen").map(|_| ())
            },
        ),
        Case::client(
            "client/relay/gone-and-closed",
            "a client handles what the relay said before it closed the connection: the end is that of gone",
            &["TRANSPORT-13", "END-5", "END-7"],
            |stage| {
                stage.viewing()?;
                let code = ErrorCode::SessionLength;
                stage.say(Gone {
                    code: code.to_wire(),
                });
                stage.moment(20)?;
                stage.closes_with(ErrorCode::RelayShutdown.to_wire())?;
                let ended = stage.tells("END-5", "ended")?;
                let seen = format!("{ended:?}");
                let by_relay = ended.text("by") == "relay";
                stage.check("END-7", by_relay, "an end by the relay", seen.clone())?;
                let right = ended.text("code") == code.name();
                stage.check("TRANSPORT-13", right, "session-length", seen)
            },
        ),
        Case::client(
            "client/relay/gone-unknown",
            "a code of gone that nobody knows counts as done",
            &["END-5", "END-7"],
            |stage| {
                stage.viewing()?;
                stage.say(Gone { code: 0x7777 });
                let ended = stage.tells("END-7", "ended")?;
                let right = ended.text("code") == "done" && ended.text("by") == "relay";
                stage.check("END-5", right, "done, by the relay", format!("{ended:?}"))
            },
        ),
        Case::client(
            "client/relay/closed-on-purpose",
            "a client ends when the relay closes the connection with a code other than lost",
            &["END-5", "END-7", "RECON-9"],
            |stage| {
                stage.viewing()?;
                let code = ErrorCode::SessionLength;
                stage.closes_with(code.to_wire())?;
                let ended = stage.tells("END-7", "ended")?;
                let right = ended.text("code") == code.name() && ended.text("by") == "relay";
                stage.check("END-5", right, "session-length", format!("{ended:?}"))?;
                stage.stays_away("RECON-9")
            },
        ),
        closed_and_back("closed-as-lost", "with lost", ErrorCode::Lost.to_wire()),
        closed_and_back(
            "closed-with-no-code",
            "with a code that is not registered",
            0x7777,
        ),
        Case::client(
            "client/relay/lost-before-deciding",
            "a client whose connection is lost before deciding ends",
            &["END-5", "RECON-9"],
            |stage| {
                stage.asking()?;
                stage.drops()?;
                stage.tells("END-5", "ended")?;
                stage.stays_away("RECON-9")
            },
        ),
    ]
}

fn closed_and_back(name: &str, how: &str, code: u16) -> Case {
    Case::client(
        format!("client/relay/{name}"),
        format!("a client whose connection the relay closes {how} comes back"),
        &["TRANSPORT-10", "RECON-10"],
        move |stage| {
            stage.viewing()?;
            stage.closes_with(code)?;
            stage.tells("TRANSPORT-10", "frozen")?;
            stage.must("RECON-10", ClientStage::asks_again).map(|_| ())
        },
    )
    .needs("reconnect")
}
