//! The bodies of all messages that a client reads, as their chapters give them, each with one fault.

use alongside_wire::{Scopes, envelope, limits, rendezvous, session};

use super::fields::{Field, wrong};
use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done},
};

use Field::{Bool, Bytes, Fixed, List, Locator, OneOf, Text, U8, U16, U32, U64};

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for message in messages() {
        for wrong in wrong(&message.body) {
            let (plane, name) = (message.plane, message.name);
            let id = match message.role {
                Some(role) => format!("{role}/wire/{name}/{}", wrong.name),
                None => format!("client/wire/{name}/{}", wrong.name),
            };
            let title = format!("a {name} with {} is refused", wrong.what);
            let (requirement, code, body) = (wrong.requirement, wrong.code, wrong.body);
            let route = message.route;
            let gives_up = message.gives_up;
            let run = move |stage: &mut ClientStage<'_>| {
                route(stage)?;
                match plane {
                    Plane::Relay => stage.say_raw(type_of(plane, name), &body),
                    Plane::Session => stage.seal_raw(type_of(plane, name), &body)?,
                    Plane::Envelope => {
                        let mut framed = Vec::new();
                        alongside_wire::framing::encode(type_of(plane, name), &body, &mut framed);
                        match name {
                            "offer" => stage.say(rendezvous::Joined { offer: framed }),
                            _ => stage.deliver(framed),
                        }
                    }
                }
                match gives_up {
                    true => stage.gives_up_join(requirement, code),
                    false => stage.ends(requirement, code),
                }
            };
            let case = match message.role {
                Some(Role::Helper) => Case::helper(id, title, &[requirement], run),
                Some(Role::Sharer) => Case::sharer(id, title, &[requirement], run),
                None => Case::client(id, title, &[requirement], run),
            };
            let case = case.twin(message.twin);
            all.push(
                message
                    .needs
                    .iter()
                    .fold(case, |case, needs| case.needs(needs)),
            );
        }
    }
    all
}

/// What carries a message.
#[derive(Clone, Copy)]
enum Plane {
    Relay,
    Envelope,
    Session,
}

struct Body {
    plane: Plane,
    name: &'static str,
    /// Who reads it; both without.
    role: Option<Role>,
    /// To where it is allowed.
    route: fn(&mut ClientStage<'_>) -> Done,
    /// A case in which it is taken.
    twin: &'static str,
    needs: &'static [&'static str],
    /// The helper gives the join up, and does not end.
    gives_up: bool,
    body: Vec<Field>,
}

fn type_of(plane: Plane, name: &str) -> u16 {
    let registered = match plane {
        Plane::Relay => rendezvous::Message::REGISTERED,
        Plane::Envelope => envelope::Envelope::REGISTERED,
        Plane::Session => session::Message::REGISTERED,
    };
    let known = registered.iter().find(|(_, known)| *known == name);
    known.map_or(0, |(message_type, _)| *message_type)
}

fn messages() -> Vec<Body> {
    [relay(), envelopes(), session(), tools()].concat_all()
}

trait ConcatAll {
    fn concat_all(self) -> Vec<Body>;
}

impl<const N: usize> ConcatAll for [Vec<Body>; N] {
    fn concat_all(self) -> Vec<Body> {
        self.into_iter().flatten().collect()
    }
}

fn relay() -> Vec<Body> {
    let of = |name, role, route: fn(&mut ClientStage<'_>) -> Done, body| Body {
        plane: Plane::Relay,
        name,
        role,
        route,
        twin: "client/hello/waits",
        needs: &[],
        gives_up: false,
        body,
    };
    let stated = |id, value| vec![U16(id), U64(value)];
    vec![
        of(
            "relay-hello",
            None,
            |stage| stage.connected(),
            vec![
                List(vec![stated(1, 600_000)], 64),
                List(vec![stated(1, 65_536)], 64),
            ],
        ),
        of(
            "code-issued",
            Some(Role::Helper),
            |stage| stage.asking().map(|_| ()),
            vec![Locator("4060".to_owned()), U32(600_000)],
        ),
        of(
            "joined",
            Some(Role::Helper),
            |stage| stage.has_code().map(|_| ()),
            vec![Bytes(vec![0; 3], limits::OFFER)],
        ),
        of(
            "refused",
            None,
            |stage| stage.asking().map(|_| ()),
            vec![U16(0x0202)],
        ),
        of("gone", None, |stage| stage.viewing(), vec![U16(0x0301)]),
        of(
            "place",
            Some(Role::Sharer),
            |stage| stage.joins().map(|_| ()),
            vec![Fixed(vec![7; 32])],
        ),
        of("peer-lost", None, |stage| stage.viewing(), vec![]),
        of(
            "rejoined",
            None,
            |stage| {
                stage.needs("reconnect")?;
                stage.viewing()?;
                stage.loses()?;
                stage.asks_again().map(|_| ())
            },
            vec![Bool(true)],
        ),
    ]
}

fn envelopes() -> Vec<Body> {
    let of = |name, role, route: fn(&mut ClientStage<'_>) -> Done, gives_up, body| Body {
        plane: Plane::Envelope,
        name,
        role: Some(role),
        route,
        twin: match role {
            Role::Helper => "helper/exchange/right",
            Role::Sharer => "sharer/exchange/right",
        },
        needs: &[],
        gives_up,
        body,
    };
    let base = base_point();
    vec![
        of(
            "offer",
            Role::Helper,
            |stage| stage.has_code().map(|_| ()),
            true,
            vec![
                List(vec![vec![U16(1)]], 16),
                List(vec![vec![U8(1)]], 16),
                Field::Scopes(0x47),
                Fixed(base.clone()),
            ],
        ),
        of(
            "answer",
            Role::Sharer,
            |stage| {
                stage.joins()?;
                stage.place();
                Ok(())
            },
            false,
            vec![
                Bytes(vec![1; 37], limits::OFFER),
                Bytes(vec![0; 80], limits::OFFER),
            ],
        ),
        of(
            "reconnect-1",
            Role::Sharer,
            |stage| stage.viewing(),
            false,
            vec![
                Bytes(vec![1; 59], limits::OFFER),
                Bytes(vec![0; 48], limits::OFFER),
            ],
        ),
        of(
            "reconnect-2",
            Role::Helper,
            |stage| stage.viewing(),
            false,
            vec![U32(0), U32(1), Bytes(vec![0; 48], limits::OFFER)],
        ),
    ]
}

/// The base point of the group, an element like any other.
fn base_point() -> Vec<u8> {
    let mut point = vec![0x66; 32];
    point[0] = 0x58;
    point
}

fn session() -> Vec<Body> {
    let of = |name, role, route: fn(&mut ClientStage<'_>) -> Done, body| Body {
        plane: Plane::Session,
        name,
        role,
        route,
        twin: match role {
            Some(Role::Helper) => "helper/table/consented/heartbeat",
            Some(Role::Sharer) => "sharer/table/consented/heartbeat",
            None => "client/wire/several",
        },
        needs: &[],
        gives_up: false,
        body,
    };
    let (helper, sharer) = (Some(Role::Helper), Some(Role::Sharer));
    let viewing: fn(&mut ClientStage<'_>) -> Done = |stage| stage.viewing();
    let deciding: fn(&mut ClientStage<'_>) -> Done = |stage| stage.deciding();
    vec![
        of("pause", None, viewing, vec![Bool(true)]),
        of(
            "chat",
            None,
            |stage| {
                stage.needs("chat")?;
                stage.viewing()
            },
            vec![U32(1), Text("hello".to_owned(), limits::CHAT)],
        ),
        of("chat-ack", None, viewing, vec![U32(1)]),
        of("heartbeat", None, viewing, vec![]),
        of("end", None, viewing, vec![U16(0x0301)]),
        of("probe", None, viewing, vec![U32(7)]),
        of("probe-answer", None, viewing, vec![U32(7)]),
        of("clipboard-taken", None, viewing, vec![U32(1), Bool(true)]),
        of("control-withdraw", sharer, viewing, vec![U32(1)]),
        of(
            "control-request",
            sharer,
            viewing,
            vec![U32(1), Field::Scopes(0x06)],
        ),
        of("epoch-seen", sharer, viewing, vec![U32(1)]),
        of("refresh", sharer, viewing, vec![]),
        of("advisory-ack", sharer, viewing, vec![]),
        of("consent", helper, deciding, vec![Field::Scopes(0x41)]),
        of(
            "displays",
            helper,
            viewing,
            vec![List(vec![vec![U8(0), U16(64), U16(48)]], limits::DISPLAYS)],
        ),
        of(
            "control-grant",
            helper,
            viewing,
            vec![
                U32(9),
                U32(1),
                Field::Scopes(0x02),
                U32(1_000),
                Fixed(vec![7; 32]),
            ],
        ),
        of("control-deny", helper, viewing, vec![U32(9), U16(0x0204)]),
        of("control-end", helper, viewing, vec![U32(1), U16(0x0309)]),
        of(
            "control-renew",
            helper,
            viewing,
            vec![U32(9), U32(9), U32(1_000)],
        ),
        of("epoch", helper, viewing, vec![U32(2), Bool(true)]),
        of("secure-desktop", helper, viewing, vec![Bool(true)]),
        of(
            "state",
            None,
            |stage| {
                stage.needs("reconnect")?;
                stage.viewing()?;
                stage.loses()?;
                stage.rejoins(true)?;
                stage.handshakes_again()
            },
            vec![
                Bool(false),
                Field::Scopes(0x41),
                U32(1),
                U32(0),
                U32(0),
                U32(0),
            ],
        ),
    ]
}

fn tools() -> Vec<Body> {
    let of = |name, role, needs, route: fn(&mut ClientStage<'_>) -> Done, body| Body {
        plane: Plane::Session,
        name,
        role,
        route,
        twin: match role {
            Some(Role::Sharer) => "sharer/drawing/shown",
            _ => "client/clipboard/answered",
        },
        needs,
        gives_up: false,
        body,
    };
    let annotates: fn(&mut ClientStage<'_>) -> Done =
        |stage| stage.controlled(Scopes::ANNOTATE).map(|_| ());
    let copies: fn(&mut ClientStage<'_>) -> Done = |stage| {
        let both = Scopes::CLIPBOARD_TO_HELPER.union(Scopes::CLIPBOARD_TO_SHARER);
        stage.controlled(both).map(|_| ())
    };
    let sharer = Some(Role::Sharer);
    vec![
        of(
            "clipboard",
            None,
            &["control", "clipboard"],
            copies,
            vec![U32(1), U32(1), Text("copied".to_owned(), limits::CLIPBOARD)],
        ),
        of(
            "control-end",
            sharer,
            &["control"],
            annotates,
            vec![U32(1), U16(0x030A)],
        ),
        of(
            "stroke",
            sharer,
            &["control", "drawing"],
            annotates,
            vec![
                U32(1),
                U32(1),
                U8(0),
                OneOf(0, vec![8]),
                OneOf(4, vec![0]),
                List(vec![vec![U16(1), U16(1)]], limits::STROKE_POINTS),
            ],
        ),
        of(
            "laser",
            sharer,
            &["control", "drawing"],
            annotates,
            vec![U32(1), U8(0), U16(1), U16(1)],
        ),
        of(
            "clear",
            sharer,
            &["control", "drawing"],
            annotates,
            vec![U32(1)],
        ),
    ]
}
