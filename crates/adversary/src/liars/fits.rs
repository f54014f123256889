//! What a liar knows of the numbers that are next, so that most of what it says is taken.

use alongside_harness::{Packet, Way, World};
use alongside_state_machine::channel::input::GrantKey;
use alongside_wire::{
    Scopes,
    input::InputEvent,
    session::{
        Chat, Clipboard, ControlEnd, ControlRequest, EpochSeen, Heartbeat, Message, Picture, Shown,
        State, Stroke,
    },
};

use super::Lies;
use crate::cast;

/// What a lying sharer says, with what its helper looks at first.
pub(super) fn of_sharer(message: &Message, lies: &Lies) -> Message {
    match message {
        Message::State(said) if lies.back => state(said, lies.from, 2),
        Message::Picture(piece) if lies.known => picture(piece),
        other => other.clone(),
    }
}

/// The state of an end that came back, with `least` epochs and grants.
fn state(said: &State, from: u8, least: u32) -> Message {
    let undecided = from == 0;
    let consented = !undecided || least > 0 && !said.scopes.is_empty();
    let number = |said: u32| if undecided { 0 } else { least + said % 2 };
    State {
        paused: said.paused,
        scopes: match consented {
            true => Scopes::CONSENT,
            false => Scopes::NONE,
        },
        epoch: number(said.epoch),
        grant: number(said.grant),
        sent: if undecided { 0 } else { said.sent % 2 },
        received: 0,
    }
    .into()
}

/// A piece of as many bytes as the picture of all cards, or none.
fn picture(piece: &Picture) -> Message {
    let mut data = piece.data.clone();
    let whole = cast::PICTURE.len();
    data.resize(if data.is_empty() { 0 } else { whole }, 0);
    let offset = piece.offset % 2;
    Picture { offset, data }.into()
}

#[derive(Default)]
pub(super) struct Liar {
    known: bool,
    /// It came back from so far, and has not said its state.
    back_from: Option<u8>,
    keys: Vec<GrantKey>,
    epochs: u32,
    request: u32,
    chat: u32,
    item: u32,
}

impl Liar {
    /// One that has asked for control already, or not.
    pub(super) fn new(lies: &Lies) -> Self {
        Self {
            known: lies.known,
            back_from: lies.back.then_some(lies.from),
            request: u32::from(lies.from > 1),
            ..Self::default()
        }
    }

    /// The keys of all grants that the sharer gave away, as the helper has them.
    fn learn(&mut self, world: &World) {
        let Some(all) = world.session_keys() else {
            return;
        };
        let opened = alongside_harness::record::open(&world.sent, Way::SharerUp, &all);
        let epochs = opened.messages.iter();
        let epochs = epochs.filter(|message| matches!(message, Message::Epoch(_)));
        self.epochs = epochs.count() as u32;
        let granted = opened.messages.iter().filter_map(|message| match message {
            Message::ControlGrant(grant) => Some(grant),
            _ => None,
        });
        for grant in granted.skip(self.keys.len()) {
            let mut key = GrantKey::new(&all, grant.grant, &grant.secret);
            let id = u64::from(grant.grant);
            let used = |sent: &&(Way, Packet)| matches!(sent, (Way::HelperUp, Packet::Stream { id: at, .. }) if *at == id);
            for _ in 0..world.sent.iter().filter(used).count() {
                key.seal(&[]);
            }
            self.keys.push(key);
        }
    }

    /// Input under the secret of the latest grant, or of the one before: its stream and the record.
    pub(super) fn seal(
        &mut self,
        latest: bool,
        events: &[InputEvent],
        world: &World,
    ) -> Option<(u64, Vec<u8>)> {
        self.learn(world);
        let back = if latest { 1 } else { 2 };
        let at = self.keys.len().checked_sub(back)?;
        let key = self.keys.get_mut(at)?;
        Some((u64::from(key.grant()), key.seal(events)))
    }

    /// The same messages with numbers that fit; a heartbeat in place of what fits at no time.
    pub(super) fn fit(&mut self, messages: &[Message], world: &World) -> Vec<Message> {
        self.learn(world);
        let fit = |message: &Message| self.fits(message.clone(), world);
        let fit = messages.iter().map(fit);
        fit.map(|message| message.unwrap_or(Heartbeat {}.into()))
            .collect()
    }

    fn fits(&mut self, message: Message, world: &World) -> Option<Message> {
        let grants = self.keys.len() as u32;
        Some(match message {
            Message::Heartbeat(_) | Message::Pause(_) | Message::Pad(_) => message,
            Message::State(said) => state(&said, self.back_from.take()?, 0),
            Message::PictureRequest(_) if self.known => message,
            Message::Picture(piece) if self.known => picture(&piece),
            _ if self.epochs == 0 => return None,
            Message::ControlRequest(request) => {
                self.request += 1;
                ControlRequest {
                    request: self.request,
                    ..request
                }
                .into()
            }
            Message::Chat(chat) => {
                self.chat += 1;
                let id = self.chat;
                Chat { id, ..chat }.into()
            }
            Message::EpochSeen(_) => EpochSeen { epoch: self.epochs }.into(),
            Message::Shown(_) if world.frames() > 0 => Shown { frame: 1 }.into(),
            Message::ControlEnd(end) if grants > 0 => {
                let grant = end.grant % grants + 1;
                ControlEnd { grant, ..end }.into()
            }
            Message::Stroke(stroke) if grants > 0 => {
                let grant = stroke.grant % grants + 1;
                Stroke { grant, ..stroke }.into()
            }
            Message::Clipboard(copied) if grants > 0 => {
                self.item += 1;
                let (grant, item) = (copied.grant % grants + 1, self.item);
                Clipboard {
                    grant,
                    item,
                    ..copied
                }
                .into()
            }
            Message::ControlWithdraw(_)
            | Message::Refresh(_)
            | Message::ChatAck(_)
            | Message::ClipboardTaken(_)
            | Message::PathOffer(_)
            | Message::Probe(_)
            | Message::ProbeAnswer(_) => message,
            _ => return None,
        })
    }
}
