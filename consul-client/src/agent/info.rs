//! The agent itself, its host and its cluster.

use std::collections::BTreeMap;

use client_core::caps::Plain;
use client_core::wire::{Fault, Reader, ToWire, Wire, Writer, empty, recode_empty};
use client_core::{Extra, Op, Verb, open_enum, operations};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::Agent;
use super::services::Maintenance;
use crate::Call;

operations! {
    SELF: AgentSelf, Plain = Op::new(Verb::Get, "agent.self", "/v1/agent/self");
    HOST: HostInfo, Plain = Op::new(Verb::Get, "agent.host", "/v1/agent/host");
    VERSION: AgentVersion, Plain = Op::new(Verb::Get, "agent.version", "/v1/agent/version");
    MEMBERS: Vec<Member>, Members = Op::new(Verb::Get, "agent.members", "/v1/agent/members");
    MAINTENANCE: (), Maintenance =
        Op::decoded_by(Verb::Put, "agent.node_maintenance", "/v1/agent/maintenance", empty, recode_empty)
            .idempotent();
    RELOAD: (), Plain =
        Op::decoded_by(Verb::Put, "agent.reload", "/v1/agent/reload", empty, recode_empty).idempotent();
    JOIN: (), Join =
        Op::decoded_by(Verb::Put, "agent.join", "/v1/agent/join/{address}", empty, recode_empty).idempotent();
    LEAVE: (), Plain = Op::decoded_by(Verb::Put, "agent.leave", "/v1/agent/leave", empty, recode_empty);
    FORCE_LEAVE: (), ForceLeave =
        Op::decoded_by(Verb::Put, "agent.force_leave", "/v1/agent/force-leave/{node}", empty, recode_empty)
            .idempotent();
    SET_TOKEN: (), Plain =
        Op::decoded_by(Verb::Put, "agent.set_token", "/v1/agent/token/{kind}", empty, recode_empty).idempotent();
}

client_core::capabilities! {
    /// Lists members.
    pub struct Members: Filtered;
    /// Joins a cluster.
    pub struct Join;
    /// Removes a failed member.
    pub struct ForceLeave;
}
client_core::options! {
    Members {
        /// Lists the servers of all datacenters instead.
        flag wan() = "wan";
        /// Lists those of one segment; `_all` for all (Enterprise).
        text segment() = "segment";
    }
    Join {
        /// Joins the servers of another datacenter.
        flag wan() = "wan";
    }
    ForceLeave {
        /// Forgets it altogether.
        flag prune() = "prune";
        /// Looks among the servers of all datacenters.
        flag wan() = "wan";
    }
}

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

impl Agent<'_> {
    /// The agent's configuration, its place in the cluster and statistics.
    pub fn self_info(&self) -> Call<AgentSelf> {
        self.0.call(&SELF, &[])
    }

    /// The host it runs on.
    pub fn host(&self) -> Call<HostInfo> {
        self.0.call(&HOST, &[])
    }

    /// Its version; needs no token.
    pub fn version(&self) -> Call<AgentVersion> {
        self.0.call(&VERSION, &[])
    }

    /// The members of the cluster as this agent sees them.
    pub fn members(&self) -> Call<Vec<Member>, Members> {
        self.0.call(&MEMBERS, &[])
    }

    /// Puts the node into maintenance, in which all its services count as critical, or takes it
    /// out of it.
    pub fn node_maintenance(&self, enable: bool) -> Call<(), Maintenance> {
        self.0.call(&MAINTENANCE, &[]).set_query("enable", enable)
    }

    /// Reads the configuration files anew, as far as they can change while it runs.
    pub fn reload(&self) -> Call<()> {
        self.0.call(&RELOAD, &[])
    }

    /// Joins the cluster of the member at `address`.
    pub fn join(&self, address: &str) -> Call<(), Join> {
        self.0.call(&JOIN, &[address])
    }

    /// Leaves the cluster and shuts the agent down. The connection may end before the answer.
    pub fn leave(&self) -> Call<()> {
        self.0.call(&LEAVE, &[])
    }

    /// Makes a failed member count as left.
    pub fn force_leave(&self, node: &str) -> Call<(), ForceLeave> {
        self.0.call(&FORCE_LEAVE, &[node])
    }

    /// Changes a token that the agent uses, until it restarts unless it persists tokens.
    pub fn set_token(&self, kind: &AgentToken, token: impl Into<SecretString>) -> Call<()> {
        let body = TokenBody { token: token.into() };
        self.0.call(&SET_TOKEN, &[kind.as_str()]).json(&body)
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
