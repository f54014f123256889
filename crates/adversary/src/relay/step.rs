//! What clients of a relay do, and what its caller says to it.

use std::fmt;

use alongside_state_machine::relay::{
    ConnId, NotVerified, Verified,
    account::{Account, Role, Standing},
    policy::Policy,
};
use alongside_wire::{
    ErrorCode, framing,
    rendezvous::{Leave, Message, PathOver},
};

use super::accounts::{Act, Known};
use crate::{messages, policies, source::Source, walk};

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
    Verify(Box<Result<Verified, NotVerified>>),
    /// What became of the latest card that was to be issued: this, or what its issuer makes of it.
    Issue(Option<Result<Vec<u8>, ErrorCode>>),
    /// Something about accounts. Whatever the client is in, it leaves before.
    Account(ConnId, Act),
    /// Joins the next client, leaves and reports by this category, twice.
    Quarrel(ConnId, u8),
    /// What is allowed from now on.
    Policy(Box<Policy>),
    /// The devices that are registered from now on: their organisations, and whoever has to vouch for their helpers.
    Devices(Vec<Known>),
    /// Cards are issued from now on, or not.
    Issuing(bool),
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
        match source.below(96) {
            0..=4 => Self::Greet(conn),
            5 if source.one_in(3) => Self::Connect(conn),
            5 => {
                let codes = [None, Some(ErrorCode::Done), Some(ErrorCode::Lost)];
                Self::Disconnect(conn, *source.pick(&codes))
            }
            6 if source.one_in(3) => Self::EndControl(conn),
            6 if source.one_in(3) => {
                let mut grease = Vec::new();
                framing::encode(framing::GREASE[0], &[7; 100], &mut grease);
                Self::Raw(conn, grease.repeat(source.below(300)))
            }
            6 => Self::Raw(conn, source.bytes(40).to_vec()),
            7 | 8 => {
                let said = messages::any(source);
                let leave = || {
                    let code = ErrorCode::Done.to_wire();
                    Leave { code }.into()
                };
                Self::Say(conn, said.unwrap_or_else(leave))
            }
            9..=15 | 85..=88 => Self::Ask(conn),
            16..=26 | 89..=95 => Self::Join {
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
            43 => Self::Verify(Box::new(verdict(source))),
            44 => Self::Issue(match source.below(4) {
                0 => Some(Err(ErrorCode::Busy)),
                1 => Some(Ok(source.bytes(20).to_vec())),
                _ => None,
            }),
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
            63 if source.bool() => Self::Pass(source.below(700_000) as u64),
            63 => Self::Pass(source.below(10_000) as u64),
            64..=69 => Self::Account(
                conn,
                Act::SignIn {
                    at_once: !source.one_in(8),
                    result: Box::new(verdict(source)),
                },
            ),
            70 | 71 => Self::Account(
                conn,
                Act::Card {
                    proven: !source.one_in(4),
                    profile: *source.pick(&[1, 2, 1, 3]),
                    receipts: source.one_in(3),
                },
            ),
            72 => Self::Issuing(!source.one_in(6)),
            73 => Self::Policy(Box::new(policies::one(source))),
            74 => Self::Policy(Box::default()),
            75 => Self::Devices(devices(source)),
            76..=78 => Self::Account(
                conn,
                Act::Wait {
                    device: source.below(3) as u8 / 2,
                    known: !source.one_in(8),
                    offer: source.bytes(8).to_vec(),
                },
            ),
            79..=82 => Self::Account(
                conn,
                Act::Call {
                    device: source.below(3) as u8 / 2,
                    by: (!source.one_in(4)).then(|| Box::new(ours(source))),
                },
            ),
            84 => Self::Quarrel(conn, 1 + source.byte() % 4),
            _ => Self::Account(conn, Act::Report(1 + source.byte() % 4)),
        }
    }
}

const ISSUERS: [&str; 3] = ["an issuer", "an issuer", "another"];
const ORGANISATIONS: [&str; 4] = [policies::OURS, policies::OURS, "", "theirs"];

/// The devices that are registered at the beginning.
pub(super) const DEVICES: [Known; 2] = [(0, policies::OURS, None), (1, "theirs", Some("another"))];

/// Up to three devices; the third is one of the others once more.
fn devices(source: &mut Source<'_>) -> Vec<Known> {
    let kept = source.below(4);
    let device = |which: u8| {
        let issuer = source.one_in(3).then(|| *source.pick(&ISSUERS));
        (which & 1, *source.pick(&ORGANISATIONS), issuer)
    };
    (0..3).map(device).take(3 - kept.min(3)).collect()
}

fn verdict(source: &mut Source<'_>) -> Result<Verified, NotVerified> {
    let organisation = match source.below(16) {
        0 => return Err(NotVerified::Failed),
        1 => return Err(NotVerified::Expired),
        2 => return Err(NotVerified::Unsupported),
        _ => *source.pick(&ORGANISATIONS),
    };
    Ok(verified(organisation, source))
}

/// Somebody of the organisation that has devices.
fn ours(source: &mut Source<'_>) -> Verified {
    let mut verified = verified(policies::OURS, source);
    verified.account.role = Role::Elevation;
    verified
}

fn verified(organisation: &str, source: &mut Source<'_>) -> Verified {
    let account = Account {
        role: match source.one_in(3) {
            true => *source.pick(&Role::ALL),
            false => Role::Elevation,
        },
        device: *source.pick(&Standing::ALL),
        issuer: (*source.pick(&ISSUERS)).to_owned(),
        organisation: organisation.to_owned(),
        subject: source.byte().to_string(),
        name: String::new(),
        title: String::new(),
        domain: String::new(),
        expires: 0,
    };
    let lasts_ms = match source.one_in(3) {
        true => source.number().saturating_mul(1_000),
        false => 600_000,
    };
    let name = source.text();
    Verified {
        account: Account { name, ..account },
        lasts_ms,
    }
}
