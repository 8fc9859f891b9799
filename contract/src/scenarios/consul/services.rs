//! Agent, catalog and health.

use std::time::Duration;

use consul_client::catalog::ServiceEntryDefinition;
use consul_client::{
    CheckRegistration, CheckStatus, Deregistration, Error, Registration, ServiceRegistration, TtlUpdate,
};
use futures_util::StreamExt as _;

use crate::scenario::{Backend, Result, eventually, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Consul] "consul services" {
    agent, ttl_check, maintenance, catalog, health_watch, refused, status,
} }

fn service(name: &str) -> ServiceRegistration {
    ServiceRegistration::new(name).port(8080_u16).address("192.0.2.7").tag("blue").meta("version", "1")
}

async fn agent(backend: &Backend) -> Result {
    let agent = backend.consul.agent();
    let me = agent.self_info().await?;
    ensure!(!agent.version().await?.human_version.is_empty(), "no version");
    ensure!(!agent.members().await?.is_empty(), "no members");
    drop(me);
    let name = backend.unique("agent");
    agent.register_service(&service(&name)).await?;
    let registered = agent.service(&name).await?;
    ensure_eq!((registered.service.as_str(), registered.port), (name.as_str(), 8080));
    ensure!(agent.services().await?.contains_key(&name), "it is not listed");
    agent.deregister_service(&name).await?;
    ensure!(agent.service(&name).optional().await?.is_none(), "it is still there");
    match agent.deregister_service(&name).await {
        Err(Error::NotFound(_)) => Ok(()),
        other => fail(format!("a service that is not there: {other:?}")),
    }
}

async fn ttl_check(backend: &Backend) -> Result {
    let agent = backend.consul.agent();
    let name = backend.unique("ttl");
    agent.register_service(&service(&name).check(CheckRegistration::ttl(Duration::from_secs(30)))).await?;
    let check = format!("service:{name}");
    let status = async || -> Result<CheckStatus> {
        let checks = agent.checks().await?;
        match checks.get(&check) {
            Some(found) => Ok(found.status.clone()),
            None => fail(format!("no check `{check}`")),
        }
    };
    ensure_eq!(status().await?, CheckStatus::Critical);
    agent.pass_ttl(&check).note("fine").await?;
    ensure_eq!(status().await?, CheckStatus::Passing);
    let passing = async |wanted: usize| {
        eventually(backend.patience(), "the check in the catalog", async || {
            let found = backend.consul.health().service(&name).passing().await?;
            Ok((found.len() == wanted).then_some(found))
        })
        .await
    };
    let found = passing(1).await?;
    ensure_eq!(found.first().map(|entry| entry.host().to_owned()), Some("192.0.2.7".to_owned()));
    agent.warn_ttl(&check).await?;
    ensure_eq!(status().await?, CheckStatus::Warning);
    agent.fail_ttl(&check).await?;
    ensure_eq!(status().await?, CheckStatus::Critical);
    passing(0).await?;
    agent.update_ttl(&check, &TtlUpdate::new(CheckStatus::Passing).output("again")).await?;
    ensure_eq!(status().await?, CheckStatus::Passing);
    let health = agent.service_health_by_id(&name).await?;
    ensure_eq!(health.aggregated_status, CheckStatus::Passing);
    ensure_eq!(agent.service_health_by_name(&name).await?.len(), 1);
    agent.deregister_service(&name).await?;
    Ok(())
}

async fn maintenance(backend: &Backend) -> Result {
    let agent = backend.consul.agent();
    let name = backend.unique("maintenance");
    agent.register_service(&service(&name)).await?;
    agent.service_maintenance(&name, true).reason("upgrade").await?;
    let health = agent.service_health_by_id(&name).await?;
    ensure_eq!(health.aggregated_status.as_str(), "maintenance");
    agent.service_maintenance(&name, false).await?;
    let health = agent.service_health_by_id(&name).await?;
    ensure_eq!(health.aggregated_status, CheckStatus::Passing);
    agent.deregister_service(&name).await?;
    Ok(())
}

async fn catalog(backend: &Backend) -> Result {
    let catalog = backend.consul.catalog();
    let (node, name) = (backend.unique("node"), backend.unique("external"));
    let registration = Registration::new(&node, "192.0.2.9").service(
        ServiceEntryDefinition::new(&name).id(&name).port(443_u16).tags(vec!["external".to_owned()]),
    );
    ensure!(catalog.register(&registration).await?, "it was not registered");
    let found = catalog.service_nodes(&name).await?;
    ensure_eq!(found.iter().map(|found| found.host()).collect::<Vec<_>>(), ["192.0.2.9"]);
    ensure!(catalog.nodes().await?.iter().any(|found| found.node == node), "the node is not listed");
    ensure_eq!(catalog.services().await?.get(&name), Some(&vec!["external".to_owned()]));
    let Some(whole) = catalog.node(&node).await? else { return fail("the node is not there") };
    ensure!(whole.services.contains_key(&name), "the node does not have its service");
    ensure!(!catalog.datacenters().await?.is_empty(), "no datacenters");
    catalog.deregister(&Deregistration::service(&node, &name)).await?;
    ensure!(catalog.service_nodes(&name).await?.is_empty(), "the service is still there");
    catalog.deregister(&Deregistration::node(&node)).await?;
    ensure!(catalog.node(&node).await?.is_none(), "the node is still there");
    Ok(())
}

async fn health_watch(backend: &Backend) -> Result {
    let agent = backend.consul.agent();
    let name = backend.unique("watched");
    let mut changes = backend.consul.health().service(&name).watch();
    let mut next = async |wanted: usize| -> Result {
        let search = async {
            while let Some(change) = changes.next().await {
                if change?.len() == wanted {
                    return Ok(());
                }
            }
            fail("the watch ended")
        };
        match tokio::time::timeout(backend.patience(), search).await {
            Ok(found) => found,
            Err(_) => fail(format!("{wanted} instances were never seen")),
        }
    };
    next(0).await?;
    agent.register_service(&service(&name)).await?;
    next(1).await?;
    agent.register_service(&service(&name).id(format!("{name}-2"))).await?;
    next(2).await?;
    for id in [name.clone(), format!("{name}-2")] {
        agent.deregister_service(&id).await?;
    }
    next(0).await
}

async fn refused(backend: &Backend) -> Result {
    let name = backend.unique("refused");
    match backend.consul.health().service(&name).filter("Nope ==").await {
        Err(Error::Invalid(_)) => {}
        other => return fail(format!("a wrong filter was taken: {other:?}")),
    }
    ensure!(backend.consul.health().service(&name).await?.is_empty(), "there are instances");
    ensure!(backend.consul.catalog().node(&name).await?.is_none(), "there is a node");
    Ok(())
}

async fn status(backend: &Backend) -> Result {
    ensure!(backend.consul.status().leader().await?.is_some(), "there is no leader");
    ensure!(!backend.consul.status().peers().await?.is_empty(), "there are no peers");
    Ok(())
}
