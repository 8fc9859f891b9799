//! Nodes, node pools, agents, operators, the servers as a whole.

use std::time::Duration;

use nomad_client::{
    AutopilotConfiguration, Client, DrainSpec, NodePool, SchedulerAlgorithm, SchedulerConfiguration,
    SchedulerWorkersConfig,
};
use serde_json::json;

use super::{Line, wire};

pub(super) fn lines(nomad: &Client, lines: &mut Vec<Line>) {
    nodes(nomad, lines);
    agents(nomad, lines);
    operators(nomad, lines);
    let system = nomad.system();
    wire! { lines:
        system.leader() => "GET /v1/status/leader";
        system.peers() => "GET /v1/status/peers";
        system.regions() => "GET /v1/regions";
        system.gc() => "PUT /v1/system/gc";
        system.reconcile_summaries() => "PUT /v1/system/reconcile/summaries";
        system.metrics() => "GET /v1/metrics";
        system.prometheus_metrics() => "GET /v1/metrics?format=prometheus";
    }
}

fn nodes(nomad: &Client, lines: &mut Vec<Line>) {
    let (nodes, pools) = (nomad.nodes(), nomad.node_pools());
    let gpu = NodePool::new("gpu").description("nodes with a GPU").node_identity_ttl(Duration::from_secs(1));
    let sent = json!({
        "Name": "gpu", "Description": "nodes with a GPU", "Meta": {}, "SchedulerConfiguration": null,
        "NodeIdentityTTL": 1_000_000_000, "Hash": null, "CreateIndex": 0, "ModifyIndex": 0
    });
    wire! { lines:
        nodes.list().resources(true).os(true) => "GET /v1/nodes?resources=true&os=true";
        nodes.get("n") => "GET /v1/node/n";
        nodes.evaluate("n") => "PUT /v1/node/n/evaluate";
        nodes.allocations("n") => "GET /v1/node/n/allocations";
        nodes.drain("n", DrainSpec::within(Duration::from_secs(3600)).ignore_system_jobs()).meta([("why", "test")]) =>
            "PUT /v1/node/n/drain", {
                "NodeID": "n", "DrainSpec": {"Deadline": 3_600_000_000_000_u64, "IgnoreSystemJobs": true},
                "Meta": {"why": "test"}
            };
        nodes.drain("n", DrainSpec::at_once()) => "PUT /v1/node/n/drain",
            {"NodeID": "n", "DrainSpec": {"Deadline": -1, "IgnoreSystemJobs": false}};
        nodes.drain("n", DrainSpec::without_deadline()) => "PUT /v1/node/n/drain",
            {"NodeID": "n", "DrainSpec": {"Deadline": 0, "IgnoreSystemJobs": false}};
        nodes.cancel_drain("n").mark_eligible(true) => "PUT /v1/node/n/drain",
            {"NodeID": "n", "DrainSpec": null, "MarkEligible": true};
        nodes.set_eligible("n", false) => "PUT /v1/node/n/eligibility",
            {"NodeID": "n", "Eligibility": "ineligible"};
        nodes.purge("n") => "PUT /v1/node/n/purge";
        pools.list() => "GET /v1/node/pools";
        pools.upsert(&gpu) => "PUT /v1/node/pools", sent;
        pools.upsert_named("gpu", &gpu) => "PUT /v1/node/pool/gpu", sent;
        pools.get("gpu") => "GET /v1/node/pool/gpu";
        pools.delete("gpu") => "DELETE /v1/node/pool/gpu";
        pools.nodes("gpu").resources(true).os(false) => "GET /v1/node/pool/gpu/nodes?resources=true&os=false";
        pools.jobs("gpu").meta(true) => "GET /v1/node/pool/gpu/jobs?meta=true";
    }
}

fn agents(nomad: &Client, lines: &mut Vec<Line>) {
    let agent = nomad.agent();
    let key = "k".to_owned().into();
    let node_agent = nomad.node_agent();
    wire! { lines:
        node_agent.gc().node("n") => "GET /v1/client/gc?node_id=n";
        node_agent.stats() => "GET /v1/client/stats";
        node_agent.metadata().node("n") => "GET /v1/client/metadata?node_id=n";
        node_agent.apply_metadata([("a", Some("1")), ("b", None)]).node("n") =>
            "POST /v1/client/metadata?node_id=n", {"Meta": {"a": "1", "b": null}};
        node_agent.identity() => "GET /v1/client/identity";
        node_agent.renew_identity().node("n") => "POST /v1/client/identity/renew?node_id=n";
    }
    wire! { lines:
        agent.get_self() => "GET /v1/agent/self";
        agent.join(&["a:1", "b:2"]) => "PUT /v1/agent/join?address=a%3A1&address=b%3A2";
        agent.members() => "GET /v1/agent/members";
        agent.force_leave("n.global").prune(true) => "PUT /v1/agent/force-leave?node=n.global&prune=true";
        agent.servers() => "GET /v1/agent/servers";
        agent.set_servers(&["a:1"]) => "PUT /v1/agent/servers?address=a%3A1";
        agent.scheduler_workers() => "GET /v1/agent/schedulers";
        agent.scheduler_workers_config() => "GET /v1/agent/schedulers/config";
        agent.set_scheduler_workers_config(&SchedulerWorkersConfig::new(2, ["batch"])) =>
            "PUT /v1/agent/schedulers/config", {"num_schedulers": 2, "enabled_schedulers": ["batch"]};
        agent.health() => "GET /v1/agent/health";
        agent.host().server("s").node("n") => "GET /v1/agent/host?server_id=s&node_id=n";
        agent.gossip_keys() => "GET /v1/agent/keyring/list";
        agent.install_gossip_key(&key) => "PUT /v1/agent/keyring/install", {"Key": "k"};
        agent.use_gossip_key(&key) => "PUT /v1/agent/keyring/use", {"Key": "k"};
        agent.remove_gossip_key(&key) => "PUT /v1/agent/keyring/remove", {"Key": "k"};
        agent.reload() => "PUT /v1/agent/reload";
    }
}

fn operators(nomad: &Client, lines: &mut Vec<Line>) {
    let operator = nomad.operator();
    let mut scheduler = SchedulerConfiguration::default();
    scheduler.scheduler_algorithm = SchedulerAlgorithm::Spread;
    let sent = json!({
        "SchedulerAlgorithm": "spread",
        "PreemptionConfig": {
            "SystemSchedulerEnabled": false, "SysBatchSchedulerEnabled": false, "BatchSchedulerEnabled": false,
            "ServiceSchedulerEnabled": false
        },
        "MemoryOversubscriptionEnabled": false, "RejectJobRegistration": false, "PauseEvalBroker": false,
        "NodeLimitForFeasibilityChecks": 0, "CreateIndex": 0, "ModifyIndex": 0
    });
    let mut autopilot = AutopilotConfiguration::default();
    autopilot.last_contact_threshold = Duration::from_millis(200);
    let autopilot_sent = json!({
        "CleanupDeadServers": false, "LastContactThreshold": "200ms", "MaxTrailingLogs": 0, "MinQuorum": 0,
        "ServerStabilizationTime": "0s", "EnableRedundancyZones": false, "DisableUpgradeMigration": false,
        "EnableCustomUpgrades": false, "CreateIndex": 0, "ModifyIndex": 0
    });
    let time = "1970-01-01T00:00:01Z".parse().unwrap();
    wire! { lines:
        operator.license() => "GET /v1/operator/license";
        operator.set_license("blob") => "PUT /v1/operator/license";
        operator.raft_configuration().stale() => "GET /v1/operator/raft/configuration?stale";
        operator.raft_remove_peer("s") => "DELETE /v1/operator/raft/peer?id=s";
        operator.raft_transfer_leadership("s") => "PUT /v1/operator/raft/transfer-leadership?id=s";
        operator.raft_transfer_leadership_to_address("h:1") =>
            "PUT /v1/operator/raft/transfer-leadership?address=h%3A1";
        operator.keyring() => "GET /v1/operator/keyring/keys";
        operator.rotate_keyring().algorithm("aes256-gcm").full().publish_time(time) =>
            "PUT /v1/operator/keyring/rotate?algo=aes256-gcm&full&publish_time=1000000000";
        operator.delete_key("k").force(true) => "DELETE /v1/operator/keyring/key/k?force=true";
        operator.autopilot_configuration() => "GET /v1/operator/autopilot/configuration";
        operator.set_autopilot_configuration(&autopilot) => "PUT /v1/operator/autopilot/configuration", autopilot_sent;
        operator.cas_autopilot_configuration(&autopilot, 4) => "PUT /v1/operator/autopilot/configuration?cas=4",
            autopilot_sent;
        operator.autopilot_health() => "GET /v1/operator/autopilot/health";
        operator.scheduler_configuration() => "GET /v1/operator/scheduler/configuration";
        operator.set_scheduler_configuration(&scheduler) => "PUT /v1/operator/scheduler/configuration", sent;
        operator.cas_scheduler_configuration(&scheduler, 5) => "PUT /v1/operator/scheduler/configuration?cas=5", sent;
        operator.snapshot() => "GET /v1/operator/snapshot";
        operator.restore_snapshot("bytes") => "PUT /v1/operator/snapshot";
        operator.vault_upgrade_check() => "GET /v1/operator/upgrade-check/vault-workload-identity";
        operator.utilization().today(true) => "POST /v1/operator/utilization?today=true";
    }
}
