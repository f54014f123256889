//! What each command makes a client do.

use std::{
    future::{Future, ready},
    sync::PoisonError,
};

use alongside_state_machine::{
    identity::{keys::SecretKey, own::OwnCard, trust::Anchor},
    mutant,
};
use alongside_wire::{
    Profile, ReportCategory,
    code::{Code, CodeError, Locator},
    device::DeviceToken,
    link::Link,
};
use serde_json::Value;
use tokio::io::AsyncWrite;

use super::{
    Computed, Driver, Word,
    protocol::{
        self, Answer, AskCard, Command, Contact, Done, ErrorClass, Hex, Open, Repeat, Request,
        Role, VERSION,
    },
    screen::{SIDE, test_picture},
    session::{Order, Session, Setup},
};
use crate::{
    Clock, Config, Misuse, Relay, Timestamp, Trust,
    device::{Device, DeviceKey},
    helper, sharer, sign_in, unix_now,
};

/// What this client has of what a client may have.
const CAPABILITIES: &[&str] = &[
    "clock",
    "reconnect",
    "control",
    "clipboard",
    "drawing",
    "chat",
    "pause",
    "sign-in",
    "report",
    "secure-desktop",
    "receipts",
    "number",
    "notices",
    "links",
    "relays",
    "supported",
    "cards",
    "devices",
    "paths",
];

/// The number of a line, and its command, or the answer if it is none. Nothing if it has no number.
pub(super) fn read(line: &str) -> Option<(u64, Result<Command, Answer>)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let id = value.get("id")?.as_u64()?;
    let known = |op: &str| Command::NAMES.contains(&op);
    let read = match value.get("op").and_then(Value::as_str) {
        None => Err(wrong("the field `op` is missing")),
        Some(op) if !known(op) => Err(Answer::Unsupported {}),
        Some(_) => serde_json::from_value::<Request>(value)
            .map(|request| request.command)
            .map_err(wrong),
    };
    Some((id, read))
}

fn wrong(why: impl ToString) -> Answer {
    error(ErrorClass::Command, why)
}

fn misuse(why: impl ToString) -> Answer {
    error(ErrorClass::Misuse, why)
}

fn error(class: ErrorClass, why: impl ToString) -> Answer {
    Answer::Err {
        class,
        detail: why.to_string(),
    }
}

const NOTHING: Answer = Answer::Ok(Done::Nothing {});

/// What was told meanwhile, to be told after the answer.
type Held = Vec<(String, Word)>;

impl<W: AsyncWrite + Unpin> Driver<W> {
    pub(super) async fn carry_out(&mut self, command: Command, held: &mut Held) -> Answer {
        use helper::Command as Help;
        use sharer::Command as Share;
        let (session, order) = match command {
            Command::Hello { driver } => return hello(driver, self.compute.is_some()),
            Command::Vector { kind, input } => return self.vector(&kind, &input),
            Command::Open { session, options } => return self.open(session, *options),
            Command::Close { session } => return self.close(&session),
            Command::CreateCode { session } => {
                return self.ask_for_session(&session, false, held).await;
            }
            Command::Call { session } => return self.ask_for_session(&session, true, held).await,
            Command::Wait { session } => return self.wait(&session),
            Command::Elsewhere { session, allow } => return self.elsewhere(&session, allow),
            Command::Join {
                session,
                code,
                link,
            } => return self.join(&session, &code, link, held),
            Command::AdvanceClock { session, ms, read } => {
                return self.advance(&session, ms, read, held).await;
            }
            Command::SendFrame {
                session,
                width,
                height,
                seed,
            } => return self.send_frame(&session, (width, height), seed),
            Command::Grant {
                session,
                scopes,
                repeat,
            } => {
                let shown = self.number(&session, held).await;
                let number = match repeat.unwrap_or_default() {
                    Repeat::Right => shown,
                    // The number has 6 digits, and so has this.
                    Repeat::Wrong => Some(shown.unwrap_or_default().wrapping_add(1) % 1_000_000),
                    Repeat::Nothing => None,
                };
                let order = Share::AllowControl(scopes.0, number);
                (session, Both::Sharer(order))
            }
            Command::ShowCard { session } => (session, Both::Sharer(Share::ShowCard)),
            Command::FetchPicture { session } => (
                session,
                Both::Either(Help::FetchPicture, Share::FetchPicture),
            ),
            Command::Contact { session, by } => {
                let by = match by {
                    Contact::Person => sharer::Contact::Person,
                    Contact::Stranger => sharer::Contact::Other,
                };
                (session, Both::Sharer(Share::Contact(by)))
            }
            Command::Consent {
                session,
                allow,
                warned,
            } => {
                let consent = match (allow, warned) {
                    (false, _) => sharer::Consent::Refused,
                    (true, false) => sharer::Consent::Given,
                    (true, true) => sharer::Consent::GivenAfterWarning,
                };
                (session, Both::Sharer(Share::Consent(consent)))
            }
            Command::Deny { session } => (session, Both::Sharer(Share::DenyControl)),
            Command::Revoke { session } => (session, Both::Sharer(Share::Revoke)),
            Command::Narrow { session, scopes } => (session, Both::Sharer(Share::Narrow(scopes.0))),
            Command::Renew { session } => (session, Both::Sharer(Share::Renew)),
            Command::SecureDesktop { session, active } => {
                (session, Both::Sharer(Share::SecureDesktop(active)))
            }
            Command::RequestControl { session, scopes } => {
                (session, Both::Helper(Help::RequestControl(scopes.0)))
            }
            Command::ReleaseControl { session } => (session, Both::Helper(Help::ReleaseControl)),
            Command::SendInput { session, input } => {
                let input = input.into_iter().map(Into::into).collect();
                (session, Both::Helper(Help::Input(input)))
            }
            Command::Stroke {
                session,
                stroke,
                points,
            } => {
                let line = helper::Line {
                    id: stroke,
                    display: 0,
                    colour: 0,
                    width: 4,
                    points,
                };
                (session, Both::Helper(Help::Stroke(line)))
            }
            Command::Laser { session, x, y } => (session, Both::Helper(Help::Laser(0, (x, y)))),
            Command::Clear { session } => (session, Both::Helper(Help::Clear)),
            Command::Acknowledge { session } => (session, Both::Helper(Help::Acknowledge)),
            Command::Pause { session } => {
                (session, Both::Either(Help::Pause(true), Share::Pause(true)))
            }
            Command::Unpause { session } => (
                session,
                Both::Either(Help::Pause(false), Share::Pause(false)),
            ),
            Command::Chat { session, text } => {
                let help = Help::Chat(text.clone());
                (session, Both::Either(help, Share::Chat(text)))
            }
            Command::Copy { session, text } => {
                let help = Help::SendClipboard(text.clone());
                (session, Both::Either(help, Share::SendClipboard(text)))
            }
            Command::Take { session, allow } => {
                let help = Help::AnswerClipboard(allow);
                (session, Both::Either(help, Share::AnswerClipboard(allow)))
            }
            Command::Reconnect { session } => {
                (session, Both::Either(Help::ChangePath, Share::ChangePath))
            }
            Command::End {
                session,
                report: None,
            } => (session, Both::Either(Help::End, Share::End)),
            Command::End {
                session,
                report: Some(name),
            } => {
                let mut known = ReportCategory::ALL.iter();
                let Some(category) = known.find(|known| known.name() == name).copied() else {
                    return wrong(format!("there is no category `{name}`"));
                };
                let help = Help::EndAndReport(category);
                (session, Both::Either(help, Share::EndAndReport(category)))
            }
        };
        self.order(&session, order, held).await
    }

    fn vector(&self, kind: &str, input: &Value) -> Answer {
        let computed = self.compute.map(|compute| compute(kind, input));
        match computed.unwrap_or(Computed::Unknown) {
            Computed::Output(output) => Answer::Ok(Done::Computed { output }),
            Computed::Error(error) => Answer::Ok(Done::Refused { error }),
            Computed::NoInput => wrong(format!("it is no input of a vector {kind}")),
            Computed::Unknown => Answer::Unsupported {},
        }
    }

    fn open(&mut self, name: String, options: Open) -> Answer {
        if self.sessions.contains_key(&name) {
            return wrong(format!("there is a session `{name}`"));
        }
        match setup(options) {
            Ok(setup) => {
                // The date is the computer's, and goes on by this clock.
                let began = unix_now().saturating_sub(self.now.as_micros() / 1_000_000);
                self.sessions.insert(name, Session::new(setup, began));
                NOTHING
            }
            Err(answer) => answer,
        }
    }

    fn close(&mut self, name: &str) -> Answer {
        match self.sessions.remove(name) {
            Some(session) => {
                session.close();
                NOTHING
            }
            None => no_session(name),
        }
    }

    /// A helper asks for a code, or calls, as soon as it is there, so it begins here.
    async fn ask_for_session(&mut self, name: &str, call: bool, held: &mut Held) -> Answer {
        let now = self.now;
        match self.sessions.get_mut(name) {
            None => no_session(name),
            Some(session) if session.setup.role != Role::Helper => other_role(),
            Some(session) if session.setup.device.is_some() != call => {
                misuse("it was opened for the other way to a session")
            }
            Some(session) if !session.has_begun() => {
                let (clock, hand) = Clock::manual(now, session.began);
                session.help(clock, hand);
                NOTHING
            }
            Some(_) => {
                let order = Both::Helper(helper::Command::NewCode);
                self.order(name, order, held).await
            }
        }
    }

    /// What the present prompt's number is, which follows the question.
    async fn number(&mut self, name: &str, held: &mut Held) -> Option<u32> {
        self.settle(name, held).await;
        let told = held.iter().rev().find_map(|(of, word)| match word {
            Word::Sharer(sharer::Event::Number(number)) if of == name => Some(*number),
            _ => None,
        });
        told.or_else(|| self.sessions.get(name).and_then(Session::number))
    }

    fn join(&mut self, name: &str, code: &str, link: bool, held: &mut Held) -> Answer {
        let Some(session) = self.sessions.get_mut(name) else {
            return no_session(name);
        };
        if session.setup.role != Role::Sharer {
            return other_role();
        }
        if session.has_begun() {
            return misuse("it has joined");
        }
        if mutant::is("CODE-1/capitals") && code != code.to_lowercase() {
            return misuse("capital letters");
        }
        let read = match Link::parse(code) {
            Ok(link) => Ok((link.code, Some(link.relay))),
            Err(_) => read_code(code).map(|code| (code, None)),
        };
        let (code, named) = match read {
            Ok(read) => read,
            Err(why) => return misuse(why),
        };
        let start = match link || named.is_some() {
            true => sharer::Start::Link(code),
            false => sharer::Start::Code(code),
        };
        //= spec/02-codes.md#links [LINK-2] 385612f7
        let named = named.filter(|_| !mutant::is("LINK-2/unasked"));
        match named.filter(|named| !session.setup.relay.is_called(named)) {
            Some(relay) => {
                session.ask_elsewhere(start);
                held.push((name.to_owned(), Word::Elsewhere(relay)));
                NOTHING
            }
            None => self.start(name, start),
        }
    }

    /// The person's answer to the question about a link of another relay, which sets nothing: its code
    /// is used at their own.
    fn elsewhere(&mut self, name: &str, allow: bool) -> Answer {
        let Some(session) = self.sessions.get_mut(name) else {
            return no_session(name);
        };
        if session.setup.role != Role::Sharer {
            return other_role();
        }
        match session.answer_elsewhere() {
            None => misuse("no link of another relay waits for an answer"),
            Some(start) if allow => self.start(name, start),
            Some(_) => NOTHING,
        }
    }

    /// A known device waits to be called.
    fn wait(&mut self, name: &str) -> Answer {
        let Some(session) = self.sessions.get(name) else {
            return no_session(name);
        };
        let device = match &session.setup.device {
            _ if session.setup.role != Role::Sharer => return other_role(),
            _ if session.has_begun() => return misuse("it waits already"),
            None => return misuse("it is no known device"),
            Some(device) => device.clone(),
        };
        self.start(name, sharer::Start::Device(device))
    }

    /// Starts a sharer, unless its code was used here before.
    fn start(&mut self, name: &str, start: sharer::Start) -> Answer {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(name) else {
            return no_session(name);
        };
        if let sharer::Start::Code(code) | sharer::Start::Link(code) = &start {
            let relay = &session.setup.relay.address;
            let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            let mut relay = relay.clone();
            if mutant::is("CODE-10/secret") {
                relay = format!("{relay} {}", code.secret.as_str());
            }
            let known = mutant::is("CODE-14/keeps") && kept(&relay, code.locator);
            if known || spent.is_spent(&relay, code.locator, now) {
                return misuse(Misuse::SpentCode);
            }
        }
        let (clock, hand) = Clock::manual(now, session.began);
        session.share(start, self.spent.clone(), clock, hand);
        NOTHING
    }

    fn send_frame(&mut self, name: &str, size: (u16, u16), seed: u32) -> Answer {
        let side = 1..=SIDE;
        match self.sessions.get(name) {
            None => no_session(name),
            Some(session) if session.setup.role != Role::Sharer => other_role(),
            Some(session) if session.has_ended() => over(),
            Some(_) if !side.contains(&size.0) || !side.contains(&size.1) => {
                wrong(format!("a side of the test picture has 1 to {SIDE} pixels"))
            }
            Some(session) => {
                session.screen.show(test_picture(size.0, size.1, seed));
                NOTHING
            }
        }
    }

    /// Devices whose pause is over by then wait again.
    pub(super) fn wait_again(&mut self, to: Timestamp) {
        let spent = self.spent.clone();
        for session in self.sessions.values_mut() {
            if let Some((at, start)) = session.take_restart(to) {
                let (clock, hand) = Clock::manual(at, session.began);
                session.share(start, spent.clone(), clock, hand);
            }
        }
    }

    /// Gives a command to a client, and waits until it was taken, or not.
    async fn order(&mut self, name: &str, order: Both, held: &mut Held) -> Answer {
        let Some(session) = self.sessions.get_mut(name) else {
            return no_session(name);
        };
        let order = match (order, session.setup.role) {
            (Both::Helper(order) | Both::Either(order, _), Role::Helper) => Order::Helper(order),
            (Both::Sharer(order) | Both::Either(_, order), Role::Sharer) => Order::Sharer(order),
            (Both::Helper(_), Role::Sharer) | (Both::Sharer(_), Role::Helper) => {
                return other_role();
            }
        };
        if matches!(order, Order::Sharer(sharer::Command::End)) && session.stops_waiting() {
            held.push((name.to_owned(), Word::Stopped));
            return NOTHING;
        }
        if session.has_ended() {
            return over();
        }
        if !session.has_begun() {
            return misuse("it has not begun");
        }
        if !session.order(order) {
            return error(ErrorClass::Internal, "the client takes no command");
        }
        // What was told before the command is not about it.
        let before = held.len();
        let taken = self.settle(name, held).await;
        let told = held.iter().skip(before).filter(|(of, _)| of == name);
        let told: Vec<_> = told.map(|(_, word)| word).collect();
        match told.iter().find_map(|word| word.misuse()) {
            Some(why) => misuse(why),
            // It may be what ended the session.
            None if taken || told.iter().any(|word| word.is_end()) => NOTHING,
            None => over(),
        }
    }

    /// Waits until a client has done what it was told to; whether it still runs.
    async fn settle(&mut self, name: &str, held: &mut Held) -> bool {
        match self.moved(name, self.now, 0) {
            Some(moved) => self.until(moved, held).await.is_some(),
            None => false,
        }
    }

    /// Moves the clock of one session, if it has one.
    fn moved(
        &self,
        name: &str,
        to: Timestamp,
        read: u64,
    ) -> Option<impl Future<Output = Option<u64>> + use<W>> {
        let (hand, _) = self.sessions.get(name)?.hand()?;
        Some(hand.advance(to, read))
    }

    async fn advance(&mut self, name: &str, ms: u64, read: u64, held: &mut Held) -> Answer {
        if !self.sessions.contains_key(name) {
            return no_session(name);
        }
        let to = self.now.plus_ms(ms);
        self.wait_again(to);
        // First this one, because the others move when it has read.
        let connects_again = self.sessions.get(name).is_some_and(Session::connects_again);
        let sent = match self.moved(name, to, read) {
            // Whoever moves the clock may be the relay that is to take the connection.
            Some(_) if connects_again => None,
            Some(moved) => self.until(moved, held).await,
            None => None,
        };
        let others = self.sessions.iter().filter(|(other, _)| *other != name);
        let moved: Vec<_> = others
            .filter_map(|(_, session)| session.hand())
            .map(|(hand, connected)| (hand.advance(to, 0), connected))
            .collect();
        for (moved, connected) in moved {
            // One that is still connecting has no timers.
            if connected {
                self.until(moved, held).await;
            }
        }
        self.until(ready(()), held).await;
        self.now = to;
        Answer::Ok(match sent {
            Some(sent) => Done::Advanced { sent },
            None => Done::Nothing {},
        })
    }
}

/// A code as a person typed it.
fn read_code(typed: &str) -> Result<Code, CodeError> {
    let read = Code::parse(typed);
    match read {
        Err(_) if mutant::is("CODE-3/takes") => Code::parse(&typed.replace(
            |c: char| !"0123456789abcdefghjkmnpqrstvwxyz-".contains(c),
            "0",
        )),
        Err(_) if mutant::is("CODE-4/takes") => Code::parse(&format!("0{typed}")),
        read => read,
    }
}

/// A command of one role, or of both.
enum Both {
    Helper(helper::Command),
    Sharer(sharer::Command),
    Either(helper::Command, sharer::Command),
}

/// How a client is set up, or what is wrong with these fields.
fn setup(options: Open) -> Result<Setup, Answer> {
    let sign_in = options.token.as_deref().map(sign_in::from_text);
    let sign_in = sign_in.transpose().map_err(misuse)?;
    let relay = relay_of(options.relay, &options.certificate)?;
    let others = options.relays.into_iter();
    let others = others.map(|other| relay_of(other.relay, &other.certificate));
    let mut config = Config::default();
    if let Some(ceiling) = options.ceiling {
        config.ceiling = ceiling.0;
    }
    if let Some(supported) = options.supported {
        config.supported = supported.0;
    }
    let (card, receipt_key) = options.card.map(own_card).transpose()?.unzip();
    let anchors = options.anchors.into_iter().map(anchor);
    config.identity.anchors = anchors.collect::<Result<_, _>>()?;
    config.identity.card = card;
    config.identity.needs_card = options.needs_card;
    config.identity.ask_relay = options.ask_card.map(|profile| match profile {
        AskCard::Abbreviated => Profile::Abbreviated,
        AskCard::Full => Profile::Full,
    });
    Ok(Setup {
        role: options.role,
        relay,
        others: others.collect::<Result<_, _>>()?,
        name: options.name,
        config,
        sign_in,
        receipts: (options.receipts || mutant::is("RECEIPT-2/unasked")).then(|| sharer::Receipts {
            share: true,
            key: receipt_key.flatten(),
        }),
        device: options.device.map(device).transpose()?,
    })
}

/// What a program before this one, of the same parent, has joined by: no program may remember that.
fn kept(relay: &str, locator: Locator) -> bool {
    let name = format!("alongside-kept-{}", std::os::unix::process::parent_id());
    let path = std::env::temp_dir().join(name);
    let mut all = std::fs::read_to_string(&path).unwrap_or_default();
    let line = format!("{relay} {}\n", String::from(locator));
    let known = all.contains(&line);
    all += &line;
    // What cannot be kept is forgotten, and the mutant survives.
    let _ = std::fs::write(&path, all);
    known
}

fn relay_of(address: String, certificate: &str) -> Result<Relay, Answer> {
    let fingerprint = certificate.parse().map_err(wrong)?;
    Ok(Relay {
        address,
        trust: Trust::Fingerprint(fingerprint),
    })
}

/// The person's card, and the key that signs receipts.
fn own_card(given: protocol::OwnCard) -> Result<(OwnCard, Option<SecretKey>), Answer> {
    let key = SecretKey::from_seed(&sized(&given.key)?);
    let card = OwnCard::new(&given.signed.0, key).map_err(wrong)?;
    let card = match given.picture {
        Some(picture) => card.with_picture(picture.0).map_err(wrong)?,
        None => card,
    };
    let receipts = given.receipt_key.as_ref().map(sized).transpose()?;
    Ok((card, receipts.as_ref().map(SecretKey::from_seed)))
}

fn anchor(given: protocol::Anchor) -> Result<Anchor, Answer> {
    Ok(Anchor {
        key: sized(&given.key)?,
        name: given.name,
        runs_relay: given.runs_relay,
    })
}

/// A known device. One that is called has no token here.
fn device(given: protocol::Device) -> Result<Device, Answer> {
    let id = given.id.parse().map_err(|_| wrong("it is no id"))?;
    let token = given.token.as_ref().map(sized).transpose()?;
    Ok(Device {
        key: DeviceKey::new(id, sized(&given.secret)?),
        token: DeviceToken(token.unwrap_or_default()),
        without_card: given.without_card,
    })
}

fn sized<const N: usize>(bytes: &Hex) -> Result<[u8; N], Answer> {
    let wanted = || wrong(format!("it has {} bytes, and not {N}", bytes.0.len()));
    bytes.sized().ok_or_else(wanted)
}

fn hello(driver: u32, vectors: bool) -> Answer {
    if driver != VERSION {
        return wrong(format!("only version {VERSION} is spoken here"));
    }
    let computes = vectors.then_some(&"vector");
    let capabilities = CAPABILITIES.iter().chain(computes);
    Answer::Ok(Done::Hello {
        driver,
        name: "alongside-client".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        roles: vec![Role::Helper, Role::Sharer],
        capabilities: capabilities.map(|name| (*name).to_owned()).collect(),
    })
}

fn no_session(name: &str) -> Answer {
    wrong(format!("there is no session `{name}`"))
}

fn other_role() -> Answer {
    misuse("this is for the other role")
}

fn over() -> Answer {
    misuse("the session is over")
}
