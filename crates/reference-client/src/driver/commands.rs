//! What each command makes a client do.

use std::{
    future::{Future, ready},
    sync::PoisonError,
};

use alongside_wire::{ReportCategory, code::Code, link::Link};
use serde_json::Value;
use tokio::io::AsyncWrite;

use super::{
    Driver, Word,
    protocol::{Answer, Command, Contact, Done, ErrorClass, Open, Request, Role, VERSION},
    screen::{SIDE, test_picture},
    session::{Order, Session, Setup},
};
use crate::{Clock, Config, Misuse, Relay, Timestamp, Trust, helper, sharer, sign_in};

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
            Command::Hello { driver } => return hello(driver),
            Command::Vector { .. } => return Answer::Unsupported {},
            Command::Open { session, options } => return self.open(session, options),
            Command::Close { session } => return self.close(&session),
            Command::CreateCode { session } => return self.create_code(&session, held).await,
            Command::Join {
                session,
                code,
                link,
            } => return self.join(&session, &code, link),
            Command::AdvanceClock { session, ms, read } => {
                return self.advance(&session, ms, read, held).await;
            }
            Command::SendFrame {
                session,
                width,
                height,
                seed,
            } => return self.send_frame(&session, (width, height), seed),
            Command::Grant { session, scopes } => {
                // The number follows the question.
                self.settle(&session, held).await;
                let told = std::mem::take(held);
                let number = told.iter().rev().find_map(|(name, word)| match word {
                    Word::Sharer(sharer::Event::Number(number)) if *name == session => {
                        Some(*number)
                    }
                    _ => None,
                });
                held.extend(told);
                let known = self.sessions.get(&session).and_then(Session::number);
                let order = Share::AllowControl(scopes.0, number.or(known));
                (session, Both::Sharer(order))
            }
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

    fn open(&mut self, name: String, options: Open) -> Answer {
        if self.sessions.contains_key(&name) {
            return wrong(format!("there is a session `{name}`"));
        }
        let fingerprint = match options.certificate.parse() {
            Ok(fingerprint) => fingerprint,
            Err(why) => return wrong(why),
        };
        let sign_in = match options.token.as_deref().map(sign_in::from_text).transpose() {
            Ok(sign_in) => sign_in,
            Err(why) => return misuse(why),
        };
        let mut config = Config::default();
        if let Some(ceiling) = options.ceiling {
            config.ceiling = ceiling.0;
        }
        let setup = Setup {
            role: options.role,
            relay: Relay {
                address: options.relay,
                trust: Trust::Fingerprint(fingerprint),
            },
            name: options.name,
            config,
            sign_in,
        };
        self.sessions.insert(name, Session::new(setup));
        NOTHING
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

    /// A client asks for a code as soon as it is there, so it begins here.
    async fn create_code(&mut self, name: &str, held: &mut Held) -> Answer {
        let (now, began) = (self.now, self.began);
        match self.sessions.get_mut(name) {
            Some(session) if session.setup.role == Role::Helper && !session.has_begun() => {
                let (clock, hand) = Clock::manual(now, began);
                session.help(clock, hand);
                NOTHING
            }
            _ => {
                let order = Both::Helper(helper::Command::NewCode);
                self.order(name, order, held).await
            }
        }
    }

    fn join(&mut self, name: &str, code: &str, link: bool) -> Answer {
        let Some(session) = self.sessions.get_mut(name) else {
            return no_session(name);
        };
        if session.setup.role != Role::Sharer {
            return other_role();
        }
        if session.has_begun() {
            return misuse("it has joined");
        }
        let (code, link) = match Link::parse(code) {
            Ok(read) => (Ok(read.code), true),
            Err(_) => (Code::parse(code), link),
        };
        let code = match code {
            Ok(code) => code,
            Err(why) => return misuse(why),
        };
        let relay = &session.setup.relay.address;
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.is_spent(relay, code.locator, self.now) {
            return misuse(Misuse::SpentCode);
        }
        drop(spent);
        let start = match link {
            true => sharer::Start::Link(code),
            false => sharer::Start::Code(code),
        };
        let (clock, hand) = Clock::manual(self.now, self.began);
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

    /// Gives a command to a client, and waits until it was taken, or not.
    async fn order(&mut self, name: &str, order: Both, held: &mut Held) -> Answer {
        let Some(session) = self.sessions.get(name) else {
            return no_session(name);
        };
        let order = match (order, session.setup.role) {
            (Both::Helper(order) | Both::Either(order, _), Role::Helper) => Order::Helper(order),
            (Both::Sharer(order) | Both::Either(_, order), Role::Sharer) => Order::Sharer(order),
            (Both::Helper(_), Role::Sharer) | (Both::Sharer(_), Role::Helper) => {
                return other_role();
            }
        };
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
        // First this one, because the others move when it has read.
        let sent = match self.moved(name, to, read) {
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

/// A command of one role, or of both.
enum Both {
    Helper(helper::Command),
    Sharer(sharer::Command),
    Either(helper::Command, sharer::Command),
}

fn hello(driver: u32) -> Answer {
    if driver != VERSION {
        return wrong(format!("only version {VERSION} is spoken here"));
    }
    Answer::Ok(Done::Hello {
        driver,
        name: "alongside-client".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        roles: vec![Role::Helper, Role::Sharer],
        capabilities: CAPABILITIES.iter().map(|name| (*name).to_owned()).collect(),
    })
}

fn no_session(name: &str) -> Answer {
    wrong(format!("there is no session `{name}`"))
}

fn other_role() -> Answer {
    wrong("this is for the other role")
}

fn over() -> Answer {
    misuse("the session is over")
}
