//! [Kubernetes](https://developer.hashicorp.com/vault/api-docs/auth/kubernetes).

use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints, handle};
use secrecy::{ExposeSecret, SecretString};

use super::AuthMethods;
use crate::Call;
use crate::caps::{List, Read, Write};
use crate::client::MountPath;
use crate::secret::{Auth, issues_token};

/// The cluster whose service accounts are trusted.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct KubernetesConfig {
    /// The API server.
    pub kubernetes_host: Option<String>,
    /// The certificate authorities to trust there, in PEM.
    pub kubernetes_ca_cert: Option<String>,
    /// The token that asks the API server about others. The server never shows it.
    pub token_reviewer_jwt: Option<SecretString>,
    /// Whether a token to ask with was set; read only.
    pub token_reviewer_jwt_set: Option<bool>,
    /// Public keys of service accounts, in PEM.
    #[wire(with = crate::shape::list)]
    pub pem_keys: Option<Vec<String>>,
    /// Whether the server's own service account is not used.
    pub disable_local_ca_jwt: Option<bool>,
    /// The issuer that tokens must have.
    pub issuer: Option<String>,
    /// Whether the issuer is not looked at.
    pub disable_iss_validation: Option<bool>,
    /// Whether annotations of service accounts become metadata.
    pub use_annotations_as_alias_metadata: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl KubernetesConfig {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Which service accounts log in, and what the tokens they get are like.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct KubernetesRole {
    /// Names of service accounts; `*` for any.
    #[wire(with = crate::shape::list)]
    pub bound_service_account_names: Option<Vec<String>>,
    /// Their namespaces; `*` for any.
    #[wire(with = crate::shape::list)]
    pub bound_service_account_namespaces: Option<Vec<String>>,
    /// Their namespaces, by labels.
    pub bound_service_account_namespace_selector: Option<String>,
    /// The audience that tokens must have.
    pub audience: Option<String>,
    /// What entities are named after: `serviceaccount_uid` or `serviceaccount_name`.
    pub alias_name_source: Option<String>,
    /// How long its tokens live at first.
    #[wire(with = client_core::time::seconds::option)]
    pub token_ttl: Option<Duration>,
    /// How long its tokens can be renewed to live.
    #[wire(with = client_core::time::seconds::option)]
    pub token_max_ttl: Option<Duration>,
    /// Policies of its tokens.
    #[wire(with = crate::shape::list)]
    pub token_policies: Option<Vec<String>>,
    /// Address ranges from which its tokens may be used.
    #[wire(with = crate::shape::list)]
    pub token_bound_cidrs: Option<Vec<String>>,
    /// A limit on the life of its tokens that later changes of the mount do not move.
    #[wire(with = client_core::time::seconds::option)]
    pub token_explicit_max_ttl: Option<Duration>,
    /// Whether the `default` policy is left out.
    pub token_no_default_policy: Option<bool>,
    /// How often its tokens may be used; 0 for any number.
    pub token_num_uses: Option<u64>,
    /// Makes its tokens periodic: each renewal is for this long, without a maximum.
    #[wire(with = client_core::time::seconds::option)]
    pub token_period: Option<Duration>,
    /// The kind of its tokens: `service`, `batch`, `default`, …
    pub token_type: Option<String>,
    /// Whether tokens may only be used from the address that logged in (OpenBao).
    pub token_strictly_bind_ip: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl KubernetesRole {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Kubernetes, for pods that log in with their service account.
#[handle(AuthMethods::kubernetes)]
pub struct Kubernetes {
    mount: MountPath,
}

#[endpoints("kubernetes", mount)]
impl Kubernetes {
    /// Logs in with a service account's token. Read it anew for each login: it is replaced while
    /// the pod runs.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let jwt = std::fs::read_to_string("/var/run/secrets/kubernetes.io/serviceaccount/token")?;
    /// let auth = vault.auth().kubernetes("kubernetes").login("api", jwt).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[post("/v1/auth/{mount*}/login", with = issues_token)]
    pub fn login(&self, role: &str, jwt: impl Into<SecretString>) -> Call<Auth> {
        let call = call.field("role", role);
        call.field("jwt", jwt.into().expose_secret().trim()).anonymous()
    }

    /// Reads which cluster is trusted.
    #[get("/v1/auth/{mount*}/config", name = "read_config")]
    pub fn config(&self) -> Call<KubernetesConfig, Read> {}

    /// Sets which cluster is trusted.
    #[post("/v1/auth/{mount*}/config", idempotent, name = "write_config")]
    pub fn configure(&self, config: &KubernetesConfig) -> Call<(), Write> {
        call.json(config)
    }

    /// Lists roles.
    #[list("/v1/auth/{mount*}/role", name = "list_roles")]
    pub fn roles(&self) -> Call<Vec<String>, List> {}

    /// Reads a role.
    #[get("/v1/auth/{mount*}/role/{name}", name = "read_role")]
    pub fn role(&self, name: &str) -> Call<KubernetesRole, Read> {}

    /// Creates or changes a role; what is not set stays as it is.
    #[post("/v1/auth/{mount*}/role/{name}", idempotent, name = "write_role")]
    pub fn put_role(&self, name: &str, role: &KubernetesRole) -> Call<(), Write> {
        call.json(role)
    }

    /// Deletes a role. Tokens stay.
    #[delete("/v1/auth/{mount*}/role/{name}", idempotent)]
    pub fn delete_role(&self, name: &str) -> Call<(), Write> {}
}
