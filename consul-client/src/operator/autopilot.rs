//! Autopilot, which looks after the servers.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use jiff::Timestamp;

use super::Operator;
use crate::Call;
use crate::answers::checked;
use crate::caps::Read;

#[endpoints("operator")]
impl Operator {
    /// Autopilot's settings.
    #[get("/v1/operator/autopilot/configuration")]
    pub fn autopilot_config(&self) -> Call<AutopilotConfig, Read> {}

    /// Replaces all of autopilot's settings.
    #[put("/v1/operator/autopilot/configuration", CheckAndSet, idempotent, with = checked)]
    pub fn set_autopilot_config(&self, config: &AutopilotConfig) -> Call<(), AutopilotSet> {
        call.json(config)
    }

    /// The servers' health. Unhealthy servers are an answer, no error.
    #[get("/v1/operator/autopilot/health", answers(429))]
    pub fn autopilot_health(&self) -> Call<AutopilotHealth, Read> {}

    /// All that autopilot knows of the servers.
    #[get("/v1/operator/autopilot/state")]
    pub fn autopilot_state(&self) -> Call<AutopilotState, Read> {}
}

/// Autopilot's settings.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AutopilotConfig {
    /// Whether servers that are gone are removed when others join.
    pub cleanup_dead_servers: bool,
    /// How long a healthy server may not have heard from the leader.
    #[wire(with = client_core::time::go::option)]
    pub last_contact_threshold: Option<Duration>,
    /// How many entries a healthy server's log may be behind.
    pub max_trailing_logs: u64,
    /// How many servers have to remain when some are removed.
    pub min_quorum: u64,
    /// How long a new server has to be healthy before it gets a vote.
    #[wire(with = client_core::time::go::option)]
    pub server_stabilization_time: Option<Duration>,
    /// The node metadata that names a server's zone (Enterprise).
    pub redundancy_zone_tag: String,
    /// Whether servers are not replaced by newer ones (Enterprise).
    pub disable_upgrade_migration: bool,
    /// The node metadata that names a server's version (Enterprise).
    pub upgrade_version_tag: String,
    /// The index at which the settings were created.
    pub create_index: u64,
    /// The index of their last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The servers' health.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AutopilotHealth {
    /// Whether all are healthy.
    pub healthy: bool,
    /// How many can fail without an outage.
    pub failure_tolerance: u32,
    /// The servers.
    pub servers: Vec<ServerHealth>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A server's health.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServerHealth {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its node's name.
    pub name: String,
    /// Its `host:port`.
    pub address: String,
    /// Whether it is there, such as `alive`.
    pub serf_status: String,
    /// Its version.
    pub version: String,
    /// Whether it leads.
    pub leader: bool,
    /// How long ago it heard from the leader.
    #[wire(with = client_core::time::go::option)]
    pub last_contact: Option<Duration>,
    /// The last term it knows.
    pub last_term: u64,
    /// The last entry of its log.
    pub last_index: u64,
    /// Whether it is healthy.
    pub healthy: bool,
    /// Whether it has a vote.
    pub voter: bool,
    /// Since when that is so.
    #[wire(with = client_core::time::rfc3339, keep)]
    pub stable_since: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// All that autopilot knows of the servers.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AutopilotState {
    /// Whether all are healthy.
    pub healthy: bool,
    /// How many can fail without an outage.
    pub failure_tolerance: u32,
    /// How many can fail one after the other, those without a vote taking over (Enterprise).
    pub optimistic_failure_tolerance: u32,
    /// The servers, by id.
    pub servers: BTreeMap<String, AutopilotServer>,
    /// The leader's id.
    pub leader: String,
    /// The ids of those with a vote.
    pub voters: Vec<String>,
    /// The ids of those that only answer (Enterprise).
    pub read_replicas: Vec<String>,
    /// The zones (Enterprise).
    pub redundancy_zones: BTreeMap<String, AutopilotZone>,
    /// How replacing servers by newer ones goes (Enterprise).
    pub upgrade: Option<AutopilotUpgrade>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What autopilot knows of a server.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AutopilotServer {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its node's name.
    pub name: String,
    /// Its `host:port`.
    pub address: String,
    /// Whether it is there, such as `alive`.
    pub node_status: String,
    /// Its version.
    pub version: String,
    /// How long ago it heard from the leader.
    #[wire(with = client_core::time::go::option)]
    pub last_contact: Option<Duration>,
    /// The last term it knows.
    pub last_term: u64,
    /// The last entry of its log.
    pub last_index: u64,
    /// Whether it is healthy.
    pub healthy: bool,
    /// Since when that is so.
    #[wire(with = client_core::time::rfc3339, keep)]
    pub stable_since: Option<Timestamp>,
    /// Its zone (Enterprise).
    pub redundancy_zone: Option<String>,
    /// Its version, for replacing servers by newer ones (Enterprise).
    pub upgrade_version: Option<String>,
    /// Whether it only answers (Enterprise).
    pub read_replica: bool,
    /// Its part: `leader`, `voter`, `non-voter`, `staging`.
    pub status: String,
    /// Free key-value pairs of its node.
    pub meta: BTreeMap<String, String>,
    /// The part it is meant for, such as `voter`.
    pub node_type: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A zone, of whose servers one has a vote (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AutopilotZone {
    /// The ids of its servers.
    pub servers: Vec<String>,
    /// The ids of those with a vote.
    pub voters: Vec<String>,
    /// How many can fail.
    pub failure_tolerance: u32,
    /// What this version does not know.
    pub extra: Extra,
}

/// How replacing servers by newer ones goes (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AutopilotUpgrade {
    /// What is being done, such as `await-new-voters`.
    pub status: String,
    /// The version that is replaced to.
    pub target_version: Option<String>,
    /// Servers of that version with a vote.
    pub target_version_voters: Vec<String>,
    /// Those without.
    pub target_version_non_voters: Vec<String>,
    /// Those that only answer.
    pub target_version_read_replicas: Vec<String>,
    /// Servers of other versions with a vote.
    pub other_version_voters: Vec<String>,
    /// Those without.
    pub other_version_non_voters: Vec<String>,
    /// Those that only answer.
    pub other_version_read_replicas: Vec<String>,
    /// The same, by zone.
    pub redundancy_zones: BTreeMap<String, UpgradeVersions>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Servers of a zone by version (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct UpgradeVersions {
    /// Servers of the new version with a vote.
    pub target_version_voters: Vec<String>,
    /// Those without.
    pub target_version_non_voters: Vec<String>,
    /// Servers of other versions with a vote.
    pub other_version_voters: Vec<String>,
    /// Those without.
    pub other_version_non_voters: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}
