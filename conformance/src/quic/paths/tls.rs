//! TLS as the suite speaks it on a path: it shows what a case wants, and takes whatever is shown, for the case to
//! look at.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use quinn::{
    ClientConfig, ServerConfig,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, NamedGroup, SignatureScheme,
    client::{
        ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls13_signature},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::{
        ServerSessionMemoryCache, StoresServerSessions,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS13,
};
use sha2::{Digest as _, Sha256};

use super::Manner;

type Failed = Box<dyn std::error::Error>;

/// A key and the certificate that it has signed itself.
#[derive(Clone)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Arc<Vec<u8>>,
}

impl Identity {
    /// A fresh one, on the curve P-256.
    ///
    /// # Errors
    /// If none can be made; in words.
    pub fn new() -> Result<Self, String> {
        let made = rcgen::generate_simple_self_signed(vec!["path.invalid".to_owned()])
            .map_err(|error| error.to_string())?;
        Ok(Self {
            certificate: made.cert.der().clone(),
            key: Arc::new(made.signing_key.serialize_der()),
        })
    }

    /// What an offer says.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }

    /// The certificate of this with the key of another, which does not belong to it.
    #[must_use]
    pub fn with_key_of(&self, other: &Self) -> Self {
        Self {
            certificate: self.certificate.clone(),
            key: Arc::clone(&other.key),
        }
    }

    /// As it is shown, whether or not the key belongs to the certificate.
    fn shown(&self, provider: &CryptoProvider) -> Result<Arc<SingleCertAndKey>, Error> {
        let key = PrivatePkcs8KeyDer::from(self.key.to_vec());
        let key = provider.key_provider.load_private_key(key.into())?;
        let certified = CertifiedKey::new(vec![self.certificate.clone()], key);
        Ok(Arc::new(SingleCertAndKey::from(certified)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").finish_non_exhaustive()
    }
}

pub(super) fn server(manner: &Manner) -> Result<ServerConfig, Failed> {
    let provider = Arc::new(ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(Anybody(Arc::clone(&provider))));
    let identity = manner.identity.as_ref().ok_or("a server shows something")?;
    let mut tls = builder.with_cert_resolver(identity.shown(&provider)?);
    tls.alpn_protocols = vec![manner.alpn.clone()];
    tls.session_storage = Arc::clone(&manner.tickets.given);
    // QUIC allows no other bound than all or nothing.
    tls.max_early_data_size = u32::MAX;
    Ok(ServerConfig::with_crypto(Arc::new(
        QuicServerConfig::try_from(tls)?,
    )))
}

pub(super) fn client(manner: &Manner) -> Result<ClientConfig, Failed> {
    let tls = match manner.tickets.own.get() {
        Some(own) => own.clone(),
        None => fresh_client(manner)?,
    };
    // It is there already if it was used before.
    let _ = manner.tickets.own.set(tls.clone());
    Ok(ClientConfig::new(Arc::new(QuicClientConfig::try_from(
        tls,
    )?)))
}

/// A library uses a ticket with the very set-up with which it was got.
fn fresh_client(manner: &Manner) -> Result<rustls::ClientConfig, Failed> {
    let provider = Arc::new(ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(Arc::clone(&provider))));
    let mut tls = match &manner.identity {
        Some(identity) => builder.with_client_cert_resolver(identity.shown(&provider)?),
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![manner.alpn.clone()];
    let store: Arc<dyn ClientSessionStore> = Arc::<Tickets>::clone(&manner.tickets);
    tls.resumption = Resumption::store(store);
    Ok(tls)
}

/// What there is to come back with: what the suite has given as a server, and what it was given as a client.
pub struct Tickets {
    given: Arc<dyn StoresServerSessions>,
    own: OnceLock<rustls::ClientConfig>,
    kept: Mutex<VecDeque<Tls13ClientSessionValue>>,
}

impl Default for Tickets {
    fn default() -> Self {
        Self {
            given: ServerSessionMemoryCache::new(16),
            own: OnceLock::new(),
            kept: Mutex::default(),
        }
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop_front()
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}

/// Takes every certificate whose owner has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl Anybody {
    fn signed(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }

    const TLS12: &str = "TLS 1.2 is not spoken";
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General(Self::TLS12.to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General(Self::TLS12.to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}
