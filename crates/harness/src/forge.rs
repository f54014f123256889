//! An end that has the right keys and says what it likes.

use alongside_state_machine::channel::{input::GrantKey, media, session};
use alongside_wire::{
    Direction, framing, input::InputEvent, rendezvous::Deliver, rendezvous::Message as Rendezvous,
    session::Message,
};

use crate::{
    network::{Packet, Way},
    record,
    world::{Side, World},
};

/// What an end sends until both have the keys of a reconnect: its hello, grease, its token, and its half of the handshake.
const TO_KEYS: usize = 4;

impl World {
    /// From now on the helper says only what is forged for it.
    pub fn take_over_helper(&mut self) {
        self.mute(Way::HelperUp);
    }

    /// The helper answers a join and is silent then: its introduction is not sent.
    pub fn take_over_helper_after_answer(&mut self) {
        self.mute_after(Way::HelperUp, 1);
    }

    /// From now on the sharer says only what is forged for it.
    pub fn take_over_sharer(&mut self) {
        self.mute(Way::SharerUp);
    }

    /// From now on this end says only what is forged for it.
    pub fn take_over(&mut self, side: Side) {
        let [way, _] = side.ways();
        self.mute(way);
    }

    /// The connection of this end breaks; it comes back as far as the new keys, and says from then on only what is forged
    /// for it: the other end waits for its state.
    pub fn take_over_on_the_way_back(&mut self, side: Side) {
        let [way, _] = side.ways();
        self.mute_after(way, TO_KEYS);
        self.disconnect(side);
        self.run(200);
    }

    /// Seals messages as the next record of an end, and sends it.
    pub fn forge(&mut self, way: Way, messages: &[Message]) {
        let mut plaintext = Vec::new();
        for message in messages {
            message.encode(&mut plaintext);
        }
        self.forge_plaintext(way, &plaintext);
    }

    /// Seals any plaintext as the next record of an end, and sends it.
    ///
    /// # Panics
    /// Without a session.
    pub fn forge_plaintext(&mut self, way: Way, plaintext: &[u8]) {
        let Some(keys) = self.all_keys().pop() else {
            panic!("there is no session to forge in")
        };
        let direction = match way {
            Way::HelperUp => Direction::ToSharer,
            _ => Direction::ToHelper,
        };
        let mut sealer = session::Sealer::new(&keys, direction);
        for _ in 0..record::sealed(&self.sent, way, &keys) {
            sealer.seal(&keys, b"");
        }
        let envelope = sealer.seal(&keys, plaintext);
        let mut bytes = Vec::new();
        Rendezvous::from(Deliver { envelope }).encode(&mut bytes);
        self.send_forged(way, Packet::Control(bytes));
    }

    /// Sends a framed message on an end's control stream, whatever is in it.
    pub fn forge_raw(&mut self, way: Way, message_type: u16, body: &[u8]) {
        let mut bytes = Vec::new();
        framing::encode(message_type, body, &mut bytes);
        self.send_forged(way, Packet::Control(bytes));
    }

    /// Seals the encoding of a frame as the sharer would, its records from number `first` on.
    ///
    /// # Panics
    /// Without a session.
    pub fn forge_media(&mut self, stream: u64, epoch: u32, first: u64, frame: u32, encoded: &[u8]) {
        let Some(keys) = self.session_keys() else {
            panic!("there is no session to forge in")
        };
        let mut sealer = media::Sealer::new(&keys, epoch);
        for _ in 0..first {
            sealer.seal(&keys, 0, b"x");
        }
        let bytes = sealer.seal(&keys, frame, encoded);
        self.send_forged(Way::SharerUp, Packet::Stream { id: stream, bytes });
    }

    /// Seals input under the helper's live grant, as its record `number`.
    ///
    /// # Panics
    /// Without a grant.
    pub fn forge_input(&mut self, number: u64, events: &[InputEvent]) {
        let grant = self.helper.machine().live_grant();
        let (Some(keys), Some((grant, _, secret))) = (self.session_keys(), grant) else {
            panic!("there is no grant to forge under")
        };
        let mut key = GrantKey::new(&keys, grant, &secret);
        for _ in 0..number {
            key.seal(&[]);
        }
        let bytes = key.seal(events);
        self.send_forged(Way::HelperUp, Packet::Stream { id: 1, bytes });
    }
}
