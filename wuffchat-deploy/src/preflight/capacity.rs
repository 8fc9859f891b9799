//! Nodes: whether they can run the tasks, and whether everything fits.

use nomad_client::{AllocationListStub, NodeEligibility, NodeListStub, NodeStatus};

use super::servers::not_allowed;
use crate::Clients;
use crate::app::{Component, Driver, Environment};
use crate::capacity::{self, Count, Demand, Room, place, wanted};
use crate::finding::Finding;

pub(super) async fn look(clients: &Clients, environment: &Environment) -> Vec<Finding> {
    let everywhere = clients.nomad.namespace("*");
    let (nodes, allocations) = (clients.nomad.nodes(), everywhere.allocations());
    let (nodes, allocations) = tokio::join!(nodes.list().resources(true), allocations.list().resources(true));
    let nodes = match nodes {
        Ok(nodes) => nodes,
        Err(error) => return vec![not_allowed("nomad.nodes", "Nomad's nodes", &error)],
    };
    let suitable: Vec<&NodeListStub> = nodes.iter().filter(|node| is_in(node, environment)).collect();
    let mut findings = vec![suitability(&nodes, &suitable, environment)];
    let driver = match environment.driver {
        Driver::Docker { .. } => "docker",
        Driver::RawExec { .. } => "raw_exec",
    };
    let able: Vec<&NodeListStub> = suitable.iter().copied().filter(|node| runs(node, driver)).collect();
    findings.push(drivers(&suitable, able.len(), driver));
    match allocations {
        Ok(allocations) => findings.extend(fits(&able, &allocations, environment)),
        Err(error) => findings.push(not_allowed("nomad.capacity", "what runs on the nodes", &error)),
    }
    findings
}

/// Whether it takes allocations, in the environment's datacenters and node pool.
fn is_in(node: &NodeListStub, environment: &Environment) -> bool {
    let pool = environment.node_pool.as_deref().unwrap_or("default");
    node.status == NodeStatus::Ready
        && node.scheduling_eligibility == NodeEligibility::Eligible
        && !node.drain
        && (pool == "all" || node.node_pool == pool || node.node_pool.is_empty())
        && environment.datacenters.iter().any(|glob| matches(glob, &node.datacenter))
}

/// Nomad's globs for datacenters: `*` stands for any text.
fn matches(glob: &str, name: &str) -> bool {
    match glob.split_once('*') {
        None => glob == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            rest.is_empty()
                || name.char_indices().any(|(at, _)| name.get(at..).is_some_and(|name| matches(rest, name)))
        }),
    }
}

fn suitability(all: &[NodeListStub], suitable: &[&NodeListStub], environment: &Environment) -> Finding {
    let check = "nomad.nodes";
    let pool = environment.node_pool.as_deref().unwrap_or("default");
    let place = format!("datacenters {} and node pool `{pool}`", environment.datacenters.join(", "));
    let (count, all) = (suitable.len(), all.len());
    match count {
        0 => Finding::problem(check, format!("of {all} nodes none is ready and eligible in {place}"))
            .fix("bring nodes up, end their drain, or correct `datacenters` and `node_pool`"),
        1 => Finding::warning(
            check,
            format!("of {all} nodes one is ready and eligible in {place}: when it is away, so is everything"),
        )
        .fix("two or more nodes"),
        _ => Finding::ok(check, format!("{count} of {all} nodes are ready and eligible in {place}")),
    }
}

fn runs(node: &NodeListStub, driver: &str) -> bool {
    node.drivers.get(driver).is_some_and(|driver| driver.detected && driver.healthy)
}

fn drivers(suitable: &[&NodeListStub], able: usize, driver: &str) -> Finding {
    let check = "nomad.drivers";
    let why = suitable.iter().find(|node| !runs(node, driver)).map(|node| {
        let health =
            node.drivers.get(driver).map(|driver| driver.health_description.clone()).unwrap_or_default();
        let health = if health.is_empty() { "not detected".to_owned() } else { health };
        format!("{}: {health}", node.name)
    });
    let fix = format!("start the driver `{driver}` on the nodes, and allow it in the clients' configuration");
    match (able, why) {
        (0, Some(why)) => Finding::problem(check, format!("no node runs `{driver}` tasks ({why})")).fix(fix),
        (0, None) => Finding::problem(check, format!("no node runs `{driver}` tasks")).fix(fix),
        (_, Some(why)) => {
            let message = format!("{able} of {} nodes run `{driver}` tasks ({why})", suitable.len());
            Finding::warning(check, message).fix(fix)
        }
        (_, None) => Finding::ok(check, format!("all {able} nodes run `{driver}` tasks")),
    }
}

fn fits(
    nodes: &[&NodeListStub],
    allocations: &[AllocationListStub],
    environment: &Environment,
) -> Vec<Finding> {
    let ours = |allocation: &AllocationListStub| {
        let job = allocation.job_id.as_str();
        allocation.namespace == environment.namespace && Component::ALL.iter().any(|one| one.job_id() == job)
    };
    // What our jobs have now they will have again.
    let others: Vec<&AllocationListStub> =
        allocations.iter().filter(|allocation| !allocation.is_over() && !ours(allocation)).collect();
    let room: Vec<Room> = nodes.iter().map(|node| left(node, &others)).collect();
    let application = capacity::demands(&capacity::application(environment));
    // What of the platform runs has taken its place; what does not is still to come.
    let runs = |demand: &Demand| {
        let own = |it: &&AllocationListStub| it.namespace == environment.namespace && it.job_id == demand.job;
        others.iter().any(own)
    };
    let mut all = capacity::demands(&capacity::registered(environment));
    all.retain(|demand| !runs(demand));
    vec![
        judge(
            "nomad.capacity",
            "the instances and their canaries",
            &room,
            (&application, Count::Deploying),
            true,
        ),
        judge(
            "nomad.capacity_at_most",
            "the instances at the scaling's maximum, canaries, and what of the platform does not run yet",
            &room,
            (&all, Count::MostDeploying),
            false,
        ),
    ]
}

fn judge(
    check: &str,
    what: &str,
    room: &[Room],
    (demands, count): (&[Demand], Count),
    must: bool,
) -> Finding {
    let memory: u64 = room.iter().map(|room| room.memory).sum();
    let asked = wanted(demands, count, room.len()).memory;
    let message = format!("{what} need {asked} MiB, and {memory} MiB are free on {} nodes", room.len());
    let fix = "more or larger nodes, or a lower count, size or maximum";
    match place(room, demands, count) {
        0 => Finding::ok(check, message),
        missing if must => Finding::problem(check, format!("{message}: {missing} find no place")).fix(fix),
        missing => Finding::warning(check, format!("{message}: {missing} find no place")).fix(fix),
    }
}

/// What a node has beyond what is reserved and what others use.
fn left(node: &NodeListStub, allocations: &[&AllocationListStub]) -> Room {
    let positive = |number: i64| u64::try_from(number).unwrap_or(0);
    let mut room = node.node_resources.as_ref().map_or_else(Room::default, |has| Room {
        cpu: positive(has.cpu.cpu_shares),
        memory: positive(has.memory.memory_mb),
    });
    let mut take = |cpu: u64, memory: u64| {
        room.cpu = room.cpu.saturating_sub(cpu);
        room.memory = room.memory.saturating_sub(memory);
    };
    if let Some(reserved) = &node.reserved_resources {
        take(reserved.cpu.cpu_shares, positive(reserved.memory.memory_mb));
    }
    for allocation in allocations.iter().filter(|allocation| allocation.node_id == node.id) {
        let Some(resources) = &allocation.allocated_resources else { continue };
        for (_, task) in resources.tasks.iter() {
            take(positive(task.cpu.cpu_shares), positive(task.memory.memory_mb));
        }
    }
    room
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, Stage};

    fn node(datacenter: &str, driver: &str, memory: i64) -> NodeListStub {
        let value = serde_json::json!({
            "ID": datacenter, "Name": datacenter, "Datacenter": datacenter, "NodePool": "default",
            "Status": "ready", "SchedulingEligibility": "eligible",
            "Drivers": {driver: {"Detected": true, "Healthy": true}},
            "NodeResources": {"Cpu": {"CpuShares": 4000}, "Memory": {"MemoryMB": memory}},
            "ReservedResources": {"Cpu": {"CpuShares": 100}, "Memory": {"MemoryMB": 256}},
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn datacenters_are_globs() {
        for (glob, name, expected) in [
            ("*", "dc1", true),
            ("eu-*", "eu-1", true),
            ("eu-*", "us-1", false),
            ("*-1", "eu-1", true),
            ("dc1", "dc10", false),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
    }

    #[test]
    fn the_document_s_three_machines_are_full_before_the_maximum() {
        let environment = Environment::new(Stage::Production);
        let nodes = ["a", "b", "c"].map(|name| node(name, "docker", 3840));
        let nodes: Vec<&NodeListStub> = nodes.iter().collect();
        let levels: Vec<Level> = fits(&nodes, &[], &environment).iter().map(|found| found.level).collect();
        assert_eq!(levels, [Level::Ok, Level::Warning]);
        let few: Vec<Level> = fits(&nodes[..1], &[], &environment).iter().map(|found| found.level).collect();
        assert_eq!(few, [Level::Problem, Level::Warning]);
    }

    #[test]
    fn nodes_elsewhere_and_without_the_driver_do_not_count() {
        let mut environment = Environment::new(Stage::Staging);
        environment.datacenters = vec!["eu-*".to_owned()];
        let nodes = [node("eu-1", "docker", 1), node("us-1", "docker", 1), node("eu-2", "exec", 1)];
        let suitable: Vec<&NodeListStub> = nodes.iter().filter(|node| is_in(node, &environment)).collect();
        assert_eq!(suitable.len(), 2);
        assert_eq!(drivers(&suitable, 1, "docker").level, Level::Warning);
        assert_eq!(drivers(&suitable, 0, "raw_exec").level, Level::Problem);
        assert_eq!(suitability(&nodes, &[], &environment).level, Level::Problem);
        assert_eq!(suitability(&nodes, &suitable[..1], &environment).level, Level::Warning);
        environment.node_pool = Some("gpu".to_owned());
        assert!(!is_in(&nodes[0], &environment));
    }
}
