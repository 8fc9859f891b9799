//! Key-value secrets without versions.

use client_core::{endpoints, handle};
use serde::Serialize;

use super::data::KvData;
use crate::caps::{List, Write};
use crate::client::MountPath;
use crate::{Call, Client};

/// The KV v1 engine at `mount`.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// use std::collections::BTreeMap;
/// vault.kv1("kv").put("api", &BTreeMap::from([("user", "wuff")])).await?;
/// let user = vault.kv1("kv").get("api").await?.text("user");
/// # Ok(())
/// # }
/// ```
#[handle(Client::kv1)]
pub struct Kv1 {
    mount: MountPath,
}

/// The token's cubbyhole.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// for name in vault.cubbyhole().list("").await? {
///     println!("{name}");
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::cubbyhole)]
pub struct Cubbyhole;

#[endpoints("kv1", mount)]
impl Kv1 {
    /// Reads a secret.
    #[get(
        "/v1/{mount*}/{path*}",
        Optional, Enveloped,
        name = "read", path = path.trim_start_matches('/'),
    )]
    pub fn get(&self, path: &str) -> Call<KvData, ReadKv> {}

    /// Writes a secret, which has this data and nothing else. A value named `ttl` is shown to
    /// readers as the duration of the lease.
    #[post("/v1/{mount*}/{path*}", idempotent, name = "write", path = path.trim_start_matches('/'))]
    pub fn put<D: Serialize + ?Sized>(&self, path: &str, data: &D) -> Call<(), Write> {
        call.json_by_serde(data)
    }

    /// Deletes a secret for good.
    #[delete("/v1/{mount*}/{path*}", idempotent, path = path.trim_start_matches('/'))]
    pub fn delete(&self, path: &str) -> Call<(), Write> {}

    /// Lists the names below a path; those that end in `/` are folders. `""` is the top.
    #[list("/v1/{mount*}/{path**}", path = path.trim_start_matches('/'))]
    pub fn list(&self, path: &str) -> Call<Vec<String>, List> {}
}

#[endpoints("cubbyhole", operations = CUBBYHOLE)]
impl Cubbyhole {
    /// Reads a secret.
    #[get(
        "/v1/cubbyhole/{path*}",
        name = "read", path = path.trim_start_matches('/'),
    )]
    pub fn get(&self, path: &str) -> Call<KvData, ReadKv> {}

    /// Writes a secret, which has this data and nothing else.
    #[post("/v1/cubbyhole/{path*}", idempotent, name = "write", path = path.trim_start_matches('/'))]
    pub fn put<D: Serialize + ?Sized>(&self, path: &str, data: &D) -> Call<(), Write> {
        call.json_by_serde(data)
    }

    /// Deletes a secret.
    #[delete("/v1/cubbyhole/{path*}", idempotent, path = path.trim_start_matches('/'))]
    pub fn delete(&self, path: &str) -> Call<(), Write> {}

    /// Lists the names below a path. `""` is the top.
    #[list("/v1/cubbyhole/{path**}", path = path.trim_start_matches('/'))]
    pub fn list(&self, path: &str) -> Call<Vec<String>, List> {}
}
