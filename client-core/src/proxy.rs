//! Which proxy a request goes through: as Go's `net/http` decides, which the vendors' clients use.

use std::fmt;
use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Error;
use crate::env::Vars;

/// The proxies of a client. The default is none.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    except: Vec<Exception>,
    /// Whether one proxy is for everything, so that no exception counts.
    always: bool,
}

/// A proxy: `http://host:port`, `https://host:port`, each with `user:password@` where it asks.
#[derive(Clone)]
pub struct Proxy {
    url: Url,
    basic: Option<(String, SecretString)>,
}

impl Proxy {
    /// Reads a proxy's address; `http` is the scheme of one that has none.
    ///
    /// # Errors
    ///
    /// The text is no URL, or has a scheme other than `http` and `https`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let malformed = || Error::config("the proxy's address is not a URL such as `http://proxy:3128`");
        let mut url = Url::parse(&full).map_err(|_| malformed())?;
        if !matches!(url.scheme(), "http" | "https") {
            let text = format!("the proxy's scheme `{}` is not supported; http and https are", url.scheme());
            return Err(Error::config(text));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(malformed());
        }
        let basic = crate::address::take_basic(&mut url);
        url.set_path("");
        Ok(Self { url, basic })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<SecretString> {
        self.basic
            .as_ref()
            .map(|(user, password)| crate::address::basic_value(user, password.expose_secret()))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Proxies {
    /// One proxy for everything.
    ///
    /// # Errors
    ///
    /// Its address cannot be used.
    pub fn all(address: &str) -> Result<Self, Error> {
        let proxy = Proxy::parse(address)?;
        Ok(Self { http: Some(proxy.clone()), https: Some(proxy), except: Vec::new(), always: true })
    }

    /// What HTTP_PROXY, HTTPS_PROXY and NO_PROXY say, or the same in lower case.
    ///
    /// # Errors
    ///
    /// A proxy's address cannot be used; the error names the variable.
    pub fn from_vars(vars: &Vars<'_>) -> Result<Self, Error> {
        let proxy = |names: &[&'static str]| -> Result<Option<Proxy>, Error> {
            let Some((name, text)) = vars.first(names)? else { return Ok(None) };
            Proxy::parse(&text)
                .map(Some)
                .map_err(|error| Error::config(format!("the environment variable {name}: {error}")))
        };
        // In a CGI program `HTTP_PROXY` is a header that the client sends.
        let http =
            if vars.text("REQUEST_METHOD")?.is_some() { None } else { proxy(&["HTTP_PROXY", "http_proxy"])? };
        let https = proxy(&["HTTPS_PROXY", "https_proxy"])?;
        let except = match vars.first(&["NO_PROXY", "no_proxy"])? {
            Some((_, text)) => exceptions(&text),
            None => Vec::new(),
        };
        Ok(Self { http, https, except, always: false })
    }

    /// The proxy for a URL of this scheme, host and port.
    #[must_use]
    pub fn of(&self, https: bool, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if https { self.https.as_ref() } else { self.http.as_ref() }?;
        if self.always {
            return Some(proxy);
        }
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let ip = host.parse::<IpAddr>().ok();
        if host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
            return None;
        }
        let excepted = self.except.iter().any(|exception| exception.covers(&host, ip, port));
        (!excepted).then_some(proxy)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    All,
    Network(IpAddr, u8),
    Ip(IpAddr, Option<u16>),
    /// The domain with a leading dot, and whether the name itself counts too.
    Domain(String, bool, Option<u16>),
}

impl Exception {
    fn covers(&self, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
        let at = |wanted: &Option<u16>| wanted.is_none_or(|wanted| wanted == port);
        match self {
            Self::All => true,
            Self::Network(network, length) => ip.is_some_and(|ip| within(ip, *network, *length)),
            Self::Ip(known, wanted) => ip == Some(*known) && at(wanted),
            Self::Domain(domain, itself, wanted) => {
                let same = *itself && domain.strip_prefix('.') == Some(host);
                (same || host.ends_with(domain.as_str())) && at(wanted)
            }
        }
    }
}

fn within(ip: IpAddr, network: IpAddr, length: u8) -> bool {
    let shared = |a: u128, b: u128, bits: u8| {
        let outside = u32::from(bits).saturating_sub(u32::from(length));
        a.checked_shr(outside).unwrap_or(0) == b.checked_shr(outside).unwrap_or(0)
    };
    match (ip, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => shared(u32::from(a).into(), u32::from(b).into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => shared(u128::from(a), u128::from(b), 128),
        _ => false,
    }
}

fn exceptions(text: &str) -> Vec<Exception> {
    let mut found = Vec::new();
    for entry in text.split(',').map(|entry| entry.trim().to_ascii_lowercase()) {
        match exception(&entry) {
            Some(Exception::All) => return vec![Exception::All],
            Some(exception) => found.push(exception),
            None => {}
        }
    }
    found
}

fn exception(entry: &str) -> Option<Exception> {
    if entry == "*" {
        return Some(Exception::All);
    }
    if let Some((network, length)) = entry.split_once('/')
        && let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u8>())
    {
        let longest = if network.is_ipv4() { 32 } else { 128 };
        return (length <= longest).then_some(Exception::Network(network, length));
    }
    if let Ok(ip) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(Exception::Ip(ip, None));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (entry, None),
    };
    let host = host.trim_matches(['[', ']']);
    if host.is_empty() {
        return None;
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(Exception::Ip(ip, port));
    }
    let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
    let itself = !host.starts_with('.');
    let domain = if itself { format!(".{host}") } else { host.to_owned() };
    Some(Exception::Domain(domain, itself, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(pairs: &[(&str, &str)]) -> Result<Proxies, Error> {
        let vars =
            Vars::new(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned()));
        Proxies::from_vars(&vars)
    }

    #[test]
    fn which_proxy() {
        type Pairs = &'static [(&'static str, &'static str)];
        const BOTH: Pairs = &[("HTTP_PROXY", "http://plain:1"), ("https_proxy", "secure:2")];
        let cases: [(Pairs, &str, Option<&str>); 8] = [
            (BOTH, "http://h:80", Some("http://plain:1")),
            (BOTH, "https://h:443", Some("http://secure:2")),
            (BOTH, "https://localhost:443", None),
            (BOTH, "https://127.0.0.9:443", None),
            (BOTH, "https://[::1]:443", None),
            (&[("HTTPS_PROXY", "a:1"), ("https_proxy", "b:1")], "https://h:443", Some("http://a:1")),
            (&[("HTTP_PROXY", "a:1")], "https://h:443", None),
            (&[("HTTP_PROXY", "a:1"), ("REQUEST_METHOD", "GET")], "http://h:80", None),
        ];
        for (pairs, url, wanted) in cases {
            let url = Url::parse(url).unwrap();
            let proxies = proxies(pairs).unwrap();
            let found = proxies.of(
                url.scheme() == "https",
                url.host_str().unwrap(),
                url.port_or_known_default().unwrap(),
            );
            assert_eq!(found.map(ToString::to_string).as_deref(), wanted, "{pairs:?} {url}");
        }
    }

    #[test]
    fn which_hosts_are_excepted() {
        let cases = [
            ("*", "any.example", 1, true),
            ("example.com", "example.com", 1, true),
            ("example.com", "a.example.com", 1, true),
            ("example.com", "notexample.com", 1, false),
            (".example.com", "a.example.com", 1, true),
            (".example.com", "example.com", 1, false),
            ("*.example.com", "a.example.com", 1, true),
            ("*.example.com", "example.com", 1, false),
            ("EXAMPLE.com", "Example.COM", 1, true),
            ("example.com:8200", "example.com", 8200, true),
            ("example.com:8200", "example.com", 8201, false),
            ("10.0.0.0/8", "10.9.8.7", 1, true),
            ("10.0.0.0/8", "11.0.0.1", 1, false),
            ("0.0.0.0/0", "11.0.0.1", 1, true),
            ("fd00::/8", "fd12::1", 1, true),
            ("10.0.0.1", "10.0.0.1", 1, true),
            ("10.0.0.1:9", "10.0.0.1", 8, false),
            ("[fd00::1]:9", "[fd00::1]", 9, true),
            (" a , , b ", "b", 1, true),
            (":80", "h", 80, false),
            ("", "h", 80, false),
        ];
        for (except, host, port, wanted) in cases {
            let proxies = proxies(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", except)]).unwrap();
            assert_eq!(proxies.of(true, host, port).is_none(), wanted, "{except}: {host}:{port}");
        }
    }

    #[test]
    fn a_bad_proxy_names_its_variable_and_hides_its_password() {
        for value in ["socks5://u:hunter2@h:1", "http://u:hunter2@", "http://["] {
            let message = proxies(&[("https_proxy", value)]).unwrap_err().to_string();
            assert!(message.contains("https_proxy"), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        let proxy = Proxy::parse("http://u:hunter2@h:1").unwrap();
        assert!(!format!("{proxy} {proxy:?}").contains("hunter2"));
    }

    #[test]
    fn a_proxy_for_everything_has_no_exceptions() {
        assert!(Proxies::all("http://p:1").unwrap().of(false, "127.0.0.1", 1).is_some());
    }
}
