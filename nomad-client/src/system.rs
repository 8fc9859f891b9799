//! [Status](https://developer.hashicorp.com/nomad/api-docs/status),
//! [regions](https://developer.hashicorp.com/nomad/api-docs/regions),
//! [garbage collection](https://developer.hashicorp.com/nomad/api-docs/system) and
//! [metrics](https://developer.hashicorp.com/nomad/api-docs/metrics).

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::{Call, Client};

/// The servers as a whole.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// let leader = nomad.system().leader().await?;
/// println!("{leader} leads one of the regions {:?}", nomad.system().regions().await?);
/// # Ok(())
/// # }
/// ```
#[handle(Client::system)]
pub struct System;

#[endpoints("status")]
impl System {
    /// The leader's address; empty where there is none.
    #[get("/v1/status/leader")]
    pub fn leader(&self) -> Call<String> {}

    /// The addresses of the servers that take part in Raft.
    #[get("/v1/status/peers")]
    pub fn peers(&self) -> Call<Vec<String>> {}

    /// The names of all regions.
    #[get("/v1/regions", name = "regions.list")]
    pub fn regions(&self) -> Call<Vec<String>> {}

    /// Forgets jobs, evaluations, allocations and nodes that are over, at once.
    #[put("/v1/system/gc", idempotent, name = "system.gc")]
    pub fn gc(&self) -> Call<()> {}

    /// Counts the allocations of all job summaries anew.
    #[put("/v1/system/reconcile/summaries", idempotent, name = "system.reconcile_summaries")]
    pub fn reconcile_summaries(&self) -> Call<()> {}

    /// The agent's metrics.
    #[get("/v1/metrics", name = "metrics.metrics")]
    pub fn metrics(&self) -> Call<Metrics> {}

    /// The agent's metrics in the format of Prometheus.
    #[get("/v1/metrics", name = "metrics.metrics_prometheus", with = crate::answers::text)]
    pub fn prometheus_metrics(&self) -> Call<String> {
        call.set_query("format", "prometheus")
    }
}

/// Metrics of an agent over the last interval.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Metrics {
    /// When the interval began, as text.
    pub timestamp: String,
    /// Values that go up and down.
    pub gauges: Vec<Gauge>,
    /// Values that were set.
    pub points: Vec<Point>,
    /// Events that were counted.
    pub counters: Vec<Sample>,
    /// Values that were measured.
    pub samples: Vec<Sample>,
    /// Values that go up and down, of high precision.
    pub precision_gauges: Vec<Gauge>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A value that goes up and down.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Gauge {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: f64,
    /// What distinguishes it.
    pub labels: std::collections::BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A value that was set.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Point {
    /// Its name.
    pub name: String,
    /// The values.
    pub points: Vec<f64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Values that were measured.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Sample {
    /// Their name.
    pub name: String,
    /// How many.
    pub count: i64,
    /// For each second.
    pub rate: f64,
    /// All together.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub stddev: f64,
    /// What distinguishes them.
    pub labels: std::collections::BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}
