//! Paths that need `sudo`.

/// Those of Vault 1.18 at mounts that are always there; `*` at the end stands for anything.
const PATHS: [&str; 31] = [
    "auth/token/accessors/",
    "auth/token/revoke-orphan",
    "sys/audit",
    "sys/audit/*",
    "sys/auth/*",
    "sys/config/auditing/*",
    "sys/config/cors",
    "sys/config/ui/headers/*",
    "sys/internal/counters/activity/export",
    "sys/internal/inspect/*",
    "sys/leases",
    "sys/leases/lookup/*",
    "sys/leases/revoke-force/*",
    "sys/leases/revoke-prefix/*",
    "sys/plugins/catalog/*",
    "sys/plugins/runtimes/catalog/*",
    "sys/raw",
    "sys/raw/*",
    "sys/remount",
    "sys/replication/dr/primary/secondary-token",
    "sys/replication/dr/reindex",
    "sys/replication/performance/primary/secondary-token",
    "sys/replication/performance/reindex",
    "sys/replication/primary/secondary-token",
    "sys/replication/reindex",
    "sys/revoke-force/*",
    "sys/revoke-prefix/*",
    "sys/rotate",
    "sys/seal",
    "sys/step-down",
    "sys/storage/raft/snapshot-auto/config/*",
];

/// Whether a path is one of those that only root and `sudo` may use. A list's path ends in a slash.
///
/// Secret engines have such paths too (`<mount>/root` of PKI, for instance), which this does not
/// know, since any mount may be at any path.
#[must_use]
pub fn needs_sudo(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    PATHS.iter().any(|protected| match protected.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == *protected,
    })
}
