//! Network areas, which join datacenters by two (Enterprise).

use std::time::Duration;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};

use super::Operator;
use crate::Call;
use crate::caps::{BlockingList, Change};

#[endpoints("operator")]
impl Operator {
    /// Lists the areas (Enterprise).
    #[get("/v1/operator/area", enterprise)]
    pub fn areas(&self) -> Call<Vec<Area>, BlockingList> {}

    /// Creates an area and answers its id (Enterprise).
    #[post("/v1/operator/area", enterprise)]
    pub fn create_area(&self, area: &Area) -> Call<crate::session::SessionId> {
        call.json(area)
    }

    /// Reads an area: a list of one (Enterprise).
    #[get("/v1/operator/area/{id}", enterprise)]
    pub fn area(&self, id: &str) -> Call<Vec<Area>, crate::caps::BlockingLookup> {}

    /// Replaces an area's settings (Enterprise).
    #[put("/v1/operator/area/{id}", idempotent, enterprise)]
    pub fn update_area(&self, id: &str, area: &Area) -> Call<(), Change> {
        call.json(area)
    }

    /// Deletes an area (Enterprise).
    #[delete("/v1/operator/area/{id}", idempotent, enterprise)]
    pub fn delete_area(&self, id: &str) -> Call<(), Change> {}

    /// Joins servers of the other datacenter (Enterprise).
    #[put("/v1/operator/area/{id}/join", idempotent, enterprise)]
    pub fn join_area(&self, id: &str, addresses: &[&str]) -> Call<Vec<AreaJoin>, Change> {
        call.json(addresses)
    }

    /// Lists the servers in an area (Enterprise).
    #[get("/v1/operator/area/{id}/members", enterprise)]
    pub fn area_members(&self, id: &str) -> Call<Vec<AreaMember>, crate::caps::Lookup> {}
}

/// A network area (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Area {
    /// Its id; `None` for one that is to be created.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// The other datacenter.
    pub peer_datacenter: String,
    /// Servers there to join, again and again until it works.
    pub retry_join: Vec<String>,
    /// Whether TLS is used.
    #[wire(name = "UseTLS")]
    pub use_tls: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// Whether a server was joined (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AreaJoin {
    /// Its address.
    pub address: String,
    /// Whether it was.
    pub joined: bool,
    /// Why not.
    pub error: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A server in an area (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AreaMember {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its node's name.
    pub name: String,
    /// Its address.
    pub addr: String,
    /// Its port.
    pub port: u16,
    /// Its datacenter.
    pub datacenter: String,
    /// Its part.
    pub role: String,
    /// Its version.
    pub build: String,
    /// The version of the protocol it speaks.
    pub protocol: u32,
    /// Whether it is there, such as `alive`.
    pub status: String,
    /// The round-trip time to it, in nanoseconds; negative where it is not known.
    #[wire(name = "RTT")]
    pub rtt: i64,
    /// What this version does not know.
    pub extra: Extra,
}

impl Area {
    /// An area with another datacenter.
    #[must_use]
    pub fn new(peer_datacenter: impl Into<String>) -> Self {
        Self { peer_datacenter: peer_datacenter.into(), ..Self::default() }
    }
}

client_core::setters! { Area {
    /// Joins these servers, again and again until it works.
    retry_join: Vec<String>;
    /// Uses TLS.
    use_tls: bool;
} }

impl AreaMember {
    /// The round-trip time to it, where it is known.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        u64::try_from(self.rtt).ok().map(Duration::from_nanos)
    }
}
