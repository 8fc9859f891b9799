//! What Consul's own parts ask, which is not documented and can change.

use std::collections::BTreeMap;

use client_core::caps::Plain;
use client_core::wire::Wire;
use client_core::{Extra, Op, Verb, operations};
use jiff::Timestamp;

use crate::caps::{BlockingList, BlockingLookup, BlockingRead};
use crate::catalog::QualifiedName;
use crate::health::ServiceEntry;
use crate::{Call, Client};

operations! {
    STATES: Vec<FederationState>, BlockingList =
        Op::new(Verb::Get, "internal.federation_states", "/v1/internal/federation-states").blocking();
    GATEWAYS: BTreeMap<String, Vec<ServiceEntry>>, BlockingRead = Op::new(
        Verb::Get, "internal.federation_mesh_gateways", "/v1/internal/federation-states/mesh-gateways"
    ).blocking();
    STATE: FederationStateReply, BlockingLookup = Op::new(
        Verb::Get, "internal.federation_state", "/v1/internal/federation-state/{datacenter}"
    ).blocking();
    VIRTUAL_IP: VirtualIpReply, Plain = Op::new(
        Verb::Put, "internal.assign_service_virtual_ip", "/v1/internal/service-virtual-ip"
    ).idempotent();
}

/// What Consul's own parts ask.
#[derive(Debug, Clone)]
pub struct Internal<'a>(&'a Client);

impl Client {
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
    #[must_use]
    pub fn internal(&self) -> Internal<'_> {
        Internal(self)
    }
}

impl Internal<'_> {
    /// Lists how each datacenter is reached through mesh gateways.
    pub fn federation_states(&self) -> Call<Vec<FederationState>, BlockingList> {
        self.0.call(&STATES, &[])
    }

    /// Lists the mesh gateways, by datacenter.
    pub fn federation_mesh_gateways(&self) -> Call<BTreeMap<String, Vec<ServiceEntry>>, BlockingRead> {
        self.0.call(&GATEWAYS, &[])
    }

    /// Reads how a datacenter is reached through mesh gateways.
    pub fn federation_state(&self, datacenter: &str) -> Call<FederationStateReply, BlockingLookup> {
        self.0.call(&STATE, &[datacenter])
    }

    /// Gives a service these virtual addresses besides its own.
    pub fn assign_service_virtual_ip(&self, service: &str, addresses: &[&str]) -> Call<VirtualIpReply> {
        self.0.call(&VIRTUAL_IP, &[]).field("Service", service).field("ManualVIPs", addresses)
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
