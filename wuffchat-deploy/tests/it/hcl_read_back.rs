//! What is rendered as HCL, read back by a real Nomad: it has to be the job that is registered.

use nomad_client::{Job, Namespace, NodePool};
use serde_json::{Value, json};
use wuffchat_deploy::platform::Part;
use wuffchat_deploy::{Component, Driver, Environment, Stage, Version, jobs, render};

use crate::stack::Stack;

/// The stages as they are and with everything set that changes a job, in both drivers.
fn environments() -> Vec<Environment> {
    let mut all = Vec::new();
    for stage in [Stage::Dev, Stage::Staging, Stage::Production] {
        let plain = Environment::new(stage);
        let mut full = plain.clone();
        full.region = Some("global".to_owned());
        full.node_pool = Some("web".to_owned());
        full.datacenters = vec!["dc1".to_owned(), "dc-*".to_owned()];
        full.registry = "registry.example.com:5000/team".to_owned();
        full.variables.insert("GREETING".to_owned(), "${not} \"a\" %{template}\\ \n{{ there }}".to_owned());
        full.traefik.cert_resolver = Some("le".to_owned());
        full.release.gates = Environment::from_toml(GATES, Some(stage)).unwrap().release.gates;
        full.platform.traefik.acme_email = Some("ops@example.com".to_owned());
        full.platform.consul.acl = true;
        full.platform.grafana.enabled = true;
        full.platform.redis.enabled = true;
        full.platform.autoscaler.high_availability = true;
        full.platform.prometheus.port = Some(9090);
        full.api.memory_max = Some(2048);
        let volume = Environment::from_toml(DOCKER_VOLUME, Some(stage)).unwrap();
        full.platform.prometheus.volume = volume.platform.prometheus.volume;
        let mut fixed = plain.clone();
        fixed.scaling = None;
        fixed.update.canary = 0;
        for environment in [plain, full, fixed] {
            let mut programs = environment.clone();
            programs.driver =
                Driver::RawExec { command: "/bin/app".to_owned(), args: vec!["${X}".to_owned()] };
            programs.platform.prometheus.consul_discovery = false;
            all.extend([environment, programs]);
        }
    }
    all
}

const GATES: &str = "[[release.gates]]\nkind = \"http\"\npath = \"/health\"\n";
const DOCKER_VOLUME: &str = "[platform.prometheus.volume]\nkind = \"docker\"\nsource = \"samples\"\n";

/// Every job of an environment with the file it is rendered to.
fn jobs_of(environment: &Environment) -> Vec<(Job, String)> {
    let version: Version = format!("sha256:{}", "0123456789abcdef".repeat(4)).parse().unwrap();
    let built = Component::ALL.map(|component| jobs::job(component, environment, &version)).into_iter();
    let built = built.chain(Part::enabled(environment).into_iter().map(|part| part.job(environment)));
    let files = render::hcl(environment, &version).unwrap().into_iter();
    let files = files.chain(render::platform_hcl(environment).unwrap());
    built.zip(files.map(|file| file.text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_agent_reads_rendered_files_as_the_jobs_that_are_registered() {
    let Some(stack) = Stack::agents().await else { return };
    let nomad = &stack.clients.nomad;
    for name in ["staging", "production"] {
        nomad.namespaces().upsert(&Namespace::new(name)).await.unwrap();
    }
    nomad.node_pools().upsert(&NodePool::new("web")).await.unwrap();
    // Nothing is to run.
    for node in nomad.nodes().list().await.unwrap() {
        nomad.nodes().set_eligible(&node.id, false).await.unwrap();
    }
    let mut read = 0;
    let mut different = Vec::new();
    for environment in environments() {
        let nomad = nomad.namespace(&environment.namespace);
        for (job, text) in jobs_of(&environment) {
            let place = format!("{} {} {:?}", environment.stage, job.id, environment.driver);
            let parsed = nomad.jobs().parse(text.as_str()).canonicalize(true).await;
            let parsed = parsed.unwrap_or_else(|error| panic!("{place}: {error}\n{text}"));
            let registered = stored(&nomad, &job).await;
            let plan = nomad.jobs().plan(&parsed).await.unwrap();
            if plan.diff.as_ref().is_none_or(|diff| !diff.is_unchanged()) {
                different.push(format!("{place}: {:#?}", plan.diff));
            }
            if job.task_groups[0].scaling.is_some() {
                // A change of the policy, deep in it, is seen.
                let mut other = job.clone();
                let policy = &mut other.task_groups[0].scaling.as_mut().unwrap().policy;
                *policy = serde_json::from_str(&json!(policy).to_string().replace("avg(", "max(")).unwrap();
                let plan = nomad.jobs().plan(&other).await.unwrap();
                assert!(!plan.diff.unwrap().is_unchanged(), "{place}");
            }
            let stored = stored(&nomad, &parsed).await;
            different.extend(difference(&registered, &stored, &place));
            read += 1;
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(read > 90, "{read} jobs");
}

/// The job as the server keeps it when it is new.
async fn stored(nomad: &nomad_client::Client, job: &Job) -> Value {
    nomad.jobs().deregister(&job.id).purge(true).await.unwrap();
    nomad.jobs().register(job).await.unwrap();
    let mut stored = serde_json::to_value(nomad.jobs().get(&job.id).await.unwrap()).unwrap();
    // What registering gives each time anew.
    for field in ["SubmitTime", "CreateIndex", "ModifyIndex", "JobModifyIndex", "Status", "StatusDescription"]
    {
        stored.as_object_mut().unwrap().remove(field);
    }
    if let Some(scaling) = stored.pointer_mut("/TaskGroups/0/Scaling").and_then(Value::as_object_mut) {
        for field in ["ID", "CreateIndex", "ModifyIndex"] {
            scaling.remove(field);
        }
    }
    stored
}

/// The first place where they differ.
fn difference(one: &Value, other: &Value, place: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => a
            .keys()
            .chain(b.keys())
            .find_map(|key| difference(&one[key.as_str()], &other[key.as_str()], &format!("{place}.{key}"))),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (a, b))| difference(a, b, &format!("{place}[{index}]"))),
        _ if one == other => None,
        _ => Some(format!("{place}: {one} became {other}")),
    }
}
