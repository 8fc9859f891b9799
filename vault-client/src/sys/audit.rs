//! [Audit devices](https://developer.hashicorp.com/vault/api-docs/system/audit).

use std::collections::BTreeMap;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints};

use super::Sys;
use crate::Call;
use crate::caps::{Action, Plain, Write};
use crate::client::trimmed;

/// An audit device.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct AuditDevice {
    /// `file`, `syslog` or `socket`.
    pub r#type: String,
    /// What it is for.
    pub description: String,
    /// Options of its type, such as `file_path`.
    pub options: BTreeMap<String, String>,
    /// Whether it stays in one cluster.
    pub local: bool,
    /// Where it is enabled.
    pub path: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// An audit device to enable.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct AuditSettings {
    /// `file`, `syslog` or `socket`.
    pub r#type: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Options of its type, such as `file_path`.
    pub options: Option<BTreeMap<String, String>>,
    /// Whether it stays in one cluster.
    pub local: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl AuditSettings {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Hashed {
    #[wire(required)]
    hash: String,
}

#[endpoints("sys")]
impl Sys {
    /// Lists audit devices by path; paths end in `/`.
    #[get("/v1/sys/audit", root, name = "list_audit")]
    pub fn audit_devices(&self) -> Call<BTreeMap<String, AuditDevice>, Action> {}

    /// Enables an audit device. OpenBao has them in its configuration and refuses by default.
    #[post("/v1/sys/audit/{path*}", root, name = "enable_audit", path = &trimmed(path))]
    pub fn enable_audit_device(&self, path: &str, settings: &AuditSettings) -> Call<(), Write> {
        call.json(settings)
    }

    /// Disables an audit device.
    #[delete("/v1/sys/audit/{path*}", root, idempotent, name = "disable_audit", path = &trimmed(path))]
    pub fn disable_audit_device(&self, path: &str) -> Call<(), Write> {}

    /// How an audit device writes this text, to search its log for.
    #[post("/v1/sys/audit-hash/{path*}", root, idempotent, path = &trimmed(path), reads = Hashed)]
    pub fn audit_hash(&self, path: &str, input: &str) -> Call<String, Plain> {
        let call = call.field("input", input);
        call.then(|call| call.map(|Hashed { hash }| Ok(hash)))
    }
}
