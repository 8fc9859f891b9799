//! Where the servers are.

use serde::{Deserialize, Serialize};

/// Where the servers of an environment are. What is `None` comes from the variables that the
/// vendors' command lines read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Addresses {
    /// Nomad's API, such as `https://nomad.example.com:4646`; else `NOMAD_ADDR`.
    pub nomad: Option<String>,
    /// Vault's API; else `VAULT_ADDR`.
    pub vault: Option<String>,
    /// Consul's API; else `CONSUL_HTTP_ADDR`.
    pub consul: Option<String>,
    /// Prometheus, for the gates of a release.
    pub prometheus: Option<String>,
    /// Traefik's entry point, for probes by host name that do not depend on DNS.
    pub traefik: Option<String>,
}
