//! The table of a connection.

mod paths;
pub(crate) mod walk;

use std::sync::Arc;

use alongside_spec::tables::{Machine, Outcome};
use alongside_state_machine::identity::{issue::Request, keys::SecretKey};
use alongside_wire::{
    ErrorCode, Scopes,
    code::Locator,
    rendezvous::{
        CardChallenge, CardIssued, CardProof, CardRequest, CodeIssued, CodeRequest, Deliver, Gone,
        Hello, Joined, Leave, Message, PeerBack, PeerLost, Place, Refused, Rejoin, Rejoined,
        RelayHello, Report, Reported, SignedIn, Waiting,
    },
};
use serde_json::json;

use self::paths::is_of_paths;
use super::{Plan, hears, listens, lives, plan, untestable};
use crate::{
    case::Case,
    cases::{
        relay::{
            delays::{by, nobodys},
            hold::token_of,
            people::{self, ADA, DEVICE, call, staffed, wait},
            transport,
        },
        tables::machine,
    },
    quic::Weather,
    stage::{Done, Heard, RelayStage, SetUp, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    let machine = Arc::new(machine("connection"));
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
        "session-length" => is("away") || is("go") || is("stopped"),
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
        "path-request" | "path-proof: of its check" => 3,
        "its peer asks for a path" | "its peer returns its check" => 3,
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
    let needs = needs(&plan);
    let set_up = set_up(&plan, &needs);
    let case = Case::relay(id, title, &by, move |stage| {
        Player::begin(stage, &plan)?.plays(&plan, &machine)
    });
    needs.into_iter().fold(case.set_up(&set_up), Case::needs)
}

/// What the relay has to have for what happens on the way, and then.
fn needs(plan: &Plan) -> Vec<&'static str> {
    let is = |state: &str| plan.at.first().is_some_and(|at| at == state);
    let acts = |event: &str| is("idle") || !MESSAGES.contains(&event);
    let then = Some(&plan.event).filter(|event| acts(event));
    let mut needs: Vec<_> = plan
        .path
        .iter()
        .chain(then)
        .flat_map(|one| of(one))
        .collect();
    needs.sort_unstable();
    needs.dedup();
    return needs.into_iter().copied().collect();

    /// Those that a client may say only when it is idle.
    const MESSAGES: &[&str] = &[
        "sign-in",
        "wait: as a registered device",
        "call: of a device that waits",
        "card-request",
    ];
    fn of(event: &str) -> &'static [&'static str] {
        match event {
            "sign-in" | "the token is good" | "the token is not" => &["sign-in"],
            "wait: as a registered device"
            | "call: of a device that waits"
            | "another waits as its device" => &["devices"],
            "a call finds its device" => &["devices", "sign-in"],
            "its device is registered no more" => &["devices", "reload"],
            "card-request" => &["cards"],
            "drain" => &["drain"],
            _ => &[],
        }
    }
}

fn set_up(plan: &Plan, needs: &[&str]) -> SetUp {
    let signing_in = plan.at.first().is_some_and(|at| at == "signing in");
    match plan.event.as_str() {
        // A token that waits to be checked for longer than this.
        "unpaired-idle" | "report-window" | STAYS if signing_in => staffed().with(
            "timers",
            json!({
                "join-delay-first": 40_000, "join-delay-most": 60_000, "unpaired-idle": 30_000,
                "report-window": 5_000,
            }),
        ),
        _ if needs.iter().all(|one| *one == "drain") => SetUp::default(),
        _ => staffed(),
    }
}

const STAYS: &str = "it stays after the end of its control stream";
/// The seed of the key that a card is asked for.
const CARD_KEY: [u8; 32] = [1; 32];
/// The number of a device that nobody has.
const NO_DEVICE: u8 = 0x77;

struct Player<'s, 'a> {
    stage: &'s mut RelayStage<'a>,
    client: Who,
    peer: Option<Who>,
    locator: Option<Locator>,
    /// The token of a place that is held.
    place: Option<[u8; 32]>,
    /// What the event says.
    told: ErrorCode,
    /// A token that is sent to be checked is none.
    wrong: bool,
    /// Tokens from where this client is have to wait.
    slowed: bool,
    /// It is about a path, and each client has a way of its own.
    paths: bool,
    /// How often an end was elsewhere.
    moves: u8,
}

impl<'s, 'a> Player<'s, 'a> {
    fn begin(stage: &'s mut RelayStage<'a>, plan: &Plan) -> Done<Self> {
        let paths = plan
            .path
            .iter()
            .chain([&plan.event])
            .any(|event| is_of_paths(event));
        let client = match paths {
            true => {
                stage.paths()?;
                stage.connect_by(Weather::default())?
            }
            false => stage.connect()?,
        };
        Ok(Self {
            stage,
            client,
            peer: None,
            locator: None,
            place: None,
            told: ErrorCode::Done,
            wrong: false,
            slowed: false,
            paths,
            moves: 0,
        })
    }

    /// Another client.
    fn another(&mut self) -> Done<Who> {
        match self.paths {
            true => self.stage.client_by(Weather::default()),
            false => self.stage.client_from(1),
        }
    }

    fn plays(&mut self, plan: &Plan, machine: &Machine) -> Done {
        self.wrong = plan.event == "the token is not";
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
        let ids = self.ids();
        let checks = match self.paths {
            true => self.stage.checks_by_now(self.client)?,
            false => 0,
        };
        self.does(&plan.event, &connection)?;
        self.compares(plan, machine, there)?;
        self.forwards(plan, checks, ids)?;
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
        if outputs.iter().any(|output| output == "tell sign a card") {
            mine.push("card-issued".to_owned());
        }
        mine.extend(
            strip("close ")
                .into_iter()
                .map(|code| format!("close {code}")),
        );
        let told = self.told;
        let mut looked = false;
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
            looked = true;
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
            looked = true;
        }
        match looked {
            true => Ok(()),
            false => lives(self.stage, plan),
        }
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
        match (event, state) {
            ("sign-in", "idle") => self.slow()?,
            ("call: of a device that waits", "idle") => {
                let device = self.stage.client_from(1)?;
                self.stage.say(device, wait(DEVICE));
                self.stage.tick(device)?;
                self.stage
                    .await_(device, "waiting", |heard| heard.is("waiting"))?;
                self.peer = Some(device);
            }
            _ => {}
        }
        if !event.starts_with("rejoin:") || state != "idle" || event.ends_with("token") {
            return match (event, state) {
                ("join: by a live code", "idle") => {
                    let owner = self.another()?;
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

    /// So many sign-ins fail that the next token has to wait.
    fn slow(&mut self) -> Done {
        if self.slowed {
            return Ok(());
        }
        for _ in 0..self.stage.limit("free-joins")? {
            let who = self.stage.client()?;
            let nobody = people::nobody(self.stage);
            self.stage.say(who, nobody);
            self.stage
                .await_(who, "refused", |heard| heard.is("refused"))?;
        }
        self.slowed = true;
        Ok(())
    }

    /// The challenge that came last.
    fn challenge(&mut self) -> Option<[u8; 32]> {
        let heard = &self.stage.client_of(self.client).heard;
        heard.iter().rev().find_map(|heard| match heard {
            Heard::Said(Message::CardChallenge(card)) => Some(card.challenge),
            _ => None,
        })
    }

    fn does(&mut self, event: &str, state: &str) -> Done {
        // The relay has words of its own for a path that is asked for anew.
        self.told = match event {
            "path-request" | "its peer asks for a path" => ErrorCode::Declined,
            _ => ErrorCode::Done,
        };
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
                let joins = self.another()?;
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
            _ if is_of_paths(event) => self.does_with_a_path(event)?,
            "the connection is lost" => self.stage.close(client, ErrorCode::Lost.to_wire()),
            "the connection is closed on purpose" => {
                self.told = declined;
                self.stage.close(client, declined.to_wire());
            }
            STAYS => {
                if self.stage.link(client).is_ok() {
                    transport::stays(self.stage, client)?;
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
            | "report-window" | "device-wait" => {
                self.stage.settle()?;
                let timer = self.stage.timer(event)?;
                if state == "signing in" && timer > self.stage.timer("join-delay-first")? {
                    return Err(Stop::Untestable(format!(
                        "a token does not wait for {timer} ms: let the relay follow `timers` of the \
                         set-up file in driver.md"
                    )));
                }
                self.stage.pass(timer)?;
            }
            "drain" => {
                // What has just connected is there.
                self.stage.settle()?;
                self.stage.drain()?;
            }
            "the token is good" | "the token is not" => {
                self.stage.settle()?;
                let delay = self.stage.timer("join-delay-first")?;
                self.stage.pass(delay)?;
            }
            "a call finds its device" => {
                let calls = self.stage.client_from(1)?;
                people::signs_in(self.stage, calls, ADA)?;
                self.meets(calls, call(DEVICE))?;
            }
            "another waits as its device" => {
                let waits = self.stage.client_from(1)?;
                self.meets(waits, wait(DEVICE))?;
            }
            "its device is registered no more" => {
                self.stage.reload(&staffed().with("devices", json!([])))?;
            }
            _ => return untestable(event),
        }
        Ok(())
    }

    /// Another client says something to which a tick answers.
    fn meets(&mut self, other: Who, message: Message) -> Done {
        self.peer = Some(other);
        self.stage.passes_over(other);
        self.stage.say(other, message);
        self.stage.tick(other)
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
            "sign-in" if self.wrong => people::nobody(self.stage),
            "sign-in" => people::sign_in(self.stage, ADA),
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
            "wait: as a registered device" => wait(DEVICE),
            "wait: as another" => wait(NO_DEVICE),
            "waiting" => Waiting {}.into(),
            "call: of a device that waits" => call(DEVICE),
            "call: of another" => call(NO_DEVICE),
            "place" => Place { token: [0; 32] }.into(),
            _ if event.starts_with("rejoin:") => Rejoin {
                token: self.place.unwrap_or([9; 32]),
            }
            .into(),
            "rejoined" => Rejoined { peer: true }.into(),
            "peer-lost" => PeerLost {}.into(),
            "peer-back" => PeerBack {}.into(),
            "card-request" => CardRequest {
                profile: 1,
                card_key: SecretKey::from_seed(&CARD_KEY).public(),
                receipt_key: Vec::new(),
            }
            .into(),
            "card-challenge" => CardChallenge { challenge: [1; 32] }.into(),
            "card-proof" => {
                let challenge = self.challenge().unwrap_or_default();
                let key = SecretKey::from_seed(&CARD_KEY);
                let proof = Request::new(&key, None, &challenge).proof;
                CardProof { proof }.into()
            }
            "card-issued" => CardIssued { card: vec![1] }.into(),
            _ => return self.message_of_a_path(event, state),
        }))
    }
}
