//! Key-value secrets without versions.

use client_core::{Op, Verb, operations};
use serde::Serialize;

use super::data::KvData;
use crate::caps::{List, Write, markers};
use crate::client::trimmed;
use crate::secret::{data, keys, written};
use crate::{Call, Client};

operations! {
    GET: KvData, ReadKv = data(Verb::Get, "kv1.read", "/v1/{mount*}/{path*}");
    PUT: (), Write = written(Verb::Post, "kv1.write", "/v1/{mount*}/{path*}").idempotent();
    DELETE: (), Write = written(Verb::Delete, "kv1.delete", "/v1/{mount*}/{path*}").idempotent();
    LIST: Vec<String>, List = keys("kv1.list", "/v1/{mount*}/{path**}");
    CUBBYHOLE_GET: KvData, ReadKv = data(Verb::Get, "cubbyhole.read", "/v1/cubbyhole/{path*}");
    CUBBYHOLE_PUT: (), Write = written(Verb::Post, "cubbyhole.write", "/v1/cubbyhole/{path*}").idempotent();
    CUBBYHOLE_DELETE: (), Write = written(Verb::Delete, "cubbyhole.delete", "/v1/cubbyhole/{path*}").idempotent();
    CUBBYHOLE_LIST: Vec<String>, List = keys("cubbyhole.list", "/v1/cubbyhole/{path**}");
}

markers! {
    /// Reads a secret.
    ReadKv: read;
}

/// A KV v1 mount.
#[derive(Debug, Clone)]
pub struct Kv1 {
    client: Client,
    mount: String,
}

/// A private place of the token, which is gone with it.
#[derive(Debug, Clone)]
pub struct Cubbyhole(Client);

impl Client {
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
    #[must_use]
    pub fn kv1(&self, mount: impl AsRef<str>) -> Kv1 {
        Kv1 { client: self.clone(), mount: trimmed(mount) }
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
    #[must_use]
    pub fn cubbyhole(&self) -> Cubbyhole {
        Cubbyhole(self.clone())
    }
}

impl Kv1 {
    fn at<T, C>(&self, op: &'static Op<T, C>, path: &str) -> Call<T, C> {
        self.client.call(op, &[&self.mount, path.trim_start_matches('/')])
    }

    /// Reads a secret.
    pub fn get(&self, path: &str) -> Call<KvData, ReadKv> {
        self.at(&GET, path)
    }

    /// Writes a secret, which has this data and nothing else. A value named `ttl` is shown to
    /// readers as the duration of the lease.
    pub fn put<D: Serialize + ?Sized>(&self, path: &str, data: &D) -> Call<(), Write> {
        self.at(&PUT, path).json_by_serde(data)
    }

    /// Deletes a secret for good.
    pub fn delete(&self, path: &str) -> Call<(), Write> {
        self.at(&DELETE, path)
    }

    /// Lists the names below a path; those that end in `/` are folders. `""` is the top.
    pub fn list(&self, path: &str) -> Call<Vec<String>, List> {
        self.at(&LIST, path)
    }
}

impl Cubbyhole {
    fn at<T, C>(&self, op: &'static Op<T, C>, path: &str) -> Call<T, C> {
        self.0.call(op, &[path.trim_start_matches('/')])
    }

    /// Reads a secret.
    pub fn get(&self, path: &str) -> Call<KvData, ReadKv> {
        self.at(&CUBBYHOLE_GET, path)
    }

    /// Writes a secret, which has this data and nothing else.
    pub fn put<D: Serialize + ?Sized>(&self, path: &str, data: &D) -> Call<(), Write> {
        self.at(&CUBBYHOLE_PUT, path).json_by_serde(data)
    }

    /// Deletes a secret.
    pub fn delete(&self, path: &str) -> Call<(), Write> {
        self.at(&CUBBYHOLE_DELETE, path)
    }

    /// Lists the names below a path. `""` is the top.
    pub fn list(&self, path: &str) -> Call<Vec<String>, List> {
        self.at(&CUBBYHOLE_LIST, path)
    }
}
