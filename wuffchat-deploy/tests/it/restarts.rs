//! Whether "why will this restart" is what Nomad does: each kind of edit is foretold from the diff alone, compared with
//! what the scheduler says it would do, then made, and compared with what became of the instances. Without agents on
//! PATH it is skipped, which is said and counted.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use dev_stack::DevStack;
use dev_stack::agents::{AgentsOptions, Docker};
use futures_util::future::join_all;
use nomad_client::{AllocationListStub, Client as Nomad, GroupEffect, Job, restarts};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::stack::Stack;

const GROUP: &str = "/TaskGroups/0";
const TASK: &str = "/TaskGroups/0/Tasks/0";

/// What Nomad's diff leaves out.
const UNSEEN: [&str; 3] = ["job spread", "group spread", "task restart policy"];

fn base(id: &str) -> Value {
    json!({
        "ID": id, "Name": id, "Type": "service", "Datacenters": ["*"], "Priority": 50,
        "Meta": {"job": "1"},
        "Constraints": [{"LTarget": "${attr.kernel.name}", "RTarget": "linux", "Operand": "="}],
        "TaskGroups": [{
            "Name": "g", "Count": 1, "Meta": {"group": "1"},
            "Networks": [{"DynamicPorts": [{"Label": "http"}]}],
            "Services": [{
                "Name": format!("{id}-web"), "PortLabel": "http", "Provider": "consul", "Tags": ["one"],
                "Checks": [{"Name": "up", "Type": "tcp", "Interval": 10_000_000_000_u64, "Timeout": 2_000_000_000_u64}],
            }],
            "RestartPolicy": {"Attempts": 1, "Interval": 1_800_000_000_000_u64, "Delay": 15_000_000_000_u64, "Mode": "fail"},
            "ReschedulePolicy": {"Unlimited": true, "Delay": 30_000_000_000_u64, "MaxDelay": 3_600_000_000_000_u64,
                "DelayFunction": "exponential"},
            "EphemeralDisk": {"SizeMB": 50},
            "Update": {"MaxParallel": 1, "MinHealthyTime": 1_000_000_000_u64, "HealthCheck": "task_states",
                "HealthyDeadline": 60_000_000_000_u64, "ProgressDeadline": 120_000_000_000_u64},
            "Tasks": [{
                "Name": "t", "Driver": "raw_exec",
                "Config": {"command": "/bin/sleep", "args": ["600"]},
                "Env": {"A": "1"}, "Meta": {"task": "1"},
                "KillTimeout": 5_000_000_000_u64,
                "Resources": {"CPU": 20, "MemoryMB": 10},
                "LogConfig": {"MaxFiles": 2, "MaxFileSizeMB": 1},
                "Templates": [{"EmbeddedTmpl": "a", "DestPath": "local/a", "ChangeMode": "noop"}],
            }],
        }],
    })
}

/// Puts `value` at `path` of a job; `null` takes away what is there.
fn set(job: &mut Value, path: &str, value: Value) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = job.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match (parent, value) {
        (Value::Object(map), Value::Null) => drop(map.remove(name)),
        (Value::Object(map), value) => drop(map.insert(name.to_owned(), value)),
        (Value::Array(list), value) if name == "-" => list.push(value),
        (Value::Array(list), value) => list[name.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("{other} has no {name}"),
    }
}

fn scaling() -> Value {
    json!({"Min": 1, "Max": 3, "Enabled": true, "Policy": {"cooldown": "1m"}})
}

/// An edit: its name, where, and what is there afterwards.
fn edits() -> Vec<(&'static str, String, Value)> {
    let task = |rest: &str| format!("{TASK}/{rest}");
    let group = |rest: &str| format!("{GROUP}/{rest}");
    let job = |rest: &str| format!("/{rest}");
    let service = |rest: &str| format!("{GROUP}/Services/0/{rest}");
    let template = |rest: &str| format!("{TASK}/Templates/0/{rest}");
    vec![
        ("nothing", job("Priority"), json!(50)),
        ("job priority", job("Priority"), json!(60)),
        ("job meta", job("Meta/job"), json!("2")),
        ("job constraint", job("Constraints/0/Operand"), json!("regexp")),
        (
            "job constraint added",
            job("Constraints/-"),
            json!({"LTarget": "${node.unique.name}", "RTarget": "dev", "Operand": "="}),
        ),
        (
            "job affinity",
            job("Affinities"),
            json!([{"LTarget": "${node.unique.name}", "RTarget": "dev", "Operand": "=", "Weight": 50}]),
        ),
        ("job spread", job("Spreads"), json!([{"Attribute": "${node.unique.name}", "Weight": 50}])),
        ("datacenters", job("Datacenters"), json!(["dc1"])),
        ("all at once", job("AllAtOnce"), json!(true)),
        ("job ui", job("UI"), json!({"Description": "x"})),
        ("count", group("Count"), json!(2)),
        ("group meta", group("Meta/group"), json!("2")),
        (
            "group constraint",
            group("Constraints"),
            json!([{"LTarget": "${attr.kernel.name}", "RTarget": "linux", "Operand": "="}]),
        ),
        (
            "group affinity",
            group("Affinities"),
            json!([{"LTarget": "${node.unique.name}", "RTarget": "dev", "Operand": "=", "Weight": 50}]),
        ),
        ("group spread", group("Spreads"), json!([{"Attribute": "${node.unique.name}", "Weight": 50}])),
        ("shutdown delay of the group", group("ShutdownDelay"), json!(1_000_000_000)),
        ("disconnect", group("Disconnect"), json!({"LostAfter": 60_000_000_000_u64})),
        ("update: max parallel", group("Update/MaxParallel"), json!(2)),
        ("update: canary", group("Update/Canary"), json!(1)),
        ("update: auto revert", group("Update/AutoRevert"), json!(true)),
        ("update: deadlines", group("Update/HealthyDeadline"), json!(70_000_000_000_u64)),
        ("restart attempts", group("RestartPolicy/Attempts"), json!(2)),
        ("restart: render templates", group("RestartPolicy/RenderTemplates"), json!(true)),
        ("reschedule", group("ReschedulePolicy/Delay"), json!(40_000_000_000_u64)),
        (
            "migrate",
            group("Migrate"),
            json!({"MaxParallel": 2, "HealthCheck": "task_states", "MinHealthyTime": 1_000_000_000_u64, "HealthyDeadline": 60_000_000_000_u64}),
        ),
        ("scaling added", group("Scaling"), scaling()),
        ("scaling nothing", group("Scaling"), scaling()),
        ("scaling policy", group("Scaling/Policy/cooldown"), json!("2m")),
        ("scaling limits", group("Scaling/Max"), json!(5)),
        ("scaling off", group("Scaling/Enabled"), json!(false)),
        ("disk size", group("EphemeralDisk/SizeMB"), json!(60)),
        ("disk sticky", group("EphemeralDisk/Sticky"), json!(true)),
        ("network port added", group("Networks/0/DynamicPorts/-"), json!({"Label": "admin"})),
        ("network port label", group("Networks/0/DynamicPorts/-"), json!({"Label": "metrics", "To": 9000})),
        ("network dns", group("Networks/0/DNS"), json!({"Servers": ["1.1.1.1"]})),
        ("service tags", service("Tags"), json!(["two"])),
        ("service canary tags", service("CanaryTags"), json!(["two"])),
        ("service name", service("Name"), json!("other-name")),
        ("service meta", service("Meta"), json!({"a": "b"})),
        ("check interval", service("Checks/0/Interval"), json!(20_000_000_000_u64)),
        ("check name", service("Checks/0/Name"), json!("down")),
        (
            "check added",
            service("Checks/-"),
            json!({"Name": "more", "Type": "tcp", "Interval": 10_000_000_000_u64, "Timeout": 2_000_000_000_u64}),
        ),
        ("check restart", service("Checks/0/CheckRestart"), json!({"Limit": 3, "Grace": 60_000_000_000_u64})),
        ("check removed", service("Checks"), json!([])),
        ("service address mode", service("AddressMode"), json!("host")),
        ("env", task("Env/A"), json!("2")),
        ("env added", task("Env/B"), json!("1")),
        ("env removed", task("Env/A"), Value::Null),
        ("task meta", task("Meta/task"), json!("2")),
        ("arguments", task("Config/args"), json!(["700"])),
        ("command", task("Config/command"), json!("/usr/bin/sleep")),
        ("user", task("User"), json!("root")),
        ("cpu", task("Resources/CPU"), json!(30)),
        ("memory", task("Resources/MemoryMB"), json!(12)),
        ("memory max", task("Resources/MemoryMaxMB"), json!(20)),
        ("kill timeout", task("KillTimeout"), json!(6_000_000_000_u64)),
        ("kill signal", task("KillSignal"), json!("SIGINT")),
        ("shutdown delay of the task", task("ShutdownDelay"), json!(1_000_000_000)),
        ("leader", task("Leader"), json!(true)),
        ("log files", task("LogConfig/MaxFiles"), json!(3)),
        ("log size", task("LogConfig/MaxFileSizeMB"), json!(2)),
        ("log disabled", task("LogConfig/Disabled"), json!(true)),
        ("template text", template("EmbeddedTmpl"), json!("b")),
        ("template mode signal", template("ChangeMode"), json!("restart")),
        ("template splay", template("Splay"), json!(9_000_000_000_u64)),
        ("template added", task("Templates/-"), json!({"EmbeddedTmpl": "b", "DestPath": "local/b"})),
        (
            "task constraint",
            task("Constraints"),
            json!([{"LTarget": "${attr.kernel.name}", "RTarget": "linux", "Operand": "="}]),
        ),
        (
            "task affinity",
            task("Affinities"),
            json!([{"LTarget": "${node.unique.name}", "RTarget": "dev", "Operand": "=", "Weight": 50}]),
        ),
        (
            "task restart policy",
            task("RestartPolicy"),
            json!({"Attempts": 3, "Interval": 1_800_000_000_000_u64, "Delay": 15_000_000_000_u64, "Mode": "fail"}),
        ),
        (
            "vault block",
            task("Vault"),
            json!({"Role": "nomad-workloads", "ChangeMode": "noop", "Env": false}),
        ),
        (
            "identity",
            task("Identities"),
            json!([{"Name": "own", "Audience": ["x"], "TTL": 3_600_000_000_000_u64}]),
        ),
        ("default identity env", task("Identity"), json!({"Env": true})),
        ("empty list of artifacts", task("Artifacts"), json!([])),
        (
            "task added",
            group("Tasks/-"),
            json!({"Name": "u", "Driver": "raw_exec", "Config": {"command": "/bin/sleep", "args": ["600"]},
            "Resources": {"CPU": 20, "MemoryMB": 10}, "LogConfig": {"MaxFiles": 1, "MaxFileSizeMB": 1}}),
        ),
        ("task renamed", task("Name"), json!("renamed")),
        (
            "lifecycle task added",
            group("Tasks/-"),
            json!({"Name": "before", "Driver": "raw_exec", "Lifecycle": {"Hook": "prestart"},
            "Config": {"command": "/bin/true"}, "Resources": {"CPU": 20, "MemoryMB": 10}, "LogConfig": {"MaxFiles": 1, "MaxFileSizeMB": 1}}),
        ),
        (
            "task service added",
            task("Services"),
            json!([{"Name": "task-web", "PortLabel": "http", "Provider": "consul"}]),
        ),
        ("action added", task("Actions"), json!([{"Name": "hi", "Command": "/bin/echo"}])),
        ("consul namespace", group("Consul"), json!({"Namespace": "default"})),
    ]
}

async fn running(
    nomad: &Nomad,
    id: &str,
    settled: impl Fn(&[AllocationListStub]) -> bool,
) -> Vec<AllocationListStub> {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let mut found = nomad.jobs().allocations(id).await.unwrap();
        found.retain(|it| it.desired_status.as_str() == "run");
        if settled(&found) {
            return found;
        }
        assert!(Instant::now() < end, "{id} does not settle: {found:#?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn ids(allocations: &[AllocationListStub]) -> BTreeSet<&str> {
    allocations.iter().map(|it| it.id.as_str()).collect()
}

/// What is foretold, and what is; a line for each difference.
async fn compare(nomad: &Nomad, number: usize, (name, path, value): (&str, String, Value)) -> Vec<String> {
    let id = format!("edit-{number}");
    let mut base = base(&id);
    if name.starts_with("scaling") && name != "scaling added" {
        set(&mut base, "/TaskGroups/0/Scaling", scaling());
    }
    let mut edited = base.clone();
    set(&mut edited, &path, value);
    let (before, after): (Job, Job) =
        (serde_json::from_value(base).unwrap(), serde_json::from_value(edited).unwrap());
    nomad.jobs().register(&before).await.unwrap();
    let first = running(nomad, &id, |all| all.len() == 1 && all[0].client_status.as_str() == "running").await;
    let plan = nomad.jobs().plan(&after).diff(true).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let foretold = restarts(plan.diff.as_ref().unwrap(), None);
    let foretold = foretold.first().map_or(GroupEffect::Nothing, |group| group.effect);
    let said = plan.restarts().remove(0);
    let mut differences = Vec::new();
    if UNSEEN.contains(&name) {
        let diff = plan.diff.unwrap();
        let registered = nomad.jobs().register(&after).await.unwrap();
        if !diff.changes().is_empty() || !registered.is_new_version() {
            differences.push(format!("{name}: the diff leaves it out no more: {diff:#?}"));
        }
        let last = running(nomad, &id, |all| all.iter().all(|it| it.job_version == 1)).await;
        if ids(&first) != ids(&last) {
            differences.push(format!("{name}: it restarts something"));
        }
        nomad.jobs().deregister(&id).purge(true).await.unwrap();
        return differences;
    }
    if foretold != said.effect {
        differences.push(format!(
            "{name}: {foretold:?} from the diff, {:?} says the scheduler: {said:#?}",
            said.effect
        ));
    }
    // Nomad calls it edited, and does not say what.
    let unnamed = name == "scaling nothing";
    if said.effect != GroupEffect::Nothing && said.causes.is_empty() != unnamed {
        differences.push(format!("{name}: {:?} without a cause", said.effect));
    }
    let registered = nomad.jobs().register(&after).await.unwrap();
    if registered.is_new_version() {
        let version = nomad.jobs().get(&id).await.unwrap().version.unwrap();
        let count = usize::try_from(after.task_groups[0].count.unwrap()).unwrap();
        let last = running(nomad, &id, |all| {
            let canary = all.iter().any(AllocationListStub::is_canary);
            all.iter().all(|it| it.client_status.as_str() == "running")
                && (canary || all.len() == count && all.iter().all(|it| it.job_version == version))
        })
        .await;
        let (old, new) = (ids(&first), ids(&last));
        let restarted =
            |it: &AllocationListStub| it.task_states.values().map(|task| task.restarts).sum::<u64>() > 0;
        let became = match () {
            () if last.iter().any(restarted) => GroupEffect::Replaced,
            () if old == new => GroupEffect::InPlace,
            () if old.is_subset(&new) => GroupEffect::Resized,
            () => GroupEffect::Replaced,
        };
        if became != said.effect {
            differences.push(format!("{name}: {:?} says the scheduler, {became:?} it was", said.effect));
        }
    } else if said.effect != GroupEffect::Nothing {
        differences.push(format!("{name}: {:?} says the scheduler, nothing was made", said.effect));
    }
    nomad.jobs().deregister(&id).purge(true).await.unwrap();
    differences
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_edit_does_what_was_foretold() {
    let options = AgentsOptions::new().docker(Docker::Off);
    let edits = edits();
    if let Err(missing) = options.check_binaries() {
        return xtest::skip(missing);
    }
    let stack = Stack::of(DevStack::agents_with(options).await.unwrap());
    let nomad = &stack.clients.nomad;
    let count = edits.len();
    let mut differences = Vec::new();
    let numbered: Vec<_> = edits.into_iter().enumerate().collect();
    for some in numbered.chunks(12) {
        let found = join_all(some.iter().cloned().map(|(number, edit)| compare(nomad, number, edit))).await;
        differences.extend(found.into_iter().flatten());
    }
    assert!(differences.is_empty(), "{} of {count}: {}", differences.len(), differences.join("\n"));
    let _ = writeln!(std::io::stderr(), "{count} edits on real agents: each did what was foretold");
}
