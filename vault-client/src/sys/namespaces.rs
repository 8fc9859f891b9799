//! [Namespaces](https://developer.hashicorp.com/vault/api-docs/system/namespaces): Vault
//! Enterprise, and OpenBao from 2.3 on.

use std::collections::BTreeMap;

use client_core::{Verb, operations};

use super::Sys;
use crate::Call;
use crate::caps::{Action, List, Read, Write};
use crate::client::trimmed;
use crate::secret::{data, key_info, written};
use crate::shape::{record, settings};

operations! {
    LIST: BTreeMap<String, Namespace>, List = key_info("sys.list_namespaces", "/v1/sys/namespaces");
    GET: Namespace, Read = data(Verb::Get, "sys.read_namespace", "/v1/sys/namespaces/{path*}");
    PUT: Namespace, Action = data(Verb::Post, "sys.write_namespace", "/v1/sys/namespaces/{path*}").idempotent();
    PATCH: Namespace, Action = data(Verb::Patch, "sys.patch_namespace", "/v1/sys/namespaces/{path*}").idempotent();
    DELETE: (), Write = written(Verb::Delete, "sys.delete_namespace", "/v1/sys/namespaces/{path*}").idempotent();
}

record! {
    /// A namespace.
    pub struct Namespace {
        /// Its id.
        id: text,
        /// Its path; ends in `/`.
        path: text,
        /// Free names and values.
        custom_metadata: map,
        /// The id that storage knows it by (OpenBao).
        uuid: text,
        /// Whether it is being deleted (OpenBao).
        tainted: maybe(bool),
        /// Whether its API is locked (OpenBao).
        locked: maybe(bool),
    }
}

settings! {
    /// What a namespace has.
    pub struct NamespaceSettings {
        /// Free names and values.
        custom_metadata: map,
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
