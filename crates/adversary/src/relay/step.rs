//! What clients of a relay do, and what its caller says to it.

use std::fmt;

use alongside_state_machine::relay::{
    ConnId, NotVerified, Verified,
    account::{Account, Role, Standing},
};
use alongside_wire::{
    ErrorCode,
    rendezvous::{Leave, Message, PathOver},
};

use crate::{messages, source::Source, walk};

/// Clients, of which the last two are at one address.
pub(super) const CLIENTS: usize = 6;
/// Bytes that clients begin with: the relay's configuration.
pub const HEAD: usize = 3;
/// Bytes that one step is made of.
pub const STEP: usize = 24;

/// A step.
#[derive(Clone, Debug)]
pub enum Step {
    /// Connects, and says hello.
    Greet(ConnId),
    /// Connects, and says nothing.
    Connect(ConnId),
    /// Its connection is lost, or closed with this code.
    Disconnect(ConnId, Option<ErrorCode>),
    /// Ends its control stream.
    EndControl(ConnId),
    /// Sends any bytes.
    Raw(ConnId, Vec<u8>),
    /// Says something, whether it may or not.
    Say(ConnId, Message),
    /// Leaves whatever it is in, and asks for a code.
    Ask(ConnId),
    /// Joins by one of the latest codes there were; or leaves whatever it is in first, and joins by one that is alive.
    Join {
        /// Who joins.
        conn: ConnId,
        /// How many were told later.
        back: usize,
        /// By one that is alive.
        live: bool,
        /// As from a link.
        link: bool,
        /// What goes to the other end.
        offer: Vec<u8>,
    },
    /// Sends an envelope from this client, or the next that is in a session.
    Deliver(ConnId, Vec<u8>),
    /// Shows one of the latest places that were told; on a new connection, or on this one.
    Rejoin {
        /// Who shows it.
        conn: ConnId,
        /// How many were told later.
        back: usize,
        /// On a new connection.
        anew: bool,
    },
    /// What was found of the latest token that was to be verified.
    Verify(Result<Verified, NotVerified>),
    /// What became of the latest card that was to be issued.
    Issue(Result<Vec<u8>, ErrorCode>),
    /// This client, or the next that is in a session, wants a path, and the other as well.
    AskPath(ConnId),
    /// This client, or the next that was sent one, returns the token for a path; or an earlier one, or as another.
    Prove {
        /// To whom it was sent.
        whose: ConnId,
        /// Who returns it instead.
        instead: Option<ConnId>,
        /// Its peer returns its own as well.
        both: bool,
        /// How many were sent later.
        back: usize,
    },
    /// Its packets come from elsewhere now.
    Move(ConnId),
    /// The relay takes no more codes and joins.
    Drain,
    /// Milliseconds.
    Pass(u64),
}

/// A relay, and all that its clients do. Told step by step.
#[derive(Clone)]
pub struct Clients {
    /// The relay's limits are as low as they can be.
    pub small: bool,
    /// It issues cards.
    pub issuing: bool,
    /// What all chance in it follows from.
    pub seed: u8,
    /// In their order.
    pub steps: Vec<Step>,
}

impl Clients {
    /// The clients of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let (head, steps) = bytes.split_at(HEAD.min(bytes.len()));
        let mut source = Source::new(head);
        Self {
            small: source.bool(),
            seed: source.byte(),
            issuing: source.bool(),
            steps: walk::acts(steps, STEP, Step::of),
        }
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = format_args!(
            "small {}, issuing {}, seed {}",
            self.small, self.issuing, self.seed
        );
        walk::tell(f, begins, &self.steps)
    }
}

impl Step {
    fn of(source: &mut Source<'_>) -> Self {
        let conn = ConnId(source.below(CLIENTS) as u64);
        match source.below(64) {
            0..=4 => Self::Greet(conn),
            5 if source.one_in(3) => Self::Connect(conn),
            5 => {
                let codes = [None, Some(ErrorCode::Done), Some(ErrorCode::Lost)];
                Self::Disconnect(conn, *source.pick(&codes))
            }
            6 if source.one_in(3) => Self::EndControl(conn),
            6 => Self::Raw(conn, source.bytes(40).to_vec()),
            7 | 8 => {
                let said = messages::any(source);
                let leave = || {
                    let code = ErrorCode::Done.to_wire();
                    Leave { code }.into()
                };
                Self::Say(conn, said.unwrap_or_else(leave))
            }
            9..=15 => Self::Ask(conn),
            16..=26 => Self::Join {
                conn,
                back: source.below(4),
                live: !source.one_in(8),
                link: source.bool(),
                offer: source.bytes(8).to_vec(),
            },
            27..=36 => Self::Deliver(conn, [&[0x0E], source.bytes(30)].concat()),
            37..=42 => Self::Rejoin {
                conn,
                back: source.below(4),
                anew: !source.one_in(6),
            },
            43 => Self::Verify(verdict(source)),
            44 => {
                let card = source.bytes(20).to_vec();
                Self::Issue(if card.is_empty() {
                    Err(ErrorCode::Busy)
                } else {
                    Ok(card)
                })
            }
            45..=48 => Self::AskPath(conn),
            49..=52 => Self::Prove {
                whose: conn,
                instead: source
                    .one_in(6)
                    .then(|| ConnId(source.below(CLIENTS) as u64)),
                back: usize::from(source.one_in(6)),
                both: !source.one_in(3),
            },
            53 if source.bool() => Self::Move(conn),
            53 => {
                let code = source.number() as u16;
                Self::Say(conn, PathOver { code }.into())
            }
            54 if source.one_in(30) => Self::Drain,
            54..=62 => Self::Pass(source.below(120) as u64),
            _ if source.bool() => Self::Pass(source.below(700_000) as u64),
            _ => Self::Pass(source.below(10_000) as u64),
        }
    }
}

fn verdict(source: &mut Source<'_>) -> Result<Verified, NotVerified> {
    match source.below(4) {
        0 => Err(NotVerified::Failed),
        1 => Err(NotVerified::Expired),
        _ => Ok(Verified {
            account: Account {
                issuer: "an issuer".into(),
                subject: source.text(),
                name: source.text(),
                title: String::new(),
                organisation: source.text(),
                domain: String::new(),
                role: *source.pick(&Role::ALL),
                device: Standing::default(),
                expires: source.number(),
            },
            lasts_ms: source.number().saturating_mul(1_000),
        }),
    }
}
