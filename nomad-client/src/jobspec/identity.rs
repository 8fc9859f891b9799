//! Who a task is to Nomad, Vault and Consul, and the secrets it gets.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;
use serde_json::Value;

use super::wire::enums;

client_core::open_enum! {
    /// What happens to a task when a template, a token or an identity changes.
    pub enum ChangeMode {
        /// Nothing.
        Noop = "noop",
        /// It is restarted.
        Restart = "restart",
        /// It gets a signal.
        Signal = "signal",
        /// A script runs (templates only).
        Script = "script",
    }
}

enums!(ChangeMode);

/// A signed token that says which workload the task is.
/// [identity](https://developer.hashicorp.com/nomad/docs/job-specification/identity)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Identity {
    /// Its name; `default` is the one that Nomad itself accepts.
    #[hcl(zero)]
    pub name: Option<String>,
    /// Whom the token is meant for.
    #[set(one = "aud")]
    #[hcl(attr = "aud")]
    pub audience: Vec<String>,
    /// What happens when the token is renewed.
    #[hcl(zero)]
    pub change_mode: Option<ChangeMode>,
    /// The signal for [`ChangeMode::Signal`].
    #[hcl(zero)]
    pub change_signal: Option<String>,
    /// Whether the task has it as `NOMAD_TOKEN` or `NOMAD_TOKEN_<name>`.
    #[hcl(zero)]
    pub env: Option<bool>,
    /// Whether the task has it as a file in its secrets directory.
    #[hcl(zero)]
    pub file: Option<bool>,
    /// The path of that file, relative to the task's directory.
    #[hcl(zero)]
    pub filepath: Option<String>,
    /// The service it is for; servers set it.
    #[hcl(zero)]
    pub service_name: Option<String>,
    /// How long a token is valid; it is renewed in time.
    #[wire(name = "TTL", with = client_core::time::nanos::option)]
    #[hcl(zero)]
    pub ttl: Option<Duration>,
    /// More claims, by the names that the server's configuration gives them.
    #[set(one = "extra_claim")]
    pub extra_claims: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A task's access to Vault.
/// [vault](https://developer.hashicorp.com/nomad/docs/job-specification/vault)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Vault {
    /// The role it logs in with; the cluster's default if unset.
    #[hcl(zero)]
    pub role: Option<String>,
    /// Policies of the old token workflow, ignored since Nomad 1.10.
    #[set(one = "policy")]
    pub policies: Vec<String>,
    /// The namespace (Vault Enterprise).
    pub namespace: Option<String>,
    /// The name of the Vault cluster in the agents' configuration (Enterprise).
    #[hcl(zero)]
    pub cluster: Option<String>,
    /// Whether the task has the token as `VAULT_TOKEN`; yes if unset.
    pub env: Option<bool>,
    /// Whether the token is kept out of the secrets directory.
    pub disable_file: Option<bool>,
    /// What happens when there is a new token; restart if unset.
    pub change_mode: Option<ChangeMode>,
    /// The signal for [`ChangeMode::Signal`].
    pub change_signal: Option<String>,
    /// Whether the token may expire without being renewed.
    pub allow_token_expiration: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Which Consul a group or task uses.
/// [consul](https://developer.hashicorp.com/nomad/docs/job-specification/consul)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Consul {
    /// The namespace (Consul Enterprise).
    #[hcl(zero)]
    pub namespace: Option<String>,
    /// The name of the Consul cluster in the agents' configuration (Enterprise).
    #[hcl(zero)]
    pub cluster: Option<String>,
    /// The admin partition (Consul Enterprise).
    #[hcl(zero)]
    pub partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A secret that is fetched before the task starts, for `${secret.name.key}`.
/// [secret](https://developer.hashicorp.com/nomad/docs/job-specification/secret)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Secret {
    /// Its name.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(label)]
    pub name: String,
    /// `vault`, `nomad` or a plugin of the client.
    #[hcl(zero)]
    pub provider: Option<String>,
    /// Where the provider finds it.
    #[hcl(zero)]
    pub path: Option<String>,
    /// Settings of the provider.
    #[hcl(config)]
    pub config: BTreeMap<String, Value>,
    /// Environment of a plugin.
    #[hcl(strings)]
    pub env: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Identity {
    /// An identity for somebody else than Nomad.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self::default().name(name)
    }
}

impl Vault {
    /// Access through a role.
    #[must_use]
    pub fn with_role(role: impl Into<String>) -> Self {
        Self::default().role(role)
    }
}

impl Secret {
    /// A secret that `provider` finds at `path`.
    #[must_use]
    pub fn new(name: impl Into<String>, provider: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }.provider(provider).path(path)
    }
}
