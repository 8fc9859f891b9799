//! [Namespaces](https://developer.hashicorp.com/consul/api-docs/namespaces) and
//! [admin partitions](https://developer.hashicorp.com/consul/api-docs/admin-partitions) (Enterprise).

use std::collections::BTreeMap;

use client_core::wire::{Wire, empty, recode_empty};
use client_core::{Extra, Op, Verb, operations};
use jiff::Timestamp;

use crate::acl::Link;
use crate::caps::{BlockingList, BlockingLookup, Change, Lookup, Plain, Read};
use crate::{Call, Client};

operations! {
    CREATE: Namespace, Plain = Op::new(Verb::Put, "namespace.create", "/v1/namespace").enterprise();
    GET: Namespace, BlockingLookup =
        Op::new(Verb::Get, "namespace.get", "/v1/namespace/{name}").blocking().enterprise();
    UPDATE: Namespace, Change =
        Op::new(Verb::Put, "namespace.update", "/v1/namespace/{name}").idempotent().enterprise();
    DELETE: (), Change =
        Op::decoded_by(Verb::Delete, "namespace.delete", "/v1/namespace/{name}", empty, recode_empty)
            .idempotent()
            .enterprise();
    LIST: Vec<Namespace>, BlockingList =
        Op::new(Verb::Get, "namespace.list", "/v1/namespaces").blocking().enterprise();
    CREATE_PARTITION: Partition, Plain = Op::new(Verb::Put, "partition.create", "/v1/partition").enterprise();
    GET_PARTITION: Partition, Lookup = Op::new(Verb::Get, "partition.get", "/v1/partition/{name}").enterprise();
    UPDATE_PARTITION: Partition, Change =
        Op::new(Verb::Put, "partition.update", "/v1/partition/{name}").idempotent().enterprise();
    DELETE_PARTITION: (), Change =
        Op::decoded_by(Verb::Delete, "partition.delete", "/v1/partition/{name}", empty, recode_empty)
            .idempotent()
            .enterprise();
    LIST_PARTITIONS: Vec<Partition>, Read = Op::new(Verb::Get, "partition.list", "/v1/partitions").enterprise();
}

/// Namespaces (Enterprise).
#[derive(Debug, Clone)]
pub struct Namespaces<'a>(&'a Client);

/// Admin partitions (Enterprise).
#[derive(Debug, Clone)]
pub struct Partitions<'a>(&'a Client);

impl Client {
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
    #[must_use]
    pub fn namespaces(&self) -> Namespaces<'_> {
        Namespaces(self)
    }

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
    #[must_use]
    pub fn partitions(&self) -> Partitions<'_> {
        Partitions(self)
    }
}

impl Namespaces<'_> {
    /// Creates a namespace.
    pub fn create(&self, namespace: &Namespace) -> Call<Namespace> {
        self.0.call(&CREATE, &[]).json(namespace)
    }

    /// Reads a namespace.
    pub fn get(&self, name: &str) -> Call<Namespace, BlockingLookup> {
        self.0.call(&GET, &[name])
    }

    /// Replaces the settings of the namespace that has this one's name.
    pub fn update(&self, namespace: &Namespace) -> Call<Namespace, Change> {
        self.0.call(&UPDATE, &[&namespace.name]).json(namespace)
    }

    /// Deletes a namespace and all in it, which goes on after the answer.
    pub fn delete(&self, name: &str) -> Call<(), Change> {
        self.0.call(&DELETE, &[name])
    }

    /// Lists the namespaces.
    pub fn list(&self) -> Call<Vec<Namespace>, BlockingList> {
        self.0.call(&LIST, &[])
    }
}

impl Partitions<'_> {
    /// Creates a partition.
    pub fn create(&self, partition: &Partition) -> Call<Partition> {
        self.0.call(&CREATE_PARTITION, &[]).json(partition)
    }

    /// Reads a partition.
    pub fn get(&self, name: &str) -> Call<Partition, Lookup> {
        self.0.call(&GET_PARTITION, &[name])
    }

    /// Replaces the settings of the partition that has this one's name.
    pub fn update(&self, partition: &Partition) -> Call<Partition, Change> {
        self.0.call(&UPDATE_PARTITION, &[&partition.name]).json(partition)
    }

    /// Deletes a partition and all in it, which goes on after the answer.
    pub fn delete(&self, name: &str) -> Call<(), Change> {
        self.0.call(&DELETE_PARTITION, &[name])
    }

    /// Lists the partitions.
    pub fn list(&self) -> Call<Vec<Partition>, Read> {
        self.0.call(&LIST_PARTITIONS, &[])
    }
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
