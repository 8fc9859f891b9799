//! [Kubernetes](https://developer.hashicorp.com/vault/api-docs/auth/kubernetes).

use client_core::caps::Plain;
use client_core::{Verb, operations};
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{List, Read, Write};
use crate::client::trimmed;
use crate::secret::{Auth, data, issues_token, keys, written};
use crate::shape::settings;
use crate::{Call, Client};

operations! {
    LOGIN: Auth, Plain = issues_token(Verb::Post, "kubernetes.login", "/v1/auth/{mount*}/login");
    CONFIG: KubernetesConfig, Read = data(Verb::Get, "kubernetes.read_config", "/v1/auth/{mount*}/config");
    CONFIGURE: (), Write = written(Verb::Post, "kubernetes.write_config", "/v1/auth/{mount*}/config").idempotent();
    ROLES: Vec<String>, List = keys("kubernetes.list_roles", "/v1/auth/{mount*}/role");
    ROLE: KubernetesRole, Read = data(Verb::Get, "kubernetes.read_role", "/v1/auth/{mount*}/role/{name}");
    PUT_ROLE: (), Write = written(Verb::Post, "kubernetes.write_role", "/v1/auth/{mount*}/role/{name}").idempotent();
    DELETE_ROLE: (), Write =
        written(Verb::Delete, "kubernetes.delete_role", "/v1/auth/{mount*}/role/{name}").idempotent();
}

settings! {
    /// The cluster whose service accounts are trusted.
    pub struct KubernetesConfig {
        /// The API server.
        kubernetes_host: text,
        /// The certificate authorities to trust there, in PEM.
        kubernetes_ca_cert: text,
        /// The token that asks the API server about others. The server never shows it.
        token_reviewer_jwt: secret,
        /// Whether a token to ask with was set; read only.
        token_reviewer_jwt_set: flag,
        /// Public keys of service accounts, in PEM.
        pem_keys: list,
        /// Whether the server's own service account is not used.
        disable_local_ca_jwt: flag,
        /// The issuer that tokens must have.
        issuer: text,
        /// Whether the issuer is not looked at.
        disable_iss_validation: flag,
        /// Whether annotations of service accounts become metadata.
        use_annotations_as_alias_metadata: flag,
    }
}

settings! {
    /// Which service accounts log in, and what the tokens they get are like.
    pub struct KubernetesRole {
        /// Names of service accounts; `*` for any.
        bound_service_account_names: list,
        /// Their namespaces; `*` for any.
        bound_service_account_namespaces: list,
        /// Their namespaces, by labels.
        bound_service_account_namespace_selector: text,
        /// The audience that tokens must have.
        audience: text,
        /// What entities are named after: `serviceaccount_uid` or `serviceaccount_name`.
        alias_name_source: text,
        token_settings;
    }
}

/// Kubernetes at one path.
#[derive(Debug, Clone)]
pub struct Kubernetes {
    client: Client,
    mount: String,
}

impl Kubernetes {
    pub(crate) fn new(client: Client, mount: &str) -> Self {
        Self { client, mount: trimmed(mount) }
    }

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
    pub fn login(&self, role: &str, jwt: impl Into<SecretString>) -> Call<Auth> {
        let call = self.client.call(&LOGIN, &[&self.mount]).field("role", role);
        call.field("jwt", jwt.into().expose_secret().trim()).anonymous()
    }

    /// Reads which cluster is trusted.
    pub fn config(&self) -> Call<KubernetesConfig, Read> {
        self.client.call(&CONFIG, &[&self.mount])
    }

    /// Sets which cluster is trusted.
    pub fn configure(&self, config: &KubernetesConfig) -> Call<(), Write> {
        self.client.call(&CONFIGURE, &[&self.mount]).json(config)
    }

    /// Lists roles.
    pub fn roles(&self) -> Call<Vec<String>, List> {
        self.client.call(&ROLES, &[&self.mount])
    }

    /// Reads a role.
    pub fn role(&self, name: &str) -> Call<KubernetesRole, Read> {
        self.client.call(&ROLE, &[&self.mount, name])
    }

    /// Creates or changes a role; what is not set stays as it is.
    pub fn put_role(&self, name: &str, role: &KubernetesRole) -> Call<(), Write> {
        self.client.call(&PUT_ROLE, &[&self.mount, name]).json(role)
    }

    /// Deletes a role. Tokens stay.
    pub fn delete_role(&self, name: &str) -> Call<(), Write> {
        self.client.call(&DELETE_ROLE, &[&self.mount, name])
    }
}
