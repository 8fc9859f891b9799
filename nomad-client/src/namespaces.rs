//! [Namespaces](https://developer.hashicorp.com/nomad/api-docs/namespaces).

use std::collections::BTreeMap;

use client_core::caps::BlockingLookup;
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::{Call, Client};

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
#[handle(Client::namespaces)]
pub struct Namespaces;

#[endpoints("namespaces")]
impl Namespaces {
    /// Lists namespaces.
    #[get("/v1/namespaces", Stale, Listed, Blocking, Prefixed)]
    pub fn list(&self) -> Call<Vec<Namespace>, ListNamespaces> {}

    /// Reads one namespace.
    #[get("/v1/namespace/{namespace}", namespace = name)]
    pub fn get(&self, name: &str) -> Call<Namespace, BlockingLookup> {}

    /// Creates a namespace, or replaces its settings.
    #[put("/v1/namespace", idempotent)]
    pub fn upsert(&self, namespace: &Namespace) -> Call<()> {
        call.json(namespace)
    }

    /// Creates the namespace `name`, or replaces its settings; it must have that name.
    #[put("/v1/namespace/{namespace}", idempotent, namespace = name)]
    pub fn upsert_named(&self, name: &str, namespace: &Namespace) -> Call<()> {
        call.json(namespace)
    }

    /// Deletes a namespace, which must have no jobs, volumes or variables left.
    #[delete("/v1/namespace/{namespace}", namespace = name)]
    pub fn delete(&self, name: &str) -> Call<()> {}
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
