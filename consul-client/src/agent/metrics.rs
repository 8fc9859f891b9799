//! The agent's own metrics.

use std::collections::BTreeMap;

use client_core::caps::Plain;
use client_core::wire::{recode_raw, text};
use client_core::{Op, Verb, operations};

use super::Agent;
use crate::Call;
use crate::record::record;

operations! {
    METRICS: Metrics, Plain = Op::new(Verb::Get, "agent.metrics", "/v1/agent/metrics");
    PROMETHEUS: String, Plain =
        Op::decoded_by(Verb::Get, "agent.metrics_prometheus", "/v1/agent/metrics", text, recode_raw);
}

impl Agent<'_> {
    /// The metrics of the last full interval, 10 seconds.
    pub fn metrics(&self) -> Call<Metrics> {
        self.0.call(&METRICS, &[])
    }

    /// The metrics as Prometheus reads them; empty where the agent keeps none for it
    /// (`prometheus_retention_time` is 0).
    pub fn metrics_prometheus(&self) -> Call<String> {
        self.0.call(&PROMETHEUS, &[]).set_query("format", "prometheus")
    }
}

record! {
    /// The metrics of one interval.
    pub struct Metrics {
        /// The interval's start, as Go prints a time.
        timestamp: String,
        /// Values at its end.
        gauges: Vec<GaugeValue>,
        /// Single points.
        points: Vec<PointValue>,
        /// Events.
        counters: Vec<SampledValue>,
        /// Durations and sizes.
        samples: Vec<SampledValue>,
    }

    /// A value.
    pub struct GaugeValue {
        /// Its name.
        name: String,
        /// The value.
        value: f64,
        /// Its labels.
        labels: BTreeMap<String, String>,
    }

    /// Points of a metric.
    pub struct PointValue {
        /// Its name.
        name: String,
        /// The points.
        points: Vec<f64>,
    }

    /// Samples of a metric, summed up.
    pub struct SampledValue {
        /// Its name.
        name: String,
        /// How many there were.
        count: u64,
        /// How much a second.
        rate: f64,
        /// Their sum.
        sum: f64,
        /// The smallest.
        min: f64,
        /// The greatest.
        max: f64,
        /// Their mean.
        mean: f64,
        /// Their standard deviation.
        stddev: f64,
        /// Its labels.
        labels: BTreeMap<String, String>,
    }
}
