//! What every operation sends: one line each.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use client_core::Spec;
use serde_json::{Value, json};
use vault_client::auth::{
    AppRoleRole, JwtConfig, JwtRole, KubernetesConfig, KubernetesRole, NewSecretId, TokenRequest, TokenRole,
    UserpassUser,
};
use vault_client::engines::{
    BatchItem, CertificateRequest, Connection, DatabaseRole, EntitySettings, GroupSettings, IssuerSettings,
    IssuersConfig, KeySettings, PkiRole, PkiTidy, PkiUrls, SshRole, SshSign, StaticRole, TotpKeySettings,
};
use vault_client::kv::{KvConfig, SecretMetadata};
use vault_client::policy::{Capability, PathRule, Policy};
use vault_client::sys::{
    AuditSettings, HashAlgorithm, InitRequest, MountConfig, MountSettings, NamespaceSettings, PluginKind,
    PluginRegistration, QuotaConfig, RateLimitQuota, Tuning,
};
use vault_client::{Client, SecretString, operations};

use crate::support::offline;

pub type Run = Pin<Box<dyn Future<Output = String>>>;

/// A call, what it should send, and the means to send it.
pub struct Line {
    pub spec: Spec,
    pub wanted: &'static str,
    pub body: Value,
    /// Sends the call and answers the `Debug` of what came of it.
    pub run: Run,
}

/// One line for every operation; `secret` stands for each secret that is sent.
#[allow(clippy::too_many_lines)]
pub fn table(vault: &Client, secret: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    macro_rules! line {
        ($call:expr, $wanted:literal) => { line!($call, $wanted, null) };
        ($call:expr, $wanted:literal, $($body:tt)+) => {{
            let call = $call;
            let spec = call.spec().unwrap();
            let run: Run = Box::pin(async move {
                match call.await {
                    Ok(value) => format!("{value:?}"),
                    Err(error) => {
                        let source = std::error::Error::source(&error).map(|source| format!("{source} {source:?}"));
                        format!("{error} {error:?} {source:?}")
                    }
                }
            });
            lines.push(Line { spec, wanted: $wanted, body: json!($($body)+), run });
        }};
    }
    let secret_string = SecretString::from(secret);
    let five = Duration::from_secs(300);

    let kv = vault.kv2("secret/");
    let data = json!({"k": secret});
    line!(kv.config(), "GET /v1/secret/config");
    line!(
        kv.configure(&KvConfig::new().max_versions(5).cas_required(true).delete_version_after(five)),
        "POST /v1/secret/config",
        {"max_versions": 5, "cas_required": true, "delete_version_after": "5m0s"}
    );
    line!(kv.get("a b/c").version(3), "GET /v1/secret/data/a%20b/c?version=3");
    line!(kv.put("a", &data).cas(0), "POST /v1/secret/data/a", {"data": {"k": secret}, "options": {"cas": 0}});
    line!(kv.patch("a", &data).cas(2), "PATCH /v1/secret/data/a", {"data": {"k": secret}, "options": {"cas": 2}});
    line!(kv.delete("/a"), "DELETE /v1/secret/data/a");
    line!(kv.delete_versions("a", &[1, 2]), "POST /v1/secret/delete/a", {"versions": [1, 2]});
    line!(kv.undelete_versions("a", &[1]), "POST /v1/secret/undelete/a", {"versions": [1]});
    line!(kv.destroy_versions("a", &[1]), "POST /v1/secret/destroy/a", {"versions": [1]});
    line!(kv.list(""), "LIST /v1/secret/metadata/");
    line!(kv.list("dir/").after("x").limit(5), "LIST /v1/secret/metadata/dir/?after=x&limit=5");
    line!(kv.metadata("a"), "GET /v1/secret/metadata/a");
    let metadata = SecretMetadata::new().max_versions(2).custom_metadata([("owner", "me")]);
    line!(
        kv.put_metadata("a", &metadata),
        "POST /v1/secret/metadata/a",
        {"max_versions": 2, "custom_metadata": {"owner": "me"}}
    );
    line!(
        kv.patch_metadata("a", &SecretMetadata::new().cas_required(true)),
        "PATCH /v1/secret/metadata/a",
        {"cas_required": true}
    );
    line!(kv.clear_custom_metadata("a"), "PATCH /v1/secret/metadata/a", {"custom_metadata": null});
    line!(kv.delete_metadata("a"), "DELETE /v1/secret/metadata/a");
    line!(kv.subkeys("a").version(1).depth(2), "GET /v1/secret/subkeys/a?version=1&depth=2");

    let kv = vault.kv1("team/kv");
    line!(kv.get("a"), "GET /v1/team/kv/a");
    line!(kv.put("a", &data), "POST /v1/team/kv/a", {"k": secret});
    line!(kv.delete("a"), "DELETE /v1/team/kv/a");
    line!(kv.list(""), "LIST /v1/team/kv/");
    let cubbyhole = vault.cubbyhole();
    line!(cubbyhole.get("a"), "GET /v1/cubbyhole/a");
    line!(cubbyhole.put("a", &data), "POST /v1/cubbyhole/a", {"k": secret});
    line!(cubbyhole.delete("a"), "DELETE /v1/cubbyhole/a");
    line!(cubbyhole.list("d"), "LIST /v1/cubbyhole/d");

    let logical = vault.logical();
    line!(logical.read("x/y"), "GET /v1/x/y");
    line!(logical.read_with("x/y", [("version", "2")]), "GET /v1/x/y?version=2");
    line!(logical.write("x/y", &data), "POST /v1/x/y", {"k": secret});
    line!(logical.patch("x/y", &data), "PATCH /v1/x/y", {"k": secret});
    line!(logical.delete("x/y"), "DELETE /v1/x/y");
    line!(logical.list("x/"), "LIST /v1/x/");
    line!(logical.scan("x/"), "SCAN /v1/x/");

    let token = vault.auth().token();
    let request = TokenRequest::new()
        .id(secret)
        .policies(["a"])
        .meta([("k", "v")])
        .no_parent(true)
        .no_default_policy(true)
        .renewable(true)
        .ttl(five)
        .r#type("service")
        .explicit_max_ttl(five)
        .display_name("d")
        .num_uses(1)
        .period(five)
        .entity_alias("e");
    line!(token.create(&request), "POST /v1/auth/token/create", {
        "id": secret, "policies": ["a"], "meta": {"k": "v"}, "no_parent": true, "no_default_policy": true,
        "renewable": true, "ttl": "5m0s", "type": "service", "explicit_max_ttl": "5m0s", "display_name": "d",
        "num_uses": 1, "period": "5m0s", "entity_alias": "e",
    });
    line!(token.create_orphan(&TokenRequest::new()), "POST /v1/auth/token/create-orphan", {});
    line!(token.create_with_role("r", &TokenRequest::new()), "POST /v1/auth/token/create/r", {});
    line!(token.lookup(&secret_string), "POST /v1/auth/token/lookup", {"token": secret});
    line!(token.lookup_self(), "GET /v1/auth/token/lookup-self");
    line!(token.lookup_accessor("a"), "POST /v1/auth/token/lookup-accessor", {"accessor": "a"});
    line!(
        token.renew(&secret_string).increment(five),
        "POST /v1/auth/token/renew",
        {"token": secret, "increment": "300s"}
    );
    line!(token.renew_self(), "POST /v1/auth/token/renew-self");
    line!(token.renew_accessor("a"), "POST /v1/auth/token/renew-accessor", {"accessor": "a"});
    line!(token.revoke(&secret_string), "POST /v1/auth/token/revoke", {"token": secret});
    line!(token.revoke_self(), "POST /v1/auth/token/revoke-self");
    line!(token.revoke_accessor("a"), "POST /v1/auth/token/revoke-accessor", {"accessor": "a"});
    line!(token.revoke_orphan(&secret_string), "POST /v1/auth/token/revoke-orphan", {"token": secret});
    line!(token.accessors(), "LIST /v1/auth/token/accessors");
    line!(token.roles(), "LIST /v1/auth/token/roles");
    line!(token.role("r"), "GET /v1/auth/token/roles/r");
    line!(
        token.put_role("r", &TokenRole::new().allowed_policies(["a"]).orphan(true).token_period(five)),
        "POST /v1/auth/token/roles/r",
        {"allowed_policies": ["a"], "orphan": true, "token_period": 300}
    );
    line!(token.delete_role("r"), "DELETE /v1/auth/token/roles/r");
    line!(token.tidy(), "POST /v1/auth/token/tidy");

    let approle = vault.auth().approle("approle");
    line!(approle.login("id", secret), "POST /v1/auth/approle/login", {"role_id": "id", "secret_id": secret});
    line!(approle.login_without_secret_id("id"), "POST /v1/auth/approle/login", {"role_id": "id"});
    line!(approle.roles(), "LIST /v1/auth/approle/role");
    line!(approle.role("ci"), "GET /v1/auth/approle/role/ci");
    line!(
        approle.put_role("ci", &AppRoleRole::new().secret_id_ttl(five).token_policies(["a"]).token_num_uses(2)),
        "POST /v1/auth/approle/role/ci",
        {"secret_id_ttl": 300, "token_policies": ["a"], "token_num_uses": 2}
    );
    line!(approle.delete_role("ci"), "DELETE /v1/auth/approle/role/ci");
    line!(approle.role_id("ci"), "GET /v1/auth/approle/role/ci/role-id");
    line!(approle.put_role_id("ci", "x"), "POST /v1/auth/approle/role/ci/role-id", {"role_id": "x"});
    let settings = NewSecretId::new()
        .metadata("k", "v")
        .cidr_list(["10.0.0.0/8"])
        .token_bound_cidrs(["10.1.0.0/16"])
        .num_uses(1)
        .ttl(five);
    line!(approle.generate_secret_id("ci", &settings), "POST /v1/auth/approle/role/ci/secret-id", {
        "metadata": "{\"k\":\"v\"}", "cidr_list": ["10.0.0.0/8"], "token_bound_cidrs": ["10.1.0.0/16"],
        "num_uses": 1, "ttl": "300s",
    });
    line!(
        approle.create_custom_secret_id("ci", &secret_string, &NewSecretId::new()),
        "POST /v1/auth/approle/role/ci/custom-secret-id",
        {"secret_id": secret}
    );
    line!(approle.secret_id_accessors("ci"), "LIST /v1/auth/approle/role/ci/secret-id");
    line!(
        approle.lookup_secret_id("ci", &secret_string),
        "POST /v1/auth/approle/role/ci/secret-id/lookup",
        {"secret_id": secret}
    );
    line!(
        approle.destroy_secret_id("ci", &secret_string),
        "POST /v1/auth/approle/role/ci/secret-id/destroy",
        {"secret_id": secret}
    );
    line!(
        approle.lookup_secret_id_accessor("ci", "a"),
        "POST /v1/auth/approle/role/ci/secret-id-accessor/lookup",
        {"secret_id_accessor": "a"}
    );
    line!(
        approle.destroy_secret_id_accessor("ci", "a"),
        "POST /v1/auth/approle/role/ci/secret-id-accessor/destroy",
        {"secret_id_accessor": "a"}
    );
    line!(approle.tidy(), "POST /v1/auth/approle/tidy/secret-id");

    let jwt = vault.auth().jwt("jwt-nomad");
    line!(jwt.login("api", secret), "POST /v1/auth/jwt-nomad/login", {"jwt": secret, "role": "api"});
    line!(jwt.login("", secret), "POST /v1/auth/jwt-nomad/login", {"jwt": secret});
    line!(jwt.config(), "GET /v1/auth/jwt-nomad/config");
    let config = JwtConfig::new()
        .jwks_url("http://n/jwks")
        .jwks_ca_pem("pem")
        .jwt_supported_algs(["RS256", "EdDSA"])
        .default_role("api")
        .oidc_client_secret(secret);
    line!(jwt.configure(&config), "POST /v1/auth/jwt-nomad/config", {
        "jwks_url": "http://n/jwks", "jwks_ca_pem": "pem", "jwt_supported_algs": ["RS256", "EdDSA"],
        "default_role": "api", "oidc_client_secret": secret,
    });
    line!(jwt.roles(), "LIST /v1/auth/jwt-nomad/role");
    line!(jwt.role("api"), "GET /v1/auth/jwt-nomad/role/api");
    let role = JwtRole::new()
        .role_type("jwt")
        .bound_audiences(["vault.io"])
        .user_claim("/nomad_job_id")
        .user_claim_json_pointer(true)
        .bound_claims(BTreeMap::from([("nomad_task".to_owned(), json!(["api", "ui"]))]))
        .claim_mappings([("nomad_job_id", "job")])
        .clock_skew_leeway(-1)
        .token_policies(["api"])
        .token_type("service")
        .token_period(five)
        .token_explicit_max_ttl(Duration::ZERO);
    line!(jwt.put_role("api", &role), "POST /v1/auth/jwt-nomad/role/api", {
        "role_type": "jwt", "bound_audiences": ["vault.io"], "user_claim": "/nomad_job_id",
        "user_claim_json_pointer": true, "bound_claims": {"nomad_task": ["api", "ui"]},
        "claim_mappings": {"nomad_job_id": "job"}, "clock_skew_leeway": -1, "token_policies": ["api"],
        "token_type": "service", "token_period": 300, "token_explicit_max_ttl": 0,
    });
    line!(jwt.delete_role("api"), "DELETE /v1/auth/jwt-nomad/role/api");
    line!(
        jwt.oidc_auth_url("api", "http://localhost/cb", "n"),
        "POST /v1/auth/jwt-nomad/oidc/auth_url",
        {"role": "api", "redirect_uri": "http://localhost/cb", "client_nonce": "n"}
    );
    line!(
        jwt.oidc_callback("st", &SecretString::from("co"), "n"),
        "GET /v1/auth/jwt-nomad/oidc/callback?state=st&code=co&client_nonce=n"
    );

    let userpass = vault.auth().userpass("userpass");
    line!(userpass.login("al", secret), "POST /v1/auth/userpass/login/al", {"password": secret});
    line!(userpass.users(), "LIST /v1/auth/userpass/users");
    line!(userpass.user("al"), "GET /v1/auth/userpass/users/al");
    line!(
        userpass.put_user("al", &UserpassUser::new().password(secret).token_policies(["a"])),
        "POST /v1/auth/userpass/users/al",
        {"password": secret, "token_policies": ["a"]}
    );
    line!(userpass.delete_user("al"), "DELETE /v1/auth/userpass/users/al");
    line!(
        userpass.update_password("al", &secret_string),
        "POST /v1/auth/userpass/users/al/password",
        {"password": secret}
    );
    line!(
        userpass.update_policies("al", ["a", "b"]),
        "POST /v1/auth/userpass/users/al/policies",
        {"token_policies": ["a", "b"]}
    );

    let kubernetes = vault.auth().kubernetes("kubernetes");
    line!(
        kubernetes.login("api", format!("{secret}\n")),
        "POST /v1/auth/kubernetes/login",
        {"role": "api", "jwt": secret}
    );
    line!(kubernetes.config(), "GET /v1/auth/kubernetes/config");
    line!(
        kubernetes.configure(&KubernetesConfig::new().kubernetes_host("https://k").token_reviewer_jwt(secret)),
        "POST /v1/auth/kubernetes/config",
        {"kubernetes_host": "https://k", "token_reviewer_jwt": secret}
    );
    line!(kubernetes.roles(), "LIST /v1/auth/kubernetes/role");
    line!(kubernetes.role("api"), "GET /v1/auth/kubernetes/role/api");
    line!(
        kubernetes.put_role("api", &KubernetesRole::new().bound_service_account_names(["api"]).token_ttl(five)),
        "POST /v1/auth/kubernetes/role/api",
        {"bound_service_account_names": ["api"], "token_ttl": 300}
    );
    line!(kubernetes.delete_role("api"), "DELETE /v1/auth/kubernetes/role/api");
    line!(vault.auth().ldap("ldap").login("al", secret), "POST /v1/auth/ldap/login/al", {"password": secret});
    line!(vault.auth().cert("cert").login("web"), "POST /v1/auth/cert/login", {"name": "web"});

    let sys = vault.sys();
    line!(
        sys.health().standby_ok(true).perf_standby_ok(true),
        "GET /v1/sys/health?standbyok=true&perfstandbyok=true"
    );
    line!(sys.health_status(), "HEAD /v1/sys/health");
    line!(sys.leader(), "GET /v1/sys/leader");
    line!(sys.ha_status(), "GET /v1/sys/ha-status");
    line!(sys.step_down(), "POST /v1/sys/step-down");
    line!(sys.seal_status(), "GET /v1/sys/seal-status");
    line!(sys.seal(), "POST /v1/sys/seal");
    line!(sys.unseal(&secret_string).migrate(), "POST /v1/sys/unseal", {"key": secret, "migrate": true});
    line!(sys.reset_unseal(), "POST /v1/sys/unseal", {"reset": true});
    line!(sys.is_initialized(), "GET /v1/sys/init");
    line!(
        sys.init(&InitRequest::new().secret_shares(5).secret_threshold(3)),
        "POST /v1/sys/init",
        {"secret_shares": 5, "secret_threshold": 3}
    );
    line!(sys.generate_root_status(), "GET /v1/sys/generate-root/attempt");
    line!(sys.rekey_status(), "GET /v1/sys/rekey/init");
    line!(sys.rotate(), "POST /v1/sys/rotate");
    line!(sys.mounts(), "GET /v1/sys/mounts");
    line!(sys.mount("/kv/"), "GET /v1/sys/mounts/kv");
    let config = MountConfig::new().max_lease_ttl(five).listing_visibility("unauth");
    line!(
        sys.enable_mount("team/kv", &MountSettings::kv2().description("d").config(config)),
        "POST /v1/sys/mounts/team/kv",
        {"type": "kv", "description": "d", "options": {"version": "2"},
            "config": {"max_lease_ttl": 300, "listing_visibility": "unauth"}}
    );
    line!(sys.disable_mount("kv"), "DELETE /v1/sys/mounts/kv");
    line!(sys.mount_tuning("auth/jwt"), "GET /v1/sys/mounts/auth/jwt/tune");
    line!(
        sys.tune_mount("kv", &Tuning::new().default_lease_ttl(five)),
        "POST /v1/sys/mounts/kv/tune",
        {"default_lease_ttl": 300}
    );
    line!(sys.auth_methods(), "GET /v1/sys/auth");
    line!(sys.auth_method("jwt"), "GET /v1/sys/auth/jwt");
    line!(sys.enable_auth_method("jwt", &MountSettings::of("jwt")), "POST /v1/sys/auth/jwt", {"type": "jwt"});
    line!(sys.disable_auth_method("jwt"), "DELETE /v1/sys/auth/jwt");
    line!(sys.auth_method_tuning("jwt"), "GET /v1/sys/auth/jwt/tune");
    line!(
        sys.tune_auth_method("jwt", &Tuning::new().token_type("default-service")),
        "POST /v1/sys/auth/jwt/tune",
        {"token_type": "default-service"}
    );
    line!(sys.remount("a", "b"), "POST /v1/sys/remount", {"from": "a", "to": "b"});
    line!(sys.remount_status("id"), "GET /v1/sys/remount/status/id");
    line!(sys.visible_mounts(), "GET /v1/sys/internal/ui/mounts");
    line!(sys.mount_of("secret/a"), "GET /v1/sys/internal/ui/mounts/secret/a");
    line!(sys.policies(), "LIST /v1/sys/policies/acl");
    line!(sys.policy("p"), "GET /v1/sys/policies/acl/p");
    let policy = Policy::new().rule(PathRule::new("a/*", [Capability::Read]));
    line!(
        sys.put_policy("p", policy.to_hcl()),
        "POST /v1/sys/policies/acl/p",
        {"policy": "path \"a/*\" {\n  capabilities = [\"read\"]\n}\n"}
    );
    line!(sys.delete_policy("p"), "DELETE /v1/sys/policies/acl/p");
    line!(sys.password_policies(), "LIST /v1/sys/policies/password");
    line!(sys.password_policy("p"), "GET /v1/sys/policies/password/p");
    line!(sys.put_password_policy("p", "length=20"), "POST /v1/sys/policies/password/p", {"policy": "length=20"});
    line!(sys.delete_password_policy("p"), "DELETE /v1/sys/policies/password/p");
    line!(sys.generate_password("p"), "GET /v1/sys/policies/password/p/generate");
    line!(
        sys.capabilities(&secret_string, &["a"]),
        "POST /v1/sys/capabilities",
        {"token": secret, "paths": ["a"]}
    );
    line!(sys.capabilities_self(&["a", "b"]), "POST /v1/sys/capabilities-self", {"paths": ["a", "b"]});
    line!(
        sys.capabilities_accessor("x", &["a"]),
        "POST /v1/sys/capabilities-accessor",
        {"accessor": "x", "paths": ["a"]}
    );
    line!(
        sys.validate_mfa("id", &BTreeMap::from([("m".to_owned(), vec![secret_string.clone()])])),
        "POST /v1/sys/mfa/validate",
        {"mfa_request_id": "id", "mfa_payload": {"m": [secret]}}
    );
    line!(sys.lookup_lease("l"), "POST /v1/sys/leases/lookup", {"lease_id": "l"});
    line!(sys.leases("auth/approle/"), "LIST /v1/sys/leases/lookup/auth/approle/");
    line!(sys.renew_lease("l").increment(five), "POST /v1/sys/leases/renew", {"lease_id": "l", "increment": 300});
    line!(sys.revoke_lease("l").sync(), "POST /v1/sys/leases/revoke", {"lease_id": "l", "sync": true});
    line!(sys.revoke_prefix("a/b/").sync(), "POST /v1/sys/leases/revoke-prefix/a/b", {"sync": true});
    line!(sys.revoke_force("a/b"), "POST /v1/sys/leases/revoke-force/a/b");
    line!(sys.tidy_leases(), "POST /v1/sys/leases/tidy");
    line!(sys.wrap(&data, five), "POST /v1/sys/wrapping/wrap", {"k": secret});
    line!(sys.lookup_wrapping(&secret_string), "POST /v1/sys/wrapping/lookup", {"token": secret});
    line!(sys.unwrap(&secret_string), "POST /v1/sys/wrapping/unwrap");
    line!(sys.rewrap(&secret_string), "POST /v1/sys/wrapping/rewrap", {"token": secret});
    line!(sys.audit_devices(), "GET /v1/sys/audit");
    line!(
        sys.enable_audit_device("file", &AuditSettings::new().r#type("file").options([("file_path", "/dev/null")])),
        "POST /v1/sys/audit/file",
        {"type": "file", "options": {"file_path": "/dev/null"}}
    );
    line!(sys.disable_audit_device("file"), "DELETE /v1/sys/audit/file");
    line!(sys.audit_hash("file", "x"), "POST /v1/sys/audit-hash/file", {"input": "x"});
    line!(sys.namespaces(), "LIST /v1/sys/namespaces");
    line!(sys.namespace("a/b"), "GET /v1/sys/namespaces/a/b");
    let settings = NamespaceSettings::new().custom_metadata([("k", "v")]);
    line!(sys.put_namespace("a", &settings), "POST /v1/sys/namespaces/a", {"custom_metadata": {"k": "v"}});
    line!(sys.patch_namespace("a", &settings), "PATCH /v1/sys/namespaces/a", {"custom_metadata": {"k": "v"}});
    line!(sys.delete_namespace("a"), "DELETE /v1/sys/namespaces/a");
    line!(sys.plugins(), "GET /v1/sys/plugins/catalog");
    line!(sys.plugins_of(&PluginKind::Secret), "LIST /v1/sys/plugins/catalog/secret");
    line!(
        sys.plugin(&PluginKind::Auth, "jwt").version("v1"),
        "GET /v1/sys/plugins/catalog/auth/jwt?version=v1"
    );
    line!(
        sys.register_plugin(&PluginKind::Auth, "x", &PluginRegistration::new().sha256("ab").command("x")),
        "POST /v1/sys/plugins/catalog/auth/x",
        {"sha256": "ab", "command": "x"}
    );
    line!(
        sys.deregister_plugin(&PluginKind::Auth, "x").version("v1"),
        "DELETE /v1/sys/plugins/catalog/auth/x?version=v1"
    );
    line!(sys.reload_plugin("x"), "POST /v1/sys/plugins/reload/backend", {"plugin": "x"});
    line!(sys.rate_limit_quotas(), "LIST /v1/sys/quotas/rate-limit");
    line!(sys.rate_limit_quota("g"), "GET /v1/sys/quotas/rate-limit/g");
    line!(
        sys.put_rate_limit_quota("g", &RateLimitQuota::new().rate(2.5).interval(five)),
        "POST /v1/sys/quotas/rate-limit/g",
        {"rate": 2.5, "interval": 300}
    );
    line!(sys.delete_rate_limit_quota("g"), "DELETE /v1/sys/quotas/rate-limit/g");
    line!(sys.quota_config(), "GET /v1/sys/quotas/config");
    line!(
        sys.configure_quotas(&QuotaConfig::new().enable_rate_limit_response_headers(true)),
        "POST /v1/sys/quotas/config",
        {"enable_rate_limit_response_headers": true}
    );
    line!(sys.version_history(), "LIST /v1/sys/version-history");
    line!(sys.in_flight_requests(), "GET /v1/sys/in-flight-req");
    line!(sys.key_status(), "GET /v1/sys/key-status");
    line!(sys.host_info(), "GET /v1/sys/host-info");
    line!(sys.metrics(), "GET /v1/sys/metrics?format=prometheus");
    line!(sys.sanitized_config(), "GET /v1/sys/config/state/sanitized");
    line!(sys.loggers(), "GET /v1/sys/loggers");
    line!(sys.set_log_level("info"), "POST /v1/sys/loggers", {"level": "info"});
    line!(sys.reset_log_levels(), "DELETE /v1/sys/loggers");
    line!(sys.logger("core"), "GET /v1/sys/loggers/core");
    line!(sys.set_logger_level("core", "warn"), "POST /v1/sys/loggers/core", {"level": "warn"});
    line!(sys.reset_logger_level("core"), "DELETE /v1/sys/loggers/core");
    line!(sys.license_status(), "GET /v1/sys/license/status");
    line!(sys.replication_status(), "GET /v1/sys/replication/status");
    line!(sys.hash(&HashAlgorithm::Sha2_256, "hi"), "POST /v1/sys/tools/hash/sha2-256", {"input": "aGk="});
    line!(sys.random_bytes(16), "POST /v1/sys/tools/random/16");

    let transit = vault.transit("transit");
    line!(transit.create_key("k", &KeySettings::new().r#type("ed25519")), "POST /v1/transit/keys/k", {"type": "ed25519"});
    line!(transit.key("k"), "GET /v1/transit/keys/k");
    line!(transit.keys(), "LIST /v1/transit/keys");
    line!(transit.delete_key("k"), "DELETE /v1/transit/keys/k");
    line!(
        transit.configure_key("k", &KeySettings::new().deletion_allowed(true).auto_rotate_period(five)),
        "POST /v1/transit/keys/k/config",
        {"deletion_allowed": true, "auto_rotate_period": 300}
    );
    line!(transit.rotate_key("k"), "POST /v1/transit/keys/k/rotate");
    line!(transit.trim_key("k", 2), "POST /v1/transit/keys/k/trim", {"min_available_version": 2});
    line!(
        transit.encrypt("k", [0, 255]).context("c").associated_data("a").key_version(2),
        "POST /v1/transit/encrypt/k",
        {"plaintext": "AP8=", "context": "Yw==", "associated_data": "YQ==", "key_version": 2}
    );
    let items = [BatchItem::new("hi").reference("r"), BatchItem::new("").context("c").associated_data("a")];
    line!(transit.encrypt_batch("k", &items), "POST /v1/transit/encrypt/k", {"batch_input": [
        {"plaintext": "aGk=", "reference": "r"}, {"plaintext": "", "context": "Yw==", "associated_data": "YQ=="},
    ]});
    line!(transit.decrypt("k", "vault:v1:x"), "POST /v1/transit/decrypt/k", {"ciphertext": "vault:v1:x"});
    line!(transit.rewrap("k", "vault:v1:x"), "POST /v1/transit/rewrap/k", {"ciphertext": "vault:v1:x"});
    line!(transit.data_key("k").bits(128), "POST /v1/transit/datakey/plaintext/k", {"bits": 128});
    line!(transit.wrapped_data_key("k"), "POST /v1/transit/datakey/wrapped/k");
    line!(transit.hmac("k", "hi"), "POST /v1/transit/hmac/k", {"input": "aGk="});
    line!(
        transit
            .sign("k", "hi")
            .hash_algorithm("sha2-256")
            .signature_algorithm("pss")
            .marshaling_algorithm("jws")
            .prehashed(true),
        "POST /v1/transit/sign/k",
        {"input": "aGk=", "hash_algorithm": "sha2-256", "signature_algorithm": "pss",
            "marshaling_algorithm": "jws", "prehashed": true}
    );
    line!(transit.verify("k", "hi", "s"), "POST /v1/transit/verify/k", {"input": "aGk=", "signature": "s"});
    line!(transit.verify_hmac("k", "hi", "h"), "POST /v1/transit/verify/k", {"input": "aGk=", "hmac": "h"});
    line!(transit.hash(&HashAlgorithm::Sha3_512, "hi"), "POST /v1/transit/hash/sha3-512", {"input": "aGk="});
    line!(transit.random(8), "POST /v1/transit/random/8");

    let pki = vault.pki("pki");
    let request = CertificateRequest::new().common_name("a.example.test").ttl(five);
    let sent = json!({"common_name": "a.example.test", "ttl": "5m0s"});
    line!(pki.generate_root("internal", &request), "POST /v1/pki/root/generate/internal", sent);
    line!(
        pki.generate_intermediate("exported", &request),
        "POST /v1/pki/intermediate/generate/exported",
        sent
    );
    line!(pki.set_signed_intermediate("pem"), "POST /v1/pki/intermediate/set-signed", {"certificate": "pem"});
    line!(pki.sign_intermediate(&request), "POST /v1/pki/root/sign-intermediate", sent);
    line!(pki.issue("web", &request), "POST /v1/pki/issue/web", sent);
    line!(pki.sign("web", &request), "POST /v1/pki/sign/web", sent);
    line!(pki.revoke("1a:2b"), "POST /v1/pki/revoke", {"serial_number": "1a:2b"});
    line!(pki.certs(), "LIST /v1/pki/certs");
    line!(pki.cert("1a:2b"), "GET /v1/pki/cert/1a%3A2b");
    line!(pki.ca_der(), "GET /v1/pki/ca");
    line!(pki.ca_pem(), "GET /v1/pki/ca/pem");
    line!(pki.ca_chain_pem(), "GET /v1/pki/ca_chain");
    line!(pki.crl_der(), "GET /v1/pki/crl");
    line!(pki.crl_pem(), "GET /v1/pki/crl/pem");
    line!(pki.rotate_crl(), "GET /v1/pki/crl/rotate");
    line!(pki.issuers(), "LIST /v1/pki/issuers");
    line!(pki.issuer("default"), "GET /v1/pki/issuer/default");
    line!(pki.roles(), "LIST /v1/pki/roles");
    line!(pki.role("web"), "GET /v1/pki/roles/web");
    let role = PkiRole::new().allowed_domains(["example.test"]).allow_subdomains(true).max_ttl(five);
    let sent = json!({"allowed_domains": ["example.test"], "allow_subdomains": true, "max_ttl": 300});
    line!(pki.put_role("web", &role), "POST /v1/pki/roles/web", sent);
    line!(pki.patch_role("web", &role), "PATCH /v1/pki/roles/web", sent);
    line!(pki.delete_role("web"), "DELETE /v1/pki/roles/web");
    line!(pki.urls(), "GET /v1/pki/config/urls");
    line!(
        pki.put_urls(&PkiUrls::new().ocsp_servers(["http://o"])),
        "POST /v1/pki/config/urls",
        {"ocsp_servers": ["http://o"]}
    );
    line!(pki.tidy(), "POST /v1/pki/tidy", {"tidy_cert_store": true, "tidy_revoked_certs": true});
    line!(pki.tidy_status(), "GET /v1/pki/tidy-status");
    let tidy = PkiTidy::new().tidy_expired_issuers(true).safety_buffer(five);
    line!(pki.tidy_with(&tidy), "POST /v1/pki/tidy", {"tidy_expired_issuers": true, "safety_buffer": "5m0s"});
    line!(pki.cancel_tidy(), "POST /v1/pki/tidy-cancel");
    let csr = CertificateRequest::new().csr("pem");
    line!(pki.sign_verbatim(&csr), "POST /v1/pki/sign-verbatim", {"csr": "pem"});
    line!(pki.sign_verbatim_with_role("web", &csr), "POST /v1/pki/sign-verbatim/web", {"csr": "pem"});
    line!(pki.revoked_certs(), "LIST /v1/pki/certs/revoked");
    line!(
        pki.import_bundle(&"pem".into()),
        "POST /v1/pki/issuers/import/bundle",
        {"pem_bundle": "pem"}
    );
    let issuer = IssuerSettings::new().issuer_name("root-1").usage("crl-signing");
    let sent = json!({"issuer_name": "root-1", "usage": "crl-signing"});
    line!(pki.put_issuer("default", &issuer), "POST /v1/pki/issuer/default", sent);
    line!(pki.patch_issuer("default", &issuer), "PATCH /v1/pki/issuer/default", sent);
    line!(pki.delete_issuer("root-1"), "DELETE /v1/pki/issuer/root-1");
    line!(pki.revoke_issuer("root-1"), "POST /v1/pki/issuer/root-1/revoke");
    line!(pki.issuers_config(), "GET /v1/pki/config/issuers");
    let defaults = IssuersConfig::new().default("root-1").default_follows_latest_issuer(false);
    line!(
        pki.put_issuers_config(&defaults),
        "POST /v1/pki/config/issuers",
        {"default": "root-1", "default_follows_latest_issuer": false}
    );

    let ssh = vault.ssh("ssh");
    line!(ssh.roles(), "LIST /v1/ssh/roles");
    line!(ssh.role("r"), "GET /v1/ssh/roles/r");
    line!(
        ssh.put_role("r", &SshRole::new().key_type("ca").allow_user_certificates(true).ttl(five)),
        "POST /v1/ssh/roles/r",
        {"key_type": "ca", "allow_user_certificates": true, "ttl": 300}
    );
    line!(ssh.delete_role("r"), "DELETE /v1/ssh/roles/r");
    let request = SshSign::new()
        .public_key("ssh-ed25519 A")
        .valid_principals("ubuntu")
        .extensions([("permit-pty", "")]);
    line!(
        ssh.sign("r", &request),
        "POST /v1/ssh/sign/r",
        {"public_key": "ssh-ed25519 A", "valid_principals": "ubuntu", "extensions": {"permit-pty": ""}}
    );
    line!(ssh.issue("r", &SshSign::new().key_type("ed25519")), "POST /v1/ssh/issue/r", {"key_type": "ed25519"});
    line!(ssh.generate_otp("r", "10.0.0.1", ""), "POST /v1/ssh/creds/r", {"ip": "10.0.0.1"});
    line!(ssh.verify_otp(&secret_string), "POST /v1/ssh/verify", {"otp": secret});
    line!(ssh.ca(), "GET /v1/ssh/config/ca");
    line!(
        ssh.generate_ca("ed25519"),
        "POST /v1/ssh/config/ca",
        {"generate_signing_key": true, "key_type": "ed25519"}
    );
    line!(
        ssh.put_ca(&secret_string, "pub"),
        "POST /v1/ssh/config/ca",
        {"generate_signing_key": false, "private_key": secret, "public_key": "pub"}
    );
    line!(ssh.delete_ca(), "DELETE /v1/ssh/config/ca");
    line!(ssh.public_key(), "GET /v1/ssh/public_key");

    let database = vault.database("database");
    line!(database.connections(), "LIST /v1/database/config");
    line!(database.connection("pg"), "GET /v1/database/config/pg");
    let connection =
        Connection::new().plugin_name("postgresql-database-plugin").allowed_roles(["api"]).password(secret);
    line!(
        database.put_connection("pg", &connection),
        "POST /v1/database/config/pg",
        {"plugin_name": "postgresql-database-plugin", "allowed_roles": ["api"], "password": secret}
    );
    line!(database.delete_connection("pg"), "DELETE /v1/database/config/pg");
    line!(database.reset_connection("pg"), "POST /v1/database/reset/pg");
    line!(database.rotate_root("pg"), "POST /v1/database/rotate-root/pg");
    line!(database.roles(), "LIST /v1/database/roles");
    line!(database.role("api"), "GET /v1/database/roles/api");
    line!(
        database.put_role("api", &DatabaseRole::new().db_name("pg").default_ttl(five).creation_statements(["c"])),
        "POST /v1/database/roles/api",
        {"db_name": "pg", "default_ttl": 300, "creation_statements": ["c"]}
    );
    line!(database.delete_role("api"), "DELETE /v1/database/roles/api");
    line!(database.credentials("api"), "GET /v1/database/creds/api");
    line!(database.static_roles(), "LIST /v1/database/static-roles");
    line!(database.static_role("s"), "GET /v1/database/static-roles/s");
    line!(
        database.put_static_role("s", &StaticRole::new().db_name("pg").username("u").rotation_period(five)),
        "POST /v1/database/static-roles/s",
        {"db_name": "pg", "username": "u", "rotation_period": 300}
    );
    line!(database.delete_static_role("s"), "DELETE /v1/database/static-roles/s");
    line!(database.static_credentials("s"), "GET /v1/database/static-creds/s");
    line!(database.rotate_static_role("s"), "POST /v1/database/rotate-role/s");

    let totp = vault.totp("totp");
    line!(totp.keys(), "LIST /v1/totp/keys");
    line!(totp.key("al"), "GET /v1/totp/keys/al");
    line!(
        totp.put_key("al", &TotpKeySettings::new().key(secret).issuer("i").account_name("al")),
        "POST /v1/totp/keys/al",
        {"key": secret, "issuer": "i", "account_name": "al"}
    );
    line!(totp.delete_key("al"), "DELETE /v1/totp/keys/al");
    line!(totp.generate_code("al"), "GET /v1/totp/code/al");
    line!(totp.validate_code("al", &secret_string), "POST /v1/totp/code/al", {"code": secret});

    let identity = vault.identity();
    let entity = EntitySettings::new().name("al").policies(["p"]).metadata([("k", "v")]);
    let sent = json!({"name": "al", "policies": ["p"], "metadata": {"k": "v"}});
    line!(identity.create_entity(&entity), "POST /v1/identity/entity", sent);
    line!(identity.entities(), "LIST /v1/identity/entity/id");
    line!(identity.entity("i"), "GET /v1/identity/entity/id/i");
    line!(identity.delete_entity("i"), "DELETE /v1/identity/entity/id/i");
    line!(identity.entity_names(), "LIST /v1/identity/entity/name");
    line!(identity.entity_by_name("al"), "GET /v1/identity/entity/name/al");
    line!(identity.put_entity("al", &entity), "POST /v1/identity/entity/name/al", sent);
    line!(identity.delete_entity_by_name("al"), "DELETE /v1/identity/entity/name/al");
    line!(
        identity.lookup_entity_by_alias("n", "acc"),
        "POST /v1/identity/lookup/entity",
        {"alias_name": "n", "alias_mount_accessor": "acc"}
    );
    line!(
        identity.create_entity_alias("n", "i", "acc"),
        "POST /v1/identity/entity-alias",
        {"name": "n", "canonical_id": "i", "mount_accessor": "acc"}
    );
    line!(identity.entity_alias("x"), "GET /v1/identity/entity-alias/id/x");
    line!(identity.delete_entity_alias("x"), "DELETE /v1/identity/entity-alias/id/x");
    let group = GroupSettings::new().r#type("internal").member_entity_ids(["i"]);
    let sent = json!({"type": "internal", "member_entity_ids": ["i"]});
    line!(identity.create_group(&group), "POST /v1/identity/group", sent);
    line!(identity.groups(), "LIST /v1/identity/group/id");
    line!(identity.group("g"), "GET /v1/identity/group/id/g");
    line!(identity.delete_group("g"), "DELETE /v1/identity/group/id/g");
    line!(identity.group_by_name("g"), "GET /v1/identity/group/name/g");
    line!(identity.put_group("g", &group), "POST /v1/identity/group/name/g", sent);
    line!(identity.delete_group_by_name("g"), "DELETE /v1/identity/group/name/g");
    line!(identity.lookup_group("g"), "POST /v1/identity/lookup/group", {"name": "g"});
    line!(identity.openid_configuration(), "GET /v1/identity/oidc/.well-known/openid-configuration");
    lines
}

#[test]
fn every_line_is_sent_as_the_server_takes_it() {
    for Line { spec, wanted, body, .. } in table(&offline(), "s3cret") {
        assert_eq!(format!("{} {}", spec.method, spec.target), wanted);
        assert_eq!(spec.json(), body, "{wanted}");
        let content_type = match spec.method {
            "PATCH" => Some("application/merge-patch+json"),
            _ if body.is_null() => None,
            _ => Some("application/json"),
        };
        assert_eq!(spec.content_type, content_type, "{wanted}");
    }
}

#[test]
fn every_operation_has_a_line() {
    let lines: BTreeSet<&str> = table(&offline(), "x").iter().map(|line| line.spec.operation).collect();
    let all: Vec<&str> = operations().iter().map(|entry| entry.operation.name).collect();
    let missing: Vec<_> = all.iter().filter(|name| !lines.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let names: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(names.len(), all.len(), "two operations have one name");
}

#[test]
fn headers() {
    let vault = offline();
    let spec = vault.kv2("secret").get("a").wrap(Duration::from_secs(90)).namespace("team").spec().unwrap();
    assert_eq!(spec.headers["x-vault-wrap-ttl"], "1m30s");
    assert_eq!(spec.headers["x-vault-namespace"], "team");
    let call = vault.namespace("a/b").sys().policies().mfa("m", "123").mfa("push", "").policy_override();
    let spec = call.spec().unwrap();
    assert_eq!(spec.headers["x-vault-namespace"], "a/b");
    let factors: Vec<_> = spec.headers.get_all("x-vault-mfa").iter().collect();
    assert_eq!(factors, ["m:123", "push"]);
    assert_eq!(spec.headers["x-vault-policy-override"], "true");
    let call = vault.kv2("secret").get("a").require_state("st").forward_when_inconsistent();
    let spec = call.spec().unwrap();
    assert_eq!(spec.headers["x-vault-index"], "st");
    assert_eq!(spec.headers["x-vault-inconsistent"], "forward-active-node");
}

#[test]
fn what_belongs_to_the_root_namespace_is_asked_without_the_clients() {
    let vault = offline().namespace("team");
    let sent = |spec: vault_client::Result<vault_client::Spec>| {
        spec.unwrap().headers.get("x-vault-namespace").map(|value| value.to_str().unwrap().to_owned())
    };
    let sys = vault.sys();
    for spec in [
        sys.health().spec(),
        sys.is_initialized().spec(),
        sys.key_status().spec(),
        sys.host_info().spec(),
        sys.metrics().spec(),
        sys.generate_root_status().spec(),
        sys.rekey_status().spec(),
        sys.audit_devices().spec(),
        sys.rate_limit_quotas().spec(),
    ] {
        assert_eq!(sent(spec), None);
    }
    assert_eq!(sent(sys.mounts().spec()).as_deref(), Some("team"));
    assert_eq!(sent(sys.health().namespace("admin").spec()).as_deref(), Some("admin"));
}

#[test]
fn nothing_is_wrapped_for_no_time() {
    for ttl in [Duration::ZERO, Duration::from_millis(900)] {
        let refused = offline().auth().token().renew_self().wrap(ttl).spec().unwrap_err();
        assert!(refused.to_string().contains("at least a second"), "{refused}");
    }
}

#[test]
fn paths_that_would_leave_their_mount_are_refused() {
    let vault = offline();
    for path in ["..", "a/../b", ".", "a/./b", "a//b", ""] {
        assert!(vault.kv2("secret").get(path).spec().is_err(), "{path}");
        assert!(vault.kv1("kv").put(path, &1).spec().is_err(), "{path}");
    }
    for mount in ["", "/", "..", "a/../b"] {
        assert!(vault.kv2(mount).get("a").spec().is_err(), "{mount}");
        assert!(vault.auth().jwt(mount).config().spec().is_err(), "{mount}");
    }
    assert!(vault.sys().policy("a/b").spec().unwrap().target.ends_with("/a%2Fb"));
}
