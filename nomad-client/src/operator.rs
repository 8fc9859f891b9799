//! [The operator's part](https://developer.hashicorp.com/nomad/api-docs/operator): scheduler, Raft,
//! Autopilot, keyring, snapshots, licence.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use client_core::caps::{BlockingList, List};
use client_core::time::{go, rfc3339, unix_nanos};
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;
use serde_json::Value;

use crate::record::enums;
use crate::{Call, Client};

/// A snapshot, piece by piece. See [`Operator::snapshot_stream`].
pub type SnapshotStream = client_core::stream::SnapshotStream<crate::Error>;

impl<T, S> Call<T, RotateKeyring<S>> {
    /// Makes the key known now and uses it from `time` on.
    pub fn publish_time(self, time: Timestamp) -> Self {
        self.set_query("publish_time", i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX))
    }
}

/// What operators do with the servers of a region.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// let mut scheduler = nomad.operator().scheduler_configuration().await?.scheduler_config;
/// scheduler.memory_oversubscription_enabled = true;
/// nomad.operator().set_scheduler_configuration(&scheduler).await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::operator)]
pub struct Operator;

#[endpoints("operator")]
impl Operator {
    /// The licence; nothing on servers that need none.
    #[get("/v1/operator/license", Stale, enterprise, name = "license_get")]
    pub fn license(&self) -> Call<Option<LicenseReply>, AnyServer> {}

    /// Installs a licence (Enterprise).
    #[put("/v1/operator/license", idempotent, enterprise, name = "license_put")]
    pub fn set_license(&self, license: impl Into<String>) -> Call<()> {
        let license = license.into();
        call.edit(|request| request.bytes("text/plain", license))
    }

    /// The servers that take part in Raft.
    #[get("/v1/operator/raft/configuration")]
    pub fn raft_configuration(&self) -> Call<RaftConfiguration, AnyServer> {}

    /// Removes a server that is gone from Raft, by its id.
    #[delete("/v1/operator/raft/peer")]
    pub fn raft_remove_peer(&self, id: &str) -> Call<()> {
        call.set_query("id", id)
    }

    /// Makes another server, named by its id, the leader.
    #[put("/v1/operator/raft/transfer-leadership")]
    pub fn raft_transfer_leadership(&self, id: &str) -> Call<LeadershipTransfer> {
        call.set_query("id", id)
    }

    /// Makes another server, named by its address, the leader.
    pub fn raft_transfer_leadership_to_address(&self, address: &str) -> Call<LeadershipTransfer> {
        self.client.call(&Self::RAFT_TRANSFER_LEADERSHIP, &[]).set_query("address", address)
    }

    /// The keys that variables are encrypted and identities signed with; not the keys themselves.
    #[get("/v1/operator/keyring/keys", name = "keyring_list")]
    pub fn keyring(&self) -> Call<Vec<RootKey>, BlockingList> {}

    /// Makes a new key.
    #[put("/v1/operator/keyring/rotate", name = "keyring_rotate")]
    #[query(
        /// The algorithm of the new key, such as `aes256-gcm`.
        algorithm = "algo": String,
        /// Encrypts everything anew with the new key.
        full,
    )]
    pub fn rotate_keyring(&self) -> Call<KeyringRotation, RotateKeyring> {}

    /// Deletes a key.
    #[delete("/v1/operator/keyring/key/{key_id}", idempotent, name = "keyring_delete")]
    #[query(
        /// Deletes the key although variables are encrypted with it, which are lost then.
        force: bool,
    )]
    pub fn delete_key(&self, key_id: &str) -> Call<(), DeleteKey> {}

    /// The configuration of Autopilot.
    #[get("/v1/operator/autopilot/configuration", name = "autopilot_get")]
    pub fn autopilot_configuration(&self) -> Call<AutopilotConfiguration, AnyServer> {}

    /// Replaces the configuration of Autopilot.
    #[put("/v1/operator/autopilot/configuration", idempotent, name = "autopilot_set")]
    pub fn set_autopilot_configuration(&self, configuration: &AutopilotConfiguration) -> Call<bool> {
        call.json(configuration)
    }

    /// Replaces the configuration of Autopilot if its index is still `index`, and answers whether
    /// it was.
    #[put("/v1/operator/autopilot/configuration", name = "autopilot_cas")]
    pub fn cas_autopilot_configuration(
        &self,
        configuration: &AutopilotConfiguration,
        index: u64,
    ) -> Call<bool> {
        call.set_query("cas", index).json(configuration)
    }

    /// How the servers are, healthy or not.
    #[get("/v1/operator/autopilot/health", answers(429))]
    pub fn autopilot_health(&self) -> Call<AutopilotHealth> {}

    /// The configuration of the scheduler.
    #[get("/v1/operator/scheduler/configuration", name = "scheduler_get")]
    pub fn scheduler_configuration(&self) -> Call<SchedulerConfigurationReply, AnyServer> {}

    /// Replaces the configuration of the scheduler.
    #[put("/v1/operator/scheduler/configuration", idempotent, name = "scheduler_set")]
    pub fn set_scheduler_configuration(
        &self,
        configuration: &SchedulerConfiguration,
    ) -> Call<SchedulerUpdate> {
        call.json(configuration)
    }

    /// Replaces the configuration of the scheduler if its index is still `index`; see
    /// [`SchedulerUpdate::updated`].
    #[put("/v1/operator/scheduler/configuration", name = "scheduler_cas")]
    pub fn cas_scheduler_configuration(
        &self,
        configuration: &SchedulerConfiguration,
        index: u64,
    ) -> Call<SchedulerUpdate> {
        call.set_query("cas", index).json(configuration)
    }

    /// A snapshot of all state. `.await` keeps it in memory;
    /// [`snapshot_stream`](Self::snapshot_stream) does not, and checks it.
    ///
    /// It takes as long as it takes, as long as something arrives, and is asked for once.
    #[get("/v1/operator/snapshot", not_idempotent, streaming, name = "snapshot_save")]
    pub fn snapshot(&self) -> Call<Bytes, AnyServer> {
        call.edit(|request| request.timeout(None))
    }

    /// A snapshot of all state, piece by piece, checked against the server's digest.
    ///
    /// # Errors
    ///
    /// The call cannot be sent or is refused.
    pub async fn snapshot_stream(&self) -> crate::Result<SnapshotStream> {
        Ok(SnapshotStream::new(self.snapshot().inner.open().await?))
    }

    /// Replaces all state by that of a snapshot.
    #[put("/v1/operator/snapshot", name = "snapshot_restore")]
    pub fn restore_snapshot(&self, snapshot: impl Into<Bytes>) -> Call<()> {
        let snapshot = snapshot.into();
        call.edit(|request| request.bytes("application/octet-stream", snapshot))
            .edit(|request| request.timeout(None))
    }

    /// Replaces all state by that of a snapshot that is read while it is sent, of this many bytes
    /// where that is known. It is sent once.
    pub fn restore_snapshot_stream<S>(&self, snapshot: S, length: Option<u64>) -> Call<()>
    where
        S: futures_core::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        self.client
            .call(&Self::RESTORE_SNAPSHOT, &[])
            .edit(|request| request.stream("application/octet-stream", snapshot, length))
    }

    /// What still uses Vault without workload identities.
    #[get("/v1/operator/upgrade-check/vault-workload-identity", name = "upgrade_check_vault")]
    pub fn vault_upgrade_check(&self) -> Call<VaultUpgradeCheck, List> {}

    /// How much of the licence is used (Enterprise).
    #[post("/v1/operator/utilization", idempotent, enterprise)]
    #[query(
        /// Includes today's numbers.
        today: bool,
    )]
    pub fn utilization(&self) -> Call<Utilization, ReadUtilization> {}
}

enums! {
    /// What the scheduler prefers.
    pub enum SchedulerAlgorithm {
        /// Full nodes.
        Binpack = "binpack",
        /// Empty nodes.
        Spread = "spread",
    }

    /// What a key is used for.
    pub enum RootKeyState {
        /// For new things.
        Active = "active",
        /// For things that are there.
        Inactive = "inactive",
        /// It is being replaced everywhere.
        Rekeying = "rekeying",
        /// It is known and not used yet.
        Prepublished = "prepublished",
        /// It is not used any more.
        Deprecated = "deprecated",
    }
}

/// The configuration of the scheduler and its index.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct SchedulerConfigurationReply {
    /// The configuration.
    pub scheduler_config: SchedulerConfiguration,
    /// The index of the answer.
    pub index: u64,
    /// Whether the answering server knows a leader.
    pub known_leader: bool,
    /// How long ago it heard from the leader, in nanoseconds.
    pub last_contact: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The configuration of the scheduler.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct SchedulerConfiguration {
    /// What is preferred.
    pub scheduler_algorithm: SchedulerAlgorithm,
    /// Which kinds of jobs may take the place of less important ones.
    pub preemption_config: PreemptionConfig,
    /// Whether tasks may use memory that is left over.
    pub memory_oversubscription_enabled: bool,
    /// Whether only management tokens may register jobs.
    pub reject_job_registration: bool,
    /// Whether no evaluation is worked on.
    pub pause_eval_broker: bool,
    /// How many nodes are looked at for each placement; 0 for as many as it takes.
    pub node_limit_for_feasibility_checks: u64,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Which kinds of jobs may take the place of less important ones.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct PreemptionConfig {
    /// System jobs.
    pub system_scheduler_enabled: bool,
    /// System batch jobs.
    pub sys_batch_scheduler_enabled: bool,
    /// Batch jobs.
    pub batch_scheduler_enabled: bool,
    /// Services.
    pub service_scheduler_enabled: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// Whether a configuration was replaced.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct SchedulerUpdate {
    /// Whether it was.
    pub updated: bool,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The servers that take part in Raft.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RaftConfiguration {
    /// Each of them.
    pub servers: Vec<RaftServer>,
    /// The index of the configuration.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A server that takes part in Raft.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RaftServer {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub node: String,
    /// Its address.
    pub address: String,
    /// Whether it leads.
    pub leader: bool,
    /// Whether it votes.
    pub voter: bool,
    /// The version of its protocol.
    pub raft_protocol: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A change of leaders.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct LeadershipTransfer {
    /// The leader before.
    pub from: RaftPeer,
    /// The leader now.
    pub to: RaftPeer,
    /// Whether it was the leader already.
    pub noop: bool,
    /// What went wrong.
    pub err: Value,
    /// What this version does not know.
    pub extra: Extra,
}

/// A server, by id and address.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RaftPeer {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its address.
    pub address: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A key of the keyring, without the key itself.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RootKey {
    /// Its id.
    #[wire(name = "KeyID")]
    pub key_id: String,
    /// Its algorithm.
    pub algorithm: String,
    /// When it was created.
    #[wire(with = unix_nanos)]
    pub create_time: Option<Timestamp>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What it is used for.
    pub state: RootKeyState,
    /// When it will be used.
    #[wire(with = unix_nanos)]
    pub publish_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A new key.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct KeyringRotation {
    /// The key.
    pub key: Option<RootKey>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The configuration of Autopilot.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AutopilotConfiguration {
    /// Whether servers that are gone are removed.
    pub cleanup_dead_servers: bool,
    /// How long a server may be silent.
    #[wire(with = go)]
    pub last_contact_threshold: Duration,
    /// How far a server may be behind.
    pub max_trailing_logs: u64,
    /// How few servers there may be.
    pub min_quorum: u64,
    /// How long a new server must be well.
    #[wire(with = go)]
    pub server_stabilization_time: Duration,
    /// Whether there is one voter a zone (Enterprise).
    pub enable_redundancy_zones: bool,
    /// Whether new versions do not take over by themselves (Enterprise).
    pub disable_upgrade_migration: bool,
    /// Whether versions are those of a tag (Enterprise).
    pub enable_custom_upgrades: bool,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How the servers are.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AutopilotHealth {
    /// Whether all are well.
    pub healthy: bool,
    /// How many may fail.
    pub failure_tolerance: i64,
    /// Each of them.
    pub servers: Vec<ServerHealth>,
    /// The leader's id.
    pub leader: String,
    /// The ids of those that vote.
    pub voters: Vec<String>,
    /// The ids of those that only read (Enterprise).
    pub read_replicas: Vec<String>,
    /// Zones (Enterprise).
    pub redundancy_zones: BTreeMap<String, Value>,
    /// An upgrade that goes on (Enterprise).
    pub upgrade: Option<Value>,
    /// How many may fail one after the other (Enterprise).
    pub optimistic_failure_tolerance: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a server is.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ServerHealth {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// What the others say of it.
    pub serf_status: String,
    /// Its version.
    pub version: String,
    /// Whether it leads.
    pub leader: bool,
    /// How long ago it heard from the leader.
    #[wire(with = go)]
    pub last_contact: Duration,
    /// Its last term.
    pub last_term: u64,
    /// Its last index.
    pub last_index: u64,
    /// Whether it is well.
    pub healthy: bool,
    /// Whether it votes.
    pub voter: bool,
    /// Since when it is as it is.
    #[wire(with = rfc3339)]
    pub stable_since: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What still uses Vault without workload identities.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct VaultUpgradeCheck {
    /// Jobs.
    pub jobs_without_vault_identity: Vec<Value>,
    /// Nodes.
    pub outdated_nodes: Vec<Value>,
    /// Tokens.
    pub vault_tokens: Vec<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A licence.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct LicenseReply {
    /// The licence.
    pub license: Value,
    /// When the configuration was read.
    pub config_outdated: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// How much of the licence is used.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Utilization {
    /// The numbers, signed and in base64.
    pub bundle: String,
    /// What this version does not know.
    pub extra: Extra,
}
