//! The agent itself, its host and its cluster.

use std::collections::BTreeMap;

use client_core::wire::{Fault, Reader, ToWire, Wire, Writer};
use client_core::{Extra, endpoints, open_enum};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::Agent;
use crate::Call;

open_enum! {
    /// What an agent uses a token for.
    pub enum AgentToken {
        /// For requests that bring none.
        Default = "default",
        /// For what it does by itself.
        Agent = "agent",
        /// To let people in who have lost all others.
        AgentRecovery = "agent_recovery",
        /// To copy access control from another datacenter.
        Replication = "replication",
        /// To register what its configuration files define.
        ConfigFileServiceRegistration = "config_file_service_registration",
        /// To answer DNS.
        Dns = "dns",
    }
}

#[endpoints("agent")]
impl Agent {
    /// The agent's configuration, its place in the cluster and statistics.
    #[get("/v1/agent/self", name = "self")]
    pub fn self_info(&self) -> Call<AgentSelf> {}

    /// The host it runs on.
    #[get("/v1/agent/host")]
    pub fn host(&self) -> Call<HostInfo> {}

    /// Its version; needs no token.
    #[get("/v1/agent/version")]
    pub fn version(&self) -> Call<AgentVersion> {}

    /// The members of the cluster as this agent sees them.
    #[get("/v1/agent/members", Filtered)]
    #[query(
        /// Lists the servers of all datacenters instead.
        wan,
        /// Lists those of one segment; `_all` for all (Enterprise).
        segment: String,
    )]
    pub fn members(&self) -> Call<Vec<Member>, Members> {}

    /// Puts the node into maintenance, in which all its services count as critical, or takes it
    /// out of it.
    #[put("/v1/agent/maintenance", Optional, idempotent)]
    #[query(
        /// Says why, to people who look at the check.
        reason: String,
    )]
    pub fn node_maintenance(&self, enable: bool) -> Call<(), Maintenance> {
        call.set_query("enable", enable)
    }

    /// Reads the configuration files anew, as far as they can change while it runs.
    #[put("/v1/agent/reload", idempotent)]
    pub fn reload(&self) -> Call<()> {}

    /// Joins the cluster of the member at `address`.
    #[put("/v1/agent/join/{address}", idempotent)]
    #[query(
        /// Joins the servers of another datacenter.
        wan,
    )]
    pub fn join(&self, address: &str) -> Call<(), Join> {}

    /// Leaves the cluster and shuts the agent down. The connection may end before the answer.
    #[put("/v1/agent/leave")]
    pub fn leave(&self) -> Call<()> {}

    /// Makes a failed member count as left.
    #[put("/v1/agent/force-leave/{node}", idempotent)]
    #[query(
        /// Forgets it altogether.
        prune,
        /// Looks among the servers of all datacenters.
        wan,
    )]
    pub fn force_leave(&self, node: &str) -> Call<(), ForceLeave> {}

    /// Changes a token that the agent uses, until it restarts unless it persists tokens.
    #[put("/v1/agent/token/{kind}", idempotent, kind = kind.as_str())]
    pub fn set_token(&self, kind: &AgentToken, token: impl Into<SecretString>) -> Call<()> {
        let body = TokenBody { token: token.into() };
        call.json(&body)
    }
}

#[derive(ToWire)]
#[wire(pascal)]
struct TokenBody {
    token: SecretString,
}

/// What an agent says of itself.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AgentSelf {
    /// The main settings.
    pub config: AgentConfig,
    /// All settings, in a form that changes between versions.
    pub debug_config: Map<String, Value>,
    /// Its network coordinate.
    pub coord: Option<crate::coordinate::Coordinate>,
    /// Its place in the cluster.
    pub member: Member,
    /// Statistics, by area.
    pub stats: BTreeMap<String, BTreeMap<String, String>>,
    /// Free key-value pairs of its node.
    pub meta: BTreeMap<String, String>,
    /// What it offers to proxies.
    #[wire(name = "xDS")]
    pub xds: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The main settings of an agent.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AgentConfig {
    /// Its datacenter.
    pub datacenter: String,
    /// The datacenter that has the final say.
    pub primary_datacenter: String,
    /// Its node's name.
    pub node_name: String,
    /// Its node's id.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// The commit it was built from.
    pub revision: String,
    /// Whether it is a server.
    pub server: bool,
    /// Its version.
    pub version: String,
    /// When it was built.
    pub build_date: String,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An agent's version.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AgentVersion {
    /// The commit it was built from.
    #[wire(name = "SHA")]
    pub sha: String,
    /// When it was built.
    pub build_date: String,
    /// Its version, such as `1.21.4`.
    pub human_version: String,
    /// The FIPS mode; empty for none.
    #[wire(name = "FIPS")]
    pub fips: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A member of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its address.
    pub addr: String,
    /// Its port for gossip.
    pub port: u16,
    /// What it tells the others: role, datacenter, version.
    pub tags: BTreeMap<String, String>,
    /// Whether it is there.
    pub status: MemberStatus,
    /// The oldest gossip protocol it speaks.
    pub protocol_min: u8,
    /// The newest.
    pub protocol_max: u8,
    /// The one it uses.
    pub protocol_cur: u8,
    /// The oldest protocol of Consul's own messages it speaks.
    pub delegate_min: u8,
    /// The newest.
    pub delegate_max: u8,
    /// The one it uses.
    pub delegate_cur: u8,
    /// What this version does not know.
    pub extra: Extra,
}

impl Member {
    /// Whether it is a server.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.tags.get("role").is_some_and(|role| role == "consul")
    }
}

/// Whether a member is there; a number on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MemberStatus {
    /// Not known.
    #[default]
    None,
    /// It is there.
    Alive,
    /// It is leaving.
    Leaving,
    /// It has left.
    Left,
    /// It is gone without leaving.
    Failed,
    /// A number this version does not know.
    Unknown(u8),
}

impl From<u8> for MemberStatus {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Alive,
            2 => Self::Leaving,
            3 => Self::Left,
            4 => Self::Failed,
            other => Self::Unknown(other),
        }
    }
}

impl From<MemberStatus> for u8 {
    fn from(status: MemberStatus) -> Self {
        match status {
            MemberStatus::None => 0,
            MemberStatus::Alive => 1,
            MemberStatus::Leaving => 2,
            MemberStatus::Left => 3,
            MemberStatus::Failed => 4,
            MemberStatus::Unknown(other) => other,
        }
    }
}

impl ToWire for MemberStatus {
    fn write(&self, to: &mut Writer) {
        u8::from(*self).write(to);
    }
}

impl Wire for MemberStatus {
    fn blank() -> Self {
        Self::None
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        let mut number = 0_u8;
        number.read(from)?;
        *self = number.into();
        Ok(())
    }
}

/// The host of an agent, in the words of the library it asks, which has lower-case names below
/// these.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostInfo {
    /// Its memory, in bytes.
    pub memory: Extra,
    /// Its processors.
    #[wire(name = "CPU")]
    pub cpu: Vec<Extra>,
    /// Its name, system and kernel.
    pub host: Extra,
    /// The disk of the agent's data.
    pub disk: Extra,
    /// When this was looked at.
    #[wire(with = client_core::time::unix_nanos)]
    pub collection_time: Option<jiff::Timestamp>,
    /// What could not be found out.
    pub errors: Vec<Value>,
    /// What this version does not know.
    pub extra: Extra,
}
