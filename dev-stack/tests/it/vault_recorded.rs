//! The embedded Vault against the recorded answers of a real one.

use std::net::SocketAddr;
use std::sync::Arc;

use dev_stack::embedded::clock::Clock;
use dev_stack::embedded::faults::Faults;
use dev_stack::embedded::http::{HttpReq, HttpResp, Server};
use dev_stack::embedded::vault::{Vault, VaultOptions};
use serde_json::{Value, json};

use crate::recorded::{Replay, Step};

/// What is not there, and why.
const EXCUSED: &[(&str, &str)] = &[
    ("database.*", "dynamic credentials need a database"),
    ("identity.oidc_role", "Vault as an OIDC provider is not part of deploying"),
    ("identity.oidc_wellknown", "Vault as an OIDC provider is not part of deploying"),
    ("pki.*", "there is no certificate authority"),
    ("ssh.*", "there is no certificate authority"),
    ("sys.config_state", "there is no configuration file"),
    ("sys.generate_root_status", "the root token is given"),
    ("sys.host_info", "it would describe another machine"),
    ("sys.in_flight", "requests are answered at once"),
    ("sys.loggers", "there are no named loggers"),
    ("sys.metrics", "there are no metrics"),
    ("sys.mount_pki", "there is no certificate authority"),
    ("sys.mount_totp", "one-time passwords are not part of deploying"),
    ("sys.plugins_catalog", "there are no plugins"),
    ("sys.quota_get", "requests are not limited"),
    ("sys.quotas_config", "requests are not limited"),
    ("totp.code", "one-time passwords are not part of deploying"),
];

async fn start() -> (Server, Server) {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let vault = Vault::new(Clock::real(), VaultOptions::default());
    let vault = Server::start(any, vault, Faults::new()).await.unwrap();
    let keys = |_: HttpReq| HttpResp::json(200, &json!({ "keys": [] }));
    (vault, Server::start(any, Arc::new(keys), Faults::new()).await.unwrap())
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{pointer} in {value}"))
        .to_owned()
}

#[tokio::test]
async fn the_recorded_requests_get_the_recorded_kind_of_answer() {
    let (vault, keys) = start().await;
    let mut replay = Replay::new(vault.addr, "vault", "x-vault-token", "root");
    replay.map("127.0.0.1:5646", &keys.addr.to_string());
    system(&mut replay).await;
    auth_methods(&mut replay).await;
    kv(&mut replay).await;
    tokens(&mut replay).await;
    identity(&mut replay).await;
    transit(&mut replay).await;
    replay.finish(&excused());
}

/// Only what the recordings hold; the list above is shared with other versions of them.
fn excused() -> Vec<(&'static str, &'static str)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vault");
    let names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let there = |p: &str| names.iter().any(|n| n.starts_with(p.trim_end_matches('*')));
    EXCUSED.iter().copied().filter(|(pattern, _)| there(pattern)).collect()
}

async fn system(replay: &mut Replay) {
    for name in [
        "sys.init_status",
        "sys.leader",
        "sys.seal_status",
        "sys.seal_status_fields",
        "sys.unsupported_method",
        "sys.not_found",
        "sys.license",
        "sys.namespaces",
        "sys.replication_status",
        "sys.ha_status",
        "sys.version_history",
        "sys.capabilities_self",
        "sys.internal_ui_mount",
        "sys.mount_tune_get",
        "sys.mounts",
        "sys.policies",
        "sys.policy_get",
        "sys.policy_put",
        "sys.policy_put_bad",
        "sys.password_policy_put",
        "sys.password_generate",
        "sys.tools_hash",
        "sys.remount_missing",
        "sys.audit_enable",
        "sys.audit_list",
    ] {
        replay.play(name).await;
    }
    replay.setup("POST", "/v1/sys/mounts/kv1", json!({ "type": "kv" })).await;
    replay.play("sys.mount_enable_again").await;
    for name in ["kv1.put", "kv1.list", "kv1.get_missing", "cubbyhole.put", "cubbyhole.get"] {
        replay.play(name).await;
    }
    let kv1 = replay.setup("GET", "/v1/kv1/a", Value::Null).await;
    assert_eq!((&kv1["data"], &kv1["lease_duration"]), (&json!({ "x": "1", "n": 2 }), &json!(2_764_800)));
    replay.setup("DELETE", "/v1/sys/mounts/kv1", Value::Null).await;
}

async fn auth_methods(replay: &mut Replay) {
    replay.play("sys.auth_enable").await;
    replay.setup("POST", "/v1/sys/auth/jwt-nomad", json!({ "type": "jwt" })).await;
    replay.play("sys.auth").await;
    replay.play("sys.internal_ui_mounts").await;
    for name in [
        "auth.jwt.configure",
        "auth.jwt_enable",
        "jwt.configure",
        "jwt.config_get",
        "jwt.role_put",
        "jwt.login_bad",
        "auth.userpass_enable",
        "userpass.user_put",
        "userpass.user_get",
        "userpass.login",
        "userpass.login_bad",
        "auth.approle_enable",
        "approle.role_put",
        "approle.role_get",
        "approle.role_id",
        "approle.secret_id",
        "approle.secret_id_accessors",
        "approle.login",
        "approle.login_bad",
        "approle.secret_id_lookup",
        "sys.leases_list",
    ] {
        replay.play(name).await;
    }
}

async fn kv(replay: &mut Replay) {
    for name in [
        "kv2.config",
        "kv2.put",
        "kv2.put_v2",
        "kv2.get",
        "kv2.get_version",
        "kv2.patch",
        "kv2.subkeys",
        "kv2.metadata_put",
        "kv2.metadata_get",
        "kv2.list",
        "kv2.list_missing",
        "kv2.get_missing",
        "kv2.delete",
        "kv2.get_deleted",
    ] {
        replay.play(name).await;
    }
    replay.setup("POST", "/v1/secret/undelete/app/db", json!({ "versions": [3] })).await;
    let minute = [("x-vault-wrap-ttl", "60s")];
    replay.play_with("wrapping.kv2_get_wrapped", Step { headers: &minute, ..Step::default() }).await;
    replay.play("wrapping.lookup").await;
    replay.play("wrapping.unwrap").await;
    replay.play("wrapping.unwrap_twice").await;
    replay.play_with("wrapping.wrap", Step { headers: &minute, ..Step::default() }).await;
    replay.setup("POST", "/v1/secret/destroy/app/db", json!({ "versions": [1] })).await;
    replay.play("kv2.get_destroyed").await;
    replay.play_with("token.missing", Step { token: Some(""), ..Step::default() }).await;
}

async fn tokens(replay: &mut Replay) {
    let wish = json!({
        "policies": ["reader"], "ttl": "1h", "renewable": true, "meta": { "a": "b" }, "display_name": "ci", "period": "30m",
    });
    let created = replay.setup("POST", "/v1/auth/token/create", wish).await;
    let recorded = replay.recording("token.renew");
    let token = text(&created, "/auth/client_token");
    replay.map(&text(&recorded, "/request/body/token"), &token);
    replay.map(&text(&recorded, "/body/auth/accessor"), &text(&created, "/auth/accessor"));
    replay.play("token.lookup").await;
    replay.play_with("token.renew_self", Step { token: Some(&token), ..Step::default() }).await;
    replay.play("token.renew").await;
    replay.play("token.lookup_accessor").await;
    replay.play("token.lookup_self").await;
    replay
        .play_with("token.lookup_self_bad_token", Step { token: Some("hvs.nope"), ..Step::default() })
        .await;
    for name in ["token.accessors", "token.create_batch", "token.role_put", "token.role_get", "token.revoke"]
    {
        replay.play(name).await;
    }
}

async fn identity(replay: &mut Replay) {
    let entity = replay.play("identity.entity_create").await;
    replay.play("identity.entity_get").await;
    let members = json!({ "name": "g", "member_entity_ids": [text(&entity, "/data/id")] });
    replay.setup("POST", "/v1/identity/group", members).await;
    replay.play("identity.group_get").await;
    replay.play("identity.lookup_entity").await;
    // Which entities there are depends on who has logged in.
    replay.play_with("identity.entities", Step { loose: &["/data/key_info"], ..Step::default() }).await;
}

async fn transit(replay: &mut Replay) {
    replay.setup("POST", "/v1/sys/mounts/transit", json!({ "type": "transit" })).await;
    for name in [
        "transit.key_create",
        "transit.key_get",
        "transit.encrypt",
        "transit.decrypt",
        "transit.rotate",
        "transit.rewrap",
        "transit.key_config",
        "transit.datakey",
        "transit.hmac",
        "transit.encrypt_batch",
        "transit.key_create_ed25519",
        "transit.key_get_ed25519",
        "transit.keys",
        "transit.sign",
        "transit.verify",
        "transit.hash",
    ] {
        replay.play(name).await;
    }
}

/// Answers only the fork's recordings have, and that are the same in both: `mount_type` is Vault's own.
#[tokio::test]
async fn what_openbao_was_asked_gets_the_same_answers() {
    let (vault, keys) = start().await;
    let mut replay = Replay::new(vault.addr, "openbao", "x-vault-token", "root");
    replay.map("127.0.0.1:5646", &keys.addr.to_string());
    let ours = Step { loose: &["/mount_type"], ..Step::default() };
    for name in ["sys.mount_unknown_type", "sys.mount_enable", "sys.lease_lookup_missing"] {
        replay.play(name).await;
    }
    replay.setup("POST", "/v1/kv1/a", json!({ "x": "1", "n": 2 })).await;
    let kv1 = replay.play_with("kv1.get", ours).await;
    assert_eq!(kv1["lease_duration"], 3600);
    replay.setup("POST", "/v1/sys/auth/approle", json!({ "type": "approle" })).await;
    replay.setup("POST", "/v1/auth/approle/role/ci", json!({ "token_policies": ["reader"] })).await;
    replay.play_with("approle.roles", ours).await;
    replay.setup("POST", "/v1/sys/auth/jwt-x", json!({ "type": "jwt" })).await;
    let role = json!({ "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault.io"], "token_policies": ["reader"] });
    replay.setup("POST", "/v1/auth/jwt-x/role/r", role).await;
    let theirs = [
        "/mount_type",
        "/data/callback_mode",
        "/data/oauth2_metadata",
        "/data/oidc_disable_confirmation",
        "/data/token_policies_template_claims",
        "/data/token_strictly_bind_ip",
    ];
    replay.play_with("jwt.role_get", Step { loose: &theirs, ..Step::default() }).await;
    for _ in 0..3 {
        replay.setup("POST", "/v1/secret/data/app/db", json!({ "data": { "user": "u" } })).await;
    }
    replay.setup("DELETE", "/v1/secret/data/app/db", Value::Null).await;
    for name in ["kv2.undelete", "kv2.destroy", "kv2.put_cas_conflict"] {
        replay.play(name).await;
    }
    let reader = json!({ "policy": "path \"secret/data/*\" { capabilities = [\"read\"] }" });
    replay.setup("PUT", "/v1/sys/policies/acl/reader", reader).await;
    // Vault warns of policies that do not exist; this one does.
    let created = replay.play_with("token.create", ours).await;
    let token = text(&created, "/auth/client_token");
    replay.play_with("kv2.put_denied", Step { token: Some(&token), ..Step::default() }).await;
    let entity = replay.setup("POST", "/v1/identity/entity", json!({ "name": "al" })).await;
    let group = replay.recording("identity.group_create");
    replay.map(&text(&group, "/request/body/member_entity_ids/0"), &text(&entity, "/data/id"));
    replay.play_with("identity.group_create", ours).await;
    replay.setup("POST", "/v1/sys/mounts/transit", json!({ "type": "transit" })).await;
    replay.play_with("transit.random", ours).await;
    replay.finish(&[]);
}
