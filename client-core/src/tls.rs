//! Certificates: whom to trust, and who we are.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use secrecy::{ExposeSecret, SecretString};

use crate::Error;

/// Which certificate authorities are trusted.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum RootCertificates {
    /// Those of the system.
    #[default]
    System,
    /// Those in a PEM file.
    File(PathBuf),
    /// Those in the PEM files of a folder.
    Directory(PathBuf),
    /// Those in this PEM text.
    Pem(String),
}

/// The certificate chain and key a client shows.
#[derive(Clone)]
#[non_exhaustive]
pub enum ClientIdentity {
    /// PEM files.
    Files {
        /// The certificate, followed by any intermediate ones.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// PEM text.
    Pem {
        /// The certificate, followed by any intermediate ones.
        certificate: String,
        /// Its private key.
        key: SecretString,
    },
}

impl ClientIdentity {
    /// From PEM files.
    pub fn files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self::Files { certificate: certificate.into(), key: key.into() }
    }

    /// From PEM text.
    pub fn pem(certificate: impl Into<String>, key: impl Into<SecretString>) -> Self {
        Self::Pem { certificate: certificate.into(), key: key.into() }
    }

    /// From two settings that must come together.
    ///
    /// # Errors
    ///
    /// One is set without the other; the error names both.
    pub fn from_pair(
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
        names: (&str, &str),
    ) -> Result<Option<Self>, Error> {
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Self::files(certificate, key))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::config(format!("{} is set but {} is not", names.0, names.1))),
            (None, Some(_)) => Err(Error::config(format!("{} is set but {} is not", names.1, names.0))),
        }
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { certificate, .. } => {
                write!(f, "ClientIdentity({})", certificate.display())
            }
            Self::Pem { .. } => f.write_str("ClientIdentity(PEM)"),
        }
    }
}

/// The TLS settings of a client.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
#[non_exhaustive]
pub struct Tls {
    pub roots: RootCertificates,
    pub identity: Option<ClientIdentity>,
    pub server_name: Option<String>,
    pub skip_verify: bool,
}

fn read(path: &Path, what: &str) -> Result<String, Error> {
    std::fs::read_to_string(path)
        .map_err(|cause| Error::config(format!("{what} `{}` cannot be read: {cause}", path.display())))
}

impl RootCertificates {
    /// The certificates to trust, or `None` for the system's.
    pub(crate) fn load(&self) -> Result<Option<Vec<CertificateDer<'static>>>, Error> {
        let mut certificates = Vec::new();
        match self {
            Self::System => return Ok(None),
            Self::Pem(pem) => certificates.extend(chain(pem, "the given PEM text")?),
            Self::File(path) => {
                let pem = read(path, "the CA file")?;
                certificates.extend(chain(&pem, &format!("the CA file `{}`", path.display()))?);
            }
            Self::Directory(folder) => {
                let unreadable = |cause| {
                    Error::config(format!("the CA folder `{}` cannot be read: {cause}", folder.display()))
                };
                for entry in std::fs::read_dir(folder).map_err(unreadable)? {
                    let path = entry.map_err(unreadable)?.path();
                    if path.is_file() {
                        let pem = read(&path, "the CA file")?;
                        certificates.extend(chain(&pem, &format!("the CA file `{}`", path.display()))?);
                    }
                }
            }
        }
        if certificates.is_empty() {
            return Err(Error::config("no CA certificate was found where one was asked for"));
        }
        Ok(Some(certificates))
    }
}

fn chain(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|_| Error::config(format!("{what} is not PEM")))?;
    if found.is_empty() {
        return Err(Error::config(format!("{what} has no certificate in PEM")));
    }
    Ok(found)
}

impl ClientIdentity {
    /// The certificate chain and its key.
    pub(crate) fn load(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
        let (shown, certificate, key) = match self {
            Self::Files { certificate, key } => (
                format!("the client certificate `{}`", certificate.display()),
                read(certificate, "the client certificate")?,
                SecretString::from(read(key, "the client key")?),
            ),
            Self::Pem { certificate, key } => {
                ("the client certificate".to_owned(), certificate.clone(), key.clone())
            }
        };
        let chain = chain(&certificate, &shown)?;
        let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes())
            .map_err(|_| Error::config(format!("the key of {shown} is not a private key in PEM")))?;
        Ok((chain, key))
    }
}

impl Tls {
    /// Reads what is named, to tell mistakes early.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.roots.load()?;
        if let Some(identity) = &self.identity {
            identity.load()?;
        }
        Ok(())
    }

    /// The name to ask for and verify, if it is not the address's host.
    pub(crate) fn name(&self) -> Result<Option<ServerName<'static>>, Error> {
        let Some(name) = &self.server_name else { return Ok(None) };
        match ServerName::try_from(name.trim().trim_matches(['[', ']']).to_owned()) {
            Ok(name) => Ok(Some(name)),
            Err(_) => Err(Error::config(format!(
                "the TLS server name `{name}` is neither a host name nor an IP address"
            ))),
        }
    }
}
