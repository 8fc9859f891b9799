//! [Leases](https://developer.hashicorp.com/vault/api-docs/system/leases).

use std::time::Duration;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use jiff::Timestamp;

use super::Sys;
use crate::Call;
use crate::caps::{List, Read};
use crate::client::trimmed;
use crate::kv::KvData;
use crate::secret::{Secret, leased};

impl<T, S> Call<T, RenewLease<S>> {
    /// How long it shall last from now; the server may give less.
    pub fn increment(self, duration: Duration) -> Self {
        self.field("increment", &duration.as_secs())
    }
}

impl<T, S> Call<T, RevokeLease<S>> {
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

#[endpoints("sys")]
impl Sys {
    /// Looks a lease up.
    #[post("/v1/sys/leases/lookup", idempotent)]
    pub fn lookup_lease(&self, lease_id: &str) -> Call<LeaseInfo, Read> {
        call.field("lease_id", lease_id)
    }

    /// Lists leases below a prefix; names that end in `/` are folders.
    #[list("/v1/sys/leases/lookup/{prefix**}", name = "list_leases")]
    pub fn leases(&self, prefix: &str) -> Call<Vec<String>, List> {}

    /// Renews a lease; the answer says for how long.
    #[post(
        "/v1/sys/leases/renew",
        own, idempotent, with = leased,
    )]
    pub fn renew_lease(&self, lease_id: &str) -> Call<Secret<Option<KvData>>, RenewLease> {
        call.field("lease_id", lease_id)
    }

    /// Revokes a lease.
    #[post("/v1/sys/leases/revoke", Warned, idempotent)]
    pub fn revoke_lease(&self, lease_id: &str) -> Call<(), RevokeLease> {
        call.field("lease_id", lease_id)
    }

    /// Revokes all leases below a prefix.
    #[post("/v1/sys/leases/revoke-prefix/{prefix*}", idempotent, prefix = &trimmed(prefix))]
    pub fn revoke_prefix(&self, prefix: &str) -> Call<(), RevokeLease> {}

    /// Forgets all leases below a prefix, whether the credentials could be revoked or not. Some may
    /// live on where nobody knows of them.
    #[post("/v1/sys/leases/revoke-force/{prefix*}", idempotent, prefix = &trimmed(prefix))]
    pub fn revoke_force(&self, prefix: &str) -> Call<()> {}

    /// Starts removing leftovers of leases, in the background of the server.
    #[post("/v1/sys/leases/tidy", idempotent)]
    pub fn tidy_leases(&self) -> Call<()> {}
}
