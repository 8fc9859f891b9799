//! The event stream.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use nomad_client::{EventItem, Topic};
use serde_json::json;

use super::workload::{STAYS, deployed, purge, service};
use crate::scenario::{Backend, Result, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad events" {
    of_a_job, all_topics,
} }

async fn of_a_job(backend: &Backend) -> Result {
    let id = backend.unique("streamed");
    let Some(before) = backend.nomad.jobs().list().reply().await?.meta.index else {
        return fail("the answer has no index");
    };
    let job = service(&id, STAYS, &json!({}))?;
    let request =
        backend.nomad.events().topic_key(Topic::Job, &id).topic_key(Topic::Deployment, &id).index(before);
    let mut events = request.stream();
    let mut seen = BTreeSet::new();
    let search = async {
        while let Some(item) = events.next().await {
            let EventItem::Event(event) = item? else { continue };
            if let Some(job) = event.job()? {
                ensure_eq!(job.id, id);
            }
            if let Some(deployment) = event.deployment()? {
                ensure_eq!(deployment.job_id, id);
            }
            ensure!(event.index > before, "an event at or before the index that was asked for");
            seen.insert(event.topic.as_str().to_owned());
            if seen.len() == 2 {
                return Ok(());
            }
        }
        fail("the stream ended")
    };
    // Beside the deployment: a server keeps a hundred events, which others may have pushed out by its end.
    let search = tokio::time::timeout(backend.patience(), search);
    let (found, work) = futures_util::future::join(search, deployed(backend, &job, 0)).await;
    work?;
    match found {
        Ok(found) => found?,
        Err(_) => return fail("job and deployment were not seen"),
    }
    purge(backend, &id).await
}

async fn all_topics(backend: &Backend) -> Result {
    let id = backend.unique("streamed-all");
    let mut events = backend.nomad.events().topic(Topic::All).stream();
    // Polled beside the registration, so that the stream is open when it happens.
    let search = async {
        while let Some(item) = events.next().await {
            let EventItem::Event(event) = item? else { continue };
            if event.topic == Topic::Allocation && event.allocation()?.is_some_and(|found| found.job_id == id)
            {
                return Ok(());
            }
        }
        fail("the stream ended")
    };
    let work = async {
        for n in 0..2 {
            let line = format!("echo {n}; exec sleep 3600");
            deployed(backend, &service(&id, &line, &json!({}))?, n).await?;
        }
        Ok(())
    };
    let search = tokio::time::timeout(backend.patience(), search);
    let (found, work): (_, Result) = futures_util::future::join(search, work).await;
    work?;
    match found {
        Ok(found) => found?,
        Err(_) => return fail("no allocation was seen"),
    }
    purge(backend, &id).await
}
