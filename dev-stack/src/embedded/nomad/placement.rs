//! Where an allocation can run: feasible nodes, what they have left, and why none would do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::json::{Json as _, glob, random_below};
use super::state::{State, terminal};

/// Resources of a group or a node: MHz, MiB, MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) cpu: u64,
    pub(crate) memory: u64,
    pub(crate) disk: u64,
}

impl Ask {
    pub(crate) fn plus(self, more: Self) -> Self {
        Self { cpu: self.cpu + more.cpu, memory: self.memory + more.memory, disk: self.disk + more.disk }
    }

    pub(crate) fn minus(self, less: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(less.cpu),
            memory: self.memory.saturating_sub(less.memory),
            disk: self.disk.saturating_sub(less.disk),
        }
    }
}

pub(crate) fn ask(tg: &Value) -> Ask {
    let mut sum = Ask { disk: tg.at("EphemeralDisk").u("SizeMB"), ..Ask::default() };
    for task in tg.a("Tasks") {
        let r = task.at("Resources");
        sum.cpu += r.u("CPU").max(r.u("Cores") * 1000);
        sum.memory += r.u("MemoryMB");
    }
    sum
}

pub(crate) fn used_by(alloc: &Value) -> Ask {
    let resources = alloc.at("AllocatedResources");
    let mut sum = Ask { disk: resources.at("Shared").u("DiskMB"), ..Ask::default() };
    for (_, task) in resources.map("Tasks") {
        sum.cpu += task.at("Cpu").u("CpuShares");
        sum.memory += task.at("Memory").u("MemoryMB");
    }
    sum
}

/// A chosen node, the ports there, and the metrics the allocation carries.
#[derive(Debug)]
pub(crate) struct Spot {
    pub(crate) node: String,
    /// Label, host port, port in the task.
    pub(crate) ports: Vec<(String, u64, u64)>,
    pub(crate) metrics: Value,
}

/// The cluster as one plan sees it, with what the plan itself adds and takes away.
#[derive(Debug)]
pub(crate) struct Cluster<'a> {
    state: &'a State,
    used: BTreeMap<String, Ask>,
    /// Ports the plan takes and gives back, per node.
    taken: BTreeMap<String, BTreeSet<u64>>,
    returned: BTreeMap<String, BTreeSet<u64>>,
    /// Allocations of the job per node, and of the group per node.
    job_on: BTreeMap<String, u64>,
    group_on: BTreeMap<(String, String), u64>,
}

pub(crate) fn ports_of(alloc: &Value) -> impl Iterator<Item = u64> + '_ {
    alloc.at("AllocatedResources").at("Shared").a("Ports").iter().map(|p| p.u("Value"))
}

impl<'a> Cluster<'a> {
    pub(crate) fn new(state: &'a State, job: &Value) -> Self {
        let mut cluster = Self {
            state,
            used: state.usage.nodes().map(|(id, node)| (id.clone(), node.ask)).collect(),
            taken: BTreeMap::new(),
            returned: BTreeMap::new(),
            job_on: BTreeMap::new(),
            group_on: BTreeMap::new(),
        };
        let key = (job.s("Namespace").to_owned(), job.s("ID").to_owned());
        for a in state.allocs.of(&key).filter(|a| !terminal(a)) {
            let node = a.s("NodeID").to_owned();
            *cluster.job_on.entry(node.clone()).or_default() += 1;
            *cluster.group_on.entry((node, a.s("TaskGroup").into())).or_default() += 1;
        }
        cluster
    }

    /// Gives back what an allocation the plan stops holds.
    pub(crate) fn release(&mut self, alloc: &Value) {
        if terminal(alloc) {
            return;
        }
        let node = alloc.s("NodeID").to_owned();
        if let Some(sum) = self.used.get_mut(&node) {
            *sum = sum.minus(used_by(alloc));
        }
        self.returned.entry(node.clone()).or_default().extend(ports_of(alloc));
        for n in self
            .job_on
            .get_mut(&node)
            .into_iter()
            .chain(self.group_on.get_mut(&(node, alloc.s("TaskGroup").into())))
        {
            *n = n.saturating_sub(1);
        }
    }

    /// Nodes a job of this pool and these datacenters may use at all.
    fn candidates(&self, job: &Value) -> (Vec<&'a Value>, Value, u64) {
        let pool = job.s("NodePool");
        let in_pool = self.state.nodes.values().filter(|n| pool == "all" || n.s("NodePool") == pool);
        let (mut found, mut available, mut total) = (Vec::new(), json!({}), 0_u64);
        for node in in_pool {
            let dc = node.s("Datacenter");
            if node.s("Status") != "ready" || node.s("SchedulingEligibility") != "eligible" || node.b("Drain")
            {
                continue;
            }
            if !job.a("Datacenters").iter().any(|d| d.as_str().is_some_and(|d| glob(d, dc))) {
                continue;
            }
            total += 1;
            let n = available.u(dc) + 1;
            available.put(dc, n);
            found.push(node);
        }
        (found, available, total)
    }

    /// All nodes on which a group of a system job could run, resources aside.
    pub(crate) fn feasible(&self, job: &Value, tg: &Value) -> Vec<String> {
        self.candidates(job)
            .0
            .into_iter()
            .filter(|n| self.filtered(job, tg, n).is_none())
            .map(|n| n.s("ID").to_owned())
            .collect()
    }

    /// The constraint that rules a node out, in the words of the metrics.
    fn filtered(&self, job: &Value, tg: &Value, node: &Value) -> Option<String> {
        for task in tg.a("Tasks") {
            let driver = node.at("Drivers").at(task.s("Driver"));
            if !driver.b("Detected") || !driver.b("Healthy") {
                return Some("missing drivers".into());
            }
        }
        for (_, v) in tg.map("Volumes").filter(|(_, v)| v.s("Type") == "host") {
            if !node.at("HostVolumes").has(v.s("Source")) {
                return Some("missing compatible host volumes".into());
            }
        }
        let sources = [job, tg].into_iter().chain(tg.a("Tasks"));
        for c in sources.flat_map(|s| s.a("Constraints")) {
            let ok = match c.s("Operand") {
                "distinct_hosts" if c.s("RTarget") != "false" => {
                    let id = node.s("ID").to_owned();
                    let taken = if job.a("Constraints").contains(c) {
                        self.job_on.get(&id)
                    } else {
                        self.group_on.get(&(id, tg.s("Name").into()))
                    };
                    taken.copied().unwrap_or(0) == 0
                }
                "distinct_hosts" | "distinct_property" => true,
                op => matches(op, &resolve(node, c.s("LTarget")), &resolve(node, c.s("RTarget"))),
            };
            if !ok {
                return Some(match c.s("Operand") {
                    "distinct_hosts" => "distinct_hosts".into(),
                    op => format!("{} {op} {}", c.s("LTarget"), c.s("RTarget")),
                });
            }
        }
        None
    }

    /// The best node for one more instance, or the metrics that explain why there is none.
    pub(crate) fn place(
        &mut self,
        job: &Value,
        tg: &Value,
        pinned: Option<&str>,
        avoid: Option<&str>,
    ) -> Result<Spot, Value> {
        let (nodes, available, in_pool) = self.candidates(job);
        let mut m = json!({"AllocationTime": 20_000 + random_below(80_000), "ClassExhausted": null, "ClassFiltered": null,
            "CoalescedFailures": 0, "ConstraintFiltered": null, "DimensionExhausted": null, "NodePool": job.s("NodePool"),
            "NodesAvailable": available, "NodesEvaluated": 0, "NodesExhausted": 0, "NodesFiltered": 0, "NodesInPool": in_pool,
            "QuotaExhausted": null, "ResourcesExhausted": null, "ScoreMetaData": null, "Scores": null});
        let wanted = ask(tg);
        let spread = self.state.scheduler.s("SchedulerAlgorithm") == "spread";
        let mut best: Option<(f64, &Value)> = None;
        let mut scores = Vec::new();
        for node in nodes {
            let id = node.s("ID");
            if pinned.is_some_and(|p| p != id) {
                continue;
            }
            count(&mut m, "NodesEvaluated");
            if let Some(why) = self.filtered(job, tg, node) {
                count(&mut m, "NodesFiltered");
                count(m.obj("ConstraintFiltered"), &why);
                continue;
            }
            let r = node.at("NodeResources");
            let total = Ask {
                cpu: r.at("Cpu").u("CpuShares"),
                memory: r.at("Memory").u("MemoryMB"),
                disk: r.at("Disk").u("DiskMB"),
            };
            let used = self.used.get(id).copied().unwrap_or_default();
            let short = [
                ("cpu", used.cpu + wanted.cpu > total.cpu),
                ("memory", used.memory + wanted.memory > total.memory),
                ("disk", used.disk + wanted.disk > total.disk),
            ];
            if let Some((dimension, _)) = short.iter().find(|(_, short)| *short) {
                count(&mut m, "NodesExhausted");
                count(m.obj("DimensionExhausted"), dimension);
                exhausted(&mut m, tg, dimension);
                continue;
            }
            if let Some(port) = self.port_conflict(tg, id) {
                count(&mut m, "NodesExhausted");
                count(
                    m.obj("DimensionExhausted"),
                    &format!("network: reserved port collision {}={}", port.0, port.1),
                );
                continue;
            }
            let score = self.score(job, tg, node, (used, wanted, total), spread, avoid == Some(id));
            let norm = total_score(&score);
            scores.push(json!({"NodeID": id, "NormScore": norm, "Scores": score}));
            if best.is_none_or(|(b, _)| norm > b) {
                best = Some((norm, node));
            }
        }
        let Some((_, node)) = best else { return Err(m) };
        scores.sort_by(|a, b| {
            b["NormScore"].as_f64().unwrap_or(0.0).total_cmp(&a["NormScore"].as_f64().unwrap_or(0.0))
        });
        m.put("ScoreMetaData", scores);
        let id = node.s("ID").to_owned();
        let ports = self.take(&id, tg, wanted);
        Ok(Spot { node: id, ports, metrics: m })
    }

    fn score(
        &self,
        job: &Value,
        tg: &Value,
        node: &Value,
        (used, wanted, total): (Ask, Ask, Ask),
        spread: bool,
        avoid: bool,
    ) -> Value {
        let id = node.s("ID").to_owned();
        let share = |u: u64, t: u64| if t == 0 { 1.0 } else { as_f64(u) / as_f64(t) };
        let fit = f64::midpoint(
            share(used.cpu + wanted.cpu, total.cpu),
            share(used.memory + wanted.memory, total.memory),
        );
        let binpack = if spread { 1.0 - fit } else { fit };
        let mut scores = json!({"binpack": binpack, "node-affinity": affinity(job, tg, node),
            "node-reschedule-penalty": if avoid { -1.0 } else { 0.0 }});
        let same = self.group_on.get(&(id, tg.s("Name").into())).copied().unwrap_or(0);
        let want = as_f64(tg.u("Count").max(1));
        scores.put("job-anti-affinity", if same == 0 { 0.0 } else { -(as_f64(same) + 1.0) / want });
        scores
    }

    fn port_conflict(&self, tg: &Value, node: &str) -> Option<(String, u64)> {
        tg.a("Networks")
            .iter()
            .flat_map(|n| n.a("ReservedPorts"))
            .map(|p| (p.s("Label").to_owned(), p.u("Value")))
            .find(|(_, p)| self.holds(node, *p))
    }

    /// Whether somebody holds a port of a node once the plan is applied.
    fn holds(&self, node: &str, port: u64) -> bool {
        let has =
            |ports: &BTreeMap<String, BTreeSet<u64>>| ports.get(node).is_some_and(|p| p.contains(&port));
        let held = || self.state.usage.node(node).is_some_and(|n| n.ports.contains_key(&port));
        has(&self.taken) || (!has(&self.returned) && held())
    }

    fn take(&mut self, node: &str, tg: &Value, wanted: Ask) -> Vec<(String, u64, u64)> {
        let sum = self.used.entry(node.to_owned()).or_default();
        *sum = sum.plus(wanted);
        *self.job_on.entry(node.to_owned()).or_default() += 1;
        *self.group_on.entry((node.to_owned(), tg.s("Name").into())).or_default() += 1;
        let mut out: Vec<(String, u64, u64)> = Vec::new();
        for network in tg.a("Networks") {
            for p in network.a("ReservedPorts") {
                self.taken.entry(node.to_owned()).or_default().insert(p.u("Value"));
                out.push((p.s("Label").to_owned(), p.u("Value"), p.u("To")));
            }
            for p in network.a("DynamicPorts") {
                let mut port = 20_000 + random_below(12_000);
                while self.holds(node, port) {
                    port = if port == 31_999 { 20_000 } else { port + 1 };
                }
                self.taken.entry(node.to_owned()).or_default().insert(port);
                out.push((p.s("Label").to_owned(), port, p.u("To")));
            }
        }
        out
    }
}

fn as_f64(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn count(v: &mut Value, key: &str) {
    let n = v.u(key) + 1;
    v.put(key, n);
}

fn total_score(scores: &Value) -> f64 {
    let used: Vec<f64> = scores
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(k, v)| {
            let v = v.as_f64()?;
            (v != 0.0 || k == "binpack").then_some(v)
        })
        .collect();
    used.iter().sum::<f64>() / as_f64(super::json::len(used.len()).max(1))
}

fn exhausted(m: &mut Value, tg: &Value, dimension: &str) {
    for task in tg.a("Tasks") {
        let mut zero = json!({"CPU": 0, "Cores": 0, "Devices": null, "DiskMB": 0, "IOPS": 0, "MemoryMB": 0, "MemoryMaxMB": 0,
            "NUMA": null, "Networks": null, "SecretsMB": 0});
        let field = match dimension {
            "cpu" => "CPU",
            "memory" => "MemoryMB",
            _ => "DiskMB",
        };
        zero.put(field, task.at("Resources").u(field));
        m.obj("ResourcesExhausted").put(task.s("Name"), zero);
    }
}

fn affinity(job: &Value, tg: &Value, node: &Value) -> f64 {
    let all: Vec<&Value> =
        [job, tg].into_iter().chain(tg.a("Tasks")).flat_map(|s| s.a("Affinities")).collect();
    let weight = |a: &Value| i32::try_from(a.i("Weight")).map_or(0.0, f64::from);
    let sum: f64 = all.iter().map(|a| weight(a).abs()).sum();
    if sum == 0.0 {
        return 0.0;
    }
    let hit: f64 = all
        .iter()
        .filter(|a| matches(a.s("Operand"), &resolve(node, a.s("LTarget")), &resolve(node, a.s("RTarget"))))
        .map(|a| weight(a))
        .sum();
    hit / sum
}

/// What `${attr.x}`, `${meta.x}` or `${node.x}` is on a node; other text stands for itself, an unknown attribute for nothing.
pub(crate) fn resolve(node: &Value, target: &str) -> Option<String> {
    let Some(inner) = target.strip_prefix("${").and_then(|t| t.strip_suffix('}')) else {
        return Some(target.to_owned());
    };
    let text = |v: &Value| v.as_str().map(str::to_owned);
    match inner {
        "node.unique.id" => text(node.at("ID")),
        "node.datacenter" => text(node.at("Datacenter")),
        "node.unique.name" => text(node.at("Name")),
        "node.class" => text(node.at("NodeClass")),
        "node.pool" => text(node.at("NodePool")),
        "node.region" => Some("global".into()),
        _ => match inner.split_once('.') {
            Some(("attr", key)) => text(node.at("Attributes").at(key)),
            Some(("meta", key)) => text(node.at("Meta").at(key)),
            _ => None,
        },
    }
}

fn matches(op: &str, left: &Option<String>, right: &Option<String>) -> bool {
    match op {
        "is_set" => return left.is_some(),
        "is_not_set" => return left.is_none(),
        "!=" | "not" => return left != right,
        _ => {}
    }
    let (Some(l), Some(r)) = (left, right) else { return false };
    match op {
        "=" | "==" | "is" => l == r,
        "<" | "<=" | ">" | ">=" => {
            let order = match (l.parse::<f64>(), r.parse::<f64>()) {
                (Ok(a), Ok(b)) => a.total_cmp(&b),
                _ => l.cmp(r),
            };
            match op {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                _ => order.is_ge(),
            }
        }
        "version" | "semver" => version_matches(l, r),
        "regexp" => super::bexpr::pattern_matches(r, l).unwrap_or(false),
        "set_contains" | "set_contains_all" => {
            r.split(',').all(|want| l.split(',').any(|have| have.trim() == want.trim()))
        }
        "set_contains_any" => r.split(',').any(|want| l.split(',').any(|have| have.trim() == want.trim())),
        _ => false,
    }
}

/// Constraints such as `>= 1.7.0-a, < 2`.
pub(crate) fn version_matches(version: &str, constraints: &str) -> bool {
    let Some(have) = version_parts(version) else { return false };
    constraints.split(',').all(|c| {
        let c = c.trim();
        let (op, want) = c.split_at(c.find(|ch: char| ch.is_ascii_digit() || ch == 'v').unwrap_or(0));
        let Some(want) = version_parts(want) else { return false };
        match op.trim() {
            "" | "=" => have == want,
            "!=" => have != want,
            ">" => have > want,
            ">=" => have >= want,
            "<" => have < want,
            "<=" => have <= want,
            "~>" => have >= want && have.0.first() == want.0.first(),
            _ => false,
        }
    })
}

/// Numbers, whether it is a release, and the pre-release text; in this order they compare as versions do.
fn version_parts(text: &str) -> Option<(Vec<u64>, bool, String)> {
    let text = text.trim().trim_start_matches('v');
    let text = text.split('+').next().unwrap_or(text);
    let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
    let mut parts = numbers.split('.').map(|p| p.parse().ok()).collect::<Option<Vec<u64>>>()?;
    parts.resize(3, 0);
    Some((parts, pre.is_empty(), pre.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_with_their_pre_releases() {
        assert!(version_matches("2.0.5", ">= 1.7.0-a"));
        assert!(version_matches("1.18.3", ">= 0.6.1, < 2"));
        assert!(!version_matches("1.7.0-a", ">= 1.7.0"));
        assert!(!version_matches("1.0.0", "> 1"));
        assert!(version_matches("1.9.0", "~> 1.7"));
    }

    #[test]
    fn constraints_know_missing_attributes() {
        let node = json!({"Attributes": {"kernel.name": "linux"}, "Meta": {"rack": "r1"}});
        assert_eq!(resolve(&node, "${meta.rack}").as_deref(), Some("r1"));
        assert!(matches("is_not_set", &resolve(&node, "${attr.nope}"), &None));
        assert!(matches("!=", &resolve(&node, "${attr.nope}"), &Some("x".into())));
        assert!(!matches("=", &resolve(&node, "${attr.nope}"), &Some("x".into())));
        assert!(matches("set_contains_any", &Some("a,b".into()), &Some("b,c".into())));
    }
}
