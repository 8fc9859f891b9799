//! [Status](https://developer.hashicorp.com/nomad/api-docs/status),
//! [regions](https://developer.hashicorp.com/nomad/api-docs/regions),
//! [garbage collection](https://developer.hashicorp.com/nomad/api-docs/system) and
//! [metrics](https://developer.hashicorp.com/nomad/api-docs/metrics).

use client_core::caps::Plain;
use client_core::wire::{self, Wire};
use client_core::{Extra, Op, Verb, operations};

use crate::Call;
use crate::record::handle;

operations! {
    LEADER: String, Plain = Op::new(Verb::Get, "status.leader", "/v1/status/leader");
    PEERS: Vec<String>, Plain = Op::new(Verb::Get, "status.peers", "/v1/status/peers");
    REGIONS: Vec<String>, Plain = Op::new(Verb::Get, "regions.list", "/v1/regions");
    GC: (), Plain =
        Op::decoded_by(Verb::Put, "system.gc", "/v1/system/gc", wire::empty, wire::recode_empty).idempotent();
    RECONCILE_SUMMARIES: (), Plain = Op::decoded_by(
        Verb::Put, "system.reconcile_summaries", "/v1/system/reconcile/summaries", wire::empty, wire::recode_empty,
    ).idempotent();
    METRICS: Metrics, Plain = Op::new(Verb::Get, "metrics.metrics", "/v1/metrics");
    METRICS_PROMETHEUS: String, Plain = Op::decoded_by(
        Verb::Get, "metrics.metrics_prometheus", "/v1/metrics", wire::text, wire::recode_raw,
    );
}

handle! {
    /// The servers as a whole.
    System,
    /// The servers as a whole.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// let leader = nomad.system().leader().await?;
    /// println!("{leader} leads one of the regions {:?}", nomad.system().regions().await?);
    /// # Ok(())
    /// # }
    /// ```
    system
}

impl System<'_> {
    /// The leader's address; empty where there is none.
    pub fn leader(&self) -> Call<String> {
        self.0.call(&LEADER, &[])
    }

    /// The addresses of the servers that take part in Raft.
    pub fn peers(&self) -> Call<Vec<String>> {
        self.0.call(&PEERS, &[])
    }

    /// The names of all regions.
    pub fn regions(&self) -> Call<Vec<String>> {
        self.0.call(&REGIONS, &[])
    }

    /// Forgets jobs, evaluations, allocations and nodes that are over, at once.
    pub fn gc(&self) -> Call<()> {
        self.0.call(&GC, &[])
    }

    /// Counts the allocations of all job summaries anew.
    pub fn reconcile_summaries(&self) -> Call<()> {
        self.0.call(&RECONCILE_SUMMARIES, &[])
    }

    /// The agent's metrics.
    pub fn metrics(&self) -> Call<Metrics> {
        self.0.call(&METRICS, &[])
    }

    /// The agent's metrics in the format of Prometheus.
    pub fn prometheus_metrics(&self) -> Call<String> {
        self.0.call(&METRICS_PROMETHEUS, &[]).set_query("format", "prometheus")
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
