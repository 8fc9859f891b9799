//! [Agents](https://developer.hashicorp.com/nomad/api-docs/agent).

use std::collections::BTreeMap;

use client_core::wire::{self, Wire};
use client_core::{Extra, endpoints, handle};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::record::enums;
use crate::{Call, Client};

/// The agent that answers, and its fellows.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// for member in nomad.agent().members().await?.members {
///     println!("{} {}", member.name, member.status);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::agent)]
pub struct Agent;

#[endpoints("agent")]
impl Agent {
    /// The agent's configuration, membership and statistics.
    #[get("/v1/agent/self", name = "self")]
    pub fn get_self(&self) -> Call<AgentSelf> {}

    /// Makes a server join others. See [`AgentJoin::error`].
    #[put("/v1/agent/join", idempotent)]
    pub fn join(&self, addresses: &[&str]) -> Call<AgentJoin> {
        self.each(call, addresses)
    }

    fn each<T, C>(&self, call: Call<T, C>, addresses: &[&str]) -> Call<T, C> {
        call.edit(|request| {
            for address in addresses {
                request.add_query("address", *address);
            }
        })
    }

    /// The servers of all regions, as they know of each other.
    #[get("/v1/agent/members")]
    pub fn members(&self) -> Call<AgentMembers> {}

    /// Removes a member that is gone.
    #[put("/v1/agent/force-leave", idempotent)]
    #[query(
        /// Forgets the member at once.
        prune: bool,
    )]
    pub fn force_leave(&self, node: &str) -> Call<(), ForceLeave> {
        call.set_query("node", node)
    }

    /// The servers that a client agent knows.
    #[get("/v1/agent/servers")]
    pub fn servers(&self) -> Call<Vec<String>> {}

    /// Tells a client agent its servers.
    #[put("/v1/agent/servers", idempotent)]
    pub fn set_servers(&self, addresses: &[&str]) -> Call<()> {
        self.each(call, addresses)
    }

    /// What the scheduler workers of a server do.
    #[get("/v1/agent/schedulers")]
    pub fn scheduler_workers(&self) -> Call<SchedulerWorkers> {}

    /// How many scheduler workers a server has, and for what.
    #[get("/v1/agent/schedulers/config")]
    pub fn scheduler_workers_config(&self) -> Call<SchedulerWorkersConfig> {}

    /// Changes that until the server starts again.
    #[put("/v1/agent/schedulers/config", idempotent)]
    pub fn set_scheduler_workers_config(
        &self,
        config: &SchedulerWorkersConfig,
    ) -> Call<SchedulerWorkersConfig> {
        call.json(config)
    }

    /// How the agent is, healthy or not. No token is needed.
    #[get("/v1/agent/health", answers(500))]
    pub fn health(&self) -> Call<AgentHealth> {}

    /// What the agent's host is like.
    #[get("/v1/agent/host", decode = decode_host, recode = recode_host)]
    #[query(
        /// Asks this server.
        server = "server_id": String,
        /// Asks this node.
        node = "node_id": String,
    )]
    pub fn host(&self) -> Call<HostReply, ReadHost> {}

    /// The keys that gossip between servers is encrypted with.
    #[get("/v1/agent/keyring/list", name = "gossip_keyring_list")]
    pub fn gossip_keys(&self) -> Call<GossipKeyring> {}

    /// Makes a key, in base64, known to all servers.
    #[put("/v1/agent/keyring/install", idempotent, name = "gossip_keyring_install")]
    pub fn install_gossip_key(&self, key: &SecretString) -> Call<GossipKeyring> {
        call.field("Key", key.expose_secret())
    }

    /// Encrypts with a key that all servers know.
    #[put("/v1/agent/keyring/use", idempotent, name = "gossip_keyring_use")]
    pub fn use_gossip_key(&self, key: &SecretString) -> Call<GossipKeyring> {
        call.field("Key", key.expose_secret())
    }

    /// Makes all servers forget a key.
    #[put("/v1/agent/keyring/remove", idempotent, name = "gossip_keyring_remove")]
    pub fn remove_gossip_key(&self, key: &SecretString) -> Call<GossipKeyring> {
        call.field("Key", key.expose_secret())
    }

    /// Makes the agent read its configuration again.
    #[put("/v1/agent/reload", idempotent)]
    pub fn reload(&self) -> Call<()> {}
}

enums! {
    /// Whether a member is there.
    pub enum MemberStatus {
        /// It is.
        Alive = "alive",
        /// It is about to leave.
        Leaving = "leaving",
        /// It left.
        Left = "left",
        /// It is gone.
        Failed = "failed",
        /// Nobody knows.
        None = "none",
    }
}

/// An agent's configuration, membership and statistics.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct AgentSelf {
    /// Its configuration, without secrets.
    pub config: Extra,
    /// Itself as a member.
    pub member: Member,
    /// Its statistics.
    pub stats: BTreeMap<String, BTreeMap<String, String>>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The result of joining.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct AgentJoin {
    /// How many servers were joined.
    pub num_joined: u64,
    /// Why it failed; empty if it did not.
    pub error: String,
    /// What is questionable about it.
    pub warning: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// The servers of all regions.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AgentMembers {
    /// The answering server's name.
    pub server_name: String,
    /// Its region.
    pub server_region: String,
    /// Its datacenter.
    #[wire(name = "ServerDC")]
    pub server_dc: String,
    /// All members.
    pub members: Vec<Member>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A server as others know it.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Member {
    /// Its name and region.
    pub name: String,
    /// Its address.
    pub addr: String,
    /// Its port for gossip.
    pub port: u16,
    /// What it says of itself.
    pub tags: BTreeMap<String, String>,
    /// Whether it is there.
    pub status: MemberStatus,
    /// The oldest gossip protocol it speaks.
    pub protocol_min: u8,
    /// The newest.
    pub protocol_max: u8,
    /// The one it uses.
    pub protocol_cur: u8,
    /// The oldest protocol above that.
    pub delegate_min: u8,
    /// The newest.
    pub delegate_max: u8,
    /// The one it uses.
    pub delegate_cur: u8,
    /// What this version does not know.
    pub extra: Extra,
}

/// What the scheduler workers of a server do.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct SchedulerWorkers {
    /// The server.
    pub server_id: String,
    /// Its workers.
    pub schedulers: Vec<SchedulerWorker>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a scheduler worker does.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct SchedulerWorker {
    /// Its id.
    pub id: String,
    /// What it works on.
    pub enabled_schedulers: Vec<String>,
    /// When it started.
    #[wire(with = client_core::time::rfc3339)]
    pub started: Option<jiff::Timestamp>,
    /// Whether it works.
    pub status: String,
    /// What it does right now.
    pub workload_status: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// How many scheduler workers a server has, and for what.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct SchedulerWorkersConfig {
    /// The server.
    #[wire(omit)]
    pub server_id: String,
    /// How many workers.
    pub num_schedulers: u64,
    /// What they work on.
    pub enabled_schedulers: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl SchedulerWorkersConfig {
    /// This many workers for these kinds of jobs.
    #[must_use]
    pub fn new<S: Into<String>>(workers: u64, schedulers: impl IntoIterator<Item = S>) -> Self {
        let enabled_schedulers = schedulers.into_iter().map(Into::into).collect();
        Self { server_id: String::new(), num_schedulers: workers, enabled_schedulers, ..Self::default() }
    }
}

/// How an agent is.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct AgentHealth {
    /// Its client part, if it has one.
    #[wire(omit_null)]
    pub client: Option<PartHealth>,
    /// Its server part, if it has one.
    #[wire(omit_null)]
    pub server: Option<PartHealth>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a part of an agent is.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct PartHealth {
    /// Whether it is well.
    pub ok: bool,
    /// Why, in words.
    pub message: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl AgentHealth {
    /// Whether all parts are well.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        [&self.client, &self.server].into_iter().flatten().all(|part| part.ok)
    }
}

/// What a host is like.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostReply {
    /// The agent that answers; empty for the one that was asked.
    #[wire(name = "AgentID", omit)]
    pub agent_id: String,
    /// What its host is like.
    pub host_data: HostData,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a host is like.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostData {
    /// Its operating system.
    #[wire(name = "OS")]
    pub os: String,
    /// Its network interfaces.
    pub network: Vec<Value>,
    /// Its `resolv.conf`.
    pub resolv_conf: String,
    /// Its `hosts`.
    pub hosts: String,
    /// The agent's environment, secrets redacted.
    pub environment: BTreeMap<String, String>,
    /// Its disks.
    pub disk: BTreeMap<String, Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The keys that gossip is encrypted with. Its `Debug` does not show them.
#[derive(Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct GossipKeyring {
    /// What single servers had to say.
    pub messages: BTreeMap<String, String>,
    /// How many servers know each key.
    pub keys: BTreeMap<String, u64>,
    /// How many servers there are.
    pub num_nodes: u64,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for GossipKeyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GossipKeyring({} keys, {} servers)", self.keys.len(), self.num_nodes)
    }
}

fn recode_host(answer: &client_core::Parts) -> Result<Value, client_core::Error> {
    let reply = decode_host(answer)?;
    if reply.agent_id.is_empty() { wire::rewrite(&reply.host_data) } else { wire::rewrite(&reply) }
}

/// A server answers `{AgentID, HostData}`, the agent that was asked only the latter's inside.
fn decode_host(answer: &client_core::Parts) -> Result<HostReply, client_core::Error> {
    // Only the first has lower-case names.
    let reply: HostReply = wire::json(answer)?;
    if !reply.agent_id.is_empty() || reply.extra.is_empty() {
        return Ok(reply);
    }
    Ok(HostReply { host_data: wire::json(answer)?, ..HostReply::default() })
}
