//! [Audit devices](https://developer.hashicorp.com/vault/api-docs/system/audit).

use std::collections::BTreeMap;

use client_core::{Verb, operations};
use serde::{Deserialize, Serialize};

use super::Sys;
use crate::Call;
use crate::caps::{Action, Plain, Write};
use crate::client::trimmed;
use crate::secret::{data, written};
use crate::shape::{record, settings};

operations! {
    LIST: BTreeMap<String, AuditDevice>, Action = data(Verb::Get, "sys.list_audit", "/v1/sys/audit");
    ENABLE: (), Write = written(Verb::Post, "sys.enable_audit", "/v1/sys/audit/{path*}");
    DISABLE: (), Write = written(Verb::Delete, "sys.disable_audit", "/v1/sys/audit/{path*}").idempotent();
    HASH: Hashed, Action = data(Verb::Post, "sys.audit_hash", "/v1/sys/audit-hash/{path*}").idempotent();
}

record! {
    /// An audit device.
    pub struct AuditDevice {
        /// `file`, `syslog` or `socket`.
        r#type: text,
        /// What it is for.
        description: text,
        /// Options of its type, such as `file_path`.
        options: map,
        /// Whether it stays in one cluster.
        local: flag,
        /// Where it is enabled.
        path: text,
    }
}

settings! {
    /// An audit device to enable.
    pub struct AuditSettings {
        /// `file`, `syslog` or `socket`.
        r#type: text,
        /// What it is for.
        description: text,
        /// Options of its type, such as `file_path`.
        options: map,
        /// Whether it stays in one cluster.
        local: flag,
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hashed {
    hash: String,
}

impl Sys {
    /// Lists audit devices by path; paths end in `/`.
    pub fn audit_devices(&self) -> Call<BTreeMap<String, AuditDevice>, Action> {
        self.0.call(&LIST, &[])
    }

    /// Enables an audit device. OpenBao has them in its configuration and refuses by default.
    pub fn enable_audit_device(&self, path: &str, settings: &AuditSettings) -> Call<(), Write> {
        self.0.call(&ENABLE, &[&trimmed(path)]).json(settings)
    }

    /// Disables an audit device.
    pub fn disable_audit_device(&self, path: &str) -> Call<(), Write> {
        self.0.call(&DISABLE, &[&trimmed(path)])
    }

    /// How an audit device writes this text, to search its log for.
    pub fn audit_hash(&self, path: &str, input: &str) -> Call<String, Plain> {
        let call = self.0.call(&HASH, &[&trimmed(path)]).field("input", input);
        call.then(|call| call.map(|Hashed { hash }| Ok(hash)))
    }
}
