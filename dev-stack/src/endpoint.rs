//! Where a product of a stack is reached.

use std::fmt;

use serde_json::Value;

use crate::agents::http::Api;

/// An address and the token to use there. Its `Debug` does not show the token.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// A URL with scheme, such as `http://127.0.0.1:4646`.
    pub address: String,
    /// The token, where one is needed. It opens a development stack only, so it is plain text.
    pub token: Option<String>,
}

impl Endpoint {
    /// An endpoint; an empty token counts as none.
    pub fn new(address: impl Into<String>, token: Option<String>) -> Self {
        Self { address: address.into(), token: token.filter(|token| !token.is_empty()) }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| "[redacted]");
        f.debug_struct("Endpoint").field("address", &self.address).field("token", &token).finish()
    }
}

/// What the three products say they are. `None` where a token may not read it, or the address is not plain `http://`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Versions {
    /// Nomad's version, such as `2.0.5`.
    pub nomad: Option<String>,
    /// Vault's or OpenBao's version.
    pub vault: Option<String>,
    /// Consul's version.
    pub consul: Option<String>,
}

impl Versions {
    /// Asks all three; the error names the product that cannot be reached, and why.
    pub(crate) async fn read(
        nomad: &Endpoint,
        vault: &Endpoint,
        consul: &Endpoint,
    ) -> Result<Self, (&'static str, String)> {
        let name = |product| move |reason| (product, reason);
        let (nomad, vault, consul) = tokio::try_join!(
            async {
                version(nomad, "x-nomad-token", "/v1/agent/self", "/config/Version/Version")
                    .await
                    .map_err(name("nomad"))
            },
            async {
                version(vault, "x-vault-token", "/v1/sys/health", "/version").await.map_err(name("vault"))
            },
            async {
                version(consul, "x-consul-token", "/v1/agent/self", "/Config/Version")
                    .await
                    .map_err(name("consul"))
            },
        )?;
        Ok(Self { nomad, vault, consul })
    }
}

async fn version(
    endpoint: &Endpoint,
    token_header: &'static str,
    path: &str,
    pointer: &str,
) -> Result<Option<String>, String> {
    let Some(rest) = endpoint.address.strip_prefix("http://") else {
        return Ok(None);
    };
    let (authority, prefix) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let api = Api::new(authority, token_header, endpoint.token.clone());
    let answer = api.get(&format!("{}{path}", prefix.trim_end_matches('/'))).await?;
    Ok(answer.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_not_in_debug() {
        let endpoint = Endpoint::new("http://127.0.0.1:4646", Some("marker-secret".into()));
        let text = format!("{endpoint:?}");
        assert!(
            text.contains("127.0.0.1:4646") && text.contains("[redacted]") && !text.contains("marker"),
            "{text}"
        );
    }

    #[test]
    fn an_empty_token_is_none() {
        assert_eq!(Endpoint::new("http://x", Some(String::new())).token, None);
    }

    #[tokio::test]
    async fn https_is_not_asked() {
        let endpoint = Endpoint::new("https://192.0.2.1", None);
        assert_eq!(version(&endpoint, "x-nomad-token", "/v1/agent/self", "/x").await, Ok(None));
    }
}
