//! [Status](https://developer.hashicorp.com/nomad/api-docs/status),
//! [regions](https://developer.hashicorp.com/nomad/api-docs/regions),
//! [garbage collection](https://developer.hashicorp.com/nomad/api-docs/system) and
//! [metrics](https://developer.hashicorp.com/nomad/api-docs/metrics).

use client_core::caps::Plain;
use client_core::{Op, Verb, operations, wire};

use crate::Call;
use crate::record::{handle, records};

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

records! {
    /// Metrics of an agent over the last interval.
    pub struct Metrics {
        /// When the interval began, as text.
        timestamp: String,
        /// Values that go up and down.
        gauges: Vec<Gauge>,
        /// Values that were set.
        points: Vec<Point>,
        /// Events that were counted.
        counters: Vec<Sample>,
        /// Values that were measured.
        samples: Vec<Sample>,
        /// Values that go up and down, of high precision.
        precision_gauges: Vec<Gauge>,
        ..
    }

    /// A value that goes up and down.
    pub struct Gauge {
        /// Its name.
        name: String,
        /// The value.
        value: f64,
        /// What distinguishes it.
        labels: std::collections::BTreeMap<String, String>,
        ..
    }

    /// A value that was set.
    pub struct Point {
        /// Its name.
        name: String,
        /// The values.
        points: Vec<f64>,
        ..
    }

    /// Values that were measured.
    pub struct Sample {
        /// Their name.
        name: String,
        /// How many.
        count: i64,
        /// For each second.
        rate: f64,
        /// All together.
        sum: f64,
        /// The least.
        min: f64,
        /// The most.
        max: f64,
        /// The mean.
        mean: f64,
        /// The standard deviation.
        stddev: f64,
        /// What distinguishes them.
        labels: std::collections::BTreeMap<String, String>,
        ..
    }
}
