//! Logs that are followed from before the start of a task to its end, and on with what takes its place.

use std::time::Duration;

use futures_util::StreamExt as _;
use nomad_client::{FollowLogs, FollowedLog, TaskRunState};
use serde_json::json;

use super::workload::{STAYS, TASK, allocation, job, purge, set, spec};
use crate::scenario::{Backend, Result, Stop, eventually, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad follow" {
    to_the_end, next_attempt, replacement,
} }

/// What was followed, once it ended by itself.
#[derive(Default)]
struct Followed {
    text: String,
    /// The allocations, in order.
    allocations: Vec<String>,
    over: usize,
}

async fn followed(backend: &Backend, follow: FollowLogs) -> Result<Followed> {
    let mut stream = follow.stream();
    let mut found = Followed::default();
    loop {
        let next = tokio::time::timeout(backend.patience(), stream.next()).await;
        let Ok(next) = next else { return fail(format!("it does not end: {:?}", found.text)) };
        match next.transpose()? {
            None => return Ok(found),
            Some(FollowedLog::Data { alloc_id, data }) => {
                if found.allocations.last() != Some(&alloc_id) {
                    found.allocations.push(alloc_id);
                }
                found.text.push_str(&String::from_utf8_lossy(&data));
            }
            Some(FollowedLog::Over { task, .. }) => {
                ensure!(task.is_none_or(|task| task.state == TaskRunState::Dead), "it was not over");
                found.over += 1;
            }
            Some(_) => {}
        }
    }
}

/// The first allocation of a job, whatever it does.
async fn first(backend: &Backend, job: &str) -> Result<String> {
    eventually(backend.patience(), "an allocation", async || {
        let all = backend.nomad.jobs().allocations(job).await?;
        Ok(all.into_iter().next().map(|found| found.id))
    })
    .await
}

async fn to_the_end(backend: &Backend) -> Result {
    let id = backend.unique("followed");
    let line = "echo one; sleep 2; echo two; echo trouble >&2";
    backend.nomad.jobs().register(&job(spec(&id, "batch", line))?).await?;
    let alloc = first(backend, &id).await?;
    let allocations = backend.nomad.allocations();
    let live = followed(backend, allocations.follow_logs(&alloc, TASK)).await?;
    ensure_eq!((live.text.as_str(), live.over), ("one\ntwo\n", 1));
    let after = followed(backend, allocations.follow_logs(&alloc, TASK).stderr()).await?;
    ensure_eq!(after.text.as_str(), "trouble\n");
    let tail = followed(backend, allocations.follow_logs(&alloc, TASK).tail(4).successors(true)).await?;
    ensure_eq!((tail.text.as_str(), tail.over), ("two\n", 1));
    purge(backend, &id).await
}

async fn next_attempt(backend: &Backend) -> Result {
    let id = backend.unique("attempts");
    let mut spec = spec(&id, "batch", "echo attempt; exit 3");
    let policy = json!({"Attempts": 1, "Interval": 3_600_000_000_000_u64, "Delay": 5_000_000_000_u64,
        "DelayFunction": "constant", "Unlimited": false});
    set(&mut spec, "/TaskGroups/0/ReschedulePolicy", policy);
    backend.nomad.jobs().register(&job(spec)?).await?;
    let alloc = first(backend, &id).await?;
    let follow = backend.nomad.allocations().follow_logs(&alloc, TASK).successors(true);
    let both = followed(backend, follow).await?;
    ensure_eq!((both.text.as_str(), both.over), ("attempt\nattempt\n", 2));
    ensure_eq!((both.allocations.len(), both.allocations.first()), (2, Some(&alloc)));
    purge(backend, &id).await
}

async fn replacement(backend: &Backend) -> Result {
    let id = backend.unique("replaced");
    backend.nomad.jobs().register(&job(spec(&id, "service", STAYS))?).await?;
    let alloc = allocation(backend, &id, "running").await?;
    let follow = backend.nomad.allocations().follow_logs(&alloc, TASK).successors(true);
    let change = async {
        backend.nomad.allocations().stop(&alloc).await?;
        eventually(backend.patience(), "another instance", async || {
            let all = backend.nomad.jobs().allocations(&id).await?;
            Ok(all.iter().any(|it| it.id != alloc && it.client_status.as_str() == "running").then_some(()))
        })
        .await?;
        // What it writes has to arrive before it is stopped as well.
        tokio::time::sleep(Duration::from_secs(1)).await;
        backend.nomad.jobs().deregister(&id).await?;
        Ok::<_, Stop>(())
    };
    let (both, changed) = tokio::join!(followed(backend, follow), change);
    let (both, ()) = (both?, changed?);
    ensure_eq!((both.text.as_str(), both.over, both.allocations.len()), ("started\nstarted\n", 2, 2));
    purge(backend, &id).await
}
