//! [Namespaces](https://developer.hashicorp.com/vault/api-docs/system/namespaces): Vault
//! Enterprise, and OpenBao from 2.3 on.

use std::collections::BTreeMap;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints};

use super::Sys;
use crate::Call;
use crate::caps::{Action, List, Read, Write};
use crate::client::trimmed;
use crate::secret::key_info;

/// A namespace.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Namespace {
    /// Its id.
    pub id: String,
    /// Its path; ends in `/`.
    pub path: String,
    /// Free names and values.
    pub custom_metadata: BTreeMap<String, String>,
    /// The id that storage knows it by (OpenBao).
    pub uuid: String,
    /// Whether it is being deleted (OpenBao).
    #[wire(omit_null)]
    pub tainted: Option<bool>,
    /// Whether its API is locked (OpenBao).
    #[wire(omit_null)]
    pub locked: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a namespace has.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct NamespaceSettings {
    /// Free names and values.
    pub custom_metadata: Option<BTreeMap<String, String>>,
    /// What this version does not know.
    pub extra: Extra,
}

impl NamespaceSettings {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[endpoints("sys")]
impl Sys {
    /// Lists the namespaces in the client's own, by path.
    #[list("/v1/sys/namespaces", name = "list_namespaces", with = key_info)]
    pub fn namespaces(&self) -> Call<BTreeMap<String, Namespace>, List> {}

    /// Reads a namespace.
    #[get("/v1/sys/namespaces/{path*}", name = "read_namespace", path = &trimmed(path))]
    pub fn namespace(&self, path: &str) -> Call<Namespace, Read> {}

    /// Creates a namespace, or replaces what it has.
    #[post("/v1/sys/namespaces/{path*}", idempotent, name = "write_namespace", path = &trimmed(path))]
    pub fn put_namespace(&self, path: &str, settings: &NamespaceSettings) -> Call<Namespace, Action> {
        call.json(settings)
    }

    /// Changes what a namespace has.
    #[patch("/v1/sys/namespaces/{path*}", idempotent, path = &trimmed(path))]
    pub fn patch_namespace(&self, path: &str, settings: &NamespaceSettings) -> Call<Namespace, Action> {
        call.json(settings).merge_patch()
    }

    /// Deletes a namespace and everything in it.
    #[delete("/v1/sys/namespaces/{path*}", idempotent, path = &trimmed(path))]
    pub fn delete_namespace(&self, path: &str) -> Call<(), Write> {}
}
