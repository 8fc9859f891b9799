//! What is outside: Weaviate, OpenAI and Redis.

use async_trait::async_trait;
use secrecy::ExposeSecret as _;

use crate::Clients;
use crate::app::Environment;
use crate::finding::Finding;
use crate::secrets;

/// Something outside that the API talks to. What of its address is secret is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct External {
    /// `weaviate`, `openai` or `redis`.
    pub name: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
}

impl External {
    /// From an address such as `rediss://:secret@cache.example.com:6380/0`; nothing for one that
    /// is none.
    #[must_use]
    pub fn from_url(name: &str, url: &str) -> Option<Self> {
        let (scheme, rest) = url.trim().split_once("://")?;
        let (tls, default) = match scheme {
            "http" => (false, 80),
            "https" => (true, 443),
            "redis" => (false, 6379),
            "rediss" => (true, 6379),
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match host.strip_prefix('[') {
            Some(address) => {
                let (address, port) = address.split_once(']')?;
                (address, port.strip_prefix(':'))
            }
            None => match host.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (host, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().ok()?,
            None => default,
        };
        (!host.is_empty()).then(|| Self { name: name.to_owned(), host: host.to_owned(), port, tls })
    }
}

/// How something outside is reached: this crate opens no connections of its own.
#[async_trait]
pub trait Reach: Send + Sync {
    /// Connects and hangs up again, within a time of its own choice.
    ///
    /// # Errors
    ///
    /// Why it cannot be reached, in words without a secret.
    async fn reach(&self, external: &External) -> Result<(), String>;
}

const OPENAI: &str = "https://api.openai.com";

pub(super) async fn look(
    clients: &Clients,
    environment: &Environment,
    reach: Option<&dyn Reach>,
) -> Vec<Finding> {
    let Some(reach) = reach else { return Vec::new() };
    let openai = environment.variables.get("OPENAI_BASE_URL").map_or(OPENAI, String::as_str);
    let mut findings = Vec::new();
    for name in ["weaviate", "openai", "redis"] {
        let check = format!("external.{name}");
        let found = match name {
            "openai" => External::from_url(name, openai),
            _ => of_secret(clients, environment, name).await,
        };
        let Some(external) = found else {
            let message = format!("the address of {name} is not known: its secret has no `url` that is one");
            findings.push(Finding::unknown(check, message));
            continue;
        };
        let place = format!("{name} at {}:{}", external.host, external.port);
        findings.push(match reach.reach(&external).await {
            Ok(()) => Finding::ok(check, format!("{place} answers")),
            // The nodes may be let through where this machine is not.
            Err(why) => Finding::warning(check, format!("{place} cannot be reached from here: {why}"))
                .fix("check its address in the secret, and the nodes' way out"),
        });
    }
    findings
}

async fn of_secret(clients: &Clients, environment: &Environment, name: &str) -> Option<External> {
    let kv = clients.vault.kv2(&environment.vault.mount);
    let secret = kv.get(&secrets::path(environment, name)).await.ok()?;
    External::from_url(name, secret.data.text("url")?.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_what_is_secret() {
        let of = |url: &str| External::from_url("x", url).map(|found| (found.host, found.port, found.tls));
        let host = |host: &str, port, tls| Some((host.to_owned(), port, tls));
        assert_eq!(of("rediss://user:p@ss@cache:6380/0"), host("cache", 6380, true));
        assert_eq!(of("redis://cache"), host("cache", 6379, false));
        assert_eq!(of("https://a.weaviate.network?x=1"), host("a.weaviate.network", 443, true));
        assert_eq!(of("http://[::1]:8080/v1"), host("::1", 8080, false));
        assert_eq!(of("http://[::1]"), host("::1", 80, false));
        for bad in ["cache:6379", "ftp://a", "http://", "http://a:b"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
