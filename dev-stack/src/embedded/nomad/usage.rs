//! What allocations hold on each node, kept up to date change by change.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::Json as _;
use super::placement::{Ask, ports_of, used_by};
use super::state::terminal;

/// What one allocation holds.
#[derive(Debug)]
struct Held {
    node: String,
    ask: Ask,
    ports: Vec<u64>,
}

/// The sum of one node.
#[derive(Debug, Default)]
pub(crate) struct OnNode {
    pub(crate) ask: Ask,
    /// How many allocations hold each port.
    pub(crate) ports: BTreeMap<u64, u64>,
}

/// What is held in the whole cluster.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    held: BTreeMap<String, Held>,
    nodes: BTreeMap<String, OnNode>,
}

impl Usage {
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&String, &OnNode)> {
        self.nodes.iter()
    }

    pub(crate) fn node(&self, id: &str) -> Option<&OnNode> {
        self.nodes.get(id)
    }

    /// Takes in how an allocation is now; `None` if it is gone.
    pub(crate) fn update(&mut self, id: &str, alloc: Option<&Value>) {
        if let Some(old) = self.held.remove(id)
            && let Some(node) = self.nodes.get_mut(&old.node)
        {
            node.ask = node.ask.minus(old.ask);
            for port in old.ports {
                if let Some(n) = node.ports.get_mut(&port) {
                    *n = n.saturating_sub(1);
                }
            }
            node.ports.retain(|_, n| *n > 0);
            if node.ask == Ask::default() && node.ports.is_empty() {
                self.nodes.remove(&old.node);
            }
        }
        let Some(a) = alloc.filter(|a| !terminal(a)) else { return };
        let held = Held { node: a.s("NodeID").to_owned(), ask: used_by(a), ports: ports_of(a).collect() };
        let node = self.nodes.entry(held.node.clone()).or_default();
        node.ask = node.ask.plus(held.ask);
        for port in &held.ports {
            *node.ports.entry(*port).or_default() += 1;
        }
        self.held.insert(id.to_owned(), held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_released_is_free_again() {
        let mut usage = Usage::default();
        let mut alloc = json!({"NodeID": "n", "DesiredStatus": "run", "ClientStatus": "running", "AllocatedResources":
            {"Shared": {"DiskMB": 1, "Ports": [{"Value": 80}]}, "Tasks": {"t": {"Cpu": {"CpuShares": 5}, "Memory": {"MemoryMB": 7}}}}});
        usage.update("a", Some(&alloc));
        usage.update("a", Some(&alloc));
        let node = usage.node("n").unwrap();
        assert_eq!((node.ask, node.ports.get(&80)), (Ask { cpu: 5, memory: 7, disk: 1 }, Some(&1)));
        alloc.put("ClientStatus", "complete");
        usage.update("a", Some(&alloc));
        assert!(usage.nodes.is_empty() && usage.held.is_empty());
    }
}
