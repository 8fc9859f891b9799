//! Where a server listens: a URL with an optional path prefix, or a unix socket.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Error;

/// A server address, as the vendors' CLIs accept it.
///
/// - `https://host:port/prefix`, `http://…`; a path is kept as a prefix of every request,
/// - a bare `host`, `host:port` or `[ip]:port`, which gets the default scheme,
/// - `unix:///path/to.sock`, `unix:/path/to.sock` or `/path/to.sock` (on Unix systems).
#[derive(Clone)]
pub struct Address {
    base: Url,
    socket: Option<PathBuf>,
    basic: Option<(String, SecretString)>,
}

impl Address {
    /// Reads an address; `scheme` is used where the text has none.
    ///
    /// # Errors
    ///
    /// The text is no URL, or has a scheme other than `http`, `https` and `unix`, or names a
    /// socket on a system that has none.
    pub fn parse(text: &str, scheme: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::config("the address is empty"));
        }
        if let Some(path) = socket_path(text) {
            return Self::of_socket(path, text);
        }
        let full = if text.contains("://") { text.to_owned() } else { format!("{scheme}://{text}") };
        let shown = || redacted(&full);
        let mut base = Url::parse(&full)
            .map_err(|cause| Error::config(format!("address `{}` is not a URL: {cause}", shown())))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Error::config(format!(
                "address `{}` has the scheme `{}`; http, https and unix are supported",
                shown(),
                base.scheme()
            )));
        }
        if base.host_str().is_none_or(str::is_empty) {
            return Err(Error::config(format!("address `{}` has no host", shown())));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(Error::config(format!(
                "address `{}` has a query or fragment; only a path prefix may follow the host",
                shown()
            )));
        }
        let basic = take_basic(&mut base);
        let trimmed = base.path().trim_end_matches('/').to_owned();
        base.set_path(&trimmed);
        Ok(Self { base, socket: None, basic })
    }

    fn of_socket(path: &str, text: &str) -> Result<Self, Error> {
        if !cfg!(unix) {
            return Err(Error::config(format!(
                "address `{text}` is a unix socket, which this system has not"
            )));
        }
        if !path.starts_with('/') || path.len() < 2 {
            return Err(Error::config(format!(
                "address `{text}` names no socket; `unix:///path/to.sock` would"
            )));
        }
        let base = Url::parse("http://localhost").map_err(Error::config_source)?;
        Ok(Self { base, socket: Some(PathBuf::from(path)), basic: None })
    }

    /// The URL of a request path such as `/v1/jobs`, under this address's prefix.
    ///
    /// # Errors
    ///
    /// The result is not a URL, which only a malformed path can cause.
    pub(crate) fn join(&self, path: &str, query: &str) -> Result<Url, Error> {
        let mut text = String::with_capacity(64 + path.len() + query.len());
        text.push_str(self.base.as_str().trim_end_matches('/'));
        if !path.starts_with('/') {
            text.push('/');
        }
        text.push_str(path);
        if !query.is_empty() {
            text.push('?');
            text.push_str(query);
        }
        Url::parse(&text).map_err(|cause| Error::request(format!("the path is not usable: {cause}")))
    }

    /// The socket's path, for `unix://` addresses.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Whether requests are encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Whether the address is on this host, where plain HTTP shows a token to nobody else.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.base.host() {
            _ if self.socket.is_some() => true,
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }

    pub(crate) fn basic(&self) -> Option<(&str, &str)> {
        self.basic.as_ref().map(|(user, pass)| (user.as_str(), pass.expose_secret()))
    }

    pub(crate) fn with_basic(mut self, user: String, pass: SecretString) -> Self {
        // Credentials in the address are the more specific statement.
        self.basic.get_or_insert((user, pass));
        self
    }

    pub(crate) fn with_https(mut self) -> Self {
        let _ = self.base.set_scheme("https");
        self
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// The host, or the socket's path.
    pub(crate) fn host(&self) -> String {
        match &self.socket {
            Some(path) => path.display().to_string(),
            None => self.base.host_str().unwrap_or_default().to_owned(),
        }
    }

    /// Where it is, in short: `host:port`, or the socket's path.
    pub(crate) fn place(&self) -> String {
        match &self.socket {
            Some(path) => path.display().to_string(),
            None => {
                let host = self.base.host_str().unwrap_or_default();
                format!("{host}:{}", self.base.port_or_known_default().unwrap_or_default())
            }
        }
    }
}

/// The path in an address that is a socket's.
fn socket_path(text: &str) -> Option<&str> {
    if text.starts_with('/') {
        return Some(text);
    }
    let rest = text.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("unix:")).and(text.get(5..))?;
    // `unix:8200` is a host of that name and a port.
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(rest.strip_prefix("//").unwrap_or(rest))
}

/// The user and password of a URL, which loses them.
pub(crate) fn take_basic(url: &mut Url) -> Option<(String, SecretString)> {
    let named = !url.username().is_empty() || url.password().is_some();
    let basic = named
        .then(|| (decode(url.username()), SecretString::from(decode(url.password().unwrap_or_default()))));
    // Neither fails for a URL that has a host; the result carries no more information.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    basic
}

/// The value of an `Authorization` header.
pub(crate) fn basic_value(user: &str, password: &str) -> SecretString {
    use base64::Engine as _;
    let pair = SecretString::from(format!("{user}:{password}"));
    let text = base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
    SecretString::from(format!("Basic {text}"))
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The address without what stands before an `@`, for messages.
fn redacted(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => text.to_owned(),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Some(path) => write!(f, "unix://{}", path.display()),
            None => f.write_str(self.base.as_str().trim_end_matches('/')),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_an_address() {
        let cases = [
            ("127.0.0.1:8500", "http://127.0.0.1:8500"),
            ("localhost:8500", "http://localhost:8500"),
            ("https://vault.example/base/", "https://vault.example/base"),
            ("unix:///run/api.sock", "unix:///run/api.sock"),
            ("unix:/run/api.sock", "unix:///run/api.sock"),
            ("UNIX:/run/api.sock", "unix:///run/api.sock"),
            ("/run/api.sock", "unix:///run/api.sock"),
            ("unix:8200", "http://unix:8200"),
            ("consul", "http://consul"),
            ("[::1]:8500", "http://[::1]:8500"),
            ("consul/ui-behind", "http://consul/ui-behind"),
            ("http://user:pw@host:1", "http://host:1"),
            ("  http://[::1]:4646 ", "http://[::1]:4646"),
        ];
        for (text, shown) in cases {
            assert_eq!(Address::parse(text, "http").unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn prefix_and_query_are_joined() {
        let address = Address::parse("http://h/a/b", "http").unwrap();
        assert_eq!(address.join("/v1/x%2Fy", "q=1").unwrap().as_str(), "http://h/a/b/v1/x%2Fy?q=1");
    }

    #[test]
    fn bad_addresses_are_named_without_their_password() {
        for text in [
            "",
            "ftp://h",
            "http://",
            "unix://",
            "unix:",
            "unix:run/a",
            "/",
            "http://h?x=1",
            "ftp://u:hunter2@h",
            "::1",
        ] {
            let message = Address::parse(text, "http").unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn loopback() {
        for (text, yes) in [("http://127.0.0.9", true), ("http://[::1]", true), ("http://10.0.0.1", false)] {
            assert_eq!(Address::parse(text, "http").unwrap().is_loopback(), yes, "{text}");
        }
    }
}
