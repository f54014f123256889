//! The key exchange, as envelopes: offer, answer, confirm.

use alloc::{string::String, vec::Vec};

use alongside_wire::{
    Scopes, Suite, VERSION,
    envelope::{Answer, AnswerClear, Confirm, Envelope, Offer},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, RngCore, SeedableRng as _};
use subtle::ConstantTimeEq;

use super::{
    aead::Aead,
    keys::Keys,
    noise::{Finished, Noise},
    password::Password,
    phrase::{self, Phrase},
    spake::{self, Exchange, Psk, Side},
};
use crate::{
    error::{Fault, Plane},
    mutant,
};

/// A sharer that has sent its offer.
pub struct Offering {
    place: String,
    exchange: Exchange,
    ceiling: Scopes,
    /// The envelope exactly as it is carried.
    offer: Vec<u8>,
}

/// A helper that has sent its answer.
pub struct Answering {
    noise: Noise,
    suite: Suite,
    ceiling: Scopes,
    opening: [u8; 32],
}

/// A channel that stands.
pub struct Established {
    /// The keys of the session.
    pub keys: Keys,
    /// The most that both ends allow.
    pub ceiling: Scopes,
    /// The same at both ends; no secret.
    pub session_id: [u8; 16],
    /// The handshake hash: what the ends said, as one number. No secret.
    pub transcript: [u8; 32],
}

/// The helper's channel: its number opens the commitment.
pub struct HelperChannel {
    /// The channel.
    pub channel: Established,
    /// What goes into `introduce`.
    pub opening: [u8; 32],
    /// What the person may compare.
    pub phrase: Phrase,
}

/// The sharer's channel, until the commitment is opened.
pub struct SharerChannel {
    /// The channel.
    pub channel: Established,
    /// The envelope that goes to the helper.
    pub confirm: Vec<u8>,
    commitment: [u8; 32],
    number: [u8; 32],
}

//= spec/04-key-exchange.md#envelopes [KEX-6] e6ede638
/// The suites that are spoken if nothing else is configured, best first.
pub const SUITES: &[Suite] = &[Suite::ChaChaPoly, Suite::AesGcm];

impl Offering {
    //= spec/02-codes.md#halves [CODE-6] bac369a0
    //= spec/04-key-exchange.md#envelopes [KEX-1] 6ff32ee4
    /// Makes the offer that goes into a join.
    pub fn new(
        password: impl Into<Password>,
        suites: &[Suite],
        ceiling: Scopes,
        mut rng: impl RngCore + CryptoRng,
    ) -> Self {
        let password = password.into();
        let (exchange, element) = match mutant::is("KEX-9/same") {
            true => spake::start(Side::Sharer, &password, ChaCha20Rng::from_seed([7; 32])),
            false => spake::start(Side::Sharer, &password, &mut rng),
        };
        // A suite that nobody knows is passed over.
        let told: &[u8] = match mutant::is("CODE-6/tells") {
            true => &password.secret,
            false => &[],
        };
        let told = told.iter().copied();
        let offer = Envelope::from(Offer {
            versions: match mutant::is("KEX-1/none") {
                true => Vec::new(),
                false => [VERSION].into(),
            },
            suites: suites
                .iter()
                .map(|suite| suite.to_wire())
                .filter(|suite| *suite != 1 || !mutant::is("KEX-6/without"))
                .chain(told)
                .collect(),
            ceiling,
            element,
        });
        Self {
            place: password.place,
            exchange,
            ceiling,
            offer: offer.to_bytes(),
        }
    }

    /// The framed envelope to send.
    pub fn offer(&self) -> &[u8] {
        &self.offer
    }

    /// Takes the helper's answer.
    ///
    /// # Errors
    /// A [`Fault`] of the key exchange: the code is spent and nothing may be sent to this helper.
    pub fn answered(
        self,
        answer: &Answer,
        suites: &[Suite],
        mut rng: impl RngCore + CryptoRng,
    ) -> Result<SharerChannel, Fault> {
        let clear = AnswerClear::read(&answer.clear)?;
        //= spec/04-key-exchange.md#envelopes [KEX-5] bdc8a18f
        if clear.version != VERSION {
            return Err(Fault::VersionNotOffered);
        }
        let suite = Suite::from_wire(clear.suite)
            .filter(|suite| suites.contains(suite))
            .ok_or(Fault::SuiteNotOffered)?;
        let psk = finish(self.exchange, &clear.element)?;
        let prologue = prologue(&self.place, &self.offer, &answer.clear);
        let mut noise = Noise::new(false, suite, &prologue, &psk, &mut rng)?;
        let commitment = noise.read(&answer.noise)?;
        //= spec/04-key-exchange.md#noise [KEX-12] 4d444f40
        let mut number = [0; 32];
        rng.fill_bytes(&mut number);
        let confirm = Envelope::from(Confirm {
            noise: noise.write(match mutant::is("KEX-12/short") {
                true => &number[..16],
                false => &number,
            })?,
        });
        Ok(SharerChannel {
            channel: Established::new(noise, suite, self.ceiling.intersect(clear.ceiling))?,
            confirm: confirm.to_bytes(),
            commitment,
            number,
        })
    }
}

impl SharerChannel {
    //= spec/04-key-exchange.md#noise [KEX-15] 7c29e6d2
    //= spec/04-key-exchange.md#phrase [KEX-20] e9f9acef
    /// Checks the opening that the helper sent under seal; the phrase is true only after this.
    ///
    /// # Errors
    /// [`Fault::BadOpening`] if it is not what the helper committed to.
    pub fn open(&self, opening: &[u8; 32]) -> Result<Phrase, Fault> {
        let right = phrase::commit(opening).ct_eq(&self.commitment);
        if bool::from(right) {
            Ok(phrase::phrase(
                &self.channel.transcript,
                opening,
                &self.number,
            ))
        } else {
            Err(Fault::BadOpening)
        }
    }
}

impl Answering {
    /// Answers the offer that came with a join, as the framed envelope it came in. The second
    /// value is the envelope to send.
    ///
    /// # Errors
    /// A [`Fault`] of the key exchange. The code is spent all the same.
    pub fn new(
        password: impl Into<Password>,
        offer: &[u8],
        suites: &[Suite],
        ceiling: Scopes,
        mut rng: impl RngCore + CryptoRng,
    ) -> Result<(Self, Vec<u8>), Fault> {
        let Some(Envelope::Offer(offered)) = Envelope::read(offer)? else {
            return Err(Fault::Unexpected {
                plane: Plane::Envelope,
                message: "an envelope that is no offer",
                phase: "in a join",
            });
        };
        //= spec/04-key-exchange.md#envelopes [KEX-3] 58e87ced
        if !offered.versions.contains(&VERSION) {
            return Err(Fault::NoCommonVersion);
        }
        //= spec/04-key-exchange.md#envelopes [KEX-2] 984ef0af
        //= spec/04-key-exchange.md#envelopes [KEX-4] eeb85dfe
        let suite = suites
            .iter()
            .copied()
            .find(|suite| offered.suites.contains(&suite.to_wire()))
            .ok_or(Fault::NoCommonSuite)?;
        let password = password.into();
        let (exchange, element) = match mutant::is("KEX-9/same") {
            true => spake::start(Side::Helper, &password, ChaCha20Rng::from_seed([7; 32])),
            false => spake::start(Side::Helper, &password, &mut rng),
        };
        let psk = finish(exchange, &offered.element)?;
        let clear = AnswerClear {
            version: VERSION + u16::from(mutant::is("KEX-2/other")),
            suite: suite.to_wire(),
            ceiling,
            element,
        }
        .to_bytes();
        let prologue = prologue(&password.place, offer, &clear);
        let mut noise = Noise::new(true, suite, &prologue, &psk, &mut rng)?;
        let mut opening = [0; 32];
        rng.fill_bytes(&mut opening);
        let answer = Envelope::from(Answer {
            clear,
            //= spec/04-key-exchange.md#noise [KEX-11] 37b6422f
            noise: noise.write(&match mutant::is("KEX-11/open") {
                true => opening,
                false => phrase::commit(&opening),
            })?,
        });
        let answering = Self {
            noise,
            suite,
            ceiling: ceiling.intersect(offered.ceiling),
            opening,
        };
        Ok((answering, answer.to_bytes()))
    }

    /// Takes the sharer's confirmation.
    ///
    /// # Errors
    /// [`Fault::HandshakeFailed`] if the sharer did not know the code, or somebody changed what
    /// was said.
    pub fn confirmed(mut self, confirm: &Confirm) -> Result<HelperChannel, Fault> {
        let number = self.noise.read(&confirm.noise)?;
        let channel = Established::new(self.noise, self.suite, self.ceiling)?;
        Ok(HelperChannel {
            phrase: phrase::phrase(&channel.transcript, &self.opening, &number),
            opening: self.opening,
            channel,
        })
    }
}

impl Established {
    fn new(noise: Noise, suite: Suite, ceiling: Scopes) -> Result<Self, Fault> {
        let Finished { hash, split } = noise.finish()?;
        Ok(Self {
            keys: Keys::new(suite, 0, &hash, &split),
            ceiling,
            session_id: phrase::session_id(&hash),
            transcript: hash,
        })
    }

    /// The same channel, with an implementation of the AEADs for its records.
    #[must_use]
    pub fn with(self, aead: &'static dyn Aead) -> Self {
        Self {
            keys: self.keys.with(aead),
            ..self
        }
    }
}

impl From<super::noise::Failed> for Fault {
    fn from(_: super::noise::Failed) -> Self {
        Self::HandshakeFailed
    }
}

fn finish(exchange: Exchange, element: &[u8; 32]) -> Result<Psk, Fault> {
    exchange
        .finish(element)
        .map_err(|spake::BadPoint| Fault::BadPoint)
}

//= spec/04-key-exchange.md#noise [KEX-10] 9070ead5
/// What both ends must have seen alike, each part with its length before it.
fn prologue(place: &str, offer: &[u8], clear: &[u8]) -> Vec<u8> {
    let version = VERSION.to_be_bytes();
    let parts: [&[u8]; 5] = [
        match mutant::is("KEX-10/other") {
            true => b"alongside/2 noise",
            false => b"alongside/1 noise",
        },
        &version,
        place.as_bytes(),
        match alongside_wire::mutant::is("fuzz/prologue") {
            true => &[],
            false => offer,
        },
        clear,
    ];
    let mut prologue = Vec::new();
    for part in parts {
        prologue.extend_from_slice(&(part.len() as u32).to_be_bytes());
        prologue.extend_from_slice(part);
    }
    prologue
}
