//! The table of a connection.

use std::sync::Arc;

use alongside_spec::tables::{Machine, Outcome};
use alongside_wire::{
    ErrorCode, Scopes,
    code::Locator,
    device::{DeviceId, DeviceToken},
    rendezvous::{
        Call, CardChallenge, CardIssued, CardProof, CardRequest, CodeIssued, CodeRequest, Deliver,
        Gone, Hello, Joined, Leave, Message, PeerBack, PeerLost, Place, Refused, Rejoin, Rejoined,
        RelayHello, Report, Reported, SignIn, SignedIn, Token, Wait, Waiting,
    },
};

use super::{Plan, hears, listens, plan, untestable};
use crate::{
    case::Case,
    cases::{
        relay::{
            delays::{by, nobodys},
            hold::token_of,
        },
        tables::machine,
    },
    stage::{Done, RelayStage, Who},
};

pub(super) fn cases() -> Vec<Case> {
    let text = include_str!("../../../../../spec/tables/connection.toml");
    let machine = Arc::new(machine("connection", text));
    let mut plans = plan::plans(&machine, cost);
    plans.retain(|plan| !is_overtaken(plan));
    let allowed = |plan: &&Plan| plan.outputs.is_some();
    plans
        .iter()
        .map(|one| {
            let twin = || {
                let mut others = plans.iter().filter(allowed);
                let same_event = others.find(|other| other.event == one.event);
                let mut others = plans.iter().filter(allowed);
                let first = if one.at.first().is_some_and(|at| at == "greeting") {
                    "hello"
                } else {
                    "leave"
                };
                let same_state = others.find(|other| other.at == one.at && other.event == first);
                same_event.or(same_state).map(|other| other.id(&machine))
            };
            let case = case(one, &machine);
            match one.outputs.is_none().then(twin).flatten() {
                Some(twin) => case.twin(twin),
                None => case,
            }
        })
        .collect()
}

/// Another timer runs out first, unless the states were reached at just the right time: of these there
/// are cases by hand.
fn is_overtaken(plan: &Plan) -> bool {
    let is = |state: &str| plan.at.iter().any(|at| at == state);
    match plan.event.as_str() {
        "session-length" => is("away"),
        "report-window" => is("joining"),
        _ => false,
    }
}

/// What needs accounts, devices or time is gone by only if there is no other way.
fn cost(event: &str) -> u32 {
    match event {
        "hello" | "code-request" | "leave" | "deliver" => 1,
        _ if event.starts_with("join:") => 2,
        _ if event.starts_with("rejoin:") => 4,
        "somebody joins by its code" | "its peer is lost" | "its peer leaves" => 2,
        _ if ["sign-in", "card-request", "the token is good"].contains(&event) => 100,
        _ if event.starts_with("wait:") || event.starts_with("call:") => 200,
        _ => 20,
    }
}

fn case(plan: &Plan, machine: &Arc<Machine>) -> Case {
    let (state, event) = (plan.place(machine), &plan.event);
    let state = state
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .replace(['-', '+'], " ");
    let title =
        format!("a connection that is {state} does what its table says when there is: {event}");
    let (plan, machine) = (plan.clone(), Arc::clone(machine));
    let (id, by) = (plan.id(&machine), plan.by.clone());
    Case::relay(id, title, &by, move |stage| {
        Player::begin(stage)?.plays(&plan, &machine)
    })
}

struct Player<'s, 'a> {
    stage: &'s mut RelayStage<'a>,
    client: Who,
    peer: Option<Who>,
    locator: Option<Locator>,
    /// The token of a place that is held.
    place: Option<[u8; 32]>,
    /// What the event says.
    told: ErrorCode,
}

impl<'s, 'a> Player<'s, 'a> {
    fn begin(stage: &'s mut RelayStage<'a>) -> Done<Self> {
        let client = stage.connect()?;
        Ok(Self {
            stage,
            client,
            peer: None,
            locator: None,
            place: None,
            told: ErrorCode::Done,
        })
    }

    fn plays(&mut self, plan: &Plan, machine: &Machine) -> Done {
        let states = |at: &[String], name: &str| {
            let region = machine
                .regions
                .iter()
                .position(|region| region.name == name);
            region
                .and_then(|region| at.get(region))
                .cloned()
                .unwrap_or_default()
        };
        let mut at = machine.start();
        for event in &plan.path {
            let state = machine
                .regions
                .first()
                .and_then(|region| region.states.get(*at.first()?))
                .cloned()
                .unwrap_or_default();
            self.ready(event, &state)?;
            let before = self.stage.client_of(self.client).heard.len();
            self.does(event, &state)?;
            self.stage.settle()?;
            if let Some(number) = machine.event(event)
                && let Outcome::Step(to, outputs) = machine.decide(&at, number).outcome
            {
                at = to;
                let said = outputs.iter().filter(|output| output.starts_with("send "));
                let wanted = said.count();
                self.stage.comes(self.client, before + wanted)?;
            }
        }
        let connection = states(&plan.at, "connection");
        let there = connection == "in a session" && states(&plan.at, "peer") == "there";
        self.ready(&plan.event, &connection)?;
        listens(self.stage, Some(self.client));
        listens(self.stage, self.peer);
        self.does(&plan.event, &connection)?;
        self.compares(plan, machine, there)?;
        self.is_in(
            &states(&plan.to, "connection"),
            states(&plan.to, "peer") == "there",
            plan,
        )
    }

    /// What must be seen of it.
    fn compares(&mut self, plan: &Plan, machine: &Machine, there: bool) -> Done {
        let violation = vec![
            "close unexpected-message".to_owned(),
            "pass gone lost".to_owned(),
        ];
        let outputs = match &plan.outputs {
            Some(outputs) => outputs.clone(),
            None => violation,
        };
        let strip = |prefix: &str| -> Vec<String> {
            let mut out: Vec<_> = outputs
                .iter()
                .filter_map(|output| output.strip_prefix(prefix))
                .map(str::to_owned)
                .collect();
            out.dedup();
            out
        };
        let mut mine = strip("send ");
        mine.extend(
            strip("close ")
                .into_iter()
                .map(|code| format!("close {code}")),
        );
        let told = self.told;
        let own_end = plan.event.starts_with("the connection is");
        if !own_end {
            let mine: Vec<_> = mine
                .iter()
                .map(|said| match told == ErrorCode::UnexpectedMessage {
                    true => said.replace("unexpected-message", "as told"),
                    false => said.clone(),
                })
                .collect();
            hears(self.stage, plan, machine, self.client, &mine, told)?;
        }
        let by_peer = plan.event.starts_with("its peer");
        let mut peers = strip("pass ");
        let expected = there || plan.outputs.is_some() && !peers.is_empty();
        // The cell is that of one connection; that of its peer is shut down as well.
        if plan.event == "shut down" && expected && !peers.is_empty() {
            peers.push(format!("close {}", ErrorCode::RelayShutdown));
        }
        if let (Some(peer), true, false) = (self.peer, expected, by_peer) {
            hears(self.stage, plan, machine, peer, &peers, told)?;
        }
        for id in &plan.by {
            self.stage.holds(id);
        }
        Ok(())
    }

    /// Whether the connection is in this state shows by what is allowed in it.
    fn is_in(&mut self, state: &str, there: bool, plan: &Plan) -> Done {
        let id = plan.by.first().copied().unwrap_or("RDV-6");
        if plan.outputs.is_none() {
            return Ok(());
        }
        let client = self.client;
        match (state, self.peer) {
            ("idle", _) => {
                self.stage.say(client, CodeRequest {});
                self.stage
                    .sees(id, client, "code-issued, as it is idle", |heard| {
                        heard.is("code-issued")
                    })?;
            }
            ("with a code", _) => {
                if let Some(locator) = self.locator {
                    let joins = self.stage.client_from(9)?;
                    self.stage.join(joins, locator, b"an offer")?;
                    self.stage
                        .sees(id, client, "joined, as it has a code", |heard| {
                            heard.is("joined")
                        })?;
                }
            }
            ("in a session", Some(peer)) if there => {
                self.stage.deliver(client, b"still there");
                self.stage
                    .sees(id, peer, "deliver, as it is in a session", |heard| {
                        heard.is("deliver")
                    })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What has to be so for an event, and is none of the client's.
    fn ready(&mut self, event: &str, state: &str) -> Done {
        if !event.starts_with("rejoin:") || state != "idle" || event.ends_with("token") {
            return match (event, state) {
                ("join: by a live code", "idle") => {
                    let owner = self.stage.client_from(1)?;
                    self.locator = Some(self.stage.code(owner)?);
                    self.peer = Some(owner);
                    Ok(())
                }
                _ => Ok(()),
            };
        }
        let (helper, sharer) = self.stage.pair()?;
        self.stage.close(sharer, ErrorCode::Lost.to_wire());
        self.stage
            .await_(helper, "peer-lost", |heard| heard.is("peer-lost"))?;
        if event.ends_with("away") {
            self.stage.close(helper, ErrorCode::Lost.to_wire());
            self.stage.settle()?;
        }
        self.place = Some(token_of(self.stage, sharer)?);
        self.peer = Some(helper);
        Ok(())
    }

    fn does(&mut self, event: &str, state: &str) -> Done {
        self.told = ErrorCode::Done;
        let client = self.client;
        if event == "code-request" && state == "idle" {
            self.locator = self.stage.asks_for_code(client);
            return Ok(());
        }
        if let Some(message) = self.message(event, state)? {
            self.stage.say(client, message);
            return Ok(());
        }
        let declined = ErrorCode::Declined;
        match event {
            "somebody joins by its code" => {
                let joins = self.stage.client_from(1)?;
                let locator = self.locator.unwrap_or_else(nobodys);
                self.peer = Some(joins);
                self.stage.passes_over(joins);
                self.stage.join(joins, locator, b"an offer")?;
            }
            "its peer leaves" => {
                self.told = declined;
                if let Some(peer) = self.peer {
                    self.stage.leave(peer, declined.to_wire());
                }
            }
            "its peer is lost" => {
                if let Some(peer) = self.peer {
                    self.stage.close(peer, ErrorCode::Lost.to_wire());
                }
            }
            "its peer is back" => {
                if let Some(peer) = self.peer {
                    let token = token_of(self.stage, peer)?;
                    let back = self.stage.client_from(1)?;
                    self.stage.say(back, Rejoin { token });
                    self.peer = Some(back);
                }
            }
            "its peer breaks the protocol" => {
                if let Some(peer) = self.peer {
                    self.stage.say(peer, CodeRequest {});
                }
            }
            "its place is taken" => {
                let token = match self.place {
                    Some(token) => token,
                    None => token_of(self.stage, client)?,
                };
                let takes = self.stage.client_from(1)?;
                self.stage.say(takes, Rejoin { token });
            }
            "the connection is lost" => self.stage.close(client, ErrorCode::Lost.to_wire()),
            "the connection is closed on purpose" => {
                self.told = declined;
                self.stage.close(client, declined.to_wire());
            }
            "its control stream ends" => {
                if let Ok(link) = self.stage.link(client) {
                    link.end_control();
                }
            }
            "a violation" => {
                self.told = ErrorCode::UnexpectedMessage;
                self.stage.say(client, PeerLost {});
            }
            "shut down" => self.stage.shut_down()?,
            "join-tick" => {
                self.stage.needs_clock()?;
                self.stage.settle()?;
                let tick = self.stage.timer("join-tick")?;
                self.stage.pass(tick)?;
            }
            "unpaired-idle" | "code-lifetime" | "session-length" | "reconnect-hold"
            | "report-window" => {
                self.stage.settle()?;
                let timer = self.stage.timer(event)?;
                self.stage.pass(timer)?;
            }
            "drain" => return untestable("a relay that can be told to drain"),
            "a call finds its device"
            | "another waits as its device"
            | "its device is registered no more"
            | "device-wait" => return untestable("a relay that knows a device"),
            _ => return untestable("a relay that knows an account"),
        }
        Ok(())
    }

    fn message(&mut self, event: &str, state: &str) -> Done<Option<Message>> {
        let idle = state == "idle";
        let (code, offer) = (ErrorCode::Done.to_wire(), vec![1]);
        Ok(Some(match event {
            "hello" => Hello::default().into(),
            "relay-hello" => RelayHello::default().into(),
            "code-request" => CodeRequest {}.into(),
            "code-issued" => CodeIssued {
                locator: nobodys(),
                lifetime_ms: 1,
            }
            .into(),
            "join: by a live code" | "join: by another locator" => {
                if idle {
                    self.stage.needs_clock()?;
                }
                let live = event.ends_with("code").then_some(self.locator).flatten();
                by(live.unwrap_or_else(nobodys))
            }
            "joined" => Joined { offer }.into(),
            "deliver" => Deliver { envelope: vec![1] }.into(),
            "leave" => Leave { code }.into(),
            "gone" => Gone { code }.into(),
            "refused" => Refused { code }.into(),
            "sign-in" if idle => return untestable("a relay that knows an account"),
            "sign-in" => SignIn {
                method: 1,
                token: Token::new("a token"),
            }
            .into(),
            "signed-in" => SignedIn {
                help: Scopes::NONE,
                share: Scopes::NONE,
                name: String::new(),
                organisation: String::new(),
                lasts_ms: 1,
            }
            .into(),
            "report" => {
                if idle && self.stage.limit("reports-per-source")? == 0 {
                    return untestable("a relay that takes reports");
                }
                Report { category: 1 }.into()
            }
            "reported" => Reported {}.into(),
            "wait: as a registered device" if idle => {
                return untestable("a relay that knows a device");
            }
            "wait: as a registered device" | "wait: as another" => Wait {
                device: DeviceId([5; 16]),
                token: DeviceToken([5; 32]),
                offer,
            }
            .into(),
            "waiting" => Waiting {}.into(),
            "call: of a device that waits" if idle => {
                return untestable("a relay that knows a device");
            }
            "call: of a device that waits" | "call: of another" => Call {
                device: DeviceId([5; 16]),
            }
            .into(),
            "place" => Place { token: [0; 32] }.into(),
            _ if event.starts_with("rejoin:") => Rejoin {
                token: self.place.unwrap_or([9; 32]),
            }
            .into(),
            "rejoined" => Rejoined { peer: true }.into(),
            "peer-lost" => PeerLost {}.into(),
            "peer-back" => PeerBack {}.into(),
            "card-request" if idle => return untestable("a relay that issues cards"),
            "card-request" => CardRequest {
                profile: 1,
                card_key: [1; 32],
                receipt_key: Vec::new(),
            }
            .into(),
            "card-challenge" => CardChallenge { challenge: [1; 32] }.into(),
            "card-proof" => CardProof { proof: vec![1; 64] }.into(),
            "card-issued" => CardIssued { card: vec![1] }.into(),
            _ => return Ok(None),
        }))
    }
}
