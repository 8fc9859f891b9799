//! What runs of a job now, whatever any deployment said of it.
//!
//! Nomad states an instance's health only while it is part of a deployment: after a reschedule, a drain or
//! a restart of the servers nobody does. Unknown is not bad: then the checks in Consul say it.

use std::collections::BTreeMap;

use consul_client::{CheckStatus, ServiceEntry};
use nomad_client::{AllocationListStub, ClientStatus, DesiredStatus};

use crate::app::Component;
use crate::{Clients, Result};

/// What runs of a job.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    /// Whether the job is registered and not stopped.
    pub(crate) exists: bool,
    /// Instances there should be.
    pub(crate) desired: u64,
    /// Instances that should run and are not over, with their health as far as anybody states it.
    pub(crate) instances: Vec<Instance>,
    /// The newest instance that failed and that nothing replaces.
    pub(crate) lost: Option<AllocationListStub>,
}

/// An instance that should run.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) stub: AllocationListStub,
    pub(crate) healthy: Option<bool>,
}

impl Live {
    pub(crate) async fn look(clients: &Clients, component: Component) -> Result<Self> {
        let name = component.job_id();
        let nomad = &clients.nomad;
        let status = nomad.jobs().scale_status(name).optional().await?;
        let Some(status) = status.filter(|status| !status.job_stopped) else { return Ok(Self::default()) };
        let allocations = nomad.jobs().allocations(name).await?;
        let group = status.task_groups.get(component.group());
        // A Consul that does not answer says nothing about instances.
        let entries = match clients.consul.health().service(name).await {
            Ok(entries) => entries,
            Err(error) => {
                tracing::debug!(%error, service = name, "its checks are not known");
                Vec::new()
            }
        };
        let lost = allocations.iter().filter(|it| is_lost(it)).max_by_key(|it| it.modify_index).cloned();
        let instances = allocations.into_iter().filter(|it| !it.is_over());
        let instances = instances.map(|stub| Instance { healthy: health(&stub, &entries), stub });
        Ok(Self {
            exists: true,
            desired: group.map_or(0, |group| group.desired.max(0).unsigned_abs()),
            instances: instances.collect(),
            lost,
        })
    }

    /// Healthy instances.
    pub(crate) fn healthy(&self) -> u64 {
        self.count(|it| it.healthy == Some(true))
    }

    /// Instances that run and of whose health nobody knows.
    pub(crate) fn unknown(&self) -> u64 {
        self.count(|it| it.healthy.is_none() && it.stub.client_status == ClientStatus::Running)
    }

    /// Instances that run.
    pub(crate) fn running(&self) -> u64 {
        self.count(|it| it.stub.client_status == ClientStatus::Running)
    }

    /// Whether all that should be there is.
    pub(crate) fn is_complete(&self) -> bool {
        self.exists && self.healthy() >= self.desired
    }

    /// The same, without those of which somebody says that they are healthy and those that may be.
    pub(crate) fn lacks(&self) -> bool {
        !self.exists || self.healthy() + self.unknown() < self.desired
    }

    fn count(&self, which: impl Fn(&Instance) -> bool) -> u64 {
        u64::try_from(self.instances.iter().filter(|it| which(it)).count()).unwrap_or(u64::MAX)
    }
}

/// Whether an instance failed and neither was nor will be replaced.
fn is_lost(stub: &AllocationListStub) -> bool {
    stub.client_status == ClientStatus::Failed
        && stub.desired_status == DesiredStatus::Run
        && stub.next_allocation.is_empty()
        && stub.followup_eval_id.is_empty()
}

/// What is known of an instance's health: a deployment's verdict against it stands, and so does a check
/// that fails now.
pub(crate) fn health(stub: &AllocationListStub, entries: &[ServiceEntry]) -> Option<bool> {
    if stub.client_status != ClientStatus::Running {
        return stub.is_healthy().filter(|healthy| !healthy);
    }
    let ours: Vec<&ServiceEntry> = entries.iter().filter(|it| it.service.id.contains(&stub.id)).collect();
    let passing = |entry: &&ServiceEntry| entry.checks.iter().all(|it| it.status == CheckStatus::Passing);
    let checks = (!ours.is_empty()).then(|| ours.iter().all(passing));
    match (stub.is_healthy(), checks) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), _) | (None, Some(true)) => Some(true),
        (None, None) => None,
    }
}

/// The healthy instances of a job and how many there should be.
pub(crate) async fn counts(clients: &Clients, component: Component) -> Result<(u64, u64)> {
    let live = Live::look(clients, component).await?;
    Ok((live.healthy(), live.desired))
}

/// What its instances say, by their names, for a sentence.
pub(crate) fn said(live: &Live) -> String {
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    for instance in &live.instances {
        let state = match (&instance.stub.client_status, instance.healthy) {
            (ClientStatus::Running, Some(true)) => "healthy".to_owned(),
            (ClientStatus::Running, Some(false)) => "unhealthy".to_owned(),
            (ClientStatus::Running, None) => "running, health unknown".to_owned(),
            (other, _) => other.to_string(),
        };
        *states.entry(state).or_default() += 1;
    }
    let states: Vec<String> = states.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
    if states.is_empty() { "none runs".to_owned() } else { states.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "7208a882-ddf4-d09d-5df4-1ba9fce272b5";

    fn stub(status: &str, stated: serde_json::Value) -> AllocationListStub {
        let healthy = json!({"Healthy": stated});
        serde_json::from_value(json!({"ID": ID, "ClientStatus": status, "DesiredStatus": "run",
                                      "DeploymentStatus": healthy}))
        .unwrap()
    }

    fn entry(id: &str, check: &str) -> ServiceEntry {
        serde_json::from_value(json!({
            "Node": {"ID": "n", "Node": "n", "Address": "127.0.0.1", "Datacenter": "dc1"},
            "Service": {"ID": format!("_nomad-task-{id}-group-api-wuffchat-api-http"), "Service": "wuffchat-api"},
            "Checks": [{"CheckID": "c", "Name": "liveness", "Status": check}],
        }))
        .unwrap()
    }

    #[test]
    fn health_that_nobody_states_is_unknown_not_bad() {
        let null = serde_json::Value::Null;
        let (pass, fail, other) = (entry(ID, "passing"), entry(ID, "critical"), entry("other", "critical"));
        for (status, stated, entries, wanted) in [
            ("running", null.clone(), vec![pass.clone()], Some(true)),
            ("running", null.clone(), vec![fail.clone()], Some(false)),
            ("running", null.clone(), vec![other.clone()], None),
            ("running", null.clone(), vec![], None),
            ("running", json!(true), vec![], Some(true)),
            ("running", json!(true), vec![other], Some(true)),
            ("running", json!(true), vec![fail], Some(false)),
            ("running", json!(false), vec![pass.clone()], Some(false)),
            ("pending", null, vec![pass], None),
            ("pending", json!(true), vec![], None),
        ] {
            assert_eq!(health(&stub(status, stated.clone()), &entries), wanted, "{status} {stated}");
        }
    }
}
