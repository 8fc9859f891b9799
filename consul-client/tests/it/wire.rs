//! What each operation sends: one line each, and a test that none is missing.

use std::collections::BTreeSet;
use std::time::Duration;

use consul_client::acl::{AccessRequest, TemplateVariables};
use consul_client::connect::{CaConfig, MatchBy};
use consul_client::coordinate::{Coordinate, NodeCoordinate};
use consul_client::discovery_chain::ChainOverrides;
use consul_client::enterprise::{Namespace, Partition};
use consul_client::operator::{Area, AutopilotConfig};
use consul_client::query::PreparedQuery;
use consul_client::{
    AgentToken, AuthMethod, BindType, BindingRule, CheckRegistration, CheckStatus, Client, ConfigEntry,
    ConfigKind, Consistency, Deregistration, Intention, IntentionAction, JwtConfig, Login, Policy,
    Registration, Role, ServiceRegistration, SessionOptions, Spec, Token, TtlUpdate, operations,
};
use serde_json::{Value, json};

struct Line {
    spec: Spec,
    sent: &'static str,
    body: Value,
}

macro_rules! lines {
    ($($call:expr => $sent:literal $(, $body:tt)?;)*) => {
        vec![$(Line { spec: $call.spec().unwrap(), sent: $sent, body: lines!(@body $($body)?) }),*]
    };
    (@body) => { Value::Null };
    (@body $body:tt) => { json!($body) };
}

fn client() -> Client {
    Client::builder().build().unwrap()
}

fn reads(consul: &Client) -> Vec<Line> {
    let (kv, session, catalog, health) = (consul.kv(), consul.session(), consul.catalog(), consul.health());
    lines! {
        kv.get("a/b c") => "GET /v1/kv/a/b%20c";
        kv.get("/a//b").consistency(Consistency::Consistent) => "GET /v1/kv/%2Fa%2F%2Fb?consistent";
        kv.get("a").index(7).wait(Duration::from_secs(90)).stale() => "GET /v1/kv/a?stale&index=7&wait=1m30s";
        kv.get("a").stale().consistency(Consistency::Leader) => "GET /v1/kv/a?leader";
        kv.raw("a").max_stale(Duration::from_secs(5)) => "GET /v1/kv/a?raw&stale&max_stale=5s";
        kv.list("").datacenter("dc2") => "GET /v1/kv/?recurse&dc=dc2";
        kv.list("dir/").namespace("n").partition("p") => "GET /v1/kv/dir/?recurse&partition=p&ns=n";
        kv.keys("app/").separator("/") => "GET /v1/kv/app/?keys&separator=%2F";
        session.info("s") => "GET /v1/session/info/s";
        session.node("n") => "GET /v1/session/node/n";
        session.list() => "GET /v1/session/list";
        catalog.datacenters().max_age(Duration::from_secs(5)) => "GET /v1/catalog/datacenters?cached";
        catalog.nodes().near("_agent").node_meta("a", "b") => "GET /v1/catalog/nodes?near=_agent&node-meta=a%3Ab";
        catalog.services().filter("x == y").cached() => "GET /v1/catalog/services?filter=x%20%3D%3D%20y&cached";
        catalog.service_nodes("web").tag("a").tag("b").peer("p") => "GET /v1/catalog/service/web?tag=a&tag=b&peer=p";
        catalog.connect_nodes("web").merge_central_config() => "GET /v1/catalog/connect/web?merge-central-config";
        catalog.node("n") => "GET /v1/catalog/node/n";
        catalog.node_service_list("n").merge_central_config() => "GET /v1/catalog/node-services/n?merge-central-config";
        catalog.gateway_services("g") => "GET /v1/catalog/gateway-services/g";
        health.node("n").filter("a") => "GET /v1/health/node/n?filter=a";
        health.checks("web").near("n") => "GET /v1/health/checks/web?near=n";
        health.service("web").passing().tag("v2") => "GET /v1/health/service/web?passing&tag=v2";
        health.service("web").consistency(Consistency::Consistent).cached() => "GET /v1/health/service/web?cached";
        health.connect("web").sameness_group("g") => "GET /v1/health/connect/web?sameness-group=g";
        health.ingress("web") => "GET /v1/health/ingress/web";
        health.state(CheckStatus::Any) => "GET /v1/health/state/any";
        consul.status().leader() => "GET /v1/status/leader";
        consul.status().peers() => "GET /v1/status/peers";
        consul.coordinate().datacenters() => "GET /v1/coordinate/datacenters";
        consul.coordinate().nodes().segment("s") => "GET /v1/coordinate/nodes?segment=s";
        consul.coordinate().node("n") => "GET /v1/coordinate/node/n";
        consul.event().list().name("deploy") => "GET /v1/event/list?name=deploy";
        consul.discovery_chain().get("web").compile_datacenter("dc2") => "GET /v1/discovery-chain/web?compile-dc=dc2";
        consul.query().list() => "GET /v1/query";
        consul.query().get("q") => "GET /v1/query/q";
        consul.query().execute("q").near("_agent").limit(3) => "GET /v1/query/q/execute?near=_agent&limit=3";
        consul.query().explain("q") => "GET /v1/query/q/explain";
        consul.snapshot().save().stale() => "GET /v1/snapshot?stale";
        consul.peering().get("p") => "GET /v1/peering/p";
        consul.peering().list() => "GET /v1/peerings";
        consul.exported_services().list() => "GET /v1/exported-services";
        consul.imported_services().list() => "GET /v1/imported-services";
        consul.namespaces().get("n") => "GET /v1/namespace/n";
        consul.namespaces().list() => "GET /v1/namespaces";
        consul.partitions().get("p") => "GET /v1/partition/p";
        consul.partitions().list() => "GET /v1/partitions";
        consul.internal().federation_states() => "GET /v1/internal/federation-states";
        consul.internal().federation_mesh_gateways() => "GET /v1/internal/federation-states/mesh-gateways";
        consul.internal().federation_state("dc1") => "GET /v1/internal/federation-state/dc1";
        consul.config().list(&ConfigKind::Mesh) => "GET /v1/config/mesh";
        consul.config().get(&ConfigKind::ServiceDefaults, "web") => "GET /v1/config/service-defaults/web";
    }
}

fn writes(consul: &Client) -> Vec<Line> {
    let (kv, session, catalog) = (consul.kv(), consul.session(), consul.catalog());
    let entry = ConfigEntry::new(ConfigKind::ServiceDefaults, "web").setting("Protocol", "http");
    lines! {
        kv.put("a", "{\"v\":1}").flags(u64::MAX) => "PUT /v1/kv/a?flags=18446744073709551615", {"v": 1};
        kv.put("a", "1").cas(0) => "PUT /v1/kv/a?cas=0", 1;
        kv.put("a", "1").acquire("s").flags(3) => "PUT /v1/kv/a?acquire=s&flags=3", 1;
        kv.put("a", "").release("s") => "PUT /v1/kv/a?release=s";
        kv.delete("a") => "DELETE /v1/kv/a";
        kv.delete("a").cas(5) => "DELETE /v1/kv/a?cas=5";
        kv.delete_tree("a/") => "DELETE /v1/kv/a/?recurse";
        consul.txn().set("a", "1").cas("b", "2", 7).get_tree("c").delete("d").lock("e", "", "s").apply()
            => "PUT /v1/txn", [
                {"KV": {"Verb": "set", "Key": "a", "Value": "MQ=="}},
                {"KV": {"Verb": "cas", "Key": "b", "Value": "Mg==", "Index": 7}},
                {"KV": {"Verb": "get-tree", "Key": "c"}},
                {"KV": {"Verb": "delete", "Key": "d"}},
                {"KV": {"Verb": "lock", "Key": "e", "Session": "s"}},
            ];
        session.create(&SessionOptions::new().name("n").ttl(Duration::from_secs(15)).without_checks())
            => "PUT /v1/session/create", {"Name": "n", "TTL": "15s", "NodeChecks": []};
        session.create(&SessionOptions::new()) => "PUT /v1/session/create", {};
        session.destroy("s") => "PUT /v1/session/destroy/s";
        session.renew("s") => "PUT /v1/session/renew/s";
        catalog.register(&Registration::new("n", "192.0.2.1").meta("external-node", "true"))
            => "PUT /v1/catalog/register",
            {"Node": "n", "Address": "192.0.2.1", "NodeMeta": {"external-node": "true"}};
        catalog.deregister(&Deregistration::service("n", "web1"))
            => "PUT /v1/catalog/deregister", {"Node": "n", "ServiceID": "web1"};
        consul.coordinate().update(&NodeCoordinate::new("n", Coordinate::default()))
            => "PUT /v1/coordinate/update",
            {"Node": "n", "Segment": "", "Coord": {"Error": 0.0, "Adjustment": 0.0, "Height": 0.0}};
        consul.event().fire("deploy", "5").service("web") => "PUT /v1/event/fire/deploy?service=web", 5;
        consul.discovery_chain().get_with_overrides("web", &ChainOverrides::default())
            => "POST /v1/discovery-chain/web", {};
        consul.query().create(&PreparedQuery::new("q", "web").only_passing())
            => "POST /v1/query", {
                "Name": "q", "Session": "", "Token": "",
                "Template": {"Type": "", "Regexp": "", "RemoveEmptyTags": false},
                "Service": {
                    "Service": "web", "Failover": {"NearestN": 0}, "OnlyPassing": true, "Near": "",
                    "Connect": false,
                },
                "DNS": {"TTL": ""},
            };
        consul.query().update("q", &PreparedQuery::new("q", "web")) => "PUT /v1/query/q", {
            "Name": "q", "Session": "", "Token": "",
            "Template": {"Type": "", "Regexp": "", "RemoveEmptyTags": false},
            "Service": {
                "Service": "web", "Failover": {"NearestN": 0}, "OnlyPassing": false, "Near": "",
                "Connect": false,
            },
            "DNS": {"TTL": ""},
        };
        consul.query().delete("q") => "DELETE /v1/query/q";
        consul.snapshot().restore("1") => "PUT /v1/snapshot", 1;
        consul.peering().generate_token("dc2").server_external_addresses(&["192.0.2.1:8502"])
            => "POST /v1/peering/token",
            {"PeerName": "dc2", "ServerExternalAddresses": ["192.0.2.1:8502"]};
        consul.peering().establish("dc1", "token")
            => "POST /v1/peering/establish", {"PeerName": "dc1", "PeeringToken": "token"};
        consul.peering().delete("dc2") => "DELETE /v1/peering/dc2";
        consul.namespaces().create(&Namespace::new("n")) => "PUT /v1/namespace", {"Name": "n"};
        consul.namespaces().update(&Namespace::new("n").description("d"))
            => "PUT /v1/namespace/n", {"Name": "n", "Description": "d"};
        consul.namespaces().delete("n") => "DELETE /v1/namespace/n";
        consul.partitions().create(&Partition::new("p")) => "PUT /v1/partition", {"Name": "p"};
        consul.partitions().update(&Partition::new("p")) => "PUT /v1/partition/p", {"Name": "p"};
        consul.partitions().delete("p") => "DELETE /v1/partition/p";
        consul.internal().assign_service_virtual_ip("web", &["240.0.0.9"])
            => "PUT /v1/internal/service-virtual-ip", {"Service": "web", "ManualVIPs": ["240.0.0.9"]};
        consul.config().apply(&entry)
            => "PUT /v1/config", {"Kind": "service-defaults", "Name": "web", "Protocol": "http"};
        consul.config().apply(&ConfigEntry::new(ConfigKind::Mesh, "mesh")).cas(3)
            => "PUT /v1/config?cas=3", {"Kind": "mesh"};
        consul.config().delete(&ConfigKind::Mesh, "mesh").cas(3) => "DELETE /v1/config/mesh/mesh?cas=3";
    }
}

fn agent(consul: &Client) -> Vec<Line> {
    let agent = consul.agent();
    let ten = Duration::from_secs(10);
    let check =
        CheckRegistration::http("http://127.0.0.1/", ten).header("x", "y").timeout(Duration::from_secs(3));
    let web = ServiceRegistration::new("web").port(80).tag("v1").meta("k", "v").check(check).sidecar(None);
    lines! {
        agent.services().filter("a") => "GET /v1/agent/services?filter=a";
        agent.service("web").hash("h").wait(ten) => "GET /v1/agent/service/web?hash=h&wait=10s";
        agent.register_service(&web).replace_existing_checks()
            => "PUT /v1/agent/service/register?replace-existing-checks", {
                "Name": "web", "Port": 80, "Tags": ["v1"], "Meta": {"k": "v"},
                "Checks": [{
                    "HTTP": "http://127.0.0.1/", "Interval": "10s", "Timeout": "3s", "Header": {"x": ["y"]},
                }],
                "Connect": {"SidecarService": {}},
            };
        agent.deregister_service("web") => "PUT /v1/agent/service/deregister/web";
        agent.service_maintenance("web", true).reason("a b")
            => "PUT /v1/agent/service/maintenance/web?enable=true&reason=a%20b";
        agent.service_health_by_id("web") => "GET /v1/agent/health/service/id/web";
        agent.service_health_by_name("web") => "GET /v1/agent/health/service/name/web";
        agent.checks() => "GET /v1/agent/checks";
        agent.register_check(&CheckRegistration::ttl(ten).name("t").service_id("web"))
            => "PUT /v1/agent/check/register", {"Name": "t", "TTL": "10s", "ServiceID": "web"};
        agent.register_check(&CheckRegistration::script(["true"], ten).name("t").success_before_passing(2))
            => "PUT /v1/agent/check/register",
            {"Name": "t", "ScriptArgs": ["true"], "Interval": "10s", "SuccessBeforePassing": 2};
        agent.register_check(&CheckRegistration::docker("c", ["true"], ten).name("t"))
            => "PUT /v1/agent/check/register",
            {"Name": "t", "ScriptArgs": ["true"], "DockerContainerID": "c", "Interval": "10s"};
        agent.register_check(&CheckRegistration::tcp("h:1", ten).tcp_use_tls(true))
            => "PUT /v1/agent/check/register", {"TCP": "h:1", "TCPUseTLS": true, "Interval": "10s"};
        agent.register_check(&CheckRegistration::udp("h:1", ten))
            => "PUT /v1/agent/check/register", {"UDP": "h:1", "Interval": "10s"};
        agent.register_check(&CheckRegistration::grpc("h:1/s", ten).grpc_use_tls(true))
            => "PUT /v1/agent/check/register", {"GRPC": "h:1/s", "GRPCUseTLS": true, "Interval": "10s"};
        agent.register_check(&CheckRegistration::h2_ping("h:1", ten).h2_ping_use_tls(false))
            => "PUT /v1/agent/check/register", {"H2PING": "h:1", "H2PingUseTLS": false, "Interval": "10s"};
        agent.register_check(&CheckRegistration::os_service("ssh", ten))
            => "PUT /v1/agent/check/register", {"OSService": "ssh", "Interval": "10s"};
        agent.register_check(&CheckRegistration::alias("web")) => "PUT /v1/agent/check/register", {"AliasService": "web"};
        agent.deregister_check("c") => "PUT /v1/agent/check/deregister/c";
        agent.pass_ttl("c").note("fine") => "PUT /v1/agent/check/pass/c?note=fine";
        agent.warn_ttl("c") => "PUT /v1/agent/check/warn/c";
        agent.fail_ttl("service:web:1") => "PUT /v1/agent/check/fail/service%3Aweb%3A1";
        agent.update_ttl("c", &TtlUpdate::new(CheckStatus::Warning).output("hm"))
            => "PUT /v1/agent/check/update/c", {"Status": "warning", "Output": "hm"};
        agent.self_info() => "GET /v1/agent/self";
        agent.host() => "GET /v1/agent/host";
        agent.version() => "GET /v1/agent/version";
        agent.members().wan() => "GET /v1/agent/members?wan";
        agent.node_maintenance(false).reason("r") => "PUT /v1/agent/maintenance?enable=false&reason=r";
        agent.reload() => "PUT /v1/agent/reload";
        agent.join("192.0.2.1").wan() => "PUT /v1/agent/join/192.0.2.1?wan";
        agent.leave() => "PUT /v1/agent/leave";
        agent.force_leave("n").prune() => "PUT /v1/agent/force-leave/n?prune";
        agent.set_token(&AgentToken::Default, "t") => "PUT /v1/agent/token/default", {"Token": "t"};
        agent.metrics() => "GET /v1/agent/metrics";
        agent.metrics_prometheus() => "GET /v1/agent/metrics?format=prometheus";
        agent.monitor().log_level("debug").log_json() => "GET /v1/agent/monitor?loglevel=debug&logjson";
        agent.connect_authorize("web", "spiffe://a", "0e") => "POST /v1/agent/connect/authorize",
            {"Target": "web", "ClientCertURI": "spiffe://a", "ClientCertSerial": "0e"};
        agent.connect_ca_roots() => "GET /v1/agent/connect/ca/roots";
        agent.connect_ca_leaf("web") => "GET /v1/agent/connect/ca/leaf/web";
    }
}

fn acl(consul: &Client) -> Vec<Line> {
    let acl = consul.acl();
    let policy = Policy::new("p", "r").id("i");
    let role = Role::new("r").policy("p").service("web").id("i");
    let method = AuthMethod::jwt("nomad", &JwtConfig::jwks("http://n/jwks", "consul.io").claim("a", "b"))
        .max_token_ttl(Duration::from_secs(900));
    let config = json!({
        "JWKSURL": "http://n/jwks", "BoundAudiences": ["consul.io"], "ClaimMappings": {"a": "b"},
    });
    let rule = BindingRule::new("nomad", BindType::Role, "web").selector("s");
    let rule_with_id = rule.clone().id("i");
    let mut lines = lines! {
        acl.tokens().policy("p").auth_method("m") => "GET /v1/acl/tokens?policy=p&authmethod=m";
        acl.create_token(&Token::new().policy("p").expiration_ttl(Duration::from_secs(3600)))
            => "PUT /v1/acl/token",
            {"Description": "", "Policies": [{"Name": "p"}], "Local": false, "ExpirationTTL": "1h0m0s"};
        acl.create_token(&Token::new().accessor_id("a").secret_id("s").local(true)) => "PUT /v1/acl/token",
            {"AccessorID": "a", "SecretID": "s", "Description": "", "Local": true};
        acl.token_self() => "GET /v1/acl/token/self";
        acl.token("a") => "GET /v1/acl/token/a";
        acl.token_expanded("a") => "GET /v1/acl/token/a?expanded";
        acl.update_token(&Token::new().accessor_id("a")) => "PUT /v1/acl/token/a",
            {"AccessorID": "a", "Description": "", "Local": false};
        acl.clone_token("a", "d") => "PUT /v1/acl/token/a/clone", {"Description": "d"};
        acl.delete_token("a") => "DELETE /v1/acl/token/a";
        acl.policies() => "GET /v1/acl/policies";
        acl.create_policy(&Policy::new("p", "r").description("d"))
            => "PUT /v1/acl/policy", {"Name": "p", "Description": "d", "Rules": "r"};
        acl.policy("i") => "GET /v1/acl/policy/i";
        acl.policy_by_name("a b") => "GET /v1/acl/policy/name/a%20b";
        acl.update_policy(&policy) => "PUT /v1/acl/policy/i", {"ID": "i", "Name": "p", "Rules": "r"};
        acl.delete_policy("i") => "DELETE /v1/acl/policy/i";
        acl.roles().policy("p") => "GET /v1/acl/roles?policy=p";
        acl.create_role(&Role::new("r")) => "PUT /v1/acl/role", {"Name": "r"};
        acl.role("i") => "GET /v1/acl/role/i";
        acl.role_by_name("r") => "GET /v1/acl/role/name/r";
        acl.update_role(&role) => "PUT /v1/acl/role/i", {
            "ID": "i", "Name": "r", "Policies": [{"Name": "p"}],
            "ServiceIdentities": [{"ServiceName": "web"}],
        };
        acl.delete_role("i") => "DELETE /v1/acl/role/i";
        acl.auth_methods() => "GET /v1/acl/auth-methods";
        acl.auth_method("m") => "GET /v1/acl/auth-method/m";
        acl.delete_auth_method("m") => "DELETE /v1/acl/auth-method/m";
        acl.binding_rules().auth_method("m") => "GET /v1/acl/binding-rules?authmethod=m";
        acl.create_binding_rule(&rule) => "PUT /v1/acl/binding-rule",
            {"AuthMethod": "nomad", "Selector": "s", "BindType": "role", "BindName": "web"};
        acl.binding_rule("i") => "GET /v1/acl/binding-rule/i";
        acl.update_binding_rule(&rule_with_id) => "PUT /v1/acl/binding-rule/i",
            {"ID": "i", "AuthMethod": "nomad", "Selector": "s", "BindType": "role", "BindName": "web"};
        acl.delete_binding_rule("i") => "DELETE /v1/acl/binding-rule/i";
        acl.templated_policies() => "GET /v1/acl/templated-policies";
        acl.templated_policy("builtin/service") => "GET /v1/acl/templated-policy/name/builtin/service";
        acl.preview_templated_policy("builtin/service", &TemplateVariables::new("web"))
            => "POST /v1/acl/templated-policy/preview/builtin/service", {"Name": "web"};
        acl.login(&Login::new("m", "jwt").meta("a", "b"))
            => "POST /v1/acl/login", {"AuthMethod": "m", "BearerToken": "jwt", "Meta": {"a": "b"}};
        acl.logout() => "POST /v1/acl/logout";
        acl.oidc_auth_url("m", "http://r", "n") => "POST /v1/acl/oidc/auth-url",
            {"AuthMethod": "m", "RedirectURI": "http://r", "ClientNonce": "n"};
        acl.oidc_callback("m", "s", "c", "n") => "POST /v1/acl/oidc/callback",
            {"AuthMethod": "m", "State": "s", "Code": "c", "ClientNonce": "n"};
        acl.bootstrap() => "PUT /v1/acl/bootstrap";
        acl.bootstrap().secret("s") => "PUT /v1/acl/bootstrap", {"BootstrapSecret": "s"};
        acl.replication() => "GET /v1/acl/replication";
        acl.authorize(&[AccessRequest::new("key", "a", "read")]) => "POST /v1/internal/acl/authorize",
            [{"Resource": "key", "Segment": "a", "Access": "read"}];
    };
    let sent = json!({"Name": "nomad", "Type": "jwt", "MaxTokenTTL": "15m0s", "Config": config});
    for (call, target) in [
        (acl.create_auth_method(&method).spec(), "PUT /v1/acl/auth-method"),
        (acl.update_auth_method(&method).spec(), "PUT /v1/acl/auth-method/nomad"),
    ] {
        lines.push(Line { spec: call.unwrap(), sent: target, body: sent.clone() });
    }
    lines
}

fn operator_and_connect(consul: &Client) -> Vec<Line> {
    let (operator, connect) = (consul.operator(), consul.connect());
    let allow = Intention::new(IntentionAction::Allow);
    let autopilot = json!({
        "CleanupDeadServers": false, "MaxTrailingLogs": 0, "MinQuorum": 0, "RedundancyZoneTag": "",
        "DisableUpgradeMigration": false, "UpgradeVersionTag": "", "CreateIndex": 0, "ModifyIndex": 0,
    });
    let mut lines = lines! {
        operator.raft_configuration().stale() => "GET /v1/operator/raft/configuration?stale";
        operator.raft_transfer_leader().id("i") => "POST /v1/operator/raft/transfer-leader?id=i";
        operator.raft_remove_peer("i") => "DELETE /v1/operator/raft/peer?id=i";
        operator.raft_remove_peer_by_address("h:1") => "DELETE /v1/operator/raft/peer?address=h%3A1";
        operator.autopilot_config() => "GET /v1/operator/autopilot/configuration";
        operator.autopilot_health() => "GET /v1/operator/autopilot/health";
        operator.autopilot_state() => "GET /v1/operator/autopilot/state";
        operator.keyring_list().local_only().relay_factor(2) => "GET /v1/operator/keyring?local-only&relay-factor=2";
        operator.keyring_install("k") => "POST /v1/operator/keyring", {"Key": "k"};
        operator.keyring_use("k") => "PUT /v1/operator/keyring", {"Key": "k"};
        operator.keyring_remove("k") => "DELETE /v1/operator/keyring", {"Key": "k"};
        operator.usage().global() => "GET /v1/operator/usage?global";
        operator.areas() => "GET /v1/operator/area";
        operator.create_area(&Area::new("dc2"))
            => "POST /v1/operator/area", {"PeerDatacenter": "dc2", "UseTLS": false};
        operator.area("i") => "GET /v1/operator/area/i";
        operator.update_area("i", &Area::new("dc2").use_tls(true))
            => "PUT /v1/operator/area/i", {"PeerDatacenter": "dc2", "UseTLS": true};
        operator.delete_area("i") => "DELETE /v1/operator/area/i";
        operator.join_area("i", &["h:1"]) => "PUT /v1/operator/area/i/join", ["h:1"];
        operator.area_members("i") => "GET /v1/operator/area/i/members";
        operator.license() => "GET /v1/operator/license";
        operator.license_signed() => "GET /v1/operator/license?signed=1";
        operator.segments() => "GET /v1/operator/segment";
        operator.audit_hash("x") => "POST /v1/operator/audit-hash", {"Input": "x"};
        operator.utilization().today_only(true) => "GET /v1/operator/utilization?today_only=true";
        connect.ca_roots() => "GET /v1/connect/ca/roots";
        connect.ca_roots_pem() => "GET /v1/connect/ca/roots?pem=true";
        connect.ca_config() => "GET /v1/connect/ca/configuration";
        connect.set_ca_config(&CaConfig::new("consul", serde_json::Map::new()))
            => "PUT /v1/connect/ca/configuration", {
                "Provider": "consul", "Config": {}, "ForceWithoutCrossSigning": false, "CreateIndex": 0,
                "ModifyIndex": 0,
            };
        connect.intentions().filter("a") => "GET /v1/connect/intentions?filter=a";
        connect.create_intention(&allow) => "POST /v1/connect/intentions", {"Action": "allow"};
        connect.match_intentions(&MatchBy::Source, ["a", "b"])
            => "GET /v1/connect/intentions/match?by=source&name=a&name=b";
        connect.check_intention("a", "b") => "GET /v1/connect/intentions/check?source=a&destination=b";
        connect.intention("a", "ns/b") => "GET /v1/connect/intentions/exact?source=a&destination=ns%2Fb";
        connect.upsert_intention("a", "b", &allow)
            => "PUT /v1/connect/intentions/exact?source=a&destination=b", {"Action": "allow"};
        connect.delete_intention("a", "b") => "DELETE /v1/connect/intentions/exact?source=a&destination=b";
        connect.intention_by_id("i") => "GET /v1/connect/intentions/i";
        connect.update_intention_by_id("i", &allow) => "PUT /v1/connect/intentions/i", {"Action": "allow"};
        connect.delete_intention_by_id("i") => "DELETE /v1/connect/intentions/i";
    };
    let set = operator.set_autopilot_config(&AutopilotConfig::default()).cas(4);
    lines.push(Line {
        spec: set.spec().unwrap(),
        sent: "PUT /v1/operator/autopilot/configuration?cas=4",
        body: autopilot,
    });
    lines
}

fn all(consul: &Client) -> Vec<Line> {
    [reads(consul), writes(consul), agent(consul), acl(consul), operator_and_connect(consul)]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn each_call_sends_what_the_api_wants() {
    for Line { spec, sent, body } in all(&client()) {
        assert_eq!(format!("{} {}", spec.method, spec.target), sent);
        assert_eq!(spec.json(), body, "{sent}");
    }
}

/// Runs as it is read, since it answers a stream and no call.
const STREAMS: [&str; 1] = ["agent.metrics_stream"];

#[test]
fn every_operation_has_a_line() {
    let tested: BTreeSet<_> = all(&client()).iter().map(|line| line.spec.operation).collect();
    let known: BTreeSet<_> = operations()
        .iter()
        .map(|entry| entry.operation.name)
        .filter(|name| !STREAMS.contains(name))
        .collect();
    let untested: Vec<_> = known.difference(&tested).collect();
    assert!(untested.is_empty(), "{untested:?}");
    assert_eq!(tested.len() + STREAMS.len(), operations().len(), "two operations share a name");
}

#[test]
fn arguments_that_cannot_be_sent_are_refused_before() {
    let consul = client();
    for refused in [
        consul.kv().get("").spec().is_err(),
        consul.kv().put("", "x").spec().is_err(),
        consul.kv().delete("").spec().is_err(),
        consul.kv().get("a/../b").spec().is_err(),
        consul.session().renew("").spec().is_err(),
        consul.acl().update_policy(&Policy::new("no id", "")).spec().is_err(),
        consul.catalog().node("..").spec().is_err(),
        (0..129).fold(consul.txn(), |txn, n| txn.get(&n.to_string())).apply().spec().is_err(),
    ] {
        assert!(refused);
    }
    assert!(consul.kv().list("").spec().is_ok());
    assert!((0..128).fold(consul.txn(), |txn, n| txn.get(&n.to_string())).apply().spec().is_ok());
}

#[test]
fn a_scoped_client_adds_its_settings_and_the_call_wins() {
    let consul = client().namespace("team").datacenter("dc2").partition("p");
    let spec = consul.kv().get("a").datacenter("dc3").spec().unwrap();
    assert_eq!(spec.target, "/v1/kv/a?dc=dc3&ns=team&partition=p");
    let plain = client().namespace("").kv().get("a").spec().unwrap();
    assert_eq!(plain.target, "/v1/kv/a", "a Community Edition refuses any namespace");
}
