//! The jobs that scenarios run: shell lines under the raw-exec driver, so that they need no images.

use nomad_client::Job;
use nomad_client::{Deployment, DeploymentStatus};
use serde_json::{Value, json};

use crate::scenario::{Backend, Result, eventually, fail};

/// The group and the task of every job here.
pub(in crate::scenarios) const GROUP: &str = "app";
pub(in crate::scenarios) const TASK: &str = "main";

/// A line that starts, says so and stays.
pub(in crate::scenarios) const STAYS: &str = "echo started; echo trouble >&2; exec sleep 3600";
/// A line that starts and fails.
pub(in crate::scenarios) const FAILS: &str = "echo broken >&2; exit 7";

/// A job, as JSON to be changed before it is made.
pub(in crate::scenarios) fn spec(id: &str, kind: &str, line: &str) -> Value {
    json!({
        "ID": id, "Name": id, "Type": kind, "Datacenters": ["*"], "Meta": {"release": "one"},
        "TaskGroups": [{
            "Name": GROUP, "Count": 1,
            "RestartPolicy": {"Attempts": 0, "Mode": "fail", "Interval": 30_000_000_000_u64, "Delay": 1_000_000_000_u64},
            "EphemeralDisk": {"SizeMB": 10},
            "Tasks": [{
                "Name": TASK, "Driver": "raw_exec", "KillTimeout": 1_000_000_000_u64,
                "Config": {"command": "/bin/sh", "args": ["-c", line]},
                "Resources": {"CPU": 10, "MemoryMB": 10},
                "LogConfig": {"MaxFiles": 1, "MaxFileSizeMB": 1},
            }],
        }],
    })
}

/// A service whose updates finish within seconds; `update` changes its strategy.
pub(in crate::scenarios) fn service(id: &str, line: &str, update: &Value) -> Result<Job> {
    let mut spec = spec(id, "service", line);
    let strategy = json!({
        "MaxParallel": 1, "HealthCheck": "task_states", "MinHealthyTime": 500_000_000_u64,
        "HealthyDeadline": 20_000_000_000_u64, "ProgressDeadline": 30_000_000_000_u64,
        "AutoRevert": false, "Canary": 0,
    });
    if let Some(group) = spec.pointer_mut("/TaskGroups/0").and_then(Value::as_object_mut) {
        group.insert("Update".to_owned(), merged(strategy, update));
        // A failed allocation is not tried again, so that a deployment fails at once.
        group.insert("ReschedulePolicy".to_owned(), json!({"Attempts": 0, "Unlimited": false}));
    }
    job(spec)
}

/// The job of a JSON specification.
pub(in crate::scenarios) fn job(spec: Value) -> Result<Job> {
    Ok(serde_json::from_value(spec)?)
}

/// Changes what is at a JSON pointer.
pub(in crate::scenarios) fn set(spec: &mut Value, pointer: &str, value: Value) {
    if let Some((parent, name)) = pointer.rsplit_once('/')
        && let Some(fields) = spec.pointer_mut(parent).and_then(Value::as_object_mut)
    {
        fields.insert(name.to_owned(), value);
    }
}

fn merged(mut base: Value, changes: &Value) -> Value {
    if let (Some(base), Some(changes)) = (base.as_object_mut(), changes.as_object()) {
        base.extend(changes.clone());
    }
    base
}

/// Waits for the deployment of a version to be over, and answers it.
pub(in crate::scenarios) async fn settled(backend: &Backend, job: &str, version: u64) -> Result<Deployment> {
    let found = deployment(backend, job, version, |deployment| deployment.status.is_terminal()).await?;
    Ok(found)
}

/// Waits for the deployment of a version to be as `wanted`.
pub(in crate::scenarios) async fn deployment(
    backend: &Backend,
    job: &str,
    version: u64,
    wanted: impl Fn(&Deployment) -> bool,
) -> Result<Deployment> {
    let mut last = String::from("there is none");
    let found = eventually(backend.patience(), "the deployment", async || {
        let all = backend.nomad.jobs().deployments(job).await?;
        let ours = all.into_iter().find(|deployment| deployment.job_version == version);
        last = ours.as_ref().map_or_else(|| last.clone(), |found| found.status_description.clone());
        Ok(ours.filter(|deployment| wanted(deployment)))
    })
    .await;
    match found {
        Err(crate::scenario::Stop::Failed(reason)) => fail(format!("{reason}; version {version}: {last}")),
        other => other,
    }
}

/// Registers a new service and waits until it is deployed.
pub(in crate::scenarios) async fn deployed(backend: &Backend, job: &Job, version: u64) -> Result<Deployment> {
    backend.nomad.jobs().register(job).await?;
    let id = job.id.clone();
    let deployment = settled(backend, &id, version).await?;
    if deployment.status == DeploymentStatus::Successful {
        Ok(deployment)
    } else {
        fail(format!("`{id}` was not deployed: {}", deployment.status_description))
    }
}

/// Waits for an allocation of the job to be in a state, and answers its id.
pub(in crate::scenarios) async fn allocation(backend: &Backend, job: &str, status: &str) -> Result<String> {
    eventually(backend.patience(), &format!("an allocation that is {status}"), async || {
        let all = backend.nomad.jobs().allocations(job).await?;
        Ok(all.into_iter().find(|found| found.client_status.as_str() == status).map(|found| found.id))
    })
    .await
}

/// Stops the job and forgets it.
pub(in crate::scenarios) async fn purge(backend: &Backend, job: &str) -> Result {
    backend.nomad.jobs().deregister(job).purge(true).await?;
    Ok(())
}
