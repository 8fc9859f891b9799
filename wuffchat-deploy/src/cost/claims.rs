//! What the plan for WuffChat claimed about costs, checked.

use serde::Serialize;

use super::capacity::Capacity;
use super::model::{Range, Setup};
use crate::app::Environment;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// It holds.
    Right,
    /// It holds in part.
    Partly,
    /// It does not hold.
    Wrong,
}

/// A claim and what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Claim {
    /// What was claimed, for a month.
    pub claim: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// The computation.
    pub found: String,
}

/// The claimed parts and sums, in dollars a month.
const NODES: Range = Range::new(100.0, 150.0);
const BALANCER: f64 = 20.0;
const VOLUMES: Range = Range::new(20.0, 50.0);
const TOTAL: Range = Range::new(140.0, 220.0);
const FARGATE: Range = Range::new(200.0, 400.0);
const EKS: (f64, f64, f64) = (150.0, 200.0, 350.0);
const SAVINGS: Range = Range::new(130.0, 180.0);

/// The claims with their verdicts, the prices scaled to a month. `setups` are those of
/// [`model`](super::model()) for `hours`.
#[must_use]
pub fn claims(environment: &Environment, setups: &[Setup], capacity: &Capacity, hours: f64) -> Vec<Claim> {
    let months = hours / 730.0;
    let monthly = |range: Range| Range::new(range.low / months, range.high / months);
    let total = |name: &str| {
        setups.iter().find(|setup| setup.name == name).map(|setup| monthly(setup.total)).unwrap_or_default()
    };
    let prices = &environment.cloud.prices;
    let nodes = f64::from(environment.cloud.nodes) * prices.instance_hour * 730.0;
    let balancer = |units: f64| (prices.balancer_hour + units * prices.balancer_unit_hour) * 730.0;
    let volumes = f64::from(environment.cloud.nodes)
        * f64::from(environment.cloud.volume_gib)
        * prices.volume_gib_month;
    vec![
        inside("EC2 instances (3x t3.medium): $100-150", NODES, Range::new(nodes, nodes)),
        inside(
            "Load balancer: $20",
            Range::new(BALANCER - 1.0, BALANCER + 1.0),
            Range::new(balancer(0.0), balancer(1.0)),
        ),
        inside("Storage (EBS): $20-50", VOLUMES, Range::new(volumes, volumes)),
        sum(),
        inside("The set-up costs $140-220", TOTAL, total("nomad")),
        inside("ECS Fargate: $200-400", FARGATE, total("fargate")),
        eks(prices.eks_hour * 730.0),
        savings(),
        measured_savings(total("nomad"), total("fargate"), total("eks")),
        fits(capacity),
    ]
}

/// A computed range against a claimed one: within, overlapping or apart.
fn inside(claim: &str, claimed: Range, found: Range) -> Claim {
    let within = found.low >= claimed.low && found.high <= claimed.high;
    let apart = found.high < claimed.low || found.low > claimed.high;
    let verdict = match (within, apart) {
        (true, _) => Verdict::Right,
        (_, true) => Verdict::Wrong,
        _ => Verdict::Partly,
    };
    Claim {
        claim: claim.to_owned(),
        verdict,
        found: format!("${:.0}-{:.0} by list prices", found.low, found.high),
    }
}

fn sum() -> Claim {
    let sum = Range::new(NODES.low + BALANCER + VOLUMES.low, NODES.high + BALANCER + VOLUMES.high);
    Claim {
        claim: "Total: $140-220, of its own parts".to_owned(),
        verdict: if sum == TOTAL { Verdict::Right } else { Verdict::Wrong },
        found: format!("its parts make ${:.0}-{:.0}", sum.low, sum.high),
    }
}

fn eks(control_plane: f64) -> Claim {
    let (cluster, nodes, total) = EKS;
    let adds_up = cluster + nodes <= total;
    let verdict = match (adds_up, control_plane >= cluster) {
        (true, true) => Verdict::Right,
        (true, false) => Verdict::Partly,
        (false, _) => Verdict::Wrong,
    };
    Claim {
        claim: "EKS: $150+ cluster + $200+ nodes = $350+".to_owned(),
        verdict,
        found: format!(
            "the sum is ${:.0}, but a control plane is ${control_plane:.0} in standard support",
            cluster + nodes
        ),
    }
}

/// The claimed savings against what the claimed ranges allow.
fn savings() -> Claim {
    let same_ends = Range::new(FARGATE.low - TOTAL.low, FARGATE.high - TOTAL.high);
    let eks = Range::new(EKS.2 - TOTAL.high, EKS.2 - TOTAL.low);
    let any = Range::new(FARGATE.low - TOTAL.high, FARGATE.high - TOTAL.low);
    let holds = same_ends == SAVINGS || eks == SAVINGS;
    let possible = any.low <= SAVINGS.low && any.high >= SAVINGS.high;
    Claim {
        claim: "Savings: ~$130-180 (~40-50%), of its own ranges".to_owned(),
        verdict: match (holds, possible) {
            (true, _) => Verdict::Right,
            (false, true) => Verdict::Partly,
            (false, false) => Verdict::Wrong,
        },
        found: format!(
            "against Fargate ${:.0}-{:.0} ({:.0}-{:.0}%) like for like and {} at the extremes, against EKS ${:.0}-{:.0} ({:.0}-{:.0}%): $130 is of EKS, $180 of Fargate",
            same_ends.low,
            same_ends.high,
            same_ends.low / FARGATE.low * 100.0,
            same_ends.high / FARGATE.high * 100.0,
            saved(any),
            eks.low,
            eks.high,
            eks.low / EKS.2 * 100.0,
            eks.high / EKS.2 * 100.0,
        ),
    }
}

/// What is saved, in words: nobody saves less than nothing.
fn saved(range: Range) -> String {
    let one = |dollars: f64| {
        let word = if dollars < 0.0 { "dearer" } else { "cheaper" };
        format!("${:.0} {word}", dollars.abs())
    };
    format!("from {} to {}", one(range.low), one(range.high))
}

/// The claimed share against the computed costs.
fn measured_savings(nomad: Range, fargate: Range, eks: Range) -> Claim {
    let share = |other: f64, own: f64| if other > 0.0 { (other - own) / other * 100.0 } else { 0.0 };
    let shares = [
        share(fargate.low, nomad.low),
        share(fargate.high, nomad.high),
        share(eks.low, nomad.low),
        share(eks.high, nomad.high),
    ];
    let holding = shares.iter().filter(|share| **share >= 40.0).count();
    let verdict = match holding {
        4 => Verdict::Right,
        0 => Verdict::Wrong,
        _ => Verdict::Partly,
    };
    let [fargate_low, fargate_high, eks_low, eks_high] = shares;
    let words = |share: f64| {
        let word = if share < 0.0 { "dearer" } else { "cheaper" };
        format!("{:.0}% {word}", share.abs())
    };
    Claim {
        claim: "40-50% cheaper than managed services".to_owned(),
        verdict,
        found: format!(
            "{} at the least and {} at the greatest count than Fargate, {} and {} than EKS",
            words(fargate_low),
            words(fargate_high),
            words(eks_low),
            words(eks_high)
        ),
    }
}

fn fits(capacity: &Capacity) -> Claim {
    Claim {
        claim: format!("{} instances of the API fit on the nodes", capacity.api_instances),
        verdict: if capacity.fits() { Verdict::Right } else { Verdict::Wrong },
        found: format!(
            "{} of {} MiB are wanted, {} instances find no node, {} in a deployment; {} MHz are reserved and {:.0} sustained",
            capacity.memory_wanted,
            capacity.memory_usable,
            capacity.unplaced,
            capacity.unplaced_in_deployment,
            capacity.cpu_wanted,
            capacity.cpu_sustained
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Stage, cost};

    #[test]
    fn verdicts_of_the_plan() {
        let found = cost::model(&Environment::new(Stage::Production), 730.0).claims;
        let verdict = |start: &str| {
            found.iter().find(|claim| claim.claim.starts_with(start)).map(|claim| claim.verdict).unwrap()
        };
        assert_eq!(verdict("EC2"), Verdict::Right);
        assert_eq!(verdict("Total"), Verdict::Right);
        assert_eq!(verdict("Storage"), Verdict::Wrong);
        assert_eq!(verdict("Load"), Verdict::Partly);
        assert_eq!(verdict("EKS"), Verdict::Partly);
        assert_eq!(verdict("Savings"), Verdict::Partly);
        assert_eq!(verdict("40-50%"), Verdict::Wrong);
        assert_eq!(verdict("10 instances"), Verdict::Wrong);
        for claim in &found {
            assert!(!claim.found.contains("$-") && !claim.found.contains(" -"), "negative: {}", claim.found);
        }
        let savings = found.iter().find(|claim| claim.claim.starts_with("Savings")).unwrap();
        assert!(savings.found.contains("$60-180 (30-45%)") && savings.found.contains("$130-210 (37-60%)"));
        assert!(savings.found.contains("from $20 dearer to $260 cheaper"), "{}", savings.found);
    }
}
