//! The endpoints that answer without a token and without the envelope: health, seal status, leader, init.

use serde_json::{Value, json};

use super::core::{Answer, Core};
use super::mounts::VERSION;
use crate::embedded::http::HttpReq;

impl Core {
    /// Answers a status endpoint; none if the path is something else.
    pub(crate) fn status(&mut self, req: &HttpReq, path: &str) -> Option<Answer> {
        let method = req.method.as_str();
        let get = method == "GET";
        let write = matches!(method, "PUT" | "POST");
        let body = |status, body: Value| Some(Answer { status, body: Some(body), raw: None });
        match path {
            "sys/health" if get || method == "HEAD" => {
                let status = self.health_status(req);
                body(status, self.health())
            }
            "sys/seal-status" if get => body(200, self.seal_status()),
            "sys/leader" if get => body(
                200,
                json!({
                    "ha_enabled": false, "is_self": false, "active_time": "0001-01-01T00:00:00Z", "leader_address": "",
                    "leader_cluster_address": "", "performance_standby": false,
                    "performance_standby_last_remote_wal": 0,
                }),
            ),
            "sys/init" if get => body(200, json!({ "initialized": true })),
            "sys/init" if write => body(400, json!({ "errors": ["Vault is already initialized"] })),
            "sys/unseal" if write => {
                let asked = req.json().unwrap_or_default();
                let key = asked.get("key").and_then(Value::as_str).unwrap_or_default();
                if self.sealed && key != self.unseal_key {
                    return body(400, json!({ "errors": ["'key' must be a valid hex or base64 string"] }));
                }
                self.sealed = false;
                body(200, self.seal_status())
            }
            "sys/health" | "sys/seal-status" | "sys/leader" | "sys/init" | "sys/unseal" => {
                body(405, json!({ "errors": [] }))
            }
            _ => None,
        }
    }

    fn health_status(&self, req: &HttpReq) -> u16 {
        let (name, default) = if self.sealed { ("sealedcode", 503) } else { ("activecode", 200) };
        req.q(name).and_then(|c| c.parse().ok()).filter(|c| (100..1000).contains(c)).unwrap_or(default)
    }

    fn health(&self) -> Value {
        json!({
            "initialized": true, "sealed": self.sealed, "standby": self.sealed, "performance_standby": false,
            "replication_performance_mode": if self.sealed { "unknown" } else { "disabled" },
            "replication_dr_mode": if self.sealed { "unknown" } else { "disabled" },
            "server_time_utc": self.now.as_second(), "version": VERSION, "enterprise": false,
            "cluster_name": self.cluster_name, "cluster_id": self.cluster_id, "echo_duration_ms": 0,
            "clock_skew_ms": 0, "replication_primary_canary_age_ms": 0,
        })
    }

    fn seal_status(&self) -> Value {
        let mut status = json!({
            "type": "shamir", "initialized": true, "sealed": self.sealed, "t": 1, "n": 1, "progress": 0, "nonce": "",
            "version": VERSION, "build_date": "2025-01-01T00:00:00Z", "migration": false, "recovery_seal": false,
            "storage_type": "inmem",
        });
        if let (false, Some(status)) = (self.sealed, status.as_object_mut()) {
            status.insert("cluster_name".into(), json!(self.cluster_name));
            status.insert("cluster_id".into(), json!(self.cluster_id));
        }
        status
    }
}
