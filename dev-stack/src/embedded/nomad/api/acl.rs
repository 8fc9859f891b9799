//! Tokens, policies, roles and auth methods.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Ctx, Found, Row, bad, done, no_method, not_found, page, prefixed, written};
use crate::embedded::clock::add;
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::acl::{hash, parse_rules};
use crate::embedded::nomad::json::{Json as _, duration_of, go_duration, rfc3339, time, uuid};
use crate::embedded::nomad::state::State;
use crate::embedded::nomad::validate::multi_error;
use crate::embedded::nomad::{Nomad, bexpr};

/// Makes the first token.
pub(crate) fn bootstrap(s: &mut State, secret: &str) -> Value {
    let i = s.write(&["acl_token", "acl_token_bootstrap"]);
    s.bootstrap_index = i;
    let mut token = new_token(s, i, "Bootstrap Token", "management");
    token.put("SecretID", if secret.is_empty() { uuid() } else { secret.to_owned() });
    token.put("Global", true);
    s.tokens.insert(token.s("AccessorID").to_owned(), token.clone());
    token
}

fn new_token(s: &State, index: u64, name: &str, kind: &str) -> Value {
    let mut t = json!({"AccessorID": uuid(), "SecretID": uuid(), "Name": name, "Type": kind, "Policies": null, "Roles": null, "Global": false,
        "CreateTime": rfc3339(s.now()), "ExpirationTime": null, "ExpirationTTL": "", "CreateIndex": index, "ModifyIndex": index});
    let h = hash(&t);
    t.put("Hash", h);
    t
}

pub(super) async fn route(n: &Arc<Nomad>, ctx: Ctx, parts: &[&str]) -> Answer {
    let ctx = &ctx;
    if !n.options.acl {
        return Err(bad("ACL support disabled"));
    }
    let (write, delete) = (ctx.is_write(), ctx.req.method == "DELETE");
    match parts {
        ["bootstrap"] if write => {
            let mut s = n.lock();
            if s.bootstrap_index > 0 {
                return Err(bad(format!("ACL bootstrap already done (reset index: {})", s.bootstrap_index)));
            }
            let secret = ctx.body_or_empty()?.s("BootstrapSecret").to_owned();
            if !secret.is_empty() && secret.len() != 36 {
                return Err(bad("invalid bootstrap token"));
            }
            let token = bootstrap(&mut s, &secret);
            Ok(written(s.bootstrap_index, &token))
        }
        ["policies"] => {
            list(
                n,
                ctx,
                "acl_policy",
                |s| &s.policies,
                "Name",
                &["Name", "Description", "Hash", "JobACL", "CreateIndex", "ModifyIndex"],
            )
            .await
        }
        ["policy", "self"] => {
            n.query(ctx, |s| {
                let own =
                    s.tokens.get(&ctx.acl.accessor).map(|t| t.a("Policies").to_vec()).unwrap_or_default();
                // As in a list, without the rules.
                let stub = |policy: &Value| {
                    let mut policy = policy.clone();
                    if let Some(fields) = policy.as_object_mut() {
                        fields.remove("Rules");
                    }
                    policy
                };
                let list: Value =
                    s.policies.values().filter(|p| own.contains(p.at("Name"))).map(stub).collect();
                Ok(Found::json(s.indexes.current("acl_policy"), &list))
            })
            .await
        }
        ["policy", name] if write => upsert_policy(n, ctx, name),
        ["policy", name] if delete => remove(n, ctx, "acl_policy", name, |s| &mut s.policies),
        ["policy", name] => {
            let own = n
                .lock()
                .tokens
                .get(&ctx.acl.accessor)
                .is_some_and(|t| t.a("Policies").iter().any(|p| p == name));
            ctx.ensure(ctx.acl.management || own)?;
            get(n, ctx, "acl_policy", "ACL policy not found", |s| s.policies.get(*name)).await
        }
        ["tokens"] => {
            list(
                n,
                ctx,
                "acl_token",
                |s| &s.tokens,
                "AccessorID",
                &[
                    "AccessorID",
                    "Name",
                    "Type",
                    "Policies",
                    "Roles",
                    "Global",
                    "Hash",
                    "CreateTime",
                    "ExpirationTime",
                    "CreateIndex",
                    "ModifyIndex",
                ],
            )
            .await
        }
        ["token"] if write => upsert_token(n, ctx, None),
        ["token", "onetime"] if write => one_time(n, ctx),
        ["token", "onetime", "exchange"] if write => exchange(n, ctx),
        ["token", "self"] => {
            n.query(ctx, |s| match s.tokens.get(&ctx.acl.accessor) {
                Some(t) => Ok(Found::json(t.u("ModifyIndex"), t)),
                None => Err(super::denied()),
            })
            .await
        }
        ["token", id] if write => upsert_token(n, ctx, Some(id)),
        ["token", id] if delete => remove(n, ctx, "acl_token", id, |s| &mut s.tokens),
        ["token", id] => {
            ctx.ensure(ctx.acl.management || ctx.acl.accessor == **id)?;
            get(n, ctx, "acl_token", "ACL token not found", |s| s.tokens.get(*id)).await
        }
        ["roles"] => {
            list(
                n,
                ctx,
                "acl_roles",
                |s| &s.roles,
                "ID",
                &["ID", "Name", "Description", "Policies", "Hash", "CreateIndex", "ModifyIndex"],
            )
            .await
        }
        ["role"] if write => upsert_role(n, ctx, None),
        ["role", "name", name] => {
            ctx.management()?;
            get(n, ctx, "acl_roles", "ACL role not found", |s| {
                s.roles.values().find(|r| r.s("Name") == *name)
            })
            .await
        }
        ["role", id] if write => upsert_role(n, ctx, Some(id)),
        ["role", id] if delete => remove(n, ctx, "acl_roles", id, |s| &mut s.roles),
        ["role", id] => {
            ctx.management()?;
            get(n, ctx, "acl_roles", "ACL role not found", |s| s.roles.get(*id)).await
        }
        ["auth-methods"] => {
            n.query(ctx, |s| {
                let rows = s
                    .auth_methods
                    .values()
                    .map(|m| {
                        row(m, "Name", &["Name", "Type", "Default", "Hash", "CreateIndex", "ModifyIndex"])
                    })
                    .collect();
                page(ctx, s.indexes.current("acl_auth_methods"), rows)
            })
            .await
        }
        ["auth-method"] if write => upsert_method(n, ctx, None),
        ["auth-method", name] if write => upsert_method(n, ctx, Some(name)),
        ["auth-method", name] if delete => remove(n, ctx, "acl_auth_methods", name, |s| &mut s.auth_methods),
        ["auth-method", name] => {
            ctx.management()?;
            get(n, ctx, "acl_auth_methods", "ACL auth-method not found", |s| s.auth_methods.get(*name)).await
        }
        ["binding-rules"] => {
            list(
                n,
                ctx,
                "acl_binding_rules",
                |s| &s.binding_rules,
                "ID",
                &["ID", "AuthMethod", "Description", "Hash", "CreateIndex", "ModifyIndex"],
            )
            .await
        }
        ["binding-rule"] if write => upsert_rule(n, ctx, None),
        ["binding-rule", id] if write => upsert_rule(n, ctx, Some(id)),
        ["binding-rule", id] if delete => remove(n, ctx, "acl_binding_rules", id, |s| &mut s.binding_rules),
        ["binding-rule", id] => {
            ctx.management()?;
            get(n, ctx, "acl_binding_rules", "ACL binding rule not found", |s| s.binding_rules.get(*id)).await
        }
        ["login"] if write => login(n, ctx),
        ["bootstrap" | "login"] => Err(no_method()),
        _ => Err(not_found()),
    }
}

fn row(v: &Value, key: &str, fields: &[&str]) -> Row {
    let mut stub = json!({});
    for f in fields {
        stub.put(f, v.at(f).clone());
    }
    Row { token: v.s(key).to_owned(), full: v.clone(), stub }
}

async fn list(
    n: &Arc<Nomad>,
    ctx: &Ctx,
    table: &'static str,
    of: fn(&State) -> &BTreeMap<String, Value>,
    key: &str,
    fields: &[&str],
) -> Answer {
    ctx.management()?;
    n.query(ctx, |s| {
        let mut rows: Vec<Row> =
            of(s).values().filter(|v| prefixed(ctx, v.s(key))).map(|v| row(v, key, fields)).collect();
        rows.sort_by_key(|r| r.full.u("CreateIndex"));
        page(ctx, s.indexes.current(table), rows)
    })
    .await
}

async fn get<F>(n: &Arc<Nomad>, ctx: &Ctx, table: &'static str, missing: &str, of: F) -> Answer
where
    F: Fn(&State) -> Option<&Value> + Send + Sync,
{
    n.query(ctx, |s| {
        Ok(match of(s) {
            Some(v) => Found::json(v.u("ModifyIndex"), v),
            None => Found::missing(s.indexes.current(table), missing),
        })
    })
    .await
}

fn remove(
    n: &Arc<Nomad>,
    ctx: &Ctx,
    table: &'static str,
    id: &str,
    of: fn(&mut State) -> &mut BTreeMap<String, Value>,
) -> Answer {
    ctx.management()?;
    let mut s = n.lock();
    if of(&mut s).remove(id).is_none() {
        return Err(HttpResp::text(404, format!("{id} not found")));
    }
    Ok(done(s.write(&[table])))
}

fn upsert_policy(n: &Arc<Nomad>, ctx: &Ctx, name: &str) -> Answer {
    ctx.management()?;
    let body = ctx.body()?;
    if body.s("Name") != name {
        return Err(bad("ACL policy name does not match request path"));
    }
    let (_, rules) = parse_rules(body.s("Rules")).map_err(|e| {
        bad(format!("policy 0 invalid: 1 error occurred:\n\t* failed to parse rules: {e}\n\n"))
    })?;
    let mut s = n.lock();
    let i = s.write(&["acl_policy"]);
    let created = s.policies.get(name).map_or(i, |p| p.u("CreateIndex"));
    let job_acl = match body.at("JobACL") {
        Value::Null => Value::Null,
        j => {
            json!({"Namespace": j.s("Namespace"), "JobID": j.s("JobID"), "Group": j.s("Group"), "Task": j.s("Task")})
        }
    };
    let policy = json!({"Name": name, "Description": body.s("Description"), "Rules": body.s("Rules"), "RulesJSON": rules, "JobACL": job_acl,
        "Hash": hash(&json!([name, body.s("Description"), body.s("Rules"), job_acl])), "CreateIndex": created, "ModifyIndex": i});
    s.policies.insert(name.to_owned(), policy.clone());
    s.emit(i, "ACLPolicyUpserted", "ACLPolicy", ("", name), Value::Null, policy);
    Ok(done(i))
}

fn roles_of(s: &State, body: &Value) -> Result<Value, String> {
    let mut out = Vec::new();
    for r in body.a("Roles") {
        let role = s.roles.values().find(|x| x.s("ID") == r.s("ID") || x.s("Name") == r.s("Name"));
        let role = role.ok_or_else(|| {
            format!("cannot find role {}", if r.s("ID").is_empty() { r.s("Name") } else { r.s("ID") })
        })?;
        out.push(json!({"ID": role.s("ID"), "Name": role.s("Name")}));
    }
    Ok(if out.is_empty() { Value::Null } else { out.into() })
}

fn upsert_token(n: &Arc<Nomad>, ctx: &Ctx, id: Option<&str>) -> Answer {
    ctx.management()?;
    let body = ctx.body()?;
    let mut s = n.lock();
    if id.is_some_and(|id| id != body.s("AccessorID")) {
        return Err(bad("ACL token accessor ID does not match"));
    }
    let accessor = body.s("AccessorID").to_owned();
    let old = s.tokens.get(&accessor).cloned();
    if !accessor.is_empty() && old.is_none() && body.s("SecretID").is_empty() {
        return Err(bad(format!("token 0 invalid: cannot find token {accessor}")));
    }
    let ttl = duration_of(body.at("ExpirationTTL")).filter(|d| !d.is_zero());
    let roles = roles_of(&s, &body).map_err(bad)?;
    let mut errors = Vec::new();
    let has_policies = !body.a("Policies").is_empty() || !roles.is_null();
    match body.s("Type") {
        "client" if !has_policies => errors.push("client token missing policies or roles".to_owned()),
        "management" if has_policies => {
            errors.push("management token cannot be associated with policies or roles".to_owned())
        }
        "client" | "management" => {}
        _ => errors.push("token type must be client or management".to_owned()),
    }
    if let Some(old) = &old {
        if old.s("Type") != body.s("Type") {
            errors.push("cannot toggle global mode of token".to_owned());
        }
        let before = duration_of(old.at("ExpirationTTL")).filter(|d| !d.is_zero());
        if before != ttl {
            errors.push("cannot update expiration TTL".to_owned());
        }
    }
    if !errors.is_empty() {
        return Err(bad(format!("token 0 invalid: {}", multi_error(&errors))));
    }
    let i = s.write(&["acl_token"]);
    let mut token = match old {
        Some(t) => t,
        None => new_token(&s, i, "", body.s("Type")),
    };
    if token.u("CreateIndex") == i {
        for key in ["AccessorID", "SecretID"] {
            if !body.s(key).is_empty() {
                token.put(key, body.s(key));
            }
        }
        if let Some(ttl) = ttl {
            token.put("ExpirationTTL", go_duration(ttl));
            token.put("ExpirationTime", rfc3339(add(s.now(), s.clock.during(ttl))));
        }
        token.put("Global", body.b("Global"));
    }
    token.put("Name", body.s("Name"));
    token.put(
        "Policies",
        if body.a("Policies").is_empty() { Value::Null } else { body.at("Policies").clone() },
    );
    token.put("Roles", roles);
    token.put("ModifyIndex", i);
    let h = hash(&json!([token.s("Name"), token.at("Policies"), token.at("Roles"), token.s("Type")]));
    token.put("Hash", h);
    s.tokens.insert(token.s("AccessorID").to_owned(), token.clone());
    let mut public = token.clone();
    public.put("SecretID", "");
    let accessor = token.s("AccessorID").to_owned();
    s.emit(i, "ACLTokenUpserted", "ACLToken", ("", &accessor), Value::Null, public);
    Ok(written(i, &token))
}

fn one_time(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    let mut s = n.lock();
    if !s.tokens.contains_key(&ctx.acl.accessor) {
        return Err(super::denied());
    }
    let i = s.write(&["one_time_token"]);
    let secret = uuid();
    let token = json!({"AccessorID": ctx.acl.accessor, "CreateIndex": i, "ModifyIndex": i, "ExpiresAt": rfc3339(s.after(s.clock.during(Duration::from_secs(600)))), "OneTimeSecretID": secret});
    s.one_time_tokens.insert(secret, token.clone());
    Ok(written(i, &json!({"Index": i, "OneTimeToken": token})))
}

fn exchange(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    let body = ctx.body()?;
    let mut s = n.lock();
    let now = s.now();
    let Some(once) = s
        .one_time_tokens
        .remove(body.s("OneTimeSecretID"))
        .filter(|t| time(t.at("ExpiresAt")).is_some_and(|at| at > now))
    else {
        return Err(super::denied());
    };
    let i = s.write(&["one_time_token"]);
    let token = s.tokens.get(once.s("AccessorID")).cloned().ok_or_else(super::denied)?;
    Ok(written(i, &json!({"Index": i, "Token": token})))
}

fn upsert_role(n: &Arc<Nomad>, ctx: &Ctx, id: Option<&str>) -> Answer {
    ctx.management()?;
    let body = ctx.body()?;
    let mut s = n.lock();
    if id.is_some_and(|id| !body.s("ID").is_empty() && id != body.s("ID")) {
        return Err(bad("ACL role ID does not match"));
    }
    let wanted = id.unwrap_or(body.s("ID")).to_owned();
    if !wanted.is_empty() && !s.roles.contains_key(&wanted) {
        return Err(bad(format!("cannot find role {wanted}")));
    }
    if body.s("Name").is_empty() {
        return Err(bad("role 0 invalid: 1 error occurred:\n\t* invalid name ''\n\n"));
    }
    let twin = s.roles.values().any(|r| r.s("Name") == body.s("Name") && r.s("ID") != wanted);
    if twin {
        return Err(bad(format!("role with name {} already exists", body.s("Name"))));
    }
    let policies: Vec<Value> = body.a("Policies").iter().map(|p| json!({"Name": p.s("Name")})).collect();
    if let Some(p) = policies.iter().find(|p| !s.policies.contains_key(p.s("Name"))) {
        return Err(bad(format!("cannot find policy {}", p.s("Name"))));
    }
    if policies.is_empty() {
        return Err(bad(
            "role 0 invalid: 1 error occurred:\n\t* at least one policy should be specified\n\n",
        ));
    }
    let i = s.write(&["acl_roles"]);
    let id = if wanted.is_empty() { uuid() } else { wanted };
    let created = s.roles.get(&id).map_or(i, |r| r.u("CreateIndex"));
    let role = json!({"ID": id, "Name": body.s("Name"), "Description": body.s("Description"), "Policies": policies,
        "Hash": hash(&json!([body.s("Name"), body.s("Description"), policies])), "CreateIndex": created, "ModifyIndex": i});
    s.roles.insert(id, role.clone());
    Ok(written(i, &role))
}

fn upsert_method(n: &Arc<Nomad>, ctx: &Ctx, name: Option<&str>) -> Answer {
    ctx.management()?;
    let body = ctx.body()?;
    if name.is_some_and(|n| n != body.s("Name")) {
        return Err(bad("ACL auth method name does not match request path"));
    }
    if !matches!(body.s("Type"), "OIDC" | "JWT") || body.s("Name").is_empty() {
        return Err(bad(format!(
            "auth method 0 invalid: 1 error occurred:\n\t* invalid token type '{}'\n\n",
            body.s("Type")
        )));
    }
    let mut s = n.lock();
    let i = s.write(&["acl_auth_methods"]);
    let now = rfc3339(s.now());
    let old = s.auth_methods.get(body.s("Name")).cloned();
    let (created, create_time) =
        old.as_ref().map_or((i, now.clone()), |m| (m.u("CreateIndex"), m.at("CreateTime").clone()));
    let mut config = json!({"ExpirationLeeway": "", "NotBeforeLeeway": "", "ClockSkewLeeway": "", "JWTValidationPubKeys": null, "JWKSURL": "",
        "OIDCDiscoveryURL": "", "OIDCClientID": "", "OIDCClientSecret": "", "OIDCClientAssertion": null, "OIDCEnablePKCE": false,
        "OIDCDisableUserInfo": false, "OIDCScopes": null, "BoundAudiences": null, "BoundIssuer": null, "AllowedRedirectURIs": null,
        "DiscoveryCaPem": null, "JWKSCACert": "", "SigningAlgs": null, "ClaimMappings": null, "ListClaimMappings": null, "VerboseLogging": false});
    for (k, v) in body.map("Config") {
        config.put(k, v.clone());
    }
    if !config.s("OIDCClientSecret").is_empty() {
        config.put("OIDCClientSecret", "redacted");
    }
    let format = if body.s("TokenNameFormat").is_empty() {
        "${auth_method_type}-${auth_method_name}"
    } else {
        body.s("TokenNameFormat")
    };
    let ttl = duration_of(body.at("MaxTokenTTL")).map(go_duration).unwrap_or_default();
    let mut method = json!({"MaxTokenTTL": ttl, "Name": body.s("Name"), "Type": body.s("Type"), "TokenLocality": body.s("TokenLocality"),
        "TokenNameFormat": format, "Default": body.b("Default"), "Config": config, "CreateTime": create_time, "ModifyTime": now,
        "CreateIndex": created, "ModifyIndex": i});
    let h = hash(&json!([method.s("Name"), method.at("Config"), ttl]));
    method.put("Hash", h);
    s.auth_methods.insert(body.s("Name").to_owned(), method.clone());
    Ok(written(i, &method))
}

fn upsert_rule(n: &Arc<Nomad>, ctx: &Ctx, id: Option<&str>) -> Answer {
    ctx.management()?;
    let body = ctx.body()?;
    let mut s = n.lock();
    let wanted = id.unwrap_or(body.s("ID")).to_owned();
    if !wanted.is_empty() && !s.binding_rules.contains_key(&wanted) {
        return Err(bad(format!("cannot find binding rule {wanted}")));
    }
    if !s.auth_methods.contains_key(body.s("AuthMethod")) {
        return Err(bad(format!("ACL auth method {} not found", body.s("AuthMethod"))));
    }
    if !matches!(body.s("BindType"), "role" | "policy" | "management") {
        return Err(bad(format!(
            "binding rule 0 invalid: 1 error occurred:\n\t* unsupported bind type: {:?}\n\n",
            body.s("BindType")
        )));
    }
    let i = s.write(&["acl_binding_rules"]);
    let now = rfc3339(s.now());
    let id = if wanted.is_empty() { uuid() } else { wanted };
    let old = s.binding_rules.get(&id);
    let (created, create_time) =
        old.map_or((i, now.clone()), |r| (r.u("CreateIndex"), r.at("CreateTime").clone()));
    let mut rule = json!({"ID": id, "Description": body.s("Description"), "AuthMethod": body.s("AuthMethod"), "Selector": body.s("Selector"),
        "BindType": body.s("BindType"), "BindName": body.s("BindName"), "CreateTime": create_time, "ModifyTime": now, "CreateIndex": created, "ModifyIndex": i});
    let h = hash(&rule);
    rule.put("Hash", h);
    s.binding_rules.insert(id, rule.clone());
    Ok(written(i, &rule))
}

/// Trades a JWT for a token. Of key sources, this cluster's own keys are known: a workload identity can log in.
fn login(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    let body = ctx.body()?;
    let unauthorised = |text: &str| HttpResp::text(401, format!("unable to validate provided token: {text}"));
    let jwt = body.s("LoginToken");
    let mut s = n.lock();
    let method = match body.s("AuthMethodName") {
        "" => s.auth_methods.values().find(|m| m.b("Default")).cloned(),
        name => s.auth_methods.get(name).cloned(),
    };
    let Some(method) = method else {
        return Err(bad(format!("auth-method {:?} not found", body.s("AuthMethodName"))));
    };
    if jwt.matches('.').count() != 2 {
        return Err(unauthorised(
            "unable to verify signature of JWT token: error verifying token signature: oidc: malformed jwt: go-jose/go-jose: compact JWS format must have three parts",
        ));
    }
    let Some(claims) = n.verify_identity(jwt) else {
        return Err(unauthorised(
            "unable to verify signature of JWT token: error verifying token signature: failed to verify id token signature",
        ));
    };
    let audiences = method.at("Config").a("BoundAudiences");
    let has = match claims.at("aud") {
        Value::Array(list) => list.iter().any(|a| audiences.contains(a)),
        one => audiences.contains(one),
    };
    if !audiences.is_empty() && !has {
        return Err(unauthorised("invalid JWT claims: audience claim does not match any expected audience"));
    }
    let mut mapped = json!({});
    for (from, to) in method.at("Config").map("ClaimMappings") {
        if let (Some(to), true) = (to.as_str(), claims.has(from)) {
            mapped.put(to, claims.at(from).clone());
        }
    }
    let rules: Vec<Value> = s
        .binding_rules
        .values()
        .filter(|r| r.s("AuthMethod") == method.s("Name") && bexpr::selects(r.s("Selector"), &mapped))
        .cloned()
        .collect();
    if rules.is_empty() {
        return Err(super::denied());
    }
    let i = s.write(&["acl_token"]);
    let management = rules.iter().any(|r| r.s("BindType") == "management");
    let name = format!("{}-{}", method.s("Type"), method.s("Name"));
    let mut token = new_token(&s, i, &name, if management { "management" } else { "client" });
    if !management {
        let bind = |kind: &str| -> Vec<String> {
            rules
                .iter()
                .filter(|r| r.s("BindType") == kind)
                .map(|r| {
                    mapped.as_object().into_iter().flatten().fold(r.s("BindName").to_owned(), |t, (k, v)| {
                        t.replace(&format!("${{value.{k}}}"), v.as_str().unwrap_or(""))
                    })
                })
                .collect()
        };
        token.put("Policies", bind("policy"));
        let roles: Vec<Value> = bind("role")
            .iter()
            .filter_map(|name| s.roles.values().find(|r| r.s("Name") == name))
            .map(|r| json!({"ID": r.s("ID"), "Name": r.s("Name")}))
            .collect();
        token.put("Roles", if roles.is_empty() { Value::Null } else { roles.into() });
    }
    let ttl = duration_of(method.at("MaxTokenTTL")).unwrap_or(Duration::from_secs(900));
    token.put("ExpirationTTL", go_duration(ttl));
    token.put("ExpirationTime", rfc3339(add(s.now(), s.clock.during(ttl))));
    token.put("Global", method.s("TokenLocality") == "global");
    s.tokens.insert(token.s("AccessorID").to_owned(), token.clone());
    Ok(written(i, &token))
}
