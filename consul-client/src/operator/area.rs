//! Network areas, which join datacenters by two (Enterprise).

use std::time::Duration;

use client_core::caps::Plain;
use client_core::wire::{empty, recode_empty};
use client_core::{Op, Verb, operations};

use super::Operator;
use crate::Call;
use crate::caps::{BlockingList, Change};
use crate::record::record;

operations! {
    LIST: Vec<Area>, BlockingList =
        Op::new(Verb::Get, "operator.areas", "/v1/operator/area").blocking().enterprise();
    CREATE: crate::session::SessionId, Plain =
        Op::new(Verb::Post, "operator.create_area", "/v1/operator/area").enterprise();
    GET: Vec<Area>, crate::caps::BlockingLookup =
        Op::new(Verb::Get, "operator.area", "/v1/operator/area/{id}").blocking().enterprise();
    UPDATE: (), Change =
        Op::decoded_by(Verb::Put, "operator.update_area", "/v1/operator/area/{id}", empty, recode_empty)
            .idempotent()
            .enterprise();
    DELETE: (), Change =
        Op::decoded_by(Verb::Delete, "operator.delete_area", "/v1/operator/area/{id}", empty, recode_empty)
            .idempotent()
            .enterprise();
    JOIN: Vec<AreaJoin>, Change =
        Op::new(Verb::Put, "operator.join_area", "/v1/operator/area/{id}/join").idempotent().enterprise();
    MEMBERS: Vec<AreaMember>, crate::caps::Lookup =
        Op::new(Verb::Get, "operator.area_members", "/v1/operator/area/{id}/members").enterprise();
}

impl Operator<'_> {
    /// Lists the areas (Enterprise).
    pub fn areas(&self) -> Call<Vec<Area>, BlockingList> {
        self.0.call(&LIST, &[])
    }

    /// Creates an area and answers its id (Enterprise).
    pub fn create_area(&self, area: &Area) -> Call<crate::session::SessionId> {
        self.0.call(&CREATE, &[]).json(area)
    }

    /// Reads an area: a list of one (Enterprise).
    pub fn area(&self, id: &str) -> Call<Vec<Area>, crate::caps::BlockingLookup> {
        self.0.call(&GET, &[id])
    }

    /// Replaces an area's settings (Enterprise).
    pub fn update_area(&self, id: &str, area: &Area) -> Call<(), Change> {
        self.0.call(&UPDATE, &[id]).json(area)
    }

    /// Deletes an area (Enterprise).
    pub fn delete_area(&self, id: &str) -> Call<(), Change> {
        self.0.call(&DELETE, &[id])
    }

    /// Joins servers of the other datacenter (Enterprise).
    pub fn join_area(&self, id: &str, addresses: &[&str]) -> Call<Vec<AreaJoin>, Change> {
        self.0.call(&JOIN, &[id]).json(addresses)
    }

    /// Lists the servers in an area (Enterprise).
    pub fn area_members(&self, id: &str) -> Call<Vec<AreaMember>, crate::caps::Lookup> {
        self.0.call(&MEMBERS, &[id])
    }
}

record! {
    /// A network area (Enterprise).
    pub struct Area {
        /// Its id; `None` for one that is to be created.
        #[serde(rename = "ID")]
        id: Option<String>,
        /// The other datacenter.
        peer_datacenter: String,
        /// Servers there to join, again and again until it works.
        retry_join: Vec<String>,
        /// Whether TLS is used.
        #[serde(rename = "UseTLS")]
        use_tls: bool,
        ..extra
    }

    /// Whether a server was joined (Enterprise).
    pub struct AreaJoin {
        /// Its address.
        address: String,
        /// Whether it was.
        joined: bool,
        /// Why not.
        error: String,
    }

    /// A server in an area (Enterprise).
    pub struct AreaMember {
        /// Its id.
        #[serde(rename = "ID")]
        id: String,
        /// Its node's name.
        name: String,
        /// Its address.
        addr: String,
        /// Its port.
        port: u16,
        /// Its datacenter.
        datacenter: String,
        /// Its part.
        role: String,
        /// Its version.
        build: String,
        /// The version of the protocol it speaks.
        protocol: u32,
        /// Whether it is there, such as `alive`.
        status: String,
        /// The round-trip time to it, in nanoseconds; negative where it is not known.
        #[serde(rename = "RTT")]
        rtt: i64,
        ..extra
    }
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
