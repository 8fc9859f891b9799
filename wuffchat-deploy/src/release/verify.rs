//! Looking from outside: does Consul have the instances that Nomad says are healthy?

use std::collections::BTreeMap;
use std::time::Duration;

use nomad_client::ClientStatus;

use crate::app::{Component, Environment};
use crate::jobs::CANARY;
use crate::{Clients, Result};

/// Waits until Consul has what users are to reach: `wanted` passing instances of the job's `version`, no longer as
/// canaries, and none of another version or of an allocation that does not run.
///
/// The inner error is a sentence about what was found instead.
pub(super) async fn instances(
    clients: &Clients,
    environment: &Environment,
    component: Component,
    version: Option<u64>,
    wanted: u64,
    limit: Duration,
) -> Result<std::result::Result<u64, String>> {
    let name = component.job_id();
    let mut last = (0, 0, 0);
    let enough = async {
        // Each look at Consul is a fresh one: both sides move.
        let mut pause = Duration::from_millis(50);
        loop {
            let allocations = clients.nomad.jobs().allocations(name).await?;
            let running: BTreeMap<&str, u64> = allocations
                .iter()
                .filter(|alloc| alloc.client_status == ClientStatus::Running)
                .map(|alloc| (alloc.id.as_str(), alloc.job_version))
                .collect();
            let entries = clients.consul.health().service(name).passing().await?;
            let (mut ours, mut leaving, mut strangers) = (0, 0, 0);
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
                let canary = entry.service.tags.iter().any(|tag| tag == CANARY);
                match allocation_of(&entry.service.id).and_then(|id| running.get(id)) {
                    Some(its) if version.is_none_or(|version| version == *its) => ours += u64::from(!canary),
                    Some(_) => leaving += 1,
                    // Registered by this Nomad once, or by another cluster on the same Consul.
                    None => strangers += 1,
                }
            }
            last = (ours, leaving, strangers);
            if ours >= wanted && leaving == 0 && strangers == 0 {
                return Ok(ours);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    };
    match tokio::time::timeout(limit, enough).await {
        Ok(found) => found.map(Ok),
        Err(_) => Ok(Err(format!(
            "Consul has {} passing instances of {name} where {wanted} are expected, {} of another version, and {} that \
             no running allocation belongs to",
            last.0, last.1, last.2
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
