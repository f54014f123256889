//! From what came to the session's logic.

use alloc::boxed::Box;

use alongside_wire::{
    Direction, ErrorCode,
    envelope::Envelope,
    input::{InputEvent, read_record},
    record::InputHeader,
    rendezvous::{Deliver, Gone, Message as Rendezvous, Place, Refused, Rejoined},
    session::{Heartbeat, Message},
};

use super::{Channel, Event, SessionEvent, SharerEndpoint, Standing};
use crate::{
    channel::{
        reconnect::Answers,
        session::{Opener, Sealer},
    },
    endpoint::asking::Asking,
    error::{Fault, Plane},
    mutant,
    session::{By, known},
    time::Timestamp,
};

impl SharerEndpoint {
    pub(super) fn handle_rendezvous(
        &mut self,
        message: Rendezvous,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let unexpected = Fault::Unexpected {
            plane: Plane::Rendezvous,
            message: message.name(),
            phase: self.machine.phase(),
        };
        match message {
            Rendezvous::Deliver(Deliver { envelope }) => match Envelope::read(&envelope)? {
                Some(envelope) => self.handle_envelope(envelope, now),
                None if mutant::is("WIRE-9/blames") => Err(unexpected),
                None => Ok(()),
            },
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
            Rendezvous::Waiting(_) if self.waits() => Ok(()),
            Rendezvous::Refused(_) if self.path.is_rejoining() => {
                self.machine.relay_ended(ErrorCode::Lost);
                Ok(())
            }
            Rendezvous::Refused(Refused { code }) => self.machine.refused(known(code)),
            Rendezvous::Place(Place { token }) if !matches!(self.channel, Channel::None) => {
                self.path.take_token(token).map_err(|_| unexpected)
            }
            Rendezvous::Rejoined(Rejoined { peer }) => {
                self.path.rejoined(peer).map_err(|_| unexpected)
            }
            Rendezvous::PeerLost(_) if !matches!(self.channel, Channel::None) => {
                self.path.peer_lost().map_err(|_| unexpected)?;
                self.machine.peer_lost(now)
            }
            Rendezvous::PeerBack(_) => self.path.peer_back().map_err(|_| unexpected),
            Rendezvous::Gone(Gone { code }) => {
                self.machine.relay_ended(known(code));
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
            (Envelope::Answer(answer), channel @ Channel::Offered(_)) => {
                let Channel::Offered(offering) = core::mem::replace(channel, Channel::None) else {
                    return Ok(());
                };
                let answered = offering.answered(&answer, &self.config.suites, &mut self.rng);
                let mut handshake = match answered {
                    Ok(handshake) => handshake,
                    Err(fault) => {
                        self.machine.fail(By::Peer, fault);
                        return Ok(());
                    }
                };
                self.machine.answered(handshake.channel.ceiling, now)?;
                self.control.send(Deliver {
                    envelope: handshake.confirm.clone(),
                });
                handshake.channel = handshake.channel.with(self.config.aead);
                let keys = &handshake.channel.keys;
                self.channel = Channel::Standing(Box::new(Standing {
                    sealer: Sealer::new(keys, Direction::ToHelper),
                    opener: Opener::new(keys, Direction::ToSharer),
                    grant: None,
                    media: None,
                    answers: Answers::default(),
                    fresh: false,
                    handshake,
                }));
                if mutant::is("KEX-16/early") {
                    self.seal(&Heartbeat {}.into());
                }
                if mutant::is("KEX-20/early") {
                    self.events.push_back(Event::Phrase([0, 1, 2]));
                }
                Ok(())
            }
            (Envelope::Sealed(sealed), Channel::Standing(standing)) => {
                if self.machine.frozen_until().is_some() {
                    match self.open_frozen(&sealed) {
                        Some(plaintext) => self.handle_plaintext(&plaintext, now),
                        None => self.counters.late += 1,
                    }
                    return Ok(());
                }
                let keys = &standing.handshake.channel.keys;
                match standing.opener.open(keys, &sealed) {
                    Ok(plaintext) => self.handle_plaintext(&plaintext, now),
                    Err(_) => self.machine.record_failed(now),
                }
                Ok(())
            }
            (Envelope::Reconnect1(first), Channel::Standing(_)) if !self.machine.is_securing() => {
                self.handle_first(&first, now);
                Ok(())
            }
            //= spec/04-key-exchange.md#envelopes [KEX-21] 45c2a87b
            (other, _) => Err(Fault::Unexpected {
                plane: Plane::Envelope,
                message: other.name(),
                phase: self.machine.phase(),
            }),
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
                    self.handle_session(message, now)?;
                    self.carry_out();
                    Ok(())
                })
            });
        if let Err(fault) = handled {
            self.machine.fail(By::Peer, fault);
        }
    }

    fn handle_session(&mut self, message: &Message, now: Timestamp) -> Result<(), Fault> {
        if mutant::is_deaf(mutant::Target::Sharer, message.name()) {
            return Ok(());
        }
        if let Message::Introduce(introduce) = message
            && self.machine.is_securing()
        {
            return self.introduced(introduce, now);
        }
        self.machine.handle_message(message, now)?;
        self.look(message)
    }

    pub(super) fn handle_input(&mut self, header: &InputHeader, body: &[u8], now: Timestamp) {
        self.machine.handle_timeout(now);
        self.carry_out();
        let Channel::Standing(standing) = &mut self.channel else {
            self.counters.early += 1;
            return;
        };
        let key = standing.grant.as_mut();
        //= spec/06-media-input.md#input-records [INPUT-3] 782ead1b
        //= spec/06-media-input.md#input-records [INPUT-4] 2b2b7b64
        let Some(key) = key.filter(|key| key.grant() == header.grant) else {
            self.counters.dead_input += 1;
            if mutant::is("INPUT-4/blames") {
                self.machine.input_failed(now);
                self.carry_out();
            }
            return;
        };
        let handled = match key.open(body) {
            Err(_) => {
                //= spec/06-media-input.md#input-records [INPUT-5] 6207da10
                if !mutant::is("INPUT-5/lenient") {
                    self.machine.input_failed(now);
                }
                if mutant::is("INPUT-3/any") {
                    self.carry_out();
                    let (usage, down) = (4, true);
                    let pressed = SessionEvent::Inject(InputEvent::Key { usage, down });
                    self.events.push_back(Event::Session(pressed));
                }
                Ok(())
            }
            //= spec/06-media-input.md#input-records [INPUT-7] 0224f7be
            Ok(plaintext) => read_record(&plaintext)
                .map_err(Fault::from)
                .and_then(|events| self.machine.handle_input(header.grant, &events, now)),
        };
        if let Err(fault) = handled
            && !(mutant::is("INPUT-7/lenient") && matches!(fault, Fault::Decode(_)))
        {
            self.machine.fail(By::Peer, fault);
        }
        self.carry_out();
    }
}
