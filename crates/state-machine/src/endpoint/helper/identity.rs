//! Who the ends are, as the helper's endpoint handles it.

use alloc::{boxed::Box, vec::Vec};

use alongside_wire::{Direction, receipt::Receipt, rendezvous::SignedIn, session::Message};

use super::{Channel, Event, HelperEndpoint};
use crate::{
    endpoint::asking::Asking,
    error::{Fault, Misuse},
    identity::{device, trust},
    mutant,
    time::Timestamp,
};

impl HelperEndpoint {
    /// Whether the next answer of the relay is to a sign-in, or to the request for a card that comes after it.
    pub(super) fn is_signing_in(&self) -> bool {
        self.control.is_signing_in() || self.asking.is_some()
    }

    /// The relay knows who this is. The program is told when the card has come, if one is wanted.
    pub(super) fn ask_card(&mut self, signed_in: SignedIn) {
        let identity = &self.config.identity;
        let wanted = identity.ask_relay.filter(|_| identity.card.is_none());
        match wanted {
            Some(profile) => {
                let (asking, request) = Asking::new(profile, signed_in, &mut self.rng);
                self.asking = Some(asking);
                self.control.send(request);
            }
            None => self.events.push_back(Event::SignedIn(signed_in)),
        }
    }

    /// The person has read what is said of the sharer's device: the screen may come.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if nothing was said that is not acknowledged.
    pub fn acknowledge(&mut self, now: Timestamp) -> Result<(), Misuse> {
        let result = self.machine.acknowledge(now);
        self.carry_out(now);
        result
    }

    /// Asks for the picture of the sharer's card.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is none, or it was asked for; [`Misuse::Frozen`] while the link is
    /// lost.
    pub fn fetch_picture(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        //= spec/12-reconnect.md#state [RECON-40] 7bc06fbd
        if self.machine.frozen_until().is_some() {
            return Err(Misuse::Frozen);
        }
        let message = self.faces.ask()?;
        self.seal(&message);
        Ok(())
    }

    /// The cards that a receipt names, as far as they are here.
    pub fn cards_of(&self, receipt: &Receipt) -> Vec<Vec<u8>> {
        self.faces
            .named_by(receipt, self.config.identity.card.as_ref())
    }

    /// What the machine let pass, and only the endpoint can look into.
    pub(super) fn look(&mut self, message: &Message, now: Timestamp) -> Result<(), Fault> {
        let Channel::Standing(standing) = &self.channel else {
            return Ok(());
        };
        let transcript = &standing.handshake.channel.transcript;
        let identity = &self.config.identity;
        let unix = self.config.calendar.at(now);
        match message {
            Message::Card(shown) => {
                let (card, proof) = (&shown.card, &shown.proof);
                let card = trust::authenticate(card, proof, Direction::ToHelper, transcript)?;
                self.faces.see(card.as_ref(), &shown.card);
                let who = trust::judge(card, &identity.anchors, unix);
                self.events.push_back(Event::Sharer(Box::new(who)));
            }
            Message::Advisory(advisory) => {
                let (statement, proof) = (&advisory.statement, &advisory.proof);
                let device = device::judge(statement, proof, transcript, &identity.anchors, unix)?;
                //= spec/15-identity.md#advisories [ADVISORY-8] 47045629
                //= spec/15-identity.md#advisories [ADVISORY-9] 72073ee5
                let silent = device.is_in_order()
                    || identity.anchors.is_empty()
                    || mutant::is("ADVISORY-8/early");
                if !device.is_in_order() && mutant::is("ADVISORY-9/ends") {
                    return Err(Fault::BadAdvisory);
                }
                let to_acknowledge = !silent;
                self.events.push_back(Event::Device {
                    device,
                    to_acknowledge,
                });
                if silent {
                    // It waits, since it came just now.
                    let _ = self.machine.acknowledge(now);
                }
            }
            Message::PictureRequest(_) => {
                let messages: Vec<_> = self.faces.asked(identity.card.as_ref())?;
                messages.iter().for_each(|message| self.seal(message));
            }
            Message::Picture(piece) => {
                let fetched = self.faces.piece(piece)?;
                self.events.extend(fetched.map(Event::Picture));
            }
            _ => {}
        }
        Ok(())
    }
}
