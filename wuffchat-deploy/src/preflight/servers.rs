//! Versions, leaders, quorum and seals.

use nomad_client::Error as NomadError;

use super::version::{Product, judge};
use crate::Clients;
use crate::finding::Finding;

pub(super) async fn look(clients: &Clients) -> Vec<Finding> {
    let (nomad, vault, consul) = tokio::join!(nomad(clients), vault(clients), consul(clients));
    nomad.into_iter().chain(vault).chain(consul).collect()
}

async fn nomad(clients: &Clients) -> Vec<Finding> {
    let nomad = &clients.nomad;
    let (agent, nodes, operator, system) = (nomad.agent(), nomad.nodes(), nomad.operator(), nomad.system());
    let (own, nodes, health, leader) =
        tokio::join!(agent.get_self(), nodes.list(), operator.autopilot_health(), system.leader());
    let mut findings = vec![match leader {
        Ok(leader) if leader.is_empty() => no_leader("nomad"),
        Ok(leader) => Finding::ok("nomad.leader", format!("{leader} leads")),
        Err(NomadError::NoLeader(_)) => no_leader("nomad"),
        Err(error) => unreachable_server("nomad", &error),
    }];
    // What a token may read differs; any of the three knows a version.
    let own = own.ok().and_then(|own| own.member.tags.get("build").cloned());
    let of_servers = health.as_ref().ok().and_then(|health| Some(health.servers.first()?.version.clone()));
    let of_nodes = nodes.ok().and_then(|nodes| Some(nodes.first()?.version.clone()));
    findings.push(match own.or(of_servers).or(of_nodes).filter(|version| !version.is_empty()) {
        Some(version) => judge(Product::Nomad, &version),
        None => Finding::unknown("nomad.version", "the token may not read the version of Nomad")
            .fix("a policy with agent { policy = \"read\" } or node { policy = \"read\" }"),
    });
    findings.push(match health {
        Ok(health) => quorum("nomad", health.healthy, health.failure_tolerance, health.servers.len()),
        Err(error) => not_allowed("nomad.quorum", "autopilot's view of Nomad's servers", &error)
            .fix("a policy with operator { policy = \"read\" }"),
    });
    findings
}

async fn vault(clients: &Clients) -> Vec<Finding> {
    let health = match clients.vault.sys().health().await {
        Ok(health) => health,
        Err(error) => return vec![unreachable_server("vault", &error)],
    };
    let mut findings = Vec::new();
    let openbao = health.enterprise.is_none();
    if !health.version.is_empty() {
        let product = if openbao { Product::OpenBao } else { Product::Vault };
        findings.push(judge(product, &health.version));
    }
    findings.push(if !health.initialized {
        Finding::problem("vault.sealed", "Vault is not initialised").fix("vault operator init")
    } else if health.sealed {
        Finding::problem("vault.sealed", "Vault is sealed")
            .fix("vault operator unseal, or look at its auto-unseal")
    } else if health.standby && !health.performance_standby {
        Finding::ok("vault.sealed", "Vault is unsealed; this server stands by and passes requests on")
    } else {
        Finding::ok("vault.sealed", "Vault is unsealed")
    });
    if !health.sealed && health.initialized {
        findings.push(match clients.vault.sys().leader().await {
            Ok(leader) if leader.ha_enabled && leader.leader_address.is_empty() => no_leader("vault"),
            Ok(leader) if leader.ha_enabled => {
                Finding::ok("vault.leader", format!("{} leads", leader.leader_address))
            }
            Ok(_) => {
                Finding::warning("vault.leader", "Vault is a single server: while it is away no task starts")
                    .fix("integrated storage with three servers")
            }
            Err(error) => not_allowed("vault.leader", "Vault's leader", &error),
        });
    }
    findings
}

async fn consul(clients: &Clients) -> Vec<Finding> {
    let consul = &clients.consul;
    let (status, agent, operator) = (consul.status(), consul.agent(), consul.operator());
    let (leader, version, health) =
        tokio::join!(status.leader(), agent.version(), operator.autopilot_health());
    let mut findings = vec![match leader {
        Ok(Some(leader)) if !leader.is_empty() => Finding::ok("consul.leader", format!("{leader} leads")),
        Ok(_) => no_leader("consul"),
        Err(error) => unreachable_server("consul", &error),
    }];
    findings.push(match version {
        Ok(version) => judge(Product::Consul, &version.human_version),
        Err(error) => not_allowed("consul.version", "Consul's version", &error),
    });
    findings.push(match health {
        Ok(health) => quorum("consul", health.healthy, health.failure_tolerance.into(), health.servers.len()),
        Err(error) => not_allowed("consul.quorum", "autopilot's view of Consul's servers", &error)
            .fix("a policy with operator = \"read\""),
    });
    findings
}

fn no_leader(product: &str) -> Finding {
    Finding::problem(format!("{product}.leader"), format!("{product} has no leader"))
        .fix("bring a majority of its servers back")
}

fn unreachable_server(product: &str, error: &dyn std::error::Error) -> Finding {
    Finding::problem(format!("{product}.leader"), format!("{product} does not answer: {error}"))
        .fix("check its address, its certificates and the network")
}

pub(super) fn not_allowed(check: &str, what: &str, error: &dyn std::error::Error) -> Finding {
    Finding::unknown(check, format!("{what} could not be read: {error}"))
}

/// Servers without one to spare are no problem of a release, but somebody should know.
fn quorum(product: &str, healthy: bool, tolerance: i64, servers: usize) -> Finding {
    let check = format!("{product}.quorum");
    let count = match servers {
        1 => "1 server".to_owned(),
        many => format!("{many} servers"),
    };
    if !healthy {
        return Finding::problem(check, format!("{product}: not all of {count} are healthy"))
            .fix("look at autopilot's state and mend the server before releasing");
    }
    if tolerance < 1 {
        return Finding::warning(check, format!("{product}: {count}, and none may fail"))
            .fix("run three or five servers");
    }
    Finding::ok(check, format!("{product}: {count}, of which {tolerance} may fail"))
}
