//! From messages of the control stream to the session's logic.

use alloc::{boxed::Box, string::String, vec::Vec};

use alongside_wire::{
    Direction, ErrorCode,
    code::{Code, Secret},
    envelope::Envelope,
    rendezvous::{Deliver, Gone, Message as Rendezvous, Place, Refused, Rejoined},
    session::{Heartbeat, Introduce, Message},
};
use rand_core::RngCore;

use super::{Channel, Event, HelperEndpoint, Standing};
use crate::{
    channel::{
        handshake::HelperChannel,
        media,
        reconnect::Attempts,
        session::{Opener, Sealer},
    },
    endpoint::asking::Asking,
    error::{Fault, Plane},
    identity::own,
    mutant,
    session::{By, known},
    time::Timestamp,
};

impl HelperEndpoint {
    pub(super) fn handle_rendezvous(
        &mut self,
        message: Rendezvous,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if self.is_late(&message) {
            return Ok(());
        }
        let unexpected = Fault::Unexpected {
            plane: Plane::Rendezvous,
            message: message.name(),
            phase: self.machine.phase(),
        };
        match message {
            Rendezvous::CodeIssued(issued) => {
                let locator = issued.locator;
                self.machine.code_issued(locator, issued.lifetime_ms, now)?;
                //= spec/02-codes.md#halves [CODE-5] 1c3c7b8e
                let mut random = [0; 4];
                if !mutant::is("CODE-8/same") {
                    self.rng.fill_bytes(&mut random);
                }
                let secret = Secret::from_random(&random);
                self.channel = Channel::Code(Code { locator, secret });
                Ok(())
            }
            Rendezvous::Joined(joined) => self.handle_joined(&joined, now),
            Rendezvous::Deliver(Deliver { envelope }) => match Envelope::read(&envelope) {
                Ok(Some(envelope)) => self.handle_envelope(envelope, now),
                Ok(None) if mutant::is("WIRE-9/blames") => Err(unexpected),
                Ok(None) => Ok(()),
                Err(error) => self.failed(error.into(), now),
            },
            Rendezvous::Refused(_) if self.path.is_rejoining() => {
                self.machine.relay_ended(ErrorCode::Lost);
                Ok(())
            }
            Rendezvous::SignedIn(signed_in) => {
                self.control.signed_in(signed_in.clone())?;
                self.ask_card(signed_in);
                Ok(())
            }
            Rendezvous::CardChallenge(challenge) if self.asking.is_some() => {
                let proof = self.asking.as_ref().map(|asking| asking.prove(&challenge));
                proof.into_iter().for_each(|proof| self.control.send(proof));
                Ok(())
            }
            Rendezvous::CardIssued(issued) if self.asking.is_some() => {
                if let Some(asking) = self.asking.take() {
                    let (own, signed_in) = asking.take(&issued.card)?;
                    self.config.identity.card = Some(own);
                    self.events.push_back(Event::SignedIn(signed_in));
                }
                Ok(())
            }
            Rendezvous::Refused(Refused { code }) if self.asking.is_some() => {
                self.events.push_back(Event::NoCard(known(code)));
                let signed_in = self.asking.take().map(Asking::give_up);
                self.events.extend(signed_in.map(Event::SignedIn));
                Ok(())
            }
            //= spec/13-sign-in.md#sign-in [AUTH-9] 3982f182
            Rendezvous::Refused(Refused { code }) if self.control.is_signing_in() => {
                self.machine.relay_ended(known(code));
                Ok(())
            }
            Rendezvous::Refused(Refused { code }) => self.machine.refused(known(code)),
            Rendezvous::Gone(Gone { code }) => {
                self.machine.gone(known(code), now);
                Ok(())
            }
            Rendezvous::Place(Place { token }) => {
                self.path.take_token(token).map_err(|_| unexpected)
            }
            Rendezvous::Rejoined(Rejoined { peer }) => {
                self.path.rejoined(peer).map_err(|_| unexpected)?;
                self.attempt(now);
                Ok(())
            }
            Rendezvous::PeerLost(_) => self.peer_lost(now).map_err(|_| unexpected),
            Rendezvous::PeerBack(_) => {
                self.path.peer_back().map_err(|_| unexpected)?;
                self.attempt(now);
                Ok(())
            }
            Rendezvous::Path(_) | Rendezvous::PathOpen(_) | Rendezvous::PathOver(_) => {
                self.machine.handle_path(&message, now)
            }
            _ => Err(unexpected),
        }
    }

    fn handle_envelope(&mut self, envelope: Envelope, now: Timestamp) -> Result<(), Fault> {
        match (envelope, &mut self.channel) {
            (Envelope::Confirm(confirm), channel @ Channel::Answered(_)) => {
                let Channel::Answered(answering) = core::mem::replace(channel, Channel::None)
                else {
                    return Ok(());
                };
                let handshake = match answering.confirmed(&confirm) {
                    Ok(handshake) => handshake,
                    Err(fault) => return self.failed(fault, now),
                };
                self.standing(handshake, now)
            }
            (Envelope::Sealed(sealed), Channel::Standing(standing)) => {
                let frozen = self.machine.frozen_until().is_some();
                let keys = &standing.handshake.channel.keys;
                if frozen && !standing.listens() {
                    self.counters.late += 1;
                    return Ok(());
                }
                match standing.opener.open(keys, &sealed) {
                    Ok(plaintext) => self.handle_plaintext(&plaintext, now),
                    Err(_) if frozen => self.counters.late += 1,
                    //= spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
                    Err(_) => self.machine.record_failed(now),
                }
                Ok(())
            }
            (Envelope::Reconnect2(answer), Channel::Standing(_)) => {
                self.handle_answer(&answer, now);
                Ok(())
            }
            (other, _) => {
                let fault = Fault::Unexpected {
                    plane: Plane::Envelope,
                    message: other.name(),
                    phase: self.machine.phase(),
                };
                self.failed(fault, now)
            }
        }
    }

    fn handle_plaintext(&mut self, plaintext: &[u8], now: Timestamp) {
        let handled = Message::read_all(plaintext)
            .map_err(Fault::from)
            .and_then(|messages| {
                //= spec/05-session.md#life [SESSION-5] 217b2065
                if messages.is_empty() {
                    self.machine.heard(now);
                }
                messages.iter().try_for_each(|message| {
                    if mutant::is_deaf(mutant::Target::Helper, message.name()) {
                        return Ok(());
                    }
                    let known = self.machine.knows(message);
                    self.machine.handle_message(message, now)?;
                    self.handle_receipt(message)?;
                    if !known {
                        self.look(message, now)?;
                    }
                    self.carry_out(now);
                    Ok(())
                })
            });
        if let Err(fault) = handled {
            self.machine.fail(By::Peer, fault);
        }
    }

    /// Checks a receipt, which the machine has let pass.
    fn handle_receipt(&mut self, message: &Message) -> Result<(), Fault> {
        if let (Message::Receipt(message), Channel::Standing(standing)) = (message, &self.channel) {
            let transcript = &standing.handshake.channel.transcript;
            let card = self.config.identity.card.as_ref();
            let card = card.map_or([0; 32], |card| own::hash(card.bytes()));
            self.receipts.take(&message.receipt, transcript, &card)?;
            self.events
                .push_back(Event::Receipt(message.receipt.clone()));
        }
        Ok(())
    }

    /// Before the channel stands, a fault costs the code and nothing more.
    pub(super) fn failed(&mut self, fault: Fault, now: Timestamp) -> Result<(), Fault> {
        if mutant::is_lenient(mutant::Target::Helper, fault.clause()) {
            return Ok(());
        }
        if self.machine.is_securing() {
            self.channel = Channel::None;
            self.machine.spent(fault, fault.code(), now);
            return Ok(());
        }
        match self.channel {
            Channel::Standing(_) => Err(fault),
            // What was on its way when the code was spent or given back.
            Channel::None | Channel::Code(_) | Channel::Calling(_) | Channel::Answered(_) => Ok(()),
        }
    }

    fn standing(&mut self, mut handshake: HelperChannel, now: Timestamp) -> Result<(), Fault> {
        handshake.channel = handshake.channel.with(self.config.aead);
        let keys = &handshake.channel.keys;
        let (opening, phrase) = (handshake.opening, handshake.phrase);
        let mut ceiling = handshake.channel.ceiling;
        let mut introduce = Introduce {
            opening,
            name: self.name.clone(),
            card: Vec::new(),
            proof: Vec::new(),
        };
        if let Some(own) = &self.config.identity.card {
            introduce.name = String::new();
            introduce.card = own.bytes().into();
            self.faces.show();
            let proof = own.prove(Direction::ToSharer, &handshake.channel.transcript);
            introduce.proof = proof.into();
            //= spec/15-identity.md#trust [CARD-18] 06651a57
            ceiling = ceiling.intersect(own.card().ceiling);
        }
        self.channel = Channel::Standing(Box::new(Standing {
            sealer: Sealer::new(keys, Direction::ToSharer),
            opener: Opener::new(keys, Direction::ToHelper),
            media: media::Opener::new(0),
            attempts: Attempts::default(),
            fresh: false,
            handshake,
        }));
        //= spec/04-key-exchange.md#noise [KEX-14] 106e47fd
        if mutant::is("KEX-14/late") {
            self.seal(&Heartbeat {}.into());
        }
        self.seal(&introduce.into());
        self.events.push_back(Event::Phrase(phrase));
        self.machine.secured(ceiling, now)
    }
}
