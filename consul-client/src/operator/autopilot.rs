//! Autopilot, which looks after the servers.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::{Op, Verb, operations};
use jiff::Timestamp;

use super::Operator;
use crate::Call;
use crate::caps::{Cas, Read};
use crate::record::record;

operations! {
    CONFIG: AutopilotConfig, Read =
        Op::new(Verb::Get, "operator.autopilot_config", "/v1/operator/autopilot/configuration");
    SET_CONFIG: bool, AutopilotSet =
        Op::new(Verb::Put, "operator.set_autopilot_config", "/v1/operator/autopilot/configuration").idempotent();
    HEALTH: AutopilotHealth, Read =
        Op::new(Verb::Get, "operator.autopilot_health", "/v1/operator/autopilot/health").answers(&[429]);
    STATE: AutopilotState, Read = Op::new(Verb::Get, "operator.autopilot_state", "/v1/operator/autopilot/state");
}

client_core::capabilities! {
    /// Replaces the settings.
    pub struct AutopilotSet;
    /// Replaces the settings if they are still those that were read.
    pub struct AutopilotCas;
}
impl Cas for AutopilotCas {}

impl Call<bool, AutopilotSet> {
    /// Replaces the settings only if their `modify_index` is still `index`.
    pub fn cas(self, index: u64) -> Call<bool, AutopilotCas> {
        self.conditional("cas", index.to_string())
    }
}

impl Operator<'_> {
    /// Autopilot's settings.
    pub fn autopilot_config(&self) -> Call<AutopilotConfig, Read> {
        self.0.call(&CONFIG, &[])
    }

    /// Replaces all of autopilot's settings.
    pub fn set_autopilot_config(&self, config: &AutopilotConfig) -> Call<bool, AutopilotSet> {
        self.0.call(&SET_CONFIG, &[]).json(config)
    }

    /// The servers' health. Unhealthy servers are an answer, no error.
    pub fn autopilot_health(&self) -> Call<AutopilotHealth, Read> {
        self.0.call(&HEALTH, &[])
    }

    /// All that autopilot knows of the servers.
    pub fn autopilot_state(&self) -> Call<AutopilotState, Read> {
        self.0.call(&STATE, &[])
    }
}

record! {
    /// Autopilot's settings.
    pub struct AutopilotConfig {
        /// Whether servers that are gone are removed when others join.
        cleanup_dead_servers: bool,
        /// How long a healthy server may not have heard from the leader.
        last_contact_threshold: Option<Duration> = "client_core::time::go::option",
        /// How many entries a healthy server's log may be behind.
        max_trailing_logs: u64,
        /// How many servers have to remain when some are removed.
        min_quorum: u64,
        /// How long a new server has to be healthy before it gets a vote.
        server_stabilization_time: Option<Duration> = "client_core::time::go::option",
        /// The node metadata that names a server's zone (Enterprise).
        redundancy_zone_tag: String,
        /// Whether servers are not replaced by newer ones (Enterprise).
        disable_upgrade_migration: bool,
        /// The node metadata that names a server's version (Enterprise).
        upgrade_version_tag: String,
        /// The index at which the settings were created.
        create_index: u64,
        /// The index of their last change.
        modify_index: u64,
        ..extra
    }

    /// The servers' health.
    pub struct AutopilotHealth {
        /// Whether all are healthy.
        healthy: bool,
        /// How many can fail without an outage.
        failure_tolerance: u32,
        /// The servers.
        servers: Vec<ServerHealth>,
    }

    /// A server's health.
    pub struct ServerHealth {
        /// Its id.
        #[serde(rename = "ID")]
        id: String,
        /// Its node's name.
        name: String,
        /// Its `host:port`.
        address: String,
        /// Whether it is there, such as `alive`.
        serf_status: String,
        /// Its version.
        version: String,
        /// Whether it leads.
        leader: bool,
        /// How long ago it heard from the leader.
        last_contact: Option<Duration> = "client_core::time::go::option",
        /// The last term it knows.
        last_term: u64,
        /// The last entry of its log.
        last_index: u64,
        /// Whether it is healthy.
        healthy: bool,
        /// Whether it has a vote.
        voter: bool,
        /// Since when that is so.
        stable_since: Option<Timestamp> => "client_core::time::rfc3339",
        ..extra
    }

    /// All that autopilot knows of the servers.
    pub struct AutopilotState {
        /// Whether all are healthy.
        healthy: bool,
        /// How many can fail without an outage.
        failure_tolerance: u32,
        /// How many can fail one after the other, those without a vote taking over (Enterprise).
        optimistic_failure_tolerance: u32,
        /// The servers, by id.
        servers: BTreeMap<String, AutopilotServer>,
        /// The leader's id.
        leader: String,
        /// The ids of those with a vote.
        voters: Vec<String>,
        /// The ids of those that only answer (Enterprise).
        read_replicas: Vec<String>,
        /// The zones (Enterprise).
        redundancy_zones: BTreeMap<String, AutopilotZone>,
        /// How replacing servers by newer ones goes (Enterprise).
        upgrade: Option<AutopilotUpgrade>,
        ..extra
    }

    /// What autopilot knows of a server.
    pub struct AutopilotServer {
        /// Its id.
        #[serde(rename = "ID")]
        id: String,
        /// Its node's name.
        name: String,
        /// Its `host:port`.
        address: String,
        /// Whether it is there, such as `alive`.
        node_status: String,
        /// Its version.
        version: String,
        /// How long ago it heard from the leader.
        last_contact: Option<Duration> = "client_core::time::go::option",
        /// The last term it knows.
        last_term: u64,
        /// The last entry of its log.
        last_index: u64,
        /// Whether it is healthy.
        healthy: bool,
        /// Since when that is so.
        stable_since: Option<Timestamp> => "client_core::time::rfc3339",
        /// Its zone (Enterprise).
        redundancy_zone: Option<String>,
        /// Its version, for replacing servers by newer ones (Enterprise).
        upgrade_version: Option<String>,
        /// Whether it only answers (Enterprise).
        read_replica: bool,
        /// Its part: `leader`, `voter`, `non-voter`, `staging`.
        status: String,
        /// Free key-value pairs of its node.
        meta: BTreeMap<String, String>,
        /// The part it is meant for, such as `voter`.
        node_type: String,
        ..extra
    }

    /// A zone, of whose servers one has a vote (Enterprise).
    pub struct AutopilotZone {
        /// The ids of its servers.
        servers: Vec<String>,
        /// The ids of those with a vote.
        voters: Vec<String>,
        /// How many can fail.
        failure_tolerance: u32,
    }

    /// How replacing servers by newer ones goes (Enterprise).
    pub struct AutopilotUpgrade {
        /// What is being done, such as `await-new-voters`.
        status: String,
        /// The version that is replaced to.
        target_version: Option<String>,
        /// Servers of that version with a vote.
        target_version_voters: Vec<String>,
        /// Those without.
        target_version_non_voters: Vec<String>,
        /// Those that only answer.
        target_version_read_replicas: Vec<String>,
        /// Servers of other versions with a vote.
        other_version_voters: Vec<String>,
        /// Those without.
        other_version_non_voters: Vec<String>,
        /// Those that only answer.
        other_version_read_replicas: Vec<String>,
        /// The same, by zone.
        redundancy_zones: BTreeMap<String, UpgradeVersions>,
    }

    /// Servers of a zone by version (Enterprise).
    pub struct UpgradeVersions {
        /// Servers of the new version with a vote.
        target_version_voters: Vec<String>,
        /// Those without.
        target_version_non_voters: Vec<String>,
        /// Servers of other versions with a vote.
        other_version_voters: Vec<String>,
        /// Those without.
        other_version_non_voters: Vec<String>,
    }
}
