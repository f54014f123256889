//! The handshake that brings a session back: `NNpsk0` again, under a key that comes from the master.

use alloc::{collections::VecDeque, vec::Vec};

use alongside_wire::{
    VERSION,
    envelope::{Envelope, Reconnect1, Reconnect2, ReconnectClear},
    limits::{FAILED_PROOFS, timers::PROOF_WINDOW},
};
use rand_core::RngCore;

use super::{
    keys::Keys,
    noise::{Failed, Finished, Noise},
};
use crate::{mutant, time::Timestamp};

/// The helper's side: one attempt at a time.
#[derive(Default)]
pub struct Attempts {
    /// How many were made in this generation.
    made: u32,
    outstanding: Option<Noise>,
    proofs: Proofs,
}

impl Attempts {
    //= spec/12-reconnect.md#handshake [RECON-13] d7032fee
    /// Begins an attempt, and forgets the one before. Returns the envelope to send.
    pub fn begin(
        &mut self,
        keys: &Keys,
        session_id: &[u8; 16],
        rng: &mut impl RngCore,
    ) -> Option<Vec<u8>> {
        self.outstanding = None;
        if self.made == 0 || !mutant::is("RECON-13/same") {
            self.made += 1;
        }
        let clear = clear_of(keys, session_id, self.made).to_bytes();
        let mut noise = noise(true, keys, &clear, rng).ok()?;
        let message = noise.write(&[]).ok()?;
        self.outstanding = Some(noise);
        let envelope = Envelope::from(Reconnect1 {
            clear,
            noise: message,
        });
        Some(envelope.to_bytes())
    }

    /// Whether an answer is awaited.
    pub fn is_outstanding(&self) -> bool {
        self.outstanding.is_some()
    }

    //= spec/12-reconnect.md#handshake [RECON-21] 50d83273
    /// Takes an answer: the next keys, if it is authentic and to the attempt that is outstanding.
    pub fn answered(&mut self, keys: &Keys, answer: &Reconnect2, now: Timestamp) -> Option<Keys> {
        let noise = self.outstanding.as_mut()?;
        let fits = answer.generation == keys.generation() && answer.attempt == self.made;
        if !fits && mutant::is("RECON-21/forgets") {
            self.outstanding = None;
            return None;
        }
        if !fits || !self.proofs.may_try(now) {
            return None;
        }
        //= spec/12-reconnect.md#handshake [RECON-19] 185433e2
        if noise.read::<0>(&answer.noise).is_err() {
            if mutant::is("RECON-19/forgets") {
                self.outstanding = None;
            }
            self.proofs.failed(now);
            return None;
        }
        let finished = self.outstanding.take()?.finish().ok()?;
        self.made = 0;
        Some(next(keys, &finished))
    }
}

/// The sharer's side: answers, and what may follow from the latest.
#[derive(Default)]
pub struct Answers {
    /// The highest authentic attempt in this generation.
    highest: u32,
    candidate: Option<Keys>,
    proofs: Proofs,
}

impl Answers {
    /// Answers a first message, if it is authentic: the envelope to send. The keys become the
    /// candidate's if the message shows that the helper has them.
    pub fn answer(
        &mut self,
        keys: &mut Keys,
        session_id: &[u8; 16],
        first: &Reconnect1,
        rng: &mut impl RngCore,
        now: Timestamp,
    ) -> Option<Vec<u8>> {
        let clear = ReconnectClear::read(&first.clear).ok()?;
        let fits = |keys: &Keys, highest| {
            let rises = clear.attempt > highest || mutant::is("RECON-14/again");
            rises && clear == clear_of(keys, session_id, clear.attempt)
        };
        //= spec/12-reconnect.md#handshake [RECON-14] dac77c30
        let current = fits(keys, self.highest);
        let candidate = self.candidate.as_ref().filter(|keys| fits(keys, 0));
        let under = match &candidate {
            _ if current => &*keys,
            Some(candidate) => candidate,
            None => return None,
        };
        //= spec/12-reconnect.md#handshake [RECON-20] 9557a61b
        if !self.proofs.may_try(now) {
            return None;
        }
        let proven = noise(false, under, &first.clear, rng).and_then(|mut noise| {
            noise.read::<0>(&first.noise)?;
            let message = noise.write(&[])?;
            Ok((message, next(under, &noise.finish()?)))
        });
        //= spec/12-reconnect.md#handshake [RECON-19] 185433e2
        let Ok((message, next)) = proven else {
            self.proofs.failed(now);
            if mutant::is("RECON-19/forgets") {
                self.highest = clear.attempt;
            }
            return None;
        };
        //= spec/12-reconnect.md#handshake [RECON-17] 62ad21d8
        if !current && let Some(candidate) = self.candidate.take() {
            *keys = candidate;
        }
        //= spec/12-reconnect.md#handshake [RECON-15] f18c3776
        self.candidate = Some(next);
        self.highest = clear.attempt;
        let envelope = Envelope::from(Reconnect2 {
            generation: clear.generation,
            attempt: clear.attempt,
            noise: message,
        });
        Some(envelope.to_bytes())
    }

    /// What a record may open under, to show that the helper has it. Nothing is sealed under it.
    pub fn candidate(&self) -> Option<&Keys> {
        self.candidate.as_ref()
    }

    //= spec/12-reconnect.md#handshake [RECON-16] 8552f024
    //= spec/12-reconnect.md#handshake [RECON-17] 62ad21d8
    /// A record has opened under the candidate.
    pub fn take_candidate(&mut self) -> Option<Keys> {
        self.highest = 0;
        self.candidate.take()
    }
}

/// Proofs that failed lately.
#[derive(Default)]
struct Proofs(VecDeque<Timestamp>);

impl Proofs {
    //= spec/12-reconnect.md#handshake [RECON-20] 9557a61b
    fn may_try(&mut self, now: Timestamp) -> bool {
        self.0
            .retain(|moment| now.since(*moment) < PROOF_WINDOW * 1_000);
        self.0.len() < FAILED_PROOFS || mutant::is("RECON-20/tireless")
    }

    fn failed(&mut self, now: Timestamp) {
        self.0.push_back(now);
    }
}

fn clear_of(keys: &Keys, session_id: &[u8; 16], attempt: u32) -> ReconnectClear {
    ReconnectClear {
        version: VERSION,
        suite: keys.suite().to_wire(),
        session_id: *session_id,
        master_hash: keys.master_hash(),
        generation: keys.generation(),
        attempt,
    }
}

//= spec/12-reconnect.md#handshake [RECON-12] 05307331
fn noise(
    initiator: bool,
    keys: &Keys,
    clear: &[u8],
    rng: &mut impl RngCore,
) -> Result<Noise, Failed> {
    let mut parts: [&[u8]; 2] = [b"alongside/1 reconnect", clear];
    if mutant::is("RECON-12/prologue") {
        parts[0] = b"alongside/1 noise";
    }
    let mut prologue = Vec::new();
    for part in parts {
        prologue.extend_from_slice(&(part.len() as u32).to_be_bytes());
        prologue.extend_from_slice(part);
    }
    Noise::new(
        initiator,
        keys.suite(),
        &prologue,
        &keys.reconnect_psk(),
        rng,
    )
}

fn next(keys: &Keys, Finished { hash, split }: &Finished) -> Keys {
    keys.next(hash, split)
}
