//! What a server tells about itself.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use jiff::Timestamp;
use serde_json::Value;

use super::Sys;
use crate::Call;
use crate::caps::{Action, List, Read, Write};
use crate::secret::key_info;

/// A version the cluster has run.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct ServerVersion {
    /// When the version was built.
    pub build_date: String,
    /// The version before; `None` for the first.
    pub previous_version: Option<String>,
    /// When it was first run.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub timestamp_installed: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A request that the server is at work on.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct InFlightRequest {
    /// Since when.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub start_time: Option<Timestamp>,
    /// From where it came.
    pub client_remote_address: String,
    /// Its path.
    pub request_path: String,
    /// Its method.
    pub request_method: String,
    /// Whose it is.
    pub client_id: String,
    /// Hashes of request fields.
    #[wire(omit_null)]
    pub snapshot_fields: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The key that the storage is encrypted with.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct KeyStatus {
    /// Its number.
    pub term: u64,
    /// Since when it is used.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub install_time: Option<Timestamp>,
    /// For about how many writes it was used.
    pub encryptions: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The licence of an Enterprise server.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct LicenseStatus {
    /// The licence it was started with.
    #[wire(omit_null)]
    pub autoloaded: Option<Value>,
    /// Whether that is the one in use.
    pub autoloading_used: bool,
    /// The licence that was written to the storage.
    #[wire(omit_null)]
    pub persisted_autoload: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The parts a cluster has in replication.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct ReplicationStatus {
    /// `disabled` where the server has none.
    #[wire(omit_null)]
    pub mode: Option<String>,
    /// Its part in disaster recovery (Enterprise).
    #[wire(omit_null)]
    pub dr: Option<Value>,
    /// Its part in performance replication (Enterprise).
    #[wire(omit_null)]
    pub performance: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

#[endpoints("sys")]
impl Sys {
    /// The versions the cluster has run.
    #[list("/v1/sys/version-history", root, with = key_info)]
    pub fn version_history(&self) -> Call<BTreeMap<String, ServerVersion>, List> {}

    /// The requests that the server is at work on, by id.
    #[get("/v1/sys/in-flight-req", root, with = client_core::Op::new)]
    pub fn in_flight_requests(&self) -> Call<BTreeMap<String, InFlightRequest>> {}

    /// The key that the storage is encrypted with.
    #[get("/v1/sys/key-status", root)]
    pub fn key_status(&self) -> Call<KeyStatus, Action> {}

    /// What the answering server's host is like: `cpu`, `memory`, `disk`, `host`, …
    #[get("/v1/sys/host-info", root)]
    pub fn host_info(&self) -> Call<BTreeMap<String, Value>, Action> {}

    /// The answering server's metrics, in Prometheus' text format.
    #[get("/v1/sys/metrics", root, with = crate::answers::text)]
    pub fn metrics(&self) -> Call<String> {
        call.set_query("format", "prometheus")
    }

    /// The answering server's configuration, without its secrets.
    #[get("/v1/sys/config/state/sanitized", root)]
    pub fn sanitized_config(&self) -> Call<BTreeMap<String, Value>, Action> {}

    /// The levels of all loggers.
    #[get("/v1/sys/loggers", root, name = "read_loggers")]
    pub fn loggers(&self) -> Call<BTreeMap<String, String>, Action> {}

    /// Changes the level of all loggers until the next start.
    #[post("/v1/sys/loggers", root, idempotent)]
    pub fn set_log_level(&self, level: &str) -> Call<(), Write> {
        call.field("level", level)
    }

    /// Brings the levels of all loggers back to the configured one.
    #[delete("/v1/sys/loggers", root, idempotent, name = "reset_loggers")]
    pub fn reset_log_levels(&self) -> Call<(), Write> {}

    /// The level of one logger.
    #[get("/v1/sys/loggers/{name}", root, name = "read_logger")]
    pub fn logger(&self, name: &str) -> Call<BTreeMap<String, String>, Read> {}

    /// Changes the level of one logger until the next start.
    #[post("/v1/sys/loggers/{name}", root, idempotent)]
    pub fn set_logger_level(&self, name: &str, level: &str) -> Call<(), Write> {
        call.field("level", level)
    }

    /// Brings the level of one logger back to the configured one.
    #[delete("/v1/sys/loggers/{name}", root, idempotent, name = "reset_logger")]
    pub fn reset_logger_level(&self, name: &str) -> Call<(), Write> {}

    /// The licence (Enterprise).
    #[get("/v1/sys/license/status", root, enterprise)]
    pub fn license_status(&self) -> Call<LicenseStatus, Action> {}

    /// The cluster's part in replication. OpenBao has no such path.
    #[get("/v1/sys/replication/status", root)]
    pub fn replication_status(&self) -> Call<ReplicationStatus, Action> {}
}
