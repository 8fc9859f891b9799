//! Looking from outside: does Consul have the instances that Nomad says are healthy?

use std::collections::BTreeSet;
use std::time::Duration;

use nomad_client::{Client as Nomad, ClientStatus};

use crate::app::{Component, Environment};
use crate::{Clients, Result};

/// Instances of a job that are healthy, and how many there should be.
pub(crate) async fn running(nomad: &Nomad, component: Component) -> Result<(u64, u64)> {
    let status = nomad.jobs().scale_status(component.job_id()).optional().await?;
    let group = status.and_then(|status| status.task_groups.get(component.group()).cloned());
    Ok(group
        .map_or((0, 0), |group| (group.healthy.max(0).unsigned_abs(), group.desired.max(0).unsigned_abs())))
}

/// Waits until Consul has `wanted` passing instances, all of them of allocations that run.
///
/// The inner error is a sentence about what was found instead.
pub(super) async fn instances(
    clients: &Clients,
    environment: &Environment,
    component: Component,
    wanted: u64,
    limit: Duration,
) -> Result<std::result::Result<u64, String>> {
    let name = component.job_id();
    let mut last = (0, 0);
    let enough = async {
        // Each look at Consul is a fresh one: both sides move.
        let mut pause = Duration::from_millis(50);
        loop {
            let allocations = clients.nomad.jobs().allocations(name).await?;
            let running: BTreeSet<&str> = allocations
                .iter()
                .filter(|alloc| alloc.client_status == ClientStatus::Running)
                .map(|alloc| alloc.id.as_str())
                .collect();
            let entries = clients.consul.health().service(name).passing().await?;
            let (mut ours, mut strangers) = (0, 0);
            for entry in &entries {
                // Another environment's instances, on the same Consul under the same name.
                if entry
                    .service
                    .meta
                    .get("environment")
                    .is_some_and(|name| name != environment.stage.as_str())
                {
                    continue;
                }
                match allocation_of(&entry.service.id) {
                    Some(id) if running.contains(id) => ours += 1,
                    // Registered by this Nomad once, or by another cluster on the same Consul.
                    _ => strangers += 1,
                }
            }
            last = (ours, strangers);
            if ours >= wanted && strangers == 0 {
                return Ok(ours);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    };
    match tokio::time::timeout(limit, enough).await {
        Ok(found) => found.map(Ok),
        Err(_) => Ok(Err(format!(
            "Consul has {} passing instances of {name} where {wanted} are expected, and {} that no running allocation \
             belongs to",
            last.0, last.1
        ))),
    }
}

/// The allocation in an id such as `_nomad-task-<allocation>-group-api-wuffchat-api-http`.
fn allocation_of(service: &str) -> Option<&str> {
    service.strip_prefix("_nomad-task-")?.get(..36)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_are_found_in_service_ids() {
        let id = "7208a882-ddf4-d09d-5df4-1ba9fce272b5";
        assert_eq!(allocation_of(&format!("_nomad-task-{id}-group-api-wuffchat-api-http")), Some(id));
        assert_eq!(allocation_of("web-1"), None);
        assert_eq!(allocation_of("_nomad-task-short"), None);
    }
}
