//! [Quotas](https://developer.hashicorp.com/vault/api-docs/system/rate-limit-quotas).

use client_core::{Verb, operations};

use super::Sys;
use crate::Call;
use crate::caps::{List, Read, Write};
use crate::secret::{data, keys, written};
use crate::shape::settings;

operations! {
    LIST: Vec<String>, List = keys("sys.list_rate_limit_quotas", "/v1/sys/quotas/rate-limit");
    GET: RateLimitQuota, Read = data(Verb::Get, "sys.read_rate_limit_quota", "/v1/sys/quotas/rate-limit/{name}");
    PUT: (), Write = written(Verb::Post, "sys.write_rate_limit_quota", "/v1/sys/quotas/rate-limit/{name}").idempotent();
    DELETE: (), Write =
        written(Verb::Delete, "sys.delete_rate_limit_quota", "/v1/sys/quotas/rate-limit/{name}").idempotent();
    CONFIG: QuotaConfig, Read = data(Verb::Get, "sys.read_quota_config", "/v1/sys/quotas/config");
    CONFIGURE: (), Write = written(Verb::Post, "sys.write_quota_config", "/v1/sys/quotas/config").idempotent();
}

settings! {
    /// How many requests a client may send.
    pub struct RateLimitQuota {
        /// Its name; read only.
        name: text,
        /// `rate-limit`; read only.
        r#type: text,
        /// What it is for: a namespace, a mount, a path; empty for everything.
        path: text,
        /// The role of logins it is for.
        role: text,
        /// How many requests in an interval.
        rate: of(f64),
        /// How long an interval is. One second by default.
        interval: seconds,
        /// How long a client that sent too many is blocked.
        block_interval: seconds,
        /// Whether namespaces below the path are meant too.
        inheritable: flag,
        /// Whom the requests are counted by: `ip`, `entity_then_ip`, … (Enterprise).
        group_by: text,
        /// The rate of those that `group_by` falls back to (Enterprise).
        secondary_rate: of(f64),
    }
}

settings! {
    /// Settings of all quotas.
    pub struct QuotaConfig {
        /// Paths that no rate limit counts, in every namespace.
        rate_limit_exempt_paths: list,
        /// Paths that no rate limit counts, as full paths.
        absolute_rate_limit_exempt_paths: list,
        /// Whether refused requests are in the audit log.
        enable_rate_limit_audit_logging: flag,
        /// Whether answers say how much is left.
        enable_rate_limit_response_headers: flag,
    }
}

impl Sys {
    /// Lists rate limits.
    pub fn rate_limit_quotas(&self) -> Call<Vec<String>, List> {
        self.0.call(&LIST, &[])
    }

    /// Reads a rate limit.
    pub fn rate_limit_quota(&self, name: &str) -> Call<RateLimitQuota, Read> {
        self.0.call(&GET, &[name])
    }

    /// Creates or changes a rate limit.
    pub fn put_rate_limit_quota(&self, name: &str, quota: &RateLimitQuota) -> Call<(), Write> {
        self.0.call(&PUT, &[name]).json(quota)
    }

    /// Deletes a rate limit.
    pub fn delete_rate_limit_quota(&self, name: &str) -> Call<(), Write> {
        self.0.call(&DELETE, &[name])
    }

    /// Reads the settings of all quotas.
    pub fn quota_config(&self) -> Call<QuotaConfig, Read> {
        self.0.call(&CONFIG, &[])
    }

    /// Changes the settings of all quotas.
    pub fn configure_quotas(&self, config: &QuotaConfig) -> Call<(), Write> {
        self.0.call(&CONFIGURE, &[]).json(config)
    }
}
