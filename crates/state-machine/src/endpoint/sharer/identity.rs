//! Who the ends are, as the sharer's endpoint handles it.

use alloc::vec::Vec;

use alongside_wire::{
    Direction, ErrorCode,
    rendezvous::SignedIn,
    session::{Advisory, Card, Heartbeat, Introduce, Message},
};

use super::{Channel, Event, SharerEndpoint};
use crate::{
    endpoint::asking::Asking,
    error::{Fault, Misuse},
    identity::trust::{self, Standing},
    mutant,
    session::friction::{Consent, Contact},
    time::Timestamp,
};

impl SharerEndpoint {
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

    /// The helper's first message: its opening, and its card if it has one.
    pub(super) fn introduced(
        &mut self,
        introduce: &Introduce,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Channel::Standing(standing) = &self.channel else {
            return Ok(());
        };
        let phrase = standing.handshake.open(&introduce.opening)?;
        let transcript = standing.handshake.channel.transcript;
        if mutant::is("CARD-11/early") {
            self.seal(&Heartbeat {}.into());
        }
        let Introduce {
            card, proof, name, ..
        } = introduce;
        let card = trust::authenticate(card, proof, Direction::ToSharer, &transcript)?;
        let unix = self.config.calendar.at(now);
        let who = trust::judge(card, &self.config.identity.anchors, unix);
        //= spec/15-identity.md#trust [CARD-17] 095a90f5
        let unknown = self.config.identity.needs_card && !who.is_vouched_for();
        if unknown && !mutant::is("CARD-17/asks") {
            self.machine.end(ErrorCode::CardNeeded);
            return Ok(());
        }
        self.faces.see(who.card.as_ref(), &introduce.card);
        if let Some(own) = &self.config.identity.device {
            self.machine.advise(Advisory {
                statement: own.bytes().into(),
                proof: own.prove(&transcript).into(),
            });
        }
        let trusted =
            matches!(who.standing, Standing::Verified { .. }) || mutant::is("CARD-20/shows");
        self.machine.introduced(name, who, now)?;
        if !self.machine.is_introduced() {
            return Ok(());
        }
        self.begin_receipts(transcript, &introduce.card);
        self.events.push_back(Event::Phrase(phrase));
        if self.asked_to_wait && mutant::is("DEVICE-14/unasked") {
            let _ = self.contact(Contact::Person, now);
            let _ = self.consent(Consent::Given, Vec::new(), now);
        }
        //= spec/15-identity.md#sharer [CARD-20] 6f96c7b0
        if trusted && self.config.identity.card.is_some() {
            self.carry_out();
            // It was not shown before, and is there.
            let _ = self.show_card(now);
        }
        Ok(())
    }

    /// The person agrees that the helper sees their card. One that an issuer verified who is trusted
    /// here, and does not run the relay, sees it unasked.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is no card, or it was shown; [`Misuse::Phase`] while there is
    /// nobody to show it to, [`Misuse::Frozen`] while the link is lost.
    pub fn show_card(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        if !self.machine.is_introduced() {
            return Err(Misuse::Phase(self.machine.phase()));
        }
        //= spec/12-reconnect.md#state [RECON-40] 7bc06fbd
        if self.machine.frozen_until().is_some() && !mutant::is("RECON-40/takes") {
            return Err(Misuse::Frozen);
        }
        let card = self.own_card().filter(|_| !self.faces.is_shown());
        let card = card.ok_or(Misuse::Nothing)?;
        self.faces.show();
        self.seal(&card.into());
        Ok(())
    }

    /// This end's card, with the proof for this session.
    fn own_card(&self) -> Option<Card> {
        let Channel::Standing(standing) = &self.channel else {
            return None;
        };
        let own = self.config.identity.card.as_ref()?;
        let transcript = &standing.handshake.channel.transcript;
        Some(Card {
            card: own.bytes().into(),
            proof: own.prove(Direction::ToHelper, transcript).into(),
        })
    }

    //= spec/12-reconnect.md#state [RECON-38] 2754d829
    /// The link is up again: what may have been lost with it.
    pub(super) fn show_again(&mut self) {
        let card = self.own_card().filter(|_| self.faces.is_shown());
        let card = card.filter(|_| !mutant::is("RECON-38/silent"));
        let card = card.map(Message::from);
        let picture = self.faces.back();
        for message in card.into_iter().chain(picture) {
            self.seal(&message);
        }
    }

    /// Asks for the picture of the helper's card.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is none, or it was asked for; [`Misuse::Phase`] while there is
    /// nobody to ask, [`Misuse::Frozen`] while the link is lost.
    pub fn fetch_picture(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        if !self.machine.is_introduced() {
            return Err(Misuse::Phase(self.machine.phase()));
        }
        //= spec/12-reconnect.md#state [RECON-40] 7bc06fbd
        if self.machine.frozen_until().is_some() {
            return Err(Misuse::Frozen);
        }
        let message = self.faces.ask()?;
        self.seal(&message);
        Ok(())
    }

    /// What the machine let pass, and only the endpoint can look into.
    pub(super) fn look(&mut self, message: &Message) -> Result<(), Fault> {
        match message {
            Message::PictureRequest(_) => {
                let own = self.config.identity.card.as_ref();
                let messages: Vec<_> = self.faces.asked(own)?;
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
