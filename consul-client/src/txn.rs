//! [Transactions](https://developer.hashicorp.com/consul/api-docs/txn): several changes, all or none.

use std::fmt;

use bytes::Bytes;
use client_core::wire::{ToWire, Wire, Writer};
use client_core::{Extra, endpoints, open_enum};

use crate::catalog::Node;
use crate::check::HealthCheck;
use crate::kv::KvPair;
use crate::service::Service;
use crate::{Call, Client};

/// The server takes no more operations in one transaction.
const MOST: usize = 128;

open_enum! {
    /// What a transaction does to a node, a service or a check.
    pub enum TxnVerb {
        /// Reads it.
        Get = "get",
        /// Writes it.
        Set = "set",
        /// Writes it if its index is still the given one.
        Cas = "cas",
        /// Deletes it.
        Delete = "delete",
        /// Deletes it if its index is still the given one.
        DeleteCas = "delete-cas",
    }

    /// What a transaction does to a key.
    pub enum KvVerb {
        /// Writes it.
        Set = "set",
        /// Deletes it.
        Delete = "delete",
        /// Deletes it if its index is still the given one.
        DeleteCas = "delete-cas",
        /// Deletes all keys with this prefix.
        DeleteTree = "delete-tree",
        /// Writes it if its index is still the given one.
        Cas = "cas",
        /// Takes its lock and writes it.
        Lock = "lock",
        /// Gives its lock back and writes it.
        Unlock = "unlock",
        /// Reads it; fails where it is missing.
        Get = "get",
        /// Reads it; an empty value where it is missing.
        GetOrEmpty = "get-or-empty",
        /// Reads all keys with this prefix.
        GetTree = "get-tree",
        /// Fails unless this session holds its lock.
        CheckSession = "check-session",
        /// Fails unless its index is the given one.
        CheckIndex = "check-index",
        /// Fails where it exists.
        CheckNotExists = "check-not-exists",
    }
}

/// One operation of a transaction.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TxnOp {
    /// On a key.
    Kv(KvOp),
    /// On a node of the catalog.
    Node {
        /// What to do.
        verb: TxnVerb,
        /// The node.
        node: Box<Node>,
    },
    /// On a service of the catalog.
    ///
    /// The server drops socket path, mesh settings and upstreams of a service in a transaction.
    Service {
        /// What to do.
        verb: TxnVerb,
        /// Its node.
        node: String,
        /// The service.
        service: Box<Service>,
    },
    /// On a check of the catalog.
    Check {
        /// What to do.
        verb: TxnVerb,
        /// The check.
        check: Box<HealthCheck>,
    },
}

impl ToWire for TxnOp {
    fn write(&self, to: &mut Writer) {
        to.object(|entries| match self {
            Self::Kv(op) => op.write(entries.key("KV")),
            Self::Node { verb, node } => entries.key("Node").object(|entries| {
                verb.write(entries.key("Verb"));
                node.write(entries.key("Node"));
            }),
            Self::Service { verb, node, service } => entries.key("Service").object(|entries| {
                verb.write(entries.key("Verb"));
                node.write(entries.key("Node"));
                service.write(entries.key("Service"));
            }),
            Self::Check { verb, check } => entries.key("Check").object(|entries| {
                verb.write(entries.key("Verb"));
                check.write(entries.key("Check"));
            }),
        });
    }
}

/// An operation on a key.
#[derive(Clone, PartialEq, ToWire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct KvOp {
    /// What to do.
    pub verb: KvVerb,
    /// The key or prefix.
    pub key: String,
    /// The value to write.
    #[wire(with = crate::kv::value, omit)]
    pub value: Bytes,
    /// The number to store beside the value.
    #[wire(omit_null)]
    pub flags: Option<u64>,
    /// The index to insist on.
    #[wire(omit_null)]
    pub index: Option<u64>,
    /// The session to lock for.
    #[wire(omit_null)]
    pub session: Option<String>,
}

impl fmt::Debug for KvOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KvOp({} `{}`, {} bytes)", self.verb, self.key, self.value.len())
    }
}

impl KvOp {
    /// An operation that needs no more than a key.
    #[must_use]
    pub fn new(verb: KvVerb, key: impl Into<String>) -> Self {
        Self { verb, key: key.into(), value: Bytes::new(), flags: None, index: None, session: None }
    }
}

client_core::setters! { KvOp {
    /// Writes this value.
    value: Bytes;
    /// Locks for this session.
    session: String = Some;
} }
client_core::number_setters! { KvOp {
    /// Stores a number beside the value.
    flags: u64 = Some;
    /// Insists on this index.
    index: u64 = Some;
} }

/// Collects the operations of a transaction.
#[derive(Debug, Clone)]
#[must_use = "a transaction does nothing until it is applied"]
pub struct Txn {
    client: Client,
    operations: Vec<TxnOp>,
}

impl Client {
    /// A transaction, empty as yet.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// let results = consul.txn().check_index("a", 17).set("b", "2").get_tree("c/").apply().await?;
    /// for pair in results.pairs() {
    ///     println!("{}", pair.key);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn txn(&self) -> Txn {
        Txn { client: self.clone(), operations: Vec::new() }
    }
}

#[endpoints("txn")]
impl Txn {
    /// Adds an operation.
    pub fn push(mut self, operation: impl Into<TxnOp>) -> Self {
        self.operations.push(operation.into());
        self
    }

    fn kv(self, verb: KvVerb, key: &str) -> Self {
        self.push(KvOp::new(verb, key))
    }

    /// Writes a key.
    pub fn set(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.push(KvOp::new(KvVerb::Set, key).value(Bytes::copy_from_slice(value.as_ref())))
    }

    /// Writes a key if its index is still `index`; 0 for a key that must not exist.
    pub fn cas(self, key: &str, value: impl AsRef<[u8]>, index: u64) -> Self {
        self.push(KvOp::new(KvVerb::Cas, key).value(Bytes::copy_from_slice(value.as_ref())).index(index))
    }

    /// Takes a key's lock and writes it.
    pub fn lock(self, key: &str, value: impl AsRef<[u8]>, session: &str) -> Self {
        self.push(KvOp::new(KvVerb::Lock, key).value(Bytes::copy_from_slice(value.as_ref())).session(session))
    }

    /// Gives a key's lock back and writes it.
    pub fn unlock(self, key: &str, value: impl AsRef<[u8]>, session: &str) -> Self {
        self.push(
            KvOp::new(KvVerb::Unlock, key).value(Bytes::copy_from_slice(value.as_ref())).session(session),
        )
    }

    /// Reads a key, which must exist.
    pub fn get(self, key: &str) -> Self {
        self.kv(KvVerb::Get, key)
    }

    /// Reads a key, or an empty value where there is none (1.15 and later).
    pub fn get_or_empty(self, key: &str) -> Self {
        self.kv(KvVerb::GetOrEmpty, key)
    }

    /// Reads all keys that start with `prefix`.
    pub fn get_tree(self, prefix: &str) -> Self {
        self.kv(KvVerb::GetTree, prefix)
    }

    /// Deletes a key.
    pub fn delete(self, key: &str) -> Self {
        self.kv(KvVerb::Delete, key)
    }

    /// Deletes a key if its index is still `index`.
    pub fn delete_cas(self, key: &str, index: u64) -> Self {
        self.push(KvOp::new(KvVerb::DeleteCas, key).index(index))
    }

    /// Deletes all keys that start with `prefix`.
    pub fn delete_tree(self, prefix: &str) -> Self {
        self.kv(KvVerb::DeleteTree, prefix)
    }

    /// Fails the transaction unless a key's index is `index`.
    pub fn check_index(self, key: &str, index: u64) -> Self {
        self.push(KvOp::new(KvVerb::CheckIndex, key).index(index))
    }

    /// Fails the transaction unless `session` holds a key's lock.
    pub fn check_session(self, key: &str, session: &str) -> Self {
        self.push(KvOp::new(KvVerb::CheckSession, key).session(session))
    }

    /// Fails the transaction where a key exists.
    pub fn check_not_exists(self, key: &str) -> Self {
        self.kv(KvVerb::CheckNotExists, key)
    }

    /// Does `verb` to a node; `modify_index` counts for the conditional ones.
    pub fn node(self, verb: TxnVerb, node: Node) -> Self {
        self.push(TxnOp::Node { verb, node: Box::new(node) })
    }

    /// Does `verb` to a service of `node`.
    pub fn service(self, verb: TxnVerb, node: impl Into<String>, service: Service) -> Self {
        self.push(TxnOp::Service { verb, node: node.into(), service: Box::new(service) })
    }

    /// Does `verb` to a check.
    pub fn check(self, verb: TxnVerb, check: HealthCheck) -> Self {
        self.push(TxnOp::Check { verb, check: Box::new(check) })
    }

    /// Carries all operations out, or none of them. At most 128 fit one transaction.
    ///
    /// # Errors
    ///
    /// [`TxnConflict`](crate::Error::TxnConflict) names the operations that did not hold; nothing
    /// was changed then.
    #[put("/v1/txn")]
    pub fn apply(&self) -> Call<TxnResults> {
        let count = self.operations.len();
        let reads = self.operations.iter().all(TxnOp::only_reads);
        call.json(&self.operations).edit(|request| {
            request.idempotent(reads);
            if count > MOST {
                request.mistake(format!("a transaction has at most {MOST} operations, this one has {count}"));
            }
        })
    }
}

impl TxnOp {
    fn only_reads(&self) -> bool {
        use KvVerb::{CheckIndex, CheckNotExists, CheckSession, Get, GetOrEmpty, GetTree};
        match self {
            Self::Kv(op) => {
                matches!(op.verb, Get | GetOrEmpty | GetTree | CheckIndex | CheckNotExists | CheckSession)
            }
            Self::Node { verb, .. } | Self::Service { verb, .. } | Self::Check { verb, .. } => {
                *verb == TxnVerb::Get
            }
        }
    }
}

impl From<KvOp> for TxnOp {
    fn from(op: KvOp) -> Self {
        Self::Kv(op)
    }
}

/// What a transaction answers.
///
/// There is no result for each operation: a delete has none, and reading a tree has many.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TxnResults {
    /// The results, in the order of the operations.
    pub results: Vec<TxnResult>,
    /// What failed; empty here, since a failure is an error.
    pub errors: Vec<TxnError>,
    /// What this version does not know.
    pub extra: Extra,
}

/// One result: of a write without its value.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TxnResult {
    /// A key.
    #[wire(name = "KV")]
    pub kv: Option<KvPair>,
    /// A node.
    pub node: Option<Node>,
    /// A service.
    pub service: Option<Service>,
    /// A check.
    pub check: Option<HealthCheck>,
    /// What this version does not know.
    pub extra: Extra,
}

impl TxnResults {
    /// The keys among the results.
    pub fn pairs(&self) -> impl Iterator<Item = &KvPair> {
        self.results.iter().filter_map(|result| result.kv.as_ref())
    }
}

/// Why an operation of a transaction did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TxnError {
    /// Which one, counted from 0.
    pub op_index: usize,
    /// The server's words.
    pub what: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl fmt::Display for TxnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {}: {}", self.op_index, self.what)
    }
}
