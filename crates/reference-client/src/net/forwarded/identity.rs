//! Who an end is on one path: a key that nobody has seen before.

use std::sync::{Mutex, PoisonError};

use alongside_state_machine::mutant;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::net::trust::Fingerprint;

//= spec/20-forwarded-packets.md#agreeing [PATH-3] d342598a
/// The key and the certificate of one offer. The key is gone with it, and with the connection that it is used for.
pub(super) struct Identity {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Makes them.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub(super) fn new() -> Result<Self, rcgen::Error> {
        static KEPT: Mutex<Option<Identity>> = Mutex::new(None);
        if !mutant::is("PATH-3/same") {
            return Self::fresh();
        }
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = match kept.take() {
            Some(identity) => identity,
            None => Self::fresh()?,
        };
        *kept = Some(identity.again());
        Ok(identity)
    }

    fn again(&self) -> Self {
        Self {
            certificate: self.certificate.clone(),
            key: self.key.clone_key(),
        }
    }

    fn fresh() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = CertificateParams::default().self_signed(&key)?;
        Ok(Self {
            certificate: certificate.into(),
            key: key.into(),
        })
    }

    /// What is told of the certificate.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }
}
