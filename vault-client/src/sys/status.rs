//! What a server tells about itself.

use std::collections::BTreeMap;

use client_core::wire::{Wire, recode_raw, text};
use client_core::{Extra, Op, Verb, operations};
use jiff::Timestamp;
use serde_json::Value;

use super::Sys;
use crate::Call;
use crate::caps::{Action, List, Plain, Read, Write};
use crate::secret::{data, key_info, written};

operations! {
    VERSIONS: BTreeMap<String, ServerVersion>, List = key_info("sys.version_history", "/v1/sys/version-history");
    IN_FLIGHT: BTreeMap<String, InFlightRequest>, Plain =
        Op::new(Verb::Get, "sys.in_flight_requests", "/v1/sys/in-flight-req");
    KEY_STATUS: KeyStatus, Action = data(Verb::Get, "sys.key_status", "/v1/sys/key-status");
    HOST_INFO: BTreeMap<String, Value>, Action = data(Verb::Get, "sys.host_info", "/v1/sys/host-info");
    METRICS: String, Plain = Op::decoded_by(Verb::Get, "sys.metrics", "/v1/sys/metrics", text, recode_raw);
    CONFIG_STATE: BTreeMap<String, Value>, Action =
        data(Verb::Get, "sys.sanitized_config", "/v1/sys/config/state/sanitized");
    LOGGERS: BTreeMap<String, String>, Action = data(Verb::Get, "sys.read_loggers", "/v1/sys/loggers");
    SET_LOGGERS: (), Write = written(Verb::Post, "sys.set_log_level", "/v1/sys/loggers").idempotent();
    RESET_LOGGERS: (), Write = written(Verb::Delete, "sys.reset_loggers", "/v1/sys/loggers").idempotent();
    LOGGER: BTreeMap<String, String>, Read = data(Verb::Get, "sys.read_logger", "/v1/sys/loggers/{name}");
    SET_LOGGER: (), Write = written(Verb::Post, "sys.set_logger_level", "/v1/sys/loggers/{name}").idempotent();
    RESET_LOGGER: (), Write = written(Verb::Delete, "sys.reset_logger", "/v1/sys/loggers/{name}").idempotent();
    LICENSE: LicenseStatus, Action = data(Verb::Get, "sys.license_status", "/v1/sys/license/status").enterprise();
    REPLICATION: ReplicationStatus, Action = data(Verb::Get, "sys.replication_status", "/v1/sys/replication/status");
}

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

impl Sys {
    /// The versions the cluster has run.
    pub fn version_history(&self) -> Call<BTreeMap<String, ServerVersion>, List> {
        self.0.call(&VERSIONS, &[])
    }

    /// The requests that the server is at work on, by id.
    pub fn in_flight_requests(&self) -> Call<BTreeMap<String, InFlightRequest>> {
        self.0.call(&IN_FLIGHT, &[])
    }

    /// The key that the storage is encrypted with.
    pub fn key_status(&self) -> Call<KeyStatus, Action> {
        self.0.call(&KEY_STATUS, &[])
    }

    /// What the answering server's host is like: `cpu`, `memory`, `disk`, `host`, …
    pub fn host_info(&self) -> Call<BTreeMap<String, Value>, Action> {
        self.0.call(&HOST_INFO, &[])
    }

    /// The answering server's metrics, in Prometheus' text format.
    pub fn metrics(&self) -> Call<String> {
        self.0.call(&METRICS, &[]).set_query("format", "prometheus")
    }

    /// The answering server's configuration, without its secrets.
    pub fn sanitized_config(&self) -> Call<BTreeMap<String, Value>, Action> {
        self.0.call(&CONFIG_STATE, &[])
    }

    /// The levels of all loggers.
    pub fn loggers(&self) -> Call<BTreeMap<String, String>, Action> {
        self.0.call(&LOGGERS, &[])
    }

    /// Changes the level of all loggers until the next start.
    pub fn set_log_level(&self, level: &str) -> Call<(), Write> {
        self.0.call(&SET_LOGGERS, &[]).field("level", level)
    }

    /// Brings the levels of all loggers back to the configured one.
    pub fn reset_log_levels(&self) -> Call<(), Write> {
        self.0.call(&RESET_LOGGERS, &[])
    }

    /// The level of one logger.
    pub fn logger(&self, name: &str) -> Call<BTreeMap<String, String>, Read> {
        self.0.call(&LOGGER, &[name])
    }

    /// Changes the level of one logger until the next start.
    pub fn set_logger_level(&self, name: &str, level: &str) -> Call<(), Write> {
        self.0.call(&SET_LOGGER, &[name]).field("level", level)
    }

    /// Brings the level of one logger back to the configured one.
    pub fn reset_logger_level(&self, name: &str) -> Call<(), Write> {
        self.0.call(&RESET_LOGGER, &[name])
    }

    /// The licence (Enterprise).
    pub fn license_status(&self) -> Call<LicenseStatus, Action> {
        self.0.call(&LICENSE, &[])
    }

    /// The cluster's part in replication. OpenBao has no such path.
    pub fn replication_status(&self) -> Call<ReplicationStatus, Action> {
        self.0.call(&REPLICATION, &[])
    }
}
