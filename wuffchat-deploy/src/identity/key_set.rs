//! Whether what Vault and Consul fetch by themselves are this Nomad's keys.

use std::time::Duration;

use nomad_client::{Client, Jwk, RetryPolicy, RootCertificates};

use crate::finding::Finding;

/// Where Nomad shows its keys.
pub(super) const PATH: &str = "/.well-known/jwks.json";

/// Fetches the key set as they do, without token or client certificate, and compares it with
/// `keys`. Not to reach it from here proves nothing: Vault and Consul may be somewhere else.
pub(super) async fn look(check: &str, who: &str, url: &str, ca: Option<&str>, keys: &[Jwk]) -> Finding {
    let Some(address) = url.strip_suffix(PATH) else {
        let text = format!("{who} fetches {url}, which is not where nomad shows its keys");
        return Finding::warning(check, text).fix(format!("nomad's address and {PATH}"));
    };
    let shown = match fetch(address, ca).await {
        Ok(shown) => shown,
        Err(error) if error.status().is_some() => {
            let text = format!("{who} cannot fetch nomad's keys from {url}: {error}");
            return Finding::problem(check, text).fix("nomad's address, as vault and consul reach it");
        }
        Err(error) => {
            let text =
                format!("{who} fetches nomad's keys from {url}, which cannot be reached from here: {error}");
            return Finding::unknown(check, text);
        }
    };
    let lacks: Vec<&str> = keys
        .iter()
        .filter(|key| !shown.iter().any(|other| other.kid == key.kid))
        .map(|key| key.kid.as_str())
        .collect();
    if lacks.is_empty() {
        return Finding::ok(check, format!("{who} fetches nomad's keys from {url}"));
    }
    let text =
        format!("{who} fetches keys from {url} that are not this nomad's: {} is not there", lacks.join(", "));
    Finding::problem(check, text).fix("the address of the nomad whose jobs log in")
}

async fn fetch(address: &str, ca: Option<&str>) -> nomad_client::Result<Vec<Jwk>> {
    let mut builder = Client::builder().address(address).retry(RetryPolicy::never()).timeouts(|limits| {
        (limits.connect, limits.call) = (Some(Duration::from_secs(3)), Some(Duration::from_secs(5)));
    });
    if let Some(pem) = ca.filter(|pem| !pem.is_empty()) {
        builder = builder.root_certificates(RootCertificates::Pem(pem.to_owned()));
    }
    Ok(builder.build()?.oidc_discovery().jwks().await?.keys)
}
