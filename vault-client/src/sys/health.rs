//! How a server is, and which one leads.

use client_core::wire::{self, Parts, Wire};
use client_core::{Error, Extra, endpoints};
use jiff::Timestamp;
use serde_json::Value;

use super::Sys;
use crate::Call;
use crate::caps::Action;

/// What the status of a health answer says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HealthState {
    /// Unsealed and active.
    #[default]
    Active,
    /// Unsealed and standing by.
    Standby,
    /// The active node of a disaster-recovery secondary.
    DrSecondary,
    /// Unsealed, standing by and answering reads.
    PerformanceStandby,
    /// Not initialized.
    Uninitialized,
    /// Sealed.
    Sealed,
    /// A standby that cannot reach the active node.
    HaConnectionLost,
    /// To be removed from its cluster.
    Removed,
    /// A status this version does not know.
    Unknown(u16),
}

impl From<u16> for HealthState {
    fn from(status: u16) -> Self {
        match status {
            200 | 204 => Self::Active,
            429 => Self::Standby,
            472 => Self::DrSecondary,
            473 => Self::PerformanceStandby,
            474 => Self::HaConnectionLost,
            501 => Self::Uninitialized,
            503 => Self::Sealed,
            530 => Self::Removed,
            other => Self::Unknown(other),
        }
    }
}

fn read(answer: &Parts) -> Result<Health, Error> {
    let status = answer.meta.status;
    match wire::json::<Health>(answer) {
        Ok(mut health) => {
            health.state = HealthState::from(status);
            Ok(health)
        }
        // JSON that says nothing of a server's health is of a load balancer.
        Err(_) if status >= 400 => {
            let messages = crate::error::messages(None, &answer.body);
            Err(Error::of_answer(messages, answer).with_retryable(matches!(status, 429 | 502..=504)))
        }
        Err(error) => Err(error),
    }
}

fn recode(answer: &Parts) -> Result<Value, Error> {
    wire::rewrite(&read(answer)?)
}

fn read_state(answer: &Parts) -> Result<HealthState, Error> {
    Ok(HealthState::from(answer.meta.status))
}

/// How a server is.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Health {
    /// What the status of the answer says.
    #[wire(skip)]
    pub state: HealthState,
    /// Whether it is initialized.
    #[wire(required)]
    pub initialized: bool,
    /// Whether it is sealed.
    #[wire(required)]
    pub sealed: bool,
    /// Whether it stands by.
    #[wire(required)]
    pub standby: bool,
    /// Whether it stands by and answers reads.
    pub performance_standby: bool,
    /// Its part in performance replication.
    pub replication_performance_mode: String,
    /// Its part in disaster-recovery replication.
    pub replication_dr_mode: String,
    /// Its clock.
    #[wire(with = client_core::time::unix_seconds)]
    pub server_time_utc: Option<Timestamp>,
    /// Its version.
    pub version: String,
    /// The cluster's name; empty while sealed.
    pub cluster_name: String,
    /// The cluster's id; empty while sealed.
    pub cluster_id: String,
    /// Whether it is an Enterprise server; OpenBao does not say.
    #[wire(omit_null)]
    pub enterprise: Option<bool>,
    /// What this version does not know.
    pub extra: crate::Extra,
}

impl Health {
    /// Whether the server is initialized, unsealed and leads a cluster that takes requests.
    #[must_use]
    pub fn is_active(&self) -> bool {
        let leads = !matches!(self.state, HealthState::Standby | HealthState::PerformanceStandby);
        self.is_usable() && leads && !self.standby && !self.performance_standby
    }

    /// Whether requests can be sent to it: it leads, or passes them to the server that does. The
    /// cluster of a disaster-recovery secondary takes none, nor does a server that has lost its
    /// cluster or is to be removed from it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let apart = matches!(
            self.state,
            HealthState::DrSecondary | HealthState::HaConnectionLost | HealthState::Removed
        );
        self.initialized && !self.sealed && !apart && self.replication_dr_mode != "secondary"
    }
}

/// Which server leads.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Leader {
    /// Whether the storage allows for more than one server.
    pub ha_enabled: bool,
    /// Whether the answering server leads.
    pub is_self: bool,
    /// Since when the answering server leads.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub active_time: Option<Timestamp>,
    /// The leader's API address.
    pub leader_address: String,
    /// The leader's cluster address.
    pub leader_cluster_address: String,
    /// Whether the answering server stands by and answers reads.
    #[wire(omit_null)]
    pub performance_standby: Option<bool>,
    /// The last write-ahead log it has from the leader.
    #[wire(omit_null)]
    pub performance_standby_last_remote_wal: Option<u64>,
    /// The last write-ahead log of the cluster.
    #[wire(omit_null)]
    pub last_wal: Option<u64>,
    /// What is committed in the integrated storage.
    #[wire(omit_null)]
    pub raft_committed_index: Option<u64>,
    /// What is applied of it.
    #[wire(omit_null)]
    pub raft_applied_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The servers of a cluster.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct HaStatus {
    /// The servers.
    pub nodes: Vec<HaNode>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A server of a cluster.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct HaNode {
    /// Its host's name.
    pub hostname: String,
    /// Its API address.
    pub api_address: String,
    /// Its cluster address.
    pub cluster_address: String,
    /// Whether it leads.
    pub active_node: bool,
    /// When it was last heard of; `None` for the leader itself.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub last_echo: Option<Timestamp>,
    /// Its version.
    pub version: String,
    /// How long its last echo took, in milliseconds.
    #[wire(omit_null)]
    pub echo_duration_ms: Option<i64>,
    /// How far its clock is off, in milliseconds.
    #[wire(omit_null)]
    pub clock_skew_ms: Option<i64>,
    /// How far replication is behind, in milliseconds.
    #[wire(omit_null)]
    pub replication_primary_canary_age_ms: Option<i64>,
    /// Its upgrade version in the integrated storage.
    pub upgrade_version: String,
    /// Its redundancy zone.
    pub redundancy_zone: String,
    /// What this version does not know.
    pub extra: Extra,
}

#[endpoints("sys")]
impl Sys {
    /// How the answering server is. A standby, a sealed and an uninitialized server answer too.
    #[get("/v1/sys/health", root, answers(429, 472, 473, 474, 501, 503, 530), decode = read, recode = recode)]
    #[query(
        /// Lets a standby say 200 as the active node does.
        standby_ok = "standbyok": bool,
        /// Lets a performance standby say 200 as the active node does.
        perf_standby_ok = "perfstandbyok": bool,
    )]
    pub fn health(&self) -> Call<Health, ReadHealth> {
        call.anonymous()
    }

    /// As [`health`](Sys::health), without a body.
    #[head(
        "/v1/sys/health", root,
        answers(429, 472, 473, 474, 501, 503, 530), decode = read_state, recode = wire::recode_empty,
    )]
    pub fn health_status(&self) -> Call<HealthState, ReadHealth> {
        call.anonymous()
    }

    /// Which server leads.
    #[get("/v1/sys/leader", root, with = client_core::Op::new)]
    pub fn leader(&self) -> Call<Leader> {}

    /// The servers of the cluster.
    #[get("/v1/sys/ha-status", root)]
    pub fn ha_status(&self) -> Call<HaStatus, Action> {}

    /// Makes the leader step down for another.
    #[post("/v1/sys/step-down", root)]
    pub fn step_down(&self) -> Call<()> {}
}
