//! What AWS asks.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// On-demand list prices in US dollars, without tax, discounts, savings plans or free tiers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Prices {
    /// The region they are for.
    pub region: String,
    /// Where they are from, and from when.
    pub source: String,
    /// The node's type.
    pub instance_type: String,
    /// A node's virtual CPUs.
    pub instance_vcpus: u32,
    /// A node's memory in MiB.
    pub instance_memory: u32,
    /// The share of each virtual CPU that a burstable node may use for ever, 1 for other nodes.
    pub instance_baseline: f64,
    /// The clock of a virtual CPU in MHz, as Nomad counts it.
    pub instance_mhz: u32,
    /// A node for an hour.
    pub instance_hour: f64,
    /// A virtual CPU for an hour above the baseline of a burstable node.
    pub burst_vcpu_hour: f64,
    /// A GiB of a gp3 volume for a month.
    pub volume_gib_month: f64,
    /// An application load balancer for an hour.
    pub balancer_hour: f64,
    /// A capacity unit of a load balancer for an hour.
    pub balancer_unit_hour: f64,
    /// A virtual CPU on Fargate for an hour.
    pub fargate_vcpu_hour: f64,
    /// A GiB of memory on Fargate for an hour.
    pub fargate_gib_hour: f64,
    /// An EKS control plane in standard support for an hour.
    pub eks_hour: f64,
}

impl Prices {
    /// The list prices of `eu-central-1`, Linux, of 2025. They change rarely and were not compared
    /// with [AWS's pages](https://aws.amazon.com/ec2/pricing/on-demand/) since: look before a
    /// decision and override what differs.
    #[must_use]
    pub fn eu_central_1() -> Self {
        Self {
            region: "eu-central-1".to_owned(),
            source: "AWS on-demand list prices of 2025, not compared since".to_owned(),
            instance_type: "t3.medium".to_owned(),
            instance_vcpus: 2,
            instance_memory: 4096,
            instance_baseline: 0.2,
            instance_mhz: 2500,
            instance_hour: 0.048,
            burst_vcpu_hour: 0.05,
            volume_gib_month: 0.0952,
            balancer_hour: 0.027,
            balancer_unit_hour: 0.008,
            fargate_vcpu_hour: 0.04656,
            fargate_gib_hour: 0.00511,
            eks_hour: 0.10,
        }
    }

    /// Checks that they are prices.
    ///
    /// # Errors
    ///
    /// One is negative or no number, or the node has nothing to run on.
    pub fn check(&self) -> Result<()> {
        let prices = [
            ("instance_hour", self.instance_hour),
            ("burst_vcpu_hour", self.burst_vcpu_hour),
            ("volume_gib_month", self.volume_gib_month),
            ("balancer_hour", self.balancer_hour),
            ("balancer_unit_hour", self.balancer_unit_hour),
            ("fargate_vcpu_hour", self.fargate_vcpu_hour),
            ("fargate_gib_hour", self.fargate_gib_hour),
            ("eks_hour", self.eks_hour),
            ("instance_baseline", self.instance_baseline),
        ];
        if let Some((name, price)) = prices.into_iter().find(|(_, price)| !price.is_finite() || *price < 0.0)
        {
            return Err(Error::settings(format!("`cloud.prices.{name}` is {price}, which is no price")));
        }
        if self.instance_baseline > 1.0 {
            return Err(Error::settings("`cloud.prices.instance_baseline` is above 1"));
        }
        if self.instance_vcpus == 0 || self.instance_memory == 0 || self.instance_mhz == 0 {
            return Err(Error::settings("`cloud.prices` describes a node without CPU or memory"));
        }
        Ok(())
    }
}

impl Default for Prices {
    fn default() -> Self {
        Self::eu_central_1()
    }
}
