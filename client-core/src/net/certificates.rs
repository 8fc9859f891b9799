//! The TLS configuration of connections: made of the settings, and made anew when files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::tls::Tls;
use crate::{Error, RootCertificates};

/// The configuration that new connections get.
#[derive(Debug)]
pub(crate) struct Certificates {
    tls: Tls,
    protocols: Vec<Vec<u8>>,
    current: Mutex<Current>,
}

#[derive(Debug, Clone)]
struct Current {
    config: Arc<ClientConfig>,
    files: Vec<Stamp>,
}

impl Certificates {
    /// Reads all files once.
    pub(crate) fn load(tls: &Tls, protocols: &[Vec<u8>]) -> Result<Self, Error> {
        // Before the files are read: a change between the two is seen at the next connection.
        let files = stamps(tls);
        let current = Current { config: configure(tls, protocols)?, files };
        Ok(Self { tls: tls.clone(), protocols: protocols.to_vec(), current: Mutex::new(current) })
    }

    /// What a new connection uses. Files that have changed are read again; while they cannot be
    /// used, as half a rotation cannot, what was read before stays in use.
    pub(crate) async fn current(self: &Arc<Self>) -> Arc<ClientConfig> {
        let known = self.lock().clone();
        if known.files.is_empty() {
            return known.config;
        }
        let this = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || this.look(&known.files)).await;
        match looked {
            Ok(Some(Ok(fresh))) => {
                tracing::debug!("certificates were read again");
                let config = Arc::clone(&fresh.config);
                *self.lock() = fresh;
                config
            }
            Ok(Some(Err(error))) => {
                tracing::warn!(%error, "changed certificates cannot be used; the earlier ones stay in use");
                known.config
            }
            Ok(None) | Err(_) => known.config,
        }
    }

    fn look(&self, known: &[Stamp]) -> Option<Result<Current, Error>> {
        let files = stamps(&self.tls);
        (files != known).then(|| Ok(Current { config: configure(&self.tls, &self.protocols)?, files }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What tells one state of a file from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    changed: Option<SystemTime>,
    length: u64,
}

impl Stamp {
    fn of(path: &Path) -> Self {
        let found = std::fs::metadata(path).ok();
        Self {
            path: path.to_owned(),
            changed: found.as_ref().and_then(|found| found.modified().ok()),
            length: found.map_or(0, |found| found.len()),
        }
    }
}

fn stamps(tls: &Tls) -> Vec<Stamp> {
    let mut files = match &tls.roots {
        RootCertificates::System | RootCertificates::Pem(_) => Vec::new(),
        RootCertificates::File(path) => vec![Stamp::of(path)],
        RootCertificates::Directory(folder) => {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut files: Vec<Stamp> = entries.map(|entry| Stamp::of(&entry.path())).collect();
            files.sort_by(|a, b| a.path.cmp(&b.path));
            files
        }
    };
    if let Some(crate::ClientIdentity::Files { certificate, key }) = &tls.identity {
        files.extend([Stamp::of(certificate), Stamp::of(key)]);
    }
    files
}

/// The application's choice of cryptography, or ring.
fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default()
        .map_or_else(|| Arc::new(rustls::crypto::ring::default_provider()), Arc::clone)
}

fn configure(tls: &Tls, protocols: &[Vec<u8>]) -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    let unusable = |cause: TlsError| Error::config("TLS cannot be set up").with_source(cause);
    let verifier: Arc<dyn ServerCertVerifier> =
        if tls.skip_verify { Arc::new(Anyone(Arc::clone(&provider))) } else { verifier(tls, &provider)? };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = identity.load()?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| Error::config("the client certificate and key do not belong together"))?
        }
    };
    config.alpn_protocols = protocols.to_vec();
    Ok(Arc::new(config))
}

fn verifier(tls: &Tls, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let Some(given) = tls.roots.load()? else {
        let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider)).map_err(|cause| {
            Error::config("no certificates to trust were found on this host").with_source(cause)
        })?;
        return Ok(Arc::new(system));
    };
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(given.iter().cloned());
    if added == 0 {
        return Err(Error::config("no CA certificate that can be used was found where one was asked for"));
    }
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|cause| Error::config("the CA certificates cannot be used").with_source(cause))?;
    Ok(Arc::new(Given { chains, given }))
}

/// Trusts what was issued by the given authorities, and the given certificates themselves.
///
/// `openssl req -x509` makes a self-signed certificate that says of itself that it is an
/// authority's. As a server's it is refused by the rules for chains. Where that very certificate
/// was given as one to trust there is no chain to judge: it is the one that was meant. Its time
/// is judged before its role, so a certificate that is refused for its role is within its time;
/// its name is judged here, and the server proves in the handshake that it has the key.
#[derive(Debug)]
struct Given {
    chains: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Given {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let judged = self.chains.verify_server_cert(certificate, intermediates, name, ocsp, now);
        match judged {
            Err(refused) if is_authority(&refused) && self.given.iter().any(|known| known == certificate) => {
                let parsed = rustls::server::ParsedCertificate::try_from(certificate)?;
                rustls::client::verify_server_name(&parsed, name)?;
                Ok(ServerCertVerified::assertion())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.chains.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.chains.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

/// Whether a certificate was refused because it is an authority's.
pub(crate) fn is_authority(error: &TlsError) -> bool {
    let TlsError::InvalidCertificate(CertificateError::Other(cause)) = error else {
        return false;
    };
    // The type is of a crate that is not named here; its text is the name of the case.
    format!("{:?}", cause.0).contains("CaUsedAsEndEntity")
}

/// Trusts anyone who has the key of the certificate that is shown.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
