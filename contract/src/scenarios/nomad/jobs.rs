//! What is done with job specifications.

use futures_util::TryStreamExt as _;
use nomad_client::Error;
use nomad_client::JobSubmission;
use serde_json::json;

use super::workload::{GROUP, STAYS, TASK, allocation, deployed, job, purge, service, set, spec};
use crate::scenario::{Backend, Result, eventually, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad jobs" {
    parse, validate, plan_and_register, conflicts, versions_and_revert, tags, listing, submission, dispatch,
    periodic, summary_and_evaluations, stop_and_purge, missing, registered_as_read,
} }

fn hcl(id: &str) -> String {
    format!(
        r#"
variable "line" {{ default = "sleep 1" }}
job "{id}" {{
  datacenters = ["*"]
  type        = "service"
  group "{GROUP}" {{
    count = 2
    task "{TASK}" {{
      driver = "raw_exec"
      config {{
        command = "/bin/sh"
        args    = ["-c", var.line]
      }}
      resources {{
        cpu    = 10
        memory = 10
      }}
    }}
  }}
}}
"#
    )
}

async fn parse(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("parsed");
    let parsed = jobs.parse(hcl(&id)).canonicalize(true).await?;
    ensure_eq!(parsed.id, id);
    let group = parsed.task_groups.first();
    ensure_eq!(group.and_then(|group| group.count), Some(2));
    let with = jobs.parse(hcl(&id)).variables("line = \"echo from a file\"\n").await?;
    let text = serde_json::to_string(&with)?;
    ensure!(text.contains("echo from a file"), "the variable was not used: {text}");
    match jobs
        .parse("job \"x\" {\n  group \"g\" {\n    task \"t\" {\n      scaling {}\n    }\n  }\n}\n")
        .await
    {
        Err(Error::Invalid(error)) => ensure!(!error.messages().is_empty(), "no reason was given"),
        other => return fail(format!("a wrong specification was parsed: {:?}", other.map(|job| job.id))),
    }
    Ok(())
}

async fn validate(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let good = job(spec(&backend.unique("valid"), "service", STAYS))?;
    let result = jobs.validate(&good).await?;
    ensure!(result.is_valid(), "{}", result.error);
    let mut wrong = spec(&backend.unique("invalid"), "service", STAYS);
    set(&mut wrong, "/TaskGroups/0/Tasks", json!([]));
    let result = jobs.validate(&job(wrong)?).await?;
    ensure!(!result.is_valid(), "a group without tasks is valid");
    Ok(())
}

async fn plan_and_register(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("planned");
    let first = service(&id, STAYS, &json!({}))?;
    let plan = jobs.plan(&first).await?;
    ensure_eq!(plan.job_modify_index, 0);
    ensure!(plan.has_changes() && plan.is_placeable(), "a new job changes nothing or has no place");
    let place =
        plan.annotations.as_ref().and_then(|all| all.desired_tg_updates.get(GROUP)).map(|group| group.place);
    ensure_eq!(place, Some(1));
    ensure!(jobs.get(&id).optional().await?.is_none(), "planning registered the job");

    let registered = jobs.register(&first).cas(plan.job_modify_index).await?;
    ensure!(!registered.eval_id.is_empty(), "no evaluation was made");
    super::workload::settled(backend, &id, 0).await?;

    let again = jobs.plan(&first).await?;
    ensure!(!again.has_changes(), "an unchanged job has changes: {:?}", again.diff);
    let changed = service(&id, "echo changed; exec sleep 3600", &json!({}))?;
    let plan = jobs.plan(&changed).await?;
    ensure!(plan.has_changes(), "a changed job has no changes");
    ensure!(plan.job_modify_index > 0, "the plan has no index");
    let update = plan
        .annotations
        .as_ref()
        .and_then(|all| all.desired_tg_updates.get(GROUP))
        .map(|g| g.destructive_update);
    ensure_eq!(update, Some(1));
    purge(backend, &id).await
}

async fn registered_as_read(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("read");
    let mut written = spec(&id, "service", STAYS);
    set(&mut written, "/TaskGroups/0/Count", json!(0));
    set(
        &mut written,
        "/TaskGroups/0/Tasks/0/Identities",
        json!([{"Name": "other", "Audience": ["other.io"]}]),
    );
    let written = job(written)?;
    jobs.register(&written).await?;
    let constraints = async || -> Result<usize> {
        Ok(jobs.get(&id).await?.task_groups.iter().map(|group| group.constraints.len()).sum())
    };
    ensure_eq!(constraints().await?, 1);

    let read = jobs.get(&id).await?;
    jobs.register(&read.clone().without_implied_constraints()).await?;
    ensure_eq!((constraints().await?, jobs.get(&id).await?.version), (1, Some(0)));
    jobs.register(&read).await?;
    ensure_eq!((constraints().await?, jobs.get(&id).await?.version), (2, Some(1)));
    ensure!(jobs.plan(&written).diff(true).await?.has_changes(), "the constraint was not added again");
    let same = written.with_implied_constraints_of(&jobs.get(&id).await?);
    let plan = jobs.plan(&same).diff(true).await?;
    ensure!(!plan.has_changes(), "what somebody wrote differs: {:?}", plan.diff);
    purge(backend, &id).await
}

async fn conflicts(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("conflict");
    let first = job(spec(&id, "service", STAYS))?;
    jobs.register(&first).cas(0).await?;
    let actual = jobs.get(&id).await?.job_modify_index;
    for expected in [0, 1] {
        match jobs.register(&first).cas(expected).await {
            Err(Error::JobModifyIndexConflict { expected: told, actual: found, .. }) => {
                ensure_eq!(told, expected);
                // "job already exists" does not say which index it has.
                ensure!(expected == 0 || found == actual, "{found:?} instead of {actual:?}");
            }
            other => return fail(format!("index {expected} was accepted: {other:?}")),
        }
    }
    purge(backend, &id).await
}

async fn versions_and_revert(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("versions");
    deployed(backend, &service(&id, STAYS, &json!({}))?, 0).await?;
    deployed(backend, &service(&id, "echo two; exec sleep 3600", &json!({}))?, 1).await?;
    let versions = jobs.versions(&id).diffs(true).await?;
    ensure_eq!(versions.versions.iter().map(|job| job.version).collect::<Vec<_>>(), [Some(1), Some(0)]);
    ensure_eq!(versions.diffs.len(), 1);

    jobs.set_stable(&id, 0, true).await?;
    let stable = jobs.versions(&id).await?.versions;
    ensure!(
        stable.iter().any(|job| job.version == Some(0) && job.stable == Some(true)),
        "version 0 is not stable"
    );

    jobs.revert(&id, 0).enforce_prior_version(1).await?;
    super::workload::settled(backend, &id, 2).await?;
    let now = jobs.get(&id).await?;
    ensure_eq!(now.version, Some(2));
    let text = serde_json::to_string(&now)?;
    ensure!(!text.contains("echo two"), "the old specification is not back: {text}");
    ensure!(jobs.revert(&id, 2).await.is_err(), "a job was reverted to the version it has");
    ensure!(jobs.revert(&id, 99).await.is_err(), "a job was reverted to a version it never had");
    purge(backend, &id).await
}

async fn tags(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("tags");
    jobs.register(&job(spec(&id, "service", STAYS))?).await?;
    let tagged = jobs.tag_version(&id, "good", 0).description("it works").await?;
    ensure_eq!(tagged.name, "good");
    let tag =
        |versions: nomad_client::JobVersions| versions.versions.into_iter().find_map(|job| job.version_tag);
    let found = tag(jobs.versions(&id).await?);
    ensure_eq!(found.map(|tag| tag.name), Some("good".to_owned()));
    jobs.untag_version(&id, "good").await?;
    ensure!(tag(jobs.versions(&id).await?).is_none(), "the tag is still there");
    purge(backend, &id).await
}

async fn listing(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let prefix = backend.unique("listed");
    let ids: Vec<String> = (0..3).map(|n| format!("{prefix}-{n}")).collect();
    for id in &ids {
        jobs.register(&job(spec(id, "service", STAYS))?).await?;
    }
    let listed = jobs.list().prefix(&prefix).meta(true).await?;
    ensure_eq!(listed.iter().map(|stub| stub.id.clone()).collect::<Vec<_>>(), ids);
    ensure!(listed.iter().all(|stub| stub.meta.get("release").is_some_and(|v| v == "one")), "no meta");

    let page = jobs.list().prefix(&prefix).per_page(2).reply().await?;
    ensure_eq!(page.value.len(), 2);
    ensure!(page.meta.next_token.is_some(), "there is no next page");
    let paged: Vec<_> = jobs.list().prefix(&prefix).per_page(2).stream().try_collect().await?;
    ensure_eq!(paged.into_iter().map(|stub| stub.id).collect::<Vec<_>>(), ids);
    let items: Vec<_> = jobs.list().prefix(&prefix).items().try_collect().await?;
    ensure_eq!(items.len(), 3);

    let filtered = jobs.list().filter(format!("ID == \"{prefix}-1\"")).await?;
    ensure_eq!(filtered.len(), 1);
    match jobs.list().filter("Nope ==").await {
        Err(Error::Invalid(_)) => {}
        other => return fail(format!("a wrong filter was taken: {other:?}")),
    }
    let reversed = jobs.list().prefix(&prefix).reverse(true).await?;
    ensure_eq!(reversed.first().map(|stub| stub.id.clone()), ids.last().cloned());
    for id in &ids {
        purge(backend, id).await?;
    }
    ensure!(jobs.list().prefix(&prefix).await?.is_empty(), "purged jobs are listed");
    Ok(())
}

async fn submission(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("submitted");
    let source = hcl(&id);
    let parsed = jobs.parse(source.as_str()).await?;
    jobs.register(&parsed).submission(&JobSubmission::hcl(source.as_str())).await?;
    let kept = jobs.submission(&id, 0).await?;
    ensure_eq!(kept.source, source);
    purge(backend, &id).await
}

async fn dispatch(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("dispatched");
    let mut parent = spec(&id, "batch", "echo done");
    set(
        &mut parent,
        "/ParameterizedJob",
        json!({"Payload": "optional", "MetaRequired": ["who"], "MetaOptional": []}),
    );
    let registered = jobs.register(&job(parent)?).await?;
    ensure_eq!(registered.eval_id, "", "a parameterized job is not placed");
    ensure!(jobs.dispatch(&id).await.is_err(), "a dispatch without its meta was taken");
    let token = backend.unique("token");
    let first = jobs.dispatch(&id).meta([("who", "me")]).payload("hello").idempotency_token(&token).await?;
    ensure!(first.dispatched_job_id.starts_with(&format!("{id}/dispatch-")), "{}", first.dispatched_job_id);
    let again = jobs.dispatch(&id).meta([("who", "me")]).payload("hello").idempotency_token(&token).await?;
    ensure_eq!(again.dispatched_job_id, first.dispatched_job_id, "the token was used before");
    allocation(backend, &first.dispatched_job_id, "complete").await?;
    let child = jobs.get(&first.dispatched_job_id).await?;
    ensure_eq!(child.parent_id.as_deref(), Some(id.as_str()));
    purge(backend, &first.dispatched_job_id).await?;
    purge(backend, &id).await
}

async fn periodic(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("periodic");
    let mut parent = spec(&id, "batch", "echo done");
    set(&mut parent, "/Periodic", json!({"Enabled": true, "Spec": "0 0 1 1 *", "SpecType": "cron"}));
    let parent = job(parent)?;
    let plan = jobs.plan(&parent).await?;
    ensure!(plan.next_periodic_launch.is_some(), "the plan does not say when it starts next");
    jobs.register(&parent).await?;
    jobs.periodic_force(&id).await?;
    let prefix = format!("{id}/periodic-");
    let child = eventually(backend.patience(), "the instance of a periodic job", async || {
        Ok(jobs.list().prefix(&prefix).await?.into_iter().next())
    })
    .await?;
    ensure_eq!(child.parent_id, id);
    allocation(backend, &child.id, "complete").await?;
    purge(backend, &child.id).await?;
    purge(backend, &id).await
}

async fn summary_and_evaluations(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("evaluated");
    let registered = jobs.register(&job(spec(&id, "service", STAYS))?).await?;
    let evaluation = eventually(backend.patience(), "the evaluation", async || {
        let found = backend.nomad.evaluations().get(&registered.eval_id).await?;
        Ok(found.status.is_terminal().then_some(found))
    })
    .await?;
    ensure_eq!(evaluation.status.as_str(), "complete");
    ensure_eq!(evaluation.job_id, id);
    let running = allocation(backend, &id, "running").await?;
    let placed = backend.nomad.evaluations().allocations(&registered.eval_id).await?;
    ensure!(placed.iter().any(|stub| stub.id == running), "the evaluation did not place {running}");
    ensure!(
        jobs.evaluations(&id).await?.iter().any(|found| found.id == registered.eval_id),
        "the job does not have its evaluation"
    );
    let summary = eventually(backend.patience(), "a running allocation in the summary", async || {
        let summary = jobs.summary(&id).await?;
        Ok(summary.summary.get(GROUP).is_some_and(|group| group.running == 1).then_some(summary))
    })
    .await?;
    ensure_eq!(summary.job_id, id);
    jobs.evaluate(&id).await?;
    let listed = backend.nomad.evaluations().list().filter(format!("JobID == \"{id}\"")).await?;
    ensure!(listed.len() >= 2, "{} evaluations after another was asked for", listed.len());
    let count = backend.nomad.evaluations().count().await?;
    ensure!(count.count >= 2, "{} evaluations in all", count.count);
    purge(backend, &id).await
}

async fn stop_and_purge(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("stopped");
    jobs.register(&job(spec(&id, "service", STAYS))?).await?;
    let running = allocation(backend, &id, "running").await?;
    let stopped = jobs.deregister(&id).await?;
    ensure!(!stopped.eval_id.is_empty(), "stopping made no evaluation");
    eventually(backend.patience(), "the allocation to end", async || {
        let found = backend.nomad.allocations().get(&running).await?;
        Ok((found.client_status.as_str() == "complete").then_some(()))
    })
    .await?;
    ensure_eq!(jobs.get(&id).await?.stop, Some(true));
    purge(backend, &id).await?;
    ensure!(jobs.get(&id).optional().await?.is_none(), "the job is still there");
    Ok(())
}

async fn missing(backend: &Backend) -> Result {
    let jobs = backend.nomad.jobs();
    let id = backend.unique("missing");
    match jobs.get(&id).await {
        Err(Error::NotFound(error)) => {
            ensure!(error.meta().is_some_and(|meta| meta.index.is_some()), "a 404 has no index to wait from");
        }
        other => return fail(format!("there is a job that is not there: {other:?}")),
    }
    ensure!(jobs.allocations(&id).await?.is_empty(), "it has allocations");
    ensure!(jobs.latest_deployment(&id).await?.is_none(), "it has a deployment");
    ensure_eq!(jobs.deregister(&id).await?.eval_id, "");
    Ok(())
}
