//! The agent's own metrics.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};

use super::Agent;
use crate::Call;

#[endpoints("agent")]
impl Agent {
    /// The metrics of the last full interval, 10 seconds.
    #[get("/v1/agent/metrics")]
    pub fn metrics(&self) -> Call<Metrics> {}

    /// The metrics as Prometheus reads them; empty where the agent keeps none for it
    /// (`prometheus_retention_time` is 0).
    #[get("/v1/agent/metrics", with = crate::answers::text)]
    pub fn metrics_prometheus(&self) -> Call<String> {
        call.set_query("format", "prometheus")
    }
}

/// The metrics of one interval.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Metrics {
    /// The interval's start, as Go prints a time.
    pub timestamp: String,
    /// Values at its end.
    pub gauges: Vec<GaugeValue>,
    /// Single points.
    pub points: Vec<PointValue>,
    /// Events.
    pub counters: Vec<SampledValue>,
    /// Durations and sizes.
    pub samples: Vec<SampledValue>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A value.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct GaugeValue {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Points of a metric.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct PointValue {
    /// Its name.
    pub name: String,
    /// The points.
    pub points: Vec<f64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Samples of a metric, summed up.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct SampledValue {
    /// Its name.
    pub name: String,
    /// How many there were.
    pub count: u64,
    /// How much a second.
    pub rate: f64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub stddev: f64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}
