//! What a change of the specification asks for.

use serde_json::Value;

use crate::embedded::nomad::canonical;
use crate::embedded::nomad::json::Json as _;

/// Whether a change from `old` to `new` needs new allocations of `group`.
pub(crate) fn needs_replacement(old: &Value, new: &Value, group: &str) -> bool {
    let find = |job: &Value| job.a("TaskGroups").iter().find(|tg| tg.s("Name") == group).cloned();
    let (Some(a), Some(b)) = (find(old), find(new)) else { return true };
    if old.s("NodePool") != new.s("NodePool")
        || old.at("Datacenters") != new.at("Datacenters")
        || old.at("Meta") != new.at("Meta")
    {
        return true;
    }
    for key in ["Networks", "EphemeralDisk", "Meta", "Volumes", "Consul", "MaxRunDuration"] {
        if a.at(key) != b.at(key) {
            return true;
        }
    }
    if a.a("Tasks").len() != b.a("Tasks").len() {
        return true;
    }
    let connect = |tg: &Value| tg.a("Services").iter().map(|s| s.at("Connect").clone()).collect::<Vec<_>>();
    if connect(&a) != connect(&b) {
        return true;
    }
    a.a("Tasks").iter().any(|t| {
        let Some(u) = b.a("Tasks").iter().find(|u| u.s("Name") == t.s("Name")) else { return true };
        [
            "Driver",
            "User",
            "Config",
            "Env",
            "Artifacts",
            "Vault",
            "Consul",
            "Templates",
            "CSIPluginConfig",
            "Meta",
            "Resources",
            "VolumeMounts",
            "Identities",
            "Identity",
            "Secrets",
        ]
        .iter()
        .any(|key| t.at(key) != u.at(key))
            // Of the log's settings this alone needs another task.
            || t.at("LogConfig").b("Disabled") != u.at("LogConfig").b("Disabled")
    })
}

/// Whether a register of `new` over `old` makes a new version.
pub(crate) fn makes_version(old: &Value, new: &Value) -> bool {
    old.b("Stop") != new.b("Stop") || !canonical::same_spec(old, new)
}
