//! [AppRole](https://developer.hashicorp.com/vault/api-docs/auth/approle).

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::Plain;
use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::AuthMethods;
use crate::Call;
use crate::caps::{Action, List, Read, Write};
use crate::client::MountPath;
use crate::secret::{Auth, issues_token};

/// A secret id that nobody knows is an empty answer.
fn read_lookup(answer: &client_core::Parts) -> Result<Option<SecretIdInfo>, client_core::Error> {
    let secret = client_core::wire::json::<Option<crate::Secret<SecretIdInfo>>>(answer)?;
    Ok(secret.map(|secret| secret.data))
}

fn recode_lookup(answer: &client_core::Parts) -> Result<serde_json::Value, client_core::Error> {
    client_core::wire::recode::<Option<crate::Secret<SecretIdInfo>>>(answer)
}

/// A role: which secret ids log in with it, and what their tokens are like.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct AppRoleRole {
    /// Whether a secret id is needed to log in. Yes by default.
    pub bind_secret_id: Option<bool>,
    /// Address ranges from which its secret ids may be used.
    #[wire(with = crate::shape::list)]
    pub secret_id_bound_cidrs: Option<Vec<String>>,
    /// How often a secret id may be used; 0 for any number.
    pub secret_id_num_uses: Option<u64>,
    /// How long a secret id lives; zero for ever.
    #[wire(with = client_core::time::seconds::option)]
    pub secret_id_ttl: Option<Duration>,
    /// Whether its secret ids stay in one cluster. Can only be set when it is created.
    pub local_secret_ids: Option<bool>,
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

impl AppRoleRole {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct RoleId {
    #[wire(required)]
    role_id: String,
}

/// The secret id to make.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct NewSecretId {
    /// Names and values that tokens logged in with it carry.
    pub metadata: BTreeMap<String, String>,
    /// Address ranges from which it may be used.
    pub cidr_list: Vec<String>,
    /// Address ranges from which its tokens may be used.
    pub token_bound_cidrs: Vec<String>,
    /// How often it may be used, if not as often as the role says.
    pub num_uses: Option<u64>,
    /// How long it lives, if not as long as the role says.
    pub ttl: Option<Duration>,
}

impl NewSecretId {
    /// A secret id as the role says.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name and value that tokens logged in with it carry.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Address ranges from which it may be used.
    #[must_use]
    pub fn cidr_list(mut self, ranges: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.cidr_list = ranges.into_iter().map(Into::into).collect();
        self
    }

    /// Address ranges from which its tokens may be used.
    #[must_use]
    pub fn token_bound_cidrs(mut self, ranges: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.token_bound_cidrs = ranges.into_iter().map(Into::into).collect();
        self
    }

    /// How often it may be used.
    #[must_use]
    pub fn num_uses(mut self, count: u64) -> Self {
        self.num_uses = Some(count);
        self
    }

    /// How long it lives.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    fn onto<T, C>(&self, call: Call<T, C>) -> Call<T, C> {
        // The server takes the metadata as a text that holds JSON.
        let metadata = serde_json::to_string(&self.metadata).ok().filter(|_| !self.metadata.is_empty());
        let list = |list: &Vec<String>| Some(list.clone()).filter(|list| !list.is_empty());
        let ttl = self.ttl.map(|ttl| format!("{}s", ttl.as_secs()));
        call.field_if("metadata", metadata.as_ref())
            .field_if("cidr_list", list(&self.cidr_list).as_ref())
            .field_if("token_bound_cidrs", list(&self.token_bound_cidrs).as_ref())
            .field_if("num_uses", self.num_uses.as_ref())
            .field_if("ttl", ttl.as_ref())
    }
}

/// A secret id that was made.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct SecretId {
    /// The secret id. It is shown only now.
    pub secret_id: SecretString,
    /// A handle for it.
    pub secret_id_accessor: String,
    /// How often it may be used; 0 for any number.
    pub secret_id_num_uses: u64,
    /// How long it lives; zero for ever.
    #[wire(with = client_core::time::seconds)]
    pub secret_id_ttl: Duration,
    /// What this version does not know.
    pub extra: Extra,
}

/// What is known of a secret id.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct SecretIdInfo {
    /// A handle for it.
    pub secret_id_accessor: String,
    /// How often it may still be used; 0 for any number.
    pub secret_id_num_uses: u64,
    /// How long it lives; zero for ever.
    #[wire(with = client_core::time::seconds)]
    pub secret_id_ttl: Duration,
    /// When it was made.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub creation_time: Option<Timestamp>,
    /// When it ends; `None` for never.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub expiration_time: Option<Timestamp>,
    /// When it was last changed or used.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub last_updated_time: Option<Timestamp>,
    /// Names and values that tokens logged in with it carry.
    pub metadata: BTreeMap<String, String>,
    /// Address ranges from which it may be used.
    pub cidr_list: Vec<String>,
    /// Address ranges from which its tokens may be used.
    pub token_bound_cidrs: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// AppRole, for machines that hold a role id and a secret id.
#[handle(AuthMethods::approle)]
pub struct AppRole {
    mount: MountPath,
}

#[endpoints("approle", mount)]
impl AppRole {
    /// Logs in.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// let secret_id = std::env::var("SECRET_ID").unwrap_or_default();
    /// let auth = vault.auth().approle("approle").login("352b3376-…", secret_id).await?;
    /// let vault = vault.with_token(auth.client_token);
    /// # Ok(())
    /// # }
    /// ```
    #[post("/v1/auth/{mount*}/login", with = issues_token)]
    pub fn login(&self, role_id: &str, secret_id: impl Into<SecretString>) -> Call<Auth> {
        let call = call.field("role_id", role_id);
        call.field("secret_id", secret_id.into().expose_secret()).anonymous()
    }

    /// Logs in with a role that needs no secret id.
    pub fn login_without_secret_id(&self, role_id: &str) -> Call<Auth> {
        self.client.call(&Self::LOGIN, &[&self.mount]).field("role_id", role_id).anonymous()
    }

    /// Lists roles.
    #[list("/v1/auth/{mount*}/role", name = "list_roles")]
    pub fn roles(&self) -> Call<Vec<String>, List> {}

    /// Reads a role.
    #[get("/v1/auth/{mount*}/role/{role}", name = "read_role")]
    pub fn role(&self, role: &str) -> Call<AppRoleRole, Read> {}

    /// Creates or changes a role; what is not set stays as it is.
    #[post("/v1/auth/{mount*}/role/{role}", idempotent, name = "write_role")]
    pub fn put_role(&self, role: &str, settings: &AppRoleRole) -> Call<(), Write> {
        call.json(settings)
    }

    /// Deletes a role and its secret ids. Tokens stay.
    #[delete("/v1/auth/{mount*}/role/{role}", idempotent)]
    pub fn delete_role(&self, role: &str) -> Call<(), Write> {}

    /// Reads the role id, which logs in together with a secret id.
    #[get("/v1/auth/{mount*}/role/{role}/role-id", name = "read_role_id", reads = RoleId)]
    pub fn role_id(&self, role: &str) -> Call<String, Plain> {
        call.then(|call| call.map(|RoleId { role_id }| Ok(role_id)))
    }

    /// Sets the role id.
    #[post("/v1/auth/{mount*}/role/{role}/role-id", idempotent, name = "write_role_id")]
    pub fn put_role_id(&self, role: &str, role_id: &str) -> Call<(), Write> {
        call.field("role_id", role_id)
    }

    /// Makes a secret id. Hand it over wrapped: `.wrap(ttl)`.
    #[post("/v1/auth/{mount*}/role/{role}/secret-id")]
    pub fn generate_secret_id(&self, role: &str, settings: &NewSecretId) -> Call<SecretId, Action> {
        settings.onto(call)
    }

    /// Adds a secret id that the caller chose.
    #[post("/v1/auth/{mount*}/role/{role}/custom-secret-id")]
    pub fn create_custom_secret_id(
        &self,
        role: &str,
        secret_id: &SecretString,
        settings: &NewSecretId,
    ) -> Call<SecretId, Action> {
        settings.onto(call.field("secret_id", secret_id.expose_secret()))
    }

    /// Lists the accessors of a role's secret ids.
    #[list("/v1/auth/{mount*}/role/{role}/secret-id", name = "list_secret_id_accessors")]
    pub fn secret_id_accessors(&self, role: &str) -> Call<Vec<String>, List> {}

    /// Looks a secret id up; `None` where the role has no such.
    #[post(
        "/v1/auth/{mount*}/role/{role}/secret-id/lookup",
        idempotent, decode = read_lookup, recode = recode_lookup,
    )]
    pub fn lookup_secret_id(&self, role: &str, secret_id: &SecretString) -> Call<Option<SecretIdInfo>> {
        call.field("secret_id", secret_id.expose_secret())
    }

    /// Destroys a secret id. Tokens stay.
    #[post("/v1/auth/{mount*}/role/{role}/secret-id/destroy", idempotent)]
    pub fn destroy_secret_id(&self, role: &str, secret_id: &SecretString) -> Call<(), Write> {
        call.field("secret_id", secret_id.expose_secret())
    }

    /// Looks a secret id up by its accessor.
    #[post("/v1/auth/{mount*}/role/{role}/secret-id-accessor/lookup", idempotent)]
    pub fn lookup_secret_id_accessor(&self, role: &str, accessor: &str) -> Call<SecretIdInfo, Read> {
        call.field("secret_id_accessor", accessor)
    }

    /// Destroys a secret id by its accessor. Tokens stay.
    #[post("/v1/auth/{mount*}/role/{role}/secret-id-accessor/destroy", idempotent)]
    pub fn destroy_secret_id_accessor(&self, role: &str, accessor: &str) -> Call<(), Write> {
        call.field("secret_id_accessor", accessor)
    }

    /// Starts removing expired secret ids, in the background of the server.
    #[post("/v1/auth/{mount*}/tidy/secret-id", idempotent)]
    pub fn tidy(&self) -> Call<(), Write> {}
}
