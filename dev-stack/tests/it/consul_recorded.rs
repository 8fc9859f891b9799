//! The embedded Consul against the recorded answers of a real one.

use dev_stack::embedded::clock::Clock;
use dev_stack::embedded::consul::{Consul, ConsulOptions};
use dev_stack::embedded::faults::Faults;
use dev_stack::embedded::http::Server;
use serde_json::{Value, json};

use crate::recorded::{Replay, Step, send};

const MANAGEMENT: &str = "11111111-2222-3333-4444-555555555555";

/// What is not there, and why.
const EXCUSED: &[(&str, &str)] = &[
    ("acl.templated_policy", "only the rules behind the built-in templates are known, not their texts"),
    ("agent.service_register", "asks for a sidecar, which is refused"),
    ("agent.connect_ca_leaf", "there is no certificate authority"),
    ("agent.connect_ca_roots", "there is no certificate authority, so the list of roots is empty"),
    ("connect.*", "there is no service mesh"),
    ("catalog.connect_nodes", "sidecar services are not made out of a registration"),
    ("health.connect", "sidecar services are not made out of a registration"),
    ("config.*", "there are no configuration entries"),
    ("discovery_chain.get", "there is no service mesh"),
    ("exported_services.list", "there is no peering"),
    ("imported_services.list", "there is no peering"),
    ("internal.*", "internal endpoints of the vendor's UI"),
    ("operator.autopilot_state", "one server has nothing to steer"),
    ("operator.usage", "usage is not counted"),
    ("peering.token", "there is no peering"),
    ("snapshot.save_error", "the state is not saved"),
];

#[tokio::test]
async fn the_recorded_requests_get_the_recorded_kind_of_answer() {
    let consul = Consul::new(Clock::real(), ConsulOptions::default());
    let server = Server::start("127.0.0.1:0".parse().unwrap(), consul, Faults::new()).await.unwrap();
    let mut replay = Replay::new(server.addr, "consul", "x-consul-token", MANAGEMENT);
    agent(&mut replay).await;
    catalog(&mut replay).await;
    kv(&mut replay).await;
    acl(&mut replay, server.addr).await;
    rest(&mut replay).await;
    replay.finish(EXCUSED);
}

async fn agent(replay: &mut Replay) {
    // With a sidecar it is refused.
    let mut registration = replay.recording("agent.service_register")["request"]["body"].clone();
    registration.as_object_mut().unwrap().remove("Connect");
    replay.setup("PUT", "/v1/agent/service/register?replace-existing-checks=true", registration).await;
    replay
        .play_with("agent.self_info", Step { loose: &["/DebugConfig", "/Stats", "/xDS"], ..Step::default() })
        .await;
    replay
        .play_with("agent.host", Step { loose: &["/Memory", "/CPU", "/Host", "/Disk"], ..Step::default() })
        .await;
    let own = ["/Gauges", "/Points", "/Counters", "/Samples"];
    replay.play_with("agent.metrics", Step { loose: &own, ..Step::default() }).await;
    for name in [
        "agent.members",
        "agent.version",
        "agent.metrics_prometheus",
        "agent.service_register_unknown_field",
        "agent.check_register",
        "agent.check_pass",
        "agent.service",
        "agent.service_deregister_missing",
    ] {
        replay.play(name).await;
    }
    replay.setup("PUT", "/v1/agent/check/warn/web-ttl?note=hm", Value::Null).await;
    replay.play("agent.service_maintenance").await;
    replay.play("agent.service_health_by_id").await;
}

async fn catalog(replay: &mut Replay) {
    replay.play("catalog.register").await;
    let nomad = json!({
        "ID": "api-1", "Name": "wuffchat-api", "Port": 8080, "Address": "127.0.0.1", "Tags": ["api"],
        "Meta": { "external-source": "nomad" },
        "Check": { "Name": "http", "HTTP": "http://127.0.0.1:1/health", "Interval": "2s", "Timeout": "3s", "Status": "passing" },
    });
    replay.setup("PUT", "/v1/agent/service/register", nomad).await;
    // The recorded agent had made a sidecar out of the registration, and ran other services.
    let sidecar = [
        "[]/ServiceProxy/DestinationServiceName",
        "[]/ServiceProxy/DestinationServiceID",
        "[]/ServiceProxy/LocalServiceAddress",
        "[]/ServiceProxy/LocalServicePort",
    ];
    replay.play_with("catalog.service_nodes", Step { loose: &sidecar, ..Step::default() }).await;
    replay
        .play_with(
            "health.service",
            Step { loose: &["[]/Service/Proxy", "[]/Checks[]/ServiceTags"], ..Step::default() },
        )
        .await;
    replay
        .play_with("health.service_wuffchat", Step { loose: &["[]/Checks[]/ServiceTags"], ..Step::default() })
        .await;
    for name in [
        "catalog.nodes",
        "catalog.node_unknown",
        "catalog.gateway_services",
        "health.service_unknown",
        "health.bad_filter",
        "health.checks",
    ] {
        replay.play(name).await;
    }
    replay.play_with("health.node", Step { loose: &["[]/ServiceTags"], ..Step::default() }).await;
    replay
        .play_with(
            "catalog.services",
            Step { loose: &["/nomad", "/nomad-client", "/web-sidecar-proxy"], ..Step::default() },
        )
        .await;
    replay.play_with("catalog.node", Step { loose: &["/Services"], ..Step::default() }).await;
}

async fn kv(replay: &mut Replay) {
    for name in [
        "kv.put",
        "kv.put_binary",
        "kv.put_empty",
        "kv.get",
        "kv.get_empty",
        "kv.get_missing",
        "kv.list",
        "kv.keys",
        "kv.cas_conflict",
        "session.create",
        "session.create-2",
        "kv.acquire",
        "kv.acquire_held",
        "kv.get_locked",
        "session.list",
        "session.node",
        "session.renew",
        "session.renew_missing",
        "session.destroy",
        "txn.apply",
        "txn.conflict",
        "kv.delete",
    ] {
        replay.play(name).await;
    }
}

async fn acl(replay: &mut Replay, addr: std::net::SocketAddr) {
    let policy =
        json!({ "Name": "reader", "Description": "r", "Rules": "key_prefix \"\" { policy = \"read\" }" });
    let policy = replay.setup("PUT", "/v1/acl/policy", policy).await;
    let recorded = replay.recording("acl.policy");
    replay.map(recorded["body"]["ID"].as_str().unwrap(), policy["ID"].as_str().unwrap());
    replay.play("acl.policy").await;
    replay.play("acl.policy_by_name").await;
    replay.play("acl.policies").await;
    replay.play("acl.role_create").await;
    replay.play("acl.role").await;
    replay.play("acl.roles").await;
    let token = json!({ "Description": "t", "Policies": [{ "Name": "reader" }], "Local": true, "ExpirationTTL": "1h" });
    let token = replay.setup("PUT", "/v1/acl/token", token).await;
    let (accessor, secret) = (token["AccessorID"].as_str().unwrap(), token["SecretID"].as_str().unwrap());
    let recorded = replay.recording("acl.token");
    replay.map(recorded["body"]["AccessorID"].as_str().unwrap(), accessor);
    replay.play("acl.token").await;
    replay.play("acl.token_clone").await;
    replay.play("acl.token_self").await;
    replay.play_with("acl.denied", Step { token: Some(secret), ..Step::default() }).await;
    replay.play_with("acl.token_not_found", Step { token: Some("nope"), ..Step::default() }).await;
    for name in [
        "acl.auth_method_create",
        "acl.auth_method",
        "acl.auth_methods",
        "acl.binding_rule_create",
        "acl.binding_rule",
        "acl.binding_rules",
    ] {
        replay.play(name).await;
    }
    // What the rules say holds on the next request.
    let read = send(addr, "GET", "/v1/kv/none", &[("x-consul-token", secret)], Default::default()).await;
    let write = send(addr, "PUT", "/v1/kv/none", &[("x-consul-token", secret)], "x".into()).await;
    assert_eq!((read.status, write.status), (404, 403));
    let text = format!(
        "Permission denied: token with AccessorID '{accessor}' lacks permission 'key:write' on \"none\""
    );
    assert_eq!(write.body(), json!(text));
}

async fn rest(replay: &mut Replay) {
    let fire = send_event(replay).await;
    assert_eq!(fire["Name"], "deploy");
    for name in [
        "event.list",
        "coordinate.node",
        "coordinate.nodes",
        "status.leader",
        "status.peers",
        "operator.raft_configuration",
        "operator.autopilot_health",
        "operator.autopilot_config",
        "operator.area_members",
        "operator.license",
        "operator.segments",
        "operator.utilization",
        "namespace.get",
        "namespace.list",
        "partition.get",
        "partition.list",
        "peering.get",
        "peering.list",
        "query.create",
        "query.get",
        "query.list",
        "query.explain",
    ] {
        if replay.has(name) {
            replay.play(name).await;
        }
    }
}

async fn send_event(replay: &Replay) -> Value {
    replay.setup("PUT", "/v1/event/fire/deploy", json!("payload")).await
}
