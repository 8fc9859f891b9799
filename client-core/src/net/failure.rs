//! Why there is no answer, in one line that says what to look at, and no secret.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use super::certificates;

/// A connection that could not be made.
#[derive(Debug)]
pub(crate) struct ConnectFailure {
    text: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ConnectFailure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), source: None }
    }

    /// `what`, such as "no connection to h:1 could be made", because of `cause`.
    pub(crate) fn because(what: &str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let cause = cause.into();
        Self { text: format!("{what}: {}", words(&*cause)), source: Some(cause) }
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for ConnectFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// The error among `error` and its causes that is a `T`. What an [`io::Error`] wraps counts too.
pub(crate) fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An io::Error answers the cause of what it wraps as its own.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// Whether a connection failed for a reason that stays: what a server shows or asks for in TLS.
pub(crate) fn is_lasting(error: &(dyn StdError + 'static)) -> bool {
    match find::<TlsError>(error) {
        Some(TlsError::InvalidCertificate(cause)) => {
            !matches!(cause, CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. })
        }
        Some(TlsError::AlertReceived(alert)) => {
            matches!(alert, AlertDescription::CertificateRequired | AlertDescription::UnknownCA)
        }
        Some(TlsError::NoCertificatesPresented) => true,
        _ => false,
    }
}

/// What went wrong at the bottom of `error`.
pub(crate) fn words(error: &(dyn StdError + 'static)) -> String {
    if let Some(failure) = find::<ConnectFailure>(error) {
        return failure.text.clone();
    }
    if let Some(tls) = find::<TlsError>(error) {
        return tls_words(tls);
    }
    if let Some(io) = find::<io::Error>(error)
        && let Some(words) = io_words(io)
    {
        return words;
    }
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

fn io_words(error: &io::Error) -> Option<String> {
    let words = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused; nothing listens there",
        io::ErrorKind::ConnectionReset => "connection reset by the other side",
        io::ErrorKind::BrokenPipe => "the other side closed the connection",
        io::ErrorKind::UnexpectedEof => "the other side closed the connection",
        io::ErrorKind::NotFound => "there is no such socket",
        io::ErrorKind::PermissionDenied => "this process may not open it",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "there is no way to that host",
        io::ErrorKind::TimedOut => "no answer to the attempt to connect",
        _ => return error.raw_os_error().map(|_| error.to_string()),
    };
    Some(words.to_owned())
}

/// What a TLS error means to somebody who has to act on it.
fn tls_words(error: &TlsError) -> String {
    let text = match error {
        _ if certificates::is_authority(error) => {
            "the server's certificate says that it is an authority's (CA:TRUE), as `openssl req -x509` makes \
             it; make one with `-addext basicConstraints=critical,CA:FALSE`, or trust that very certificate"
        }
        TlsError::InvalidCertificate(cause) => {
            return format!("the server's certificate {}", certificate_words(cause));
        }
        TlsError::NoCertificatesPresented => "the server shows no certificate",
        TlsError::InvalidMessage(_) => "the server does not speak TLS; is it an http address?",
        TlsError::AlertReceived(alert) => return alert_words(*alert),
        TlsError::PeerIncompatible(_) => "the server speaks no version of TLS that this client does",
        other => return format!("TLS failed: {other}"),
    };
    text.to_owned()
}

fn certificate_words(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "was not issued by an authority that is trusted here".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet; is this host's clock right?".to_owned()
        }
        CertificateError::NotValidForName => "is for another name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let mut names: Vec<&str> = presented.iter().map(String::as_str).take(5).collect();
            if presented.len() > names.len() {
                names.push("…");
            }
            format!("is not for `{}` but for {}", expected.to_str(), names.join(", "))
        }
        CertificateError::Revoked => "was revoked".to_owned(),
        CertificateError::BadSignature => "has a signature that is wrong".to_owned(),
        CertificateError::BadEncoding => "cannot be read".to_owned(),
        other => format!("is not accepted: {other}"),
    }
}

fn alert_words(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "the server asks for a client certificate, and none was given".to_owned()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::UnsupportedCertificate => {
            format!("the server does not accept the client certificate ({alert:?})")
        }
        AlertDescription::UnrecognisedName => "the server does not know the name it is asked for".to_owned(),
        AlertDescription::ProtocolVersion => {
            "the server speaks no version of TLS that this client does".to_owned()
        }
        AlertDescription::HandshakeFailure => {
            "the server refuses the handshake; it may ask for a client certificate".to_owned()
        }
        other => format!("the server ended TLS with {other:?}"),
    }
}
