//! What [operators](https://developer.hashicorp.com/consul/api-docs/operator) of the servers need.

mod area;
mod autopilot;
mod keyring;
mod license;
mod raft;
mod usage;

use client_core::Entry;
use client_core::handle;

use crate::Client;

pub use area::{Area, AreaJoin, AreaMember};
pub use autopilot::{
    AutopilotConfig, AutopilotHealth, AutopilotServer, AutopilotState, AutopilotUpgrade, AutopilotZone,
    ServerHealth, UpgradeVersions,
};
pub use keyring::Keyring;
pub use license::{AuditHash, License, LicenseReply};
pub use raft::{LeaderTransfer, RaftConfiguration, RaftServer};
pub use usage::{ServiceUsage, Usage};

/// Markers of this area's calls.
pub mod caps {
    pub use super::autopilot::AutopilotSet;
    pub use super::keyring::{KeyringChange, KeyringList};
    pub use super::license::Utilization;
    pub use super::raft::TransferLeader;
    pub use super::usage::UsageRead;
}

pub(crate) fn operations() -> Vec<Entry> {
    [
        raft::OPERATIONS,
        autopilot::OPERATIONS,
        keyring::OPERATIONS,
        usage::OPERATIONS,
        area::OPERATIONS,
        license::OPERATIONS,
    ]
    .concat()
}

/// What operators of the servers need.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// let health = consul.operator().autopilot_health().await?;
/// println!("healthy: {}, can lose {}", health.healthy, health.failure_tolerance);
/// # Ok(())
/// # }
/// ```
#[handle(Client::operator)]
pub struct Operator;
