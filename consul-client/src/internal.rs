//! What Consul's own parts ask, which is not documented and can change.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;

use crate::caps::{BlockingList, BlockingLookup, BlockingRead};
use crate::catalog::QualifiedName;
use crate::health::ServiceEntry;
use crate::{Call, Client};

/// What Consul's own parts ask, which is not documented and can change.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// for state in consul.internal().federation_states().await? {
///     println!("{}", state.datacenter);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::internal)]
pub struct Internal;

#[endpoints("internal")]
impl Internal {
    /// Lists how each datacenter is reached through mesh gateways.
    #[get("/v1/internal/federation-states")]
    pub fn federation_states(&self) -> Call<Vec<FederationState>, BlockingList> {}

    /// Lists the mesh gateways, by datacenter.
    #[get("/v1/internal/federation-states/mesh-gateways")]
    pub fn federation_mesh_gateways(&self) -> Call<BTreeMap<String, Vec<ServiceEntry>>, BlockingRead> {}

    /// Reads how a datacenter is reached through mesh gateways.
    #[get("/v1/internal/federation-state/{datacenter}")]
    pub fn federation_state(&self, datacenter: &str) -> Call<FederationStateReply, BlockingLookup> {}

    /// Gives a service these virtual addresses besides its own.
    #[put("/v1/internal/service-virtual-ip", idempotent)]
    pub fn assign_service_virtual_ip(&self, service: &str, addresses: &[&str]) -> Call<VirtualIpReply> {
        call.field("Service", service).field("ManualVIPs", addresses)
    }
}

/// How a datacenter is reached.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct FederationState {
    /// The datacenter.
    pub datacenter: String,
    /// Its mesh gateways.
    pub mesh_gateways: Vec<ServiceEntry>,
    /// When that was found out.
    #[wire(with = client_core::time::rfc3339, keep)]
    pub updated_at: Option<Timestamp>,
    /// The index of its last change in the primary datacenter.
    pub primary_modify_index: u64,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a datacenter is reached.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct FederationStateReply {
    /// That.
    pub state: Option<FederationState>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What giving a service addresses changed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct VirtualIpReply {
    /// Whether there is such a service.
    pub found: bool,
    /// The services that had the addresses.
    pub unassigned_from: Vec<PeeredName>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service of a peer.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct PeeredName {
    /// The service.
    pub service_name: QualifiedName,
    /// The peer.
    pub peer: String,
    /// What this version does not know.
    pub extra: Extra,
}
