//! [Namespaces](https://developer.hashicorp.com/nomad/api-docs/namespaces).

use std::collections::BTreeMap;

use client_core::caps::{BlockingLookup, Plain};
use client_core::wire::{Wire, empty, recode_empty};
use client_core::{Extra, Op, Verb, capabilities, operations};

use crate::{Call, Client};

capabilities! {
    /// Lists namespaces.
    pub struct ListNamespaces: Stale + Listed + Blocking + Prefixed;
}

operations! {
    LIST: Vec<Namespace>, ListNamespaces = Op::new(Verb::Get, "namespaces.list", "/v1/namespaces").blocking();
    GET: Namespace, BlockingLookup = Op::new(Verb::Get, "namespaces.get", "/v1/namespace/{namespace}").blocking();
    UPSERT: (), Plain =
        Op::decoded_by(Verb::Put, "namespaces.upsert", "/v1/namespace", empty, recode_empty).idempotent();
    UPSERT_NAMED: (), Plain = Op::decoded_by(
        Verb::Put, "namespaces.upsert_named", "/v1/namespace/{namespace}", empty, recode_empty,
    ).idempotent();
    DELETE: (), Plain =
        Op::decoded_by(Verb::Delete, "namespaces.delete", "/v1/namespace/{namespace}", empty, recode_empty);
}

/// The namespaces of a region.
#[derive(Debug, Clone)]
pub struct Namespaces<'a>(&'a Client);

impl Client {
    /// The namespaces of a region.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// use nomad_client::Namespace;
    /// nomad.namespaces().upsert(&Namespace::new("staging").description("before production")).await?;
    /// assert!(nomad.namespaces().get("nope").optional().await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn namespaces(&self) -> Namespaces<'_> {
        Namespaces(self)
    }
}

impl Namespaces<'_> {
    /// Lists namespaces.
    pub fn list(&self) -> Call<Vec<Namespace>, ListNamespaces> {
        self.0.call(&LIST, &[])
    }

    /// Reads one namespace.
    pub fn get(&self, name: &str) -> Call<Namespace, BlockingLookup> {
        self.0.call(&GET, &[name])
    }

    /// Creates a namespace, or replaces its settings.
    pub fn upsert(&self, namespace: &Namespace) -> Call<()> {
        self.0.call(&UPSERT, &[]).json(namespace)
    }

    /// Creates the namespace `name`, or replaces its settings; it must have that name.
    pub fn upsert_named(&self, name: &str, namespace: &Namespace) -> Call<()> {
        self.0.call(&UPSERT_NAMED, &[name]).json(namespace)
    }

    /// Deletes a namespace, which must have no jobs, volumes or variables left.
    pub fn delete(&self, name: &str) -> Call<()> {
        self.0.call(&DELETE, &[name])
    }
}

/// A namespace. Unknown settings are kept in `extra` and written back.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Namespace {
    /// Its unique name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The quota that limits it (Enterprise).
    pub quota: String,
    /// What its jobs may use.
    #[wire(omit_null)]
    pub capabilities: Option<NamespaceCapabilities>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// The index at which it was created.
    #[wire(omit_null)]
    pub create_index: Option<u64>,
    /// The index of its last change.
    #[wire(omit_null)]
    pub modify_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Namespace {
    /// A namespace with this name and no settings.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

client_core::setters! { Namespace {
    /// Says what it is for.
    description: String;
    /// Limits it by this quota (Enterprise).
    quota: String;
} }

/// What the jobs of a namespace may use.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NamespaceCapabilities {
    /// Task drivers that may be used; empty for all.
    pub enabled_task_drivers: Vec<String>,
    /// Task drivers that may not be used.
    pub disabled_task_drivers: Vec<String>,
    /// Network modes that may be used; empty for all.
    pub enabled_network_modes: Vec<String>,
    /// Network modes that may not be used.
    pub disabled_network_modes: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}
