//! The environment variables of Vault's CLI and of OpenBao's.

use std::collections::BTreeMap;
use std::sync::Arc;

use client_core::env::{Vars, bad};
use client_core::http::{HeaderName, HeaderValue};
use client_core::proxy::Proxies;
use client_core::{ClientIdentity, Config, Error, RootCertificates, StaticToken};
use serde::Deserialize;

/// The name under which a setting is given: OpenBao's where that is set, even to nothing, else
/// Vault's.
macro_rules! name {
    ($vars:expr, $rest:literal) => {
        if $vars.is_set(concat!("BAO_", $rest)) { concat!("BAO_", $rest) } else { concat!("VAULT_", $rest) }
    };
}

pub(crate) fn has_token(vars: &Vars<'_>) -> Result<bool, Error> {
    Ok(vars.secret(name!(vars, "TOKEN"))?.is_some())
}

/// Reads VAULT_AGENT_ADDR, VAULT_ADDR, VAULT_TOKEN, VAULT_NAMESPACE, VAULT_CACERT,
/// VAULT_CACERT_BYTES, VAULT_CAPATH, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY, VAULT_TLS_SERVER_NAME,
/// VAULT_SKIP_VERIFY, VAULT_CLIENT_TIMEOUT, VAULT_MAX_RETRIES, VAULT_RATE_LIMIT, VAULT_HEADERS,
/// VAULT_PROXY_ADDR, VAULT_HTTP_PROXY and VAULT_DISABLE_REDIRECTS, each but VAULT_HEADERS also as
/// BAO_…; refuses VAULT_SRV_LOOKUP; leaves VAULT_WRAP_TTL and VAULT_MFA to the calls they concern.
pub(crate) fn read(vars: &Vars<'_>, config: &mut Config) -> Result<(), Error> {
    config.address = match vars.text(name!(vars, "AGENT_ADDR"))? {
        Some(agent) => Some(agent),
        None => vars.text(name!(vars, "ADDR"))?,
    };
    config.namespace = vars.text(name!(vars, "NAMESPACE"))?;
    if let Some(token) = vars.secret(name!(vars, "TOKEN"))? {
        config.token = Some(Arc::new(StaticToken(token)));
    }
    read_tls(vars, config)?;
    read_sending(vars, config)?;
    if let Some(text) = vars.text("VAULT_HEADERS")? {
        read_headers(&text, config)?;
    }
    let srv = name!(vars, "SRV_LOOKUP");
    if vars.bool(srv)?.unwrap_or_default() {
        return Err(Error::config(format!("{srv} is set, but looking up SRV records is not supported")));
    }
    Ok(())
}

fn read_tls(vars: &Vars<'_>, config: &mut Config) -> Result<(), Error> {
    if let Some(file) = vars.path(name!(vars, "CACERT")) {
        config.tls.roots = RootCertificates::File(file);
    } else if let Some(pem) = vars.text(name!(vars, "CACERT_BYTES"))? {
        config.tls.roots = RootCertificates::Pem(pem);
    } else if let Some(folder) = vars.path(name!(vars, "CAPATH")) {
        config.tls.roots = RootCertificates::Directory(folder);
    }
    let (certificate, key) = (name!(vars, "CLIENT_CERT"), name!(vars, "CLIENT_KEY"));
    config.tls.identity =
        ClientIdentity::from_pair(vars.path(certificate), vars.path(key), (certificate, key))?;
    config.tls.server_name = vars.text(name!(vars, "TLS_SERVER_NAME"))?;
    config.tls.skip_verify = vars.bool(name!(vars, "SKIP_VERIFY"))?.unwrap_or_default();
    Ok(())
}

fn read_sending(vars: &Vars<'_>, config: &mut Config) -> Result<(), Error> {
    if let Some(limit) = vars.duration(name!(vars, "CLIENT_TIMEOUT"))? {
        // 0 is no limit, as in Go's client.
        let limit = Some(limit).filter(|limit| !limit.is_zero());
        config.timeouts.call = limit;
        config.timeouts.attempt = limit;
    }
    if let Some(retries) = vars.number::<u32>(name!(vars, "MAX_RETRIES"))? {
        config.retry.max_attempts = retries.saturating_add(1);
    }
    let rate = name!(vars, "RATE_LIMIT");
    if let Some(text) = vars.text(rate)? {
        config.rate_limit =
            Some(read_rate(&text).ok_or_else(|| bad(rate, &text, "of the form `rate` or `rate:burst`"))?);
    }
    for proxy in [name!(vars, "PROXY_ADDR"), name!(vars, "HTTP_PROXY")] {
        if let Some(text) = vars.text(proxy)? {
            config.proxies = Proxies::all(&text)
                .map_err(|error| Error::config(format!("the environment variable {proxy}: {error}")))?;
            break;
        }
    }
    if vars.bool(name!(vars, "DISABLE_REDIRECTS"))?.unwrap_or_default() {
        config.follow_redirects = Some(false);
    }
    Ok(())
}

/// `rate[:burst]` per second; the burst is the rate where it is not given.
fn read_rate(text: &str) -> Option<client_core::RateLimit> {
    let (rate, burst) = text.trim().split_once(':').unwrap_or((text.trim(), ""));
    let rate: f64 = rate.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0)?;
    let burst: u32 = match burst {
        // The integer part, as the vendor's client has it, and at least one.
        "" => format!("{:.0}", rate.floor().max(1.0)).parse().ok()?,
        burst => burst.parse().ok().filter(|burst| *burst > 0)?,
    };
    Some(client_core::RateLimit::new(rate, burst))
}

/// A JSON object of names and values; a value may be a list, of which each is sent.
fn read_headers(text: &str, config: &mut Config) -> Result<(), Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Values {
        One(String),
        Many(Vec<String>),
    }
    let wrong = |what: &str| Error::config(format!("the environment variable VAULT_HEADERS {what}"));
    let headers: BTreeMap<String, Values> =
        serde_json::from_str(text).map_err(|_| wrong("is not a JSON object of texts"))?;
    for (name, values) in headers {
        if name.to_ascii_lowercase().starts_with("x-vault-") {
            return Err(wrong(&format!(
                "names `{name}`; headers that start with X-Vault- are the client's own"
            )));
        }
        let parsed =
            HeaderName::try_from(&name).map_err(|_| wrong(&format!("names `{name}`, which is no header")))?;
        let values = match values {
            Values::One(value) => vec![value],
            Values::Many(values) => values,
        };
        for value in values {
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| wrong(&format!("has a value for `{name}` that no header may have")))?;
            value.set_sensitive(true);
            config.headers.append(parsed.clone(), value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<Config, Error> {
        let vars =
            Vars::new(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned()));
        let mut config = Config::default();
        read(&vars, &mut config).map(|()| config)
    }

    #[test]
    fn which_variable_wins() {
        type Pairs<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Pairs<'_>, Option<&str>); 5] = [
            (&[("VAULT_ADDR", "a")], Some("a")),
            (&[("VAULT_ADDR", "a"), ("BAO_ADDR", "b")], Some("b")),
            (&[("VAULT_ADDR", "a"), ("BAO_ADDR", "")], None),
            (&[("VAULT_ADDR", "a"), ("VAULT_AGENT_ADDR", "g")], Some("g")),
            (&[("BAO_ADDR", "b"), ("VAULT_AGENT_ADDR", "g")], Some("g")),
        ];
        for (pairs, wanted) in cases {
            assert_eq!(config(pairs).unwrap().address.as_deref(), wanted, "{pairs:?}");
        }
    }

    #[test]
    fn a_bad_value_is_an_error_that_names_its_variable() {
        for (name, value) in [
            ("VAULT_SKIP_VERIFY", "perhaps"),
            ("BAO_SKIP_VERIFY", "perhaps"),
            ("VAULT_CLIENT_TIMEOUT", "soon"),
            ("VAULT_MAX_RETRIES", "-1"),
            ("VAULT_RATE_LIMIT", "fast"),
            ("VAULT_RATE_LIMIT", "1:0"),
            ("VAULT_HEADERS", "x"),
            ("VAULT_HEADERS", "{\"X-Vault-Token\":\"x\"}"),
            ("VAULT_HEADERS", "{\"a b\":\"x\"}"),
            ("VAULT_CLIENT_CERT", "/c.pem"),
            ("VAULT_SRV_LOOKUP", "true"),
            ("VAULT_DISABLE_REDIRECTS", "2"),
        ] {
            let message = config(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(name), "{name}={value}: {message}");
        }
    }

    #[test]
    fn settings_arrive() {
        let config = config(&[
            ("VAULT_CLIENT_TIMEOUT", "90"),
            ("VAULT_MAX_RETRIES", "0"),
            ("VAULT_RATE_LIMIT", "2.5:7"),
            ("VAULT_HEADERS", "{\"X-A\":[\"1\",\"2\"],\"X-B\":\"3\"}"),
            ("VAULT_HTTP_PROXY", "http://one"),
            ("VAULT_PROXY_ADDR", "http://two"),
            ("VAULT_DISABLE_REDIRECTS", "1"),
            ("VAULT_WRAP_TTL", "5m"),
        ])
        .unwrap();
        assert_eq!(config.timeouts.call.unwrap().as_secs(), 90);
        assert_eq!(config.retry.max_attempts, 1);
        assert_eq!(config.rate_limit, Some(client_core::RateLimit::new(2.5, 7)));
        assert_eq!(config.headers.len(), 3);
        assert_eq!(config.proxies.of(true, "127.0.0.1", 8200).unwrap().to_string(), "http://two");
        assert_eq!(config.follow_redirects, Some(false));
        assert!(!config.headers.contains_key("x-vault-wrap-ttl"));
    }
}
