//! Namespaces, nodes, the servers themselves.

use nomad_client::{Error, Namespace};
use serde_json::json;

use super::workload::{STAYS, allocation, job, purge, set, spec};
use crate::scenario::{Backend, Result, eventually, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad cluster" {
    namespaces, nodes, node_eligibility, node_pools, servers, keys, search,
} }

async fn namespaces(backend: &Backend) -> Result {
    let namespaces = backend.nomad.namespaces();
    let name = backend.unique("space");
    namespaces.upsert(&Namespace::new(&name).description("a test")).await?;
    let mut read = namespaces.get(&name).await?;
    ensure_eq!(read.description, "a test");
    read.meta.insert("owner".to_owned(), "team".to_owned());
    namespaces.upsert(&read).await?;
    ensure_eq!(namespaces.get(&name).await?.meta.get("owner").map(String::as_str), Some("team"));
    ensure!(
        namespaces.list().prefix(&name).await?.iter().any(|found| found.name == name),
        "it is not listed"
    );

    let scoped = backend.nomad.namespace(&name);
    let id = backend.unique("spaced");
    let mut there = spec(&id, "service", STAYS);
    set(&mut there, "/Namespace", json!(name));
    scoped.jobs().register(&job(there)?).await?;
    ensure_eq!(scoped.jobs().get(&id).await?.namespace.as_deref(), Some(name.as_str()));
    ensure!(backend.nomad.jobs().get(&id).optional().await?.is_none(), "it is in the default namespace too");
    let everywhere = backend.nomad.namespace("*").jobs().list().prefix(&id).await?;
    ensure_eq!(everywhere.first().map(|stub| stub.namespace.clone()), Some(name.clone()));
    ensure!(namespaces.delete(&name).await.is_err(), "a namespace with a job was deleted");
    scoped.jobs().deregister(&id).purge(true).await?;
    // Its allocations have to be over before the namespace can go.
    eventually(backend.patience(), "the namespace to be empty", async || {
        Ok(namespaces.delete(&name).await.is_ok().then_some(()))
    })
    .await?;
    ensure!(namespaces.get(&name).optional().await?.is_none(), "it is still there");
    match backend.nomad.namespace(&name).jobs().register(&job(spec(&id, "service", STAYS))?).await {
        Err(_) => Ok(()),
        Ok(_) => fail("a job was registered in a namespace that is not there"),
    }
}

async fn nodes(backend: &Backend) -> Result {
    let nodes = backend.nomad.nodes();
    let listed = nodes.list().await?;
    let Some(stub) = listed.first() else { return fail("there is no node") };
    ensure_eq!(stub.status.as_str(), "ready");
    ensure!(stub.drivers.get("raw_exec").is_some_and(|driver| driver.healthy), "raw_exec is not there");
    let node = nodes.get(&stub.id).await?;
    ensure_eq!(node.name, stub.name);
    ensure!(node.attributes.contains_key("kernel.name"), "it has no attributes");
    ensure!(node.node_resources.is_some(), "it has no resources");
    let short = stub.id.get(..8).unwrap_or_default();
    ensure_eq!(nodes.list().prefix(short).await?.len(), 1);
    match nodes.get("00000000-0000-0000-0000-000000000000").await {
        Err(Error::NotFound(_)) => Ok(()),
        other => fail(format!("there is a node that is not there: {:?}", other.map(|node| node.name))),
    }
}

async fn node_eligibility(backend: &Backend) -> Result {
    let nodes = backend.nomad.nodes();
    let Some(stub) = nodes.list().await?.into_iter().next() else { return fail("there is no node") };
    // Other scenarios place jobs at the same time, so nothing is switched off here.
    nodes.set_eligible(&stub.id, true).await?;
    ensure_eq!(nodes.get(&stub.id).await?.scheduling_eligibility.as_str(), "eligible");
    Ok(())
}

async fn node_pools(backend: &Backend) -> Result {
    let pools = backend.nomad.node_pools();
    let mut names: Vec<String> = pools.list().await?.into_iter().map(|pool| pool.name).collect();
    names.sort_unstable();
    ensure!(["all", "default"].iter().all(|name| names.iter().any(|found| found == name)), "{names:?}");
    ensure_eq!(pools.get("default").await?.name, "default");
    ensure!(!pools.nodes("default").await?.is_empty(), "the default pool has no nodes");
    let id = backend.unique("pooled");
    backend.nomad.jobs().register(&job(spec(&id, "service", STAYS))?).await?;
    allocation(backend, &id, "running").await?;
    ensure!(pools.jobs("default").await?.iter().any(|stub| stub.id == id), "the pool does not have its job");
    purge(backend, &id).await
}

async fn servers(backend: &Backend) -> Result {
    let nomad = &backend.nomad;
    let me = nomad.agent().get_self().await?;
    drop(me);
    ensure!(nomad.agent().health().await?.is_healthy(), "the agent is not healthy");
    ensure!(!nomad.agent().members().await?.members.is_empty(), "there are no members");
    let leader = nomad.system().leader().await?;
    ensure!(!leader.is_empty(), "there is no leader");
    ensure!(nomad.system().peers().await?.contains(&leader), "the leader is no peer");
    ensure_eq!(nomad.system().regions().await?, ["global"]);
    Ok(())
}

async fn keys(backend: &Backend) -> Result {
    let jwks = backend.nomad.oidc_discovery().jwks().await?;
    ensure!(!jwks.keys.is_empty(), "there are no keys to check identities with");
    // No token is needed, since Vault and Consul ask for them.
    let anonymous = backend.nomad_as(None)?.oidc_discovery().jwks().await?;
    ensure_eq!(anonymous.keys.len(), jwks.keys.len());
    Ok(())
}

async fn search(backend: &Backend) -> Result {
    let id = backend.unique("searched");
    backend.nomad.jobs().register(&job(spec(&id, "service", STAYS))?).await?;
    let found = backend.nomad.search().prefix(&id).await?;
    ensure!(found.matches.get("jobs").is_some_and(|ids| ids.contains(&id)), "{:?}", found.matches);
    purge(backend, &id).await
}
