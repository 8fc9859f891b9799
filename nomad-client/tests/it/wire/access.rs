//! ACLs, variables, namespaces, identities.

use std::time::Duration;

use nomad_client::{
    AclPolicy, AclRole, AuthMethod, AuthMethodConfig, BindType, BindingRule, Client, JobAcl, LockId,
    Namespace, NewToken, OidcLogin, RoleLink, VariableItems,
};
use serde_json::json;

use super::{Line, wire};

pub(super) fn lines(nomad: &Client, lines: &mut Vec<Line>) {
    acl(nomad, lines);
    logins(nomad, lines);
    variables(nomad, lines);
    let staging = Namespace::new("staging").description("before production");
    let namespaces = nomad.namespaces();
    wire! { lines:
        namespaces.list().prefix("s") => "GET /v1/namespaces?prefix=s";
        namespaces.get("staging") => "GET /v1/namespace/staging";
        namespaces.upsert(&staging) => "PUT /v1/namespace",
            {"Name": "staging", "Description": "before production", "Quota": "", "Meta": {}};
        namespaces.upsert_named("staging", &staging) => "PUT /v1/namespace/staging",
            {"Name": "staging", "Description": "before production", "Quota": "", "Meta": {}};
        namespaces.delete("staging") => "DELETE /v1/namespace/staging";
        nomad.oidc_discovery().jwks() => "GET /.well-known/jwks.json";
        nomad.oidc_discovery().openid_configuration() => "GET /.well-known/openid-configuration";
    }
}

fn acl(nomad: &Client, lines: &mut Vec<Line>) {
    let acl = nomad.acl();
    let policy =
        AclPolicy::new("readers", "rules").description("read").job_acl(JobAcl::job("default", "api"));
    let token = NewToken::client("ci").policy("readers").role(RoleLink::name("r")).global(true);
    let token = token.expiration_ttl(Duration::from_secs(1800));
    let mut role = AclRole::new("deployers", ["deployer"]);
    wire! { lines:
        acl.policies().prefix("r") => "GET /v1/acl/policies?prefix=r";
        acl.policy("readers") => "GET /v1/acl/policy/readers";
        acl.upsert_policy(&policy) => "PUT /v1/acl/policy/readers", {
            "Name": "readers", "Description": "read", "Rules": "rules", "RulesJSON": null, "Hash": null,
            "JobACL": {"Namespace": "default", "JobID": "api", "Group": "", "Task": ""},
            "CreateIndex": 0, "ModifyIndex": 0
        };
        acl.delete_policy("readers") => "DELETE /v1/acl/policy/readers";
        acl.own_policies() => "GET /v1/acl/policy/self";
        acl.bootstrap() => "PUT /v1/acl/bootstrap";
        acl.bootstrap_with(&"0-0".to_owned().into()) => "PUT /v1/acl/bootstrap", {"BootstrapSecret": "0-0"};
        acl.tokens().reverse(true) => "GET /v1/acl/tokens?reverse=true";
        acl.create_token(&token) => "PUT /v1/acl/token", {
            "Name": "ci", "Type": "client", "Policies": ["readers"], "Roles": [{"ID": "", "Name": "r"}],
            "Global": true, "ExpirationTTL": "30m0s"
        };
        acl.create_token(&NewToken::management("root").secret_id("s".to_owned())) => "PUT /v1/acl/token",
            {"Name": "root", "Type": "management", "SecretID": "s"};
        acl.token("t") => "GET /v1/acl/token/t";
        acl.update_token("t", &NewToken::client("ci")) => "PUT /v1/acl/token/t",
            {"AccessorID": "t", "Name": "ci", "Type": "client"};
        acl.delete_token("t") => "DELETE /v1/acl/token/t";
        acl.own_token() => "GET /v1/acl/token/self";
        acl.create_one_time_token() => "PUT /v1/acl/token/onetime";
        acl.exchange_one_time_token(&"s".to_owned().into()) => "PUT /v1/acl/token/onetime/exchange",
            {"OneTimeSecretID": "s"};
        acl.roles() => "GET /v1/acl/roles";
        acl.create_role(&role) => "PUT /v1/acl/role", {
            "ID": "", "Name": "deployers", "Description": "", "Policies": [{"Name": "deployer"}], "Hash": null,
            "CreateIndex": 0, "ModifyIndex": 0
        };
        acl.role("r") => "GET /v1/acl/role/r";
        acl.delete_role("r") => "DELETE /v1/acl/role/r";
        acl.role_by_name("deployers") => "GET /v1/acl/role/name/deployers";
    }
    role.id = "r".into();
    wire! { lines:
        acl.update_role(&role) => "PUT /v1/acl/role/r", {
            "ID": "r", "Name": "deployers", "Description": "", "Policies": [{"Name": "deployer"}], "Hash": null,
            "CreateIndex": 0, "ModifyIndex": 0
        };
    }
}

fn logins(nomad: &Client, lines: &mut Vec<Line>) {
    let acl = nomad.acl();
    let mut config = AuthMethodConfig::default();
    config.oidc_client_secret = "hunter2".to_owned().into();
    let method = AuthMethod::jwt("gh", Duration::from_secs(900), config).make_default();
    let mut rule = BindingRule::new("gh", BindType::Policy, "deployer").selector("value.job == \"x\"");
    let login = OidcLogin {
        auth_method_name: "gh".into(),
        client_nonce: "n".into(),
        state: "s".into(),
        code: "c".to_owned().into(),
        redirect_uri: "http://x".into(),
    };
    let sent = json!({
        "Name": "gh", "Type": "JWT", "TokenLocality": "local", "TokenNameFormat": "", "MaxTokenTTL": "15m0s",
        "Default": true, "Hash": null, "CreateTime": "0001-01-01T00:00:00Z", "ModifyTime": "0001-01-01T00:00:00Z",
        "CreateIndex": 0, "ModifyIndex": 0,
        "Config": {
            "JWTValidationPubKeys": [], "JWKSURL": "", "JWKSCACert": "", "OIDCDiscoveryURL": "",
            "OIDCClientID": "", "OIDCClientSecret": "hunter2", "OIDCClientAssertion": null,
            "OIDCEnablePKCE": false, "OIDCDisableUserInfo": false, "OIDCScopes": [], "BoundAudiences": [],
            "BoundIssuer": [], "AllowedRedirectURIs": [], "DiscoveryCaPem": [], "SigningAlgs": [],
            "ExpirationLeeway": null, "NotBeforeLeeway": null, "ClockSkewLeeway": null, "ClaimMappings": {},
            "ListClaimMappings": {}, "VerboseLogging": false
        }
    });
    wire! { lines:
        acl.auth_methods() => "GET /v1/acl/auth-methods";
        acl.create_auth_method(&method) => "PUT /v1/acl/auth-method", sent;
        acl.auth_method("gh") => "GET /v1/acl/auth-method/gh";
        acl.update_auth_method(&method) => "PUT /v1/acl/auth-method/gh", sent;
        acl.delete_auth_method("gh") => "DELETE /v1/acl/auth-method/gh";
        acl.binding_rules() => "GET /v1/acl/binding-rules";
        acl.create_binding_rule(&rule) => "PUT /v1/acl/binding-rule", {
            "ID": "", "Description": "", "AuthMethod": "gh", "Selector": "value.job == \"x\"", "BindType": "policy",
            "BindName": "deployer", "Hash": null, "CreateTime": "0001-01-01T00:00:00Z",
            "ModifyTime": "0001-01-01T00:00:00Z", "CreateIndex": 0, "ModifyIndex": 0
        };
        acl.binding_rule("r") => "GET /v1/acl/binding-rule/r";
        acl.delete_binding_rule("r") => "DELETE /v1/acl/binding-rule/r";
        acl.oidc_auth_url("gh", "http://x", "n") => "PUT /v1/acl/oidc/auth-url",
            {"AuthMethodName": "gh", "RedirectURI": "http://x", "ClientNonce": "n"};
        acl.oidc_complete_auth(&login) => "PUT /v1/acl/oidc/complete-auth", {
            "AuthMethodName": "gh", "ClientNonce": "n", "State": "s", "Code": "c", "RedirectURI": "http://x"
        };
        acl.login("gh", &"jwt".to_owned().into()) => "PUT /v1/acl/login",
            {"AuthMethodName": "gh", "LoginToken": "jwt"};
        acl.client_introduction_token().node_name("n").node_pool("gpu").ttl(Duration::from_secs(60)) =>
            "PUT /v1/acl/identity/client-introduction-token",
            {"NodeName": "n", "NodePool": "gpu", "TTL": "1m0s"};
    }
    rule.id = "r".into();
    wire! { lines:
        acl.update_binding_rule(&rule) => "PUT /v1/acl/binding-rule/r", {
            "ID": "r", "Description": "", "AuthMethod": "gh", "Selector": "value.job == \"x\"", "BindType": "policy",
            "BindName": "deployer", "Hash": null, "CreateTime": "0001-01-01T00:00:00Z",
            "ModifyTime": "0001-01-01T00:00:00Z", "CreateIndex": 0, "ModifyIndex": 0
        };
    }
}

fn variables(nomad: &Client, lines: &mut Vec<Line>) {
    let variables = nomad.variables();
    let items = VariableItems::from_iter([("level", "debug")]);
    let lock = LockId::new("l");
    let seconds = Duration::from_secs;
    wire! { lines:
        variables.list().prefix("nomad/") => "GET /v1/vars?prefix=nomad%2F";
        variables.get("nomad/jobs/api") => "GET /v1/var/nomad/jobs/api";
        variables.put("a/b", &items) => "PUT /v1/var/a/b", {"Path": "a/b", "Items": {"level": "debug"}};
        variables.put("a/b", &items).lock_id(&lock) => "PUT /v1/var/a/b",
            {"Path": "a/b", "Items": {"level": "debug"}, "Lock": {"ID": "l"}};
        variables.put("a/b", &items).cas(0) => "PUT /v1/var/a/b?cas=0", {"Path": "a/b", "Items": {"level": "debug"}};
        variables.delete("a/b") => "DELETE /v1/var/a/b";
        variables.delete("a/b").cas(7) => "DELETE /v1/var/a/b?cas=7";
        variables.lock_acquire("a/b").ttl(seconds(15), seconds(1)).items(&items) => "PUT /v1/var/a/b?lock-acquire", {
            "Path": "a/b", "Lock": {"ID": null, "TTL": "15s", "LockDelay": "1s"}, "Items": {"level": "debug"}
        };
        variables.lock_renew("a/b", &lock) => "PUT /v1/var/a/b?lock-renew", {"Path": "a/b", "Lock": {"ID": "l"}};
        variables.lock_release("a/b", &lock) => "PUT /v1/var/a/b?lock-release", {"Path": "a/b", "Lock": {"ID": "l"}};
    }
}
