//! Who a task is to Nomad, Vault and Consul, and the secrets it gets.

use std::time::Duration;

use serde_json::Value;

use super::macros::blocks;
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

blocks! {
    /// A signed token that says which workload the task is.
    /// [identity](https://developer.hashicorp.com/nomad/docs/job-specification/identity)
    pub struct Identity {
        /// Its name; `default` is the one that Nomad itself accepts.
        into name: String = "Name" => zero "name";
        /// Whom the token is meant for.
        list audience: String = "Audience" => attr "aud", add aud;
        /// What happens when the token is renewed.
        into change_mode: ChangeMode = "ChangeMode" => zero "change_mode";
        /// The signal for [`ChangeMode::Signal`].
        into change_signal: String = "ChangeSignal" => zero "change_signal";
        /// Whether the task has it as `NOMAD_TOKEN` or `NOMAD_TOKEN_<name>`.
        opt env: bool = "Env" => zero "env";
        /// Whether the task has it as a file in its secrets directory.
        opt file: bool = "File" => zero "file";
        /// The path of that file, relative to the task's directory.
        into filepath: String = "Filepath" => zero "filepath";
        /// The service it is for; servers set it.
        into service_name: String = "ServiceName" => zero "service_name";
        /// How long a token is valid; it is renewed in time.
        opt ttl: Duration = "TTL" => zero "ttl";
        /// More claims, by the names that the server's configuration gives them.
        list extra_claims: String = "ExtraClaims" => attr "extra_claims", add extra_claim;
    }

    /// A task's access to Vault.
    /// [vault](https://developer.hashicorp.com/nomad/docs/job-specification/vault)
    pub struct Vault {
        /// The role it logs in with; the cluster's default if unset.
        into role: String = "Role" => zero "role";
        /// Policies of the old token workflow, ignored since Nomad 1.10.
        list policies: String = "Policies" => attr "policies", add policy;
        /// The namespace (Vault Enterprise).
        into namespace: String = "Namespace" => attr "namespace";
        /// The name of the Vault cluster in the agents' configuration (Enterprise).
        into cluster: String = "Cluster" => zero "cluster";
        /// Whether the task has the token as `VAULT_TOKEN`; yes if unset.
        opt env: bool = "Env" => attr "env";
        /// Whether the token is kept out of the secrets directory.
        opt disable_file: bool = "DisableFile" => attr "disable_file";
        /// What happens when there is a new token; restart if unset.
        into change_mode: ChangeMode = "ChangeMode" => attr "change_mode";
        /// The signal for [`ChangeMode::Signal`].
        into change_signal: String = "ChangeSignal" => attr "change_signal";
        /// Whether the token may expire without being renewed.
        opt allow_token_expiration: bool = "AllowTokenExpiration" => attr "allow_token_expiration";
    }

    /// Which Consul a group or task uses.
    /// [consul](https://developer.hashicorp.com/nomad/docs/job-specification/consul)
    pub struct Consul {
        /// The namespace (Consul Enterprise).
        into namespace: String = "Namespace" => zero "namespace";
        /// The name of the Consul cluster in the agents' configuration (Enterprise).
        into cluster: String = "Cluster" => zero "cluster";
        /// The admin partition (Consul Enterprise).
        into partition: String = "Partition" => zero "partition";
    }

    /// A secret that is fetched before the task starts, for `${secret.name.key}`.
    /// [secret](https://developer.hashicorp.com/nomad/docs/job-specification/secret)
    pub struct Secret {
        /// Its name.
        name name: String = "Name" => label;
        /// `vault`, `nomad` or a plugin of the client.
        into provider: String = "Provider" => zero "provider";
        /// Where the provider finds it.
        into path: String = "Path" => zero "path";
        /// Settings of the provider.
        map config: Value = "Config" => config "config";
        /// Environment of a plugin.
        map env: String = "Env" => strings "env";
    }
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
