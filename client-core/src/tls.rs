//! Certificates: whom to trust, and who we are.

use std::fmt;
use std::path::{Path, PathBuf};

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
    pub(crate) fn load(&self) -> Result<Option<Vec<reqwest::Certificate>>, Error> {
        let mut certificates = Vec::new();
        match self {
            Self::System => return Ok(None),
            Self::Pem(pem) => add(&mut certificates, pem, "the given PEM text")?,
            Self::File(path) => {
                add(
                    &mut certificates,
                    &read(path, "the CA file")?,
                    &format!("the CA file `{}`", path.display()),
                )?;
            }
            Self::Directory(folder) => {
                let unreadable = |cause| {
                    Error::config(format!("the CA folder `{}` cannot be read: {cause}", folder.display()))
                };
                for entry in std::fs::read_dir(folder).map_err(unreadable)? {
                    let path = entry.map_err(unreadable)?.path();
                    if path.is_file() {
                        let pem = read(&path, "the CA file")?;
                        add(&mut certificates, &pem, &format!("the CA file `{}`", path.display()))?;
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

fn add(certificates: &mut Vec<reqwest::Certificate>, pem: &str, what: &str) -> Result<(), Error> {
    let found = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
        .map_err(|_| Error::config(format!("{what} is not PEM")))?;
    if found.is_empty() {
        return Err(Error::config(format!("{what} has no certificate")));
    }
    certificates.extend(found);
    Ok(())
}

impl ClientIdentity {
    pub(crate) fn load(&self) -> Result<reqwest::Identity, Error> {
        let (certificate, key) = match self {
            Self::Files { certificate, key } => (
                read(certificate, "the client certificate")?,
                SecretString::from(read(key, "the client key")?),
            ),
            Self::Pem { certificate, key } => (certificate.clone(), key.clone()),
        };
        let both = SecretString::from(format!("{}\n{certificate}", key.expose_secret()));
        reqwest::Identity::from_pem(both.expose_secret().as_bytes())
            .map_err(|_| Error::config("the client certificate and key are not a PEM pair"))
    }
}
