//! [Namespaces](https://developer.hashicorp.com/vault/api-docs/system/namespaces): Vault
//! Enterprise, and OpenBao from 2.3 on.

use std::collections::BTreeMap;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, Verb, operations};

use super::Sys;
use crate::Call;
use crate::caps::{Action, List, Read, Write};
use crate::client::trimmed;
use crate::secret::{data, key_info, written};

operations! {
    LIST: BTreeMap<String, Namespace>, List = key_info("sys.list_namespaces", "/v1/sys/namespaces");
    GET: Namespace, Read = data(Verb::Get, "sys.read_namespace", "/v1/sys/namespaces/{path*}");
    PUT: Namespace, Action = data(Verb::Post, "sys.write_namespace", "/v1/sys/namespaces/{path*}").idempotent();
    PATCH: Namespace, Action = data(Verb::Patch, "sys.patch_namespace", "/v1/sys/namespaces/{path*}").idempotent();
    DELETE: (), Write = written(Verb::Delete, "sys.delete_namespace", "/v1/sys/namespaces/{path*}").idempotent();
}

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

impl Sys {
    /// Lists the namespaces in the client's own, by path.
    pub fn namespaces(&self) -> Call<BTreeMap<String, Namespace>, List> {
        self.0.call(&LIST, &[])
    }

    /// Reads a namespace.
    pub fn namespace(&self, path: &str) -> Call<Namespace, Read> {
        self.0.call(&GET, &[&trimmed(path)])
    }

    /// Creates a namespace, or replaces what it has.
    pub fn put_namespace(&self, path: &str, settings: &NamespaceSettings) -> Call<Namespace, Action> {
        self.0.call(&PUT, &[&trimmed(path)]).json(settings)
    }

    /// Changes what a namespace has.
    pub fn patch_namespace(&self, path: &str, settings: &NamespaceSettings) -> Call<Namespace, Action> {
        self.0.call(&PATCH, &[&trimmed(path)]).json(settings).merge_patch()
    }

    /// Deletes a namespace and everything in it.
    pub fn delete_namespace(&self, path: &str) -> Call<(), Write> {
        self.0.call(&DELETE, &[&trimmed(path)])
    }
}
