//! [Variables](https://developer.hashicorp.com/nomad/api-docs/variables) and the locks on them.

mod lock;

pub use lock::*;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use client_core::caps::{BlockingLookup, PagedList};
use client_core::time::{go, unix_nanos};
use client_core::wire::{Fault, Reader, ToWire, Wire, Writer};
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::{Call, Client};

/// The variables of a namespace.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// use nomad_client::{Error, VariableItems};
/// let items = VariableItems::from_iter([("level", "debug")]);
/// match nomad.variables().put("nomad/jobs/api", &items).cas(0).await {
///     Ok(variable) => println!("created at {}", variable.metadata.modify_index),
///     Err(Error::VariableConflict { found, .. }) => println!("it is there: {:?}", found.metadata),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::variables)]
pub struct Variables;

#[endpoints("variables")]
impl Variables {
    /// Lists variables, without what is in them.
    #[get("/v1/vars")]
    pub fn list(&self) -> Call<Vec<VariableMetadata>, PagedList> {}

    /// Reads a variable.
    #[get("/v1/var/{path*}")]
    pub fn get(&self, path: &str) -> Call<Variable, BlockingLookup> {}

    /// Creates a variable, or replaces what is in it. At least one item is needed, 64 KiB is the most.
    ///
    /// # Errors
    ///
    /// [`VariableConflict`](crate::Error::VariableConflict) where it is locked by somebody else.
    #[put("/v1/var/{path*}", idempotent)]
    #[body(
        /// Writes although the variable is locked, as the holder of this lock.
        lock_id = "Lock": &LockId,
    )]
    pub fn put(&self, path: &str, items: &VariableItems) -> Call<Variable, PutVariable> {
        self.body(call, path).field("Items", items)
    }

    #[put("/v1/var/{path*}")]
    fn put_cas(&self, path: &str) -> Call<Variable, PutVariable> {}

    /// Deletes a variable. Deleting one that does not exist is no error.
    #[delete("/v1/var/{path*}", own, idempotent)]
    pub fn delete(&self, path: &str) -> Call<(), DeleteVariable> {}

    #[delete("/v1/var/{path*}")]
    fn delete_cas(&self, path: &str) -> Call<(), DeleteVariable> {}

    /// Acquires the lock of a variable, which is created if need be.
    ///
    /// [`lock`](Self::lock) does this and keeps it.
    ///
    /// # Errors
    ///
    /// [`VariableConflict`](crate::Error::VariableConflict) where somebody else holds it.
    #[put("/v1/var/{path*}", own)]
    pub fn lock_acquire(&self, path: &str) -> Call<Variable, AcquireLock> {
        self.body(call.edit(|request| request.flag("lock-acquire")), path)
    }

    /// Keeps a lock for another TTL.
    ///
    /// # Errors
    ///
    /// [`VariableConflict`](crate::Error::VariableConflict) where it is not held any more.
    #[put("/v1/var/{path*}", idempotent)]
    pub fn lock_renew(&self, path: &str, lock_id: &LockId) -> Call<VariableMetadata> {
        let call = call.edit(|request| request.flag("lock-renew"));
        self.body(call, path).field("Lock", lock_id)
    }

    /// Gives a lock back.
    ///
    /// # Errors
    ///
    /// [`VariableConflict`](crate::Error::VariableConflict) where it is not held any more.
    #[put("/v1/var/{path*}", idempotent)]
    pub fn lock_release(&self, path: &str, lock_id: &LockId) -> Call<Variable> {
        let call = call.edit(|request| request.flag("lock-release"));
        self.body(call, path).field("Lock", lock_id)
    }

    /// Acquires the lock of a variable and keeps it until the guard is released.
    pub fn lock(&self, path: impl Into<String>) -> LockRequest {
        LockRequest::new(self.client.clone(), path.into())
    }

    fn body<T, C>(&self, call: Call<T, C>, path: &str) -> Call<T, C> {
        call.field("Path", path)
    }
}

impl<T, S> Call<T, AcquireLock<S>> {
    /// How long the lock is held without a renewal, from 10 seconds to 24 hours, and for how long
    /// afterwards nobody gets it. Both are 15 seconds by default.
    pub fn ttl(self, ttl: Duration, lock_delay: Duration) -> Self {
        self.field(
            "Lock",
            &VariableLock { ttl: Some(ttl), lock_delay: Some(lock_delay), ..VariableLock::default() },
        )
    }

    /// What to put into the variable, such as who holds the lock.
    pub fn items(self, items: &VariableItems) -> Self {
        self.field("Items", items)
    }
}

impl<T, S> Call<T, PutVariable<S>> {
    /// Writes only if the variable's index is still `index`; 0 creates it only.
    ///
    /// Otherwise the call fails with [`VariableConflict`](crate::Error::VariableConflict), which holds
    /// what was found instead.
    pub fn cas(self, index: u64) -> Self {
        self.edit(|request| request.become_operation(Variables::PUT_CAS.operation())).set_query("cas", index)
    }
}

impl<T, S> Call<T, DeleteVariable<S>> {
    /// Deletes only if the variable's index is still `index`.
    ///
    /// Otherwise the call fails with [`VariableConflict`](crate::Error::VariableConflict), which holds
    /// what was found instead.
    pub fn cas(self, index: u64) -> Self {
        self.edit(|request| request.become_operation(Variables::DELETE_CAS.operation()))
            .set_query("cas", index)
    }

    /// Deletes although the variable is locked, as the holder of this lock.
    pub fn lock_id(self, lock_id: &LockId) -> Self {
        self.field("Lock", lock_id)
    }
}

/// What is in a variable. Its `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct VariableItems(BTreeMap<String, SecretString>);

impl VariableItems {
    /// An item.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret)
    }

    /// Sets an item.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<SecretString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Removes an item.
    pub fn remove(&mut self, name: &str) -> Option<SecretString> {
        self.0.remove(name)
    }

    /// Names and values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &SecretString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<SecretString>> FromIterator<(K, V)> for VariableItems {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        Self(items.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl PartialEq for VariableItems {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .zip(&other.0)
                .all(|((a, x), (b, y))| a == b && x.expose_secret() == y.expose_secret())
    }
}

impl fmt::Debug for VariableItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Written by requests, and redacted everywhere else.
impl ToWire for VariableItems {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }
}

impl Wire for VariableItems {
    fn blank() -> Self {
        Self::default()
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        self.0.read(from)
    }
}

/// A variable.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Variable {
    /// Everything but what is in it.
    #[wire(flatten)]
    pub metadata: VariableMetadata,
    /// What is in it; empty where the token may not read it.
    pub items: VariableItems,
    /// What this version does not know.
    pub extra: Extra,
}

/// Everything about a variable but what is in it.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct VariableMetadata {
    /// Its namespace.
    pub namespace: String,
    /// Its path.
    pub path: String,
    /// Its lock, where it has one and the token may see it.
    pub lock: Option<VariableLock>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change: what a check-and-set compares.
    pub modify_index: u64,
    /// When it was created.
    #[wire(with = unix_nanos)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = unix_nanos)]
    pub modify_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A lock.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct VariableLock {
    /// Its id.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// How long it is held without a renewal.
    #[wire(name = "TTL", with = go::option)]
    pub ttl: Option<Duration>,
    /// For how long nobody gets it after that.
    #[wire(with = go::option)]
    pub lock_delay: Option<Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Proof of holding a lock.
#[derive(Debug, Clone, PartialEq, Eq, ToWire)]
pub struct LockId {
    #[wire(name = "ID")]
    id: String,
}

impl LockId {
    /// The id of a lock that was acquired.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}
