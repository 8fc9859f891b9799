//! What runs: allocations, logs, files, services, nodes.

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

use super::workload::{GROUP, STAYS, TASK, allocation, job, purge, set, spec};
use crate::scenario::{Backend, Result, eventually, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad running" {
    allocations, logs, files, restart_and_stop, services, batch,
} }

async fn allocations(backend: &Backend) -> Result {
    let id = backend.unique("allocated");
    backend.nomad.jobs().register(&job(spec(&id, "service", STAYS))?).await?;
    let alloc = allocation(backend, &id, "running").await?;
    let full = backend.nomad.allocations().get(&alloc).await?;
    ensure_eq!(full.job_id, id);
    ensure_eq!(full.task_group, GROUP);
    ensure_eq!(full.job.as_ref().map(|job| job.id.clone()), Some(id.clone()));
    let Some(task) = full.task_states.get(TASK) else { return fail("the task has no state") };
    ensure_eq!(task.state.as_str(), "running");
    ensure!(task.events.iter().any(|event| event.event_type.as_str() == "Started"), "it was never started");
    ensure!(task.started_at.is_some(), "nobody knows since when it runs");
    let listed = backend.nomad.allocations().list().filter(format!("JobID == \"{id}\"")).await?;
    ensure_eq!(listed.iter().map(|stub| stub.id.as_str()).collect::<Vec<_>>(), [alloc.as_str()]);
    let short = alloc.get(..8).unwrap_or_default();
    let by_prefix = backend.nomad.allocations().list().prefix(short).await?;
    ensure!(by_prefix.iter().any(|stub| stub.id == alloc), "not found by prefix");
    let items: Vec<_> = backend.nomad.allocations().list().items().try_collect().await?;
    ensure!(items.iter().any(|stub| stub.id == alloc), "not in the list read as items");
    let on_node = backend.nomad.nodes().allocations(&full.node_id).await?;
    ensure!(on_node.iter().any(|found| found.id == alloc), "not on its node");
    purge(backend, &id).await
}

async fn logs(backend: &Backend) -> Result {
    let id = backend.unique("logged");
    backend.nomad.jobs().register(&job(spec(&id, "service", STAYS))?).await?;
    let alloc = allocation(backend, &id, "running").await?;
    let allocations = backend.nomad.allocations();
    let read = |stderr: bool| {
        let call = allocations.logs(&alloc, TASK);
        if stderr { call.stderr() } else { call }
    };
    for (stderr, wanted) in [(false, "started\n"), (true, "trouble\n")] {
        let text = eventually(backend.patience(), "the log", async || {
            let bytes = read(stderr).await?;
            Ok((!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned()))
        })
        .await?;
        ensure_eq!(text, wanted);
        let plain = read(stderr).plain().await?;
        ensure_eq!(String::from_utf8_lossy(&plain), wanted);
    }
    let mut followed = allocations.logs(&alloc, TASK).follow().stream();
    match tokio::time::timeout(backend.patience(), followed.next()).await {
        Ok(Some(frame)) => ensure_eq!(&frame?.data[..], b"started\n"),
        other => return fail(format!("nothing was followed: {:?}", other.map(|frame| frame.is_some()))),
    }
    drop(followed);
    ensure!(allocations.logs(&alloc, "nope").await.is_err(), "a task that is not there has a log");
    purge(backend, &id).await
}

async fn files(backend: &Backend) -> Result {
    let id = backend.unique("files");
    backend.nomad.jobs().register(&job(spec(&id, "service", STAYS))?).await?;
    let alloc = allocation(backend, &id, "running").await?;
    let allocations = backend.nomad.allocations();
    let top = allocations.list_files(&alloc, "/").await?;
    ensure!(top.iter().any(|file| file.name == "alloc" && file.is_dir), "no alloc folder: {top:?}");
    let path = format!("alloc/logs/{TASK}.stdout.0");
    let size = eventually(backend.patience(), "the log file", async || {
        let found = allocations.stat_file(&alloc, &path).await.ok();
        Ok(found.filter(|file| file.size > 0).map(|file| file.size))
    })
    .await?;
    ensure_eq!(size, 8);
    let text = allocations.cat_file(&alloc, &path).await?;
    ensure_eq!(&text[..], b"started\n");
    let part = allocations.read_file_at(&alloc, &path, 5).await?;
    ensure_eq!(&part[..], b"ed\n");
    purge(backend, &id).await
}

async fn restart_and_stop(backend: &Backend) -> Result {
    let id = backend.unique("restarted");
    backend.nomad.jobs().register(&job(spec(&id, "service", STAYS))?).await?;
    let alloc = allocation(backend, &id, "running").await?;
    backend.nomad.allocations().restart(&alloc).await?;
    eventually(backend.patience(), "the restart", async || {
        let full = backend.nomad.allocations().get(&alloc).await?;
        let task = full.task_states.get(TASK);
        Ok(task.filter(|task| task.restarts == 1 && task.state.as_str() == "running").map(|_| ()))
    })
    .await?;
    let stopped = backend.nomad.allocations().stop(&alloc).await?;
    ensure!(!stopped.eval_id.is_empty(), "stopping made no evaluation");
    let next = eventually(backend.patience(), "the allocation that takes its place", async || {
        let all = backend.nomad.jobs().allocations(&id).await?;
        Ok(all.into_iter().find(|stub| stub.id != alloc && stub.client_status.as_str() == "running"))
    })
    .await?;
    ensure_eq!(next.job_id, id);
    purge(backend, &id).await
}

async fn services(backend: &Backend) -> Result {
    let id = backend.unique("served");
    let mut with_service = spec(&id, "service", STAYS);
    set(&mut with_service, "/TaskGroups/0/Networks", json!([{"DynamicPorts": [{"Label": "http"}]}]));
    set(
        &mut with_service,
        "/TaskGroups/0/Services",
        json!([{"Name": id, "PortLabel": "http", "Provider": "nomad", "Tags": ["blue"]}]),
    );
    backend.nomad.jobs().register(&job(with_service)?).await?;
    let alloc = allocation(backend, &id, "running").await?;
    let found = eventually(backend.patience(), "the service", async || {
        Ok(backend.nomad.services().get(&id).await?.into_iter().next())
    })
    .await?;
    ensure_eq!(found.alloc_id, alloc);
    ensure!(found.port > 0, "it has no port");
    ensure_eq!(found.tags, ["blue"]);
    let listed = backend.nomad.services().list().await?;
    ensure!(
        listed.iter().any(|namespace| namespace.services.iter().any(|service| service.service_name == id)),
        "it is not listed"
    );
    ensure_eq!(backend.nomad.jobs().services(&id).await?.len(), 1);
    ensure_eq!(backend.nomad.allocations().services(&alloc).await?.len(), 1);
    purge(backend, &id).await?;
    eventually(backend.patience(), "the service to go", async || {
        Ok(backend.nomad.services().get(&id).await?.is_empty().then_some(()))
    })
    .await
}

async fn batch(backend: &Backend) -> Result {
    let (good, bad) = (backend.unique("batch"), backend.unique("batch-bad"));
    backend.nomad.jobs().register(&job(spec(&good, "batch", "echo done"))?).await?;
    allocation(backend, &good, "complete").await?;
    eventually(backend.patience(), "the job to be dead", async || {
        let found = backend.nomad.jobs().list().prefix(&good).await?;
        Ok(found.first().filter(|stub| stub.status.as_str() == "dead").map(|_| ()))
    })
    .await?;
    let mut failing = spec(&bad, "batch", "echo no; exit 3");
    set(&mut failing, "/TaskGroups/0/ReschedulePolicy", json!({"Attempts": 0, "Unlimited": false}));
    backend.nomad.jobs().register(&job(failing)?).await?;
    let alloc = allocation(backend, &bad, "failed").await?;
    let full = backend.nomad.allocations().get(&alloc).await?;
    let task = full.task_states.get(TASK);
    ensure!(task.is_some_and(|task| task.failed), "the task did not fail");
    ensure!(
        task.is_some_and(|task| task.events.iter().any(|event| event.exit_code == 3)),
        "its exit code is lost"
    );
    purge(backend, &good).await?;
    purge(backend, &bad).await
}
