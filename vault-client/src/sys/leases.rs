//! [Leases](https://developer.hashicorp.com/vault/api-docs/system/leases).

use std::time::Duration;

use client_core::wire::Wire;
use client_core::{Extra, Verb, operations};
use jiff::Timestamp;

use super::Sys;
use crate::Call;
use crate::caps::{List, Plain, Read};
use crate::client::trimmed;
use crate::kv::KvData;
use crate::secret::{Secret, data, keys, leased, written};

operations! {
    LOOKUP: LeaseInfo, Read = data(Verb::Post, "sys.lookup_lease", "/v1/sys/leases/lookup").idempotent();
    LEASES: Vec<String>, List = keys("sys.list_leases", "/v1/sys/leases/lookup/{prefix**}");
    RENEW: Secret<Option<KvData>>, RenewLease =
        leased(Verb::Post, "sys.renew_lease", "/v1/sys/leases/renew").idempotent();
    REVOKE: (), RevokeLease = written(Verb::Post, "sys.revoke_lease", "/v1/sys/leases/revoke").idempotent();
    REVOKE_PREFIX: (), RevokeLease =
        written(Verb::Post, "sys.revoke_prefix", "/v1/sys/leases/revoke-prefix/{prefix*}").idempotent();
    REVOKE_FORCE: (), Plain =
        written(Verb::Post, "sys.revoke_force", "/v1/sys/leases/revoke-force/{prefix*}").idempotent();
    TIDY: (), Plain = written(Verb::Post, "sys.tidy_leases", "/v1/sys/leases/tidy").idempotent();
}

/// Renews a lease: `.increment(..)`.
#[derive(Debug, Clone, Copy)]
pub struct RenewLease;

impl<T> Call<T, RenewLease> {
    /// How long it shall last from now; the server may give less.
    pub fn increment(self, duration: Duration) -> Self {
        self.field("increment", &duration.as_secs())
    }
}

/// Revokes leases: `.sync()`.
#[derive(Debug, Clone, Copy)]
pub struct RevokeLease;
impl crate::caps::Warned for RevokeLease {}

impl<T> Call<T, RevokeLease> {
    /// Answers only once everything is revoked; an error says what could not be.
    pub fn sync(self) -> Self {
        self.field("sync", &true)
    }
}

/// What is known of a lease.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct LeaseInfo {
    /// Its id.
    pub id: String,
    /// Since when it is.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub issue_time: Option<Timestamp>,
    /// When it ends.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub expire_time: Option<Timestamp>,
    /// When it was last renewed.
    #[wire(omit_null)]
    pub last_renewal: Option<jiff::Timestamp>,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// How long it still lasts.
    #[wire(with = client_core::time::seconds)]
    pub ttl: Duration,
    /// What this version does not know.
    pub extra: Extra,
}

impl Sys {
    /// Looks a lease up.
    pub fn lookup_lease(&self, lease_id: &str) -> Call<LeaseInfo, Read> {
        self.0.call(&LOOKUP, &[]).field("lease_id", lease_id)
    }

    /// Lists leases below a prefix; names that end in `/` are folders.
    pub fn leases(&self, prefix: &str) -> Call<Vec<String>, List> {
        self.0.call(&LEASES, &[prefix])
    }

    /// Renews a lease; the answer says for how long.
    pub fn renew_lease(&self, lease_id: &str) -> Call<Secret<Option<KvData>>, RenewLease> {
        self.0.call(&RENEW, &[]).field("lease_id", lease_id)
    }

    /// Revokes a lease.
    pub fn revoke_lease(&self, lease_id: &str) -> Call<(), RevokeLease> {
        self.0.call(&REVOKE, &[]).field("lease_id", lease_id)
    }

    /// Revokes all leases below a prefix.
    pub fn revoke_prefix(&self, prefix: &str) -> Call<(), RevokeLease> {
        self.0.call(&REVOKE_PREFIX, &[&trimmed(prefix)])
    }

    /// Forgets all leases below a prefix, whether the credentials could be revoked or not. Some may
    /// live on where nobody knows of them.
    pub fn revoke_force(&self, prefix: &str) -> Call<()> {
        self.0.call(&REVOKE_FORCE, &[&trimmed(prefix)])
    }

    /// Starts removing leftovers of leases, in the background of the server.
    pub fn tidy_leases(&self) -> Call<()> {
        self.0.call(&TIDY, &[])
    }
}
