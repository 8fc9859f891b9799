//! [Quotas](https://developer.hashicorp.com/vault/api-docs/system/rate-limit-quotas).

use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints};

use super::Sys;
use crate::Call;
use crate::caps::{List, Read, Write};

/// How many requests a client may send.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct RateLimitQuota {
    /// Its name; read only.
    pub name: Option<String>,
    /// `rate-limit`; read only.
    pub r#type: Option<String>,
    /// What it is for: a namespace, a mount, a path; empty for everything.
    pub path: Option<String>,
    /// The role of logins it is for.
    pub role: Option<String>,
    /// How many requests in an interval.
    pub rate: Option<f64>,
    /// How long an interval is. One second by default.
    #[wire(with = client_core::time::seconds::option)]
    pub interval: Option<Duration>,
    /// How long a client that sent too many is blocked.
    #[wire(with = client_core::time::seconds::option)]
    pub block_interval: Option<Duration>,
    /// Whether namespaces below the path are meant too.
    pub inheritable: Option<bool>,
    /// Whom the requests are counted by: `ip`, `entity_then_ip`, … (Enterprise).
    pub group_by: Option<String>,
    /// The rate of those that `group_by` falls back to (Enterprise).
    pub secondary_rate: Option<f64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl RateLimitQuota {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Settings of all quotas.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct QuotaConfig {
    /// Paths that no rate limit counts, in every namespace.
    #[wire(with = crate::shape::list)]
    pub rate_limit_exempt_paths: Option<Vec<String>>,
    /// Paths that no rate limit counts, as full paths.
    #[wire(with = crate::shape::list)]
    pub absolute_rate_limit_exempt_paths: Option<Vec<String>>,
    /// Whether refused requests are in the audit log.
    pub enable_rate_limit_audit_logging: Option<bool>,
    /// Whether answers say how much is left.
    pub enable_rate_limit_response_headers: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl QuotaConfig {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[endpoints("sys")]
impl Sys {
    /// Lists rate limits.
    #[list("/v1/sys/quotas/rate-limit", root, name = "list_rate_limit_quotas")]
    pub fn rate_limit_quotas(&self) -> Call<Vec<String>, List> {}

    /// Reads a rate limit.
    #[get("/v1/sys/quotas/rate-limit/{name}", root, name = "read_rate_limit_quota")]
    pub fn rate_limit_quota(&self, name: &str) -> Call<RateLimitQuota, Read> {}

    /// Creates or changes a rate limit.
    #[post("/v1/sys/quotas/rate-limit/{name}", root, idempotent, name = "write_rate_limit_quota")]
    pub fn put_rate_limit_quota(&self, name: &str, quota: &RateLimitQuota) -> Call<(), Write> {
        call.json(quota)
    }

    /// Deletes a rate limit.
    #[delete("/v1/sys/quotas/rate-limit/{name}", root, idempotent)]
    pub fn delete_rate_limit_quota(&self, name: &str) -> Call<(), Write> {}

    /// Reads the settings of all quotas.
    #[get("/v1/sys/quotas/config", root, name = "read_quota_config")]
    pub fn quota_config(&self) -> Call<QuotaConfig, Read> {}

    /// Changes the settings of all quotas.
    #[post("/v1/sys/quotas/config", root, idempotent, name = "write_quota_config")]
    pub fn configure_quotas(&self, config: &QuotaConfig) -> Call<(), Write> {
        call.json(config)
    }
}
