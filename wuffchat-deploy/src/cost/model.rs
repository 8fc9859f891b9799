//! Three set-ups for the same work.

use std::iter::Sum;

use serde::Serialize;

use super::capacity::{Capacity, capacity, exactly, limits};
use super::claims::{Claim, claims};
use super::prices::Prices;
use crate::app::{API, Environment, UI};
use crate::capacity::{self as needs, Demand};

/// From the least to the most, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Range {
    /// At the least count of the API.
    pub low: f64,
    /// At the greatest count of the API.
    pub high: f64,
}

impl Range {
    /// From `low` to `high`.
    #[must_use]
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    const fn flat(value: f64) -> Self {
        Self { low: value, high: value }
    }
}

impl Sum for Range {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), |a, b| Self::new(a.low + b.low, a.high + b.high))
    }
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// What for.
    pub name: String,
    /// How much.
    pub cost: Range,
}

/// One way to run the application.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Setup {
    /// `nomad`, `fargate` or `eks`.
    pub name: String,
    /// Its parts.
    pub items: Vec<Item>,
    /// Their sum.
    pub total: Range,
}

/// What an environment costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cost {
    /// The hours it is for.
    pub hours: f64,
    /// What it is computed from.
    pub prices: Prices,
    /// The three ways to run it.
    pub setups: Vec<Setup>,
    /// Whether the nodes hold the greatest count.
    pub capacity: Capacity,
    /// What the plan claimed, checked.
    pub claims: Vec<Claim>,
}

/// What `environment` costs for `hours` hours, 730 of which are a month, on Nomad and elsewhere.
/// The low end is the API's least count and one capacity unit of the load balancer, the high end
/// its greatest count and three units.
///
/// Traffic out, NAT and public addresses are the same in all three and left out, as is the work of
/// the people who look after it.
///
/// ```
/// use wuffchat_deploy::{Environment, Stage, cost};
/// let cost = cost::model(&Environment::new(Stage::Production), 730.0);
/// assert_eq!(cost.setups[0].name, "nomad");
/// assert!(!cost.capacity.fits());
/// ```
#[must_use]
pub fn model(environment: &Environment, hours: f64) -> Cost {
    let prices = &environment.cloud.prices;
    let (least, most) = limits(environment);
    let full = capacity(environment, most);
    let setups = vec![
        setup("nomad", nodes(environment, hours, least, most)),
        setup("fargate", fargate(environment, hours, least, most)),
        setup("eks", {
            let mut items = nodes(environment, hours, least, most);
            items.insert(0, item("control plane", Range::flat(prices.eks_hour * hours)));
            items
        }),
    ];
    let claims = claims(environment, &setups, &full, hours);
    Cost { hours, prices: prices.clone(), setups, capacity: full, claims }
}

fn item(name: impl Into<String>, cost: Range) -> Item {
    Item { name: name.into(), cost }
}

fn setup(name: &str, items: Vec<Item>) -> Setup {
    let total = items.iter().map(|item| item.cost).sum();
    Setup { name: name.to_owned(), items, total }
}

fn balancer(prices: &Prices, hours: f64) -> Item {
    let with = |units: f64| (prices.balancer_hour + units * prices.balancer_unit_hour) * hours;
    item("load balancer", Range::new(with(1.0), with(3.0)))
}

fn nodes(environment: &Environment, hours: f64, least: u32, most: u32) -> Vec<Item> {
    let cloud = &environment.cloud;
    let prices = &cloud.prices;
    let count = f64::from(cloud.nodes);
    let months = hours / 730.0;
    let volumes = count * f64::from(cloud.volume_gib) * prices.volume_gib_month * months;
    // The worst: each task uses all it reserved, for ever.
    let burst = |instances: u32| {
        let wanted = capacity(environment, instances);
        let above = (exactly(wanted.cpu_wanted) - wanted.cpu_sustained).max(0.0);
        above / f64::from(prices.instance_mhz) * prices.burst_vcpu_hour * hours
    };
    vec![
        item(
            format!("{} x {}", cloud.nodes, prices.instance_type),
            Range::flat(count * prices.instance_hour * hours),
        ),
        item("burst above the baseline", Range::new(burst(least), burst(most))),
        item(format!("{} x {} GiB gp3", cloud.nodes, cloud.volume_gib), Range::flat(volumes)),
        balancer(prices, hours),
    ]
}

fn fargate(environment: &Environment, hours: f64, least: u32, most: u32) -> Vec<Item> {
    let prices = &environment.cloud.prices;
    let demands = needs::demands(&needs::registered(environment));
    let one = |demand: &Demand| {
        let mhz = f64::from(prices.instance_mhz);
        let memory = u32::try_from(demand.each.memory).unwrap_or(u32::MAX);
        let (vcpus, gib) = fargate_size(exactly(demand.each.cpu) / mhz, memory);
        (vcpus * prices.fargate_vcpu_hour + gib * prices.fargate_gib_hour) * hours
    };
    // There are no nodes that each would have a proxy of its own.
    let count = |demand: &Demand| if demand.everywhere { 1 } else { demand.count };
    let cost = |wanted: &dyn Fn(&Demand) -> bool| -> f64 {
        let all = demands.iter().filter(|demand| wanted(demand));
        all.map(|demand| one(demand) * f64::from(count(demand))).sum()
    };
    let api: f64 = demands.iter().filter(|demand| demand.job == API).map(one).sum();
    let ui = demands.iter().filter(|demand| demand.job == UI).map(|demand| demand.count).sum::<u32>();
    vec![
        item(format!("API, {least} to {most}"), Range::new(api * f64::from(least), api * f64::from(most))),
        item(format!("UI, {ui}"), Range::flat(cost(&|demand| demand.job == UI))),
        item("monitoring and proxy", Range::flat(cost(&|demand| demand.job != API && demand.job != UI))),
        balancer(prices, hours),
    ]
}

/// The smallest size that Fargate sells with this much: virtual CPUs and GiB. Past its largest it
/// is what was asked for.
fn fargate_size(vcpus: f64, memory: u32) -> (f64, f64) {
    let gib = f64::from(memory) / 1024.0;
    let sizes = [(0.25, 0.5, 2.0), (0.5, 1.0, 4.0), (1.0, 2.0, 8.0), (2.0, 4.0, 16.0), (4.0, 8.0, 30.0)];
    let fitting = sizes.into_iter().find(|(cpu, _, most)| *cpu >= vcpus && *most >= gib);
    match fitting {
        // The smallest has half a GiB, one or two; the others whole ones.
        Some((cpu, least, _)) if gib <= least => (cpu, least),
        Some((cpu, _, _)) => (cpu, gib.ceil()),
        None => (vcpus, gib),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 0.005, "{a} is not {b}");
    }

    #[test]
    fn figures_by_hand() {
        let cost = model(&Environment::new(Stage::Production), 730.0);
        let [nomad, fargate, eks] = cost.setups.as_slice() else { panic!("{:?}", cost.setups) };
        close(nomad.items[0].cost.low, 3.0 * 0.048 * 730.0);
        // API 10 x 500, UI 2 x 200, a proxy of 200 on each of three nodes, Prometheus 300, Grafana 200 and two
        // autoscalers of 100 are 6700 MHz at most, and 2700 at the least; 3000 are sustained.
        close(nomad.items[1].cost.low, 0.0);
        close(nomad.items[1].cost.high, 3700.0 / 2500.0 * 0.05 * 730.0);
        close(nomad.items[2].cost.low, 14.28);
        close(nomad.items[3].cost.low, 0.035 * 730.0);
        close(fargate.items[0].cost.high, 10.0 * (0.25 * 0.04656 + 0.00511) * 730.0);
        close(eks.total.low - nomad.total.low, 73.0);
    }

    #[test]
    fn half_the_hours_cost_half() {
        let environment = Environment::new(Stage::Staging);
        let (whole, half) = (model(&environment, 730.0), model(&environment, 365.0));
        for (whole, half) in whole.setups.iter().zip(&half.setups) {
            close(whole.total.low / 2.0, half.total.low);
            close(whole.total.high / 2.0, half.total.high);
        }
    }

    #[test]
    fn fargate_sells_steps() {
        for (wanted, sold) in [
            ((0.2, 1024), (0.25, 1.0)),
            ((0.08, 512), (0.25, 0.5)),
            ((0.2, 3072), (0.5, 3.0)),
            ((0.3, 512), (0.5, 1.0)),
            ((9.0, 1024), (9.0, 1.0)),
        ] {
            assert_eq!(fargate_size(wanted.0, wanted.1), sold, "{wanted:?}");
        }
    }

    #[test]
    fn a_larger_node_holds_what_a_smaller_does_not() {
        let mut environment = Environment::new(Stage::Production);
        assert!(!capacity(&environment, 10).fits());
        assert!(capacity(&environment, 2).fits());
        environment.cloud.prices.instance_memory = 8192;
        assert!(capacity(&environment, 10).fits());
    }
}
