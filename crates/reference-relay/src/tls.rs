//! The relay's certificate.

use std::{
    fmt::{self, Write as _},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use quinn::crypto::rustls::NoInitialCipherSuite;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer,
        pem::{self, PemObject as _},
    },
    version::TLS13,
};
use sha2::{Digest as _, Sha256};

/// A certificate with its key, which clients verify the relay by.
pub struct Identity {
    /// The relay's own first.
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads a chain, the relay's own certificate first, and its private key, both in PEM.
    ///
    /// # Errors
    /// If a file cannot be read or holds no such thing.
    pub fn from_files(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let refused = |path: &Path, what, error| match error {
            pem::Error::Io(error) => TlsError::Read {
                path: path.to_owned(),
                error,
            },
            _ => TlsError::Pem {
                path: path.to_owned(),
                what,
            },
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect)
            .map_err(|error| refused(cert, "certificate", error))?;
        if chain.is_empty() {
            return Err(refused(cert, "certificate", pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| refused(key, "private key", error))?;
        Ok(Self { chain, key })
    }

    /// Makes a certificate for these host names and addresses. Clients pin its fingerprint.
    ///
    /// # Errors
    /// If a name is none.
    pub fn self_signed(names: Vec<String>) -> Result<Self, TlsError> {
        let made = rcgen::generate_simple_self_signed(names).map_err(unusable)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        Ok(Self {
            chain: vec![made.cert.der().clone()],
            key: key.into(),
        })
    }

    /// The SHA-256 of the certificate's DER encoding, in lower-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        let mut text = String::new();
        if let Some(certificate) = self.chain.first() {
            for byte in Sha256::digest(certificate) {
                // Writing to a string does not fail.
                let _ = write!(text, "{byte:02x}");
            }
        }
        text
    }

    /// TLS 1.3 with this certificate.
    pub(crate) fn into_server(self) -> Result<ServerConfig, TlsError> {
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key)
            .map_err(unusable)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity")
            .field(&self.fingerprint())
            .finish()
    }
}

/// Why a certificate cannot be used.
#[derive(Debug)]
pub enum TlsError {
    /// A file cannot be read.
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file holds no certificate or no key in PEM.
    Pem {
        /// Which one.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// The certificate and the key do not make a TLS server.
    Unusable(String),
}

impl TlsError {
    pub(crate) fn from_cipher(error: NoInitialCipherSuite) -> Self {
        unusable(error)
    }
}

fn unusable(error: impl fmt::Display) -> TlsError {
    TlsError::Unusable(error.to_string())
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, error } => write!(
                f,
                "cannot read {}: {error}; check its path and who may read it",
                path.display()
            ),
            Self::Pem { path, what } => write!(
                f,
                "{} holds no {what} in PEM; give the file that has its -----BEGIN line",
                path.display()
            ),
            Self::Unusable(why) => write!(
                f,
                "the certificate cannot be used: {why}; give a host name and the key that belong \
                 to it"
            ),
        }
    }
}

impl std::error::Error for TlsError {}
