//! Why there is no place for an allocation.

use serde::Serialize;

use crate::allocations::AllocMetric;

/// Why there is no place for the allocations of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PlacementExplanation {
    /// The group.
    pub group: String,
    /// How many allocations have none.
    pub missing: u64,
    /// The cause in one sentence.
    pub message: String,
    /// Each reason and how many nodes it rules out, most first.
    pub reasons: Vec<(String, u64)>,
}

/// Why there is no place for the allocations of `group`.
#[must_use]
pub fn explain_placement(group: &str, metric: &AllocMetric) -> PlacementExplanation {
    let mut reasons: Vec<(String, u64)> = Vec::new();
    let mut add = |text: String, count: i64| reasons.push((text, count.unsigned_abs()));
    for (constraint, count) in &metric.constraint_filtered {
        add(constraint_text(constraint), *count);
    }
    for (dimension, count) in &metric.dimension_exhausted {
        add(format!("not enough {dimension}"), *count);
    }
    if metric.constraint_filtered.is_empty() {
        for (class, count) in &metric.class_filtered {
            add(format!("node class `{class}` does not fit"), *count);
        }
    }
    for quota in &metric.quota_exhausted {
        add(format!("quota `{quota}` is used up"), 0);
    }
    // The largest number first, and equal ones always in the same order.
    reasons.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    let message = sentence(metric, &reasons);
    PlacementExplanation { group: group.to_owned(), missing: metric.coalesced_failures + 1, message, reasons }
}

/// A constraint as the scheduler names it, in words where it is a usual one.
fn constraint_text(constraint: &str) -> String {
    match constraint {
        "missing drivers" => "the driver is missing".to_owned(),
        "missing network" => "the network mode is missing".to_owned(),
        "missing host volume" | "missing compatible host volumes" => "the host volume is missing".to_owned(),
        "missing devices" => "the device is missing".to_owned(),
        "distinct_hosts" => "an allocation of the job is there already (distinct_hosts)".to_owned(),
        other => format!("constraint `{other}`"),
    }
}

fn sentence(metric: &AllocMetric, reasons: &[(String, u64)]) -> String {
    let available: i64 = metric.nodes_available.values().sum();
    if metric.nodes_in_pool == 0 && metric.nodes_evaluated == 0 {
        let pool = if metric.node_pool.is_empty() { "default" } else { &metric.node_pool };
        return format!("the node pool `{pool}` has no nodes that are ready");
    }
    if metric.nodes_evaluated == 0 {
        let centers: Vec<_> = metric.nodes_available.keys().map(String::as_str).collect();
        return match (available, centers.is_empty()) {
            (0, false) => format!("no node is ready in {}", centers.join(", ")),
            _ => "no node was eligible".to_owned(),
        };
    }
    let nodes = |count: u64| if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
    let listed: Vec<_> = reasons
        .iter()
        .map(|(text, count)| if *count == 0 { text.clone() } else { format!("{text} on {}", nodes(*count)) })
        .collect();
    let looked_at = format!("none of {} fits", nodes(metric.nodes_evaluated));
    if listed.is_empty() { looked_at } else { format!("{looked_at}: {}", listed.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sentences() {
        let cases = [
            (
                json!({"NodesEvaluated": 3, "NodesInPool": 3, "NodesFiltered": 2, "NodesExhausted": 1,
                       "ConstraintFiltered": {"missing drivers": 2}, "DimensionExhausted": {"memory": 1}}),
                "none of 3 nodes fits: the driver is missing on 2 nodes, not enough memory on 1 node",
            ),
            (
                json!({"NodesEvaluated": 1, "NodesInPool": 1, "DimensionExhausted": {"cpu": 1}}),
                "none of 1 node fits: not enough cpu on 1 node",
            ),
            (json!({"NodePool": "gpu"}), "the node pool `gpu` has no nodes that are ready"),
            (
                json!({"NodesInPool": 2, "NodesAvailable": {"dc1": 0, "dc2": 0}}),
                "no node is ready in dc1, dc2",
            ),
        ];
        for (metric, wanted) in cases {
            let metric: AllocMetric = serde_json::from_value(metric).unwrap();
            assert_eq!(explain_placement("api", &metric).message, wanted);
        }
    }

    #[test]
    fn coalesced_failures_count() {
        let metric: AllocMetric = serde_json::from_value(json!({"CoalescedFailures": 4})).unwrap();
        assert_eq!(explain_placement("api", &metric).missing, 5);
    }
}
