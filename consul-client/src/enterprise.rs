//! [Namespaces](https://developer.hashicorp.com/consul/api-docs/namespaces) and
//! [admin partitions](https://developer.hashicorp.com/consul/api-docs/admin-partitions) (Enterprise).

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;

use crate::acl::Link;
use crate::caps::{BlockingList, BlockingLookup, Change, Lookup, Read};
use crate::{Call, Client};

/// Namespaces (Enterprise).
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// use consul_client::{Error, enterprise::Namespace};
/// match consul.namespaces().create(&Namespace::new("staging")).await {
///     Err(Error::EnterpriseOnly(_)) => println!("this is a Community Edition"),
///     other => println!("{:?}", other?.name),
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::namespaces)]
pub struct Namespaces;

/// Admin partitions (Enterprise).
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// for partition in consul.partitions().list().await? {
///     println!("{}", partition.name);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::partitions)]
pub struct Partitions;

#[endpoints("namespace")]
impl Namespaces {
    /// Creates a namespace.
    #[put("/v1/namespace", enterprise)]
    pub fn create(&self, namespace: &Namespace) -> Call<Namespace> {
        call.json(namespace)
    }

    /// Reads a namespace.
    #[get("/v1/namespace/{name}", enterprise)]
    pub fn get(&self, name: &str) -> Call<Namespace, BlockingLookup> {}

    /// Replaces the settings of the namespace that has this one's name.
    #[put("/v1/namespace/{name}", idempotent, enterprise, name = &namespace.name)]
    pub fn update(&self, namespace: &Namespace) -> Call<Namespace, Change> {
        call.json(namespace)
    }

    /// Deletes a namespace and all in it, which goes on after the answer.
    #[delete("/v1/namespace/{name}", idempotent, enterprise)]
    pub fn delete(&self, name: &str) -> Call<(), Change> {}

    /// Lists the namespaces.
    #[get("/v1/namespaces", enterprise)]
    pub fn list(&self) -> Call<Vec<Namespace>, BlockingList> {}
}

#[endpoints("partition", operations = PARTITIONS)]
impl Partitions {
    /// Creates a partition.
    #[put("/v1/partition", enterprise)]
    pub fn create(&self, partition: &Partition) -> Call<Partition> {
        call.json(partition)
    }

    /// Reads a partition.
    #[get("/v1/partition/{name}", enterprise)]
    pub fn get(&self, name: &str) -> Call<Partition, Lookup> {}

    /// Replaces the settings of the partition that has this one's name.
    #[put("/v1/partition/{name}", idempotent, enterprise, name = &partition.name)]
    pub fn update(&self, partition: &Partition) -> Call<Partition, Change> {
        call.json(partition)
    }

    /// Deletes a partition and all in it, which goes on after the answer.
    #[delete("/v1/partition/{name}", idempotent, enterprise)]
    pub fn delete(&self, name: &str) -> Call<(), Change> {}

    /// Lists the partitions.
    #[get("/v1/partitions", enterprise)]
    pub fn list(&self) -> Call<Vec<Partition>, Read> {}
}

/// A namespace (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What all its tokens are allowed.
    #[wire(name = "ACLs")]
    pub acls: Option<NamespaceAcls>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// When it is to be deleted.
    #[wire(alias = "deleted_at", with = client_core::time::rfc3339::nullable)]
    pub deleted_at: Option<Timestamp>,
    /// Its admin partition.
    pub partition: Option<String>,
    /// The index at which it was created.
    pub create_index: Option<u64>,
    /// The index of its last change.
    pub modify_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What all tokens of a namespace are allowed (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct NamespaceAcls {
    /// These policies.
    #[wire(alias = "policy_defaults")]
    pub policy_defaults: Vec<Link>,
    /// These roles.
    #[wire(alias = "role_defaults")]
    pub role_defaults: Vec<Link>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An admin partition (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it is to be deleted.
    #[wire(alias = "deleted_at", with = client_core::time::rfc3339::nullable)]
    pub deleted_at: Option<Timestamp>,
    /// Whether its agents do not gossip.
    pub disable_gossip: Option<bool>,
    /// The index at which it was created.
    pub create_index: Option<u64>,
    /// The index of its last change.
    pub modify_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Namespace {
    /// A namespace with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl Partition {
    /// A partition with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

client_core::setters! { Namespace {
    /// Says what it is for.
    description: String = Some;
} }
client_core::setters! { Partition {
    /// Says what it is for.
    description: String = Some;
} }
