//! `Noise_NNpsk0` by snow, with randomness that is handed in.
//!
//! This is the one place that takes the raw split: snow's own transports take no associated data
//! and know one key for each direction, and this protocol needs both. The split is taken only
//! when the handshake is finished, which snow does not check.

use alloc::{boxed::Box, vec, vec::Vec};

use alongside_wire::Suite;
use rand_core::RngCore;
use snow::{
    Builder, HandshakeState,
    params::{CipherChoice, DHChoice, HashChoice, NoiseParams},
    resolvers::{CryptoResolver, DefaultResolver},
    types::{Cipher, Dh, Hash, Random},
};
use zeroize::Zeroizing;

use super::spake::Psk;

/// A handshake that does not authenticate, or that was used out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed;

/// A handshake under way.
pub(super) enum Noise {
    Real(Box<HandshakeState>),
    #[cfg(all(feature = "fake-exchange", debug_assertions))]
    Fake(super::fake::Noise),
}

/// What a finished handshake leaves: its hash, and both keys of the split.
pub(super) struct Finished {
    pub(super) hash: [u8; 32],
    pub(super) split: Zeroizing<[u8; 64]>,
}

/// Room for a message without its payload: an ephemeral key and a tag.
const OVERHEAD: usize = 32 + 16;

impl Noise {
    pub(super) fn new(
        initiator: bool,
        suite: Suite,
        prologue: &[u8],
        psk: &Psk,
        rng: &mut impl RngCore,
    ) -> Result<Self, Failed> {
        #[cfg(all(feature = "fake-exchange", debug_assertions))]
        if super::fake::is_used() {
            return Ok(Self::Fake(super::fake::Noise::new(prologue, psk, rng)));
        }
        let params: NoiseParams = suite.name().parse().map_err(|_| Failed)?;
        let mut ephemeral = Zeroizing::new([0; 32]);
        rng.fill_bytes(ephemeral.as_mut());
        let builder = Builder::with_resolver(params, Box::new(Drawn(ephemeral)))
            .prologue(prologue)
            .and_then(|builder| builder.psk(0, psk))
            .map_err(|_| Failed)?;
        let state = if initiator {
            builder.build_initiator()
        } else {
            builder.build_responder()
        };
        let state = state.map_err(|_| Failed)?;
        Ok(Self::Real(Box::new(state)))
    }

    pub(super) fn write(&mut self, payload: &[u8]) -> Result<Vec<u8>, Failed> {
        let state = match self {
            Self::Real(state) => state,
            #[cfg(all(feature = "fake-exchange", debug_assertions))]
            Self::Fake(noise) => return Ok(noise.write(payload)),
        };
        let mut message = vec![0; payload.len() + OVERHEAD];
        let len = state.write_message(payload, &mut message);
        message.truncate(len.map_err(|_| Failed)?);
        Ok(message)
    }

    //= spec/04-key-exchange.md#noise [KEX-13] c03c9c38
    /// Reads a message with a payload of `N` bytes. After a failure another can be read.
    pub(super) fn read<const N: usize>(&mut self, message: &[u8]) -> Result<[u8; N], Failed> {
        let state = match self {
            Self::Real(state) => state,
            #[cfg(all(feature = "fake-exchange", debug_assertions))]
            Self::Fake(noise) => return noise.read(message)?.try_into().map_err(|_| Failed),
        };
        let mut payload = vec![0; message.len()];
        let len = state.read_message(message, &mut payload);
        payload.truncate(len.map_err(|_| Failed)?);
        payload.try_into().map_err(|_| Failed)
    }

    pub(super) fn finish(self) -> Result<Finished, Failed> {
        let mut state = match self {
            Self::Real(state) => state,
            #[cfg(all(feature = "fake-exchange", debug_assertions))]
            Self::Fake(noise) => return noise.finish(),
        };
        if !state.is_handshake_finished() {
            return Err(Failed);
        }
        let hash = state.get_handshake_hash().try_into().map_err(|_| Failed)?;
        let (first, second) = state.dangerously_get_raw_split();
        let mut split = Zeroizing::new([0; 64]);
        split[..32].copy_from_slice(&first);
        split[32..].copy_from_slice(&second);
        Ok(Finished { hash, split })
    }
}

/// snow's own primitives, and an ephemeral key that was drawn before.
struct Drawn(Zeroizing<[u8; 32]>);

impl CryptoResolver for Drawn {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Once(Some(self.0.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// Gives the ephemeral key, and nothing after it.
struct Once(Option<Zeroizing<[u8; 32]>>);

impl Random for Once {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
        match self.0.take() {
            Some(key) if dest.len() == key.len() => dest.copy_from_slice(key.as_ref()),
            _ => return Err(snow::Error::Rng),
        }
        Ok(())
    }
}
