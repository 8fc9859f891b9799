//! Deployments: canaries, promotion, failure, reverts, scaling, placement.

use std::time::Duration;

use futures_util::StreamExt as _;
use nomad_client::DeploymentStatus;
use nomad_client::Error;
use serde_json::json;

use super::workload::{FAILS, GROUP, STAYS, deployed, deployment, job, purge, service, set, settled, spec};
use crate::scenario::{Backend, Result, eventually, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad updates" {
    rolling, canary_and_promotion, promoted_too_early, canary_that_fails_reverts, failed_by_hand, paused,
    scaling, placement_failure, blocking_query, watch,
} }

async fn rolling(backend: &Backend) -> Result {
    let id = backend.unique("rolling");
    let first = deployed(backend, &service(&id, STAYS, &json!({}))?, 0).await?;
    let group = first.task_groups.get(GROUP);
    ensure_eq!(group.map(|group| (group.desired_total, group.healthy_allocs)), Some((1, 1)));
    let second = deployed(backend, &service(&id, "echo two; exec sleep 3600", &json!({}))?, 1).await?;
    ensure!(second.id != first.id, "the second version has no deployment of its own");
    let latest = backend.nomad.jobs().latest_deployment(&id).await?;
    ensure_eq!(latest.map(|found| found.id), Some(second.id.clone()));
    let read = backend.nomad.deployments().get(&second.id).await?;
    ensure_eq!(read.job_id, id);
    let placed = backend.nomad.deployments().allocations(&second.id).await?;
    ensure_eq!(placed.iter().map(|stub| stub.job_version).collect::<Vec<_>>(), [1]);
    let listed = backend.nomad.deployments().list().prefix(second.id.get(..8).unwrap_or_default()).await?;
    ensure!(listed.iter().any(|found| found.id == second.id), "the deployment is not listed");
    purge(backend, &id).await
}

async fn canary_and_promotion(backend: &Backend) -> Result {
    let id = backend.unique("canary");
    let update = json!({"Canary": 1, "AutoRevert": true});
    deployed(backend, &service(&id, STAYS, &update)?, 0).await?;
    backend.nomad.jobs().register(&service(&id, "echo two; exec sleep 3600", &update)?).await?;
    let waiting = deployment(backend, &id, 1, |found| {
        found.task_groups.get(GROUP).is_some_and(|group| group.healthy_allocs >= 1)
    })
    .await?;
    ensure!(waiting.needs_promotion(), "nobody has to promote: {}", waiting.status_description);
    let canaries = backend.nomad.deployments().allocations(&waiting.id).await?;
    ensure!(
        canaries.iter().all(|stub| stub.deployment_status.as_ref().is_some_and(|status| status.canary)),
        "not all of the new allocations are canaries"
    );
    // The old version runs beside the canary until it is promoted.
    let running = backend.nomad.jobs().allocations(&id).await?;
    let running = running.iter().filter(|stub| stub.desired_status.as_str() == "run").count();
    ensure_eq!(running, 2);
    match backend.nomad.jobs().scale(&id, GROUP, 2).await {
        Err(Error::Conflict(_)) => {}
        other => return fail(format!("a group was scaled while it is deployed: {other:?}")),
    }
    backend.nomad.deployments().promote(&waiting.id).await?;
    let done = settled(backend, &id, 1).await?;
    ensure_eq!(done.status, DeploymentStatus::Successful, "{}", done.status_description);
    eventually(backend.patience(), "the old version to stop", async || {
        let all = backend.nomad.jobs().allocations(&id).await?;
        let old = all.iter().filter(|stub| stub.job_version == 0 && stub.desired_status.as_str() == "run");
        Ok((old.count() == 0).then_some(()))
    })
    .await?;
    purge(backend, &id).await
}

async fn promoted_too_early(backend: &Backend) -> Result {
    let id = backend.unique("early");
    let update = json!({"Canary": 1, "MinHealthyTime": 8_000_000_000_u64});
    deployed(backend, &service(&id, STAYS, &json!({}))?, 0).await?;
    backend.nomad.jobs().register(&service(&id, "echo two; exec sleep 3600", &update)?).await?;
    let waiting = deployment(backend, &id, 1, |found| {
        found.task_groups.get(GROUP).is_some_and(|group| group.placed_allocs >= 1)
    })
    .await?;
    let Err(error) = backend.nomad.deployments().promote(&waiting.id).await else {
        return fail("a canary was promoted before it was healthy");
    };
    ensure!(error.to_string().contains("healthy allocations"), "{error}");
    purge(backend, &id).await
}

async fn canary_that_fails_reverts(backend: &Backend) -> Result {
    let id = backend.unique("reverted");
    let update = json!({"Canary": 1, "AutoRevert": true});
    deployed(backend, &service(&id, STAYS, &update)?, 0).await?;
    let mut bad = serde_json::to_value(service(&id, FAILS, &update)?)?;
    set(&mut bad, "/Meta", json!({"release": "two"}));
    backend.nomad.jobs().register(&job(bad)?).await?;
    let failed = settled(backend, &id, 1).await?;
    ensure_eq!(failed.status, DeploymentStatus::Failed);
    ensure!(
        failed.status_description.contains("rolling back to job version 0"),
        "{}",
        failed.status_description
    );
    let reverted = settled(backend, &id, 2).await?;
    ensure_eq!(reverted.status, DeploymentStatus::Successful, "{}", reverted.status_description);
    let now = backend.nomad.jobs().get(&id).await?;
    ensure_eq!(now.version, Some(2));
    ensure_eq!(now.meta.get("release").map(String::as_str), Some("one"));
    let lost = backend.nomad.deployments().allocations(&failed.id).await?;
    let lost = lost.into_iter().next().ok_or_else(|| crate::scenario::Stop::Failed("no canary".into()))?;
    let full = backend.nomad.allocations().get(&lost.id).await?;
    ensure_eq!(full.client_status.as_str(), "failed");
    let exit = full.task_states.get(super::workload::TASK).and_then(|state| {
        state.events.iter().find(|event| event.exit_code != 0).map(|event| event.exit_code)
    });
    ensure_eq!(exit, Some(7));
    purge(backend, &id).await
}

async fn failed_by_hand(backend: &Backend) -> Result {
    let id = backend.unique("failed");
    let update = json!({"Canary": 1, "AutoRevert": true});
    deployed(backend, &service(&id, STAYS, &update)?, 0).await?;
    backend.nomad.jobs().register(&service(&id, "echo two; exec sleep 3600", &update)?).await?;
    let waiting = deployment(backend, &id, 1, |found| {
        found.task_groups.get(GROUP).is_some_and(|group| group.healthy_allocs >= 1)
    })
    .await?;
    let answer = backend.nomad.deployments().fail(&waiting.id).await?;
    ensure_eq!(answer.reverted_job_version, Some(0));
    let failed = settled(backend, &id, 1).await?;
    ensure_eq!(failed.status, DeploymentStatus::Failed);
    settled(backend, &id, 2).await?;
    ensure!(backend.nomad.deployments().fail(&waiting.id).await.is_err(), "a deployment failed twice");
    purge(backend, &id).await
}

async fn paused(backend: &Backend) -> Result {
    let id = backend.unique("paused");
    let update = json!({"Canary": 1});
    deployed(backend, &service(&id, STAYS, &update)?, 0).await?;
    backend.nomad.jobs().register(&service(&id, "echo two; exec sleep 3600", &update)?).await?;
    let running = deployment(backend, &id, 1, |_| true).await?;
    backend.nomad.deployments().pause(&running.id).await?;
    ensure_eq!(backend.nomad.deployments().get(&running.id).await?.status, DeploymentStatus::Paused);
    backend.nomad.deployments().resume(&running.id).await?;
    deployment(backend, &id, 1, |found| found.status == DeploymentStatus::Running).await?;
    purge(backend, &id).await
}

async fn scaling(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("scaled");
    let mut spec = serde_json::to_value(service(&id, STAYS, &json!({}))?)?;
    set(&mut spec, "/TaskGroups/0/Scaling", json!({"Min": 1, "Max": 3, "Enabled": true, "Policy": {}}));
    deployed(backend, &job(spec)?, 0).await?;
    jobs.scale(&id, GROUP, 2).message("more").await?;
    eventually(backend.patience(), "two running allocations", async || {
        let status = jobs.scale_status(&id).await?;
        Ok(status
            .task_groups
            .get(GROUP)
            .is_some_and(|group| group.desired == 2 && group.running == 2)
            .then_some(()))
    })
    .await?;
    let status = jobs.scale_status(&id).await?;
    let event = status.task_groups.get(GROUP).and_then(|group| group.events.first());
    ensure_eq!(event.map(|event| event.message.as_str()), Some("more"));
    match jobs.scale(&id, GROUP, 4).await {
        Err(Error::Invalid(error)) => ensure!(error.mentions("maximum"), "{error}"),
        other => return fail(format!("more than the maximum was taken: {other:?}")),
    }
    match jobs.scale(&id, GROUP, 0).await {
        Err(Error::Invalid(error)) => ensure!(error.mentions("minimum"), "{error}"),
        other => return fail(format!("less than the minimum was taken: {other:?}")),
    }
    purge(backend, &id).await
}

async fn placement_failure(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("nowhere");
    let mut big = spec(&id, "service", STAYS);
    set(&mut big, "/TaskGroups/0/Tasks/0/Resources", json!({"CPU": 10, "MemoryMB": 4_000_000}));
    let big = job(big)?;
    let plan = jobs.plan(&big).await?;
    ensure!(!plan.is_placeable(), "there is room for 4 TB");
    let registered = jobs.register(&big).await?;
    let evaluation = eventually(backend.patience(), "the evaluation", async || {
        let found = backend.nomad.evaluations().get(&registered.eval_id).await?;
        Ok(found.status.is_terminal().then_some(found))
    })
    .await?;
    let metric = evaluation.failed_tg_allocs.get(GROUP);
    ensure!(metric.is_some_and(|metric| metric.nodes_evaluated > 0), "no reason is given");
    ensure!(!evaluation.blocked_eval.is_empty(), "nothing waits for room");
    backend.nomad.evaluations().get(&evaluation.blocked_eval).await?;
    // Whenever other jobs make room it is tried again, and waits again.
    eventually(backend.patience(), "an evaluation that waits for room", async || {
        let all = jobs.evaluations(&id).await?;
        Ok(all.into_iter().find(|found| found.status.as_str() == "blocked").map(|_| ()))
    })
    .await?;

    let unreachable = backend.unique("unreachable");
    let mut elsewhere = spec(&unreachable, "service", STAYS);
    set(
        &mut elsewhere,
        "/Constraints",
        json!([{"LTarget": "${attr.kernel.name}", "RTarget": "plan9", "Operand": "="}]),
    );
    let plan = jobs.plan(&job(elsewhere)?).await?;
    let metric = plan.failed_tg_allocs.get(GROUP);
    ensure!(
        metric.is_some_and(|metric| !metric.constraint_filtered.is_empty()),
        "the constraint is not named"
    );
    purge(backend, &id).await
}

async fn blocking_query(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("blocked");
    jobs.register(&job(spec(&id, "service", STAYS))?).await?;
    super::workload::allocation(backend, &id, "running").await?;
    let reply = jobs.get(&id).reply().await?;
    let Some(index) = reply.meta.index else { return fail("the answer has no index") };
    ensure_eq!(reply.meta.known_leader, Some(true));
    // Nothing changes: the answer comes when the wait is over, and with the same index.
    let started = std::time::Instant::now();
    let same = jobs.get(&id).index(index).wait(Duration::from_millis(500)).reply().await?;
    ensure!(started.elapsed() >= Duration::from_millis(400), "the server did not hold the answer");
    ensure_eq!(same.value.job_modify_index, reply.value.job_modify_index);
    // Something changes: the answer comes at once.
    let mut changed = spec(&id, "service", STAYS);
    set(&mut changed, "/Meta", json!({"release": "two"}));
    let changed = job(changed)?;
    let held = async {
        let wait = Duration::from_secs(30);
        eventually(backend.patience(), "the change", async || {
            let reply = jobs.get(&id).index(index).wait(wait).reply().await?;
            Ok((reply.value.version == Some(1)).then_some(reply))
        })
        .await
    };
    let (held, registered) = futures_util::future::join(held, jobs.register(&changed).into_future()).await;
    registered?;
    let held = held?;
    ensure!(held.meta.index.is_some_and(|now| now > index), "the index did not grow: {:?}", held.meta.index);
    purge(backend, &id).await
}

async fn watch(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("watched");
    jobs.register(&service(&id, STAYS, &json!({}))?).await?;
    let mut changes = jobs.latest_deployment(&id).watch();
    let search = async {
        while let Some(change) = changes.next().await {
            if change?.is_some_and(|deployment| deployment.status == DeploymentStatus::Successful) {
                return Ok(());
            }
        }
        fail("the watch ended")
    };
    match tokio::time::timeout(backend.patience(), search).await {
        Ok(found) => found?,
        Err(_) => return fail("the watch did not show the end of the deployment"),
    }
    purge(backend, &id).await
}
